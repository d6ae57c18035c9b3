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
  const pass = <E>(kept: Duration.Duration, periodMs: number, remove: (before: Date) => Effect.Effect<Removed, E>) => {
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
        const removed = yield* connections.ask(remove(before))
        isMore = removed.isMore
        tookMs += (monotonic() - asked) * (1 - Math.min(1, removed.count / limit))
        if (!isMore) return
        yield* Effect.yieldNow
      }
    })
  }

  const counted = (most: number) => (count: number): Removed => ({ count, isMore: count === most })
  const { achievementRetention, historyRetention, keyRetention, operationRetention, outcomeRetention } = settings
  const passes = [
    // before what they keep
    pass(
      keyRetention,
      0,
      () => Effect.map(Effect.flatMap(now, (at) => store.freeKeys(at, keyRetention, keysMax)), counted(keysMax))
    ),
    pass(outcomeRetention, 0, (before) => Effect.map(repo.deleteOutcomes({ before, limit }), counted(limit))),
    // of a short history this would be a long time
    pass(
      Duration.millis(historyRetention.shortestMs),
      Math.min(passMs, historyRetention.shortestMs / 10),
      () =>
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
      (before) => Effect.map(achievements.forgetAll({ before, limit }), counted(limit))
    ),
    pass(operationRetention, passMs, (before) => Effect.map(repo.deleteOperations({ before, limit }), counted(limit)))
  ]
  return Effect.forEach(passes, (each) => each, { discard: true })
}
