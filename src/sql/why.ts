/** Why actions are not finished, read. */
import * as PgTypes from "@effect/sql-pg/PgTypes"
import * as Effect from "effect/Effect"
import type { StoredWhy, UsualTime } from "../store/Reasons.ts"
import type { Records } from "../store/Records.ts"
import type { Beside } from "./beside.ts"
import type { Calls } from "./call.ts"
import { array, at } from "./columns.ts"
import { firstIdOf } from "./conditions.ts"

/** Actions of one answer. */
const actionsMax = 200
/** How long before an action others were enqueued by which it is known how long such actions take, in ms, and how many ended ones are looked at of each of these times. */
const before = [3_600_000, 6 * 3_600_000, 86_400_000, 7 * 86_400_000]
const lookedMax = 1000

/** The ids between which they are: its own, those of the times before, and the lowest. */
const boundsOf = (id: string) => {
  const at = Number.parseInt(id.replaceAll("-", "").slice(0, 12), 16)
  return [id, ...before.map((ms) => firstIdOf(at - ms)), firstIdOf(0)]
}

export const whyOf = ({ schema }: Calls, beside: Beside): Pick<Records, "why"> => ({
  why: (id, now) =>
    beside.session("why", (session) =>
      beside.look(session, ({ maybe, query }) =>
        Effect.gen(function*() {
          const rows = yield* query(
            `select * from ${schema}.why(p_now => $1, p_id => $2, p_most => $3)`,
            [at(now), PgTypes.uuid(id), PgTypes.int4(actionsMax)]
          )
          const [first, ...others] = rows.map((row) => row[0] as StoredWhy)
          if (first === undefined) return undefined
          const usual = yield* maybe(
            `select count, median_ms, p95_ms from ${schema}.usual_time(p_definition => $1, p_bounds => $2, p_looked => $3)`,
            [PgTypes.text(first.definition), array(boundsOf(id), PgTypes.OID.uuid), PgTypes.int4(lookedMax)]
          )
          return { actions: [first, ...others], usual: usualOf(usual?.[0]) }
        })))
})

const usualOf = (row: ReadonlyArray<unknown> | undefined): UsualTime | undefined =>
  row === undefined || row[0] === 0
    ? undefined
    : { count: row[0] as number, medianMs: row[1] as number, p95Ms: row[2] as number }
