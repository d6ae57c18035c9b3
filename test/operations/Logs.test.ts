/** What stands in the log of workers, as whoever is on call reads it: one line each, with the worker's name. */
import { PgClient } from "@effect/sql-pg"
import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Layer, Logger, type LogLevel, type Redacted, References } from "effect"
import { Stepped } from "stepped"
import { watched } from "../harness/heals.ts"
import { startProgram } from "../harness/Program.ts"
import { layerUrl, startServer } from "../harness/Server.ts"
import { patienceMs } from "../patience.ts"
import { Cars, layerCars } from "./Garage.ts"
import { alone, database, fast, startEngine } from "./starting.ts"

interface Line {
  readonly level: LogLevel.LogLevel
  readonly text: string
  readonly fields: Readonly<Record<string, unknown>>
}

const logging = (lines: Array<Line>) =>
  Logger.layer([Logger.make(({ fiber, logLevel, message }) => {
    const parts = Array.isArray(message) ? message : [message]
    lines.push({
      level: logLevel,
      text: parts.map(String).join(" | "),
      fields: fiber.getRef(References.CurrentLogAnnotations)
    })
  })])

const working = (
  lines: Array<Line>,
  url: Redacted.Redacted,
  options: Stepped.EngineOptions & Stepped.WorkerOptions = {},
  body: (what: string) => Effect.Effect<void> = () => Effect.void
) =>
  alone(
    Stepped.worker(options).pipe(
      Layer.provide(layerCars(body)),
      Layer.provideMerge(Stepped.layer({ ...fast, migrate: true, ...options })),
      Layer.provide(watched),
      Layer.provideMerge(layerUrl(url)),
      Layer.provide(logging(lines))
    )
  )

const texts = (lines: ReadonlyArray<Line>, part: string) =>
  lines.map(({ text }) => text).filter((text) => text.includes(part))

const heard = (lines: ReadonlyArray<Line>, part: string) =>
  Effect.gen(function*() {
    const limit = performance.now() + patienceMs * 2 / 3
    while (texts(lines, part).length === 0) {
      if (performance.now() > limit) return yield* Effect.die(new Error(`never said: ${part}`))
      yield* Effect.sleep(20)
    }
  })

describe("a database that is down", () => {
  it.live(
    "is one line for each try, with what it says, where it is, and what comes next",
    () =>
      Effect.gen(function*() {
        const { port, stop, url } = yield* startServer({ flags: ["fsync=off"] })
        yield* stop("fast")
        const lines: Array<Line> = []
        const since = performance.now()
        const error = yield* Effect.flip(Effect.scoped(working(lines, url)))
        assert.isAbove(performance.now() - since, 9500)
        // however long a try takes here
        const paused = lines.map(({ text }) => Number(/trying again in (\d+) ms/.exec(text)?.[1]))
        assert.isAtMost(paused.reduce((sum, ms) => sum + ms, 0), 10_010)
        assert.strictEqual(error._tag, "StorageError")
        assert.isAtMost(lines.length, 9)
        assert.isNotEmpty(lines)
        for (const { fields, level, text } of lines) {
          assert.match(
            text,
            new RegExp(
              String
                .raw`^stepped: the database does not answer yet \(connect ECONNREFUSED 127\.0\.0\.1:${port}\): trying again in \d+ ms, and for [\d.]+ s in all$`
            )
          )
          assert.strictEqual(level, "Warn")
          assert.deepStrictEqual(fields, { database: `127.0.0.1:${port}/postgres`, code: "ECONNREFUSED" })
        }
      })
  )

  it.live("and comes back is heard of a few times, and that all goes on", () =>
    Effect.gen(function*() {
      const { port, start, stop, url } = yield* startServer({ flags: ["fsync=off"] })
      const lines: Array<Line> = []
      const worker = yield* working(lines, url, { lease: "1 second" })
      yield* stop("fast")
      yield* heard(lines, "the lease is lost")
      yield* start
      yield* heard(lines, "has a new lease")
      yield* heard(lines, "connects again")
      yield* Effect.provide(Effect.flatMap(Cars.client, (car) => car(1).work("x")), worker)
      assert.strictEqual(
        texts(lines, "the worker has started")[0],
        "stepped: the worker has started: up to 32 bodies at a time, from all queues"
      )
      const trouble = lines.filter(({ level }) => level === "Warn")
      assert.isBelow(trouble.length, 30)
      for (const { fields, text } of trouble) {
        assert.match(
          text,
          /^stepped: (cannot connect|cannot claim|the lease is lost|cannot compare|cannot look|the database|a body has blocked)/
        )
        assert.notInclude(text, "\n")
        assert.match(String(fields.worker), /^[^:]+:\d+:[0-9a-f]{8}$/)
        if (text.startsWith("stepped: cannot")) assert.strictEqual(fields.database, `127.0.0.1:${port}/postgres`)
      }
    }))
})

describe("a worker", () => {
  it.live(
    "says when it starts, takes nothing new and has stopped, and what it gives back",
    () =>
      Effect.gen(function*() {
        const url = yield* database
        const engine = yield* startEngine(url)
        const lines: Array<Line> = []
        const started = yield* Deferred.make<void>()
        yield* Effect.scoped(Effect.gen(function*() {
          yield* working(
            lines,
            url,
            // longer than this takes
            { gracePeriod: "50 millis", queues: ["default", "heavy"], concurrency: 4, lease: "10 minutes" },
            () => Effect.andThen(Deferred.succeed(started, undefined), Effect.never)
          )
          yield* Effect.provide(Effect.flatMap(Cars.client, (car) => car(1).workLater("x")), engine)
          yield* Deferred.await(started)
        }))
        assert.deepStrictEqual(lines.map(({ text }) => text), [
          "stepped: the worker has started: up to 4 bodies at a time, from the queues default, heavy",
          "stepped: the worker takes nothing new, and waits up to 50ms for 1 body",
          "stepped: the worker has stopped; 1 action is released for others"
        ])
      })
  )

  it.live("that is killed is named by whoever takes over; no two have one name", () =>
    Effect.gen(function*() {
      const url = yield* database
      const engine = yield* startEngine(url)
      const program = yield* startProgram(new URL("./worker.ts", import.meta.url).pathname, {
        url,
        // it loses its lease by its death, and not because the machine is busy
        env: { LEASE_MS: "4000" }
      })
      yield* program.says("ready")
      yield* Effect.provide(Effect.flatMap(Cars.client, (car) => car(1).workLater("never")), engine)
      yield* program.says("started")
      const lines: Array<Line> = []
      yield* working(lines, url)
      const names = yield* Effect.provide(
        Effect.flatMap(PgClient.PgClient, (sql) =>
          sql<{ name: string }>`select name from stepped.workers order by token`),
        engine
      )
      const [dead, own] = names.map(({ name }) =>
        name
      )
      assert.match(dead!, new RegExp(String.raw`^[^:]+:${program.pid}:[0-9a-f]{8}$`))
      assert.match(own!, new RegExp(String.raw`^[^:]+:${process.pid}:[0-9a-f]{8}$`))
      yield* program.signal("SIGKILL")
      yield* heard(lines, "takes over")
      assert.deepStrictEqual(texts(lines, "takes over"), [`stepped: takes over from ${dead}: 1 action goes on`])
      for (const { fields } of lines) assert.strictEqual(fields.worker, own)
    }))

  it.live("has no definitions only if none have come a moment later", () =>
    Effect.gen(function*() {
      const url = yield* database
      const lines: Array<Line> = []
      const starting = (live: Layer.Layer<never, never, Stepped.Services>) =>
        alone(
          live.pipe(
            Layer.provideMerge(Stepped.worker()),
            Layer.provideMerge(Stepped.layer(fast)),
            Layer.provide(watched),
            Layer.provideMerge(layerUrl(url)),
            Layer.provide(logging(lines))
          )
        )
      const worker = yield* starting(layerCars(() => Effect.void))
      yield* Effect.provide(Effect.flatMap(Cars.client, (car) => car(1).work("x")), worker)
      yield* Effect.sleep("2500 millis")
      assert.deepStrictEqual(texts(lines, "no definitions"), [])
      yield* starting(Layer.empty)
      yield* heard(lines, "no definitions")
    }))
})
