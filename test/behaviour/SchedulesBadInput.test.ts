/** Rule 20.9: what no schedule can be is refused with its field and what that takes, and nothing is stored. */
import { assert, it } from "@effect/vitest"
import { Effect, Exit, Layer } from "effect"
import type { SqlClient } from "effect/sql"
import { TestClock } from "effect/testing"
import { DefinitionError, InvalidOption, InvalidQuery, Schedules, Stepped } from "stepped"
import { suite } from "../harness/databases.ts"
import { at, hourly, put, Shops } from "./fixtures/schedules.ts"

const cron = (text: unknown, more: object = {}) => ({ every: undefined, cron: text, ...more })

/** What is given, the field that is named, and a part of what that takes. */
const refused: ReadonlyArray<readonly [given: object, field: string, takes: string]> = [
  [cron("30 2 * *"), "cron", "five fields"],
  [cron("61 * * * *"), "cron", "five fields"],
  [cron("every monday"), "cron", "five fields"],
  [cron("0 0 31 2 *"), "cron", "some date"],
  [cron(5), "cron", "five fields"],
  [cron("0 3 * * *", { zone: "Mars/Base" }), "zone", "Europe/Berlin"],
  [cron("0 3 * * *", { zone: "" }), "zone", "Europe/Berlin"],
  [{ zone: "Europe/Berlin" }, "zone", "give cron"],
  [cron("0 3 * * *", { every: "1 hour" }), "times", "one of cron, every and at"],
  [{ every: undefined }, "times", "one of cron, every and at"],
  [{ every: 0 }, "every", "from 1000"],
  [{ every: "-1 hour" }, "every", "from 1000"],
  [{ every: "often" }, "every", "from 1000"],
  [{ every: Number.POSITIVE_INFINITY }, "every", "from 1000"],
  [{ every: undefined, at: at(-1) }, "at", "not passed"],
  [{ every: undefined, at: new Date(NaN) }, "at", "a Date or a DateTime"],
  [{ every: undefined, at: "tomorrow" }, "at", "a Date or a DateTime"],
  [{ until: at(0) }, "until", "not passed"],
  [{ until: at(1) }, "until", "after the first slot, which is 1970-01-01T01:00:00.000Z"],
  [cron("0 0 1 1 *", { until: at(24 * 60) }), "until", "after the first slot, which is 1971-01-01T00:00:00.000Z"],
  [{ every: undefined, at: at(5), until: at(4) }, "until", "after the first slot, which is 1970-01-01T05:00:00.000Z"],
  [{ until: 5 }, "until", "a Date or a DateTime"],
  [{ jitter: "1 hour" }, "jitter", "less than the distance of two slots, which is 3600000 ms"],
  [cron("0,10 3 * * *", { jitter: "10 minutes" }), "jitter", "which is 600000 ms"],
  [{ jitter: -1 }, "jitter", "from 0"],
  [{ catchUp: "all" }, "catchUp", "{ max, window }"],
  [{ catchUp: null }, "catchUp", "{ max, window }"],
  [{ catchUp: { max: 0, window: "1 day" } }, "catchUp.max", "from 1 to 1000"],
  [{ catchUp: { max: 1001, window: "1 day" } }, "catchUp.max", "from 1 to 1000"],
  [{ catchUp: { max: 5, window: 0 } }, "catchUp.window", "from 1"]
]

const failed = <A, E>(exit: Exit.Exit<A, E>): E => {
  assert(Exit.isFailure(exit))
  const [reason] = exit.cause.reasons
  assert(reason?._tag === "Fail")
  return reason.error
}

suite("schedules that cannot be", (engine) => {
  const test = <A, E>(name: string, scenario: Effect.Effect<A, E, Stepped.Services | SqlClient.SqlClient>) =>
    it.effect(
      name,
      () =>
        Effect.provide(
          Effect.tap(scenario, () =>
            Effect.flatMap(Schedules, (schedules) =>
              Effect.map(schedules.list(), (all) =>
                assert.deepStrictEqual(all.filter(({ name }) => name !== "kept"), [])))),
          Layer.provideMerge(Shops.layer, engine.layer())
        )
    )

  test(
    "20.9: of a row each field is refused with what it takes",
    Effect.gen(function*() {
      for (const [given, field, takes] of refused) {
        const error = failed(yield* Effect.exit(put("wrong", given)))
        assert.instanceOf(error, InvalidOption, JSON.stringify(given))
        assert.strictEqual((error as InvalidOption).option, `${field} of the schedule wrong`, JSON.stringify(given))
        assert.include((error as InvalidOption).takes, takes, JSON.stringify(given))
      }
    })
  )

  test(
    "20.9: of code as well, but for times that have passed, which it still says long after they have",
    Effect.gen(function*() {
      yield* TestClock.adjust("1 day")
      for (const [given, field] of refused) {
        const layer = Stepped.schedule("wrong", { ...hourly, ...given } as typeof hourly)
        const exit = yield* Effect.exit(Effect.scoped(Layer.build(layer)))
        if ((field === "at" || field === "until") && Exit.isSuccess(exit)) continue
        assert.instanceOf(failed(exit), InvalidOption, JSON.stringify(given))
      }
    })
  )

  test(
    "20.9: a name is a text of 1 to 200 characters that can be stored, and names one schedule of a program",
    Effect.gen(function*() {
      for (const name of ["", "a\u0000b", "two\nlines", "x".repeat(201), "\ud800", 5 as unknown as string]) {
        const error = failed(yield* Effect.exit(put(name)))
        assert.instanceOf(error, InvalidOption)
        assert.strictEqual((error as InvalidOption).option, "name of a schedule")
      }
      assert.strictEqual(yield* put("kept"), "created")
      const twice = Layer.merge(
        Stepped.schedule("daily", hourly),
        Stepped.schedule("daily", { ...hourly, args: ["weekly"] })
      )
      const error = failed(yield* Effect.exit(Effect.scoped(Layer.build(twice))))
      assert.instanceOf(error, DefinitionError)
      assert.include(error.message, "daily is declared twice")
    })
  )

  test(
    "20.9: arguments and an id that do not fit, and arguments that are too large, are refused as with any enqueueing",
    Effect.gen(function*() {
      const cases = [
        [{ args: [5] }, "InvalidArguments"],
        [{ args: [] }, "InvalidArguments"],
        [{ args: ["x\u0000"] }, "UnstorableText"],
        [{ args: ["x".repeat(70_000)] }, "PayloadTooLarge"],
        [{ actor: "one" }, "InvalidActorId"]
      ] as const
      for (const [given, tag] of cases) {
        assert.strictEqual(failed(yield* Effect.exit(put("wrong", given)))._tag, tag)
      }
    })
  )

  test(
    "20.9: what operators ask for is refused with its field",
    Effect.gen(function*() {
      const schedules = yield* Schedules
      yield* put("kept")
      yield* TestClock.adjust("1 day")
      const range = (from: number, to: number) => ({ from: at(from), to: at(to) })
      const cases: ReadonlyArray<readonly [Effect.Effect<unknown, unknown>, string]> = [
        [schedules.next("kept", 0), "count of Schedules.next"],
        [schedules.next("kept", 1001), "count of Schedules.next"],
        [schedules.history("kept", { limit: 0 }), "limit of Schedules.history"],
        [schedules.history("kept", { before: new Date(NaN) }), "before of Schedules.history"],
        [schedules.list({ limit: 10_001 }), "limit of Schedules.list"],
        [schedules.list({ action: "report" }), "action of Schedules.list"],
        [schedules.list({ source: "file" as "row" }), "source of Schedules.list"],
        [schedules.pause("kept", { reason: "" }), "reason of Schedules.pause"],
        [schedules.run("kept", { by: "" }), "by of Schedules.run"],
        [schedules.backfill("kept", range(2, 1)), "from of Schedules.backfill"],
        [schedules.backfill("kept", { from: at(48) }), "from of Schedules.backfill"],
        [schedules.backfill("kept", range(1, 48)), "to of Schedules.backfill"],
        [schedules.backfill("kept", range(-2000, 1)), "from of Schedules.backfill"],
        [schedules.backfill("kept", { from: new Date(NaN), to: at(1) }), "from of Schedules.backfill"]
      ]
      for (const [ask, field] of cases) {
        const error = yield* Effect.flip(ask)
        assert.instanceOf(error, InvalidQuery, field)
        assert.strictEqual((error as InvalidQuery).field, field)
      }
      assert.deepStrictEqual(yield* schedules.history("kept"), [])
    })
  )
})
