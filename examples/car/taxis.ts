/** A taxi inherits what a car can do, and does some of it differently. */
import { Console, Effect, Schema } from "effect"
import { Stepped } from "stepped"
import { Taxi } from "./actors.ts"
import { Cars, soundHorn, tow } from "./cars.ts"

// #region outbound
// the passenger says when the drive is over
export const taxiDrive = Stepped.action("drive", { arguments: [Schema.Int], outbound: true })
  .after(["cancelled", "failed", "timed_out"], () => soundHorn)
// #endregion

// #region timeout
export const changeLocation = Stepped.action("changeLocation", {
  arguments: [Schema.String],
  outbound: true,
  timeout: "1 second"
})
// #endregion

// #region extend
export const Taxis = Cars.extend(Taxi, [taxiDrive, changeLocation])

export const TaxisLive = Taxis.toLayer(Effect.succeed({
  drive: (miles) => Effect.log(`takes a passenger for ${miles} miles`),
  changeLocation: (location) => Effect.log(`asks the way to ${location}`)
}))
// #endregion

// #region after
// from another module: a callback of a taxi's drive, and a step before the towing of any car
export const DriveLog = Stepped.after(Taxis, taxiDrive, ["succeeded"], (miles) => Console.log(`Drove ${miles} miles`))
export const HonkBeforeTow = Stepped.prependStep(Cars, tow, "honk", () => soundHorn)
// #endregion
