/** Flags that change what a command looks at, says, or asks for. */
import { PgClient } from "@effect/sql-pg"
import { assert, describe, it } from "@effect/vitest"
import { ConfigProvider, Effect, Fiber, Redacted } from "effect"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import { garage, type Lines, printing, until } from "./fixtures/garage.ts"

const why = ["--reason", "a test"]
const nowhere = "postgres://nobody@127.0.0.1:1/none"
const moduleOf = (name: string) => resolve(import.meta.dirname, `fixtures/${name}.ts`)

describe("where it looks", () => {
  it.live("--url, --folder and --schema are refused where they would change nothing", () =>
    Effect.gen(function*() {
      const folder = mkdtempSync(join(tmpdir(), "stepped-flags-"))
      yield* Effect.addFinalizer(() => Effect.sync(() => rmSync(folder, { recursive: true })))
      const url = ["--url", nowhere]
      const other = ["--schema", "other"]
      const [own, app] = [moduleOf("ownDatabase"), moduleOf("app")]
      const refused: ReadonlyArray<readonly [ReadonlyArray<string>, string]> = [
        [["ls", ...url, "--folder", folder], "--url and --folder exclude each other"],
        [["check", app, ...url, "--folder", folder], "--url and --folder exclude each other"],
        [["check", own, ...url], "a database of its own"],
        [["worker", own, ...url], "a database of its own"],
        [["worker", own, "--folder", folder], "a database of its own"],
        [["check", own, ...other], "the module's own options say own"],
        [["worker", own, ...other], "the module's own options say own"],
        [["dev", own, "--once", "--folder", folder, ...other], "the module's own options say own"],
        [["migrate", "up", "--sql", ...url], "--sql asks no database"],
        [["migrate", "up", "--sql", "--folder", folder], "--sql asks no database"]
      ]
      const asked = (args: ReadonlyArray<string>, environment: Readonly<Record<string, string>>) =>
        Effect.provideService(
          printing({ out: [], err: [] }, args),
          ConfigProvider.ConfigProvider,
          ConfigProvider.fromUnknown(environment)
        )
      for (const [args, words] of refused) {
        const { code, err, out } = yield* asked(args, {})
        assert.deepStrictEqual([code, out, err.includes(words)], [2, "", true], `${args.join(" ")}: ${err}`)
      }
      // of an API only the one who serves it says which schema it has
      const api = { STEPPED_URL: "http://127.0.0.1:1" }
      const there = yield* asked(["ls", ...other], api)
      assert.deepStrictEqual([there.code, there.err.includes("STEPPED_URL names an API")], [2, true], there.err)
      const database = yield* asked(["ls", ...url, ...other], api)
      assert.deepStrictEqual([database.code, database.err.includes("127.0.0.1:1")], [3, true], database.err)
    }).pipe(Effect.scoped))
})

describe("looking", () => {
  it.live("--watch lists at once, and again every second, until it is interrupted", () =>
    Effect.gen(function*() {
      const { client, url } = yield* garage
      const lines: Lines = { out: [], err: [] }
      const watching = yield* Effect.forkChild(printing(lines, ["ls", "--watch", "--url", Redacted.value(url)]))
      const listed = (text: string) => until(text, Effect.sync(() => lines.out.at(-1)?.includes(text) === true))
      yield* listed("no such actions")
      const { id } = yield* client(1).visitNow("London")
      yield* listed(id)
      const before = lines.out.length
      yield* until("it looks again", Effect.sync(() => lines.out.length > before))
      yield* Fiber.interrupt(watching)
      assert.deepStrictEqual(lines.err, [])
    }))

  it.live("--local has times of the machine's zone, in place of UTC", () =>
    Effect.gen(function*() {
      const { client, stepped } = yield* garage
      yield* client(1).visitNow("London")
      const [utc, local] = [(yield* stepped("ls")).out, (yield* stepped("ls", "--local")).out]
      assert.match(utc, /\d\d:\d\d:\d\dZ/)
      assert.notMatch(local, /\d\d:\d\d:\d\dZ/)
      const at = /(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)Z/.exec(utc)![1]!
      const there = /(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d[+-]\d\d:\d\d)/.exec(local)![1]!
      assert.strictEqual(Date.parse(there.replace(" ", "T")), Date.parse(`${at.replace(" ", "T")}Z`))
    }))
})

describe("acting", () => {
  it.live("complete says how an action has ended that gives nothing: failed, cancelled, or out of time", () =>
    Effect.gen(function*() {
      const { client, objects, stepped } = yield* garage
      for (
        const [flag, status] of [["--failed", "failed"], ["--cancelled", "cancelled"], ["--timed-out", "timed_out"]]
      ) {
        const { id } = yield* client(1).outsideLater()
        yield* until(
          "it waits outside",
          Effect.map(objects("ls", "--actor", "Car/1"), ([found]) => found?.id === id && found.outbound === true)
        )
        // what the engine logs of it is not among the answers
        const said = { verb: "Stepped.complete", target: id, outcome: "done" }
        assert.deepInclude(yield* stepped("complete", id, flag!, "--json", ...why), {
          code: 0,
          out: JSON.stringify(said)
        })
        yield* until(
          `it is ${status}`,
          Effect.map(objects("ls", "--actor", "Car/1"), ([found]) => found?.status === status)
        )
      }
    }))

  it.live("forget-achievement forgets one by its key, those below one, or all by an action and from before a time", () =>
    Effect.gen(function*() {
      const { services, stepped } = yield* garage
      const sql = yield* Effect.provide(PgClient.PgClient, services)
      for (const definition of ["Car/wash", "Car/look", "Bus/wash"]) {
        yield* sql.unsafe(
          `insert into stepped.achievements (checksum_key, checksum, result, action, definition, achieved_at)
          select '${definition}/' || n, 'x', '1', gen_random_uuid(), '${definition}',
            timestamptz '2025-12-31T00:00:00Z' + n * interval '1 day'
          from generate_series(1, 4) n`
        )
      }
      const left = Effect.map(
        sql.unsafe<{ readonly key: string }>("select checksum_key as key from stepped.achievements order by 1"),
        (rows) => rows.map(({ key }) => key)
      )
      const forget = (...args: ReadonlyArray<string>) => stepped("forget-achievement", ...args, ...why)
      for (
        const [args, words] of [
          [[], "which? Give a key"],
          [["--below"], "which? Give a key"],
          [["Car/wash/1", "--action", "wash"], "with a key give --below"]
        ] as const
      ) {
        const { code, err } = yield* forget(...args)
        assert.deepStrictEqual([code, err.includes(words)], [2, true], err)
      }
      assert.lengthOf(yield* left, 12)
      assert.deepInclude(yield* forget("Car/wash/1"), { code: 0, out: "done" })
      const old = ["--actor", "Car", "--action", "wash", "--before", "2026-01-03T12:00:00Z"]
      assert.deepInclude(yield* forget(...old), { code: 0, out: "forgotten: 2" })
      assert.strictEqual((yield* forget(...old)).code, 1)
      assert.deepInclude(yield* forget("Bus/wash/2", "--below"), { code: 0, out: "forgotten: 1" })
      assert.deepInclude(yield* forget("--action", "look"), { code: 0, out: "forgotten: 4" })
      assert.deepStrictEqual(yield* left, ["Bus/wash/1", "Bus/wash/3", "Bus/wash/4", "Car/wash/4"])
    }))

  it.live("cancel undoes what its steps have done, and with --no-compensate leaves it", () =>
    Effect.gen(function*() {
      const { client, objects, stepped } = yield* garage
      for (const [flags, steps] of [[[], ["rent", "wait", "rent"]], [["--no-compensate"], ["rent", "wait"]]] as const) {
        const { id } = yield* client(1).rentLater()
        const shown = Effect.map(objects("show", id), ([found]) => found!)
        yield* until(
          "it waits",
          Effect.map(objects("ls", "--actor", "Car/1"), ([found]) => found?.status === "performing")
        )
        yield* until("its step waits", Effect.map(shown, ({ steps }) => steps.length === 2))
        assert.strictEqual((yield* stepped("cancel", id, ...flags, ...why)).code, 0)
        yield* until("it is cancelled", Effect.map(shown, ({ action }) => action.status === "cancelled"))
        assert.deepStrictEqual((yield* shown).steps.map(({ name }: { readonly name: string }) => name), [...steps])
      }
    }))
})
