/** Rules 7.1 and 2.7: timeouts, on the test's clock. */
import { assert, it } from "@effect/vitest"
import { Deferred, Effect, Fiber, Layer, Option } from "effect"
import { SqlClient } from "effect/sql"
import { TestClock } from "effect/testing"
import { ActionFailed, Stepped, TimedOut } from "stepped"
import { performDue, performSteppedActions, withHandledDefects } from "stepped/testing"
import { healthy, suite } from "../harness/databases.ts"
import { note, seen } from "../harness/notes.ts"
import { lanes, recordOf, recordsOf, slotsOf, statusesOf, stepsOf } from "../harness/observing.ts"
import { performIdle } from "../harness/performing.ts"
import { ask, Car, Cars, scene } from "./fixtures/timeouts.ts"

suite("timeouts", (engine) => {
  const layer = Cars.layer.pipe(Layer.provideMerge(engine.layer()))
  const test = <A, E>(name: string, scenario: () => Effect.Effect<A, E, Stepped.Services | SqlClient.SqlClient>) =>
    it.effect(name, () => Effect.provide(Effect.andThen(scenario(), healthy), layer))

  test("7.1: an action that still performs at started_at + timeout ends as timed out, not a moment earlier", () =>
    Effect.gen(function*() {
      yield* TestClock.adjust("1 hour")
      const handle = yield* (yield* Cars.client)(1).askNow()
      yield* TestClock.adjust("4999 millis")
      yield* performIdle
      assert.strictEqual((yield* handle.status).status, "performing")
      yield* TestClock.adjust("1 millis")
      yield* performIdle
      const { endedAt, startedAt, status } = yield* recordOf(handle.id)
      assert.deepStrictEqual([status, endedAt!.getTime() - startedAt!.getTime()], ["timed_out", 5000])
      assert.deepStrictEqual(seen, ["asked", "ask timed out"])
      assert.deepStrictEqual(yield* lanes, [])
      const error = yield* Effect.flip(handle.await)
      assert.instanceOf(error, TimedOut)
      assert.strictEqual(error.path, "ask Car/1")
    }))

  test("7.1: its slot fails, and so on upwards", () =>
    Effect.gen(function*() {
      const handle = yield* (yield* Cars.client)(1).topLater()
      yield* performIdle
      yield* TestClock.adjust("5 seconds")
      yield* performSteppedActions()
      assert.deepStrictEqual(seen, ["asked", "ask timed out"])
      const [child] = yield* recordsOf("middle")
      assert.deepStrictEqual([child!.status, (yield* recordOf(handle.id)).status], ["failed", "failed"])
      assert.deepStrictEqual([yield* stepsOf(child!.id), yield* slotsOf(child!.id)], [["ask failed"], ["timed_out"]])
      assert.deepStrictEqual([yield* stepsOf(handle.id), yield* slotsOf(handle.id)], [["middle failed"], ["failed"]])
      const error = yield* Effect.flip(handle.await)
      assert.instanceOf(error, ActionFailed)
      assert.strictEqual(error.message, "top Car/1 › middle › middle Car/1 › ask › ask Car/1: timed out")
    }))

  test("2.7+, 7.1: the time runs from the start of performing: not for a pending action", () =>
    Effect.gen(function*() {
      const car = (yield* Cars.client)(1)
      const first = yield* car.askNow()
      yield* TestClock.adjust("3 seconds")
      const second = yield* car.askNow()
      yield* TestClock.adjust("2 seconds")
      yield* performIdle
      assert.deepStrictEqual([(yield* first.status).status, (yield* second.status).status], ["timed_out", "performing"])
      yield* TestClock.adjust("4 seconds")
      yield* performIdle
      assert.strictEqual((yield* second.status).status, "performing")
      yield* TestClock.adjust("1 second")
      yield* performIdle
      assert.strictEqual((yield* second.status).status, "timed_out")
    }))

  test("2.7+, 7.1: it is armed before the first step runs, and interrupts a running body", () =>
    Effect.gen(function*() {
      const reached = yield* Deferred.make<void>()
      scene.body = Effect.onInterrupt(
        Effect.andThen(Deferred.succeed(reached, undefined), Effect.never),
        () => note("interrupted")
      )
      const handle = yield* (yield* Cars.client)(1).busyLater()
      const worker = yield* Effect.forkChild(performDue)
      yield* Deferred.await(reached)
      yield* TestClock.adjust("5 seconds")
      yield* performDue
      yield* Fiber.join(worker)
      assert.deepStrictEqual(seen, ["interrupted"])
      assert.strictEqual((yield* recordOf(handle.id)).status, "timed_out")
      assert.deepStrictEqual(yield* stepsOf(handle.id), ["work cancelled"])
    }))

  test("7.1: a timed-out action does not go on with its next steps, nor when its wait is over", () =>
    Effect.gen(function*() {
      const handle = yield* (yield* Cars.client)(1).pauseLater()
      yield* performIdle
      yield* TestClock.adjust("1 minute")
      yield* performIdle
      assert.strictEqual((yield* recordOf(handle.id)).status, "timed_out")
      yield* TestClock.adjust("10 minutes")
      yield* performSteppedActions()
      assert.deepStrictEqual([seen, yield* stepsOf(handle.id), yield* slotsOf(handle.id)], [[], ["wait cancelled"], [
        "cancelled"
      ]])
    }))

  test("7.1: what has ended in time is not timed out later", () =>
    Effect.gen(function*() {
      const handle = yield* (yield* Cars.client)(1).askNow()
      yield* Stepped.complete(handle.id, ask, Stepped.Outcome.succeededVoid)
      yield* TestClock.adjust("1 hour")
      yield* performSteppedActions()
      assert.deepStrictEqual([seen, (yield* handle.status).status], [["asked"], "succeeded"])
    }))

  test("7.1: a timeout and a wait that are due together: the timeout counts", () =>
    Effect.gen(function*() {
      const handle = yield* (yield* Cars.client)(1).pauseLater()
      yield* performIdle
      yield* TestClock.adjust("5 minutes")
      yield* performSteppedActions()
      assert.deepStrictEqual([(yield* recordOf(handle.id)).status, seen], ["timed_out", []])
    }))

  const late = TestClock.adjust("5 seconds")

  test("7.1: a body that ends later than its action's limit has timed out, whatever it gives", () =>
    Effect.gen(function*() {
      const car = (yield* Cars.client)(1)
      const ends = [late, Effect.andThen(late, Effect.die(new Error("no")))]
      for (const end of ends) {
        scene.body = end
        for (const handle of [yield* car.busyNow(), yield* car.busyLater()]) {
          yield* performDue
          assert.deepStrictEqual([(yield* handle.status).status, yield* stepsOf(handle.id)], ["timed_out", [
            "work cancelled"
          ]])
          assert.instanceOf(yield* Effect.flip(handle.await), TimedOut)
        }
      }
      assert.deepStrictEqual([seen, yield* lanes], [[], []])
      scene.body = TestClock.adjust("4999 millis")
      const handle = yield* car.busyNow()
      assert.deepStrictEqual([(yield* handle.status).status, seen], ["succeeded", ["goes on"]])
    }))

  test("7.1: an unhandled failure that comes too late is not tried again", () =>
    Effect.gen(function*() {
      scene.body = Effect.andThen(late, Effect.die(new Error("no")))
      const handle = yield* (yield* Cars.client)(1).busyLater()
      yield* withHandledDefects(() => false)(performSteppedActions())
      assert.deepStrictEqual([(yield* recordOf(handle.id)).status, yield* stepsOf(handle.id)], ["timed_out", [
        "work cancelled"
      ]])
    }))

  test("7.1: such a body's children are not stored, and callbacks run", () =>
    Effect.gen(function*() {
      scene.body = late
      const handle = yield* (yield* Cars.client)(1).reportingLater()
      yield* performSteppedActions()
      assert.deepStrictEqual([(yield* recordOf(handle.id)).status, seen], ["timed_out", ["timed_out"]])
      assert.deepStrictEqual([yield* recordsOf("never"), yield* slotsOf(handle.id)], [[], []])
      assert.deepStrictEqual(yield* stepsOf(handle.id), ["work cancelled"])
    }))

  test("7.1: a later step counts, too", () =>
    Effect.gen(function*() {
      scene.body = late
      const handle = yield* (yield* Cars.client)(1).secondLater()
      yield* performSteppedActions()
      assert.deepStrictEqual([(yield* recordOf(handle.id)).status, yield* stepsOf(handle.id)], ["timed_out", [
        "first succeeded",
        "2 cancelled"
      ]])
    }))

  test("7.1: a transactional body that ends too late keeps nothing of it", () =>
    Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      yield* sql`drop table if exists kept`
      yield* sql`create table kept (n int)`
      scene.body = late
      const handle = yield* (yield* Cars.client)(1).storedLater()
      yield* performSteppedActions()
      assert.deepStrictEqual([(yield* recordOf(handle.id)).status, yield* stepsOf(handle.id)], ["timed_out", [
        "store cancelled"
      ]])
      assert.deepStrictEqual([yield* sql`select * from kept`, yield* recordsOf("never")], [[], []])
    }))

  test("7.1: a job that ends too late, or completes its action too late, has timed out", () =>
    Effect.gen(function*() {
      const car = (yield* Cars.client)(1)
      scene.body = late
      const handles = [yield* car.towLater(), yield* car.towSilentlyLater()]
      yield* performSteppedActions()
      for (const handle of handles) assert.strictEqual((yield* recordOf(handle.id)).status, "timed_out")
      assert.deepStrictEqual([seen, yield* lanes], [["told false"], []])
    }))

  test("7.1: so has what is completed too late from outside, whoever notices first", () =>
    Effect.gen(function*() {
      const car = (yield* Cars.client)(1)
      const first = yield* car.askNow()
      yield* TestClock.adjust("4999 millis")
      assert.isTrue(Option.isSome(yield* Stepped.complete(first.id, ask, Stepped.Outcome.succeededVoid)))
      yield* performSteppedActions()
      for (const target of [undefined, Car.ref(1)]) {
        const handle = yield* car.askNow()
        yield* late
        assert.isTrue(Option.isNone(yield* Stepped.complete(target ?? handle.id, ask, Stepped.Outcome.succeededVoid)))
        yield* performSteppedActions()
        assert.deepStrictEqual([(yield* handle.status).status, yield* lanes], ["timed_out", []])
      }
      assert.deepStrictEqual(seen, ["asked", "asked", "ask timed out", "asked", "ask timed out"])
    }))

  test("2.1: the timeout may depend on the arguments as given, before `before`, and take an effect", () =>
    Effect.gen(function*() {
      const client = yield* Cars.client
      const handles = [yield* client(1).someNow(10), yield* client(5).askedNow(10), yield* client(1).changedNow(10)]
      assert.deepStrictEqual((yield* recordsOf("changed"))[0]!.arguments, [100])
      const statuses = Effect.forEach(handles, (handle) => Effect.map(handle.status, ({ status }) => status))
      yield* TestClock.adjust("9 seconds")
      yield* performIdle
      assert.deepStrictEqual(yield* statuses, ["performing", "performing", "performing"])
      yield* TestClock.adjust("1 second")
      yield* performIdle
      assert.deepStrictEqual(yield* statuses, ["timed_out", "performing", "timed_out"])
      yield* TestClock.adjust("5 seconds")
      yield* performIdle
      assert.deepStrictEqual(yield* statuses, ["timed_out", "timed_out", "timed_out"])
    }))

  test("7.1: an infinite timeout is none", () =>
    Effect.gen(function*() {
      const handle = yield* (yield* Cars.client)(1).neverNow()
      yield* TestClock.adjust("3650 days")
      yield* performIdle
      assert.strictEqual((yield* handle.status).status, "performing")
      assert.deepStrictEqual(yield* statusesOf("never"), ["performing"])
    }))
})
