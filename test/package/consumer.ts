/** What someone writes who has just installed the package. The test runs it in a project that has the tarball. */
import { Effect, Layer, Schema } from "effect"
import { Step, Stepped } from "stepped"
import * as Embedded from "stepped/embedded"

class Car extends Stepped.Actor<Car>()("Car", { id: Schema.Int }) {}

const move = Stepped.action("move", { arguments: [Schema.String], success: Schema.String })
const visit = Stepped.action("visit", { arguments: [Schema.String], success: Schema.String })
  .step("move", (location) => Step.do(move, location))
  .step((_, { move }) => Effect.succeed(`moved to ${move}`))

const Cars = Stepped.actions(Car, [move, visit])

const CarsLive = Cars.toLayer(Effect.succeed({ move: (location: string) => Effect.succeed(location) }))

const Main = Stepped.worker().pipe(Layer.provide(CarsLive), Layer.provideMerge(Embedded.layer))

const program = Effect.gen(function*() {
  const car = (yield* Cars.client)(1)
  console.log(yield* car.visit("London"))
  console.log(`${(yield* Stepped.doctor).length} findings`)
})

await Effect.runPromise(Effect.provide(program, Main))
