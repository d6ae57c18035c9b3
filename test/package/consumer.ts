/** What someone writes who has just installed the package. The test runs it in a project that has the tarball. */
import { Effect, Schema } from "effect"
import { Step, Stepped } from "stepped"

class Car extends Stepped.Actor<Car>()("Car", { id: Schema.Int }) {}

const move = Stepped.action("move", { arguments: [Schema.String], success: Schema.String })
const visit = Stepped.action("visit", { arguments: [Schema.String], success: Schema.String })
  .step("move", (location) => Step.do(move, location))
  .step((_, { move }) => Effect.succeed(`moved to ${move}`))

const Cars = Stepped.actions(Car, [move, visit])

export const CarsLive = Cars.toLayer(Effect.succeed({ move: (location: string) => Effect.succeed(location) }))

console.log("defined")
