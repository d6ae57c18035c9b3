/** Rules 13.1 and 13.2: a reason, and cancelling by an id or by actor and action. */
import { assert, it } from "@effect/vitest"
import { Effect, Layer, Schema } from "effect"
import { SqlClient } from "effect/sql"
import { ActionFailed, ActionRepo, Cancelled, Step, Stepped, UnknownAction } from "stepped"
import { performSteppedActions } from "stepped/testing"
import { healthy, suite } from "../harness/databases.ts"
import { note, seen } from "../harness/notes.ts"
import { recordOf } from "../harness/observing.ts"
import { performIdle } from "../harness/performing.ts"

class Car extends Stepped.Actor<Car>()("Car", { id: Schema.Int }) {}

const bays = Stepped.lane("bays", { limit: 2, whenBusy: "line" })
const wash = Stepped.action("wash", { outbound: true, concurrency: () => bays() })
  .step(() => note("washes"))
  .cancelled(({ reason }) => note(`not washed: ${reason}`))
const wax = Stepped.action("wax", { outbound: true, concurrency: () => bays() }).step(() => Effect.void)
const park = Stepped.action("park", { outbound: true }).step(() => Effect.void)
const stop = Stepped.action("stop").step(() => Effect.asVoid(Step.do(park)))
  .failed(({ cause }) => note(cause instanceof ActionFailed ? cause.reason : "another"))
const Cars = Stepped.actions(Car, [wash, wax, park, stop])

const failureOf = <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.flip(effect)

suite("cancelling with options", (engine) => {
  const layer = Cars.layer.pipe(Layer.provideMerge(engine.layer()))
  const test = <A, E>(name: string, scenario: () => Effect.Effect<A, E, Stepped.Services | SqlClient.SqlClient>) =>
    it.effect(name, () => Effect.provide(Effect.andThen(scenario(), healthy), layer))

  test("13.1: waiters, callbacks and readers learn the reason", () =>
    Effect.gen(function*() {
      const handle = yield* (yield* Cars.client)(1).washLater()
      yield* performIdle
      assert.isTrue(yield* handle.cancel({ reason: "it rains" }))
      yield* performSteppedActions()
      const error = yield* failureOf(handle.await)
      assert.instanceOf(error, Cancelled)
      assert.deepInclude(error, { reason: "it rains", message: "wash Car/1 (cancelled: it rains)" })
      assert.deepInclude((yield* recordOf(handle.id)).cause, {
        kind: "cancelled",
        message: "cancelled: it rains",
        reason: "it rains"
      })
      assert.deepStrictEqual(seen, ["washes", "not washed: it rains"])
    }))

  test("13.1: without a reason there is none", () =>
    Effect.gen(function*() {
      const car = (yield* Cars.client)(1)
      const handles = [yield* car.washLater(), yield* car.washLater()]
      yield* performIdle
      yield* handles[0]!.cancel()
      yield* handles[1]!.cancel({ reason: " \n " })
      yield* performSteppedActions()
      for (const handle of handles) {
        const error = yield* failureOf(handle.await)
        assert.deepInclude(error, { message: "wash Car/1 (cancelled)" })
        assert.isFalse("reason" in error)
      }
      assert.deepStrictEqual(seen.slice(2), ["not washed: undefined", "not washed: undefined"])
    }))

  test("13.1: a parent fails with the reason of its child", () =>
    Effect.gen(function*() {
      const handle = yield* (yield* Cars.client)(1).stopLater()
      yield* performIdle
      const [child] = yield* Effect.flatMap(ActionRepo, (repo) => repo.list({ name: "park" }))
      assert.isTrue(yield* Stepped.cancel(child!.id, { reason: "no room" }))
      yield* performSteppedActions()
      const error = yield* failureOf(handle.await)
      assert.deepInclude(error, { _tag: "ActionFailed", reason: "cancelled: no room" })
      assert.deepStrictEqual(seen, ["cancelled: no room"])
    }))

  test("13.1: what no worker has taken yet ends with the reason, and shows it until then", () =>
    Effect.gen(function*() {
      const handle = yield* (yield* Cars.client)(1).washLater()
      assert.isTrue(yield* handle.cancel({ reason: "it rains" }))
      const queued = yield* recordOf(handle.id)
      assert.deepStrictEqual([queued.status, queued.cause?.reason, queued.lastFailure], [
        "queued",
        "it rains",
        undefined
      ])
      yield* performSteppedActions()
      assert.deepInclude(yield* failureOf(handle.await), { _tag: "Cancelled", reason: "it rains" })
      assert.deepStrictEqual(seen, ["not washed: it rains"])
    }))

  test("13.1: a reason that cannot be stored as it is keeps nobody from cancelling", () =>
    Effect.gen(function*() {
      const car = (yield* Cars.client)(1)
      const long = yield* car.washLater()
      const odd = yield* car.washLater()
      yield* performIdle
      assert.isTrue(yield* long.cancel({ reason: "x".repeat(100_000) }))
      assert.isTrue(yield* odd.cancel({ reason: "no\u0000thing \ud800" }))
      yield* performSteppedActions()
      assert.strictEqual((yield* recordOf(long.id)).cause?.reason?.length, 1001)
      assert.strictEqual((yield* recordOf(odd.id)).cause?.reason, "no\ufffdthing \ufffd")
    }))

  test("13.1: by its id alone, once", () =>
    Effect.gen(function*() {
      const handle = yield* (yield* Cars.client)(1).washLater()
      yield* performIdle
      assert.isTrue(yield* Stepped.cancel(handle.id, { reason: "it rains" }))
      assert.isFalse(yield* Stepped.cancel(handle.id, { reason: "the sun shines" }))
      yield* performSteppedActions()
      assert.isFalse(yield* Stepped.cancel(handle.id))
      assert.deepInclude(yield* failureOf(handle.await), { reason: "it rains" })
      for (const id of ["no id", "01900000-0000-7000-8000-000000000000"]) {
        assert.deepInclude(yield* failureOf(Stepped.cancel(id)), { _tag: "UnknownAction", actionId: id })
      }
      assert.instanceOf(yield* failureOf(Stepped.cancel("no id")), UnknownAction)
    }))

  test("13.1: by actor and action, all that an actor has of it: queued, waiting and performing", () =>
    Effect.gen(function*() {
      const cars = yield* Cars.client
      const handles = [yield* cars(1).washLater(), yield* cars(1).washLater(), yield* cars(1).washLater()]
      const others = [yield* cars(2).washLater(), yield* cars(1).parkLater()]
      yield* performIdle
      handles.push(yield* cars(1).washLater(), yield* cars(1).with({ delay: "1 hour" }).washLater())
      seen.length = 0
      assert.deepStrictEqual(yield* Stepped.cancel(Car.ref(1), wash, { reason: "sold" }), {
        cancelled: 5,
        hasMore: false
      })
      assert.deepStrictEqual(yield* Stepped.cancel(Car.ref(1), wash), { cancelled: 0, hasMore: false })
      yield* performIdle
      for (const handle of handles) {
        assert.deepInclude(yield* failureOf(handle.await), { _tag: "Cancelled", reason: "sold" })
      }
      assert.deepStrictEqual(seen.filter((line) => line !== "not washed: sold"), ["washes"])
      for (const handle of others) assert.strictEqual((yield* handle.status).status, "performing")
    }))

  test("13.1: nobody begins because another one is cancelled", () =>
    Effect.gen(function*() {
      const car = (yield* Cars.client)(1)
      const handles = [yield* car.waxLater(), yield* car.waxLater(), yield* car.waxLater()]
      yield* performIdle
      assert.deepStrictEqual(yield* Stepped.cancel(Car.ref(1), wax), { cancelled: 3, hasMore: false })
      const begun = yield* Effect.forEach(handles, ({ id }) => recordOf(id))
      assert.deepStrictEqual(begun.map(({ startedAt }) => startedAt !== undefined), [true, true, false])
    }))

  test("13.1: at most 1,000 a call, and the answer says that there are more", () =>
    Effect.gen(function*() {
      const cars = yield* Cars.client
      yield* cars.enqueueMany(wash, Array.from({ length: 1001 }, () => [1] as const))
      assert.deepStrictEqual(yield* Stepped.cancel(Car.ref(1), wash), { cancelled: 1000, hasMore: true })
      assert.deepStrictEqual(yield* Stepped.cancel(Car.ref(1), wash), { cancelled: 1, hasMore: false })
    }))

  test("13.1: in a transaction of the program's it commits with that", () =>
    Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      const car = (yield* Cars.client)(1)
      const handle = yield* car.washLater()
      yield* performIdle
      const cancelling = Stepped.cancel(Car.ref(1), wash, { reason: "sold" })
      yield* Effect.flip(sql.withTransaction(Effect.andThen(cancelling, Effect.fail("undo"))))
      assert.strictEqual((yield* handle.status).status, "performing")
      assert.deepStrictEqual(yield* sql.withTransaction(cancelling), { cancelled: 1, hasMore: false })
      yield* performSteppedActions()
      assert.deepInclude(yield* failureOf(handle.await), { reason: "sold" })
    }))

  test("13.2: a completion that came before it wins, and a later one changes nothing", () =>
    Effect.gen(function*() {
      const car = (yield* Cars.client)(1)
      const [completed, left] = [yield* car.washLater(), yield* car.washLater()]
      yield* performIdle
      yield* Stepped.complete(completed.id, wash, Stepped.Outcome.succeededVoid)
      assert.deepStrictEqual(yield* Stepped.cancel(Car.ref(1), wash), { cancelled: 1, hasMore: false })
      yield* Stepped.complete(left.id, wash, Stepped.Outcome.succeededVoid)
      yield* performSteppedActions()
      assert.deepStrictEqual([(yield* completed.status).status, (yield* left.status).status], [
        "succeeded",
        "cancelled"
      ])
    }))
})
