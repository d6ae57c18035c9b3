import { assert, it } from "@effect/vitest"
import { Effect, Layer, Option, Schema } from "effect"
import { TestClock } from "effect/testing"
import { AchievementStore, ActionRepo, InvalidQuery, JobQueue, PerformanceLane, Step, Stepped } from "stepped"
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

/** An id that nobody has. */
const unknown = "00000000-0000-7000-8000-000000000000"

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
      assert.deepStrictEqual(yield* repo.deleteEnded({ before }), { deleted: 1, next: undefined })
      assert.isTrue(Option.isNone(yield* repo.find(old.id)))
      assert.deepStrictEqual(yield* repo.steps(old.id), [])
      assert.strictEqual((yield* Effect.flip(old.await))._tag, "UnknownAction")
      // the first step's result is in an ended child, which the live action reads when it goes on
      yield* performSteppedActions({
        outbound: (action) => Stepped.complete(action.id, tow, Stepped.Outcome.succeededVoid)
      })
      assert.strictEqual(yield* live.await, 7)
      const { deleted, next } = yield* repo.deleteEnded({ before, limit: 2 })
      assert.strictEqual(deleted, 2)
      assert.deepStrictEqual(yield* repo.deleteEnded({ before, from: next }), { deleted: 1, next: undefined })
      assert.deepStrictEqual(yield* repo.list(), [])
      yield* healthy
    }).pipe(Effect.provide(layer)))

  it.effect("keeps what was cancelled until what it has left behind is cancelled too", () =>
    Effect.gen(function*() {
      const repo = yield* ActionRepo
      const queue = yield* JobQueue
      const handle = yield* (yield* Cars.client)(1).deliverLater()
      yield* Effect.flip(performSteppedActions())
      assert.isTrue(yield* handle.cancel())
      yield* TestClock.adjust("1 hour")
      const before = new Date(2 * 3_600_000)
      // no worker has come by since: its child is still queued as if somebody waited for it
      assert.deepStrictEqual((yield* queue.queued({ limit: 10 })).map((job) => job.cancelled), [false])
      assert.deepStrictEqual(yield* repo.deleteEnded({ before }), { deleted: 0, next: undefined })
      yield* Effect.ignore(performSteppedActions())
      assert.deepStrictEqual((yield* queue.queued({ limit: 10 })).map((job) => job.cancelled), [true])
      assert.deepStrictEqual(yield* repo.deleteEnded({ before }), { deleted: 1, next: undefined })
      yield* healthy
    }).pipe(Effect.provide(layer)))

  it.effect("under what nothing can have there is nothing, whoever is asked", () =>
    Effect.gen(function*() {
      yield* (yield* Cars.client)(1).honkLater()
      yield* performSteppedActions()
      const repo = yield* ActionRepo
      const lanes = yield* PerformanceLane
      const achievements = yield* AchievementStore
      for (const id of ["", "garbage", "\u0000", "00000000-0000-7000-8000-00000000000", `${unknown}'`, unknown]) {
        assert.deepStrictEqual(yield* repo.find(id), Option.none())
        assert.deepStrictEqual(yield* repo.steps(id), [])
        assert.deepStrictEqual(yield* repo.slots(id), [])
        assert.deepStrictEqual(yield* repo.tree(id), Option.none())
      }
      for (const text of ["garbage", "\u0000", "\ud800"]) {
        assert.deepStrictEqual(yield* repo.list({ actorType: text }), [])
        assert.deepStrictEqual(yield* repo.list({ actorId: text }), [])
        assert.deepStrictEqual(yield* repo.list({ name: text }), [])
        assert.deepStrictEqual(yield* lanes.find(text), Option.none())
        assert.deepStrictEqual(yield* achievements.find(text), Option.none())
        assert.isFalse(yield* achievements.forget(text))
      }
      for (const nothing of [null, undefined, "", []]) assert.deepStrictEqual(yield* lanes.find(nothing), Option.none())
      assert.strictEqual((yield* repo.list()).length, 1)
      yield* healthy
    }).pipe(Effect.provide(layer)))

  it.effect("what cannot be asked for is refused, by the name of the field and with what it takes", () =>
    Effect.gen(function*() {
      const repo = yield* ActionRepo
      const lanes = yield* PerformanceLane
      const achievements = yield* AchievementStore
      const queue = yield* JobQueue
      const before = new Date(0)
      const limited: ReadonlyArray<readonly [string, (limit: number) => Effect.Effect<unknown, unknown>, number]> = [
        ["limit of ActionRepo.list", (limit) => repo.list({ limit }), 10_000],
        ["limit of ActionRepo.page", (limit) => repo.page({ limit }), 10_000],
        ["limit of ActionRepo.tree", (limit) => repo.tree(unknown, { limit }), 100_000],
        ["limit of ActionRepo.deleteEnded", (limit) => repo.deleteEnded({ before, limit }), 100_000],
        ["limit of ActionRepo.deleteOutcomes", (limit) => repo.deleteOutcomes({ before, limit }), 100_000],
        ["limit of ActionRepo.deleteOperations", (limit) => repo.deleteOperations({ before, limit }), 100_000],
        ["limit of ActionRepo.planDeletion", (limit) => repo.planDeletion({ before, limit }), 100_000],
        ["limit of ActionRepo.failures", (limit) => repo.failures({ limit }), 10_000],
        ["limit of ActionRepo.asked", (limit) => repo.asked({ limit }), 100_000],
        ["limit of ActionRepo.operations", (limit) => repo.operations({ limit }), 10_000],
        ["limit of PerformanceLane.list", (limit) => lanes.list({ limit }), 10_000],
        ["limit of AchievementStore.list", (limit) => achievements.list({ limit }), 10_000],
        ["limit of AchievementStore.forgetAll", (limit) => achievements.forgetAll({ before, limit }), 100_000],
        ["limit of JobQueue.queued", (limit) => queue.queued({ limit }), 10_000],
        ["limit of JobQueue.definitions", (limit) => queue.definitions({ limit }), 10_000]
      ]
      for (const [field, ask, most] of limited) {
        for (const limit of [NaN, -1, 0, 1.5, Infinity, most + 1]) {
          const error = yield* Effect.flip(ask(limit))
          assert.instanceOf(error, InvalidQuery)
          assert.strictEqual(error.message, `${field} is ${limit}: it takes a whole number from 1 to ${most}`)
        }
        yield* ask(most)
      }
      const never = new Date(NaN)
      const dated: ReadonlyArray<readonly [string, Effect.Effect<unknown, unknown>]> = [
        ["before of ActionRepo.deleteEnded", repo.deleteEnded({ before: never })],
        ["from of ActionRepo.deleteEnded", repo.deleteEnded({ before, from: "garbage" })],
        ["before of ActionRepo.deleteOutcomes", repo.deleteOutcomes({ before: never })],
        ["before of ActionRepo.deleteOperations", repo.deleteOperations({ before: never })],
        ["before of AchievementStore.forgetAll", achievements.forgetAll({ before: never })]
      ]
      for (const [field, ask] of dated) {
        const error = yield* Effect.flip(ask)
        assert.instanceOf(error, InvalidQuery)
        assert.strictEqual(error.field, field)
      }
      const early = yield* Effect.flip(repo.deleteEnded({ before: new Date(-210_866_803_200_001) }))
      assert.instanceOf(early, InvalidQuery)
      yield* repo.deleteEnded({ before: new Date(-210_866_803_200_000) })
      const strange = yield* Effect.flip(repo.list({ statuses: ["succeeded", "done" as "failed"] }))
      assert.strictEqual(
        strange.message,
        "statuses of ActionRepo.list is done: it takes queued, pending, performing, succeeded, superseded, cancelled, failed, timed_out, deadlocked"
      )
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
      assert.strictEqual((yield* Effect.flip(none.cancel()))._tag, "UnknownAction")
      const other = yield* Effect.flip(
        Effect.flatMap(Stepped.handle(Car.ref(1), tour, handle.id), ({ await: wait }) => wait)
      )
      assert.strictEqual(other._tag, "UnknownAction")
    }).pipe(Effect.provide(layer)))
})
