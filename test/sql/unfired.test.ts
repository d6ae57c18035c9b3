/** What looking for schedules that do not fire costs: no more than there are of them, and of definitions, however many are not due. */
import { PgClient } from "@effect/sql-pg"
import { assert, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { Stepped } from "stepped"
import { unfiredCounts, unfiredStatement } from "../../src/sql/unfired.ts"
import { mostMeasured } from "../../src/store/Records.ts"
import { layerServer } from "../harness/Server.ts"
import { buffers } from "./fixtures/pauses.ts"

const [parts, select] = unfiredCounts("stepped", "now()", mostMeasured)
const counts = `with recursive ${parts} ${select}`
const shown = unfiredStatement("stepped").replaceAll("$1", "now()").replaceAll("$2", "20")

/** So many that are not due, of five actions that a worker has, and some of one that nobody has. */
const many = `
  with w as (
    insert into stepped.workers (name, lease_until, started_at, definitions)
    select 'somebody', clock_timestamp() + interval '1 hour', now(), array_agg('Car/' || n) from generate_series(1, 5) n)
  insert into stepped.schedules (name, spec, definition, actor_id, queue, arguments, catch_up, slot, next_at, source, hash, changed_at)
  select 'schedule ' || n, '{"every": 3600000}', 'Car/' || case when n > 50000 then 9 else 1 + n % 5 end, n::text, 'default', '[]',
    '{"policy": "latest"}', now() + interval '1 hour', now() + interval '1 hour', 1, n::text, now()
  from generate_series(1, 50300) n`

it.live("schedules that do not fire are found by indexes, and those that are not due are not read", () =>
  Effect.gen(function*() {
    const sql = yield* PgClient.PgClient
    yield* sql.unsafe(many)
    yield* sql`update stepped.schedules set next_at = now() - interval '1 minute', slot = now() - interval '1 minute' where name in ('schedule 1', 'schedule 3')`
    yield* sql`update stepped.schedules set trouble = 'a test', slot = now() - interval '2 minutes' where name = 'schedule 5'`
    const [found] = yield* sql.unsafe<{ broken: number; orphaned: number }>(
      `with c as (${counts}) select broken, orphaned from c`
    )
    assert.deepStrictEqual(found, { broken: 1, orphaned: 300 })
    const rows = yield* sql.unsafe<{ name: string }>(`select name from (${shown}) x`)
    assert.includeMembers(rows.map(({ name }) => name), ["schedule 1", "schedule 3", "schedule 5"])
    assert.isAtMost(rows.length, 23)
    // somebody has begun who has them
    yield* sql`insert into stepped.workers (name, lease_until, started_at, definitions)
      values ('other', clock_timestamp() + interval '1 hour', now(), array['Car/9'])`
    for (const analysed of [false, true]) {
      if (analysed) yield* sql`analyze`
      assert.isBelow(yield* buffers(counts), 100)
      assert.isBelow(yield* buffers(shown), 120)
    }
  }).pipe(Effect.provide(
    Layer.provideMerge(
      Stepped.layer({ notify: false }),
      layerServer({ template: { name: "migrated", migrate: Stepped.migrate() }, maxConnections: 2 })
    )
  )))
