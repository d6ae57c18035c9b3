/** Rules 24.5 to 24.8: executions that execute others, what they hear of these, and who is registered for them. */
import { assert } from "@effect/vitest"
import { Cause, Effect, Exit, Option, Schema, Scope } from "effect"
import { SqlClient } from "effect/sql"
import { Activity, DurableDeferred, Workflow } from "effect/workflow"
import { WorkflowEngine } from "effect/workflow/WorkflowEngine"
import { ActionRepo, Stepped } from "stepped"
import { suite } from "../harness/databases.ts"
import { note, seen } from "../harness/notes.ts"
import { performIdle } from "../harness/performing.ts"
import {
  careful,
  Gate,
  loud,
  main,
  open,
  OtherGate,
  part,
  performedTo,
  piece,
  ScriptedLive,
  suspended
} from "./fixtures/scripted.ts"
import { actionsOf, noted, performedUntil, polled, Refused, testing } from "./fixtures/workflows.ts"

suite("workflows in workflows", (engine) => {
  const test = testing(engine.layer(), ScriptedLive)

  /** What those that it waits for are suspended with, as polling says it. */
  const causeOf = (id: string) =>
    Effect.map(
      main.workflow.poll(id),
      (result) =>
        Option.isSome(result) && result.value._tag === "Suspended" && result.value.cause !== undefined
          ? Cause.pretty(result.value.cause)
          : "none"
    )

  test("24.6: those that a cancelled one has started run on, and those of an interrupted one are interrupted", () =>
    Effect.gen(function*() {
      main.script.body = (id) => part.workflow.execute({ id })
      part.script.body = () => DurableDeferred.await(Gate)
      const [cancelled, interrupted] = [yield* suspended(main.workflow, "1"), yield* suspended(main.workflow, "2")]
      const [orphan, child] = yield* Effect.forEach(["1", "2"], (id) => part.workflow.executionId({ id }))
      const action = (yield* actionsOf("Main")).find(({ actorId }) => actorId === cancelled)!
      yield* Stepped.cancel(action.id)
      yield* main.workflow.interrupt(interrupted)
      yield* performIdle
      assert.strictEqual(polled(yield* part.workflow.poll(orphan!)), "suspended")
      yield* performedTo(part.workflow, child!, "failed Interrupt")
      yield* open(part.workflow, orphan!)
      yield* performedTo(part.workflow, orphan!, `succeeded "open"`)
      assert.strictEqual(polled(yield* main.workflow.poll(cancelled)), "failed Die")
    }))

  test("24.5: what a child has failed with shows in all that wait for it, which go on when it does", () =>
    Effect.gen(function*() {
      let isMended = false
      main.script.body = () => part.workflow.execute({ id: "1" })
      part.script.body = () => careful.workflow.execute({ id: "1" })
      careful.script.body = () => isMended ? Effect.succeed("done") : Effect.fail(new Refused({ why: "out of paper" }))
      const id = yield* main.workflow.execute({ id: "1" }, { discard: true })
      const child = yield* careful.workflow.executionId({ id: "1" })
      yield* performedTo(careful.workflow, child, "failed")
      yield* performIdle
      // it has not failed itself: whatever is sent to it wakes it
      assert.strictEqual(polled(yield* main.workflow.poll(id)), "suspended")
      assert.match(yield* causeOf(id), /Refused/)
      yield* open(main.workflow, id)
      yield* performIdle
      assert.deepStrictEqual([main.script.runs, polled(yield* main.workflow.poll(id))], [2, "suspended"])
      assert.match(yield* causeOf(id), /Refused/)
      isMended = true
      yield* careful.workflow.resume(child)
      yield* performedTo(main.workflow, id, `succeeded "done"`)
    }))

  test("24.5: one that waits for a child that is only suspended shows no failure", () =>
    Effect.gen(function*() {
      main.script.body = () => part.workflow.execute({ id: "1" })
      part.script.body = () => DurableDeferred.await(Gate)
      const id = yield* suspended(main.workflow, "1")
      yield* performIdle
      assert.strictEqual(yield* causeOf(id), "none")
    }))

  test("24.7: a child that is interrupted is what the one comes to that waits for it, once", () =>
    Effect.gen(function*() {
      main.script.body = () => Effect.ensuring(part.workflow.execute({ id: "1" }), note("runs"))
      part.script.body = () => DurableDeferred.await(Gate)
      const id = yield* suspended(main.workflow, "1")
      const child = yield* part.workflow.executionId({ id: "1" })
      yield* performedTo(part.workflow, child, "suspended")
      yield* part.workflow.interrupt(child)
      yield* performIdle
      assert.strictEqual(polled(yield* main.workflow.poll(id)), "failed Interrupt")
      assert.deepStrictEqual(seen, ["runs", "runs"])
      assert.deepStrictEqual((yield* actionsOf("Main")).map(({ status }) => status), ["succeeded"])
    }))

  test("24.6: an interruption of one that waits for a child interrupts that child", () =>
    Effect.gen(function*() {
      main.script.body = () => part.workflow.execute({ id: "1" })
      part.script.body = () => DurableDeferred.await(Gate)
      const id = yield* suspended(main.workflow, "1")
      const child = yield* part.workflow.executionId({ id: "1" })
      yield* performedTo(part.workflow, child, "suspended")
      yield* main.workflow.interrupt(id)
      yield* performedTo(main.workflow, id, "failed Interrupt")
      yield* performedTo(part.workflow, child, "failed Interrupt")
    }))

  test("24.5: children that an activity executes beside each other all begin before it is suspended, as a whole", () =>
    Effect.gen(function*() {
      const pieces = ["a", "b", "c"]
      main.script.body = () =>
        Activity.make({
          name: "all",
          success: Schema.String,
          error: Refused,
          execute: Effect.suspend(() =>
            Effect.andThen(
              note("all"),
              Effect.map(
                Effect.forEach(pieces, (id) => piece.workflow.execute({ id }), { concurrency: "unbounded" }),
                (all) => all.join()
              )
            )
          )
        })
      piece.script.body = () => DurableDeferred.await(Gate)
      const id = yield* suspended(main.workflow, "1")
      assert.strictEqual((yield* actionsOf("Piece")).length, 3)
      assert.deepStrictEqual(seen, ["all"])
      yield* performIdle
      for (const one of pieces) yield* open(piece.workflow, yield* piece.workflow.executionId({ id: one }), one)
      yield* performedTo(main.workflow, id, `succeeded "a,b,c"`)
      assert.isAtLeast(seen.length, 2)
    }))

  test("24.5: one that is detached wakes nobody, and its starter does not wait", () =>
    Effect.gen(function*() {
      const workflows = yield* WorkflowEngine
      main.script.body = () =>
        Effect.andThen(
          Effect.flatMap(
            part.workflow.executionId({ id: "1" }),
            (executionId) =>
              workflows.execute(part.workflow, { executionId, payload: { id: "1" }, discard: true, detached: true })
          ),
          DurableDeferred.await(Gate)
        )
      const id = yield* suspended(main.workflow, "1")
      const child = yield* part.workflow.executionId({ id: "1" })
      yield* performedTo(part.workflow, child, `succeeded "1"`)
      yield* performIdle
      assert.deepStrictEqual([main.script.runs, polled(yield* main.workflow.poll(id))], [1, "suspended"])
      const [started] = yield* actionsOf("Part")
      assert.strictEqual(started?.startedBy, (yield* actionsOf("Main"))[0]?.id)
    }))

  test("24.2: what an activity, a deferred or a child has come to and cannot be read is waited for, until somebody has mended that", () =>
    Effect.gen(function*() {
      let reads: Schema.Codec<any, any> = Schema.String
      const other = () =>
        Workflow.make("Part", { payload: { id: Schema.String }, success: reads, idempotencyKey: ({ id }) => id })
      const bodies = {
        activity: () => Activity.make({ name: "a", success: reads, execute: Effect.succeed("text") }),
        deferred: () => DurableDeferred.await(DurableDeferred.make("gate", { success: reads })),
        child: () => other().execute({ id: "1" })
      }
      yield* performedTo(part.workflow, yield* part.workflow.execute({ id: "1" }, { discard: true }), `succeeded "1"`)
      for (const what of ["activity", "deferred", "child"] as const) {
        reads = Schema.String
        main.script.body = () => Effect.andThen(bodies[what](), DurableDeferred.await(OtherGate))
        const id = yield* main.workflow.execute({ id: what }, { discard: true })
        yield* open(main.workflow, id, "text")
        yield* performedTo(main.workflow, id, "suspended")
        reads = Schema.Int
        yield* open(main.workflow, id, "open", OtherGate)
        yield* performedTo(main.workflow, id, "failed")
        reads = Schema.String
        yield* main.workflow.resume(id)
        yield* performedTo(main.workflow, id, `succeeded "open"`)
      }
    }))

  test("24.2: a payload that cannot be read any more is waited for, until somebody has mended that", () =>
    Effect.gen(function*() {
      const workflows = yield* WorkflowEngine
      const made = (what: Schema.Codec<any, any>) =>
        Workflow.make("Renamed", {
          payload: { what },
          success: Schema.Json,
          idempotencyKey: (payload) => JSON.stringify(payload)
        })
      const registered = (workflow: ReturnType<typeof made>) =>
        Effect.gen(function*() {
          const scope = yield* Scope.make()
          yield* Scope.provide(workflows.register(workflow, ({ what }) => Effect.succeed(what)), scope)
          return Scope.close(scope, Exit.void)
        })
      const [texts, numbers] = [made(Schema.String), made(Schema.Int)]
      const unregister = yield* registered(numbers)
      const id = yield* texts.execute({ what: "text" }, { discard: true })
      yield* performIdle
      assert.strictEqual(polled(yield* texts.poll(id)), "failed")
      yield* unregister
      yield* Effect.asVoid(registered(texts))
      yield* texts.resume(id)
      yield* performIdle
      assert.strictEqual(polled(yield* texts.poll(id)), `succeeded "text"`)
    }))

  test("24.9: with its history goes all that is known of an execution, and its id starts another one", () =>
    Effect.gen(function*() {
      main.script.body = () =>
        Effect.gen(function*() {
          yield* noted("works")
          return `${yield* part.workflow.execute({ id: "1" })} ${yield* DurableDeferred.await(Gate)}`
        })
      const id = yield* suspended(main.workflow, "1")
      yield* open(main.workflow, id, "first")
      yield* performedTo(main.workflow, id, `succeeded "1 first"`)
      yield* (yield* ActionRepo).deleteEnded({ before: new Date(10_000_000_000_000) })
      assert.strictEqual(polled(yield* main.workflow.poll(id)), "none")
      const sql = yield* SqlClient.SqlClient
      for (const table of ["memos", "signals", "execution_parents", "action_keys", "ended_actions"]) {
        assert.deepStrictEqual([table, yield* sql`select 1 from stepped.${sql(table)}`], [table, []])
      }
      assert.strictEqual(yield* suspended(main.workflow, "1"), id)
      yield* open(main.workflow, id, "second")
      yield* performedTo(main.workflow, id, `succeeded "1 second"`)
      assert.deepStrictEqual(seen, ["works", "works"])
    }))

  test("24.9: what is exported of an execution has its activities with their attempts, what it was sent, and whom it has waited for", () =>
    Effect.gen(function*() {
      main.script.body = () =>
        Effect.gen(function*() {
          yield* Activity.make({
            name: "call",
            error: Refused,
            execute: Effect.flatMap(
              Activity.CurrentAttempt,
              (n) => n === 1 ? Effect.fail(new Refused({ why: "busy" })) : Effect.void
            )
          }).pipe(Activity.retry({ times: 1 }))
          return `${yield* part.workflow.execute({ id: "1" })} ${yield* DurableDeferred.await(Gate)}`
        })
      const id = yield* suspended(main.workflow, "1")
      yield* open(main.workflow, id)
      yield* performedTo(main.workflow, id, `succeeded "1 open"`)
      const lines: Array<string> = []
      yield* (yield* ActionRepo).deleteEnded({
        before: new Date(10_000_000_000_000),
        export: (actions) => Effect.sync(() => lines.push(...actions))
      })
      const found = lines.map((line) => JSON.parse(line))
      const parent = found.find((one) => one.actor_type === "Workflow.Main")
      const child = found.find((one) => one.actor_type === "Workflow.Part")
      assert.deepStrictEqual([parent.executions, child.executions], [[child.id], []])
      assert.deepStrictEqual(
        parent.memos.map((memo: any) => [memo.name, memo.attempt, memo.result._tag]),
        [["call", 1, "Failure"], ["call", 2, "Success"]]
      )
      assert.deepStrictEqual(parent.signals.map((signal: any) => signal.name), ["gate"])
    }))

  test("24.2: an activity that fails suspends a workflow that says so, and is done again when it is resumed", () =>
    Effect.gen(function*() {
      careful.script.body = (_, run) =>
        Activity.make({
          name: "print",
          success: Schema.String,
          error: Refused,
          execute: Effect.andThen(note("prints"), run === 1 ? new Refused({ why: "no paper" }) : Effect.succeed("done"))
        })
      const id = yield* careful.workflow.execute({ id: "1" }, { discard: true })
      yield* performedTo(careful.workflow, id, "failed")
      yield* careful.workflow.resume(id)
      yield* performedTo(careful.workflow, id, `succeeded "done"`)
      assert.deepStrictEqual(seen, ["prints", "prints"])
    }))

  test("24.7: a defect that a workflow does not take for an end fails the action", () =>
    Effect.gen(function*() {
      loud.script.body = () => Effect.die(new Error("a mistake"))
      const fiber = yield* Effect.forkChild(Effect.exit(loud.workflow.execute({ id: "1" })))
      assert.isTrue(Exit.isFailure(yield* performedUntil(fiber)))
      assert.deepStrictEqual((yield* actionsOf("Loud")).map(({ status }) => status), ["failed"])
    }))

  test("24.8: of two that are registered under one name the first runs, as long as it is there", () =>
    Effect.gen(function*() {
      const workflows = yield* WorkflowEngine
      const Twice = Workflow.make("Twice", {
        payload: { id: Schema.String },
        success: Schema.String,
        idempotencyKey: ({ id }) => id
      })
      const ran = (id: string) =>
        Effect.gen(function*() {
          const executionId = yield* Twice.execute({ id }, { discard: true })
          yield* performIdle
          return polled(yield* Twice.poll(executionId))
        })
      const scopes = [yield* Scope.make(), yield* Scope.make()] as const
      for (const [n, scope] of scopes.entries()) {
        yield* Scope.provide(workflows.register(Twice, () => Effect.succeed(`by ${n}`)), scope)
      }
      assert.strictEqual(yield* ran("a"), `succeeded "by 0"`)
      yield* Scope.close(scopes[0], Exit.void)
      assert.strictEqual(yield* ran("b"), `succeeded "by 1"`)
      yield* Scope.close(scopes[1], Exit.void)
      assert.strictEqual(yield* ran("c"), "none")
    }))

  test("24.4: of a race of activities the first is what it comes to, the others are cut off, and none is done again", () =>
    Effect.gen(function*() {
      main.script.body = () =>
        Effect.gen(function*() {
          const first = yield* Activity.raceAll("race", [
            Activity.make({
              name: "slow",
              success: Schema.String,
              execute: Effect.andThen(note("slow"), Effect.onInterrupt(Effect.never, () => note("cut off")))
            }),
            Activity.make({ name: "quick", success: Schema.String, execute: Effect.as(note("quick"), "quick") })
          ])
          return `${first} ${yield* DurableDeferred.await(Gate)}`
        })
      const id = yield* suspended(main.workflow, "1")
      yield* open(main.workflow, id)
      yield* performedTo(main.workflow, id, `succeeded "quick open"`)
      assert.deepStrictEqual(seen, ["slow", "quick", "cut off"])
    }))

  test("24.3: what a run completes itself wakes an activity of it that waits for that", () =>
    Effect.gen(function*() {
      main.script.body = () =>
        Effect.gen(function*() {
          // a run that is the first looks for whatever there is
          yield* DurableDeferred.await(OtherGate)
          const waiting = Activity.make({
            name: "waits",
            success: Schema.String,
            error: Refused,
            execute: Effect.andThen(note("waits"), DurableDeferred.await(Gate))
          })
          // it is stored before the run is suspended, which waits for it
          const completing = DurableDeferred.into(Effect.as(noted("beside"), "own"), Gate)
          const [, gate] = yield* Effect.all([completing, waiting], { concurrency: "unbounded" })
          return gate
        })
      const id = yield* suspended(main.workflow, "1")
      yield* open(main.workflow, id, "go on", OtherGate)
      yield* performedTo(main.workflow, id, `succeeded "own"`)
      assert.deepStrictEqual(seen.filter((line) => line === "waits").length, 2)
    }))

  test("24.5: what one has come to that was executed without waiting for it is not read", () =>
    Effect.gen(function*() {
      let reads: Schema.Codec<any, any> = Schema.String
      const other = () =>
        Workflow.make("Part", { payload: { id: Schema.String }, success: reads, idempotencyKey: ({ id }) => id })
      main.script.body = () =>
        Effect.gen(function*() {
          yield* other().execute({ id: "1" }, { discard: true })
          yield* DurableDeferred.await(Gate)
          return yield* DurableDeferred.await(OtherGate)
        })
      const id = yield* suspended(main.workflow, "1")
      yield* performedTo(part.workflow, yield* part.workflow.executionId({ id: "1" }), `succeeded "1"`)
      reads = Schema.Int
      yield* open(main.workflow, id)
      yield* performIdle
      assert.strictEqual(polled(yield* main.workflow.poll(id)), "suspended")
      yield* open(main.workflow, id, "done", OtherGate)
      yield* performedTo(main.workflow, id, `succeeded "done"`)
    }))
})
