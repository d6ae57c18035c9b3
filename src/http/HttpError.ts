/** What is answered where something is not: each with its status, and a sentence that says what to do. */
import * as Schema from "effect/Schema"

/**
 * What was given is wrong: which field, and what it takes.
 *
 * @category errors
 * @since 0.1.0
 */
export class BadRequest extends Schema.TaggedError<BadRequest>()("BadRequest", {
  message: Schema.String,
  field: Schema.optional(Schema.String)
}, { httpApiStatus: 400 }) {}

/**
 * Nobody knows who asks: no credential, or one that is not known.
 *
 * @category errors
 * @since 0.1.0
 */
export class Unauthorized extends Schema.TaggedError<Unauthorized>()("Unauthorized", {
  message: Schema.String
}, { httpApiStatus: 401 }) {}

/**
 * Whoever asks may not, or does not ask from where one may.
 *
 * @category errors
 * @since 0.1.0
 */
export class Forbidden extends Schema.TaggedError<Forbidden>()("Forbidden", {
  message: Schema.String
}, { httpApiStatus: 403 }) {}

/**
 * There is nothing under that id, or no more.
 *
 * @category errors
 * @since 0.1.0
 */
export class NotFound extends Schema.TaggedError<NotFound>()("NotFound", {
  message: Schema.String
}, { httpApiStatus: 404 }) {}

/**
 * The database cannot be asked just now, or its tables do not fit this version.
 *
 * @category errors
 * @since 0.1.0
 */
export class DatabaseUnavailable extends Schema.TaggedError<DatabaseUnavailable>()("DatabaseUnavailable", {
  message: Schema.String,
  /** Whether the same may succeed a little later. */
  isRetryable: Schema.Boolean
}, { httpApiStatus: 503 }) {}

/**
 * The database has not answered in time: ask for less.
 *
 * @category errors
 * @since 0.1.0
 */
export class QueryTimedOut extends Schema.TaggedError<QueryTimedOut>()("QueryTimedOut", {
  message: Schema.String,
  limitMs: Schema.Finite
}, { httpApiStatus: 504 }) {}

/**
 * What was sent is larger than what is taken.
 *
 * @category errors
 * @since 0.1.0
 */
export class TooLarge extends Schema.TaggedError<TooLarge>()("TooLarge", {
  message: Schema.String
}, { httpApiStatus: 413 }) {}

/**
 * What is asked for does not go together with what was asked before under the same key.
 *
 * @category errors
 * @since 0.1.0
 */
export class Conflict extends Schema.TaggedError<Conflict>()("Conflict", {
  message: Schema.String
}, { httpApiStatus: 409 }) {}

/**
 * What was given is JSON, and not what is taken: nothing was done.
 *
 * @category errors
 * @since 0.1.0
 */
export class Unprocessable extends Schema.TaggedError<Unprocessable>()("Unprocessable", {
  message: Schema.String
}, { httpApiStatus: 422 }) {}

/** What every question to the database may be answered with. */
export const queryErrors = [BadRequest, DatabaseUnavailable, QueryTimedOut] as const

export type QueryError = BadRequest | DatabaseUnavailable | QueryTimedOut
