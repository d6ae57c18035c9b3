/** Cycles of waiting that transitions have closed without seeing each other: one action of each cycle ends, and the others go on. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { InvalidQuery, StorageError } from "../../SteppedError.ts"
import type { WorkerContext } from "../worker/context.ts"

/** Gives how many there were. */
export const breakDeadlocks = (worker: WorkerContext): Effect.Effect<number, StorageError | InvalidQuery> => {
  const { connections, failpoint, lanes, now, onEnded, onQueued } = worker
  return Effect.gen(function*() {
    for (let count = 0;; count++) {
      const at = new Date(yield* now)
      const ended = yield* failpoint("ticked", connections.ask(lanes.breakDeadlock({ now: at })))
      if (Option.isNone(ended)) return count
      onEnded([ended.value])
      // whoever waited for it
      onQueued()
      worker.claimer.more()
    }
  })
}
