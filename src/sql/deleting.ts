/** Deleting what is old: history with all that is stored of it, and what is kept as answers; and what that would come to. */
import * as PgTypes from "@effect/sql-pg/PgTypes"
import * as Effect from "effect/Effect"
import { KeyKind } from "../domain/Phase.ts"
import type { DeletionPlan } from "../Retention.ts"
import type { Records } from "../store/Records.ts"
import { answering } from "../store/weight.ts"
import type { Calls } from "./call.ts"
import { at, json } from "./columns.ts"
import { operationParameter, recording } from "./operations.ts"

/** Characters of an exported action that travel in one row. */
const partLength = 1_000_000

export const deletingOf = (
  { call, schema }: Calls
): Pick<Records, "deleteEnded" | "planDeletion" | "deleteOutcomes"> => ({
  deleteEnded: (old, limit, from, operation, isExported = false) =>
    Effect.map(
      call(
        "deleteEnded",
        // of each action a row, or some: what is stored of one may be more than a message holds
        `with d as materialized (select deleted, below, exported, ${
          recording(schema, "deleted", "deleted", "$4")
        } as recorded
          from ${schema}.delete_ended(p_before => $1, p_below => $2, p_limit => $3, p_bytes => $5, p_rules => $6))
        select d.deleted, d.below, x.n, substr(x.one, k.start, ${partLength}), d.recorded from d
          left join lateral unnest(d.exported) with ordinality x (one, n) on true
          left join lateral generate_series(1, length(x.one), ${partLength}) k (start) on true
        order by x.n, k.start`,
        [
          at(old.before),
          from === undefined ? null : PgTypes.uuid(from),
          PgTypes.int4(limit),
          operationParameter(operation),
          isExported ? PgTypes.int4(answering) : null,
          json(old.rules)
        ]
      ),
      (rows) => {
        const exported: Array<string> = []
        for (const [, , n, part] of rows) {
          if (n !== null) exported[Number(n) - 1] = (exported[Number(n) - 1] ?? "") + (part as string)
        }
        const [deleted, below] = rows[0]!
        return { deleted: deleted as number, next: (below ?? undefined) as string | undefined, exported }
      }
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
          kept as (update ${schema}.action_keys set free_at = held_until
            where action = any(array(select id from gone)) and free_at is null and kind = ${KeyKind.signal} and held_until > $1),
          free as (delete from ${schema}.action_keys
            where action = any(array(select id from gone)) and free_at is null and (kind = ${KeyKind.signal} and held_until > $1) is not true)
          select n, ${recording(schema, "n", "deleted", "$3")} from (select count(*)::int as n from gone) c`,
        [at(before), PgTypes.int4(limit), operationParameter(operation)]
      ),
      (rows) => rows[0]![0] as number
    )
})
