/** Names and keys that JavaScript gives a meaning of its own: to the engine they are text like any other. */
import { assert, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import type { SqlClient } from "effect/sql"
import { Stepped } from "stepped"
import { performSteppedActions } from "stepped/testing"
import { canonicalJson } from "../../src/engine/checksum.ts"
import { healthy, suite } from "../harness/databases.ts"
import { seen } from "../harness/notes.ts"
import { recordOf, stepsOf } from "../harness/observing.ts"
import { asMethod, Buses, keys, leaf, Methodical, Methods, MethodsLive, outside, Van, Vans } from "./fixtures/names.ts"

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
  assert.throws(() => Stepped.action("with"), /^with cannot name an action: /)
  assert.throws(() => Stepped.action("explain"), /^explain cannot name an action: /)
})
