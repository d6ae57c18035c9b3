/** What people type at night: bad values at every flag and argument, and verbs on ids that are none of theirs. Nothing is changed by any of it. */
import { PgClient } from "@effect/sql-pg"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { garage } from "./fixtures/garage.ts"

const id = "0199c2f0-9c1e-7d30-8a44-000000000001"
const why = ["--reason", "a test"]

/** No ids: too short, too long, with what shells and SQL take for their own. */
const noIds = [
  "",
  " ",
  "1",
  "-1",
  "null",
  "undefined",
  "NaN",
  `${id}0`,
  id.slice(1),
  id.replaceAll("-", ""),
  `{${id}}`,
  `${id}' or '1'='1`,
  "'; drop table stepped.jobs; --",
  "../../etc/passwd",
  "%s%n",
  "\u0000",
  "💥",
  "0".repeat(5000)
]
const noCounts = ["", "x", "1.5", "NaN", "1e99", "0x10", "--", "1,000", "9007199254740993", "💥", "Infinity"]
const noTimes = [
  "",
  "x",
  "yesterday",
  "2026-13-45",
  "2026-02-30T99:00:00Z",
  "-5 seconds",
  "5 parsecs",
  "NaN",
  "Infinity",
  "💥"
]
const noJson = ["{", "'x'", "undefined", "NaN", "[1,]", "{\"a\":}", "💥"]
const noFilters = [
  "",
  " ",
  "=",
  "status",
  "status=",
  "status=open",
  "status=failed,,",
  "since=yesterday",
  "before=-1 hour",
  "color=red",
  "constructor=1",
  "parent=1",
  "__proto__=1",
  "status=failed; drop table stepped.jobs"
]

const each = (values: ReadonlyArray<string>, ...commands: ReadonlyArray<(value: string) => ReadonlyArray<string>>) =>
  commands.flatMap((command) => values.map(command))

const verbs = ["cancel", "retry", "try-again", "skip", "fail", "abandon-unwinding", "compensate-again", "delete"]

const wrong: ReadonlyArray<ReadonlyArray<string>> = [
  ...each(
    noIds,
    ...["show", "why", "explain"].map((command) => (value: string) => [command, value]),
    ...verbs.map((verb) => (value: string) => [verb, value, ...why]),
    (value) => ["reprioritise", value, "5", ...why],
    (value) => ["signal", value, "go"],
    (value) => ["complete", value],
    (value) => ["ls", "--after", value],
    (value) => ["ls", "--parent", value]
  ),
  ...each(
    noCounts,
    (value) => ["ls", "--limit", value],
    (value) => ["lanes", "--limit", value],
    (value) => ["operations", "--after", value],
    (value) => ["reprioritise", id, value, ...why],
    (value) => ["cancel", "--where", "status=queued", "--rate", value, ...why]
  ),
  ...each(
    noTimes,
    (value) => ["ls", "--since", value],
    (value) => ["errors", "--before", value],
    (value) => ["prune", "--before", value, "--yes", ...why],
    (value) => ["reschedule", id, value, ...why]
  ),
  ...each(noFilters, ...verbs.map((verb) => (value: string) => [verb, "--where", value, "--yes", ...why])),
  ...each(["", "open", "failed;", "FAILED", "failed,open", "💥"], (value) => ["ls", "--status", value]),
  ...each(noJson, (value) => ["complete-step", id, value, ...why], (value) => ["run", "Car/1", "visit", value]),
  ...each(["", "Car", "Car/", "Car/visit/1", "/visit", "💥"], (value) => ["pause", "--definition", value, ...why]),
  ...each(["", "-1", "1001", "everything"], (value) => ["prune", "--what", value, "--before", "1 day", "--yes", ...why])
]

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
            ["signal", target, "go"],
            ["complete", target]
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
