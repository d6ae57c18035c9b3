/** What is watched: visits, of which some fail, and are tried again, and leave something that is not undone. */
import { Effect, Schedule, Schema } from "effect"
import { Step, Stepped } from "stepped"

export class Car extends Stepped.Actor<Car>()("Car", { id: Schema.Int }) {}
export class Flat extends Schema.TaggedError<Flat>()("Flat", { tyre: Schema.String }) {}

export const refuel = Stepped.action("refuel", { arguments: [Schema.Int], success: Schema.Int, queue: "pumps" })
  .step("pump", (litres) => Effect.succeed(litres))
const opened = Stepped.signal("opened")
export const visit = Stepped.action("visit", { arguments: [Schema.Int], error: Flat, signals: [opened] })
  .step("refuel", (litres) => Step.do(refuel, litres))
  .step(
    "drive",
    Effect.fn(function*(litres) {
      const { attemptNumber } = yield* Step
      if (litres === 7) return yield* new Flat({ tyre: "left" })
      if (litres === 8 && attemptNumber === 1) return yield* new Flat({ tyre: "right" })
    }),
    { retry: Schedule.recurs(1), compensate: () => Effect.void }
  )
  .step("park", (litres) => litres === 9 ? Effect.fail(new Flat({ tyre: "spare" })) : Effect.void)

export const Cars = Stepped.actions(Car, [visit, refuel])
export const GarageLive = Cars.layer

/** Ten cars come by, each with its litres. */
export const garage = Effect.gen(function*() {
  const cars = yield* Cars.client
  return yield* Effect.forEach(Array.from({ length: 10 }, (_, n) => n), (n) => cars(n).visitLater(n))
})
