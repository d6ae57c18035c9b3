/**
 * What is asked for while a statement is under way goes into the next one, together.
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Latch from "effect/Latch"
import type * as Scope from "effect/Scope"
import type { StorageError } from "../SteppedError.ts"
import { layerClosed } from "../store/Store.ts"
import { statementBytes } from "../store/weight.ts"

/** Of one statement. */
const most = 1000

interface Waiting<A> {
  readonly item: A
  readonly done: (exit: Exit.Exit<void, StorageError>) => void
}

/** Whoever is interrupted does not wait for it any longer; it is stored all the same. */
export const make = <A>(
  operation: string,
  store: (items: ReadonlyArray<A>) => Effect.Effect<void, StorageError>,
  weigh: (item: A) => number
): Effect.Effect<(item: A) => Effect.Effect<void, StorageError>, never, Scope.Scope> =>
  Effect.gen(function*() {
    // invariant: each of them is told once, by the statement that it goes into or at the end; nothing comes in once it is closed
    const waiting: Array<Waiting<A>> = []
    let closed = false
    const shut = Exit.fail(layerClosed(operation))
    const latch = Latch.makeUnsafe(false)

    const storing = (batch: ReadonlyArray<Waiting<A>>): Effect.Effect<void> =>
      Effect.flatMap(Effect.exit(store(batch.map(({ item }) => item))), (exit) => {
        const error = Exit.isFailure(exit) ? exit.cause.reasons.find(Cause.isFailReason)?.error : undefined
        // one that the database refuses must not take the others down
        if (Exit.isFailure(exit) && batch.length > 1 && error?.isRetryable !== true) {
          return Effect.forEach(batch, (one) => storing([one]), { discard: true })
        }
        for (const one of batch) one.done(exit)
        return Effect.void
      })

    const next = () => {
      let bytes = 0
      let count = 0
      while (count < waiting.length && count < most && bytes < statementBytes) bytes += weigh(waiting[count++]!.item)
      return waiting.splice(0, count)
    }

    yield* Effect.forkScoped(Effect.gen(function*() {
      while (true) {
        if (waiting.length === 0) {
          latch.closeUnsafe()
          yield* latch.await
        }
        const batch = next()
        yield* Effect.onInterrupt(storing(batch), () =>
          Effect.sync(() => {
            for (const one of batch) one.done(shut)
          }))
      }
    }))
    yield* Effect.addFinalizer(() =>
      Effect.sync(() => {
        closed = true
        for (const one of waiting.splice(0)) one.done(shut)
      })
    )

    return (item) =>
      Effect.callback<void, StorageError>((resume) => {
        if (closed) return resume(shut)
        waiting.push({ item, done: (exit) => resume(exit) })
        latch.openUnsafe()
      })
  })
