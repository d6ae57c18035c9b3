/** One run of one workload, in a process and on a database of its own; prints one line of JSON for each of its results. */
import { PgClient } from "@effect/sql-pg"
import { Config, Effect, Layer, Schema, type Scope } from "effect"
import { Step, Stepped } from "stepped"
import { metered, type Reading } from "./Meter.ts"

export interface Measured {
  readonly name: string
  /** How many of what. */
  readonly count: number
  readonly unit: string
  /** Actions that took part, for what is counted per action. */
  readonly actions: number
  readonly reading: Reading
  readonly p50Ms?: number
  readonly p99Ms?: number
}

class Car extends Stepped.Actor<Car>()("Car", { id: Schema.Int }) {}
const drive = Stepped.action("drive", { arguments: [Schema.Int], success: Schema.Int })
const tour = Stepped.action("tour", { arguments: [Schema.Int] })
  .step("a", () => Effect.void)
  .step("b", () => Effect.void)
  .step("c", () => Effect.void)
  .step("d", () => Effect.void)
  .step("e", () => Effect.void)
const convoy = Stepped.action("convoy", { arguments: [Schema.Int] })
  .step((first) => Step.on(Array.from({ length: 50 }, (_, i) => Car.ref(first * 50 + i)), drive, first))
const Cars = Stepped.actions(Car, [drive, tour, convoy])
const CarsLive = Cars.toLayer(Effect.succeed({ drive: (miles) => Effect.succeed(miles) }))

const numbers = (count: number) => Array.from({ length: count }, (_, i) => i)
const print = (measured: Measured) => Effect.sync(() => console.log(JSON.stringify(measured)))

/** Waits until nothing is queued and nothing is live. */
const drained = Effect.flatMap(PgClient.PgClient, (sql) =>
  Effect.gen(function*() {
    while (true) {
      const [row] = yield* sql<{ done: boolean }>`
        select not exists (select from stepped.jobs) and not exists (select from stepped.live_actions) as done`
      if (row!.done) return
      yield* Effect.sleep("3 millis")
    }
  }))

const enqueueAll = (count: number, enqueue: (id: number) => Effect.Effect<unknown, unknown>) =>
  Effect.forEach(numbers(count), enqueue, { concurrency: 32, discard: true })

/** Enqueues first, then starts a worker: its rate is from there on until everything has ended. */
const drain = (
  name: string,
  unit: string,
  count: number,
  actions: number,
  concurrency: number,
  enqueue: Effect.Effect<unknown, unknown, Stepped.Services | PgClient.PgClient>
) =>
  Effect.gen(function*() {
    yield* enqueue
    const worker = Layer.build(Stepped.worker({ concurrency }))
    const [, reading] = yield* metered(Effect.andThen(worker, drained))
    yield* print({ name: `${name}, concurrency ${concurrency}`, count, unit, actions, reading })
  })

const percentile = (sorted: ReadonlyArray<number>, p: number) =>
  Math.round(sorted[Math.min(sorted.length - 1, Math.floor(p * sorted.length))]! * 100) / 100

const workloads = {
  enqueue: Effect.gen(function*() {
    const client = yield* Cars.client
    yield* enqueueAll(200, (id) => client(-1 - id).driveLater(id))
    const [, reading] = yield* metered(enqueueAll(5000, (id) => client(id).driveLater(id)))
    yield* print({ name: "enqueue, one call each, 32 at a time", count: 5000, unit: "actions", actions: 5000, reading })
  }),
  W1: (concurrency: number) =>
    Effect.gen(function*() {
      const client = yield* Cars.client
      yield* drain(
        "W1 one-step actions",
        "actions",
        5000,
        5000,
        concurrency,
        enqueueAll(5000, (id) => client(id).driveLater(id))
      )
    }),
  W2: Effect.gen(function*() {
    const client = yield* Cars.client
    yield* Layer.build(Stepped.worker())
    const times: Array<number> = []
    const once = (id: number) =>
      Effect.gen(function*() {
        const start = performance.now()
        yield* client(id).drive(id)
        times.push(performance.now() - start)
      })
    yield* Effect.forEach(numbers(100), once, { discard: true })
    times.length = 0
    const [, reading] = yield* metered(Effect.forEach(numbers(500), once, { discard: true }))
    times.sort((a, b) => a - b)
    yield* print({
      name: "W2 idle latency, start to done",
      count: 500,
      unit: "actions",
      actions: 500,
      reading,
      p50Ms: percentile(times, 0.5),
      p99Ms: percentile(times, 0.99)
    })
  }),
  W3: (concurrency: number) =>
    Effect.gen(function*() {
      const client = yield* Cars.client
      yield* drain(
        "W3 actions of five steps",
        "steps",
        5000,
        1000,
        concurrency,
        enqueueAll(1000, (id) => client(id).tourLater(id))
      )
    }),
  W4: (concurrency: number) =>
    Effect.gen(function*() {
      const client = yield* Cars.client
      yield* drain(
        "W4 parents of fifty children",
        "children",
        5000,
        5100,
        concurrency,
        enqueueAll(100, (id) => client(id).convoyLater(id))
      )
    })
}

const selected = process.argv[2] ?? ""
const concurrency = Number(process.argv[3] ?? "32")
const workload: Effect.Effect<void, unknown, Stepped.Services | PgClient.PgClient | Scope.Scope> =
  selected === "enqueue" || selected === "W2"
    ? workloads[selected]
    : workloads[selected as "W1" | "W3" | "W4"](concurrency)

const Main = CarsLive.pipe(
  Layer.provideMerge(Stepped.layer({ migrate: true })),
  Layer.provideMerge(PgClient.layerConfig({ url: Config.Redacted("DATABASE_URL") }))
)

await Effect.runPromise(Effect.scoped(workload).pipe(Effect.provide(Main)))
process.exit(0)
