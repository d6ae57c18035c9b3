/**
 * What every worker does twice in the length of a lease, one duty after another. Beside these, each in turns of its own: taking over, which is not to
 * wait for any of them, and deleting, which may take long.
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type { InvalidQuery, StorageError } from "../../SteppedError.ts"
import { realSleep } from "../../store/RealClock.ts"
import type { WorkerContext } from "../worker/context.ts"
import { adoptLanes } from "./adoptLanes.ts"
import { breakDeadlocks } from "./breakDeadlocks.ts"
import { healing } from "./heal.ts"
import { neglected } from "./neglected.ts"
import { recover } from "./recover.ts"
import { retention } from "./retention.ts"

/** As long as the worker has its context. Whatever fails keeps nothing else from its turn. */
export const upkeep = (
  worker: WorkerContext,
  announceAgain: Effect.Effect<void, StorageError>
): Effect.Effect<void> => {
  const { bodies, claimer, inHand, settings, timers } = worker
  const duties = [
    adoptLanes(worker),
    // waits, timeouts, children of what has ended by them
    timers.tick(inHand.ready),
    breakDeadlocks(worker),
    healing(worker),
    neglected(worker),
    announceAgain,
    Effect.sync(() => {
      claimer.wake()
      bodies.pump()
    })
  ]
  const turns = <A>(those: ReadonlyArray<Effect.Effect<A, StorageError | InvalidQuery>>) => {
    const each = those.map((duty) => timers.overlooking()(Effect.asVoid(duty)))
    return Effect.gen(function*() {
      while (worker.workContext() !== undefined) {
        yield* Effect.forEach(each, (duty) => duty, { discard: true })
        yield* realSleep(Duration.toMillis(settings.lease) / 2)
      }
    })
  }
  return Effect.all([turns([recover(worker)]), turns<unknown>(duties), turns([retention(worker)])], {
    concurrency: "unbounded",
    discard: true
  })
}
