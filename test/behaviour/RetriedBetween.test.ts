/** Rule 18.1, of a step with several attempts: what any of them has come to stays done, also where the action ended between two. */
import { assert, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { TestClock } from "effect/testing"
import { ActionRepo, Stepped } from "stepped"
import { performSteppedActions } from "stepped/testing"
import { healthy, suite } from "../harness/databases.ts"
import { performIdle } from "../harness/performing.ts"
import { failing, more, news, order, round, Shop, Shops } from "./fixtures/retriedBetween.ts"

suite("a retry between attempts", (engine) => {
  const test = <A, E>(name: string, scenario: () => Effect.Effect<A, E, Stepped.Services>) =>
    it.effect(
      name,
      () => Effect.provide(Effect.andThen(scenario(), healthy), Layer.provideMerge(Shops.layer, engine.layer()))
    )

  const waitAMinute = Effect.andThen(TestClock.adjust("1 minute"), performIdle)
  /** Retries an action, and performs what goes on for it. */
  const retried = (id: string) =>
    Effect.gen(function*() {
      const result = yield* (yield* ActionRepo).retry(id)
      assert(result._tag === "Retried")
      yield* performSteppedActions()
      return result.id
    })

  test("18.1: what an earlier attempt has done is not done again where the body of the last one has failed", () =>
    Effect.gen(function*() {
      ;["charge 2", "each 2", "each 3"].forEach((name) => failing.add(name))
      const handle = yield* (yield* Shops.client)(1).orderLater()
      yield* performSteppedActions()
      assert.deepStrictEqual(yield* news, ["each 1", "charge 1", "charge 2", "each 2", "each 3"])
      failing.clear()
      const again = yield* retried(handle.id)
      assert.deepStrictEqual(yield* news, ["each 4", "charge 2", "pack"])
      assert.strictEqual(yield* (yield* Stepped.handle(Shop.ref(1), order, again)).await, "given each 4")
    }))
  test("18.1: nor where what goes on for it has failed in the same way", () =>
    Effect.gen(function*() {
      ;["charge 2", "each 2", "each 3", "each 4", "each 5", "each 6"].forEach((name) => failing.add(name))
      const handle = yield* (yield* Shops.client)(1).orderLater()
      yield* performSteppedActions()
      const again = yield* retried(handle.id)
      failing.clear()
      yield* news
      yield* retried(again)
      assert.deepStrictEqual(yield* news, ["each 7", "charge 2", "pack"])
    }))

  test("18.1: what has been used again is one, and is used again once by a further attempt", () =>
    Effect.gen(function*() {
      ;["charge 2", "each 2", "each 3"].forEach((name) => failing.add(name))
      const handle = yield* (yield* Shops.client)(1).orderLater()
      yield* performSteppedActions()
      yield* news
      const result = yield* (yield* ActionRepo).retry(handle.id)
      assert(result._tag === "Retried")
      yield* performIdle
      assert.deepStrictEqual(yield* news, ["each 4", "charge 2"])
      failing.clear()
      more.add(5)
      yield* performSteppedActions()
      assert.deepStrictEqual(yield* news, ["each 5", "charge 2", "charge 1", "pack"])
    }))

  for (const attempts of [1, 2]) {
    test(`18.1: a step that was to begin again runs its body, and has its result, after ${attempts}`, () =>
      Effect.gen(function*() {
        failing.add("charge 2")
        const handle = yield* (yield* Shops.client)(1).orderLater()
        yield* performIdle
        if (attempts === 2) yield* waitAMinute
        assert.isTrue(yield* handle.cancel())
        yield* performSteppedActions()
        failing.clear()
        yield* news
        const again = yield* retried(handle.id)
        assert.deepStrictEqual(yield* news, [`each ${attempts + 1}`, "charge 2", "pack"])
        assert.strictEqual(
          yield* (yield* Stepped.handle(Shop.ref(1), order, again)).await,
          `given each ${attempts + 1}`
        )
      }))
  }

  test("18.1, 10.3: what was done once is done again where its step was mended", () =>
    Effect.gen(function*() {
      failing.add("weigh")
      const handle = yield* (yield* Shops.client)(1).weighLater()
      yield* performSteppedActions()
      assert.deepStrictEqual(yield* news, ["scale", "weigh", "mend"])
      failing.clear()
      yield* retried(handle.id)
      assert.deepStrictEqual(yield* news, ["scale", "weigh"])
    }))

  test("18.1, 10.4: what an attempt of an earlier step has started is undone with what goes on", () =>
    Effect.gen(function*() {
      failing.add("charge 2")
      const handle = yield* (yield* Shops.client)(1).roundLater()
      yield* performIdle
      failing.clear()
      yield* waitAMinute
      assert.deepStrictEqual(yield* news, ["charge 11", "charge 2", "charge 12", "charge 2"])
      assert.isTrue(yield* handle.cancel({ compensate: false }))
      yield* performIdle
      const result = yield* (yield* ActionRepo).retry(handle.id)
      assert(result._tag === "Retried")
      yield* performIdle
      assert.deepStrictEqual(yield* news, [])
      assert.isTrue(yield* (yield* Stepped.handle(Shop.ref(1), round, result.id)).cancel())
      yield* performSteppedActions()
      assert.sameMembers(yield* news, ["refund 2", "refund 11", "refund 12"])
    }))
})
