/** Loaders: `Car.row` reads the actor's own row, and an actor that is gone fails the action and tells its parent. */
import { assert, beforeEach, it } from "@effect/vitest"
import { Cause, Context, Effect, Layer, Option, Schema } from "effect"
import { SqlClient } from "effect/sql"
import { Step, Stepped } from "stepped"
import { performSteppedActions } from "stepped/testing"
import { healthy, suite } from "../harness/databases.ts"
import { lanes, recordOf, recordsOf, slotsOf, stepsOf } from "../harness/observing.ts"
import { nothing, stored } from "../harness/stored.ts"

interface Row {
  readonly id: number
  readonly name: string
}
class Registry
  extends Context.Service<Registry, { readonly rows: Map<number, Row>; loads: number }>()("test/Registry")
{}

const load = (id: number) =>
  Effect.map(Registry, (registry) => {
    registry.loads++
    return registry.rows.get(id)
  })

class Car extends Stepped.Actor<Car>()("Car", { id: Schema.Int, load }) {}
class Bike extends Stepped.Actor<Bike>()("Bike", {
  id: Schema.Int,
  load: (id) => Effect.map(load(id), Option.fromUndefinedOr)
}) {}
class Boat extends Stepped.Actor<Boat>()("Boat", {
  id: Schema.Int,
  load: (id) =>
    Effect.flatMap(
      load(id),
      (row) => row === undefined ? Effect.fail(new Cause.NoSuchElementError()) : Effect.succeed(row)
    )
}) {}
class Plane
  extends Stepped.Actor<Plane>()("Plane", { id: Schema.Int, load: (id) => Effect.map(load(id), (row) => row ?? null) })
{}
class Sub extends Stepped.Actor<Sub>()("Sub", {
  id: Schema.Int,
  load: (id) => Effect.flatMap(SqlClient.SqlClient, (sql) => sql<Row>`select ${id}::int as id, name from no_such_table`)
}) {}

const name = Stepped.action("name", { success: Schema.String }).step(() => Effect.map(Car.row, (row) => row.name))
const rename = Stepped.action("rename", { arguments: [Schema.String], success: Schema.Array(Schema.String) })
  .step("before", () => Effect.map(Car.row, (row) => row.name))
  .step("write", (name) =>
    Effect.gen(function*() {
      const { rows } = yield* Registry
      const { id } = yield* Car.row
      rows.set(id, { id, name })
    }))
  .step("after", (_name, { before }) => Effect.map(Car.row, (row) => [before, row.name]))
const keyed = Stepped.action("keyed", {
  success: Schema.String,
  concurrencyKey: () => Effect.map(Car.row, (row) => ["name", row.name]),
  timeout: () => Effect.as(Car.row, "1 minute" as const),
  checksum: () => Effect.map(Car.row, (row) => row)
}).before(() => Effect.map(Car.row, (row) => row.id === 3 ? { complete: `${row.name} already` } : undefined))
  .step(() => Effect.map(Car.row, (row) => row.name))
const ask = Stepped.action("ask", { arguments: [Schema.Literals(["name", "keyed"])], success: Schema.String })
  .step("ask", (what) =>
    Effect.gen(function*() {
      return what === "name" ? yield* Step.do(name) : yield* Step.do(keyed)
    }))
  .step("tell", (_what, { ask }) => Effect.succeed(ask))
const nameBike = Stepped.action("name", { success: Schema.String }).step(() => Effect.map(Bike.row, (row) => row.name))
const nameBoat = Stepped.action("name", { success: Schema.String }).step(() => Effect.map(Boat.row, (row) => row.name))
const namePlane = Stepped.action("name", { success: Schema.String }).step(() =>
  Effect.map(Plane.row, (row) => row.name)
)
const nameSub = Stepped.action("name", { success: Schema.String }).step(() =>
  Effect.map(Sub.row, (rows) => rows[0]!.name)
)

const Cars = Stepped.actions(Car, [name, rename, keyed, ask])
const Bikes = Stepped.actions(Bike, [nameBike])
const Boats = Stepped.actions(Boat, [nameBoat])
const Planes = Stepped.actions(Plane, [namePlane])
const Subs = Stepped.actions(Sub, [nameSub])

const registry: Registry["Service"] = { rows: new Map(), loads: 0 }
beforeEach(() => {
  registry.rows.clear()
  registry.rows.set(1, { id: 1, name: "Herbie" })
  registry.rows.set(3, { id: 3, name: "Kitt" })
  registry.loads = 0
})
const Live = Layer.mergeAll(Cars.layer, Bikes.layer, Boats.layer, Planes.layer, Subs.layer).pipe(
  Layer.provide(Layer.succeed(Registry, registry))
)

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
