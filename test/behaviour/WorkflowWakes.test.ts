/** Rules 24.2 to 24.6: who is woken though nothing of an execution has begun, has failed, or is to be tried again later. */
import { assert } from "@effect/vitest"
import { Deferred, Effect, Fiber } from "effect"
import { SqlClient } from "effect/sql"
import { TestClock } from "effect/testing"
import { DurableDeferred } from "effect/workflow"
import { ActionRepo, JobQueue, PerformanceLane, Stepped } from "stepped"
import { suite } from "../harness/databases.ts"
import { performIdle } from "../harness/performing.ts"
import { flaky, Gate, main, open, OtherGate, part, performedTo, ScriptedLive, suspended } from "./fixtures/scripted.ts"
import { actionsOf, polled, testing } from "./fixtures/workflows.ts"

suite("executions that are woken", (engine) => {
  const test = testing(engine.layer(), ScriptedLive)
  const why = { reason: "a test", by: "test" }
  const parts = { actorType: "Workflow.Part", name: "execute" }

  /** Its body dies until the test says otherwise. */
  const broken = Effect.gen(function*() {
    flaky.script.body = () => Effect.die(new Error("offline"))
    const id = yield* flaky.workflow.execute({ id: "1" }, { discard: true })
    yield* performIdle
    assert.deepStrictEqual([flaky.script.runs, polled(yield* flaky.workflow.poll(id))], [1, "none"])
    return id
  })
  const mended = Effect.sync(() => {
    flaky.script.body = () => DurableDeferred.await(Gate)
  })

  test("24.5: a child that is interrupted while it is queued, and cancelled before it begins, wakes who waits for it", () =>
    Effect.gen(function*() {
      const queue = yield* JobQueue
      main.script.body = () => part.workflow.execute({ id: "1" })
      yield* queue.pause(parts, why)
      const id = yield* suspended(main.workflow, "1")
      yield* part.workflow.interrupt(yield* part.workflow.executionId({ id: "1" }))
      const [child] = yield* actionsOf("Part")
      assert.strictEqual(child!.status, "performing")
      yield* Stepped.cancel(child!.id)
      yield* performedTo(main.workflow, id, "failed Die")
      yield* queue.resume(parts)
    }))

  test("24.5: a child that is cancelled while its lane is paused wakes who waits for it", () =>
    Effect.gen(function*() {
      const lanes = yield* PerformanceLane
      main.script.body = () => part.workflow.execute({ id: "1" })
      const actorId = yield* part.workflow.executionId({ id: "1" })
      const lane = `Workflow.Part/${actorId}/execute`
      yield* lanes.pause(lane, why)
      const id = yield* suspended(main.workflow, "1")
      yield* performIdle
      const [child] = yield* actionsOf("Part")
      assert.strictEqual(child!.status, "pending")
      yield* Stepped.cancel(child!.id)
      yield* performedTo(main.workflow, id, "failed Die")
      yield* lanes.resume(lane)
    }))

  test("24.5: a child that is cancelled when its lane goes on, before anybody takes it, wakes who waits for it", () =>
    Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      const lanes = yield* PerformanceLane
      main.script.body = () => part.workflow.execute({ id: "1" })
      const lane = `Workflow.Part/${yield* part.workflow.executionId({ id: "1" })}/execute`
      yield* lanes.pause(lane, why)
      const id = yield* suspended(main.workflow, "1")
      yield* performIdle
      yield* lanes.resume(lane)
      // by a process that cannot run it
      yield* sql.withTransaction(Effect.andThen(
        sql`set local search_path to stepped`,
        sql`select resume_paused(to_timestamp(0), 10)`
      ))
      const [child] = yield* actionsOf("Part")
      assert.strictEqual(child!.status, "performing")
      yield* Stepped.cancel(child!.id)
      yield* performedTo(main.workflow, id, "failed Die")
    }))

  test("24.6: one that nobody has started is not interrupted, whatever else it was sent before", () =>
    Effect.gen(function*() {
      main.script.body = () => DurableDeferred.await(Gate)
      const id = yield* main.workflow.executionId({ id: "1" })
      yield* open(main.workflow, id, "early", OtherGate)
      yield* main.workflow.interrupt(id)
      yield* suspended(main.workflow, "1")
      yield* performIdle
      assert.strictEqual(polled(yield* main.workflow.poll(id)), "suspended")
      yield* open(main.workflow, id)
      yield* performedTo(main.workflow, id, `succeeded "open"`)
    }))

  test("24.6: one that has failed since it was interrupted goes on when it is interrupted again", () =>
    Effect.gen(function*() {
      const id = yield* broken
      yield* flaky.workflow.interrupt(id)
      for (let tries = 0; tries < 2; tries++) {
        yield* performIdle
        yield* TestClock.adjust("1 minute")
      }
      yield* performedTo(flaky.workflow, id, "failed")
      yield* mended
      yield* flaky.workflow.interrupt(id)
      yield* performedTo(flaky.workflow, id, "failed Interrupt")
    }))

  test("24.6: between two tries it goes on when it is resumed, and not when it is sent something", () =>
    Effect.gen(function*() {
      const id = yield* broken
      yield* mended
      yield* open(flaky.workflow, id)
      yield* performIdle
      assert.deepStrictEqual([flaky.script.runs, polled(yield* flaky.workflow.poll(id))], [1, "none"])
      yield* flaky.workflow.resume(id)
      yield* performIdle
      assert.deepStrictEqual([flaky.script.runs, polled(yield* flaky.workflow.poll(id))], [2, `succeeded "open"`])
    }))

  test("24.6: between two tries it goes on when it is interrupted", () =>
    Effect.gen(function*() {
      const id = yield* broken
      yield* mended
      yield* flaky.workflow.interrupt(id)
      yield* performIdle
      assert.strictEqual(polled(yield* flaky.workflow.poll(id)), "failed Interrupt")
    }))

  test("24.6: a try that fails after it was asked to go on is followed by the next one at once", () =>
    Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      const { workflow } = flaky
      const cases = [
        { id: "1", ask: (id: string) => workflow.interrupt(id), is: "failed Interrupt" },
        { id: "2", ask: (id: string) => workflow.resume(id), is: "suspended" }
      ]
      for (const { ask, id, is } of cases) {
        const reached = yield* Deferred.make<void>()
        const go = yield* Deferred.make<void>()
        flaky.script.body = () =>
          Deferred.succeed(reached, undefined).pipe(
            Effect.andThen(Deferred.await(go)),
            Effect.andThen(Effect.die(new Error("offline")))
          )
        const execution = yield* workflow.execute({ id }, { discard: true })
        const performing = yield* Effect.forkChild(performIdle)
        yield* Deferred.await(reached)
        yield* mended
        yield* ask(execution)
        // beside the body that runs
        yield* performIdle
        const noted = yield* sql`select id from stepped.live_actions where token is not null and flags & 2048 <> 0`
        assert.strictEqual(noted.length, 1)
        yield* Deferred.succeed(go, undefined)
        yield* Fiber.join(performing)
        assert.strictEqual(polled(yield* workflow.poll(execution)), is)
      }
    }))

  test("24.5, 18.5: what one that goes on has waited for is not forgotten", () =>
    Effect.gen(function*() {
      const repo = yield* ActionRepo
      main.script.body = () =>
        Effect.gen(function*() {
          const given = yield* part.workflow.execute({ id: "1" })
          yield* DurableDeferred.await(Gate)
          return given
        })
      part.script.body = () => Effect.succeed("secret")
      const id = yield* suspended(main.workflow, "1")
      yield* performIdle
      const actorId = yield* part.workflow.executionId({ id: "1" })
      const [child] = yield* actionsOf("Part")
      const forget = repo.forget({ actorType: "Workflow.Part", actorId })
      assert.deepInclude(yield* forget, {
        actions: 0,
        left: { count: 1, first: [{ id: child!.id, because: "parent" as const }] }
      })
      yield* open(main.workflow, id)
      yield* performedTo(main.workflow, id, `succeeded "secret"`)
      assert.deepInclude(yield* forget, { actions: 1, left: { count: 0, first: [] } })
      assert.strictEqual(polled(yield* main.workflow.poll(id)), `succeeded "secret"`)
    }))
})
