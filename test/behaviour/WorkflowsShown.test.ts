/** Rule 24.9: executions as whoever looks at them sees them. */
import { assert } from "@effect/vitest"
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import { DurableDeferred, type Workflow } from "effect/workflow"
import { ActionRepo, Stepped } from "stepped"
import { recordEvents } from "stepped/testing"
import { suite } from "../harness/databases.ts"
import { performIdle } from "../harness/performing.ts"
import {
  executionOf,
  onlyOf,
  Packing,
  PackingLive,
  Ping,
  PingPongLive,
  readable,
  Ready,
  shownOf,
  whyOf
} from "./fixtures/shownWorkflows.ts"
import {
  Adding,
  Approval,
  Basket,
  Careful,
  Either,
  Order,
  Refused,
  Right,
  scene,
  testing,
  Trial
} from "./fixtures/workflows.ts"

/** Succeeds or fails a deferred of an execution. */
const tokenOf = (deferred: DurableDeferred.DurableDeferred<any, any>, workflow: Workflow.Any, executionId: string) =>
  DurableDeferred.tokenFromExecutionId(deferred, { workflow, executionId })

suite("executions that are looked at", (engine) => {
  const test = testing(engine.layer())

  test("24.9: a tree has what activities have come to, what is awaited since when, and when clocks ring", () =>
    Effect.gen(function*() {
      yield* Order.execute({ id: "red" }, { discard: true })
      yield* Trial.execute({ user: "Eve" }, { discard: true })
      yield* performIdle
      assert.deepStrictEqual(yield* shownOf("Order"), [
        "execute Workflow.Order/ID  performing  NOW  suspended NOW",
        "├─ activity charge  succeeded  NOW",
        "└─ deferred approval  awaited  since NOW"
      ])
      assert.deepStrictEqual(yield* shownOf("Trial"), [
        "execute Workflow.Trial/ID  performing  NOW  suspended NOW",
        "├─ activity welcome  succeeded  NOW",
        "└─ clock trial  awaited since NOW  rings 1970-01-15T00:00:00.000Z"
      ])
      assert.deepStrictEqual(yield* whyOf("Trial"), [
        "execute Workflow.Trial/ID  performing  since NOW (0ms ago)  ID",
        "└─ is suspended since NOW (0ms ago): waits for the clock trial, which rings at 1970-01-15T00:00:00.000Z (in 14d)"
      ])
    }))

  test("24.9: executions that one waits for are below it, and the chain of why goes on with them", () =>
    Effect.gen(function*() {
      yield* Basket.execute({ ids: ["a"] }, { discard: true })
      yield* performIdle
      assert.deepStrictEqual(yield* shownOf("Basket"), [
        "execute Workflow.Basket/ID  performing  NOW  suspended NOW",
        "└─ execute Workflow.Order/ID  performing  NOW  suspended NOW",
        "   ├─ activity charge  succeeded  NOW",
        "   └─ deferred approval  awaited  since NOW"
      ])
      assert.deepStrictEqual(yield* whyOf("Basket"), [
        "execute Workflow.Basket/ID  performing  since NOW (0ms ago)  ID",
        "└─ is suspended since NOW (0ms ago): waits for an execution",
        "   └─ execute Workflow.Order/ID  performing  since NOW (0ms ago)  ID",
        "      └─ is suspended since NOW (0ms ago): waits for the deferred approval, since NOW (0ms ago)"
      ])
      const order = yield* onlyOf("Order")
      const execution = yield* executionOf("Basket")
      assert.deepStrictEqual(execution?.children.map(({ id, status }) => [id, status]), [[order.id, undefined]])
      assert.deepStrictEqual([execution?.workflow, execution?.action], ["Basket", (yield* onlyOf("Basket")).id])
    }))

  test("24.9: attempts, failures in words, races, and a sleep that is too short for a clock are what they are", () =>
    Effect.gen(function*() {
      const executionId = yield* Packing.execute({ id: "1" }, { discard: true })
      const either = yield* Either.execute({ id: "1" }, { discard: true })
      const performing = yield* Effect.forkChild(performIdle)
      while (performing.pollUnsafe() === undefined) {
        yield* TestClock.adjust("1 milli")
        yield* Effect.promise(() => new Promise((resume) => setImmediate(resume)))
      }
      yield* DurableDeferred.fail(Ready, {
        token: tokenOf(Ready, Packing, executionId),
        error: new Refused({ why: "rain" })
      })
      yield* DurableDeferred.succeed(Right, { token: tokenOf(Right, Either, either), value: "right" })
      yield* performIdle
      const packing = yield* executionOf("Packing")
      assert.deepStrictEqual(
        packing?.activities.map(({ attemptNumber, message, name, status }) => [name, attemptNumber, status, message]),
        [["pack", 1, "failed", "Refused"], ["pack", 2, "succeeded", undefined]]
      )
      assert.deepStrictEqual(packing?.clocks.map(({ name }) => name), ["breath"])
      assert.deepStrictEqual(
        packing?.deferreds.map(({ kind, message, name, status }) => [kind, name, status, message]),
        [
          ["deferred", "ready", "failed", "Refused"]
        ]
      )
      assert.deepStrictEqual(
        (yield* executionOf("Either"))?.deferreds.map(({ kind, name, status }) => [kind, name, status]),
        [["deferred", "right", "succeeded"], ["race", "either", "succeeded"]]
      )
    }).pipe(Effect.provide(PackingLive)))

  test("24.9: what is awaited is since the first time, however often something else has woken it", () =>
    Effect.gen(function*() {
      const executionId = yield* Order.execute({ id: "blue" }, { discard: true })
      yield* performIdle
      yield* TestClock.adjust("1 minute")
      yield* Order.resume(executionId)
      yield* performIdle
      const execution = yield* executionOf("Order")
      assert.deepStrictEqual(
        execution?.deferreds.map(({ awaitedSince, status }) => [status, awaitedSince?.getTime()]),
        [
          ["awaited", 0]
        ]
      )
      assert.strictEqual(execution?.suspendedAt?.getTime(), 60_000)
    }))

  test("24.9: one that is to be interrupted, and one that waits to be resumed, say so", () =>
    Effect.gen(function*() {
      scene.isMended = false
      yield* Careful.execute({ id: "z" }, { discard: true })
      const executionId = yield* Order.execute({ id: "green" }, { discard: true })
      yield* performIdle
      yield* Order.interrupt(executionId)
      assert.strictEqual((yield* executionOf("Order"))?.interruptedAt?.getTime(), 0)
      yield* performIdle
      assert.deepStrictEqual(yield* shownOf("Careful"), [
        "execute Workflow.Careful/ID  performing  NOW  suspended NOW",
        "├─ waits to be resumed: the printer is out of paper",
        "└─ activity before  succeeded  NOW"
      ])
      assert.strictEqual((yield* executionOf("Order"))?.suspendedAt, undefined)
    }))

  test("24.9: executions that wait for each other are shown to where they meet", () =>
    Effect.gen(function*() {
      yield* Ping.execute({ id: "1" }, { discard: true })
      yield* performIdle
      assert.deepStrictEqual(yield* shownOf("Ping"), [
        "execute Workflow.Ping/ID  performing  NOW  suspended NOW",
        "└─ execute Workflow.Pong/ID  performing  NOW  suspended NOW",
        "   └─ execute Workflow.Ping/ID  not ended  see above"
      ])
      assert.deepStrictEqual(
        (yield* whyOf("Ping")).at(-1)?.trim(),
        "└─ execute Workflow.Ping/ID  performing  since NOW (0ms ago)  ID  see above"
      )
    }).pipe(Effect.provide(PingPongLive)))

  test("24.9: an action that is none has no execution, and one that is queued has not begun", () =>
    Effect.gen(function*() {
      yield* Adding.execute({ a: 1, b: 2 }, { discard: true })
      assert.strictEqual(yield* executionOf("Adding"), undefined)
      const repo = yield* ActionRepo
      assert.strictEqual((yield* repo.execution("nonsense"))._tag, "None")
      yield* performIdle
      assert.deepStrictEqual((yield* executionOf("Adding"))?.activities.map(({ name }) => name), ["add"])
      const tree = yield* Stepped.tree((yield* onlyOf("Adding")).id)
      assert.deepStrictEqual(readable(tree._tag === "Some" ? Stepped.renderTree(tree.value) : ""), [
        "execute Workflow.Adding/ID  succeeded  NOW  0ms",
        "└─ activity add  succeeded  NOW"
      ])
    }))

  test("24.9: what becomes of an execution is told as events", () =>
    Effect.gen(function*() {
      const recorder = yield* recordEvents()
      const executionId = yield* Order.execute({ id: "gold" }, { discard: true })
      yield* Trial.execute({ user: "Bob" }, { discard: true })
      yield* performIdle
      yield* DurableDeferred.succeed(Approval, { token: tokenOf(Approval, Order, executionId), value: "Ada" })
      yield* performIdle
      const order = yield* onlyOf("Order")
      const told = (yield* recorder.all).filter(({ id }) => id === order.id).map((event) => {
        switch (event._tag) {
          case "ExecutionSuspended":
            return [event._tag, ...event.deferreds.map(({ kind, name }) => `${kind} ${name}`), ...event.clocks]
          case "ActivityEnded":
            return [event._tag, event.activity, event.attemptNumber, event.status]
          case "DeferredDone":
            return [event._tag, event.deferred.name, event.status]
          default:
            return [event._tag]
        }
      })
      assert.deepStrictEqual(told, [
        ["ActionEnqueued"],
        ["ActionStarted"],
        ["StepStarted"],
        ["ActivityEnded", "charge", 1, "succeeded"],
        ["ExecutionSuspended", "deferred approval"],
        ["DeferredDone", "approval", "succeeded"],
        ["ExecutionReplayed"],
        ["ActivityEnded", "ship", 1, "succeeded"],
        ["StepEnded"],
        ["ActionEnded"]
      ])
      const trial = yield* onlyOf("Trial")
      assert.deepStrictEqual(
        (yield* recorder.all).flatMap((event) =>
          event.id === trial.id && event._tag === "ClockSet" ? [[event.clock, event.ringsAt.getTime()]] : []
        ),
        [["trial", 14 * 24 * 3600_000]]
      )
    }).pipe(Effect.scoped))
})
