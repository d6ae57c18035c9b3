/** Rule 12.1: a completion's key makes it the same completion when it comes again. */
import { assert, it } from "@effect/vitest"
import { Effect, Layer, Option, Result, Schema } from "effect"
import { SqlClient } from "effect/sql"
import { TestClock } from "effect/testing"
import { ActionRepo, CompletionConflict, InvalidOption, NotStarted, Stepped, UnknownAction } from "stepped"
import { performSteppedActions } from "stepped/testing"
import { healthy, suite } from "../harness/databases.ts"
import { recordOf } from "../harness/observing.ts"
import { performIdle } from "../harness/performing.ts"
import {
  Car,
  Cars,
  charge,
  day,
  Declined,
  failed,
  method,
  refund,
  succeeded,
  succeededVoid
} from "./fixtures/outbound.ts"

class Shop extends Stepped.Actor<Shop>()("Shop", { id: Schema.Int }) {}
const late = Stepped.action("late", { outbound: true, timeout: "1 hour" }).step(() => Effect.void)
const told: Array<unknown> = []
const pay = Stepped.action("pay", {
  success: Schema.String,
  job: (job) =>
    Effect.gen(function*() {
      told.push(yield* job.succeeded("receipt", { key: "evt" }))
      told.push(yield* job.succeeded("receipt", { key: "evt" }))
      told.push(yield* job.succeeded("receipt"))
      const conflict = yield* Effect.result(job.failed(undefined, { key: "evt" }))
      told.push(Result.isFailure(conflict) ? conflict.failure._tag : conflict.success)
    })
})
const Shops = Stepped.actions(Shop, [late, pay])

const hour = 3_600_000

/** Frees keys, as upkeep does. */
const freeing = Effect.gen(function*() {
  const sql = yield* SqlClient.SqlClient
  const now = yield* Effect.clockWith((clock) => clock.currentTimeMillis)
  yield* sql`select stepped.free_keys(to_timestamp(${now}::float8 / 1000), ${hour}::float8, 1000)`
})

/** The keys that are held, each with what it has completed. */
const keys = Effect.flatMap(SqlClient.SqlClient, (sql) =>
  Effect.map(
    sql<{ key: string; action: string }>`select key, action::text from stepped.action_keys order by created_at, key`,
    (rows) => rows.map(({ action, key }) => `${key}: ${action}`)
  ))

const completeWith = (key: string, result: Date = day) =>
  Stepped.complete(Car.ref(1), charge, succeeded(result), { key })

suite("keys of completions", (engine) => {
  const layer = Layer.mergeAll(
    Cars.toLayer(Effect.succeed({ method: () => Effect.succeed(1) })),
    Shops.layer
  ).pipe(Layer.provideMerge(engine.layer({ keyRetention: "1 hour" })))
  const test = <A, E>(name: string, scenario: () => Effect.Effect<A, E, Stepped.Services | SqlClient.SqlClient>) =>
    it.effect(name, () => Effect.provide(Effect.andThen(scenario(), healthy), layer))

  test("12.1: who comes with a key again gets the action that it has completed, also when another performs now", () =>
    Effect.gen(function*() {
      const car = (yield* Cars.client)(1)
      const first = yield* car.chargeNow(1)
      const second = yield* car.chargeNow(1)
      assert.deepStrictEqual(yield* completeWith("evt 1"), Option.some(first.id))
      assert.strictEqual((yield* second.status).status, "performing")
      assert.deepStrictEqual(yield* completeWith("evt 1"), Option.some(first.id))
      assert.deepStrictEqual(
        yield* Stepped.complete(first.id, charge, succeeded(day), { key: "evt 1" }),
        Option.some(first.id)
      )
      assert.strictEqual((yield* second.status).status, "performing")
      assert.deepStrictEqual(yield* completeWith("evt 2"), Option.some(second.id))
      assert.deepStrictEqual(yield* completeWith("evt 1"), Option.some(first.id))
    }))

  test("12.1: another outcome is a conflict, which changes nothing: it is compared as it is stored", () =>
    Effect.gen(function*() {
      const car = (yield* Cars.client)(1)
      const declined = (code: number) =>
        Stepped.complete(Car.ref(1), charge, failed(new Declined({ code })), { key: "evt 1" })
      const first = yield* car.chargeNow(1)
      yield* declined(7)
      const second = yield* car.chargeNow(1)
      assert.deepStrictEqual(yield* declined(7), Option.some(first.id))
      for (
        const other of [
          declined(8),
          completeWith("evt 1"),
          Stepped.complete(Car.ref(1), charge, failed(), { key: "evt 1" }),
          Stepped.complete(first.id, charge, Stepped.Outcome.cancelled, { key: "evt 1" })
        ]
      ) {
        const error = yield* Effect.flip(other)
        assert.instanceOf(error, CompletionConflict)
        assert.deepInclude(error, { action: "charge Car/1", key: "evt 1", actionId: first.id })
      }
      assert.strictEqual((yield* second.status).status, "performing")
      yield* completeWith("evt 2")
      assert.instanceOf(yield* Effect.flip(completeWith("evt 2", new Date(0))), CompletionConflict)
      assert.deepStrictEqual(yield* completeWith("evt 2", new Date(day.getTime())), Option.some(second.id))
    }))

  test("12.1: a key is its actor's and its action's own", () =>
    Effect.gen(function*() {
      const client = yield* Cars.client
      const charged = yield* client(1).chargeNow(1)
      const other = yield* client(2).chargeNow(2)
      const refunded = yield* client(1).refundNow(3)
      assert.deepStrictEqual(yield* completeWith("k"), Option.some(charged.id))
      assert.deepStrictEqual(
        yield* Stepped.complete(Car.ref(2), charge, failed(), { key: "k" }),
        Option.some(other.id)
      )
      assert.deepStrictEqual(
        yield* Stepped.complete(refunded.id, refund, succeededVoid, { key: "k" }),
        Option.some(refunded.id)
      )
    }))

  test("12.1: by id: a key that has completed another action is a conflict, and that one goes on", () =>
    Effect.gen(function*() {
      const car = (yield* Cars.client)(1)
      const first = yield* car.chargeNow(1)
      yield* completeWith("k")
      const second = yield* car.chargeNow(1)
      const error = yield* Effect.flip(Stepped.complete(second.id, charge, succeeded(day), { key: "k" }))
      assert.instanceOf(error, CompletionConflict)
      assert.strictEqual(error.actionId, first.id)
      assert.strictEqual((yield* second.status).status, "performing")
      yield* completeWith("other")
    }))

  test("12.1: what has completed nothing holds no key, and may come again", () =>
    Effect.gen(function*() {
      const client = yield* Cars.client
      assert.deepStrictEqual(yield* completeWith("k"), Option.none())
      const byId = (id: string) => Stepped.complete(id, charge, succeeded(day), { key: "k" })
      assert.instanceOf(yield* Effect.flip(byId("01890000-0000-7000-8000-000000000000")), UnknownAction)
      const queued = yield* client(1).chargeLater(1)
      assert.instanceOf(yield* Effect.flip(byId(queued.id)), NotStarted)
      yield* performIdle
      // it is no refund
      assert.instanceOf(
        yield* Effect.flip(Stepped.complete(queued.id, refund, succeededVoid, { key: "k" })),
        UnknownAction
      )
      const another = yield* client(1).chargeNow(2)
      assert.strictEqual((yield* Effect.flip(completeWith("k")))._tag, "AmbiguousCompletion")
      yield* Stepped.complete(another.id, charge, succeeded(day))
      assert.deepStrictEqual(yield* byId(another.id), Option.none())
      assert.deepStrictEqual(yield* keys, [])
      assert.deepStrictEqual(yield* completeWith("k"), Option.some(queued.id))
      assert.deepStrictEqual(yield* keys, [`k: ${queued.id}`])
    }))

  test("12.1: one that comes after the action's time holds no key", () =>
    Effect.gen(function*() {
      const handle = yield* (yield* Shops.client)(1).lateNow()
      yield* TestClock.adjust("2 hours")
      assert.deepStrictEqual(yield* Stepped.complete(handle.id, late, succeededVoid, { key: "k" }), Option.none())
      assert.deepStrictEqual(yield* keys, [])
      assert.strictEqual((yield* recordOf(handle.id)).status, "timed_out")
    }))

  test("12.1: a key is held as long as the history of what it has completed, and for keyRetention at least", () =>
    Effect.gen(function*() {
      const repo = yield* ActionRepo
      const car = (yield* Cars.client)(1)
      const first = yield* car.chargeNow(1)
      yield* completeWith("k")
      yield* TestClock.adjust("3 hours")
      yield* freeing
      assert.deepStrictEqual(yield* completeWith("k"), Option.some(first.id))
      const second = yield* car.chargeNow(1)
      yield* completeWith("later")
      yield* TestClock.adjust("30 minutes")
      // history is gone of both: the key of the first goes with it
      yield* repo.deleteEnded({ before: new Date(yield* Effect.clockWith((clock) => clock.currentTimeMillis)) })
      yield* freeing
      assert.deepStrictEqual(yield* keys, [`later: ${second.id}`])
      assert.deepStrictEqual(yield* completeWith("later"), Option.some(second.id))
      assert.deepStrictEqual(
        yield* Stepped.complete(second.id, charge, succeeded(day), { key: "later" }),
        Option.some(second.id)
      )
      assert.instanceOf(yield* Effect.flip(Stepped.complete(second.id, charge, succeeded(day))), UnknownAction)
      yield* TestClock.adjust("31 minutes")
      yield* freeing
      assert.deepStrictEqual(yield* keys, [])
      const third = yield* car.chargeNow(1)
      assert.deepStrictEqual(yield* completeWith("k"), Option.some(third.id))
    }))

  test("12.1: in the program's transaction it commits with it, and is rolled back with it", () =>
    Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      const handle = yield* (yield* Cars.client)(1).chargeNow(1)
      const inside = sql.withTransaction(Effect.andThen(completeWith("k"), Effect.fail("rolled back")))
      assert.strictEqual(yield* Effect.flip(inside), "rolled back")
      assert.deepStrictEqual([yield* keys, (yield* handle.status).status], [[], "performing"])
      yield* sql.withTransaction(Effect.gen(function*() {
        assert.deepStrictEqual(yield* completeWith("k"), Option.some(handle.id))
        assert.deepStrictEqual(yield* completeWith("k"), Option.some(handle.id))
      }))
      assert.deepStrictEqual(yield* keys, [`k: ${handle.id}`])
      assert.deepStrictEqual(yield* handle.await, day)
    }))

  test("12.1: a job completes with a key, and who comes with it from outside is answered as the job was", () =>
    Effect.gen(function*() {
      told.length = 0
      const handle = yield* (yield* Shops.client)(1).payLater()
      yield* performSteppedActions()
      assert.deepStrictEqual(told, [true, true, false, "CompletionConflict"])
      assert.strictEqual(yield* handle.await, "receipt")
      const again = Stepped.complete(Shop.ref(1), pay, succeeded("receipt"), { key: "evt" })
      assert.deepStrictEqual(yield* again, Option.some(handle.id))
    }))

  test("12.1: what no key can be is refused before anything is looked at", () =>
    Effect.gen(function*() {
      const handle = yield* (yield* Cars.client)(1).methodNow()
      for (const key of ["", "k".repeat(256), "k".repeat(2000), "a\0b", "\ud800", 7, null]) {
        const error = yield* Effect.flip(Stepped.complete(handle.id, method, succeeded(1), { key: key as string }))
        assert.instanceOf(error, InvalidOption)
        assert.include(error.message, "key of method")
      }
      assert.strictEqual((yield* handle.status).status, "performing")
      const longest = "ü".repeat(255)
      assert.deepStrictEqual(
        yield* Stepped.complete(handle.id, method, succeeded(1), { key: longest }),
        Option.some(handle.id)
      )
    }))
})
