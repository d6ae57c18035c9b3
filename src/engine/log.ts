/**
 * What the engine itself says in the program's log: one line each, with fields as annotations. A logger that fails, perhaps on what it was
 * given, must not end what speaks: a loop that is gone takes nothing any more, and nobody hears of it.
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as ErrorReporter from "effect/ErrorReporter"
import * as Predicate from "effect/Predicate"
import { isSqlError } from "effect/sql/SqlError"
import { errorText } from "../domain/Failure.ts"
import { errorCode, innermostMessage } from "../domain/innermostMessage.ts"
import { StorageError } from "../SteppedError.ts"

/** Of what something has failed, as a line's annotations. */
export type Subject = {
  readonly action: string
  readonly actorId: string
  readonly actionId: string
  readonly callback?: string
}

type Fields = Readonly<Record<string, unknown>>
type Line = (text: string, fields?: Fields) => Effect.Effect<void>

export interface Log {
  readonly info: Line
  readonly warning: Line
  readonly error: Line
  /** A function of the program's has failed that should not: with its stack. */
  readonly broken: (what: string, cause: Cause.Cause<unknown>) => Effect.Effect<void>
  /** What the database refuses or does not answer, in front of what comes next. */
  readonly trouble: (
    what: string,
    error: unknown,
    next: string,
    level?: "warning" | "error",
    fields?: Fields
  ) => Effect.Effect<void>
  /** A failure of user code, also to the error reporters. Where a defect comes from, its stack says. */
  readonly failure: (cause: Cause.Cause<unknown>, place: string, of: Subject) => Effect.Effect<void>
  /** A try that is not the last: one that is transient is nobody's mistake, and no error until it stays. */
  readonly retry: (
    cause: Cause.Cause<unknown>,
    isTransient: boolean,
    due: number,
    place: string,
    of: Subject
  ) => Effect.Effect<void>
}

/** Whether it is to be said, of what fails again and again: each time that it has failed twice as often. */
export const isWorthSaying = (attempt: number): boolean => Math.log2(attempt + 1) % 1 === 0

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

/** `1 action`, `2 actions`. */
export const counted = (count: number, one: string, many: string): string => `${count} ${count === 1 ? one : many}`

const oneLine = (text: string): string => text.replace(/\s*\n\s*/g, " ")

/** The error of a cause that says most: a failure, else a defect. */
const errorIn = (cause: Cause.Cause<unknown>): unknown => {
  const failure = cause.reasons.find(Cause.isFailReason)
  if (failure !== undefined) return failure.error
  const defect = cause.reasons.find(Cause.isDieReason)
  return defect === undefined ? "interrupted itself" : defect.defect
}

const isDatabase = (error: unknown): boolean => error instanceof StorageError || isSqlError(error)

/** What the database says, or the network, with its code. */
const troubleOf = (given: unknown): { readonly text: string; readonly code: string | undefined } => {
  const error = Cause.isCause(given) ? errorIn(given) : given
  const code = errorCode(error)
  const text = isDatabase(error) ? innermostMessage(error) : errorText(error)
  return { code, text: oneLine(code === undefined || text.includes(code) ? text : `${code} ${text}`) }
}

type Level = (...message: ReadonlyArray<unknown>) => Effect.Effect<void>

/** Whatever becomes of it: an error may be one that cannot even be looked at. */
const safely = (line: () => Effect.Effect<void>): Effect.Effect<void> => Effect.ignoreCause(Effect.suspend(line))

/** The log of a speaker, who stands in each of its lines; where its database is, only in those about the database. */
export const make = (
  { database, ...own }: { readonly worker?: string; readonly database?: string | undefined }
): Log => {
  const where = database === undefined ? {} : { database }
  const say = (level: Level, message: ReadonlyArray<unknown>, fields: Fields) =>
    Effect.annotateLogs(level(...message), { ...own, ...fields })
  const line = (level: Level): Line => (text, fields = {}) =>
    safely(() => say(level, [`stepped: ${oneLine(text)}`], fields))
  const levels = { info: line(Effect.logInfo), warning: line(Effect.logWarning), error: line(Effect.logError) }

  const failure = (cause: Cause.Cause<unknown>, place: string, of: Subject, what = "failed") =>
    Effect.andThen(
      safely(() => ErrorReporter.report(cause)),
      safely(() => {
        const error = errorIn(cause)
        const text = oneLine(`${place} ${what}: ${errorText(error)}`)
        if (!cause.reasons.some(Cause.isFailReason)) return say(Effect.logError, [text, cause], of)
        // a declared failure is part of the program; a database that refuses is not
        return say(isInfrastructure(error) ? Effect.logError : Effect.logInfo, [text], of)
      })
    )

  return {
    ...levels,
    broken: (what, cause) =>
      safely(() => say(Effect.logError, [`stepped: ${what}: ${oneLine(errorText(errorIn(cause)))}`, cause], {})),
    trouble: (what, error, next, level = "warning", fields = {}) =>
      safely(() => {
        const { code, text } = troubleOf(error)
        return levels[level](`${what} (${text}): ${next}`, {
          ...where,
          ...fields,
          ...code === undefined ? {} : { code }
        })
      }),
    failure,
    retry: (cause, isTransient, due, place, of) => {
      const what = `failed, and is tried again at ${new Date(due).toISOString()}`
      return isTransient
        ? safely(() => say(Effect.logWarning, [`${place} ${what}: ${troubleOf(cause).text}`], of))
        : failure(cause, place, of, what)
    }
  }
}

/** Of what no worker has in its hands. */
export const log: Log = make({})
