/** When a worker looks for what time has brought: at each due time that it knows of, however rarely it polls. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Schema } from "effect"
import { Step, Stepped } from "stepped"
import { embedded, healthy } from "../harness/databases.ts"
import { statusesOf } from "../harness/observing.ts"

class Car extends Stepped.Actor<Car>()("Car", { id: Schema.Int }) {}
const rest = Stepped.action("rest", { arguments: [Schema.Int] }).step((millis) => Step.wait(millis))
const Cars = Stepped.actions(Car, [rest])

// polling never comes to the rescue here
const Engine = Stepped.worker().pipe(
  Layer.provide(Cars.layer),
  Layer.provideMerge(embedded.layer({ pollInterval: "1 hour" }))
)

describe("a worker's timers", () => {
  it.live("end each wait when it is due, also those that become due one after another", () =>
    Effect.gen(function*() {
      const client = yield* Cars.client
      // of each two, the second becomes due after the first has been seen to
      yield* Effect.forEach([400, 40, 130, 300], (millis, i) => client(i).rest(millis), { concurrency: "unbounded" })
      assert.deepStrictEqual(yield* statusesOf("rest"), ["succeeded", "succeeded", "succeeded", "succeeded"])
      yield* healthy
    }).pipe(Effect.provide(Engine)), 60_000)
})
