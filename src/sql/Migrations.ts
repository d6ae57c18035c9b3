/**
 * Making and updating the engine's tables, beside processes that use them, that look whether they are there, and that do the same.
 */
import { PgClient } from "@effect/sql-pg/PgClient"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { MigrationBlocked, SchemaMissing, SchemaOutdated, SchemaTooNew, type StorageError } from "../SteppedError.ts"
import { statements as initial } from "./migrations/0001_initial.ts"
import { Storage } from "./Storage.ts"
import { answered, monotonic, realClock, sqlState, storageError } from "./storageError.ts"
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

/**
 * Creates or updates the tables, each try in one transaction. A look that finds nothing to do takes no lock that anybody else could
 * want; those who have something to do are one at a time.
 */
export const migrateTo = (
  target: ReadonlyArray<Migration>,
  limit: Duration.Duration
): Effect.Effect<
  ReadonlyArray<readonly [id: number, name: string]>,
  StorageError | MigrationBlocked,
  PgClient | Storage
> =>
  Effect.gen(function*() {
    const sql = yield* PgClient
    const { quoted, schema } = yield* Storage
    const table = `${quoted}.migrations`
    const key = `stepped migrations ${schema}`

    const missing = Effect.gen(function*() {
      // by a query: what a session has cached of the catalogue does not tell of what was made while it waited
      const exists = yield* sql.unsafe<{ found: boolean }>(
        `select exists (select 1 from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
          where n.nspname = $1 and c.relname = 'migrations') as found`,
        [schema]
      )
      const rows = exists[0]!.found
        ? yield* sql.unsafe<{ id: number | null }>(`select max(migration_id) as id from ${table}`)
        : []
      return target.filter(([id]) => id > (rows[0]?.id ?? 0))
    })
    const attempt = (waitMs: number) =>
      readCommitted(
        sql,
        Effect.gen(function*() {
          yield* sql.unsafe("select set_config('lock_timeout', $1, true)", [`${Math.max(1, Math.round(waitMs))}ms`])
          if ((yield* missing).length === 0) return []
          yield* sql.unsafe("select pg_advisory_xact_lock(hashtextextended($1, 0))", [key])
          // somebody may have done it while we waited
          const required = yield* missing
          if (required.length === 0) return []
          yield* sql.unsafe(`create schema if not exists ${quoted}`)
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
      ),
      (rows) => rows.map(({ application, pid, since }): Blocker => ({ application, pid, since }))
    )

    const began = monotonic()
    const until = began + Duration.toMillis(limit)
    let told: string | undefined
    while (true) {
      const left = until - monotonic()
      const tried = yield* Effect.result(attempt(Math.min(tryMs, Math.max(1, left))))
      if (tried._tag === "Success") return tried.success
      const state = sqlState(tried.failure)
      // neither has left anything
      if (state !== lockTimedOut && state !== deadlock) return yield* Effect.fail(tried.failure)
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
    Effect.mapError((error) => error instanceof MigrationBlocked ? error : storageError("migrate")(error)),
    Effect.provideService(Clock.Clock, realClock)
  )

/** To this version. */
export const migrate = migrateTo(migrations, patience)

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
