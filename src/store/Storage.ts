/**
 * Where the engine keeps its tables: the schema's checked name, and the deadline of a call.
 */
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { InvalidSchemaName } from "../SteppedError.ts"

/**
 * The names of the storage.
 *
 * @internal
 */
export class Storage extends Context.Service<Storage, {
  readonly schema: string
  /** The schema's name as it goes into SQL. */
  readonly quoted: string
  /** How long one call may take, on the real clock. */
  readonly deadline: Duration.Duration
  /** One session and one process (PGlite): nobody else to lease from, to listen to or to share the clock with. */
  readonly embedded: boolean
}>()("stepped/store/Storage") {
  static readonly make = (options: { schema: string; deadline: Duration.Duration; embedded: boolean }) =>
    // Postgres folds and truncates other names; this is also what keeps the name from being SQL
    /^[a-z_][a-z0-9_]{0,50}$/.test(options.schema) && !options.schema.startsWith("pg_")
      ? Effect.succeed(Storage.of({ ...options, quoted: `"${options.schema}"` }))
      : Effect.fail(new InvalidSchemaName({ name: options.schema }))

  static readonly layer = (options: { schema: string; deadline: Duration.Duration; embedded: boolean }) =>
    Layer.effect(Storage, Storage.make(options))
}
