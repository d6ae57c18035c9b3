/**
 * The engine on each kind of database, for behaviour suites that are written once: `suite(name, (engine) => …)`.
 *
 * Nothing performs by itself there: tests call `performSteppedActions`, and user time is the test's clock.
 */
import type { PgClient } from "@effect/sql-pg"
import { describe } from "@effect/vitest"
import { Effect, Layer } from "effect"
import type { SqlClient } from "effect/sql"
import { Stepped } from "stepped"
import * as SteppedTesting from "stepped/testing"
import { layerServer } from "./Server.ts"

export interface TestEngine {
  readonly name: "embedded" | "server"
  readonly layer: (options?: Stepped.EngineOptions) => Layer.Layer<Stepped.Services | PgClient.PgClient | SqlClient.SqlClient>
}

export const embedded: TestEngine = {
  name: "embedded",
  layer: (options) => Layer.orDie(SteppedTesting.layer(options))
}

const template = { name: "migrated", migrate: Stepped.migrate() }

/** The engine on a database of its own on the server, copied from a migrated one. */
export const server: TestEngine = {
  name: "server",
  layer: (options) =>
    Layer.orDie(
      Stepped.layer({ ...options, databaseClock: false, notify: false }).pipe(
        Layer.provideMerge(layerServer({ template, maxConnections: 10 }))
      )
    )
}

/** Runs a suite on both databases. */
export const suite = (name: string, tests: (engine: TestEngine) => void): void => {
  for (const engine of [embedded, server]) describe(`${name} (${engine.name})`, () => tests(engine))
}

/** No invariant is broken; the last line of every scenario. */
export const healthy = Effect.flatMap(Stepped.doctor, (findings) =>
  findings.length === 0
    ? Effect.void
    : Effect.die(new Error(`the doctor found:\n${findings.map((f) => `  ${f.invariant}: ${f.subject} ${f.problem}`).join("\n")}`)))
