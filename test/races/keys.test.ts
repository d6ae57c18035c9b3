/**
 * Rule 14.1 where several ask under one name, or upkeep frees it meanwhile: one action, whoever comes first. `STEPPED_ROUNDS=1000` makes it
 * long.
 */
import { assert, it } from "@effect/vitest"
import { Deferred, Effect, Exit, Fiber, Layer, type Scope } from "effect"
import { SqlClient } from "effect/sql"
import { TestClock } from "effect/testing"
import { ActionRepo, EnqueueError, IdempotencyConflict, Stepped, StorageError } from "stepped"
import { performSteppedActions } from "stepped/testing"
import * as ActionId from "../../src/engine/ActionId.ts"
import { Cars, wash } from "../behaviour/fixtures/named.ts"
import { healthy, server } from "../harness/databases.ts"
import { layerIntercepted } from "../harness/intercepting.ts"
import { seen } from "../harness/notes.ts"
import { recordsOf } from "../harness/observing.ts"
import { blocked, holding, sidesOf, spread } from "../harness/racing.ts"
import { layerServer } from "../harness/Server.ts"
import { deadlocksIn } from "../harness/workers.ts"

const rounds = Number(process.env.STEPPED_ROUNDS ?? 60)
const newId = ActionId.make()

const scenario = <A, E>(
  name: string,
  run: () => Effect.Effect<A, E, Stepped.Services | SqlClient.SqlClient | Scope.Scope>
) =>
  it.effect(
    name,
    () =>
      Effect.provide(
        Effect.scoped(Effect.andThen(run(), healthy)),
        Layer.provideMerge(Cars.layer, server.layer({ keyRetention: "1 hour", historyRetention: "1 hour" }))
      )
  )

scenario(
  "14.1: who meets a key that is not committed waits for it, and gets the first one's handle",
  () =>
    Effect.gen(function*() {
      const cars = yield* Cars.client
      const car = cars(1).with({ idempotencyKey: "order 7" })
      let id = ""
      const commit = yield* holding(Effect.tap(car.washLater("London"), (handle) => Effect.sync(() => id = handle.id)))
      const waiting = yield* Effect.forkScoped(car.washLater("London"))
      const conflicting = yield* Effect.forkScoped(Effect.flip(car.washLater("Paris")))
      yield* blocked(2)
      // nobody else waits with them
      yield* cars(1).washLater("Oslo")
      yield* cars(1).with({ idempotencyKey: "order 8" }).washLater("Bergen")
      assert.isUndefined(waiting.pollUnsafe())
      yield* commit
      assert.strictEqual((yield* Fiber.join(waiting)).id, id)
      assert.instanceOf((yield* Fiber.join(conflicting)).reason, IdempotencyConflict)
      yield* performSteppedActions()
      assert.strictEqual(seen.filter((name) => name === "wash London").length, 1)
    })
)

scenario(
  "14.1: a key whose transaction is rolled back is the next one's, and of those one has it",
  () =>
    Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      const car = (yield* Cars.client)(1).with({ idempotencyKey: "order 7" })
      const stored = yield* Deferred.make<void>()
      const started = yield* Effect.forkScoped(
        Effect.exit(sql.withTransaction(Effect.gen(function*() {
          yield* car.washLater("London")
          yield* Deferred.succeed(stored, undefined)
          yield* blocked(3)
          return yield* Effect.fail("no")
        })))
      )
      yield* Deferred.await(stored)
      const waiting = yield* Effect.forEach(
        ["Paris", "Paris", "Rome"],
        (to) => Effect.forkScoped(Effect.exit(car.washLater(to)))
      )
      assert.isTrue(Exit.isFailure(yield* Fiber.join(started)))
      const exits = yield* Effect.forEach(waiting, Fiber.join)
      yield* performSteppedActions()
      assert.strictEqual(seen.length, 1)
      assert.notInclude(seen, "wash London")
      const ids = new Set(exits.flatMap((exit) => Exit.isSuccess(exit) ? [exit.value.id] : []))
      assert.strictEqual(ids.size, 1)
      for (const exit of exits) if (Exit.isFailure(exit)) assert.include(String(exit.cause), "IdempotencyConflict")
    })
)

scenario(
  "14.1: of several that ask at once under one key, or with one id, one is stored, and the others get its handle",
  () =>
    Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      const cars = yield* Cars.client
      const sides = sidesOf("London", "Paris")
      for (let round = 0; round < rounds; round++) {
        const isById = round % 2 === 1
        const id = newId(0)
        const car = cars(round).with(isById ? { id } : { idempotencyKey: `order ${round}` })
        const ask = (to: string) => Effect.exit(car.washLater(to))
        const [london, paris] = yield* spread(
          round,
          Effect.all([
            ask(`London ${round}`),
            sql.withTransaction(ask(`London ${round}`)),
            Effect.map(
              Effect.exit(
                cars.with({ idempotencyKey: `order ${round}`, ...isById ? { id } : {} })
                  .enqueueMany(wash, [[round, `London ${round}`]])
              ),
              (exit) => Exit.map(exit, ([handle]) => handle!)
            )
          ], { concurrency: "unbounded" }),
          ask(`Paris ${round}`)
        )
        const exits = [...london, paris]
        const ids = exits.flatMap((exit) => Exit.isSuccess(exit) ? [exit.value.id] : [])
        const errors = exits.flatMap((exit) => Exit.isFailure(exit) ? exit.cause.reasons : [])
        // those for London, or the one for Paris
        assert.lengthOf(ids, Exit.isSuccess(paris) ? 1 : 3, `round ${round}`)
        sides.won(Exit.isSuccess(paris) ? "Paris" : "London")
        assert.strictEqual(new Set(ids).size, 1)
        for (const reason of errors) {
          const error = reason._tag === "Fail" ? reason.error : undefined
          assert(error instanceof EnqueueError && error.reason instanceof IdempotencyConflict)
          assert.strictEqual(error.reason.actionId, ids[0])
        }
        assert.strictEqual((yield* sql`select 1 from stepped.jobs where actor_id = ${String(round)}`).length, 1)
      }
      yield* performSteppedActions()
      assert.strictEqual(seen.length, rounds)
      yield* sides.each(rounds)
    })
)

scenario(
  "14.1: a key whose time is over names one further action, whoever asks, frees and deletes at once",
  () =>
    Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      const repo = yield* ActionRepo
      const cars = (yield* Cars.client).with({ idempotencyKey: "order 7" })
      const numbers = Array.from({ length: rounds }, (_, i) => i)
      const old = yield* cars.enqueueMany(wash, numbers.map((n): readonly [number, string] => [n, `London ${n}`]))
      yield* performSteppedActions()
      yield* TestClock.adjust("2 hours")
      const now = yield* Effect.clockWith((clock) => clock.currentTimeMillis)
      const free = sql`select stepped.free_keys(to_timestamp(${now}::float8 / 1000), 3600000, 1)`
      const forget = repo.deleteEnded({ before: new Date(now), limit: 1 })
      for (const n of numbers) {
        const [a, b, c] = yield* Effect.all([
          cars(n).washLater(`Paris ${n}`),
          cars(n).washLater(`Paris ${n}`),
          cars(n).washLater(`Paris ${n}`),
          ...n % 2 === 0 ? [free, free, forget] : [forget, free, free]
        ], { concurrency: "unbounded" })
        assert.deepStrictEqual([b.id, c.id], [a.id, a.id], `round ${n}`)
        assert.notStrictEqual(a.id, old[n]!.id)
      }
      yield* performSteppedActions()
      assert.strictEqual(seen.filter((name) => name.startsWith("wash Paris")).length, rounds)
    })
)

scenario(
  "14.1: calls for the same keys in different orders wait for each other in no circle",
  () =>
    Effect.gen(function*() {
      const cars = (yield* Cars.client).with({ idempotencyKey: "nightly" })
      const sql = yield* SqlClient.SqlClient
      // which other tests have had as well
      const [database] = yield* sql<{ name: string }>`select current_database() as name`
      const before = deadlocksIn(database!.name)
      for (let round = 0; round < Math.min(rounds, 60); round++) {
        const calls = Array.from({ length: 50 }, (_, i): readonly [number, string] => [round * 50 + i, "London"])
        const [there, back] = yield* Effect.all([
          cars.enqueueMany(wash, calls),
          cars.enqueueMany(wash, [...calls].reverse())
        ], { concurrency: "unbounded" })
        assert.deepStrictEqual(there.map(({ id }) => id), back.map(({ id }) => id).reverse())
      }
      yield* performSteppedActions()
      assert.deepStrictEqual(deadlocksIn(database!.name), before)
    })
)

it.effect("14.1: where the answer is lost, what is asked for again is the same action, and no other", () => {
  let calls = 0
  const lossy = layerIntercepted((store) => ({
    enqueueKeyed: (...args) =>
      Effect.flatMap(store.enqueueKeyed(...args), (met) =>
        calls++ % 2 === 1 ? Effect.succeed(met) : Effect.fail(
          new StorageError({ operation: "enqueueKeyed", isRetryable: true, cause: new Error("lost") })
        ))
  })).pipe(
    Layer.provideMerge(layerServer({ template: { name: "migrated", migrate: Stepped.migrate() }, maxConnections: 12 }))
  )
  return Effect.gen(function*() {
    const cars = yield* Cars.client
    const car = cars(1).with({ idempotencyKey: "order 7" })
    const id = newId(0)
    const later = yield* car.washLater("London")
    const now = yield* cars(2).with({ id }).washNow("Paris")
    assert.strictEqual(now.id, id)
    const many = yield* cars.with({ idempotencyKey: "nightly" }).enqueueMany(wash, [[3, "Rome"], [4, "Rome"]])
    yield* performSteppedActions()
    assert.strictEqual(calls, 6)
    assert.sameMembers(seen, ["wash Paris", "wash London", "wash Rome", "wash Rome"])
    assert.sameMembers((yield* recordsOf("wash")).map(({ id }) => id), [later.id, id, ...many.map(({ id }) => id)])
    yield* healthy
  }).pipe(Effect.provide(Layer.provideMerge(Cars.layer, lossy)))
})

it.live("14.1: a worker frees keys whose time is over", () =>
  Effect.gen(function*() {
    const sql = yield* SqlClient.SqlClient
    const car = (yield* Cars.client)(1)
    yield* car.with({ idempotencyKey: "old" }).wash("London")
    yield* car.with({ idempotencyKey: "new" }).wash("Paris")
    yield* sql`update stepped.ended_actions set ended_at = ended_at - interval '2 hours' where arguments ->> 0 = 'London'`
    // last: from then on it looks
    yield* sql`update stepped.action_keys set free_at = clock_timestamp() - interval '1 hour'`
    while ((yield* sql`select 1 from stepped.action_keys where free_at > clock_timestamp()`).length === 0) {
      yield* Effect.sleep("20 millis")
    }
    const left = yield* sql<{ key: string }>`select key from stepped.action_keys`
    assert.deepStrictEqual(left.map(({ key }) => key), ["new"])
  }).pipe(
    Effect.provide(
      Layer.provideMerge(
        Stepped.worker(),
        Layer.provideMerge(Cars.layer, server.layer({ keyRetention: "1 hour", lease: "1 second" }))
      )
    )
  ))
