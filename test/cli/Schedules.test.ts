/** Rule 20.8 from a shell: schedules as the command shows and operates them, beside a worker. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { SqlClient } from "effect/sql"
import { ActionRepo, Schedules } from "stepped"
import { Cars, garage, visit } from "./fixtures/garage.ts"

const why = ["--reason", "a test", "--by", "ada"]

describe("schedules", () => {
  it.live("are listed with when they fire, or why not, and operated by their names", () =>
    Effect.gen(function*() {
      const { objects, services, stepped } = yield* garage
      assert.strictEqual((yield* stepped("schedules", "list")).out, "there are no schedules")
      // whichever of the two words somebody has in mind
      for (const command of [["schedules", "ls"], ["list"], ["ls"]]) {
        assert.strictEqual((yield* stepped(...command)).code, 0, command.join(" "))
      }
      const put = (name: string, where: string) =>
        Effect.flatMap(Schedules, (schedules) =>
          schedules.put(name, {
            cron: "30 2 * * *",
            zone: "Europe/Berlin",
            actions: Cars,
            actor: 1,
            action: visit,
            args: [where]
          }))
      yield* Effect.provide(Effect.andThen(put("nightly", "London"), put("other", "Paris")), services)
      // a worker says some seconds after its start which definitions it has
      const isActive = Effect.map(objects("schedules", "list"), ([first]) => first?.["state"] === "active")
      for (let i = 0; i < 600 && !(yield* isActive); i++) yield* Effect.sleep("100 millis")
      const listed = (yield* stepped("schedules", "list")).out
      assert.match(listed, /nightly +active +30 2 \* \* \* Europe\/Berlin/)
      assert.notInclude(JSON.stringify(yield* objects("schedules", "list")), "London")
      assert.deepStrictEqual((yield* objects("schedules", "list", "--after", "nightly")).map(({ name }) => name), [
        "other"
      ])
      assert.strictEqual((yield* objects("schedules", "list", "--actor", "Car/1", "--action", "visit")).length, 2)
      assert.strictEqual((yield* objects("schedules", "next", "nightly")).length, 5)
      assert.strictEqual((yield* objects("schedules", "next", "nightly", "--count", "3")).length, 3)

      assert.strictEqual((yield* stepped("schedules", "pause", "nightly", ...why)).out, "done")
      const again = yield* stepped("schedules", "pause", "nightly", ...why)
      assert.deepStrictEqual([again.code, again.out], [1, "nothing was changed: it is paused already"])
      assert.match(
        (yield* stepped("schedules", "list")).out,
        /nightly +paused +30 2 \S+ \S+ \S+ \S+ +Car\/1 visit.*a test \(ada\)/
      )
      assert.include((yield* stepped("schedules", "next", "nightly")).out, "it is paused: none of them fires as it is")

      // what the command enqueues a worker makes keys for
      const [ran] = yield* objects("schedules", "run", "nightly", ...why)
      const repo = yield* Effect.provide(ActionRepo, services)
      const isOver = Effect.map(
        repo.list({ name: "visit" }),
        (all) => all.some(({ id, status }) => id === ran!["id"] && status === "succeeded")
      )
      for (let i = 0; i < 600 && !(yield* isOver); i++) yield* Effect.sleep("50 millis")
      const [first] = yield* objects("schedules", "history", "nightly")
      assert.deepInclude(first, { action: ran!["id"], byHand: true, status: "succeeded" })

      const range = ["--from", "2025-03-29", "--to", "2025-03-31T12:00:00Z"]
      const plan = yield* stepped("schedules", "backfill", "nightly", ...range, "--dry-run")
      assert.deepStrictEqual([plan.code, plan.out], [
        0,
        "would be enqueued: 3 slots, 2025-03-29T01:30:00.000Z to 2025-03-31T00:30:00.000Z; 0 had been before"
      ])
      const filled = yield* stepped("schedules", "backfill", "nightly", ...range, ...why)
      assert.deepStrictEqual([filled.code, filled.out], [0, "done: 3 enqueued, and 0 had been before"])
      const refilled = yield* stepped("schedules", "backfill", "nightly", ...range, ...why)
      assert.deepStrictEqual([refilled.code, refilled.out], [1, "nothing was changed: all 3 had been enqueued before"])
      assert.match((yield* stepped("schedules", "history", "nightly")).out, /2025-03-30 01:00:00/)

      assert.strictEqual((yield* stepped("schedules", "resume", "nightly", ...why)).out, "done")
      assert.strictEqual((yield* stepped("schedules", "resume", "nightly", ...why)).code, 1)
      assert.strictEqual((yield* stepped("schedules", "remove", "other", ...why)).out, "done")
      const gone = yield* stepped("schedules", "remove", "other", ...why)
      assert.deepStrictEqual([gone.code, gone.out], [1, ""])
      assert.include(gone.err, "there is no such schedule")
      const recorded = yield* objects("operations", "--target", "schedule nightly")
      assert.deepStrictEqual(recorded.map(({ by, outcome, verb }) => `${by} ${verb} ${outcome}`).toReversed(), [
        "ada Schedules.pause done",
        "ada Schedules.run done",
        "ada Schedules.backfill done",
        "ada Schedules.resume done"
      ])
    }))

  it.live("are all paused and gone on with, and whoever pauses everything else is told that they go on", () =>
    Effect.gen(function*() {
      const { objects, services, stepped } = yield* garage
      assert.strictEqual((yield* stepped("pause", "--all", ...why)).out, "done")
      yield* Effect.provide(
        Effect.flatMap(
          Schedules,
          (schedules) =>
            schedules.put("often", { every: "1 day", actions: Cars, actor: 1, action: visit, args: ["Rome"] })
        ),
        services
      )
      const pausedAnew = Effect.andThen(stepped("resume", "--all", ...why), stepped("pause", "--all", ...why))
      const everything = yield* pausedAnew
      assert.include(
        everything.out,
        "schedules go on firing, and what they fire waits: `schedules pause-all` pauses them"
      )
      assert.strictEqual((yield* stepped("schedules", "pause-all", ...why)).out, "done")
      assert.strictEqual((yield* pausedAnew).out, "done")
      const again = yield* stepped("schedules", "pause-all", ...why)
      assert.deepStrictEqual([again.code, again.out], [1, "nothing was changed: it is paused already"])
      assert.match(
        (yield* stepped("schedules", "list")).out,
        /often +paused +every 1d +Car\/1 visit.*all: a test \(ada\)/
      )
      assert.match((yield* stepped("queues")).out, /paused: schedules, since .*, by ada: a test/)
      const missed = Effect.flatMap(
        SqlClient.SqlClient,
        (sql) => sql`update stepped.schedules set slot = slot - interval '1 day', next_at = next_at - interval '1 day'`
      )
      yield* Effect.provide(missed, services)
      const resumed = yield* stepped("schedules", "resume-all", ...why)
      const says = "done: 1 was to fire meanwhile, and goes on with the slot that comes next"
      assert.deepStrictEqual([resumed.code, resumed.out], [0, says])
      const more = yield* stepped("schedules", "resume-all", ...why)
      assert.deepStrictEqual([more.code, more.out], [1, "nothing was changed: it is not paused"])
      yield* stepped("schedules", "pause-all", ...why)
      assert.strictEqual((yield* stepped("schedules", "resume-all", ...why)).out, "done: none was to fire meanwhile")
      const recorded = yield* objects("operations", "--target", "schedules")
      assert.deepStrictEqual(recorded.map(({ outcome, verb }) => `${verb} ${outcome}`).toReversed(), [
        "Schedules.pauseAll done",
        "Schedules.resumeAll done",
        "Schedules.pauseAll done",
        "Schedules.resumeAll done"
      ])
    }))

  it.live("say why nothing is found, and what is wrong", () =>
    Effect.gen(function*() {
      const { services, stepped } = yield* garage
      for (
        const args of [["next"], ["history"], ["pause", ...why], ["resume", ...why], ["run", ...why], [
          "backfill",
          "--from",
          "2025-01-01",
          ...why
        ]]
      ) {
        const { code, err } = yield* stepped("schedules", args[0]!, "none", ...args.slice(1))
        assert.deepStrictEqual([code, err.includes("there is no schedule \"none\"")], [1, true], args.join(" "))
      }
      yield* Effect.provide(
        Effect.flatMap(Schedules, (schedules) =>
          schedules.put("often", { every: "1 day", actions: Cars, actor: 1, action: visit, args: ["Rome"] })),
        services
      )
      for (
        const args of [["next", "often", "--count", "0"], ["run", "often"], ["backfill", "often", ...why], [
          "backfill",
          "often",
          "--from",
          "1980-01-01",
          ...why
        ], ["list", "--action", "visit"]]
      ) {
        assert.strictEqual((yield* stepped("schedules", ...args)).code, 2, args.join(" "))
      }
      // what nobody can read is not over, and what is over is not broken
      const next = Effect.map(stepped("schedules", "next", "often"), ({ out }) =>
        out)
      const as = (columns: string) =>
        Effect.provide(
          Effect.flatMap(SqlClient.SqlClient, (sql) =>
            sql.unsafe(`update stepped.schedules set ${columns}`)),
          services
        )
      yield* as("trouble = 'the zone Mars/Base is not known here'")
      assert.strictEqual(yield* next, "it cannot be read, and fires nothing: the zone Mars/Base is not known here")
      yield* as("trouble = null, slot = null, next_at = null")
      assert.strictEqual(yield* next, "none comes any more")
    }))
})
