/** Workers beside each other over one layer, each stopped by itself or with the scope around it. */
import { Effect, Exit, Layer, Scope } from "effect"
import { SqlClient } from "effect/sql"
import { randomUUID } from "node:crypto"
import { type Engine, Stepped } from "stepped"
import { patienceMs } from "../patience.ts"

/** A worker of the engine around it. */
export const startBeside = (options: Stepped.WorkerOptions) =>
  Effect.gen(function*() {
    const scope = yield* Scope.fork(yield* Effect.scope)
    const services = yield* Effect.context<Engine>()
    const worker = Layer.fresh(Stepped.worker({ gracePeriod: 0, connections: 1, ...options }))
    yield* Effect.provide(Layer.buildWithScope(worker, scope), services)
    return { stop: Scope.close(scope, Exit.void) }
  })

/** Who performs what, by the rows: the names of workers with their actions. */
export const holders = Effect.flatMap(SqlClient.SqlClient, (sql) =>
  Effect.map(
    sql<{ one: string }>`select w.name || ' ' || l.definition as one from stepped.live_actions l
      join stepped.workers w on w.token = l.token order by 1`,
    (rows) => rows.map(({ one }) => one)
  ))

/**
 * A worker that has just started looks after everything there is, and claims once more: starts one, and waits until it has done nearly the
 * last of that, which is to delete old answers. What it takes later it has been told of.
 */
export const lookedAround = <A, E, R>(start: Effect.Effect<A, E, R>) =>
  Effect.gen(function*() {
    const sql = yield* SqlClient.SqlClient
    // there before it starts: it may not look for old answers a second time
    yield* sql`insert into stepped.outcomes (id, definition, actor_id, created_at)
      values (${randomUUID()}, 'Car/drive', '1', '1960-01-01')`
    const started = yield* start
    const isThere = Effect.map(sql`select 1 from stepped.outcomes where created_at < '1961-01-01'`, ({ length }) =>
      length > 0)
    for (const limit = performance.now() + patienceMs * 2 / 3; yield* isThere;) {
      if (performance.now() > limit) {
        return yield* Effect.die(new Error("never happened: it has looked around"))
      }
    }
    return started
  })
