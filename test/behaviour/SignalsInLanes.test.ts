/** Rules 11.3 and 15.4: what becomes of signals where their targets are superseded, or join, in lanes of either kind. */
import { assert, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { TestClock } from "effect/testing"
import { ActionRepo, type EnqueueOptions, Stepped, Superseded } from "stepped"
import { performSteppedActions } from "stepped/testing"
import { healthy, suite } from "../harness/databases.ts"
import { recordOf, slotsOf } from "../harness/observing.ts"
import { performIdle } from "../harness/performing.ts"
import { call, change, Desk, Desks, short, turn } from "./fixtures/signalLanes.ts"

/** What was sent to an action, or has become its own since. */
const signalsOf = (id: string) =>
  Effect.map(
    Effect.flatMap(ActionRepo, (repo) => repo.signals(id)),
    (all) => all.map(({ payload, readBy }) => `${String(payload)}${readBy === undefined ? " unread" : ""}`)
  )

suite("signals in lanes", (engine) => {
  const test = <A, E>(name: string, scenario: () => Effect.Effect<A, E, Stepped.Services>) =>
    it.effect(
      name,
      () => Effect.provide(Effect.andThen(scenario(), healthy), Layer.provideMerge(Desks.layer, engine.layer()))
    )
  const desk = Effect.map(Desks.client, (desks) => desks(1))
  /** Ends the one of an action that performs, so that the next one begins. */
  const next = (action: typeof turn | typeof short | typeof call) =>
    Effect.gen(function*() {
      for (const text of ["one", "two"]) yield* Stepped.send(Desk.ref(1), action, change, text)
      yield* performIdle
    })

  test("11.3, 15.4: what was sent to the superseded, and what is sent to it later, is the newcomer's", () =>
    Effect.gen(function*() {
      const client = yield* desk
      yield* client.turnLater("first")
      yield* performIdle
      const second = yield* client.turnLater("second")
      yield* performIdle
      assert.strictEqual(yield* second.send(change, "before", { key: "k" }), "sent")
      yield* performIdle
      const third = yield* client.turnLater("third")
      yield* performIdle
      assert.strictEqual((yield* recordOf(second.id)).supersededBy, third.id)
      assert.strictEqual(yield* second.send(change, "before", { key: "k" }), "repeated")
      assert.strictEqual(yield* second.send(change, "later"), "sent")
      assert.deepStrictEqual(yield* signalsOf(third.id), ["before unread", "later unread"])
      yield* next(turn)
      assert.deepStrictEqual(yield* slotsOf(third.id), ["succeeded", "succeeded"])
      assert.strictEqual(yield* third.await, "third: before, later")
      assert.strictEqual(yield* second.await, "third: before, later")
    }))

  test("11.3, 15.4: where waiters are told, it goes to nobody", () =>
    Effect.gen(function*() {
      const client = yield* desk
      yield* client.callLater("first")
      yield* performIdle
      const second = yield* client.callLater("second")
      yield* performIdle
      assert.strictEqual(yield* second.send(change, "before"), "sent")
      yield* performIdle
      const third = yield* client.callLater("third")
      yield* performIdle
      assert.strictEqual((yield* recordOf(second.id)).supersededBy, third.id)
      assert.strictEqual(yield* second.send(change, "later"), "none")
      assert.deepStrictEqual([yield* signalsOf(second.id), yield* signalsOf(third.id)], [["before unread"], []])
      assert.instanceOf(yield* Effect.flip(second.await), Superseded)
      yield* next(call)
      assert.deepStrictEqual(yield* slotsOf(third.id), ["open", "open"])
      yield* next(call)
      assert.strictEqual(yield* third.await, "third: one, two")
    }))

  for (const inNamed of [true, false]) {
    test(`11.3, 2.5 b: who joins another one in a ${inNamed ? "named lane" : "lane"} gives it what was sent to it, before and afterwards`, () =>
      Effect.gen(function*() {
        const client = yield* desk
        const enqueue = (options: EnqueueOptions) =>
          inNamed ? client.with(options).turnLater("same") : client.with(options).shortLater("same")
        const performs = yield* enqueue({})
        yield* performIdle
        const joins = yield* enqueue({ delay: "1 minute" })
        assert.strictEqual(yield* joins.send(change, "before"), "sent")
        // whoever looks whether it waits for that finds it queued
        yield* performIdle
        yield* TestClock.adjust("1 minute")
        yield* performIdle
        assert.deepStrictEqual(yield* slotsOf(performs.id), ["succeeded", "open"])
        assert.strictEqual(yield* joins.send(change, "later"), "sent")
        yield* performIdle
        assert.deepStrictEqual(yield* slotsOf(performs.id), ["succeeded", "succeeded"])
        assert.strictEqual(yield* performs.await, "same: before, later")
        assert.strictEqual(yield* joins.await, "same: before, later")
      }))
  }

  for (const inNamed of [true, false]) {
    test(`11.3, 14.2: what was sent to one that is superseded as it arrives in a ${inNamed ? "named lane" : "lane"} is the newer one's`, () =>
      Effect.gen(function*() {
        const client = yield* desk
        const enqueue = (what: string, options: EnqueueOptions) =>
          inNamed ? client.with(options).turnLater(what) : client.with(options).shortLater(what)
        yield* enqueue("first", {})
        yield* performIdle
        const older = yield* enqueue("older", { delay: "1 minute" })
        assert.strictEqual(yield* older.send(change, "before"), "sent")
        yield* performIdle
        yield* TestClock.adjust("2 minutes")
        const newer = yield* enqueue("newer", { priority: -1 })
        yield* performIdle
        assert.strictEqual((yield* recordOf(older.id)).supersededBy, newer.id)
        assert.strictEqual(yield* older.send(change, "later"), "sent")
        assert.deepStrictEqual(yield* signalsOf(newer.id), ["before unread", "later unread"])
        yield* next(inNamed ? turn : short)
        assert.deepStrictEqual(yield* slotsOf(newer.id), ["succeeded", "succeeded"])
        assert.strictEqual(yield* older.await, "newer: before, later")
      }))
  }

  test("11.3, 14.2: and nobody's, where waiters are told", () =>
    Effect.gen(function*() {
      const client = yield* desk
      yield* client.callLater("first")
      yield* performIdle
      const older = yield* client.with({ delay: "1 minute" }).callLater("older")
      assert.strictEqual(yield* older.send(change, "before"), "sent")
      yield* performIdle
      yield* TestClock.adjust("2 minutes")
      const newer = yield* client.with({ priority: -1 }).callLater("newer")
      yield* performIdle
      assert.strictEqual((yield* recordOf(older.id)).supersededBy, newer.id)
      assert.strictEqual(yield* older.send(change, "later"), "none")
      assert.deepStrictEqual([yield* signalsOf(older.id), yield* signalsOf(newer.id)], [["before unread"], []])
      assert.instanceOf(yield* Effect.flip(older.await), Superseded)
      yield* next(call)
      assert.deepStrictEqual(yield* slotsOf(newer.id), ["open", "open"])
      yield* newer.cancel()
      yield* performSteppedActions()
    }))
})
