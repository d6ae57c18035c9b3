/** What asking why costs (rule 19.1): a few look-ups, however much there is; on a connection beside the pool, within a time. */
import { PgClient } from "@effect/sql-pg"
import { assert, it } from "@effect/vitest"
import { Effect, Layer, Schema } from "effect"
import { Stepped, StorageError } from "stepped"
import { sqlState } from "../../src/sql/storageError.ts"
import { layerServer, layerUrl } from "../harness/Server.ts"
import { until } from "../harness/workers.ts"
import { run, withRole } from "../operations/fixtures/unsuitable.ts"
import { fill } from "./fixtures/explain.ts"
import { buffers, engine } from "./fixtures/pauses.ts"

class Car extends Stepped.Actor<Car>()("Car", { id: Schema.Int }) {}
const drive = Stepped.action("drive", { arguments: [Schema.String], concurrencyKey: (key) => key }).step(() =>
  Effect.void
)
const Cars = Stepped.actions(Car, [drive])

const why = (id: string, most = 200) => `select * from stepped.why(now(), '${id}', ${most})`
const usual =
  "select * from stepped.usual_time('Car/none', array['ffffffff-ffff-7000-8000-000000000000', '00000000-0000-0000-0000-000000000000']::uuid[], 5000)"

/** A hundred thousand invocations that wait in one queue, half of them in turns. */
const crowd = `
  insert into stepped.jobs (queue, priority, kind, action, definition, actor_id, arguments, lane, enqueued_at, own_priority, tenant, turn)
  select 'default', case when n % 2 = 0 then 0 else 999 end, 0, ('30000000-0000-7000-8000-' || to_char(n, 'FM000000000000'))::uuid,
    'Car/drive', '1', '[]', 'lane ' || n, now(), case when n % 2 = 1 then 0 end, case when n % 2 = 1 then 'one' end,
    case when n % 2 = 1 then n end
  from generate_series(1, 100000) n`

/** With one connection that others may have, which somebody has for good. */
const full = Cars.layer.pipe(
  Layer.provideMerge(Stepped.layer({ notify: false })),
  Layer.provideMerge(layerServer({ template: { name: "migrated", migrate: Stepped.migrate() }, maxConnections: 2 }))
)

/** Has all connections of the pool in hand. */
const exhausted = Effect.gen(function*() {
  const sql = yield* PgClient.PgClient
  yield* sql.reserve
  yield* sql.reserve
  assert.strictEqual(
    yield* Effect.timeoutOrElse(Effect.as(sql`select 1`, "free"), {
      duration: 200,
      orElse: () => Effect.succeed("full")
    }),
    "full"
  )
})

it.live("19.1: asking why looks at a few rows of many, whatever it answers, with and without statistics", () =>
  Effect.gen(function*() {
    const sql = yield* PgClient.PgClient
    yield* fill
    yield* sql.unsafe(crowd)
    const parent = "00000000-0000-7000-8000-000000000009"
    yield* sql`update stepped.live_actions set phase = 1 where id = ${parent}`
    yield* sql`insert into stepped.steps (action, idx, kind, name, status, started_at) values (${parent}, 0, 0, 'ask', 1, now())`
    const asked = {
      // behind whom, for whom thousands wait
      "10000000-0000-7000-8000-000000000007": ["Waits"],
      // far behind in a line
      "00000000-0000-7000-9000-000000019999": ["Waits"],
      // waits for two
      [parent]: ["Children"],
      // far behind in its queue, in its order and in turns
      "30000000-0000-7000-8000-000000099998": ["Unserved"],
      "30000000-0000-7000-8000-000000099999": ["Unserved"]
    }
    for (const analysed of [false, true]) {
      if (analysed) yield* sql`analyze`
      for (const [id, tags] of Object.entries(asked)) {
        const said = yield* Stepped.why(id)
        assert.deepStrictEqual(said.reasons.map(({ _tag }) => _tag), tags, id)
        assert.isBelow(yield* buffers(why(id)), 300, id)
      }
      // their ids are in no order here: each is on a page of its own
      assert.isBelow(yield* buffers(usual), 6000)
    }
    const [first] = (yield* Stepped.why("30000000-0000-7000-8000-000000000020")).reasons
    assert.include(first?.text, "is due in the queue default since")
    // of a chain it reads no more than it is told to
    const rows = yield* sql.unsafe(why(parent, 2))
    assert.strictEqual(rows.length, 2)
  }).pipe(Effect.provide(engine)))

it.live("19.1: it answers while the pool is used up, and a hundred thousand actions are queued", () =>
  Effect.gen(function*() {
    const sql = yield* PgClient.PgClient
    yield* sql.unsafe(crowd)
    const before = yield* Stepped.why("30000000-0000-7000-8000-000000050000")
    const said = yield* Effect.scoped(
      Effect.andThen(exhausted, Stepped.why("30000000-0000-7000-8000-000000050000"))
    )
    assert.deepStrictEqual({ ...said, at: before.at, reasons: [] }, { ...before, reasons: [] })
    assert.strictEqual(said.reasons[0]?._tag, "Unserved")
    // a session that is told to end does so a moment later
    yield* until(
      "no connection is left behind",
      Effect.map(
        sql`select from pg_stat_activity where datname = current_database() and backend_type = 'client backend' and pid <> pg_backend_pid()`,
        (rows) => rows.length < 2
      )
    )
  }).pipe(Effect.provide(full)))

it.live("19.1: it sees nothing of what a transaction has not committed, and changes nothing of that", () =>
  Effect.gen(function*() {
    const sql = yield* PgClient.PgClient
    const car = (yield* Cars.client)(1)
    const [error, timeout] = yield* sql.withTransaction(Effect.gen(function*() {
      const handle = yield* car.driveLater("a")
      const error = yield* Effect.flip(Stepped.why(handle.id))
      const [row] = yield* sql<{ statement_timeout: string }>`show statement_timeout`
      return [error, row!.statement_timeout] as const
    }))
    assert.strictEqual(error._tag, "UnknownAction")
    assert.strictEqual(timeout, "0")
  }).pipe(Effect.provide(full)))

it.live("19.1: what takes longer than two seconds is given up, and says so", () =>
  Effect.gen(function*() {
    const sql = yield* PgClient.PgClient
    const handle = yield* (yield* Cars.client)(1).driveLater("a")
    // a migration has the table
    yield* sql.withTransaction(Effect.gen(function*() {
      yield* sql`lock table stepped.live_actions in access exclusive mode`
      const error = yield* Effect.flip(Stepped.why(handle.id))
      assert.instanceOf(error, StorageError)
      assert.deepInclude(error, { operation: "why" })
      // by the server
      assert.strictEqual(sqlState(error.cause), "57014")
    }))
    assert.strictEqual((yield* Stepped.why(handle.id)).status, "queued")
  }).pipe(Effect.provide(full)))

it.live("19.1: where the server has no connection for anybody, the pool lends one", () =>
  Effect.scoped(Effect.gen(function*() {
    const { admin, role, url } = yield* withRole()
    yield* run(admin, [
      `grant usage on schema stepped to ${role}`,
      `grant select, insert, update, delete on all tables in schema stepped to ${role}`,
      `grant execute on all functions in schema stepped to ${role}`,
      `alter role ${role} connection limit 1`
    ])
    const layer = Cars.layer.pipe(
      Layer.provideMerge(Stepped.layer({ notify: false })),
      Layer.provideMerge(layerUrl(url, { maxConnections: 1 }))
    )
    yield* Effect.provide(
      Effect.gen(function*() {
        const handle = yield* (yield* Cars.client)(1).driveLater("a")
        assert.strictEqual((yield* Stepped.why(handle.id)).status, "queued")
        // it is given back as it was
        const sql = yield* PgClient.PgClient
        const [row] = yield* sql<{ statement_timeout: string }>`show statement_timeout`
        assert.strictEqual(row!.statement_timeout, "0")
      }),
      layer
    )
  })))
