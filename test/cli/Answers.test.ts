/** What the command answers is what happens: to ids that no actor has, to steps that cannot be skipped, and to what is not known. */
import { PgClient } from "@effect/sql-pg"
import { assert, describe, it } from "@effect/vitest"
import { Clock, Effect } from "effect"
import { ActionRepo, EnqueueError, InvalidOption, Stepped, StorageError } from "stepped"
import { stoppedBy } from "../../src/cli/failures.ts"
import { garage, stepped, until } from "./fixtures/garage.ts"
import { clockAhead } from "./fixtures/shop.ts"

const why = ["--reason", "a test"]

/** A garage whose worker has said what it can run. */
const saying = Effect.tap(garage, ({ objects }) =>
  Effect.gen(function*() {
    for (let i = 0; i < 600 && (yield* objects("definitions")).length === 0; i++) yield* Effect.sleep("100 millis")
  }))

describe("an action that is to run", () => {
  it.live("run has an action start at its time, under an id of one's own once, and says what is none", () =>
    Effect.gen(function*() {
      const { objects, stepped } = yield* saying
      const id = "01900000-0000-7000-8000-000000000001"
      const visit = ["run", "Car/7", "visit", "\"London\""]
      const at = "2100-05-01T12:00:00.000Z"
      for (const _ of [1, 2]) assert.strictEqual((yield* objects(...visit, "--id", id, "--at", at))[0]!.id, id)
      const found = yield* objects("ls", "--actor", "Car/7")
      assert.deepStrictEqual(found.map(({ dueAt, id }) => [id, dueAt]), [[id, at]])
      for (
        const [flags, said] of [
          [["--at", at, "--delay", "1 hour"], "--at or --delay"],
          [["--at", "tomorrow"], "--at: \"tomorrow\" is no time"],
          [["--id", "one"], "id"]
        ] as const
      ) {
        const { code, err } = yield* stepped(...visit, ...flags)
        assert.strictEqual(code, 2, said)
        assert.include(err, said)
      }
      assert.lengthOf(yield* objects("ls", "--actor", "Car/7"), 1)
    }))
})

describe("ids of actors", () => {
  it.live("one that no such actor has is refused where an action is enqueued, and is written as the program writes it", () =>
    Effect.gen(function*() {
      const { objects, stepped } = yield* saying
      for (const id of ["abc", "1.5", "\"1\"", "[1]", "", "0x10", "12345678901234567890"]) {
        const { code, err } = yield* stepped("run", `Car/${id}`, "visit", "\"London\"")
        assert.deepStrictEqual([id, code], [id, 2], err)
        assert.include(err, `Car/${id} does not fit the id of Car`)
      }
      assert.deepStrictEqual(yield* objects("ls"), [])
      for (const id of ["7", "7.0", "70e-1"]) {
        assert.strictEqual((yield* objects("run", `Car/${id}`, "visit", "\"London\""))[0]!.actorId, "7")
      }
      assert.deepStrictEqual([...new Set((yield* objects("ls")).map(({ actorId }) => actorId))], ["7"])
    }))

  it.live("where nothing is found of one, it is said that no such actor has that id", () =>
    Effect.gen(function*() {
      const { stepped } = yield* saying
      const strange = "does not fit the id of Car"
      for (
        const command of [
          ["ls", "--actor", "Car/abc"],
          ["forget", "Car/abc", "--yes", ...why],
          ["cancel", "--where", "actor=Car/abc", "--yes", ...why]
        ]
      ) {
        const { err, out } = yield* stepped(...command)
        assert.include(out + err, strange, command.join(" "))
      }
      assert.strictEqual(
        (yield* stepped("ls", "--actor", "Car/7.0")).out,
        "no such actions: Car/7.0 is stored as Car/7"
      )
      assert.strictEqual((yield* stepped("ls", "--actor", "Car/7")).out, "no such actions")
      assert.strictEqual((yield* stepped("ls", "--actor", "Bus/abc")).out, "no such actions")
      const { code, err } = yield* stepped("errors", "--actor", "Car/7")
      assert.deepStrictEqual([code, err.includes("groups are of a type")], [2, true], err)
    }))
})

describe("steps that cannot be skipped", () => {
  it.live("an only step that gives the success is not skipped, and the answer says what is possible", () =>
    Effect.gen(function*() {
      const { client, objects, services, stepped } = yield* saying
      const { id } = yield* client(1).mendLater()
      const held = Effect.provide(
        Effect.flatMap(ActionRepo, (repo) => Effect.map(repo.steps(id), (steps) => steps.at(-1)?.status === "held")),
        services
      )
      while (!(yield* held)) yield* Effect.sleep("20 millis")
      const { code, out } = yield* stepped("skip", id, ...why)
      assert.strictEqual(code, 1)
      assert.include(out, "nothing was changed: it cannot be skipped: nothing else gives the action's success")
      const many = yield* stepped("skip", "--where", "held, actor=Car/1", "--yes", ...why)
      assert.deepStrictEqual([many.code, many.out.split("\n").at(-1)], [1, `notSkippable: 1, such as ${id}`])
      assert.isTrue(yield* held)
      assert.strictEqual((yield* objects("operations", "--target", id))[0]!.outcome, "notSkippable")
      assert.strictEqual((yield* stepped("complete-step", id, "7", ...why)).code, 0)
    }))
})

describe("what waits for somebody", () => {
  it.live("is listed by its own flags, and is meant by --where", () =>
    Effect.gen(function*() {
      const { client, objects, services, stepped } = yield* saying
      const { id } = yield* client(1).mendLater()
      yield* Effect.provide(client(2).visit("London"), services)
      while ((yield* objects("ls", "--held")).length === 0) yield* Effect.sleep("20 millis")
      assert.deepStrictEqual((yield* objects("ls", "--held")).map((found) => found.id), [id])
      assert.deepStrictEqual(yield* objects("ls", "--not-undone"), [])
      const { out } = yield* stepped("fail", "--where", "held, actor=Car", "--here", "--yes", ...why)
      assert.include(out, "ActionRepo.failStep on 1 action:")
      while ((yield* objects("ls", "--held")).length > 0) yield* Effect.sleep("20 millis")
      const none = yield* stepped("compensate-again", "--where", "not-undone", "--yes", ...why)
      assert.deepStrictEqual([none.code, none.err], [1, "stepped: there are no such actions"])
    }))
})

describe("what is told to actions", () => {
  it.live("a signal and a completion are recorded, and nothing is sent without a reason", () =>
    Effect.gen(function*() {
      const { client, objects, stepped } = yield* saying
      const [asks, waits] = [yield* client(1).askLater(), yield* client(2).outsideLater()]
      const commands = [["signal", asks.id, "go", "{\"by\":\"me\"}"], ["complete", waits.id, "7"]]
      for (const command of commands) {
        const { code, err } = yield* stepped(...command)
        assert.deepStrictEqual([code, err], [2, "stepped: why? It is recorded: give --reason"])
      }
      assert.deepStrictEqual(yield* objects("operations"), [])
      for (const command of commands) {
        while ((yield* stepped(...command, "--by", "ada", ...why)).code !== 0) yield* Effect.sleep("20 millis")
      }
      const recorded = (yield* objects("operations", "--by", "ada")).filter(({ outcome }) => outcome === "done")
      assert.deepStrictEqual(recorded.map(({ reason, target, verb }) => [verb, target, reason]), [
        ["Stepped.complete", waits.id, "a test"],
        ["Stepped.send", asks.id, "a test"]
      ])
    }))
})

describe("what cannot be read", () => {
  it.live("is answered by one sentence, what is nearest to it, and where the help is", () =>
    Effect.gen(function*() {
      const help = (command: string) => `. \`stepped${command} --help\` says what it takes`
      for (
        const [args, said] of [
          [
            ["ls", "--jsn"],
            `there is no flag --jsn here. Did you mean --json? \`stepped ls --help\` says what it takes`
          ],
          [
            ["ls", "--undone"],
            `there is no flag --undone here. Did you mean --not-undone? \`stepped ls --help\` says what it takes`
          ],
          [["ls", "--xyzzy"], `there is no flag --xyzzy here${help(" ls")}`],
          [["lss"], "there is no command lss. Did you mean ls? `stepped --help` says what it takes"],
          [["show"], `Missing required argument: id${help(" show")}`],
          [["ls", "--limit", "many"], "--limit"],
          [
            ["why", "Order/10"],
            "\"Order/10\". Expected: the id of an action, such as 0199c2f0-…; those of an actor are listed by `ls --actor Order/10`"
          ],
          [["migrate", "upp"], "Did you mean up? `stepped migrate --help` says what it takes"]
        ] as const
      ) {
        const { code, err, out } = yield* stepped(...args)
        assert.deepStrictEqual([code, out], [2, ""], args.join(" "))
        assert.notInclude(err, "\n")
        assert.include(err, said)
        assert.isTrue(err.startsWith("stepped: "))
      }
      const asked = yield* stepped("ls", "--help")
      assert.deepStrictEqual([asked.code, asked.err], [0, ""])
      assert.include(asked.out, "List actions")
    }))
})

describe("a worker that is silent", () => {
  it.live("is asked to stop, and it is said since when nothing is heard of it, and what becomes of what it has in hand", () =>
    Effect.gen(function*() {
      const { objects, services, stepped } = yield* saying
      const sql = yield* Effect.provide(PgClient.PgClient, services)
      yield* sql`insert into stepped.workers (name, started_at, renewed_at, lease_until) values
        ('gone', now() - interval '1 hour', clock_timestamp() - interval '40 seconds', clock_timestamp() + interval '20 seconds')`
      const first = yield* stepped("drain", "gone", ...why)
      assert.strictEqual(first.code, 0)
      assert.match(
        first.out,
        /^it is asked to stop, but nothing is heard of it since .* \(4\ds ago\)\. If it is dead, others take over what it has in hand once its lease is over, at .* \(in 1\ds\)/
      )
      const again = yield* stepped("drain", "gone", ...why)
      assert.strictEqual(again.code, 1)
      assert.include(again.out, "nothing was changed: it is draining already, but nothing is heard of it since")
      const found = (yield* objects("workers")).find(({ name }) => name === "workshop")!
      assert.isAbove(Date.parse(found.leaseUntil), Date.parse(found.heardAt))
      assert.notInclude((yield* stepped("drain", "workshop", ...why)).out, "nothing is heard")
    }))
})

describe("a clock that is ahead of the database's", () => {
  it.live("has no worker dead or silent, and verbs for many are done by workers", () =>
    Effect.gen(function*() {
      const { client, stepped: here } = yield* saying
      const stepped = (...args: ReadonlyArray<string>) =>
        Effect.provideService(here(...args), Clock.Clock, clockAhead(3 * 86_400_000))
      const workers = yield* stepped("workers")
      assert.notInclude(workers.out, "dead")
      assert.match(workers.out, /workshop +one .* ago\) .*\(in \d+s\)/)
      assert.notInclude(workers.out, "2d 23h")
      yield* client(1).rentLater()
      const many = yield* stepped("cancel", "--where", "actor=Car/1", "--yes", ...why)
      assert.deepStrictEqual([many.code, many.out.split("\n").at(-1)], [0, "done: 1"], many.err)
      assert.notInclude((yield* stepped("drain", "workshop", ...why)).out, "nothing is heard")
    }))
})

describe("numbers beyond 2^53 that are given", () => {
  it.live("are refused, as they would be stored as others", () =>
    Effect.gen(function*() {
      const { client, objects, stepped } = yield* saying
      const [asks, waits, held] = [
        yield* client(1).askLater(),
        yield* client(2).outsideLater(),
        yield* client(3).repairLater()
      ]
      const big = "9007199254740993"
      for (
        const command of [
          ["run", "Car/4", "big", big],
          ["run", "Car/4", "big", `{"deep":[1,${big}]}`],
          ["run", "Car/4", "big", "-12345678901234567890"],
          ["run", "Car/4", "big", "1e999"],
          ["signal", asks.id, "go", `{"by":"me","number":${big}}`, ...why],
          ["complete", waits.id, big, ...why],
          ["complete", waits.id, "--error", big, ...why],
          ["complete-step", held.id, big, ...why]
        ]
      ) {
        const { code, err } = yield* stepped(...command)
        assert.deepStrictEqual([code, err.includes("would be rounded")], [2, true], `${command.join(" ")}: ${err}`)
      }
      assert.deepStrictEqual(yield* objects("ls", "--actor", "Car/4"), [])
      for (const given of ["9007199254740991", `"${big}"`, "1e3", "0.1"]) {
        assert.strictEqual((yield* stepped("run", "Car/4", "big", given)).code, 0, given)
      }
    }))
})

describe("what was said with heartbeats", () => {
  it.live("is printed where payloads are asked for, and nowhere else", () =>
    Effect.gen(function*() {
      const { client, services, stepped } = yield* saying
      const { id } = yield* client(1).outsideLater()
      const said = { at: "the $& gate" }
      const isHeard = Effect.gen(function*() {
        yield* Stepped.heartbeat(id, said)
        return (yield* stepped("why", id)).out.includes("heard of last at")
      })
      yield* Effect.provide(until("it is heard", isHeard), services)
      for (const command of [["show", id], ["show", id, "--json"], ["why", id], ["why", id, "--json"]]) {
        const hidden = yield* stepped(...command)
        assert.strictEqual(hidden.code, 0)
        assert.notInclude(hidden.out, "gate", command.join(" "))
        assert.include((yield* stepped(...command, "--payloads")).out, "the $& gate", command.join(" "))
      }
    }))
})

describe("the fields of an error", () => {
  it.live("are printed where payloads are asked for, and nowhere else: in messages neither", () =>
    Effect.gen(function*() {
      const { client, services, stepped } = yield* saying
      const failed = yield* client(1).visitLater("nowhere")
      yield* Effect.exit(failed.await)
      const held = yield* client(2).repairLater()
      const isHeld = Effect.map(stepped("why", held.id), ({ out }) => out.includes("is held"))
      yield* Effect.provide(until("it is held", isHeld), services)
      for (const command of [["ls"], ["show", failed.id], ["show", held.id], ["why", held.id], ["errors"]]) {
        for (const flags of [[], ["--json"]]) {
          const hidden = yield* stepped(...command, ...flags)
          assert.strictEqual(hidden.code, 0)
          assert.notInclude(hidden.out, "tyre", [...command, ...flags].join(" "))
          assert.include(hidden.out, "Flat", [...command, ...flags].join(" "))
          const { out } = yield* stepped(...command, ...flags, "--payloads")
          assert.include(out, "tyre", [...command, ...flags].join(" "))
        }
      }
    }))
})

describe("what steps have given", () => {
  it.live("is printed where payloads are asked for, and nowhere else", () =>
    Effect.gen(function*() {
      const { client, objects, services, stepped } = yield* saying
      const { await: ended, id } = yield* client(1).askLater()
      const sent = Effect.map(stepped("signal", id, "go", "{\"by\":\"Ann\"}", ...why), ({ code }) => code === 0)
      yield* Effect.provide(until("it is sent", sent), services)
      yield* ended
      assert.include((yield* stepped("show", id, "--payloads")).out, "wait gave  {\"by\":\"Ann\"}")
      const [{ steps }] = (yield* objects("show", id, "--payloads")) as [Record<string, any>]
      assert.deepStrictEqual(steps.map(({ result }: { result: unknown }) => result), [{ by: "Ann" }, undefined])
      for (const flags of [[], ["--json"]]) assert.notInclude((yield* stepped("show", id, ...flags)).out, "Ann")
    }))
})

describe("the code of an end", () => {
  it("is the database's where that is why nothing was enqueued, and that of what was given elsewhere", () => {
    const codes = [
      new StorageError({ operation: "enqueue", isRetryable: false, cause: new Error("away") }),
      new InvalidOption({ option: "priority", value: "1000", takes: "100 at most" })
    ].map((reason) => stoppedBy(new EnqueueError({ reason })).code)
    assert.deepStrictEqual(codes, [3, 2])
  })
})

describe("lists", () => {
  it.live("of lanes and of errors say that there is more, and lanes go on with it", () =>
    Effect.gen(function*() {
      const { client, objects, services, stepped } = yield* saying
      const asks = yield* client(1).askLater()
      const others = [yield* client(2).askLater(), yield* client(3).askLater()]
      const waiting = Effect.map(objects("lanes"), ({ length }) => length === 3)
      yield* Effect.provide(until("they wait", waiting), services)
      const { out } = yield* stepped("lanes", "--limit", "1")
      assert.include(out, asks.id)
      const [, more] = /more: --after (\S+)$/.exec(out)!
      const keys = (yield* objects("lanes", "--after", more!)).map(({ performing }) => performing)
      assert.deepStrictEqual(keys, others.map(({ id }) => [id]))
      assert.notInclude((yield* stepped("lanes")).out, "more:")
      yield* Effect.exit(client(4).visitNow("nowhere"))
      assert.include((yield* stepped("errors", "--limit", "1")).out, "there may be more groups")
      assert.notInclude((yield* stepped("errors")).out, "there may be more")
    }))
})

describe("definitions", () => {
  it.live("are printed with their schemas, which are no payloads", () =>
    Effect.gen(function*() {
      const { objects, stepped } = yield* saying
      const found = (yield* objects("definitions")).map(({ description, name }) => [name, description] as const)
      const { ask, outside, visit } = Object.fromEntries(found)
      assert.deepStrictEqual(visit.arguments.map(({ schema }: { schema: { type: string } }) => schema.type), ["string"])
      assert.include(JSON.stringify(visit.error), "tyre")
      assert.include(JSON.stringify(ask.signals[0].payload), "by")
      assert.property(outside.success, "schema")
      const { out } = yield* stepped("definitions", "--action", "visit")
      assert.match(out, /arguments[^]*Car\/visit.* string /)
    }))
})

describe("pauses", () => {
  it.live("are objects for programs, of queues that are empty too", () =>
    Effect.gen(function*() {
      const { objects, stepped } = yield* garage
      yield* stepped("pause", "--queue", "reports", "--by", "ada", ...why)
      const pauses = (yield* objects("queues")).map(({ by, kind, reason, subject }) => [kind, subject, by, reason])
      assert.deepStrictEqual(pauses, [["queue", "reports", "ada", "a test"]])
    }))
})
