/**
 * A role whose sessions may neither wait nor dawdle: what the server refuses is tried again until it passes, no transition is half done,
 * and what a transactional step writes is there once.
 */
import { PgClient } from "@effect/sql-pg"
import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Schedule, Schema } from "effect"
import { SqlClient } from "effect/sql"
import { readFileSync } from "node:fs"
import { type ActionHandle, Step, Stepped } from "stepped"
import { healthy } from "../harness/databases.ts"
import { statusesOf } from "../harness/observing.ts"
import { layerUrl, startServer } from "../harness/Server.ts"
import { alone, startEngine, startWorkerOf } from "./starting.ts"

/** What the server says when a session has exceeded 50 ms. */
const refusals = {
  statement_timeout: "canceling statement due to statement timeout",
  lock_timeout: "canceling statement due to lock timeout",
  idle_in_transaction_session_timeout: "terminating connection due to idle-in-transaction timeout",
  transaction_timeout: "terminating connection due to transaction timeout"
}
type Setting = keyof typeof refusals

const retry = Schedule.spaced("100 millis")

class Car extends Stepped.Actor<Car>()("Car", { id: Schema.Int }) {}
// few lanes, so that many wait for each
const part = Stepped.action("part", { arguments: [Schema.Int], concurrencyKey: (n) => ["part", n % 7] })
  .step(() => Effect.void)

/** Some of the trips dawdle in a transaction, the first time. */
const trips = (halfway: Effect.Effect<unknown>) => {
  const begun = new Set<number>()
  const trip = Stepped.action("trip", { arguments: [Schema.Int] })
    .step(
      "parts",
      (n) =>
        Effect.all([Step.on(Car.ref(1000 + n), part, n), Step.on(Car.ref(2000 + n), part, n), Step.wait("20 millis")])
    )
    .step("store", (n) =>
      Effect.gen(function*() {
        const sql = yield* SqlClient.SqlClient
        yield* sql`insert into stored values (${n})`
        if (begun.has(n)) return
        begun.add(n)
        if (begun.size === 30) yield* halfway
        if (n % 10 === 0) yield* Effect.sleep("120 millis")
      }).pipe(Effect.orDie), { transactional: true })
    .step("end", () => Effect.void)
    .succeeded(() => Effect.void)
  return Stepped.actions(Car, [part, trip])
}

const settled = (handle: ActionHandle) =>
  Effect.retry(handle.await, { while: (error) => (error as { readonly _tag: string })._tag === "StorageError" })

/** Sixty trips on a server that gives every session these settings, of which some are exceeded. */
const scenario = (settings: ReadonlyArray<Setting>, exceeded = settings) =>
  Effect.gen(function*() {
    const { logFile, url } = yield* startServer({ flags: ["fsync=off"] })
    const admin = yield* alone(layerUrl(url, { maxConnections: 1 }))
    const adminRuns = <A, E>(use: (sql: PgClient.PgClient) => Effect.Effect<A, E>) =>
      Effect.provide(Effect.flatMap(PgClient.PgClient, use), admin)
    yield* Effect.provide(Stepped.migrate(), admin)
    yield* adminRuns((sql) => sql`create table stored (car int)`)
    for (const setting of settings) {
      yield* adminRuns((sql) => sql.unsafe(`alter role postgres set ${setting} = '50ms'`))
      yield* adminRuns((sql) => sql.unsafe(`set ${setting} = 0`))
    }
    const refused = (setting: Setting) => readFileSync(logFile, "utf8").includes(refusals[setting])
    // longer than the others may wait
    const hold = adminRuns((sql) =>
      sql.withTransaction(
        Effect.andThen(sql`lock table stepped.live_actions in exclusive mode`, sql`select pg_sleep(0.15)`)
      )
    )

    const halfway = yield* Deferred.make<void>()
    const Cars = trips(Deferred.succeed(halfway, undefined))
    const options = { concurrency: 20, lease: "20 seconds", handle: () => false, attempts: 20, retry } as const
    yield* startWorkerOf(url, Cars.layer, options)
    yield* startWorkerOf(url, Cars.layer, options)
    yield* Effect.gen(function*() {
      const car = yield* Cars.client
      const ids = Array.from({ length: 60 }, (_, id) => id)
      const handles = yield* Effect.forEach(ids, (id) => car(id).tripLater(id), { concurrency: "unbounded" })
      yield* Deferred.await(halfway)
      yield* Effect.repeat(hold, { times: 3 })
      yield* Effect.forEach(handles, settled, { concurrency: "unbounded", discard: true })
      assert.deepStrictEqual(yield* statusesOf("trip"), ids.map(() => "succeeded"))
      const sql = yield* PgClient.PgClient
      const stored = yield* sql<{ car: number }>`select car from stored order by car`
      assert.deepStrictEqual(stored.map((row) => row.car), ids)
      assert.deepStrictEqual(exceeded.filter(refused), exceeded)
    }).pipe(Effect.provide(yield* startEngine(url)))
    // who examines needs longer
    yield* adminRuns((sql) => sql`alter role postgres reset all`)
    yield* Effect.provide(healthy, yield* startEngine(url))
  })

describe("every session of the role", () => {
  for (const setting of Object.keys(refusals) as ReadonlyArray<Setting>) {
    it.live(`with a ${setting} of 50 ms: everything ends, once`, () => scenario([setting]))
  }

  it.live("with all of them: everything ends, once", () =>
    // where it ends the transaction as well, the server leaves the others to it
    scenario(Object.keys(refusals) as ReadonlyArray<Setting>, ["transaction_timeout"]))

  it.live("batches that take longer than a statement may become smaller until they pass", () =>
    Effect.gen(function*() {
      const { logFile, url } = yield* startServer({ flags: ["fsync=off"] })
      const admin = yield* alone(layerUrl(url, { maxConnections: 1 }))
      yield* Effect.provide(
        Effect.andThen(
          Stepped.migrate(),
          Effect.flatMap(PgClient.PgClient, (sql) => sql`alter role postgres set statement_timeout = '20ms'`)
        ),
        admin
      )
      const load = Stepped.action("load", { arguments: [Schema.String] }).step("a", () => Effect.void).step("b", () =>
        Effect.void)
      const Cars = Stepped.actions(Car, [load])
      yield* Effect.gen(function*() {
        const car = yield* Cars.client
        const ids = Array.from({ length: 2000 }, (_, id) =>
          id)
        // the first batch is a thousand of them, some ten megabytes
        const handles = yield* Effect.forEach(ids, (id) => car(id).loadLater("x".repeat(10_000)), {
          concurrency: "unbounded"
        })
        yield* Effect.forEach(handles, settled, { concurrency: "unbounded", discard: true })
        assert.include(readFileSync(logFile, "utf8"), refusals.statement_timeout)
      }).pipe(Effect.provide(yield* startWorkerOf(url, Cars.layer, { concurrency: 500 })))
    }))
})
