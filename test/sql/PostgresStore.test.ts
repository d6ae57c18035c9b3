/** Calls of the storage that get no answer, and what is asked of one function. */
import { PgClient, PgTypes } from "@effect/sql-pg"
import { assert, it } from "@effect/vitest"
import { Duration, Effect, Layer, Schema } from "effect"
import { Stepped, StorageError } from "stepped"
import * as Calls from "../../src/sql/call.ts"
import * as PostgresStore from "../../src/sql/PostgresStore.ts"
import * as Meter from "../../src/store/Meter.ts"
import { Storage } from "../../src/store/Storage.ts"
import { emptyCatalog, Store } from "../../src/store/Store.ts"
import { server } from "../harness/databases.ts"
import { recordOf } from "../harness/observing.ts"
import { holdingLane } from "../harness/racing.ts"
import { freshDatabase, layerUrl } from "../harness/Server.ts"

class Car extends Stepped.Actor<Car>()("Car", { id: Schema.Int }) {}
const turn = Stepped.action("turn", { outbound: true }).step(() => Effect.void)
const Cars = Stepped.actions(Car, [turn])
const impatient = Layer.provide(
  PostgresStore.layer,
  Storage.layer({ schema: "stepped", deadline: Duration.millis(200), embedded: false })
)

it.effect("a call that is not answered in time fails, may be tried again, and has not happened", () =>
  Effect.scoped(Effect.gen(function*() {
    const { id } = yield* (yield* Cars.client)(1).turnNow()
    const { complete } = yield* Store
    const completed = complete({
      token: null,
      now: 0,
      catalog: emptyCatalog,
      id,
      definition: "Car/turn",
      actorId: "1",
      outcome: { status: "succeeded", result: null, cause: null },
      outbound: true
    })
    const release = yield* holdingLane(id)
    const error = yield* Effect.flip(completed)
    assert.instanceOf(error, StorageError)
    assert.isTrue(error.isRetryable)
    yield* release
    assert.strictEqual((yield* recordOf(id)).status, "performing")
    yield* completed
    assert.strictEqual((yield* recordOf(id)).status, "succeeded")
  })).pipe(Effect.provide(Layer.provideMerge(impatient, Layer.provideMerge(Cars.layer, server.layer())))))

it.effect("of one function each caller reads the columns that it asks for", () =>
  Effect.gen(function*() {
    const sql = yield* PgClient.PgClient
    yield* sql`create schema garage`
    yield* Effect.addFinalizer(() => Effect.orDie(sql`drop schema garage cascade`))
    yield* sql`create function garage.pair(n int, out one int, out two int) language sql as 'select n, 2 * n'`
    const { run } = Calls.make(sql, yield* Storage, Meter.make(yield* Effect.context<never>()))
    assert.deepStrictEqual(yield* run("probe", "pair", { n: PgTypes.int4(4) }, "one"), [[4]])
    assert.deepStrictEqual(yield* run("probe", "pair", { n: PgTypes.int4(4) }, "two, one"), [[8, 4]])
    assert.deepStrictEqual(yield* run("probe", "pair", { n: PgTypes.int4(5) }, "one"), [[5]])
  }).pipe(
    Effect.scoped,
    Effect.provide(Layer.merge(
      Storage.layer({ schema: "garage", deadline: Duration.seconds(20), embedded: false }),
      server.layer()
    ))
  ))

// a session would keep the plan that it has made while the tables were empty: minutes for what takes a second
it.effect("what reads whole tables is planned each time", () =>
  Effect.scoped(Effect.gen(function*() {
    const { url } = yield* freshDatabase({ template: { name: "migrated", migrate: Stepped.migrate() } })
    yield* Effect.gen(function*() {
      const sql = yield* PgClient.PgClient
      for (let i = 0; i < 3; i++) assert.deepStrictEqual(yield* Stepped.doctor, [])
      const kept = yield* sql<{ statement: string }>`select statement from pg_prepared_statements`
      assert.isAbove(kept.length, 0)
      assert.deepStrictEqual(kept.filter(({ statement }) => statement.includes("x.subject")), [])
    }).pipe(
      Effect.provide(
        Stepped.layer({ notify: false }).pipe(
          Layer.provideMerge(layerUrl(url, { maxConnections: 1, minConnections: 1 }))
        )
      )
    )
  })))
