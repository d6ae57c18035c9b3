/** A worker in a process of its own. What its bodies do is said in the actions' arguments; see `Worker.test.ts`. */
import { NodeRuntime } from "@effect/platform-node"
import { PgClient } from "@effect/sql-pg"
import { Config, Effect, Layer } from "effect"
import { existsSync, rmSync } from "node:fs"
import { join } from "node:path"
import { createInterface } from "node:readline"
import { Stepped } from "stepped"
import { layerCars } from "./Garage.ts"
import { layerTrains, type Version } from "./Trains.ts"

const say = (event: string, what: string) => console.log(JSON.stringify({ event, what }))

// a machine whose clock is off
const ahead = Number(process.env.CLOCK_MS ?? "0")
const machine = Date.now
Date.now = () => machine() + ahead

const setting = (name: string, otherwise: string) => process.env[name] ?? otherwise

let go = () => {}
const told = new Promise<void>((resolve) => go = resolve)
createInterface({ input: process.stdin }).on("line", () => go())

/** Lets nothing else run in this process: for a while, or until there is a file that is named after it in the folder `BLOCK_UNTIL`. */
const block = () => {
  const wait = (ms: number) => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms)
  if (process.env.BLOCK_UNTIL === undefined) return wait(Number(setting("BLOCK_MS", "0")))
  const released = join(process.env.BLOCK_UNTIL, String(process.pid))
  while (!existsSync(released)) wait(20)
  rmSync(released)
}

/** `quick`, `gate` (until it is told to go on), `never`, `block` (the whole process, for a while), `poison` (takes its process with it). */
const body = (what: string) =>
  Effect.gen(function*() {
    say("started", what)
    if (what.startsWith("gate")) yield* Effect.promise(() => told)
    if (what.startsWith("never")) return yield* Effect.never
    if (what.startsWith("block")) block()
    if (what.startsWith("poison")) {
      yield* Effect.sleep(`${Number(setting("POISON_MS", "0"))} millis`)
      process.kill(process.pid, "SIGKILL")
    }
    say("done", what)
  }).pipe(Effect.onInterrupt(() => Effect.sync(() => say("interrupted", what))))

// behind PgBouncer, as the process that starts it
const isPooled = Boolean(process.env.STEPPED_PGBOUNCER)

const worker = (options: Stepped.WorkerOptions) =>
  Stepped.worker({
    concurrency: Number(setting("CONCURRENCY", "8")),
    gracePeriod: `${Number(setting("GRACE_MS", "10000"))} millis`,
    ...options
  })

// `left=default,right=heavy`: a worker of each name, with a queue of its own; otherwise there is one, which takes from all
const workers = setting("WORKERS", "").split(",").filter((text) => text !== "").map((text) => {
  const [name, queue] = text.split("=")
  return worker({ name: name!, queues: [queue!] })
})

const Main = (workers.length === 0 ? worker({}) : workers.reduce((some, one) => Layer.merge(some, one))).pipe(
  Layer.merge(Layer.effectDiscard(Effect.sync(() => say("ready", "")))),
  Layer.provide(layerCars(body)),
  Layer.provide(layerTrains(setting("VERSION", "first") as Version, body)),
  Layer.provide(Stepped.layer({
    lease: `${Number(setting("LEASE_MS", "1000"))} millis`,
    attempts: Number(setting("ATTEMPTS", "5")),
    pollInterval: `${Number(setting("POLL_MS", "50"))} millis`,
    notify: !isPooled,
    databaseClock: setting("DATABASE_CLOCK", "yes") === "yes",
    migrate: setting("MIGRATE", "no") === "yes"
  })),
  Layer.provide(PgClient.layerConfig({
    url: Config.Redacted("DATABASE_URL"),
    prepare: Config.succeed(!isPooled)
  }))
)

NodeRuntime.runMain(Layer.launch(Main))
// well after the handler of `runMain`: a claim that was under way when the signal came has been answered by then
process.on("SIGTERM", () => setTimeout(() => say("stopping", ""), 300))
