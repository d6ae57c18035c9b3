/** Invocations into the queue. */
import * as Effect from "effect/Effect"
import type { Invocation } from "../../store/Invocation.ts"
import type { Store } from "../../store/Store.ts"
import { countOf, partsOf, weighInvocation } from "../../store/weight.ts"
import type { Calls } from "../call.ts"
import { at, columns, invocationColumns, places, width } from "../columns.ts"

/** Rows of one statement. */
export const enqueueMax = 5000

export const enqueueOf = ({ asOne, call, schema }: Calls): Store["Service"]["enqueue"] => {
  const text = `select ${schema}.enqueue(${places(3 + width(invocationColumns))})`
  const enqueue = (items: ReadonlyArray<Invocation>, now: number, again: boolean) =>
    Effect.asVoid(call("enqueue", text, [at(now), again, null, ...columns(items, invocationColumns)]))
  return (items, now, again) =>
    countOf(items, weighInvocation, enqueueMax) === items.length
      ? enqueue(items, now, again)
      : asOne(Effect.forEach(
        partsOf(items, weighInvocation, enqueueMax),
        (part) => enqueue(part, now, again),
        { discard: true }
      ))
}
