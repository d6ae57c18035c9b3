/** Deletes what is kept no longer: answers for handles, and history. */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type { StorageError } from "../../SteppedError.ts"
import type { WorkerContext } from "../worker/context.ts"

/** Actions that one statement deletes. */
const batch = 5000

export const retention = (worker: WorkerContext): Effect.Effect<void, StorageError> => {
  const { connections, now, settings, store } = worker
  return Effect.gen(function*() {
    if (Duration.isFinite(settings.outcomeRetention)) {
      yield* connections.ask(store.forgetOutcomes((yield* now) - Duration.toMillis(settings.outcomeRetention)))
    }
    if (Duration.isFinite(settings.historyRetention)) {
      const before = (yield* now) - Duration.toMillis(settings.historyRetention)
      while ((yield* connections.ask(store.deleteEnded(before, batch))) === batch && worker.home() !== undefined) {
        yield* Effect.yieldNow
      }
    }
  })
}
