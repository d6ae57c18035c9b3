/**
 * A server whose sessions may neither wait nor dawdle: what the server refuses is tried again until it passes, no transition is half done,
 * and what a transactional step writes is there once.
 */
import { PgClient } from "@effect/sql-pg"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { readFileSync } from "node:fs"
import { Stepped } from "stepped"
import { layerUrl, startServer } from "../harness/Server.ts"
import { Car, limited, refusals, scenario, type Setting, settled } from "./fixtures/impatience.ts"
import { alone, startWorkerOf } from "./starting.ts"

describe("every session", () => {
  for (const setting of Object.keys(refusals) as ReadonlyArray<Setting>) {
    it.live(`with a ${setting} of 50 ms: everything ends, once`, () => scenario([setting]))
  }

  it.live("with all of them: everything ends, once", () =>
    // where it ends the transaction as well, the server leaves the others to it
    scenario(Object.keys(refusals) as ReadonlyArray<Setting>, ["transaction_timeout"]))

  it.live("batches that take longer than a statement may become smaller until they pass", () =>
    Effect.gen(function*() {
      const { logFile, url } = yield* startServer({ flags: ["fsync=off"] })
      const admin = yield* alone(layerUrl(url, { maxConnections: 1 }))
      yield* Effect.provide(Stepped.migrate(), admin)
      const load = Stepped.action("load", { arguments: [Schema.String] }).step("a", () => Effect.void).step("b", () =>
        Effect.void)
      const Cars = Stepped.actions(Car, [load])
      yield* Effect.gen(function*() {
        const car = yield* Cars.client
        const ids = Array.from({ length: 2000 }, (_, id) =>
          id)
        // the first batch is a thousand of them, some ten megabytes
        const all = Effect.gen(function*() {
          const handles = yield* Effect.forEach(ids, (id) => car(id).loadLater("x".repeat(10_000)), {
            concurrency: "unbounded"
          })
          yield* Effect.forEach(handles, settled, { concurrency: "unbounded", discard: true })
        })
        yield* Effect.provide(
          Effect.flatMap(PgClient.PgClient, (sql) => limited(sql, ["statement_timeout"], { now: 0 }, all)),
          admin
        )
        assert.include(readFileSync(logFile, "utf8"), refusals.statement_timeout)
      }).pipe(Effect.provide(yield* startWorkerOf(url, Cars.layer, { concurrency: 500 })))
    }))
})
