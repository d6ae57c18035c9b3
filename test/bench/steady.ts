/**
 * Steady state: what a system does in the middle of a long drain, with statistics about its tables, and what it has on disk when all has
 * ended. The programs of all systems use this one.
 */
import { PgClient } from "@effect/sql-pg"
import { Effect } from "effect"
import type { counting, Measured } from "./Measured.ts"
import { startMeter } from "./Meter.ts"

/** Vacuums and analyses all tables of a schema, as a server does that has been running for long. */
export const analyse = (schema: string) =>
  Effect.gen(function*() {
    const sql = yield* PgClient.PgClient
    const [row] = yield* sql<{ tables: string | null }>`
      select string_agg(oid::regclass::text, ', ') as tables from pg_class
      where relnamespace = to_regnamespace(${schema}) and relkind in ('r', 'p') and not relispartition`
    if (row!.tables === null) return yield* Effect.die(new Error(`there are no tables in ${schema}`))
    yield* sql.unsafe(`vacuum (analyze) ${row!.tables}`)
  })

/** The bytes that all tables take which still have rows, with their indexes, after a vacuum. */
export const bytesKept = (schema: string) =>
  Effect.gen(function*() {
    const sql = yield* PgClient.PgClient
    yield* analyse(schema)
    const [row] = yield* sql<{ bytes: number }>`
      select coalesce(sum(pg_total_relation_size(oid)), 0)::float8 as bytes from pg_class
      where relnamespace = to_regnamespace(${schema}) and relkind = 'r' and reltuples > 0`
    return row!.bytes
  })

/**
 * Measures from when an eighth of the bodies have run until seven eighths have. The rate is by these two bodies; what was used meanwhile is
 * divided by the bodies between the two readings, each of which comes an answer of the database later. Starts before the first body.
 */
export const meterMiddle = (
  bodies: ReturnType<typeof counting>,
  count: number
): Effect.Effect<Pick<Measured, "count" | "seconds" | "actions" | "reading">, unknown, PgClient.PgClient> =>
  Effect.gen(function*() {
    const from = Math.round(count / 8)
    const to = count - from
    const [first, last] = [bodies.reaches(from), bodies.reaches(to)]
    const began = yield* Effect.promise(() => first)
    const stop = yield* startMeter()
    const before = bodies.done()
    const ended = yield* Effect.promise(() => last)
    const reading = yield* stop
    return { count: to - from, seconds: (ended - began) / 1000, actions: bodies.done() - before, reading }
  })
