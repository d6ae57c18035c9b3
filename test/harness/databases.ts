/**
 * The engine on each kind of database, for behaviour suites that are written once: `suite(name, (engine) => …)`.
 *
 * Nothing performs by itself there: tests call `performSteppedActions`, and user time is the test's clock. All files that a process of
 * the run works through share a database of each kind, emptied before each test.
 */
import { PgClient } from "@effect/sql-pg"
import { describe } from "@effect/vitest"
import { Context, Effect, Layer, Scope } from "effect"
import { SqlClient } from "effect/sql"
import { Stepped } from "stepped"
import { engineLayer } from "../../src/engine/engineLayer.ts"
import { tables as statements } from "../../src/sql/schema/generated.ts"
import { layerCrashing } from "../../src/testing/crashing.ts"
import { layerPreparedClient } from "../../src/testing/TestDatabase.ts"
import { wrongCauses } from "./causes.ts"
import { takeHeals, watched } from "./heals.ts"
import { examined } from "./observing.ts"
import { layerServer } from "./Server.ts"

export interface TestEngine {
  readonly name: "embedded" | "server"
  readonly layer: (
    options?: Stepped.EngineOptions
  ) => Layer.Layer<Stepped.Services | PgClient.PgClient | SqlClient.SqlClient>
  /** The same, with a worker that can die: for `crashAfter`. */
  readonly crashing: Layer.Layer<Stepped.Services | PgClient.PgClient | SqlClient.SqlClient>
}

type Clients = PgClient.PgClient | SqlClient.SqlClient

/** All that a migration makes. */
const tables = statements.flatMap((statement) => /^create table (\w+)/.exec(statement)?.[1] ?? [])
// a few rows are deleted in a tenth of the time that truncating takes: that makes a file for each table and each index
const emptying = `with ${tables.map((table) => `${table} as (delete from stepped.${table})`).join(", ")} select 1`

/**
 * The clients of this process, by kind. A file's modules are its own, what is global is not: an embedded database takes seconds to start, and
 * a session on a server some to have planned what the engine asks. They end with the process; databases go with the run.
 */
const clients = globalThis.steppedTestClients ??= {}

declare global {
  var steppedTestClients: { [Name in TestEngine["name"]]?: Promise<Context.Context<Clients>> } | undefined
}

const shared = <A, E>(name: TestEngine["name"], layer: Layer.Layer<A | Clients, E>): Layer.Layer<Clients> =>
  Layer.effectContext(Effect.gen(function*() {
    const services = yield* Effect.promise(() =>
      clients[name] ??= Effect.runPromise(Layer.buildWithScope(layer, Scope.makeUnsafe()))
    )
    const sql = Context.get(services, PgClient.PgClient)
    yield* Effect.orDie(sql.unsafe(emptying))
    return Context.make(PgClient.PgClient, sql).pipe(Context.add(SqlClient.SqlClient, sql))
  }))

const crashing = (isEmbedded: boolean, client: Layer.Layer<Clients>) =>
  Layer.orDie(
    engineLayer({ databaseClock: false, notify: false }, isEmbedded, false, layerCrashing).pipe(
      Layer.provide(watched),
      Layer.provideMerge(Layer.fresh(client))
    )
  )

const embeddedClient = shared("embedded", layerPreparedClient)

export const embedded: TestEngine = {
  name: "embedded",
  layer: (options = {}) =>
    Layer.orDie(
      engineLayer({ ...options, databaseClock: false, notify: false }, true, false).pipe(
        Layer.provide(watched),
        Layer.provideMerge(Layer.fresh(embeddedClient))
      )
    ),
  crashing: crashing(true, embeddedClient)
}

const serverClient = shared(
  "server",
  layerServer({ template: { name: "migrated", migrate: Stepped.migrate() }, maxConnections: 14 })
)

export const server: TestEngine = {
  name: "server",
  layer: (options) =>
    Layer.orDie(
      Stepped.layer({ ...options, databaseClock: false, notify: false }).pipe(
        Layer.provide(watched),
        Layer.provideMerge(Layer.fresh(serverClient))
      )
    ),
  crashing: crashing(false, serverClient)
}

/** Runs a suite on both databases. */
export const suite = (name: string, tests: (engine: TestEngine) => void): void => {
  for (const engine of [embedded, server]) {
    describe(`${name} (${engine.name})`, () => {
      tests(engine)
    })
  }
}

/** No invariant is broken; the last line of every scenario. */
export const healthy = Effect.gen(function*() {
  const findings = (yield* examined).map((f) => `  ${f.invariant}: ${f.subject} ${f.problem}`)
  findings.push(...(yield* wrongCauses))
  const heals = yield* takeHeals
  if (heals > 0) findings.push(`  what had to be healed meanwhile, ${heals} times`)
  if (findings.length > 0) return yield* Effect.die(new Error(`the doctor found:\n${findings.join("\n")}`))
})
