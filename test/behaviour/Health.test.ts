/** Rule 19.4: whether a process is alive, and ready; on both databases, and where the database is not there. */
import { assert, it } from "@effect/vitest"
import { Effect, Fiber, Latch, Layer, Schema } from "effect"
import { SqlClient } from "effect/sql"
import { Stepped } from "stepped"
import { suite } from "../harness/databases.ts"
import { until } from "../harness/workers.ts"

class Car extends Stepped.Actor<Car>()("Car", { id: Schema.Int }) {}
const gate = Latch.makeUnsafe(false)
const drive = Stepped.action("drive").step(() => gate.await)
const Cars = Stepped.actions(Car, [drive])

suite("health", (engine) => {
  const test = <A, E>(name: string, scenario: () => Effect.Effect<A, E, Stepped.Services | SqlClient.SqlClient>) =>
    it.live(
      name,
      () => Effect.provide(scenario(), Cars.layer.pipe(Layer.provideMerge(engine.layer({ pollInterval: "20 millis" }))))
    )
  const ready = until("it is ready", Effect.map(Stepped.ready, ({ isReady }) => isReady))
  const states = Effect.map(Stepped.ready, ({ workers }) => workers)

  test("19.4: a process without workers is ready as soon as its database is, and one with workers when these take work", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* Stepped.ready, { isReady: true, problems: [], workers: [] })
      yield* Effect.scoped(Effect.gen(function*() {
        yield* Layer.build(Stepped.worker({ name: "garage" }))
        yield* ready
        assert.deepStrictEqual(yield* states, [{ name: "garage", state: "working" }])
        assert.deepStrictEqual(yield* Stepped.live, { isLive: true, workers: [{ name: "garage", state: "working" }] })
      }))
      assert.deepStrictEqual(yield* states, [])
    }))

  test("19.4: a long queue is no reason not to be ready", () =>
    Effect.gen(function*() {
      gate.closeUnsafe()
      const cars = yield* Cars.client
      yield* cars.enqueueMany(drive, Array.from({ length: 2000 }, (_, id) => [id]))
      yield* Effect.scoped(Effect.gen(function*() {
        yield* Layer.build(Stepped.worker({ concurrency: 1, gracePeriod: 0 }))
        yield* ready
        assert.isTrue((yield* Stepped.live).isLive)
      }))
      gate.openUnsafe()
    }))

  test("19.4: a worker that stops takes nothing new, and is not ready until its process ends, and alive all the time", () =>
    Effect.gen(function*() {
      gate.closeUnsafe()
      const stopped = yield* Effect.forkChild(Effect.scoped(Effect.gen(function*() {
        yield* Layer.build(Stepped.worker({ name: "garage", gracePeriod: "1 minute" }))
        yield* (yield* Cars.client)(1).driveLater()
        yield* until("it runs", Effect.map(isRunning, (running) => running))
      })))
      const isStopping = Effect.map(states, (workers) => workers.some(({ state }) => state === "stopping"))
      yield* until("it stops", isStopping)
      const ready = yield* Stepped.ready
      const { isLive } = yield* Stepped.live
      gate.openUnsafe()
      yield* Fiber.join(stopped)
      assert.deepStrictEqual([ready, isLive], [{
        isReady: false,
        problems: ["the worker garage takes nothing new"],
        workers: [{ name: "garage", state: "stopping" }]
      }, true])
      assert.deepStrictEqual(yield* Stepped.ready, { isReady: true, problems: [], workers: [] })
    }))

  test("19.4: a database without the tables, or that takes no writes, is said in words", () =>
    Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      yield* sql`alter table stepped.workers rename to elsewhere`
      const { isReady, problems } = yield* Stepped.ready
      assert.isFalse(isReady)
      assert.match(problems.join(), /^the database does not answer: .*workers/)
      assert.isTrue((yield* Stepped.live).isLive)
      yield* sql`alter table stepped.elsewhere rename to workers`
      assert.isTrue((yield* Stepped.ready).isReady)
      const readOnly = yield* sql.withTransaction(Effect.gen(function*() {
        yield* sql`set transaction read only`
        return yield* Stepped.ready
      }))
      assert.deepStrictEqual(readOnly.problems, [
        "the database takes no writes: it is a replica, or set to be read only"
      ])
    }))
})

const isRunning = Effect.flatMap(
  SqlClient.SqlClient,
  (sql) => Effect.map(sql<{ n: number }>`select count(*)::int as n from stepped.live_actions`, ([row]) => row!.n > 0)
).pipe(Effect.orDie)
