/**
 * Nothing is left in nobody's hands: a transition that fails between two others, a hook's retry that cannot be stored, a body that ends
 * its own fiber.
 */
import type { PgClient } from "@effect/sql-pg"
import { assert, beforeEach, describe, it } from "@effect/vitest"
import { Deferred, Effect, Exit, Fiber, Layer, Schedule, Schema } from "effect"
import { SqlClient } from "effect/sql"
import { TestClock } from "effect/testing"
import { Step, Stepped } from "stepped"
import { performDue, performSteppedActions } from "stepped/testing"
import { healthy, server } from "../harness/databases.ts"
import { note, seen } from "../harness/notes.ts"
import { statusesOf } from "../harness/observing.ts"
import { performIdle } from "../harness/performing.ts"
import { blocked, gated } from "../harness/racing.ts"
import { until } from "../harness/workers.ts"

let body: Effect.Effect<void, never, never> = Effect.void
beforeEach(() => {
  body = Effect.void
})

class Car extends Stepped.Actor<Car>()("Car", { id: Schema.Int }) {}
const plain = Stepped.action("plain").step(() => note("plain"))
const hooked = Stepped.action("hooked").before(() => note("before")).step(() => note("hooked"))
const waits = Stepped.action("waits").step("wait", () => Step.wait("1 minute")).step("next", () => note("next"))
const fragile = Stepped.action("fragile").step("work", () => Effect.suspend(() => body)).failed(() => note("failed"))
const fragileHook = Stepped.action("fragileHook").before(() => Effect.suspend(() => body)).step(() => note("done"))
const parent = Stepped.action("parent").step("ask", () => Step.do(plain)).step("end", () => note("end"))
const long = Stepped.action("long", { outbound: true, checksum: () => 1 }).step(() => Effect.void)
const each = Stepped.action("each", { arguments: [Schema.Int], outbound: true, concurrencyKey: (n) => `each ${n}` })
  .step(() => Effect.void)
const asks = Stepped.action("asks").step(
  "ask",
  () => Effect.flatMap(Step, ({ attemptNumber }) => Effect.asVoid(Step.do(each, attemptNumber))),
  { timeout: "1 minute", retry: Schedule.recurs(1) }
)
const Cars = Stepped.actions(Car, [plain, hooked, waits, fragile, fragileHook, parent, long, each, asks])

const scenario = <A, E>(
  name: string,
  run: () => Effect.Effect<A, E, Stepped.Services | PgClient.PgClient | SqlClient.SqlClient>,
  options: Stepped.EngineOptions = {}
) =>
  it.effect(
    name,
    () => Effect.provide(Effect.andThen(run(), healthy), Layer.provideMerge(Cars.layer, server.layer(options)))
  )

describe("nothing is left in nobody's hands", () => {
  scenario(
    "7.3: what a process performs now may be of a queue that its worker does not take jobs from",
    () =>
      Effect.scoped(Effect.gen(function*() {
        const car = (yield* Cars.client)(1)
        yield* Layer.build(Stepped.worker({ queues: ["other"] }))
        yield* (yield* car.plainNow()).await
        yield* (yield* car.hookedNow()).await
        yield* (yield* car.parentNow()).status
        assert.deepStrictEqual(seen, ["plain", "before", "hooked"])
        assert.deepStrictEqual(yield* statusesOf("parent"), ["performing"])
      }))
  )

  scenario(
    "what a passing time has handed over is not forgotten when the statement after it fails",
    () =>
      Effect.gen(function*() {
        const sql = yield* SqlClient.SqlClient
        yield* (yield* Cars.client)(1).waitsNow()
        yield* TestClock.adjust("1 minute")
        const cancelling = "stepped.cancel_abandoned(bigint, timestamptz, text[], text[], smallint[], int)"
        yield* sql.unsafe(`alter function ${cancelling} rename to away`)
        assert.isTrue(Exit.isFailure(yield* Effect.exit(performDue)))
        yield* sql.unsafe(`alter function ${cancelling.replace("cancel_abandoned", "away")} rename to cancel_abandoned`)
        yield* performSteppedActions()
        assert.deepStrictEqual(seen, ["next"])
      })
  )

  scenario(
    "4.6, 9.4: what an attempt leaves is cancelled, also where what the one before it has left is looked at meanwhile",
    () =>
      Effect.scoped(Effect.gen(function*() {
        const sql = yield* SqlClient.SqlClient
        const { id } = yield* (yield* Cars.client)(1).asksLater()
        yield* performIdle
        yield* TestClock.adjust("1 minute")
        yield* performIdle
        // as long as somebody may still look at what the first attempt has left
        yield* sql`insert into stepped.abandoned_by values (${id})`
        const open = yield* gated(id)
        yield* TestClock.adjust("1 minute")
        const late = yield* Effect.forkChild(performDue)
        yield* blocked(1)
        const [worker] = yield* sql<{ token: string }>`select token::text from stepped.workers limit 1`
        yield* sql.unsafe(
          `select * from stepped.cancel_abandoned(${worker!.token}, now(), '{}', '{}', '{}'::smallint[], 100)`
        )
        yield* open
        yield* Fiber.join(late)
        yield* performIdle
        assert.deepStrictEqual(yield* statusesOf("each"), ["cancelled", "cancelled"])
        assert.deepStrictEqual(yield* statusesOf("asks"), ["failed"])
      }))
  )

  scenario("4.1: an action that has used up its attempts runs its callbacks", () =>
    Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      body = Effect.die(new Error("not yet"))
      const handle = yield* (yield* Cars.client)(1).fragileNow()
      // as of workers that died with it
      yield* sql`update stepped.live_actions set attempts = 5`
      yield* performSteppedActions()
      assert.match((yield* Effect.flip(handle.await)).message, /gave up after 5 attempts/)
      assert.deepStrictEqual(seen, ["failed"])
    }), { handledDefects: () => false })

  scenario("7.2+: a hook whose next try cannot be stored at first is tried again", () =>
    Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      yield* sql.unsafe("create sequence stepped.tries")
      yield* sql.unsafe(`create function stepped.refuse() returns trigger language plpgsql as $$
        begin if nextval('stepped.tries') = 1 then raise exception 'not now'; end if; return new; end $$`)
      yield* sql.unsafe(
        "create trigger refuse before update on stepped.jobs for each row when (new.priority = 1000) execute function stepped.refuse()"
      )
      body = Effect.die(new Error("not yet"))
      yield* (yield* Cars.client)(1).fragileHookLater()
      yield* performDue
      yield* sql.unsafe("drop function stepped.refuse cascade")
      body = Effect.void
      yield* performSteppedActions()
      assert.deepStrictEqual(seen, ["done"])
    }), { handledDefects: () => false })

  scenario("7.2: a body that ends its own fiber is tried again, and fails in the end", () =>
    Effect.gen(function*() {
      body = Effect.withFiber((fiber) => Fiber.interrupt(fiber))
      const handle = yield* (yield* Cars.client)(1).fragileLater()
      yield* performSteppedActions()
      assert.strictEqual((yield* handle.status).status, "failed")
    }), { attempts: 2 })

  scenario("what has died a second time while it was prepared is prepared alone", () =>
    Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      const car = (yield* Cars.client)(1).with({ priority: 7 })
      const handle = yield* car.fragileHookLater()
      const others = [yield* car.hookedLater(), yield* car.plainLater()]
      // as of a worker that died with it
      const dies = sql`
        with d as (update stepped.jobs set priority = 1001, token = -1 where action = ${handle.id})
        select 1`.pipe(Effect.andThen(sql`select taken from stepped.recover(now(), '{}', true, '{}', 5)`))
      const place = Effect.map(
        sql<
          { priority: number; attempts: number }
        >`select priority, attempts from stepped.jobs where action = ${handle.id}`,
        (rows) => rows.map(({ attempts, priority }) => [priority, attempts])
      )
      yield* dies
      assert.deepStrictEqual(yield* place, [[7, 1]])
      yield* dies
      assert.deepStrictEqual(yield* place, [[1005, 2]])
      yield* performSteppedActions()
      assert.sameMembers(seen.slice(0, 3), ["plain", "before", "hooked"])
      assert.deepStrictEqual(seen.slice(3), ["done"])
      for (const one of [handle, ...others]) yield* one.await
    }))

  scenario(
    "7.2: what has died is performed alone by the attempts of its own, where it says so, or else of the engine's",
    () =>
      Effect.gen(function*() {
        const sql = yield* SqlClient.SqlClient
        const car = (yield* Cars.client)(1)
        const live = yield* car.parentNow()
        const held = yield* car.fragileHookLater()
        /** Where both stand after so many deaths; nothing of it stays. */
        const after = (deaths: number, own: ReadonlyArray<readonly [definition: string, attempts: number]>) =>
          Effect.flip(sql.withTransaction(Effect.gen(function*() {
            const before = deaths - 1
            yield* sql`update stepped.live_actions set token = -1, attempts = ${before} where id = ${live.id}`
            yield* sql`update stepped.jobs set priority = 1001, token = -1, attempts = ${before} where action = ${held.id}`
            yield* sql`select taken from stepped.recover(now(), '{}', true, '{}', 5, ${own.map(([of]) => of)}::text[],
            ${own.map(([, attempts]) => attempts)}::int[])`
            const rows = yield* sql<{ priority: number }>`select priority from stepped.jobs
            where action in ${sql.in([live.id, held.id])} and (action = ${held.id} or kind = 1) order by kind`
            return yield* Effect.fail(rows.map(({ priority }) => priority === 1005))
          })))
        const both = (attempts: number) => [["Car/parent", attempts], ["Car/fragileHook", attempts]] as const
        const expected: ReadonlyArray<readonly [deaths: number, own: number | undefined, alone: boolean]> = [
          [1, undefined, false],
          [2, undefined, true],
          [4, undefined, true],
          [5, undefined, false],
          [1, 2, true],
          [2, 2, false],
          [5, 9, true],
          [8, 9, true],
          [9, 9, false],
          [1, 9, false],
          // more than a row can count: it goes on, and is as often as that
          [32_768, undefined, false]
        ]
        for (const [deaths, own, alone] of expected) {
          const found = yield* after(deaths, own === undefined ? [["Car/plain", 2]] : both(own))
          assert.deepStrictEqual(found, [alone, alone], `${deaths} deaths, attempts ${own}`)
        }
        yield* performSteppedActions()
      })
  )

  scenario(
    "an action that somebody has locked is not asked for without a pause",
    () =>
      Effect.scoped(Effect.gen(function*() {
        const sql = yield* SqlClient.SqlClient
        const car = (yield* Cars.client)(1)
        const handle = yield* car.parentNow()
        const locked = yield* Deferred.make<void>()
        const go = yield* Deferred.make<void>()
        const holder = yield* Effect.forkChild(sql.withTransaction(Effect.gen(function*() {
          yield* sql`select 1 from stepped.live_actions where id = ${handle.id} for update`
          yield* Deferred.succeed(locked, undefined)
          yield* Deferred.await(go)
        })))
        yield* Deferred.await(locked)
        yield* Layer.build(Stepped.worker())
        yield* until("the child ends", Effect.sync(() => seen.includes("plain")))
        const last = Effect.map(
          sql<{ n: number }>`select last_value::int as n from stepped.jobs_id_seq`,
          (rows) => rows[0]!.n
        )
        const first = yield* last
        const since = performance.now()
        for (let i = 0; i < 500; i++) yield* sql`select pg_sleep(0.001)`
        // each time that it is asked for is followed by 80 ms without: some twelve a second, and without a pause hundreds
        assert.isBelow((yield* last) - first, 20 + (performance.now() - since) / 25)
        yield* Deferred.succeed(go, undefined)
        yield* Fiber.join(holder)
        yield* handle.await
      }))
  )

  scenario(
    "what a worker was just storing when its layer closed is performed by others of the same engine",
    () =>
      Effect.gen(function*() {
        const sql = yield* SqlClient.SqlClient
        const car = (yield* Cars.client)(1)
        const started = yield* Deferred.make<void>()
        const locked = yield* Deferred.make<void>()
        const go = yield* Deferred.make<void>()
        body = Effect.andThen(Deferred.succeed(started, undefined), Deferred.await(locked))
        const handle = yield* car.fragileLater()
        const holder = yield* Effect.scoped(Effect.gen(function*() {
          yield* Layer.build(Stepped.worker({ gracePeriod: 0, connections: 1 }))
          yield* Deferred.await(started)
          const holder = yield* Effect.forkDetach(sql.withTransaction(Effect.gen(function*() {
            yield* sql`select 1 from stepped.live_actions where id = ${handle.id} for update`
            yield* Deferred.succeed(locked, undefined)
            yield* Deferred.await(go)
          })))
          yield* blocked(1)
          return holder
        }))
        yield* Deferred.succeed(go, undefined)
        yield* Fiber.join(holder)
        yield* until(
          "it is given back",
          Effect.map(sql`select 1 from stepped.live_actions where token is not null`, (rows) => rows.length === 0)
        )
        yield* performSteppedActions()
        assert.strictEqual((yield* handle.status).status, "succeeded")
      }),
    { lease: "1 second" }
  )

  scenario(
    "what a process has not begun when its lease is lost is not begun there any more",
    () =>
      Effect.gen(function*() {
        const sql = yield* SqlClient.SqlClient
        const client = yield* Cars.client
        body = Effect.andThen(
          Effect.orDie(
            sql`select taken from stepped.recover(${new Date(0)}, array(select token from stepped.workers), true)`
          ),
          Effect.never
        )
        yield* client(1).fragileLater()
        yield* client(1).plainLater()
        yield* performDue
        assert.deepStrictEqual(seen, [])
        yield* until(
          "it is given back",
          Effect.map(sql`select 1 from stepped.live_actions where token is not null`, (rows) => rows.length === 0)
        )
        body = Effect.void
        yield* performSteppedActions()
        assert.deepStrictEqual(seen, ["plain"])
      }),
    { lease: "1 second" }
  )

  scenario("2.6: who has joined an action is answered however long it takes", () =>
    Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      const car = (yield* Cars.client)(1)
      const first = yield* car.longNow()
      const joined = yield* car.longNow()
      const waiting = yield* Effect.forkChild(joined.await)
      assert.strictEqual((yield* joined.status).status, "joined")
      yield* TestClock.adjust("2 days")
      yield* Effect.scoped(Effect.gen(function*() {
        yield* Layer.build(Stepped.worker())
        // whatever it cleans up, and every look of a second
        for (let i = 0; i < 60; i++) yield* sql`select pg_sleep(0.02)`
      }))
      assert.strictEqual((yield* joined.status).status, "joined")
      yield* Stepped.complete(first.id, long, Stepped.Outcome.succeededVoid)
      yield* Fiber.join(waiting)
      yield* joined.await
    }), { pollInterval: "20 millis" })

  scenario("2.6: who was superseded is answered by the last of any number of newcomers", () =>
    Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      const car = (yield* Cars.client)(1)
      const first = yield* car.plainNow()
      const last = yield* car.plainNow()
      // as if 12,000 had come between the two
      yield* sql`insert into stepped.ended_actions (id, definition, actor_id, queue, arguments, lane, status, checksum_key, depth, attempts,
          superseded_by, enqueued_at, ended_at)
        select md5('n' || n)::uuid, definition, actor_id, queue, arguments, lane, 3, checksum_key, depth, attempts,
          case when n = 12000 then ${last.id}::uuid else md5('n' || n + 1)::uuid end, enqueued_at, ended_at
        from stepped.ended_actions, generate_series(1, 12000) n where id = ${first.id}`
      yield* sql`update stepped.ended_actions set status = 3, superseded_by = md5('n1')::uuid where id = ${first.id}`
      yield* first.await
    }))
})
