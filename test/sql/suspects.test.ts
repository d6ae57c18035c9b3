/** What looking for those that may need somebody costs: no more than the oldest and the newest that are live, however many there are. */
import { PgClient } from "@effect/sql-pg"
import { assert, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { Engine, Stepped } from "stepped"
import { phaseCodes } from "../../src/domain/Phase.ts"
import { suspectsStatement } from "../../src/sql/suspects.ts"
import { layerServer } from "../harness/Server.ts"
import { buffers } from "./fixtures/pauses.ts"

const idOf = (n: number) => `00000000-0000-7000-8000-${String(n).padStart(12, "0")}`

/** So many that wait in a step, the lower the older, and a long history. */
const crowd = (from: number, to: number) => `
  with k as (select n, ('00000000-0000-7000-8000-' || to_char(n, 'FM000000000000'))::uuid as id from generate_series(${from}, ${to}) n),
  e as (
    insert into stepped.ended_actions (id, definition, actor_id, arguments, status, depth, attempts, enqueued_at, ended_at)
    select gen_random_uuid(), 'Car/drive', '1', '[]', 2, 0, 0, now(), now() from k)
  insert into stepped.live_actions (id, definition, actor_id, queue, arguments, lane, seat, status, depth, rooted, flags, phase, step, step_kind,
    step_name, enqueued_at, started_at)
  select id, case when n % 10 = 0 then 'Car/park' else 'Car/drive' end, n::text, 'default', '[7]', 'Car/' || n || '/drive', 0, 1, 0, true, 0,
    ${phaseCodes.waiting}, 0, 0, 'ask', now() + n * interval '1 ms', now() + n * interval '1 ms' from k`

const asked = suspectsStatement("stepped").replaceAll("$1", "100").replaceAll("$2", "now() - interval '1 day'")

it.live("of those that are live the oldest and the newest are looked at, and no others", () =>
  Effect.gen(function*() {
    const sql = yield* PgClient.PgClient
    const { suspects } = yield* Engine
    yield* sql.unsafe(crowd(1, 12_000))
    const found = Effect.map(suspects, ({ performing }) => performing.map(({ id }) => id))
    // three of each definition, the longest first
    assert.deepStrictEqual(yield* found, [1, 2, 3, 10, 20, 30].map(idOf))
    yield* sql.unsafe(`update stepped.live_actions set phase = ${phaseCodes.held}
      where id in ('${idOf(11_999)}', '${idOf(6000)}', '${idOf(2)}')`)
    // what is held comes first; the one in the middle is neither among the oldest nor among the newest
    assert.deepStrictEqual(yield* found, [2, 11_999, 1, 3, 4, 10, 20, 30].map(idOf))
    for (const analysed of [false, true]) {
      if (analysed) yield* sql`analyze`
      assert.isBelow(yield* buffers(asked), 500)
    }
    yield* sql.unsafe(crowd(12_001, 50_000))
    yield* sql`analyze`
    assert.isBelow(yield* buffers(asked), 500)
  }).pipe(Effect.provide(
    Layer.provideMerge(
      Stepped.layer({ notify: false }),
      layerServer({ template: { name: "migrated", migrate: Stepped.migrate() }, maxConnections: 2 })
    )
  )))
