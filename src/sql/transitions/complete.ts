/** Completing and cancelling from outside. */
import * as PgTypes from "@effect/sql-pg/PgTypes"
import * as Effect from "effect/Effect"
import { statusCodes } from "../../domain/Phase.ts"
import type { Store } from "../../store/Store.ts"
import type { Calls } from "../call.ts"
import { askedBy, json } from "../columns.ts"
import { toAnswer, toVerdict } from "../rows.ts"

export const completeOf = ({ run }: Calls): Store["Service"]["complete"] => (o) =>
  Effect.map(
    run("complete", "complete", {
      ...askedBy(o.token, o.now, o.catalog),
      p_id: PgTypes.uuid(o.id),
      p_definition: PgTypes.text(o.definition),
      p_actor_id: PgTypes.text(o.actorId),
      p_status: PgTypes.int2(statusCodes[o.outcome.status]),
      p_result: json(o.outcome.result),
      p_cause: json(o.outcome.cause),
      p_outbound: PgTypes.bool(o.outbound)
    }, "*"),
    (rows) => ({ verdict: toVerdict(rows), answer: toAnswer(rows) })
  )
