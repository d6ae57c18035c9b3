/** Rule 23.10: actions as tools of a model. */
import { assert, it } from "@effect/vitest"
import { Effect, Fiber, Layer, Schema, Stream } from "effect"
import { AiError, Toolkit } from "effect/ai"
import { TestClock } from "effect/testing"
import { ActionRepo, JobQueue, Step, Stepped } from "stepped"
import * as Ai from "stepped/ai"
import { performSteppedActions } from "stepped/testing"
import { healthy, suite, type TestEngine } from "../harness/databases.ts"
import { until } from "../harness/workers.ts"

class Order extends Stepped.Actor<Order>()("Order", { id: Schema.Int }) {}
class Refused extends Schema.TaggedError<Refused>()("Refused", { by: Schema.String }) {
  override get message() {
    return `${this.by} has refused it`
  }
}
const approval = Stepped.signal("approval", { payload: Schema.String })
const refund = Stepped.action("refund", {
  arguments: [Schema.Int],
  success: Schema.String,
  error: Refused,
  signals: [approval]
})
  .step("ask", () => Step.waitFor(approval, { timeout: "2 days" }))
  .step((euros, { ask }) =>
    ask === "no" ? Effect.fail(new Refused({ by: "Ada" })) : Effect.succeed(`${euros} by ${ask}`)
  )
const Orders = Stepped.actions(Order, [refund])

const refunding = Ai.tool(Orders, refund, {
  description: "Gives money back",
  parameters: Schema.Struct({ order: Schema.Int, euros: Schema.Int }),
  call: ({ euros, order }) => ({ actor: order, args: [euros] }),
  patience: "1 hour"
})
const Tools = Toolkit.make(refunding.tool)

const using = (engine: TestEngine) =>
  Tools.toLayer(Effect.all({ refund: refunding.handler })).pipe(
    Layer.provideMerge(Orders.layer),
    Layer.provideMerge(engine.layer())
  )

/** What a model would be told. */
const call = (id: string | undefined, euros = 42) =>
  Effect.gen(function*() {
    const { handle } = yield* Tools
    const results = yield* Stream.runCollect(yield* handle("refund", { order: 7, euros }, id))
    return [...results].map(({ isFailure, result }) => [isFailure, result])
  })

const refunds = Effect.flatMap(ActionRepo, (repo) => repo.list({ actorType: "Order" }))

const enqueued = until(
  "it is enqueued",
  Effect.flatMap(JobQueue, (queue) => Effect.map(queue.queued(), (found) => found.length === 1))
)

/** Performs it, and has the person answer once it waits. */
const answering = (said: string) =>
  performSteppedActions({ signals: () => Stepped.send(Order.ref(7), refund, approval, said) })

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
