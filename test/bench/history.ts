/**
 * Load of a month, or of years, with a history of a week, what has failed longer: whether rates, tables and indexes stay as they are while
 * history is deleted beside the work. User time runs ahead, a day or a month in seconds; so vacuum looks about every second.
 */
import { PgClient } from "@effect/sql-pg"
import { Clock, Effect, Fiber, Layer, Redacted, Schema } from "effect"
import { ActionRepo, type Deletion, Step, Stepped } from "stepped"
import { body, Car, Cars, drive, hear, layer } from "./Cars.ts"
import { say, settings } from "./Measured.ts"
import { startMeter, uncounted } from "./Meter.ts"

const { count, days, daysOfOne, failedDays, failing, index, keptDays, sleepers } = settings({
  // actions of all days
  count: 600_000,
  days: 30,
  // how many days of user time one of these is
  daysOfOne: 1,
  keptDays: 7,
  // how many of a hundred fail, and how long those are kept, if not as the others
  failing: 0,
  failedDays: 0,
  // actions of each day that wait for a year, with a child each whose result they read afterwards
  sleepers: 20,
  // one more index of the history, to see what it costs
  index: ""
})

const dayMs = 86_400_000
const partsOfDay = 4
const sleep = Stepped.action("sleep")
  .step("drive", () => Step.on(Car.ref(-1), drive, 0))
  .step("sleep", () => Step.wait("365 days"))
class Flat extends Schema.TaggedError<Flat>()("Flat", {}) {}
const fail = Stepped.action("fail", { error: Flat }).step("fail", () => Effect.andThen(body, Effect.fail(new Flat())))
class Sleeper extends Stepped.Actor<Sleeper>()("Sleeper", { id: Schema.Int }) {}
const Sleepers = Stepped.actions(Sleeper, [sleep, fail])

// how far user time is ahead of the machine's
let ahead = 0
const machine = Clock.Clock.defaultValue()
const millis = () => machine.currentTimeMillisUnsafe() + ahead
const nanos = () => machine.currentTimeNanosUnsafe() + BigInt(ahead) * 1_000_000n
const aheadOfTime: Clock.Clock = {
  currentTimeMillisUnsafe: millis,
  currentTimeMillis: Effect.sync(millis),
  currentTimeNanosUnsafe: nanos,
  currentTimeNanos: Effect.sync(nanos),
  monotonicTimeNanosUnsafe: () => machine.monotonicTimeNanosUnsafe(),
  monotonicTimeNanos: machine.monotonicTimeNanos,
  sleep: (duration) => machine.sleep(duration)
}

const numbers = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i)

const drained = Effect.gen(function*() {
  const sql = yield* PgClient.PgClient
  const busy = sql.unsafe(
    `select ${uncounted} 1 where exists (select from stepped.jobs) or exists (select from stepped.live_actions where phase <> 1)`
  )
  while ((yield* busy).length > 0) yield* Effect.sleep("5 millis")
})

/** Deletes what is older than what is kept, as a worker does; gives how much, and how long that took. */
const clearing = Effect.gen(function*() {
  const repo = yield* ActionRepo
  const retention = failedDays === 0
    ? `${keptDays} days` as const
    : { otherwise: `${keptDays} days`, failed: `${failedDays} days` } as const
  const began = performance.now()
  let all = 0
  let from: string | undefined
  do {
    const { deleted, next }: Deletion = yield* repo.deleteEnded({ retention, limit: 5000, from })
    all += deleted
    from = next
  } while (from !== undefined)
  return { deleted: all, ms: performance.now() - began }
})

/** What the history takes on the disk, and what vacuum has done to it. */
const history = Effect.gen(function*() {
  const sql = yield* PgClient.PgClient
  const [row] = yield* sql.unsafe<Record<string, number>>(`select ${uncounted}
    round(pg_relation_size('stepped.ended_actions') / 1e6, 1)::float8 as "heapMb",
    round(pg_relation_size('stepped.ended_actions_pkey') / 1e6, 1)::float8 as "keyMb",
    round(pg_indexes_size('stepped.ended_actions') / 1e6, 1)::float8 as "indexesMb",
    n_live_tup::int as rows, n_dead_tup::int as dead, autovacuum_count::int as vacuums
    from pg_stat_user_tables where schemaname = 'stepped' and relname = 'ended_actions'`)
  return row!
})

const readByDeletes = Effect.gen(function*() {
  const sql = yield* PgClient.PgClient
  const [row] = yield* sql.unsafe<{ pages: number; ms: number }>(`select ${uncounted}
    coalesce(sum(shared_blks_hit + shared_blks_read), 0)::float8 as pages, coalesce(sum(total_exec_time), 0)::float8 as ms
    from pg_stat_statements where query like '%delete_ended(%'`)
  return row!
})

const day = (number: number, perDay: number) =>
  Effect.gen(function*() {
    const cars = yield* Cars.client
    const sleeping = yield* Sleepers.client
    const stop = yield* startMeter()
    const read = yield* readByDeletes
    let deleted = 0
    let clearingMs = 0
    const failures = Math.round(perDay * failing / 100 / partsOfDay)
    const began = performance.now()
    for (let part = 0; part < partsOfDay; part++) {
      ahead += dayMs * daysOfOne / partsOfDay
      const deleting = yield* Effect.forkChild(clearing)
      const ids = numbers(part * perDay / partsOfDay, (part + 1) * perDay / partsOfDay - failures)
      for (let from = 0; from < ids.length; from += 5000) {
        yield* cars.enqueueMany(drive, ids.slice(from, from + 5000).map((id) => [id, id]))
      }
      if (failures > 0) yield* sleeping.enqueueMany(fail, numbers(0, failures).map((id) => [-1 - id]))
      yield* drained
      const cleared = yield* Fiber.join(deleting)
      deleted += cleared.deleted
      clearingMs += cleared.ms
    }
    const seconds = (performance.now() - began) / 1000
    yield* sleeping.enqueueMany(sleep, numbers(number * sleepers, (number + 1) * sleepers).map((id) => [id]))
    yield* drained
    const reading = yield* stop
    const after = yield* readByDeletes
    return {
      day: number,
      perSecond: Math.round(perDay / seconds),
      serverMicros: Math.round((reading.serverCpuSeconds ?? 0) / perDay * 1e6),
      walBytes: Math.round(reading.walBytes / perDay),
      deleted,
      clearingMs: Math.round(clearingMs),
      pagesPerDeleted: deleted === 0 ? 0 : Number(((after.pages - read.pages) / deleted).toFixed(1)),
      microsPerDeleted: deleted === 0 ? 0 : Number(((after.ms - read.ms) / deleted * 1000).toFixed(1)),
      ...yield* history
    }
  })

const Main = Effect.gen(function*() {
  const sql = yield* PgClient.PgClient
  yield* Effect.acquireRelease(
    Effect.andThen(sql.unsafe("alter system set autovacuum_naptime = '1s'"), sql`select pg_reload_conf()`),
    () =>
      Effect.orDie(
        Effect.andThen(sql.unsafe("alter system reset autovacuum_naptime"), sql`select pg_reload_conf()`)
      )
  )
  if (index !== "") yield* sql.unsafe(index)
  hear(() => {})
  yield* Layer.build(Stepped.worker({ concurrency: 500, connections: 2 }))
  const stop = yield* startMeter()
  const began = performance.now()
  const samples = []
  for (let n = 1; n <= days; n++) {
    const sample = yield* day(n, count / days)
    samples.push(sample)
  }
  const seconds = (performance.now() - began) / 1000
  say({ work: "history", count, unit: "actions", seconds, actions: count, reading: yield* stop, samples })
})

await Effect.runPromise(
  Effect.scoped(Main).pipe(
    Effect.provide(
      Layer.mergeAll(layer, Sleepers.layer).pipe(
        Layer.provideMerge(Stepped.layer({ migrate: true, databaseClock: false })),
        Layer.provideMerge(PgClient.layer({ url: Redacted.make(process.env.DATABASE_URL!) }))
      )
    ),
    Effect.provideService(Clock.Clock, aheadOfTime)
  )
)
process.exit(0)
