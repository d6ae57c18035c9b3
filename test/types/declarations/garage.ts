/** A module as a package would export it; the test looks at what its declaration file says. */
import { Context, Effect, Schema } from "effect"
import * as Stepped from "../surface.ts"
import { Step } from "../surface.ts"

export class Garage
  extends Context.Service<Garage, { readonly move: (car: number, to: string) => Effect.Effect<void> }>()(
    "Garage"
  )
{}
export class NoParking extends Schema.TaggedError<NoParking>()("NoParking", { at: Schema.String }) {}
export class Car extends Stepped.Actor<Car>()("Car", {
  id: Schema.Int,
  load: (id) => Effect.succeed({ id, miles: 0 })
}) {}
export class Van extends Stepped.Actor<Van>()("Van", { extends: Car }) {}

export const drive = Stepped.action("drive", { arguments: [Schema.Int], success: Schema.Int })
export const changeLocation = Stepped.action("changeLocation", {
  arguments: [Schema.String],
  success: Schema.String,
  error: NoParking
})
export const visit = Stepped.action("visit", {
  arguments: [Schema.String],
  success: Schema.String,
  checksum: (at) => at
})
  .before((location) => Effect.succeed({ arguments: [location.trim()] }))
  .step("move", (location) => Step.do(changeLocation, location))
  .step("trip", (location) =>
    Effect.gen(function*() {
      const others = yield* Step.on([Car.ref(2)], drive, 3)
      return { from: location, miles: yield* Step.do(drive, 5), others }
    }))
  .step((_location, { move }) => Effect.succeed(move))
  .succeeded(() => Effect.flatMap(Garage, (garage) => garage.move(1, "home")))
export const charge = Stepped.action("charge", { outbound: true }).step(() => Effect.void)
export const tow = Stepped.action("tow", { arguments: [Car.reference], job: (job) => job.succeeded() })

export const Cars = Stepped.actions(Car, [drive, changeLocation, visit, charge, tow])
export const CarsLive = Cars.toLayer(Effect.succeed({
  drive: (miles) => Effect.succeed(miles),
  changeLocation: (location) => Effect.succeed(location)
}))
export const Vans = Cars.extend(Van, [Stepped.action("load").step(() => Step.do(drive, 1))])
export const client = Effect.map(Cars.client, (cars) => cars(1))
export const start = (location: string) => Effect.flatMap(client, (car) => car.visitLater(location))
export const audit = Stepped.after(Cars, visit, ["failed"], (_location, { cause }) => Effect.logError(cause))
