import { it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { SqlClient } from "effect/sql"
import { Stepped } from "stepped"
import { layerServer, layerUrl, TestDatabase } from "../harness/Server.ts"
import { crowds, forAll, letPerform, makeWorld } from "./Trees.ts"
const template = { name: "migrated", migrate: Stepped.migrate() }
it.live("debug", () => {
  const world = makeWorld({ second: 4 })
  const worker = Layer.fresh(
    Stepped.worker({ concurrency: 8 }).pipe(
      Layer.provide(world.layer),
      Layer.provideMerge(Stepped.layer({ databaseClock: false, notify: true, pollInterval: "50 millis" }))
    )
  )
  return Effect.gen(function*() {
    const { url } = yield* TestDatabase
    const first = yield* Layer.build(worker)
    yield* Layer.build(Layer.provide(worker, layerUrl(url, { maxConnections: 6 })))
    let name = 0
    const admin = yield* Layer.build(Layer.fresh(layerUrl(url, { maxConnections: 1 })))
    let done = performance.now()
    yield* Effect.forkScoped(Effect.gen(function*() {
      while (true) {
        yield* Effect.sleep("1 seconds")
        const sql = yield* SqlClient.SqlClient
        if (performance.now() - done < 4000) continue
        console.log("STUCK in", name, JSON.stringify(yield* sql.unsafe("select pid, state, wait_event_type, wait_event, now() - state_change as since, pg_blocking_pids(pid) as blocked, left(query, 200) as q from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()"), undefined, 1), JSON.stringify(yield* sql.unsafe("select * from stepped.live_actions"), undefined, 1), JSON.stringify(yield* sql.unsafe("select * from stepped.jobs"), undefined, 1), JSON.stringify(yield* sql.unsafe("select * from stepped.workers"), undefined, 1))
        return
      }
    }).pipe(Effect.provide(admin)))
    yield* forAll(crowds, (crowd) =>
      Effect.gen(function*() {
        console.log("crowd", name)
        yield* letPerform(world, `crowd ${name++}`, crowd)
        done = performance.now()
      })).pipe(Effect.provide(first))
  }).pipe(Effect.provide(layerServer({ template, maxConnections: 10 })), Effect.scoped)
}, 60000)
