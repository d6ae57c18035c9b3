/**
 * The Postgres server of a test run: the one that `DATABASE_URL` names, or one that is started here and removed after
 * the last test. Tests reach it through `harness/Server.ts`; with `STEPPED_PGBOUNCER`, by way of the PgBouncer that it names.
 */
import { PgClient } from "@effect/sql-pg"
import { Effect, Exit, Redacted, Scope } from "effect"
import { Reactivity } from "effect/reactivity"
import { randomBytes } from "node:crypto"
import type { TestProject } from "vitest/node"
import { startPgBouncer } from "./harness/PgBouncer.ts"
import { PostgresServerError, startServer } from "./harness/PostgresServer.ts"

declare module "vitest" {
  export interface ProvidedContext {
    /** Of a role that may create databases. */
    readonly databaseUrl: string
    /** The same by way of PgBouncer, in runs that test behind it. */
    readonly poolerUrl: string | null
    /** How the names of all databases of this run begin. */
    readonly databasePrefix: string
    /** What the server prints, such as deadlocks; unknown for the server of `DATABASE_URL`. */
    readonly databaseLog: string | null
  }
}

const flags = [
  // a disk that is busy would hold up commits, for seconds at times, and with them leases of a second; nobody's power fails within a run
  "fsync=off",
  // several files at once, each of which may have four engines with their pools
  "max_connections=400"
]

interface Provided {
  readonly url: Redacted.Redacted
  readonly log: string | null
  readonly pooler: Redacted.Redacted | null
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const scope = Scope.makeUnsafe()
  const prefix = `stepped_test_${randomBytes(4).toString("hex")}`
  const given = process.env.DATABASE_URL
  const path = process.env.STEPPED_PGBOUNCER
  const server = Effect.gen(function*(): Effect.fn.Return<Provided, unknown, Scope.Scope> {
    const { log, url } = given === undefined
      ? yield* Effect.map(startServer({ flags }), ({ logFile, url }) => ({ url, log: logFile }))
      : { url: yield* existing(Redacted.make(given), prefix), log: null }
    return { url, log, pooler: path ? (yield* startPgBouncer(path, url)).url : null }
  })
  const { url, log, pooler } = await Effect.runPromise(
    Scope.provide(server, scope).pipe(Effect.onError((cause) => Scope.close(scope, Exit.failCause(cause))))
  )
  project.provide("databaseUrl", Redacted.value(url))
  project.provide("poolerUrl", pooler === null ? null : Redacted.value(pooler))
  project.provide("databasePrefix", prefix)
  project.provide("databaseLog", log)
  return () => Effect.runPromise(Scope.close(scope, Exit.void))
}

const onServer = <A, E>(url: Redacted.Redacted, use: (sql: PgClient.PgClient) => Effect.Effect<A, E>) =>
  Effect.scoped(Effect.flatMap(PgClient.makeClient({ url }), use)).pipe(Effect.provide(Reactivity.layer))

const dropAll = (url: Redacted.Redacted, prefix: string): Effect.Effect<void> =>
  onServer(url, (sql) =>
    Effect.flatMap(
      sql<{ datname: string }>`SELECT datname FROM pg_database WHERE starts_with(datname, ${`${prefix}_`})`,
      Effect.forEach(({ datname }) => sql`DROP DATABASE IF EXISTS ${sql(datname)} WITH (FORCE)`)
    )).pipe(Effect.orDie, Effect.asVoid)

/** Drops the databases of a run, whoever is connected. */
export const dropDatabases = (url: Redacted.Redacted, prefix: string): Promise<void> =>
  Effect.runPromise(dropAll(url, prefix))

/** A server that stays has to be left as it was found: without the templates, and what killed tests left behind. */
const existing = Effect.fnUntraced(
  function*(url: Redacted.Redacted, prefix: string): Effect.fn.Return<Redacted.Redacted, unknown, Scope.Scope> {
    yield* onServer(
      url,
      (sql) =>
        sql<{ allowed: boolean }>`SELECT rolcreatedb OR rolsuper AS allowed FROM pg_roles WHERE rolname = current_user`
    ).pipe(
      Effect.mapError((cause) =>
        new PostgresServerError({ message: "The server of DATABASE_URL is out of reach", cause })
      ),
      Effect.filterOrFail(
        ([role]) => role?.allowed === true,
        () => new PostgresServerError({ message: "The role in DATABASE_URL may not create databases" })
      )
    )
    yield* Effect.addFinalizer(() => dropAll(url, prefix))
    return url
  }
)
