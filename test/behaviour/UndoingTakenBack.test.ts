/** Rule 10.3 of transactional steps: what was taken back with its transaction is not uncertain, what has been committed is. */
import { assert, it } from "@effect/vitest"
import { Deferred, Effect, Fiber, Layer } from "effect"
import type { SqlClient } from "effect/sql"
import type { Stepped } from "stepped"
import { performSteppedActions } from "stepped/testing"
import { healthy, server, suite } from "../harness/databases.ts"
import { seen } from "../harness/notes.ts"
import { recordOf, stepsOf } from "../harness/observing.ts"
import { type How, Shelves } from "./fixtures/takenBack.ts"
import { emptyTable, rows, scene } from "./fixtures/transactional.ts"

suite("what was taken back", (engine) => {
  const test = (name: string, scenario: () => Effect.Effect<void, unknown, Stepped.Services | SqlClient.SqlClient>) =>
    it.effect(name, () =>
      Effect.provide(
        Effect.andThen(emptyTable, Effect.andThen(scenario(), healthy)),
        Layer.provideMerge(Shelves.layer, engine.layer())
      ))
  const shelf = Effect.map(Shelves.client, (shelves) => shelves(1))

  const outcomes: ReadonlyArray<readonly [How, How, status: string, ReadonlyArray<string>, left?: string]> = [
    ["fails", "fails", "failed", []],
    ["fails", "is late", "timed_out", []],
    ["fails", "marks and gives what cannot be stored", "failed", []],
    ["fails", "marks", "failed", ["row 2"], "put"],
    ["fails", "waits in vain", "failed", ["row 2"], "put"],
    ["marks", "fails", "failed", ["row 1"], "put"],
    ["waits in vain", "fails", "failed", ["row 1"], "put"],
    ["waits in vain", "is late", "timed_out", ["row 1"], "put"]
  ]
  for (const [first, second, status, stored, left] of outcomes) {
    test(`10.3: an attempt ${first}, the next one ${second}: ${left === undefined ? "nothing" : "it"} is uncertain`, () =>
      Effect.gen(function*() {
        const { id } = yield* (yield* shelf).putLater([first, second])
        yield* performSteppedActions()
        const record = yield* recordOf(id)
        assert.deepStrictEqual([record.status, yield* rows], [status as never, stored])
        assert.deepStrictEqual(record.cause?.uncertain, left === undefined ? undefined : [left])
        assert.deepStrictEqual(seen, [])
      }))
  }

  for (const [how, uncertain] of [["fails", undefined], ["marks", ["put"]], ["waits in vain", ["put"]]] as const) {
    test(`10.3: an attempt ${how} and is held: after cancelling ${uncertain ? "it" : "nothing"} is uncertain`, () =>
      Effect.gen(function*() {
        const handle = yield* (yield* shelf).holdLater([how])
        yield* Effect.exit(performSteppedActions())
        assert.deepStrictEqual(yield* stepsOf(handle.id), ["put held"])
        yield* handle.cancel()
        yield* performSteppedActions()
        const { cause, status } = yield* recordOf(handle.id)
        assert.deepStrictEqual([status, cause?.uncertain], ["cancelled", uncertain as never])
        assert.deepStrictEqual(yield* stepsOf(handle.id), ["put cancelled"])
      }))
  }

  test("10.3: so it is of one that may fail, where the action fails later", () =>
    Effect.gen(function*() {
      const shelves = yield* Shelves.client
      const taken = yield* shelves(1).passLater(["fails"])
      const left = yield* shelves(2).passLater(["marks"])
      yield* performSteppedActions()
      assert.deepStrictEqual(
        [(yield* recordOf(taken.id)).cause?.uncertain, (yield* recordOf(left.id)).cause?.uncertain],
        [undefined, ["put"]]
      )
    }))

  test("10.3: compensateFailed runs all the same: the body may have done something elsewhere", () =>
    Effect.gen(function*() {
      const { id } = yield* (yield* shelf).saysLater(["fails"])
      yield* performSteppedActions()
      assert.deepStrictEqual([seen, (yield* recordOf(id)).cause?.uncertain], [["looks elsewhere"], undefined])
    }))

  test("10.3: nobody outside was asked by a step that was taken back", () =>
    Effect.gen(function*() {
      const shelves = yield* Shelves.client
      const taken = yield* shelves(1).asksLater(["fails"])
      const left = yield* shelves(2).asksLater(["marks"])
      yield* performSteppedActions()
      assert.deepStrictEqual(
        [(yield* recordOf(taken.id)).cause?.uncertain, (yield* recordOf(left.id)).cause?.uncertain],
        [undefined, ["asks"]]
      )
    }))

  test("10.3: one that ends its own action, and was to wait, has committed, and is uncertain", () =>
    Effect.gen(function*() {
      const { id } = yield* (yield* shelf).leaveLater([])
      yield* performSteppedActions()
      const { cause, status } = yield* recordOf(id)
      assert.deepStrictEqual([status, yield* rows, cause?.uncertain], ["cancelled", ["row"], ["put"]])
      assert.deepStrictEqual(yield* stepsOf(id), ["put cancelled"])
    }))

  if (engine === server) {
    test("10.3: one whose body is interrupted with its action is not uncertain", () =>
      Effect.gen(function*() {
        const reached = yield* Deferred.make<void>()
        scene.body = Effect.andThen(Deferred.succeed(reached, undefined), Effect.never)
        const handle = yield* (yield* shelf).stayLater([])
        const worker = yield* Effect.forkChild(performSteppedActions())
        yield* Deferred.await(reached)
        assert.isTrue(yield* handle.cancel())
        yield* Fiber.join(worker)
        const { cause, status } = yield* recordOf(handle.id)
        assert.deepStrictEqual([status, yield* rows, cause?.uncertain], ["cancelled", [], undefined])
        assert.deepStrictEqual(yield* stepsOf(handle.id), ["put cancelled"])
      }))
  }
})
