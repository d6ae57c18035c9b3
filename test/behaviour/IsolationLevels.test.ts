/**
 * Transactions of a program at a higher level than read committed: they see what was committed when they began, and nothing may be
 * decided by that. What only adds something works there; the rest fails, once, and says for which level.
 */
import { PgClient } from "@effect/sql-pg"
import { assert, beforeEach, it } from "@effect/vitest"
import { Clock, Effect, Layer, Schema } from "effect"
import { BeginTransaction } from "effect/sql/SqlClient"
import { ActionFailed, ActionRepo, Outcome, Step, Stepped, StorageError, UnsuitableIsolation } from "stepped"
import { performSteppedActions } from "stepped/testing"
import { healthy, suite } from "../harness/databases.ts"
import { recordOf, statusesOf, stepsOf } from "../harness/observing.ts"

let bodies = 0
let level = ""
beforeEach(() => {
  bodies = 0
})

class Car extends Stepped.Actor<Car>()("Car", { id: Schema.Int }) {}
const turn = Stepped.action("turn", { outbound: true }).step(() => Effect.void).after(() => Effect.void)
const drive = Stepped.action("drive", { success: Schema.String }).step(() => Effect.succeed("driven"))
const read = Effect.flatMap(PgClient.PgClient, (sql) => sql`select count(*) from pg_class`)
const set = Effect.flatMap(PgClient.PgClient, (sql) => sql.unsafe(`set transaction isolation level ${level}`))
const count = Stepped.action("count").step("count", () =>
  Effect.gen(function*() {
    bodies++
    const sql = yield* PgClient.PgClient
    yield* set
    yield* sql`insert into counts values (1)`
    yield* Step.do(drive)
  }), { transactional: true })
const parent = Stepped.action("parent").step("ask", () => Step.on([Car.ref(1), Car.ref(2)], count))
const looks = Stepped.action("looks", { success: Schema.String }).step("look", () =>
  Effect.gen(function*() {
    const sql = yield* PgClient.PgClient
    const [row] = yield* sql<{ now: string }>`select current_setting('transaction_isolation') as now`
    return row!.now
  }), { transactional: true })
const begins = Stepped.action("begins", {
  job: (job) =>
    Effect.gen(function*() {
      const sql = yield* PgClient.PgClient
      bodies++
      yield* sql.withTransaction(Effect.andThen(set, job.succeeded()))
    })
})
const Cars = Stepped.actions(Car, [turn, drive, count, parent, looks, begins])

suite("transactions at a higher level", (engine) => {
  for (const one of ["repeatable read", "serializable"]) {
    const at = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
      Effect.gen(function*() {
        level = one
        const sql = yield* PgClient.PgClient
        return yield* sql.withTransaction(Effect.andThen(Effect.andThen(set, read), effect))
      })

    it.effect(`enqueue at ${one}`, () =>
      Effect.gen(function*() {
        const cars = yield* Cars.client
        const handle = yield* at(cars(1).driveLater())
        const many = yield* at(cars.enqueueMany(drive, [[2], [3]].map(([id]) => [id!] as const)))
        yield* performSteppedActions()
        assert.strictEqual(yield* handle.await, "driven")
        assert.strictEqual(many.length, 2)
        assert.deepStrictEqual(yield* statusesOf("drive"), ["succeeded", "succeeded", "succeeded"])
        yield* healthy
      }).pipe(Effect.provide(Layer.provideMerge(Cars.layer, engine.layer()))))

    it.effect(`neither complete nor cancel at ${one}, and say so`, () =>
      Effect.gen(function*() {
        const cars = yield* Cars.client
        const handle = yield* cars(1).turnNow()
        for (
          const refused of [
            yield* Effect.flip(at(handle.cancel())),
            yield* Effect.flip(at(Stepped.complete(Car.ref(1), turn, Outcome.succeededVoid))),
            yield* Effect.flip(at(Stepped.complete(handle.id, turn, Outcome.succeededVoid)))
          ]
        ) {
          assert.instanceOf(refused, UnsuitableIsolation)
          assert.strictEqual(refused.level, one)
          assert.include(refused.message, `at ${one}`)
          assert.include(refused.message, "read committed")
        }
        assert.strictEqual((yield* recordOf(handle.id)).status, "performing")
        assert.isTrue(yield* handle.cancel())
        yield* performSteppedActions()
        assert.deepStrictEqual(yield* statusesOf("turn"), ["cancelled"])
        yield* healthy
      }).pipe(Effect.provide(Layer.provideMerge(Cars.layer, engine.layer()))))

    it.effect(`18.1: delete no history at ${one}, which somebody may have begun to retry since`, () =>
      Effect.gen(function*() {
        const cars = yield* Cars.client
        const repo = yield* ActionRepo
        const handle = yield* cars(1).turnNow()
        yield* handle.cancel()
        yield* performSteppedActions()
        const before = new Date(yield* Effect.map(Clock.currentTimeMillis, (now) => now + 1))
        const refused = yield* Effect.flip(at(repo.deleteEnded({ before })))
        assert.instanceOf(refused, StorageError)
        assert.isFalse(refused.isRetryable)
        assert.strictEqual((yield* recordOf(handle.id)).status, "cancelled")
        assert.strictEqual((yield* repo.deleteEnded({ before })).deleted, 1)
        yield* healthy
      }).pipe(Effect.provide(Layer.provideMerge(Cars.layer, engine.layer()))))

    it.effect(`7.2: a transactional step that goes to ${one} fails its action, once, and leaves nothing`, () =>
      Effect.gen(function*() {
        level = one
        const sql = yield* PgClient.PgClient
        yield* sql`create table if not exists counts (n int)`
        const handle = yield* (yield* Cars.client)(1).parentLater()
        yield* performSteppedActions()
        const failed = yield* Effect.flip(handle.await)
        assert.instanceOf(failed, ActionFailed)
        assert.match(failed.message, new RegExp(`count Car/1 › count: UnsuitableIsolation: .*${one}`))
        assert.strictEqual(bodies, 2)
        assert.deepStrictEqual(yield* statusesOf("count"), ["failed", "failed"])
        assert.deepStrictEqual(yield* statusesOf("drive"), [])
        assert.deepStrictEqual(yield* stepsOf(handle.id), ["ask failed"])
        assert.deepStrictEqual(yield* sql`select * from counts`, [])
        yield* healthy
      }).pipe(Effect.provide(Layer.provideMerge(Cars.layer, engine.layer()))))

    it.effect(`7.2: a job that completes its action at ${one} fails it, once`, () =>
      Effect.gen(function*() {
        level = one
        const handle = yield* (yield* Cars.client)(1).beginsLater()
        yield* performSteppedActions()
        const failed = yield* Effect.flip(handle.await)
        assert.instanceOf(failed, ActionFailed)
        assert.include(failed.message, "UnsuitableIsolation")
        assert.strictEqual(bodies, 1)
        yield* healthy
      }).pipe(Effect.provide(Layer.provideMerge(Cars.layer, engine.layer()))))

    it.effect(`transactional steps are at read committed, where the program begins its own at ${one}`, () =>
      Effect.gen(function*() {
        const handle = yield* (yield* Cars.client)(1).looksLater()
        yield* performSteppedActions()
        assert.strictEqual(yield* handle.await, "read committed")
        yield* healthy
      }).pipe(
        Effect.provideService(BeginTransaction, `begin isolation level ${one}`),
        Effect.provide(Layer.provideMerge(Cars.layer, engine.layer()))
      ))
  }
})
