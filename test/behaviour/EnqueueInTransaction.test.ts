/** Enqueueing, completing and cancelling inside the program's own transaction. */
import { assert, it } from "@effect/vitest"
import { Effect, Layer, Option, Schema } from "effect"
import { SqlClient } from "effect/sql"
import { EnqueueError, Step, Stepped, UnknownAction } from "stepped"
import { NotDrained, performDue, performSteppedActions } from "stepped/testing"
import { healthy, server, suite } from "../harness/databases.ts"
import { note, seen } from "../harness/notes.ts"
import { lanes, recordOf, statusesOf } from "../harness/observing.ts"
import { performIdle } from "../harness/performing.ts"
import { nothing, stored } from "../harness/stored.ts"

class Car extends Stepped.Actor<Car>()("Car", { id: Schema.Int }) {}
const visit = Stepped.action("visit", { arguments: [Schema.String], success: Schema.String })
  .step((where) => Effect.as(note(`visit ${where}`), where))
const ask = Stepped.action("ask", { outbound: true }).step(() => Effect.void).after(({ status }) =>
  note(`ask ${status}`)
)
const plain = Stepped.action("plain", { outbound: true }).step(() => Effect.void)
const parent = Stepped.action("parent").step(() => Step.do(plain)).step(() => note("goes on"))
const Cars = Stepped.actions(Car, [visit, ask, plain, parent])
class Boat extends Stepped.Actor<Boat>()("Boat", { id: Schema.Int }) {}
const Boats = Stepped.actions(Boat, [Stepped.action("sail").step(() => Effect.void)])

suite("inside the program's transaction", (engine) => {
  const test = <A, E>(name: string, scenario: () => Effect.Effect<A, E, Stepped.Services | SqlClient.SqlClient>) =>
    it.effect(
      name,
      () => Effect.provide(Effect.andThen(scenario(), healthy), Layer.provideMerge(Cars.layer, engine.layer()))
    )
  const transaction = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
    Effect.flatMap(SqlClient.SqlClient, (sql) => sql.withTransaction(effect))
  const rolledBack = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
    Effect.flatMap(
      Effect.flip(transaction(Effect.flatMap(effect, (value) => Effect.fail({ value })))),
      (failure) =>
        typeof failure === "object" && failure !== null && "value" in failure
          ? Effect.succeed(failure.value as A)
          : Effect.die(failure)
    )

  test("an action that is enqueued commits with it", () =>
    Effect.gen(function*() {
      const car = (yield* Cars.client)(1)
      const handle = yield* transaction(Effect.gen(function*() {
        const sql = yield* SqlClient.SqlClient
        yield* sql`create temporary table if not exists mine (n int)`
        return yield* car.visitLater("London")
      }))
      assert.deepStrictEqual(yield* stored, { ...nothing, jobs: 1 })
      yield* performSteppedActions()
      assert.deepStrictEqual([seen, yield* handle.await], [["visit London"], "London"])
    }))

  test("an action that is enqueued rolls back with it: nobody knows it", () =>
    Effect.gen(function*() {
      const car = (yield* Cars.client)(1)
      const handle = yield* rolledBack(car.visitLater("London"))
      assert.deepStrictEqual(yield* stored, nothing)
      yield* performSteppedActions()
      assert.deepStrictEqual(seen, [])
      assert.instanceOf(yield* Effect.flip(handle.status), UnknownAction)
      assert.instanceOf(yield* Effect.flip(handle.cancel()), UnknownAction)
      assert.instanceOf(yield* Effect.flip(handle.await), UnknownAction)
    }))

  test("a savepoint takes back what was enqueued in it, and no more", () =>
    Effect.gen(function*() {
      const car = (yield* Cars.client)(1)
      yield* transaction(Effect.gen(function*() {
        yield* car.visitLater("London")
        yield* rolledBack(car.visitLater("Paris"))
        yield* transaction(car.visitLater("Rome"))
      }))
      yield* performSteppedActions()
      // Rome is the newest of the lane; Paris never was in it
      assert.deepStrictEqual(seen, ["visit London", "visit Rome"])
      assert.deepStrictEqual(yield* statusesOf("visit"), ["succeeded", "succeeded"])
    }))

  test("several are in the order in which they were enqueued", () =>
    Effect.gen(function*() {
      const client = yield* Cars.client
      yield* transaction(Effect.forEach([3, 1, 2], (id) => client(id).visitLater(`place ${id}`)))
      yield* performSteppedActions()
      assert.deepStrictEqual(seen, ["visit place 3", "visit place 1", "visit place 2"])
    }))

  test("waiting for an action there would wait for itself", () =>
    Effect.gen(function*() {
      const car = (yield* Cars.client)(1)
      for (const call of [Effect.asVoid(car.visit("London")), Effect.asVoid(car.visitNow("London"))]) {
        const error = yield* Effect.flip(transaction(call))
        assert.instanceOf(error, EnqueueError)
        assert.strictEqual(error.reason._tag, "WouldWaitForItself")
        assert.match(error.message, /visitLater/)
        assert.isFalse(error.isRetryable)
      }
      assert.deepStrictEqual([seen, yield* stored], [[], nothing])
    }))

  test("so would awaiting a handle there; one whose action has ended answers", () =>
    Effect.gen(function*() {
      const car = (yield* Cars.client)(1)
      const error = yield* Effect.flip(transaction(Effect.flatMap(car.visitLater("London"), (handle) => handle.await)))
      assert.strictEqual((error as { _tag?: unknown })._tag, "WouldWaitForItself")
      assert.deepStrictEqual([seen, yield* stored], [[], nothing])
      const ended = yield* car.visitNow("Paris")
      assert.strictEqual(yield* transaction(ended.await), yield* ended.await)
    }))

  test("performing now needs the definition here; enqueueing does not", () =>
    Effect.gen(function*() {
      const boat = (yield* Boats.client)(1)
      const error = yield* Effect.flip(boat.sailNow())
      assert.instanceOf(error, EnqueueError)
      assert.strictEqual(error.reason._tag, "UnknownDefinition")
      assert.deepStrictEqual(yield* stored, nothing)
      const handle = yield* boat.sailLater()
      assert.instanceOf(yield* Effect.flip(performSteppedActions()), NotDrained)
      assert.strictEqual((yield* handle.status).status, "queued")
      assert.isTrue(yield* handle.cancel())
    }))

  test("completing there commits and rolls back with it, with callbacks and without", () =>
    Effect.gen(function*() {
      const car = (yield* Cars.client)(1)
      const hooked = yield* car.askNow()
      const root = yield* car.parentLater()
      yield* performIdle
      const complete = Effect.all([
        Stepped.complete(Car.ref(1), ask, Stepped.Outcome.succeededVoid),
        Stepped.complete(Car.ref(1), plain, Stepped.Outcome.succeededVoid)
      ])
      assert.deepStrictEqual((yield* rolledBack(complete)).map(Option.isSome), [true, true])
      yield* performIdle
      assert.deepStrictEqual([seen, (yield* hooked.status).status, (yield* root.status).status], [
        [],
        "performing",
        "performing"
      ])
      yield* healthy
      assert.deepStrictEqual((yield* transaction(complete)).map(Option.isSome), [true, true])
      yield* performSteppedActions()
      assert.sameMembers(seen, ["ask succeeded", "goes on"])
      assert.deepStrictEqual([(yield* recordOf(hooked.id)).status, (yield* recordOf(root.id)).status], [
        "succeeded",
        "succeeded"
      ])
    }))

  test("cancelling there commits and rolls back with it, and the next of the lane goes on", () =>
    Effect.gen(function*() {
      const car = (yield* Cars.client)(1)
      const first = yield* car.plainNow()
      const second = yield* car.plainNow()
      assert.isTrue(yield* rolledBack(first.cancel()))
      yield* performIdle
      assert.deepStrictEqual([(yield* first.status).status, (yield* second.status).status], ["performing", "pending"])
      assert.isTrue(yield* transaction(first.cancel()))
      yield* performIdle
      assert.deepStrictEqual([(yield* first.status).status, (yield* second.status).status], ["cancelled", "performing"])
      assert.isTrue(yield* transaction(second.cancel()))
      assert.deepStrictEqual(yield* lanes, [])
    }))

  if (engine === server) {
    test("nobody performs it before the commit", () =>
      Effect.gen(function*() {
        const car = (yield* Cars.client)(1)
        // another session: the fiber has a context of its own, without the transaction
        const context = yield* Effect.context<Stepped.Services>()
        yield* transaction(Effect.gen(function*() {
          yield* car.visitLater("London")
          yield* Effect.promise(() => Effect.runPromise(Effect.provideContext(performDue, context)))
          assert.deepStrictEqual(seen, [])
        }))
        yield* performSteppedActions()
        assert.deepStrictEqual(seen, ["visit London"])
      }))
  }
})
