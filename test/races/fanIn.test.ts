/**
 * Many children that end at once, in several engines: the parent goes on exactly once, no wake-up is lost, and the server finds no
 * deadlock, however impatiently it looks for one (rule 4.4).
 *
 * `STEPPED_ROUNDS=10000` makes it long.
 */
import { assert, it } from "@effect/vitest"
import { Effect, Layer, Redacted, References } from "effect"
import { SqlClient } from "effect/sql"
import { Stepped } from "stepped"
import { healthy } from "../harness/databases.ts"
import { watched } from "../harness/heals.ts"
import { layerUrl, startServer } from "../harness/Server.ts"
import { allEnded, layerWorkers, noDeadlock, until } from "../harness/workers.ts"
import { patienceMs } from "../patience.ts"
import { Car, Cars, deadlock, deadlocks, numbers, play, rounds, shared } from "./fixtures/fanIn.ts"

it.live(
  `4.4: children of ${rounds} steps end at once, and the server's log names no deadlock`,
  () =>
    Effect.gen(function*() {
      const { logFile, url } = yield* startServer({
        flags: ["deadlock_timeout=1ms", "log_lock_waits=off", "log_line_prefix=%m [%p] %e %d "]
      })
      const database = Redacted.make(Redacted.value(url))
      // a lease that ends on a busy machine would let a body run twice, which is right, and not what is counted here
      const engine = (migrate: boolean) =>
        Stepped.worker({ concurrency: 64, connections: 3 }).pipe(
          Layer.provideMerge(Cars.layer),
          Layer.provideMerge(Stepped.layer({ migrate, lease: "20 seconds", pollInterval: "50 millis" })),
          Layer.provide(watched),
          Layer.provideMerge(layerUrl(database, { maxConnections: 10 })),
          Layer.fresh
        )
      const first = yield* Layer.build(engine(true))
      const engines = [first, yield* Layer.build(engine(false))]
      yield* Effect.forEach(numbers(rounds), (n) => play(n, engines), { concurrency: 24, discard: true })
      yield* Effect.provide(Effect.andThen(allEnded, healthy), first)
      assert.deepStrictEqual(deadlocks(logFile), [])
      // one that is made for it shows there
      yield* Effect.provide(deadlock, first)
      assert.isNotEmpty(deadlocks(logFile))
    }).pipe(Effect.scoped, Effect.provideService(References.MinimumLogLevel, "Warn")),
  patienceMs + rounds * 200
)

it.effect("4.4: of 200 parents that wait for one child each goes on once", () =>
  Effect.gen(function*() {
    const client = yield* Cars.client
    const sql = yield* SqlClient.SqlClient
    const handles = yield* Effect.forEach(numbers(200), (n) => client(n + 1).shareLater(), { concurrency: "unbounded" })
    yield* until(
      "all parents wait for the one",
      Effect.map(
        sql<{ n: number }>`select count(*)::int as n from stepped.slots o join stepped.live_actions l on l.id = o.child
          where o.status is null and l.phase = 2`,
        (rows) => rows[0]!.n === 200
      )
    )
    yield* Stepped.complete(Car.ref(0), shared, Stepped.Outcome.succeeded(7))
    const results = yield* Effect.forEach(handles, (handle) => handle.await, { concurrency: "unbounded" })
    assert.deepStrictEqual(results, numbers(200).map(() => 7))
    yield* allEnded
    yield* healthy
    yield* noDeadlock
  }).pipe(Effect.provide(layerWorkers(Cars.layer))))
