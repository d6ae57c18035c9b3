/** Verbs for many from a shell: planned, asked for, done by a worker or here, and looked at until they are over. */
import { PgClient } from "@effect/sql-pg"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Layer, Redacted } from "effect"
import { type ActionHandle, Stepped } from "stepped"
import { freshDatabase, layerUrl } from "../harness/Server.ts"
import { Cars, garage, type Lines, printing, stepped, until } from "./fixtures/garage.ts"

const why = ["--reason", "a test"]

/** Nobody performs there but who is asked to; some wait. */
const nobody = Effect.gen(function*() {
  const { url } = yield* freshDatabase({ template: { name: "migrated", migrate: Stepped.migrate() } })
  const services = yield* Layer.build(Layer.provideMerge(Stepped.layer({ pollInterval: "50 millis" }), layerUrl(url)))
  const cars = yield* Effect.provide(Cars.client, services)
  const handles = yield* Effect.forEach([1, 2, 3], (id) => cars(id).with({ delay: "1 day" }).visitLater("London"))
  return {
    services,
    handles,
    stepped: (...args: ReadonlyArray<string>) => stepped(...args, "--url", Redacted.value(url))
  }
})
const ids = (handles: ReadonlyArray<ActionHandle>) => handles.map(({ id }) => id)

describe("many", () => {
  it.live("18.4: are planned, asked for, and done: a group of failures, and what is left of it", () =>
    Effect.gen(function*() {
      const { client, objects, stepped } = yield* garage
      for (const id of [1, 2, 3]) yield* Effect.exit(client(id).visitNow("nowhere"))
      yield* client(4).visitNow("London")
      const [group] = yield* objects("errors")
      const failed = ["retry", "--where", `failure=${group!.id}, status=failed`]
      const asked = yield* stepped(...failed, ...why)
      assert.strictEqual(asked.code, 2)
      assert.match(
        asked.out,
        /^ActionRepo\.retry on 3 actions:\n {2}Car\/visit, failed: 3\n {2}such as \S+ \(Car\/3\), .*$/
      )
      assert.include(asked.err, "Nobody can be asked here: give --yes")
      assert.strictEqual((yield* objects("ls")).length, 4)

      const first = (yield* objects("ls", "--status", "failed"))[0]!
      assert.strictEqual((yield* stepped("retry", first.id, ...why)).code, 0)
      // which fails in its turn
      yield* until("it fails", Effect.map(objects("ls", "--status", "failed"), ({ length }) => length === 4))
      const some = yield* stepped(...failed, "--yes", "--rate", "100", "--by", "ada", ...why)
      assert.strictEqual(some.code, 1)
      assert.match(some.out, new RegExp(`\ndone: 3\nalreadyRetried: 1, such as ${first.id}$`))
      const [own] = yield* objects("ls", "--actor", "Stepped")
      assert.deepInclude(own, { name: "forMany", actorId: "ActionRepo.retry", queue: "stepped", status: "succeeded" })
      const operations = yield* objects("operations", "--through", own!.id)
      assert.deepStrictEqual(operations.map(({ outcome }) => outcome).sort(), [
        "alreadyRetried",
        "done",
        "done",
        "done",
        "done"
      ])
      for (const { by, reason, through } of operations) {
        assert.deepStrictEqual([by, reason, through], ["ada", "a test", own!.id])
      }
      assert.match((yield* stepped("show", own!.id)).out, /^forMany Stepped\/ActionRepo\.retry {2}succeeded/)
      const deleted = yield* objects("delete", "--where", "status=succeeded, actor=Car/4", "--yes", ...why)
      assert.deepStrictEqual(deleted.map(({ done, gone, refused }) => [done, gone, refused]), [[1, 0, []]])
    }))

  it.live("18.4: are named by what holds of them, and by nothing else", () =>
    Effect.gen(function*() {
      const { client, stepped } = yield* garage
      const { id } = yield* client(1).askLater()
      for (
        const [args, code, words] of [
          [["cancel"], 2, "of which?"],
          [["cancel", id, "--where", "status=queued"], 2, "of which?"],
          [["cancel", "--where", ""], 2, "is not one of actor"],
          [["cancel", "--where", "everything"], 2, "is not one of actor"],
          [["cancel", "--where", "constructor=1"], 2, "is not one of actor"],
          [["cancel", "--where", "status=open"], 2, "\"open\" is no status"],
          [["cancel", "--where", "since=yesterday"], 2, "\"yesterday\" is no since"],
          [["cancel", "--where", "tag=a, tag=b"], 2, "--where says two times for tag: a, and b"],
          [["cancel", "--where", "actor=Car, status=queued, actor=Car"], 2, "--where says two times for actor"],
          [["cancel", "--where", "actor=Car", "--rate", "0"], 2, "--rate"],
          [["cancel", "--where", "actor=Car", "--here", "--detach"], 2, "--detach"],
          [["skip", "--where", "actor=Car", "--step", " "], 2, "step of Stepped.forMany"],
          [["cancel", "--where", "actor=Bus", "--yes"], 1, "there are no such actions"],
          [["run", "Stepped/x", "forMany", "1"], 2, "the engine's own"]
        ] as const
      ) {
        const refused = yield* stepped(...args, ...args[0] === "run" ? [] : why)
        assert.deepStrictEqual(
          [refused.code, refused.err.includes(words)],
          [code, true],
          `${args.join(" ")}: ${refused.err}`
        )
      }
      assert.strictEqual((yield* stepped("cancel", "--where", "actor=Car/1, action=ask", "--yes", ...why)).code, 0)
    }))

  it.live("18.4: with a value behind it: alone beside a filter, and behind an id without one", () =>
    Effect.gen(function*() {
      const { handles, stepped } = yield* nobody
      const [first] = ids(handles)
      const many = ["--where", "actor=Car", "--yes", "--here", ...why]
      assert.match((yield* stepped("reprioritise", ...many, "-50")).out, /^JobQueue\.reprioritise on 3 [^]*\ndone: 3$/)
      assert.match(
        (yield* stepped("reschedule", "2030-01-01", ...many)).out,
        /^JobQueue\.reschedule on 3 [^]*\ndone: 3$/
      )
      const shown = yield* stepped("ls", "--actor", "Car", "--json")
      for (const line of shown.out.split("\n")) {
        assert.deepInclude(JSON.parse(line), { priority: -50, dueAt: "2030-01-01T00:00:00.000Z" })
      }
      assert.strictEqual((yield* stepped("reprioritise", first!, "7", ...why)).code, 0)
      for (
        const [args, words] of [
          [["reprioritise", first!, "5", ...many], "With --where there is no id: the priority alone"],
          [["reprioritise", ...many], "which priority? Give one"],
          [["reprioritise", first!, ...many], "is none"],
          [["reprioritise", "101", ...many], "priority of Stepped.forMany"],
          [["reprioritise", "5", ...why], "is not the id of an action"],
          [["reprioritise", first!, ...why], "which priority?"],
          [["reschedule", "5", ...many], "which time?"]
        ] as const
      ) {
        const refused = yield* stepped(...args)
        assert.deepStrictEqual(
          [refused.code, refused.err.includes(words)],
          [2, true],
          `${args.join(" ")}: ${refused.err}`
        )
      }
    }))

  it.live("18.4: where no worker does it that is said, and nothing is done, or this process does it", () =>
    Effect.gen(function*() {
      const { handles, services, stepped } = yield* nobody
      const all = ["cancel", "--where", "actor=Car", "--yes", ...why]
      const refused = yield* stepped(...all)
      assert.strictEqual(refused.code, 1)
      assert.include(refused.err, "no worker is running that takes from the queue stepped, and nothing was done")
      // one that drains takes nothing
      const sql = yield* Effect.provide(PgClient.PgClient, services)
      yield* sql`insert into stepped.workers (name, started_at, renewed_at, lease_until, drained_at) values
        ('leaving', now(), now(), clock_timestamp() + interval '1 hour', now())`
      assert.include((yield* stepped(...all)).err, "no worker is running that takes from the queue stepped")
      // nor does a process that performs for its own callers alone
      yield* sql`update stepped.workers set drained_at = null, started_at = started_at - interval '2 minutes'`
      assert.include((yield* stepped(...all)).err, "no worker is running that takes from the queue stepped")
      yield* sql`delete from stepped.workers`
      assert.deepStrictEqual((yield* stepped("operations")).out, "nothing is recorded")
      const here = yield* stepped(...all, "--here")
      assert.deepStrictEqual([here.code, here.out.split("\n").at(-1)], [0, "done: 3"])
      for (const handle of handles) assert.isFalse(yield* handle.cancel())

      const detached = yield* stepped(...all, "--detach")
      assert.strictEqual(detached.code, 0)
      assert.match(
        detached.out,
        /it waits for one\n(\S+) does it: `stepped show \1` says .*, `stepped cancel \1` stops it$/
      )
      const id = /\n(\S+) does it/.exec(detached.out)![1]!
      assert.include((yield* stepped("why", id)).out, "no worker lives")
      yield* Layer.build(Stepped.worker()).pipe(Effect.provide(services))
      yield* until("it succeeds", Effect.map(stepped("show", id), ({ out }) => out.includes("succeeded")))
      assert.lengthOf(
        JSON.parse(`[${(yield* stepped("operations", "--through", id, "--json")).out.replaceAll("\n", ",")}]`),
        4
      )
      assert.lengthOf(ids(handles), 3)
    }))

  it.live("18.4: who does not wait for the end is told how to look at it, and how to stop it", () =>
    Effect.gen(function*() {
      const { client, objects, services, stepped, url } = yield* garage
      const handles = yield* Effect.forEach(
        Array.from({ length: 60 }, (_, n) => n),
        (id) => client(id).with({ delay: "1 day" }).visitLater("London")
      )
      const lines: Lines = { out: [], err: [] }
      const many = ["cancel", "--where", "actor=Car", "--yes", "--rate", "1", ...why, "--url", Redacted.value(url)]
      const asking = yield* Effect.forkChild(printing(lines, many))
      yield* until("some are asked", Effect.map(objects("operations"), ({ length }) => length >= 2))
      yield* Fiber.interrupt(asking)
      assert.match(
        lines.out.at(-1)!,
        /is not over, and a worker goes on with it: `stepped show .*, `stepped cancel .* stops it$/
      )
      const [own] = yield* objects("ls", "--actor", "Stepped")
      assert.strictEqual(own!.status, "performing")
      assert.strictEqual((yield* stepped("cancel", own!.id, ...why)).code, 0)
      yield* until(
        "it is cancelled",
        Effect.map(objects("ls", "--actor", "Stepped"), ([one]) => one!.status === "cancelled")
      )
      const left = yield* Effect.forEach(handles, (handle) => Effect.provide(handle.cancel(), services))
      assert.include(left, true)
      assert.include(left, false)
    }))

  it.live("18.4: what a pause holds is said, and goes on with its end", () =>
    Effect.gen(function*() {
      const { client, stepped, url } = yield* garage
      yield* client(1).with({ delay: "1 day" }).visitLater("London")
      assert.strictEqual((yield* stepped("pause", "--queue", "stepped", "--by", "ada", ...why)).code, 0)
      const lines: Lines = { out: [], err: [] }
      const many = ["cancel", "--where", "actor=Car", "--yes", ...why, "--url", Redacted.value(url)]
      const asking = yield* Effect.forkChild(printing(lines, many))
      yield* until(
        "it is said",
        Effect.sync(() => lines.out.some((line) => line.includes("waits: queue stepped is paused by ada, a test")))
      )
      assert.strictEqual((yield* stepped("resume", "--queue", "stepped", ...why)).code, 0)
      assert.deepStrictEqual([(yield* Fiber.join(asking)).code, lines.out.at(-1)], [0, "done: 1"])
    }))
})
