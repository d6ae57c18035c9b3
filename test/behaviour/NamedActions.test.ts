/** Rule 14.1: an id of the caller's and an idempotency key name one action, however often it is asked for. */
import { assert, it } from "@effect/vitest"
import { Effect, Fiber, Layer } from "effect"
import { SqlClient } from "effect/sql"
import { TestClock } from "effect/testing"
import { ActionRepo, EnqueueError, IdempotencyConflict, InvalidOption, type PromptOptions, Stepped } from "stepped"
import { performSteppedActions } from "stepped/testing"
import * as ActionId from "../../src/engine/ActionId.ts"
import { healthy, suite } from "../harness/databases.ts"
import { seen } from "../harness/notes.ts"
import { recordsOf, statusesOf } from "../harness/observing.ts"
import { performIdle } from "../harness/performing.ts"
import { nothing, stored } from "../harness/stored.ts"
import { Car, Cars, park, wash } from "./fixtures/named.ts"

const hour = 3_600_000
const ids = ActionId.make()

/** Frees keys, as upkeep does. */
const freeing = (keptMs: number | null = hour) =>
  Effect.gen(function*() {
    const sql = yield* SqlClient.SqlClient
    const now = yield* Effect.clockWith((clock) => clock.currentTimeMillis)
    yield* sql`select stepped.free_keys(to_timestamp(${now}::float8 / 1000), ${keptMs}::float8, 1000)`
  })

/** Deletes all that nobody keeps. */
const deleting = Effect.gen(function*() {
  const repo = yield* ActionRepo
  const before = new Date(9e13)
  yield* repo.deleteEnded({ before })
  yield* repo.deleteOutcomes({ before })
})

suite("named actions", (engine) => {
  const test = <A, E>(
    name: string,
    scenario: () => Effect.Effect<A, E, Stepped.Services | SqlClient.SqlClient>,
    options?: Stepped.EngineOptions
  ) =>
    it.effect(
      name,
      () => Effect.provide(Effect.andThen(scenario(), healthy), Layer.provideMerge(Cars.layer, engine.layer(options)))
    )

  test("14.1: a key names one action, by every verb, and each call gives its handle", () =>
    Effect.gen(function*() {
      const cars = (yield* Cars.client).with({ idempotencyKey: "order 7" })
      const first = yield* cars(1).washLater("London")
      const again = yield* cars(1).washLater("London")
      const now = yield* cars(1).washNow("London")
      const [many, other] = yield* cars.enqueueMany(wash, [[1, "London"], [2, "London"]])
      const without = yield* Stepped.with({ idempotencyKey: "order 7" }).enqueue(Car.ref(1), wash, "London")
      assert.deepStrictEqual([again.id, now.id, many!.id, without.id], Array.from({ length: 4 }, () => first.id))
      assert.notStrictEqual(other!.id, first.id)
      const waiting = yield* Effect.forkChild(cars(1).wash("London"))
      yield* performSteppedActions()
      assert.strictEqual(yield* Fiber.join(waiting), "London")
      // it has ended, and is known all the same
      assert.strictEqual(yield* cars(1).wash("London"), "London")
      assert.strictEqual((yield* cars(1).washNow("London")).id, first.id)
      assert.deepStrictEqual(seen, ["wash London", "wash London"])
      assert.strictEqual(yield* first.await, "London")
    }))

  test("14.1: performed at once under a key, it is performed once", () =>
    Effect.gen(function*() {
      const car = (yield* Cars.client)(1).with({ idempotencyKey: "now" })
      const first = yield* car.washNow("London")
      assert.deepStrictEqual(seen, ["wash London"])
      assert.strictEqual((yield* car.washNow("London")).id, first.id)
      assert.deepStrictEqual(seen, ["wash London"])
    }))

  test("14.1: a key is its definition's and its actor's own", () =>
    Effect.gen(function*() {
      const cars = (yield* Cars.client).with({ idempotencyKey: "order 7" })
      const all = [
        yield* cars(1).washLater("London"),
        yield* cars(2).washLater("London"),
        yield* cars(1).parkLater("London")
      ]
      assert.strictEqual(new Set(all.map(({ id }) => id)).size, 3)
      yield* performIdle
      yield* Effect.forEach(all, (handle) => handle.cancel())
      yield* performSteppedActions()
    }))

  test("14.1: with other arguments it is a conflict, which stores nothing; other options, and fields in another order, are none", () =>
    Effect.gen(function*() {
      const cars = (yield* Cars.client).with({ idempotencyKey: "order 7" })
      const first = yield* cars(1).washLater("London")
      const before = yield* stored
      const error = yield* Effect.flip(cars(1).washLater("Paris"))
      assert.instanceOf(error, EnqueueError)
      assert.instanceOf(error.reason, IdempotencyConflict)
      assert.deepInclude(error.reason, {
        action: "wash Car/1",
        option: "idempotencyKey",
        value: "order 7",
        actionId: first.id
      })
      assert.isFalse(error.isRetryable)
      const many = yield* Effect.flip(cars.enqueueMany(wash, [[3, "Rome"], [1, "Paris"], [4, "Rome"]]))
      assert.instanceOf(many.reason, IdempotencyConflict)
      const twice = yield* Effect.flip(cars.enqueueMany(wash, [[5, "Rome"], [5, "Oslo"]]))
      assert.instanceOf(twice.reason, IdempotencyConflict)
      assert.deepStrictEqual(yield* stored, before)
      assert.strictEqual((yield* cars(1).with({ priority: 7, delay: "1 hour" }).washLater("London")).id, first.id)
      const booked = yield* cars(1).bookLater({ a: 1, b: 2 })
      assert.strictEqual((yield* cars(1).bookLater({ b: 2, a: 1 })).id, booked.id)
      yield* performSteppedActions()
    }))

  test("14.1: an id is everybody's: the action has it, and is known by it again", () =>
    Effect.gen(function*() {
      const cars = yield* Cars.client
      const id = ids(0)
      const first = yield* cars(1).with({ id: id.toUpperCase() }).washLater("London")
      assert.strictEqual(first.id, id)
      assert.strictEqual((yield* cars(1).with({ id }).washNow("London")).id, id)
      assert.strictEqual((yield* cars.with({ id }).enqueueMany(wash, [[1, "London"]]))[0]!.id, id)
      assert.strictEqual((yield* recordsOf("wash")).length, 1)
      const conflicts = [
        cars(1).with({ id }).washLater("Paris"),
        cars(2).with({ id }).washLater("London"),
        cars(1).with({ id }).towLater("London")
      ]
      for (const [index, call] of conflicts.entries()) {
        const { reason } = yield* Effect.flip(call as Effect.Effect<unknown, EnqueueError>)
        assert.instanceOf(reason, IdempotencyConflict, `${index}`)
        assert.deepInclude(reason, { option: "id", value: id, actionId: id })
      }
      yield* performSteppedActions()
      assert.strictEqual((yield* cars(1).with({ id }).washLater("London")).id, id)
      assert.strictEqual(yield* cars(1).with({ id }).wash("London"), "London")
      assert.deepStrictEqual(seen, ["wash London"])
    }))

  test("14.1: an id and a key together name one action; two different ones are a conflict, and an id that is not used stays free", () =>
    Effect.gen(function*() {
      const car = (yield* Cars.client)(1)
      const [a, b, c] = [ids(0), ids(0), ids(0)]
      yield* car.with({ id: a, idempotencyKey: "a" }).washLater("London")
      assert.strictEqual((yield* car.with({ id: a, idempotencyKey: "a" }).washLater("London")).id, a)
      // its key, under another id
      assert.strictEqual((yield* car.with({ id: c, idempotencyKey: "a" }).washLater("London")).id, a)
      assert.strictEqual((yield* car.with({ id: c }).washLater("Paris")).id, c)
      // another key for what has the id
      assert.strictEqual((yield* car.with({ id: a, idempotencyKey: "more" }).washLater("London")).id, a)
      assert.strictEqual((yield* car.with({ idempotencyKey: "more" }).washLater("London")).id, a)
      yield* car.with({ id: b }).washLater("London")
      const { reason } = yield* Effect.flip(car.with({ id: b, idempotencyKey: "a" }).washLater("London"))
      assert.deepInclude(reason, { _tag: "IdempotencyConflict", option: "idempotencyKey", actionId: a })
      yield* performSteppedActions()
    }))

  test("14.1: a name commits with the program's transaction, and is free when that is rolled back", () =>
    Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      const car = (yield* Cars.client)(1).with({ idempotencyKey: "order 7" })
      yield* Effect.flip(sql.withTransaction(Effect.andThen(car.washLater("London"), Effect.fail("no"))))
      assert.deepStrictEqual(yield* stored, nothing)
      const [first, second, reason] = yield* sql.withTransaction(Effect.gen(function*() {
        const first = yield* car.washLater("Paris")
        const second = yield* car.washLater("Paris")
        const { reason } = yield* Effect.flip(car.washLater("Rome"))
        return [first, second, reason] as const
      }))
      assert.strictEqual(second.id, first.id)
      assert.instanceOf(reason, IdempotencyConflict)
      yield* performSteppedActions()
      assert.deepStrictEqual(seen, ["wash Paris"])
    }))

  test(
    "14.1: a key is held for keyRetention after the end, whatever the end, and then names another action",
    () =>
      Effect.gen(function*() {
        const car = (yield* Cars.client)(1).with({ idempotencyKey: "order 7" })
        const first = yield* car.parkLater("London")
        yield* performIdle
        // longer than it is held after the end
        yield* TestClock.adjust("3 hours")
        assert.strictEqual((yield* car.parkLater("London")).id, first.id)
        yield* first.cancel()
        yield* performIdle
        yield* TestClock.adjust(hour - 1)
        assert.strictEqual((yield* car.parkLater("London")).id, first.id)
        assert.instanceOf((yield* Effect.flip(car.parkLater("Paris"))).reason, IdempotencyConflict)
        yield* TestClock.adjust(1)
        const next = yield* car.parkLater("Paris")
        assert.notStrictEqual(next.id, first.id)
        assert.strictEqual((yield* car.parkLater("Paris")).id, next.id)
        assert.instanceOf((yield* Effect.flip(car.parkLater("London"))).reason, IdempotencyConflict)
        yield* performIdle
        yield* next.cancel()
        assert.deepStrictEqual(yield* statusesOf("park"), ["cancelled", "cancelled"])
      }),
    { keyRetention: "1 hour" }
  )

  test("14.1: a conflict leaves a key as it was whose time is over", () =>
    Effect.gen(function*() {
      const cars = (yield* Cars.client).with({ idempotencyKey: "order 7" })
      yield* cars.enqueueMany(wash, [[1, "London"]])
      yield* performSteppedActions()
      yield* TestClock.adjust("2 hours")
      const held = yield* cars(2).washLater("London")
      const before = yield* stored
      // the first one's is free, and the second one's is not
      yield* Effect.flip(cars.enqueueMany(wash, [[1, "Paris"], [2, "Paris"]]))
      assert.deepStrictEqual(yield* stored, before)
      assert.strictEqual((yield* cars(2).washLater("London")).id, held.id)
      const both = yield* cars.enqueueMany(wash, [[1, "Rome"], [1, "Rome"]])
      assert.strictEqual(both[0]!.id, both[1]!.id)
      yield* performSteppedActions()
    }), { keyRetention: "1 hour" })

  test("14.1: a delayed one holds its key until it has ended, and then for its time", () =>
    Effect.gen(function*() {
      const car = (yield* Cars.client)(1).with({ idempotencyKey: "order 7" })
      const first = yield* car.with({ delay: "10 hours" }).washLater("London")
      yield* TestClock.adjust("9 hours")
      assert.strictEqual((yield* car.washLater("London")).id, first.id)
      yield* performSteppedActions()
      assert.strictEqual((yield* car.washLater("London")).id, first.id)
      yield* TestClock.adjust("1 hour")
      assert.notStrictEqual((yield* car.washLater("London")).id, first.id)
      yield* performSteppedActions()
    }), { keyRetention: "1 hour" })

  test(
    "14.1: superseded, it holds its key until its successor has ended, and its handle has that one's outcome",
    () =>
      Effect.gen(function*() {
        const cars = yield* Cars.client
        const holder = yield* cars(1).parkLater("holder")
        const car = cars(1).with({ idempotencyKey: "order 7" })
        yield* performIdle
        const first = yield* car.parkLater("London")
        yield* performIdle
        const newer = yield* cars(1).parkLater("Paris")
        yield* performIdle
        assert.strictEqual((yield* first.status).successor, newer.id)
        yield* TestClock.adjust("5 hours")
        assert.strictEqual((yield* car.parkLater("London")).id, first.id)
        yield* Stepped.complete(holder.id, park, Stepped.Outcome.succeeded("there"))
        yield* performIdle
        yield* Stepped.complete(newer.id, park, Stepped.Outcome.succeeded("Paris"))
        yield* TestClock.adjust(hour - 1)
        const again = yield* car.parkLater("London")
        assert.deepStrictEqual([again.id, yield* again.await], [first.id, "Paris"])
        yield* TestClock.adjust(1)
        const next = yield* car.parkLater("London")
        assert.notStrictEqual(next.id, first.id)
        yield* next.cancel()
        yield* performSteppedActions()
      }),
    { keyRetention: "1 hour" }
  )

  test(
    "14.1: the outcome of what a key names is kept as long as the key, also where nothing was stored of it",
    () =>
      Effect.gen(function*() {
        const cars = yield* Cars.client
        const car = cars(1).with({ idempotencyKey: "order 7" })
        const holder = yield* cars(1).parkLater("holder")
        yield* performIdle
        const superseded = yield* car.parkLater("London")
        yield* performIdle
        const newer = yield* cars(1).parkLater("Paris")
        yield* performIdle
        yield* Stepped.complete(holder.id, park, Stepped.Outcome.succeeded("there"))
        yield* performIdle
        yield* Stepped.complete(newer.id, park, Stepped.Outcome.succeeded("Paris"))
        const plain = yield* cars(1).towLater("Rome")
        yield* performSteppedActions()
        const achieved = yield* car.towLater("Rome")
        yield* performSteppedActions()
        yield* deleting
        // what is neither named nor followed has gone
        assert.deepInclude(yield* Effect.flip(holder.await), { _tag: "UnknownAction" })
        assert.deepInclude(yield* Effect.flip(plain.await), { _tag: "UnknownAction" })
        assert.strictEqual(yield* superseded.await, "Paris")
        assert.strictEqual(yield* achieved.await, "Rome")
        yield* TestClock.adjust("1 hour")
        yield* freeing()
        yield* deleting
        assert.deepStrictEqual(yield* stored, { ...nothing, achievements: 1 })
      }),
    { keyRetention: "1 hour", historyRetention: "30 minutes", outcomeRetention: "30 minutes" }
  )

  test(
    "14.1: an id is kept as long as its history, or the answer of what was never stored",
    () =>
      Effect.gen(function*() {
        const car = (yield* Cars.client)(1)
        const [a, b] = [ids(0), ids(0)]
        yield* car.with({ id: a }).towLater("Rome")
        yield* performSteppedActions()
        yield* car.with({ id: b }).towLater("Rome")
        yield* performSteppedActions()
        yield* TestClock.adjust("9 hours")
        yield* freeing()
        assert.strictEqual((yield* stored).beside, 2)
        yield* deleting
        assert.deepStrictEqual(yield* stored, { ...nothing, achievements: 1 })
      }),
    { keyRetention: "1 hour", outcomeRetention: "30 days" }
  )

  test(
    "14.1: upkeep keeps keys of what has not ended, and frees the others when their time is over",
    () =>
      Effect.gen(function*() {
        const cars = (yield* Cars.client).with({ idempotencyKey: "order 7" })
        const live = yield* cars(1).parkLater("London")
        yield* cars(1).washLater("London")
        const late = yield* cars(3).with({ delay: "100 hours" }).washLater("London")
        yield* performIdle
        for (let n = 0; n < 5; n++) {
          yield* TestClock.adjust("2 hours")
          yield* freeing()
        }
        assert.strictEqual((yield* stored).beside, 2)
        assert.strictEqual((yield* cars(1).parkLater("London")).id, live.id)
        yield* late.cancel()
        yield* live.cancel()
        yield* performIdle
        yield* TestClock.adjust("59 minutes")
        yield* freeing()
        assert.strictEqual((yield* stored).beside, 2)
        yield* TestClock.adjust("100 hours")
        yield* freeing()
        assert.strictEqual((yield* stored).beside, 0)
      }),
    { keyRetention: "1 hour" }
  )

  test("14.1: kept for ever, a key is held as long as its history", () =>
    Effect.gen(function*() {
      const car = (yield* Cars.client)(1).with({ idempotencyKey: "order 7" })
      const first = yield* car.washLater("London")
      yield* performSteppedActions()
      yield* TestClock.adjust("9000 hours")
      yield* freeing(null)
      assert.strictEqual((yield* car.washLater("London")).id, first.id)
      yield* deleting
      assert.deepStrictEqual(yield* stored, nothing)
    }), { keyRetention: Infinity })

  test("14.1: a body enqueues once under a key, and children have none", () =>
    Effect.gen(function*() {
      const car = (yield* Cars.client)(1)
      yield* car.tripLater()
      yield* performSteppedActions()
      assert.deepStrictEqual(seen, ["wash for a trip"])
      for (const handle of [yield* car.mistakenLater(), yield* car.startingLater()]) {
        yield* performSteppedActions()
        const error = yield* Effect.flip(handle.await)
        assert.include(error.message, "idempotencyKey of wash")
      }
      assert.deepStrictEqual(seen, ["wash for a trip"])
    }))

  test("14.1: what cannot be a name is refused by name, and stores nothing", () =>
    Effect.gen(function*() {
      const cars = yield* Cars.client
      const options: ReadonlyArray<readonly [PromptOptions, string]> = [
        [{ idempotencyKey: "" }, "idempotencyKey of wash"],
        [{ idempotencyKey: "x".repeat(256) }, "use a digest"],
        [{ idempotencyKey: "x".repeat(2000) }, "1 to 255 characters"],
        [{ idempotencyKey: "a\u0000b" }, "NUL"],
        [{ idempotencyKey: "a\ud800" }, "lone surrogates"],
        [{ idempotencyKey: 7 as unknown as string }, "is 7"],
        [{ idempotencyKey: null as unknown as string }, "is null"],
        [{ id: "order 7" }, "a UUIDv7"],
        [{ id: "" }, "a UUIDv7"],
        [{ id: "9b2f1c4e-3f0a-4c1d-8a55-0d4f7d2b9a11" }, "a UUIDv7"],
        [{ id: "00000000-0000-7000-0000-000000000000" }, "a UUIDv7"],
        [{ id: "ffffffff-ffff-7fff-bfff-ffffffffffff" }, "a day ahead at most"],
        [{ id: `${ids(0)}\u0000` }, "a UUIDv7"]
      ]
      for (const [option, words] of options) {
        for (
          const call of [
            cars(1).with(option).washLater("x"),
            cars(1).with(option).washNow("x"),
            cars.with(option).enqueueMany(wash, [[1, "x"]])
          ]
        ) {
          const { reason } = yield* Effect.flip(call as Effect.Effect<unknown, EnqueueError>)
          assert.instanceOf(reason, InvalidOption)
          assert.include(reason.message, words)
        }
      }
      const two = yield* Effect.flip(cars.with({ id: ids(0) }).enqueueMany(wash, [[1, "x"], [2, "x"]]))
      assert.instanceOf(two.reason, InvalidOption)
      assert.deepStrictEqual(yield* stored, nothing)
      const longest = yield* cars(1).with({ idempotencyKey: "🚗".repeat(127) }).washLater("x")
      assert.strictEqual((yield* cars(1).with({ idempotencyKey: "🚗".repeat(127) }).washLater("x")).id, longest.id)
      yield* performSteppedActions()
    }))

  test("14.1: more than one statement holds are stored together, or not at all", () =>
    Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      const cars = (yield* Cars.client).with({ idempotencyKey: "nightly" })
      yield* cars(6001).washLater("x")
      const calls = Array.from({ length: 6001 }, (_, i): readonly [number, string] => [i + 1, i === 6000 ? "y" : "x"])
      const before = yield* stored
      const refused = Effect.flip(cars.enqueueMany(wash, calls))
      assert.instanceOf((yield* refused).reason, IdempotencyConflict)
      assert.deepStrictEqual(yield* stored, before)
      assert.instanceOf((yield* sql.withTransaction(refused)).reason, IdempotencyConflict)
      assert.deepStrictEqual(yield* stored, before)
      const all = yield* cars.enqueueMany(wash, calls.slice(0, 6000))
      assert.deepStrictEqual(
        (yield* cars.enqueueMany(wash, calls.slice(0, 6000))).map(({ id }) => id),
        all.map(({ id }) => id)
      )
      assert.deepInclude(yield* stored, { jobs: 6001, beside: 6001 })
      yield* sql`delete from stepped.jobs`
      yield* sql`delete from stepped.action_keys`
    }))
})
