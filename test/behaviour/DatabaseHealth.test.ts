/** Rule 19.2: how the database is, on both of them. */
import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { SqlClient } from "effect/sql"
import { TestClock } from "effect/testing"
import { Stepped } from "stepped"
import { suite } from "../harness/databases.ts"

suite("the database's health", (engine) => {
  it.effect("19.2: says something of each topic, and what is not there is missing", () =>
    Effect.gen(function*() {
      const health = yield* Stepped.databaseHealth
      const isEmbedded = engine.name === "embedded"
      assert.deepStrictEqual(health.notes.map(({ topic }) => topic), [
        "snapshots",
        "locks",
        "deadRows",
        "connections",
        "replicas",
        "clock",
        "roundTrip",
        "commitTime"
      ])
      assert.isFalse(health.isReplica)
      assert.include(health.tables.map(({ name }) => name), "live_actions")
      assert.isAbove(health.roundTripMs, 0)
      assert.isAbove(health.commitMs ?? 0, 0)
      assert.strictEqual(health.connections === undefined, isEmbedded)
      if (health.connections !== undefined) assert.isBelow(health.connections.used, health.connections.most)
      assert.deepStrictEqual(health.replicas, [])
      const lines = Stepped.renderDatabaseHealth(health).split("\n")
      assert.strictEqual(lines[0], `the database at ${health.at.toISOString()}`)
      for (const { level, text } of health.notes) assert.include(lines.join("\n"), `─ ${level}  ${text}`)
    }).pipe(Effect.provide(engine.layer())))

  it.effect("19.2: says how far this machine's clock is from the database's", () =>
    Effect.gen(function*() {
      const noteOf = (behindMs: number) =>
        Effect.gen(function*() {
          const { at } = yield* Stepped.databaseHealth
          yield* TestClock.setTime(at.getTime() - behindMs)
          const { clockOffsetMs, notes } = yield* Stepped.databaseHealth
          const { level, text } = notes.find(({ topic }) => topic === "clock")!
          return { level, text, hours: Math.round(clockOffsetMs / 3_600_000) }
        })
      const late = yield* noteOf(2 * 3_600_000)
      assert.deepStrictEqual([late.level, late.hours], ["bad", 2])
      assert.match(late.text, /^this machine's clock is 2h\b.* behind the database's: /)
      assert.deepInclude(yield* noteOf(-2 * 3_600_000), { level: "bad", hours: -2 })
      assert.strictEqual((yield* noteOf(20_000)).level, "watch")
    }).pipe(Effect.provide(engine.layer())))

  it.effect("19.2: inside a transaction of the program that stays as it is", () =>
    Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      yield* sql.withTransaction(Effect.gen(function*() {
        yield* sql`insert into stepped.abandoned_by (action) values ('00000000-0000-7000-8000-000000000000')`
        const health = yield* Stepped.databaseHealth
        // the one session's commit is the program's
        assert.strictEqual(health.commitMs === undefined, engine.name === "embedded")
        assert.lengthOf(yield* sql`select from stepped.abandoned_by`, 1)
        yield* sql`delete from stepped.abandoned_by`
      }))
    }).pipe(Effect.provide(engine.layer())))
})
