/** Deletes what is kept no longer: keys, answers for handles, history, achievements, and what operators have done. */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { type InvalidQuery, StorageError } from "../../SteppedError.ts"
import { monotonic } from "../../store/RealClock.ts"
import { tookTooLong } from "../../store/Store.ts"
import * as BatchSize from "../BatchSize.ts"
import type { WorkerContext } from "../worker/context.ts"

/** Rows that one statement deletes, or looks at, where it does not take too long. */
const rowsMax = 5000

/** Keys that one statement looks at, each of them with what it names. */
const keysMax = 1000

/** Statements in a row, before what else is kept no longer has its turn. */
const statementsMax = 100

/** How often history is gone through, in which what is kept is passed by, and achievements, to whose old ones no index leads; and what few rows come to. */
const passMs = 60 * 60_000

/** Which part of a worker's time looking at what is left may take, where much is kept longer than the rest; once a day all is looked at. */
const passPart = 1 / 200
const passMaxMs = 24 * 60 * 60_000

/** What one statement has come to. */
interface Removed {
  readonly count: number
  readonly isMore: boolean
}

export const retention = (worker: WorkerContext): Effect.Effect<void, StorageError | InvalidQuery> => {
  const { achievements, connections, now, repo, settings, store } = worker
  // where the next statement over the history goes on
  let from: string | undefined

  /** One statement after another, as long as each of them says that there is more; what is left is for the next turn. Nothing where all is kept. */
  const pass = <E extends InvalidQuery | StorageError>(
    kept: Duration.Duration,
    periodMs: number,
    most: number,
    remove: (before: Date, limit: number) => Effect.Effect<Removed, E>
  ) => {
    const size = BatchSize.make(most)
    /** One statement; of one that takes too long there is more, in a smaller one. */
    const removed = (before: Date) =>
      Effect.suspend(() => {
        const limit = size.get()
        return Effect.matchEffect(connections.ask(remove(before, limit)), {
          onFailure: (error) => {
            // also what has no answer, but after a pause
            if (error instanceof StorageError && error.isRetryable) size.refused(limit)
            return limit > 1 && tookTooLong(error)
              ? Effect.succeed<Removed>({ count: 0, isMore: true })
              : Effect.fail(error)
          },
          onSuccess: (done) => {
            size.passed()
            return Effect.succeed(done)
          }
        })
      })
    let begunAt = -Infinity
    let isMore = false
    // how long this pass has looked at what it has left
    let tookMs = 0
    return Effect.gen(function*() {
      const pauseMs = Math.max(periodMs, Math.min(tookMs / passPart, passMaxMs))
      if (!Duration.isFinite(kept) || (!isMore && monotonic() - begunAt < pauseMs)) return
      if (!isMore) {
        begunAt = monotonic()
        tookMs = 0
      }
      const before = new Date((yield* now) - Duration.toMillis(kept))
      for (let n = 0; n < statementsMax && worker.workContext() !== undefined; n++) {
        const asked = monotonic()
        const limit = size.get()
        const { count, isMore: goesOn } = yield* removed(before)
        isMore = goesOn
        tookMs += (monotonic() - asked) * (1 - Math.min(1, count / limit))
        if (!isMore) return
        yield* Effect.yieldNow
      }
    })
  }

  const counted = (limit: number) => (count: number): Removed => ({ count, isMore: count === limit })
  const { achievementRetention, historyRetention, keyRetention, operationRetention, outcomeRetention } = settings
  const passes = [
    // before what they keep
    pass(
      keyRetention,
      0,
      keysMax,
      (_, limit) => Effect.map(Effect.flatMap(now, (at) => store.freeKeys(at, keyRetention, limit)), counted(limit))
    ),
    pass(
      outcomeRetention,
      0,
      rowsMax,
      (before, limit) => Effect.map(repo.deleteOutcomes({ before, limit }), counted(limit))
    ),
    // of a short history this would be a long time
    pass(
      Duration.millis(historyRetention.shortestMs),
      Math.min(passMs, historyRetention.shortestMs / 10),
      rowsMax,
      (_, limit) =>
        Effect.map(
          Effect.flatMap(
            now,
            (at) => repo.deleteEnded({ retention: historyRetention.given, asOf: new Date(at), limit, from })
          ),
          ({ deleted, next }): Removed => {
            from = next
            return { count: deleted, isMore: next !== undefined }
          }
        )
    ),
    pass(
      achievementRetention,
      passMs,
      rowsMax,
      (before, limit) => Effect.map(achievements.forgetAll({ before, limit }), counted(limit))
    ),
    pass(
      operationRetention,
      passMs,
      rowsMax,
      (before, limit) => Effect.map(repo.deleteOperations({ before, limit }), counted(limit))
    )
  ]
  // what fails keeps none of the others from their turn
  return Effect.flatMap(
    Effect.forEach(passes, Effect.exit),
    (exits) => Effect.forEach(exits, (exit) => exit, { discard: true })
  )
}
