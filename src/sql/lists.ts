/**
 * Lists of actions, the newest first. Each of the three views of which `actions` consists is asked for as many as the whole list has, so that it goes by its own index: of a union that is
 * put in order all would be read, whatever the limit is.
 */
import * as PgTypes from "@effect/sql-pg/PgTypes"
import type { ActionFilter, ActionRecord } from "../ActionRecord.ts"
import type { Within } from "../store/Records.ts"
import { conditions } from "./conditions.ts"

/** What follows `select …`, and its parameters. */
export interface Listed {
  readonly rest: string
  readonly params: ReadonlyArray<unknown>
}

type Status = ActionRecord["status"]

const live: ReadonlySet<Status> = new Set(["pending", "performing"])

/** Which of the views have actions that a filter may find. */
const viewsOf = (
  { callbacksFailed, failure, held, notUndone, statuses }: ActionFilter
): ReadonlyArray<"queued_actions" | "active_actions" | "past_actions"> => {
  const some = (of: (status: Status) => boolean) => statuses === undefined || statuses.some(of)
  const isEnded = callbacksFailed === true || notUndone === true || failure !== undefined
  return [
    ...!isEnded && some((status) => live.has(status)) ? ["active_actions"] as const : [],
    ...some((status) => status !== "queued" && !live.has(status)) ? ["past_actions"] as const : [],
    ...!isEnded && held !== true && some((status) => status === "queued") ? ["queued_actions"] as const : []
  ]
}

/** The newest of those that are asked for, by columns of the views; nothing where there can be none. */
export const listed = (
  schema: string,
  columns: string,
  filter: ActionFilter,
  limit: number,
  within: Within
): Listed | undefined => {
  const views = viewsOf(filter)
  if (views.length === 0) return undefined
  const { params, where } = conditions(schema, filter, within)
  const newest = `order by id desc limit $${params.length + 1}`
  const parts = views.map((view) => `(select ${columns} from ${schema}.${view} where ${where} ${newest})`)
  return { rest: `from (${parts.join(" union all ")}) a ${newest}`, params: [...params, PgTypes.int4(limit)] }
}
