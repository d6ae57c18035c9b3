/** Rules 24.1 to 24.6 with processes that are killed, on one Postgres. */
import { PgClient } from "@effect/sql-pg"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { ActionRepo } from "stepped"
import { healthy } from "../harness/databases.ts"
import { blocked, gated } from "../harness/racing.ts"
import { until } from "../harness/workers.ts"
import { caller, database, done, kill, program, worker } from "./crew.ts"
import { Gathering, Making, numbers, sendPart, Sleeping } from "./executions.ts"

const phase = Effect.map(
  Effect.flatMap(PgClient.PgClient, (sql) => sql<{ phase: number }>`select phase from stepped.live_actions`),
  ([row]) => row?.phase
)
const isSuspended = until("it is suspended", Effect.map(phase, (phase) => phase === 8))

const only = Effect.map(Effect.flatMap(ActionRepo, (repo) => repo.list()), ([action]) => action!)

/** Of a process that is to lose its lease by its death alone, and not because the machine is busy. */
const dies = { LEASE_MS: "4000" }

describe("executions whose workers are killed", () => {
  it.live("24.1: callers at the same time, one of which dies, have one execution for each id, and what it has come to", () =>
    Effect.gen(function*() {
      const url = yield* database
      const count = 20
      const callers = [yield* caller(url), yield* caller(url)]
      const dead = yield* program(url, { CALLS: `${count}` })
      const lives = yield* program(url, { CALLS: `${count}` })
      const one = yield* program(url, dies)
      yield* worker(url)
      yield* Effect.gen(function*() {
        const sql = yield* PgClient.PgClient
        yield* one.tell("begin")
        const asking = yield* Effect.forEach(callers, (layer) =>
          Effect.forkChild(Effect.provide(
            Effect.forEach(numbers(count), (n) => Making.execute({ n, last: "last" }), { concurrency: "unbounded" }),
            layer
          )))
        yield* Effect.forEach([dead, lives], ({ tell }) => tell("begin"))
        yield* dead.says("calls")
        yield* kill(dead)
        yield* until("it is in the middle of it", Effect.map(done, ({ size }) => size > count / 2))
        yield* kill(one)
        const expected = numbers(count).map((n) => 2 * n)
        for (const fiber of asking) assert.deepStrictEqual(yield* Fiber.join(fiber), expected)
        assert.deepStrictEqual((yield* lives.says("called")).what, expected)
        const actions = yield* Effect.flatMap(ActionRepo, (repo) => repo.list({ limit: 1000 }))
        assert.strictEqual(actions.length, count)
        assert.isTrue(actions.every(({ status }) => status === "succeeded"))
        // with what it has come to, or not at all
        const booked = yield* sql<{ n: number }>`select n from booked order by n`
        assert.deepStrictEqual(booked.map(({ n }) => n), numbers(count))
        yield* healthy
      }).pipe(Effect.provide(callers[0]!))
    }))

  it.live("24.4: who replays what a dead worker has begun does not do again what that has done", () =>
    Effect.gen(function*() {
      const url = yield* database
      yield* Effect.gen(function*() {
        const first = yield* worker(url, dies)
        yield* Making.execute({ n: 1, last: "gate" }, { discard: true })
        // what came before it is stored by then
        yield* first.says("started", 2)
        yield* kill(first)
        const second = yield* worker(url, dies)
        yield* second.tell("go on")
        assert.strictEqual(yield* Making.execute({ n: 1, last: "gate" }), 2)
        // what it does at its end it does where it ends
        assert.deepStrictEqual([...yield* done].sort(), [["ends 1", 1], ["first 1", 1], ["gate 1", 2]])
        assert.deepInclude({ ...yield* only }, { status: "succeeded", attempts: 2 })
        yield* healthy
      }).pipe(Effect.provide(yield* caller(url)))
    }))

  for (const isLost of [false, true]) {
    it.live(
      `24.2: what comes across the commit of a suspension, whose process dies, is awaited by nobody in vain (${
        isLost ? "and the commit is lost" : "which is stored all the same"
      })`,
      () =>
        Effect.gen(function*() {
          const url = yield* database
          yield* Effect.gen(function*() {
            const sql = yield* PgClient.PgClient
            const asked = { n: 1, parts: 1 }
            const first = yield* program(url, dies)
            yield* Gathering.execute(asked, { discard: true })
            // its row is there before it is suspended, and nobody writes it before that
            const { id } = yield* only
            const open = yield* gated(id)
            yield* first.tell("begin")
            yield* first.says("started")
            yield* blocked(1)
            yield* sendPart(1, 1, 0, "a part")
            yield* kill(first)
            yield* worker(url)
            // and leaves it for later, as often as its row is locked
            const job = Effect.map(
              sql<{ id: number }>`select coalesce(max(id), 0)::float8 as id from stepped.jobs where kind = 2`,
              ([row]) => row!.id
            )
            const before = yield* job
            yield* until("another one has looked at it in vain", Effect.map(job, (id) => id > before))
            if (isLost) {
              yield* sql`select pg_terminate_backend(pid, 5000) from pg_stat_activity
                where datname = current_database() and wait_event = 'advisory'`
            }
            yield* open
            assert.strictEqual(yield* Gathering.execute(asked), "a part".length)
            assert.deepStrictEqual([...yield* done].sort(), [["first 1", 1], ["last 1", 1]])
            yield* healthy
          }).pipe(Effect.provide(yield* caller(url)))
        })
    )
  }

  it.live("24.3: a clock rings at its time, or as soon as somebody is there after it", () =>
    Effect.gen(function*() {
      const url = yield* database
      yield* Effect.gen(function*() {
        const sql = yield* PgClient.PgClient
        const first = yield* worker(url, dies)
        const asked = { n: 1, millis: 3000 }
        yield* Sleeping.execute(asked, { discard: true })
        yield* isSuspended
        yield* kill(first)
        yield* until(
          "its time has come",
          Effect.map(
            sql<{ due: number }>`select count(*)::int as due from stepped.signals where sent_at < clock_timestamp()`,
            ([row]) => row!.due === 1
          )
        )
        assert.strictEqual(yield* phase, 8)
        const second = yield* worker(url, dies)
        assert.strictEqual(yield* Sleeping.execute(asked), 1)
        const later = { n: 2, millis: 3000 }
        yield* Sleeping.execute(later, { discard: true })
        yield* isSuspended
        yield* kill(second)
        // before its time, in most runs
        yield* worker(url)
        assert.strictEqual(yield* Sleeping.execute(later), 2)
        const [row] = yield* sql<{ early: number }>`select count(*)::int as early from stepped.ended_actions e
          join stepped.signals s on s.action = e.id where e.ended_at < s.sent_at`
        assert.strictEqual(row!.early, 0)
        assert.deepStrictEqual([...yield* done].sort(), [["after 1", 1], ["after 2", 1], ["before 1", 1], [
          "before 2",
          1
        ]])
        yield* healthy
      }).pipe(Effect.provide(yield* caller(url)))
    }))
})
