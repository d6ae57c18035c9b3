/** Takes over what dead workers have left. */
import * as Effect from "effect/Effect"
import type { StorageError } from "../../SteppedError.ts"
import type { AttemptLimits } from "../../store/Store.ts"
import { counted } from "../log.ts"
import type { WorkerContext } from "../worker/context.ts"

/** How often what dies is begun: as its definition says itself, where this process has that. */
const limitsOf = ({ registry, settings }: WorkerContext): AttemptLimits => ({
  otherwise: settings.attempts,
  own: new Map(
    registry.all().flatMap(({ definition: { unanswered }, key }) =>
      unanswered?.attempts === undefined ? [] : [[key, unanswered.attempts]]
    )
  )
})

export const recover = (worker: WorkerContext): Effect.Effect<void, StorageError> => {
  const { claimer, connections, embedded, log, now, peers, store } = worker
  // one process has an embedded database: what it left is taken over when it opens it
  return embedded
    ? Effect.void
    : Effect.gen(function*() {
      const { actions, workers } = yield* connections.ask(
        store.recover(yield* now, [...peers.answeredFor], limitsOf(worker))
      )
      // what somebody had locked is taken over later, when its worker is gone already
      if (workers.length === 0 && actions === 0) return
      const gone = workers.length === 0 ? "workers that are gone" : workers.join(", ")
      yield* log.warning(`takes over from ${gone}: ${counted(actions, "action goes", "actions go")} on`)
      claimer.wake()
    })
}
