/** What tests of programs say about what was enqueued, and what they are told where that does not hold. */
import { assert, it } from "@effect/vitest"
import { Effect, Layer, Redacted, Schema } from "effect"
import { Step, Stepped } from "stepped"
import {
  assertEnqueued,
  assertNotEnqueued,
  assertSignalled,
  EnqueuedExpectation,
  performSteppedActions,
  SignalExpectation
} from "stepped/testing"
import { healthy, suite } from "../harness/databases.ts"
import { performIdle } from "../harness/performing.ts"

const secret = "4111 1111"

class Car extends Stepped.Actor<Car>()("Car", { id: Schema.Int }) {}
const plan = Stepped.action("plan", {
  arguments: [Schema.Struct({ towards: Schema.String, by: Schema.Date }), Schema.Redacted(Schema.String)]
}).step(() => Effect.void)
const begin = Stepped.action("begin", { arguments: [Schema.Redacted(Schema.String)] })
  .step((card) => Effect.asVoid(Step.do(plan, { towards: "London", by: new Date(0) }, card)))
const Cars = Stepped.actions(Car, [plan, begin])

class Boat extends Stepped.Actor<Boat>()("Boat", { id: Schema.Int }) {}
const pay = Stepped.action("pay", { arguments: [Schema.Redacted(Schema.String)] }).step(() => Effect.void)
/** No layer provides them. */
const Boats = Stepped.actions(Boat, [pay])

class Order extends Stepped.Actor<Order>()("Order", { id: Schema.Int }) {}
const { encrypted } = Stepped.encryption([{
  name: "one",
  secret: Redacted.make(Buffer.alloc(32, 1).toString("base64"))
}])
const approved = Stepped.signal("approved", { payload: encrypted("Order.approval", Schema.String) })
const charge = Stepped.action("charge", {
  arguments: [encrypted("Order.card", Schema.String), Schema.Int],
  signals: [approved]
}).step(() => Effect.asVoid(Step.waitFor(approved)))
const toShip = Stepped.action("ship", { arguments: [Schema.String], signals: [approved] })
const ship = toShip
  .before((to) => Effect.succeed({ arguments: [to.toUpperCase()] as [string] }))
  .step((to) => Step.setArguments(toShip, `${to}, and back`))
  .step((to) => to === "OSLO, and back" ? Effect.asVoid(Step.waitFor(approved)) : Effect.void)
const Orders = Stepped.actions(Order, [charge, ship])

suite("expectations", (engine) => {
  const test = <A, E>(name: string, scenario: () => Effect.Effect<A, E, Stepped.Services>) =>
    it.effect(
      name,
      () =>
        Effect.provide(
          Effect.andThen(scenario(), healthy),
          Layer.provideMerge(Layer.merge(Cars.layer, Orders.layer), engine.layer())
        )
    )
  const card = Redacted.make(secret)
  const london = { towards: "London", by: new Date(0) }

  test("hold for what is queued, performs or has ended, with the arguments that are given", () =>
    Effect.gen(function*() {
      const handle = yield* (yield* Cars.client)(1).beginLater(card)
      assert.deepStrictEqual(yield* assertEnqueued(Car.ref(1), begin), [handle.id])
      yield* assertNotEnqueued(Car.ref(1), plan)
      yield* performSteppedActions()
      assert.deepStrictEqual(yield* assertEnqueued(Car.ref(1), begin, card), [handle.id])
      // the database has its own order of keys
      assert.lengthOf(yield* assertEnqueued(Car.ref(1), plan, london), 1)
      assert.lengthOf(yield* assertEnqueued(Car.ref(1), plan, { by: new Date(0), towards: "London" }, card), 1)
      yield* assertNotEnqueued(Car.ref(1), plan, { ...london, towards: "Oslo" })
      yield* assertNotEnqueued(Car.ref(1), begin, Redacted.make("another"))
    }))

  test("that do not hold list what was enqueued, as its definition reads it: what a schema redacts stays out", () =>
    Effect.gen(function*() {
      const none = yield* Effect.flip(assertEnqueued(Car.ref(1), begin, card))
      assert.strictEqual(none.message, "begin Car/1(<redacted>) was not enqueued; nothing was enqueued")
      yield* (yield* Cars.client)(1).beginLater(card)
      yield* performSteppedActions()
      const paid = yield* (yield* Boats.client)(1).payLater(card)
      const listing = [
        "begin Car/1(<redacted>) succeeded",
        "plan Car/1({\"towards\":\"London\",\"by\":1970-01-01T00:00:00.000Z},<redacted>) succeeded"
      ]
      const missed = yield* Effect.flip(assertEnqueued(Car.ref(2), plan, london))
      assert.instanceOf(missed, EnqueuedExpectation)
      const [first, ...lines] = missed.message.split("\n")
      assert.strictEqual(
        first,
        "plan Car/2({\"towards\":\"London\",\"by\":1970-01-01T00:00:00.000Z}) was not enqueued; enqueued so far:"
      )
      // of what nobody here performs nothing is shown, unless it is what was asked for
      assert.sameMembers(lines, [...listing, "pay Boat/1(…) queued"].map((line) => `  ${line}`))
      const found = yield* Effect.flip(assertNotEnqueued(Boat.ref(1), pay))
      assert.include(found.message, "pay Boat/1 was enqueued 1 times")
      assert.include(found.message, "pay Boat/1(<redacted>) queued")
      yield* paid.cancel()
    }))

  test("know what is encrypted, which is another text each time", () =>
    Effect.gen(function*() {
      const handle = yield* (yield* Orders.client)(1).chargeLater(secret, 7)
      assert.deepStrictEqual(yield* assertEnqueued(Order.ref(1), charge), [handle.id])
      assert.deepStrictEqual(yield* assertEnqueued(Order.ref(1), charge, secret), [handle.id])
      assert.deepStrictEqual(yield* assertEnqueued(Order.ref(1), charge, secret, 7), [handle.id])
      assert.instanceOf(yield* Effect.flip(assertNotEnqueued(Order.ref(1), charge, secret)), EnqueuedExpectation)
      yield* assertNotEnqueued(Order.ref(1), charge, "another")
      yield* assertNotEnqueued(Order.ref(1), charge, secret, 8)
      yield* handle.send(approved, secret)
      yield* assertSignalled(handle, approved, secret)
      assert.instanceOf(yield* Effect.flip(assertSignalled(handle, approved, "another")), SignalExpectation)
      yield* performSteppedActions()
      assert.deepStrictEqual(yield* assertEnqueued(Order.ref(1), charge, secret, 7), [handle.id])
    }))

  test("go by the arguments that it was asked for with, whatever its before or a step has made of them", () =>
    Effect.gen(function*() {
      const client = (yield* Orders.client)(1)
      const waits = yield* client.shipLater("Oslo")
      const ends = yield* client.shipLater("London")
      const asked = Effect.gen(function*() {
        assert.deepStrictEqual(yield* assertEnqueued(Order.ref(1), ship, "Oslo"), [waits.id])
        assert.deepStrictEqual(yield* assertEnqueued(Order.ref(1), ship, "London"), [ends.id])
        for (const other of ["OSLO", "LONDON, and back"]) yield* assertNotEnqueued(Order.ref(1), ship, other)
      })
      yield* asked
      yield* performIdle
      yield* asked
      yield* waits.cancel()
      yield* performSteppedActions()
      yield* asked
    }))

  test("of an actor that cannot be, or with arguments that do not fit, are the errors of enqueueing it", () =>
    Effect.gen(function*() {
      assert.strictEqual((yield* Effect.flip(assertEnqueued(Car.ref(NaN), begin)))._tag, "InvalidActorId")
      assert.strictEqual((yield* Effect.flip(assertNotEnqueued(Car.ref(NaN), begin)))._tag, "InvalidActorId")
      const error = yield* Effect.flip(assertEnqueued(Car.ref(1), begin, secret as never))
      assert.strictEqual(error._tag, "InvalidArguments")
      assert.notInclude(error.message, secret)
    }))
})
