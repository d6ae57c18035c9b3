/**
 * Which errors of the database may be gone when the same is tried again.
 */
import { isSqlError, type SqlError } from "effect/sql/SqlError"
import { EnqueueError, StorageError } from "../SteppedError.ts"
import { sqlState } from "./storageError.ts"

// What the client has no reason for: a server that shuts down, starts, has failed over (read-only) or has no connection left, and
// sessions that it has ended for being idle.
const transient = /^(57P0[1235]|53300|25006|25P03)$/

const isTransientSql = (error: SqlError): boolean => {
  switch (error.reason._tag) {
    case "ConnectionError":
    case "DeadlockError":
    case "SerializationError":
    case "LockTimeoutError":
      return true
    // a query that took too long, or was cancelled, is a matter of the query
    case "StatementTimeoutError":
      return false
    default:
      return transient.test(sqlState(error) ?? "")
  }
}

/**
 * Tests whether an error is one of the database itself that may be gone later: an `SqlError`, `StorageError` or `EnqueueError` for a lost
 * connection, a server that starts or stops, a serialization failure, a deadlock or a lock timeout.
 *
 * **Details**
 *
 * Statement timeouts and cancelled queries are not among them, nor is an error that only has one of these as its cause.
 *
 * **When to use**
 *
 * In a test of the program's own, as in `Stepped.layer({ transient: (error) => Stepped.isTransient(error) || error instanceof TooBusy })`.
 *
 * @category guards
 * @since 0.1.0
 */
export const isTransient = (error: unknown): boolean => {
  if (isSqlError(error)) return isTransientSql(error)
  if (error instanceof StorageError) return isSqlError(error.cause) ? isTransientSql(error.cause) : error.isRetryable
  return error instanceof EnqueueError && isTransient(error.reason)
}
