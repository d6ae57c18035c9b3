/** Completing and cancelling from outside. */
import * as PgTypes from "@effect/sql-pg/PgTypes"
import * as Effect from "effect/Effect"
import { statusCodes } from "../../domain/Phase.ts"
import type { Store } from "../../store/Store.ts"
import type { Calls } from "../call.ts"
import { askedBy, json, places } from "../columns.ts"
import { toAnswer, toVerdict } from "../rows.ts"

export const completeOf = ({ call, schema }: Calls): Store["Service"]["complete"] => {
  const text = `select * from ${schema}.complete(${places(9)}, $10::jsonb, $11::jsonb, $12)`
  return (o) =>
    Effect.map(
      call("complete", text, [
        ...askedBy(o.token, o.now, o.catalog),
        PgTypes.uuid(o.id),
        PgTypes.text(o.definition),
        PgTypes.text(o.actorId),
        PgTypes.int2(statusCodes[o.outcome.status]),
        json(o.outcome.result),
        json(o.outcome.cause),
        o.outbound
      ]),
      (rows) => ({ verdict: toVerdict(rows), answer: toAnswer(rows) })
    )
}
