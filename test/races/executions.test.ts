/** What others do to an execution at the moment in which somebody begins to wait for it, or has just done the same (rules 24.4, 24.5). */
import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Fiber, Layer, Schema } from "effect"
import { ClusterSchema } from "effect/cluster"
import { SqlClient } from "effect/sql"
import { Activity, DurableDeferred } from "effect/workflow"
import { ActionRepo } from "stepped"
import { Gate, main, open, part, performedTo, ScriptedLive, suspended } from "../behaviour/fixtures/scripted.ts"
import { actionsOf } from "../behaviour/fixtures/workflows.ts"
import { healthy, server } from "../harness/databases.ts"
import { performIdle } from "../harness/performing.ts"
import { blocked, holding } from "../harness/racing.ts"

const live = ScriptedLive.pipe(Layer.provideMerge(server.layer()))

/** One that has ended, and one that is about to wait for it: `link` is what that does to do so. */
const ended = Effect.gen(function*() {
  const sql = yield* SqlClient.SqlClient
  main.script.body = () => DurableDeferred.await(Gate)
  yield* part.workflow.execute({ id: "1" }, { discard: true })
  yield* performIdle
  const id = yield* suspended(main.workflow, "1")
  const [[parent], [child]] = [yield* actionsOf("Main"), yield* actionsOf("Part")]
  const link = sql`select n from stepped.start_executions(
    p_now => now(), p_kept_ms => 1000, p_is_patient => true, new_definition => array['Workflow.Part/execute'],
    new_execution => array[${child!.actorId}], new_action => array[gen_random_uuid()], new_queue => array['default'],
    new_lane => array['lane'], new_arguments => array['[]']::jsonb[], new_trace => array[null]::text[],
    new_parent => array[${parent!.id}]::uuid[], new_waits => array[true])`
  /** Those that are deleted of those that were found to be in nobody's use. */
  const deleted = sql.withTransaction(Effect.andThen(
    sql`set local search_path to stepped`,
    sql<{ gone: ReadonlyArray<string> }>`select gone from delete_history(now(), array[${child!.id}]::uuid[], null)`
  ))
  const goneOn = Effect.gen(function*() {
    yield* open(main.workflow, id)
    yield* performedTo(main.workflow, id, `succeeded "open"`)
    assert.deepStrictEqual(yield* deleted, [{ gone: [child!.id] }])
    assert.deepStrictEqual(yield* sql`select child from stepped.execution_parents`, [])
    yield* healthy
  })
  return { child: child!, link, deleted, goneOn }
})

describe("executions at one moment", () => {
  it.effect("24.5: what somebody begins to wait for is not deleted, whoever comes first", () =>
    Effect.gen(function*() {
      const { deleted, goneOn, link } = yield* ended
      const commit = yield* holding(link)
      const deleting = yield* Effect.forkScoped(deleted)
      const meanwhile = yield* Effect.raceFirst(Fiber.join(deleting), Effect.as(blocked(1), "it waits"))
      yield* commit
      yield* Fiber.join(deleting)
      assert.deepStrictEqual(meanwhile, [{ gone: [] }])
      // it was looked at before that
      assert.deepStrictEqual(yield* deleted, [{ gone: [] }])
      yield* goneOn
    }).pipe(Effect.scoped, Effect.provide(live)))

  it.effect("24.5: who begins to wait for what is just being deleted starts it anew", () =>
    Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      const { child, deleted, link } = yield* ended
      const commit = yield* holding(deleted)
      const linking = yield* Effect.forkScoped(link)
      yield* blocked(1)
      yield* commit
      yield* Fiber.join(linking)
      const parents = yield* sql<{ child: string }>`select child from stepped.execution_parents`
      assert.isTrue(parents.length === 1 && parents[0]!.child !== child.id)
      yield* performIdle
      assert.deepStrictEqual((yield* actionsOf("Part")).map(({ id }) => id), [parents[0]!.child])
      yield* healthy
    }).pipe(Effect.scoped, Effect.provide(live)))

  it.effect("18.5, 24.5: what somebody begins to wait for is not forgotten meanwhile", () =>
    Effect.gen(function*() {
      const repo = yield* ActionRepo
      const { child, link } = yield* ended
      const forget = repo.forget({ actorType: "Workflow.Part", actorId: child.actorId })
      const commit = yield* holding(link)
      assert.deepInclude(yield* forget, {
        actions: 0,
        left: { count: 1, first: [{ id: child.id, because: "locked" }] }
      })
      yield* commit
      assert.deepInclude(yield* forget, {
        actions: 0,
        left: { count: 1, first: [{ id: child.id, because: "parent" }] }
      })
      yield* healthy
    }).pipe(Effect.scoped, Effect.provide(live)))

  it.effect("24.4: of two transactions that do the same activity one commits, and both have what that has come to", () =>
    Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      yield* sql`create table if not exists noted (amount int not null)`
      const both = yield* Deferred.make<void>()
      const amounts: Array<number> = []
      const activity = Activity.make({
        name: "note",
        success: Schema.Int,
        execute: Effect.gen(function*() {
          const amount = amounts.push(amounts.length)
          yield* Effect.orDie(sql`insert into noted (amount) values (${amount})`)
          // what the other one does is not committed yet
          if (amount === 2) yield* Deferred.succeed(both, undefined)
          yield* Deferred.await(both)
          return amount
        })
      }).annotate(ClusterSchema.WithTransaction, true)
      main.script.body = () =>
        Effect.map(Effect.all([activity, activity], { concurrency: "unbounded" }), (given) => given.join())
      const id = yield* main.workflow.execute({ id: "1" }, { discard: true })
      yield* performIdle
      const noted = yield* sql<{ amount: number }>`select amount from noted`
      yield* sql`drop table noted`
      assert.strictEqual(noted.length, 1)
      yield* performedTo(main.workflow, id, `succeeded "${noted[0]!.amount},${noted[0]!.amount}"`)
      yield* healthy
    }).pipe(Effect.provide(live)))
})
