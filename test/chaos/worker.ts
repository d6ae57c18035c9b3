/**
 * A worker in a process of its own, ready long before it is told to begin, so that it can stand in for one that was killed. It ends with
 * whoever has started it.
 */
import { NodeRuntime } from "@effect/platform-node"
import { PgClient } from "@effect/sql-pg"
import { Effect, Layer, Redacted } from "effect"
import { closeSync, openSync, writeSync } from "node:fs"
import { flushCompileCache } from "node:module"
import { createInterface } from "node:readline"
import { Stepped } from "stepped"
import { silent } from "../model/Trees.ts"
import { engineOptions, layerWorld, leaseMs, type WorkerBrief } from "./World.ts"

const say = (event: "ready" | "working") => console.log(JSON.stringify({ event }))

const log = (path: string) =>
  Effect.acquireRelease(
    Effect.sync(() => openSync(path, "a")),
    (file) => Effect.sync(() => closeSync(file))
  )

const main = ({ clockMs, concurrency, isolation, logFile, second, url }: WorkerBrief) => {
  // a machine whose clock is off
  const machine = Date.now
  Date.now = () => machine() + clockMs
  const world = Layer.unwrap(Effect.gen(function*() {
    const sql = yield* PgClient.PgClient
    const file = yield* log(logFile)
    return layerWorld({
      second,
      ran: (entry, step) =>
        Effect.gen(function*() {
          // in the file before anything else happens: nothing of it is lost with the process
          writeSync(file, `${entry}\n`)
          const isTransactional = step?.transactional === true
          if (isTransactional && Math.random() < 0.03) {
            // a body that lets nothing else run in its process, not even what keeps the lease
            writeSync(file, `blocked ${entry}\n`)
            Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, leaseMs + 1000)
          }
          // at times more of them than the pool has connections for
          if (machine() % 12_000 < 2500 && Math.random() < 0.7) {
            writeSync(file, `keeping ${entry}\n`)
            yield* Effect.orDie(sql`select pg_sleep(${(leaseMs + 500) / 1000})`)
          }
          if (isTransactional) yield* Effect.orDie(sql`insert into chaos.effects ${sql.insert({ entry })}`)
          // what takes no time leaves none to be killed in
          if (Math.random() < 0.7) yield* Effect.sleep(Math.random() * (isTransactional ? 1000 : 600))
        })
    })
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
