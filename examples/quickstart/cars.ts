/** The definitions of the quick start: a car, what it can do, and the garage that does it. */
// #region definitions
import { Console, Context, Effect, Layer, Schema } from "effect"
import { Step, Stepped } from "stepped"

export class NoParking extends Schema.TaggedError<NoParking>()("NoParking", { at: Schema.String }) {}

export class Garage extends Context.Service<Garage, {
  readonly drive: (car: number, miles: number) => Effect.Effect<void>
  readonly move: (car: number, to: string) => Effect.Effect<string, NoParking>
}>()("Garage") {
  static readonly layer = Layer.succeed(Garage, {
    drive: (car, miles) => Console.log(`car ${car} drives ${miles} miles`),
    move: (car, to) =>
      to === "Venice"
        ? Effect.fail(new NoParking({ at: to }))
        : Effect.as(Console.log(`car ${car} moves to ${to}`), `a place in ${to}`)
  })
}

// who acts: `yield* Car` inside a step is the current one
export class Car extends Stepped.Actor<Car>()("Car", { id: Schema.Int }) {}

// no steps: the actor's method of that name performs the action
const drive = Stepped.action("drive", { arguments: [Schema.Int] })
const changeLocation = Stepped.action("changeLocation", {
  arguments: [Schema.String],
  success: Schema.String,
  error: NoParking
})

export const visit = Stepped.action("visit", {
  arguments: [Schema.String],
  success: Schema.String,
  checksum: (location) => location
})
  .step("move", (location) => Step.do(changeLocation, location))
  .step(() => Step.wait("1 second"))
  // what the child returned is what later steps receive; the last step's value is the action's success
  .step((location, { move }) => Effect.as(Console.log(`asked for ${location}, got ${move}`), move))
  .succeeded(() => Effect.flatMap(Car, (car) => Console.log(`car ${car.id} has arrived`)))

export const Cars = Stepped.actions(Car, [drive, changeLocation, visit])

// exactly the methods of the actions without steps: the compiler checks
export const CarsLive = Cars.toLayer(Effect.gen(function*() {
  const garage = yield* Garage
  return {
    drive: (miles) => Effect.flatMap(Car, (car) => garage.drive(car.id, miles)),
    changeLocation: (location) => Effect.flatMap(Car, (car) => garage.move(car.id, location))
  }
}))
// #endregion
