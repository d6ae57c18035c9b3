/** A program on a server, of which the test makes one file, in a project that has no embedded database. */
import { PgClient } from "@effect/sql-pg"
import { Config, Effect, Layer, Schema } from "effect"
import { Step, Stepped } from "stepped"

class Car extends Stepped.Actor<Car>()("Car", { id: Schema.Int }) {}

const move = Stepped.action("move", { arguments: [Schema.String], success: Schema.String })
const visit = Stepped.action("visit", { arguments: [Schema.String], success: Schema.String })
  .step("move", (location) => Step.do(move, location))
  .step((_, { move }) => Effect.succeed(`moved to ${move}`))

const Cars = Stepped.actions(Car, [move, visit])

const Main = Stepped.worker().pipe(
  Layer.provide(Cars.toLayer(Effect.succeed({ move: (location) => Effect.succeed(location) }))),
  Layer.provideMerge(Stepped.layer({ migrate: true })),
  Layer.provide(PgClient.layerConfig({ url: Config.Redacted("DATABASE_URL") }))
)

const program = Effect.gen(function*() {
  console.log(yield* (yield* Cars.client)(1).visit("London"))
})

await Effect.runPromise(Effect.provide(program, Main))
