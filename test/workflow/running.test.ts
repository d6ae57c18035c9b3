/** Rule 24.6: what the body of an execution hears from elsewhere while it runs. */
import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Exit, Fiber, Schema } from "effect"
import { Workflow } from "effect/workflow"
import { layerMemory, WorkflowEngine, type WorkflowInstance } from "effect/workflow/WorkflowEngine"
import { ExecutionName } from "../../src/domain/Phase.ts"
import type { Replay, ReplayListener } from "../../src/Execution.ts"
import { codecsOf } from "../../src/workflow/codecs.ts"
import * as Kept from "../../src/workflow/Kept.ts"
import { runBody } from "../../src/workflow/running.ts"
import * as Runs from "../../src/workflow/Runs.ts"

const Endless = Workflow.make("Endless", { payload: { id: Schema.String }, idempotencyKey: ({ id }) => id })

/** A run of a body, and who tells it of what comes. */
const begun = (body: Effect.Effect<void, never, WorkflowInstance>) =>
  Effect.gen(function*() {
    const listeners: Array<ReplayListener> = []
    const suspensions: Array<unknown> = []
    const replay: Replay = {
      action: "0",
      execution: "1",
      sent: new Map(),
      clocks: new Set(),
      childOf: () => undefined,
      memo: () => undefined,
      remember: () => Effect.die(new Error("nothing is stored")),
      transaction: () => Effect.die(new Error("nothing is stored")),
      isAnswer: () => Effect.succeed(true),
      listen: (listener) => {
        listeners.push(listener)
        return () => {}
      },
      suspend: (cause) => void suspensions.push(cause)
    }
    const surroundings = {
      runs: Runs.make(),
      kept: yield* Kept.make,
      engine: yield* WorkflowEngine
    }
    const running = runBody(Endless, codecsOf(Endless), () => body, surroundings, { id: "1" }, replay)
    const fiber = yield* Effect.forkChild(running, { startImmediately: true })
    while (listeners.length === 0) yield* Effect.yieldNow
    return { fiber, listener: listeners[0]!, suspensions }
  })

describe("what a body hears", () => {
  it.effect("24.6: an interruption becomes unsafe for a body that knows of it already", () =>
    Effect.gen(function*() {
      const { fiber, listener, suspensions } = yield* begun(Effect.never)
      listener.came(ExecutionName.interrupt, { unsafe: false })
      listener.came(ExecutionName.interrupt, { unsafe: false })
      yield* Effect.yieldNow
      assert.isUndefined(fiber.pollUnsafe())
      listener.came(ExecutionName.interrupt, { unsafe: true })
      assert.deepStrictEqual([yield* Fiber.join(fiber), suspensions], [null, [undefined]])
    }).pipe(Effect.scoped, Effect.provide(layerMemory)))

  it.effect("24.6: who comes when the body has come to its end changes nothing of that", () =>
    Effect.gen(function*() {
      const ends: Array<string> = []
      const reached = yield* Deferred.make<void>()
      const go = yield* Deferred.make<void>()
      const { fiber, listener, suspensions } = yield* begun(
        Workflow.addFinalizer((exit) =>
          Effect.andThen(
            Effect.andThen(Deferred.succeed(reached, undefined), Deferred.await(go)),
            Effect.sync(() => void ends.push(exit._tag))
          )
        )
      )
      yield* Deferred.await(reached)
      listener.came(ExecutionName.interrupt, { unsafe: true })
      yield* Deferred.succeed(go, undefined)
      const exit = yield* Fiber.await(fiber)
      assert.deepStrictEqual(exit, Exit.succeed({ _tag: "Success", value: null }))
      assert.deepStrictEqual([ends, suspensions], [["Success"], []])
    }).pipe(Effect.scoped, Effect.provide(layerMemory)))
})
