/** How a server is (rule 19.2): with an old snapshot, a wait for a lock, dead rows, and for a role that may only read. */
import { PgClient } from "@effect/sql-pg"
import { assert, it } from "@effect/vitest"
import { Deferred, Effect, Fiber, Layer } from "effect"
import { type DatabaseHealth, type HealthNote, Stepped } from "stepped"
import { healthOf } from "../../src/engine/healthNotes.ts"
import { blocked, holding } from "../harness/racing.ts"
import { layerServer, layerUrl, TestDatabase } from "../harness/Server.ts"
import { until } from "../harness/workers.ts"
import { run, withRole } from "../operations/fixtures/unsuitable.ts"

const engine = Stepped.layer({ notify: false }).pipe(
  Layer.provideMerge(layerServer({ template: { name: "migrated", migrate: Stepped.migrate() }, maxConnections: 6 }))
)
const noteOf = ({ notes }: Pick<DatabaseHealth, "notes">, topic: HealthNote["topic"]) =>
  notes.find((note) => note.topic === topic)!

it.live("19.2: an old snapshot is found with whose it is, and what it does to throughput", () =>
  Effect.gen(function*() {
    const sql = yield* PgClient.PgClient
    const { url } = yield* TestDatabase
    const begun = yield* Deferred.make<void>()
    const go = yield* Deferred.make<void>()
    const reporting = yield* Effect.forkChild(
      Effect.scoped(Effect.provide(
        Effect.flatMap(PgClient.PgClient, (reports) =>
          reports.withTransaction(Effect.gen(function*() {
            yield* reports`set transaction isolation level repeatable read`
            yield* reports`select 1`
            yield* Deferred.succeed(begun, undefined)
            yield* Deferred.await(go)
          }))),
        layerUrl(url, { applicationName: "reports", maxConnections: 1 }),
        { local: true }
      ))
    )
    yield* Deferred.await(begun)
    for (let n = 0; n < 3; n++) yield* sql`insert into stepped.abandoned_by (action) values (gen_random_uuid())`
    const health = yield* Stepped.databaseHealth
    const snapshot = health.snapshots.find(({ name }) => name === "reports")
    assert.deepInclude(snapshot, { kind: "session", state: "idle in transaction" })
    assert.isAtLeast(snapshot!.transactions, 3)
    assert.isAtMost(snapshot!.since!.getTime(), health.at.getTime())
    assert.match(Stepped.renderDatabaseHealth(health), /session reports \(\d+\) .* idle in transaction {2}since /)
    // an hour later
    const late = healthOf({
      ...health,
      at: new Date(health.at.getTime() + 3_600_000),
      isEmbedded: false,
      seesAll: true
    })
    assert.strictEqual(noteOf(late, "snapshots").level, "bad")
    assert.match(
      noteOf(late, "snapshots").text,
      /^the session reports \(\d+\) has a snapshot for 1h\b.*: .* \(pg_terminate_backend\)/
    )
    yield* Deferred.succeed(go, undefined)
    yield* Fiber.join(reporting)
    assert.isUndefined((yield* Stepped.databaseHealth).snapshots.find(({ name }) => name === "reports"))
  }).pipe(Effect.provide(engine)))

it.live("19.2: who waits for a row and for a table is found, with whom for", () =>
  Effect.gen(function*() {
    const sql = yield* PgClient.PgClient
    yield* sql`insert into stepped.pauses values ('queue', 'a', 'closed', 'ada', now())`
    for (
      const [holds, waits, mode] of [
        [sql`update stepped.pauses set reason = 'open'`, sql`update stepped.pauses set by = 'eve'`, "ShareLock"],
        [
          sql`lock table stepped.pauses in access exclusive mode`,
          sql`select count(*) from stepped.pauses`,
          "AccessShareLock"
        ]
      ] as const
    ) {
      const giveWay = yield* holding(holds)
      const waiting = yield* Effect.forkChild(waits)
      yield* until("somebody waits", Effect.map(Stepped.databaseHealth, ({ lockWaits }) => lockWaits.length > 0))
      const health = yield* Stepped.databaseHealth
      const [wait, ...none] = health.lockWaits
      assert.lengthOf(none, 0)
      assert.deepInclude(wait, { tables: ["pauses"], mode })
      assert.lengthOf(wait!.blockedBy, 1)
      assert.deepInclude(wait!.blockedBy[0], { state: "idle in transaction" })
      assert.notStrictEqual(wait!.blockedBy[0]!.pid, wait!.pid)
      assert.instanceOf(wait!.since, Date)
      assert.match(noteOf(health, "locks").text, /waits for pauses for .*, behind .* \(\d+\): /)
      assert.include(["watch", "bad"], noteOf(health, "locks").level)
      yield* giveWay
      yield* Fiber.join(waiting)
    }
    assert.deepStrictEqual(noteOf(yield* Stepped.databaseHealth, "locks").level, "fine")
    // what is none of the engine's
    yield* sql`create table public.own (id int)`
    const giveWay = yield* holding(sql`lock table public.own in access exclusive mode`)
    const waiting = yield* Effect.forkChild(sql`select count(*) from public.own`)
    yield* blocked(1)
    assert.deepStrictEqual((yield* Stepped.databaseHealth).lockWaits, [])
    yield* giveWay
    yield* Fiber.join(waiting)
  }).pipe(Effect.provide(engine)))

it.live("19.2: dead rows and the last vacuum of each table", () =>
  Effect.gen(function*() {
    const sql = yield* PgClient.PgClient
    yield* sql`alter table stepped.abandoned_by set (autovacuum_enabled = false)`
    yield* sql`insert into stepped.abandoned_by select gen_random_uuid() from generate_series(1, 20000)`
    yield* sql`delete from stepped.abandoned_by`
    const table = Effect.map(Stepped.databaseHealth, (health) => ({
      health,
      ...health.tables.find(({ name }) => name === "abandoned_by")!
    }))
    yield* until("it is counted", Effect.map(table, ({ deadRows }) => deadRows >= 20_000))
    const { health, lastVacuum } = yield* table
    assert.strictEqual(lastVacuum, undefined)
    assert.match(noteOf(health, "deadRows").text, /^abandoned_by has 20000 dead rows beside 0 living ones: /)
    assert.strictEqual(noteOf(health, "deadRows").level, "watch")
    yield* sql`vacuum stepped.abandoned_by`
    yield* until("it is vacuumed", Effect.map(table, (now) => now.lastVacuum !== undefined && now.deadRows === 0))
    assert.strictEqual(noteOf((yield* table).health, "deadRows").level, "fine")
  }).pipe(Effect.provide(engine)))

it.live("19.2: a role that may only read learns what it may not see, and what it may not do", () =>
  Effect.scoped(Effect.gen(function*() {
    const { admin, role, url } = yield* withRole()
    yield* run(admin, [
      `grant usage on schema stepped to ${role}`,
      `grant select on all tables in schema stepped to ${role}`,
      `grant execute on all functions in schema stepped to ${role}`
    ])
    const look = Effect.provide(
      Stepped.databaseHealth,
      Stepped.layer({ notify: false }).pipe(
        Layer.provideMerge(layerUrl(url, { maxConnections: 1 }))
      ),
      { local: true }
    )
    const seen = yield* Effect.scoped(look)
    // however long that takes here
    assert.isNumber(seen.commitMs)
    assert.notStrictEqual(noteOf(seen, "commitTime").level, "unseen")
    // where it may not write that much: the function's arguments are not the same in all versions
    yield* run(admin, [`do $$ declare f regprocedure; begin
      for f in select oid from pg_proc where proname = 'pg_logical_emit_message' loop
        execute format('revoke execute on function %s from public', f);
      end loop;
    end $$`])
    const refused = yield* Effect.scoped(look)
    assert.strictEqual(refused.commitMs, undefined)
    assert.strictEqual(noteOf(refused, "commitTime").level, "unseen")
    // somebody else's transaction
    yield* Effect.scoped(Effect.provide(
      Effect.gen(function*() {
        const giveWay = yield* holding(
          Effect.flatMap(PgClient.PgClient, (sql) => sql`select pg_current_xact_id()::text`)
        )
        const health = yield* look
        assert.deepInclude(health.snapshots[0], { kind: "session", state: undefined, since: undefined })
        assert.deepInclude(noteOf(health, "snapshots"), { level: "unseen" })
        assert.include(noteOf(health, "snapshots").text, "grant pg_monitor")
        yield* run(admin, [`grant pg_monitor to ${role}`])
        assert.strictEqual(noteOf(yield* look, "snapshots").level, "fine")
        yield* giveWay
      }),
      layerUrl(admin, { maxConnections: 2 }),
      { local: true }
    ))
  })))

const quiet = {
  at: new Date(0),
  isReplica: false,
  isEmbedded: false,
  seesAll: true,
  snapshots: [],
  lockWaits: [],
  tables: [{ name: "jobs", liveRows: 1, deadRows: 0, lastVacuum: undefined }],
  connections: { used: 5, most: 97 },
  replicas: [],
  clockOffsetMs: 3,
  roundTripMs: 0.2,
  commitMs: 1
} as const

it("19.2: each topic has its own limits", () => {
  const levels = (more: Partial<Parameters<typeof healthOf>[0]>) =>
    healthOf({ ...quiet, ...more }).notes.filter(({ level }) => level !== "fine").map((note) =>
      `${note.topic} ${note.level}`
    )
  const replica = { name: "far", state: "streaming", isSynchronous: true, lagMs: 61_000, lagBytes: 7 }
  const slot = {
    kind: "slot",
    pid: undefined,
    name: "old",
    user: undefined,
    state: "inactive",
    since: undefined
  } as const
  assert.deepStrictEqual(levels({}), [])
  assert.deepStrictEqual(levels({ connections: { used: 80, most: 100 } }), ["connections watch"])
  assert.deepStrictEqual(levels({ connections: { used: 90, most: 100 } }), ["connections bad"])
  assert.deepStrictEqual([1000, -1000, 60_000, 999].flatMap((clockOffsetMs) => levels({ clockOffsetMs })), [
    "clock watch",
    "clock watch",
    "clock bad"
  ])
  assert.deepStrictEqual(levels({ roundTripMs: 5, commitMs: 50 }), ["roundTrip watch", "commitTime bad"])
  assert.deepStrictEqual(levels({ replicas: [replica] }), ["replicas bad"])
  assert.deepStrictEqual(levels({ replicas: [{ ...replica, lagMs: 10_000 }] }), ["replicas watch"])
  assert.deepStrictEqual(levels({ seesAll: false, replicas: [replica] }), ["replicas unseen"])
  assert.deepStrictEqual(levels({ commitMs: undefined }), ["commitTime unseen"])
  assert.deepStrictEqual(levels({ snapshots: [{ ...slot, transactions: 99_999 }] }), [])
  assert.deepStrictEqual(levels({ snapshots: [{ ...slot, transactions: 100_000 }] }), ["snapshots watch"])
  assert.deepStrictEqual(levels({ snapshots: [{ ...slot, transactions: 1_000_000 }] }), ["snapshots bad"])
  assert.deepStrictEqual(levels({ tables: [{ ...quiet.tables[0], deadRows: 1_000_000 }] }), ["deadRows bad"])
  assert.deepStrictEqual(levels({ tables: [] }), ["deadRows unseen"])
})
