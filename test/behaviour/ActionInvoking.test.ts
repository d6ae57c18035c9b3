/** Rules 2.1, 2.3 and 2.8: keys and timeouts from the arguments as given, checksums after `before`, default keys. */
import { assert, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import type { SqlClient } from "effect/sql"
import { TestClock } from "effect/testing"
import { Stepped } from "stepped"
import { performSteppedActions } from "stepped/testing"
import { checksum } from "../../src/engine/checksum.ts"
import { healthy, suite } from "../harness/databases.ts"
import { seen } from "../harness/notes.ts"
import { lanes, recordOf, recordsOf, slotsOf, statusesOf, stepsOf } from "../harness/observing.ts"
import { performIdle } from "../harness/performing.ts"
import { nothing, stored } from "../harness/stored.ts"
import { Cars, Garages, keyed, Live } from "./fixtures/keys.ts"

suite("invoking", (engine) => {
  const test = <A, E>(name: string, scenario: () => Effect.Effect<A, E, Stepped.Services | SqlClient.SqlClient>) =>
    it.effect(
      name,
      () => Effect.provide(Effect.andThen(scenario(), healthy), Live.pipe(Layer.provideMerge(engine.layer())))
    )

  test("2.1: keys and timeout come from the arguments as given, before `before` replaces them", () =>
    Effect.gen(function*() {
      const handle = yield* (yield* Cars.client)(1).plainLater(2)
      yield* performIdle
      const { arguments: args, checksumKey, lane } = yield* recordOf(handle.id)
      assert.deepStrictEqual([args, lane, checksumKey], [[20], "lane/2", "sum/2"])
      yield* TestClock.adjust(1999)
      yield* performIdle
      assert.deepStrictEqual(yield* statusesOf("plain"), ["performing"])
      yield* TestClock.adjust(1)
      yield* performIdle
      assert.deepStrictEqual(yield* statusesOf("plain"), ["timed_out"])
    }))

  test("2.1: effects compute them too, with services and the current actor, from the arguments as given", () =>
    Effect.gen(function*() {
      const handle = yield* (yield* Cars.client)(1).effectfulLater(2)
      yield* performIdle
      const { arguments: args, checksumKey, lane } = yield* recordOf(handle.id)
      assert.deepStrictEqual([args, lane, checksumKey], [[20], "zone of lane 2", "sum/1/2"])
      yield* TestClock.adjust(1999)
      yield* performIdle
      assert.deepStrictEqual(yield* statusesOf("effectful"), ["performing"])
      yield* TestClock.adjust(1)
      yield* performIdle
      assert.deepStrictEqual(yield* statusesOf("effectful"), ["timed_out"])
    }))

  test("2.3: the checksum comes from the arguments as `before` left them, plain or by an effect", () =>
    Effect.gen(function*() {
      const car = (yield* Cars.client)(1)
      const [first, second] = [yield* car.plainNow(2), yield* car.effectfulNow(2)]
      assert.strictEqual((yield* recordOf(first.id)).checksum, checksum(20))
      assert.strictEqual((yield* recordOf(second.id)).checksum, checksum({ n: 20 }))
      yield* first.cancel()
      yield* second.cancel()
    }))

  test("2.8: the default keys are type, id and name of the action", () =>
    Effect.gen(function*() {
      const first = yield* (yield* Cars.client)(1).driveNow(5)
      const second = yield* (yield* Cars.client)(2).driveNow(5)
      const third = yield* (yield* Garages.client)("north/1").openNow()
      for (
        const [handle, key] of [[first, "Car/1/drive"], [second, "Car/2/drive"], [
          third,
          "Garage/north/1/open"
        ]] as const
      ) {
        const { checksumKey, lane, status } = yield* recordOf(handle.id)
        assert.deepStrictEqual([lane, checksumKey, status], [key, key, "performing"])
        yield* handle.cancel()
      }
    }))

  for (const none of [null, "", [], [""]]) {
    test(`2.8: a key function that gives ${JSON.stringify(none)} means the default`, () =>
      Effect.gen(function*() {
        const handle = yield* (yield* Cars.client)(1).keyedNow(none)
        const { checksumKey, lane } = yield* recordOf(handle.id)
        assert.deepStrictEqual([lane, checksumKey], ["Car/1/keyed", "Car/1/keyed"])
        yield* handle.cancel()
      }))
  }

  test("2.8: parts are joined with a slash, a part's own slash is escaped: no two lists share a lane", () =>
    Effect.gen(function*() {
      const car = (yield* Cars.client)(1)
      const lists = [["a/b", "c"], ["a", "b/c"], ["a", "b", "c"], ["a\\", "b/c"], ["a\\/b", "c"]]
      const handles = yield* Effect.forEach(lists, (list) => car.keyedNow(list))
      assert.deepStrictEqual(yield* statusesOf("keyed"), lists.map(() => "performing"))
      assert.strictEqual(new Set(yield* lanes).size, lists.length)
      assert.strictEqual((yield* recordOf(handles[2]!.id)).lane, "a/b/c")
      for (const handle of handles) yield* handle.cancel()
    }))

  test("2.8: the same list is the same lane, on every actor", () =>
    Effect.gen(function*() {
      yield* (yield* Cars.client)(1).keyedNow(["depot", 7])
      yield* (yield* Cars.client)(2).keyedNow(["depot", 7])
      assert.deepStrictEqual(yield* statusesOf("keyed"), ["performing", "pending"])
      assert.deepStrictEqual(yield* lanes, ["depot/7"])
      for (const { id } of yield* recordsOf("keyed")) yield* Stepped.complete(id, keyed, Stepped.Outcome.cancelled)
      yield* performSteppedActions({
        outbound: (action) => Stepped.complete(action.id, keyed, Stepped.Outcome.cancelled)
      })
    }))

  const breaks = [
    "lane",
    "lane effect",
    "lane failure",
    "checksum key",
    "long key",
    "NUL key",
    "checksum",
    "circular",
    "timeout",
    "negative timeout"
  ]
  for (const what of breaks) {
    test(`2.1: when it breaks (${what}), the action fails, is not stored, holds no lane, and its parent is told`, () =>
      Effect.gen(function*() {
        const car = (yield* Cars.client)(1)
        const root = yield* car.brokenLater(what)
        const error = yield* Effect.flip(Effect.andThen(performSteppedActions(), root.await))
        assert.deepInclude(error, { _tag: "ActionFailed", action: "broken", actor: "Car/1", actionId: root.id })
        assert.deepStrictEqual(yield* stored, { ...nothing, outcomes: 1 })

        const handle = yield* car.parentLater(what)
        yield* performSteppedActions()
        assert.strictEqual((yield* recordOf(handle.id)).status, "failed")
        assert.deepStrictEqual(yield* slotsOf(handle.id), ["failed"])
        assert.deepStrictEqual(yield* stepsOf(handle.id), ["child failed"])
        assert.deepStrictEqual(yield* recordsOf("broken"), [])
        assert.deepStrictEqual(yield* lanes, [])

        // nothing is left behind that would hold up the next one
        yield* car.brokenLater("well")
        yield* performSteppedActions()
        assert.deepStrictEqual(seen, ["well"])
      }))
  }
})
