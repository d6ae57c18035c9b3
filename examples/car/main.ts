/**
 * Everything that an action can have, shown on cars: each function below is one feature.
 *
 * Run with `npm run example examples/car/main.ts`.
 */
import { Console, Effect, Layer, Logger, Option, Schedule } from "effect"
import { SqlClient } from "effect/sql"
import { Stepped } from "stepped"
import * as Embedded from "stepped/embedded"
import { Car, createTables, Taxi, User } from "./actors.ts"
import { Cars, CarsLive, paint, PumpBusy, recycle } from "./cars.ts"
import { DriveLog, HonkBeforeTow, taxiDrive, Taxis, TaxisLive } from "./taxis.ts"
import { chargeCard, Users } from "./users.ts"

// #region layers
const Main = Stepped.worker({ concurrency: 8 }).pipe(
  // what extends a definition is built before the worker begins to claim
  Layer.provide([DriveLog, HonkBeforeTow]),
  Layer.provide([CarsLive, TaxisLive, Users.layer]),
  Layer.provideMerge(Embedded.layer({
    // a busy pump is tried again; every other defect fails its step at once
    handledDefects: (defect) => !(defect instanceof PumpBusy),
    retry: Schedule.spaced("50 millis")
  })),
  Layer.provide(Logger.layer([]))
)
// #endregion

const show = (id: number, ...columns: ReadonlyArray<"location" | "mileage" | "honks">) =>
  Effect.gen(function*() {
    const sql = yield* SqlClient.SqlClient
    const [row] = yield* sql<Record<string, unknown>>`select * from cars where id = ${id}`
    return columns.map((column) => `${column} ${row?.[column]}`).join(", ")
  })

const title = (text: string) => Console.log(`\n${text}`)

/** A new car and its id. */
let made = 0
const newCar = Effect.gen(function*() {
  const sql = yield* SqlClient.SqlClient
  const id = ++made
  yield* sql`insert into cars (id) values (${id})`
  return { id, car: (yield* Cars.client)(id), taxi: (yield* Taxis.client)(id) }
})

const driving = Effect.gen(function*() {
  yield* title("an action without steps calls the method of its name")
  const { car, id } = yield* newCar
  yield* car.driveNow(5)
  const handle = yield* car.driveLater(7)
  yield* handle.await
  yield* Console.log(yield* show(id, "mileage"))
})

const visiting = Effect.gen(function*() {
  yield* title("a step enqueues further actions; a checksum that is achieved saves the work")
  const { car, id } = yield* newCar
  yield* car.visit("London")
  yield* Console.log(yield* show(id, "location"))
  yield* car.changeLocation("nowhere")
  yield* car.visit("London")
  yield* Console.log(`after an achieved visit: ${yield* show(id, "location")}`)
  yield* car.visit("Paris")
  yield* car.visit("London")
  yield* Console.log(`after another visit in between: ${yield* show(id, "location")}`)
})

const parking = Effect.gen(function*() {
  yield* title("a step waits for all that it enqueued")
  const { car, id } = yield* newCar
  yield* car.park(3)
  yield* Console.log(yield* show(id, "honks", "mileage"))
})

const stopping = Effect.gen(function*() {
  yield* title("a step waits for a time")
  const { car, id } = yield* newCar
  const handle = yield* car.stopoverNow()
  yield* Console.log(`${(yield* handle.status).status}: ${yield* show(id, "honks")}`)
  yield* handle.await
  yield* Console.log(`${(yield* handle.status).status}: ${yield* show(id, "honks")}`)
})

const multiplying = Effect.gen(function*() {
  yield* title("before replaces the arguments")
  const { car, id } = yield* newCar
  yield* car.multipliedDrive(4)
  yield* Console.log(yield* show(id, "mileage"))
})

const inspecting = Effect.gen(function*() {
  yield* title("a step can mark itself as failed; an actor without a row fails what needs it")
  const { car } = yield* newCar
  yield* car.drive(100_000)
  yield* Console.log(`mileage ${(yield* car.inspect()).mileage}`)
  yield* car.drive(1)
  yield* Console.log((yield* Effect.flip(car.inspect())).message)
  yield* Console.log((yield* Effect.flip((yield* Cars.client)(999).inspect())).message)
})

const beingDriven = Effect.gen(function*() {
  yield* title("an outbound action is completed from outside, and runs the callbacks of its status")
  const { id, taxi } = yield* newCar
  const arrived = yield* taxi.driveNow(10)
  yield* Stepped.complete(Taxi.ref(id), taxiDrive, Stepped.Outcome.succeededVoid)
  yield* arrived.await
  const broken = yield* taxi.driveNow(20)
  yield* Stepped.complete(Taxi.ref(id), taxiDrive, Stepped.Outcome.failed())
  yield* Console.log((yield* Effect.flip(broken.await)).message)
  const cancelled = yield* taxi.driveNow(30)
  yield* cancelled.cancel()
  yield* Console.log(`${(yield* Effect.flip(cancelled.await))._tag}, ${yield* show(id, "honks")}`)
})

const sharingALane = Effect.gen(function*() {
  yield* title("of the actions that wait for one lane the newest supersedes the others")
  const [first, second, third] = [yield* newCar, yield* newCar, yield* newCar]
  const recycling = yield* first.car.recycleNow()
  const painting = yield* second.car.paintNow()
  const newer = yield* third.car.paintNow()
  const statuses = Effect.map(
    Effect.all([recycling.status, painting.status, newer.status]),
    (all) => all.map((one) => one.status).join(", ")
  )
  yield* Console.log(yield* statuses)
  yield* Stepped.complete(Car.ref(first.id), recycle, Stepped.Outcome.succeededVoid)
  yield* recycling.await
  yield* Console.log(yield* statuses)
  // by its id: exactly that one
  yield* Effect.retry(
    Effect.filterOrFail(Stepped.complete(newer.id, paint, Stepped.Outcome.succeededVoid), Option.isSome),
    { schedule: Schedule.spaced("10 millis") }
  )
  yield* painting.await
  yield* Console.log(yield* statuses)
  yield* Console.log((yield* Effect.flip(first.car.restore())).message)
})

const sharingResults = Effect.gen(function*() {
  yield* title("a checksum key shares an achievement")
  const [first, second] = [yield* newCar, yield* newCar]
  yield* Console.log(yield* first.car.downloadMap("Rome"))
  const handle = yield* second.car.downloadMapNow("Rome")
  yield* Console.log(`${(yield* handle.status).status} at once: ${yield* handle.await}`)
})

const charging = Effect.gen(function*() {
  yield* title("an actor and a name say which outbound action is meant")
  const user = (yield* Users.client)(1)
  const handle = yield* user.chargeCardNow(1500)
  const completed = yield* Stepped.complete(User.ref(1), chargeCard, Stepped.Outcome.succeededVoid)
  yield* Console.log(`completed: ${Option.contains(completed, handle.id)}`)
  const none = yield* Stepped.complete(User.ref(1), chargeCard, Stepped.Outcome.succeededVoid)
  yield* Console.log(`again: ${Option.isSome(none)}`)
})

const towing = Effect.gen(function*() {
  yield* title("a job performs an action and completes it, after the steps that others have prepended")
  const { car, id } = yield* newCar
  yield* car.tow("the workshop")
  yield* Console.log(yield* show(id, "location", "honks"))
})

const timingOut = Effect.gen(function*() {
  yield* title("a timeout of a child fails its parent")
  const { taxi } = yield* newCar
  yield* Console.log((yield* Effect.flip(taxi.visit("London"))).message)
})

const failing = Effect.gen(function*() {
  yield* title("typed errors come back typed, handled defects fail, others are tried again")
  const { car } = yield* newCar
  const noFuel = yield* Effect.flip(car.refuel("closed"))
  yield* Console.log(noFuel._tag === "NoFuel" ? `NoFuel at ${noFuel.station}` : noFuel.message)
  yield* Console.log((yield* Effect.flip(car.refuel("broken"))).message)
  yield* car.refuel("busy")
  yield* Console.log("refuelled in the second attempt")
})

const program = Effect.all([
  createTables,
  driving,
  visiting,
  parking,
  stopping,
  multiplying,
  inspecting,
  beingDriven,
  sharingALane,
  sharingResults,
  charging,
  towing,
  timingOut,
  failing
])

await Effect.runPromise(Effect.provide(program, Main))
