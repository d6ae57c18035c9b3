import { assert, it } from "@effect/vitest"
import { Effect, Layer, Schema } from "effect"
import { Outcome, Step, Stepped, ActionRepo } from "stepped"
import { performSteppedActions, layer, succeedOutbound, assertEnqueued } from "stepped/testing"
class Car extends Stepped.Actor<Car>()("Car", { id: Schema.Int }) {}
const honk = Stepped.action("honk")
const pay = Stepped.action("pay", { outbound: true, success: Schema.String, timeout: "1 hour" }).step(() => Effect.void)
const tour = Stepped.action("tour", { success: Schema.String })
  .step("first", () => Effect.all([Step.do(honk), Step.do(honk), Step.wait("5 seconds")]))
  .step("second", () => Effect.map(Step.do(pay), (p) => p))
const Cars = Stepped.actions(Car, [honk, pay, tour])
const Live = Cars.toLayer(Effect.succeed({ honk: () => Effect.log("beep") })).pipe(Layer.provideMerge(layer()))
it.effect("tours", () => Effect.gen(function*() {
  const car = (yield* Cars.client)(1)
  const handle = yield* car.tourLater()
  yield* performSteppedActions({ outbound: (a) => Stepped.complete(a.id, pay, Outcome.succeeded("paid")) })
  assert.strictEqual(yield* handle.await, "paid")
  yield* assertEnqueued(Car.ref(1), honk)
  const repo = yield* ActionRepo
  console.log(JSON.stringify(yield* repo.tree(handle.id), null, 1).length)
  assert.deepStrictEqual(yield* Stepped.doctor, [])
}).pipe(Effect.provide(Live)))
it.effect("fails to assert", () => Effect.gen(function*() {
  const car = (yield* Cars.client)(1)
  yield* car.honkLater()
  console.log((yield* Effect.flip(assertEnqueued(Car.ref(2), tour))).message)
  yield* car.payLater()
  console.log((yield* Effect.flip(performSteppedActions())).message)
  yield* performSteppedActions({ outbound: succeedOutbound }).pipe(Effect.flip, Effect.tap((e) => Effect.sync(() => console.log(e))))
}).pipe(Effect.provide(Live)))
