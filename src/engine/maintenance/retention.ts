/** Deletes what is kept no longer: keys, answers for handles, history, achievements, and what operators have done. */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type { InvalidQuery, StorageError } from "../../SteppedError.ts"
import { monotonic } from "../../store/RealClock.ts"
import type { WorkerContext } from "../worker/context.ts"

/** Rows that one statement deletes, or looks at. */
const limit = 5000

/** Keys that one statement looks at, each of them with what it names. */
const keysMax = 1000

/** Statements in a row, before other duties have their turn. */
const statementsMax = 100

/** How often history is gone through, in which what is kept is passed by, and achievements, to whose old ones no index leads; and what few rows come to. */
const passMs = 60 * 60_000

export const retention = (worker: WorkerContext): Effect.Effect<void, StorageError | InvalidQuery> => {
  const { achievements, connections, now, repo, settings, store } = worker
  // where the next statement over the history goes on
  let from: string | undefined

  /** One statement after another, as long as each of them says that there is more; what is left is for the next turn. Nothing where all is kept. */
  const pass = <E>(kept: Duration.Duration, periodMs: number, remove: (before: Date) => Effect.Effect<boolean, E>) => {
    let begunAt = -Infinity
    let isMore = false
    return Effect.gen(function*() {
      if (!Duration.isFinite(kept) || (!isMore && monotonic() - begunAt < periodMs)) return
      if (!isMore) begunAt = monotonic()
      const before = new Date((yield* now) - Duration.toMillis(kept))
      for (let n = 0; n < statementsMax && worker.workContext() !== undefined; n++) {
        isMore = yield* connections.ask(remove(before))
        if (!isMore) return
        yield* Effect.yieldNow
      }
    })
  }

  const isFull = (count: number) => count === limit
  const { achievementRetention, historyRetention, keyRetention, operationRetention, outcomeRetention } = settings
  const passes = [
    // before what they keep
    pass(
      keyRetention,
      0,
      () =>
        Effect.map(Effect.flatMap(now, (at) => store.freeKeys(at, keyRetention, keysMax)), (count) => count === keysMax)
    ),
    pass(outcomeRetention, 0, (before) => Effect.map(repo.deleteOutcomes({ before, limit }), isFull)),
    // of a short history this would be a long time
    pass(
      historyRetention,
      Math.min(passMs, Duration.toMillis(historyRetention) / 10),
      (before) =>
        Effect.map(repo.deleteEnded({ before, limit, from }), ({ next }) => {
          from = next
          return next !== undefined
        })
    ),
    pass(achievementRetention, passMs, (before) => Effect.map(achievements.forgetAll({ before, limit }), isFull)),
    pass(operationRetention, passMs, (before) => Effect.map(repo.deleteOperations({ before, limit }), isFull))
  ]
  return Effect.forEach(passes, (each) => each, { discard: true })
}
