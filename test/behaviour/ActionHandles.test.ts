/** Rules 2.6: a handle resolves in every outcome, also where no action was ever stored. */
import { assert, beforeEach, it } from "@effect/vitest"
import { Effect, Fiber, Layer, Schema } from "effect"
import { SqlClient } from "effect/sql"
import { TestClock } from "effect/testing"
import { Step, Stepped, UnknownAction } from "stepped"
import { performSteppedActions } from "stepped/testing"
import { healthy, suite } from "../harness/databases.ts"
import { recordsOf, statusesOf } from "../harness/observing.ts"
import { performIdle } from "../harness/performing.ts"
import { nothing, stored } from "../harness/stored.ts"
import { until } from "../harness/workers.ts"

const seen: Array<string> = []
beforeEach(() => {
  seen.length = 0
})

class Car extends Stepped.Actor<Car>()("Car", { id: Schema.Int }) {}
class NoParking extends Schema.TaggedError<NoParking>()("NoParking", { at: Schema.String, since: Schema.Date }) {}

const visit = Stepped.action("visit", {
  arguments: [Schema.String],
  success: Schema.Struct({ to: Schema.String, on: Schema.Date }),
  error: NoParking,
  outbound: true,
  timeout: "1 hour",
  checksum: (to) => to.startsWith("any") ? null : to,
  concurrencyKey: () => "road"
})
  .before((to) =>
    to === "cancel"
      ? Effect.succeed({ cancel: true })
      : to === "complete"
      ? Effect.succeed({ complete: { to, on: new Date(1) } })
      : to === "fail"
      ? Effect.fail(new NoParking({ at: to, since: new Date(2) }))
      : Effect.void
  )
  .step("go", (to) => to === "defect" ? Effect.die(new Error("flat tyre")) : Effect.sync(() => void seen.push(to)))
const nested = Stepped.action("nested", { arguments: [Schema.String] })
  .step("go", (to) => Step.do(visit, to))
  .step("end", () => Effect.void)
const quick = Stepped.action("quick", { arguments: [Schema.Int], success: Schema.BigInt, error: NoParking })
  .step((n) => n > 0 ? Effect.succeed(BigInt(n)) : Effect.fail(new NoParking({ at: "zero", since: new Date(3) })))

const other = Stepped.action("other", { outbound: true, concurrencyKey: () => "road" }).step(() => Effect.void)
const Cars = Stepped.actions(Car, [visit, nested, quick, other])
class Van extends Stepped.Actor<Van>()("Van", { id: Schema.Int }) {}
const arrive = (id: string, to: string) =>
  Stepped.complete(id, visit, Stepped.Outcome.succeeded({ to, on: new Date(5) }))

suite("handles", (engine) => {
  const test = <A, E>(name: string, scenario: () => Effect.Effect<A, E, Stepped.Services | SqlClient.SqlClient>) =>
    it.effect(
      name,
      () => Effect.provide(Effect.andThen(scenario(), healthy), Cars.layer.pipe(Layer.provideMerge(engine.layer())))
    )

  test("2.6: it waits while its action is queued, pending and performing, and then gives the typed result", () =>
    Effect.gen(function*() {
      const car = (yield* Cars.client)(1)
      const first = yield* car.visitLater("London")
      const second = yield* car.visitLater("Paris")
      const waiting = yield* Effect.forkChild(Effect.all([first.await, second.await, second.await], { concurrency: 3 }))
      assert.deepStrictEqual([(yield* first.status).status, (yield* second.status).status], ["queued", "queued"])
      yield* performIdle
      assert.deepStrictEqual([(yield* first.status).status, (yield* second.status).status], ["performing", "pending"])
      yield* arrive(first.id, "London")
      yield* performIdle
      assert.isUndefined(waiting.pollUnsafe())
      yield* arrive(second.id, "Paris")
      const paris = { to: "Paris", on: new Date(5) }
      assert.deepStrictEqual(yield* Fiber.join(waiting), [{ to: "London", on: new Date(5) }, paris, paris])
    }))

  test("2.6: nothing is stored of an action that `before` ends, and its handle resolves, waiting or not", () =>
    Effect.gen(function*() {
      const car = (yield* Cars.client)(1)
      const handles = yield* Effect.forEach(["cancel", "complete", "fail"], car.visitLater)
      const waiting = yield* Effect.forEach(handles, (handle) => Effect.forkChild(Effect.exit(handle.await)))
      yield* performSteppedActions()
      assert.deepStrictEqual(yield* stored, { ...nothing, outcomes: 3 })
      const early = yield* Effect.forEach(waiting, Fiber.join)
      const late = yield* Effect.forEach(handles, (handle) => Effect.exit(handle.await))
      for (const [cancelled, completed, failed] of [early, late]) {
        assert.deepInclude(yield* Effect.flip(cancelled!), { _tag: "Cancelled", actionId: handles[0]!.id })
        assert.deepStrictEqual(yield* completed!, { to: "complete", on: new Date(1) })
        const error = yield* Effect.flip(failed!)
        assert.instanceOf(error, NoParking)
        assert.deepInclude(error, { at: "fail", since: new Date(2) })
      }
    }))

  test("2.6: an achieved action's handle gives the stored result", () =>
    Effect.gen(function*() {
      const car = (yield* Cars.client)(1)
      const first = yield* car.visitNow("London")
      yield* arrive(first.id, "London")
      const second = yield* car.visitLater("London")
      const waiting = yield* Effect.forkChild(second.await)
      yield* performSteppedActions()
      assert.deepStrictEqual(yield* Fiber.join(waiting), { to: "London", on: new Date(5) })
      assert.strictEqual((yield* stored).actions, 1)
    }))

  test("2.6: a joined action's handle has the outcome of the one that it joined, success or failure", () =>
    Effect.gen(function*() {
      const car = (yield* Cars.client)(1)
      const first = yield* car.visitNow("London")
      const second = yield* car.visitLater("London")
      const waiting = yield* Effect.forkChild(Effect.flip(second.await))
      yield* performIdle
      assert.deepStrictEqual(yield* second.status, {
        id: second.id,
        status: "joined",
        successor: first.id,
        unwinding: false
      })
      assert.deepStrictEqual(yield* statusesOf("visit"), ["performing"])
      yield* Stepped.complete(
        first.id,
        visit,
        Stepped.Outcome.failed(new NoParking({ at: "London", since: new Date(9) }))
      )
      const error = yield* Fiber.join(waiting)
      assert.instanceOf(error, NoParking)
      assert.deepInclude(error, { since: new Date(9) })
      assert.deepStrictEqual(yield* second.status, {
        id: second.id,
        status: "joined",
        successor: first.id,
        unwinding: false
      })
    }))

  test("2.6: a superseded action's handle follows its newcomers to the last one, also from one that joined", () =>
    Effect.gen(function*() {
      const car = (yield* Cars.client)(1)
      yield* car.visitNow("London")
      const paris = yield* car.visitNow("Paris")
      const joined = yield* car.visitNow("Paris")
      const waiting = yield* Effect.forkChild(Effect.all([paris.await, joined.await], { concurrency: 2 }))
      assert.deepStrictEqual(yield* joined.status, {
        id: joined.id,
        status: "joined",
        successor: paris.id,
        unwinding: false
      })
      const rome = yield* car.visitNow("Rome")
      const oslo = yield* car.visitNow("Oslo")
      assert.deepStrictEqual(yield* paris.status, {
        id: paris.id,
        status: "superseded",
        successor: oslo.id,
        unwinding: false
      })
      assert.deepStrictEqual(yield* rome.status, {
        id: rome.id,
        status: "superseded",
        successor: oslo.id,
        unwinding: false
      })
      assert.deepStrictEqual(yield* joined.status, {
        id: joined.id,
        status: "joined",
        successor: oslo.id,
        unwinding: false
      })
      yield* performSteppedActions({ outbound: (action) => arrive(action.id, `${action.arguments}`) })
      const there = { to: "Oslo", on: new Date(5) }
      assert.deepStrictEqual(yield* Fiber.join(waiting), [there, there])
      assert.deepStrictEqual(yield* rome.await, there)
      assert.deepStrictEqual(seen, ["London", "Oslo"])
    }))

  test("2.6: a handle fails with the action's own error, typed, and with ActionFailed for everything else", () =>
    Effect.gen(function*() {
      const car = (yield* Cars.client)(1)
      const own = yield* car.quickNow(0)
      const error: NoParking | { readonly _tag: string } = yield* Effect.flip(own.await)
      assert.instanceOf(error, NoParking)
      assert.deepInclude(error, { at: "zero", since: new Date(3) })
      const defect = yield* car.visitNow("defect")
      assert.deepInclude(yield* Effect.flip(defect.await), {
        _tag: "ActionFailed",
        action: "visit",
        actor: "Car/1",
        actionId: defect.id,
        kind: "defect",
        path: "visit Car/1 › go",
        reason: "flat tyre"
      })
      const parent = yield* car.nestedLater("fail")
      yield* performSteppedActions()
      const above = yield* Effect.flip(parent.await)
      assert.deepInclude(above, {
        _tag: "ActionFailed",
        kind: "child",
        path: "nested Car/1 › go › visit Car/1",
        reason: "NoParking at fail, since \"1970-01-01T00:00:00.002Z\"",
        message: "nested Car/1 › go › visit Car/1: NoParking at fail, since \"1970-01-01T00:00:00.002Z\""
      })
    }))

  test("2.6: a handle fails with TimedOut and with Cancelled, and cancelling says whether it was this that ended it", () =>
    Effect.gen(function*() {
      const car = (yield* Cars.client)(1)
      const late = yield* car.visitNow("London")
      yield* TestClock.adjust("1 hour")
      yield* performIdle
      assert.deepInclude(yield* Effect.flip(late.await), { _tag: "TimedOut", actionId: late.id, path: "visit Car/1" })
      assert.isFalse(yield* late.cancel())

      const performing = yield* car.visitNow("London")
      const pending = yield* car.visitNow("Paris")
      const queued = yield* car.visitLater("Rome")
      for (const handle of [queued, pending, performing]) {
        assert.isTrue(yield* handle.cancel())
        yield* performIdle
        assert.deepInclude(yield* Effect.flip(handle.await), { _tag: "Cancelled", actionId: handle.id })
        assert.strictEqual((yield* handle.status).status, "cancelled")
        assert.isFalse(yield* handle.cancel())
      }
      yield* performSteppedActions()
      assert.deepStrictEqual(yield* statusesOf("visit"), ["timed_out", "cancelled", "cancelled", "cancelled"])
    }))

  test("2.6: calling the action enqueues it and waits for its result or its errors", () =>
    Effect.gen(function*() {
      const car = (yield* Cars.client)(1)
      const calls = yield* Effect.forkChild(
        Effect.all([car.quick(2 ** 40), Effect.flip(car.quick(-1))], { concurrency: 2 })
      )
      while ((yield* recordsOf("quick")).length < 2) yield* Effect.andThen(Effect.yieldNow, performIdle)
      const [result, error] = yield* Fiber.join(calls)
      assert.strictEqual(result, 2n ** 40n)
      assert.instanceOf(error, NoParking)
    }))

  test("2.6: the handle of an action whose transaction was rolled back says that there is none", () =>
    Effect.gen(function*() {
      const car = (yield* Cars.client)(1)
      const sql = yield* SqlClient.SqlClient
      let id = ""
      const handle = yield* Effect.flip(sql.withTransaction(Effect.flatMap(car.visitLater("London"), (made) => {
        id = made.id
        return Effect.fail(made)
      })))
      if (!("await" in handle)) return assert.fail("the transaction failed by itself")
      yield* performSteppedActions()
      assert.deepInclude(yield* Effect.flip(handle.await), { _tag: "UnknownAction", actionId: id })
      assert.deepInclude(yield* Effect.flip(handle.status), { _tag: "UnknownAction" })
      assert.deepInclude(yield* Effect.flip(handle.cancel()), { _tag: "UnknownAction", actionId: id })
      assert.deepStrictEqual(yield* stored, nothing)
    }))

  it.effect("2.6: the answer of an action that was not stored is kept for a while, and no longer", () =>
    Effect.gen(function*() {
      const car = (yield* Cars.client)(1)
      const old = yield* car.visitNow("cancel")
      yield* TestClock.adjust("59 minutes")
      const young = yield* car.visitNow("complete")
      const working = Layer.build(Stepped.worker())
      // a worker clears up when it begins
      yield* Effect.scoped(Effect.gen(function*() {
        yield* working
        for (let look = 0; look < 200; look++) assert.strictEqual((yield* stored).outcomes, 2)
      }))
      assert.strictEqual((yield* old.status).status, "cancelled")
      yield* TestClock.adjust("2 minutes")
      yield* Effect.scoped(Effect.andThen(
        working,
        until("one of two is deleted", Effect.map(stored, ({ outcomes }) => outcomes === 1))
      ))
      assert.strictEqual((yield* Effect.flip(old.status))._tag, "UnknownAction")
      assert.strictEqual((yield* young.status).status, "succeeded")
      yield* healthy
    }).pipe(Effect.provide(Cars.layer.pipe(Layer.provideMerge(engine.layer({ outcomeRetention: "1 hour" }))))))

  test("2.6: whatever a handle is asked, its id must name this action of this actor, in every place where it may be", () =>
    Effect.gen(function*() {
      const car = (yield* Cars.client)(1)
      const refused = (id: string, was: string) =>
        Effect.gen(function*() {
          const handles = [
            yield* Stepped.handle(Car.ref(2), visit, id),
            yield* Stepped.handle(Car.ref(1), other, id),
            yield* Stepped.handle(Van.ref(1), visit, id)
          ]
          for (const handle of handles) {
            const asked = `${handle.action} ${handle.actor}`
            for (const verb of [handle.status, handle.cancel(), handle.await]) {
              const error = yield* Effect.flip(verb as Effect.Effect<unknown, unknown>)
              assert.instanceOf(error, UnknownAction)
              assert.deepInclude({ ...error }, { actionId: id, asked, found: was })
              assert.include(error.message, `${id} is ${was}, not ${asked}`)
            }
          }
          for (const outcome of [Stepped.Outcome.succeededVoid, Stepped.Outcome.failed()]) {
            const error = yield* Effect.flip(Stepped.complete(id, other, outcome))
            assert.instanceOf(error, UnknownAction)
            assert.deepInclude({ ...error }, { actionId: id, asked: "other", found: was })
          }
        })

      const performing = yield* car.visitLater("London")
      yield* refused(performing.id, "visit Car/1")
      yield* performIdle
      yield* refused(performing.id, "visit Car/1")
      const superseded = yield* car.visitNow("Paris")
      yield* refused(superseded.id, "visit Car/1")
      // of another definition, in the same lane: what it was asked as counts, and not what it became
      const newcomer = yield* car.otherNow()
      yield* refused(superseded.id, "visit Car/1")
      assert.deepInclude(yield* superseded.status, { status: "superseded", successor: newcomer.id })
      const joined = yield* car.visitNow("London")
      assert.deepInclude(yield* joined.status, { status: "joined", successor: performing.id })
      yield* refused(joined.id, "visit Car/1")
      assert.isFalse(yield* joined.cancel())
      yield* arrive(performing.id, "London")
      yield* refused(joined.id, "visit Car/1")
      yield* refused(performing.id, "visit Car/1")
      const cancelled = yield* car.visitNow("cancel")
      yield* refused(cancelled.id, "visit Car/1")
      // nobody was disturbed
      assert.deepStrictEqual(
        [(yield* performing.status).status, (yield* newcomer.status).status],
        ["succeeded", "performing"]
      )
      assert.isTrue(yield* newcomer.cancel())
    }))

  test("2.6: a handle made from an id does what the one from the client does, also in the lane of others", () =>
    Effect.gen(function*() {
      const car = (yield* Cars.client)(1)
      const first = yield* car.visitNow("London")
      const second = yield* car.visitNow("Paris")
      const third = yield* car.visitLater("Rome")
      for (const { id } of [third, second, first]) {
        const handle = yield* Stepped.handle(Car.ref(1), visit, id)
        assert.strictEqual((yield* handle.status).id, id)
        assert.isTrue(yield* handle.cancel())
        assert.isFalse(yield* handle.cancel())
        yield* performIdle
        assert.strictEqual((yield* Effect.flip(handle.await))._tag, "Cancelled")
      }
      yield* performSteppedActions()
    }))

  test("2.6: waiting for what the id does not name ends before the action does", () =>
    Effect.gen(function*() {
      const made = yield* (yield* Cars.client)(1).visitNow("London")
      const wrong = yield* Stepped.handle(Car.ref(2), visit, made.id)
      const sql = yield* SqlClient.SqlClient
      assert.instanceOf(yield* Effect.flip(wrong.await), UnknownAction)
      assert.instanceOf(yield* Effect.flip(sql.withTransaction(wrong.await)), UnknownAction)
      assert.instanceOf(yield* Effect.flip(sql.withTransaction(wrong.cancel())), UnknownAction)
      assert.strictEqual((yield* made.status).status, "performing")
      yield* made.cancel()
    }))

  test("2.6: waiting may be given up, and begun again", () =>
    Effect.gen(function*() {
      const handle = yield* (yield* Cars.client)(1).visitNow("London")
      const waiting = yield* Effect.forkChild(handle.await)
      yield* Effect.yieldNow
      yield* Fiber.interrupt(waiting)
      yield* arrive(handle.id, "London")
      assert.deepStrictEqual(yield* handle.await, { to: "London", on: new Date(5) })
    }))
})
