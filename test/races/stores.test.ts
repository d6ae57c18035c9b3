/** Rules 23.2 and 23.5 to 23.7 where several processes take of one key, and of one queue, at one moment. */
import { assert, describe, it } from "@effect/vitest"
import { Context, Deferred, Effect, Exit, Fiber, Layer, Schedule, Schema } from "effect"
import { PersistedQueue, RateLimiter } from "effect/persistence"
import { SqlClient } from "effect/sql"
import { Stepped } from "stepped"
import { layerPersistedQueueStore, layerRateLimiterStore } from "stepped/stores"
import { blocked, holding } from "../harness/racing.ts"
import { isPooled, layerServer, layerUrl, TestDatabase } from "../harness/Server.ts"

const template = { name: "migrated", migrate: Stepped.migrate() }

/** What a process has of its own: an engine, its client and its stores. */
const stores = (options: Stepped.EngineOptions = {}) =>
  Layer.mergeAll(RateLimiter.layer, PersistedQueue.layer).pipe(
    Layer.provideMerge(Layer.mergeAll(layerRateLimiterStore, layerPersistedQueueStore())),
    Layer.provideMerge(Stepped.layer({ notify: !isPooled, databaseClock: false, ...options }))
  )

/** So many of them on one database. */
const processes = (count: number, options?: Stepped.EngineOptions) =>
  Effect.flatMap(TestDatabase, ({ url }) =>
    Effect.forEach(Array.from({ length: count }), () =>
      Effect.flatMap(
        Effect.scope,
        (scope) =>
          Layer.buildWithMemoMap(
            Layer.provideMerge(stores(options), layerUrl(url, { maxConnections: 6, applicationName: "process" })),
            Layer.makeMemoMapUnsafe(),
            scope
          )
      )))

const limiters = Effect.map(processes(3), (all) => all.map((one) => Context.get(one, RateLimiter.RateLimiter)))

const queue = PersistedQueue.make({
  name: "numbers",
  schema: Schema.Int,
  retrySchedule: Schedule.spaced("1 millis"),
  maxAttempts: 100
})

describe("a limit", () => {
  for (const algorithm of ["fixed-window", "token-bucket"] as const) {
    it.effect(`23.2: of which three processes take at one moment is taken as often as it allows (${algorithm})`, () =>
      Effect.scoped(Effect.gen(function*() {
        const all = yield* limiters
        const consume = (n: number) =>
          Effect.exit(all[n % all.length]!.consume({ algorithm, key: "a", limit: 50, window: "1 hour" }))
        const exits = yield* Effect.forEach(Array.from({ length: 200 }, (_, n) => n), consume, {
          concurrency: "unbounded"
        })
        const left = exits.flatMap((exit) => Exit.isSuccess(exit) ? [exit.value.remaining] : [])
        // each of them saw what those before it had taken
        assert.deepStrictEqual(left.sort((a, b) => a - b), Array.from({ length: 50 }, (_, n) => n))
      })).pipe(Effect.provide(layerServer({ template, maxConnections: 12 }))))

    it.effect(`23.2: that somebody just takes is waited for, and what is rolled back was not taken (${algorithm})`, () =>
      Effect.scoped(Effect.gen(function*() {
        const limiter = yield* RateLimiter.RateLimiter
        const sql = yield* SqlClient.SqlClient
        const consume = limiter.consume({ algorithm, key: "a", limit: 10, window: "1 hour" })
        const commit = yield* holding(consume)
        const second = yield* Effect.forkChild(consume)
        yield* blocked(1)
        yield* commit
        assert.strictEqual((yield* Fiber.join(second)).remaining, 8)
        // its session dies in the middle
        const pid = yield* Deferred.make<number>()
        const killed = yield* Effect.forkChild(Effect.exit(sql.withTransaction(Effect.gen(function*() {
          const [row] = yield* sql<{ pid: number }>`select pg_backend_pid() as pid`
          yield* consume
          yield* Deferred.succeed(pid, row!.pid)
          return yield* sql`select pg_sleep(600)`
        }))))
        yield* sql`select pg_terminate_backend(${yield* Deferred.await(pid)})`
        assert.isTrue(Exit.isFailure(yield* Fiber.join(killed)))
        assert.strictEqual((yield* consume).remaining, 7)
      })).pipe(Effect.provide(stores().pipe(Layer.provideMerge(layerServer({ template, maxConnections: 12 }))))))
  }
})

describe("a queue", () => {
  it.live("23.5: three processes take each element once, though some fail and some are interrupted", () =>
    Effect.scoped(Effect.gen(function*() {
      const all = yield* processes(3)
      const sql = yield* SqlClient.SqlClient
      const count = 300
      const done: Array<number> = []
      const tries = new Map<number, number>()
      const offering = Effect.flatMap(
        Effect.provideContext(queue, all[0]!),
        (numbers) =>
          Effect.forEach(Array.from({ length: count }, (_, n) => n), (n) => numbers.offer(n, { id: `${n}` }), {
            concurrency: 20
          })
      )
      const taker = (n: number) =>
        Effect.flatMap(Effect.provideContext(queue, all[n % all.length]!), (numbers) =>
          Effect.forever(
            Effect.exit(
              Effect.timeoutOption(
                numbers.take((number) => {
                  const before = tries.get(number) ?? 0
                  tries.set(number, before + 1)
                  // a third fails once and is interrupted once, a third does one of them
                  if (number % 3 > before) return (number + before) % 2 === 0 ? Effect.fail("no") : Effect.interrupt
                  return Effect.sync(() => done.push(number))
                }),
                "1 second"
              )
            )
          ))
      const takers = yield* Effect.forEach(Array.from({ length: 12 }, (_, n) => n), (n) => Effect.forkChild(taker(n)))
      yield* offering
      const left = Effect.map(
        sql<{ n: number }>`select count(*)::int as n from stepped.queue_elements where state <> 2`,
        ([row]) => row!.n
      )
      while ((yield* left) > 0) yield* Effect.sleep("20 millis")
      yield* Fiber.interruptAll(takers)
      assert.deepStrictEqual(done.sort((a, b) => a - b), Array.from({ length: count }, (_, n) => n))
    })).pipe(Effect.provide(layerServer({ template, maxConnections: 12 }))))

  it.live.skipIf(isPooled)(
    "23.5: who waits in another process is woken by what is offered",
    () =>
      Effect.scoped(Effect.gen(function*() {
        // who does not hear would look in an hour
        const all = yield* processes(2, { pollInterval: "1 hour" })
        const [mine, others] = yield* Effect.forEach(all, (one) => Effect.provideContext(queue, one))
        const sql = yield* SqlClient.SqlClient
        const listens = Effect.map(
          sql`select 1 from pg_stat_activity where datname = current_database() and query ilike 'listen%'`,
          (rows) => rows.length > 0
        )
        for (let n = 0; n < 3; n++) {
          const taking = yield* Effect.forkChild(others!.take(Effect.succeed))
          while (!(yield* listens)) yield* Effect.sleep("5 millis")
          yield* mine!.offer(n)
          assert.strictEqual(yield* Fiber.join(taking), n)
        }
      })).pipe(Effect.provide(layerServer({ template, maxConnections: 12 })))
  )

  it.live("23.7: what is renewed and settled at one moment by many is neither lost nor taken twice", () =>
    Effect.scoped(Effect.gen(function*() {
      const [one, two] = yield* processes(2, { lease: "2 seconds", pollInterval: "20 millis" })
      const mine = yield* Effect.provideContext(queue, one!)
      const others = yield* Effect.provideContext(queue, two!)
      for (let n = 0; n < 20; n++) yield* mine.offer(n)
      const taken: Array<number> = []
      const slow = mine.take((n) => Effect.andThen(Effect.sync(() => taken.push(n)), Effect.sleep("5 seconds")))
      const waiting = yield* Effect.forEach(Array.from({ length: 20 }), () => Effect.forkChild(slow))
      while (taken.length < 20) yield* Effect.sleep("5 millis")
      // all are held, for longer than a lease, which is renewed meanwhile; the others look for what nobody holds
      const idle = yield* Effect.forkChild(others.take((n) => Effect.sync(() => taken.push(n))))
      yield* Effect.forEach(waiting, Fiber.join)
      yield* Fiber.interrupt(idle)
      assert.deepStrictEqual(taken.sort((a, b) => a - b), Array.from({ length: 20 }, (_, n) => n))
    })).pipe(Effect.provide(layerServer({ template, maxConnections: 12 }))))

  it.live.skipIf(isPooled)(
    "23.7: sessions that die at any moment lose nothing, and have nothing taken twice",
    () =>
      Effect.scoped(Effect.gen(function*() {
        const all = yield* processes(2, { pollInterval: "20 millis" })
        const sql = yield* SqlClient.SqlClient
        const [mine, others] = yield* Effect.forEach(all, (one) => Effect.provideContext(queue, one))
        const count = 200
        const done: Array<number> = []
        const killing = yield* Effect.forkChild(Effect.forever(Effect.gen(function*() {
          yield* sql`select pg_terminate_backend(pid) from pg_stat_activity
          where datname = current_database() and application_name = 'process' order by random() limit 1`
          yield* Effect.sleep("15 millis")
        })))
        const takers = yield* Effect.forEach(
          Array.from({ length: 8 }),
          () => Effect.forkChild(Effect.forever(others!.take((n) => Effect.sync(() => done.push(n)))))
        )
        for (let n = 0; n < count; n++) {
          // who is told that it was not stored offers it again
          yield* Effect.retry(mine!.offer(n, { id: `${n}` }), { times: 20 })
          yield* Effect.sleep("2 millis")
        }
        const left = Effect.map(
          sql<{ n: number }>`select count(*)::int as n from stepped.queue_elements where state <> 2`,
          ([row]) => row!.n
        )
        while ((yield* left) > 0) yield* Effect.sleep("20 millis")
        yield* Fiber.interruptAll([killing, ...takers])
        assert.deepStrictEqual(yield* sql`select distinct attempts from stepped.queue_elements`, [{ attempts: 1 }])
        assert.deepStrictEqual(done.sort((a, b) => a - b), Array.from({ length: count }, (_, n) => n))
      })).pipe(Effect.provide(layerServer({ template, maxConnections: 12 })))
  )
})
