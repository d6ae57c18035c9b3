/** What the engine reads besides the answers of transitions. */
import * as PgTypes from "@effect/sql-pg/PgTypes"
import * as Effect from "effect/Effect"
import { statuses } from "../../domain/Phase.ts"
import type { Pieces } from "../../store/Pieces.ts"
import { realClock } from "../../store/RealClock.ts"
import type { Found, Store } from "../../store/Store.ts"
import type { Calls } from "../call.ts"
import { array, token } from "../columns.ts"
import { toDetail } from "../rows.ts"
import { piecesOf } from "./pieces.ts"

/** Bytes of results that one look at outcomes gives, and one result more at most. */
const answerBytes = 16 * 1024 * 1024

type Reads = Pieces & Pick<Store["Service"], "whatOf" | "outcomes" | "stateOf" | "clockOffset">

const statusOf = (code: unknown) => code === null ? undefined : statuses[code as number]

/** What did not travel with an answer, however that is asked; without a token, whoever has it. */
export const whatOf = (run: Calls["run"]) => (by: bigint | undefined, action: string): ReturnType<Reads["whatOf"]> =>
  Effect.map(
    run("whatOf", "what_of", { p_token: token(by ?? null), p_id: PgTypes.uuid(action) }, "arguments, detail"),
    (rows) => rows[0] && { arguments: rows[0][0], detail: toDetail(rows[0][1]) }
  )

export const readsOf = ({ call, run, schema }: Calls): Reads => {
  const textOutcomes = `with f as materialized (select * from ${schema}.outcomes_of(p_ids => $1)),
    w as (select *, ${schema}.weight(p_value => result) + ${schema}.weight(p_value => cause) as bytes from f),
    t as (select *, sum(bytes) over (rows unbounded preceding) - bytes < $2 as travels from w)
    select id, final, own, state, status, case when travels then result end, case when travels then cause end, definition, actor_id, travels, own_definition, own_actor_id, unwinding, forgotten
      from t`
  const textState = `with f as materialized (select * from ${schema}.outcomes_of(p_ids => $1))
    select final, own, state, status, own_definition, own_actor_id, unwinding, ${schema}.says_more(p_action => final) from f`
  return {
    ...piecesOf(run),
    whatOf: whatOf(run),
    stateOf: (id) =>
      Effect.map(call("stateOf", textState, [array([id], PgTypes.OID.uuid)]), ([row]) =>
        row && {
          id,
          final: row[0] as string,
          own: statusOf(row[1]),
          state: row[2] as Found["state"],
          status: statusOf(row[3]),
          ownDefinition: row[4] as string | null,
          ownActorId: row[5] as string | null,
          unwinding: row[6] as boolean,
          saysMore: row[7] as boolean
        }),
    outcomes: (ids) =>
      Effect.gen(function*() {
        const found: Array<Found> = []
        // what is beyond the bytes of one answer is asked for by the next
        for (let asked = ids; asked.length > 0;) {
          const rows = yield* call("outcomes", textOutcomes, [
            array(asked, PgTypes.OID.uuid),
            PgTypes.int4(answerBytes)
          ])
          const rest: Array<string> = []
          for (const row of rows) {
            if (row[9] === false) rest.push(row[0] as string)
            else {
              found.push({
                id: row[0] as string,
                final: row[1] as string,
                own: statusOf(row[2]),
                state: row[3] as Found["state"],
                status: statusOf(row[4]),
                result: row[5],
                cause: row[6] as Found["cause"],
                definition: row[7] as string | null,
                actorId: row[8] as string | null,
                unwinding: row[12] as boolean,
                forgotten: row[13] as boolean,
                ownDefinition: row[10] as string | null,
                ownActorId: row[11] as string | null
              })
            }
          }
          asked = rest
        }
        return found
      }),
    clockOffset: Effect.suspend(() => {
      const sent = realClock.currentTimeMillisUnsafe()
      return Effect.map(
        call("clockOffset", "select (extract(epoch from clock_timestamp()) * 1000)::float8", []),
        (rows) => {
          const received = realClock.currentTimeMillisUnsafe()
          return { millis: (rows[0]![0] as number) - (sent + received) / 2, uncertainty: (received - sent) / 2 }
        }
      )
    })
  }
}
