/** Enqueueing by actor and action alone: from steps, callbacks and jobs of the actor's own actions, and from programs. */
import { assert, it } from "@effect/vitest"
import { Effect, Layer, Schema } from "effect"
import { SqlClient } from "effect/sql"
import { ActionRepo, EnqueueError, InvalidActorId, InvalidArguments, Stepped } from "stepped"
import { performSteppedActions } from "stepped/testing"
import { healthy, suite } from "../harness/databases.ts"
import { nothing, stored } from "../harness/stored.ts"

class Car extends Stepped.Actor<Car>()("Car", { id: Schema.Int }) {}
class Van extends Stepped.Actor<Van>()("Van", { extends: Car }) {}

const charge = Stepped.action("charge", {
  arguments: [Schema.Int],
  success: Schema.String,
  concurrencyKey: (cents) => ["charge", cents]
})
  .step((cents) => Effect.map(Car, (car) => `${car} paid ${cents}`))
const wash = Stepped.action("wash", { arguments: [Schema.String] })
  .step(
    "foam",
    Effect.fn(function*(how) {
      yield* Stepped.enqueue(yield* Car, charge, 1)
      if (how === "too hot") return yield* Effect.die(new Error("boiled"))
    }),
    { transactional: true }
  )
  .step(
    "wax",
    Effect.fn(function*() {
      yield* Stepped.enqueue(yield* Car, charge, 2)
    })
  )
  .succeeded(Effect.fn(function*() {
    yield* Stepped.enqueue(yield* Car, charge, 3)
  }))
const tow = Stepped.action("tow", {
  job: Effect.fn(function*(job) {
    yield* Stepped.enqueue(yield* Car, charge, 4)
    yield* job.succeeded()
  })
})
const Cars = Stepped.actions(Car, [charge, wash, tow])
const Vans = Cars.extend(Van, [])

/** Who was charged how much, by trees that are nobody's children. */
const paid = Effect.gen(function*() {
  const actions = yield* Effect.flatMap(ActionRepo, (repo) => repo.list({ name: "charge" }))
  assert.deepStrictEqual(actions.filter(({ parent }) => parent !== undefined), [])
  return actions.map((one) => `${one.actorType}/${one.actorId}: ${JSON.stringify(one.arguments)}`).sort()
})

suite("enqueue", (engine) => {
  const test = <A, E>(name: string, scenario: () => Effect.Effect<A, E, Stepped.Services | SqlClient.SqlClient>) =>
    it.effect(name, () =>
      Effect.provide(
        Effect.andThen(scenario(), healthy),
        Layer.provideMerge(Layer.merge(Cars.layer, Vans.layer), engine.layer())
      ))

  test("gives a handle, from a program that has no client", () =>
    Effect.gen(function*() {
      const handle = yield* Stepped.enqueue(Car.ref(1), charge, 5)
      yield* performSteppedActions()
      assert.strictEqual(yield* handle.await, "Car/1 paid 5")
      assert.deepStrictEqual([handle.action, handle.actor], ["charge", Car.ref(1)])
    }))

  test("begins trees of their own, from the steps, callbacks and jobs of the actor's own actions", () =>
    Effect.gen(function*() {
      yield* (yield* Cars.client)(1).washLater("gently")
      yield* (yield* Cars.client)(2).towLater()
      yield* performSteppedActions()
      assert.deepStrictEqual(yield* paid, ["Car/1: [1]", "Car/1: [2]", "Car/1: [3]", "Car/2: [4]"])
    }))

  test("is on the actor that inherited the action", () =>
    Effect.gen(function*() {
      yield* (yield* Vans.client)(7).towLater()
      yield* performSteppedActions()
      assert.deepStrictEqual(yield* paid, ["Van/7: [4]"])
    }))

  test("commits with the transaction, the program's own or that of a step", () =>
    Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      yield* Effect.exit(sql.withTransaction(Effect.andThen(Stepped.enqueue(Car.ref(1), charge, 5), Effect.fail("no"))))
      assert.deepStrictEqual(yield* stored, nothing)
      yield* (yield* Cars.client)(1).washLater("too hot")
      yield* performSteppedActions()
      assert.deepStrictEqual(yield* paid, [])
    }))

  test("refuses what does not fit, and stores nothing", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(Stepped.enqueue(Car.ref(1), charge, 1.5))
      assert.instanceOf(error, EnqueueError)
      assert.instanceOf(error.reason, InvalidArguments)
      const nobody = yield* Effect.flip(Stepped.enqueue(Car.ref(NaN), charge, 1))
      assert.instanceOf(nobody.reason, InvalidActorId)
      assert.deepStrictEqual(yield* stored, nothing)
    }))
})
