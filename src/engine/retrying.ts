/**
 * How the engine asks its database again, each way with its name. All of them wait on the real clock; what is asked keeps its own.
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { StorageError } from "../SteppedError.ts"
import { abandonAfter, monotonic, pauseAfter, realSleep } from "../store/RealClock.ts"
import { type Log, log } from "./log.ts"

const isRetryable = (error: unknown): boolean => error instanceof StorageError && error.isRetryable

/** Tries as long as `goesOn` says so of what came of it. Defects too: none of this is to be forgotten for one. */
const repeatedly = <A, E, R>(
  effect: (attempt: number) => Effect.Effect<A, E, R>,
  goesOn: (exit: Exit.Exit<A, E>, attempt: number) => boolean | Effect.Effect<boolean>,
  wait: (attempt: number) => Effect.Effect<void> = pauseAfter
): Effect.Effect<A, E, R> =>
  Effect.gen(function*() {
    for (let attempt = 0;; attempt++) {
      const exit = yield* Effect.exit(effect(attempt))
      const more = goesOn(exit, attempt)
      if (!(Effect.isEffect(more) ? yield* more : more)) return yield* exit
      yield* wait(attempt)
    }
  })

/** How long a program waits for its database at first. */
const startMs = 10_000

/** For what a program begins with: a database that is just starting, or failing over, is waited for, ten seconds long. */
export const retryAtStart = <A, E, R>(
  effect: Effect.Effect<A, E | StorageError, R>,
  own: Log = log
): Effect.Effect<A, E | StorageError, R> =>
  Effect.suspend(() => {
    const until = monotonic() + startMs
    const pauseMs = (attempt: number) => Math.max(0, Math.min(3000, 100 * 2 ** attempt, until - monotonic()))
    return repeatedly(
      () => effect,
      (exit, attempt) => {
        const error = failureOf(exit)
        const left = until - monotonic()
        // a timer may go off a moment too early
        if (!isRetryable(error) || left < 1) return false
        const next = `trying again in ${Math.round(pauseMs(attempt))} ms, and for ${(left / 1000).toFixed(1)} s in all`
        return Effect.as(own.trouble("the database does not answer yet", error, next), true)
      },
      (attempt) => realSleep(pauseMs(attempt))
    )
  })

/** How often what the database refuses is tried in its place, if the database answers others. */
export const triesInPlace = 3

/** For what goes on where it was, whatever of it has happened: a database that is away is waited for, however long that takes. */
export const retryWhileAway = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  repeatedly(() => effect, (exit) => isRetryable(failureOf(exit)))

/** For what has nobody to hear of its failure: tried for so long, and then an error. */
export const retryBriefly = <A, E>(
  effect: Effect.Effect<A, E>,
  limitMs: number
): Effect.Effect<A, E | Cause.TimeoutError> =>
  Effect.suspend(() => {
    const until = monotonic() + limitMs
    return repeatedly(
      () => abandonAfter(effect, Math.max(1, until - monotonic())),
      (exit) => Exit.isFailure(exit) && monotonic() < until
    )
  })

/** For what nobody else does: tried until it has happened, or is no longer wanted. Gives whether it has happened. */
export const retryWhile = <E>(
  isWanted: () => boolean,
  effect: Effect.Effect<unknown, E>,
  onFailure: (cause: Cause.Cause<E>, attempt: number) => Effect.Effect<void> = () => Effect.void
): Effect.Effect<boolean> =>
  Effect.suspend(() => {
    let hasHappened = false
    const once = Effect.suspend(() =>
      isWanted()
        ? Effect.map(effect, () => {
          hasHappened = true
        })
        : Effect.void
    )
    const tried = repeatedly(
      () => once,
      (exit, attempt) => Exit.isFailure(exit) ? Effect.as(onFailure(exit.cause, attempt), true) : false
    )
    return Effect.map(Effect.exit(tried), () => hasHappened)
  })

/** For what an action needs to go on: a database that is away is waited for; one that `answers` others refuses this. */
export const retryReading = <A>(
  read: Effect.Effect<A, StorageError>,
  answers: Effect.Effect<boolean>
): Effect.Effect<A, StorageError> =>
  repeatedly(() => read, (exit, attempt) => {
    if (Exit.isSuccess(exit) || !isRetryable(failureOf(exit))) return false
    return attempt < triesInPlace || Effect.map(answers, (is) => !is)
  })

/**
 * How long after its first try an invocation is stored at most. Whoever tries it again looks whether an earlier try has stored it: so long
 * what came of that is kept (`keptLeastMs`).
 */
export const storingMs = 10 * 60_000

/** How long answers and history are kept at least, with statements that take so long at most. */
export const keptLeastMs = (statementMs: number): number => Math.max(storingMs * 1.5, storingMs + statementMs)

/** For a caller who waits: eight tries, over some five seconds, and then the caller hears of it. `effect` is told whether it is the first. */
export const retryForCaller = <A, E>(
  effect: (again: boolean) => Effect.Effect<A, E>,
  isWorthIt: (error: unknown) => boolean = () => true
): Effect.Effect<A, E> =>
  repeatedly(
    (attempt) => effect(attempt > 0),
    (exit, attempt) => attempt < 7 && isRetryable(failureOf(exit)) && isWorthIt(failureOf(exit)),
    (attempt) => realSleep(Math.min(2500, 50 * 2 ** attempt))
  )

/** For what somebody else is just about: a second is enough for whoever it is to come to an end. */
export const retryWhileBusy = <A, E>(
  effect: Effect.Effect<A, E>,
  isBusy: (answer: A) => boolean
): Effect.Effect<A, E> =>
  repeatedly(
    () => effect,
    (exit, attempt) => attempt < 50 && Exit.isSuccess(exit) && isBusy(exit.value),
    () => realSleep(20)
  )

const failureOf = (exit: Exit.Exit<unknown, unknown>): unknown =>
  Exit.isFailure(exit) ? exit.cause.reasons.find(Cause.isFailReason)?.error : undefined
