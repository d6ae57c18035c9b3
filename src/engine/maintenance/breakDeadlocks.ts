/** Cycles of waiting that transitions have closed without seeing each other: one action of each cycle ends, and the others go on. */
import * as Effect from "effect/Effect"
import type { StorageError } from "../../SteppedError.ts"
import type { WorkerContext } from "../worker/context.ts"

/** Gives how many there were. */
export const breakDeadlocks = (worker: WorkerContext): Effect.Effect<number, StorageError> => {
  const { connections, failpoint, now, onEnded, onQueued, store } = worker
  return Effect.gen(function*() {
    for (let count = 0;; count++) {
      const ended = yield* failpoint("ticked", connections.ask(store.breakDeadlock(yield* now)))
      if (ended === undefined) return count
      onEnded([ended.action])
      // whoever waited for it
      onQueued()
      worker.claimer.more()
    }
  })
}
