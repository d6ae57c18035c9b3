/** How a program's own actions are tested: the actions of `examples/car`, performed step by step on the test's clock. */
import { assert, it } from "@effect/vitest"
import { Clock, Effect, Layer, Option } from "effect"
import { SqlClient } from "effect/sql"
import { ActionRepo, Stepped } from "stepped"
import {
  assertEnqueued,
  assertNotEnqueued,
  layer,
  performSteppedActions,
  succeedOutbound,
  withHandledDefects
} from "stepped/testing"
import { Car, createTables, Taxi, User } from "../../examples/car/actors.ts"
import { Cars, CarsLive, changeLocation, drive, visit } from "../../examples/car/cars.ts"
import { taxiDrive, Taxis, TaxisLive } from "../../examples/car/taxis.ts"
import { chargeCard, Users } from "../../examples/car/users.ts"

const Main = Layer.mergeAll(CarsLive, TaxisLive, Users.layer).pipe(Layer.provideMerge(layer({ attempts: 2 })))

const carOf = Effect.fnUntraced(function*(id: number) {
  const sql = yield* SqlClient.SqlClient
  const [car] = yield* sql<{ location: string; mileage: number; honks: number }>`select * from cars where id = ${id}`
  return car!
})

const newCars = Effect.fnUntraced(function*(count: number) {
  const sql = yield* SqlClient.SqlClient
  yield* createTables
  yield* sql`insert into cars (id) select generate_series(1, ${count}::int)`
})

// what a test of this file means by a healthy end
const healthy = Effect.map(Stepped.doctor, (findings) => assert.deepStrictEqual(findings, []))

it.effect("a visit moves the car", () =>
  Effect.gen(function*() {
    yield* newCars(1)
    const car = (yield* Cars.client)(1)
    const handle = yield* car.visitLater("London")
    yield* assertEnqueued(Car.ref(1), visit, "London")
    yield* assertNotEnqueued(Car.ref(1), changeLocation)

    yield* performSteppedActions()
    yield* assertEnqueued(Car.ref(1), changeLocation, "London")
    yield* handle.await
    assert.strictEqual((yield* carOf(1)).location, "London")
    yield* healthy
  }).pipe(Effect.provide(Main)))

it.effect("the tree of a parked car says what happened", () =>
  Effect.gen(function*() {
    yield* newCars(1)
    const handle = yield* (yield* Cars.client)(1).parkNow(3)
    yield* performSteppedActions()
    const tree = Option.getOrThrow(yield* Effect.flatMap(ActionRepo, (repo) => repo.tree(handle.id)))
    assert.strictEqual(tree.action.status, "succeeded")
    assert.deepStrictEqual(tree.steps.map((step) => step.slots.map((slot) => slot.tree?.action.name)), [
      [],
      ["honk", "drive"]
    ])
    const { honks, mileage } = yield* carOf(1)
    assert.deepStrictEqual({ honks, mileage }, { honks: 2, mileage: 3 })
    yield* healthy
  }).pipe(Effect.provide(Main)))

it.effect("a stopover takes no time in a test", () =>
  Effect.gen(function*() {
    yield* newCars(1)
    const started = yield* Clock.currentTimeMillis
    yield* (yield* Cars.client)(1).stopoverLater()
    yield* performSteppedActions()
    assert.strictEqual((yield* Clock.currentTimeMillis) - started, 2000)
    assert.strictEqual((yield* carOf(1)).honks, 1)
    yield* healthy
  }).pipe(Effect.provide(Main)))

it.effect("outbound actions are completed when everything else is idle", () =>
  Effect.gen(function*() {
    const handle = yield* (yield* Users.client)(1).chargeCardLater(1500)

    // nobody answers: the error names what is left
    const left = yield* Effect.flip(performSteppedActions())
    assert.match(left.message, /chargeCard User\/1\(1500\) is performing, outbound/)

    yield* performSteppedActions({ outbound: succeedOutbound })
    yield* handle.await
    yield* healthy
  }).pipe(Effect.provide(Main)))

it.effect("a hook completes as the test wants", () =>
  Effect.gen(function*() {
    yield* newCars(1)
    const handle = yield* (yield* Taxis.client)(1).driveLater(5)
    yield* performSteppedActions({
      outbound: (action) => Stepped.complete(action.id, taxiDrive, Stepped.Outcome.failed())
    })
    assert.strictEqual((yield* Effect.flip(handle.await))._tag, "ActionFailed")
    assert.strictEqual((yield* carOf(1)).honks, 1)
    yield* healthy
  }).pipe(Effect.provide(Main)))

it.effect("6.2, 7.4: a taxi's own timeout counts where an inherited step enqueues it, and fires on the way to the next wait", () =>
  Effect.gen(function*() {
    yield* newCars(2)
    const taxi = yield* (yield* Taxis.client)(1).visitLater("London")
    yield* (yield* Cars.client)(2).stopoverLater()
    yield* performSteppedActions()
    const error = yield* Effect.flip(taxi.await)
    assert.strictEqual(error.message, "visit Taxi/1 › 1 › changeLocation Taxi/1: timed out")
    yield* healthy
  }).pipe(Effect.provide(Main)))

it.effect("a defect that is not handled is tried again", () =>
  Effect.gen(function*() {
    yield* newCars(1)
    const car = (yield* Cars.client)(1)
    const handled = yield* car.refuelLater("broken")
    yield* performSteppedActions()
    assert.match((yield* Effect.flip(handled.await)).message, /the pump is broken/)

    const retried = yield* car.refuelLater("busy")
    yield* performSteppedActions().pipe(withHandledDefects(() => false))
    yield* retried.await
    yield* healthy
  }).pipe(Effect.provide(Main)))

it.effect("two actors that complete by name do not meet", () =>
  Effect.gen(function*() {
    const [first, second] = [
      yield* (yield* Users.client)(1).chargeCardNow(1),
      yield* (yield* Users.client)(2).chargeCardNow(2)
    ]
    const completed = yield* Stepped.complete(User.ref(2), chargeCard, Stepped.Outcome.succeededVoid)
    assert.deepStrictEqual(completed, Option.some(second.id))
    assert.strictEqual((yield* first.status).status, "performing")
    assert.deepStrictEqual(
      yield* Stepped.complete(Taxi.ref(2), taxiDrive, Stepped.Outcome.succeededVoid),
      Option.none()
    )
    yield* assertNotEnqueued(Car.ref(2), drive)
    yield* healthy
  }).pipe(Effect.provide(Main)))
