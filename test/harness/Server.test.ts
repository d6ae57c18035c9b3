import { PgClient } from "@effect/sql-pg"
import { assert, describe, inject, it } from "@effect/vitest"
import { Context, Effect, Exit, Layer, Redacted, Scope } from "effect"
import { TestClock } from "effect/testing"
import { spawn } from "node:child_process"
import { once } from "node:events"
import { existsSync, readFileSync } from "node:fs"
import { setTimeout as sleep } from "node:timers/promises"
import { freshDatabase, layerServer, layerUrl, startServer, type Template, TestDatabase } from "./Server.ts"

const onServer = <A, E>(url: Redacted.Redacted, use: (sql: PgClient.PgClient) => Effect.Effect<A, E>) =>
  Effect.flatMap(PgClient.PgClient, use).pipe(Effect.provide(layerUrl(url), { local: true }))

const databasesNamed = (name: string) =>
  onServer(
    Redacted.make(inject("databaseUrl")),
    (sql) => Effect.map(sql`SELECT FROM pg_database WHERE datname = ${name}`, (rows) => rows.length)
  )

let migrations = 0
const counted: Template = {
  name: "counted",
  migrate: Effect.gen(function*() {
    migrations++
    const sql = yield* PgClient.PgClient
    yield* sql`CREATE TABLE cars AS SELECT generate_series(1, 3) AS id`
  }).pipe(Effect.orDie)
}

const carsOf = (url: Redacted.Redacted) =>
  onServer(url, (sql) => Effect.map(sql`SELECT FROM cars`, (rows) => rows.length))

describe("the server of the test run", () => {
  it.live("gives every test a database of its own and drops it with the scope, though it is in use", () =>
    Effect.gen(function*() {
      const scope = yield* Scope.make()
      const { name, url } = yield* Scope.provide(freshDatabase(), scope)
      const sql = Context.get(yield* Layer.build(layerUrl(url)), PgClient.PgClient)
      assert.deepStrictEqual(yield* sql`SELECT current_database() AS name`, [{ name }])
      assert.strictEqual(yield* databasesNamed(name), 1)
      yield* Scope.close(scope, Exit.void)
      assert.strictEqual(yield* databasesNamed(name), 0)
    }))

  it.live("copies a template that is migrated once, also when many ask for it together", () =>
    Effect.gen(function*() {
      const databases = yield* Effect.all(
        Array.from({ length: 4 }, () => freshDatabase({ template: counted })),
        { concurrency: "unbounded" }
      )
      assert.deepStrictEqual(yield* Effect.forEach(databases, ({ url }) => carsOf(url)), [3, 3, 3, 3])
      assert.strictEqual(new Set(databases.map(({ name }) => name)).size, 4)
      assert.strictEqual(migrations, 1)
    }))

  it.live("makes a template anew after its migration has failed", () =>
    Effect.gen(function*() {
      let isBroken = true
      const template: Template<string> = {
        name: "mended",
        migrate: Effect.suspend(() => isBroken ? Effect.fail("broken" as const) : counted.migrate)
      }
      assert.strictEqual(yield* Effect.flip(freshDatabase({ template })), "broken")
      isBroken = false
      assert.strictEqual(yield* carsOf((yield* freshDatabase({ template })).url), 3)
    }))

  it.effect("keeps its connections while a test's clock leaps ahead", () =>
    Effect.gen(function*() {
      const sql = yield* PgClient.PgClient
      const { name } = yield* TestDatabase
      const session = Effect.map(sql`SELECT pg_backend_pid() AS pid, current_database() AS name`, ([row]) => row)
      const before = yield* session
      yield* TestClock.adjust("1 hour")
      assert.deepStrictEqual(yield* session, before)
      assert.strictEqual(before?.name, name)
    }).pipe(Effect.provide(layerServer({ maxConnections: 1 }))))

  it.live.runIf(inject("databaseLog") !== null)(
    "writes deadlocks to the log that it provides",
    () =>
      Effect.gen(function*() {
        const sql = yield* PgClient.PgClient
        const { name } = yield* TestDatabase
        yield* sql`CREATE TABLE lanes AS SELECT id FROM generate_series(1, 2) AS id`
        const both = [Effect.void, Effect.void].map(() => Promise.withResolvers<void>())
        const lock = (first: number, second: number) =>
          sql.withTransaction(Effect.gen(function*() {
            yield* sql`SELECT FROM lanes WHERE id = ${first} FOR UPDATE`
            both[first - 1]?.resolve()
            yield* Effect.promise(() => Promise.all(both.map(({ promise }) => promise)))
            yield* sql`SELECT FROM lanes WHERE id = ${second} FOR UPDATE`
          }))
        const exits = yield* Effect.all([Effect.exit(lock(1, 2)), Effect.exit(lock(2, 1))], { concurrency: 2 })
        assert.strictEqual(exits.filter(Exit.isFailure).length, 1)
        const lines = readFileSync(inject("databaseLog") ?? "", "utf8").split("\n")
        assert.isTrue(lines.some((line) => line.includes(name) && line.includes("deadlock detected")))
      }).pipe(Effect.provide(layerServer()))
  )
})

const reachable = (url: Redacted.Redacted) =>
  Effect.map(Effect.exit(onServer(url, (sql) => sql`SELECT 1`)), Exit.isSuccess)

describe("a server of one's own", () => {
  it.live("comes back in the same place after a stop, a hard stop and a kill, with what was committed", () =>
    Effect.gen(function*() {
      const server = yield* startServer({ flags: ["max_connections=20"] })
      yield* onServer(server.url, (sql) => sql`CREATE TABLE survivors (how text)`)
      const losses = [["fast", server.stop("fast")], ["immediate", server.stop("immediate")], [
        "kill",
        server.kill
      ]] as const
      for (const [how, down] of losses) {
        yield* onServer(server.url, (sql) => sql`INSERT INTO survivors VALUES (${how})`)
        yield* down
        assert.isFalse(yield* reachable(server.url))
        yield* server.start
      }
      const rows = yield* onServer(
        server.url,
        (sql) => sql`SELECT how, current_setting('max_connections') AS max FROM survivors`
      )
      assert.deepStrictEqual(rows, losses.map(([how]) => ({ how, max: "20" })))
    }))

  it.live("goes with its scope, files included", () =>
    Effect.gen(function*() {
      const server = yield* Effect.scoped(
        Effect.tap(startServer(), ({ url }) => Effect.map(reachable(url), (isReachable) => assert.isTrue(isReachable)))
      )
      assert.isFalse(yield* reachable(server.url))
      assert.isFalse(existsSync(server.folder))
    }))

  it.live("goes with the process that started it, however that ends", () =>
    Effect.gen(function*() {
      const program = `
        import { Effect, Redacted } from "effect"
        import { startServer } from ${JSON.stringify(new URL("./PostgresServer.ts", import.meta.url).href)}
        await Effect.runPromise(Effect.scoped(Effect.gen(function*() {
          const { folder, url } = yield* startServer()
          console.log(JSON.stringify({ folder, url: Redacted.value(url) }))
          yield* Effect.sleep("1 hour")
        })))`
      const child = spawn(process.execPath, ["--input-type=module", "--eval", program], {
        stdio: ["ignore", "pipe", "inherit"]
      })
      const [line] = yield* Effect.promise(() => once(child.stdout, "data"))
      const { folder, url } = JSON.parse(String(line)) as { readonly folder: string; readonly url: string }
      assert.isTrue(yield* reachable(Redacted.make(url)))
      child.kill("SIGKILL")
      yield* Effect.promise(async () => {
        while (existsSync(folder)) await sleep(20)
      })
      assert.isFalse(yield* reachable(Redacted.make(url)))
    }))

  it.live("says what is wrong when it does not start", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(startServer({ flags: ["max_connections=none"] }))
      assert.include(error.message, "invalid value for parameter \"max_connections\"")
      assert.include(error.message, "DATABASE_URL")
    }))
})
