/** What is answered where something is not: each with its status, and a sentence that says what to do. */
import * as Schema from "effect/Schema"

/** What was given is wrong: which field, and what it takes. */
export class BadRequest extends Schema.TaggedError<BadRequest>()("BadRequest", {
  message: Schema.String,
  field: Schema.optional(Schema.String)
}, { httpApiStatus: 400 }) {}

/** Nobody knows who asks: no credential, or one that is not known. */
export class Unauthorized extends Schema.TaggedError<Unauthorized>()("Unauthorized", {
  message: Schema.String
}, { httpApiStatus: 401 }) {}

/** Whoever asks may not, or does not ask from where one may. */
export class Forbidden extends Schema.TaggedError<Forbidden>()("Forbidden", {
  message: Schema.String
}, { httpApiStatus: 403 }) {}

/** There is nothing under that id, or no more. */
export class NotFound extends Schema.TaggedError<NotFound>()("NotFound", {
  message: Schema.String
}, { httpApiStatus: 404 }) {}

/** The database cannot be asked just now, or its tables do not fit this version. */
export class DatabaseUnavailable extends Schema.TaggedError<DatabaseUnavailable>()("DatabaseUnavailable", {
  message: Schema.String,
  /** Whether the same may succeed a little later. */
  isRetryable: Schema.Boolean
}, { httpApiStatus: 503 }) {}

/** The database has not answered in time: ask for less. */
export class QueryTimedOut extends Schema.TaggedError<QueryTimedOut>()("QueryTimedOut", {
  message: Schema.String,
  limitMs: Schema.Finite
}, { httpApiStatus: 504 }) {}

/** What every question to the database may be answered with. */
export const queryErrors = [BadRequest, DatabaseUnavailable, QueryTimedOut] as const

export type QueryError = BadRequest | DatabaseUnavailable | QueryTimedOut
