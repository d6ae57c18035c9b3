/**
 * Databases of one server for trials that run beside each other: each has the engine's tables, and one that user code writes to.
 */
import { PgClient } from "@effect/sql-pg"
import { Effect, Redacted, type Scope } from "effect"
import { Reactivity } from "effect/reactivity"
import type { SqlError } from "effect/sql"
import { Stepped } from "stepped"
import type { Slot } from "./Trial.ts"

/** What a database of trials has, beside nothing. */
export const prepare = Effect.gen(function*() {
  const sql = yield* PgClient.PgClient
  yield* Effect.orDie(Stepped.migrate())
  yield* sql`create table effects (entry text not null)`
})

/** A client that looks at a prepared database. */
export const slotOf = (url: Redacted.Redacted): Effect.Effect<Slot, SqlError.SqlError, Scope.Scope> =>
  Effect.map(
    Effect.provide(PgClient.make({ url, maxConnections: 3 }), Reactivity.layer),
    (sql) => ({ url, sql })
  )

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
