/** Stores invocations: with the caller's transaction, or together with what others ask for at the same moment. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import type { StorageError } from "../../SteppedError.ts"
import type { Invocation } from "../../store/Invocation.ts"
import type { ClientContext } from "./context.ts"
import * as GroupCommit from "./GroupCommit.ts"

/** Stores them; what is inside an open transaction commits with it. */
export type Enqueue = (items: ReadonlyArray<Invocation>) => Effect.Effect<void, StorageError>

export const make = (engine: ClientContext): Effect.Effect<Enqueue, never, Scope.Scope> => {
  const { failpoint, now, store, wakeups, workers } = engine
  const storeOrTake = (
    items: ReadonlyArray<Invocation>,
    at: number,
    again: boolean
  ): Effect.Effect<boolean, StorageError> => {
    const plainly = (repeated: boolean) => Effect.as(store.enqueue(items, at, repeated), false)
    const idle = again ? Option.none() : workers.enqueueIdle(items)
    return failpoint(
      "enqueued",
      // what the claim meets is not the caller's: stored alone if it was not yet
      Option.isNone(idle) ? plainly(again) : Effect.catch(idle.value, () => plainly(true))
    )
  }
  return Effect.map(
    GroupCommit.make(storeOrTake, now, wakeups.queued),
    (together) => (items) =>
      Effect.flatMap(store.inTransaction, (inside) =>
        inside
          ? Effect.flatMap(
            now,
            (at) => Effect.andThen(store.enqueue(items, at, false), store.afterCommit(Effect.sync(wakeups.queued)))
          )
          : together(items))
  )
}
