/**
 * Rules 24.3 and 24.5 where there is much of it, and workers are killed in the middle: nothing is lost. `EXECUTIONS_TIMES=10` for as many times
 * as much.
 */
import { PgClient } from "@effect/sql-pg"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { ActionRepo } from "stepped"
import { healthy } from "../harness/databases.ts"
import { allEnded } from "../harness/workers.ts"
import { patienceMs } from "../patience.ts"
import { caller, database, done, oneKilled, underKills } from "./crew.ts"
import { Book, Family, Gathering, numbers, sendPart } from "./executions.ts"

const times = Number(process.env.EXECUTIONS_TIMES ?? 1)
const timeout = patienceMs * times

/** How many actions there are, all of which have succeeded. */
const succeeded = Effect.map(
  Effect.flatMap(
    PgClient.PgClient,
    (sql) => sql<{ status: string; n: number }>`select status, count(*)::int as n from stepped.actions group by status`
  ),
  (rows) => rows.map(({ n, status }) => `${n} ${status}`)
)

describe("many executions whose workers are killed in the middle", () => {
  it.live(
    "24.3: each of four steps that are queued is done, and what was acknowledged is not taken again",
    () =>
      Effect.gen(function*() {
        const url = yield* database
        const [count, pages] = [300 * times, 4]
        yield* Effect.gen(function*() {
          const sql = yield* PgClient.PgClient
          yield* sql`create table again (element bigint not null)`
          yield* sql.unsafe(`create function noted() returns trigger language plpgsql as
          $$ begin insert into public.again values (old.number); return null; end $$`)
          yield* sql.unsafe(`create trigger noted after update on stepped.queue_elements for each row
          when (old.state = 2 and new.state <> 2) execute function public.noted()`)
          const dying = yield* Effect.forkChild(
            underKills(url, [0.1, 0.4, 0.7].map((share) => share * count * pages))
          )
          yield* Effect.forEach(numbers(count), (n) => Book.execute({ n, pages }, { discard: true }), {
            concurrency: 20
          })
          assert.strictEqual(yield* Fiber.join(dying), 3)
          yield* allEnded
          assert.deepStrictEqual(yield* succeeded, [`${count} succeeded`])
          const all = yield* Effect.forEach(numbers(count), (n) => Book.execute({ n, pages }), { concurrency: 20 })
          assert.deepStrictEqual(all, numbers(count).map((n) => numbers(pages).map((page) => 1000 * n + page)))
          assert.strictEqual((yield* done).size, count * pages)
          const states = yield* sql`select state, count(*)::int as n from stepped.queue_elements group by state`
          assert.deepStrictEqual(states, [{ state: 2, n: count * pages }])
          assert.deepStrictEqual(yield* sql`select element from again`, [])
          yield* healthy
        }).pipe(Effect.provide(yield* caller(url)))
      }),
    timeout
  )

  it.live("24.3: forty values of a megabyte are all there", () =>
    Effect.gen(function*() {
      const url = yield* database
      const asked = { n: 1, parts: 40 }
      const megabyte = "x".repeat(1_000_000)
      yield* Effect.gen(function*() {
        const killed = yield* oneKilled(url, 2)
        yield* Gathering.execute(asked, { discard: true })
        yield* Effect.forEach(
          numbers(asked.parts),
          (part) =>
            Effect.andThen(
              sendPart(1, asked.parts, part, megabyte),
              part === 10 || part === 30 ? killed : Effect.void
            ),
          { concurrency: 2 }
        )
        assert.strictEqual(yield* Gathering.execute(asked), asked.parts * megabyte.length)
        assert.deepStrictEqual([...(yield* done).keys()].sort(), ["first 1", "last 1"])
        yield* healthy
      }).pipe(Effect.provide(yield* caller(url)))
    }), timeout)

  it.live("24.5: fifty children wake the one that waits for all of them", () =>
    Effect.gen(function*() {
      const url = yield* database
      const asked = { n: 1, children: 50 * times }
      yield* Effect.gen(function*() {
        const dying = yield* Effect.forkChild(underKills(url, [10, 40, 80].map((most) => most * times)))
        assert.strictEqual(yield* Family.execute(asked), asked.children * (asked.children - 1) / 2)
        yield* allEnded
        assert.strictEqual(yield* Fiber.join(dying), 3)
        assert.deepStrictEqual(yield* succeeded, [`${asked.children + 1} succeeded`])
        assert.strictEqual((yield* done).size, 2 * asked.children)
        const actions = yield* Effect.flatMap(ActionRepo, (repo) => repo.list({ actorType: "Workflow.Family" }))
        assert.strictEqual(actions.length, 1)
        yield* healthy
      }).pipe(Effect.provide(yield* caller(url)))
    }), timeout)
})
