/** What would be deleted of the history, and what stays and why, is what deleting does. */
import { assert, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { TestClock } from "effect/testing"
import { ActionRepo, InvalidQuery, Stepped } from "stepped"
import { performSteppedActions } from "stepped/testing"
import { healthy, suite } from "../harness/databases.ts"
import { performIdle } from "../harness/performing.ts"
import { scene, Shops } from "./fixtures/retrying.ts"

suite("what would be deleted", (engine) => {
  it.effect("4.7: it is counted by definition, status and what reads it, page by page, and deleting does that", () =>
    Effect.gen(function*() {
      const repo = yield* ActionRepo
      const shop = (yield* Shops.client)(1)
      scene.failing = new Set(["pay"])
      const failed = yield* shop.orderLater(1)
      yield* shop.onlyLater()
      yield* performIdle
      const performing = yield* shop.slowLater()
      yield* performIdle
      const superseded = yield* shop.slowLater()
      yield* performIdle
      const newer = yield* shop.slowLater()
      const live = yield* shop.limitedLater()
      yield* performIdle
      yield* repo.retry(failed.id)
      yield* TestClock.adjust("1 minute")
      const before = new Date(yield* Effect.clockWith((clock) => clock.currentTimeMillis))
      const pages = (limit: number) =>
        Effect.gen(function*() {
          const found: Array<string> = []
          let from: string | undefined
          do {
            const page = yield* repo.deletable({ before, limit, from })
            for (const { because, count, name, status } of page.groups) {
              for (let n = 0; n < count; n++) found.push(`${name} ${status} ${because ?? "goes"}`)
            }
            from = page.next
          } while (from !== undefined)
          return found.toSorted()
        })
      const expected = [
        "charge succeeded parent",
        "only succeeded goes",
        "order failed retry",
        "slow superseded successor"
      ]
      assert.deepStrictEqual(yield* pages(10_000), expected)
      assert.deepStrictEqual(yield* pages(1), expected)
      assert.strictEqual((yield* repo.deleteEnded({ before })).deleted, 1)
      assert.deepStrictEqual(yield* pages(10_000), expected.filter((line) => !line.endsWith("goes")))
      assert.deepStrictEqual((yield* repo.deletable({ before: new Date(0) })).groups, [])
      for (const wrong of [{ before: new Date(Number.NaN) }, { before, limit: 0 }, { before, from: "none" }]) {
        assert.instanceOf(yield* Effect.flip(repo.deletable(wrong)), InvalidQuery)
      }
      for (const { id } of [newer, performing, live]) yield* Stepped.cancel(id)
      assert.isString(superseded.id)
      scene.failing = new Set()
      yield* performSteppedActions()
      yield* healthy
    }).pipe(Effect.provide(Layer.provideMerge(Shops.layer, engine.layer()))))
})
