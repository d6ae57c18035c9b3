/** What a page of actions costs: as much as it has, however many are live, queued and in the history. */
import { PgClient } from "@effect/sql-pg"
import { assert, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { Stepped } from "stepped"
import type { ActionFilter } from "../../src/ActionRecord.ts"
import { phaseCodes } from "../../src/domain/Phase.ts"
import { type Listed, listed, lowestOf } from "../../src/sql/lists.ts"
import { changedStatement } from "../../src/sql/recent.ts"
import type { Within } from "../../src/store/Records.ts"
import { layerServer } from "../harness/Server.ts"
import { buffers } from "./fixtures/pauses.ts"

const each = 20_000
const idOf = (n: number) => `00000000-0000-7000-8000-${String(n).padStart(12, "0")}`
const idIn = (n: string) => `('00000000-0000-7000-8000-' || to_char(${n}, 'FM000000000000'))::uuid`

/** In turn one that is live and waits for a child, one that has ended, one that is queued; a few that have ended are unwound by their parent. */
const crowd = `
  with k as (select n, ${idIn("3 * n")} as live, ${idIn("3 * n + 1")} as ended, ${idIn("3 * n + 2")} as queued
      from generate_series(1, ${each}) n),
    e as (
      insert into stepped.ended_actions (id, definition, actor_id, arguments, status, depth, attempts, enqueued_at, ended_at)
      select ended, 'Car/drive', n::text, '[]', case when n % 100 = 0 then 4 else 2 end, 0, 0, now(), now() from k),
    j as (
      insert into stepped.jobs (queue, priority, kind, action, definition, actor_id, arguments, enqueued_at)
      select 'default', 0, 0, queued, 'Car/drive', n::text, '[]', now() from k),
    s as (
      insert into stepped.slots (action, step, slot, child) select live, 0, 0, gen_random_uuid() from k)
  insert into stepped.live_actions (id, definition, actor_id, queue, arguments, lane, seat, status, depth, rooted, flags, phase, step, step_kind,
    step_name, unwinds, enqueued_at, started_at)
  select live, 'Car/drive', n::text, 'default', '[7]'::jsonb, 'Car/' || n || '/drive', 0, 1, 0, true, 0, ${phaseCodes.waiting}, 0, 0, 'ask', null::uuid,
    now(), now() from k
  union all
  select ended, 'Car/drive', n::text, 'default', '[7]'::jsonb, 'unwound/' || n, 0, 1, 1, false, 0, ${phaseCodes.unwinding}, 0, 0, 'ask',
    gen_random_uuid(), now(), now() from k where n % 100 = 0`

const always: Within = { from: undefined, until: undefined }

/** As SQL without parameters. */
const plain = (columns: string, { params, rest }: Listed) => {
  const value = (n: string) => {
    const given = params[Number(n) - 1] as string | { readonly value: unknown }
    const value = typeof given === "string" ? given : given.value
    return Array.isArray(value) ? `'{${value}}'` : typeof value === "number" ? String(value) : `'${value}'`
  }
  return `select ${columns} ${rest.replace(/\$(\d+)/g, (_, n: string) => value(n))}`
}

/** A page of these. */
const page = (columns: string, filter: ActionFilter, size: number, within: Within = always) =>
  plain(columns, listed("stepped", "*", filter, size, within)!)

it.live("a page of actions is read as far as it goes, and no live row beyond it", () =>
  Effect.gen(function*() {
    const sql = yield* PgClient.PgClient
    yield* sql.unsafe(crowd)
    const rows = yield* sql.unsafe<{ id: string; status: string; unwinding: boolean }>(
      page("id, status, unwinding", {}, 6)
    )
    const last = 3 * each
    assert.deepStrictEqual(rows, [
      { id: idOf(last + 2), status: "queued", unwinding: false },
      { id: idOf(last + 1), status: "cancelled", unwinding: true },
      { id: idOf(last), status: "performing", unwinding: false },
      { id: idOf(last - 1), status: "queued", unwinding: false },
      { id: idOf(last - 2), status: "succeeded", unwinding: false },
      { id: idOf(last - 3), status: "performing", unwinding: false }
    ])
    const changed = `select * ${
      changedStatement("stepped").replaceAll("$1", "now() - interval '1 day'").replaceAll(/\$[23]/g, "50")
        .replaceAll("$4", "'{}'::uuid[]")
    }`
    for (const analysed of [false, true]) {
      if (analysed) yield* sql`analyze`
      // of each of the three kinds fifty, and what is looked up for each of those that are shown
      assert.isBelow(yield* buffers(page("*", {}, 50)), 2000)
      // all of it is on a thousand pages, which are read where nothing is known of how many there are
      if (analysed) assert.isBelow(yield* buffers(changed), 200)
    }
  }).pipe(Effect.provide(
    Layer.provideMerge(
      Stepped.layer({ notify: false }),
      layerServer({ template: { name: "migrated", migrate: Stepped.migrate() }, maxConnections: 2 })
    )
  )))

it.live("a page looks through so many of each kind: of those with a tag, an actor or a name, where an index leads to them", () =>
  Effect.gen(function*() {
    const sql = yield* PgClient.PgClient
    yield* sql.unsafe(crowd)
    yield* sql`update stepped.ended_actions set tags = array['even'] where actor_id::int % 2 = 0`
    yield* sql.unsafe("vacuum analyze")
    const lowest = (filter: ActionFilter, most: number) => {
      const found = lowestOf("stepped", filter, most, always)
      return found === undefined
        ? Effect.succeed("not asked")
        : Effect.map(sql.unsafe<{ id: string }>(plain("id", found)), ([row]) => row?.id)
    }
    // counted from the newest of the three kinds
    const queued = (n: number) => idOf(3 * (each - n + 1) + 2)
    const ended = (n: number) => idOf(3 * (each - n + 1) + 1)
    const live = (n: number) => idOf(3 * (each - n + 1))
    assert.strictEqual(yield* lowest({ roots: true }, 6), queued(6))
    assert.strictEqual(yield* lowest({ statuses: ["failed"] }, 6), ended(6))
    assert.strictEqual(yield* lowest({ statuses: ["performing"] }, 6), live(6))
    assert.strictEqual(yield* lowest({ statuses: ["failed"], after: ended(6) }, 6), ended(12))
    assert.isUndefined(yield* lowest({ statuses: ["failed"] }, each + 1))
    for (const filter of [{}, { startedBy: idOf(1), name: "drive" }, { callbacksFailed: true }, { statuses: [] }]) {
      assert.strictEqual(yield* lowest(filter, 6), "not asked", JSON.stringify(filter))
    }
    // each second one has the tag; those that are queued and live have no index of tags
    assert.strictEqual(yield* lowest({ statuses: ["failed"], tag: "even" }, 6), ended(11))
    assert.strictEqual(yield* lowest({ tag: "even" }, 6), queued(6))
    assert.isUndefined(yield* lowest({ statuses: ["failed"], tag: "odd" }, 6))
    const statuses = ["failed", "succeeded"] as const
    for (const filter of [{ statuses, actorId: "7" }, { statuses, name: "none" }]) {
      assert.strictEqual(yield* lowest(filter, 6), ended(6))
    }
    // a name that nobody has: without an index as much is read as it looks at, and not all
    const rare = page("*", { name: "none" }, 50, { ...always, lowest: queued(1000) })
    assert.isBelow(yield* buffers(rare), 1000)
    assert.isAbove(yield* buffers(page("*", { name: "none" }, 50)), 1000)
    yield* sql`create index ended_actions_search_actor on stepped.ended_actions (actor_id, id)`
    yield* sql`create index ended_actions_search_name on stepped.ended_actions (split_part(definition, '/', 2), id)`
    assert.isUndefined(yield* lowest({ statuses, actorId: "7" }, 6))
    assert.isUndefined(yield* lowest({ statuses, name: "none" }, 6))
    assert.strictEqual(yield* lowest({ statuses, name: "drive" }, 6), ended(6))
    // one that is being built, or was left by a build that was cut off, leads nowhere
    yield* sql`update pg_index set indisvalid = false where indexrelid = 'stepped.ended_actions_search_actor'::regclass`
    assert.strictEqual(yield* lowest({ statuses, actorId: "7" }, 6), ended(6))
  }).pipe(Effect.provide(
    Layer.provideMerge(
      Stepped.layer({ notify: false }),
      layerServer({ template: { name: "migrated", migrate: Stepped.migrate() }, maxConnections: 2 })
    )
  )))

it.effect("what has a status is looked for only where such actions are", () =>
  Effect.sync(() => {
    const viewsOf = (filter: ActionFilter) => {
      const list = listed("stepped", "*", filter, 50, always)
      return list && [...list.rest.matchAll(/stepped\.(\w+)_actions where true/g)].map(([, view]) => view)
    }
    assert.deepStrictEqual(viewsOf({}), ["active", "past", "queued"])
    assert.deepStrictEqual(viewsOf({ statuses: ["performing", "pending"] }), ["active"])
    assert.deepStrictEqual(viewsOf({ statuses: ["failed"] }), ["past"])
    assert.deepStrictEqual(viewsOf({ statuses: ["queued"] }), ["queued"])
    assert.deepStrictEqual(viewsOf({ statuses: ["queued", "succeeded"] }), ["past", "queued"])
    assert.deepStrictEqual(viewsOf({ callbacksFailed: true }), ["past"])
    assert.deepStrictEqual(viewsOf({ notUndone: true }), ["past"])
    assert.deepStrictEqual(viewsOf({ held: true }), ["active", "past"])
    assert.isUndefined(viewsOf({ statuses: [] }))
    assert.isUndefined(viewsOf({ callbacksFailed: true, statuses: ["performing"] }))
  }))
