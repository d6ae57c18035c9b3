/** A worker that stops while the database is still busy with what it has asked for last: what that takes is for others at once. */
import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Exit, Fiber, Layer, Schema, Scope } from "effect"
import { SqlClient } from "effect/sql"
import { Stepped } from "stepped"
import { startBeside } from "../harness/beside.ts"
import { healthy, server } from "../harness/databases.ts"
import { blocked } from "../harness/racing.ts"
import { until } from "../harness/workers.ts"

class Car extends Stepped.Actor<Car>()("Car", { id: Schema.Int }) {}

const drive = Stepped.action("drive").step(() => Effect.void)
/** Its hook waits for the test. */
let prepared: Deferred.Deferred<void> | undefined
const careful = Stepped.action("careful").before(() => prepared === undefined ? Effect.void : Deferred.await(prepared))
  .step(() => Effect.void)
/** Its step waits for the test. */
let held: Deferred.Deferred<void> | undefined
const waits = Stepped.action("waits").step(() => held === undefined ? Effect.void : Deferred.await(held))
const Cars = Stepped.actions(Car, [drive, careful, waits])

/** Joining a lane takes half a second; a transition that has come that far has its lease locked. */
const slowly = Effect.flatMap(SqlClient.SqlClient, (sql) =>
  Effect.acquireRelease(
    Effect.andThen(
      sql`create function stepped.slow() returns trigger language plpgsql as 'begin perform pg_sleep(0.5); return null; end'`,
      sql`create trigger slow before insert on stepped.live_actions for each statement execute function stepped.slow()`
    ),
    () => Effect.orDie(sql`drop function stepped.slow() cascade`)
  ))

const joins = Effect.flatMap(SqlClient.SqlClient, (sql) =>
  until(
    "it is about to join its lane",
    Effect.map(
      sql`select 1 from pg_stat_activity where datname = current_database() and wait_event = 'PgSleep'`,
      (rows) => rows.length > 0
    )
  ))

describe("what a worker takes while it stops", () => {
  for (const from of ["its own process", "the queue"]) {
    it.live(`is for others at once, and has burnt no attempt: from ${from}`, () =>
      Effect.gen(function*() {
        const sql = yield* SqlClient.SqlClient
        yield* slowly
        const scope = yield* Scope.make()
        yield* Scope.provide(startBeside({ name: "goes" }), scope)
        const enqueued = (yield* Cars.client)(1).driveLater()
        const enqueueing = yield* Effect.forkChild(
          from === "the queue" ? sql.withTransaction(enqueued) : enqueued
        )
        yield* joins
        yield* Scope.close(scope, Exit.void)
        const handle = yield* Fiber.join(enqueueing)
        yield* startBeside({ name: "stays" })
        const ended = sql`select 1 from stepped.ended_actions where id = ${handle.id}`
        yield* until("another one performs it", Effect.map(ended, (rows) => rows.length === 1))
        const [row] = yield* sql<
          { attempts: number }
        >`select attempts from stepped.actions where id = ${handle.id}`
        // the one that has ended it
        assert.strictEqual(row?.attempts, 1)
        assert.deepStrictEqual(yield* sql`select name from stepped.workers`, [{ name: "stays" }])
        yield* healthy
      }).pipe(
        Effect.scoped,
        Effect.provide(Layer.provideMerge(
          Cars.layer,
          server.layer({ lease: "1 minute", pollInterval: "20 millis", statementTimeout: "5 seconds" })
        ))
      ))
  }

  it.live("is for others at once: prepared, and about to join when its worker gives itself up", () =>
    Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      const hook = prepared = yield* Deferred.make<void>()
      yield* startBeside({ name: "goes" })
      const { id } = yield* (yield* Cars.client)(1).carefulLater()
      const held = sql<{ token: string }>`
        select token::text as token from stepped.jobs where action = ${id} and token is not null`
      yield* until("it is prepared", Effect.map(held, (rows) => rows.length === 1))
      const token = (yield* held)[0]!.token
      const locked = yield* Deferred.make<void>()
      const go = yield* Deferred.make<void>()
      // what the end of a worker does, in two parts: the joining comes between them
      const giving = yield* Effect.forkChild(sql.withTransaction(Effect.gen(function*() {
        yield* sql`select 1 from stepped.workers where token = ${token}::bigint for update`
        yield* Deferred.succeed(locked, undefined)
        yield* Deferred.await(go)
        yield* sql`select * from stepped.recover(now(), array[${token}]::bigint[], false)`
      })))
      yield* Deferred.await(locked)
      yield* Deferred.succeed(hook, undefined)
      yield* blocked(1)
      yield* Deferred.succeed(go, undefined)
      yield* Fiber.join(giving)
      assert.deepStrictEqual(yield* sql`select 1 from stepped.jobs where token = ${token}::bigint`, [])
      const ended = sql`select 1 from stepped.ended_actions where id = ${id}`
      yield* until("it is performed", Effect.map(ended, (rows) => rows.length === 1))
      yield* healthy
    }).pipe(
      Effect.ensuring(Effect.sync(() => {
        prepared = undefined
      })),
      Effect.scoped,
      Effect.provide(Layer.provideMerge(
        Cars.layer,
        server.layer({ lease: "1 minute", pollInterval: "20 millis", statementTimeout: "5 seconds" })
      ))
    ))

  const lastWords: ReadonlyArray<readonly [string, (token: string, id: string, job: string) => string]> = [
    ["giving it back", (token, id) => `select stepped.give_back(${token}, array['${id}']::uuid[], now())`],
    [
      "putting it off",
      (token, _, job) => `select stepped.postpone(${token}, 'default', ${job}, now() + interval '1 hour', null)`
    ]
  ]
  for (const [what, statement] of lastWords) {
    it.live(`is for others at once: ${what} does not come to its end`, () =>
      Effect.gen(function*() {
        const sql = yield* SqlClient.SqlClient
        const { id } = yield* (yield* Cars.client)(1).carefulLater()
        const [held] = yield* sql<{ token: string; job: string }>`
          with w as (
            insert into stepped.workers (name, lease_until, started_at) values ('goes', now() + interval '1 hour', now()) returning token)
          update stepped.jobs j set priority = 1001, token = w.token from w where j.action = ${id}
          returning w.token::text, j.id::text as job`
        const begun = yield* Deferred.make<void>()
        const go = yield* Deferred.make<void>()
        const last = yield* Effect.forkChild(Effect.exit(sql.withTransaction(Effect.gen(function*() {
          yield* sql.unsafe(statement(held!.token, id, held!.job))
          yield* Deferred.succeed(begun, undefined)
          yield* Deferred.await(go)
          // its connection is gone
          return yield* Effect.fail("lost" as const)
        }))))
        yield* Deferred.await(begun)
        const giving = yield* Effect.forkChild(
          sql`select * from stepped.recover(now(), array[${held!.token}]::bigint[], false)`
        )
        yield* blocked(1)
        yield* Deferred.succeed(go, undefined)
        yield* Fiber.join(last)
        yield* Fiber.join(giving)
        yield* healthy
        assert.deepStrictEqual(yield* sql`select priority, token from stepped.jobs`, [{ priority: 0, token: null }])
      }).pipe(Effect.scoped, Effect.provide(Layer.provideMerge(Cars.layer, server.layer()))))
  }

  it.live("is for others at once: what it says last of a running step does not come to its end", () =>
    Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      yield* startBeside({ name: "goes" })
      const hook = held = yield* Deferred.make<void>()
      const { id } = yield* (yield* Cars.client)(1).waitsLater()
      const running = sql<{ token: string }>`
        select token::text as token from stepped.live_actions where id = ${id} and token is not null`
      yield* until("it runs", Effect.map(running, (rows) => rows.length === 1))
      const token = (yield* running)[0]!.token
      const begun = yield* Deferred.make<void>()
      const go = yield* Deferred.make<void>()
      const last = yield* Effect.forkChild(Effect.exit(sql.withTransaction(Effect.gen(function*() {
        yield* sql`select stepped.note_progress(${token}::bigint, array[${id}]::uuid[], array[0], array[null]::int[], array['1']::jsonb[])`
        yield* Deferred.succeed(begun, undefined)
        yield* Deferred.await(go)
        return yield* Effect.fail("lost" as const)
      }))))
      yield* Deferred.await(begun)
      const giving = yield* Effect.forkChild(
        sql`select * from stepped.recover(now(), array[${token}]::bigint[], false)`
      )
      yield* blocked(1)
      yield* Deferred.succeed(go, undefined)
      yield* Fiber.join(last)
      yield* Fiber.join(giving)
      assert.deepStrictEqual(yield* sql`select 1 from stepped.live_actions where token = ${token}::bigint`, [])
      yield* Deferred.succeed(hook, undefined)
      const ended = sql`select 1 from stepped.ended_actions where id = ${id}`
      yield* until("it is performed", Effect.map(ended, (rows) => rows.length === 1))
      yield* healthy
    }).pipe(
      Effect.ensuring(Effect.sync(() => {
        held = undefined
      })),
      Effect.scoped,
      Effect.provide(Layer.provideMerge(Cars.layer, server.layer({ lease: "1 minute", pollInterval: "20 millis" })))
    ))
})
