/**
 * What the engine itself says in the program's log. A logger that fails, perhaps on what it was given, must not end what speaks: a loop
 * that is gone takes nothing any more, and nobody hears of it.
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as ErrorReporter from "effect/ErrorReporter"
import * as Predicate from "effect/Predicate"

export const logInfo = (...message: ReadonlyArray<unknown>): Effect.Effect<void> =>
  Effect.ignoreCause(Effect.logInfo(...message))

export const logWarning = (...message: ReadonlyArray<unknown>): Effect.Effect<void> =>
  Effect.ignoreCause(Effect.logWarning(...message))

export const logError = (...message: ReadonlyArray<unknown>): Effect.Effect<void> =>
  Effect.ignoreCause(Effect.logError(...message))

/** Failures that nobody has declared, and nobody expects. */
const isInfrastructure = (error: unknown): boolean =>
  Predicate.hasProperty(error, "_tag") &&
  [
    "UnknownAction",
    "InvalidActorId",
    "SqlError",
    "StorageError",
    "UnsuitableIsolation",
    "SchemaError",
    "EnqueueError",
    "InvalidKey",
    "InvalidChecksum",
    "InvalidDuration",
    "ResultsTooLarge"
  ].includes(String(error._tag))

/** Where something has failed, as the log's annotations. */
export type Place = {
  readonly action: string
  readonly actorId: string
  readonly actionId: string
  readonly callback?: string
}

/** Lets a failure be seen: to the error reporters, and in the log with the action's annotations. */
export const reportFailure = (
  cause: Cause.Cause<unknown>,
  place: string,
  of: Place,
  what = "failed"
) =>
  // a reporter or logger that fails in its turn, perhaps on what it was given, must not lose the action
  Effect.ignoreCause(Effect.andThen(
    ErrorReporter.report(cause),
    Effect.annotateLogs(
      // a declared failure is part of the program; a defect, or a database that refuses, is not
      cause.reasons.some((reason) => Cause.isFailReason(reason) && !isInfrastructure(reason.error))
        ? Effect.logInfo(`${place} ${what}`, cause)
        : Effect.logError(`${place} ${what}`, cause),
      of
    )
  ))

/** Lets a try be seen that is not the last: one that is transient is nobody's mistake, and no error until it stays. */
export const reportTry = (
  cause: Cause.Cause<unknown>,
  isTransient: boolean,
  due: number,
  place: string,
  of: Place
) => {
  const what = `failed, and is tried again at ${new Date(due).toISOString()}`
  return isTransient
    ? Effect.ignoreCause(Effect.annotateLogs(Effect.logWarning(`${place} ${what}`, cause), of))
    : reportFailure(cause, place, of, what)
}
