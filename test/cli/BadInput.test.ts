/** Bad values at every flag and argument, and verbs on ids that are none of theirs. Nothing is changed by any of it. */
import { PgClient } from "@effect/sql-pg"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { garage } from "./fixtures/garage.ts"
import { id, verbs, why, wrong } from "./fixtures/wrong.ts"

/** All that is stored, as one text; and how many operations are recorded. */
const stored = Effect.gen(function*() {
  const sql = yield* PgClient.PgClient
  const [row] = yield* sql<{ all: string }>`select concat(
    (select json_agg(x order by x.id) from stepped.live_actions x), (select json_agg(x order by x.id) from stepped.ended_actions x),
    (select json_agg(x order by x.id) from stepped.jobs x), (select json_agg(x) from stepped.pauses x),
    (select json_agg(x order by x.action, x.idx) from stepped.steps x), (select json_agg(x) from stepped.signals x),
    (select json_agg(x) from stepped.achievements x)) as all`
  return row!.all
})

describe("bad input", () => {
  it.live("300 bad values are refused, each with what is wrong with it, and change nothing", () =>
    Effect.gen(function*() {
      const { client, services, stepped } = yield* garage
      yield* client(1).visitNow("London")
      const before = yield* Effect.provide(stored, services)
      assert.isAtLeast(wrong.length, 300)
      const through: Array<string> = []
      for (const args of wrong) {
        const { code, err } = yield* stepped(...args)
        // 1: understood, and there is nothing to it
        const isRefused = code === 2 && err.trim() !== "" || code === 1 && args.includes(id)
        if (!isRefused) through.push(`${code}: ${args.join(" ").slice(0, 100)}: ${err.slice(0, 200)}`)
      }
      assert.deepStrictEqual(through, [])
      assert.strictEqual(yield* Effect.provide(stored, services), before)
    }))

  it.live("verbs on what they are not for change nothing, and say so", () =>
    Effect.gen(function*() {
      const { client, services, stepped } = yield* garage
      const handle = yield* client(1).visitNow("London")
      const before = yield* Effect.provide(stored, services)
      const fits: Array<string> = []
      // one that is unknown, and one that has succeeded
      for (const target of [id, handle.id]) {
        for (
          const args of [
            ...verbs.filter((verb) => verb !== "delete" || target === id).map((verb) => [verb, target, ...why]),
            ["reprioritise", target, "5", ...why],
            ["reschedule", target, "2026-01-01", ...why],
            ["complete-step", target, "1", ...why],
            ["signal", target, "go", ...why],
            ["complete", target, ...why]
          ]
        ) {
          const { code, err, out } = yield* stepped(...args)
          if (code !== 1 && code !== 2 || `${out}${err}`.trim() === "") {
            fits.push(`${code}: ${args.join(" ")}: ${out}${err}`)
          }
        }
      }
      assert.deepStrictEqual(fits, [])
      assert.strictEqual(yield* Effect.provide(stored, services), before)
    }))
})
