/**
 * What has changed since a time, by what the rows say of it: for who looks on. Nothing is written for it, and no index is there for it alone: it is looked for among the newest
 * actions by their ids, among failures by the index of those, and among those that are asked for.
 */
import * as PgTypes from "@effect/sql-pg/PgTypes"
import type { ChangedAction } from "../ActionRecord.ts"
import type { Records } from "../store/Records.ts"
import type { Calls } from "./call.ts"
import { array, at } from "./columns.ts"
import { failedOf } from "./failures.ts"
import { type Columns, reading } from "./reading.ts"

const columns: Columns<ChangedAction> = {
  id: "id",
  actorType: "actor_type",
  actorId: "actor_id",
  name: "name",
  status: "status",
  parent: "parent",
  message: "message",
  enqueuedAt: "enqueued_at",
  startedAt: "started_at",
  endedAt: "ended_at"
}

/** What of the cause's message everybody may be told who looks on: a declared error that has none of its own is told by its tag, as its fields are a payload. */
const message = `case
        when jsonb_typeof(cause -> 'error') <> 'string'
          and jsonb_typeof(cause -> 'error' -> '_tag') is distinct from 'string'
          and cause -> 'error' ->> 'message' is distinct from cause ->> 'message'
          then '(withheld)'
        when jsonb_typeof(cause -> 'error' -> '_tag') = 'string'
          and not starts_with(cause ->> 'message', (cause -> 'error' ->> '_tag') || ': ')
          then cause -> 'error' ->> '_tag'
        else cause ->> 'message' end`
const read = `id, actor_type, actor_id, name, status, parent, ${message} as message, enqueued_at, started_at, ended_at`
const changed = "greatest(enqueued_at, started_at, ended_at)"

/** Since when, among how many of each kind, how many at most, and which ones beside them are its parameters. */
export const changedStatement = (schema: string): string => {
  const newest = (view: string) => `(select ${read} from ${schema}.${view} order by id desc limit $2)`
  return `from (
      ${["active_actions", "past_actions", "queued_actions"].map(newest).join(" union ")}
      union
      (select ${read} from ${schema}.past_actions
        where id = any(array(select id from ${failedOf(schema, "$1")} order by ended_at desc limit $3)))
      union
      (select ${read} from ${schema}.past_actions where id = any($4))
    ) a where ${changed} > $1 order by ${changed} desc, id desc limit $3`
}

export const recentOf = (calls: Calls): Pick<Records, "changed"> => {
  const rows = reading(calls)(columns)
  const statement = changedStatement(calls.schema)
  return {
    changed: (since, looked, limit, watched) =>
      rows("changed", statement, [
        at(since),
        PgTypes.int4(looked),
        PgTypes.int4(limit),
        array(watched, PgTypes.OID.uuid)
      ])
  }
}
