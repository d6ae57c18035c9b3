/** What checking costs (rule 19.3): pages by an index, within a time, beside the pool, with a role that may only select. */
import { PgClient } from "@effect/sql-pg"
import { assert, it } from "@effect/vitest"
import { Effect, Layer, Schema } from "effect"
import { Step, Stepped } from "stepped"
import { layerServer, layerUrl } from "../harness/Server.ts"
import { until } from "../harness/workers.ts"
import { run, withRole } from "../operations/fixtures/unsuitable.ts"
import { buffers } from "./fixtures/pauses.ts"

class Car extends Stepped.Actor<Car>()("Car", { id: Schema.Int }) {}
const go = Stepped.signal("go", { payload: Schema.String })
const drive = Stepped.action("drive", { arguments: [Schema.Int], signals: [go] })
  .step("ask", () => Effect.asVoid(Step.waitFor(go)))
const Cars = Stepped.actions(Car, [drive])

const served = Cars.layer.pipe(
  Layer.provideMerge(Stepped.layer({ notify: false })),
  Layer.provideMerge(layerServer({ template: { name: "migrated", migrate: Stepped.migrate() }, maxConnections: 2 }))
)

/** So many that wait in a step, so many that are queued, and a long history. */
const crowd = (count: number) => `
  with k as (select n, ('00000000-0000-7000-8000-' || to_char(n, 'FM000000000000'))::uuid as id from generate_series(1, ${count}) n),
  l as (
    insert into stepped.live_actions (id, definition, actor_id, queue, arguments, lane, seat, status, depth, rooted, flags, phase, step, step_kind,
      step_name, enqueued_at, started_at)
    select id, 'Car/drive', n::text, 'default', '[7]', 'Car/' || n || '/drive', 0, 1, 0, true, 512, 1, 0, 0, 'ask', now(), now() from k),
  s as (
    insert into stepped.steps (action, idx, kind, name, status, started_at) select id, 0, 0, 'ask', 1, now() from k),
  o as (
    insert into stepped.slots (action, step, slot, signal) select id, 0, 0, 'go' from k),
  e as (
    insert into stepped.ended_actions (id, definition, actor_id, arguments, status, depth, attempts, enqueued_at, ended_at)
    select gen_random_uuid(), 'Car/drive', '1', '[]', 2, 0, 0, now(), now() from generate_series(1, 10) x, k)
  insert into stepped.jobs (queue, priority, kind, action, definition, actor_id, arguments, lane, enqueued_at)
  select 'default', 0, 0, ('10000000-0000-7000-8000-' || to_char(n, 'FM000000000000'))::uuid, 'Car/drive', n::text, '[7]', 'Car/' || n || '/drive',
    now() from k`

const first = "00000000-0000-7000-8000-000000000001"
const last = "20000000-0000-7000-8000-000000000000"

it.live("19.3: thousands are looked at, once each, page by page, and a page reads no more than its actions", () =>
  Effect.gen(function*() {
    const sql = yield* PgClient.PgClient
    yield* sql.unsafe(crowd(3000))
    const page = (limit: number) => `select * from stepped.live_page('${first}', '${last}', ${limit})`
    for (const analysed of [false, true]) {
      if (analysed) yield* sql`analyze`
      const ten = yield* buffers(page(10))
      assert.isBelow(yield* buffers(page(100)), 3500)
      assert.isBelow(ten, 600)
    }
    const check = yield* Stepped.check()
    assert.deepInclude(check, { fits: true, unfit: 0, misfits: [] })
    assert.deepStrictEqual(check.looked, { queued: 3000, pending: 0, performing: 3000, signals: 0, schedules: 0 })
  }).pipe(Effect.provide(served)))

it.live("19.3: signals are read in pieces, and an action counts once", () =>
  Effect.gen(function*() {
    const sql = yield* PgClient.PgClient
    yield* sql.unsafe(crowd(3))
    yield* sql`insert into stepped.signals (action, name, target, payload, sent_at)
      select ('00000000-0000-7000-8000-' || to_char(a, 'FM000000000000'))::uuid, 'go', gen_random_uuid(),
        case when n % 2 = 0 then to_jsonb(repeat('x', 300000)) else to_jsonb(n) end, now()
      from generate_series(1, 2) a, generate_series(1, 20) n`
    const check = yield* Stepped.check()
    assert.deepStrictEqual([check.looked.signals, check.unfit], [40, 2])
    assert.deepStrictEqual(check.misfits.map(({ count, kind, of }) => [kind, of, count]), [["signal", "go", 2]])
  }).pipe(Effect.provide(served)))

it.live("19.3: it answers while the pool is used up, and leaves no connection behind", () =>
  Effect.gen(function*() {
    const sql = yield* PgClient.PgClient
    yield* sql.unsafe(crowd(150))
    const check = yield* Effect.scoped(
      Effect.andThen(Effect.all([sql.reserve, sql.reserve]), Stepped.check())
    )
    assert.deepInclude(check.looked, { queued: 150, performing: 150 })
    // a session that is told to end does so a moment later
    yield* until(
      "no connection is left behind",
      Effect.map(
        sql`select from pg_stat_activity where datname = current_database() and backend_type = 'client backend' and pid <> pg_backend_pid()`,
        (rows) => rows.length < 2
      )
    )
  }).pipe(Effect.provide(served)))

/** As a server that is busy: what is read of each action takes so long. */
const slowly = (name: "detail_of" | "what_of", args: string, returns: string, seconds: number) => `
  do $$ begin
    alter function stepped.${name}(${args}) rename to ${name}_at_once;
    create function stepped.${name}(${args}) returns ${returns} language plpgsql stable as $f$
      begin
        perform pg_sleep(${seconds});
        ${
  name === "detail_of"
    ? "return stepped.detail_of_at_once(p_id)"
    : "return query select * from stepped.what_of_at_once(p_token, p_id)"
};
      end $f$;
  end $$`

it.live("19.3: a page that takes longer than a statement may is asked for again, and smaller", () =>
  Effect.gen(function*() {
    const sql = yield* PgClient.PgClient
    yield* sql.unsafe(crowd(120))
    yield* sql.unsafe(slowly("detail_of", "p_id uuid", "json", 0.03))
    const check = yield* Stepped.check()
    assert.deepInclude(check, { fits: true })
    assert.deepInclude(check.looked, { queued: 120, performing: 120 })
  }).pipe(Effect.provide(served)))

it.live("19.3: an action that cannot be read within a statement's time is named, and the others are looked at", () =>
  Effect.gen(function*() {
    const sql = yield* PgClient.PgClient
    yield* sql.unsafe(crowd(3))
    yield* sql`update stepped.live_actions set arguments = jsonb_build_array(7, repeat('x', 10), (
      select jsonb_agg(gen_random_uuid()) from generate_series(1, 5000))) where actor_id = '2'`
    yield* sql.unsafe(slowly("what_of", "p_token bigint, p_id uuid", "table (arguments jsonb, detail json)", 5))
    const check = yield* Stepped.check()
    assert.deepStrictEqual(
      check.misfits.map(({ count, kind, means, samples }) => [means, kind, count, samples[0]?.actorId]),
      [["unknown", "unread", 1, "2"]]
    )
    assert.deepInclude(check, { fits: false, unfit: 1 })
    assert.deepInclude(check.looked, { queued: 3, performing: 3 })
  }).pipe(Effect.provide(served)))

it.live("19.3: a role that may only select learns all of it", () =>
  Effect.scoped(Effect.gen(function*() {
    const { admin, role, url } = yield* withRole()
    yield* run(admin, [
      `grant usage on schema stepped to ${role}`,
      `grant select on all tables in schema stepped to ${role}`,
      crowd(3),
      "update stepped.live_actions set arguments = jsonb_build_array(repeat('x', 10)) where actor_id = '2'",
      `update stepped.live_actions set arguments = (select jsonb_agg(gen_random_uuid()) from generate_series(1, 5000))
        where actor_id = '3'`,
      `insert into stepped.signals (action, name, target, payload, sent_at) values ('${first}', 'go', gen_random_uuid(), '5', now())`
    ])
    const layer = Cars.layer.pipe(
      Layer.provideMerge(Stepped.layer({ notify: false })),
      Layer.provideMerge(layerUrl(url, { maxConnections: 1 }))
    )
    const check = yield* Effect.provide(Stepped.check(), layer, { local: true })
    assert.deepStrictEqual(check.misfits.map(({ count, kind }) => [kind, count]), [["arguments", 2], ["signal", 1]])
  })))
