/** What a worker takes of the program's pool, and what bodies leave of it. */
import { PgClient } from "@effect/sql-pg"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Schema } from "effect"
import { type ActionHandle, type EnqueueError, Step, Stepped } from "stepped"
import { healthy } from "../harness/databases.ts"
import { watched } from "../harness/heals.ts"
import { recordOf } from "../harness/observing.ts"
import { holding } from "../harness/racing.ts"
import { isPooled, layerUrl } from "../harness/Server.ts"
import { until } from "../harness/workers.ts"
import { run, withRole } from "./fixtures/unsuitable.ts"
import { Cars, layerCars } from "./Garage.ts"
import { alone, database, fast, startEngine } from "./starting.ts"

class Order extends Stepped.Actor<Order>()("Order", { id: Schema.Int }) {}
let runs = 0
const query = Effect.gen(function*() {
  runs++
  const sql = yield* PgClient.PgClient
  // until the test gives way
  yield* Effect.orDie(sql`select pg_advisory_xact_lock_shared(1)`)
})
const report = Stepped.action("report").step(() => query)
const book = Stepped.action("book").step(() => query, { transactional: true })
const wait = Stepped.action("wait").step(() => Step.wait("300 millis")).step(() => Effect.void)
const Orders = Stepped.actions(Order, [report, book, wait])

/** With a pool of this size, for bodies that are more than it has connections. */
const working = (url: Parameters<typeof layerUrl>[0], maxConnections: number) =>
  alone(
    Stepped.worker({ concurrency: 16 }).pipe(
      Layer.provide(Orders.layer),
      Layer.provideMerge(Stepped.layer({ ...fast, lease: "4 seconds" })),
      Layer.provide(watched),
      Layer.provideMerge(layerUrl(url, { maxConnections }))
    )
  )

describe("bodies that use all connections of the pool for longer than the lease", () => {
  for (const name of ["report", "book"] as const) {
    it.live(`run once (${name}), and what is due meanwhile goes on`, () =>
      Effect.gen(function*() {
        runs = 0
        const url = yield* database
        yield* working(url, 8)
        yield* Effect.gen(function*() {
          const sql = yield* PgClient.PgClient
          const giveWay = yield* holding(sql`select pg_advisory_xact_lock(1)`)
          const client = yield* Orders.client
          const busy = yield* Effect.forEach(
            Array.from({ length: 10 }, (_, id) => id),
            (id): Effect.Effect<ActionHandle, EnqueueError> =>
              name === "report" ? client(id).reportLater() : client(id).bookLater()
          )
          while (runs < 3) yield* Effect.sleep(20)
          const waiting = yield* client(100).waitLater()
          const [lease] = yield* sql<{ ends: string }>`select lease_until::text as ends from stepped.workers`
          const isOver = sql`select where clock_timestamp() > ${lease!.ends}::timestamptz`
          yield* until("the lease that it had by then is over", Effect.map(isOver, (rows) => rows.length === 1))
          yield* waiting.await
          yield* giveWay
          yield* Effect.forEach(busy, (handle) => handle.await)
          assert.strictEqual(runs, 10)
          for (const { id } of busy) assert.strictEqual((yield* recordOf(id)).attempts, 1)
          yield* healthy
        }).pipe(Effect.provide(yield* startEngine(url)))
      }))
  }
})

describe("a pool", () => {
  const start = (
    client: Layer.Layer<PgClient.PgClient, unknown>,
    options: Stepped.EngineOptions & Stepped.WorkerOptions = {}
  ) =>
    alone(
      Stepped.worker(options).pipe(
        Layer.provide(layerCars(() => Effect.void)),
        Layer.provideMerge(Stepped.layer({ ...fast, ...options })),
        Layer.provide(watched),
        Layer.provideMerge(client)
      )
    )
  const refused = (
    client: Layer.Layer<PgClient.PgClient, unknown>,
    options?: Stepped.EngineOptions & Stepped.WorkerOptions
  ) =>
    Effect.map(Effect.flip(start(client, options)), (error) => {
      assert.strictEqual((error as { readonly _tag: string })._tag, "PoolTooSmall")
      return String(error)
    })

  const cases: ReadonlyArray<
    readonly [maxConnections: number, options: Stepped.EngineOptions & Stepped.WorkerOptions, needed: number]
  > = [
    [1, { notify: true }, 6],
    [5, { notify: true }, 6],
    [4, { notify: false }, 5],
    [7, { notify: true, connections: 4 }, 8]
  ]
  for (const [maxConnections, options, needed] of cases) {
    it.live(`of ${maxConnections} is refused where a worker needs ${needed}`, () =>
      Effect.gen(function*() {
        const url = yield* database
        const message = yield* refused(layerUrl(url, { maxConnections }), options)
        assert.include(message, `maxConnections of the PgClient is ${maxConnections}, and a worker needs ${needed}`)
        if (!isPooled) yield* start(layerUrl(url, { maxConnections: needed }), options)
      }))
  }

  it.live("of one connection that does not say so is refused too", () =>
    Effect.gen(function*() {
      const url = yield* database
      assert.include(
        yield* refused(PgClient.layerFrom(PgClient.makeClient({ url, prepare: !isPooled })), { notify: false }),
        "maxConnections of the PgClient is 1, and a worker needs 5"
      )
    }))

  it.live.skipIf(isPooled)(
    "is not too small because the server has no second connection just then",
    () =>
      Effect.gen(function*() {
        const { admin, role, url } = yield* withRole()
        yield* run(admin, [
          `grant usage on schema stepped to ${role}`,
          `grant select, insert, update, delete on all tables in schema stepped to ${role}`,
          `alter role ${role} connection limit 1`
        ])
        const error = yield* Effect.flip(start(layerUrl(url), { notify: false }))
        assert.include(String(error), `too many connections for role "${role}" (may succeed when tried again)`)
      })
  )

  it.live("of one is enough for who only enqueues", () =>
    Effect.gen(function*() {
      const url = yield* database
      const client = yield* alone(Stepped.layer(fast).pipe(Layer.provideMerge(layerUrl(url, { maxConnections: 1 }))))
      yield* start(layerUrl(url))
      yield* Effect.provide(Effect.flatMap(Cars.client, (car) => car(1).work("x")), client)
    }))

  it.live.skipIf(isPooled)("gives the worker its connections again when they are lost", () =>
    Effect.gen(function*() {
      const url = yield* database
      const worker = yield* start(layerUrl(url, { applicationName: "losing" }))
      yield* Effect.gen(function*() {
        const sql = yield* PgClient.PgClient
        const car = yield* Cars.client
        yield* car(1).work("before")
        for (let round = 0; round < 3; round++) {
          yield* sql`select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'losing'`
          yield* car(round).work("after")
        }
        yield* healthy
      }).pipe(Effect.provide(yield* startEngine(url)))
      assert.isDefined(worker)
    }))
})
