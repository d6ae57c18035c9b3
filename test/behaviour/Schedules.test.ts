/** Rule 20: what is enqueued by the clock. */
import { assert, it } from "@effect/vitest"
import { Effect, Layer, Schema } from "effect"
import { SqlClient } from "effect/sql"
import { TestClock } from "effect/testing"
import { ActionRepo, Engine, Schedules, ScheduleTaken, Stepped, UnknownSchedule } from "stepped"
import { performSteppedActions, recordEvents } from "stepped/testing"
import { healthy, suite } from "../harness/databases.ts"
import { deployed } from "../harness/deploying.ts"
import { seen } from "../harness/notes.ts"
import { at, audit, hour, hourly, passing, put, report, reports, Shop, Shops } from "./fixtures/schedules.ts"

const daily = Stepped.schedule("daily", hourly)
/** As a later deploy has it. */
const renumbered = Stepped.action(report.name, { arguments: [Schema.Int] }).step(() => Effect.void)

suite("schedules", (engine) => {
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

  test("20.1: a row fires at each of its slots, with its arguments, on its actor, and not before them", () =>
    Effect.gen(function*() {
      assert.strictEqual(yield* put("often"), "created")
      yield* performSteppedActions({ schedules: true, until: "59 minutes" })
      assert.deepStrictEqual(seen, [])
      yield* passing(2)
      assert.deepStrictEqual(seen, ["daily of 1 at 1", "daily of 1 at 2"])
    }))

  test("20.1: what code declares fires as well, and no more once it is gone", (schedules) =>
    Effect.gen(function*() {
      yield* Effect.provide(passing(2), Layer.orDie(daily))
      assert.deepStrictEqual(seen, ["daily of 1 at 1", "daily of 1 at 2"])
      yield* passing(2)
      assert.strictEqual(seen.length, 2)
      const [record] = yield* schedules.list()
      assert.deepStrictEqual([record?.name, record?.state, record?.source], ["daily", "orphaned", "code"])
      // declared again, it catches up with the last slot that nobody was there for
      yield* Effect.provide(passing(0), Layer.orDie(daily))
      assert.deepStrictEqual(seen.slice(2), ["daily of 1 at 4"])
    }))

  test("20.1: while a test performs none fires, unless it asks for that", () =>
    Effect.gen(function*() {
      yield* put("often")
      yield* performSteppedActions({ until: "5 hours" })
      yield* performSteppedActions()
      assert.strictEqual(yield* reports, 0)
      // without a time it fires what is due, and does not wait for what never ends
      yield* performSteppedActions({ schedules: true })
      assert.strictEqual(yield* reports, 1)
    }))

  test("20.1: a row is created, changed and removed in the program's transaction", (schedules) =>
    Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      const rolledBack = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
        Effect.exit(sql.withTransaction(Effect.andThen(effect, Effect.fail("rolled back"))))
      yield* rolledBack(put("often"))
      assert.deepStrictEqual(yield* schedules.list(), [])
      yield* sql.withTransaction(put("often"))
      yield* rolledBack(put("often", { args: ["weekly"] }))
      yield* rolledBack(schedules.remove("often"))
      yield* passing(1)
      assert.strictEqual(yield* put("often"), "same")
      assert.strictEqual(yield* put("often", { args: ["weekly"] }), "changed")
      yield* passing(1)
      assert.deepStrictEqual(seen, ["daily of 1 at 1", "weekly of 1 at 2"])
      assert.deepStrictEqual([yield* schedules.remove("often"), yield* schedules.remove("often")], ["done", "none"])
      yield* passing(2)
      assert.strictEqual(seen.length, 2)
    }))

  test("20.1: once is once, and from its end on there is nothing", (schedules) =>
    Effect.gen(function*() {
      yield* put("once", { every: undefined, at: at(2.5) })
      yield* put("ending", { until: at(3), args: ["ending"] })
      yield* passing(6)
      assert.deepStrictEqual(seen, ["ending of 1 at 1", "ending of 1 at 2", "daily of 1 at 2.5"])
      for (const { firesAt, slot, state } of yield* schedules.list()) {
        assert.deepStrictEqual([state, slot, firesAt], ["over", undefined, undefined])
      }
      // put for longer, it goes on
      yield* put("ending", { until: at(8), args: ["ending"] })
      yield* passing(3)
      assert.deepStrictEqual(seen.slice(3), ["ending of 1 at 7"])
    }))

  test("20.1: code that says a time that has passed before it was first declared catches up with it, once", () =>
    Effect.gen(function*() {
      yield* TestClock.adjust("5 hours")
      const of = { ...hourly, every: undefined, at: at(1) }
      const late = Layer.orDie(Layer.merge(
        Stepped.schedule("late", { ...of, args: ["late"] }),
        Stepped.schedule("never", { ...of, args: ["never"], catchUp: "none" })
      ))
      yield* Effect.provide(passing(1), late)
      yield* Effect.provide(passing(1), late)
      assert.deepStrictEqual(seen, ["late of 1 at 5"])
    }))

  test("20.1: what finds the one before still performing is for the policy of its lane", (schedules) =>
    Effect.gen(function*() {
      yield* put("audit", { action: audit, args: [] })
      yield* passing(3)
      const repo = yield* ActionRepo
      assert.strictEqual((yield* repo.list({ name: "audit" })).length, 1)
      assert.deepStrictEqual((yield* schedules.history("audit")).map(({ status }) => status), [
        "cancelled",
        "cancelled",
        "performing"
      ])
      yield* Stepped.cancel((yield* repo.list({ name: "audit" }))[0]!.id)
    }))

  test("20.3: a slot fires later by its jitter, always by the same", (schedules) =>
    Effect.gen(function*() {
      yield* put("spread", { jitter: "50 minutes" })
      const next = yield* schedules.next("spread", 3)
      assert.deepStrictEqual(next.map(({ slot }) => slot), [at(1), at(2), at(3)])
      yield* passing(4)
      assert.deepStrictEqual(
        seen,
        next.map(({ firesAt }) => `daily of 1 at ${firesAt.getTime() / hour}`)
      )
      assert.isTrue(next.some(({ firesAt, slot }) => firesAt > slot))
      assert.deepStrictEqual((yield* schedules.history("spread")).map(({ slot }) => slot), [at(3), at(2), at(1)])
    }))

  test("20.3: with another jitter the slot that comes next is put off by that one", (schedules) =>
    Effect.gen(function*() {
      const own = { catchUp: "none", args: ["own"] }
      yield* put("none", { ...own, jitter: "50 minutes" })
      yield* put("some", own)
      yield* put("none", own)
      yield* put("some", { ...own, jitter: "50 minutes" })
      const [some] = yield* schedules.next("some", 1)
      assert.isAbove(some!.firesAt.getTime(), hour)
      yield* passing(2)
      assert.deepStrictEqual((yield* schedules.history("none")).map(({ at }) => at), [at(2), at(1)])
      assert.deepStrictEqual((yield* schedules.history("some")).at(-1)?.at, some!.firesAt)
    }))

  test("20.3: jitter is shorter than the distance of local times, in the week in which the clock skips some, too", (schedules) =>
    Effect.gen(function*() {
      const nightly = { every: undefined, cron: "30 0-5 * * *", zone: "Europe/Berlin" }
      for (const now of ["2026-02-01", "2026-03-25"]) {
        yield* TestClock.setTime(Date.parse(now))
        assert.include(["created", "changed", "same"], yield* put(now, { ...nightly, jitter: "45 minutes" }))
        const refused = yield* Effect.flip(put("refused", { ...nightly, jitter: "1 hour" }))
        assert.include(String(refused), "which is 3600000 ms")
      }
      const next = yield* schedules.next("2026-03-25", 50)
      assert.isTrue(next.every(({ firesAt }, i) => firesAt < (next[i + 1]?.slot ?? Infinity)))
    }))

  test("20.4: what nobody was there for fires late, not at all, or each within limits", () =>
    Effect.gen(function*() {
      yield* put("latest", { args: ["latest"] })
      yield* put("none", { args: ["none"], catchUp: "none" })
      yield* put("all", { args: ["all"], catchUp: { max: 3, window: "1 day" } })
      yield* TestClock.adjust("5.5 hours")
      yield* passing(0)
      const late = seen.splice(0).map((text) => text.split(" ")[0])
      assert.deepStrictEqual(late.toSorted(), ["all", "all", "all", "latest"])
      yield* passing(1)
      assert.deepStrictEqual(seen.toSorted(), ["all of 1 at 6", "latest of 1 at 6", "none of 1 at 6"])
    }))

  test("20.4: of more than one pass takes it comes to the end all the same", (schedules) =>
    Effect.gen(function*() {
      yield* put("all", { every: "1 minute", catchUp: { max: 250, window: "1 day" } })
      yield* TestClock.adjust("10 hours")
      yield* passing(0)
      assert.strictEqual(yield* reports, 250)
      const slots = (yield* schedules.history("all", { limit: 1000 })).map(({ slot }) => slot.getTime())
      assert.deepStrictEqual(slots, Array.from({ length: 250 }, (_, n) => (600 - n) * 60_000))
    }))

  test("20.5: what fires is told and counted as what anybody enqueues", () =>
    Effect.scoped(Effect.gen(function*() {
      yield* put("often")
      const recorder = yield* recordEvents({ tags: ["ActionEnqueued"] })
      yield* passing(1)
      assert.deepStrictEqual((yield* recorder.all).map(({ actorId, name }) => `${name} ${actorId}`), ["report 1"])
    })))

  test("20.6: a name is a row's or code's", (schedules) =>
    Effect.gen(function*() {
      yield* put("daily", { args: ["row"] })
      yield* Effect.provide(passing(1), Layer.orDie(daily))
      assert.deepStrictEqual(seen, ["row of 1 at 1"])
      yield* schedules.remove("daily")
      yield* Effect.provide(passing(1), Layer.orDie(daily))
      assert.deepStrictEqual(seen.slice(1), ["daily of 1 at 2"])
      assert.instanceOf(yield* Effect.flip(put("daily")), ScheduleTaken)
    }))

  test("20.6: what a deploy has changed but the times keeps the slot that nobody was there for", (schedules) =>
    Effect.gen(function*() {
      yield* Effect.provide(passing(1), Layer.orDie(daily))
      yield* TestClock.adjust("1 hour")
      yield* Effect.provide(passing(0), Layer.orDie(Stepped.schedule("daily", { ...hourly, args: ["new"] })))
      assert.deepStrictEqual(seen, ["daily of 1 at 1", "new of 1 at 2"])
      // other times begin anew
      yield* TestClock.adjust("1 hour")
      yield* Effect.provide(passing(0), Layer.orDie(Stepped.schedule("daily", { ...hourly, every: "2 hours" })))
      assert.strictEqual(seen.length, 2)
      assert.deepStrictEqual((yield* schedules.find("daily")).slot, at(4))
    }))

  test("20.8: paused with a reason it fires nothing, and goes on with the slot that comes next", (schedules) =>
    Effect.gen(function*() {
      yield* put("often")
      const why = { reason: "the printer is broken", by: "ada" }
      assert.deepStrictEqual([yield* schedules.pause("often", why), yield* schedules.pause("often", why)], [
        "done",
        "paused"
      ])
      yield* passing(3)
      assert.strictEqual(yield* reports, 0)
      const { pause, state } = yield* schedules.find("often")
      assert.deepStrictEqual([state, pause?.by, pause?.reason], ["paused", "ada", "the printer is broken"])
      // a change leaves it paused
      yield* put("often", { args: ["weekly"] })
      assert.deepStrictEqual([yield* schedules.resume("often"), yield* schedules.resume("often")], [
        "done",
        "notPaused"
      ])
      yield* passing(1)
      assert.deepStrictEqual(seen, ["weekly of 1 at 4"])
    }))

  test("20.8: run by hand it is enqueued once, whatever its slots are; a range enqueues what is missing", (schedules) =>
    Effect.gen(function*() {
      yield* put("often")
      yield* passing(2)
      yield* schedules.pause("often", { reason: "a test" })
      yield* TestClock.adjust("3 hours")
      const id = yield* schedules.run("often")
      const range = { from: at(1), to: at(5) }
      // first it is only looked at: nothing is enqueued by that, or recorded
      const plan = yield* schedules.backfill("often", range, { dryRun: true })
      assert.deepStrictEqual(plan, { slots: [at(3), at(4), at(5)], enqueued: [], before: 2 })
      assert.deepStrictEqual(yield* schedules.backfill("often", range, { dryRun: true }), plan)
      // without an end it goes until now
      assert.deepStrictEqual(yield* schedules.backfill("often", { from: at(1) }, { dryRun: true }), plan)
      const { enqueued, ...filled } = yield* schedules.backfill("often", range)
      assert.deepStrictEqual([enqueued.length, filled], [3, { slots: plan.slots, before: 2 }])
      const again = { slots: [], enqueued: [], before: 5 }
      assert.deepStrictEqual(yield* schedules.backfill("often", range), again)
      assert.deepStrictEqual(yield* schedules.backfill("often", range, { dryRun: true }), again)
      yield* performSteppedActions()
      assert.strictEqual(seen.length, 6)
      const history = yield* schedules.history("often")
      assert.deepStrictEqual(history.map(({ byHand, slot, status }) => [slot.getTime() / hour, byHand, status]), [
        [5, true, "succeeded"],
        ...[5, 4, 3, 2, 1].map((slot): [number, boolean, "succeeded"] => [slot, false, "succeeded"])
      ])
      assert.strictEqual(history[0]?.action, id)
      assert.deepStrictEqual(
        (yield* schedules.history("often", { before: at(4), limit: 2 })).map(({ slot }) => slot),
        [at(3), at(2)]
      )
      // what is resumed does not catch up with what was enqueued by hand
      yield* schedules.resume("often")
      yield* passing(1)
      assert.deepStrictEqual(seen.slice(6), ["daily of 1 at 6"])
    }))

  test("20.8: a name that nobody has is one, whatever is asked", (schedules) =>
    Effect.gen(function*() {
      const asked: ReadonlyArray<Effect.Effect<unknown, unknown>> = ["none", "no\u0000thing"].flatMap((name) => [
        schedules.find(name),
        schedules.next(name),
        schedules.history(name),
        schedules.pause(name, { reason: "a test" }),
        schedules.resume(name),
        schedules.run(name),
        schedules.backfill(name, { from: at(-1), to: at(0) })
      ])
      for (const ask of asked) assert.instanceOf(yield* Effect.flip(ask), UnknownSchedule)
      assert.strictEqual(yield* schedules.remove("no\u0000thing"), "none")
    }))
})

suite("schedules over deploys", (engine) => {
  const test = <A, E>(name: string, scenario: Effect.Effect<A, E, Stepped.Services | SqlClient.SqlClient>) =>
    it.effect(name, () => Effect.provide(Effect.andThen(scenario, healthy), engine.layer()))
  const nothing = Stepped.actions(Shop, [])

  test(
    "20.7: a row whose action this process does not have waits for one that has it",
    Effect.gen(function*() {
      yield* Effect.provide(put("often"), Shops.layer)
      yield* deployed(nothing.layer)(passing(2))
      assert.strictEqual(yield* reports, 0)
      yield* deployed(Shops.layer)(passing(0))
      assert.strictEqual(yield* reports, 1)
    })
  )

  test(
    "20.7: arguments that can no longer be read end as a failed action",
    Effect.gen(function*() {
      yield* Effect.provide(put("often"), Shops.layer)
      yield* deployed(Stepped.actions(Shop, [renumbered]).layer)(passing(1))
      const [failed] = yield* (yield* ActionRepo).list({ name: "report" })
      assert.deepStrictEqual([failed?.status, failed?.arguments], ["failed", ["daily"]])
      assert.include(failed?.cause?.message, "Expected number")
    })
  )

  test(
    "20.7: one that cannot be read is marked with why, fires nothing, and keeps no other from firing",
    Effect.gen(function*() {
      const schedules = yield* Schedules
      const sql = yield* SqlClient.SqlClient
      yield* put("broken")
      yield* put("often")
      yield* sql`update stepped.schedules set spec = '{"cron": "every monday"}', zone = 'Mars/Base' where name = 'broken'`
      yield* Effect.provide(passing(2), Shops.layer)
      assert.deepStrictEqual(seen, ["daily of 1 at 1", "daily of 1 at 2"])
      const { slot, state, trouble } = yield* schedules.find("broken")
      assert.deepStrictEqual([state, slot], ["broken", at(1)])
      assert.include(trouble, "every monday")
      assert.deepStrictEqual(yield* schedules.next("broken"), [])
      // whoever can read it, as another version, fires it within a minute
      yield* sql`update stepped.schedules set spec = '{"every": 3600000}', zone = null where name = 'broken'`
      yield* Effect.provide(performSteppedActions({ schedules: true, until: "1 minute" }), Shops.layer)
      assert.deepStrictEqual((yield* schedules.history("broken")).map(({ slot }) => slot), [at(2)])
      assert.deepStrictEqual((yield* schedules.find("broken")).trouble, undefined)
    })
  )

  test(
    "20.7, 20.8: what was mended while it was paused is broken no more once somebody goes on with it",
    Effect.gen(function*() {
      const schedules = yield* Schedules
      const sql = yield* SqlClient.SqlClient
      yield* put("broken")
      yield* sql`update stepped.schedules set zone = 'Mars/Base', spec = '{"cron": "0 * * * *"}' where name = 'broken'`
      yield* Effect.provide(passing(1), Shops.layer)
      assert.strictEqual((yield* schedules.find("broken")).state, "broken")
      yield* schedules.pause("broken", { reason: "nobody knows its zone" })
      yield* sql`update stepped.schedules set zone = 'UTC' where name = 'broken'`
      assert.strictEqual(yield* schedules.resume("broken"), "done")
      const { slot, trouble } = yield* schedules.find("broken")
      assert.deepStrictEqual([slot, trouble], [at(2), undefined])
      assert.strictEqual((yield* schedules.next("broken")).length, 5)
    })
  )

  test(
    "20.7: one that is to fire and is at no slot is marked with that, and begins anew where it is put again",
    Effect.gen(function*() {
      const schedules = yield* Schedules
      const sql = yield* SqlClient.SqlClient
      for (const name of ["none", "never", "often"]) yield* Effect.provide(put(name), Shops.layer)
      yield* sql`update stepped.schedules set slot = null where name = 'none'`
      yield* sql`update stepped.schedules set slot = 'infinity' where name = 'never'`
      yield* Effect.provide(passing(1), Shops.layer)
      assert.deepStrictEqual(seen, ["daily of 1 at 1"])
      for (const name of ["none", "never"]) {
        const { state, trouble } = yield* schedules.find(name)
        assert.deepStrictEqual([state, trouble], [
          "broken",
          "it is to fire, and is at no slot: its row was changed by hand"
        ])
        yield* Effect.provide(put(name), Shops.layer)
        assert.deepStrictEqual((yield* schedules.find(name)).slot, at(2))
      }
      yield* Effect.provide(passing(1), Shops.layer)
      assert.strictEqual(seen.length, 4)
    })
  )

  test(
    "20.7: whatever a row holds that was written by hand, it is marked, however many there are, and others fire",
    Effect.gen(function*() {
      const schedules = yield* Schedules
      const sql = yield* SqlClient.SqlClient
      const specs = ["{\"every\": 0}", "{\"every\": -1000}", "{\"at\": \"tomorrow\"}", "\"text\"", "null", "[]"]
      for (const [n, spec] of specs.entries()) {
        yield* put(`spec ${n}`)
        yield* sql`update stepped.schedules set spec = ${spec}::jsonb where name = ${`spec ${n}`}`
      }
      yield* put("policy 0")
      yield* put("policy 1")
      yield* sql`update stepped.schedules set catch_up = '{"policy": "all", "max": 3, "window": null}' where name = 'policy 0'`
      yield* sql`update stepped.schedules set catch_up = '7' where name = 'policy 1'`
      // more than one pass looks at, all of them before the one that is fine
      yield* sql`insert into stepped.schedules (name, spec, definition, actor_id, queue, arguments, catch_up, slot, next_at, source, hash, changed_at)
        select name || ' ' || n, spec, definition, actor_id, queue, arguments, catch_up, slot, next_at, source, hash, changed_at
        from stepped.schedules cross join generate_series(1, 300) n where name = 'spec 0'`
      yield* put("fine", { every: undefined, at: at(1.5) })
      yield* TestClock.adjust("1 hour")
      // whoever looks goes on as long as something has
      const look = Effect.flatMap(Engine, ({ fireSchedules }) => fireSchedules)
      const looks = yield* Effect.provide(Effect.all([look, look, look]), Shops.layer)
      assert.deepStrictEqual(looks.map(({ moved }) => moved), [200, specs.length + 102, 0])
      yield* Effect.provide(performSteppedActions({ schedules: true, until: "30 minutes" }), Shops.layer)
      assert.deepStrictEqual(seen, ["daily of 1 at 1.5"])
      const all = yield* schedules.list({ limit: 1000 })
      assert.strictEqual(all.length, specs.length + 303)
      for (const { name, state, trouble } of all) {
        if (name === "fine") continue
        assert.strictEqual(state, "broken", name)
        assert.isNotEmpty(trouble, name)
        assert.deepStrictEqual(yield* schedules.next(name), [])
      }
      yield* sql`delete from stepped.schedules where trouble is not null`
    })
  )
})
