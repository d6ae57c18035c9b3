/** Rule 20.8: all schedules are paused by one word, and go on with what comes then: nothing that has passed meanwhile fires. */
import { assert, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { SqlClient } from "effect/sql"
import { TestClock } from "effect/testing"
import { ActionRepo, Engine, InvalidQuery, JobQueue, Schedules, Stepped } from "stepped"
import { performSteppedActions } from "stepped/testing"
import { healthy, suite } from "../harness/databases.ts"
import { seen } from "../harness/notes.ts"
import { at, hour, hourly, passing, put, reports, Shops } from "./fixtures/schedules.ts"

const daily = Layer.orDie(Stepped.schedule("daily", hourly))
const why = { reason: "a copy of production", by: "ada" }

suite("all schedules", (engine) => {
  const test = <A, E>(
    name: string,
    scenario: (schedules: Schedules["Service"]) => Effect.Effect<A, E, Stepped.Services | SqlClient.SqlClient>
  ) =>
    it.effect(
      name,
      () =>
        Effect.provide(
          Effect.andThen(Effect.flatMap(Schedules, scenario), healthy),
          Layer.provideMerge(Shops.layer, engine.layer())
        )
    )

  test("20.8: while they are paused none fires, of code or a row, and then each goes on with the slot that comes next", (schedules) =>
    Effect.gen(function*() {
      yield* put("often", { args: ["row"] })
      assert.deepStrictEqual([yield* schedules.pauseAll(why), yield* schedules.pauseAll({ reason: "another" })], [
        "done",
        "paused"
      ])
      const [pause, ...others] = yield* Effect.flatMap(JobQueue, ({ pauses }) => pauses)
      assert.deepInclude(pause, { kind: "schedules", subject: "", ...why })
      assert.deepStrictEqual(others, [])
      // what comes meanwhile is paused as well
      yield* passing(1)
      yield* put("later", { args: ["later"] })
      yield* passing(2)
      assert.strictEqual(yield* reports, 0)
      const all = yield* schedules.list()
      assert.deepStrictEqual(
        all.map(({ name, pause, state }) => [name, state, pause?.ofAll, pause?.by, pause?.reason]),
        ["daily", "later", "often"].map((name) => [name, "paused", true, "ada", "a copy of production"])
      )
      // nobody is woken up for what does not fire
      assert.deepStrictEqual(yield* Effect.flatMap(Engine, ({ fireSchedules }) => fireSchedules), {
        moved: 0,
        next: undefined
      })
      const resumed = [yield* schedules.resumeAll(), yield* schedules.resumeAll()]
      assert.deepStrictEqual(resumed, [{ outcome: "done", passed: 3 }, { outcome: "notPaused", passed: 0 }])
      assert.deepStrictEqual((yield* schedules.list()).map(({ lastSlot, slot }) => [lastSlot, slot]), [
        [undefined, at(4)],
        [undefined, at(4)],
        [undefined, at(4)]
      ])
      yield* passing(1)
      assert.deepStrictEqual(seen.toSorted(), ["daily of 1 at 4", "later of 1 at 4", "row of 1 at 4"])
    }).pipe(Effect.provide(daily)))

  test("20.8: what was to fire before they were paused is not caught up with either, whoever can fire it", (schedules) =>
    Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      yield* put("often", { catchUp: { max: 100, window: "10 days" } })
      yield* put("nobody's")
      yield* put("once", { every: undefined, at: at(2) })
      yield* put("ended", { until: at(3) })
      yield* sql`update stepped.schedules set definition = 'Shop/gone' where name = 'nobody''s'`
      // nobody is there for five hours, as in a copy of last night
      yield* TestClock.adjust("5 hours")
      yield* schedules.pauseAll(why)
      assert.deepStrictEqual(yield* schedules.resumeAll(), { outcome: "done", passed: 4 })
      assert.deepStrictEqual((yield* schedules.list()).map(({ name, slot, state }) => [name, slot, state]), [
        ["ended", undefined, "over"],
        ["nobody's", at(6), "orphaned"],
        ["often", at(6), "orphaned"],
        ["once", undefined, "over"]
      ])
      yield* passing(0)
      assert.strictEqual(yield* reports, 0)
      yield* passing(1)
      assert.deepStrictEqual(seen, ["daily of 1 at 6"])
    }))

  test("20.8: one that has a pause of its own keeps it, and one that is resumed waits for the others", (schedules) =>
    Effect.gen(function*() {
      const states = Effect.map(
        schedules.list(),
        (all) => all.map(({ pause, state }) => `${state === "paused"} ${pause?.ofAll} ${pause?.reason}`)
      )
      yield* put("kept")
      yield* put("resumed")
      for (const name of ["kept", "resumed"]) yield* schedules.pause(name, { reason: "a strike" })
      yield* schedules.pauseAll(why)
      assert.strictEqual(yield* schedules.resume("resumed"), "done")
      assert.deepStrictEqual(yield* states, ["true false a strike", "true true a copy of production"])
      yield* passing(2)
      yield* schedules.resumeAll()
      assert.deepStrictEqual(yield* states, ["true false a strike", "false undefined undefined"])
      yield* passing(1)
      assert.deepStrictEqual(seen, ["daily of 1 at 3"])
    }))

  test("20.8: while all are paused one is run and filled up by hand, and what is in the queue is performed", (schedules) =>
    Effect.gen(function*() {
      yield* put("often")
      yield* schedules.pauseAll(why)
      yield* TestClock.adjust("2 hours")
      yield* schedules.run("often")
      yield* schedules.backfill("often", { from: at(1), to: at(2) })
      yield* performSteppedActions({ schedules: true })
      assert.strictEqual(seen.length, 3)
      assert.strictEqual((yield* schedules.find("often")).state, "paused")
      yield* schedules.resumeAll()
    }))

  test("20.8: one that cannot be read keeps all of them paused, and is named; what is none of its kind goes on", (schedules) =>
    Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      const cron = { every: undefined, cron: "0 * * * *", zone: "Europe/Berlin" }
      for (const name of ["broken", "often"]) yield* put(name, cron)
      yield* schedules.pauseAll(why)
      yield* TestClock.adjust("3 hours")
      yield* sql`update stepped.schedules set zone = 'Mars/Base' where name = 'broken'`
      const error = yield* Effect.flip(schedules.resumeAll())
      assert.instanceOf(error, InvalidQuery)
      assert.match(error.message, /the schedule broken.*Mars\/Base.*[Pp]ause it by its name/)
      yield* passing(0)
      assert.strictEqual(yield* reports, 0)
      yield* schedules.pause("broken", { reason: "nobody knows its zone" })
      assert.deepStrictEqual(yield* schedules.resumeAll(), { outcome: "done", passed: 1 })
      yield* passing(1)
      assert.strictEqual(yield* reports, 1)
    }))

  test("20.8: however many they are, all of them pass by what was to fire", (schedules) =>
    Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      yield* put("often", { jitter: "10 minutes" })
      yield* sql`insert into stepped.schedules (name, spec, definition, actor_id, queue, arguments, catch_up, jitter_ms, slot, next_at,
          source, hash, changed_at)
        select 'copy ' || n, spec, definition, actor_id, queue, arguments, catch_up, jitter_ms, slot, next_at, source, hash, changed_at
        from stepped.schedules cross join generate_series(1, 1200) n`
      yield* schedules.pauseAll(why)
      yield* TestClock.adjust("2.5 hours")
      assert.deepStrictEqual(yield* schedules.resumeAll(why), { outcome: "done", passed: 1201 })
      const all = yield* schedules.list({ limit: 10_000 })
      assert.isTrue(all.every(({ slot }) => slot?.getTime() === 3 * hour))
      const fires = new Set(all.map(({ firesAt }) => firesAt?.getTime()))
      assert.isAbove(fires.size, 100)
      const [operation] = yield* Effect.flatMap(
        ActionRepo,
        (repo) => repo.operations({ verbs: ["Schedules.resumeAll"] })
      )
      assert.deepInclude(operation, { target: "schedules", outcome: "done", counts: { passed: 1201 } })
      yield* sql`delete from stepped.schedules`
    }))

  for (const [what, all] of [["one", false], ["all", true]] as const) {
    test(`20.8, 20.3: a slot that its jitter puts off beyond the pause of ${what} fires, however long that was`, (schedules) =>
      Effect.gen(function*() {
        const pause = all ? schedules.pauseAll(why) : schedules.pause("spread", why)
        const resume = all ? schedules.resumeAll() : schedules.resume("spread")
        yield* put("spread", { jitter: "50 minutes" })
        const [first, , , fourth, fifth] = yield* schedules.next("spread", 5)
        const shown = Effect.map(schedules.find("spread"), ({ firesAt, slot }) => ({ slot, firesAt }))
        for (const next of [first!, fourth!]) {
          // it has come, and is put off
          assert.isAbove(next.firesAt.getTime(), next.slot.getTime() + 1)
          yield* pause
          yield* TestClock.setTime(next.firesAt.getTime() - 1)
          yield* resume
          assert.deepStrictEqual(yield* shown, next)
          assert.deepStrictEqual((yield* schedules.next("spread", 1))[0], next)
          yield* passing(0)
          yield* TestClock.setTime(next.firesAt.getTime())
          yield* passing(0)
        }
        assert.deepStrictEqual((yield* schedules.history("spread")).map(({ slot }) => slot), [at(4), at(1)])
        // once it was to fire it has passed
        yield* pause
        yield* TestClock.setTime(fifth!.firesAt.getTime())
        yield* resume
        assert.deepStrictEqual((yield* schedules.find("spread")).slot, at(6))
        assert.strictEqual(seen.length, 2)
      }))
  }

  test("20.8: what is wrong is refused, and changes nothing", (schedules) =>
    Effect.gen(function*() {
      for (
        const [ask, field] of [
          [schedules.pauseAll({ reason: "" }), "reason of Schedules.pauseAll"],
          [schedules.pauseAll({ reason: "a test", by: "" }), "by of Schedules.pauseAll"],
          [schedules.resumeAll({ by: "a".repeat(101) }), "by of Schedules.resumeAll"]
        ] as const
      ) {
        assert.deepInclude(yield* Effect.flip(Effect.asVoid<unknown, unknown, never>(ask)), { field })
      }
      assert.deepStrictEqual(yield* Effect.flatMap(JobQueue, ({ pauses }) => pauses), [])
    }))
})
