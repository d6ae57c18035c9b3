/**
 * Callers and workers that go away at any moment: what they held is performed by others, to its end, once (rule 7.3).
 */
import type { PgClient } from "@effect/sql-pg"
import { assert, beforeEach, describe, it } from "@effect/vitest"
import { Effect, Fiber, Layer, Schema } from "effect"
import { Step, Stepped } from "stepped"
import { performSteppedActions } from "stepped/testing"
import { healthy, server } from "../harness/databases.ts"
import { deployed } from "../harness/deploying.ts"
import { lanes, recordsOf, stepsOf } from "../harness/observing.ts"

const seen: Array<string> = []
beforeEach(() => {
  seen.length = 0
})
const note = (text: string) => Effect.sync(() => void seen.push(text))

class Car extends Stepped.Actor<Car>()("Car", { id: Schema.Int }) {}
const honk = Stepped.action("honk").step(() => Effect.void)
const visit = Stepped.action("visit", { arguments: [Schema.Int] })
  .before(() => Effect.yieldNow)
  .step("a", (n) => Effect.andThen(Effect.yieldNow, note(`a ${n}`)))
  .step("b", (n) => Effect.andThen(Step.do(honk), note(`b ${n}`)))
  .step("c", (n) => Effect.andThen(Effect.yieldNow, note(`c ${n}`)), { transactional: true })
  .succeeded((n) => Effect.andThen(Effect.yieldNow, note(`callback ${n}`)))
const Cars = Stepped.actions(Car, [honk, visit])
const tick = Effect.promise(() => new Promise<void>((resolve) => setImmediate(resolve)))

describe("going away", () => {
  const race = <A, E>(name: string, scenario: () => Effect.Effect<A, E, Stepped.Services | PgClient.PgClient>) =>
    it.effect(
      name,
      () => Effect.provide(Effect.andThen(scenario(), healthy), Layer.provideMerge(Cars.layer, server.layer()))
    )
  const moments = Array.from({ length: 48 }, (_, n) => n)

  /** All that were stored have ended, with every step once. */
  const endedOnce = Effect.gen(function*() {
    const records = yield* recordsOf("visit")
    for (const record of records) {
      assert.deepStrictEqual([record.status, record.callbacksSucceeded], ["succeeded", 1])
      assert.deepStrictEqual(yield* stepsOf(record.id), ["a succeeded", "b succeeded", "c succeeded"])
    }
    assert.deepStrictEqual(yield* lanes, [])
    return records.length
  })

  race(
    "a call of visitNow that is interrupted at any moment leaves its action to others of the same engine",
    () =>
      Effect.gen(function*() {
        const client = yield* Cars.client
        for (const n of moments) {
          const call = yield* Effect.forkChild(client(n).visitNow(n))
          for (let i = 0; i < n; i++) yield* tick
          yield* Fiber.interrupt(call)
        }
        yield* performSteppedActions()
        assert.isAtLeast(yield* endedOnce, 24)
      })
  )

  race("draining that is interrupted at any moment can be taken up again", () =>
    Effect.gen(function*() {
      const client = yield* Cars.client
      yield* Effect.forEach(moments, (n) => client(n).visitLater(n), { concurrency: "unbounded" })
      for (const n of moments) {
        const drain = yield* Effect.forkChild(performSteppedActions())
        for (let i = 0; i < n; i++) yield* tick
        yield* Fiber.interrupt(drain)
      }
      yield* performSteppedActions()
      assert.strictEqual(yield* endedOnce, moments.length)
    }))

  race("an engine that closes at any moment leaves everything to the next one", () =>
    Effect.gen(function*() {
      const client = yield* Cars.client
      yield* Effect.forEach(moments, (n) => client(n).visitLater(n), { concurrency: "unbounded" })
      for (const n of moments.filter((moment) => moment % 3 === 0)) {
        yield* deployed(Cars.layer)(Effect.gen(function*() {
          const drain = yield* Effect.forkChild(performSteppedActions())
          for (let i = 0; i < 2 * n; i++) yield* tick
          yield* Fiber.interrupt(drain)
        }))
        yield* healthy
      }
      yield* performSteppedActions()
      assert.strictEqual(yield* endedOnce, moments.length)
    }))

  race("a worker whose layer closes at any moment leaves everything to the next one", () =>
    Effect.gen(function*() {
      const client = yield* Cars.client
      yield* Effect.forEach(moments, (n) => client(n).visitLater(n), { concurrency: "unbounded" })
      for (const n of moments.filter((moment) => moment % 6 === 0)) {
        yield* deployed(Cars.layer)(Effect.scoped(Effect.gen(function*() {
          yield* Layer.build(Stepped.worker({ concurrency: 4, gracePeriod: n % 12 === 0 ? 0 : "1 second" }))
          for (let i = 0; i < 3 * n; i++) yield* tick
        })))
        yield* healthy
      }
      yield* performSteppedActions()
      assert.strictEqual(yield* endedOnce, moments.length)
    }))
})
