/** Rules 23.1 to 23.4: what Effect's own stores do for its `RateLimiter`, on Postgres. */
import { assert, it } from "@effect/vitest"
import { Duration, Effect, Layer } from "effect"
import { RateLimiter } from "effect/persistence"
import { SqlClient } from "effect/sql"
import { TestClock } from "effect/testing"
import { layerRateLimiterStore } from "stepped/stores"
import { suite, type TestEngine } from "../harness/databases.ts"
import { until } from "../harness/workers.ts"
import { countdown, type Op, play, randomOps } from "./fixtures/rates.ts"

const limiting = (engine: TestEngine) =>
  RateLimiter.layer.pipe(Layer.provideMerge(layerRateLimiterStore), Layer.provideMerge(engine.layer()))

const keys = Effect.flatMap(SqlClient.SqlClient, (sql) =>
  Effect.map(
    sql<{ key: string }>`select key from stepped.rate_limits order by key`,
    (rows) => rows.map(({ key }) => key)
  ))

suite("rate limits", (engine) => {
  for (const algorithm of ["fixed-window", "token-bucket"] as const) {
    const at = { algorithm, window: "1 minute", limit: 5, key: "a" } as const

    it.effect(`23.1: ${algorithm}: as much as the limit is taken, and then it fails until there is more`, () =>
      Effect.gen(function*() {
        const limiter = yield* RateLimiter.RateLimiter
        assert.deepStrictEqual(yield* countdown(limiter, at, 5), [4, 3, 2, 1, 0])
        const refused = (yield* Effect.flip(limiter.consume(at))).reason
        assert(refused._tag === "RateLimitExceeded")
        assert.deepStrictEqual([refused.key, refused.limit, refused.remaining], ["a", 5, 0])
        // a window is over as a whole, a bucket has its next token after a fifth of it
        const waits = algorithm === "fixed-window" ? 60_000 : 12_000
        assert.strictEqual(Duration.toMillis(refused.retryAfter), waits)
        // refused again it is no further away
        yield* TestClock.adjust(1000)
        const later = (yield* Effect.flip(limiter.consume(at))).reason
        assert(later._tag === "RateLimitExceeded")
        assert.strictEqual(Duration.toMillis(later.retryAfter), waits - 1000)
        yield* TestClock.adjust(waits - 1001)
        yield* Effect.flip(limiter.consume(at))
        yield* TestClock.adjust(1)
        assert.strictEqual((yield* limiter.consume(at)).remaining, algorithm === "fixed-window" ? 4 : 0)
        // another key has a limit of its own
        assert.strictEqual((yield* limiter.consume({ ...at, key: "b" })).remaining, 4)
      }).pipe(Effect.provide(limiting(engine))))

    it.effect(`23.1: ${algorithm}: who may wait is told how long, and whoever comes after waits longer`, () =>
      Effect.gen(function*() {
        const limiter = yield* RateLimiter.RateLimiter
        const consume = Effect.map(
          limiter.consume({ ...at, onExceeded: "delay" }),
          ({ delay }) => Duration.toMillis(delay)
        )
        const delays: Array<number> = []
        for (let n = 0; n < 11; n++) delays.push(yield* consume)
        assert.deepStrictEqual(
          delays,
          algorithm === "fixed-window"
            ? [0, 0, 0, 0, 0, 60_000, 60_000, 60_000, 60_000, 60_000, 120_000]
            : [0, 0, 0, 0, 0, 12_000, 24_000, 36_000, 48_000, 60_000, 72_000]
        )
      }).pipe(Effect.provide(limiting(engine))))
  }

  it.effect("23.1: a window and a bucket of one key count apart, and several tokens at once are as many", () =>
    Effect.gen(function*() {
      const limiter = yield* RateLimiter.RateLimiter
      const at = { window: "1 minute", limit: 5, key: "a", tokens: 3 } as const
      assert.strictEqual((yield* limiter.consume(at)).remaining, 2)
      assert.strictEqual((yield* limiter.consume({ ...at, algorithm: "token-bucket" })).remaining, 2)
      yield* Effect.flip(limiter.consume(at))
      yield* Effect.flip(limiter.consume({ ...at, algorithm: "token-bucket" }))
      // less is there still, and half a token is half a token
      assert.strictEqual((yield* limiter.consume({ ...at, tokens: 1.5 })).remaining, 0.5)
      assert.strictEqual((yield* limiter.consume({ ...at, tokens: 1.5, algorithm: "token-bucket" })).remaining, 0.5)
    }).pipe(Effect.provide(limiting(engine))))

  it.effect("23.1: what somebody else refuses is waited for, and learned from", () =>
    Effect.gen(function*() {
      const store = yield* RateLimiter.RateLimiterStore
      const take = (tokens = 1) =>
        Effect.map(
          store.adaptiveConsume({ key: "api", tokens, fallbackLimit: 10, fallbackWindow: Duration.minutes(1) }),
          ({ delay, epoch, phase }) => [phase, epoch, Duration.toMillis(delay)]
        )
      const told = (epoch: number, retryAfter: Duration.Input | undefined, status = 429) =>
        store.adaptiveFeedback({
          key: "api",
          epoch,
          tokens: 1,
          status,
          retryAfter: retryAfter === undefined ? undefined : Duration.fromInputUnsafe(retryAfter)
        })
      assert.deepStrictEqual(yield* take(), ["inactive", 0, 0])
      // what is no refusal, says no time, or is of an epoch that there is not, says nothing
      yield* told(0, "1 second", 200)
      yield* told(0, undefined)
      yield* told(7, "1 second")
      assert.deepStrictEqual(yield* take(), ["inactive", 0, 0])
      yield* told(0, "1 second")
      yield* TestClock.adjust(400)
      assert.deepStrictEqual(yield* take(), ["cooldown", 0, 600])
      yield* TestClock.adjust(600)
      // the first one after it begins to count
      assert.deepStrictEqual(yield* take(), ["learning", 1, 0])
      assert.deepStrictEqual([yield* take(), yield* take()], [["learning", 1, 0], ["learning", 1, 0]])
      yield* told(0, "1 hour")
      assert.deepStrictEqual(yield* take(), ["learning", 1, 0])
      yield* TestClock.adjust(1000)
      // two of the three went in the two seconds that it says
      yield* told(1, "1 second")
      const learned = [yield* take(), yield* take(), yield* take(), yield* take()]
      assert.deepStrictEqual(learned.map(([phase, epoch]) => [phase, epoch]), Array(4).fill(["learned", 2]))
      assert.isTrue(learned.every(([, , delay]) => Number(delay) > 0))
      // refused once more it begins anew; a minute after it says nothing any more nothing is known
      yield* told(2, "1 second")
      assert.deepStrictEqual(yield* take(), ["cooldown", 2, 1000])
      yield* TestClock.adjust("61 seconds")
      assert.deepStrictEqual(yield* take(), ["inactive", 0, 0])
    }).pipe(Effect.provide(limiting(engine))))

  it.effect("23.1: whatever is asked in whatever order, it answers as Effect's store in memory does", () =>
    Effect.gen(function*() {
      const stored = yield* RateLimiter.RateLimiterStore
      const memory = yield* Effect.provide(RateLimiter.RateLimiterStore, RateLimiter.layerStoreMemory)
      for (let seed = 1; seed <= 12; seed++) {
        const asked: Array<Op> = []
        for (const op of randomOps(seed, 60)) {
          asked.push(op)
          const [mine, theirs] = [yield* play(stored, op, `${seed}`), yield* play(memory, op, `${seed}`)]
          assert.deepStrictEqual(mine, theirs, `seed ${seed}: ${JSON.stringify(asked.slice(-5))}`)
          if (op.kind === "time") yield* TestClock.adjust(op.ms)
        }
      }
    }).pipe(Effect.provide(limiting(engine))))

  it.effect("23.2: who is refused writes nothing, and neither does who is to wait for somebody else", () =>
    Effect.gen(function*() {
      const limiter = yield* RateLimiter.RateLimiter
      const sql = yield* SqlClient.SqlClient
      const versions = Effect.map(
        sql<{ place: string }>`select string_agg(ctid::text || xmin::text || xmax::text, ' ' order by kind) as place
          from stepped.rate_limits`,
        ([row]) => row!.place
      )
      const of = [
        { window: "1 minute", limit: 1, key: "a" },
        { window: "1 minute", limit: 1, key: "a", algorithm: "token-bucket" }
      ] as const
      for (const one of of) yield* limiter.consume(one)
      yield* limiter.adaptiveFeedback({ key: "a", epoch: 0, tokens: 1, status: 429, retryAfter: Duration.minutes(1) })
      const before = yield* versions
      for (const one of of) yield* Effect.flip(limiter.consume(one))
      yield* limiter.adaptiveConsume({ key: "a", tokens: 1, fallbackLimit: 1, fallbackWindow: Duration.minutes(1) })
      assert.strictEqual(yield* versions, before)
    }).pipe(Effect.provide(limiting(engine))))

  it.effect("23.2: in an open transaction it is taken with its commit, and not without", () =>
    Effect.gen(function*() {
      const limiter = yield* RateLimiter.RateLimiter
      const sql = yield* SqlClient.SqlClient
      const at = { window: "1 minute", limit: 5, key: "a" } as const
      yield* Effect.flip(sql.withTransaction(Effect.andThen(limiter.consume(at), Effect.fail("no" as const))))
      assert.strictEqual((yield* sql.withTransaction(limiter.consume(at))).remaining, 4)
      assert.strictEqual((yield* limiter.consume(at)).remaining, 3)
    }).pipe(Effect.provide(limiting(engine))))

  it.effect("23.3: what says nothing any more is deleted when a process begins to limit, however much it is", () =>
    Effect.gen(function*() {
      const limiter = yield* RateLimiter.RateLimiter
      const sql = yield* SqlClient.SqlClient
      const old = { window: "1 second", limit: 5 } as const
      yield* limiter.consume({ ...old, key: "old window" })
      yield* limiter.consume({ ...old, key: "old bucket", algorithm: "token-bucket" })
      yield* limiter.adaptiveFeedback({ key: "old", epoch: 0, tokens: 1, status: 429, retryAfter: Duration.seconds(1) })
      yield* limiter.consume({ window: "1 hour", limit: 5, key: "open" })
      yield* limiter.consume({ window: "1 hour", limit: 5, key: "filling", algorithm: "token-bucket" })
      // one that says something again since then
      yield* limiter.consume({ window: "1 second", limit: 5, key: "renewed" })
      yield* sql`insert into stepped.rate_limits (kind, key, tokens, at, expires_at, look_at)
        select 0, 'many ' || n, 1, 0, 0, 0 from generate_series(1, 2500) n`
      yield* TestClock.adjust("50 seconds")
      yield* limiter.consume({ window: "2 minutes", limit: 1, key: "renewed" })
      yield* TestClock.adjust("80 seconds")
      yield* Layer.build(Layer.fresh(layerRateLimiterStore))
      const left = ["filling", "open", "renewed"]
      yield* until("the others are gone", Effect.map(keys, (found) => found.length === left.length))
      assert.deepStrictEqual(yield* keys, left)
      // and what was left counts as before
      yield* Effect.flip(limiter.consume({ window: "2 minutes", limit: 1, key: "renewed" }))
    }).pipe(Effect.scoped, Effect.provide(limiting(engine))))

  it.effect("23.4: a key that cannot be stored, and what is no number, is refused and counts nothing", () =>
    Effect.gen(function*() {
      const store = yield* RateLimiter.RateLimiterStore
      const window = (key: string, tokens: number) =>
        Effect.flip(store.fixedWindow({ key, tokens, refillRate: Duration.seconds(1), limit: 1 }))
      const refusals = [
        yield* window("a\u0000", 1),
        yield* window("a".repeat(1001), 1),
        yield* window("a", Number.NaN),
        yield* Effect.flip(store.tokenBucket({
          key: "a",
          tokens: 1,
          limit: Number.POSITIVE_INFINITY,
          refillRate: Duration.seconds(1),
          allowOverflow: false
        }))
      ]
      assert.deepStrictEqual(refusals.map(({ message, reason }) => [reason._tag, message.split(":")[0]]), [
        ["RateLimitStoreError", "key"],
        ["RateLimitStoreError", "key"],
        ["RateLimitStoreError", "tokens is NaN"],
        ["RateLimitStoreError", "limit is Infinity"]
      ])
      assert.deepStrictEqual(yield* keys, [])
    }).pipe(Effect.provide(limiting(engine))))
})
