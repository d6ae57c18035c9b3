/** Rule 24.4: what a run would wait for inside a transaction, which is taken back as soon as it waits. */
import { assert } from "@effect/vitest"
import { Cause, Effect, Layer, Option, Schema, type Scope } from "effect"
import { ClusterSchema } from "effect/cluster"
import { PersistedQueue } from "effect/persistence"
import { SqlClient } from "effect/sql"
import { Activity, DurableClock, DurableDeferred, DurableQueue, Workflow } from "effect/workflow"
import type { WorkflowEngine, WorkflowInstance } from "effect/workflow/WorkflowEngine"
import { layerPersistedQueueStore } from "stepped/stores"
import { suite } from "../harness/databases.ts"
import { note, seen } from "../harness/notes.ts"
import { Gate, loud, main, open, part, performedTo, ScriptedLive, suspended } from "./fixtures/scripted.ts"
import { noted, polled, testing } from "./fixtures/workflows.ts"

type Asked = Effect.Effect<unknown, unknown, WorkflowEngine | WorkflowInstance | Scope.Scope>

const transactional = (asked: Asked) =>
  Activity.make({ name: "in a transaction", execute: Effect.asVoid(Effect.orDie(asked)) as Effect.Effect<void> })
    .annotate(ClusterSchema.WithTransaction, true)

/** Both ways to ask in a transaction. */
const inside = (asked: Asked) => ({
  "an activity's": transactional(asked),
  "the body's": Effect.flatMap(
    SqlClient.SqlClient,
    (sql) => Effect.orDie(sql.withTransaction(asked))
  )
})

/** What somebody who looks is told of one. */
const saidOf = (result: Option.Option<Workflow.Result<unknown, unknown>>): string => {
  const is = Option.getOrThrow(result)
  const cause = is._tag === "Suspended" ? is.cause : is.exit._tag === "Failure" ? is.exit.cause : undefined
  return `${polled(result)}: ${cause === undefined ? "" : String(Cause.squash(cause))}`
}

suite("what waits in a transaction", (engine) => {
  const test = testing(engine.layer(), ScriptedLive)

  /** However it is asked, the execution says so, and goes on when it is asked outside. */
  const isTold = (asked: Asked, told: RegExp) =>
    Effect.gen(function*() {
      for (const [name, effect] of Object.entries(inside(asked))) {
        main.script.body = () => Effect.as(effect, "never")
        const id = yield* main.workflow.execute({ id: name }, { discard: true })
        yield* performedTo(main.workflow, id, "failed")
        assert.match(saidOf(yield* main.workflow.poll(id)), told)
        main.script.body = () => Effect.succeed("mended")
        yield* main.workflow.resume(id)
        yield* performedTo(main.workflow, id, `succeeded "mended"`)
      }
    })

  test("24.4: whoever executes another one in a transaction, and waits for it, is told so", () =>
    Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      part.script.body = () => Effect.succeed("part")
      yield* isTold(part.workflow.execute({ id: "1" }), /Part is executed by the open transaction.*discard/)
      assert.deepStrictEqual(yield* sql`select id from stepped.live_actions`, [])
      // what has ended before is there
      yield* performedTo(
        part.workflow,
        yield* part.workflow.execute({ id: "2" }, { discard: true }),
        `succeeded "part"`
      )
      main.script.body = () => Effect.as(transactional(part.workflow.execute({ id: "2" })), "went on")
      const id = yield* main.workflow.execute({ id: "3" }, { discard: true })
      yield* performedTo(main.workflow, id, `succeeded "went on"`)
    }))

  test("24.4: whoever sleeps in a transaction is told so", () =>
    isTold(
      DurableClock.sleep({ name: "long", duration: "2 hours" }),
      /the clock long is set by the open transaction.*sleep outside/
    ))

  test("24.4: whoever processes an element in a transaction is told so", () =>
    Effect.gen(function*() {
      const queues = yield* Layer.build(PersistedQueue.layer.pipe(Layer.provide(layerPersistedQueueStore())))
      const Mails = DurableQueue.make({
        name: "mails",
        payload: { to: Schema.String },
        idempotencyKey: ({ to }) => to
      })
      const asked = Effect.provideContext(DurableQueue.process(Mails, { to: "Ada" }), queues)
      for (const [name, effect] of Object.entries(inside(asked))) {
        main.script.body = () => Effect.as(effect, "never")
        const id = yield* main.workflow.execute({ id: name }, { discard: true })
        yield* performedTo(main.workflow, id, "failed Die")
        assert.match(saidOf(yield* main.workflow.poll(id)), /DurableQueue\/mails is offered by the open transaction/)
      }
    }).pipe(Effect.scoped))

  test("24.4: a deferred that is awaited in a transaction comes when it comes", () =>
    Effect.gen(function*() {
      main.script.body = () => Effect.as(transactional(DurableDeferred.await(Gate)), "went on")
      const id = yield* suspended(main.workflow, "1")
      yield* open(main.workflow, id)
      yield* performedTo(main.workflow, id, `succeeded "went on"`)
    }))

  test("24.4, 24.7: a defect of an activity is taken back with its transaction, and is a defect of whoever runs it", () =>
    Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      yield* sql`create table if not exists broken (n int not null)`
      yield* sql`delete from broken`
      const breaks = Activity.make({
        name: "breaks",
        execute: Effect.andThen(
          Effect.orDie(Effect.flatMap(SqlClient.SqlClient, (sql) => sql`insert into broken values (1)`)),
          Effect.die(new Error("no light"))
        )
      }).annotate(ClusterSchema.WithTransaction, true)
      loud.script.body = (name) =>
        Effect.gen(function*() {
          yield* noted("a").pipe(Workflow.withCompensation(() => note("undoes a")))
          if (name === "caught") {
            return yield* Effect.catchDefect(Effect.as(breaks, "never"), (error) => Effect.succeed(String(error)))
          }
          return yield* Effect.as(breaks, "never")
        })
      for (const [name, word] of [["not caught", "failed Die"], ["caught", `succeeded "Error: no light"`]] as const) {
        const id = yield* loud.workflow.execute({ id: name }, { discard: true })
        yield* performedTo(loud.workflow, id, word)
      }
      assert.deepStrictEqual(seen, ["a", "undoes a", "a"])
      const rows = yield* sql`select n from broken`
      yield* sql`drop table broken`
      assert.deepStrictEqual(rows, [])
    }))
})
