/** Migrations beside workers, clients and dumps that are busy: of this version again and again, and of the next one. */
import { PgClient } from "@effect/sql-pg"
import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Fiber, Logger, type Redacted } from "effect"
import { MigrationBlocked, Stepped } from "stepped"
import { migrateTo as migrateStorage, type Migration, migrations } from "../../src/sql/Migrations.ts"
import { Storage } from "../../src/store/Storage.ts"
import { healthy } from "../harness/databases.ts"
import { statusesOf } from "../harness/observing.ts"
import { type Program, startProgram } from "../harness/Program.ts"
import { holding } from "../harness/racing.ts"
import { freshDatabase, layerUrl } from "../harness/Server.ts"
import { allEnded } from "../harness/workers.ts"
import { patienceMs } from "../patience.ts"
import { Cars } from "./Garage.ts"
import { alone, database, fast, startEngine } from "./starting.ts"

const program = new URL("./worker.ts", import.meta.url).pathname
const startWorker = (url: Redacted.Redacted, migrate: "yes" | "no" = "no") =>
  startProgram(program, { url, env: { MIGRATE: migrate } })

/** It has done something from now on. */
const isAtWork = ({ said, says }: Program) =>
  Effect.suspend(() => says("done", said.filter(({ event }) => event === "done").length + 1))

/** Trips that are enqueued until `meanwhile` is over, all of which succeed. */
const underLoad = <A, E, R>(meanwhile: Effect.Effect<A, E, R>) =>
  Effect.gen(function*() {
    const car = yield* Cars.client
    let count = 0
    const round = Effect.suspend(() =>
      Effect.forEach(Array.from({ length: 8 }, () => count++), (id) => car(id).trip("quick", "quick"), {
        concurrency: "unbounded",
        discard: true
      })
    )
    const load = yield* Effect.forkChild(Effect.forever(round))
    yield* round
    const result = yield* Effect.raceFirst(meanwhile, Fiber.join(load))
    yield* Fiber.interrupt(load)
    yield* round
    yield* allEnded
    assert.deepStrictEqual([...new Set(yield* statusesOf("trip"))], ["succeeded"])
    yield* healthy
    return result
  })

describe("migrating", () => {
  it.live("again and again, by several processes, changes nothing and stops nobody", () =>
    Effect.gen(function*() {
      const url = yield* database
      yield* Effect.gen(function*() {
        const first = yield* startWorker(url)
        yield* first.says("ready")
        const again = Effect.gen(function*() {
          const client = yield* alone(layerUrl(url, { maxConnections: 1 }))
          return yield* Effect.forEach(Array.from({ length: 10 }), () => Effect.provide(Stepped.migrate(), client))
        })
        const ran = yield* underLoad(Effect.gen(function*() {
          const loops = yield* Effect.forkChild(Effect.all([again, again, again], { concurrency: "unbounded" }))
          const others = yield* Effect.all([startWorker(url, "yes"), startWorker(url, "yes")])
          for (const other of others) yield* other.says("done")
          return (yield* Fiber.join(loops)).flat(2)
        }))
        assert.deepStrictEqual(ran, [])
      }).pipe(Effect.provide(yield* startEngine(url)))
    }))

  it.live(
    "by processes that start together on a database without tables: all of them work",
    () =>
      Effect.gen(function*() {
        const { url } = yield* freshDatabase()
        const workers = yield* Effect.all([1, 2, 3].map(() => startWorker(url, "yes")))
        const engine = yield* startEngine(url, { ...fast, migrate: true } as Stepped.LayerOptions)
        yield* Effect.provide(underLoad(Effect.forEach(workers, (worker) => worker.says("done"))), engine)
      })
  )

  /** What a later version might do to tables in use: columns, an index, a table of its own. */
  const migrateTo = (version: number) =>
    Effect.gen(function*() {
      const sql = yield* PgClient.PgClient
      yield* sql.withTransaction(Effect.gen(function*() {
        yield* sql`lock table stepped.migrations in access exclusive mode`
        const column = sql(`note_${version}`)
        for (const table of ["live_actions", "ended_actions", "steps", "slots"]) {
          yield* sql`alter table ${sql(`stepped.${table}`)} add column ${column} text default 'none'`
        }
        yield* sql`create index on stepped.ended_actions (definition, ${column})`
        yield* sql`create table ${sql(`stepped.notes_${version}`)} as select id from stepped.ended_actions`
        yield* sql`insert into stepped.migrations (migration_id, name) values (${version}, 'next')`
      }))
    }).pipe(
      // its locks and those of transitions may meet crosswise: then one of them is tried again, as whoever migrates would
      Effect.retry({ while: ({ isRetryable }) => isRetryable })
    )

  it.live(
    "to the next version: workers of this one go on, and may start; with the one after it no more start",
    () =>
      Effect.gen(function*() {
        const url = yield* database
        yield* Effect.gen(function*() {
          const old = yield* startWorker(url)
          yield* old.says("ready")
          const admin = yield* alone(layerUrl(url, { maxConnections: 1 }))
          yield* underLoad(Effect.gen(function*() {
            yield* Effect.provide(migrateTo(2), admin)
            yield* isAtWork(old)
            const late = yield* startWorker(url, "yes")
            yield* late.says("done")
            yield* Effect.provide(migrateTo(3), admin)
            assert.strictEqual((yield* Effect.flip(startEngine(url)))._tag, "SchemaTooNew")
            for (const worker of [old, late]) yield* isAtWork(worker)
          }))
          assert.deepStrictEqual(yield* Effect.provide(Stepped.migrate(), admin), [])
        }).pipe(Effect.provide(yield* startEngine(url)))
      })
  )

  const tables = ["jobs", "live_actions", "ended_actions", "steps", "slots", "workers", "migrations"]
  /** What a dump does, until the effect that this gives: it reads every table in one transaction. */
  const dumping = (url: Redacted.Redacted) =>
    Effect.gen(function*() {
      const client = yield* alone(layerUrl(url, { maxConnections: 1, applicationName: "pg_dump" }))
      const reading = Effect.gen(function*() {
        const sql = yield* PgClient.PgClient
        yield* sql`set transaction isolation level repeatable read, read only`
        for (const table of tables) yield* sql`lock table ${sql(`stepped.${table}`)} in access share mode`
      })
      return yield* Effect.provide(holding(Effect.provide(reading, client)), client)
    })
  const next: ReadonlyArray<Migration> = [
    ...migrations,
    {
      id: 2,
      name: "next",
      statements: ["alter table live_actions add column note text", "alter table ended_actions add column note text"]
    }
  ]
  const migrateNext = (limit: Duration.Input) =>
    migrateStorage(next, Duration.fromInputUnsafe(limit)).pipe(Effect.provide(
      Storage.layer({ schema: "stepped", deadline: Duration.seconds(20), embedded: false })
    ))

  it.live(
    "while a dump runs: where there is nothing to do nobody waits, however many start",
    () =>
      Effect.gen(function*() {
        const url = yield* database
        const end = yield* dumping(url)
        const starts = Effect.forEach([1, 2, 3], () => startEngine(url, { migrate: true } as Stepped.LayerOptions), {
          concurrency: "unbounded"
        })
        const [engine] = yield* starts
        const admin = yield* alone(layerUrl(url, { maxConnections: 1 }))
        assert.deepStrictEqual(yield* Effect.provide(Stepped.migrate(), admin), [])
        yield* Effect.provide(Effect.flatMap(Cars.client, (car) => car(1).tripLater("quick", "quick")), engine!)
        yield* end
      })
  )

  it.live(
    "to the next version while a dump runs: says for whom it waits, holds nobody up, and gives up",
    () =>
      Effect.gen(function*() {
        const url = yield* database
        const said: Array<string> = []
        const log = Logger.layer([Logger.make(({ message }) => void said.push(String(message)))])
        yield* Effect.gen(function*() {
          const worker = yield* startWorker(url)
          yield* worker.says("ready")
          const end = yield* dumping(url)
          const admin = yield* alone(layerUrl(url, { maxConnections: 1 }))
          yield* underLoad(Effect.gen(function*() {
            const error = yield* Effect.flip(Effect.provide(Effect.provide(migrateNext("4 seconds"), admin), log))
            assert.instanceOf(error, MigrationBlocked)
            assert.deepStrictEqual(
              error.by.map(({ application }) => application).filter((name) => name === "pg_dump"),
              [
                "pg_dump"
              ]
            )
            assert.match(
              error.message,
              /has waited \d+ ms for its tables, in use by .*pg_dump \(process \d+, since 2\d{3}-/
            )
            assert.isAtLeast(said.filter((line) => line.includes("pg_dump")).length, 1)
            assert.deepStrictEqual(yield* Effect.provide(Stepped.migrate(), admin), [])
            yield* isAtWork(worker)
            // the next one comes to it as soon as the dump is over
            const migrating = yield* Effect.forkChild(Effect.provide(migrateNext(patienceMs / 2), admin))
            yield* Effect.sleep("1500 millis")
            yield* end
            assert.deepStrictEqual(yield* Fiber.join(migrating), [[2, "next"]])
            assert.deepStrictEqual(yield* Effect.provide(migrateNext(patienceMs / 2), admin), [])
            yield* isAtWork(worker)
          }))
        }).pipe(Effect.provide(yield* startEngine(url)))
      })
  )

  it.live(
    "by several processes to the next version: one of them does it, beside whoever works",
    () =>
      Effect.gen(function*() {
        const url = yield* database
        yield* Effect.gen(function*() {
          const worker = yield* startWorker(url)
          yield* worker.says("ready")
          const one = Effect.flatMap(
            alone(layerUrl(url, { maxConnections: 1 })),
            (client) => Effect.provide(migrateNext(patienceMs / 2), client)
          )
          const ran = yield* underLoad(Effect.gen(function*() {
            const each = yield* Effect.all([one, one, one, one], { concurrency: "unbounded" })
            yield* isAtWork(worker)
            return each.flat()
          }))
          assert.deepStrictEqual(ran, [[2, "next"]])
        }).pipe(Effect.provide(yield* startEngine(url)))
      })
  )
})
