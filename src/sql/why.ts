/** Why actions are not finished, read. */
import * as PgTypes from "@effect/sql-pg/PgTypes"
import * as Effect from "effect/Effect"
import type { StoredWhy, UsualTime } from "../store/Reasons.ts"
import type { Records } from "../store/Records.ts"
import type { Beside } from "./beside.ts"
import type { Calls } from "./call.ts"
import { at } from "./columns.ts"

/** Actions of one answer. */
const actionsMax = 200
/** Ended actions that one answer looks at for how long such actions take, and those of the definition that it counts. */
const lookedMax = 5000
const usualMax = 1000

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
            `select count, median_ms, p95_ms from ${schema}.usual_time(p_definition => $1, p_looked => $2, p_most => $3)`,
            [PgTypes.text(first.definition), PgTypes.int4(lookedMax), PgTypes.int4(usualMax)]
          )
          return { actions: [first, ...others], usual: usualOf(usual?.[0]) }
        })))
})

const usualOf = (row: ReadonlyArray<unknown> | undefined): UsualTime | undefined =>
  row === undefined || row[0] === 0
    ? undefined
    : { count: row[0] as number, medianMs: row[1] as number, p95Ms: row[2] as number }
