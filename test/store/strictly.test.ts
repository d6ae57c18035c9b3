/** Rule 18.7: what verbs and readers take is known: a field that is misspelt is refused, and does not mean all. */
import { assert, describe, it } from "@effect/vitest"
import { Cause, Effect, Exit, Layer, Option, Schema, Stream } from "effect"
import { SqlClient } from "effect/sql"
import {
  AchievementStore,
  ActionRepo,
  type Engine,
  InvalidOption,
  InvalidQuery,
  JobQueue,
  PerformanceLane,
  Schedules,
  Stepped
} from "stepped"
import { performSteppedActions } from "stepped/testing"
import { ofAchievements, ofLanes, ofQueue, ofRepo, ofSchedules } from "../../src/store/strictly.ts"
import { embedded, healthy } from "../harness/databases.ts"

class Car extends Stepped.Actor<Car>()("Car", { id: Schema.Int }) {}
const honk = Stepped.action("honk", { checksum: () => 1 }).step(() => Effect.void)
const Cars = Stepped.actions(Car, [honk])
const layer = Layer.provideMerge(Cars.layer, embedded.layer())

type Method = (...given: ReadonlyArray<unknown>) => Effect.Effect<unknown, unknown>

const services = Effect.all({
  ActionRepo,
  JobQueue,
  PerformanceLane,
  AchievementStore,
  Schedules
})
const tables = {
  ActionRepo: ofRepo,
  JobQueue: ofQueue,
  PerformanceLane: ofLanes,
  AchievementStore: ofAchievements,
  Schedules: ofSchedules
}
/** Methods of the services that take an id, a name or a key alone; `put` takes what a schedule is. */
const withoutOptions = [
  ...["find", "steps", "stepResults", "slots", "signals", "execution"].map((method) => `ActionRepo.${method}`),
  "PerformanceLane.find",
  "AchievementStore.find",
  ...["find", "next", "put"].map((method) => `Schedules.${method}`)
]

describe("options", () => {
  it.effect("18.7: of every verb and reader a field that is not known is refused, with its name and those that there are", () =>
    Effect.gen(function*() {
      const there = yield* services
      const walked: Array<string> = []
      const found: Array<string> = []
      for (const [name, takes] of Object.entries(tables)) {
        const service: object = there[name as keyof typeof there]
        found.push(
          ...Object.keys(service)
            .filter((method) => typeof Reflect.get(service, method) === "function")
            .map((method) => `${name}.${method}`)
        )
        for (const [method, [at, known]] of Object.entries<readonly [number, object]>(takes)) {
          const verb = `${name}.${method}`
          walked.push(verb)
          const ask = Reflect.get(service, method) as Method
          // what comes before is not looked at, and could not be stored
          const given = Array.from({ length: at }, () => "\u0000")
          const fields = Object.keys(known)
          for (const field of fields) {
            const misspelt = `${field}_`
            const error = yield* Effect.flip(ask(...given, { [misspelt]: undefined }))
            assert.instanceOf(error, InvalidQuery, verb)
            assert.strictEqual(error.field, `${misspelt} of ${verb}`)
            assert.strictEqual(error.takes, `nothing, as there is no such field: there are ${fields.join(", ")}`)
          }
          for (const none of ["Car", 1, null, ["Car"]]) {
            const error = yield* Effect.flip(ask(...given, none))
            assert.instanceOf(error, InvalidQuery, verb)
            assert.strictEqual(error.field, `options of ${verb}`)
          }
        }
      }
      assert.deepStrictEqual([...walked, ...withoutOptions].sort(), found.sort())
      assert.deepStrictEqual(yield* there.ActionRepo.operations(), [])
      yield* healthy
    }).pipe(Effect.provide(layer)))

  it.effect("18.7: a condition that is misspelt forgets, deletes and lists nothing", () =>
    Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      const { AchievementStore: achievements, ActionRepo: repo } = yield* services
      yield* (yield* Cars.client)(1).honkLater()
      yield* performSteppedActions()
      const before = new Date(8.64e15)
      const misspelt = { actortype: "Bus" }
      const refused: ReadonlyArray<readonly [string, Effect.Effect<unknown, unknown, ActionRepo | Engine>]> = [
        ["AchievementStore.forgetAll", achievements.forgetAll({ before, ...misspelt })],
        ["ActionRepo.deleteEnded", repo.deleteEnded({ before, ...misspelt })],
        ["ActionRepo.list", repo.list(misspelt as object)],
        ["Stepped.list", Stepped.list(misspelt as object)],
        ["Stepped.list", Stepped.list({}, misspelt as object)],
        ["Stepped.forMany", Stepped.forMany({ actorType: "Car", ...misspelt }, { verb: "Stepped.cancel" })],
        [
          "Stepped.forMany",
          Effect.flatMap(
            Stepped.forMany({ actorType: "Car" }, { verb: "ActionRepo.delete" }),
            ({ start }) => start({ reason: "a test", ...misspelt })
          )
        ]
      ]
      for (const [verb, ask] of refused) {
        const error = yield* Effect.flip(ask)
        assert.instanceOf(error, InvalidQuery, verb)
        assert.strictEqual(error.field, `actortype of ${verb}`)
        assert.strictEqual(error.value, "\"Bus\"")
      }
      assert.lengthOf(yield* repo.list(), 1)
      assert.lengthOf(yield* achievements.list(), 1)
      assert.deepStrictEqual(yield* sql`select id from stepped.operations`, [])
      yield* healthy
    }).pipe(Effect.provide(layer)))

  it.effect("14.1, 17.1: so are options of an enqueueing, and what events are asked for", () =>
    Effect.gen(function*() {
      const repo = yield* ActionRepo
      const cars = yield* Cars.client
      const dely = { dely: "1 day" } as object
      for (const ask of [cars(1).with(dely).honkLater(), Stepped.with(dely).enqueue(Car.ref(1), honk)]) {
        const error = yield* Effect.flip(ask)
        assert.strictEqual(
          error.message,
          "dely of honk is \"1 day\": it takes nothing, as there is no such field: there are priority, tags, at, delay, id, idempotencyKey"
        )
      }
      assert.deepStrictEqual(yield* repo.list(), [])
      const exit = yield* Effect.exit(Stream.runHead(Stepped.events({ actr: Car.ref(1) } as object)))
      const error = Exit.isFailure(exit) ? Option.getOrUndefined(Cause.findErrorOption(exit.cause)) : undefined
      assert.instanceOf(error, InvalidOption)
      assert.strictEqual(error.option, "actr of Stepped.events")
    }).pipe(Effect.provide(layer)))
})
