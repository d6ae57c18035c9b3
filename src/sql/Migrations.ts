/**
 * Making and updating the engine's tables, beside processes that use them, that look whether they are there, and that do the same.
 */
import { PgClient } from "@effect/sql-pg/PgClient"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { isSqlError } from "effect/sql/SqlError"
import {
  type InvalidOption,
  MigrationBlocked,
  type MissingPrivileges,
  SchemaMissing,
  SchemaOutdated,
  SchemaTooNew,
  type SequenceBehind,
  type StorageError,
  type UnsuitableDatabase
} from "../SteppedError.ts"
import { monotonic, realClock, within as nowOrNever } from "../store/RealClock.ts"
import { Storage } from "../store/Storage.ts"
import { behind, checkClient, checkMaking, checkSequences, checkUse, setSequences } from "./prerequisites.ts"
import { fingerprint, functions, tables } from "./schema/generated.ts"
import { answered, sqlState, storageError } from "./storageError.ts"
import { readCommitted } from "./transaction.ts"

/** One step of the tables' history. */
export interface Migration {
  readonly id: number
  readonly name: string
  readonly statements: ReadonlyArray<string>
}

/** All of them, in order. The functions are no part of any: a version installs its own, as a whole. */
export const migrations: ReadonlyArray<Migration> = [
  { id: 1, name: "initial", statements: tables }
]

/** Changes whenever the tables or the functions do. */
export const schemaVersion = fingerprint

const latest = migrations[migrations.length - 1]!.id

/** Whether any have run. By a query: what a session has cached of the catalogue does not tell of what was made meanwhile; and it needs no right at all. */
const isMade = (sql: PgClient, schema: string) =>
  Effect.map(
    sql.unsafe(
      `select 1 from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
        where n.nspname = $1 and c.relname = 'migrations'`,
      [schema]
    ).values,
    (rows) => rows.length > 0
  )

/** What has run: the last migration, if any, and whose it is. What an unreleased version has made may have no column for it. */
const ran = (sql: PgClient, quoted: string) =>
  Effect.map(
    sql.unsafe(
      `select migration_id, to_jsonb(m) ->> 'fingerprint' from ${quoted}.migrations m order by migration_id desc`
    ).values,
    (rows) => ({
      last: rows[0]?.[0] as number | undefined,
      isInstalled: rows.some((row) => row[1] === fingerprint),
      /** Nothing is known of how to get from the tables of an unreleased version to these. */
      isOfAnother: rows[0]?.[0] === latest && rows[0][1] !== fingerprint
    })
  )

const unreleased = (schema: string) => new SchemaOutdated({ schema, found: latest, required: latest, unreleased: true })

/** How long the tables' users are waited for altogether, if not said otherwise. */
export const patience = Duration.seconds(30)
/** How long one try waits for a lock. Whoever comes after it waits as well, so that it is short, and the next one not at once. */
const tryMs = 1000
const betweenMs = 500

const tableOfMigrations = (quoted: string) =>
  `create table if not exists ${quoted}.migrations (
  migration_id integer primary key,
  created_at timestamp with time zone not null default now(),
  name text not null,
  fingerprint text
)`

/** What `migrate` runs in a database without the tables, as a script for whoever runs it by other means. */
export const script: Effect.Effect<string, never, Storage> = Effect.map(Storage, ({ quoted }) =>
  [
    "begin",
    `create schema if not exists ${quoted}`,
    tableOfMigrations(quoted),
    `set local search_path = ${quoted}, pg_temp`,
    ...migrations.flatMap(({ statements }) => statements),
    ...functions,
    ...migrations.map(({ id, name }) =>
      `insert into ${quoted}.migrations (migration_id, name, fingerprint) values (${id}, '${name}', '${fingerprint}')`
    ),
    "commit"
  ].map((statement) => `${statement};\n`).join("\n"))

/** What has run, and what has not, in this database. */
export const migrationStatus = Effect.gen(function*() {
  const sql = yield* PgClient
  const { quoted, schema } = yield* Storage
  const { isOfAnother, last = 0 } = (yield* isMade(sql, schema)) ? yield* ran(sql, quoted) : { isOfAnother: false }
  if (isOfAnother) return yield* unreleased(schema)
  return {
    schema,
    ran: last,
    latest,
    missing: migrations.filter(({ id }) => id > last).map(({ id, name }) => ({ id, name }))
  }
}).pipe(Effect.mapError((error) => isSqlError(error) ? storageError("migrate")(error) : error))

/** Somebody in whose transaction the tables are in use. */
interface Blocker {
  readonly pid: number
  readonly application: string
  readonly since: string
}

const lockTimedOut = "55P03"
const deadlock = "40P01"

/** Why tables cannot be made, beside the database itself. */
export type MigrateError = InvalidOption | MigrationBlocked | MissingPrivileges | SchemaOutdated | UnsuitableDatabase

/**
 * Creates or updates the tables, and sets sequences that are behind them, each try in one transaction. A look that finds nothing to do
 * takes no lock that anybody else could want; those who have something to do are one at a time.
 */
export const migrateTo = (
  target: ReadonlyArray<Migration>,
  limit: Duration.Duration
): Effect.Effect<
  ReadonlyArray<readonly [id: number, name: string]>,
  StorageError | MigrateError,
  PgClient | Storage
> =>
  Effect.gen(function*() {
    const sql = yield* PgClient
    yield* checkClient(sql)
    const { quoted, schema } = yield* Storage
    const table = `${quoted}.migrations`
    const key = `stepped migrations ${schema}`

    /** Migrations that have not run, and whether a sequence is behind. */
    const look = Effect.gen(function*() {
      const { isInstalled, isOfAnother, last = 0 } = (yield* isMade(sql, schema))
        ? yield* ran(sql, quoted)
        : { isInstalled: false, isOfAnother: false }
      if (isOfAnother) return yield* unreleased(schema)
      return {
        isInstalled,
        required: target.filter(({ id }) => id > last),
        unset: last > 0 && (yield* behind(sql, quoted)).length > 0
      }
    })
    const attempt = (waitMs: number) =>
      readCommitted(
        sql,
        Effect.gen(function*() {
          yield* sql.unsafe("select set_config('lock_timeout', $1, true)", [`${Math.max(1, Math.round(waitMs))}ms`])
          const first = yield* look
          if (first.required.length === 0 && !first.unset) return []
          yield* sql.unsafe("select pg_advisory_xact_lock(hashtextextended($1, 0))", [key])
          // somebody may have done it while we waited
          const { isInstalled, required, unset } = yield* look
          if (unset) yield* setSequences
          if (required.length === 0) return []
          // where the schema is there, whoever may create in it needs no right to create others
          if (!(yield* checkMaking)) yield* sql.unsafe(`create schema ${quoted}`)
          yield* sql.unsafe(tableOfMigrations(quoted))
          yield* sql.unsafe(`set local search_path = ${quoted}, pg_temp`)
          const statements = required.flatMap(({ statements }) => statements)
          for (const text of isInstalled ? statements : [...statements, ...functions]) yield* sql.unsafe(text)
          for (const { id, name } of required) {
            yield* sql.unsafe(`insert into ${table} (migration_id, name, fingerprint) values ($1::int, $2, $3)`, [
              id,
              name,
              fingerprint
            ])
          }
          return required.map(({ id, name }) => [id, name] as const)
        })
      )
    // the locks that were in the way all the time; the server does not say for which of them a try has waited
    const blockers = Effect.map(
      sql.unsafe<Blocker>(
        `select distinct coalesce(l.pid, 0) as pid, coalesce(nullif(a.application_name, ''), case when l.pid is null then 'a prepared transaction' else 'unnamed' end) as application,
            coalesce(to_char(a.xact_start at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'), '') as since
          from pg_catalog.pg_locks l left join pg_catalog.pg_stat_activity a on a.pid = l.pid
          where l.granted and l.pid is distinct from pg_backend_pid() and l.database = (select oid from pg_catalog.pg_database where datname = current_database())
            and (a.xact_start is null or a.xact_start < clock_timestamp() - $2 * interval '1 millisecond')
            and (l.relation in (select c.oid from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace where n.nspname = $3)
              or (l.locktype = 'advisory' and (l.classid::bigint << 32 | l.objid::bigint) = hashtextextended($1, 0)))
          order by since, pid`,
        [key, tryMs, schema]
      ).withoutTransform,
      (rows) => rows.map(({ application, pid, since }): Blocker => ({ application, pid, since }))
    )

    const began = monotonic()
    const until = began + Duration.toMillis(limit)
    let told: string | undefined
    while (true) {
      const left = until - monotonic()
      const tried = yield* Effect.result(attempt(Math.min(tryMs, Math.max(1, left))))
      if (tried._tag === "Success") return tried.success
      const { failure } = tried
      const state = sqlState(failure)
      // neither has left anything
      if (state !== lockTimedOut && state !== deadlock) return yield* Effect.fail(failure)
      const by = yield* blockers
      const blocked = new MigrationBlocked({ schema, waitedMs: Math.round(monotonic() - began), by })
      if (monotonic() + betweenMs >= until) return yield* blocked
      const pids = by.map(({ pid }) => pid).join()
      if (pids !== told) {
        told = pids
        yield* Effect.logWarning(`stepped: ${blocked.message}`)
      }
      yield* Effect.sleep(betweenMs)
    }
  }).pipe(
    Effect.mapError((error) => isSqlError(error) ? storageError("migrate")(error) : error),
    Effect.provideService(Clock.Clock, realClock)
  )

/** To this version. */
export const migrate = migrateTo(migrations, patience)

/** Why the tables that are there cannot be used by this version, this client or its role, beside the database itself. */
export type UnusableError =
  | MissingPrivileges
  | SchemaMissing
  | SchemaOutdated
  | SchemaTooNew
  | SequenceBehind
  | UnsuitableDatabase

class TooLate {
  readonly _tag = "TooLate"
}

/**
 * Checks that the tables fit this version, and that the client's role can use them: what is wrong are errors that say what to do. One
 * migration ahead is fine (old code keeps working on the next schema while workers are replaced); more is not.
 */
export const checkMigrations: Effect.Effect<void, StorageError | UnusableError, PgClient | Storage> = Effect.gen(
  function*() {
    const sql = yield* PgClient
    const { deadline, quoted, schema } = yield* Storage
    const within = answered("checkMigrations", deadline)
    yield* within(checkUse("client"))
    if (!(yield* within(isMade(sql, schema)))) return yield* new SchemaMissing({ schema })
    const { isOfAnother, last: found } = yield* within(ran(sql, quoted))
    if (found === undefined) return yield* new SchemaMissing({ schema })
    if (isOfAnother) return yield* unreleased(schema)
    if (found < latest) return yield* new SchemaOutdated({ schema, found, required: latest, unreleased: false })
    if (found > latest + 1) return yield* new SchemaTooNew({ schema, found, supported: latest })
    // a table that somebody has locked tells nothing, and holds nobody up: least of all who asks what is locked
    yield* within(nowOrNever(checkSequences, Duration.seconds(2), () => new TooLate())).pipe(
      Effect.catchTag("TooLate", () => Effect.void)
    )
  }
)
