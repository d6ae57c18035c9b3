/**
 * The engine on each kind of database, for behaviour suites that are written once: `suite(name, (engine) => …)`.
 *
 * Nothing performs by itself there: tests call `performSteppedActions`, and user time is the test's clock. The tests of a file share
 * a database of each kind, emptied before each of them.
 */
import { PgClient } from "@effect/sql-pg"
import { afterAll, describe } from "@effect/vitest"
import { Context, Effect, Exit, Layer, Scope } from "effect"
import { SqlClient } from "effect/sql"
import { Stepped } from "stepped"
import { engineLayer } from "../../src/engine/engineLayer.ts"
import { layerCrashing } from "../../src/testing/crashing.ts"
import { layerPreparedClient } from "../../src/testing/TestDatabase.ts"
import { wrongCauses } from "./causes.ts"
import { takeHeals } from "./heals.ts"
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

const scope = Scope.makeUnsafe()
afterAll(() => Effect.runPromise(Scope.close(scope, Exit.void)))

const tables = [
  "jobs",
  "live_actions",
  "ended_actions",
  "steps",
  "slots",
  "achievements",
  "outcomes",
  "abandoned_by",
  "workers",
  "pauses",
  "resumed",
  "named_lanes",
  "seats",
  "action_keys",
  "signals",
  "memos",
  "retries",
  "operations"
]
// a few rows are deleted in a tenth of the time that truncating takes: that makes a file for each table and each index
const emptying = `with ${tables.map((table) => `${table} as (delete from stepped.${table})`).join(", ")} select 1`

/** One client for all tests of the file; each of them finds its tables empty. */
const shared = <A, E>(layer: Layer.Layer<A | Clients, E>): Layer.Layer<Clients> => {
  let built: Promise<Context.Context<A | Clients>> | undefined
  return Layer.effectContext(Effect.gen(function*() {
    const services = yield* Effect.promise(() => built ??= Effect.runPromise(Layer.buildWithScope(layer, scope)))
    const sql = Context.get(services, PgClient.PgClient)
    yield* Effect.orDie(sql.unsafe(emptying))
    return Context.make(PgClient.PgClient, sql).pipe(Context.add(SqlClient.SqlClient, sql))
  }))
}

const crashing = (isEmbedded: boolean, client: Layer.Layer<Clients>) =>
  Layer.orDie(
    engineLayer({ databaseClock: false, notify: false }, isEmbedded, false, layerCrashing).pipe(
      Layer.provideMerge(Layer.fresh(client))
    )
  )

const embeddedClient = shared(layerPreparedClient)

export const embedded: TestEngine = {
  name: "embedded",
  layer: (options = {}) =>
    Layer.orDie(
      engineLayer({ ...options, databaseClock: false, notify: false }, true, false).pipe(
        Layer.provideMerge(Layer.fresh(embeddedClient))
      )
    ),
  crashing: crashing(true, embeddedClient)
}

const serverClient = shared(
  layerServer({ template: { name: "migrated", migrate: Stepped.migrate() }, maxConnections: 14 })
)

export const server: TestEngine = {
  name: "server",
  layer: (options) =>
    Layer.orDie(
      Stepped.layer({ ...options, databaseClock: false, notify: false }).pipe(
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
  const findings = (yield* Stepped.doctor).map((f) => `  ${f.invariant}: ${f.subject} ${f.problem}`)
  findings.push(...(yield* wrongCauses))
  const heals = yield* takeHeals
  if (heals > 0) findings.push(`  what had to be healed meanwhile, ${heals} times`)
  if (findings.length > 0) return yield* Effect.die(new Error(`the doctor found:\n${findings.join("\n")}`))
})
