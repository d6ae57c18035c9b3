/** A module that a package of its own would publish: all that it exports has a type that its declarations can name. */
import { Effect, Schema } from "effect"
import { AchievementStore, ActionRepo, JobQueue, PerformanceLane, Step, Stepped } from "stepped"
import * as Embedded from "stepped/embedded"
import * as Http from "stepped/http"
import * as Testing from "stepped/testing"

export class NoParking extends Schema.TaggedError<NoParking>()("NoParking", { at: Schema.String }) {}
export class Car extends Stepped.Actor<Car>()("Car", {
  id: Schema.Int,
  load: (id) => Effect.succeed({ id, miles: 0 })
}) {}
export class Van extends Stepped.Actor<Van>()("Van", { extends: Car }) {}

export const drive = Stepped.action("drive", { arguments: [Schema.Int], success: Schema.Int, error: NoParking })
export const tow = Stepped.action("tow", { arguments: [Car.reference], job: (job) => job.succeeded() })
export const charge = Stepped.action("charge", { outbound: true }).step(() => Effect.void)
export const visit = Stepped.action("visit", { arguments: [Schema.String] })
  .before((location) => Effect.succeed({ arguments: [location.trim()] }))
  .step("trip", () => Step.do(drive, 5))
  .step("tell", (_location, { trip }) => Effect.log(trip), { transactional: true })
  .after(["failed"], (_location, { cause }) => Effect.logError(cause))

export const Cars = Stepped.actions(Car, [drive, tow, charge, visit])
export const Vans = Cars.extend(Van, [Stepped.action("load").step(() => Effect.void)])
export const CarsLive = Cars.toLayer(Effect.succeed({ drive: (miles) => Effect.succeed(miles) }))
export const audit = Stepped.after(Cars, visit, ["failed"], () => Effect.void)
export const check = Stepped.prependStep(Vans, visit, "check", () => Effect.void)

export const clients = Cars.client
export const client = Effect.map(Cars.client, (cars) => cars(1))
export const visitLater = Effect.map(client, (car) => car.visitLater)
export const fleet = Effect.flatMap(Cars.client, (cars) => cars.enqueueMany(drive, [[1, 5]]))
export const enqueued = Stepped.enqueue(Car.ref(1), visit, "London")
export const handle = Stepped.handle(Car.ref(1), visit, "id")
export const completed = Stepped.complete(Car.ref(1), charge, Stepped.Outcome.succeededVoid)
export const status = Effect.flatMap(enqueued, (handle) => handle.status)
export const row = Car.row

export const layers = [Stepped.layer, Stepped.layer(), Stepped.worker(), Embedded.layer, Testing.layer()]
export const performed = Testing.performSteppedActions()
export const doctor = Stepped.doctor
export const readers = [ActionRepo, PerformanceLane, AchievementStore, JobQueue]
export const listed = Effect.flatMap(ActionRepo, (repo) => repo.list())
export const lanes = Effect.flatMap(PerformanceLane, (lanes) => lanes.list())

export const routes = Http.layer({ endpoints: [Http.endpoints(Cars, [drive])] })
export const hook = Http.webhook("/hook", { secrets: [], body: Schema.String, to: () => Http.ignores })
