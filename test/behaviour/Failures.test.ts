/** Rule 17.6: what has failed, in groups, and since which build. */
import { assert, it } from "@effect/vitest"
import { Effect, Layer, Schema } from "effect"
import type { SqlClient } from "effect/sql"
import { TestClock } from "effect/testing"
import { ActionRepo, type FailureFilter, InvalidQuery, Step, Stepped } from "stepped"
import { performSteppedActions } from "stepped/testing"
import { healthy, suite } from "../harness/databases.ts"

class NoParking extends Schema.TaggedError<NoParking>()("NoParking", { at: Schema.String }) {}
class Flat extends Schema.TaggedError<Flat>()("Flat", {}) {}
/** Whose ids look like paths. */
class Car extends Stepped.Actor<Car>()("Car", { id: Schema.String }) {}
const park = Stepped.action("park", { arguments: [Schema.String], error: Schema.Union([NoParking, Flat]) })
  .step((at): Effect.Effect<void, NoParking | Flat> =>
    at === "" ? Effect.void : Effect.fail(at === "flat" ? new Flat() : new NoParking({ at }))
  )
const visit = Stepped.action("visit", { arguments: [Schema.String] })
  .step("go", () => Effect.void)
  .step("stop", (at) => Step.do(park, at))
const slow = Stepped.action("slow", { timeout: "1 minute", outbound: true }).step(() => Effect.void)
const broken = Stepped.action("broken").step(() => Effect.die(new Error("of no use")))
const Cars = Stepped.actions(Car, [park, visit, slow, broken])

const groups = (filter?: FailureFilter) =>
  Effect.flatMap(ActionRepo, (repo) => Effect.map(repo.failures(filter), (found) => found.groups))

const shown = (filter?: FailureFilter) =>
  Effect.map(
    groups(filter),
    (all) => all.map(({ count, kind, path, status, tag }) => [count, status, kind, tag, path].join(" | ")).sort()
  )

suite("failures in groups", (engine) => {
  const test = <A, E>(
    name: string,
    scenario: () => Effect.Effect<A, E, Stepped.Services | SqlClient.SqlClient>,
    build?: string
  ) =>
    it.effect(name, () =>
      Effect.provide(
        Effect.andThen(scenario(), healthy),
        Cars.layer.pipe(Layer.provideMerge(engine.layer(build === undefined ? {} : { build })))
      ))

  test("17.6: by definition, status, kind, tag and place, whoever the actors are", () =>
    Effect.gen(function*() {
      const cars = yield* Cars.client
      for (const id of ["a", "a/b", "a › b c/d", "1 2/3"]) {
        yield* cars(id).parkLater("London")
        yield* cars(id).slowLater()
      }
      yield* cars("1").parkLater("flat")
      yield* cars("1").visitLater("flat")
      yield* cars("1/2").visitLater("flat")
      yield* cars("1").brokenLater()
      yield* cars("1").parkLater("")
      yield* (yield* cars("2").parkLater("London")).cancel()
      yield* performSteppedActions({ timeouts: true })
      assert.deepStrictEqual(yield* shown(), [
        "1 | failed | defect |  | broken Car › 1",
        "2 | failed | child | Flat | visit Car › stop › park Car › 1",
        "3 | failed | failure | Flat | park Car › 1",
        "4 | failed | failure | NoParking | park Car › 1",
        "4 | timed_out | timed_out |  | slow Car"
      ])
      assert.deepStrictEqual(yield* shown({ name: "slow" }), ["4 | timed_out | timed_out |  | slow Car"])
      assert.deepStrictEqual(yield* shown({ actorType: "Van" }), [])
      assert.deepStrictEqual(yield* shown({ actorType: "\u0000" }), [])
    }))

  test("17.6: what was seen last comes first, with its first and last time, its last message, and five of them", () =>
    Effect.gen(function*() {
      const car = (yield* Cars.client)("1")
      const begin = new Date(yield* Effect.clockWith((clock) => clock.currentTimeMillis))
      for (let n = 0; n < 7; n++) {
        yield* car.parkLater(`place ${n}`)
        yield* performSteppedActions()
        yield* TestClock.adjust("1 minute")
      }
      yield* car.parkLater("flat")
      yield* performSteppedActions()
      const [flat, noParking] = yield* groups()
      const after = (minutes: number) => new Date(begin.getTime() + minutes * 60_000)
      assert.deepStrictEqual([flat?.tag, flat?.firstSeen, flat?.lastSeen], ["Flat", after(7), after(7)])
      assert.deepStrictEqual(
        [noParking?.tag, noParking?.firstSeen, noParking?.lastSeen],
        ["NoParking", after(0), after(6)]
      )
      const repo = yield* ActionRepo
      const inIt = yield* repo.list({ failure: noParking!.id })
      assert.strictEqual(noParking!.message, inIt[0]?.cause?.message)
      assert.deepStrictEqual(noParking!.samples, inIt.slice(0, 5).map(({ id }) => id))
      assert.strictEqual(inIt.length, 7)
      assert.deepStrictEqual(yield* repo.list({ failure: "nobody's" }), [])
      assert.deepStrictEqual(yield* repo.list({ failure: noParking!.id, statuses: ["succeeded"] }), [])
      assert.deepStrictEqual((yield* groups({ since: after(5) })).map(({ count }) => count), [1, 2])
      assert.deepStrictEqual((yield* groups({ before: after(5) })).map(({ count }) => count), [5])
      assert.deepStrictEqual((yield* groups({ limit: 1 })).map(({ tag }) => tag), ["Flat"])
      assert.isUndefined((yield* repo.failures()).from)
    }))

  test(
    "17.6: each build says how often, and since when, it was its worker that has ended them",
    () =>
      Effect.gen(function*() {
        const car = (yield* Cars.client)("1")
        const handle = yield* car.parkLater("London")
        yield* performSteppedActions()
        yield* TestClock.adjust("1 hour")
        yield* car.parkLater("Paris")
        yield* car.parkLater("")
        yield* performSteppedActions()
        const [group] = yield* groups()
        assert.deepStrictEqual(group?.builds, [
          { build: "2026.11", count: 2, firstSeen: group!.firstSeen, lastSeen: group!.lastSeen }
        ])
        const repo = yield* ActionRepo
        const [failed] = yield* repo.list({ failure: group!.id, before: group!.lastSeen })
        assert.deepStrictEqual([failed?.id, failed?.build], [handle.id, "2026.11"])
        const succeeded = yield* repo.list({ statuses: ["succeeded"] })
        assert.deepStrictEqual(succeeded.map(({ build }) => build), [undefined])
      }),
    "2026.11"
  )

  test("17.6: what it cannot be asked for is refused with the field's name", () =>
    Effect.gen(function*() {
      for (
        const [filter, field] of [
          [{ limit: 0 }, "limit of ActionRepo.failures"],
          [{ since: new Date(Number.NaN) }, "since of ActionRepo.failures"],
          [{ before: new Date(Number.NaN) }, "before of ActionRepo.failures"]
        ] as const
      ) {
        const error = yield* Effect.flip(groups(filter))
        assert.instanceOf(error, InvalidQuery)
        assert.strictEqual(error.field, field)
      }
    }))
})
