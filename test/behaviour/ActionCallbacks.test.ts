/** Rules 4.1 to 4.3: which callbacks run, in which order, and what a failing one means. */
import { assert, it } from "@effect/vitest"
import { Effect, Exit, Layer, Option } from "effect"
import { AchievementStore, ActionFailed, ActionRepo, Stepped } from "stepped"
import { performSteppedActions } from "stepped/testing"
import { healthy, suite } from "../harness/databases.ts"
import { seen } from "../harness/notes.ts"
import { lanes, recordOf, recordsOf, statusesOf, stepsOf } from "../harness/observing.ts"
import { Cars, CarsLive, paint, queue, TooFar, tow } from "./fixtures/callbacks.ts"

suite("callbacks", (engine) => {
  const test = <A, E>(name: string, scenario: () => Effect.Effect<A, E, Stepped.Services>) =>
    it.effect(
      name,
      () => Effect.provide(Effect.andThen(scenario(), healthy), CarsLive.pipe(Layer.provideMerge(engine.layer())))
    )

  test("4.1: those for the status and those for all run in the order of their definition, with the outcome", () =>
    Effect.gen(function*() {
      const handle = yield* (yield* Cars.client)(1).driveLater(5)
      yield* performSteppedActions()
      assert.deepStrictEqual(seen, ["first 5", `second 5 of ${handle.id}`, "third 5 succeeded 10"])
      const { callbacksFailed, callbacksSucceeded, status } = yield* recordOf(handle.id)
      assert.deepStrictEqual([status, callbacksSucceeded, callbacksFailed], ["succeeded", 3, 0])
    }))

  test("4.1: they run one after another, the next one after the end of the one before", () =>
    Effect.gen(function*() {
      yield* (yield* Cars.client)(1).slowLater()
      yield* performSteppedActions()
      assert.deepStrictEqual(seen, ["first begins", "first ends", "second begins"])
    }))

  test("4.1: they get the arguments as they are, also those that a step replaced", () =>
    Effect.gen(function*() {
      const handle = yield* (yield* Cars.client)(1).overtakeLater(1, "right")
      yield* performSteppedActions()
      assert.deepStrictEqual(seen, ["step 7 left", "callback 7 left"])
      assert.deepStrictEqual((yield* recordOf(handle.id)).arguments, [7, "left"])
    }))

  test("4.1: after() means succeeded, failed, cancelled and timed_out; after(a, b) is one entry per status", () =>
    Effect.gen(function*() {
      const car = (yield* Cars.client)(1)
      const ran = (outcome: Parameters<typeof Stepped.complete<typeof tow>>[2]) =>
        Effect.gen(function*() {
          seen.length = 0
          const handle = yield* car.towNow()
          yield* Stepped.complete(handle.id, tow, outcome)
          yield* performSteppedActions()
          return [(yield* recordOf(handle.id)).status, ...seen]
        })
      assert.deepStrictEqual(yield* ran(Stepped.Outcome.succeeded("home")), ["succeeded", "all succeeded", "with home"])
      assert.deepStrictEqual(yield* ran(Stepped.Outcome.failed(new TooFar({ miles: 9 }))), [
        "failed",
        "all failed",
        "two failed",
        "because of TooFar"
      ])
      assert.deepStrictEqual(yield* ran(Stepped.Outcome.failed()), [
        "failed",
        "all failed",
        "two failed",
        "because of ActionFailed"
      ])
      assert.deepStrictEqual(yield* ran(Stepped.Outcome.cancelled), ["cancelled", "all cancelled", "one cancelled"])
      assert.deepStrictEqual(yield* ran(Stepped.Outcome.timedOut), ["timed_out", "all timed_out", "two timed_out"])
    }))

  test("4.1: a superseded action runs none", () =>
    Effect.gen(function*() {
      const car = (yield* Cars.client)(1)
      yield* car.queueLater("first")
      yield* car.queueLater("second")
      yield* car.queueLater("third")
      yield* performSteppedActions({
        outbound: (action) => Stepped.complete(action.id, queue, Stepped.Outcome.succeededVoid)
      })
      assert.deepStrictEqual(yield* statusesOf("queue"), ["succeeded", "superseded", "succeeded"])
      assert.deepStrictEqual(seen, ["first succeeded", "third succeeded"])
    }))

  test("4.1: a deadlocked action runs none, its parent the failed ones", () =>
    Effect.gen(function*() {
      const handle = yield* (yield* Cars.client)(1).washLater("nested")
      yield* performSteppedActions()
      assert.strictEqual((yield* recordOf(handle.id)).status, "failed")
      assert.deepStrictEqual(seen, ["nested failed"])
      assert.deepStrictEqual(yield* recordsOf("washInner"), [])
    }))

  test("4.1: a pending action that is cancelled runs its cancelled ones, and the current one goes on", () =>
    Effect.gen(function*() {
      const car = (yield* Cars.client)(1)
      const first = yield* car.queueNow("first")
      const second = yield* car.queueNow("second")
      assert.strictEqual((yield* second.status).status, "pending")
      assert.isTrue(yield* second.cancel())
      yield* Effect.exit(performSteppedActions())
      assert.deepStrictEqual(seen, ["second cancelled"])
      const { callbacksSucceeded, status } = yield* recordOf(second.id)
      assert.deepStrictEqual([status, callbacksSucceeded], ["cancelled", 1])
      assert.strictEqual((yield* first.status).status, "performing")
      assert.deepStrictEqual(yield* lanes, ["Car/1/queue"])
    }))

  test("4.2: a failing callback stops no other and leaves the status; both kinds are counted", () =>
    Effect.gen(function*() {
      const handle = yield* (yield* Cars.client)(1).polishLater("badly")
      yield* performSteppedActions()
      assert.deepStrictEqual(seen, ["last"])
      const { callbacksFailed, callbacksSucceeded, status } = yield* recordOf(handle.id)
      assert.deepStrictEqual([status, callbacksSucceeded, callbacksFailed], ["succeeded", 1, 3])
      assert.isUndefined(yield* handle.await)
    }))

  test("4.3: with a failed callback there is no achievement, so that the work is done again", () =>
    Effect.gen(function*() {
      const car = (yield* Cars.client)(1)
      const achieved = Effect.flatMap(AchievementStore, (store) => store.find("Car/1/polish"))
      yield* car.polishLater("badly")
      yield* performSteppedActions()
      assert.deepStrictEqual(yield* achieved, Option.none())
      yield* car.polishLater("badly")
      yield* car.polishLater("well")
      yield* performSteppedActions()
      assert.deepStrictEqual(yield* statusesOf("polish"), ["succeeded", "succeeded", "succeeded"])
      assert.strictEqual(Option.getOrThrow(yield* achieved).action, (yield* recordsOf("polish"))[2]!.id)
      // achieved: nothing more is stored
      yield* car.polishLater("well")
      yield* performSteppedActions()
      assert.lengthOf(yield* recordsOf("polish"), 3)
    }))

  test("4.3: a slot counts a child with a failed callback as failed", () =>
    Effect.gen(function*() {
      const car = (yield* Cars.client)(1)
      const handle = yield* car.polishTwiceLater("badly")
      yield* performSteppedActions()
      assert.deepStrictEqual(yield* statusesOf("polish"), ["succeeded"])
      assert.deepStrictEqual(yield* stepsOf(handle.id), ["polish failed"])
      assert.deepStrictEqual(seen, ["last"])
      const error = yield* Effect.flip(handle.await)
      assert.instanceOf(error, ActionFailed)
      assert.strictEqual(error.message, "polishTwice Car/1 › polish › polish Car/1: a callback failed")
      const slots = yield* Effect.flatMap(ActionRepo, (repo) => repo.slots(handle.id))
      assert.deepStrictEqual(slots.map((slot) => slot.status), ["failed"])

      yield* (yield* Cars.client)(2).polishTwiceLater("well")
      yield* performSteppedActions()
      assert.deepStrictEqual(yield* statusesOf("polishTwice"), ["failed", "succeeded"])
      assert.deepStrictEqual(seen, ["last", "first", "second", "third", "last", "admired"])
    }))

  test("4.3+: of two lanes with one checksum key the later success is the achievement", () =>
    Effect.gen(function*() {
      const car = (yield* Cars.client)(1)
      const red = yield* car.paintNow("north", "red")
      const blue = yield* car.paintNow("south", "blue")
      const achieved = Effect.flatMap(AchievementStore, (store) => store.find("paint"))
      yield* Stepped.complete(blue.id, paint, Stepped.Outcome.succeeded("sky"))
      assert.strictEqual(Option.getOrThrow(yield* achieved).action, blue.id)
      yield* Stepped.complete(red.id, paint, Stepped.Outcome.succeeded("rose"))
      const stored = Option.getOrThrow(yield* achieved)
      assert.deepStrictEqual([stored.action, stored.result], [red.id, "rose"])
      assert.strictEqual(yield* (yield* car.paintNow("east", "red")).await, "rose")
      assert.isTrue(Exit.isSuccess(yield* Effect.exit(performSteppedActions())))
    }))
})
