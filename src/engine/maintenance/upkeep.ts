/** What every worker does twice in the length of a lease, one duty after another. */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type { StorageError } from "../../SteppedError.ts"
import { realSleep } from "../../store/RealClock.ts"
import type { WorkerContext } from "../worker/context.ts"
import { adoptLanes } from "./adoptLanes.ts"
import { breakDeadlocks } from "./breakDeadlocks.ts"
import { healing } from "./heal.ts"
import { neglected } from "./neglected.ts"
import { recover } from "./recover.ts"
import { retention } from "./retention.ts"

/** As long as the worker has its context. */
export const upkeep = (
  worker: WorkerContext,
  announceAgain: Effect.Effect<void, StorageError>
): Effect.Effect<void> => {
  const { bodies, claimer, inHand, settings, timers } = worker
  const duties = [
    recover(worker),
    adoptLanes(worker),
    // waits, timeouts, children of what has ended by them
    timers.tick(inHand.ready),
    breakDeadlocks(worker),
    healing(worker),
    neglected(worker),
    retention(worker),
    announceAgain
  ]
  return Effect.gen(function*() {
    while (worker.workContext() !== undefined) {
      yield* timers.overlooked(Effect.forEach(duties, (duty) => duty, { discard: true }))
      claimer.wake()
      bodies.pump()
      yield* realSleep(Duration.toMillis(settings.lease) / 2)
    }
  })
}
