/** What many start and send at one moment is stored together, and whoever is in somebody's way waits for that one alone (24.1, 24.3). */
import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Fiber, Layer, Schema } from "effect"
import { SqlClient } from "effect/sql"
import { DurableDeferred, Workflow, WorkflowEngine } from "effect/workflow"
import { ActionRepo, Stepped, StorageError } from "stepped"
import { StepWorkflow } from "stepped/workflow"
import { healthy } from "../harness/databases.ts"
import { layerIntercepted } from "../harness/intercepting.ts"
import { blocked, holding } from "../harness/racing.ts"
import { layerServer } from "../harness/Server.ts"
import { allEnded, noDeadlock } from "../harness/workers.ts"

const numbers = (count: number) => Array.from({ length: count }, (_, n) => n)
const Answer = DurableDeferred.make("answer", { success: Schema.Int })
const Asking = Workflow.make("Asking", {
  payload: { n: Schema.Int },
  success: Schema.Int,
  idempotencyKey: ({ n }) => `${n}`
})
const AskingLive = Asking.toLayer(({ n }) => Effect.map(DurableDeferred.await(Answer), (answer) => n + answer))
const start = (n: number) => Asking.execute({ n }, { discard: true })
const tokenOf = (n: number) =>
  Effect.map(
    Asking.executionId({ n }),
    (executionId) => DurableDeferred.tokenFromExecutionId(Answer, { workflow: Asking, executionId })
  )
const answer = (n: number, value: number) =>
  Effect.flatMap(tokenOf(n), (token) => DurableDeferred.succeed(Answer, { token, value }))
const atOnce = <A, E, R>(ns: ReadonlyArray<number>, each: (n: number) => Effect.Effect<A, E, R>) =>
  Effect.forEach(ns, each, { concurrency: "unbounded" })
const executions = Effect.flatMap(ActionRepo, (repo) => repo.list({ actorType: "Workflow.Asking", limit: 1000 }))
const working = Layer.build(Stepped.worker({ concurrency: 100 }))

/** An engine, how many statements have started executions and sent them something, and what becomes of those. */
const counting = (intercept: Parameters<typeof layerIntercepted>[0] = () => ({})) => {
  const calls = { starts: 0, sends: 0 }
  const engine = layerIntercepted((store) => {
    const inner = { ...store, ...intercept(store) }
    return {
      startExecutions: (...asked) => {
        calls.starts++
        return inner.startExecutions(...asked)
      },
      sendToExecutions: (...asked) => {
        calls.sends++
        return inner.sendToExecutions(...asked)
      }
    }
  })
  const services = AskingLive.pipe(
    Layer.provideMerge(StepWorkflow.layer),
    Layer.provideMerge(engine),
    Layer.provideMerge(layerServer({ template: { name: "migrated", migrate: Stepped.migrate() }, maxConnections: 12 }))
  )
  return { calls, services }
}

describe("executions, many at once", () => {
  it.live("24.1, 24.3: are started, and sent what they await, by a few statements", () => {
    const { calls, services } = counting()
    return Effect.gen(function*() {
      yield* atOnce(numbers(300), start)
      yield* atOnce(numbers(300), (n) => answer(n, 1000))
      // what their ids are is found beside each other, and not all at one moment
      assert.isAtMost(calls.starts, 100)
      assert.isAtMost(calls.sends, 100)
      yield* working
      assert.deepStrictEqual(
        yield* atOnce(numbers(300), (n) => Asking.execute({ n })),
        numbers(300).map((n) => n + 1000)
      )
      yield* allEnded
      yield* healthy
    }).pipe(Effect.scoped, Effect.provide(services))
  })

  it.live("24.1, 24.3: the same one, by many, is started once, and of what it is sent the first counts", () => {
    // one statement is under way meanwhile, so that they go into the next one
    const gates = [Deferred.makeUnsafe<void>(), Deferred.makeUnsafe<void>()] as const
    const { calls, services } = counting((store) => ({
      startExecutions: (...asked) => Effect.andThen(Deferred.await(gates[0]), store.startExecutions(...asked)),
      sendToExecutions: (...asked) => Effect.andThen(Deferred.await(gates[1]), store.sendToExecutions(...asked))
    }))
    const asked = Effect.repeat(Effect.yieldNow, { times: 100 })
    return Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      const engine = yield* WorkflowEngine.WorkflowEngine
      const ids = yield* Effect.forEach(numbers(4), (n) => Asking.executionId({ n }))
      const fibers = [yield* Effect.forkChild(Effect.asVoid(start(0)))]
      while (calls.starts === 0) yield* Effect.yieldNow
      const each = (n: number) =>
        engine.execute(Asking, { executionId: ids[n]!, payload: { n }, discard: true }).pipe(Effect.asVoid)
      fibers.push(yield* Effect.forkChild(Effect.asVoid(atOnce([1, 2, 1, 1, 3, 2, 1], each))))
      yield* asked
      yield* Deferred.succeed(gates[0], undefined)
      yield* Effect.forEach(fibers, Fiber.join)
      const [row] = yield* sql<{ n: number }>`select count(*)::int as n from stepped.jobs where kind = 0`
      assert.deepStrictEqual([(yield* executions).length, row?.n], [4, 4])
      // what the database refuses would be stored in smaller parts
      assert.isAtMost(calls.starts, 4)
      const token = yield* tokenOf(1)
      const sending = [yield* Effect.forkChild(answer(0, 0))]
      while (calls.sends === 0) yield* Effect.yieldNow
      const sent = atOnce([10, 20, 30], (value) => DurableDeferred.succeed(Answer, { token, value }))
      sending.push(yield* Effect.forkChild(Effect.asVoid(sent)))
      yield* asked
      yield* Deferred.succeed(gates[1], undefined)
      yield* Effect.forEach(sending, Fiber.join)
      yield* atOnce([2, 3], (n) => answer(n, 0))
      yield* working
      assert.deepStrictEqual(yield* atOnce(numbers(4), (n) => Asking.execute({ n })), [0, 11, 2, 3])
      yield* allEnded
      yield* healthy
    }).pipe(Effect.scoped, Effect.provide(services))
  })

  it.live("24.3: what some of them were sent before they are started is theirs", () => {
    const { services } = counting()
    return Effect.gen(function*() {
      yield* atOnce([2, 5, 9], (n) => answer(n, 100))
      yield* atOnce(numbers(12), start)
      yield* working
      assert.deepStrictEqual(yield* atOnce([2, 5, 9], (n) => Asking.execute({ n })), [102, 105, 109])
      yield* atOnce(numbers(12), (n) => answer(n, 200))
      assert.deepStrictEqual(yield* atOnce([2, 3], (n) => Asking.execute({ n })), [102, 203])
      yield* allEnded
      yield* healthy
    }).pipe(Effect.scoped, Effect.provide(services))
  })

  for (const what of ["starts", "sends to"] as const) {
    it.live(`24.1, 24.3: who ${what} one that an open transaction has waits for that alone`, () => {
      const { services } = counting()
      const ask = (n: number) => what === "starts" ? Effect.asVoid(start(n)) : answer(n, 1)
      return Effect.gen(function*() {
        // one is not there for others, and one is
        yield* start(12)
        const commit = yield* holding(Effect.andThen(answer(12, 5), start(11)))
        const held = yield* Effect.forEach([11, 12], (n) => Effect.forkChild(ask(n)))
        yield* atOnce(numbers(10), ask)
        yield* blocked(2)
        yield* atOnce([20, 21], ask)
        yield* commit
        yield* Effect.forEach(held, Fiber.join)
        yield* atOnce(numbers(13), start)
        yield* atOnce(numbers(13), (n) => answer(n, 1))
        yield* working
        const ends = yield* atOnce([9, 10, 11, 12], (n) => Asking.execute({ n }))
        assert.deepStrictEqual(ends, [10, 11, 12, 17])
        yield* noDeadlock
      }).pipe(Effect.scoped, Effect.provide(services))
    })
  }

  it.live("24.1: one whose history is deleted at this moment begins anew, and nobody else waits for that", () => {
    const { services } = counting()
    return Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      yield* atOnce([1], (n) => Effect.andThen(answer(n, 1), start(n)))
      yield* working
      yield* allEnded
      const [old] = yield* executions
      const deleted = sql`select deleted from stepped.delete_ended(
        p_before => clock_timestamp() + interval '1 hour', p_below => null, p_limit => 10)`
      const commit = yield* holding(deleted)
      const again = yield* Effect.forkChild(start(1))
      yield* atOnce(numbers(5).map((n) => n + 10), start)
      yield* blocked(1)
      yield* commit
      yield* Fiber.join(again)
      const young = (yield* executions).filter(({ actorId }) => actorId === old?.actorId)
      assert.deepStrictEqual([young.length, young[0]?.id === old?.id], [1, false])
    }).pipe(Effect.scoped, Effect.provide(services))
  })

  it.live("24.1, 24.3: an answer that is lost has them stored once", () => {
    let left = 2
    const losing = <A>(stored: Effect.Effect<A, StorageError>) =>
      Effect.flatMap(stored, (answer) =>
        left-- > 0
          ? Effect.fail(new StorageError({ operation: "test", isRetryable: true, cause: new Error("lost") }))
          : Effect.succeed(answer))
    const { services } = counting((store) => ({
      startExecutions: (...asked) => losing(store.startExecutions(...asked)),
      sendToExecutions: (...asked) => losing(store.sendToExecutions(...asked))
    }))
    return Effect.gen(function*() {
      yield* atOnce(numbers(5), start)
      left = 2
      yield* atOnce(numbers(5), (n) => answer(n, 1))
      assert.strictEqual((yield* executions).length, 5)
      yield* working
      assert.deepStrictEqual(yield* atOnce(numbers(5), (n) => Asking.execute({ n })), [1, 2, 3, 4, 5])
      yield* allEnded
      yield* healthy
    }).pipe(Effect.scoped, Effect.provide(services))
  })
})
