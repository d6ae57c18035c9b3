/**
 * Interleavings on a server: when two transactions meet in a test, the test decides who goes first.
 */
import { Effect } from "effect"
import { SqlClient } from "effect/sql"

/** Waits until so many sessions of this database wait for locks of others. */
export const blocked = (sessions: number): Effect.Effect<void, never, SqlClient.SqlClient> =>
  Effect.gen(function*() {
    const sql = yield* SqlClient.SqlClient
    for (let look = 0; look < 20_000; look++) {
      const rows = yield* Effect.orDie(sql<{ n: number }>`select count(*)::int as n from pg_stat_activity
        where datname = current_database() and wait_event_type = 'Lock'`)
      if (rows[0]!.n >= sessions) return
    }
    return yield* Effect.die(new Error(`${sessions} sessions never waited for a lock`))
  })
