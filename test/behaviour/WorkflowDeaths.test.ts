/** Rules 24.2 to 24.6 where a worker dies, or somebody ends an execution from outside. */
import { assert } from "@effect/vitest"
import { Clock, Deferred, Effect, Exit, Fiber } from "effect"
import { SqlClient } from "effect/sql"
import { TestClock } from "effect/testing"
import { DurableDeferred } from "effect/workflow"
import { WorkflowEngine } from "effect/workflow/WorkflowEngine"
import { ActionRepo, JobQueue, Stepped } from "stepped"
import { crashAfter } from "stepped/testing"
import { suite } from "../harness/databases.ts"
import { seen } from "../harness/notes.ts"
import { performIdle } from "../harness/performing.ts"
import {
  actionsOf,
  Adding,
  Approval,
  Basket,
  Booking,
  Holding,
  Order,
  performedUntil,
  polled,
  scene,
  testing
} from "./fixtures/workflows.ts"

suite("workflows whose workers die", (engine) => {
  const test = testing(engine.crashing)

  test("24.4: what an activity has come to survives a death before the end is stored", () =>
    Effect.gen(function*() {
      const id = yield* Adding.execute({ a: 1, b: 1 }, { discard: true })
      yield* performIdle.pipe(crashAfter("execute"))
      yield* performIdle
      assert.strictEqual(polled(yield* Adding.poll(id)), "succeeded 2")
      assert.deepStrictEqual(seen, ["add"])
      assert.deepStrictEqual((yield* actionsOf("Adding")).map(({ attempts }) => attempts), [2])
    }))

  test("24.4: what an activity does in a transaction stays exactly with what it has come to", () =>
    Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      yield* sql`create table if not exists booked (amount int not null)`
      yield* sql`delete from booked`
      const executionId = yield* Booking.execute({ amounts: [5, 500, 7] }, { discard: true })
      yield* performIdle
      const token = DurableDeferred.tokenFromExecutionId(Approval, { workflow: Booking, executionId })
      yield* DurableDeferred.succeed(Approval, { token, value: "Ada" })
      yield* performIdle.pipe(crashAfter("execute"))
      yield* performIdle
      assert.strictEqual(polled(yield* Booking.poll(executionId)), "succeeded 2")
      assert.deepStrictEqual(seen, ["book 5", "book 500", "book 7"])
      const rows = yield* sql<{ amount: number }>`select amount from booked order by amount`
      yield* sql`drop table booked`
      assert.deepStrictEqual(rows.map(({ amount }) => amount), [5, 7])
    }))

  test("24.6: a body that is cut off where its worker stops does not do what it does at its end", () =>
    Effect.gen(function*() {
      const reached = yield* Deferred.make<void>()
      scene.during = Effect.andThen(Deferred.succeed(reached, undefined), Effect.never)
      const id = yield* Holding.execute({ id: "1" }, { discard: true })
      const performing = yield* Effect.forkChild(performIdle)
      yield* Deferred.await(reached)
      yield* Fiber.interrupt(performing)
      assert.deepStrictEqual(seen, ["before"])
      scene.during = Effect.void
      yield* performIdle
      assert.deepStrictEqual([seen, polled(yield* Holding.poll(id))], [
        ["before", "ends Success"],
        "succeeded undefined"
      ])
    }))

  test("24.6: an unsafe interruption cuts off a body of this process, and it ends as interrupted, once", () =>
    Effect.gen(function*() {
      const engine = yield* WorkflowEngine
      const reached = yield* Deferred.make<void>()
      scene.during = Effect.andThen(Deferred.succeed(reached, undefined), Effect.never)
      const id = yield* Holding.execute({ id: "2" }, { discard: true })
      const performing = yield* Effect.forkChild(performIdle)
      yield* Deferred.await(reached)
      yield* engine.interruptUnsafe(Holding, id)
      yield* Fiber.join(performing)
      yield* performIdle
      // the last run's, and the finalizer of the one that was cut off
      assert.deepStrictEqual(seen, ["before", "undo", "ends Failure", "ends Success"])
      assert.strictEqual(polled(yield* Holding.poll(id)), "failed Interrupt")
    }))

  test("24.3: what is sent to one that is queued is there when it begins", () =>
    Effect.gen(function*() {
      const queue = yield* JobQueue
      yield* queue.pause({ queue: "default" }, { reason: "a test", by: "test" })
      const executionId = yield* Order.execute({ id: "later" }, { discard: true })
      const token = DurableDeferred.tokenFromExecutionId(Approval, { workflow: Order, executionId })
      yield* DurableDeferred.succeed(Approval, { token, value: "Ada" })
      yield* performIdle
      assert.deepStrictEqual(seen, [])
      yield* queue.resume({ queue: "default" })
      yield* performIdle
      assert.strictEqual(polled(yield* Order.poll(executionId)), `succeeded "receipt of later, approved by Ada"`)
    }))

  test("24.6: cancelling the action ends it without what the workflow does at its end, and wakes who waits for it", () =>
    Effect.gen(function*() {
      const fiber = yield* Effect.forkChild(Effect.exit(Basket.execute({ ids: ["a"] })))
      const id = yield* Order.executionId({ id: "a" })
      while (polled(yield* Order.poll(id)) !== "suspended") yield* performIdle
      seen.length = 0
      const [order] = yield* actionsOf("Order")
      yield* Stepped.cancel(order!.id)
      const exit = yield* performedUntil(fiber)
      assert.isTrue(Exit.isFailure(exit))
      assert.deepStrictEqual(seen, ["basket"])
      // it ends once
      const again = yield* (yield* ActionRepo).retry(order!.id)
      assert.strictEqual(again._tag === "NotRetryable" && again.reason, "execution")
    }))

  test("24.3: what was sent to one that nobody starts is forgotten in time", () =>
    Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      const executionId = yield* Order.executionId({ id: "never" })
      const token = DurableDeferred.tokenFromExecutionId(Approval, { workflow: Order, executionId })
      yield* DurableDeferred.succeed(Approval, { token, value: "Ada" })
      const left = Effect.gen(function*() {
        yield* sql`select stepped.free_keys(to_timestamp(${(yield* Clock.currentTimeMillis) / 1000}), 1000, 10)`
        const [row] = yield* sql<{ n: number }>`select count(*)::int as n from stepped.signals`
        return row!.n
      })
      assert.strictEqual(yield* left, 1)
      yield* TestClock.adjust("2 days")
      assert.strictEqual(yield* left, 0)
      const fiber = yield* Effect.forkChild(Order.execute({ id: "never" }))
      while (polled(yield* Order.poll(executionId)) !== "suspended") yield* performIdle
      yield* DurableDeferred.succeed(Approval, { token, value: "Bob" })
      assert.strictEqual(yield* performedUntil(fiber), "receipt of never, approved by Bob")
    }))

  test("24.3: what was sent to one that has ended changes nothing", () =>
    Effect.gen(function*() {
      const executionId = yield* Adding.execute({ a: 2, b: 2 }, { discard: true })
      yield* performIdle
      const token = DurableDeferred.tokenFromExecutionId(Approval, { workflow: Adding, executionId })
      yield* DurableDeferred.succeed(Approval, { token, value: "late" })
      yield* performIdle
      assert.strictEqual(polled(yield* Adding.poll(executionId)), "succeeded 4")
    }))
})
