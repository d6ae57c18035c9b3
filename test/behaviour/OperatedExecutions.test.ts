/** Rules 18.2 and 24.6: operators resume and interrupt executions by the ids of their actions, also where nobody has the workflow. */
import { assert } from "@effect/vitest"
import { Deferred, Effect, Fiber, Option } from "effect"
import { SqlClient } from "effect/sql"
import { TestClock } from "effect/testing"
import { DurableDeferred, Workflow } from "effect/workflow"
import { ActionRepo, InvalidQuery, Stepped } from "stepped"
import { suite } from "../harness/databases.ts"
import { performIdle } from "../harness/performing.ts"
import {
  careful,
  flaky,
  Gate,
  main,
  open,
  part,
  performedTo,
  type Scripted,
  ScriptedLive,
  suspended
} from "./fixtures/scripted.ts"
import { actionsOf, polled, testing } from "./fixtures/workflows.ts"

const nothing = "00000000-0000-7000-8000-000000000000"
const ada = { by: "ada", reason: "the lamp is lit again" }

suite("executions that operators ask something of", (engine) => {
  const test = testing(engine.layer(), ScriptedLive)
  const repo = <A, E>(use: (repo: ActionRepo["Service"]) => Effect.Effect<A, E>) => Effect.flatMap(ActionRepo, use)
  const resume = (id: string, by = ada) => repo((actions) => actions.resumeExecution(id, by))
  const interrupt = (id: string, by = ada) => repo((actions) => actions.interruptExecution(id, by))
  /** The id of the newest execution's action. */
  const actionOf = ({ _tag }: Scripted) => Effect.map(actionsOf(_tag), ([action]) => action!.id)
  const recorded = Effect.map(
    repo((actions) => actions.operations()),
    (found) => found.map(({ by, outcome, verb }) => `${verb.replace(/^.*\./, "")} ${by} ${outcome}`).reverse()
  )

  /** It has failed, and waits for somebody; the next run succeeds. */
  const failed = Effect.gen(function*() {
    careful.script.body = (_, run) => run === 1 ? Effect.die(new Error("no light")) : Effect.succeed("lit")
    const execution = yield* careful.workflow.execute({ id: "1" }, { discard: true })
    yield* performedTo(careful.workflow, execution, "failed")
    return { execution, id: yield* actionOf(careful.workflow) }
  })

  test("18.2: one that is suspended since it has failed goes on, and who asks again is answered the same", () =>
    Effect.gen(function*() {
      const { execution, id } = yield* failed
      assert.deepStrictEqual([yield* resume(id), yield* resume(id, { ...ada, by: "bob" })], ["done", "done"])
      assert.deepStrictEqual(yield* recorded, ["resumeExecution ada done", "resumeExecution bob already"])
      yield* performedTo(careful.workflow, execution, `succeeded "lit"`)
      assert.strictEqual(careful.script.runs, 2)
      assert.strictEqual(yield* resume(id), "over")
    }))

  test("18.2: what is resumed and fails again waits for somebody again, and is recorded each time", () =>
    Effect.gen(function*() {
      const { execution, id } = yield* failed
      careful.script.body = () => Effect.die(new Error("no light"))
      for (let n = 0; n < 2; n++) {
        assert.strictEqual(yield* resume(id), "done")
        yield* performIdle
        assert.strictEqual(polled(yield* careful.workflow.poll(execution)), "failed")
      }
      assert.deepStrictEqual(yield* recorded, ["resumeExecution ada done", "resumeExecution ada done"])
    }))

  test("18.2: one that is interrupted does its compensations, and ends as interrupted, and so does what it waits for", () =>
    Effect.gen(function*() {
      const undone: Array<string> = []
      main.script.body = () =>
        Effect.gen(function*() {
          yield* Effect.succeed("booked").pipe(
            Workflow.withCompensation((what: string) => Effect.sync(() => void undone.push(what)))
          )
          return yield* part.workflow.execute({ id: "1" })
        })
      part.script.body = () => DurableDeferred.await(Gate)
      const execution = yield* suspended(main.workflow, "1")
      yield* performedTo(part.workflow, yield* part.workflow.executionId({ id: "1" }), "suspended")
      const id = yield* actionOf(main.workflow)
      assert.deepStrictEqual([yield* interrupt(id), yield* interrupt(id, { ...ada, by: "bob" })], ["done", "done"])
      const shown = Option.getOrUndefined(yield* repo((actions) => actions.execution(id)))
      assert.isDefined(shown?.interruptedAt)
      yield* performedTo(main.workflow, execution, "failed Interrupt")
      assert.deepStrictEqual(undone, ["booked"])
      yield* performedTo(part.workflow, yield* part.workflow.executionId({ id: "1" }), "failed Interrupt")
      assert.strictEqual(yield* interrupt(id), "over")
      assert.deepStrictEqual(yield* recorded, ["interruptExecution ada done", "interruptExecution bob already"])
    }))

  test("18.2: one that has failed since it was interrupted goes on when it is interrupted again", () =>
    Effect.gen(function*() {
      flaky.script.body = () => Effect.die(new Error("no light"))
      const execution = yield* flaky.workflow.execute({ id: "1" }, { discard: true })
      yield* performIdle
      const id = yield* actionOf(flaky.workflow)
      assert.strictEqual(yield* interrupt(id), "done")
      for (let tries = 0; tries < 2; tries++) {
        yield* performIdle
        yield* TestClock.adjust("1 minute")
      }
      yield* performedTo(flaky.workflow, execution, "failed")
      flaky.script.body = () => DurableDeferred.await(Gate)
      assert.strictEqual(yield* interrupt(id), "done")
      yield* performedTo(flaky.workflow, execution, "failed Interrupt")
      assert.deepStrictEqual(yield* recorded, ["interruptExecution ada done", "interruptExecution ada done"])
    }))

  test("18.2: between two tries it goes on at once, also where the try runs that fails", () =>
    Effect.gen(function*() {
      const { workflow } = flaky
      const [reached, go] = [yield* Deferred.make<void>(), yield* Deferred.make<void>()]
      flaky.script.body = (_, run) =>
        run === 3
          ? Effect.succeed("lit")
          : run === 1
          ? Effect.die(new Error("offline"))
          : Deferred.succeed(reached, undefined).pipe(
            Effect.andThen(Deferred.await(go)),
            Effect.andThen(Effect.die(new Error("offline")))
          )
      const execution = yield* workflow.execute({ id: "1" }, { discard: true })
      yield* performIdle
      const id = yield* actionOf(workflow)
      assert.strictEqual(yield* resume(id), "done")
      const performing = yield* Effect.forkChild(performIdle)
      yield* Deferred.await(reached)
      assert.strictEqual(yield* resume(id), "done")
      assert.strictEqual(yield* resume(id), "done")
      yield* Deferred.succeed(go, undefined)
      yield* Fiber.join(performing)
      assert.strictEqual(polled(yield* workflow.poll(execution)), `succeeded "lit"`)
      assert.deepStrictEqual(yield* recorded, ["resumeExecution ada done", "resumeExecution ada done"])
    }))

  test("18.2: one that is queued is interrupted, and not resumed", () =>
    Effect.gen(function*() {
      main.script.body = () => DurableDeferred.await(Gate)
      const execution = yield* main.workflow.execute({ id: "1" }, { discard: true })
      const id = yield* actionOf(main.workflow)
      assert.strictEqual(yield* resume(id), "notStarted")
      assert.strictEqual(yield* interrupt(id), "done")
      yield* performedTo(main.workflow, execution, "failed Interrupt")
    }))

  test("18.2: what has ended, is cancelled, is no execution or not there stays as it is, and the answer says so", () =>
    Effect.gen(function*() {
      main.script.body = () => DurableDeferred.await(Gate)
      yield* main.workflow.execute({ id: "1" }, { discard: true })
      const cancelled = yield* actionOf(main.workflow)
      yield* Stepped.cancel(cancelled)
      assert.deepStrictEqual([yield* interrupt(cancelled), yield* resume(cancelled)], ["over", "over"])
      const plan = yield* Stepped.forMany({ actorType: "Workflow.Main" }, { verb: "ActionRepo.delete" })
      const { id: own } = yield* plan.start(ada)
      yield* performIdle
      assert.deepStrictEqual([yield* interrupt(own), yield* resume(own)], ["notExecution", "notExecution"])
      for (const id of [nothing, "1"]) {
        assert.deepStrictEqual([yield* interrupt(id), yield* resume(id)], ["none", "none"])
      }
      const error = yield* Effect.flip(resume(own, { ...ada, by: "" }))
      assert.instanceOf(error, InvalidQuery)
      assert.strictEqual(error.field, "by of ActionRepo.resumeExecution")
      const other = yield* Effect.flip(interrupt(own, { ...ada, reason: " " }))
      assert.instanceOf(other, InvalidQuery)
      assert.strictEqual(other.field, "reason of ActionRepo.interruptExecution")
    }))

  test("18.2: in a transaction of the program's it commits with it", () =>
    Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      const { execution, id } = yield* failed
      for (const ask of [resume(id), interrupt(id)]) {
        yield* Effect.flip(sql.withTransaction(Effect.andThen(ask, Effect.fail("taken back"))))
      }
      yield* performIdle
      assert.deepStrictEqual(yield* recorded, [])
      assert.strictEqual(polled(yield* careful.workflow.poll(execution)), "failed")
      yield* sql.withTransaction(resume(id))
      yield* performedTo(careful.workflow, execution, `succeeded "lit"`)
    }))

  test("18.2, 18.4: they are asked for of many", () =>
    Effect.gen(function*() {
      careful.script.body = (_, run) => run <= 3 ? Effect.die(new Error("no light")) : DurableDeferred.await(Gate)
      const executions = yield* Effect.forEach(["1", "2", "3"], (id) =>
        careful.workflow.execute({ id }, { discard: true }))
      for (const one of executions) {
        yield* performedTo(careful.workflow, one, "failed")
      }
      const filter = { actorType: "Workflow.Cautious" }
      for (const verb of ["ActionRepo.resumeExecution", "ActionRepo.interruptExecution"] as const) {
        const plan = yield* Stepped.forMany(filter, { verb })
        const handle = yield* plan.start(ada)
        yield* performIdle
        assert.deepStrictEqual(yield* handle.await, { done: 3, refused: [], gone: 0 })
        const word = verb === "ActionRepo.resumeExecution" ? "suspended" : "failed Interrupt"
        for (const one of executions) {
          yield* performedTo(careful.workflow, one, word)
        }
      }
      yield* open(careful.workflow, executions[0]!)
    }))
})
