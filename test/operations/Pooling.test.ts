/**
 * A connection pooler in transaction mode gives every statement another session: nothing may be prepared, kept or listened
 * to in one. Here no session lives longer than what it was opened for.
 */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Schema } from "effect"
import { SqlClient } from "effect/sql"
import { Step, Stepped } from "stepped"
import { healthy } from "../harness/databases.ts"
import { layerServer } from "../harness/Server.ts"

class Car extends Stepped.Actor<Car>()("Car", { id: Schema.Int }) {}
const drive = Stepped.action("drive", { arguments: [Schema.Int], success: Schema.Int })
const tour = Stepped.action("tour", { success: Schema.Int })
  .step("legs", () => Effect.all([Step.do(drive, 1), Step.do(drive, 2)]))
  .step(
    ({ legs }) =>
      Effect.gen(function*() {
        const sql = yield* SqlClient.SqlClient
        yield* sql`insert into tours values (${legs.length})`
        return legs[0] + legs[1]
      }),
    { transactional: true }
  )
const Cars = Stepped.actions(Car, [drive, tour])

const backend = Effect.gen(function*() {
  const sql = yield* SqlClient.SqlClient
  const [row] = yield* sql<{ pid: number }>`select pg_backend_pid() as pid`
  return row?.pid
})

describe("behind a pooler in transaction mode", () => {
  const template = { name: "migrated", migrate: Stepped.migrate() }
  const Main = Stepped.worker().pipe(
    Layer.provide(Cars.toLayer(Effect.succeed({ drive: (miles) => Effect.succeed(miles) }))),
    Layer.provideMerge(Stepped.layer({ notify: false, pollInterval: "50 millis" })),
    Layer.provideMerge(layerServer({ template, prepare: false, connectionTTL: 0 }))
  )

  it.live("actions perform, with sessions that keep nothing", () =>
    Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      yield* sql`create table tours (legs int)`
      const car = yield* Cars.client
      assert.deepStrictEqual(
        yield* Effect.forEach([1, 2, 3], (id) => car(id).tour(), { concurrency: "unbounded" }),
        [3, 3, 3]
      )
      const handle = yield* sql.withTransaction(car(4).driveLater(5))
      assert.strictEqual(yield* handle.await, 5)
      assert.strictEqual((yield* sql`select * from tours`).length, 3)

      yield* healthy
      // the premise: a statement after another meets another session
      const first = yield* backend
      assert.notStrictEqual(yield* backend, first)
    }).pipe(Effect.provide(Main)))
})
