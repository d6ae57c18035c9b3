/**
 * Where the engine keeps its tables: the schema's checked name, the deadline of a call, and the migrations that make the tables.
 */
import { PgClient } from "@effect/sql-pg/PgClient"
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Migrator from "effect/sql/Migrator"
import { SqlClient } from "effect/sql/SqlClient"
import { InvalidSchemaName, SchemaMissing, SchemaOutdated, SchemaTooNew, type StorageError } from "../SteppedError.ts"
import { statements as initial } from "./migrations/0001_initial.ts"
import { answered, storageError } from "./storageError.ts"

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
}>()("stepped/sql/Storage") {
  static readonly make = (options: { schema: string; deadline: Duration.Duration; embedded: boolean }) =>
    // Postgres folds and truncates other names; this is also what keeps the name from being SQL
    /^[a-z_][a-z0-9_]{0,50}$/.test(options.schema) && !options.schema.startsWith("pg_")
      ? Effect.succeed(Storage.of({ ...options, quoted: `"${options.schema}"` }))
      : Effect.fail(new InvalidSchemaName({ name: options.schema }))

  static readonly layer = (options: { schema: string; deadline: Duration.Duration; embedded: boolean }) =>
    Layer.effect(Storage, Storage.make(options))
}

const migrations: ReadonlyArray<readonly [id: number, name: string, (schema: string) => ReadonlyArray<string>]> = [
  [1, "initial", initial]
]

/** What the migrations make, as text: changes whenever they do. */
export const schemaVersion = migrations.flatMap(([, , statements]) => statements("stepped")).join(";\n")

const latest = migrations[migrations.length - 1]![0]

/** Creates or updates the tables, in one transaction and under a lock: several processes may start at once. */
export const migrate: Effect.Effect<
  ReadonlyArray<readonly [id: number, name: string]>,
  StorageError,
  PgClient | Storage
> = Effect.gen(function*() {
  const sql = yield* PgClient
  const storage = yield* Storage
  const run = Migrator.make({})({
    table: `${storage.schema}.migrations`,
    loader: Effect.succeed(migrations.map(([id, name, statements]) =>
      [
        id,
        name,
        Effect.succeed(Effect.forEach(statements(storage.quoted), (text) => sql.unsafe(text), { discard: true }))
      ] as const
    ))
  })
  return yield* sql.unsafe(`create schema if not exists ${storage.quoted}`).pipe(
    // two sessions that create one schema at the same time: the second one's error says that it exists
    Effect.catch((error) =>
      Effect.flatMap(schemaExists(sql, storage.schema), (exists) => exists ? Effect.void : Effect.fail(error))
    ),
    Effect.andThen(Effect.provideService(run, SqlClient, sql)),
    Effect.mapError(storageError("migrate"))
  )
})

const schemaExists = (sql: PgClient, schema: string) =>
  Effect.map(
    sql<{ found: boolean }>`select exists (select 1 from pg_catalog.pg_namespace where nspname = ${schema}) as found`,
    (rows) => rows[0]!.found
  )

/**
 * Checks that the tables fit this version: missing and outdated ones are errors that say what to run. One migration ahead is fine (old
 * code keeps working on the next schema while workers are replaced); more is not.
 */
export const checkMigrations: Effect.Effect<
  void,
  StorageError | SchemaMissing | SchemaOutdated | SchemaTooNew,
  PgClient | Storage
> = Effect.gen(function*() {
  const sql = yield* PgClient
  const { deadline, quoted, schema } = yield* Storage
  const fail = answered("checkMigrations", deadline)
  const exists = yield* sql.unsafe<{ found: boolean }>("select to_regclass($1) is not null as found", [
    `${quoted}.migrations`
  ]).pipe(fail)
  if (!exists[0]!.found) return yield* new SchemaMissing({ schema })
  const rows = yield* sql.unsafe<{ id: number | null }>(`select max(migration_id) as id from ${quoted}.migrations`)
    .pipe(fail)
  const found = rows[0]!.id
  if (found === null) return yield* new SchemaMissing({ schema })
  if (found < latest) return yield* new SchemaOutdated({ schema, found, required: latest })
  if (found > latest + 1) return yield* new SchemaTooNew({ schema, found, supported: latest })
})
