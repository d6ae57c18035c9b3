/**
 * From the client's errors to ours.
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type { MigrationError } from "effect/sql/Migrator"
import { isSqlError, type SqlError } from "effect/sql/SqlError"
import { serverError } from "../domain/innermostMessage.ts"
import { StorageError, UnsuitableIsolation } from "../SteppedError.ts"
import { within } from "../store/RealClock.ts"
import { tookTooLong } from "../store/Store.ts"

/** The SQLSTATE that the server gave. */
export const sqlState = (error: unknown): string | undefined => serverError(error)?.code

/** The SQLSTATE of a transition that the transaction's isolation level does not allow. */
export const isolationState = "ST001"

/** Whether a transition was refused for its transaction's isolation level. */
export const isUnsuitable = (error: StorageError): boolean => sqlState(error.cause) === isolationState

/** For transitions in a transaction of the program, whose isolation level is its own. */
export const inOpenTransaction = (operation: string) => (error: StorageError): StorageError | UnsuitableIsolation => {
  const said = serverError(error.cause)
  return said?.code === isolationState
    ? new UnsuitableIsolation({ operation, level: String(said.detail) })
    : error
}

// Beyond what the client takes for transient: a server that shuts down, starts, fails over (read-only) or is short of something, and
// sessions that it has ended.
const transient = /^(08|53|57P|58|25006|25P0[34])/

// An earlier try of the same call, whose answer was lost, has stored it since this one looked for it; the next one finds it.
const isStoredMeanwhile = (operation: string, state: string) => operation === "enqueue" && state === "23505"

/** Turns the client's error into a {@link StorageError}, which says whether the same call may succeed later. */
export const storageError = (operation: string) => (error: SqlError | MigrationError): StorageError => {
  const state = sqlState(error) ?? ""
  return new StorageError({
    operation,
    isRetryable: ("isRetryable" in error && error.isRetryable) || transient.test(state) ||
      isStoredMeanwhile(operation, state),
    cause: error
  })
}

/** The time of a call was over. */
class NoAnswer extends Error {}

/** Whether a statement was cut off by the time that it took, here or by the server; anything else would go wrong with less, too. */
export const isCutOff = (error: StorageError): boolean => error.cause instanceof NoAnswer || tookTooLong(error)

/** What every call to the database is under: our errors, and a deadline on the real clock. */
export const answered =
  (operation: string, deadline: Duration.Duration) =>
  <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, Exclude<E, SqlError> | StorageError, R> =>
    within(
      Effect.mapError(
        effect,
        (error) => isSqlError(error) ? storageError(operation)(error) : error as Exclude<E, SqlError>
      ),
      deadline,
      () =>
        new StorageError({
          operation,
          isRetryable: true,
          cause: new NoAnswer(`no answer within ${Duration.format(deadline)}`)
        })
    )
