/** How the command ends: what it gives to the shell, and why. */
import * as Data from "effect/Data"
import * as Runtime from "effect/Runtime"

/**
 * What the shell is given. 0: it is done. 1: it was understood, and there is nothing to it: what was asked for is not there, or nothing was
 * changed, the doctor has found something, or a module does not fit what is live. 2: what was given is wrong. 3: the database cannot be asked, or its tables do not fit this
 * version. 70: a fault of the command's own.
 */
export const exitCodes = { done: 0, nothing: 1, usage: 2, database: 3, fault: 70 } as const

/** An end that is told to people by its message, and to the shell by its code. */
export class Stopped extends Data.TaggedError("Stopped")<{
  readonly code: number
  /** None where all is said already. */
  readonly text: string | undefined
}> {
  override readonly [Runtime.errorExitCode] = this.code
  override readonly [Runtime.errorReported] = false
}

/** What was asked for is not there, or nothing was changed. */
export const nothing = (text?: string): Stopped => new Stopped({ code: exitCodes.nothing, text })

/** Nobody has that id, or nobody has it any more. */
export const noAction = (id: string): Stopped => nothing(`there is no action ${id}, or its history has been deleted`)

/** What was given is wrong. */
export const usage = (text: string): Stopped => new Stopped({ code: exitCodes.usage, text })

/** Errors of the library that say that the database is away, or its tables are not those of this version. */
const ofDatabase = new Set([
  "StorageError",
  "SqlError",
  "SchemaMissing",
  "SchemaOutdated",
  "SchemaTooNew",
  "MigrationBlocked",
  "MissingPrivileges",
  "UnsuitableDatabase",
  "SequenceBehind",
  "EmbeddedDatabaseError"
])

/** Those that the migrations mend. */
const migrated = new Set(["SchemaMissing", "SchemaOutdated", "SequenceBehind"])

/** What a program gives by this name is a flag here. */
const flagged = /^(after|before|count|from|limit|samples|since|to) of [A-Z]\w*\.\w+ (?=is )/

/** What an error of the library says, where a shell has another word for what it names. */
const inShell = ({ _tag, message }: LibraryError): string =>
  _tag === "InvalidQuery" || _tag === "InvalidOption"
    ? message.replace(flagged, (_, name: string) => `--${name} `)
    : _tag === "UnknownSchedule"
    ? message.replace("Schedules.list has", "`schedules list` has")
    : message

/** An error that the library gives. */
export interface LibraryError {
  readonly _tag: string
  readonly message: string
  /** Of one that says what could not be done, and not why. */
  readonly reason?: unknown
}

/** What an error says of the database, where it is another one's reason: an action is not enqueued, as the database is away. */
const causeOf = (error: LibraryError): LibraryError =>
  error._tag === "EnqueueError" && isLibraryError(error.reason) ? error.reason : error

const isLibraryError = (reason: unknown): reason is LibraryError =>
  typeof reason === "object" && reason !== null && "_tag" in reason && "message" in reason

/** Of an error of the library, how it ends the command. */
export const stoppedBy = (error: LibraryError): Stopped => {
  if (error instanceof Stopped) return error
  const { _tag: tag } = causeOf(error)
  return tag === "UnknownAction" || tag === "UnknownSchedule"
    ? nothing(inShell(error))
    : new Stopped({
      code: ofDatabase.has(tag) ? exitCodes.database : exitCodes.usage,
      text: migrated.has(tag) ? `${error.message}. From a shell: stepped migrate up` : inShell(error)
    })
}
