/** Executions whose database has done what it was asked, and does not say so, or does nothing at all. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Layer } from "effect"
import { SqlClient } from "effect/sql"
import { TestClock } from "effect/testing"
import { DurableDeferred } from "effect/workflow"
import { Stepped, StorageError } from "stepped"
import type { Store } from "../../../src/store/Store.ts"
import {
  Gate,
  main,
  open,
  OtherGate,
  part,
  performedTo,
  ScriptedLive,
  suspended
} from "../../behaviour/fixtures/scripted.ts"
import { actionsOf, polled } from "../../behaviour/fixtures/workflows.ts"
import { healthy } from "../../harness/databases.ts"
import { layerIntercepted } from "../../harness/intercepting.ts"
import { performIdle } from "../../harness/performing.ts"
import { blocked, holding } from "../../harness/racing.ts"
import { layerServer } from "../../harness/Server.ts"

type Service = Store["Service"]

const engine = (intercept: (store: Service) => Partial<Service>) =>
  ScriptedLive.pipe(
    Layer.provideMerge(layerIntercepted(intercept)),
    Layer.provideMerge(
      layerServer({ template: { name: "migrated", migrate: Stepped.migrate() }, maxConnections: 12 })
    ),
    Layer.orDie
  )

const away = (operation: string, isRetryable: boolean) =>
  Effect.fail(new StorageError({ operation, isRetryable, cause: new Error("away") }))

describe("executions whose database does not answer", () => {
  it.effect("24.3: what a run has completed itself it finds, though it was not told that it has", () => {
    let lost = 0
    const layer = engine((store) => ({
      sendToExecutions: (sent, options) =>
        Effect.flatMap(
          store.sendToExecutions(sent, options),
          (answers) => sent[0]!.wakes || lost++ > 0 ? Effect.succeed(answers) : away("sendToExecutions", true)
        )
    }))
    main.script.body = () =>
      Effect.gen(function*() {
        const token = yield* DurableDeferred.token(Gate)
        yield* DurableDeferred.await(OtherGate)
        yield* DurableDeferred.succeed(Gate, { token, value: "own" })
        return yield* DurableDeferred.await(Gate)
      })
    return Effect.gen(function*() {
      const id = yield* suspended(main.workflow, "1")
      yield* open(main.workflow, id, "go on", OtherGate)
      yield* performedTo(main.workflow, id, `succeeded "own"`)
      assert.strictEqual(lost, 2)
      yield* healthy
    }).pipe(Effect.provide(layer))
  })

  it.effect("24.6: a database that is away while a child begins is no end of the execution's", () => {
    let left = 8
    const layer = engine((store) => ({
      // each time that it is tried
      startExecutions: (executions, options) =>
        Effect.suspend(() =>
          executions[0]!.parent !== undefined && left-- > 0
            ? away("startExecutions", true)
            : store.startExecutions(executions, options)
        )
    }))
    main.script.body = () => part.workflow.execute({ id: "1" })
    return Effect.gen(function*() {
      const id = yield* main.workflow.execute({ id: "1" }, { discard: true })
      yield* performIdle
      assert.deepStrictEqual([left, polled(yield* main.workflow.poll(id))], [0, "none"])
      assert.deepStrictEqual((yield* actionsOf("Main")).map(({ attempts }) => attempts), [1])
      yield* TestClock.adjust("1 hour")
      yield* performedTo(main.workflow, id, `succeeded "1"`)
      yield* healthy
    }).pipe(Effect.provide(layer))
  })

  it.effect("24.2: what the database refuses for good suspends the execution until it is resumed", () => {
    let refuses = true
    const layer = engine((store) => ({
      startExecutions: (executions, options) =>
        executions[0]!.parent !== undefined && refuses
          ? away("startExecutions", false)
          : store.startExecutions(executions, options)
    }))
    main.script.body = () => part.workflow.execute({ id: "1" })
    return Effect.gen(function*() {
      const id = yield* main.workflow.execute({ id: "1" }, { discard: true })
      yield* performedTo(main.workflow, id, "failed")
      refuses = false
      yield* main.workflow.resume(id)
      yield* performedTo(main.workflow, id, `succeeded "1"`)
      yield* healthy
    }).pipe(Effect.provide(layer))
  })

  it.effect("24.2: nor does an end that the database refuses for good end it otherwise: it is suspended until it is resumed", () => {
    let refuses = true
    const layer = engine((store) => ({
      finish: (given) =>
        refuses && given.conclusions.some((one) => one._tag === "ActionEnds" && one.outcome.status === "succeeded")
          ? away("finish", false)
          : store.finish(given)
    }))
    main.script.body = () => Effect.succeed("given")
    return Effect.gen(function*() {
      const id = yield* main.workflow.execute({ id: "1" }, { discard: true })
      yield* performIdle
      assert.deepStrictEqual((yield* actionsOf("Main")).map(({ status }) => status), ["performing"])
      refuses = false
      yield* main.workflow.resume(id)
      yield* performedTo(main.workflow, id, `succeeded "given"`)
      yield* healthy
    }).pipe(Effect.provide(layer))
  })

  it.effect("24.5: a child that is just being cancelled in the queue has ended for who comes to wait for it", () => {
    main.script.body = () => part.workflow.execute({ id: "1" })
    return Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      yield* part.workflow.execute({ id: "1" }, { discard: true })
      const cancelling = Effect.gen(function*() {
        const [job] = yield* sql<{ action: string }>`select action from stepped.jobs`
        yield* sql`set local search_path to stepped`
        yield* sql`select 1 from end_cancelled(p_token => null, p_now => now(), p_definitions => array['Workflow.Part/execute'],
          p_flags => array[0]::smallint[], p_jobs => jobs_at(array(select ctid from jobs where action = ${
          job!.action
        })))`
        yield* sql`delete from jobs where action = ${job!.action}`
      })
      const commit = yield* holding(cancelling)
      const id = yield* main.workflow.execute({ id: "1" }, { discard: true })
      const performing = yield* Effect.forkChild(performIdle)
      yield* blocked(1)
      yield* commit
      yield* Fiber.join(performing)
      assert.strictEqual(polled(yield* main.workflow.poll(id)), "failed Die")
      yield* healthy
    }).pipe(Effect.scoped, Effect.provide(engine(() => ({}))))
  })
})
