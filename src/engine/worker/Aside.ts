/**
 * Conclusions that cannot be stored again and again, while the database answers others: tried beside the worker's loops, halved until the
 * one that it belongs to is alone. That one waits longer after each try, and fails its action in the end. They are in hand all the time.
 */
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Latch from "effect/Latch"
import { StorageError } from "../../SteppedError.ts"
import { monotonic, realClock } from "../../store/RealClock.ts"
import type { Concluded } from "../perform/concluding.ts"
import { actionIn } from "./Committer.ts"
import type { WorkerContext } from "./context.ts"

/** Conclusions that could not be stored in their place. */
interface Entry {
  readonly token: bigint
  readonly batch: ReadonlyArray<Concluded>
  /** What the database last said. */
  readonly error: StorageError
  /** How often it was tried alone. */
  readonly tries: number
  readonly delay: number
  /** On the monotonic clock. */
  readonly due: number
  readonly letGo: () => void
}

export interface Aside {
  readonly put: (entry: Omit<Entry, "due" | "letGo">) => Effect.Effect<void>
  /** What waits for its next try has it now. */
  readonly now: () => void
}

/** How long what cannot be stored waits for its next try, at first and at most. */
const firstDelayMs = 1000
const longestDelayMs = 60_000

export const make = (worker: WorkerContext): Aside => {
  const { committer, inHand, reconciler, scope, settings } = worker
  // invariant: each is kept in hand from `put` until its try is stored, or nobody's any more
  const entries: Array<Entry> = []
  const latch = Latch.makeUnsafe(false)
  /** Whether the fiber that tries them runs. */
  let isTrying = false

  const put: Aside["put"] = (entry) =>
    Effect.suspend(() => {
      entries.push({
        ...entry,
        due: monotonic() + entry.delay,
        letGo: inHand.keep(entry.batch.map(actionIn))
      })
      latch.openUnsafe()
      if (isTrying) return Effect.void
      isTrying = true
      return Effect.asVoid(Effect.forkIn(tryAll, scope))
    })

  const tryAll: Effect.Effect<void> = Effect.flatMap(
    Clock.Clock,
    (userClock) => Effect.provideService(trying(userClock), Clock.Clock, realClock)
  )

  const trying = (userClock: Clock.Clock): Effect.Effect<void> =>
    Effect.gen(function*() {
      while (entries.length > 0) {
        const next = entries.reduce((first, one) => one.due < first.due ? one : first)
        if (next.due > monotonic()) {
          latch.closeUnsafe()
          yield* Effect.raceFirst(latch.await, Effect.sleep(Math.ceil(next.due - monotonic())))
          continue
        }
        entries.splice(entries.indexOf(next), 1)
        const tried = worker.lease.token() === next.token
          ? Effect.provideService(tryOnce(next), Clock.Clock, userClock)
          : Effect.succeed(false)
        const isStale = yield* Effect.ensuring(tried, Effect.sync(next.letGo))
        if (isStale) yield* reconciler.doubt
      }
      isTrying = false
    })

  /** Gives whether some of them were stale. */
  const tryOnce = ({ batch, delay, error: refusal, token, tries }: Entry): Effect.Effect<boolean> =>
    Effect.gen(function*() {
      const exit = yield* Effect.exit(committer.tryOnce(token, batch, inHand.ready))
      if (worker.lease.token() !== token) return false
      if (Exit.isSuccess(exit)) {
        if (!exit.value.lost) {
          yield* worker.bodies.begin
          const { closed, stale } = exit.value
          // what they have come to counts, as in a commit
          if (closed.length > 0) yield* put({ token, batch: closed, error: refusal, tries: 0, delay: 0 })
          return stale.size > closed.length
        }
        // as a commit does: a lease that is over may be renewed as long as nobody has taken over
        if (yield* worker.lease.regainOrLose(token)) yield* put({ token, batch, error: refusal, tries, delay: 0 })
        return false
      }
      const error = exit.cause.reasons.find(Cause.isFailReason)?.error
      if (!(error instanceof StorageError && error.isRetryable)) {
        return yield* committer.commitApart(token, batch, exit.cause, inHand.ready)
      }
      // a database that is away says nothing about what it was asked for
      if (!(yield* committer.answers)) {
        yield* put({ token, batch, error, tries, delay: Math.max(delay, firstDelayMs) })
        return false
      }
      if (batch.length > 1) {
        const half = batch.length >> 1
        yield* put({ token, batch: batch.slice(0, half), error, tries, delay: 0 })
        yield* put({ token, batch: batch.slice(half), error, tries, delay: 0 })
        return false
      }
      if (tries + 1 >= settings.attempts) return yield* committer.commitApart(token, batch, exit.cause, inHand.ready)
      const later = Math.min(longestDelayMs, Math.max(firstDelayMs, delay * 2))
      yield* worker.log.trouble(
        "what has come of an action cannot be stored",
        exit.cause,
        `it is tried again in ${later} ms`,
        "error",
        { actionId: actionIn(batch[0]!) }
      )
      yield* put({ token, batch, error, tries: tries + 1, delay: later })
      return false
    })

  return {
    put,
    now: () => {
      for (const [i, one] of entries.entries()) entries[i] = { ...one, due: 0 }
      latch.openUnsafe()
    }
  }
}
