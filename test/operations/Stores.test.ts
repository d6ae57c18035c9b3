/** Rules 23.2 and 23.7 with processes that die. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Layer, Schema, type Scope } from "effect"
import { PersistedQueue } from "effect/persistence"
import { SqlClient } from "effect/sql"
import { resolve } from "node:path"
import { Stepped } from "stepped"
import { layerPersistedQueueStore } from "stepped/stores"
import { type Program, startProgram } from "../harness/Program.ts"
import { isPooled, layerServer, TestDatabase } from "../harness/Server.ts"
import { until } from "../harness/workers.ts"

const taking = resolve(import.meta.dirname, "taking.ts")

const here = PersistedQueue.layer.pipe(
  Layer.provide(layerPersistedQueueStore()),
  Layer.provide(Stepped.layer({ notify: !isPooled })),
  Layer.provideMerge(layerServer({ template: { name: "migrated", migrate: Stepped.migrate() } }))
)

describe("a process that takes and dies", () => {
  it.live("23.7: leaves what it has taken to another one, once its lease is over, with the next attempt", () =>
    Effect.scoped(Effect.gen(function*() {
      const { url } = yield* TestDatabase
      const sql = yield* SqlClient.SqlClient
      const queue = yield* PersistedQueue.make({ name: "mails", schema: Schema.String })
      const first = yield* startProgram(taking, { url, env: { HANGS: "yes" } })
      yield* first.says("ready")
      yield* queue.offer("Ada")
      assert.deepInclude(yield* first.says("took"), { mail: "Ada", attempts: 1 })
      yield* first.signal("SIGKILL")
      yield* first.ended
      const second = yield* startProgram(taking, { url })
      assert.deepInclude(yield* second.says("took"), { mail: "Ada", attempts: 2 })
      yield* second.says("done")
      yield* queue.offer("Bob")
      assert.deepInclude(yield* second.says("took", 2), { mail: "Bob", attempts: 1 })
      yield* second.says("done", 2)
      const rows = yield* sql<{ state: number }>`select state from stepped.queue_elements where state <> 2`
      assert.deepStrictEqual(rows, [])
    })).pipe(Effect.provide(here)))
})

/** How many rows there are. */
const count = (rows: string) =>
  Effect.flatMap(
    SqlClient.SqlClient,
    (sql) => Effect.map(sql.unsafe<{ n: number }>(`select count(*)::int as n from ${rows}`), ([row]) => row!.n)
  )

/** Two at a time, of which one is killed at each of these counts, and another one follows. */
const killing = (
  start: Effect.Effect<Program, never, Scope.Scope>,
  { at, of }: { readonly at: ReadonlyArray<number>; readonly of: string }
) =>
  Effect.gen(function*() {
    const programs = [yield* start, yield* start]
    for (const many of at) {
      yield* until(`there are ${many} of ${of}`, Effect.map(count(of), (n) => n >= many))
      const one = programs.shift()!
      yield* one.signal("SIGKILL")
      yield* one.ended
      programs.push(yield* start)
    }
    return programs
  })

describe("processes that are killed in the middle", () => {
  it.live("23.7: every element is processed, and none that was acknowledged is taken again", () =>
    Effect.scoped(Effect.gen(function*() {
      const { url } = yield* TestDatabase
      const sql = yield* SqlClient.SqlClient
      yield* sql`create table took (mail text not null)`
      yield* sql`create table again (element bigint not null)`
      yield* sql.unsafe(`create function noted() returns trigger language plpgsql as
        $$ begin insert into public.again values (old.number); return null; end $$`)
      yield* sql.unsafe(`create trigger noted after update on stepped.queue_elements for each row
        when (old.state = 2 and new.state <> 2) execute function public.noted()`)
      const queue = yield* PersistedQueue.make({ name: "mails", schema: Schema.String })
      const mails = Array.from({ length: 400 }, (_, n) => `mail ${n}`)
      const taker = startProgram(taking, { url, env: { WRITES: "yes", TAKERS: "8" } })
      const killed = yield* Effect.forkChild(killing(taker, { at: [50, 150, 250], of: "took" }))
      yield* Effect.forEach(mails, (mail) => queue.offer(mail), { concurrency: 20 })
      yield* Fiber.join(killed)
      yield* until("all are settled", Effect.map(count("stepped.queue_elements where state < 2"), (n) => n === 0))
      assert.strictEqual(yield* count("stepped.queue_elements where state = 2"), mails.length)
      assert.strictEqual(yield* count("(select distinct mail from took) t"), mails.length)
      assert.strictEqual(yield* count("again"), 0)
    })).pipe(Effect.provide(here)))

  it.live("23.2: no more is taken of a limit than it allows, by all of them together", () =>
    Effect.scoped(Effect.gen(function*() {
      const { url } = yield* TestDatabase
      const sql = yield* SqlClient.SqlClient
      const [keys, limit, takers] = [20, 50, 8]
      yield* sql`create table admitted (key int not null)`
      const limiting = startProgram(resolve(import.meta.dirname, "limiting.ts"), {
        url,
        env: { KEYS: `${keys}`, LIMIT: `${limit}` }
      })
      const at = [100, 400, 700]
      for (const { says } of yield* killing(limiting, { at, of: "admitted" })) yield* says("refused")
      const rows = yield* sql<{ n: number }>`select count(*)::int as n from admitted group by key`
      assert.isTrue(rows.every(({ n }) => n <= limit))
      // but for what the dead have taken and not written down
      const all = rows.reduce((sum, { n }) => sum + n, 0)
      assert.isAtLeast(all, keys * limit - at.length * takers)
    })).pipe(Effect.provide(here)))
})
