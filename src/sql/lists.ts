/**
 * Lists of actions, the newest first. Each of the three views of which `actions` consists is asked for as many as the whole list has, so that it goes by its own index: of a union that is
 * put in order all would be read, whatever the limit is.
 */
import * as PgTypes from "@effect/sql-pg/PgTypes"
import type { ActionFilter, ActionRecord } from "../ActionRecord.ts"
import type { Within } from "../store/Records.ts"
import { conditions } from "./conditions.ts"
import { searchIndexes } from "./searching.ts"

/** What follows `select …`, and its parameters. */
export interface Listed {
  readonly rest: string
  readonly params: ReadonlyArray<unknown>
}

type Status = ActionRecord["status"]

const live: ReadonlySet<Status> = new Set(["pending", "performing"])

/** Which of the views have actions that a filter may find. */
const viewsOf = (
  { callbacksFailed, failure, held, notUndone, statuses, toResume }: ActionFilter
): ReadonlyArray<"queued_actions" | "active_actions" | "past_actions"> => {
  const some = (of: (status: Status) => boolean) => statuses === undefined || statuses.some(of)
  const isEnded = callbacksFailed === true || notUndone === true || failure !== undefined
  return [
    ...!isEnded && some((status) => live.has(status)) ? ["active_actions"] as const : [],
    ...some((status) => status !== "queued" && !live.has(status)) ? ["past_actions"] as const : [],
    ...!isEnded && held !== true && toResume !== true && some((status) => status === "queued")
      ? ["queued_actions"] as const
      : []
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

/** Whether an index of every installation leads to it: there are few of them, and they are read as a whole. */
const isLedTo = (
  { callbacksFailed, failure, held, notUndone, retryOf, startedBy, toResume }: ActionFilter
): boolean =>
  callbacksFailed === true || held === true || notUndone === true || toResume === true ||
  [failure, retryOf, startedBy].some((given) => given !== undefined)

/** Whether there are actions that it passes by. */
const isSought = ({ actorId, actorType, name, parent, roots, statuses, tag }: ActionFilter): boolean =>
  roots === true || [actorId, actorType, name, parent, statuses, tag].some((given) => given !== undefined)

/** What leads to it in the history: an index that is always there, or one that somebody may have built. */
const ledBy = ({ actorId, name, tag }: ActionFilter): { readonly by: ActionFilter; readonly index?: string } =>
  tag !== undefined
    ? { by: { tag } }
    : actorId !== undefined
    ? { by: { actorId }, index: searchIndexes.actorId }
    : name !== undefined
    ? { by: { name }, index: searchIndexes.name }
    : { by: {} }

/**
 * The id of the last one of so many that a list has to look through, the newest first; nothing where it need not look through any. In the history these are those that an index leads to, if there is
 * one. Of queued and live ones as many again: it ends with whichever has more of them.
 */
export const lowestOf = (schema: string, filter: ActionFilter, most: number, within: Within): Listed | undefined => {
  const views = viewsOf(filter)
  if (views.length === 0 || isLedTo(filter) || !isSought(filter)) return undefined
  const after = filter.after === undefined ? {} : { after: filter.after }
  const plain = conditions(schema, after, within, [PgTypes.int4(most - 1)])
  const nth = (view: string, where: string) =>
    `(select id from ${schema}.${view} where ${where} order by id desc offset $1 limit 1)`
  const parts = views.filter((view) => view !== "past_actions").map((view) => nth(view, plain.where))
  const past = () => {
    const { by, index } = ledBy(filter)
    const { params, where } = conditions(schema, { ...after, ...by }, within, plain.params)
    const isBuilt = `exists (select from pg_catalog.pg_index
      where indexrelid = to_regclass('${schema.replaceAll("'", "''")}.${index}') and indisvalid)`
    return {
      params,
      part: index === undefined
        ? nth("past_actions", where)
        : `(select case when ${isBuilt} then ${nth("past_actions", where)} else ${
          nth("past_actions", plain.where)
        } end as id)`
    }
  }
  const { params, part } = views.includes("past_actions") ? past() : { params: plain.params, part: undefined }
  return {
    rest: `from (${[...parts, ...part === undefined ? [] : [part]].join(" union all ")}) n
      where id is not null order by id desc limit 1`,
    params
  }
}
