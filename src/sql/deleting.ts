/** Deleting what is old: history with all that is stored of it, and what is kept as answers; and what that would come to. */
import * as PgTypes from "@effect/sql-pg/PgTypes"
import * as Effect from "effect/Effect"
import { KeyKind } from "../domain/Phase.ts"
import type { DeletionPlan } from "../Retention.ts"
import type { Records } from "../store/Records.ts"
import type { Calls } from "./call.ts"
import { at, json } from "./columns.ts"
import { operationParameter, recording } from "./operations.ts"

export const deletingOf = (
  { call, schema }: Calls
): Pick<Records, "deleteEnded" | "planDeletion" | "deleteOutcomes"> => ({
  deleteEnded: (old, limit, from, operation, isExported = false) =>
    Effect.map(
      call(
        "deleteEnded",
        `select deleted, below, exported, ${recording(schema, "deleted", "deleted", "$4")}
          from ${schema}.delete_ended(p_before => $1, p_below => $2, p_limit => $3, p_is_exported => $5, p_rules => $6)`,
        [
          at(old.before),
          from === undefined ? null : PgTypes.uuid(from),
          PgTypes.int4(limit),
          operationParameter(operation),
          PgTypes.bool(isExported),
          json(old.rules)
        ]
      ),
      ([row]) => ({
        deleted: row![0] as number,
        next: (row![1] ?? undefined) as string | undefined,
        exported: (row![2] ?? []) as ReadonlyArray<string>
      })
    ),
  planDeletion: (old, limit, from) =>
    Effect.map(
      call(
        "planDeletion",
        `select below, groups from ${schema}.plan_deletion(p_before => $1, p_below => $2, p_limit => $3, p_rules => $4)`,
        [at(old.before), from === undefined ? null : PgTypes.uuid(from), PgTypes.int4(limit), json(old.rules)]
      ),
      ([row]) => ({
        groups: (row![1] as DeletionPlan["groups"]).map((group) => ({
          ...group,
          because: group.because ?? undefined
        })),
        next: (row![0] ?? undefined) as string | undefined
      })
    ),
  deleteOutcomes: (before, limit, operation) =>
    Effect.map(
      // whoever has joined an action is answered when that has ended, however long it took
      call(
        "deleteOutcomes",
        `with gone as (delete from ${schema}.outcomes where id = any(array(
            select id from ${schema}.outcomes o where created_at < $1 and (follows is null or
              (select l.id from ${schema}.live_actions l where l.id = o.follows) is null and
              (select e.ended_at >= $1 from ${schema}.ended_actions e where e.id = o.follows) is not true)
              and (select k.action from ${schema}.action_keys k where k.action = o.id and k.free_at is not null and k.kind = ${KeyKind.idempotency} limit 1) is null
            order by created_at limit $2 for update skip locked)) returning id),
          free as (delete from ${schema}.action_keys where action = any(array(select id from gone)) and free_at is null)
          select n, ${recording(schema, "n", "deleted", "$3")} from (select count(*)::int as n from gone) c`,
        [at(before), PgTypes.int4(limit), operationParameter(operation)]
      ),
      (rows) => rows[0]![0] as number
    )
})
