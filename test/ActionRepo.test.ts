import { assert, it } from "@effect/vitest"
import { Effect, Layer, Option, Schema } from "effect"
import { TestClock } from "effect/testing"
import { ActionRepo, JobQueue, Step, Stepped } from "stepped"
import { performSteppedActions } from "stepped/testing"
import { healthy, suite } from "./harness/databases.ts"

class Car extends Stepped.Actor<Car>()("Car", { id: Schema.Int }) {}
const honk = Stepped.action("honk", { success: Schema.Int })
const tow = Stepped.action("tow", { outbound: true }).step(() => Effect.void)
const tour = Stepped.action("tour", { success: Schema.Int })
  .step("first", () => Step.do(honk))
  .step("second", (results) => Effect.as(Step.do(tow), results.first))
class Truck extends Stepped.Actor<Truck>()("Truck", { id: Schema.Int }) {}
// of a worker that is not here: what is asked of it stays queued
const load = Stepped.action("load")
const deliver = Stepped.action("deliver").step("load", () => Step.on(Truck.ref(1), load))
const Cars = Stepped.actions(Car, [honk, tow, tour, deliver])
const CarsLive = Cars.toLayer(Effect.succeed({ honk: () => Effect.succeed(7) }))

suite("the action repo", (engine) => {
  const layer = CarsLive.pipe(Layer.provideMerge(engine.layer()))

  it.effect("gives an action's tree, with steps, slots and children", () =>
    Effect.gen(function*() {
      const handle = yield* (yield* Cars.client)(1).tourLater()
      yield* performSteppedActions({
        outbound: (action) => Stepped.complete(action.id, tow, Stepped.Outcome.succeededVoid)
      })
      const repo = yield* ActionRepo
      const tree = Option.getOrThrow(yield* repo.tree(handle.id))
      assert.strictEqual(tree.action.status, "succeeded")
      assert.deepStrictEqual(
        tree.steps.map((
          step
        ) => [step.name, step.status, step.slots.map((slot) => [slot.name, slot.status, slot.tree?.action.status])]),
        [["first", "succeeded", [["honk", "succeeded", "succeeded"]]], ["second", "succeeded", [[
          "tow",
          "succeeded",
          "succeeded"
        ]]]]
      )
      assert.isTrue(Option.isNone(yield* repo.tree("not an id")))
      yield* healthy
    }).pipe(Effect.provide(layer)))

  it.effect("deletes history, and keeps what a live action may still read", () =>
    Effect.gen(function*() {
      const cars = yield* Cars.client
      const repo = yield* ActionRepo
      const old = yield* cars(1).honkLater()
      yield* performSteppedActions()
      yield* TestClock.adjust("1 minute")
      const live = yield* cars(2).tourLater()
      yield* Effect.flip(performSteppedActions())
      yield* TestClock.adjust("1 hour")
      const before = new Date(2 * 3_600_000)
      assert.strictEqual(yield* repo.deleteEnded({ before }), 1)
      assert.isTrue(Option.isNone(yield* repo.find(old.id)))
      assert.deepStrictEqual(yield* repo.steps(old.id), [])
      assert.strictEqual((yield* Effect.flip(old.await))._tag, "UnknownAction")
      // the first step's result is in an ended child, which the live action reads when it goes on
      yield* performSteppedActions({
        outbound: (action) => Stepped.complete(action.id, tow, Stepped.Outcome.succeededVoid)
      })
      assert.strictEqual(yield* live.await, 7)
      assert.strictEqual(yield* repo.deleteEnded({ before, limit: 2 }), 2)
      assert.strictEqual(yield* repo.deleteEnded({ before }), 1)
      assert.deepStrictEqual(yield* repo.list(), [])
      yield* healthy
    }).pipe(Effect.provide(layer)))

  it.effect("keeps what was cancelled until what it has left behind is cancelled too", () =>
    Effect.gen(function*() {
      const repo = yield* ActionRepo
      const queue = yield* JobQueue
      const handle = yield* (yield* Cars.client)(1).deliverLater()
      yield* Effect.flip(performSteppedActions())
      assert.isTrue(yield* handle.cancel)
      yield* TestClock.adjust("1 hour")
      const before = new Date(2 * 3_600_000)
      // no worker has come by since: its child is still queued as if somebody waited for it
      assert.deepStrictEqual((yield* queue.queued(10)).map((job) => job.cancelled), [false])
      assert.strictEqual(yield* repo.deleteEnded({ before }), 0)
      yield* Effect.ignore(performSteppedActions())
      assert.deepStrictEqual((yield* queue.queued(10)).map((job) => job.cancelled), [true])
      assert.strictEqual(yield* repo.deleteEnded({ before }), 1)
      yield* healthy
    }).pipe(Effect.provide(layer)))

  it.effect("an id leads back to a handle", () =>
    Effect.gen(function*() {
      const handle = yield* (yield* Cars.client)(1).honkLater()
      const again = yield* Stepped.handle(Car.ref(1), honk, handle.id)
      yield* performSteppedActions()
      assert.strictEqual(yield* again.await, 7)
      assert.strictEqual((yield* again.status).status, "succeeded")
      const none = yield* Stepped.handle(Car.ref(1), honk, "not an id")
      assert.strictEqual((yield* Effect.flip(none.await))._tag, "UnknownAction")
      assert.strictEqual((yield* Effect.flip(none.cancel))._tag, "UnknownAction")
      const other = yield* Effect.flip(
        Effect.flatMap(Stepped.handle(Car.ref(1), tour, handle.id), ({ await: wait }) => wait)
      )
      assert.strictEqual(other._tag, "UnknownAction")
    }).pipe(Effect.provide(layer)))
})
