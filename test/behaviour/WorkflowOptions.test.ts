/** Rule 24.8: what a workflow says of its executions' actions, and workflows that come while a worker works. */
import { assert } from "@effect/vitest"
import { Effect, Exit, Layer, Schema, Scope } from "effect"
import { TestClock } from "effect/testing"
import { Stepped } from "stepped"
import { StepWorkflow } from "stepped/workflow"
import { suite } from "../harness/databases.ts"
import { note, seen } from "../harness/notes.ts"
import { performIdle } from "../harness/performing.ts"
import { Late, LateLive, Offline, OfflineLive, onlyOf } from "./fixtures/shownWorkflows.ts"
import { Adding, polled, testing } from "./fixtures/workflows.ts"

class Desk extends Stepped.Actor<Desk>()("Desk", { id: Schema.String }) {}
const stamp = Stepped.action("stamp", { success: Schema.String }).step(() => Effect.as(note("stamp"), "stamped"))
const Desks = Stepped.actions(Desk, [stamp])

suite("options of workflows", (engine) => {
  const test = testing(engine.layer())

  test("24.8: what its HandledDefects do not take is tried again by its Retry, as often as its Attempts, and then waits to be resumed", () =>
    Effect.gen(function*() {
      const id = yield* Offline.execute({ why: "offline" }, { discard: true })
      yield* performIdle
      const action = yield* onlyOf("Offline")
      assert.deepStrictEqual([seen.length, action.lastFailure?.message, action.dueAt?.getTime()], [
        1,
        "offline",
        60_000
      ])
      yield* TestClock.adjust("1 minute")
      yield* performIdle
      assert.deepStrictEqual([seen.length, polled(yield* Offline.poll(id))], [2, "none"])
      yield* TestClock.adjust("1 minute")
      yield* performIdle
      assert.deepStrictEqual([seen.length, polled(yield* Offline.poll(id))], [3, "failed"])
      yield* Offline.resume(id)
      yield* performIdle
      assert.strictEqual(seen.length, 4)
    }).pipe(Effect.provide(OfflineLive)))

  test("24.8: what its HandledDefects take fails its action at once", () =>
    Effect.gen(function*() {
      yield* Offline.execute({ why: "broken" }, { discard: true })
      yield* performIdle
      const { cause, status } = yield* onlyOf("Offline")
      assert.deepStrictEqual([seen.length, status, cause?.message], [1, "failed", "broken"])
    }).pipe(Effect.provide(OfflineLive)))

  test("24.8: attempts that are no number of times are refused, with what they take", () =>
    Effect.gen(function*() {
      for (const attempts of [0, -1, 1.5, 10_001, Number.NaN]) {
        const live = Late.annotate(StepWorkflow.Attempts, attempts).toLayer(() => Effect.void)
        const exit = yield* Effect.exit(Effect.scoped(Layer.build(live)))
        assert.include(
          Exit.isFailure(exit) ? String(exit.cause) : "",
          `the workflow Late has StepWorkflow.Attempts ${attempts}: it takes a whole number from 1 to 10000`
        )
      }
    }))

  test("24.8: a workflow that is registered after a worker has begun is performed by it, as long as it is registered", () =>
    Effect.gen(function*() {
      yield* Layer.build(Stepped.worker())
      assert.strictEqual(yield* Adding.execute({ a: 1, b: 2 }), 3)
      const registered = yield* Scope.make()
      yield* Scope.provide(Layer.build(LateLive), registered)
      yield* Late.execute({ id: "1" })
      assert.deepStrictEqual(seen, ["add", "late"])
      yield* Scope.close(registered, Exit.void)
      yield* Late.execute({ id: "2" }, { discard: true })
      // it stands behind that one in the queue
      yield* Adding.execute({ a: 2, b: 3 })
      assert.deepStrictEqual([(yield* onlyOf("Late")).status, seen.length], ["queued", 3])
      yield* Layer.build(LateLive)
      yield* Late.execute({ id: "2" })
      assert.strictEqual(seen.length, 4)
    }).pipe(Effect.scoped))

  test("24.8: so are actions of the program's own whose layer comes after a worker has begun", () =>
    Effect.gen(function*() {
      yield* Layer.build(Stepped.worker())
      assert.strictEqual(yield* Adding.execute({ a: 1, b: 2 }), 3)
      const desk = (yield* Desks.client)("1")
      const registered = yield* Scope.make()
      yield* Scope.provide(Layer.build(Desks.layer), registered)
      assert.strictEqual(yield* desk.stamp(), "stamped")
      yield* Scope.close(registered, Exit.void)
      const later = yield* desk.stampLater()
      yield* Adding.execute({ a: 2, b: 3 })
      assert.deepStrictEqual([(yield* later.status).status, seen], ["queued", ["add", "stamp", "add"]])
      yield* Layer.build(Desks.layer)
      assert.strictEqual(yield* later.await, "stamped")
    }).pipe(Effect.scoped))
})
