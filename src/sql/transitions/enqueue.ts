/** Invocations into the queue. */
import * as PgTypes from "@effect/sql-pg/PgTypes"
import * as Effect from "effect/Effect"
import type { Invocation } from "../../store/Invocation.ts"
import type { Again, Store } from "../../store/Store.ts"
import { countOf, partsOf, weighInvocation } from "../../store/weight.ts"
import type { Calls } from "../call.ts"
import { array, at, columns, invocationColumns } from "../columns.ts"

/** Rows of one statement. */
export const enqueueMax = 5000

export const enqueueOf = ({ asOne, run }: Calls): Store["Service"]["enqueue"] => {
  const enqueue = (items: ReadonlyArray<Invocation>, now: number, again: Again) =>
    Effect.asVoid(run("enqueue", "enqueue", {
      p_now: at(now),
      p_again: again === undefined ? null : array(again, PgTypes.OID.int8),
      p_which: null,
      ...columns("invocation", items, invocationColumns)
    }))
  return (items, now, again) =>
    countOf(items, weighInvocation, enqueueMax) === items.length
      ? enqueue(items, now, again)
      : asOne(Effect.forEach(
        partsOf(items, weighInvocation, enqueueMax),
        (part) => enqueue(part, now, again),
        { discard: true }
      ))
}
