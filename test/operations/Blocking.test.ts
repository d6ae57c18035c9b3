/** Bodies that let nothing else run in their process, not even what renews the lease; and databases that are away for longer than one. */
import { PgClient } from "@effect/sql-pg"
import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Layer, Logger, type Redacted, Schema } from "effect"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Stepped } from "stepped"
import { healthy } from "../harness/databases.ts"
import { watched } from "../harness/heals.ts"
import { recordOf } from "../harness/observing.ts"
import { startProgram } from "../harness/Program.ts"
import { layerUrl, startServer } from "../harness/Server.ts"
import { until } from "../harness/workers.ts"
import { Cars, layerCars } from "./Garage.ts"
import { alone, database, fast, startEngine, startWorkerOf } from "./starting.ts"

const workerProgram = new URL("./worker.ts", import.meta.url).pathname

/** Blocks this very thread. */
const block = (ms: number) => Effect.sync(() => void Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms))

/** A worker that writes its log to a list. */
const startLogged = (url: Redacted.Redacted, body: (what: string) => Effect.Effect<void>, said: Array<string>) =>
  alone(
    Stepped.worker().pipe(
      Layer.provide(layerCars(body)),
      // a process that oversleeps a third of it counts as blocked, and a renewal that is late has as long for its answer
      Layer.provideMerge(Stepped.layer({ ...fast, lease: "3 seconds", migrate: true })),
      Layer.provide(watched),
      Layer.provideMerge(layerUrl(url)),
      Layer.provide(Logger.layer([Logger.make(({ message }) => void said.push(String(message)))]))
    )
  )

const temporary = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "stepped-blocking-"))),
  (folder) => Effect.sync(() => rmSync(folder, { recursive: true, force: true }))
)

const lost = (said: ReadonlyArray<string>) => said.filter((line) => line.includes("the lease is lost"))

describe("a body that blocks the thread for longer than the lease", () => {
  it.live("runs once, where nobody takes over: the lease is renewed late", () =>
    Effect.gen(function*() {
      const url = yield* database
      const client = yield* startEngine(url)
      yield* Effect.gen(function*() {
        const program = yield* startProgram(workerProgram, { url, env: { LEASE_MS: "3000", BLOCK_MS: "4500" } })
        const car = yield* Cars.client
        const first = yield* car(1).tripLater("block", "block")
        const second = yield* car(2).tripLater("quick", "block")
        yield* first.await
        yield* second.await
        assert.strictEqual(program.said.filter(({ event }) => event === "started").length, 4)
        for (const { id } of [first, second]) {
          assert.deepInclude({ ...yield* recordOf(id) }, { status: "succeeded", attempts: 1 })
        }
        yield* healthy
      }).pipe(Effect.provide(client))
    }))

  class Train extends Stepped.Actor<Train>()("Train", { id: Schema.Int }) {}
  const book = Stepped.action("book", { success: Schema.Int }).step("store", () =>
    Effect.gen(function*() {
      const sql = yield* PgClient.PgClient
      yield* Effect.orDie(sql`insert into stored default values`)
      yield* block(4000)
      return 1
    }), { transactional: true })
  const Trains = Stepped.actions(Train, [book])

  it.live("in a transactional step: its SQL commits once", () =>
    Effect.gen(function*() {
      const url = yield* database
      yield* Effect.gen(function*() {
        const sql = yield* PgClient.PgClient
        yield* sql`create table stored (id int generated always as identity)`
        const handle = yield* (yield* Trains.client)(1).bookLater()
        assert.strictEqual(yield* handle.await, 1)
        assert.deepStrictEqual((yield* sql`select id from stored`).map(({ id }) => id), [1])
        assert.deepInclude({ ...yield* recordOf(handle.id) }, { status: "succeeded", attempts: 1 })
        yield* healthy
      }).pipe(Effect.provide(yield* startWorkerOf(url, Trains.layer, { lease: "3 seconds" })))
    }))

  it.live(
    "whoever takes over counts the attempt, once: it runs as often as `attempts` says",
    () =>
      Effect.gen(function*() {
        const url = yield* database
        const client = yield* startEngine(url)
        yield* Effect.gen(function*() {
          const folder = yield* temporary
          const env = { BLOCK_UNTIL: folder, ATTEMPTS: "3" }
          const programs = [
            yield* startProgram(workerProgram, { url, env }),
            yield* startProgram(workerProgram, { url, env })
          ]
          for (const program of programs) yield* program.says("ready")
          const handle = yield* (yield* Cars.client)(1).workLater("block")
          // whoever has it blocks until another one has taken over
          const sql = yield* PgClient.PgClient
          const holders: Array<string> = []
          for (const attempts of [0, 1, 2]) {
            const holder = sql<{ pid: string }>`select split_part(w.name, ':', 2) as pid
              from stepped.live_actions l join stepped.workers w on w.token = l.token where l.attempts = ${attempts}`
            yield* until(
              "somebody has it",
              Effect.map(holder, (rows) => holders.push(...rows.map(({ pid }) => pid)) > attempts)
            )
            if (attempts > 0) writeFileSync(join(folder, holders[attempts - 1]!), "")
          }
          assert.deepStrictEqual(holders.map((pid) => pid === holders[0]), [true, false, true])
          const error = yield* Effect.flip(handle.await)
          assert.include(error.message, "gave up after 3 attempts that ended without an answer")
          assert.strictEqual(programs.flatMap(({ said }) => said.filter(({ event }) => event === "started")).length, 3)
          assert.deepInclude({ ...yield* recordOf(handle.id) }, { status: "failed", attempts: 3 })
          yield* healthy
        }).pipe(Effect.provide(client))
      })
  )

  it.live("is named in the log as what the lease was lost for", () =>
    Effect.gen(function*() {
      const url = yield* database
      const said: Array<string> = []
      const started = yield* Deferred.make<void>()
      const go = yield* Deferred.make<void>()
      const body = Deferred.succeed(started, undefined).pipe(
        Effect.andThen(Deferred.await(go)),
        // until somebody has taken over: what is due has its turn in between, and the renewal
        Effect.andThen(Effect.forever(Effect.andThen(block(6000), Effect.sleep("1 second"))))
      )
      const worker = yield* startLogged(url, () => body, said)
      yield* Effect.gen(function*() {
        const handle = yield* (yield* Cars.client)(1).workLater("quick")
        yield* Deferred.await(started)
        const program = yield* startProgram(workerProgram, { url })
        yield* program.says("ready")
        yield* Deferred.succeed(go, undefined)
        yield* handle.await
        assert.deepStrictEqual(program.said.filter(({ event }) => event === "done").length, 1)
        yield* until("it notices", Effect.sync(() => lost(said).length > 0))
        assert.match(
          lost(said)[0]!,
          /^stepped: the lease is lost, 1 running body is interrupted: somebody took over, since a body has blocked the thread: the renewal came \d{4,} ms late$/
        )
        assert.deepInclude({ ...yield* recordOf(handle.id) }, { status: "succeeded", attempts: 2 })
        yield* healthy
      }).pipe(Effect.provide(worker))
    }))
})

describe("a database that is away for longer than the lease", () => {
  it.live("has bodies interrupted, says so, and burns no attempt", () =>
    Effect.gen(function*() {
      const { start, stop, url } = yield* startServer({ flags: ["fsync=off"] })
      const said: Array<string> = []
      const started = yield* Deferred.make<void>()
      let runs = 0
      const body = Effect.suspend(() =>
        ++runs === 1 ? Effect.andThen(Deferred.succeed(started, undefined), Effect.never) : Effect.void
      )
      const worker = yield* startLogged(url, () => body, said)
      yield* Effect.gen(function*() {
        const handle = yield* (yield* Cars.client)(1).workLater("x")
        yield* Deferred.await(started)
        yield* stop("immediate")
        // longer than anybody insists on anything
        yield* Effect.sleep("8 seconds")
        while (lost(said).length === 0) yield* Effect.sleep("20 millis")
        yield* start
        const retried = Effect.retry(handle.await, { while: (error) => error._tag === "StorageError" })
        yield* retried
        assert.strictEqual(runs, 2)
        assert.match(
          lost(said)[0]!,
          /^stepped: the lease is lost, 1 running body is interrupted: the database has not answered for \d{3,} ms$/
        )
        assert.deepInclude({ ...yield* recordOf(handle.id) }, { status: "succeeded", attempts: 1 })
        yield* healthy
      }).pipe(Effect.provide(worker))
    }))
})
