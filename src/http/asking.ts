/** Asking the engine for who has asked over HTTP: within a time, and with its errors in the words of the API. */
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type { InvalidQuery, StorageError } from "../SteppedError.ts"
import { within } from "../store/RealClock.ts"
import { BadRequest, DatabaseUnavailable, type QueryError, QueryTimedOut } from "./HttpError.ts"

/** How the API asks. */
export class Asking extends Context.Service<Asking, {
  /** How long one question may take. */
  readonly limit: Duration.Duration
  /** How long a stream of events stays open. */
  readonly streamLimit: Duration.Duration
}>()("stepped/http/Asking") {}

type Known = InvalidQuery | StorageError

/** Says it in the words of the API. */
const told = (error: Known): BadRequest | DatabaseUnavailable =>
  error._tag === "InvalidQuery"
    ? new BadRequest({ message: error.message, field: error.field })
    : new DatabaseUnavailable({ message: error.message, isRetryable: error.isRetryable })

/**
 * Asks what goes through all that is stored, for as long as that takes: each statement has the engine's own time (`statementTimeout`), and all of it ends when whoever has asked goes away.
 */
export const askAll = <A, E extends Known, R>(
  question: Effect.Effect<A, E, R>
): Effect.Effect<A, BadRequest | DatabaseUnavailable, R> => Effect.mapError(question, told)

/** Asks within the time that there is. */
export const ask = <A, E extends Known, R>(
  { limit }: Asking["Service"],
  question: Effect.Effect<A, E, R>
): Effect.Effect<A, QueryError, R> =>
  within(
    Effect.mapError(question, told),
    limit,
    () =>
      new QueryTimedOut({
        message: `the database has not answered within ${
          Duration.toMillis(limit)
        } ms: ask for less, or for a shorter time. What was to be changed may have been changed nonetheless`,
        limitMs: Duration.toMillis(limit)
      })
  )
