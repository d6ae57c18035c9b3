/** What transitions read in a session whose plans were made while the tables were empty, when these have grown since and nobody has analysed them. */
import { PgClient } from "@effect/sql-pg"
import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { buffers, engine } from "../fixtures/pauses.ts"

const many = 5000
const children = 300
const parent = "00000000-0000-7000-8000-000000000001"

/** Many who are queued, and a parent that has ended and has left some of them behind. */
const grow = Effect.gen(function*() {
  const sql = yield* PgClient.PgClient
  yield* sql.unsafe(`
    with j as (
      insert into stepped.jobs (queue, priority, kind, action, definition, actor_id, arguments, enqueued_at)
      select 'default', 0, 0, ('20000000-0000-7000-8000-' || to_char(n, 'FM000000000000'))::uuid, 'Car/drive', n::text, '[]', now()
      from generate_series(1, ${many}) n),
    o as (
      insert into stepped.slots (action, step, slot, child, definition, actor_id, status)
      select '${parent}', 0, n, ('20000000-0000-7000-8000-' || to_char(n, 'FM000000000000'))::uuid, 'Car/drive', n::text, 4
      from generate_series(1, ${children}) n
      union all
      -- what others wait for
      select gen_random_uuid(), 0, 0, gen_random_uuid(), 'Car/drive', n::text, null from generate_series(1, ${many}) n)
    insert into stepped.abandoned_by (action) values ('${parent}')`)
})

const cancel = "select * from stepped.cancel_abandoned(null, now(), '{}', '{}', '{}', 100)"
const tick = "select * from stepped.tick(null, now(), '{}', '{}', '{}', 100)"
const nextDue = "select * from stepped.next_due()"

it.live("4.6: children that were left behind are found one by one, however many others are queued and waited for", () =>
  Effect.gen(function*() {
    const sql = yield* PgClient.PgClient
    // all at one session, as its plans are its own
    yield* sql.withTransaction(Effect.gen(function*() {
      yield* sql.unsafe(`insert into stepped.abandoned_by (action) values ('${parent}')`)
      for (const statement of [cancel, tick, nextDue]) yield* sql.unsafe(statement)
      yield* grow
      // a child takes some twenty, among them what its own change writes
      assert.isBelow(yield* buffers(cancel), children * 40)
      assert.isBelow(yield* buffers(tick), 200)
      assert.isBelow(yield* buffers(nextDue), 100)
    }))
  }).pipe(Effect.provide(engine)))
