import { assert, it } from "@effect/vitest"
import { Effect, Layer, Schema } from "effect"
import { ActionRepo, Step, Stepped } from "stepped"
import { performSteppedActions } from "stepped/testing"
import { healthy, suite } from "../harness/databases.ts"

class Car extends Stepped.Actor<Car>()("Car", { id: Schema.Int }) {}
const drive = Stepped.action("drive", { arguments: [Schema.Int], success: Schema.Int })
const tour = Stepped.action("tour", { success: Schema.Array(Schema.Int) })
  .step(() => Effect.all([Step.do(drive, 1), Step.do(drive, 2), Step.do(drive, 3)]))
const Cars = Stepped.actions(Car, [drive, tour])

suite("superseding", (engine) => {
  const driven: Array<number> = []
  const layer = Cars.toLayer(Effect.succeed({
    drive: (miles) => Effect.sync(() => {
      driven.push(miles)
      return miles
    })
  })).pipe(Layer.provideMerge(engine.layer()))

  it.effect("2.9: of three children in one lane the first performs, and the third supersedes the second", () =>
    Effect.gen(function*() {
      driven.length = 0
      const car = (yield* Cars.client)(1)
      const handle = yield* car.tourLater()
      yield* performSteppedActions()
      assert.deepStrictEqual(driven, [1, 3])
      assert.deepStrictEqual(yield* handle.await, [1, 3, 3])
      const repo = yield* ActionRepo
      const actions = yield* repo.list({ name: "drive" })
      assert.deepStrictEqual(actions.map((action) => action.status).sort(), ["succeeded", "succeeded", "superseded"])
      yield* healthy
    }).pipe(Effect.provide(layer)))
})
