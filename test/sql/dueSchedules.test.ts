/** Rule 20.5: what looking for what is due costs, and for when the next one fires: no more than there is of it, however many are not due. */
import { PgClient } from "@effect/sql-pg"
import { assert, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { Stepped } from "stepped"
import { dueStatement, nextScheduleOf } from "../../src/sql/schedules.ts"
import { layerServer } from "../harness/Server.ts"
import { buffers } from "./fixtures/pauses.ts"

const parameters = ["array['Car/1', 'Car/2', 'Car/3', 'Car/4', 'Car/5']", "array['declared']", "now()", "200", "0"]
const of = (statement: string) =>
  parameters.reduce((text, parameter, n) => text.replaceAll(`$${n + 1}`, parameter), statement)
const due = of(dueStatement("stepped"))
const next = of(`select ${nextScheduleOf("stepped")}`)
const later = of(`select ${nextScheduleOf("stepped", "and s.next_at > $3")}`)

/** So many that are not due, of five actions that a worker has, and some of what nobody has, which are. */
const many = `
  insert into stepped.schedules (name, spec, definition, actor_id, queue, arguments, catch_up, slot, next_at, source, hash, changed_at)
  select 'schedule ' || n, '{"every": 3600000}', 'Car/' || case when n > 50000 then 9 else 1 + n % 5 end, n::text, 'default', '[]',
    '{"policy": "latest"}', t.slot, t.slot, 1, n::text, now()
  from generate_series(1, 50300) n
    cross join lateral (select now() + case when n > 50000 then -1 else 1 end * interval '1 hour' as slot) t`

it.live("20.5: schedules that are due, and when the next one fires, are found by an index, and the others are not read", () =>
  Effect.gen(function*() {
    const sql = yield* PgClient.PgClient
    yield* sql.unsafe(many)
    yield* sql`update stepped.schedules set next_at = now() - interval '1 minute', slot = now() - interval '1 minute' where name in ('schedule 1', 'schedule 3')`
    const rows = yield* sql.unsafe<{ name: string }>(due)
    assert.deepStrictEqual(rows.map(({ name }) => name), ["schedule 1", "schedule 3"])
    for (const analysed of [false, true]) {
      if (analysed) yield* sql`analyze`
      for (const statement of [due, next, later]) assert.isBelow(yield* buffers(statement), 100, statement)
    }
  }).pipe(Effect.provide(
    Layer.provideMerge(
      Stepped.layer({ notify: false }),
      layerServer({ template: { name: "migrated", migrate: Stepped.migrate() }, maxConnections: 2 })
    )
  )))
