/** What user code's failure means, and when what has failed is tried again. */
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { JobRetry } from "../../Action.ts"
import { placeOf } from "../../domain/Failure.ts"
import type { StepIdentity } from "../../domain/Phase.ts"
import { InvalidDuration } from "../../SteppedError.ts"
import { fromCause } from "../causes.ts"
import type { Settings } from "../Settings.ts"
import { stepEnds } from "./attempts.ts"
import { backoff } from "./backoff.ts"
import type { Concluded } from "./concluding.ts"
import { decide } from "./decide.ts"
import { actionOf, atStepToRun, idsOf, isReplayed, type Performance, placeAt, stepOf } from "./Performance.ts"
import type { BodyEffects } from "./stepService.ts"
import type { Surroundings } from "./Surroundings.ts"

/** A failure that is not handled: to be tried again. */
export class Unhandled {
  readonly _tag = "Unhandled"
  readonly cause: Cause.Cause<unknown>
  /** The database's, and nobody's mistake. */
  readonly isTransient: boolean
  /** The action as it was loaded by then. */
  readonly loaded: Performance | undefined
  constructor(cause: Cause.Cause<unknown>, isTransient: boolean, loaded?: Performance) {
    this.cause = cause
    this.isTransient = isTransient
    this.loaded = loaded
  }
}

/**
 * Which defects are handled, for the fibers below: a test's switch over the engine's setting.
 *
 * @internal
 */
export const HandledDefects = Context.Reference<((defect: unknown) => boolean) | undefined>("stepped/HandledDefects", {
  defaultValue: () => undefined
})

/** What a body has asked for and nobody can do; it would ask for it again. */
const isMistake = (defect: unknown): boolean => defect instanceof InvalidDuration

/**
 * What user code's failure means: the program's answer, or that it is to be tried again. Typed failures decide before defects, and of
 * several of a kind one that is not transient: it is an answer, whatever else went wrong beside it. Defects are what `handledDefects` says; an
 * interruption that did not come from the engine is one (the engine's own never gets here: it interrupts the whole fiber).
 */
export const answerOf = (
  cause: Cause.Cause<unknown>,
  settings: Settings["Service"]
): Effect.Effect<Cause.Cause<unknown>, Unhandled> =>
  Effect.flatMap(HandledDefects, (handled) => {
    const failures = cause.reasons.filter(Cause.isFailReason).map(({ error }) => error)
    const defects = cause.reasons.filter(Cause.isDieReason).map(({ defect }) => defect)
    if (failures.length + defects.length === 0) {
      const defect = new Error("the body interrupted itself")
      return (handled ?? settings.handledDefects)(defect)
        ? Effect.succeed(Cause.die(defect))
        : Effect.fail(new Unhandled(cause, false))
    }
    if (defects.some((defect) => defect instanceof JobRetry || isMistake(defect))) return Effect.succeed(cause)
    const own = (failures.length > 0 ? failures : defects).filter((error) => !settings.transient(error))
    if (own.length === 0) return Effect.fail(new Unhandled(cause, true))
    return failures.length > 0 || (handled ?? settings.handledDefects)(own[0])
      ? Effect.succeed(cause)
      : Effect.fail(new Unhandled(cause, false))
  })

/** Runs user code to its exit; fails with what is to be tried again. What has ended well already is an exit at once. */
export const exitOf = <A>(
  effect: Effect.Effect<A, unknown>,
  settings: Settings["Service"]
): Effect.Effect<Exit.Exit<A, unknown>, Unhandled> =>
  Effect.flatMapEager(
    Effect.exit(effect),
    (exit): Effect.Effect<Exit.Exit<A, unknown>, Unhandled> =>
      Exit.isSuccess(exit) ? Effect.succeed(exit) : Effect.map(answerOf(exit.cause, settings), Exit.failCause)
  )

/** After an unhandled failure: the same action and step again later, or, at the limit, as a handled one. */
export const retryLater = (
  taken: Performance,
  { cause, isTransient, loaded }: Unhandled,
  env: Surroundings
): Effect.Effect<Concluded> =>
  Effect.gen(function*() {
    const { log, now, settings } = env
    const performance = atStepToRun(loaded ?? taken)
    const at = yield* now
    const next = performance.attempts + 1 >= settings.attempts
      ? undefined
      : yield* backoff(settings.retry, performance.attempts, at)
    // what could not be loaded for its callbacks has its outcome already: it ends with them, and not by this
    const delay = next ?? (performance.phase === "callbacks" ? 10_000 : undefined)
    const place = placeOf(actionOf(performance), performance.stepName)
    const failure = yield* fromCause(cause, {
      place: performance.stepName === undefined ? actionOf(performance) : placeAt(performance, stepOf(performance)),
      error: performance.runnable.definition.error,
      limit: settings.payload
    })
    if (delay !== undefined) {
      const due = Math.ceil(at + delay)
      yield* log.retry(cause, isTransient, due, place, idsOf(performance))
      return decide(performance, { _tag: "Again", due, burns: true, failure })
    }
    yield* log.failure(cause, place, idsOf(performance))
    if (isReplayed(performance)) return decide(performance, { _tag: "Suspended", failure })
    return yield* stepEnds(performance, { cause: failure }, env, cause)
  })

/** An execution's body is suspended; with a cause it has failed, and somebody is to resume it. */
export const suspended = (
  performance: Performance,
  step: StepIdentity,
  { awaits, cause, hasMissed }: NonNullable<BodyEffects["suspends"]>,
  env: Surroundings
): Effect.Effect<Concluded> => {
  if (cause === undefined) {
    return Effect.succeed(decide(performance, { _tag: "Suspended", failure: undefined, awaits, hasMissed }))
  }
  return Effect.gen(function*() {
    const place = placeAt(performance, step)
    const failure = yield* fromCause(cause, {
      place,
      error: performance.runnable.definition.error,
      limit: env.settings.payload
    })
    yield* env.log.failure(cause, place, idsOf(performance))
    return decide(performance, { _tag: "Suspended", failure })
  })
}

/** A step's failure as it is stored, once it has been said. */
export const stepFailed = (
  performance: Performance,
  step: StepIdentity,
  cause: Cause.Cause<unknown>,
  env: Surroundings
): Effect.Effect<Concluded> =>
  Effect.gen(function*() {
    const stored = yield* fromCause(cause, {
      place: placeAt(performance, step),
      error: performance.runnable.definition.error,
      limit: env.settings.payload
    })
    const concluded = yield* stepEnds(performance, { cause: stored }, env, cause)
    const place = placeOf(actionOf(performance), performance.stepName)
    yield* concluded.conclusion._tag === "StepRetries"
      ? env.log.retry(cause, false, concluded.conclusion.due, place, idsOf(performance))
      : env.log.failure(cause, place, idsOf(performance))
    return concluded
  })
