/**
 * Several working engines on one database of a real server, each with connections of its own: for races. User time is the test's
 * clock, everything else runs in real time.
 */
import { Effect, Layer } from "effect"
import { SqlClient } from "effect/sql"
import { readFileSync } from "node:fs"
import { Stepped } from "stepped"
import type { Engine } from "stepped"
import { inject } from "vitest"
import { patienceMs } from "../patience.ts"
import { lookedAround } from "./beside.ts"
import { watched } from "./heals.ts"
import { isPooled, layerServer, layerUrl, TestDatabase } from "./Server.ts"

export interface WorkersOptions extends Stepped.EngineOptions {
  readonly engines?: number
  readonly concurrency?: number
}

const working = (live: Layer.Layer<never, never, Engine | SqlClient.SqlClient>, options: WorkersOptions) =>
  Stepped.worker({ concurrency: options.concurrency ?? 32 }).pipe(
    Layer.provideMerge(live),
    Layer.provideMerge(
      Stepped.layer({ pollInterval: "20 millis", notify: !isPooled, ...options, databaseClock: false })
    ),
    Layer.provide(watched),
    Layer.orDie
  )

/** The services of one working engine; the others work beside it. */
export const layerWorkers = (
  live: Layer.Layer<never, never, Engine | SqlClient.SqlClient>,
  options: WorkersOptions = {}
) => {
  const others = Layer.effectDiscard(Effect.gen(function*() {
    const { url } = yield* TestDatabase
    for (let n = 1; n < (options.engines ?? 2); n++) {
      yield* Layer.build(Layer.provide(working(live, options), layerUrl(url, { maxConnections: 8 })))
    }
  }))
  return working(live, options).pipe(
    Layer.provideMerge(others),
    Layer.provideMerge(
      Layer.orDie(layerServer({ template: { name: "migrated", migrate: Stepped.migrate() }, maxConnections: 12 }))
    ),
    Layer.orDie
  )
}

/** Looks until it is so. Every look is a round trip to the server, so that others get their turn. */
export const until = <E, R>(
  what: string,
  look: Effect.Effect<boolean, E, R>
): Effect.Effect<void, E, R | SqlClient.SqlClient> =>
  Effect.gen(function*() {
    const sql = yield* SqlClient.SqlClient
    const limit = performance.now() + patienceMs * 2 / 3
    while (!(yield* look)) {
      if (performance.now() > limit) return yield* Effect.die(new Error(`never happened: ${what}`))
      yield* Effect.orDie(sql`select 1`)
    }
  })

/** A worker that has found nothing to do, and looks again when it polls. */
export const idleWorker = (options?: Stepped.WorkerOptions) =>
  Effect.gen(function*() {
    const sql = yield* SqlClient.SqlClient
    yield* lookedAround(Layer.build(Stepped.worker(options)))
    // the claim after that, however slow the machine is
    const looking = Effect.map(
      sql`select 1 from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid() and state <> 'idle'`,
      (rows) => rows.length > 0
    )
    for (let quiet = 0; quiet < 5;) {
      yield* Effect.sleep("10 millis")
      quiet = (yield* looking) ? 0 : quiet + 1
    }
  })

/**
 * Takes the leases of workers that undo something just now, so many at most, as if they had died. Gives how many actions they were undoing: none
 * where nobody does, or where they came to their end in this moment.
 */
export const loseUndoing = (workers: number) =>
  Effect.gen(function*() {
    const sql = yield* SqlClient.SqlClient
    const tokens = yield* sql<{ token: string }>`select token::text from stepped.live_actions
      where phase = 5 /* Phase.unwinding */ and token is not null group by token order by random() limit ${workers}`
    if (tokens.length === 0) return 0
    return yield* sql.withTransaction(Effect.gen(function*() {
      yield* sql`select taken from stepped.recover(${new Date(0)}, ${tokens.map(({ token }) => token)}::bigint[], true)`
      // what this transaction has taken
      const [row] = yield* sql<{ n: number }>`select count(*)::int as n from stepped.live_actions
        where phase = 5 /* Phase.unwinding */ and token is null and xmin = pg_current_xact_id()::xid`
      return row!.n
    }))
  })

/** Nothing is live or queued any more. */
export const allEnded = until(
  "everything ends",
  Effect.flatMap(SqlClient.SqlClient, (sql) =>
    Effect.map(
      sql<{ n: number }>`select ((select count(*) from stepped.live_actions) + (select count(*) from stepped.jobs)
        + (select count(*) from stepped.abandoned_by))::int as n`,
      (rows) => rows[0]!.n === 0
    )).pipe(Effect.orDie)
)

/** What the server says of deadlocks in a database, as far as its log is known. */
export const deadlocksIn = (name: string): ReadonlyArray<string> => {
  const file = inject("databaseLog")
  if (file === null) return []
  return readFileSync(file, "utf8").split("\n").filter((line) =>
    line.includes(name) && line.includes("deadlock detected")
  )
}

/** The server has found no deadlock in this test's database. */
export const noDeadlock = Effect.map(TestDatabase, ({ name }) => {
  const found = deadlocksIn(name)
  if (found.length > 0) throw new Error(`the server's log: ${found.join("\n")}`)
})
