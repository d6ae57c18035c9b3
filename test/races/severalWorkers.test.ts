/** Workers over one layer, on a server: each has a lease of its own, and what becomes of one of them is not the others' loss. */
import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Exit, Layer, Schema, Scope } from "effect"
import { SqlClient } from "effect/sql"
import { Step, Stepped } from "stepped"
import { startBeside } from "../harness/beside.ts"
import { healthy, server } from "../harness/databases.ts"
import { watched } from "../harness/heals.ts"
import { isPooled, layerServer } from "../harness/Server.ts"
import { allEnded, until } from "../harness/workers.ts"

class Car extends Stepped.Actor<Car>()("Car", { id: Schema.Int }) {}

const tokens = Effect.flatMap(SqlClient.SqlClient, (sql) =>
  Effect.map(
    sql<{ name: string; token: string }>`select name, token::text from stepped.workers order by name`,
    (rows) => Object.fromEntries(rows.map(({ name, token }) => [name, token]))
  ))

describe("of two workers over one layer", () => {
  it.live("one whose lease somebody has taken loses what it ran to the other, which keeps what it has", () =>
    Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      const runs: Array<number> = []
      const ended: Array<number> = []
      const go = yield* Deferred.make<void>()
      const drive = Stepped.action("drive").step(() =>
        Effect.gen(function*() {
          const { id } = yield* Car
          runs.push(id)
          yield* Effect.onInterrupt(Deferred.await(go), () => Effect.sync(() => void ended.push(id)))
        })
      )
      const Cars = Stepped.actions(Car, [drive])
      yield* Effect.gen(function*() {
        const cars = yield* Cars.client
        yield* startBeside({ name: "left", concurrency: 2 })
        const handles = [yield* cars(1).driveLater(), yield* cars(2).driveLater()]
        yield* until("the left one is busy", Effect.sync(() => runs.length === 2))
        yield* startBeside({ name: "right", concurrency: 4 })
        handles.push(yield* cars(3).driveLater())
        yield* until("the right one too", Effect.sync(() => runs.length === 3))
        const before = yield* tokens
        yield* sql`delete from stepped.workers where name = 'left'`
        yield* until("what the left one ran begins again", Effect.sync(() => runs.length === 5))
        yield* until("its bodies have ended", Effect.sync(() => ended.length === 2))
        assert.deepStrictEqual([runs.slice(3).toSorted(), ended.toSorted()], [[1, 2], [1, 2]])
        assert.strictEqual((yield* tokens)["right"], before["right"])
        yield* Deferred.succeed(go, undefined)
        yield* Effect.forEach(handles, (handle) => handle.await)
        yield* healthy
      }).pipe(Effect.scoped, Effect.provide(Cars.layer))
    }).pipe(Effect.provide(server.layer({ lease: "6 seconds", pollInterval: "20 millis" }))))

  it.live("none takes over what another one holds whose renewal is late: they share a thread", () =>
    Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      const runs: Array<string> = []
      const go = yield* Deferred.make<void>()
      const drive = Stepped.action("drive").step(() =>
        Effect.andThen(Effect.sync(() => void runs.push("drive")), Deferred.await(go))
      )
      const Cars = Stepped.actions(Car, [drive])
      yield* Effect.gen(function*() {
        const handle = yield* (yield* Cars.client)(1).driveLater()
        // with no room for more: a claim would have it renew its lease
        yield* startBeside({ name: "left", concurrency: 1 })
        yield* until("it runs", Effect.sync(() => runs.length === 1))
        const before = yield* tokens
        yield* sql`update stepped.workers set lease_until = now() - interval '1 minute'`
        yield* sql`insert into stepped.workers (name, lease_until, started_at)
          values ('dead', now() - interval '1 minute', now())`
        yield* startBeside({ name: "right" })
        yield* startBeside({ name: "third" })
        yield* until("they have looked for what dead workers left", Effect.map(tokens, (all) => !("dead" in all)))
        yield* (yield* Cars.client)(2).driveLater()
        yield* until("the others work", Effect.sync(() => runs.length === 2))
        assert.strictEqual((yield* tokens)["left"], before["left"])
        yield* Deferred.succeed(go, undefined)
        yield* handle.await
        assert.strictEqual(runs.length, 2)
        yield* healthy
      }).pipe(Effect.scoped, Effect.provide(Cars.layer))
    }).pipe(Effect.provide(server.layer({ lease: "1 minute", pollInterval: "20 millis" }))))

  it.live("one that is stopped and started again and again loses nothing of what both perform", () =>
    Effect.gen(function*() {
      const leaf = Stepped.action("leaf", {
        arguments: [Schema.Int, Schema.Int],
        success: Schema.Int,
        // all of them beside each other
        concurrencyKey: (car, n) => ["leaf", car, n]
      }).step((_, n) => Effect.as(Effect.yieldNow, n))
      const tree = Stepped.action("tree", { success: Schema.Int })
        .step(
          "leaves",
          () => Effect.flatMap(Car, ({ id }) => Effect.forEach([1, 2, 3, 4], (n) => Step.do(leaf, id, n)))
        )
        .step("sum", (results) => Effect.succeed(results.leaves.reduce((sum, n) => sum + n, 0)))
      const Cars = Stepped.actions(Car, [leaf, tree])
      yield* Effect.gen(function*() {
        const cars = yield* Cars.client
        yield* startBeside({ name: "stays", concurrency: 4 })
        const stopping = Effect.gen(function*() {
          for (let round = 0; round < 15; round++) {
            const scope = yield* Scope.make()
            yield* Scope.provide(startBeside({ name: `comes and goes ${round}`, concurrency: 4 }), scope)
            yield* Effect.sleep(20)
            yield* Scope.close(scope, Exit.void)
          }
        })
        const calls = Effect.forEach(
          Array.from({ length: 200 }, (_, i) => i),
          (i) => i % 5 === 0 ? Effect.flatMap(cars(i).treeNow(), (handle) => handle.await) : cars(i).tree(),
          { concurrency: 40 }
        )
        const [sums] = yield* Effect.all([calls, stopping], { concurrency: 2 })
        assert.deepStrictEqual(new Set(sums), new Set([10]))
        yield* allEnded
        yield* healthy
      }).pipe(Effect.scoped, Effect.provide(Cars.layer))
    }).pipe(Effect.provide(server.layer({ pollInterval: "20 millis" }))))

  // behind a pooler no session is anybody's to listen in
  it.live.skipIf(isPooled)("one listens for both, and the other one when it has stopped", () =>
    Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      const listeners = Effect.map(
        sql<{ n: number }>`select count(*)::int as n from pg_stat_activity
          where datname = current_database() and query ilike 'listen %'`,
        (rows) => rows[0]!.n
      )
      const Cars = Stepped.actions(Car, [Stepped.action("honk").step(() => Effect.void)])
      yield* Effect.gen(function*() {
        const scope = yield* Scope.make()
        yield* Scope.provide(startBeside({ name: "left" }), scope)
        yield* until("one listens", Effect.map(listeners, (n) => n === 1))
        yield* startBeside({ name: "right" })
        yield* (yield* Cars.client)(1).honk()
        assert.strictEqual(yield* listeners, 1)
        yield* Scope.close(scope, Exit.void)
        yield* until("the other one listens", Effect.map(listeners, (n) => n === 1))
        yield* healthy
      }).pipe(Effect.scoped, Effect.provide(Cars.layer))
    }).pipe(Effect.provide(
      Stepped.layer({ migrate: true }).pipe(
        Layer.provide(watched),
        Layer.provideMerge(layerServer({ maxConnections: 12 }))
      )
    )))
})
