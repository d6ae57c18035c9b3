/**
 * Databases for tests that need a real server: one of its own for each, empty or copied from a template, gone with the
 * scope. The server is the one that `globalSetup.ts` provides for the whole run.
 *
 * None of this keeps a test's clock: a clock that leaps an hour ahead must not close connections.
 */
import { PgClient } from "@effect/sql-pg"
import { Clock, Context, Effect, Layer, Redacted } from "effect"
import type { Scope } from "effect"
import { Reactivity } from "effect/reactivity"
import type { SqlClient, SqlError } from "effect/sql"
import { randomBytes } from "node:crypto"
import { inject } from "vitest"
import "./healed.ts"

export { type PostgresServer, PostgresServerError, type PostgresServerOptions, startServer } from "./PostgresServer.ts"

/** The database that a test has for itself. */
export class TestDatabase extends Context.Service<TestDatabase, {
  readonly name: string
  /** For further clients, also in processes of their own. */
  readonly url: Redacted.Redacted
}>()("stepped/test/TestDatabase") {}

/** A database that is migrated once in a run and copied by every test that starts from it. */
export interface Template<E = never> {
  readonly name: string
  readonly migrate: Effect.Effect<unknown, E, PgClient.PgClient | SqlClient.SqlClient>
}

export interface DatabaseOptions<E = never> {
  readonly template?: Template<E> | undefined
  /** Of an empty database; the server's own if not given. */
  readonly encoding?: string
}

export interface ClientOptions extends Omit<PgClient.PgPoolConfig, "url"> {}

/** Whether tests reach their databases by way of PgBouncer in transaction mode, which keeps no prepared statements and cannot listen. */
export const isPooled: boolean = inject("poolerUrl") !== null

/** Makes a database and drops it at the end of the scope, whoever is still connected. */
export const freshDatabase = <E = never>(
  options: DatabaseOptions<E> = {}
): Effect.Effect<TestDatabase["Service"], E | SqlError.SqlError, Scope.Scope> =>
  Effect.gen(function*() {
    const name = `${inject("databasePrefix")}_${randomBytes(6).toString("hex")}`
    const template = options.template === undefined ? undefined : yield* templateDatabase(options.template)
    yield* Effect.acquireRelease(
      withAdmin((sql) =>
        template === undefined
          ? options.encoding === undefined
            ? sql.unsafe(`CREATE DATABASE ${name}`)
            : Effect.flatMap(
              sql<{ libc: string }>`SELECT CASE WHEN current_setting('server_version_num')::int >= 150000
                THEN 'LOCALE_PROVIDER libc' ELSE '' END AS libc`,
              ([row]) =>
                sql.unsafe(
                  `CREATE DATABASE ${name} ENCODING '${options.encoding}' TEMPLATE template0 ${row!.libc} LOCALE 'C'`
                )
            )
          : sql`CREATE DATABASE ${sql(name)} TEMPLATE ${sql(template)}`
      ),
      () => Effect.orDie(withAdmin((sql) => sql`DROP DATABASE IF EXISTS ${sql(name)} WITH (FORCE)`))
    )
    return { name, url: urlOf(name, inject("poolerUrl") ?? undefined) }
  })

/** Makes sure that the template is there, made by whichever test file comes first, and returns its database's name. */
export const templateDatabase = <E>(template: Template<E>): Effect.Effect<string, E | SqlError.SqlError> =>
  withAdmin((sql) =>
    Effect.gen(function*() {
      const name = `${inject("databasePrefix")}_template_${template.name}`
      const exists = Effect.map(sql`SELECT FROM pg_database WHERE datname = ${name}`, (rows) => rows.length > 0)
      if (yield* exists) return name
      // The lock belongs to this connection and goes with it.
      yield* sql`SELECT pg_advisory_lock(hashtextextended(${name}, 0))`
      if (yield* exists) return name
      const draft = `${name}_draft`
      yield* sql`DROP DATABASE IF EXISTS ${sql(draft)} WITH (FORCE)`
      yield* sql`CREATE DATABASE ${sql(draft)}`
      yield* Effect.provide(template.migrate, layerUrl(urlOf(draft)), { local: true })
      // Under its name from the moment it is complete, and never before.
      yield* sql`ALTER DATABASE ${sql(draft)} RENAME TO ${sql(name)}`
      return name
    })
  )

/** A client, and more by the `url` of `TestDatabase`, for a database of their own. */
export const layerServer = <E = never>(
  options: ClientOptions & DatabaseOptions<E> = {}
): Layer.Layer<PgClient.PgClient | SqlClient.SqlClient | TestDatabase, E | SqlError.SqlError> => {
  const { template, ...client } = options
  return Layer.unwrap(Effect.map(TestDatabase, ({ url }) => layerUrl(url, client))).pipe(
    Layer.provideMerge(Layer.effect(TestDatabase, freshDatabase({ template })))
  )
}

/** A client for a database that is there already. */
export const layerUrl = (
  url: Redacted.Redacted,
  options: ClientOptions = {}
): Layer.Layer<PgClient.PgClient | SqlClient.SqlClient, SqlError.SqlError> =>
  PgClient.layerFrom(PgClient.make({ prepare: !isPooled, ...options, url }).pipe(onLiveClock))

const onLiveClock = Effect.provideService(Clock.Clock, Clock.Clock.defaultValue())

const urlOf = (name: string, server = inject("databaseUrl")): Redacted.Redacted => {
  const url = new URL(server)
  url.pathname = `/${name}`
  return Redacted.make(url.href)
}

/** One connection for one errand. The pools of tests must not count on one that stays open. */
const withAdmin = <A, E>(
  use: (sql: PgClient.PgClient) => Effect.Effect<A, E>
): Effect.Effect<A, E | SqlError.SqlError> =>
  PgClient.makeClient({ url: Redacted.make(inject("databaseUrl")) }).pipe(
    onLiveClock,
    Effect.flatMap(use),
    Effect.scoped,
    Effect.provide(Reactivity.layer)
  )
