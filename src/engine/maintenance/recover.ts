/** Takes over what dead workers have left. */
import * as Effect from "effect/Effect"
import type { StorageError } from "../../SteppedError.ts"
import { counted } from "../log.ts"
import type { WorkerContext } from "../worker/context.ts"

export const recover = (worker: WorkerContext): Effect.Effect<void, StorageError> => {
  const { connections, embedded, log, now, peers, settings, store } = worker
  // one process has an embedded database: what it left is taken over when it opens it
  return embedded
    ? Effect.void
    : Effect.gen(function*() {
      const { actions, workers } = yield* connections.ask(
        store.recover(yield* now, [...peers.answeredFor], settings.attempts)
      )
      // what somebody had locked is taken over later, when its worker is gone already
      if (workers.length === 0 && actions === 0) return
      const gone = workers.length === 0 ? "workers that are gone" : workers.join(", ")
      yield* log.warning(`takes over from ${gone}: ${counted(actions, "action goes", "actions go")} on`)
    })
}
