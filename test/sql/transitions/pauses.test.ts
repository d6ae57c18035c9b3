/** What pauses cost: a look with many lanes that are held, what is resumed among them, and that all of it goes on. */
import { PgClient } from "@effect/sql-pg"
import { assert, it } from "@effect/vitest"
import { Duration, Effect, Layer, Schema } from "effect"
import { JobQueue, PerformanceLane, Stepped } from "stepped"
import * as PostgresStore from "../../../src/sql/PostgresStore.ts"
import { Storage } from "../../../src/store/Storage.ts"
import { emptyCatalog, Store } from "../../../src/store/Store.ts"
import { holding } from "../../harness/racing.ts"
import { layerServer } from "../../harness/Server.ts"

class Car extends Stepped.Actor<Car>()("Car", { id: Schema.Int }) {}
const bays = Stepped.lane("bays")
const drive = Stepped.action("drive", { arguments: [Schema.String], concurrencyKey: (key) => key })
  .step(() => Effect.void)
const repair = Stepped.action("repair", { arguments: [Schema.String], concurrency: (key) => bays(key) })
  .step(() => Effect.void)
const Cars = Stepped.actions(Car, [drive, repair])
const layerStore = Layer.provide(
  PostgresStore.layer,
  Storage.layer({ schema: "stepped", deadline: Duration.seconds(60), embedded: false })
)
const engine = Layer.provideMerge(
  layerStore,
  Cars.layer.pipe(
    Layer.provideMerge(Stepped.layer({ notify: false })),
    Layer.provideMerge(layerServer({ template: { name: "migrated", migrate: Stepped.migrate() }, maxConnections: 4 }))
  )
)
const why = { reason: "the pump is broken" }

/** Holds the first ones of so many lanes of each kind, as claims in paused lanes do; each lane has a pause of its own. */
const holdLanes = (count: number) =>
  Effect.gen(function*() {
    const sql = yield* PgClient.PgClient
    yield* sql.unsafe(`
      with k as (select to_char(n, 'FM00000') as key from generate_series(1, ${count}) n),
      l as (
        insert into stepped.live_actions (id, definition, actor_id, queue, arguments, lane, lanes, checksum_key, seat, status, depth,
          rooted, flags, enqueued_at)
        select gen_random_uuid(), 'Car/drive', '1', 'default', '[]'::jsonb, key, null::text[], 'Car/drive', 0, 0, 0, true, 0, now() from k
        union all
        select gen_random_uuid(), 'Car/repair', '1', 'default', '[]'::jsonb, null, array['bays' || U&'\\0001' || key], 'Car/repair', null, 0, 0,
          true, 0, now() from k
        returning id, lane, lanes[1] as named),
      s as (
        insert into stepped.seats (action, lane, "limit", priority, place)
        select id, named, 1, 0, nextval('stepped.places') from l where named is not null),
      n as (
        insert into stepped.named_lanes (lane, settings, paused)
        select named, '{"limit": 1, "whenBusy": "supersede"}', true from l where named is not null)
      insert into stepped.pauses (kind, subject, reason, by, since) select 'lane', coalesce(lane, named), 'closed', 'ada', now() from l`)
    yield* sql`analyze stepped.live_actions, stepped.named_lanes, stepped.seats, stepped.pauses`
  })

const look = "select stepped.resumes()"
const tick = (limit: number) => `select * from stepped.tick(null, now(), '{}', '{}', '{}', ${limit})`

/** Buffers that a statement touches: the first one of a connection reads the catalogue. */
const buffers = (statement: string) =>
  Effect.gen(function*() {
    const sql = yield* PgClient.PgClient
    return yield* sql.withTransaction(Effect.gen(function*() {
      yield* sql.unsafe("savepoint before")
      yield* sql.unsafe(statement)
      yield* sql.unsafe("rollback to before")
      const plan = yield* sql.unsafe<{ "QUERY PLAN": string }>(
        `explain (analyze, buffers, timing off, costs off) ${statement}`
      )
      const text = plan.map((row) => row["QUERY PLAN"]).join("\n")
      const [, hit, , read] = /Buffers: shared hit=(\d+)( read=(\d+))?/.exec(text) ?? [undefined, "0", undefined, "0"]
      return Number(hit) + Number(read ?? 0)
    }))
  })

/** Ticks, each with so small a limit, until nothing is due; gives how many it took. */
const ticked = (limit: number) =>
  Effect.gen(function*() {
    const store = yield* Store
    for (let ticks = 1;; ticks++) {
      const { taken } = yield* store.tick(null, Date.now(), emptyCatalog, limit)
      if (taken.count === 0) return ticks
    }
  })

const begun = Effect.gen(function*() {
  const sql = yield* PgClient.PgClient
  const rows = yield* sql<
    { lane: string }
  >`select coalesce(lane, replace(lanes[1], chr(1), ':')) as lane from stepped.live_actions where status = 1 order by 1`
  return rows.map(({ lane }) => lane)
})

it.live("15.8: a look touches nothing of ten thousand lanes that are held, and what is resumed among them begins with the next tick", () =>
  Effect.gen(function*() {
    const lanes = yield* PerformanceLane
    yield* holdLanes(10_000)
    assert.isBelow(yield* buffers(look), 20)
    assert.isBelow(yield* buffers(tick(500)), 100)
    yield* lanes.resume("07000")
    yield* lanes.resume(bays("07000"))
    assert.isBelow(yield* buffers(look), 20)
    assert.isBelow(yield* buffers(tick(500)), 1500)
    yield* ticked(500)
    assert.deepStrictEqual(yield* begun, ["07000", "bays:07000"])
    // nobody is at work who has not heard of it
    yield* ticked(500)
    assert.strictEqual((yield* Effect.flatMap(JobQueue, (queue) => queue.nextDue)).resumes, false)
  }).pipe(Effect.provide(engine)))

it.live("15.8: of what is resumed nobody starves, however few a tick looks at and however many are held before them", () =>
  Effect.gen(function*() {
    const sql = yield* PgClient.PgClient
    const jobs = yield* JobQueue
    yield* holdLanes(60)
    yield* jobs.pause({ queue: "default" }, why)
    // in lanes behind and between those that are held
    yield* sql`delete from stepped.pauses where kind = 'lane' and (subject like '%7' or subject like '%60')`
    assert.isTrue(yield* jobs.resume({ queue: "default" }))
    yield* ticked(5)
    const all = ["00007", "00017", "00027", "00037", "00047", "00057", "00060"]
    assert.deepStrictEqual(yield* begun, [...all, ...all.map((lane) => `bays:${lane}`)])
    yield* ticked(5)
    assert.strictEqual((yield* jobs.nextDue).resumes, false)
  }).pipe(Effect.provide(engine)))

it.live("15.8: who is held by a transaction that has not heard of the resuming goes on when that has ended", () =>
  Effect.scoped(Effect.gen(function*() {
    const sql = yield* PgClient.PgClient
    const lanes = yield* PerformanceLane
    const jobs = yield* JobQueue
    const held = (lane: string) =>
      sql`insert into stepped.live_actions (id, definition, actor_id, queue, arguments, lane, checksum_key, seat, status, depth, rooted, flags,
          enqueued_at)
        values (gen_random_uuid(), 'Car/drive', '1', 'default', '[]', ${lane}, 'Car/drive', 0, 0, 0, true, 0, now())`
    for (
      const [lane, pause, resume] of [
        ["a", lanes.pause("a", why), lanes.resume("a")],
        ["b", jobs.pause("everything", why), jobs.resume("everything")]
      ] as const
    ) {
      yield* pause
      const commit = yield* holding(held(lane))
      assert.isTrue(yield* resume)
      yield* ticked(500)
      yield* ticked(500)
      assert.strictEqual((yield* jobs.nextDue).resumes, true)
      yield* commit
      yield* ticked(500)
      assert.include(yield* begun, lane)
    }
    yield* ticked(500)
    assert.strictEqual((yield* jobs.nextDue).resumes, false)
  })).pipe(Effect.provide(engine)))
