/** Arguments, results and errors are of their types wherever they arrive: in bodies, hooks, later steps, parents and callers. */
import { assert, beforeEach, it } from "@effect/vitest"
import { Effect, Equal, Layer, Option, Schema } from "effect"
import { ActionRepo, Step, Stepped } from "stepped"
import type { ActorRef } from "stepped"
import { performSteppedActions } from "stepped/testing"
import { healthy, suite } from "../harness/databases.ts"
import { recordOf, recordsOf } from "../harness/observing.ts"

const seen: Array<unknown> = []
const see = (value: unknown) => Effect.sync(() => void seen.push(value))
beforeEach(() => {
  seen.length = 0
})

const Miles = Schema.Int.pipe(Schema.brand("Miles"))
class Trip extends Schema.Class<Trip>("Trip")({
  to: Schema.String,
  on: Schema.Date,
  miles: Miles,
  weight: Schema.BigInt,
  guest: Schema.Option(Schema.String)
}) {
  get label(): string {
    return `${this.to} ${this.miles}`
  }
}
class NoRoad extends Schema.TaggedError<NoRoad>()("NoRoad", { trip: Trip }) {}

class Car extends Stepped.Actor<Car>()("Car", { id: Schema.Int }) {}
class Van extends Stepped.Actor<Van>()("Van", { extends: Car }) {}
class Garage
  extends Stepped.Actor<Garage>()("Garage", { id: Schema.Struct({ city: Schema.String, row: Schema.Int }) })
{}
class Clockwork extends Stepped.Actor<Clockwork>()("Clockwork", { id: Schema.Date }) {}

const london = new Trip({
  to: "London",
  on: new Date(86_400_000),
  miles: Miles.make(120),
  weight: 2n ** 80n,
  guest: Option.some("Ada")
})

const travel = Stepped.action("travel", {
  arguments: [Trip, Schema.ReadonlyMap(Schema.String, Schema.Date)],
  success: Schema.Tuple([Trip, Schema.BigInt]),
  error: NoRoad
})
  .before((trip, stops) =>
    Effect.as(see(["before", trip, stops]), { arguments: [trip, stops] as [Trip, typeof stops] })
  )
  .step("go", (trip, stops) =>
    Effect.gen(function*() {
      yield* see(["step", trip, stops])
      if (trip.to === "nowhere") return yield* new NoRoad({ trip })
      return [trip, trip.weight * 2n] as const
    }))
  .succeeded((trip, _stops, outcome) => see(["callback", trip, outcome.result]))
  .failed((_trip, _stops, outcome) => see(["callback", outcome.cause]))

const journey = Stepped.action("journey", {
  arguments: [Trip],
  success: Schema.Struct({ last: Trip, total: Schema.BigInt })
})
  .step("there", (trip) => Step.do(travel, trip, new Map([["a", trip.on]])))
  .step("pause", (trip) => Effect.as(Step.wait("1 minute"), trip), { result: Trip })
  .step("memory", (trip) => Effect.succeed(new Map([["on", trip.on]])), {
    result: Schema.ReadonlyMap(Schema.String, Schema.Date)
  })
  .step("look", (_trip, { memory, pause, there }) => see([there[0].label, there[1], pause.label, memory.get("on")]))
  .step("back", (trip) => Effect.map(Step.do(travel, trip, new Map()), (child) => ({ child, list: [child] })))
  .step("end", (_trip, results) => {
    const [last, weight] = results.back.child
    assert.instanceOf(results.back.list[0]![0], Trip)
    return Effect.succeed({ last, total: weight + results.there[1] })
  })

const greet = Stepped.action("greet", { arguments: [Schema.String], success: Schema.String })
  .step((from) => Effect.map(Car, (car) => `${from} meets ${car}`))
const meet = Stepped.action("meet", {
  arguments: [Car.reference, Schema.Array(Schema.NullOr(Car.reference)), Garage.reference],
  success: Schema.Struct({ all: Schema.Array(Schema.String), at: Garage.reference, by: Car.reference })
})
  .step("greet", (other, others, garage) =>
    Effect.gen(function*() {
      const self = yield* Car
      yield* see(["refs", Equal.equals(other, Car.ref(other.id)), garage.id])
      return [...yield* Step.on(other, greet, `${self}`), ...yield* Step.on(others, greet, `${self}`)]
    }))
  .step("end", (_other, _others, garage, { greet }) => Effect.map(Car, (by) => ({ all: greet, at: garage, by })))
const pass = Stepped.action("pass", { success: Schema.Array(Schema.String) })
  .step(
    "self",
    () => Effect.flatMap(Car, (self) => Step.do(meet, self, [self, null], Garage.ref({ city: "Ulm", row: 1 })))
  )
  .step("end", ({ self }) => Effect.succeed([...self.all, `${self.by}`, `${self.at}`]))
const tick = Stepped.action("tick", { success: Schema.Date }).step(() => Effect.map(Clockwork, (clock) => clock.id))

const Cars = Stepped.actions(Car, [travel, journey, greet, meet, pass])
const Vans = Cars.extend(Van, [])
const Clocks = Stepped.actions(Clockwork, [tick])
const Live = Layer.mergeAll(Cars.layer, Vans.layer, Clocks.layer)

suite("typed data", (engine) => {
  const test = <A, E>(name: string, scenario: () => Effect.Effect<A, E, Stepped.Services>) =>
    it.effect(
      name,
      () => Effect.provide(Effect.andThen(scenario(), healthy), Live.pipe(Layer.provideMerge(engine.layer())))
    )

  test("classes, dates, big integers, brands, options and maps arrive in before, steps, callbacks and callers", () =>
    Effect.gen(function*() {
      const stops = new Map([["Bath", new Date(5)]])
      const handle = yield* (yield* Cars.client)(1).travelLater(london, stops)
      yield* performSteppedActions()
      const result = yield* handle.await
      assert.deepStrictEqual(result, [london, 2n ** 81n])
      assert.instanceOf(result[0], Trip)
      assert.deepStrictEqual(seen, [["before", london, stops], ["step", london, stops], ["callback", london, result]])
      for (const [, trip] of seen as ReadonlyArray<[string, Trip]>) assert.strictEqual(trip.label, "London 120")
      // what is stored is plain JSON
      const { arguments: args } = yield* recordOf(handle.id)
      assert.deepInclude((args as ReadonlyArray<object>)[0], { to: "London", weight: `${2n ** 80n}`, miles: 120 })
    }))

  test("an error of a class arrives in the callback and at the caller as what it was", () =>
    Effect.gen(function*() {
      const nowhere = new Trip({ ...london, to: "nowhere" })
      const handle = yield* (yield* Cars.client)(1).travelLater(nowhere, new Map())
      yield* performSteppedActions()
      const error = yield* Effect.flip(handle.await)
      for (const cause of [error, (seen[2] as ReadonlyArray<unknown>)[1]]) {
        if (!(cause instanceof NoRoad)) return assert.fail(`${cause} is no NoRoad`)
        assert.strictEqual(cause.trip.label, "nowhere 120")
        assert.deepStrictEqual(cause.trip.on, london.on)
      }
    }))

  test("results of children and of steps with a schema arrive in later steps, before and after a wait", () =>
    Effect.gen(function*() {
      const handle = yield* (yield* Cars.client)(1).journeyLater(london)
      yield* performSteppedActions()
      const { last, total } = yield* handle.await
      assert.strictEqual(last.label, "London 120")
      assert.strictEqual(total, 2n ** 82n)
      assert.deepStrictEqual(seen[3], ["London 120", 2n ** 81n, "London 120", london.on])
    }))

  test("references travel as arguments and results, equal to those that were given", () =>
    Effect.gen(function*() {
      const garage = Garage.ref({ city: "Ulm", row: 3 })
      const handle = yield* (yield* Cars.client)(1).meetLater(Car.ref(2), [Car.ref(3), null], garage)
      yield* performSteppedActions()
      const { all, at, by } = yield* handle.await
      assert.deepStrictEqual(all, ["Car/1 meets Car/2", "Car/1 meets Car/3"])
      assert.isTrue(Equal.equals(at, garage))
      assert.isTrue(Equal.equals(by, Car.ref(1)))
      assert.strictEqual(`${at}`, `Garage/{"city":"Ulm","row":3}`)
      assert.deepStrictEqual(seen, [["refs", true, { city: "Ulm", row: 3 }]])
    }))

  test("a reference to an inheriting actor stays what it is on its way through its parent's steps", () =>
    Effect.gen(function*() {
      const handle = yield* (yield* Vans.client)(7).passLater()
      yield* performSteppedActions()
      assert.deepStrictEqual(yield* handle.await, [
        "Van/7 meets Van/7",
        "Van/7 meets Van/7",
        "Van/7",
        `Garage/{"city":"Ulm","row":1}`
      ])
      const types = (yield* recordsOf("greet")).map((action) => `${action.actorType}/${action.actorId}`)
      assert.isTrue(types.every((type) => type === "Van/7"))
    }))

  test("ids are typed too", () =>
    Effect.gen(function*() {
      const handle = yield* (yield* Clocks.client)(new Date(60_000)).tickLater()
      yield* performSteppedActions()
      assert.deepStrictEqual(yield* handle.await, new Date(60_000))
      assert.strictEqual((yield* recordOf(handle.id)).actorId, "1970-01-01T00:01:00.000Z")
    }))

  test("what does not fit is refused where it is given, and nothing is enqueued", () =>
    Effect.gen(function*() {
      const cars = yield* Cars.client
      const wrong = { ...london, miles: 1.5 } as unknown as Trip
      const refusals = [
        yield* Effect.flip(cars(1).travelLater(wrong, new Map())),
        yield* Effect.flip(cars(1.5).greetLater("nobody")),
        yield* Effect.flip(
          cars(1).meetLater(
            Garage.ref({ city: "Ulm", row: 1 }) as unknown as ActorRef<"Car", number>,
            [],
            Garage.ref({ city: "Ulm", row: 1 })
          )
        ),
        yield* Effect.flip(cars(1).greetLater("a\u0000b"))
      ]
      assert.deepStrictEqual(refusals.map((error) => error.reason._tag), [
        "InvalidArguments",
        "InvalidArguments",
        "InvalidArguments",
        "UnstorableText"
      ])
      assert.deepStrictEqual(yield* Effect.flatMap(ActionRepo, (repo) => repo.list()), [])
    }))
})
