/** When a worker looks for what time has brought: at each due time that it knows of, however rarely it polls. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Layer, Schema } from "effect"
import { Step, Stepped } from "stepped"
import { embedded, healthy } from "../harness/databases.ts"

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
      const ended: Array<number> = []
      const waits = yield* Effect.forEach([400, 40, 130, 300], (millis, i) =>
        Effect.forkChild(Effect.andThen(client(i).rest(millis), Effect.sync(() => ended.push(millis)))))
      yield* Effect.forEach(waits, Fiber.join)
      assert.deepStrictEqual(ended, [40, 130, 300, 400])
      yield* healthy
    }).pipe(Effect.provide(Engine)), 10_000)
})
