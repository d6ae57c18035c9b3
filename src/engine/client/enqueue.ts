/** Stores invocations: with the caller's transaction, or together with what others ask for at the same moment. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import type { StorageError } from "../../SteppedError.ts"
import type { Invocation } from "../../store/Invocation.ts"
import { monotonic } from "../../store/RealClock.ts"
import type { Met } from "../../store/Store.ts"
import { retryForCaller, storingMs } from "../retrying.ts"
import type { ClientContext } from "./context.ts"
import * as GroupCommit from "./GroupCommit.ts"

/** Stores them; what is inside an open transaction commits with it. */
export interface Enqueue {
  readonly plain: (items: ReadonlyArray<Invocation>) => Effect.Effect<void, StorageError>
  /**
   * Those that have names, and gives which of them are named already. Not together with what others ask for: whoever meets a name that is not
   * committed waits for that transaction, and nobody else with him.
   */
  readonly keyed: (items: ReadonlyArray<Invocation>) => Effect.Effect<ReadonlyMap<number, Met>, StorageError>
}

export const make = (engine: ClientContext): Effect.Effect<Enqueue, never, Scope.Scope> => {
  const { failpoint, now, settings, store, wakeups, workers } = engine
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
  /** For whoever is to take them, once they are committed. */
  const stored = (items: ReadonlyArray<Invocation>) =>
    Effect.sync(() => {
      know(items)
      wakeups.queued()
    })
  const keyed: Enqueue["keyed"] = (items) =>
    Effect.flatMap(store.inTransaction, (inside) => {
      const enqueueOnce = (again: boolean) =>
        failpoint(
          "enqueued",
          Effect.flatMap(
            now,
            (at) => store.enqueueKeyed(items, at, again ? workers.tokens() : undefined, settings.keyRetention)
          )
        )
      if (inside) return Effect.tap(enqueueOnce(false), () => store.afterCommit(stored(items)))
      const until = monotonic() + storingMs
      return Effect.tap(retryForCaller(enqueueOnce, () => monotonic() < until), () => stored(items))
    })
  return Effect.map(
    GroupCommit.make(storeOrTake, now, wakeups.queued),
    (together) => ({
      keyed,
      plain: (items) =>
        Effect.flatMap(store.inTransaction, (inside) =>
          inside
            ? Effect.flatMap(
              now,
              (at) => Effect.andThen(store.enqueue(items, at, undefined), store.afterCommit(stored(items)))
            )
            : Effect.map(together(items), () => know(items)))
    })
  )
}
