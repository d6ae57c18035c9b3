/**
 * A worker in a process of its own, ready long before it is told to begin, so that it can stand in for one that was killed. It ends with
 * whoever has started it.
 */
import { NodeRuntime } from "@effect/platform-node"
import { PgClient } from "@effect/sql-pg"
import { Effect, Layer, Redacted } from "effect"
import { flushCompileCache } from "node:module"
import { createInterface } from "node:readline"
import { Stepped } from "stepped"
import { silent } from "../model/Trees.ts"
import { bodies, openLog, writesTo } from "./bodies.ts"
import { engineOptions, layerWorld, type WorkerBrief } from "./World.ts"

const say = (event: "ready" | "working") => console.log(JSON.stringify({ event }))

const main = ({ clockMs, concurrency, isolation, logFile, second, url, version }: WorkerBrief) => {
  // a machine whose clock is off
  const machine = Date.now
  Date.now = () => machine() + clockMs
  const world = Layer.unwrap(Effect.gen(function*() {
    const sql = yield* PgClient.PgClient
    const file = yield* openLog(logFile)
    return layerWorld({ second, version, ran: bodies(sql, file, { isWorker: true }), writes: writesTo(file) })
  }))
  const worker = Stepped.worker({ concurrency, gracePeriod: "1 second" }).pipe(
    Layer.provide(world),
    Layer.provide(Stepped.layer(engineOptions)),
    Layer.provide(PgClient.layer({
      url: Redacted.make(url),
      maxConnections: 6,
      connectTimeout: "3 seconds",
      startupParameters: { default_transaction_isolation: isolation }
    })),
    Layer.provide(silent)
  )
  NodeRuntime.runMain(Layer.launch(Layer.effectDiscard(Effect.sync(() => say("working"))).pipe(Layer.provide(worker))))
}

const input = createInterface({ input: process.stdin })
input.once("line", (line) => main(JSON.parse(line) as WorkerBrief))
input.once("close", () => process.exit(1))
// a process that is killed would leave nothing of it to the next one
flushCompileCache()
say("ready")
