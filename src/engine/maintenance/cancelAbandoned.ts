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
  /** Looks at all of them; the work that follows goes to `queue`. Gives how much there was. */
  readonly run: (queue: WorkQueue<Work>) => Effect.Effect<number, StorageError>
}

export const make = (worker: WorkerContext): Abandoned => {
  // invariant: set from when a transition has said so until before the pass that looks
  let isDue = false
  return {
    due: () => {
      isDue = true
      worker.timers.wake()
    },
    isDue: () => isDue,
    run: (queue) =>
      Effect.gen(function*() {
        let count = 0
        do {
          isDue = false
          const { ended, taken } = yield* worker.passes.run(worker.store.cancelAbandoned, queue)
          count += taken.count + ended
          // again at once for the next level, in a moment for what somebody is just claiming
          if (ended === 0 && isDue) yield* pauseAfter(0)
        } while (isDue)
        return count
      })
  }
}
