/** Enqueueing in bulk: all or none, in order, in few statements. */
import { assert, it } from "@effect/vitest"
import { Effect, Layer, Schema } from "effect"
import { SqlClient } from "effect/sql"
import { EnqueueError, InvalidArguments, Step, Stepped, TooManyInvocations } from "stepped"
import { performSteppedActions } from "stepped/testing"
import { healthy, suite } from "../harness/databases.ts"
import { nothing, stored } from "../harness/stored.ts"

class Car extends Stepped.Actor<Car>()("Car", { id: Schema.Int }) {}
const Positive = Schema.Int.check(Schema.isGreaterThan(0))
const drive = Stepped.action("drive", { arguments: [Positive], success: Schema.String })
  .step((miles) => Effect.map(Car, (car) => `${car.id} drove ${miles}`))
const fleet = Stepped.action("fleet", { arguments: [Schema.Int], success: Schema.Int })
  .step("drive", (size) => Step.on(Array.from({ length: size }, (_, id) => Car.ref(id)), drive, 1))
  .step((_size, { drive }) => Effect.succeed(drive.length))
const Cars = Stepped.actions(Car, [drive, fleet])

const calls = (size: number) => Array.from({ length: size }, (_, id) => [id, id + 1] as const)

suite("enqueueMany", (engine) => {
  const test = <A, E>(name: string, scenario: () => Effect.Effect<A, E, Stepped.Services | SqlClient.SqlClient>) =>
    it.effect(
      name,
      () => Effect.provide(Effect.andThen(scenario(), healthy), Layer.provideMerge(Cars.layer, engine.layer()))
    )

  test("gives a handle for each call, in order", () =>
    Effect.gen(function*() {
      const cars = yield* Cars.client
      const handles = yield* cars.enqueueMany(drive, calls(3))
      assert.deepStrictEqual(handles.map(({ actor }) => actor.id), [0, 1, 2])
      yield* performSteppedActions()
      assert.deepStrictEqual(yield* Effect.all(handles.map((handle) => handle.await)), [
        "0 drove 1",
        "1 drove 2",
        "2 drove 3"
      ])
    }))

  test("takes any iterable, and none at all", () =>
    Effect.gen(function*() {
      const cars = yield* Cars.client
      assert.deepStrictEqual(yield* cars.enqueueMany(drive, []), [])
      yield* cars.enqueueMany(drive, new Map([[1, 5], [2, 6]]))
      assert.deepStrictEqual(yield* stored, { ...nothing, jobs: 2 })
      yield* performSteppedActions()
    }))

  test("stores nothing when one of them does not fit", () =>
    Effect.gen(function*() {
      const cars = yield* Cars.client
      const error = yield* Effect.flip(cars.enqueueMany(drive, [[1, 5], [2, -1]]))
      assert.instanceOf(error, EnqueueError)
      assert.instanceOf(error.reason, InvalidArguments)
      assert.deepStrictEqual(yield* stored, nothing)
    }))

  test("takes a hundred thousand at once, and refuses more", () =>
    Effect.gen(function*() {
      const cars = yield* Cars.client
      const error = yield* Effect.flip(cars.enqueueMany(drive, calls(100_001)))
      assert.deepStrictEqual(error.reason, new TooManyInvocations({ count: 100_001, limit: 100_000 }))
      assert.deepStrictEqual(yield* stored, nothing)
    }))

  test("takes several statements for many, all of them or none", () =>
    Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      const cars = yield* Cars.client
      yield* sql`alter table stepped.jobs add constraint refused check (actor_id <> '11000')`
      const error = yield* Effect.flip(cars.enqueueMany(drive, calls(12_000)))
      assert.strictEqual(error.reason._tag, "StorageError")
      assert.deepStrictEqual(yield* stored, nothing)
      yield* sql`alter table stepped.jobs drop constraint refused`
      yield* cars.enqueueMany(drive, calls(12_000))
      assert.deepStrictEqual(yield* stored, { ...nothing, jobs: 12_000 })
      const order = yield* sql<{ id: number }>`select actor_id::int as id from stepped.jobs order by id`
      assert.deepStrictEqual(order.map(({ id }) => id), calls(12_000).map(([id]) => id))
      yield* sql`truncate stepped.jobs`
    }))

  test("commits and rolls back with the program's transaction", () =>
    Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      const cars = yield* Cars.client
      yield* Effect.flip(sql.withTransaction(Effect.andThen(cars.enqueueMany(drive, calls(12_000)), Effect.fail("no"))))
      assert.deepStrictEqual(yield* stored, nothing)
      yield* sql.withTransaction(cars.enqueueMany(drive, calls(2)))
      assert.deepStrictEqual(yield* stored, { ...nothing, jobs: 2 })
      yield* performSteppedActions()
    }))

  test("a step starts thousands of children in one transition", () =>
    Effect.gen(function*() {
      const handle = yield* (yield* Cars.client)(1).fleetNow(5000)
      const rows = yield* stored
      assert.deepStrictEqual([rows.jobs, rows.slots], [5000, 5000])
      yield* handle.cancel()
      yield* performSteppedActions()
    }))
})
