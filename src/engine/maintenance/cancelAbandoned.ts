/** Children of ended parents: what they no longer wait for ends too, one level of the tree at a time. */
import * as Effect from "effect/Effect"
import type { StorageError } from "../../SteppedError.ts"
import { pauseAfter } from "../../store/RealClock.ts"
import type { Work, WorkerContext } from "../worker/context.ts"
import type { WorkQueue } from "../worker/InHand.ts"

export interface Abandoned {
  /** There are some: a transition has said so. */
  readonly due: () => void
  readonly isDue: () => boolean
  /**
   * Looks at all of them; the work that follows goes to `queue`. Gives how much there was. What somebody has locked it comes back to by itself, in
   * a moment, unless it `waits` for that.
   */
  readonly run: (queue: WorkQueue<Work>, waits?: boolean) => Effect.Effect<number, StorageError>
}

/** How often the pause until the next look at what somebody has locked grows: to 320 ms. */
const longestPause = 4

export const make = (worker: WorkerContext): Abandoned => {
  // invariant: set from when a transition has said so until before the pass that looks
  let isDue = false
  // invariant: true while a fiber sleeps that has it looked at again; each claim says that there is something, and is no reason to look before that
  let isResting = false
  /** Passes, one after another, that have found nothing but what somebody has locked: how long that may take, nobody knows. */
  let locked = 0
  const due = () => {
    isDue = true
    if (!isResting) worker.timers.wake()
  }
  const rest = Effect.suspend(() => {
    if (isResting) return Effect.void
    isResting = true
    return Effect.asVoid(Effect.forkIn(
      Effect.andThen(
        pauseAfter(Math.min(locked - 1, longestPause)),
        Effect.sync(() => {
          isResting = false
          worker.peers.inCharge().abandoned.due()
        })
      ),
      worker.scope
    ))
  })
  return {
    due,
    isDue: () => isDue && !isResting,
    run: (queue, waits = false) =>
      Effect.gen(function*() {
        let count = 0
        do {
          isDue = false
          const { ended, taken } = yield* worker.passes.run(worker.store.cancelAbandoned, queue)
          count += taken.count + ended
          locked = ended === 0 && taken.putBack > 0 ? locked + 1 : 0
          if (locked > 0 && !waits) {
            yield* rest
            return count
          }
          // again at once for the next level, in a moment for what somebody is just claiming
          if (ended === 0 && isDue) yield* pauseAfter(0)
        } while (isDue)
        return count
      })
  }
}
