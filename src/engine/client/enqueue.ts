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
    const plainly = (repeated: boolean) =>
      Effect.suspend(() => Effect.as(store.enqueue(items, at, repeated ? workers.tokens() : undefined), false))
    const idle = again ? Option.none() : workers.enqueueIdle(items)
    return failpoint(
      "enqueued",
      // what the claim meets is not the caller's: stored alone if it was not yet
      Option.isNone(idle) ? plainly(again) : Effect.catch(idle.value, () => plainly(true))
    )
  }
  /** When the first of them is due, for timers of this process; others look now and then. */
  const know = (items: ReadonlyArray<Invocation>) => {
    let due = Infinity
    for (const item of items) if (item.due !== undefined && item.due < due) due = item.due
    if (due < Infinity) workers.know(due)
  }
  return Effect.map(
    GroupCommit.make(storeOrTake, now, wakeups.queued),
    (together) => (items) =>
      Effect.flatMap(store.inTransaction, (inside) => {
        const stored = Effect.sync(() => {
          know(items)
          wakeups.queued()
        })
        return inside
          ? Effect.flatMap(now, (at) => Effect.andThen(store.enqueue(items, at, undefined), store.afterCommit(stored)))
          : Effect.map(together(items), () => know(items))
      })
  )
}
