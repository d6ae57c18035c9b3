/** Deletes what is kept no longer: answers for handles, history, and achievements. */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type { InvalidQuery, StorageError } from "../../SteppedError.ts"
import { monotonic } from "../../store/RealClock.ts"
import type { WorkerContext } from "../worker/context.ts"

/** Rows that one statement deletes. */
const limit = 5000

/** How often achievements are gone through: no index leads to the old ones. */
const achievementsMs = 60 * 60_000

export const retention = (worker: WorkerContext): Effect.Effect<void, StorageError | InvalidQuery> => {
  const { achievements, connections, now, repo, settings } = worker
  let achievementsAt = -Infinity

  /** What was before the time that is kept; nothing where all is. */
  const beyond = <E>(kept: Duration.Duration, remove: (before: Date) => Effect.Effect<void, E>) =>
    Duration.isFinite(kept)
      ? Effect.flatMap(now, (at) => remove(new Date(at - Duration.toMillis(kept))))
      : Effect.void

  /** One statement after another, as long as each of them finds as much as it may. */
  const inBatches = <E>(remove: Effect.Effect<number, E>) =>
    Effect.gen(function*() {
      while ((yield* connections.ask(remove)) === limit && worker.workContext() !== undefined) yield* Effect.yieldNow
    })

  return Effect.gen(function*() {
    yield* beyond(settings.outcomeRetention, (before) => connections.ask(repo.deleteOutcomes({ before })))
    yield* beyond(settings.historyRetention, (before) => inBatches(repo.deleteEnded({ before, limit })))
    if (monotonic() - achievementsAt < achievementsMs) return
    yield* beyond(settings.achievementRetention, (before) => inBatches(achievements.forgetOld({ before, limit })))
    achievementsAt = monotonic()
  })
}
