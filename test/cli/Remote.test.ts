/** The command over HTTP: what it prints of an API is what it prints of the database. */
import { assert, describe, it } from "@effect/vitest"
import { Clock, ConfigProvider, Effect, Fiber, Layer, Option, Redacted, Schema } from "effect"
import { FetchHttpClient } from "effect/http"
import { SqlClient } from "effect/sql"
import { AchievementStore, ActionRepo, JobQueue, PerformanceLane, Schedules, Stepped } from "stepped"
import * as Http from "stepped/http"
import { performSteppedActions } from "stepped/testing"
import { remoteServices } from "../../src/cli/remote.ts"
import { verbTable } from "../../src/verbs/table.ts"
import { embedded } from "../harness/databases.ts"
import { storeVersions } from "../http/fixtures/described.ts"
import { as, known, serving } from "../http/fixtures/serving.ts"
import { Cars, garage, type Lines, printing, until, visit } from "./fixtures/garage.ts"
import { clockAhead } from "./fixtures/shop.ts"

const garageApp = new URL("fixtures/garageApp.ts", import.meta.url).pathname

class Gate extends Stepped.Actor<Gate>()("Gate", { id: Schema.Int }) {}
const look = Stepped.action("look", { success: Schema.Boolean, outbound: true }).step("ask", () => Effect.void)
const Gates = Stepped.actions(Gate, [look])

/** Runs it with `STEPPED_URL`, as somebody. */
const over =
  (url: string, token: string, lines: () => Lines = () => ({ out: [], err: [] })) => (...args: ReadonlyArray<string>) =>
    Effect.suspend(() =>
      Effect.provideService(
        printing(lines(), args),
        ConfigProvider.ConfigProvider,
        ConfigProvider.fromUnknown({ STEPPED_URL: url, STEPPED_TOKEN: token })
      )
    )

describe("the command over HTTP", () => {
  it.live("21.6: prints what it prints of the database, and asks for verbs by the token's name", () =>
    Effect.gen(function*() {
      const { client, services, stepped } = yield* garage
      const done = yield* client(1).visitNow("London")
      const failed = yield* client(2).visitLater("nowhere")
      yield* Effect.exit(failed.await)
      const held = yield* client(3).repairLater()
      yield* Effect.provide(
        until(
          "workers have said what they have",
          Effect.map(Effect.flatMap(JobQueue, (queue) => queue.definitions()), ({ length }) => length > 0)
        ),
        services
      )
      const schedules = yield* Effect.provide(Schedules, services)
      const at = new Date("2100-01-01T02:30:00Z")
      for (const name of ["nightly", "a/b?c"]) {
        yield* schedules.put(name, { at, actions: Cars, actor: 1, action: visit, args: ["London"] })
      }
      yield* schedules.run("nightly", { by: "anna" })
      yield* schedules.pause("a/b?c", { reason: "nobody is there", by: "anna" })
      const isOver = Effect.map(schedules.history("nightly"), ([slot]) => slot?.status === "succeeded")
      yield* Effect.provide(until("it has run", isOver), services)
      const api = yield* Effect.provide(serving(Http.layer({ authorization: known })), services)
      const remote = over(api.url, "ada")
      const tidy = (text: string) =>
        text.replaceAll(/\d+(\.\d+)? ?(ms|s|seconds?|minutes?)\b( ago)?/g, "…").replaceAll(/…(?: …)+/g, "…")
      for (
        const args of [
          ["ls"],
          ["ls", "--status", "failed"],
          ["ls", "--held"],
          ["ls", "--to-resume"],
          ["ls", "--not-undone"],
          ["ls", "--limit", "1"],
          ["show", done.id],
          ["show", failed.id],
          ["show", failed.id, "--payloads"],
          ["why", held.id],
          ["errors"],
          ["lanes"],
          ["queues"],
          ["workers"],
          ["definitions"],
          ["operations"],
          ["errors", "--limit", "5000"],
          ["doctor"],
          ["schedules", "list"],
          ["schedules", "list", "--limit", "1"],
          ["schedules", "list", "--after", "a/b?c", "--actor", "Car/1", "--action", "visit"],
          ["schedules", "list", "--json", "--payloads"],
          ["schedules", "next", "nightly"],
          ["schedules", "next", "a/b?c", "--count", "2"],
          ["schedules", "history", "nightly"],
          ["schedules", "history", "a/b?c"],
          ["schedules", "history", "nightly", "--before", "2020-01-01"],
          ["schedules", "next", "none"],
          ["schedules", "history", "none"]
        ]
      ) {
        const [here, there] = [yield* stepped(...args), yield* remote(...args)]
        assert.deepStrictEqual(
          [there.code, tidy(there.out)],
          [here.code, tidy(here.out)],
          `${args.join(" ")} ${there.err}`
        )
      }
      for (
        const args of [
          ["schedules", "next", "nightly", "--count", "0"],
          ["schedules", "history", "nightly", "--limit", "0"],
          ["schedules", "list", "--limit", "10001"],
          ["schedules", "list", "--action", "visit"],
          ["ls", "--limit", "0"],
          ["errors", "--limit", "10001"],
          ["lanes", "--limit", "10001"],
          ["operations", "--limit", "10001"]
        ]
      ) {
        const { code, err } = yield* remote(...args)
        assert.deepStrictEqual([code, err.includes(args.at(-2) === "--action" ? "actorType" : args.at(-2)!.slice(2))], [
          2,
          true
        ], err)
      }
      const moved = yield* remote("schedules", "resume", "a/b?c", "--reason", "a test")
      assert.deepStrictEqual([moved.code, moved.out], [0, "done"])
      const all = yield* remote("schedules", "pause-all", "--reason", "a test")
      assert.deepStrictEqual([all.code, all.out], [0, "done"])
      assert.match((yield* remote("schedules", "list")).out, /paused.*all: a test \(ada\)/)
      const resumed = yield* remote("schedules", "resume-all", "--reason", "a test")
      assert.deepStrictEqual([resumed.code, resumed.out], [0, "done: none was to fire meanwhile"])
      const skipped = yield* remote("skip", held.id, "--reason", "a test")
      assert.deepStrictEqual([skipped.code, skipped.out], [0, "done"])
      const last = yield* client(4).mendLater()
      yield* until(
        "it is held",
        Effect.map(stepped("ls", "--held", "--json"), ({ out }) => out.includes(last.id))
      )
      const kept = yield* remote("skip", last.id, "--reason", "a test")
      assert.strictEqual(kept.code, 1)
      assert.include(kept.out, "nothing was changed: it cannot be skipped")
      const retried = yield* remote("retry", failed.id, "--reason", "a test")
      assert.strictEqual(retried.code, 0, retried.err)
      const paused = yield* remote("pause", "--queue", "reports", "--reason", "a test")
      assert.deepStrictEqual([paused.code, paused.out.split("\n")[0]], [0, "done"])
      const { body } = yield* api.get("/api/operations?by=ada", as("vera"))
      assert.deepStrictEqual(
        body.items.map(({ verb }: any) => verb),
        [
          "JobQueue.pause",
          "ActionRepo.retry",
          "ActionRepo.skipStep",
          "ActionRepo.skipStep",
          "Schedules.resumeAll",
          "Schedules.pauseAll",
          "Schedules.resume"
        ]
      )
      const [asks, waits] = [yield* client(5).askLater(), yield* client(6).outsideLater()]
      for (const args of [["signal", asks.id, "go", "{\"by\":\"me\"}"], ["complete", waits.id, "7"]]) {
        yield* until(
          `${args[0]} is told`,
          Effect.map(remote(...args, "--reason", "they have called"), ({ code }) => code === 0)
        )
        const { out } = yield* stepped("operations", "--target", args[1]!, "--json")
        const told = out.split("\n").map((line) => JSON.parse(line)).filter(({ outcome }) => outcome === "done")
        assert.deepStrictEqual(told.map(({ by, reason }) => [by, reason]), [["ada", "they have called"]])
      }
      const planned = yield* remote("prune", "--before", "0 millis", "--dry-run")
      assert.deepStrictEqual([planned.code, planned.err], [0, ""])
      assert.match(planned.out, /would be deleted: \d+; stays: \d+$/)
      const pruned = yield* remote("prune", "--before", "0 millis", "--reason", "a test")
      assert.match(pruned.out, /^ {2}Car\/\w+, \w+: \d+ would be deleted\n/)
      assert.include(pruned.err, "Nobody can be asked here: give --yes")
      assert.include((yield* remote("prune", "--keep", "failed=1 day", "--dry-run")).err, "is not asked for over HTTP")
      const denied = yield* over(api.url, "vera")("retry", failed.id, "--reason", "a test")
      assert.notStrictEqual(denied.code, 0)
      assert.include(denied.err, "takes the role operate")
      assert.include((yield* over(api.url, "eve")("ls")).err, "nobody is known by this credential")
      assert.include((yield* remote("explain", garageApp, failed.id)).err, "which database?")
      const drained = yield* remote("drain", "workshop", "--reason", "a test")
      assert.deepStrictEqual([drained.code, drained.err], [0, ""])
    }).pipe(Effect.scoped))

  it.live("21.6: what is refused ends as it does at the database: it was given, and is no fault of that", () =>
    Effect.gen(function*() {
      const { announced, client, services, stepped } = yield* garage
      yield* announced
      const api = yield* Effect.provide(serving(Http.layer({ authorization: known })), services)
      const remote = over(api.url, "ada")
      const asks = yield* client(1).askLater()
      const outside = yield* client(2).outsideLater()
      const why = ["--reason", "a test"]
      const keyed = ["run", "Car/3", "visit", "\"London\"", "--key", "one"]
      for (const args of [["signal", asks.id, "go", "{\"by\":\"me\"}"], ["complete", outside.id, "7"]]) {
        const told = Effect.map(stepped(...args, ...why, "--key", "once"), ({ code }) => code === 0)
        yield* until(`${args[0]} is told`, told)
      }
      assert.strictEqual((yield* stepped(...keyed)).code, 0)
      for (
        const { args, code } of [
          // it is over: there is nothing to it
          { code: 1, args: ["signal", asks.id, "go", "{\"by\":\"you\"}", "--key", "once", ...why] },
          { code: 2, args: ["complete", outside.id, "8", "--key", "once", ...why] },
          { code: 2, args: ["run", "Car/3", "visit", "\"Paris\"", "--key", "one"] }
        ]
      ) {
        const [here, there] = [yield* stepped(...args), yield* remote(...args)]
        assert.deepStrictEqual([there.code, there.err], [here.code, here.err], args.join(" "))
        assert.strictEqual(here.code, code, here.err)
      }
    }).pipe(Effect.scoped))

  it.live("21.6, 20.8: a range of slots without an end goes until now, by the clock of who is asked", () =>
    Effect.gen(function*() {
      const { services } = yield* garage
      const schedules = yield* Effect.provide(Schedules, services)
      yield* schedules.put("hourly", { every: "1 hour", actions: Cars, actor: 1, action: visit, args: ["London"] })
      const api = yield* Effect.provide(serving(Http.layer({ authorization: known })), services)
      const backfill = ["schedules", "backfill", "hourly", "--from", "150 minutes", "--reason", "a test"]
      const ahead = Effect.provideService(over(api.url, "ada")(...backfill), Clock.Clock, clockAhead(5000))
      const { code, err, out } = yield* ahead
      assert.deepStrictEqual([code, err], [0, ""])
      assert.match(out, /^done: [23] enqueued, and 0 had been before$/)
    }).pipe(Effect.scoped))

  it.live("21.6: that there is no such action is said in the same place, whoever is asked", () =>
    Effect.gen(function*() {
      const { services, stepped } = yield* garage
      const api = yield* Effect.provide(serving(Http.layer({ authorization: known })), services)
      const remote = over(api.url, "ada")
      const id = "0199c2f0-9c1e-7d30-8a44-000000000001"
      const behind: Readonly<Record<string, ReadonlyArray<string>>> = {
        "complete-step": ["1"],
        reprioritise: ["5"],
        reschedule: ["2030-01-01"],
        signal: ["go"],
        complete: ["1"]
      }
      const commands = Object.values(verbTable).flatMap(({ command, of }) => of === "action" ? [command] : [])
      assert.isAbove(commands.length, 10)
      for (const command of commands) {
        for (const flags of [[], ["--json"]]) {
          const args = [command, id, ...behind[command] ?? [], "--reason", "a test", ...flags]
          const [here, there] = [yield* stepped(...args), yield* remote(...args)]
          assert.deepStrictEqual(there, here, args.join(" "))
          assert.deepStrictEqual([here.code, here.out], [1, ""], args.join(" "))
          assert.match(here.err, /^stepped: there is no (such )?action/i, args.join(" "))
        }
      }
    }).pipe(Effect.scoped))

  it.live("21.6: a verb for many says how far it is, and what has come of it, to who may not read payloads", () =>
    Effect.gen(function*() {
      const { announced, client, objects, services } = yield* garage
      const numbers = Array.from({ length: 60 }, (_, n) => n)
      yield* Effect.forEach(numbers, (id) => client(id).with({ delay: "1 day" }).visitLater("London"))
      yield* announced
      const api = yield* Effect.provide(serving(Http.layer({ authorization: known })), services)
      const many = ["cancel", "--where", "actor=Car", "--yes", "--reason", "a test"]
      const lines: Lines = { out: [], err: [] }
      const slow = yield* Effect.forkChild(over(api.url, "otto", () => lines)(...many, "--rate", "1"))
      yield* until("it says how far it is", Effect.sync(() => lines.out.some((line) => /^\d+ of 60$/.test(line))))
      const [own] = yield* objects("ls", "--actor", "Stepped")
      assert.strictEqual((yield* over(api.url, "otto")("cancel", own!.id, "--reason", "too slow")).code, 0)
      assert.include((yield* Fiber.join(slow)).err, "has ended as cancelled")
      const rest = (yield* objects("ls", "--actor", "Car", "--status", "queued", "--limit", "100")).length
      const done = yield* over(api.url, "otto")(...many)
      assert.include(done.out.split("\n"), `done: ${rest}`, done.err)
      // what programs have stored is nobody's who may not read it
      assert.include((yield* over(api.url, "otto")("show", own!.id, "--payloads")).out, "<hidden: notAllowed>")
    }).pipe(Effect.scoped))

  it.live("21.6: a verb for many goes on being looked at where a look fails, and is named where none will be answered", () =>
    Effect.gen(function*() {
      const { announced, client, services } = yield* garage
      yield* Effect.forEach([1, 2, 3], (id) => client(id).with({ delay: "1 day" }).visitLater("London"))
      yield* announced
      const api = yield* Effect.provide(serving(Http.layer({ authorization: known })), services)
      /** What it prints where the first looks at an action come to these, and not to an answer. */
      const asked = (args: ReadonlyArray<string>, looks: Array<() => Response>) => {
        const fetching: typeof fetch = async (input, options) =>
          (options?.method === "GET" && /\/api\/actions\/[0-9a-f-]{36}$/.test(String(input))
            ? looks.shift()?.()
            : undefined) ?? await fetch(input, options)
        return Effect.provideService(over(api.url, "otto")(...args), FetchHttpClient.Fetch, fetching)
      }
      const many = ["--where", "actor=Car, status=queued", "--yes", "--reason", "a test"]
      const lost = () => {
        throw new TypeError("fetch failed")
      }
      const between = () => new Response("bad gateway", { status: 502 })
      const done = yield* asked(["reprioritise", ...many, "7"], [lost, between, lost])
      assert.deepStrictEqual([done.code, done.err, done.out.split("\n").at(-1)], [0, "", "done: 3"], done.out)
      assert.match(done.out, /\n([0-9a-f-]{36}) does it: `stepped show \1` [^]* it is looked again, while \1 goes on\n/)
      const denied = () => new Response("{}", { status: 401 })
      const cut = yield* asked(["cancel", ...many, "--rate", "1", "--json"], [denied])
      assert.deepStrictEqual([cut.code, cut.out], [3, ""])
      assert.match(
        cut.err,
        /^stepped: ([0-9a-f-]{36}) does it: .*\nstepped: \1 is not over, and a worker goes on with it: /
      )
    }).pipe(Effect.scoped))

  it.effect("21.6: completes with what is false as with anything else, and says why", () =>
    Effect.gen(function*() {
      const { id } = yield* (yield* Gates.client)(1).lookLater()
      yield* performSteppedActions({ until: "1 second" }).pipe(Effect.exit)
      const api = yield* serving(Http.layer({ authorization: known }))
      yield* Stepped.complete(id, look, Stepped.Outcome.succeeded(false), { by: "eve", reason: "it is shut" }).pipe(
        Effect.provide(remoteServices(api.url, Option.some(Redacted.make("ada"))))
      )
      yield* performSteppedActions()
      const repo = yield* ActionRepo
      assert.strictEqual(Option.getOrThrow(yield* repo.find(id)).result, false)
      // by the name of whose token it is, whatever is said
      const [operation] = yield* repo.operations({ target: id })
      assert.deepInclude(operation, { by: "ada", reason: "it is shut", verb: "Stepped.complete" })
    }).pipe(Effect.scoped, Effect.provide(Layer.provideMerge(Gates.layer, embedded.layer()))))

  it.effect("21.6: forgets and deletes what it is asked for, and no more", () =>
    Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      const days = (from: number, to: number) =>
        `timestamptz '2026-01-01' + n * interval '1 day' from generate_series(${from}, ${to}) n`
      for (const definition of ["Gate/look", "Gate/open", "Door/look"]) {
        yield* sql.unsafe(
          `insert into stepped.achievements (checksum_key, checksum, result, action, definition, achieved_at)
          select '${definition}/' || n, 'x', '1', gen_random_uuid(), '${definition}', ${days(0, 3)}`
        )
      }
      yield* sql.unsafe(`insert into stepped.operations (by, verb, target, outcome, at)
        select 'eve', 'JobQueue.pause', 'queue ' || n, 'done', ${days(0, 3)}`)
      yield* sql.unsafe(`insert into stepped.outcomes (id, definition, actor_id, status, created_at)
        select gen_random_uuid(), 'Gate/look', '1', 2, ${days(0, 3)}`)
      const api = yield* serving(Http.layer({ authorization: known }))
      const count = (table: string) =>
        Effect.map(
          sql.unsafe<{ readonly count: number }>(`select count(*)::int as count from stepped.${table}`),
          ([row]) => row?.count
        )
      const keys = Effect.map(
        sql.unsafe<{ readonly key: string }>("select checksum_key as key from stepped.achievements order by 1"),
        (rows) => rows.map(({ key }) => key)
      )
      const before = new Date("2026-01-02T12:00:00Z")
      const asks = { reason: "a test" }
      yield* Effect.gen(function*() {
        const [achievements, repo] = [yield* AchievementStore, yield* ActionRepo]
        const gone = yield* achievements.forgetAll({ actorType: "Gate", name: "look", before, ...asks })
        assert.deepStrictEqual([gone, yield* count("achievements")], [2, 10])
        assert.deepStrictEqual(
          (yield* keys).filter((key) => key.startsWith("Gate/look")),
          ["Gate/look/2", "Gate/look/3"]
        )
        assert.strictEqual(yield* achievements.forgetAll({ before, limit: 1, ...asks }), 1)
        assert.strictEqual(yield* achievements.forgetAll({ below: "Door", actorType: "Gate", ...asks }), 0)
        assert.strictEqual(yield* count("achievements"), 9)
        assert.strictEqual(yield* repo.deleteOutcomes({ before, limit: 1, ...asks }), 1)
        assert.strictEqual(yield* count("outcomes"), 3)
        const recorded = yield* count("operations")
        assert.strictEqual(yield* repo.deleteOperations({ before, limit: 1, ...asks }), 1)
        // that is recorded, too
        assert.strictEqual(yield* count("operations"), recorded)
      }).pipe(Effect.provide(remoteServices(api.url, Option.some(Redacted.make("ada")))))
    }).pipe(Effect.scoped, Effect.provide(Layer.provideMerge(Gates.layer, embedded.layer()))))

  it.effect("21.6: what is asked for of many is for those that are meant, and no others", () =>
    Effect.gen(function*() {
      yield* (yield* Gates.client)(1).lookLater()
      yield* performSteppedActions({ until: "1 second" }).pipe(Effect.exit)
      const api = yield* serving(Http.layer({ authorization: known }))
      const counts = Effect.forEach([{}, { held: true }, { toResume: true }, { notUndone: true }, {
        callbacksFailed: true
      }], (filter) =>
        Effect.map(
          Stepped.forMany({ actorType: "Gate", ...filter }, { verb: "Stepped.cancel" }),
          ({ count }) => count
        ))
      const there = Effect.provide(counts, remoteServices(api.url, Option.some(Redacted.make("ada"))))
      assert.deepStrictEqual([yield* counts, yield* there], [[1, 0, 0, 0, 0], [1, 0, 0, 0, 0]])
    }).pipe(Effect.scoped, Effect.provide(Layer.provideMerge(Gates.layer, embedded.layer()))))

  it.effect("21.6: lists are as long as they are asked for, beyond one page, too", () =>
    Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      yield* (yield* Gates.client)(1).lookLater()
      yield* performSteppedActions({ until: "1 second" }).pipe(Effect.exit)
      yield* sql.unsafe(`insert into stepped.live_actions
        select (jsonb_populate_record(l, jsonb_build_object('id', gen_random_uuid(), 'lane', 'lane ' || n))).*
        from stepped.live_actions l, generate_series(1, 1100) n`)
      yield* sql.unsafe(`insert into stepped.operations (by, verb, target, outcome, at)
        select 'eve', 'JobQueue.pause', 'queue ' || n, 'done', now() from generate_series(1, 1100) n`)
      yield* storeVersions("Gate/look", 1100)
      const api = yield* serving(Http.layer({ authorization: known }))
      const lists = Effect.gen(function*() {
        const [lanes, repo, queue] = [yield* PerformanceLane, yield* ActionRepo, yield* JobQueue]
        const definitions = yield* queue.definitions({ limit: 1050 })
        const operations = yield* repo.operations({ by: "eve", limit: 1050 })
        return {
          lanes: (yield* lanes.list({ limit: 1050 })).map(({ key }) => key),
          few: (yield* lanes.list()).length,
          definitions: definitions.map(({ hash }) => hash),
          others: (yield* queue.definitions({ after: definitions.at(-1)! })).map(({ hash }) => hash),
          operations: operations.map(({ id }) => id),
          rest: (yield* repo.operations({ by: "eve", limit: 1050, after: operations.at(-1)!.id })).map(({ id }) => id)
        }
      })
      const here = yield* lists
      assert.deepStrictEqual(
        [here.lanes, here.operations, here.rest, here.definitions, here.others].map(({ length }) => length),
        [1050, 1050, 50, 1050, 50]
      )
      assert.strictEqual(here.few, 100)
      yield* Effect.gen(function*() {
        assert.deepStrictEqual(yield* lists, here)
      }).pipe(Effect.provide(remoteServices(api.url, Option.some(Redacted.make("ada")))))
    }).pipe(Effect.scoped, Effect.provide(Layer.provideMerge(Gates.layer, embedded.layer()))))
})
