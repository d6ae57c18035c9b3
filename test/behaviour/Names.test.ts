/** Names and keys that JavaScript gives a meaning of its own: to the engine they are text like any other. */
import { assert, beforeEach, it } from "@effect/vitest"
import { Effect, Layer, Schema } from "effect"
import type { SqlClient } from "effect/sql"
import { Step, Stepped } from "stepped"
import { performSteppedActions } from "stepped/testing"
import { canonicalJson } from "../../src/engine/checksum.ts"
import { healthy, suite } from "../harness/databases.ts"
import { recordOf, stepsOf } from "../harness/observing.ts"

const seen: Array<string> = []
const note = (text: string) => Effect.sync(() => void seen.push(text))
beforeEach(() => {
  seen.length = 0
})

class Car extends Stepped.Actor<Car>()("constructor", { id: Schema.String }) {}

const asMethod = [
  "constructor",
  "toString",
  "valueOf",
  "hasOwnProperty",
  "__proto__",
  "catch",
  "pipe",
  "toJSON"
] as const
const thenLater = Stepped.action("thenLater").step(() => note("thenLater"))
const Methods = Stepped.actions(Car, [
  Stepped.action("constructor"),
  Stepped.action("toString"),
  Stepped.action("valueOf"),
  Stepped.action("hasOwnProperty"),
  Stepped.action("__proto__", { queue: "__proto__" }),
  Stepped.action("catch"),
  Stepped.action("pipe"),
  Stepped.action("toJSON"),
  thenLater
])
const MethodsLive = Methods.toLayer(Effect.succeed({
  constructor: () => note("constructor"),
  toString: () => note("toString"),
  valueOf: () => note("valueOf"),
  hasOwnProperty: () => note("hasOwnProperty"),
  ["__proto__"]: () => note("__proto__"),
  catch: () => note("catch"),
  pipe: () => note("pipe"),
  toJSON: () => note("toJSON")
}))

class Van extends Stepped.Actor<Van>()("__proto__", { id: Schema.String }) {}
const keys = { ["__proto__"]: { ["__proto__"]: 1 }, constructor: 2, toString: [{ valueOf: 3 }], $slot: 4 } as const
const leaf = Stepped.action("leaf", { success: Schema.Json, arguments: [Schema.Json] })
  .step((value) => Effect.succeed(value))
const look = (results: object) =>
  Effect.sync(() =>
    void seen.push(...Object.entries(results).map(([name, value]) => `${name} ${canonicalJson(value)}`))
  )
const named = Stepped.action("named", { success: Schema.Json })
  .step("__proto__", () => Effect.succeed(keys))
  .step("constructor", (results) => Effect.as(look(results), 1))
  .step("toString", () => Effect.map(Step.do(leaf, keys), (child) => ({ ["__proto__"]: child })))
  .step("pause", () => Effect.as(Step.wait("1 minute"), 0))
  .step("valueOf", (results) => Effect.as(look(results), { ...results } as unknown as Schema.Json))
const outside = Stepped.action("outside", { outbound: true }).step(() => Effect.void)
const Vans = Stepped.actions(Van, [leaf, named, outside])

class Bus extends Stepped.Actor<Bus>()("Bus", { id: Schema.String }) {}
const Buses = Stepped.actions(Bus, [Stepped.action("toString"), Stepped.action("constructor"), Stepped.action("honk")])
class Methodical {
  honk() {
    return note("honk")
  }
}

suite("names", (engine) => {
  const test = <A, E>(name: string, scenario: () => Effect.Effect<A, E, Stepped.Services | SqlClient.SqlClient>) =>
    it.effect(
      name,
      () =>
        Effect.provide(
          Effect.andThen(scenario(), healthy),
          Layer.mergeAll(MethodsLive, Vans.layer, Buses.toLayer(Effect.succeed(new Methodical() as never))).pipe(
            Layer.provideMerge(engine.layer())
          )
        )
    )

  test("3.1: an action is called and performed by its name, whatever every object has under it", () =>
    Effect.gen(function*() {
      const car = (yield* Methods.client)("toString")
      for (const name of asMethod) {
        const handle = yield* car[`${name}Now`]()
        assert.strictEqual((yield* handle.status).status, "succeeded", name)
        assert.isFunction(car[name])
      }
      assert.deepStrictEqual(seen, [...asMethod])
      // what is no action is no method either
      assert.isFalse("then" in car)
      assert.strictEqual(Object.getPrototypeOf(car), Object.prototype)
      assert.isFalse(Object.hasOwn(car, "isPrototypeOf"))
      yield* car.thenLaterNow()
      // a client may be awaited
      assert.strictEqual(yield* Effect.promise(async () => await car), car)
    }))

  test("3.1: what every object has is no action's method; a class may give them", () =>
    Effect.gen(function*() {
      const bus = (yield* Buses.client)("1")
      for (const handle of [yield* bus.toStringNow(), yield* bus.constructorNow()]) {
        const error = yield* Effect.flip(handle.await)
        assert.include((error as Error).message, "the definition has no step to go on with")
      }
      yield* (yield* bus.honkNow()).await
      assert.deepStrictEqual(seen, ["honk"])
    }))

  test("3.1: steps and keys of values have any name, in memory and read back", () =>
    Effect.gen(function*() {
      const handle = yield* (yield* Vans.client)("__proto__").namedLater()
      yield* performSteppedActions()
      const text = canonicalJson(keys)
      assert.deepStrictEqual(seen, [
        `__proto__ ${text}`,
        `__proto__ ${text}`,
        "constructor 1",
        `toString {"__proto__":${text}}`,
        "pause 0"
      ])
      const result = yield* handle.await
      const all = canonicalJson({ ["__proto__"]: keys, constructor: 1, toString: { ["__proto__"]: keys }, pause: 0 })
      assert.strictEqual(canonicalJson(result), all)
      assert.strictEqual(canonicalJson((yield* recordOf(handle.id)).result), all)
      // it prints and compares as what it is
      assert.deepStrictEqual(result, JSON.parse(JSON.stringify(result)))
      assert.lengthOf(yield* stepsOf(handle.id), 5)
    }))

  test("4.1: a status is one of those that there are", () =>
    Effect.gen(function*() {
      assert.throws(() => leaf.after(["constructor" as never], () => Effect.void), /leaf.*constructor/)
      const outcome = { status: "constructor" } as never
      const error = yield* Effect.flip(Stepped.complete(Van.ref("1"), outside, outcome))
      assert.strictEqual(error._tag, "InvalidOutcome")
    }))
})

it("an action called then, which would make a promise of its client, is refused where it is named", () => {
  assert.throws(() => Stepped.action("then"), /^then cannot name an action: /)
})
