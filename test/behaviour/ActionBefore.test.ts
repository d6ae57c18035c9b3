/** Rules 2.2 and 2.6: what `before` decides, and that nothing is stored before it has. */
import { assert, it } from "@effect/vitest"
import { Effect, Layer, Option } from "effect"
import type { SqlClient } from "effect/sql"
import { Stepped } from "stepped"
import { performSteppedActions, withHandledDefects } from "stepped/testing"
import { embedded, healthy, server, suite } from "../harness/databases.ts"
import { seen } from "../harness/notes.ts"
import { recordOf, recordsOf, slotsOf, statusesOf, stepsOf } from "../harness/observing.ts"
import { performIdle } from "../harness/performing.ts"
import { nothing, stored } from "../harness/stored.ts"
import { Car, Cars, Live, NoParking, outbound } from "./fixtures/hooks.ts"

suite("before", (engine) => {
  const test = <A, E>(name: string, scenario: () => Effect.Effect<A, E, Stepped.Services | SqlClient.SqlClient>) =>
    it.effect(
      name,
      () => Effect.provide(Effect.andThen(scenario(), healthy), Live.pipe(Layer.provideMerge(engine.layer())))
    )

  test("2.2: it runs in the worker, not when the action is enqueued", () =>
    Effect.gen(function*() {
      const handle = yield* (yield* Cars.client)(1).visitLater("London")
      assert.deepStrictEqual(seen, [])
      yield* performSteppedActions()
      assert.deepStrictEqual(seen, ["before London", "step London", "callback London succeeded"])
      assert.strictEqual(yield* handle.await, "London")
    }))

  test("2.2: it may replace the arguments, for checksum, steps, callbacks and the row", () =>
    Effect.gen(function*() {
      const handle = yield* (yield* Cars.client)(1).visitLater("double")
      yield* performSteppedActions()
      assert.deepStrictEqual(seen, ["before double", "step double double", "callback double double succeeded"])
      assert.deepStrictEqual((yield* recordOf(handle.id)).arguments, ["double double"])
      // the checksum is that of the replaced arguments
      seen.length = 0
      yield* (yield* Cars.client)(1).visitLater("double double")
      yield* performSteppedActions()
      assert.deepStrictEqual(seen, ["before double double"])
    }))

  test("2.2, 2.6: it may cancel: nothing is stored, no callback runs, and the handle knows", () =>
    Effect.gen(function*() {
      const handle = yield* (yield* Cars.client)(1).visitLater("cancel")
      yield* performSteppedActions()
      assert.deepStrictEqual(seen, ["before cancel"])
      assert.deepStrictEqual(yield* stored, { ...nothing, outcomes: 1 })
      const error = yield* Effect.flip(handle.await)
      assert.deepInclude(error, { _tag: "Cancelled", action: "visit", actor: "Car/1", path: "visit Car/1" })
      assert.deepStrictEqual(yield* handle.status, {
        id: handle.id,
        status: "cancelled",
        successor: undefined,
        unwinding: false
      })
      assert.isFalse(yield* handle.cancel())
    }))

  test("2.2, 2.6: it may complete with a result, with services and the actor: nothing is stored", () =>
    Effect.gen(function*() {
      const handle = yield* (yield* Cars.client)(7).visitLater("complete")
      yield* performSteppedActions()
      assert.deepStrictEqual(seen, ["before complete"])
      assert.deepStrictEqual(yield* stored, { ...nothing, outcomes: 1 })
      assert.strictEqual(yield* handle.await, "already at complete in sun with 7")
      assert.strictEqual((yield* handle.status).status, "succeeded")
    }))

  test("2.2: it may complete and cancel an outbound action too", () =>
    Effect.gen(function*() {
      const car = (yield* Cars.client)(1)
      const [done, cancelled] = [yield* car.outboundNow(10), yield* car.outboundNow(-1)]
      assert.strictEqual(yield* done.await, 10)
      assert.strictEqual((yield* Effect.flip(cancelled.await))._tag, "Cancelled")
      assert.deepStrictEqual(seen, [])
      assert.deepStrictEqual(yield* stored, { ...nothing, outcomes: 2 })
      const open = yield* car.outboundNow(5)
      assert.strictEqual((yield* open.status).status, "performing")
      assert.isTrue(Option.isSome(yield* Stepped.complete(open.id, outbound, Stepped.Outcome.succeeded(5))))
      yield* performSteppedActions()
      assert.deepStrictEqual(seen, ["outbound step", "outbound callback"])
    }))

  test("2.2: a declared error in it is the action's own", () =>
    Effect.gen(function*() {
      const handle = yield* (yield* Cars.client)(1).visitLater("error")
      yield* performSteppedActions()
      const error = yield* Effect.flip(handle.await)
      assert.instanceOf(error, NoParking)
      assert.deepInclude(error, { at: "error" })
      assert.deepStrictEqual(seen, ["before error"])
      assert.deepStrictEqual(yield* stored, { ...nothing, outcomes: 1 })
    }))

  for (
    const [to, message] of [
      ["defect", "out of fuel"],
      ["interrupt", "interrupt"],
      ["misfit", "Expected string"],
      ["misfitting arguments", "Expected string"]
    ] as const
  ) {
    test(`2.2: a failure in it (${to}) makes the action failed`, () =>
      Effect.gen(function*() {
        const handle = yield* (yield* Cars.client)(1).visitLater(to)
        yield* performSteppedActions()
        const error = yield* Effect.flip(handle.await)
        assert.deepInclude(error, { _tag: "ActionFailed", action: "visit", actor: "Car/1", actionId: handle.id })
        assert.include(error.message, "visit Car/1: ")
        assert.include(error.message, message)
        assert.strictEqual((yield* handle.status).status, "failed")
        assert.deepStrictEqual(yield* stored, { ...nothing, outcomes: 1 })
      }))
  }

  test("2.2: there is one `before`; a later one replaces it", () =>
    Effect.gen(function*() {
      yield* (yield* Cars.client)(1).replacedLater(1)
      yield* performSteppedActions()
      assert.deepStrictEqual(seen, ["second before", "step 2", "callback 2"])
    }))

  test("2.6: the waiting slot of a short-circuited child is told, and no answer is kept for it", () =>
    Effect.gen(function*() {
      const car = (yield* Cars.client)(1)
      const told = yield* car.tourLater("complete")
      yield* performSteppedActions()
      assert.strictEqual(yield* told.await, "already at complete in sun with 1")
      assert.deepStrictEqual(yield* slotsOf(told.id), ["succeeded"])

      const cancelled = yield* car.tourLater("cancel")
      yield* performSteppedActions()
      assert.deepStrictEqual(yield* slotsOf(cancelled.id), ["cancelled"])
      assert.include((yield* Effect.flip(cancelled.await)).message, "tour Car/1 › visit › visit Car/1: cancelled")

      const failed = yield* car.tourLater("error")
      yield* performSteppedActions()
      assert.deepStrictEqual(yield* slotsOf(failed.id), ["failed"])
      assert.deepStrictEqual(yield* stepsOf(failed.id), ["visit failed"])
      assert.include((yield* Effect.flip(failed.await)).message, "tour Car/1 › visit › visit Car/1: NoParking at error")

      assert.deepStrictEqual(yield* recordsOf("visit"), [])
      assert.strictEqual((yield* stored).outcomes, 0)
    }))

  test("2.2: with a defect that is not handled, it runs again later", () =>
    Effect.gen(function*() {
      const handle = yield* (yield* Cars.client)(1).flakyLater()
      yield* performIdle.pipe(withHandledDefects(() => false))
      assert.deepStrictEqual(seen, ["again"])
      assert.strictEqual((yield* handle.status).status, "queued")
      yield* performSteppedActions().pipe(withHandledDefects(() => false))
      assert.deepStrictEqual(seen, ["again", "again", "again"])
      assert.strictEqual(yield* handle.await, 1)
      assert.deepStrictEqual(yield* statusesOf("flaky"), ["succeeded"])
    }))
})

for (const engine of [embedded, server]) {
  it.live(`2.2: it runs again if the worker dies first (${engine.name})`, () =>
    Effect.gen(function*() {
      const begun: Array<string> = []
      const drive = Stepped.action("drive").before(() =>
        Effect.suspend(() => {
          begun.push("before")
          return begun.length === 1 ? Effect.never : Effect.void
        })
      ).step(() => Effect.sync(() => void begun.push("step")))
      const Drivers = Stepped.actions(Car, [drive])
      yield* Effect.gen(function*() {
        const client = (yield* Drivers.client)(1)
        const handle = yield* client.driveLater()
        // a worker that is closed in the middle gives the invocation back
        yield* Effect.scoped(Effect.gen(function*() {
          yield* Layer.build(Stepped.worker({ gracePeriod: 0 }))
          while (begun.length === 0) yield* Effect.yieldNow
          assert.strictEqual((yield* handle.status).status, "queued")
        }))
        assert.deepStrictEqual(begun, ["before"])
        assert.deepStrictEqual(yield* recordsOf("drive"), [])
        yield* performSteppedActions()
        assert.deepStrictEqual(begun, ["before", "before", "step"])
        yield* handle.await
        yield* healthy
      }).pipe(Effect.provide(Drivers.layer.pipe(Layer.provideMerge(engine.layer()))))
    }))
}
