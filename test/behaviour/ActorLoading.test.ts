/** Loaders: `Car.row` reads the actor's own row, and an actor that is gone fails the action and tells its parent. */
import { assert, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import type { SqlClient } from "effect/sql"
import type { Stepped } from "stepped"
import { performSteppedActions } from "stepped/testing"
import { healthy, suite } from "../harness/databases.ts"
import { lanes, recordOf, recordsOf, slotsOf, stepsOf } from "../harness/observing.ts"
import { nothing, stored } from "../harness/stored.ts"
import { Bikes, Boats, Cars, Live, Planes, registry, Subs } from "./fixtures/loading.ts"

suite("loaders", (engine) => {
  const test = <A, E>(name: string, scenario: () => Effect.Effect<A, E, Stepped.Services | SqlClient.SqlClient>) =>
    it.effect(
      name,
      () => Effect.provide(Effect.andThen(scenario(), healthy), Live.pipe(Layer.provideMerge(engine.layer())))
    )

  test("give the actor's row, fresh each time, and are not run for those who do not ask", () =>
    Effect.gen(function*() {
      const handle = yield* (yield* Cars.client)(1).renameLater("Dudu")
      assert.strictEqual(registry.loads, 0)
      yield* performSteppedActions()
      assert.deepStrictEqual(yield* handle.await, ["Herbie", "Dudu"])
      assert.strictEqual(registry.loads, 3)
    }))

  test("say that an actor is gone, whichever way they have of saying it; the action fails", () =>
    Effect.gen(function*() {
      const handles = [
        yield* (yield* Cars.client)(2).nameNow(),
        yield* (yield* Bikes.client)(2).nameNow(),
        yield* (yield* Boats.client)(2).nameNow(),
        yield* (yield* Planes.client)(2).nameNow()
      ]
      for (const [i, type] of ["Car", "Bike", "Boat", "Plane"].entries()) {
        assert.strictEqual((yield* recordOf(handles[i]!.id)).status, "failed")
        assert.deepStrictEqual(yield* stepsOf(handles[i]!.id), ["1 failed"])
        const error = yield* Effect.flip(handles[i]!.await)
        assert.strictEqual(error._tag, "ActionFailed")
        assert.include(error.message, `name ${type}/2 › 1: ActorNotFound: There is no ${type}/2`)
      }
      assert.deepStrictEqual(yield* lanes, [])
      const found = [yield* (yield* Bikes.client)(1).nameNow(), yield* (yield* Boats.client)(1).nameNow()]
      for (const handle of found) assert.strictEqual(yield* handle.await, "Herbie")
    }))

  test("that fail fail the action", () =>
    Effect.gen(function*() {
      const handle = yield* (yield* Subs.client)(1).nameNow()
      const error = yield* Effect.flip(handle.await)
      assert.deepInclude(error, { _tag: "ActionFailed", actor: "Sub/1" })
      assert.include(error.message, "name Sub/1 › 1: SqlError")
    }))

  test("tell the parent of a child whose actor is gone", () =>
    Effect.gen(function*() {
      const handle = yield* (yield* Cars.client)(2).askLater("name")
      yield* performSteppedActions()
      assert.deepStrictEqual(yield* slotsOf(handle.id), ["failed"])
      assert.deepStrictEqual(yield* stepsOf(handle.id), ["ask failed"])
      const error = yield* Effect.flip(handle.await)
      assert.include(error.message, "ask Car/2 › ask › name Car/2 › 1: ActorNotFound: There is no Car/2")
    }))

  test("serve keys, timeout, checksum and before, each with the row of the actor", () =>
    Effect.gen(function*() {
      const cars = yield* Cars.client
      const first = yield* cars(1).keyedLater()
      const third = yield* cars(3).keyedLater()
      yield* performSteppedActions()
      assert.deepStrictEqual([yield* first.await, yield* third.await], ["Herbie", "Kitt already"])
      const [record, ...others] = yield* recordsOf("keyed")
      assert.deepStrictEqual([record!.id, record!.lane, others.length], [first.id, "name/Herbie", 0])
      // the checksum follows the row
      registry.loads = 0
      yield* cars(1).keyedNow()
      assert.strictEqual((yield* recordsOf("keyed")).length, 1)
      registry.rows.set(1, { id: 1, name: "Dudu" })
      yield* cars(1).keyedNow()
      assert.strictEqual((yield* recordsOf("keyed")).length, 2)
    }))

  test("that find nobody for a key fail the action before anything is stored, and tell its parent", () =>
    Effect.gen(function*() {
      const cars = yield* Cars.client
      const root = yield* cars(2).keyedLater()
      yield* performSteppedActions()
      assert.include((yield* Effect.flip(root.await)).message, "keyed Car/2: ActorNotFound: There is no Car/2")
      assert.deepStrictEqual(yield* stored, { ...nothing, outcomes: 1 })
      const handle = yield* cars(2).askLater("keyed")
      yield* performSteppedActions()
      assert.deepStrictEqual(yield* slotsOf(handle.id), ["failed"])
      assert.include((yield* Effect.flip(handle.await)).message, "ask Car/2 › ask › keyed Car/2: ActorNotFound")
      assert.deepStrictEqual(yield* lanes, [])
    }))
})
