/** Sessions that the server ends under user code: whatever runs then is tried again, and ends well. */
import { assert, beforeEach, describe, it } from "@effect/vitest"
import { Effect, Layer, References, Schedule, Schema } from "effect"
import { SqlClient } from "effect/sql"
import { Stepped } from "stepped"
import { healthy } from "../harness/databases.ts"
import { recordOf } from "../harness/observing.ts"
import { layerWorkers } from "../harness/workers.ts"

const seen: Array<string> = []
beforeEach(() => {
  seen.length = 0
})

const endSession = Effect.flatMap(SqlClient.SqlClient, (sql) => sql`select pg_terminate_backend(pg_backend_pid())`)
const endAll = Effect.flatMap(
  SqlClient.SqlClient,
  (sql) =>
    sql`select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()`
)
/** The first time that this is tried, its session ends; afterwards it ends well. */
const once = <A, E, R>(text: string, ending: Effect.Effect<A, E, R>) =>
  Effect.suspend(() => {
    seen.push(text)
    return seen.filter((one) => one === text).length > 1 ? Effect.void : Effect.asVoid(ending)
  })

class Car extends Stepped.Actor<Car>()("Car", {
  id: Schema.Int,
  load: (id) => Effect.as(once("load", endSession), { id })
}) {}
const body = Stepped.action("body").step(() => once("body", endSession))
const inTransaction = Stepped.action("inTransaction").step(() =>
  once("inTransaction", Effect.flatMap(SqlClient.SqlClient, (sql) => sql.withTransaction(endSession)))
)
const orDie = Stepped.action("orDie").step(() =>
  once(
    "orDie",
    Effect.orDie(
      Effect.flatMap(SqlClient.SqlClient, (sql) =>
        sql.withTransaction(Effect.andThen(endSession, sql`select 'not reached'`)))
    )
  )
)
const transactional = Stepped.action("transactional").step(() => once("transactional", endSession), {
  transactional: true
})
const others = Stepped.action("others").step(() => once("others", Effect.andThen(endAll, endSession)))
const job = Stepped.action("job", { job: (job) => Effect.andThen(once("job", endSession), job.succeeded()) })
const callback = Stepped.action("callback").step(() => Effect.void).succeeded(() => once("callback", endSession))
const before = Stepped.action("before").before(() => Effect.as(once("before", endSession), undefined))
  .step(() => Effect.void)
const lane = Stepped.action("lane", { concurrencyKey: () => Effect.as(once("lane", endSession), "lane") })
  .step(() => Effect.void)
const load = Stepped.action("load").step(() => Effect.asVoid(Car.row))
class Horn extends Stepped.Actor<Horn>()("Horn", { id: Schema.Int }) {}
const Horns = Stepped.actions(Horn, [Stepped.action("honk").step(() => Effect.void)])
// in a transaction whose session has ended
const enqueue = Stepped.action("enqueue").step(() =>
  once(
    "enqueue",
    Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      const horn = (yield* Horns.client)(1)
      return yield* sql.withTransaction(Effect.andThen(Effect.ignore(endSession), horn.honkLater()))
    })
  )
)

const places = [body, inTransaction, orDie, transactional, others, job, callback, before, lane, load, enqueue] as const
const Cars = Stepped.actions(Car, places)
const layer = layerWorkers(Layer.mergeAll(Cars.layer, Horns.layer), {
  engines: 1,
  retry: Schedule.spaced("20 millis"),
  lease: "30 seconds"
})

describe("a session that the server ends", () => {
  for (const action of places) {
    it.live(`7.2+: under user code (${action.name}), which is tried again`, () =>
      Effect.gen(function*() {
        const car = (yield* Cars.client)(1)
        const handle = yield* car[`${action.name}Later`]()
        yield* Effect.retry(handle.await, { while: (error) => error._tag === "StorageError" })
        const { callbacksFailed, status } = yield* recordOf(handle.id)
        assert.deepStrictEqual([status, callbacksFailed], ["succeeded", 0])
        assert.deepStrictEqual(seen, [action.name, action.name])
        yield* healthy
      }).pipe(
        Effect.provide(layer),
        Effect.provideService(References.MinimumLogLevel, "None")
      ))
  }
})
