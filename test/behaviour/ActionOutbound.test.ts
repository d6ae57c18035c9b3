/** Rules 5.1 and 5.2: actions that somebody outside completes. */
import { assert, it } from "@effect/vitest"
import { Deferred, Effect, Fiber, Layer, Option } from "effect"
import { SqlClient } from "effect/sql"
import { TestClock } from "effect/testing"
import {
  ActionFailed,
  AmbiguousCompletion,
  Cancelled,
  InvalidOutcome,
  NotStarted,
  Stepped,
  TimedOut,
  UnknownAction
} from "stepped"
import { performSteppedActions } from "stepped/testing"
import { healthy, suite } from "../harness/databases.ts"
import { note, seen } from "../harness/notes.ts"
import { lanes, recordOf, recordsOf, slotsOf, statusesOf, stepsOf } from "../harness/observing.ts"
import { performIdle } from "../harness/performing.ts"
import {
  buy,
  cancelled,
  Car,
  Cars,
  charge,
  day,
  Declined,
  failed,
  method,
  refund,
  rest,
  scene,
  succeeded,
  succeededVoid,
  timedOut
} from "./fixtures/outbound.ts"

suite("outbound actions", (engine) => {
  const layer = Cars.toLayer(Effect.succeed({ method: () => Effect.as(note("method"), 1) })).pipe(
    Layer.provideMerge(engine.layer())
  )
  const test = <A, E>(name: string, scenario: () => Effect.Effect<A, E, Stepped.Services | SqlClient.SqlClient>) =>
    it.effect(name, () => Effect.provide(Effect.andThen(scenario(), healthy), layer))

  test("5.1: stays performing after its last step, and ends as it is told", () =>
    Effect.gen(function*() {
      const car = (yield* Cars.client)(1)
      for (const outcome of [succeeded(day), failed(new Declined({ code: 7 })), failed(), cancelled, timedOut]) {
        const handle = yield* car.chargeLater(1)
        yield* performIdle
        assert.deepStrictEqual(yield* stepsOf(handle.id), ["ask succeeded", "log succeeded"])
        assert.strictEqual((yield* handle.status).status, "performing")
        assert.deepStrictEqual(yield* Stepped.complete(Car.ref(1), charge, outcome), Option.some(handle.id))
        assert.strictEqual((yield* recordOf(handle.id)).status, outcome.status)
        const result = yield* Effect.result(handle.await)
        const told = result._tag === "Success" ? result.success : result.failure
        if (outcome.status === "succeeded") assert.deepStrictEqual(told, day)
        else if (outcome.status === "cancelled") assert.instanceOf(told, Cancelled)
        else if (outcome.status === "timed_out") assert.instanceOf(told, TimedOut)
        else if (outcome.cause !== undefined) assert.deepStrictEqual(told, new Declined({ code: 7 }))
        else assert.instanceOf(told, ActionFailed)
      }
      assert.deepStrictEqual(yield* lanes, [])
    }))

  test("5.1: without steps its actor's method runs, and it stays performing", () =>
    Effect.gen(function*() {
      const handle = yield* (yield* Cars.client)(1).methodNow()
      assert.deepStrictEqual(seen, ["method"])
      assert.strictEqual((yield* handle.status).status, "performing")
      yield* Stepped.complete(handle.id, method, succeeded(5))
      assert.strictEqual(yield* handle.await, 5)
    }))

  test("5.1: can be completed while a step waits: later steps do not run", () =>
    Effect.gen(function*() {
      const handle = yield* (yield* Cars.client)(1).restLater()
      yield* performIdle
      assert.isTrue(Option.isSome(yield* Stepped.complete(Car.ref(1), rest, succeededVoid)))
      assert.strictEqual((yield* recordOf(handle.id)).status, "succeeded")
      yield* TestClock.adjust("2 hours")
      yield* performSteppedActions()
      assert.deepStrictEqual(seen, [])
      assert.deepStrictEqual([yield* stepsOf(handle.id), yield* slotsOf(handle.id)], [["pause cancelled"], [
        "cancelled"
      ]])
    }))

  test("5.1: can be completed while a body runs: the body is interrupted", () =>
    Effect.gen(function*() {
      const reached = yield* Deferred.make<void>()
      scene.body = Effect.onInterrupt(Effect.andThen(Deferred.succeed(reached, undefined), Effect.never), () =>
        note("interrupted"))
      const handle = yield* (yield* Cars.client)(1).chargeLater(1)
      const worker = yield* Effect.forkChild(performSteppedActions())
      yield* Deferred.await(reached)
      assert.isTrue(Option.isSome(yield* Stepped.complete(handle.id, charge, succeeded(day))))
      yield* Fiber.join(worker)
      assert.deepStrictEqual(seen, ["asked", "interrupted"])
      assert.deepStrictEqual(yield* handle.await, day)
      assert.deepStrictEqual(yield* stepsOf(handle.id), ["ask succeeded", "log cancelled"])
    }))

  test("3.5, 5.1: a failed step ends it as failed, without anybody outside", () =>
    Effect.gen(function*() {
      const handle = yield* (yield* Cars.client)(1).brokenLater()
      yield* performSteppedActions()
      assert.strictEqual((yield* recordOf(handle.id)).status, "failed")
      assert.deepStrictEqual([yield* stepsOf(handle.id), seen], [["fails failed"], []])
    }))

  test("5.1: what it is completed with goes to the step that waits for it", () =>
    Effect.gen(function*() {
      const client = yield* Cars.client
      const good = yield* client(1).buyLater(1)
      const bad = yield* client(2).buyLater(2)
      yield* performIdle
      yield* Stepped.complete(Car.ref(1), charge, succeeded(day))
      yield* Stepped.complete(Car.ref(2), charge, failed(new Declined({ code: 3 })))
      yield* performSteppedActions()
      assert.deepStrictEqual(yield* good.await, day)
      const error = yield* Effect.flip(bad.await)
      assert.instanceOf(error, ActionFailed)
      assert.match(error.message, /^buy Car\/2 › pay › charge Car\/2: Declined/)
      assert.deepStrictEqual(error.errorOf(charge), Option.some(new Declined({ code: 3 })))
    }))

  test("5.2: by actor and name: nobody performs it, so nothing happens and the answer says so", () =>
    Effect.gen(function*() {
      const client = yield* Cars.client
      assert.deepStrictEqual(yield* Stepped.complete(Car.ref(1), charge, cancelled), Option.none())
      const queued = yield* client(1).chargeLater(1)
      assert.deepStrictEqual(yield* Stepped.complete(Car.ref(1), charge, cancelled), Option.none())
      yield* performIdle
      assert.deepStrictEqual(yield* Stepped.complete(Car.ref(2), charge, cancelled), Option.none())
      assert.strictEqual((yield* queued.status).status, "performing")
    }))

  test("5.2: by actor and name: a pending one is not performing, another action of its lane is not touched", () =>
    Effect.gen(function*() {
      const car = (yield* Cars.client)(1)
      const current = yield* car.refundNow(1)
      const pending = yield* car.chargeNow(1)
      assert.strictEqual((yield* pending.status).status, "pending")
      assert.deepStrictEqual(yield* Stepped.complete(Car.ref(1), charge, cancelled), Option.none())
      assert.strictEqual((yield* Effect.flip(Stepped.complete(pending.id, charge, cancelled)))._tag, "NotStarted")
      assert.deepStrictEqual([(yield* current.status).status, (yield* pending.status).status], [
        "performing",
        "pending"
      ])
      assert.deepStrictEqual(yield* Stepped.complete(Car.ref(1), refund, succeededVoid), Option.some(current.id))
      assert.strictEqual((yield* pending.status).status, "performing")
    }))

  test("5.2+: by id: one that has not started says so, and that the same call may succeed later", () =>
    Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      const car = (yield* Cars.client)(1)
      const complete = (id: string) => Stepped.complete(id, charge, succeeded(day))
      const isRefused = (id: string) =>
        Effect.map(Effect.flip(complete(id)), (error) => {
          assert.instanceOf(error, NotStarted)
          assert.deepInclude(error, { action: "charge Car/1", actionId: id, isRetryable: true })
        })
      const queued = yield* car.chargeLater(1)
      yield* isRefused(queued.id)
      yield* performIdle
      assert.deepStrictEqual(yield* complete(queued.id), Option.some(queued.id))
      // behind another one in its lane
      const current = yield* car.refundNow(1)
      const pending = yield* car.chargeNow(1)
      yield* isRefused(pending.id)
      yield* Stepped.complete(current.id, refund, succeededVoid)
      assert.deepStrictEqual(yield* complete(pending.id), Option.some(pending.id))
      // in the transaction that enqueues it
      yield* sql.withTransaction(Effect.flatMap(car.chargeLater(1), ({ id }) => isRefused(id)))
      // one that nobody will start is over
      const cancelledOne = yield* car.chargeLater(2)
      yield* cancelledOne.cancel()
      assert.deepStrictEqual(yield* complete(cancelledOne.id), Option.none())
      yield* performSteppedActions({ outbound: ({ id }) => complete(id) })
    }))

  test("5.2: completing twice does not reach the next action of that name", () =>
    Effect.gen(function*() {
      const car = (yield* Cars.client)(1)
      const first = yield* car.chargeNow(1)
      const second = yield* car.chargeNow(1)
      assert.deepStrictEqual(yield* Stepped.complete(first.id, charge, succeeded(day)), Option.some(first.id))
      assert.deepStrictEqual(yield* Stepped.complete(first.id, charge, cancelled), Option.none())
      assert.deepStrictEqual([(yield* first.status).status, (yield* second.status).status], ["succeeded", "performing"])
    }))

  test("5.2+: two of one actor and name, in two lanes, are ambiguous; by id it is exactly that one", () =>
    Effect.gen(function*() {
      const car = (yield* Cars.client)(1)
      const first = yield* car.chargeNow(1)
      const second = yield* car.chargeNow(2)
      const error = yield* Effect.flip(Stepped.complete(Car.ref(1), charge, cancelled))
      assert.instanceOf(error, AmbiguousCompletion)
      assert.deepStrictEqual([error.actor, error.action, [...error.actionIds]], ["Car/1", "charge", [
        first.id,
        second.id
      ]])
      assert.deepStrictEqual(yield* statusesOf("charge"), ["performing", "performing"])
      assert.deepStrictEqual(yield* Stepped.complete(second.id, charge, succeeded(day)), Option.some(second.id))
      assert.deepStrictEqual(yield* statusesOf("charge"), ["performing", "succeeded"])
      assert.deepStrictEqual(yield* Stepped.complete(Car.ref(1), charge, cancelled), Option.some(first.id))
    }))

  test("5.2+: an id of nothing, of another action, or of one that is not outbound completes nothing", () =>
    Effect.gen(function*() {
      const car = (yield* Cars.client)(1)
      for (const id of ["no-uuid", "01890000-0000-7000-8000-000000000000"]) {
        const error = yield* Effect.flip(Stepped.complete(id, charge, cancelled))
        assert.instanceOf(error, UnknownAction)
        assert.include(error.message, `There is no action ${id}`)
      }
      const handle = yield* car.refundNow(1)
      const error = yield* Effect.flip(Stepped.complete(handle.id, charge, cancelled))
      assert.instanceOf(error, UnknownAction)
      assert.deepInclude({ ...error }, { actionId: handle.id, asked: "charge", found: "refund Car/1" })
      const parent = yield* car.buyLater(2)
      yield* performIdle
      const asOutbound = buy as unknown as typeof charge
      assert.deepStrictEqual(yield* Stepped.complete(parent.id, asOutbound, cancelled), Option.none())
      assert.deepStrictEqual(yield* Stepped.complete(Car.ref(1), asOutbound, cancelled), Option.none())
      assert.deepStrictEqual([(yield* handle.status).status, (yield* parent.status).status], [
        "performing",
        "performing"
      ])
    }))

  test("an outcome that does not fit the schemas is refused, and the action goes on", () =>
    Effect.gen(function*() {
      const handle = yield* (yield* Cars.client)(1).chargeNow(1)
      const unchecked = (outcome: unknown) => Stepped.complete(handle.id, charge, outcome as typeof cancelled)
      assert.instanceOf(yield* Effect.flip(unchecked({ status: "succeeded", result: "today" })), InvalidOutcome)
      assert.instanceOf(yield* Effect.flip(unchecked({ status: "failed", cause: { code: "x" } })), InvalidOutcome)
      assert.strictEqual((yield* handle.status).status, "performing")
      assert.deepStrictEqual(yield* Stepped.complete(handle.id, charge, succeeded(day)), Option.some(handle.id))
      assert.lengthOf(yield* recordsOf("charge"), 1)
    }))
})
