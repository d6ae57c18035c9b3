/** What the doctor says of schedules that do not fire, or fire for nobody. */
import { assert, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { SqlClient } from "effect/sql"
import { TestClock } from "effect/testing"
import { Schedules, Stepped } from "stepped"
import { goneBy, nobody, put, Shops, worker } from "../behaviour/fixtures/schedules.ts"
import { healthy, suite } from "../harness/databases.ts"

const unreadable = "is a schedule that cannot be read, and does not fire: its trouble says why"
const late = "is a schedule that is due for ten minutes, and no worker fires it, though some can"
const unknown = "is a schedule that is due for ten minutes, and no worker that lives has its action"
const unserved = "is a schedule that fires what no worker that lives performs"

const found = Effect.map(
  Stepped.doctor,
  (findings) => findings.map(({ invariant, problem, subject }) => `${invariant}: ${subject} ${problem}`)
)

suite("the doctor", (engine) => {
  const test = <A, E>(name: string, scenario: Effect.Effect<A, E, Stepped.Services | SqlClient.SqlClient>) =>
    it.effect(name, () =>
      Effect.provide(
        Effect.andThen(scenario, Effect.andThen(nobody, healthy)),
        Layer.provideMerge(Shops.layer, engine.layer())
      ))
  /** While all schedules are paused nothing is found of them. */
  const nothingPaused = Effect.gen(function*() {
    yield* Effect.flatMap(Schedules, (schedules) => schedules.pauseAll({ reason: "a test" }))
    assert.deepStrictEqual(yield* found, [])
    yield* Effect.flatMap(SqlClient.SqlClient, (sql) => sql`delete from stepped.pauses`)
  })
  const removed = Effect.flatMap(SqlClient.SqlClient, (sql) => sql`delete from stepped.schedules`)

  test(
    "20.10: finds a row that is due while workers live, and says whether one of them could fire it",
    Effect.gen(function*() {
      const schedules = yield* Schedules
      yield* put("often")
      yield* worker(["Shop/report"])
      yield* TestClock.adjust("70 minutes")
      assert.deepStrictEqual(yield* found, [])
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(yield* found, [`6: often ${late}`])
      yield* nothingPaused
      // where nobody works nothing fires, and nothing is wrong with that
      yield* goneBy
      assert.deepStrictEqual(yield* found, [])
      yield* worker(["Shop/audit"])
      assert.deepStrictEqual(yield* found, [`6: often ${unknown}`])
      yield* schedules.pause("often", { reason: "a test" })
      assert.deepStrictEqual(yield* found, [])
      yield* removed
    })
  )

  test(
    "20.10: finds what cannot be read, and that alone is said of it",
    Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      yield* put("often")
      yield* worker(["Shop/report"])
      yield* sql`update stepped.schedules set trouble = 'the zone Mars/Base is not known here'`
      yield* TestClock.adjust("5 hours")
      assert.deepStrictEqual(yield* found, [`6: often ${unreadable}`])
      yield* nothingPaused
      yield* removed
    })
  )

  test(
    "20.10: finds what fires for nobody: its action is no worker's, or none takes its queue",
    Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      yield* put("often")
      yield* worker(["Shop/report"], { queues: ["reports"] })
      assert.deepStrictEqual(yield* found, [`6: often ${unserved}`])
      yield* nothingPaused
      yield* worker(["Shop/report"], { queues: ["default"] })
      assert.deepStrictEqual(yield* found, [])
      // of code, whoever declares it fires it
      yield* sql`update stepped.schedules set source = 0, hash = 'one', definition = 'Shop/gone'`
      assert.deepStrictEqual(yield* found, [])
      yield* worker(["Shop/report"], { schedules: ["one"] })
      assert.deepStrictEqual(yield* found, [`6: often ${unserved}`])
      yield* worker(["Shop/gone"])
      assert.deepStrictEqual(yield* found, [])
      // what nobody declares any more is meant to be over
      yield* nobody
      yield* worker(["Shop/gone"])
      yield* TestClock.adjust("5 hours")
      assert.deepStrictEqual(yield* found, [])
      yield* removed
    })
  )
})
