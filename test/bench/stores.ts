/**
 * Effect's queues and rate limits over this package's stores, and over Effect's own SQL store of queues, on one server, one after the other:
 * how many elements are offered and taken in a second, with how many commits each; how long one takes that is offered to another process
 * which waits; how often a key, and a hundred keys, are taken of.
 *
 * `node --conditions=stepped-source --no-warnings test/bench/stores.ts`. `COUNT=200` is for trying whether it works.
 */
import { PgClient } from "@effect/sql-pg"
import { Console, Context, Effect, Fiber, Layer, Schema } from "effect"
import { PersistedQueue, RateLimiter } from "effect/persistence"
import type { SqlClient } from "effect/sql"
import { Stepped } from "stepped"
import { layerPersistedQueueStore, layerRateLimiterStore } from "stepped/stores"
import { startServer } from "../harness/PostgresServer.ts"

const count = Number(process.env["COUNT"] ?? 20_000)
const numbers = Array.from({ length: count }, (_, n) => n)

/** A process's stores, with a pool of its own. */
const build = <A, E>(
  layer: Layer.Layer<A, E, PgClient.PgClient | SqlClient.SqlClient>,
  url: PgClient.PgPoolConfig["url"]
) =>
  Effect.flatMap(Effect.scope, (scope) =>
    Layer.buildWithMemoMap(
      Layer.provideMerge(layer, PgClient.layer({ ...url === undefined ? {} : { url }, maxConnections: 20 })),
      Layer.makeMemoMapUnsafe(),
      scope
    ))

/** Transaction ids that were used: each is a commit that writes. */
const commits = Effect.gen(function*() {
  const sql = yield* PgClient.PgClient
  const [row] = yield* sql<{ n: number }>`select pg_snapshot_xmax(pg_current_snapshot())::text::float8 as n`
  return row!.n
})

/** What something takes, for each of so many. */
const measured = <A, E, R>(what: string, each: number, effect: Effect.Effect<A, E, R>) =>
  Effect.gen(function*() {
    const before = yield* commits
    const since = performance.now()
    yield* effect
    const ms = performance.now() - since
    const spent = (yield* commits) - before
    yield* Console.log(`  ${what}: ${Math.round(each / ms * 1000)} a second, ${(spent / each).toFixed(2)} commits each`)
  })

const queue = PersistedQueue.make({ name: "numbers", schema: Schema.Int })

const queues = (
  name: string,
  store: Layer.Layer<PersistedQueue.PersistedQueueFactory, unknown, PgClient.PgClient | SqlClient.SqlClient>
) =>
  Effect.scoped(Effect.gen(function*() {
    const { url } = yield* startServer()
    const [one, other] = [yield* build(store, url), yield* build(store, url)]
    yield* Console.log(name)
    const mine = yield* Effect.provideContext(queue, one)
    const others = yield* Effect.provideContext(queue, other)
    yield* Effect.gen(function*() {
      yield* measured(
        "offered",
        count,
        Effect.forEach(numbers, (n) => mine.offer(n), { concurrency: 64, discard: true })
      )
      yield* measured(
        "taken",
        count,
        Effect.forEach(numbers, () => others.take(() => Effect.void), { concurrency: 64, discard: true })
      )
      const times: Array<number> = []
      for (let n = 0; n < 20; n++) {
        const waiting = yield* Effect.forkChild(others.take(() => Effect.sync(() => performance.now())))
        yield* Effect.sleep("200 millis")
        const since = performance.now()
        yield* mine.offer(n)
        times.push((yield* Fiber.join(waiting)) - since)
      }
      times.sort((a, b) => a - b)
      yield* Console.log(
        `  taken by a process that waits: after ${times[10]!.toFixed(1)} ms, ${times[19]!.toFixed(1)} at most`
      )
    }).pipe(Effect.provideContext(one))
  }))

const limits = Effect.scoped(Effect.gen(function*() {
  const { url } = yield* startServer()
  const services = yield* build(
    RateLimiter.layer.pipe(Layer.provide(layerRateLimiterStore), Layer.provide(Stepped.layer({ migrate: true }))),
    url
  )
  const limiter = Context.get(services, RateLimiter.RateLimiter)
  const consuming = (keys: number, limit: number) =>
    Effect.forEach(
      numbers,
      (n) => Effect.exit(limiter.consume({ key: `${keys} ${n % keys} ${limit}`, limit, window: "1 hour" })),
      { concurrency: 20, discard: true }
    )
  yield* Console.log("rate limits")
  yield* Effect.gen(function*() {
    yield* measured("of one key", count, consuming(1, 2 * count))
    yield* measured("of a hundred keys", count, consuming(100, 2 * count))
    yield* measured("refused", count, consuming(1, 1))
  }).pipe(Effect.provideContext(services))
}))

const ours = PersistedQueue.layer.pipe(
  Layer.provide(layerPersistedQueueStore()),
  Layer.provide(Stepped.layer({ migrate: true }))
)
const effects = PersistedQueue.layer.pipe(Layer.provide(PersistedQueue.layerStoreSql()))

await Effect.runPromise(Effect.andThen(
  Effect.andThen(queues("queues, stepped/stores", ours), queues("queues, Effect's SQL store", effects)),
  limits
))
