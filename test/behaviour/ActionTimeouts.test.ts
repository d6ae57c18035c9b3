/** Rules 7.1 and 2.7: timeouts, on the test's clock. */
import { assert, beforeEach, it } from "@effect/vitest"
import { Deferred, Effect, Fiber, Layer, Schema } from "effect"
import { TestClock } from "effect/testing"
import { ActionFailed, Step, Stepped, TimedOut } from "stepped"
import { performDue, performSteppedActions } from "stepped/testing"
import { healthy, suite } from "../harness/databases.ts"
import { lanes, recordOf, recordsOf, slotsOf, statusesOf, stepsOf } from "../harness/observing.ts"
import { performIdle } from "../harness/performing.ts"

const seen: Array<string> = []
const note = (text: string) => Effect.sync(() => void seen.push(text))
let body: Effect.Effect<void> = Effect.void
beforeEach(() => {
  seen.length = 0
  body = Effect.void
})

class Car extends Stepped.Actor<Car>()("Car", { id: Schema.Int }) {}

const ask = Stepped.action("ask", { outbound: true, timeout: "5 seconds" })
  .step(() => note("asked"))
  .timedOut(() => note("ask timed out"))
const middle = Stepped.action("middle").step("ask", () => Effect.asVoid(Step.do(ask))).step(() => note("goes on"))
const top = Stepped.action("top").step("middle", () => Effect.asVoid(Step.do(middle))).step(() => note("goes on"))
const busy = Stepped.action("busy", { timeout: "5 seconds" })
  .step("work", () => Effect.suspend(() => body))
  .step("next", () => note("goes on"))
const pause = Stepped.action("pause", { timeout: "1 minute" })
  .step("wait", () => Step.wait("2 minutes"))
  .step("next", () => note("goes on"))
const some = Stepped.action("some", {
  arguments: [Schema.Int],
  outbound: true,
  timeout: (seconds) => `${seconds} seconds`
}).step(() => Effect.void)
const asked = Stepped.action("asked", {
  arguments: [Schema.Int],
  outbound: true,
  timeout: (seconds) => Effect.map(Car, (car) => `${seconds + car.id} seconds` as const)
}).step(() => Effect.void)
const changed = Stepped.action("changed", {
  arguments: [Schema.Int],
  outbound: true,
  timeout: (seconds) => `${seconds} seconds`
}).before(() => Effect.succeed({ arguments: [100] as [number] })).step(() => Effect.void)
const never = Stepped.action("never", { outbound: true, timeout: "Infinity" }).step(() => Effect.void)

const Cars = Stepped.actions(Car, [ask, middle, top, busy, pause, some, asked, changed, never])

suite("timeouts", (engine) => {
  const layer = Cars.layer.pipe(Layer.provideMerge(engine.layer()))
  const test = <A, E>(name: string, scenario: () => Effect.Effect<A, E, Stepped.Services>) =>
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
      body = Effect.onInterrupt(
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
