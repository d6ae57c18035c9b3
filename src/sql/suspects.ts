/**
 * Actions that may need somebody, by their ids. Nothing is written for it: of those that perform the oldest and the newest are looked at, by their ids, and what was not undone is found by
 * its index; what is uncertain among the last that have failed, by that of failures.
 */
import * as PgTypes from "@effect/sql-pg/PgTypes"
import * as Effect from "effect/Effect"
import { phaseCodes } from "../domain/Phase.ts"
import type { Records } from "../store/Records.ts"
import type { Calls } from "./call.ts"
import { at } from "./columns.ts"
import { isLeft } from "./conditions.ts"

/** How many are given of each kind. */
const failingMost = 20
const ofDefinitionMost = 3
const performingMost = 40
const leftMost = 20

/** How many of the last failures are looked at. */
const failedMost = 500

const live = (schema: string, order: "asc" | "desc") =>
  `select id, definition, coalesce(started_at, enqueued_at) as since,
      phase = ${phaseCodes.held} or (failure is not null and phase not in (${phaseCodes.waiting}, ${phaseCodes.outbound})) as failing
    from (select id, definition, started_at, enqueued_at, phase, failure, status, unwinds from ${schema}.live_actions
      order by id ${order} limit $1) l
    where status = 1 /* Status.performing */ and unwinds is null`

/** Of how many of the oldest and newest, and since when what has failed is looked at, are its parameters. */
export const suspectsStatement = (schema: string): string =>
  `with looked as (${live(schema, "asc")} union ${live(schema, "desc")}),
    placed as (select id, failing, since,
        row_number() over (partition by definition, failing order by since, id) as of_definition,
        row_number() over (partition by failing order by since, id) as of_all
      from looked)
    (select true, id from placed
      where case when failing then of_all <= ${failingMost} else of_definition <= ${ofDefinitionMost} end
      order by failing desc, since, id limit ${performingMost})
    union all
    (select false, e.id from ${schema}.ended_actions e where ${isLeft} order by e.id desc limit ${leftMost})
    union all
    (select false, e.id from (select f.id, f.unwound, f.cause from ${schema}.ended_actions f
        where f.status in (5 /* Status.failed */, 6 /* Status.timed_out */, 7 /* Status.deadlocked */) and f.ended_at > $2
        order by f.ended_at desc limit ${failedMost}) e
      where jsonb_path_exists(coalesce(e.unwound, e.cause), '$.uncertain[*]') limit ${leftMost})`

export const suspectsOf = ({ call, schema }: Calls): Pick<Records, "suspects"> => {
  const statement = suspectsStatement(schema)
  return {
    suspects: (since, looked) =>
      Effect.map(call("suspects", statement, [PgTypes.int4(looked), at(since)]), (rows) => {
        const idsOf = (performs: boolean) => [
          ...new Set(rows.flatMap(([is, id]) => is === performs ? [id as string] : []))
        ]
        return { performing: idsOf(true), left: idsOf(false) }
      })
  }
}
