/** Rule 23.10: actions as tools of a model. */
import { assert, it } from "@effect/vitest"
import { Effect, Fiber, Layer } from "effect"
import { AiError } from "effect/ai"
import { TestClock } from "effect/testing"
import { healthy, suite } from "../harness/databases.ts"
import { until } from "../harness/workers.ts"
import { answering, call, enqueued, refunding, refunds, using } from "./fixtures/refunds.ts"

suite("an action as a tool", (engine) => {
  it.effect("23.10: is enqueued by a call, and gives what it succeeds with; the call once more is the same action", () =>
    Effect.gen(function*() {
      const first = yield* Effect.forkChild(call("call 1"))
      yield* enqueued
      yield* answering("Bob")
      assert.deepStrictEqual(yield* Fiber.join(first), [[false, "42 by Bob"]])
      // whoever asked has died, and goes on with its conversation
      assert.deepStrictEqual(yield* call("call 1"), [[false, "42 by Bob"]])
      assert.strictEqual((yield* refunds).length, 1)
      yield* healthy
    }).pipe(Effect.provide(using(engine))))

  it.effect("23.10: tells in words what it has failed with, and what the call lacks", () =>
    Effect.gen(function*() {
      const first = yield* Effect.forkChild(call("call 1"))
      yield* enqueued
      yield* answering("no")
      assert.deepStrictEqual(yield* Fiber.join(first), [[true, "Refused: Ada has refused it"]])
      // the same call with other arguments is none
      const [[isFailure, text]] = (yield* call("call 1", 43)) as [[boolean, string]]
      assert.isTrue(isFailure)
      assert.include(text, "IdempotencyConflict")
    }).pipe(Effect.provide(using(engine))))

  it.effect("23.10: goes on where the model does not wait any longer, and where whoever asked is interrupted", () =>
    Effect.gen(function*() {
      const first = yield* Effect.forkChild(call("call 1"))
      yield* enqueued
      yield* until(
        "it is told",
        Effect.gen(function*() {
          yield* TestClock.adjust("20 minutes")
          return first.pollUnsafe() !== undefined
        })
      )
      assert.deepStrictEqual(yield* Fiber.join(first), [
        [true, "refund Order/7 goes on, and has not ended yet: ask for it again later"]
      ])
      const second = yield* Effect.forkChild(call("call 1"))
      yield* Fiber.interrupt(second)
      yield* answering("Bob")
      assert.deepStrictEqual(yield* call("call 1"), [[false, "42 by Bob"]])
    }).pipe(Effect.provide(using(engine))))

  it.effect("23.10: says nothing to the model of a database that refuses", () =>
    Effect.gen(function*() {
      const handler = yield* Effect.scoped(Effect.gen(function*() {
        return yield* Effect.provideContext(refunding.handler, yield* Layer.build(Layer.fresh(engine.layer())))
      }))
      // its layer is closed
      const error = yield* Effect.flip(handler({ order: 7, euros: 42 }, { preliminary: () => Effect.void }))
      assert(error instanceof AiError.AiError)
      assert.strictEqual(error.reason._tag, "UnknownError")
    }))
})
