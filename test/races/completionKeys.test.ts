/**
 * Rule 12.1 where several complete under one key, also beside the action's time: each has one outcome, and all of a key the same answer.
 * `STEPPED_ROUNDS=1000` makes it long.
 */
import { assert, it } from "@effect/vitest"
import { Deferred, Effect, Exit, Fiber, Layer, Option, References, Result, Schema } from "effect"
import type { Scope } from "effect"
import { SqlClient } from "effect/sql"
import { TestClock } from "effect/testing"
import { CompletionConflict, Stepped } from "stepped"
import { healthy, server } from "../harness/databases.ts"
import { blocked, holding, sidesOf, spread } from "../harness/racing.ts"
import { allEnded, layerWorkers, noDeadlock } from "../harness/workers.ts"
import { patienceMs } from "../patience.ts"

const rounds = Number(process.env.STEPPED_ROUNDS ?? 120)
const numbers = Array.from({ length: rounds }, (_, n) => n)

class Shop extends Stepped.Actor<Shop>()("Shop", { id: Schema.Int }) {}
const pay = Stepped.action("pay", {
  arguments: [Schema.Int],
  success: Schema.Int,
  outbound: true,
  timeout: "1 hour",
  concurrencyKey: (lane) => ["pay", lane]
}).step(() => Effect.void)
const Shops = Stepped.actions(Shop, [pay])

const { succeeded } = Stepped.Outcome
const completed = (shop: number, result: number, key: string) =>
  Stepped.complete(Shop.ref(shop), pay, succeeded(result), { key })
const keysOf = (shop: number) =>
  Effect.flatMap(SqlClient.SqlClient, (sql) =>
    Effect.map(
      sql<{ key: string; action: string }>`
        select key, action::text from stepped.action_keys where actor_id = ${String(shop)} order by key`,
      (rows) => rows.map(({ action, key }) => [key, action])
    ))

const scenario = <A, E>(
  name: string,
  run: () => Effect.Effect<A, E, Stepped.Services | SqlClient.SqlClient | Scope.Scope>
) =>
  it.effect(name, () =>
    Effect.provide(
      Effect.scoped(Effect.andThen(run(), healthy)),
      Layer.provideMerge(Shops.layer, server.layer())
    ))

scenario(
  "12.1: who meets a key that is not committed waits for it, and keeps nobody else waiting",
  () =>
    Effect.gen(function*() {
      const client = yield* Shops.client
      const first = yield* client(1).payNow(1)
      const second = yield* client(1).payNow(2)
      const services = yield* Effect.context<Stepped.Services>()
      const held = Stepped.complete(first.id, pay, succeeded(1), { key: "k" })
      const commit = yield* holding(Effect.provideContext(held, services))
      const same = yield* Effect.forkScoped(Stepped.complete(first.id, pay, succeeded(1), { key: "k" }))
      const other = yield* Effect.forkScoped(Effect.flip(Stepped.complete(second.id, pay, succeeded(2), { key: "k" })))
      yield* blocked(2)
      // the lane of the second one is nobody's meanwhile
      assert.isTrue(yield* second.cancel())
      yield* commit
      assert.deepStrictEqual(yield* Fiber.join(same), Option.some(first.id))
      assert.instanceOf(yield* Fiber.join(other), CompletionConflict)
      assert.strictEqual(yield* first.await, 1)
    })
)

scenario("12.1: a key whose transaction is rolled back is the next one's", () =>
  Effect.gen(function*() {
    const sql = yield* SqlClient.SqlClient
    const client = yield* Shops.client
    const first = yield* client(1).payNow(1)
    const second = yield* client(1).payNow(2)
    const stored = yield* Deferred.make<void>()
    const rolledBack = yield* Effect.forkScoped(Effect.exit(sql.withTransaction(Effect.gen(function*() {
      yield* Stepped.complete(first.id, pay, succeeded(1), { key: "k" })
      yield* Deferred.succeed(stored, undefined)
      yield* blocked(1)
      return yield* Effect.fail("no")
    }))))
    yield* Deferred.await(stored)
    const next = yield* Stepped.complete(second.id, pay, succeeded(2), { key: "k" })
    yield* Fiber.join(rolledBack)
    assert.deepStrictEqual(next, Option.some(second.id))
    assert.deepStrictEqual(yield* keysOf(1), [["k", second.id]])
    assert.strictEqual((yield* first.status).status, "performing")
  }))

const race = (
  name: string,
  run: Effect.Effect<void, unknown, Layer.Success<ReturnType<typeof layerWorkers>>>
) =>
  it.effect(
    name,
    () =>
      Effect.andThen(run, Effect.andThen(allEnded, Effect.andThen(healthy, noDeadlock))).pipe(
        Effect.provide(layerWorkers(Shops.layer, { engines: 3 })),
        Effect.provideService(References.MinimumLogLevel, "None")
      ),
    patienceMs + rounds * 300
  )

/** Enqueued, and taken. */
const performing = Effect.fnUntraced(function*(n: number, lane: number) {
  const handle = yield* (yield* Shops.client)(n).payLater(lane)
  while ((yield* handle.status).status === "queued") yield* Effect.yieldNow
  return handle
})

race(
  `12.1: ${rounds} times key against key: one outcome, which all that came with it are told`,
  Effect.forEach(numbers, (n) =>
    Effect.gen(function*() {
      const handles = [yield* performing(n, 2 * n)]
      // a second one, which the same key may not reach
      if (n % 3 === 0) handles.push(yield* performing(n, 2 * n + 1))
      const ids = handles.map(({ id }) => id)
      const calls = n % 3 === 0
        ? [0, 1, 0, 1].map((which) => Stepped.complete(ids[which]!, pay, succeeded(7), { key: "k" }))
        : [7, 7, 8, 7].map((result) => completed(n, result, "k"))
      const results = yield* Effect.all(calls.map((call) => Effect.result(call)), { concurrency: "unbounded" })
      const [key] = yield* keysOf(n)
      const winner = handles.find(({ id }) => id === key![1])!
      const result = yield* winner.await
      for (const [i, told] of results.entries()) {
        const isSame = n % 3 === 0 ? ids[i % 2] === winner.id : (i === 2 ? 8 : 7) === result
        if (isSame) assert.deepStrictEqual(Result.getOrThrow(told), Option.some(winner.id))
        else assert.instanceOf(told._tag === "Failure" ? told.failure : told.success, CompletionConflict)
      }
      for (const other of handles) {
        if (other === winner) continue
        assert.strictEqual((yield* other.status).status, "performing")
        assert.deepStrictEqual(yield* completed(n, 9, "other"), Option.some(other.id))
      }
    }), { concurrency: 16, discard: true })
)

race(
  `12.1: ${rounds} times a completion against the action's time: one of them wins, and a key is held by a completion alone`,
  Effect.gen(function*() {
    const sides = sidesOf("succeeded", "timed_out", "cancelled")
    yield* Effect.forEach(numbers, (n) =>
      Effect.gen(function*() {
        const handle = yield* performing(n, n)
        const [[first, second]] = yield* spread(
          n,
          Effect.all([Stepped.complete(handle.id, pay, succeeded(n), { key: "k" }), completed(n, n, "k")], {
            concurrency: "unbounded"
          }),
          n % 3 === 0 ? handle.cancel() : TestClock.adjust("61 minutes")
        )
        const exit = yield* Effect.exit(handle.await)
        const held = yield* keysOf(n)
        const { status } = yield* handle.status
        assert(status === "succeeded" || status === "timed_out" || status === "cancelled", status)
        sides.won(status)
        if (Exit.isSuccess(exit)) {
          assert.deepStrictEqual([held, exit.value], [[["k", handle.id]], n])
          assert.deepStrictEqual(first, Option.some(handle.id))
          assert.deepStrictEqual(second, Option.some(handle.id))
        } else assert.deepStrictEqual([held, first, second], [[], Option.none(), Option.none()])
      }), { concurrency: 8, discard: true })
    yield* sides.each(rounds)
  })
)
