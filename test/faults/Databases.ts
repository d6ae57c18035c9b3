/**
 * Databases of one server for trials that run beside each other: each has the engine's tables, and one that user code writes to.
 */
import { PgClient } from "@effect/sql-pg"
import { Effect, Exit, Redacted, Scheduler, Scope } from "effect"
import { Reactivity } from "effect/reactivity"
import type { SqlError } from "effect/sql"
import { Stepped } from "stepped"
import { MortalScheduler, type Pool } from "./Process.ts"
import type { Slot } from "./Trial.ts"

/** What a database of trials has, beside nothing. */
export const prepare = Effect.gen(function*() {
  const sql = yield* PgClient.PgClient
  yield* Effect.orDie(Stepped.migrate())
  yield* sql`create table effects (entry text not null)`
})

let made = 0

/** A database for trials, one after another. */
export const slotOf = (url: Redacted.Redacted): Effect.Effect<Slot, SqlError.SqlError, Scope.Scope> =>
  Effect.gen(function*() {
    const sql = yield* PgClient.make({ url, maxConnections: 3 })
    const pools = new Map<string, Pool>()
    const pool = (role: string): Effect.Effect<Pool> =>
      Effect.gen(function*() {
        const found = pools.get(role)
        if (found !== undefined) return found
        const name = `faults ${made++}`
        const scope = Scope.makeUnsafe()
        const scheduler = new MortalScheduler()
        const client = yield* PgClient.make({ url, applicationName: name, maxConnections: 8 }).pipe(
          Effect.provideService(Scope.Scope, scope),
          Effect.provideService(Scheduler.Scheduler, scheduler)
        )
        const waitFor = (some: Effect.Effect<ReadonlyArray<unknown>, SqlError.SqlError>) =>
          Effect.gen(function*() {
            for (let n = 0; n < 1000 && (yield* some).length > 0; n++) yield* Effect.sleep("20 millis")
          }).pipe(Effect.orDie)
        const sessions = sql`select 1 from pg_stat_activity where application_name = ${name}`
        const fresh: Pool = {
          client,
          settled: waitFor(sql`${sessions} and state not in ('idle', 'disabled')`),
          discard: Effect.suspend(() => {
            if (pools.get(role) === fresh) pools.delete(role)
            // nobody waits for it: what is left of a dead process holds its sessions for ever
            return Effect.forkDetach(Scope.close(scope, Exit.void)).pipe(
              Effect.andThen(
                waitFor(
                  sql`select pg_terminate_backend(pid, 1000) from pg_stat_activity where application_name = ${name}`
                )
              ),
              // and the pool, which looks after its sessions now and then, would hold what is left of the process
              Effect.andThen(Effect.sync(() => void (scheduler.isDead = true)))
            )
          }).pipe(Effect.orDie, Effect.asVoid)
        }
        pools.set(role, fresh)
        return fresh
      }).pipe(Effect.orDie, Effect.provide(Reactivity.layer))
    return { sql, pool }
  }).pipe(Effect.provide(Reactivity.layer))

/** Databases on a server that has none of these names yet. */
export const slotsOn = (
  server: Redacted.Redacted,
  count: number
): Effect.Effect<ReadonlyArray<Slot>, SqlError.SqlError, Scope.Scope> =>
  Effect.gen(function*() {
    const sql = yield* PgClient.makeClient({ url: server })
    yield* sql`create database faults`
    yield* Effect.scoped(Effect.flatMap(
      PgClient.makeClient({ url: urlOf(server, "faults") }),
      (own) => Effect.provideService(prepare, PgClient.PgClient, own)
    ))
    return yield* Effect.forEach(Array(count).keys(), (n) => {
      const name = `faults_${n}`
      return Effect.andThen(sql`create database ${sql(name)} template faults`, slotOf(urlOf(server, name)))
    })
  }).pipe(Effect.provide(Reactivity.layer))

const urlOf = (server: Redacted.Redacted, name: string): Redacted.Redacted => {
  const url = new URL(Redacted.value(server))
  url.pathname = `/${name}`
  return Redacted.make(url.href)
}
