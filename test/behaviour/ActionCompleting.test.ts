/** Rules 4.4 and 4.5: how an action's end is fixed, told and passed on in its lane. */
import { PgClient } from "@effect/sql-pg"
import { assert, beforeEach, it } from "@effect/vitest"
import { Deferred, Effect, Fiber, Layer, Option, Schema } from "effect"
import { TestClock } from "effect/testing"
import { PerformanceLane, Step, Stepped } from "stepped"
import { performDue, performSteppedActions } from "stepped/testing"
import { healthy, suite } from "../harness/databases.ts"
import { note, seen } from "../harness/notes.ts"
import { laneOf, lanes, recordOf, recordsOf, slotsOf, statusesOf, stepsOf } from "../harness/observing.ts"
import { performIdle } from "../harness/performing.ts"

// what a callback does in a test that needs one
let callback: Effect.Effect<void, unknown> = Effect.void
beforeEach(() => {
  callback = Effect.void
})

class Car extends Stepped.Actor<Car>()("Car", { id: Schema.Int }) {}

const plain = Stepped.action("plain", { arguments: [Schema.String], outbound: true }).step(() => Effect.void)
const hooked = Stepped.action("hooked", { arguments: [Schema.String], outbound: true, timeout: "1 minute" })
  .step(() => Effect.void)
  .after((name, { status }) => Effect.andThen(note(`${name} ${status}`), Effect.suspend(() => callback)))
const short = Stepped.action("short", { arguments: [Schema.String] })
  .step((name) => note(name))
  .succeeded(() => Effect.suspend(() => callback))
const parent = Stepped.action("parent", { arguments: [Schema.String] })
  .step("both", (name) => Effect.asVoid(Effect.all([Step.do(hooked, name), Step.wait("1 second")])))
  .step("after", () => note("next step"))

const lane = { concurrencyKey: () => ["maintenance"] }
const recycle = Stepped.action("recycle", { outbound: true, ...lane }).step(() => Effect.void)
const repaint = Stepped.action("repaint", { outbound: true, timeout: "5 seconds", ...lane }).step(() => note("repaint"))

const Cars = Stepped.actions(Car, [plain, hooked, short, parent, recycle, repaint])
const { cancelled, failed, succeededVoid, timedOut } = Stepped.Outcome

suite("completing", (engine) => {
  const layer = Cars.layer.pipe(Layer.provideMerge(engine.layer()))
  const test = <A, E>(
    name: string,
    scenario: () => Effect.Effect<A, E, Stepped.Services | PgClient.PgClient>
  ) => it.effect(name, () => Effect.provide(Effect.andThen(scenario(), healthy), layer))

  test("4.4: without callbacks the first writer ends the action in one transition", () =>
    Effect.gen(function*() {
      const handle = yield* (yield* Cars.client)(1).plainNow("a")
      assert.deepStrictEqual(yield* lanes, ["Car/1/plain"])
      yield* TestClock.adjust("3 seconds")
      yield* Stepped.complete(handle.id, plain, succeededVoid)
      const { endedAt, startedAt, status } = yield* recordOf(handle.id)
      assert.deepStrictEqual([status, startedAt?.getTime(), endedAt?.getTime()], ["succeeded", 0, 3000])
      assert.deepStrictEqual(yield* lanes, [])
    }))

  test("4.4+: with callbacks the outcome is fixed first; the status, the lane and the parent change after them", () =>
    Effect.gen(function*() {
      const car = (yield* Cars.client)(1)
      const root = yield* car.parentLater("a")
      yield* performIdle
      const [child] = yield* recordsOf("hooked")
      const next = yield* car.hookedNow("b")
      assert.isTrue(Option.isSome(yield* Stepped.complete(child!.id, hooked, succeededVoid)))

      assert.strictEqual((yield* recordOf(child!.id)).status, "performing")
      assert.isUndefined((yield* recordOf(child!.id)).endedAt)
      assert.strictEqual((yield* next.status).status, "pending")
      assert.deepStrictEqual(yield* slotsOf(root.id), ["open", "open"])
      assert.deepStrictEqual(seen, [])
      // decided is decided, whatever arrives now
      assert.deepStrictEqual(yield* Stepped.complete(child!.id, hooked, failed()), Option.none())
      assert.deepStrictEqual(yield* Stepped.complete(Car.ref(1), hooked, cancelled), Option.none())

      yield* performDue
      assert.deepStrictEqual(seen, ["a succeeded"])
      assert.strictEqual((yield* recordOf(child!.id)).status, "succeeded")
      assert.strictEqual((yield* next.status).status, "performing")
      assert.deepStrictEqual(yield* slotsOf(root.id), ["succeeded", "open"])
    }))

  test("4.4+: a timeout or a cancellation that comes while callbacks run changes nothing", () =>
    Effect.gen(function*() {
      const handle = yield* (yield* Cars.client)(1).hookedNow("a")
      const reached = yield* Deferred.make<void>()
      const go = yield* Deferred.make<void>()
      callback = Effect.andThen(Deferred.succeed(reached, undefined), Deferred.await(go))
      yield* Stepped.complete(handle.id, hooked, failed())
      const worker = yield* Effect.forkChild(performSteppedActions())
      yield* Deferred.await(reached)
      yield* TestClock.adjust("2 minutes")
      assert.isFalse(yield* handle.cancel())
      yield* performDue
      yield* Deferred.succeed(go, undefined)
      yield* Fiber.join(worker)
      assert.deepStrictEqual(seen, ["a failed"])
      const { callbacksSucceeded, status } = yield* recordOf(handle.id)
      assert.deepStrictEqual([status, callbacksSucceeded], ["failed", 1])
    }))

  test("4.4+: no lock is held while a callback runs: its lane can be joined and changed from inside", () =>
    Effect.gen(function*() {
      const sql = yield* PgClient.PgClient
      const car = (yield* Cars.client)(1)
      callback = Effect.gen(function*() {
        callback = Effect.void
        const rows = yield* sql`select id from stepped.live_actions for update nowait`
        yield* note(`${rows.length} live`)
        const second = yield* car.shortNow("second")
        yield* note((yield* second.status).status)
        yield* note(String(yield* second.cancel()))
        yield* car.shortNow("third")
      })
      yield* car.shortLater("first")
      yield* performSteppedActions()
      assert.deepStrictEqual(seen, ["first", "1 live", "pending", "true", "third"])
      assert.deepStrictEqual(yield* statusesOf("short"), ["succeeded", "cancelled", "succeeded"])
    }))

  test("4.4+: callbacks of a worker that went away run again, and the end comes once", () =>
    Effect.gen(function*() {
      const car = (yield* Cars.client)(1)
      const root = yield* car.parentLater("a")
      yield* performIdle
      yield* Stepped.complete(Car.ref(1), hooked, succeededVoid)
      const reached = yield* Deferred.make<void>()
      callback = Effect.andThen(Deferred.succeed(reached, undefined), Effect.never)
      const worker = yield* Effect.forkChild(performSteppedActions())
      yield* Deferred.await(reached)
      yield* Fiber.interrupt(worker)
      callback = Effect.void
      assert.deepStrictEqual(yield* statusesOf("hooked"), ["performing"])
      yield* healthy
      yield* performSteppedActions()
      assert.deepStrictEqual(seen, ["a succeeded", "a succeeded", "next step"])
      const [child] = yield* recordsOf("hooked")
      assert.deepStrictEqual([child!.status, child!.callbacksSucceeded], ["succeeded", 1])
      assert.deepStrictEqual(yield* slotsOf(root.id), ["succeeded", "succeeded"])
      assert.deepStrictEqual(yield* stepsOf(root.id), ["both succeeded", "after succeeded"])
    }))

  for (const outcome of [succeededVoid, failed(), cancelled, timedOut]) {
    test(`4.5: when the lane's current action has ${outcome.status}, the next one performs; after the last one the lane is gone`, () =>
      Effect.gen(function*() {
        const lane = Effect.flatMap(PerformanceLane, (service) => service.find("maintenance"))
        const client = yield* Cars.client
        const first = yield* client(1).recycleNow()
        const second = yield* client(2).repaintNow()
        assert.deepStrictEqual(
          yield* lane,
          Option.some(laneOf("maintenance", first.id, second.id))
        )
        yield* TestClock.adjust("10 seconds")
        yield* Stepped.complete(Car.ref(1), recycle, outcome)
        assert.strictEqual((yield* recordOf(first.id)).status, outcome.status)
        assert.deepStrictEqual(
          yield* lane,
          Option.some(laneOf("maintenance", second.id))
        )
        assert.strictEqual((yield* recordOf(second.id)).startedAt?.getTime(), 10_000)
        yield* performIdle
        assert.deepStrictEqual(seen, ["repaint"])
        yield* Stepped.complete(Car.ref(2), repaint, outcome)
        assert.deepStrictEqual(yield* lane, Option.none())
      }))
  }

  test("4.5: completing a pending action leaves the current one alone", () =>
    Effect.gen(function*() {
      const client = yield* Cars.client
      const first = yield* client(1).recycleNow()
      const second = yield* client(2).repaintNow()
      assert.isTrue(yield* second.cancel())
      assert.deepStrictEqual(
        Option.getOrThrow(yield* Effect.flatMap(PerformanceLane, (service) => service.find("maintenance"))),
        laneOf("maintenance", first.id)
      )
      const { startedAt, status } = yield* recordOf(second.id)
      assert.deepStrictEqual([status, startedAt], ["cancelled", undefined])
      assert.deepStrictEqual(seen, [])
      assert.strictEqual((yield* first.status).status, "performing")
    }))
})
