/** What a car can do: one action for each thing that an action can have. */
import { Effect, Schema } from "effect"
import { SqlClient } from "effect/sql"
import { Step, Stepped } from "stepped"
import { Car } from "./actors.ts"

/** Sounds the current car's horn: plain code, which any body may run. */
export const soundHorn = Effect.gen(function*() {
  const sql = yield* SqlClient.SqlClient
  const car = yield* Car
  yield* sql`update cars set honks = honks + 1 where id = ${car.id}`
})

const moveTo = Effect.fnUntraced(function*(location: string) {
  const sql = yield* SqlClient.SqlClient
  const car = yield* Car
  yield* sql`update cars set location = ${location} where id = ${car.id}`
})

// #region methods
// actions without steps: the methods below perform them
export const honk = Stepped.action("honk")
export const drive = Stepped.action("drive", { arguments: [Schema.Int] })
export const changeLocation = Stepped.action("changeLocation", { arguments: [Schema.String] })
// #endregion

// #region visit
export const visit = Stepped.action("visit", {
  arguments: [Schema.String],
  checksum: (location) => location
})
  .step((location) => Step.do(changeLocation, location))
  .succeeded(Effect.fn(function*() {
    const sql = yield* SqlClient.SqlClient
    const car = yield* Car
    yield* sql`update cars set last_visited_at = now() where id = ${car.id}`
  }))
// #endregion

// #region park
export const park = Stepped.action("park", { arguments: [Schema.Int] })
  .step(() => soundHorn)
  .step(Effect.fn(function*(miles) {
    const car = yield* Car
    yield* Step.do(honk)
    yield* Step.on([car, null], drive, miles)
  }))
// #endregion

// #region stopover
export const stopover = Stepped.action("stopover")
  .step(() => Step.wait("2 seconds"))
  .step(() => soundHorn)
// #endregion

// #region before
export const multipliedDrive = Stepped.action("multipliedDrive", { arguments: [Schema.Int] })
  .before((distance) => Effect.succeed({ arguments: [distance * 2] }))
  .step((distance) => Step.do(drive, distance))
// #endregion

// #region inspect
export const inspect = Stepped.action("inspect", { success: Schema.Struct({ mileage: Schema.Int }) })
  .step(
    "read",
    Effect.fn(function*() {
      const { mileage } = yield* Car.row
      if (mileage > 100_000) yield* Step.markFailed
      return mileage
    })
  )
  .step(({ read }) => Effect.succeed({ mileage: read }))
// #endregion

// #region lane
const inTheWorkshop = { outbound: true, concurrencyKey: () => "Car/maintenance" } as const

export const recycle = Stepped.action("recycle", inTheWorkshop).step(() => Effect.log("waits for the workshop to call"))
export const paint = Stepped.action("paint", inTheWorkshop).step(() => Effect.log("waits for the paint to dry"))
// #endregion

// #region deadlock
// its child would wait for the lane that it holds itself
export const restore = Stepped.action("restore", { concurrencyKey: () => "Car/maintenance" })
  .step(() => Step.do(paint))
// #endregion

// #region checksumKey
export const downloadMap = Stepped.action("downloadMap", {
  arguments: [Schema.String],
  success: Schema.String,
  checksum: (city) => city,
  checksumKey: (city) => ["map", city], // achieved by one car for all
  concurrencyKey: (city) => ["map", city] // and shared while it performs
})
// #endregion

// #region job
export const tow = Stepped.action("tow", {
  arguments: [Schema.String],
  job: (job, location) => Effect.andThen(moveTo(location), job.succeeded())
})
// #endregion

// #region defects
export class PumpBusy {
  readonly _tag = "PumpBusy"
}
export class NoFuel extends Schema.TaggedError<NoFuel>()("NoFuel", { station: Schema.String }) {}

export const refuel = Stepped.action("refuel", { arguments: [Schema.String], error: NoFuel })
// #endregion

// #region layer
export const Cars = Stepped.actions(Car, [
  honk,
  drive,
  changeLocation,
  visit,
  park,
  stopover,
  multipliedDrive,
  inspect,
  recycle,
  paint,
  restore,
  downloadMap,
  tow,
  refuel
])

export const CarsLive = Cars.toLayer(Effect.gen(function*() {
  const sql = yield* SqlClient.SqlClient
  let pumpIsBusy = true
  return {
    honk: () => soundHorn,
    drive: Effect.fn(function*(miles) {
      const car = yield* Car
      yield* sql`update cars set mileage = mileage + ${miles} where id = ${car.id}`
    }),
    changeLocation: moveTo,
    downloadMap: (city) => Effect.as(Effect.log(`downloads the map of ${city}`), `the map of ${city}`),
    refuel: (station) =>
      Effect.suspend(() => {
        if (station === "closed") return Effect.fail(new NoFuel({ station }))
        if (station === "broken") return Effect.die(new Error("the pump is broken"))
        if (!pumpIsBusy) return Effect.void
        pumpIsBusy = false
        return Effect.die(new PumpBusy())
      })
  }
}))
// #endregion
