/** Making and updating the tables: once, whoever begins, in any schema. */
import { PgClient } from "@effect/sql-pg"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Schema } from "effect"
import { ActionRepo, Step, Stepped } from "stepped"
import { performSteppedActions } from "stepped/testing"
import { healthy } from "../harness/databases.ts"
import { freshDatabase, layerServer, layerUrl } from "../harness/Server.ts"

class Car extends Stepped.Actor<Car>()("Car", { id: Schema.Int }) {}
const drive = Stepped.action("drive", { arguments: [Schema.Int], success: Schema.Int })
const tour = Stepped.action("tour", { success: Schema.Array(Schema.Int) })
  .step(() => Effect.all([Step.do(drive, 1), Step.on(Car.ref(2), drive, 2)]).pipe(Effect.map(([a, [b]]) => [a, b!])))
const Cars = Stepped.actions(Car, [drive, tour])
const CarsLive = Cars.toLayer(Effect.succeed({ drive: (miles) => Effect.succeed(miles) }))

/** Tables, views, indexes, functions and types of a schema, with what defines them. */
const objects = (schema: string) =>
  Effect.flatMap(PgClient.PgClient, (sql) =>
    Effect.map(
      sql<{ name: string }>`
        select c.relkind::text || ' ' || c.relname || ' ' || coalesce(array_to_string(c.reloptions, ','), '') as name
        from pg_class c join pg_namespace n on n.oid = c.relnamespace where n.nspname = ${schema}
        union all
        select 'function ' || p.proname || ' ' || md5(replace(p.prosrc, ${`"${schema}"`}, '')) from pg_proc p
        join pg_namespace n on n.oid = p.pronamespace where n.nspname = ${schema}
        order by 1`,
      (rows) => rows.map(({ name }) => name)
    ))

const options: Stepped.LayerOptions = { notify: false, databaseClock: false }

/** A tree of actions runs on the schema. */
const works = (schema: string) =>
  Effect.gen(function*() {
    const handle = yield* (yield* Cars.client)(1).tourLater()
    yield* performSteppedActions()
    assert.deepStrictEqual(yield* handle.await, [1, 2])
    assert.strictEqual((yield* Effect.flatMap(ActionRepo, (repo) => repo.list())).length, 3)
    yield* healthy
  }).pipe(Effect.provide(CarsLive.pipe(Layer.provideMerge(Stepped.layer({ ...options, schema })))))

describe("migrating", () => {
  it.effect("says what it has run, and does nothing the second time", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* Stepped.migrate(), [[1, "initial"]])
      const made = yield* objects("stepped")
      assert.include(made.join("\n"), "r live_actions fillfactor=85")
      yield* works("stepped")
      assert.deepStrictEqual(yield* Stepped.migrate(), [])
      assert.deepStrictEqual(yield* objects("stepped"), made)
      const sql = yield* PgClient.PgClient
      assert.deepStrictEqual(
        (yield* sql<{ n: number }>`select count(*)::int as n from stepped.ended_actions`).map(({ n }) => n),
        [3]
      )
    }).pipe(Effect.provide(layerServer())))

  it.effect("by several processes at once runs once, and all of them go on", () =>
    Effect.gen(function*() {
      const { url } = yield* freshDatabase()
      const starters = Array.from({ length: 8 }, () =>
        Effect.provide(
          Effect.exit(Effect.scoped(Layer.build(Stepped.layer({ ...options, migrate: true })))),
          layerUrl(url, { maxConnections: 1 }),
          { local: true }
        ))
      const exits = yield* Effect.all(starters, { concurrency: "unbounded" })
      assert.deepStrictEqual(exits.filter(({ _tag }) => _tag === "Failure"), [])
      yield* Effect.gen(function*() {
        const sql = yield* PgClient.PgClient
        const rows = yield* sql<{ id: number }>`select migration_id as id from stepped.migrations`
        assert.deepStrictEqual(rows.map(({ id }) => id), [1])
        yield* works("stepped")
      }).pipe(Effect.provide(layerUrl(url)))
    }))

  it.effect("that fails leaves nothing behind, and can be repeated", () =>
    Effect.gen(function*() {
      const sql = yield* PgClient.PgClient
      yield* sql`create schema stepped`
      // in the way of the last tables
      yield* sql`create table stepped.abandoned_by (other text)`
      const error = yield* Effect.flip(Stepped.migrate())
      assert.deepInclude({ ...error }, { _tag: "StorageError", isRetryable: false })
      const left = yield* objects("stepped")
      assert.deepStrictEqual(left.filter((name) => name.includes("live_actions") || name.startsWith("function")), [])
      yield* sql`drop table stepped.abandoned_by`
      assert.deepStrictEqual(yield* Stepped.migrate(), [[1, "initial"]])
      yield* works("stepped")
    }).pipe(Effect.provide(layerServer())))

  it.effect("schemas of one database are each their own", () =>
    Effect.gen(function*() {
      for (const schema of ["stepped", "select", "_other_2"]) {
        assert.deepStrictEqual(yield* Stepped.migrate({ schema }), [[1, "initial"]])
      }
      for (const schema of ["stepped", "select", "_other_2"]) yield* works(schema)
      // nothing goes elsewhere by way of the search path
      assert.deepStrictEqual((yield* objects("public")).filter((name) => !name.includes("pg_stat_statements")), [])
      assert.deepStrictEqual(yield* objects("_other_2"), yield* objects("stepped"))
    }).pipe(Effect.provide(layerServer({ maxConnections: 5 }))))

  it.effect("with the longest name works", () =>
    Effect.gen(function*() {
      const schema = "s".repeat(51)
      yield* Stepped.migrate({ schema })
      yield* works(schema)
    }).pipe(Effect.provide(layerServer())))

  it.effect("what an unreleased version has made is told from what this one makes, and is to be deleted", () =>
    Effect.gen(function*() {
      const sql = yield* PgClient.PgClient
      yield* Stepped.migrate()
      const others = [
        "update stepped.migrations set fingerprint = 'other'",
        "alter table stepped.migrations drop fingerprint"
      ]
      for (const other of others) {
        yield* sql.unsafe(other)
        const starting = Effect.scoped(Layer.build(Stepped.layer(options)))
        for (const error of [yield* Effect.flip(Stepped.migrate()), yield* Effect.flip(starting)]) {
          assert.deepInclude({ ...error }, { _tag: "SchemaOutdated", schema: "stepped", unreleased: true })
          assert.include(error.message, "made by an unreleased version of stepped: delete it")
        }
      }
      yield* sql`drop schema stepped cascade`
      yield* Stepped.migrate()
      yield* works("stepped")
    }).pipe(Effect.provide(layerServer())))
})
