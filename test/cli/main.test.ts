/** The program itself: what it prints where, and what it gives to the shell. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Redacted, Schema } from "effect"
import { SqlClient } from "effect/sql"
import { execFile, spawn } from "node:child_process"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import { type Check, Stepped } from "stepped"
import * as Embedded from "stepped/embedded"
import { inject } from "vitest"
import { blocked, holding } from "../harness/racing.ts"
import { freshDatabase, isPooled, layerUrl } from "../harness/Server.ts"
import { Car, stepped, until } from "./fixtures/garage.ts"

const visit = Stepped.action("visit", {
  arguments: [Schema.String, Schema.Int],
  success: Schema.String,
  concurrencyKey: (where) => ["places", where]
})
const program = resolve(import.meta.dirname, "../../src/cli/main.ts")

const run = (args: ReadonlyArray<string>, env: Readonly<Record<string, string | undefined>> = {}) =>
  new Promise<{ readonly code: number; readonly out: string; readonly err: string }>((done) => {
    execFile(
      process.execPath,
      ["--no-warnings", program, ...args],
      { env: { ...process.env, ...env } },
      (error, out, err) => done({ code: error === null ? 0 : Number(error.code), out, err })
    )
  })

/** A worker in a process of its own, which is killed with the scope. */
const startWorker = (env: Readonly<Record<string, string>>, ...args: ReadonlyArray<string>) =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const worker = spawn(process.execPath, ["--no-warnings", program, "worker", ...args], {
        env: { ...process.env, ...env },
        stdio: "ignore"
      })
      return { worker, ended: new Promise<number | null>((done) => worker.on("exit", done)) }
    }),
    ({ worker }) => Effect.sync(() => worker.kill("SIGKILL"))
  )

describe("the program", () => {
  it("says its version, completes for shells, and names what it does not know", async () => {
    const shells = ["bash", "zsh", "fish"]
    const [version, wrong, help, ...completions] = await Promise.all([
      run(["--version"]),
      run(["lst"]),
      run(["show", "--help"]),
      ...shells.map((shell) => run(["--completions", shell]))
    ])
    assert.match(version.out, /\d+\.\d+\.\d+/)
    for (const [i, { code, out }] of completions.entries()) {
      assert.deepStrictEqual([code, out.includes("stepped"), out.includes("errors")], [0, true, true], shells[i])
    }
    assert.strictEqual(new Set(completions.map(({ out }) => out)).size, shells.length)
    assert.deepStrictEqual([wrong.code, /ls/.test(wrong.err), help.code], [2, true, 0])
    assert.include(help.out, "Show an action")
  })

  it("says of a module that needs more than Node has how it is loaded", async () => {
    const folder = mkdtempSync(join(tmpdir(), "stepped-module-"))
    try {
      const module = join(folder, "app.ts")
      // Node strips types, and an enum is none
      writeFileSync(module, "enum Colour { red }\nexport const stepped = Colour.red\n")
      for (const args of [["check", module], ["worker", module], ["explain", module, "Car/1", "visit"]]) {
        const { code, err } = await run(args, { DATABASE_URL: inject("databaseUrl") })
        assert.deepStrictEqual([code, err.includes("does not load")], [2, true], err)
        assert.include(err, "for anything else, NODE_OPTIONS=--import names who loads it")
      }
      // a mistake in a file of it is one for whoever loads it
      writeFileSync(module, "export { stepped } from \"./part.ts\"\n")
      writeFileSync(join(folder, "part.ts"), "export const one = 1\nexport const stepped = { one: }\n")
      const { code, err } = await run(["worker", module], { DATABASE_URL: inject("databaseUrl") })
      assert.deepStrictEqual([code, err.includes("NODE_OPTIONS")], [2, false], err)
      assert.match(err, /does not load: .*\n.*part\.ts:2\n/)
      // what is no database for a worker is one for whoever writes a program
      const office = resolve(import.meta.dirname, "fixtures/office.ts")
      const missing = await run(["worker", office], { DATABASE_URL: undefined })
      const embedded = await run(["worker", office, "--folder", folder], { DATABASE_URL: undefined })
      assert.include(missing.err, "Set DATABASE_URL, or give --url. On an embedded one `stepped dev` performs")
      assert.include(embedded.err, "this needs a server. On an embedded database `stepped dev` performs")
      assert.deepStrictEqual([missing.code, embedded.code], [2, 2])
    } finally {
      rmSync(folder, { recursive: true })
    }
  })

  it.live("ends with 143 where SIGTERM cuts it off in the middle of what it does, and with 0 where it serves until then", () =>
    Effect.gen(function*() {
      const { url } = yield* freshDatabase()
      const env = { ...process.env, DATABASE_URL: Redacted.value(url) }
      const ended = (args: ReadonlyArray<string>, isThere: (out: string) => Effect.Effect<boolean>) =>
        Effect.gen(function*() {
          let out = ""
          const child = yield* Effect.acquireRelease(
            Effect.sync(() => spawn(process.execPath, ["--no-warnings", program, ...args], { env })),
            (child) => Effect.sync(() => child.kill("SIGKILL"))
          )
          child.stdout.on("data", (data) => out += String(data))
          const code = new Promise<number | null>((done) => child.on("exit", done))
          yield* until(`${args[0]} is in the middle of it`, Effect.suspend(() => isThere(out)))
          child.kill("SIGTERM")
          return yield* Effect.promise(() => code)
        })
      yield* Effect.gen(function*() {
        const sql = yield* SqlClient.SqlClient
        const giveWay = yield* holding(
          sql`select pg_advisory_xact_lock(hashtextextended('stepped migrations stepped', 0))`
        )
        const isHeldUp = Effect.as(blocked(1), true).pipe(Effect.provideService(SqlClient.SqlClient, sql))
        assert.strictEqual(yield* ended(["migrate", "up"], () => isHeldUp), 143)
        yield* giveWay
      }).pipe(Effect.scoped, Effect.provide(layerUrl(url)))
      assert.strictEqual((yield* stepped("migrate", "up", "--url", Redacted.value(url))).code, 0)
      const serves = (out: string) => Effect.succeed(out.includes("serves http"))
      assert.strictEqual(yield* ended(["serve", "--port", "0"], serves), 0)
    }))

  it("prints to a pipe without colours, results to one and errors to the other", async () => {
    const missing = await run(["ls"], { DATABASE_URL: inject("databaseUrl"), STEPPED_SCHEMA: "nowhere" })
    assert.deepStrictEqual([missing.code, missing.out], [3, ""])
    assert.match(missing.err, /^stepped: The Postgres schema nowhere does not exist/)
    assert.notInclude(missing.err, "\u001b")
  })

  it.live.skipIf(isPooled)(
    "performs the actions of a module until it is told to stop, and enqueues them",
    () =>
      Effect.gen(function*() {
        const { url } = yield* freshDatabase()
        const env = { DATABASE_URL: Redacted.value(url) }
        const ask = (...args: ReadonlyArray<string>) => stepped(...args, "--url", env.DATABASE_URL)
        const module = resolve(import.meta.dirname, "fixtures/app.ts")
        const { ended, worker } = yield* startWorker(env, module, "--migrate", "--name", "one")
        const looks = (args: ReadonlyArray<string>, isThere: (out: string) => boolean) =>
          Effect.gen(function*() {
            let shown = ""
            yield* until(
              `${args.join(" ")} comes to it`,
              Effect.map(ask(...args), ({ out }) => isThere(shown = out))
            )
            return shown
          })
        yield* looks(["definitions", "--current"], (out) => out.includes("Car/visit"))
        assert.match((yield* ask("workers")).out, /one +from a shell/)

        for (
          const [args, words] of [
            [["Car", "visit"], "which Car? Give its id, too: Car/1"],
            [["Car/1", "tow"], "no worker has said that it has Car/tow"],
            [["Car/1", "visit", "\"London\""], "visit takes 2 arguments, not 1"],
            [["Car/1", "visit", "London", "2"], "argument 1 is no JSON: London. A text is given as '\"London\"'"],
            [["Car/1", "visit", "\"London\"", "2.5"], "argument 2 does not fit"],
            [["Car/1", "visit", "\"London\"", "2", "--delay", "soon"], "--delay"],
            [["Car/1", "visit", "\"London\"", "2", "--priority", "101"], "priority"]
          ] as const
        ) {
          const { code, err } = yield* ask("run", ...args)
          assert.deepStrictEqual([code, err.includes(words)], [2, true], err)
        }
        const asked = yield* ask(
          "run",
          "Car/1",
          "visit",
          "\"London\"",
          "2",
          "--key",
          "first",
          "--tag",
          "nightly, by hand"
        )
        assert.match(asked.out, /^[0-9a-f-]{36}$/)
        const id = asked.out
        assert.strictEqual((yield* ask("run", "Car/1", "visit", "\"London\"", "2", "--key", "first")).out, id)
        const shown = yield* looks(
          ["show", id, "--payloads", "--json"],
          // its step may be read a moment later than itself
          (out) => JSON.parse(out).action.status === "succeeded"
        )
        // its worker has found its lane by the key that only it knows
        assert.deepInclude(JSON.parse(shown).action, {
          result: "London, 2 times",
          lane: "places/London",
          tags: ["nightly", "by hand"]
        })
        const wrong = yield* ask("worker", resolve(import.meta.dirname, "../../src/domain/shown.ts"))
        assert.deepStrictEqual([wrong.code, wrong.err.includes("exports no `stepped`")], [2, true])
        worker.kill("SIGTERM")
        assert.strictEqual(yield* Effect.promise(() => ended), 0)
        assert.strictEqual((yield* ask("workers")).out, "no worker runs")

        // by its row, as by the signal
        const second = yield* startWorker(env, module, "--name", "two")
        yield* looks(["workers"], (out) => out.includes("two"))
        assert.strictEqual((yield* ask("drain", "two", "--reason", "a test")).code, 0)
        assert.strictEqual(yield* Effect.promise(() => second.ended), 0)
        assert.strictEqual((yield* ask("workers")).out, "no worker runs")
      })
  )

  it.live.skipIf(isPooled)("takes from the queues that are given, and from no others", () =>
    Effect.gen(function*() {
      const { url } = yield* freshDatabase()
      const env = { DATABASE_URL: Redacted.value(url) }
      const ask = (...args: ReadonlyArray<string>) => stepped(...args, "--url", env.DATABASE_URL)
      const module = resolve(import.meta.dirname, "fixtures/office.ts")
      const enqueued = (name: string) =>
        Effect.map(ask("run", "Office/1", name), ({ code, err, out }) => {
          assert.strictEqual(code, 0, err)
          return out
        })
      const succeeds = (id: string) =>
        until(`${id} succeeds`, Effect.map(ask("show", id), ({ out }) => out.includes("succeeded")))
      const narrow = yield* startWorker(env, module, "--migrate", "--name", "narrow", "--queues", "reports, mails")
      yield* until("it has begun", Effect.map(ask("definitions"), ({ out }) => out.includes("Office/mail")))
      assert.match((yield* ask("workers")).out, /^narrow .* reports, mails /m)
      // the first one, and in nobody's queue
      const greeting = yield* enqueued("greet")
      yield* Effect.forEach(["report", "mail"], (name) => Effect.flatMap(enqueued(name), succeeds))
      assert.include(
        (yield* ask("why", greeting)).out,
        "none of the 1 living worker that has its definition takes from that"
      )
      yield* startWorker(env, module, "--name", "other", "--queues", "default")
      yield* succeeds(greeting)
      narrow.worker.kill("SIGTERM")
      assert.strictEqual(yield* Effect.promise(() => narrow.ended), 0)
      for (
        const [queues, words] of [
          ["", "queues of Stepped.worker is \"\""],
          ["reports,,mails", "queues of Stepped.worker is \"\""],
          ["reports, big mails", "queues of Stepped.worker is \"big mails\""]
        ] as const
      ) {
        const { code, err } = yield* ask("worker", module, "--queues", queues)
        assert.deepStrictEqual([code, err.includes(words)], [2, true], err)
      }
    }))

  it.live.skipIf(isPooled)(
    "checks whether a module would perform what is there: 0 where it would, 1 where not",
    () =>
      Effect.gen(function*() {
        const { url } = yield* freshDatabase({ template: { name: "migrated", migrate: Stepped.migrate() } })
        const [module, next] = ["app", "nextApp"].map((name) => resolve(import.meta.dirname, `fixtures/${name}.ts`))
        const ask = (...args: ReadonlyArray<string>) => stepped(...args, "--url", Redacted.value(url))
        yield* Effect.scoped(Effect.gen(function*() {
          const handle = yield* Stepped.enqueue(Car.ref(1), visit, "London", 2)
          assert.isString(handle.id)
        })).pipe(Effect.provide(Layer.provideMerge(Stepped.layer({ notify: false }), layerUrl(url)), { local: true }))

        const fits = yield* Effect.promise(() => run(["check", module!], { DATABASE_URL: Redacted.value(url) }))
        assert.deepStrictEqual(fits, {
          code: 0,
          out: "1 action fits (1 queued, 0 pending, 0 performing, 0 unread signals)\n",
          err: ""
        })
        const unfit = yield* ask("check", next!)
        assert.strictEqual(unfit.code, 1)
        assert.match(
          unfit.out,
          /^1 of 1 action does not fit [^]*└─ fails {2}Car\/visit {2}1 action {2}the arguments do not fit\n {3}└─ [0-9a-f-]{36} {2}Car\/1 {2}queued {2}Expected string at \[1\]$/
        )
        assert.notInclude(unfit.out, "London")
        assert.include((yield* ask("check", next!, "--payloads")).out, "[\"London\",2]")
        const [object] = (yield* ask("check", next!, "--json", "--samples", "0")).out.split("\n").map((line) =>
          JSON.parse(line) as Check
        )
        assert.deepInclude(object, { fits: false, unfit: 1 })
        assert.deepStrictEqual(object!.misfits.map(({ count, kind, samples }) => [kind, count, samples.length]), [
          ["arguments", 1, 0]
        ])
        assert.notInclude((yield* ask("check", next!, "--json")).out, "London")
        assert.include((yield* ask("check", next!, "--json", "--payloads")).out, "London")

        for (
          const [args, code, words] of [
            [["nowhere.ts"], 2, "nowhere.ts does not load"],
            [[resolve(import.meta.dirname, "../../src/domain/shown.ts")], 2, "exports no `stepped`"],
            [[module!, "--samples", "101"], 2, "--samples is 101"],
            [[module!, "--schema", "nowhere"], 3, "The Postgres schema nowhere does not exist"]
          ] as const
        ) {
          const refused = yield* ask("check", ...args)
          assert.deepStrictEqual(
            [refused.code, refused.out, refused.err.includes(words)],
            [code, "", true],
            refused.err
          )
        }
      })
  )

  it.live("checks a module against an embedded database that no process has", () =>
    Effect.gen(function*() {
      const folder = mkdtempSync(join(tmpdir(), "stepped-check-"))
      yield* Effect.addFinalizer(() => Effect.sync(() => rmSync(folder, { recursive: true })))
      yield* Effect.provide(
        Stepped.enqueue(Car.ref(1), visit, "London", 2),
        Embedded.layer({ dataDir: folder }),
        { local: true }
      )
      for (const [name, code] of [["app", 0], ["nextApp", 1]] as const) {
        const checked = yield* stepped("check", resolve(import.meta.dirname, `fixtures/${name}.ts`), "--folder", folder)
        assert.strictEqual(checked.code, code, checked.err)
      }
    }))
})
