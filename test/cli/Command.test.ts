/** The command line beside a worker: what each command shows, does, refuses, and gives to the shell. */
import { PgClient } from "@effect/sql-pg"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Redacted } from "effect"
import { Reactivity } from "effect/reactivity"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import { type ActionHandle, ActionRepo } from "stepped"
import * as Embedded from "stepped/embedded"
import { freshDatabase } from "../harness/Server.ts"
import { Cars, garage, stepped, until } from "./fixtures/garage.ts"

type Found = ReadonlyArray<Record<string, any>>
const none = "0199c2f0-0000-7000-8000-000000000000"
const why = ["--reason", "a test"]
const garageApp = resolve(import.meta.dirname, "fixtures/garageApp.ts")

describe("looking", () => {
  it.live("lists actions, by all that they are filtered by, and goes on with the next page", () =>
    Effect.gen(function*() {
      const { client, objects, stepped } = yield* garage
      for (const [i, where] of ["London", "nowhere", "Paris"].entries()) {
        yield* Effect.exit(client(i + 1).with({ tags: [`tour ${i}`] }).visitNow(where))
      }
      const names = (found: Found) => found.map(({ actorId, status }) => `${actorId} ${status}`)
      assert.deepStrictEqual(names(yield* objects("ls")), ["3 succeeded", "2 failed", "1 succeeded"])
      assert.deepStrictEqual(names(yield* objects("ls", "--status", "failed,timed_out")), ["2 failed"])
      assert.deepStrictEqual(names(yield* objects("ls", "--actor", "Car/3")), ["3 succeeded"])
      assert.deepStrictEqual(names(yield* objects("ls", "--actor", "Bus")), [])
      assert.deepStrictEqual(names(yield* objects("ls", "--tag", "tour 0")), ["1 succeeded"])
      assert.deepStrictEqual(names(yield* objects("ls", "--since", "1 hour", "--roots")).length, 3)
      assert.deepStrictEqual(names(yield* objects("ls", "--before", "1 hour")), [])
      assert.deepStrictEqual(names(yield* objects("ls", "--action", "visit", "--limit", "1")), ["3 succeeded"])
      const { code, out } = yield* stepped("ls", "--limit", "1")
      assert.strictEqual(code, 0)
      assert.match(out, /succeeded {2}visit Car\/3/)
      const next = /more: --after (\S+)/.exec(out)![1]!
      assert.deepStrictEqual(names(yield* objects("ls", "--after", next)), ["2 failed", "1 succeeded"])
      assert.strictEqual((yield* stepped("ls", "--actor", "Bus")).out, "no such actions")
    }))

  it.live("shows a tree; payloads only where they are asked for, and numbers as they are stored", () =>
    Effect.gen(function*() {
      const { client, objects, services, stepped } = yield* garage
      const handle = yield* client(1).visitNow("London")
      const shown = yield* stepped("show", handle.id)
      assert.match(shown.out, /^visit Car\/1 {2}succeeded[\s\S]*├─ drive {2}succeeded[\s\S]*└─ park {2}succeeded/)
      assert.notInclude(shown.out, "London")
      assert.include((yield* stepped("show", handle.id, "--payloads")).out, "[\"London\"]")
      assert.notInclude(JSON.stringify(yield* objects("show", handle.id)), "London")
      assert.include(JSON.stringify(yield* objects("show", handle.id, "--payloads")), "London")

      const sql = yield* Effect.provide(PgClient.PgClient, services)
      yield* sql`update stepped.ended_actions set arguments = '[12345678901234567890]' where id = ${handle.id}::uuid`
      for (const flags of [[], ["--json"]]) {
        assert.include((yield* stepped("show", handle.id, "--payloads", ...flags)).out, "[12345678901234567890]")
      }
    }))

  it.live("says why nothing is found: code 1", () =>
    Effect.gen(function*() {
      const { stepped } = yield* garage
      for (const command of ["show", "why", "skip", "try-again"]) {
        const { code, err } = yield* stepped(command, none, ...["show", "why"].includes(command) ? [] : why)
        assert.strictEqual(code, 1, command)
        assert.include(err, `there is no action ${none}`)
      }
      assert.strictEqual((yield* stepped("retry", none, ...why)).code, 1)
    }))
})

/** What an action has come to, once that is so. */
const comesTo = (handle: ActionHandle, status: string) =>
  until(
    `${handle.id} comes to ${status}`,
    Effect.gen(function*() {
      const steps = yield* Effect.flatMap(ActionRepo, (repo) => repo.steps(handle.id))
      return (yield* handle.status).status === status || steps.at(-1)?.status === status
    })
  )
/** It waits for what its step has asked for. */
const waits = (handle: ActionHandle) =>
  until("it waits", Effect.flatMap(ActionRepo, (repo) => Effect.map(repo.slots(handle.id), ({ length }) => length > 0)))

describe("the whole", () => {
  it.live("errors in groups, lanes, queues, workers, definitions, the doctor", () =>
    Effect.gen(function*() {
      const { announced, client, objects, services, stepped } = yield* garage
      for (const id of [1, 2]) yield* Effect.exit(client(id).visitNow("nowhere"))
      const asks = yield* client(3).askLater()
      yield* Effect.provide(waits(asks), services)
      assert.match((yield* stepped("why", asks.id)).out, /ask Car\/3[\s\S]*signal go/)
      assert.deepInclude((yield* objects("why", asks.id))[0], { id: asks.id })
      assert.match((yield* stepped("health")).out, /^the database at /)
      const [group] = yield* objects("errors", "--since", "1 hour", "--actor", "Car", "--action", "visit")
      assert.deepInclude(group, { count: 2, tag: "Flat", path: "visit Car › drive" })
      assert.match((yield* stepped("errors")).out, /Flat .*one: 2/)
      assert.strictEqual((yield* objects("ls", "--failure", group!.id)).length, 2)
      assert.deepStrictEqual((yield* objects("lanes")).map(({ key, performing }) => [key, performing]), [
        ["Car/3/ask", [asks.id]]
      ])
      assert.deepStrictEqual((yield* objects("workers")).map(({ build, name }) => [name, build]), [["workshop", "one"]])
      assert.strictEqual((yield* stepped("queues")).out, "nothing is queued")
      yield* announced
      const [described] = yield* objects("definitions", "--action", "ask", "--current")
      assert.deepStrictEqual(described!.description.signals.map(({ name }: { name: string }) => name), ["go"])
      assert.deepStrictEqual(yield* stepped("doctor"), { code: 0, out: "every invariant holds", err: "" })
      const sql = yield* Effect.provide(PgClient.PgClient, services)
      yield* sql`delete from stepped.slots`
      const sick = yield* stepped("doctor")
      assert.strictEqual(sick.code, 1)
      assert.include(sick.out, asks.id)
    }))
})

describe("verbs", () => {
  it.live("signals and completions are checked by what workers say that they take", () =>
    Effect.gen(function*() {
      const { announced, client, objects, services, stepped } = yield* garage
      yield* announced
      const [asks, waits, fails] = [
        yield* client(1).askLater(),
        yield* client(2).outsideLater(),
        yield* client(3).outsideLater()
      ]
      for (const handle of [asks, waits, fails]) yield* Effect.provide(comesTo(handle, "performing"), services)
      for (
        const [args, words] of [
          [["signal", asks.id, "stop"], "ask takes no signal stop, but go"],
          [["signal", asks.id, "go", "{by}"], "the payload is no JSON"],
          [["signal", asks.id, "go", "{\"by\":3}"], "the payload does not fit"],
          [["complete", waits.id, "\"seven\""], "the result does not fit"],
          [["complete", waits.id, "--error", "{}"], "the error does not fit"],
          [["complete", waits.id, "7", "--failed"], "exclude each other"]
        ] as const
      ) {
        const { code, err } = yield* stepped(...args)
        assert.deepStrictEqual([code, err.includes(words)], [2, true], `${args.join(" ")}: ${err}`)
      }
      assert.strictEqual((yield* stepped("signal", asks.id, "go", "{\"by\":\"me\"}", "--key", "1", ...why)).out, "sent")
      assert.strictEqual(yield* Effect.provide(asks.await, services), "me")
      assert.strictEqual((yield* stepped("signal", asks.id, "go", "{\"by\":\"me\"}", ...why)).code, 1)
      assert.deepStrictEqual(yield* objects("complete", waits.id, "7", ...why), [
        { verb: "Stepped.complete", target: waits.id, outcome: "done" }
      ])
      assert.strictEqual(yield* Effect.provide(waits.await, services), 7)
      assert.strictEqual((yield* stepped("complete", waits.id, "7", ...why)).code, 1)
      yield* stepped("complete", fails.id, "--error", "{\"_tag\":\"Flat\",\"tyre\":\"front\"}", ...why)
      assert.include(yield* Effect.provide(Effect.flip(fails.await), services), { _tag: "Flat", tyre: "front" })
    }))

  it.live("what has no payload, or no result, is sent without one", () =>
    Effect.gen(function*() {
      const { announced, client, services, stepped } = yield* garage
      yield* announced
      const [listens, delivers] = [yield* client(1).listenLater(), yield* client(2).deliverLater()]
      for (const handle of [listens, delivers]) yield* Effect.provide(comesTo(handle, "performing"), services)
      assert.deepStrictEqual(yield* stepped("signal", listens.id, "ring", ...why), { code: 0, out: "sent", err: "" })
      yield* Effect.provide(listens.await, services)
      assert.deepStrictEqual(yield* stepped("complete", delivers.id, ...why), { code: 0, out: "done", err: "" })
      yield* Effect.provide(delivers.await, services)
    }))

  it.live("steps that are held go on as somebody decides, and each decision is recorded", () =>
    Effect.gen(function*() {
      const { announced, client, objects, services, stepped } = yield* garage
      const handles: Array<ActionHandle> = []
      for (const id of [1, 2, 3]) handles.push(yield* client(id).repairLater())
      for (const handle of handles) yield* Effect.provide(comesTo(handle, "held"), services)
      const [first, second, third] = handles.map(({ id }) => id) as [string, string, string]
      const unasked = yield* stepped("skip", first)
      assert.deepStrictEqual([unasked.code, unasked.err], [2, "stepped: why? It is recorded: give --reason"])
      assert.include((yield* stepped("skip", first, "--step", "tow", ...why)).err, "has not run a step tow: lift")
      yield* announced
      const misfit = yield* stepped("complete-step", first, "\"seven\"", ...why)
      assert.deepStrictEqual([misfit.code, misfit.err.includes("the result does not fit")], [2, true], misfit.err)
      assert.strictEqual((yield* stepped("complete-step", first, "7", ...why, "--by", "ada")).out, "done")
      yield* Effect.provide(comesTo(handles[0]!, "succeeded"), services)
      assert.strictEqual((yield* stepped("fail", second, ...why)).code, 0)
      yield* Effect.provide(comesTo(handles[1]!, "failed"), services)
      assert.strictEqual((yield* stepped("fail", second, ...why)).code, 1)
      assert.strictEqual((yield* stepped("try-again", third, ...why)).code, 0)
      const [retried] = yield* objects("retry", second, ...why)
      assert.deepInclude(retried, { outcome: "done", retryOf: second })
      assert.strictEqual((yield* stepped("retry", second, ...why)).code, 1)
      assert.strictEqual((yield* stepped("retry", second, "--from", "lift", "--upwards", ...why)).code, 2)
      assert.strictEqual((yield* stepped("cancel", third, ...why)).code, 0)
      assert.strictEqual((yield* stepped("cancel", third, ...why)).code, 1)
      assert.strictEqual((yield* stepped("delete", retried!.id, ...why)).out, "nothing was deleted: it has not ended")
      assert.strictEqual((yield* stepped("abandon-unwinding", first, ...why)).code, 1)
      const unfit = yield* stepped("compensate-again", third, ...why)
      assert.deepStrictEqual([unfit.code, unfit.out], [
        1,
        `nothing was changed: nothing of ${third} is left to be undone`
      ])
      const recorded = yield* objects("operations", "--target", first)
      assert.deepStrictEqual(recorded.map(({ by, outcome, reason, verb }) => [verb, by, reason, outcome]), [
        ["ActionRepo.abandonUnwinding", recorded[0]!.by, "a test", "over"],
        ["ActionRepo.completeStep", "ada", "a test", "done"]
      ])
    }))

  it.live("what the last step is completed with is the action's success", () =>
    Effect.gen(function*() {
      const { announced, client, services, stepped } = yield* garage
      const handle = yield* client(1).mendLater()
      yield* Effect.provide(comesTo(handle, "held"), services)
      yield* announced
      const misfit = yield* stepped("complete-step", handle.id, "\"seven\"", ...why)
      assert.deepStrictEqual([misfit.code, misfit.err.includes("the result does not fit")], [2, true], misfit.err)
      assert.strictEqual((yield* stepped("complete-step", handle.id, "7", ...why)).out, "done")
      assert.strictEqual(yield* Effect.provide(handle.await, services), 7)
    }))

  it.live("pauses, priorities, times, and what is old", () =>
    Effect.gen(function*() {
      const { client, objects, services, stepped } = yield* garage
      assert.strictEqual((yield* stepped("pause", ...why)).code, 2)
      assert.strictEqual((yield* stepped("pause", "--all", "--queue", "default", ...why)).code, 2)
      assert.strictEqual((yield* stepped("pause", "--definition", "visit", ...why)).code, 2)
      for (
        const target of [["--all"], ["--queue", "default"], ["--definition", "Car/visit"], ["--lane", "Car/1/visit"], [
          "--lane",
          "north",
          "--lane-name",
          "bays"
        ]]
      ) {
        assert.match((yield* stepped("pause", ...target, ...why)).out, /^done/, target.join(" "))
        assert.strictEqual((yield* stepped("pause", ...target, ...why)).code, 1)
      }
      const typo = yield* stepped("pause", "--definition", "Car/vist", ...why)
      assert.include(typo.out, "no worker has said that it has Car/vist")
      assert.strictEqual((yield* stepped("resume", "--definition", "Car/vist", ...why)).code, 0)
      const handle = yield* client(1).visitLater("London")
      assert.match((yield* stepped("queues")).out, /paused: queue default, since .*: a test/)
      assert.match((yield* stepped("queues")).out, / [01]: a test \(/)
      assert.strictEqual((yield* stepped("reprioritise", handle.id, "5", ...why)).code, 0)
      assert.strictEqual((yield* stepped("reprioritise", handle.id, "500", ...why)).code, 2)
      assert.strictEqual((yield* stepped("reschedule", handle.id, "2020-01-01", ...why)).code, 0)
      assert.match((yield* stepped("explain", garageApp, handle.id)).out, /paused/)
      for (
        const target of [["--all"], ["--queue", "default"], ["--definition", "Car/visit"], ["--lane", "Car/1/visit"]]
      ) {
        assert.strictEqual((yield* stepped("resume", ...target, ...why)).out, "done", target.join(" "))
        assert.strictEqual((yield* stepped("resume", ...target, ...why)).code, 1)
      }
      yield* Effect.provide(handle.await, services)
      assert.strictEqual((yield* stepped("prune", ...why, "--yes")).code, 2)
      assert.include((yield* stepped("prune", "--before", "0 millis", ...why)).err, "give --yes")
      assert.deepInclude((yield* objects("prune", "--before", "0 millis", ...why, "--yes"))[0], { deleted: 1 })
      assert.deepStrictEqual(yield* objects("ls"), [])
    }))
})

describe("databases", () => {
  it.live("tables are made, and what is not there is said", () =>
    Effect.gen(function*() {
      const { url } = yield* freshDatabase()
      const on = (...args: ReadonlyArray<string>) => stepped(...args, "--url", Redacted.value(url), "--schema", "tried")
      const missing = yield* on("ls")
      assert.strictEqual(missing.code, 3)
      assert.include(missing.err, "The Postgres schema tried does not exist")
      assert.deepStrictEqual([(yield* on("migrate", "status")).code, (yield* on("migrate", "up", "--dry-run")).out], [
        1,
        "would run: 1 initial"
      ])
      assert.strictEqual((yield* on("migrate", "up")).out, "has run: 1 initial")
      assert.strictEqual((yield* on("migrate", "up")).out, "nothing to do")
      assert.strictEqual((yield* on("migrate", "status")).code, 0)
      assert.strictEqual((yield* on("ls")).out, "no such actions")
      // by hand, what the other command would have done
      const script = (yield* stepped("migrate", "up", "--sql", "--schema", "by_hand")).out
      const sql = yield* PgClient.makeClient({ url }).pipe(Effect.provide(Reactivity.layer))
      for (const statement of script.split(/;\n\n(?=\S)/)) yield* sql.unsafe(statement)
      assert.strictEqual((yield* stepped("doctor", "--url", Redacted.value(url), "--schema", "by_hand")).code, 0)
      assert.strictEqual((yield* stepped("ls", "--url", "postgres://nobody@127.0.0.1:1/none")).code, 3)
      assert.strictEqual((yield* stepped("ls", "--url", Redacted.value(url), "--schema", "No!")).code, 2)
    }))

  it.live("a role that may only select reads all, and changes nothing", () =>
    Effect.gen(function*() {
      const { client, services, stepped: asOwner, url } = yield* garage
      const handle = yield* client(1).visitNow("London")
      const sql = yield* Effect.provide(PgClient.PgClient, services)
      const role = `reader_${Redacted.value(url).slice(-12)}`
      yield* sql.unsafe(`create role ${role} login password 'x'`)
      yield* sql.unsafe(`grant usage on schema stepped to ${role}`)
      yield* sql.unsafe(`grant select on all tables in schema stepped to ${role}`)
      const asReader = new URL(Redacted.value(url))
      asReader.username = role
      asReader.password = "x"
      for (
        const command of [
          ["ls"],
          ["show", handle.id],
          ["why", handle.id],
          ["explain", garageApp, handle.id],
          ["errors"],
          ["lanes"],
          ["queues"],
          ["workers"],
          ["definitions"],
          ["operations"],
          ["schedules", "list"],
          ["doctor"],
          ["health"]
        ]
      ) {
        assert.strictEqual((yield* stepped(...command, "--url", asReader.href)).code, 0, command.join(" "))
      }
      const { code, err } = yield* stepped("delete", handle.id, ...why, "--url", asReader.href)
      assert.strictEqual(code, 3)
      assert.match(err, /permission denied/)
      assert.strictEqual((yield* asOwner("show", handle.id)).code, 0)
      yield* sql.unsafe(`drop owned by ${role}`)
      yield* sql.unsafe(`drop role ${role}`)
    }))

  it.live("an embedded database is read while no process has it", () =>
    Effect.gen(function*() {
      const folder = mkdtempSync(join(tmpdir(), "stepped-cli-"))
      yield* Effect.addFinalizer(() => Effect.sync(() => rmSync(folder, { recursive: true })))
      assert.include((yield* stepped("ls", "--folder", folder)).err, "pgdata is not in it")
      const elsewhere = yield* stepped("migrate", "up", "--folder", folder, "--url", "postgres://127.0.0.1:1/none")
      assert.deepStrictEqual([elsewhere.code, elsewhere.err.includes("this needs a server")], [2, true])
      const id = yield* Effect.gen(function*() {
        const handle = yield* (yield* Cars.client)(1).visitNow("London")
        const taken = yield* stepped("ls", "--folder", folder)
        assert.strictEqual(taken.code, 3)
        assert.include(taken.err, `is in use by process ${process.pid}.`)
        return handle.id
      }).pipe(Effect.provide(Cars.layer.pipe(Layer.provideMerge(Embedded.layer({ dataDir: folder })))))
      assert.include((yield* stepped("ls", "--folder", folder)).out, id)
      // numbers as they are stored
      yield* Effect.gen(function*() {
        const sql = yield* PgClient.PgClient
        yield* sql`update stepped.ended_actions set arguments = '[12345678901234567890]' where id = ${id}::uuid`
      }).pipe(Effect.provide(Embedded.layer({ dataDir: folder })))
      for (const flags of [[], ["--json"]]) {
        const { out } = yield* stepped("show", id, "--payloads", "--folder", folder, ...flags)
        assert.include(out, "[12345678901234567890]")
      }
      // nobody else can do it
      const many = yield* stepped("delete", "--where", "actor=Car", "--yes", "--folder", folder, ...why)
      assert.deepStrictEqual([many.code, many.out.split("\n").at(-1)], [0, "done: 1"])
    }))

  it.live("none is named: that is said, and how one is", () =>
    Effect.gen(function*() {
      const { code, err } = yield* stepped("ls")
      assert.strictEqual(code, 2)
      assert.include(err, "Set DATABASE_URL, give --url")
    }))
})
