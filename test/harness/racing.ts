/**
 * Interleavings on a server: when two transactions meet in a test, the test decides who goes first.
 */
import { assert } from "@effect/vitest"
import { Deferred, Effect, Fiber } from "effect"
import type { Scope } from "effect"
import { SqlClient } from "effect/sql"
import { patienceMs } from "../patience.ts"

/** By how many looks at the database one is ahead of another; in the last round until it has ended. */
const leads = [0, 1, 2, 4, 8, 20, 60, undefined]

/**
 * Two that meet, of which the one is ahead of the other for some rounds, and then that one of it: by nothing first, and by all that it does in the
 * end. So each comes first in some of sixteen rounds, whatever they take, and in those between nobody knows which.
 */
export const spread = <A, E, R, B, F, S>(
  round: number,
  one: Effect.Effect<A, E, R>,
  other: Effect.Effect<B, F, S>
): Effect.Effect<[A, B], E | F, R | S | SqlClient.SqlClient> =>
  Effect.gen(function*() {
    const sql = yield* SqlClient.SqlClient
    const ended = yield* Deferred.make<void>()
    const looks = leads[round % leads.length]
    const lead = looks === undefined
      ? Deferred.await(ended)
      : Effect.forEach(Array.from({ length: looks }), () => Effect.orDie(sql`select 1`), { discard: true })
    const first = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
      Effect.ensuring(effect, Deferred.succeed(ended, undefined))
    const isOneAhead = Math.floor(round / leads.length) % 2 === 0
    return yield* Effect.all(
      [
        isOneAhead ? first(one) : Effect.andThen(lead, one),
        isOneAhead ? Effect.andThen(lead, other) : first(other)
      ],
      { concurrency: 2 }
    )
  })

/** How often each side of a race has won. Where it is run for long, in 240 rounds or more, each has to: a short run hangs on nobody's luck. */
export const sidesOf = <Side extends string>(...sides: ReadonlyArray<Side>) => {
  const counts = new Map<Side, number>(sides.map((side) => [side, 0]))
  return {
    won: (side: Side): void => void counts.set(side, counts.get(side)! + 1),
    each: (rounds: number) =>
      Effect.sync(() => {
        if (rounds < 240) return
        const text = JSON.stringify(Object.fromEntries(counts))
        console.log(`${rounds} rounds: ${text}`)
        for (const count of counts.values()) assert.isAbove(count, 0, text)
      })
  }
}

/** Waits until so many sessions of this database wait for locks of others: those that statements take, and not what a table grows by. */
export const blocked = (sessions: number): Effect.Effect<void, never, SqlClient.SqlClient> =>
  Effect.gen(function*() {
    const sql = yield* SqlClient.SqlClient
    for (const limit = performance.now() + patienceMs * 2 / 3; performance.now() < limit;) {
      const rows = yield* Effect.orDie(sql<{ n: number }>`select count(*)::int as n from pg_stat_activity
        where datname = current_database() and backend_type = 'client backend' and wait_event_type = 'Lock' and wait_event <> 'extend'`)
      if (rows[0]!.n >= sessions) return
    }
    return yield* Effect.die(new Error(`${sessions} sessions never waited for a lock`))
  })

/** Keeps what a statement locks, in a transaction of its own, until the effect that it gives. */
export const holding = <E, R = never>(
  statement: Effect.Effect<unknown, E, R>
): Effect.Effect<Effect.Effect<void>, never, SqlClient.SqlClient | Scope.Scope | R> =>
  Effect.gen(function*() {
    const sql = yield* SqlClient.SqlClient
    const locked = yield* Deferred.make<void>()
    const go = yield* Deferred.make<void>()
    const holder = yield* Effect.forkScoped(Effect.orDie(sql.withTransaction(Effect.gen(function*() {
      yield* statement
      yield* Deferred.succeed(locked, undefined)
      yield* Deferred.await(go)
    }))))
    yield* Effect.raceFirst(Deferred.await(locked), Fiber.join(holder))
    return Effect.andThen(Deferred.succeed(go, undefined), Fiber.join(holder))
  })

/** Keeps a live action's row, and with it its lane if it performs, as another transition would. */
export const holdingLane = (id: string) =>
  Effect.flatMap(
    SqlClient.SqlClient,
    (sql) => holding(sql`select 1 from stepped.live_actions where id = ${id} for update`)
  )

/**
 * A gate before an action's live row: whoever is about to change or delete it waits there, in the middle of a transition and with all
 * the locks that it has by then, until the effect that this gives. `blocked(1)` says that somebody has come.
 */
export const gated = (id: string) =>
  Effect.gen(function*() {
    const sql = yield* SqlClient.SqlClient
    const installed = yield* sql`select 1 from pg_trigger where tgname = 'gate'`
    if (installed.length === 0) {
      yield* sql.unsafe(`create function stepped.gate() returns trigger language plpgsql as $$
        begin
          perform pg_advisory_xact_lock_shared(hashtextextended(old.id::text, 0));
          return coalesce(new, old);
        end $$`)
      yield* sql.unsafe(
        "create trigger gate before update or delete on stepped.live_actions for each row execute function stepped.gate()"
      )
    }
    return yield* holding(sql`select pg_advisory_xact_lock(hashtextextended(${id}, 0))`)
  }).pipe(Effect.orDie)

/**
 * A gate at the commit of whoever stores what an action's step waits for, or that it has ended: all of that transition has happened and is
 * locked, and nobody sees it, until the effect that this gives.
 */
export const gatedCommit = (id: string, table: "slots" | "steps" = "slots") =>
  Effect.gen(function*() {
    const sql = yield* SqlClient.SqlClient
    yield* sql.unsafe(`create or replace function stepped.gate_of_commit() returns trigger language plpgsql as $$
      begin
        perform pg_advisory_xact_lock_shared(hashtextextended(new.action::text, 0));
        return null;
      end $$`)
    // what another test has left in this database
    yield* sql.unsafe(`drop trigger if exists gate_of_commit on stepped.${table}`)
    yield* sql.unsafe(`create constraint trigger gate_of_commit after insert on stepped.${table}
      deferrable initially deferred for each row execute function stepped.gate_of_commit()`)
    return yield* holding(sql`select pg_advisory_xact_lock(hashtextextended(${id}, 0))`)
  }).pipe(Effect.orDie)
