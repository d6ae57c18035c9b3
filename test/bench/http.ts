/**
 * What asking over HTTP costs beside a working engine: the rate of the engine alone, then with so many requests a second beside it, which a process of its own sends by the clock, however
 * long the answers take. They are answered in the process of the engine, which has all of its thread to itself otherwise, or in the one that asks (`apart`). Times are from when a request
 * was due until its answer was read.
 */
import { NodeHttpServer, NodeServices } from "@effect/platform-node"
import { PgClient } from "@effect/sql-pg"
import { Console, Context, Effect, Fiber, Layer, Redacted } from "effect"
import { HttpRouter, HttpServer } from "effect/http"
import { execFile } from "node:child_process"
import { createServer } from "node:http"
import { promisify } from "node:util"
import { JobQueue, Stepped } from "stepped"
import { run } from "stepped/cli"
import * as Http from "stepped/http"
import { Cars, drive, hear, layer } from "./Cars.ts"
import { latency, say, settings } from "./Measured.ts"
import { startMeter } from "./Meter.ts"

/** How many requests, how many of them a second, whether another process answers them, and how many actions the engine is given a second: as many as it performs, for 0. */
const { apart, asks, count, given, rate } = settings({ count: 12_000, rate: 200, apart: false, given: 0, asks: "" })

/** What a dashboard and programs ask; some of it is dear, and asked for less often. */
const pathsOf = (id: string): ReadonlyArray<string> => [
  ...Array.from({ length: 6 }, () => "/api/actions?limit=50"),
  ...Array.from({ length: 4 }, () => "/api/actions?actorType=Car&actorId=1"),
  ...Array.from({ length: 6 }, () => `/api/actions/${id}`),
  ...Array.from({ length: 4 }, () => `/api/actions/${id}/steps`),
  ...Array.from({ length: 4 }, () => "/api/queues"),
  ...Array.from({ length: 4 }, () => "/api/workers"),
  ...Array.from({ length: 4 }, () => "/api/lanes"),
  ...Array.from({ length: 4 }, () => "/api/operations"),
  "/api/errors",
  `/api/actions/${id}/why`,
  "/api/schedules",
  "/api/attention"
]

interface Asked {
  readonly times: ReadonlyArray<number>
  readonly refused: number
}

/** In a process of its own: asks by the clock. */
const asking = async (origin: string, id: string): Promise<Asked> => {
  const paths = pathsOf(id)
  const times: Array<number> = []
  const begun = performance.now()
  const under: Array<Promise<void>> = []
  let refused = 0
  for (let n = 0; n < count; n++) {
    const due = begun + n * 1000 / rate
    const early = due - performance.now()
    if (early > 0) await new Promise((resolve) => setTimeout(resolve, early))
    const path = paths[n * 7 % paths.length]!
    under.push(
      fetch(origin + path).then(async (answer) => {
        await answer.arrayBuffer()
        if (answer.status !== 200) refused++
      }, () => {
        refused++
      }).then(() => void times.push(performance.now() - due))
    )
  }
  await Promise.all(under)
  return { times, refused }
}

const served = HttpRouter.serve(Http.layer({ authorization: Http.loopback({ mayReadPayloads: true }) }), {
  disableLogger: true,
  disableListenLog: true
}).pipe(Layer.provideMerge(NodeHttpServer.layer(createServer, { port: 0, host: "127.0.0.1" })))

/** As whoever asks for one actor's actions in a long history has them. */
const indexed = run(["migrate", "up", "--search", "--url", process.env.DATABASE_URL!], { version: "0" }).pipe(
  Effect.provideService(Console.Console, Object.assign(Object.create(globalThis.console), { log: () => {} })),
  Effect.provide(NodeServices.layer)
)

const bodies = { done: 0 }

/** What the engine is given; where it is as much as it performs, some seconds' work is always queued. */
const queueing = Effect.gen(function*() {
  const cars = yield* Cars.client
  const queue = yield* JobQueue
  let next = 0
  const enqueue = (size: number) => cars.enqueueMany(drive, Array.from({ length: size }, () => [next++, 1]))
  while (given > 0) {
    yield* enqueue(Math.round(given / 5))
    yield* Effect.sleep("200 millis")
  }
  while (true) {
    const queued = (yield* queue.backlog).reduce((sum, { due }) => sum + due, 0)
    for (let more = queued; more < 100_000; more += 5000) yield* enqueue(5000)
    yield* Effect.sleep("200 millis")
  }
})

/** How many bodies ran meanwhile, a second. */
const rated = <A, E, R>(meanwhile: Effect.Effect<A, E, R>) =>
  Effect.gen(function*() {
    const [before, begun] = [bodies.done, performance.now()]
    const result = yield* meanwhile
    return { result, perSecond: Math.round((bodies.done - before) / (performance.now() - begun) * 1000) }
  })

const serving = Effect.gen(function*() {
  const { address } = Context.get(yield* Layer.build(served), HttpServer.HttpServer)
  return HttpServer.formatAddress(address)
})

const Main = Effect.gen(function*() {
  yield* indexed
  const origin = apart ? "" : yield* serving
  const [first] = yield* (yield* Cars.client).enqueueMany(drive, [[0, 1]])
  hear(() => bodies.done++)
  yield* Layer.build(Stepped.worker({ concurrency: 500 }))
  const filling = yield* Effect.forkScoped(queueing)
  yield* Effect.sleep("5 seconds")
  const seconds = Math.max(1, count / rate)
  const alone = yield* rated(Effect.sleep(`${seconds} seconds`))
  const stop = yield* startMeter()
  const beside = yield* rated(Effect.promise(async () => {
    const { stdout } = await promisify(execFile)(process.execPath, [
      ...process.execArgv,
      process.argv[1]!,
      JSON.stringify({ count, rate, apart, asks: `${origin} ${first!.id}` })
    ], { maxBuffer: 64 * 1024 * 1024 })
    return JSON.parse(stdout) as Asked
  }))
  const reading = yield* stop
  yield* Fiber.interrupt(filling)
  const { refused, times } = beside.result
  say({
    work: "http",
    count,
    unit: "requests",
    seconds: reading.seconds,
    actions: count,
    reading,
    ...latency(times),
    samples: [{
      "actions a second, alone": alone.perSecond,
      "beside requests": beside.perSecond,
      "requests a second": Math.round(count / reading.seconds),
      refused
    }]
  })
})

const engine = layer.pipe(
  Layer.provideMerge(Stepped.layer({ migrate: asks === "" })),
  Layer.provideMerge(PgClient.layer({ url: Redacted.make(process.env.DATABASE_URL!) }))
)

const [origin, id] = asks.split(" ") as [string, string]
/** What is written to a pipe is lost where the process ends before it is read. */
const tell = (asked: Asked): Promise<void> =>
  new Promise((done) => process.stdout.write(JSON.stringify(asked), () => done()))
const Asks = Effect.gen(function*() {
  const there = apart ? yield* serving : origin
  yield* Effect.promise(async () => tell(await asking(there, id)))
})

if (asks !== "" && !apart) await tell(await asking(origin, id))
else await Effect.runPromise(Effect.scoped(asks === "" ? Main : Asks).pipe(Effect.provide(engine)))
process.exit(0)
