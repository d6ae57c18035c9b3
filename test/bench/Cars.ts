/** What the engine performs in the benchmarks: bodies that do nothing, each action on an actor, and so in a lane, of its own. */
import { Effect, Schema } from "effect"
import { Step, Stepped } from "stepped"

let heard = () => {}

/** Has every body that starts from now on call this. */
export const hear = (ran: () => void): void => {
  heard = ran
}

export const body = Effect.sync(() => heard())

export class Car extends Stepped.Actor<Car>()("Car", { id: Schema.Int }) {}
export const drive = Stepped.action("drive", { arguments: [Schema.Int], success: Schema.Int })
export const tour = Stepped.action("tour", { arguments: [Schema.Int] })
  .step("a", () => body)
  .step("b", () => body)
  .step("c", () => body)
  .step("d", () => body)
  .step("e", () => body)
export const convoy = Stepped.action("convoy", { arguments: [Schema.Int] })
  .step((first) =>
    Effect.andThen(body, Step.on(Array.from({ length: 50 }, (_, i) => Car.ref(first * 50 + i)), drive, first))
  )
/** One parent of as many children as it is told. */
export const fleet = Stepped.action("fleet", { arguments: [Schema.Int] })
  .step((size) => Effect.andThen(body, Step.on(Array.from({ length: size }, (_, i) => Car.ref(i)), drive, size)))
/** Each tows the next car, which tows those that are left. */
export const tow = Stepped.action("tow", { arguments: [Schema.Int, Schema.Int] })

export const Cars = Stepped.actions(Car, [drive, tour, convoy, fleet, tow])
export const layer = Cars.toLayer(Effect.succeed({
  drive: (miles) => Effect.as(body, miles),
  tow: (next, left) => Effect.andThen(body, Step.on(left > 0 ? Car.ref(next) : null, tow, next + 1, left - 1))
}))

/** Actions with a queue each, for what is about many: each definition and each queue is looked at by every claim. */
class Van extends Stepped.Actor<Van>()("Van", { id: Schema.Int }) {}
export const deliveries = Array.from(
  { length: 100 },
  (_, i) => Stepped.action(`deliver${i}`, { arguments: [Schema.Int], queue: `queue${i}` }).step(() => body)
)
export const Vans = Stepped.actions(Van, deliveries)

export const quietQueues = [deliveries[0]!.definition.queue]
