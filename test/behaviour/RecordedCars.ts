/** Cars and trucks whose actions come through all that a record shows. */
import { assert } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { Step, Stepped } from "stepped"
import { recordOf } from "../harness/observing.ts"

/** How often what is unsteady is still to fail; it is tried again. */
export const shaky = { failing: 0 }

const unsteady = <A>(value: A) =>
  Effect.suspend(() => shaky.failing-- > 0 ? Effect.die(new Error("boom")) : Effect.succeed(value))

export class Car extends Stepped.Actor<Car>()("Car", { id: Schema.Int }) {}
export class Truck extends Stepped.Actor<Truck>()("Truck", { id: Schema.Int }) {}

// of a worker that is not here: what is asked of it stays queued
const load = Stepped.action("load", { arguments: [Schema.String], timeout: "1 hour" })
const weigh = Stepped.action("weigh", { arguments: [Schema.Int], concurrencyKey: () => Effect.succeed("scales") })
const drive = Stepped.action("drive", { arguments: [Schema.Int], success: Schema.Int, timeout: "2 minutes" })
  .step("go", (miles) => unsteady(miles))
const wash = Stepped.action("wash", {
  arguments: [Schema.Int],
  success: Schema.Int,
  concurrencyKey: () => "washing",
  checksum: (n) => n
}).step("soap", (n) => Effect.succeed(n))
const measure = Stepped.action("measure", { concurrencyKey: () => unsteady("gauge"), success: Schema.Int })
  .step(() => Effect.succeed(1))
const park = Stepped.action("park").step("there", () => Effect.void).succeeded(() => unsteady(undefined))
const deliver = Stepped.action("deliver").step("load", () => Step.on(Truck.ref(1), load, "sand"))
const rest = Stepped.action("rest").step("sleep", () => Effect.andThen(Step.wait("1 minute"), Step.wait("1 hour")))
const retries = Stepped.action("retries").step("once", () => Effect.andThen(Step.do(drive, 1), unsteady(undefined)))
const pass = Stepped.action("pass", { success: Schema.Int })
  .step("shaky", () => unsteady(undefined))
  .step("firm", () =>
    Effect.gen(function*() {
      const { attempts, lastFailure } = yield* recordOf((yield* Step).actionId)
      assert.isUndefined(lastFailure)
      return attempts
    }))
const two = Stepped.action("two")
  .step("both", () => Effect.all([Step.do(wash, 3), Step.do(wash, 3)]))
const three = Stepped.action("three").step("washed", () => Effect.all([Step.do(two), Step.on(Car.ref(2), two)]))
const results = Stepped.action("results")
  .step("nested", () =>
    Effect.gen(function*() {
      const first = yield* Step.do(drive, 7)
      const second = yield* Step.do(wash, 8)
      return {
        list: [second, null, first],
        $slot: 0,
        $$deep: { "a\"$$b": "\"$$c\": {\"$slot\": 0}", "$": "$x" },
        text: "{\"$undefined\": true} \\",
        first
      }
    }))
  .step("nothing", () => Effect.undefined)
  .step("null", () => Effect.succeed(null))
  .step("plain", () => Effect.succeed({ price: "5 $" }))
  .step(() => Effect.void)
export const Cars = Stepped.actions(Car, [
  drive,
  wash,
  measure,
  park,
  deliver,
  rest,
  retries,
  pass,
  two,
  three,
  results
])
export const Trucks = Stepped.actions(Truck, [load, weigh])
