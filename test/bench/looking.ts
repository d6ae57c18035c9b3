/**
 * What the command takes to look, from its first query to its last line, where a million actions have ended, some of them badly, and a
 * thousand are queued. In ms, five times one after the other; the same for what a process needs to start.
 */
import { NodeServices } from "@effect/platform-node"
import { PgClient } from "@effect/sql-pg"
import { Console, Effect, Layer, Redacted, Schema } from "effect"
import { execFileSync } from "node:child_process"
import { ActionRepo, Stepped } from "stepped"
import { run } from "stepped/cli"
import { body, Car, Cars, drive, layer } from "./Cars.ts"
import { say, settings } from "./Measured.ts"
import { startMeter } from "./Meter.ts"

const { count } = settings({ count: 1_000_000 })
const url = process.env.DATABASE_URL!

class Flat extends Schema.TaggedError<Flat>()("Flat", { tyre: Schema.Int }) {}
class Bus extends Stepped.Actor<Bus>()("Bus", { id: Schema.Int }) {}
const breakDown = Stepped.action("breakDown", { arguments: [Schema.Int], error: Flat }).step((n) =>
  Effect.andThen(body, Effect.fail(new Flat({ tyre: n % 4 })))
)
/** No worker has it: it stays queued. */
const park = Stepped.action("park").step(() => body)
const Buses = Stepped.actions(Bus, [breakDown])
const Parked = Stepped.actions(Car, [park])

const numbers = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i)

const drained = Effect.gen(function*() {
  const sql = yield* PgClient.PgClient
  while (
    (yield* sql`select 1 where exists (select from stepped.jobs) or exists (select from stepped.live_actions)`).length >
      0
  ) {
    yield* Effect.sleep("100 millis")
  }
})

/** Runs the command in this process, in which all that it loads is loaded. */
const took = (args: ReadonlyArray<string>) =>
  Effect.gen(function*() {
    const silent: Console.Console = Object.assign(Object.create(globalThis.console), { log: () => {} })
    const began = performance.now()
    const code = yield* run([...args, "--url", url], { version: "0" }).pipe(
      Effect.provideService(Console.Console, silent),
      Effect.provide(NodeServices.layer)
    )
    if (code > 1) throw new Error(`${args.join(" ")}: code ${code}`)
    return Math.round(performance.now() - began)
  })

const Main = Effect.gen(function*() {
  const sql = yield* PgClient.PgClient
  const repo = yield* ActionRepo
  const stop = yield* startMeter()
  const began = performance.now()
  yield* Effect.scoped(Effect.gen(function*() {
    const cars = yield* Cars.client
    const buses = yield* Buses.client
    yield* Layer.build(Stepped.worker({ concurrency: 500 }))
    const bad = count / 100
    for (let from = 0; from < bad; from += 5000) {
      yield* buses.enqueueMany(breakDown, numbers(from, Math.min(bad, from + 5000)).map((id) => [id, id]))
    }
    for (let from = bad; from < count; from += 5000) {
      yield* cars.enqueueMany(drive, numbers(from, Math.min(count, from + 5000)).map((id) => [id, id]))
    }
    yield* drained
  }))
  const parked = yield* (yield* Parked.client).enqueueMany(park, numbers(0, 1000).map((id) => [id]))
  yield* sql.unsafe("vacuum analyze")
  const seconds = (performance.now() - began) / 1000
  const reading = yield* stop
  const [failed] = yield* repo.list({ statuses: ["failed"], limit: 1 })
  const commands = {
    ls: ["ls"],
    "ls, failed": ["ls", "--status", "failed"],
    "ls, of an actor": ["ls", "--actor", `Car/${count - 1}`],
    show: ["show", failed!.id],
    why: ["why", parked.at(-1)!.id],
    errors: ["errors", "--since", "1 day"],
    queues: ["queues"],
    operations: ["operations"]
  }
  yield* Effect.forEach(Object.values(commands), took)
  const samples: Array<Record<string, number>> = []
  for (let round = 0; round < 5; round++) {
    const sample: Record<string, number> = {}
    for (const [name, args] of Object.entries(commands)) sample[name] = yield* took(args)
    const start = performance.now()
    execFileSync(process.execPath, [
      "--conditions=stepped-source",
      "--no-warnings",
      new URL("../../src/cli/main.ts", import.meta.url).pathname,
      "--version"
    ])
    sample["a process's start"] = Math.round(performance.now() - start)
    samples.push(sample)
  }
  say({ work: "looking", count, unit: "actions", seconds, actions: count, reading, samples })
})

await Effect.runPromise(
  Effect.scoped(Main).pipe(
    Effect.provide(
      Layer.mergeAll(layer, Buses.layer).pipe(
        Layer.provideMerge(Stepped.layer({ migrate: true, historyRetention: "Infinity" })),
        Layer.provideMerge(PgClient.layer({ url: Redacted.make(url) }))
      )
    )
  )
)
process.exit(0)
