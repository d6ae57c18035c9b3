/** Rules 17.2 and 20.11: schedules that do not fire are seen, by metrics and by whoever looks what needs somebody. */
import { assert, it } from "@effect/vitest"
import { Effect, Layer, Metric } from "effect"
import { SqlClient } from "effect/sql"
import { TestClock } from "effect/testing"
import { Engine, Schedules, Stepped } from "stepped"
import { healthy, suite } from "../harness/databases.ts"
import { linesIn } from "./fixtures/metered.ts"
import { hour, nobody, put, Shops, worker } from "./fixtures/schedules.ts"

const gauges = ["stepped_schedules_broken", "stepped_schedules_orphaned", "stepped_schedules_oldest_due_seconds"]

suite("schedules that do not fire", (engine) => {
  /** With a registry of its own: what its gauges say, and whom those on call are shown. */
  const test = <A, E>(
    name: string,
    scenario: (
      seen: Effect.Effect<
        { readonly gauges: ReadonlyArray<string>; readonly shown: ReadonlyArray<string> },
        unknown,
        Engine
      >,
      sql: SqlClient.SqlClient
    ) => Effect.Effect<A, E, Stepped.Services | SqlClient.SqlClient>
  ) =>
    it.effect(name, () =>
      Effect.suspend(() => {
        const registry: Metric.MetricRegistry = new Map()
        const lines = linesIn(registry)
        const seen = Effect.gen(function*() {
          yield* Stepped.measure
          const { schedules } = yield* (yield* Engine).suspects
          return { gauges: lines(...gauges), shown: schedules.map(({ name, state }) => `${name} ${state}`) }
        })
        const layer = Shops.layer.pipe(
          Layer.provideMerge(engine.layer()),
          Layer.provide(Layer.succeed(Metric.MetricRegistry, registry))
        )
        return Effect.gen(function*() {
          const sql = yield* SqlClient.SqlClient
          yield* scenario(seen, sql)
          yield* nobody
          yield* sql`delete from stepped.schedules`
          yield* healthy
        }).pipe(Effect.provide(layer))
      }))

  const counts = (broken: number, orphaned: number, seconds: number) => [
    `schedules_broken ${broken}`,
    `schedules_oldest_due_seconds ${seconds}`,
    `schedules_orphaned ${orphaned}`
  ]

  test(
    "17.2, 20.11: a row whose action nobody has is orphaned, one that is due is late, and what is paused is neither",
    (seen, sql) =>
      Effect.gen(function*() {
        // nothing is said of what is not used
        assert.deepStrictEqual(yield* seen, { gauges: [], shown: [] })
        yield* put("often")
        assert.deepStrictEqual(yield* seen, { gauges: counts(0, 1, 0), shown: ["often orphaned"] })
        yield* worker(["Shop/report"])
        assert.deepStrictEqual(yield* seen, { gauges: counts(0, 0, 0), shown: [] })
        // a minute may go by
        yield* TestClock.adjust(hour + 60_000)
        assert.deepStrictEqual(yield* seen, { gauges: counts(0, 0, 60), shown: [] })
        yield* TestClock.adjust("9 minutes")
        assert.deepStrictEqual(yield* seen, { gauges: counts(0, 0, 600), shown: ["often active"] })
        const schedules = yield* Schedules
        yield* schedules.pauseAll({ reason: "a test" })
        assert.deepStrictEqual(yield* seen, { gauges: counts(0, 0, 0), shown: [] })
        yield* sql`delete from stepped.pauses`
        assert.deepStrictEqual(yield* seen, { gauges: counts(0, 0, 600), shown: ["often active"] })
        yield* schedules.pause("often", { reason: "a test" })
        assert.deepStrictEqual(yield* seen, { gauges: counts(0, 0, 0), shown: [] })
        yield* sql`delete from stepped.schedules`
        assert.deepStrictEqual(yield* seen, { gauges: [], shown: [] })
      })
  )

  test(
    "17.2, 20.11: what cannot be read is broken since its slot, though it is looked at again and again",
    (seen, sql) =>
      Effect.gen(function*() {
        yield* put("often")
        yield* worker(["Shop/report"])
        yield* TestClock.adjust(hour + 5000)
        yield* sql`update stepped.schedules set trouble = 'the zone Mars/Base is not known here', next_at = next_at + interval '1 minute'`
        assert.deepStrictEqual(yield* seen, { gauges: counts(1, 0, 5), shown: ["often broken"] })
        yield* Effect.flatMap(Schedules, (schedules) => schedules.pauseAll({ reason: "a test" }))
        assert.deepStrictEqual(yield* seen, { gauges: counts(0, 0, 0), shown: [] })
      })
  )

  test(
    "17.2, 20.11: what code declares is late where somebody declares it, and meant to be over where nobody does",
    (seen, sql) =>
      Effect.gen(function*() {
        yield* put("often")
        yield* sql`update stepped.schedules set source = 0, hash = 'one'`
        yield* TestClock.adjust(hour + 120_000)
        assert.deepStrictEqual(yield* seen, { gauges: counts(0, 0, 0), shown: [] })
        yield* worker(["Shop/report"], { schedules: ["one"] })
        assert.deepStrictEqual(yield* seen, { gauges: counts(0, 0, 120), shown: ["often active"] })
      })
  )
})
