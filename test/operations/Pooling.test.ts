/**
 * A connection pooler in transaction mode gives every transaction another session: nothing may be prepared, kept or listened to in one.
 * First without a pooler, where no session lives longer than what it was opened for; then behind PgBouncer, where it is installed.
 */
import { assert, describe, inject, it } from "@effect/vitest"
import { Effect, Layer, Logger, Redacted } from "effect"
import { SqlClient } from "effect/sql"
import { Stepped, UnsuitableIsolation } from "stepped"
import { healthy } from "../harness/databases.ts"
import { watched } from "../harness/heals.ts"
import { pgBouncerPath, startPgBouncer } from "../harness/PgBouncer.ts"
import { type ClientOptions, freshDatabase, layerServer, layerUrl } from "../harness/Server.ts"
import { Cars, CarsLive, performs, polling, session, template } from "./fixtures/pooled.ts"
import { alone } from "./starting.ts"

describe("without sessions that last", () => {
  const Main = Stepped.worker().pipe(
    Layer.provide(CarsLive),
    Layer.provideMerge(Stepped.layer(polling)),
    Layer.provide(watched),
    Layer.provideMerge(layerServer({ template, prepare: false, connectionTTL: 0 }))
  )

  it.live("actions perform", () =>
    Effect.gen(function*() {
      yield* performs(3)
      // the premise: a statement after another meets another session
      const first = yield* session
      assert.notStrictEqual(yield* session, first)
    }).pipe(Effect.provide(Main)))
})

const path = pgBouncerPath()

describe.skipIf(path === undefined)(
  "behind PgBouncer in transaction mode (needs one on the path, or STEPPED_PGBOUNCER)",
  () => {
    /** The client and the worker of a process, on a database behind PgBouncer. */
    const start = (
      options: Stepped.EngineOptions,
      { level, ...client }: ClientOptions & { readonly level?: string } = {}
    ) =>
      Effect.gen(function*() {
        const { name, url: direct } = yield* freshDatabase({ template })
        if (level !== undefined) {
          yield* Effect.provide(
            Effect.flatMap(
              SqlClient.SqlClient,
              (sql) => sql.unsafe(`alter database "${name}" set default_transaction_isolation = '${level}'`)
            ),
            yield* alone(layerUrl(direct, { maxConnections: 1 }))
          )
        }
        const pooler = yield* startPgBouncer(path!, Redacted.make(inject("databaseUrl")))
        const url = new URL(Redacted.value(pooler.url))
        url.pathname = `/${name}`
        const layer = Stepped.worker().pipe(
          Layer.provide(CarsLive),
          Layer.provideMerge(Stepped.layer({ ...polling, ...options })),
          Layer.provide(watched),
          Layer.provideMerge(layerUrl(Redacted.make(url.href), { prepare: false, ...client }))
        )
        return { ...pooler, url: Redacted.make(url.href), worker: yield* alone(layer), startAnother: alone(layer) }
      })

    it.live("two processes perform what one of them enqueues", () =>
      Effect.gen(function*() {
        const { startAnother, worker } = yield* start({})
        yield* startAnother
        yield* Effect.provide(performs(40), worker)
        // the premise: sessions are taken in turns
        const sessions = yield* Effect.provide(Effect.all([session, session, session]), worker)
        assert.isAbove(new Set(sessions).size, 1)
      }))

    it.live("at repeatable read whoever waits goes on: what the engine decides states its level, and leaves none to the session", () =>
      Effect.gen(function*() {
        const { startAnother, worker } = yield* start({}, { level: "repeatable read" })
        yield* startAnother
        yield* Effect.gen(function*() {
          const sql = yield* SqlClient.SqlClient
          const level = Effect.map(
            sql<{ level: string }>`select current_setting('transaction_isolation') as level`,
            ([row]) => row!.level
          )
          yield* performs(40)
          const later = yield* (yield* Cars.client)(77).with({ delay: "1 hour" }).driveLater(1)
          const refused = yield* Effect.flip(sql.withTransaction(later.cancel()))
          assert.instanceOf(refused, UnsuitableIsolation)
          assert.strictEqual(refused.level, "repeatable read")
          assert.isTrue(yield* later.cancel())
          assert.strictEqual((yield* Effect.flip(later.await))._tag, "Cancelled")
          yield* healthy
          // the sessions are everybody's, in turns
          const levels = yield* Effect.all(Array.from({ length: 40 }, () => level))
          assert.deepStrictEqual([...new Set(levels)], ["repeatable read"])
          assert.isAbove(new Set(yield* Effect.all([session, session, session])).size, 1)
        }).pipe(Effect.provide(worker))
      }))

    it.live("a worker that would listen says that it hears nothing, and looks for itself", () =>
      Effect.gen(function*() {
        const said: Array<string> = []
        const log = Logger.layer([Logger.make(({ message }) => {
          if (String(message).includes("no notification")) said.push(String(message))
        })])
        const { worker } = yield* Effect.provide(start({ notify: true }), log)
        yield* Effect.provide(performs(5), worker)
        while (said.length === 0) yield* Effect.provide(session, worker)
        assert.lengthOf(said, 1)
        assert.match(said[0]!, /no notification arrives, as behind PgBouncer .* every 50ms/)
        yield* Effect.provide(Effect.flatMap(Cars.client, (car) => car(77).drive(1)), worker)
        yield* Effect.provide(healthy, worker)
      }))
  }
)
