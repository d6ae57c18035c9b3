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
import { monotonic, realClock } from "../store/RealClock.ts"
import { statements as initial } from "./migrations/0001_initial.ts"
import { behind, checkClient, checkMaking, checkSequences, checkUse, setSequences } from "./prerequisites.ts"
import { Storage } from "./Storage.ts"
import { answered, sqlState, storageError } from "./storageError.ts"
import { readCommitted } from "./transaction.ts"

/** One step of the tables' history. */
export type Migration = readonly [id: number, name: string, statements: (schema: string) => ReadonlyArray<string>]

/** All of them, in order. */
export const migrations: ReadonlyArray<Migration> = [
  [1, "initial", initial]
]

/** What the migrations make, as text: changes whenever they do. */
export const schemaVersion = migrations.flatMap(([, , statements]) => statements("stepped")).join(";\n")

const latest = migrations[migrations.length - 1]![0]

/** How long the tables' users are waited for altogether, if not said otherwise. */
export const patience = Duration.seconds(30)
/** How long one try waits for a lock. Whoever comes after it waits as well, so that it is short, and the next one not at once. */
const tryMs = 1000
const betweenMs = 500

/** Somebody in whose transaction the tables are in use. */
interface Blocker {
  readonly pid: number
  readonly application: string
  readonly since: string
}

const lockTimedOut = "55P03"
const deadlock = "40P01"

/** Why tables cannot be made, beside the database itself. */
export type MigrateError = InvalidOption | MigrationBlocked | MissingPrivileges | UnsuitableDatabase

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
    yield* checkClient(sql.config)
    const { quoted, schema } = yield* Storage
    const table = `${quoted}.migrations`
    const key = `stepped migrations ${schema}`

    /** Migrations that have not run, and whether a sequence is behind. */
    const missing = Effect.gen(function*() {
      // by a query: what a session has cached of the catalogue does not tell of what was made while it waited
      const exists = yield* sql.unsafe(
        `select 1 from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
          where n.nspname = $1 and c.relname = 'migrations'`,
        [schema]
      ).values
      const [[found] = []] = exists.length === 0
        ? []
        : yield* sql.unsafe(`select max(migration_id) from ${table}`).values
      const last = typeof found === "number" ? found : 0
      return {
        required: target.filter(([id]) => id > last),
        unset: last > 0 && (yield* behind(sql, quoted)).length > 0
      }
    })
    const attempt = (waitMs: number) =>
      readCommitted(
        sql,
        Effect.gen(function*() {
          yield* sql.unsafe("select set_config('lock_timeout', $1, true)", [`${Math.max(1, Math.round(waitMs))}ms`])
          const first = yield* missing
          if (first.required.length === 0 && !first.unset) return []
          yield* sql.unsafe("select pg_advisory_xact_lock(hashtextextended($1, 0))", [key])
          // somebody may have done it while we waited
          const { required, unset } = yield* missing
          if (unset) yield* setSequences
          if (required.length === 0) return []
          // where the schema is there, whoever may create in it needs no right to create others
          if (!(yield* checkMaking)) yield* sql.unsafe(`create schema ${quoted}`)
          yield* sql.unsafe(`create table if not exists ${table} (
            migration_id integer primary key,
            created_at timestamp with time zone not null default now(),
            name text not null
          )`)
          for (const [id, name, statements] of required) {
            yield* sql.unsafe(`insert into ${table} (migration_id, name) values ($1::int, $2)`, [id, name])
            yield* Effect.forEach(statements(quoted), (text) => sql.unsafe(text), { discard: true })
          }
          return required.map(([id, name]) => [id, name] as const)
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
    // a look by the catalogue needs no right at all
    const exists = yield* within(
      sql.unsafe(
        `select 1 from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
          where n.nspname = $1 and c.relname = 'migrations'`,
        [schema]
      ).values
    )
    if (exists.length === 0) return yield* new SchemaMissing({ schema })
    const [[found] = []] = yield* within(sql.unsafe(`select max(migration_id) from ${quoted}.migrations`).values)
    if (typeof found !== "number") return yield* new SchemaMissing({ schema })
    if (found < latest) return yield* new SchemaOutdated({ schema, found, required: latest })
    if (found > latest + 1) return yield* new SchemaTooNew({ schema, found, supported: latest })
    yield* within(checkSequences)
  }
)
