/** Rule 10.2 of an action's last step: what undoes it is given what its body has given, whatever the action's success is. */
import { assert, it } from "@effect/vitest"
import { Effect, Layer, Schema } from "effect"
import { Step, Stepped } from "stepped"
import { performSteppedActions } from "stepped/testing"
import { healthy, suite } from "../harness/databases.ts"
import { note, seen } from "../harness/notes.ts"

class Car extends Stepped.Actor<Car>()("Car", { id: Schema.Int }) {}
const honk = Stepped.action("honk", { success: Schema.String }).step(() => Effect.succeed("honked"))
const own = Stepped.action("own").step("hold", () => Effect.succeed(new Date(7)), {
  result: Schema.Date,
  compensate: (at) => note(`own ${at.getTime()}`)
})
const untold = Stepped.action("untold").step("hold", () => Effect.succeed("a hold"), {
  compensate: (hold) => note(`untold ${hold}`)
})
const other = Stepped.action("other", { success: Schema.String }).step("hold", () => Effect.succeed("7"), {
  result: Schema.Trim,
  compensate: (hold) => note(`other ${hold}`)
})
const waits = Stepped.action("waits").step("hold", () => Effect.andThen(Step.do(honk), Effect.succeed("waited")), {
  result: Schema.String,
  compensate: (hold) => note(`waits ${hold}`)
})
const told = Stepped.action("told", { success: Schema.String }).step("hold", () => Effect.succeed("told"), {
  compensate: (hold) => note(`told ${hold}`)
})
const trip = Stepped.action("trip")
  .step("a", () => Effect.asVoid(Step.do(own)), { unwind: true })
  .step("b", () => Effect.asVoid(Step.do(untold)), { unwind: true })
  .step("c", () => Effect.asVoid(Step.do(other)), { unwind: true })
  .step("d", () => Effect.asVoid(Step.do(waits)), { unwind: true })
  .step("e", () => Effect.asVoid(Step.do(told)), { unwind: true })
  .step(() => Effect.die("no"))
const Cars = Stepped.actions(Car, [honk, own, untold, other, waits, told, trip])

suite("the last step", (engine) => {
  it.effect("10.2: what undoes it is given what its body has given, whatever the action's success is", () =>
    Effect.gen(function*() {
      const handle = yield* (yield* Cars.client)(1).tripLater()
      yield* performSteppedActions()
      yield* Effect.exit(handle.await)
      assert.deepStrictEqual(seen, ["told told", "waits waited", "other 7", "untold a hold", "own 7"])
      yield* healthy
    }).pipe(Effect.provide(Layer.provideMerge(Cars.layer, engine.layer({ handledDefects: () => true })))))
})
