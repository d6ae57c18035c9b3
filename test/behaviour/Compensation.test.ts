/** Rules 10.1 to 10.3: what undoes the steps of an action that does not succeed. */
import { assert, it } from "@effect/vitest"
import { Effect, Exit, Layer } from "effect"
import { SqlClient } from "effect/sql"
import { TestClock } from "effect/testing"
import { ActionRepo, Stepped } from "stepped"
import { performSteppedActions } from "stepped/testing"
import { healthy, suite } from "../harness/databases.ts"
import { note, seen } from "../harness/notes.ts"
import { lanes, recordOf, recordsOf, slotsOf, stepsOf } from "../harness/observing.ts"
import { performIdle } from "../harness/performing.ts"
import { ask, leaf, Order, Orders, OrdersLive, scene, SoldOut } from "./fixtures/compensating.ts"

const undoneOf = (id: string) =>
  Effect.map(
    Effect.flatMap(ActionRepo, (repo) => repo.steps(id)),
    (steps) =>
      steps.filter(({ kind }) => kind === "compensation").map(({ name, status, undoes }) =>
        `${name} ${undoes} ${status}`
      )
  )

const bought = ["charges tea", "reserves tea", "packs", "ships"]
const undone = ["unpacks 7 of tea, tea-1, 500", "releases tea-1", "refunds 500 of 0 for tea"]

suite("compensation", (engine) => {
  const test = <A, E>(
    name: string,
    scenario: () => Effect.Effect<A, E, Stepped.Services | SqlClient.SqlClient>,
    options: Stepped.EngineOptions = {}
  ) =>
    it.effect(
      name,
      () => Effect.provide(Effect.andThen(scenario(), healthy), Layer.provideMerge(OrdersLive, engine.layer(options)))
    )
  const order = Effect.map(Orders.client, (orders) => orders(1))

  test("10.1: of an action that fails they run in reverse order, each with its step's result, before the callbacks", () =>
    Effect.gen(function*() {
      const handle = yield* (yield* order).buyLater("tea")
      yield* performSteppedActions()
      assert.deepStrictEqual(seen, [...bought, ...undone, "failed"])
      assert.instanceOf(yield* Effect.flip(handle.await), SoldOut)
      assert.deepStrictEqual(yield* stepsOf(handle.id), [
        "charge succeeded",
        "reserve succeeded",
        "3 succeeded",
        "ship failed",
        "3 succeeded",
        "reserve succeeded",
        "charge succeeded"
      ])
      assert.deepStrictEqual(yield* undoneOf(handle.id), ["3 2 succeeded", "reserve 1 succeeded", "charge 0 succeeded"])
      const { cause, status, unwinding } = yield* recordOf(handle.id)
      assert.deepStrictEqual([status, unwinding, cause?.notUndone, cause?.uncertain], [
        "failed",
        false,
        undefined,
        undefined
      ])
      assert.deepStrictEqual(yield* lanes, [])
    }))

  test("10.1: an action that succeeds undoes nothing", () =>
    Effect.gen(function*() {
      scene.ship = Effect.void
      const handle = yield* (yield* order).buyLater("tea")
      yield* performSteppedActions()
      assert.deepStrictEqual(seen, [...bought, "succeeded"])
      assert.deepStrictEqual(yield* undoneOf(handle.id), [])
    }))

  test("10.1: of an action that times out while a body runs", () =>
    Effect.gen(function*() {
      scene.ship = TestClock.adjust("2 hours")
      const handle = yield* (yield* order).buyLater("tea")
      yield* performSteppedActions()
      assert.deepStrictEqual(seen, [...bought, ...undone, "timed_out"])
      assert.deepInclude(yield* Effect.flip(handle.await), { _tag: "TimedOut" })
    }))

  test("10.1: a step that is open when its action is cancelled is closed first; its children end, and then the others are undone", () =>
    Effect.gen(function*() {
      const handle = yield* (yield* order).waitLater("tea")
      yield* performIdle
      assert.isTrue(yield* handle.cancel({ reason: "changed my mind" }))
      // how it ends is decided: it performs, holds its lane, and is seen to unwind
      const unwinding = yield* recordOf(handle.id)
      assert.deepStrictEqual([unwinding.status, unwinding.unwinding, unwinding.cause?.reason], [
        "performing",
        true,
        "changed my mind"
      ])
      assert.deepStrictEqual(yield* slotsOf(handle.id), ["open"])
      assert.include(yield* lanes, "Order/1/wait")
      assert.isFalse(yield* handle.cancel())
      yield* performSteppedActions()
      assert.deepStrictEqual(seen, ["first", "undoes first tea", "cancelled, hold"])
      assert.deepStrictEqual(yield* stepsOf(handle.id), ["first succeeded", "hold cancelled", "first succeeded"])
      assert.deepStrictEqual((yield* recordsOf("leaf")).map(({ status }) => status), ["cancelled"])
      assert.deepStrictEqual(yield* slotsOf(handle.id), ["cancelled"])
      assert.deepInclude(yield* Effect.flip(handle.await), { _tag: "Cancelled", reason: "changed my mind" })
    }))

  test("10.1: a step whose own time was over has not succeeded, also where its action is cancelled before that is concluded", () =>
    Effect.gen(function*() {
      yield* (yield* order).lingerLater()
      yield* performIdle
      // of the child's step, and of the parent's, which leaves the child behind
      yield* TestClock.adjust("1 minute")
      yield* performSteppedActions()
      const [child] = yield* recordsOf("idle")
      assert.deepStrictEqual([child!.status, ...yield* stepsOf(child!.id)], [
        "cancelled",
        "rest cancelled",
        "rest succeeded"
      ])
      assert.deepStrictEqual(seen, ["gets up: Cancelled"])
    }))

  test("10.1: a child that succeeds meanwhile counts, and its step is undone with what it gave", () =>
    Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      const handle = yield* (yield* order).waitLater("tea")
      yield* performIdle
      const [child] = yield* recordsOf("leaf")
      // both before anybody has looked at the children
      yield* sql.withTransaction(Effect.andThen(
        handle.cancel(),
        Stepped.complete(child!.id, leaf, Stepped.Outcome.succeeded("leaves"))
      ))
      yield* performSteppedActions()
      assert.deepStrictEqual(seen, ["first", "undoes hold leaves", "undoes first tea", "cancelled"])
      assert.deepStrictEqual(yield* stepsOf(handle.id), [
        "first succeeded",
        "hold succeeded",
        "hold succeeded",
        "first succeeded"
      ])
    }))

  test("10.1: of an action whose time is over while it waits", () =>
    Effect.gen(function*() {
      const handle = yield* (yield* order).waitLater("tea")
      yield* performIdle
      yield* TestClock.adjust("2 hours")
      yield* performSteppedActions()
      assert.deepStrictEqual(seen, ["first", "undoes first tea", "timed_out, hold"])
      assert.deepInclude(yield* Effect.flip(handle.await), { _tag: "TimedOut" })
    }))

  test("10.1: completed from outside otherwise than as a success", () =>
    Effect.gen(function*() {
      const handle = yield* (yield* order).askLater()
      yield* performIdle
      yield* Stepped.complete(Order.ref(1), ask, Stepped.Outcome.failed())
      assert.isFalse((yield* Stepped.complete(Order.ref(1), ask, Stepped.Outcome.succeededVoid))._tag === "Some")
      yield* performSteppedActions()
      assert.strictEqual((yield* recordOf(handle.id)).status, "failed")
    }))

  test("10.1: one with the same checksum does not join it, but waits behind it", () =>
    Effect.gen(function*() {
      const client = yield* order
      scene.refund = Effect.andThen(note("later"), Effect.fail("no connection"))
      const first = yield* client.buyLater("tea")
      yield* performIdle
      assert.isTrue((yield* recordOf(first.id)).unwinding)
      const second = yield* client.buyLater("tea")
      yield* performIdle
      assert.strictEqual((yield* second.status).status, "pending")
      scene.refund = Effect.void
      scene.ship = Effect.void
      yield* performSteppedActions()
      assert.instanceOf(yield* Effect.flip(first.await), SoldOut)
      yield* second.await
    }))

  test("10.2: a compensation may start children and wait; it is done when they are", () =>
    Effect.gen(function*() {
      const handle = yield* (yield* order).askLater()
      yield* performIdle
      assert.isTrue(yield* handle.cancel())
      yield* performSteppedActions()
      // what is marked has failed, each time
      assert.deepStrictEqual(seen, [...Array.from({ length: 5 }, () => "marks two"), "undoes 1 by a child"])
      assert.deepStrictEqual(yield* undoneOf(handle.id), ["second 1 failed", "first 0 succeeded"])
      assert.deepStrictEqual((yield* recordOf(handle.id)).cause?.notUndone, [{
        step: "second",
        index: 1,
        message: "marked as failed"
      }])
    }))

  test("10.2: whatever it fails with, it is tried five times; what is done never runs again", () =>
    Effect.gen(function*() {
      scene.release = Effect.fail("no connection")
      const handle = yield* (yield* order).buyLater("tea")
      yield* performSteppedActions()
      assert.deepStrictEqual(seen, [
        ...bought,
        undone[0]!,
        ...Array.from({ length: 5 }, () => "releases tea-1"),
        undone[2]!,
        "failed, not undone: reserve"
      ])
      // the action's own error, as always
      assert.instanceOf(yield* Effect.flip(handle.await), SoldOut)
      const { cause } = yield* recordOf(handle.id)
      assert.deepStrictEqual(cause?.notUndone, [{ step: "reserve", index: 1, message: "no connection" }])
      assert.deepStrictEqual(yield* undoneOf(handle.id), ["3 2 succeeded", "reserve 1 failed", "charge 0 succeeded"])
    }))

  test("13.1: cancelled with compensate: false, it ends at once, and nothing is undone", () =>
    Effect.gen(function*() {
      const client = yield* order
      const handle = yield* client.waitLater("tea")
      const other = yield* client.askLater()
      yield* performIdle
      assert.isTrue(yield* handle.cancel({ compensate: false, reason: "kept" }))
      assert.deepStrictEqual(yield* Stepped.cancel(Order.ref(1), ask, { compensate: false }), {
        cancelled: 1,
        hasMore: false
      })
      yield* performSteppedActions()
      assert.deepStrictEqual(seen, ["first", "cancelled"])
      assert.deepStrictEqual(yield* stepsOf(handle.id), ["first succeeded", "hold cancelled"])
      assert.deepStrictEqual(yield* undoneOf(other.id), [])
      assert.deepInclude(yield* Effect.flip(handle.await), { _tag: "Cancelled", reason: "kept" })
    }))

  test("10.3: without callbacks, too, the cause says what is uncertain", () =>
    Effect.gen(function*() {
      const handle = yield* (yield* order).launchLater(false)
      yield* performSteppedActions()
      assert.deepStrictEqual(seen, ["drains"])
      assert.deepStrictEqual((yield* recordOf(handle.id)).cause?.uncertain, ["lift"])
    }))

  test("10.5: behind a point of no return what came later is undone, and nothing before it", () =>
    Effect.gen(function*() {
      const handle = yield* (yield* order).launchLater(true)
      yield* performSteppedActions()
      assert.deepStrictEqual(seen, ["leaves orbit"])
      const { cause } = yield* recordOf(handle.id)
      assert.deepStrictEqual([cause?.notUndone, cause?.uncertain], [undefined, undefined])
    }))

  test("10.3: a step that has begun and not succeeded is voided, or uncertain; one that was skipped is neither", () =>
    Effect.gen(function*() {
      const handle = yield* (yield* order).halfLater()
      yield* performSteppedActions()
      assert.deepStrictEqual(seen, ["half", "voids void", "uncertain: unknown"])
      assert.deepStrictEqual((yield* recordOf(handle.id)).cause?.uncertain, ["unknown"])
      assert.isTrue(Exit.isFailure(yield* Effect.exit(handle.await)))
    }))
})
