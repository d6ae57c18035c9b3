/** What executions of workflows cost in statements and commits, alone and under load. `bench/` has the rates. */
import { PgClient } from "@effect/sql-pg"
import { afterAll, assert, describe, it } from "@effect/vitest"
import { type Context, Effect, Exit, Layer, Schema, Scope } from "effect"
import { Activity, DurableDeferred, Workflow } from "effect/workflow"
import { Stepped } from "stepped"
import { StepWorkflow } from "stepped/workflow"
import { healthy } from "../harness/databases.ts"
import { layerUrl, startServer } from "../harness/Server.ts"
import { announced, cost, noted, numbers, still } from "./fixtures/cost.ts"

const One = Workflow.make("One", {
  payload: { id: Schema.String },
  success: Schema.Int,
  idempotencyKey: ({ id }) => id
})
const OneLive = One.toLayer(() => Activity.make({ name: "a", success: Schema.Int, execute: Effect.succeed(1) }))
const Fifty = Workflow.make("Fifty", {
  payload: { id: Schema.String },
  success: Schema.Int,
  idempotencyKey: ({ id }) => id
})
const FiftyLive = Fifty.toLayer(({ id }) =>
  Effect.map(
    Effect.forEach(numbers(50), (n) => One.execute({ id: `${id}/${n}` }), { concurrency: "unbounded" }),
    (all) => all.length
  )
)
const Own = DurableDeferred.make("own", { success: Schema.Int })
const Gate = DurableDeferred.make("gate")
const Replayed = Workflow.make("Replayed", {
  payload: { id: Schema.String },
  success: Schema.Int,
  idempotencyKey: ({ id }) => id
})
const ReplayedLive = Replayed.toLayer(() =>
  Effect.tap(
    DurableDeferred.into(Activity.make({ name: "a", success: Schema.Int, execute: Effect.succeed(1) }), Own),
    () => DurableDeferred.await(Gate)
  )
)

describe("the cost of executions", () => {
  const engine = Layer.unwrap(Effect.map(
    startServer({ flags: ["autovacuum=off", "fsync=off", "full_page_writes=off"] }),
    ({ url }) => {
      const client = layerUrl(url)
      const worker = Layer.mergeAll(
        OneLive,
        FiftyLive,
        ReplayedLive,
        Stepped.worker({ concurrency: 1000, connections: 1 })
      ).pipe(
        Layer.provideMerge(StepWorkflow.layer),
        Layer.provideMerge(Stepped.layer({ ...still, migrate: true })),
        Layer.provide(Layer.effect(PgClient.PgClient, Effect.map(PgClient.PgClient, noted)))
      )
      return Layer.provideMerge(worker, client)
    }
  ))

  const scope = Scope.makeUnsafe()
  let built: Promise<Layer.Success<typeof engine> extends infer R ? Context.Context<R> : never> | undefined
  afterAll(() => Effect.runPromise(Scope.close(scope, Exit.void)))

  /** One worker for all tests, which has done everything once before anything is counted. */
  const counting = <A, E>(test: Effect.Effect<A, E, Layer.Success<typeof engine>>) =>
    Effect.gen(function*() {
      const context = yield* Effect.promise(() =>
        built ??= Effect.runPromise(Effect.tap(
          Layer.buildWithScope(engine, scope),
          (context) => Effect.provideContext(Effect.andThen(Fifty.execute({ id: "first" }), announced), context)
        ))
      )
      yield* Effect.provideContext(Effect.andThen(test, healthy), context)
    })

  it.live("alone one takes four commits: its start, its claim, what its activity has come to, and its end", () =>
    counting(Effect.gen(function*() {
      const spent = yield* cost(One.execute({ id: "alone" }))
      // how often the caller looks depends on how long it takes
      const { claim = 0, outcomes_of: _looks, ...others } = spent.statements
      assert.deepStrictEqual(others, { start_executions: 1, remember: 1, finish: 1 })
      assert.isAtMost(claim, 2)
      assert.strictEqual(spent.commits, 4)
    })))

  it.live("under load one takes a part of a commit: they are started, claimed and ended together, and their activities stored", () =>
    counting(Effect.gen(function*() {
      const count = 300
      const spent = yield* cost(
        Effect.forEach(numbers(count), (n) => One.execute({ id: `${n}` }), { concurrency: "unbounded" })
      )
      assert.isAtMost(spent.commits / count, 0.3)
      const { claim = 0, finish = 0, remember = 0, start_executions = 0 } = spent.statements
      assert.isAtMost((claim + finish + remember + start_executions) / count, 0.4)
    })))

  it.live("a replay sends nothing of what the execution has sent itself before", () =>
    counting(Effect.gen(function*() {
      const executionId = yield* Replayed.execute({ id: "1" }, { discard: true })
      yield* Effect.repeat(Effect.andThen(Effect.sleep("20 millis"), Replayed.poll(executionId)), {
        until: (result) => result._tag === "Some" && result.value._tag === "Suspended"
      })
      const token = DurableDeferred.tokenFromExecutionId(Gate, { workflow: Replayed, executionId })
      const spent = yield* cost(
        Effect.andThen(DurableDeferred.succeed(Gate, { token, value: undefined }), Replayed.execute({ id: "1" }))
      )
      const { remember = 0, send_to_executions = 0 } = spent.statements
      assert.deepStrictEqual([spent.result, send_to_executions, remember], [1, 1, 0])
    })))

  it.live("fifty children are started, performed and ended together", () =>
    counting(Effect.gen(function*() {
      const spent = yield* cost(Fifty.execute({ id: "parent" }))
      assert.isAtMost(spent.commits / 51, 0.3)
    })))
})
