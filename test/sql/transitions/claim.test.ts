/** What a claim costs: on tables that nobody has analysed, with a backlog, and with an old snapshot elsewhere. */
import { PgClient } from "@effect/sql-pg"
import { assert, it } from "@effect/vitest"
import { Context, Effect, Layer, Schema } from "effect"
import { Stepped } from "stepped"
import { layerServer, layerUrl, TestDatabase } from "../../harness/Server.ts"
import { allEnded, layerWorkers, until } from "../../harness/workers.ts"

class Car extends Stepped.Actor<Car>()("Car", { id: Schema.Int }) {}
const drive = Stepped.action("drive").step(() => Effect.void)
const tour = Stepped.action("tour").step("there", () => Effect.void).step("back", () => Effect.void)
const Cars = Stepped.actions(Car, [drive, tour])
const engine = Cars.layer.pipe(
  Layer.provideMerge(Stepped.layer({ notify: false })),
  Layer.provideMerge(layerServer({ template: { name: "migrated", migrate: Stepped.migrate() } }))
)
const numbers = (count: number) => Array.from({ length: count }, (_, id) => [id] as const)

/** Buffers that one claim of ten touches; what it did is rolled back. */
const buffers = (after: number | null) =>
  Effect.gen(function*() {
    const sql = yield* PgClient.PgClient
    const [worker] = yield* sql<{ token: number }>`
      insert into stepped.workers (name, lease_until, started_at) values ('claiming', 'infinity', now()) returning token::int`
    const claim = `select * from stepped.claim(${worker!.token}, now(), 10, '{default}', '{Car/drive}', '{drive}',
      '{0}', '{false}', null, null, ${after === null ? "null" : `'{"default": {"0": ${after}}}'`})`
    const rows = yield* Effect.flip(sql.withTransaction(Effect.gen(function*() {
      // the first one of a connection reads the catalogue
      yield* sql.unsafe(claim)
      const plan = yield* sql.unsafe(`explain (analyze, buffers, timing off, costs off) ${claim}`)
      return yield* Effect.fail(plan)
    })))
    assert.isTrue(Array.isArray(rows))
    const text = (rows as ReadonlyArray<{ "QUERY PLAN": string }>).map((row) => row["QUERY PLAN"]).join("\n")
    const [, hit, , read] = /Buffers: shared hit=(\d+)( read=(\d+))?/.exec(text)!
    return Number(hit) + Number(read ?? 0)
  })

it.live("a claim touches as little with a backlog of twenty thousand, on tables never analysed, as with none", () =>
  Effect.gen(function*() {
    const sql = yield* PgClient.PgClient
    const cars = yield* Cars.client
    yield* sql`alter table stepped.jobs set (autovacuum_enabled = off)`
    yield* cars.enqueueMany(drive, numbers(20))
    yield* buffers(null)
    const few = yield* buffers(null)
    yield* cars.enqueueMany(drive, numbers(20_000))
    const many = yield* buffers(null)
    assert.isAtMost(many, few * 2)
  }).pipe(Effect.provide(engine)))

it.live("a claim does not step over what has died since the last one, however old a snapshot is elsewhere", () =>
  Effect.gen(function*() {
    const sql = yield* PgClient.PgClient
    const { url } = yield* TestDatabase
    const cars = yield* Cars.client
    const elsewhere = yield* Layer.build(layerUrl(url))
    yield* Effect.gen(function*() {
      const other = yield* PgClient.PgClient
      yield* other.withTransaction(Effect.gen(function*() {
        yield* other`set transaction isolation level repeatable read`
        yield* other`select count(*) from stepped.jobs`
        yield* Effect.provide(
          Effect.gen(function*() {
            const jobs = yield* cars.enqueueMany(drive, numbers(20_000))
            assert.strictEqual(jobs.length, 20_000)
            yield* sql`delete from stepped.jobs where id <= (select min(id) + 19900 from stepped.jobs)`
            const [row] = yield* sql<{ first: number }>`select min(id)::int as first from stepped.jobs`
            const stepping = yield* buffers(null)
            const passing = yield* buffers(row!.first - 1)
            assert.isAtMost(passing * 3, stepping)
          }),
          Layer.succeed(PgClient.PgClient, sql)
        )
      }))
    }).pipe(Effect.provideContext(elsewhere))
  }).pipe(Effect.scoped, Effect.provide(engine)))

it.live("what is more urgent is claimed first, also behind the place to which the claims of a moment have come", () =>
  Effect.gen(function*() {
    const sql = yield* PgClient.PgClient
    const cars = yield* Cars.client
    yield* cars.enqueueMany(drive, numbers(4))
    yield* cars.with({ priority: 3 }).enqueueMany(drive, [[30], [31]])
    yield* cars.with({ priority: -3 }).enqueueMany(drive, [[-30]])
    const [worker] = yield* sql<{ token: number }>`
      insert into stepped.workers (name, lease_until, started_at) values ('claiming', 'infinity', now()) returning token::int`
    const claim = (room: number, after: string | null) =>
      Effect.map(
        sql<{ kind: number; actor_id: string | null; detail: unknown }>`
          select kind, actor_id, detail from stepped.claim(${
          worker!.token
        }, now(), ${room}, '{default}', '{Car/drive}', '{drive}',
            '{0}', '{false}', null, null, ${after})`,
        (rows) => ({
          started: rows.flatMap(({ actor_id, kind }) => kind === 0 ? [actor_id] : []),
          last: JSON.stringify(rows.find(({ kind }) => kind === -1)!.detail as { default?: unknown } | null)
        })
      )
    const first = yield* claim(2, null)
    assert.deepStrictEqual(first.started, ["-30", "0"])
    yield* cars.with({ priority: -4 }).enqueueMany(drive, [[-40]])
    const second = yield* claim(4, first.last)
    assert.deepStrictEqual(second.started, ["-40", "1", "2", "3"])
    // what has come back, and is passed by for a moment
    yield* sql`update stepped.jobs set id = default where actor_id = '30'`
    const third = yield* claim(2, second.last)
    assert.deepStrictEqual(third.started, ["31", "30"])
    assert.deepStrictEqual((yield* claim(2, third.last)).started, [])
  }).pipe(Effect.provide(engine)))

it.live("what comes back before the place where a worker's claims have come is claimed all the same", () =>
  Effect.gen(function*() {
    const sql = yield* PgClient.PgClient
    const cars = yield* Cars.client
    yield* cars.enqueueMany(drive, numbers(5000))
    const ended = Effect.map(
      sql<{ n: number }>`select count(*)::int as n from stepped.ended_actions`,
      (rows) => rows[0]!.n
    )
    yield* until("some have ended", Effect.map(ended, (n) => n > 0))
    // as of a transaction that took its id first and committed late
    yield* sql`insert into stepped.jobs (id, queue, priority, kind, action, definition, actor_id, arguments, lane, checksum_key, enqueued_at)
      overriding system value values (0, 'default', 0, 0, gen_random_uuid(), 'Car/drive', '-1', '[]', 'late', 'late', now())`
    yield* allEnded
    assert.strictEqual(yield* ended, 5001)
  }).pipe(Effect.provide(layerWorkers(Cars.layer, { engines: 1, concurrency: 8 }))))

it.live("actions end by looking up their own rows, whatever statistics say of a table that is full of dead ones", () =>
  Effect.gen(function*() {
    const { url } = yield* TestDatabase
    const sql = yield* PgClient.PgClient
    const cars = yield* Cars.client
    const elsewhere = Context.get(yield* Layer.build(layerUrl(url)), PgClient.PgClient)
    const read = Effect.map(
      sql<
        { n: number }
      >`select sum(idx_tup_read)::int as n from pg_stat_user_indexes where schemaname = 'stepped' and relname = 'live_actions'`,
      ([row]) => row!.n
    )
    // sessions of its own, whose plans are new, and which tell what they have read when they end
    const perform = Effect.scoped(Effect.gen(function*() {
      const worker = Stepped.worker().pipe(
        Layer.provide(Layer.fresh(Cars.layer)),
        Layer.provide(Stepped.layer({ notify: false })),
        Layer.provide(layerUrl(url))
      )
      yield* Layer.build(worker)
      // ends alone, and ends beside what goes on, take ways of their own
      const handles = [
        ...yield* cars.enqueueMany(drive, numbers(20)),
        ...yield* cars.enqueueMany(tour, numbers(20)),
        ...yield* cars.enqueueMany(drive, numbers(20))
      ]
      yield* Effect.forEach(handles, (handle) => handle.await)
    }))
    yield* sql`alter table stepped.live_actions set (autovacuum_enabled = off)`
    yield* elsewhere.withTransaction(Effect.gen(function*() {
      yield* elsewhere`set transaction isolation level repeatable read`
      yield* elsewhere`select count(*) from stepped.live_actions`
      yield* sql`insert into stepped.live_actions
        (id, definition, actor_id, queue, arguments, lane, checksum_key, seat, status, depth, rooted, flags, enqueued_at)
        select gen_random_uuid(), 'Car/drive', n, 'default', '[]', 'dead ' || n, '', 0, 1, 0, true, 0, now() from generate_series(1, 20000) n`
      yield* sql`delete from stepped.live_actions`
      yield* sql`update pg_class set reltuples = 2, relpages = pg_relation_size(oid) / 8192
        where relname = 'live_actions' and relnamespace = 'stepped'::regnamespace`
      const before = yield* read
      yield* perform
      yield* until("the statistics arrive", Effect.map(read, (n) => n > before))
      yield* Effect.sleep("100 millis")
      assert.isAtMost((yield* read) - before, 1000)
    }))
  }).pipe(Effect.scoped, Effect.provide(engine)))
