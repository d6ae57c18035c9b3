/** Arguments, results and errors are of their types wherever they arrive: in bodies, hooks, later steps, parents and callers. */
import { assert, it } from "@effect/vitest"
import { Effect, Equal, Layer } from "effect"
import { ActionRepo } from "stepped"
import type { ActorRef, Stepped } from "stepped"
import { performSteppedActions } from "stepped/testing"
import { healthy, suite } from "../harness/databases.ts"
import { recordOf, recordsOf } from "../harness/observing.ts"
import { Car, Cars, Clocks, Garage, Live, london, NoRoad, seen, Trip, Vans } from "./fixtures/typedData.ts"

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
        "InvalidActorId",
        "InvalidArguments",
        "UnstorableText"
      ])
      assert.deepStrictEqual(yield* Effect.flatMap(ActionRepo, (repo) => repo.list()), [])
    }))
})
