import { it } from "@effect/vitest"
import { Effect, Layer, Logger } from "effect"
import { SqlClient } from "effect/sql"
import { Stepped } from "stepped"
import { layerServer, layerUrl, TestDatabase } from "../harness/Server.ts"
import { brokenRules, crowds, forAll, letPerform, makeWorld, show } from "./Trees.ts"
const template = { name: "migrated", migrate: Stepped.migrate() }
it.live("debug", () => {
  const worldA = makeWorld({ second: 4 })
  const worldB = makeWorld({ second: 4 })
  const trace: Array<string> = []
  const t0 = performance.now()
  for (const [n, w] of [["A", worldA], ["B", worldB]] as const) {
    w.log.push = (...items: Array<string>) => {
      for (const i of items) trace.push(`${(performance.now() - t0).toFixed(1)} ${n} ${i}`)
      return Array.prototype.push.apply(w.log, items)
    }
  }
  const worker = (w: typeof worldA) =>
    Layer.fresh(
      Stepped.worker({ concurrency: 8 }).pipe(
        Layer.provide(w.layer),
        Layer.provideMerge(Stepped.layer({ databaseClock: false, notify: true, pollInterval: "50 millis" }))
      )
    )
  return Effect.gen(function*() {
    const { url } = yield* TestDatabase
    const first = yield* Layer.build(worker(worldA))
    yield* Layer.build(Layer.provide(worker(worldB), layerUrl(url, { maxConnections: 6 })))
    let name = 0
    yield* forAll(crowds, (crowd) =>
      Effect.gen(function*() {
        trace.length = 0
        worldB.log.length = 0
        yield* letPerform(worldA, `crowd ${name++}`, crowd)
        const log = [...worldA.log, ...worldB.log]
        const twice = log.filter((entry, i) => log.indexOf(entry) !== i)
        const broken = yield* brokenRules({ oneClock: false })
        if (twice.length + broken.length > 0) {
          const sql = yield* SqlClient.SqlClient
          console.log("BROKEN", twice, broken, "\n" + show(crowd as never), "\n" + trace.join("\n"))
          for (const b of broken) {
            const id = b.slice(-36)
            console.log(
              JSON.stringify(
                [
                  yield* sql.unsafe("select * from stepped.ended_actions where id = $1::uuid", [id]),
                  yield* sql.unsafe("select * from stepped.steps where action = $1::uuid", [id]),
                  yield* sql.unsafe("select * from stepped.slots where action = $1::uuid", [id])
                ],
                undefined,
                1
              ).replace(/"(steps|other|plan)": \{[\s\S]*?\n  \}/g, "")
            )
          }
          for (const t of twice) {
            const k = t.split(" ").slice(1, 3).join(" ").split("@")[0]
            console.log(
              k,
              JSON.stringify(
                yield* sql.unsafe(
                  "select id, definition, status, enqueued_at, started_at, ended_at, attempts, cause, callbacks_succeeded, callbacks_failed from stepped.ended_actions where arguments->>0 like $1",
                  [k + "%"]
                ),
                undefined,
                1
              )
            )
          }
          return yield* Effect.die(new Error("broken"))
        }
      }), { endOnFailure: true }).pipe(Effect.provide(first))
  }).pipe(
    Effect.scoped,
    Effect.provide(Logger.layer([Logger.make(({ message, logLevel, date }) => {
      trace.push(`${(performance.now() - t0).toFixed(1)} LOG ${logLevel} ${JSON.stringify(message).slice(0, 300)}`)
    })])),
    Effect.provide(layerServer({ template, maxConnections: 10 }))
  )
}, 240000)
