/** Rules 24.2, 24.3 and 24.6: what is sent to executions, and what they hear of it, whatever becomes of who sends it. */
import { assert } from "@effect/vitest"
import { Cause, Clock, Deferred, Effect, Exit, Fiber, Schedule, Schema } from "effect"
import { ClusterSchema } from "effect/cluster"
import { SqlClient } from "effect/sql"
import { TestClock } from "effect/testing"
import { Activity, DurableClock, DurableDeferred, Workflow } from "effect/workflow"
import { WorkflowEngine } from "effect/workflow/WorkflowEngine"
import { JobQueue } from "stepped"
import { suite } from "../harness/databases.ts"
import { note, seen } from "../harness/notes.ts"
import { performIdle } from "../harness/performing.ts"
import { Gate, main, open, OtherGate, part, performedTo, ScriptedLive, suspended } from "./fixtures/scripted.ts"
import { noted, performedUntil, polled, Refused, testing } from "./fixtures/workflows.ts"

suite("what is sent to executions", (engine) => {
  const test = testing(engine.layer(), ScriptedLive)

  /** Performs beside the test, which says when the activity of a body is to go on. */
  const held = Effect.gen(function*() {
    const reached = yield* Deferred.make<void>()
    const go = yield* Deferred.make<void>()
    const activity = Activity.make({
      name: "held",
      execute: Effect.andThen(Deferred.succeed(reached, undefined), Deferred.await(go))
    })
    return { activity, reached: Deferred.await(reached), go: Deferred.succeed(go, undefined) }
  })

  test("24.3: what comes of somebody whose clock is ahead has come", () =>
    Effect.gen(function*() {
      main.script.body = () => DurableDeferred.await(Gate)
      const id = yield* suspended(main.workflow, "1")
      const now = yield* Clock.currentTimeMillis
      yield* TestClock.setTime(now + 1000)
      yield* open(main.workflow, id)
      yield* TestClock.setTime(now + 990)
      yield* performIdle
      assert.strictEqual(polled(yield* main.workflow.poll(id)), `succeeded "open"`)
    }))

  test("24.3: what is sent in a transaction that is taken back nobody has heard of", () =>
    Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      const { activity, go, reached } = yield* held
      main.script.body = () => Effect.andThen(activity, DurableDeferred.await(Gate))
      const id = yield* main.workflow.execute({ id: "1" }, { discard: true })
      const performing = yield* Effect.forkChild(performIdle)
      yield* reached
      const refused = yield* Effect.flip(
        sql.withTransaction(Effect.andThen(open(main.workflow, id, "never"), Effect.fail("taken back" as const)))
      )
      assert.strictEqual(refused, "taken back")
      yield* go
      yield* Fiber.join(performing)
      assert.strictEqual(polled(yield* main.workflow.poll(id)), "suspended")
      yield* sql.withTransaction(open(main.workflow, id, "stays"))
      yield* performedTo(main.workflow, id, `succeeded "stays"`)
    }))

  test("24.4: what an activity in a transaction has sent is taken back with it", () =>
    Effect.gen(function*() {
      main.script.body = () =>
        Effect.gen(function*() {
          const token = yield* DurableDeferred.token(Gate)
          const sent = Activity.make({
            name: "sends",
            error: Refused,
            execute: Effect.andThen(
              DurableDeferred.succeed(Gate, { token, value: "never" }),
              new Refused({ why: "no" })
            )
          }).annotate(ClusterSchema.WithTransaction, true)
          yield* Effect.ignore(sent)
          return yield* DurableDeferred.await(Gate)
        })
      const id = yield* suspended(main.workflow, "1")
      yield* open(main.workflow, id, "stays")
      yield* performedTo(main.workflow, id, `succeeded "stays"`)
    }))

  test("24.6: one that is interrupted while it is queued does nothing of what it would undo", () =>
    Effect.gen(function*() {
      const queue = yield* JobQueue
      main.script.body = () => Effect.as(noted("works"), "done")
      yield* queue.pause({ queue: "default" }, { reason: "a test", by: "test" })
      const id = yield* main.workflow.execute({ id: "1" }, { discard: true })
      yield* main.workflow.interrupt(id)
      yield* performIdle
      yield* queue.resume({ queue: "default" })
      yield* performedTo(main.workflow, id, "failed Interrupt")
      assert.deepStrictEqual(seen, [])
    }))

  test("24.6: one that is interrupted while it runs ends what it does, and begins nothing else", () =>
    Effect.gen(function*() {
      const { activity, go, reached } = yield* held
      main.script.body = () => Effect.as(Effect.andThen(activity, noted("after")), "done")
      const id = yield* main.workflow.execute({ id: "1" }, { discard: true })
      const performing = yield* Effect.forkChild(performIdle)
      yield* reached
      yield* main.workflow.interrupt(id)
      yield* go
      yield* Fiber.join(performing)
      yield* performedTo(main.workflow, id, "failed Interrupt")
      assert.deepStrictEqual(seen, [])
    }))

  test("24.6: one that comes to its end before it would be suspended has ended, though it was to be interrupted", () =>
    Effect.gen(function*() {
      const { activity, go, reached } = yield* held
      main.script.body = () => Effect.as(activity, "done")
      const id = yield* main.workflow.execute({ id: "1" }, { discard: true })
      const performing = yield* Effect.forkChild(performIdle)
      yield* reached
      yield* main.workflow.interrupt(id)
      yield* go
      yield* Fiber.join(performing)
      yield* performedTo(main.workflow, id, `succeeded "done"`)
    }))

  test("24.6: an unsafe interruption counts though what it waits for comes meanwhile", () =>
    Effect.gen(function*() {
      const workflows = yield* WorkflowEngine
      main.script.body = () => DurableDeferred.await(Gate)
      const id = yield* suspended(main.workflow, "1")
      yield* workflows.interruptUnsafe(main.workflow, id)
      yield* open(main.workflow, id)
      yield* performedTo(main.workflow, id, "failed Interrupt")
    }))

  test("24.3: a deferred that is awaited beside something else replays the run, and what has lost comes too late", () =>
    Effect.gen(function*() {
      const { activity, go, reached } = yield* held
      main.script.body = (_, run) =>
        Effect.gen(function*() {
          const first = yield* DurableDeferred.raceAll({
            name: "either",
            success: Schema.String,
            error: Schema.Never,
            effects: [Effect.orDie(DurableDeferred.await(Gate)), Effect.as(noted("quick"), "quick")]
          })
          yield* note(`${run} ${first}`)
          yield* activity
          return first
        })
      const id = yield* main.workflow.execute({ id: "1" }, { discard: true })
      const performing = yield* Effect.forkChild(performIdle)
      yield* reached
      yield* open(main.workflow, id, "late")
      yield* go
      yield* Fiber.join(performing)
      yield* performedTo(main.workflow, id, `succeeded "quick"`)
    }))

  test("24.3: what a body sends itself while another of its fibers begins to await it is heard of", () =>
    Effect.gen(function*() {
      const sends = {
        held: DurableDeferred.into(Effect.succeed("own"), OtherGate),
        alone: Effect.flatMap(
          DurableDeferred.token(OtherGate),
          (token) => DurableDeferred.succeed(OtherGate, { token, value: "own" })
        )
      }
      for (const [name, send] of Object.entries(sends)) {
        main.script.body = () =>
          Effect.gen(function*() {
            // a first run looks for what it has missed all the same
            yield* DurableDeferred.await(Gate)
            const both = [send, DurableDeferred.await(OtherGate)] as const
            const [, value] = yield* Effect.all(both, { concurrency: "unbounded" })
            return value
          })
        const id = yield* suspended(main.workflow, name)
        yield* open(main.workflow, id)
        yield* performedTo(main.workflow, id, `succeeded "own"`)
      }
    }))

  test("24.3: what a body sends itself, and awaits next, cuts off nothing of what comes after", () =>
    Effect.gen(function*() {
      main.script.body = () =>
        Effect.gen(function*() {
          // a first run looks for what it has missed all the same
          yield* DurableDeferred.await(Gate)
          const token = yield* DurableDeferred.token(OtherGate)
          yield* DurableDeferred.succeed(OtherGate, { token, value: "own" })
          const value = yield* DurableDeferred.await(OtherGate)
          // whoever was to cut it off has had its turn by then
          for (let n = 0; n < 20; n++) yield* Effect.yieldNow
          yield* note(`goes on in run ${main.script.runs}`)
          return value
        })
      const id = yield* suspended(main.workflow, "1")
      yield* open(main.workflow, id)
      yield* performedTo(main.workflow, id, `succeeded "own"`)
      assert.deepStrictEqual(seen, ["goes on in run 2"])
    }))

  test("24.3: two workflows may have executions under one id, and each is sent what is its own", () =>
    Effect.gen(function*() {
      const workflows = yield* WorkflowEngine
      const { activity, go, reached } = yield* held
      main.script.body = () => DurableDeferred.await(Gate)
      part.script.body = () => Effect.andThen(activity, DurableDeferred.await(Gate))
      const one = { executionId: "42", payload: { id: "42" }, discard: true } as const
      yield* workflows.execute(part.workflow, one)
      const performing = yield* Effect.forkChild(performIdle)
      yield* reached
      yield* workflows.execute(main.workflow, one)
      yield* open(main.workflow, "42", "main's")
      yield* go
      yield* Fiber.join(performing)
      yield* performedTo(main.workflow, "42", `succeeded "main's"`)
      // it has heard of nothing, and is suspended once its activity has ended
      yield* performedTo(part.workflow, "42", "suspended")
      assert.strictEqual(part.script.runs, 1)
      yield* open(part.workflow, "42", "part's")
      yield* performedTo(part.workflow, "42", `succeeded "part's"`)
    }))

  test("24.3: a clock beside something else wakes, and counts if it is first", () =>
    Effect.gen(function*() {
      main.script.body = () =>
        DurableDeferred.raceAll({
          name: "either",
          success: Schema.String,
          error: Refused,
          effects: [
            DurableDeferred.await(Gate),
            Effect.as(DurableClock.sleep({ name: "patience", duration: "2 hours" }), "nobody")
          ]
        })
      const id = yield* suspended(main.workflow, "1")
      yield* TestClock.adjust("2 hours")
      yield* performedTo(main.workflow, id, `succeeded "nobody"`)
      // one that is not first rings for nobody
      const other = yield* suspended(main.workflow, "2")
      yield* open(main.workflow, other)
      yield* performedTo(main.workflow, other, `succeeded "open"`)
      const sql = yield* SqlClient.SqlClient
      assert.deepStrictEqual(yield* sql`select kind, due_at from stepped.jobs`, [])
    }))

  test("24.1: who waits by a schedule of its own gives up by that, and the execution goes on", () =>
    Effect.gen(function*() {
      const workflows = yield* WorkflowEngine
      const Hurried = Workflow.make("Hurried", {
        payload: { id: Schema.String },
        success: Schema.String,
        error: Refused,
        idempotencyKey: ({ id }) => id,
        suspendedRetrySchedule: Schedule.recurs(2)
      })
      yield* workflows.register(Hurried, () => DurableDeferred.await(Gate))
      const fiber = yield* Effect.forkChild(Effect.exit(Hurried.execute({ id: "1" })))
      const exit = yield* performedUntil(fiber)
      assert.isTrue(Exit.isFailure(exit) && /exhausted/.test(String(Cause.squash(exit.cause))))
      const id = yield* Hurried.executionId({ id: "1" })
      yield* open(Hurried, id)
      // until it is performed it is suspended, which is what such a caller gives up by
      yield* performedTo(Hurried, id, `succeeded "open"`)
      assert.strictEqual(yield* Hurried.execute({ id: "1" }), "open")
    }).pipe(Effect.scoped))
})
