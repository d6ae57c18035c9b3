/** A database that is away at the start, goes away in the middle, or cuts connections: nothing is lost, nothing half done. */
import { PgClient } from "@effect/sql-pg"
import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Exit, Fiber, Layer } from "effect"
import { ActionRepo, Stepped } from "stepped"
import { healthy } from "../harness/databases.ts"
import { watched } from "../harness/heals.ts"
import { pgBouncerPath, startPgBouncer } from "../harness/PgBouncer.ts"
import { layerUrl } from "../harness/Server.ts"
import { options, server, settled, startWorker, underLoad } from "./fixtures/outages.ts"
import { Cars, layerCars } from "./Garage.ts"
import { alone } from "./starting.ts"

describe("a database that is away at the start", () => {
  it.live(
    "is waited for, for about ten seconds, then the layer fails with a clear error",
    () =>
      Effect.gen(function*() {
        const { stop, url } = yield* server
        const client = yield* alone(layerUrl(url))
        yield* stop("fast")
        const start = performance.now()
        const error = yield* Effect.flip(
          Effect.scoped(Layer.build(Stepped.layer(options))).pipe(Effect.provide(client))
        )
        const seconds = (performance.now() - start) / 1000
        assert.strictEqual(error._tag, "StorageError")
        assert.isTrue((error as { readonly isRetryable: boolean }).isRetryable)
        assert.match(error.message, /^(migrate|checkMigrations): .*(ECONNREFUSED|connect)/s)
        assert.isAbove(seconds, 5)
      })
  )

  it.live("is used as soon as it is there", () =>
    Effect.gen(function*() {
      const { start, stop, url } = yield* server
      const client = yield* alone(layerUrl(url))
      yield* stop("fast")
      const building = yield* Effect.forkChild(
        alone(
          Stepped.worker().pipe(
            Layer.provide(layerCars(() => Effect.void)),
            Layer.provideMerge(Stepped.layer(options)),
            Layer.provide(watched),
            Layer.provide(Layer.succeedContext(client))
          )
        )
      )
      yield* start
      const engine = yield* Fiber.join(building)
      yield* Effect.gen(function*() {
        yield* (yield* Cars.client)(1).work("x")
        yield* healthy
      }).pipe(Effect.provide(engine))
    }))
})

describe("a database that goes away in the middle", () => {
  it.live("stops hard and comes back: everything ends, once", () =>
    Effect.gen(function*() {
      const { start, stop, url } = yield* server
      yield* underLoad((halfway) => Effect.andThen(Deferred.await(halfway), Effect.andThen(stop("immediate"), start)))(
        url
      )
    }))

  const path = pgBouncerPath()
  it.live.skipIf(path === undefined)(
    "stops hard and comes back behind PgBouncer (needs one on the path, or STEPPED_PGBOUNCER): everything ends, once",
    () =>
      Effect.gen(function*() {
        const { start, stop, url } = yield* server
        const pooler = yield* startPgBouncer(path!, url)
        yield* underLoad(
          (halfway) => Effect.andThen(Deferred.await(halfway), Effect.andThen(stop("immediate"), start)),
          { prepare: false }
        )(pooler.url)
      })
  )

  it.live("cuts all connections again and again: everything ends, once", () =>
    Effect.gen(function*() {
      const { url } = yield* server
      const admin = yield* alone(layerUrl(url, { maxConnections: 1 }))
      const cut = Effect.flatMap(
        PgClient.PgClient,
        (sql) =>
          sql`select pg_terminate_backend(pid), pg_sleep(0.01) from pg_stat_activity where pid <> pg_backend_pid() and backend_type = 'client backend'`
      ).pipe(Effect.provide(admin))
      yield* underLoad((halfway) =>
        Effect.andThen(
          Deferred.await(halfway),
          Effect.repeat(cut, { times: 10 })
        )
      )(url)
    }))

  it.live("calls that enqueue are tried again, and what they enqueue is there once", () =>
    Effect.gen(function*() {
      const { start, stop, url } = yield* server
      const worker = yield* startWorker(url)
      yield* Effect.gen(function*() {
        const car = yield* Cars.client
        yield* car(0).work("x")
        yield* stop("immediate")
        const calls = yield* Effect.forkChild(
          Effect.forEach([1, 2, 3], (id) => car(id).workLater("x"), { concurrency: "unbounded" })
        )
        yield* start
        const handles = yield* Fiber.join(calls)
        yield* Effect.forEach(handles, settled)
        const actions = yield* Effect.flatMap(ActionRepo, (repo) => repo.list())
        assert.deepStrictEqual(actions.map(({ actorId, status }) => `${actorId} ${status}`).sort(), [
          "0 succeeded",
          "1 succeeded",
          "2 succeeded",
          "3 succeeded"
        ])
        yield* healthy
      }).pipe(Effect.provide(worker))
    }))

  it.live(
    "and stays away: calls fail with an error that says that they may be tried again",
    () =>
      Effect.gen(function*() {
        const { start, stop, url } = yield* server
        const worker = yield* startWorker(url)
        yield* Effect.gen(function*() {
          const car = yield* Cars.client
          yield* car(0).work("x")
          yield* stop("fast")
          const error = yield* Effect.flip(car(1).workLater("x"))
          assert.strictEqual(error._tag, "EnqueueError")
          assert.strictEqual(error.reason._tag, "StorageError")
          assert.isTrue(error.isRetryable)
          assert.include(error.message, "may succeed when tried again")
          yield* start
          // the worker has outlived it
          yield* Effect.retry(car(2).work("x"), {
            while: (error) => error._tag === "StorageError" || error._tag === "EnqueueError"
          })
          yield* healthy
        }).pipe(Effect.provide(worker))
      })
  )
})

describe("a caller's transaction", () => {
  it.live(
    "that the server refuses stays the caller's to repeat: nothing of it is enqueued",
    () =>
      Effect.gen(function*() {
        const { url } = yield* server
        const worker = yield* startWorker(url)
        yield* Effect.gen(function*() {
          const sql = yield* PgClient.PgClient
          const car = yield* Cars.client
          const exit = yield* Effect.exit(sql.withTransaction(Effect.gen(function*() {
            yield* car(1).workLater("x")
            yield* sql`set local statement_timeout = '10ms'`
            yield* sql`select pg_sleep(1)`
          })))
          assert.isTrue(Exit.isFailure(exit))
          yield* car(2).work("x")
          const actions = yield* Effect.flatMap(ActionRepo, (repo) => repo.list())
          assert.deepStrictEqual(actions.map(({ actorId }) => actorId), ["2"])
          yield* healthy
        }).pipe(Effect.provide(worker))
      })
  )
})
