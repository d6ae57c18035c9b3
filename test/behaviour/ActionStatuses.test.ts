/** Rules 1: the statuses of actions and steps, and that a terminal one is the last. */
import { assert, it } from "@effect/vitest"
import { Effect, Exit, Layer, Option, Schema } from "effect"
import { TestClock } from "effect/testing"
import { ActionRepo, Step, Stepped } from "stepped"
import { performSteppedActions } from "stepped/testing"
import { healthy, suite } from "../harness/databases.ts"
import { note, seen } from "../harness/notes.ts"
import { recordOf, recordsOf, slotsOf, statusesOf, stepsOf } from "../harness/observing.ts"
import { performIdle } from "../harness/performing.ts"

class Car extends Stepped.Actor<Car>()("Car", { id: Schema.Int }) {}

const drive = Stepped.action("drive", { arguments: [Schema.Boolean] })
const charge = Stepped.action("charge", { success: Schema.String, outbound: true, timeout: "1 minute" })
  .step("plug", () => Effect.void)
  .after((outcome) => note(`charge ${outcome.status}`))
const race = Stepped.action("race", { success: Schema.String, outbound: true }).step(() => Effect.void)
const rest = Stepped.action("rest").step("sit", () => Step.wait("1 hour")).step("stand", () => Effect.void)
const nested = Stepped.action("nested", { concurrencyKey: () => "one lane" }).step(() => Effect.void)
const nesting = Stepped.action("nesting", { concurrencyKey: () => "one lane" }).step(() => Step.do(nested))
const selfish = Stepped.action("selfish", { success: Schema.String, outbound: true })
  .step("complete", () =>
    Effect.gen(function*() {
      yield* Step.do(drive, true)
      yield* Step.setArguments(selfishDeclared)
      yield* Effect.orDie(Stepped.complete(yield* Car, selfishDeclared, Stepped.Outcome.succeeded("from inside")))
      yield* Effect.yieldNow
      yield* note("after the completion")
      return yield* Effect.never
    }))
  .step("later", () => note("a later step"))
const selfishDeclared = Stepped.action("selfish", { success: Schema.String, outbound: true })
const looking = Stepped.action("looking", { success: Schema.Array(Schema.String) }).step(
  "look",
  () =>
    Effect.gen(function*() {
      const repo = yield* ActionRepo
      const action = (yield* Effect.orDie(repo.list({ name: "looking" })))[0]!
      const steps = yield* Effect.orDie(repo.steps(action.id))
      return [action.status, ...steps.map((step) => `${step.name} ${step.status}`)]
    })
)

const park = Stepped.action("park").step(() => Step.do(drive, true))

const Cars = Stepped.actions(Car, [park, drive, charge, race, rest, nested, nesting, selfish, looking])
const CarsLive = Cars.toLayer(Effect.succeed({
  drive: (well) => well ? note("drove") : Effect.die(new Error("crashed"))
}))

suite("statuses", (engine) => {
  const test = <A, E>(name: string, scenario: () => Effect.Effect<A, E, Stepped.Services>) =>
    it.effect(
      name,
      () => Effect.provide(Effect.andThen(scenario(), healthy), CarsLive.pipe(Layer.provideMerge(engine.layer())))
    )

  test("1.1: an action is pending behind another, performing, then succeeded; its steps perform, then succeed", () =>
    Effect.gen(function*() {
      const car = (yield* Cars.client)(1)
      const first = yield* car.chargeLater()
      const second = yield* car.chargeLater()
      assert.strictEqual((yield* first.status).status, "queued")
      yield* performIdle
      assert.deepStrictEqual(yield* statusesOf("charge"), ["performing", "pending"])
      assert.deepStrictEqual(yield* stepsOf(first.id), ["plug succeeded"])
      assert.deepStrictEqual(yield* stepsOf(second.id), [])
      assert.deepStrictEqual([(yield* first.status).status, (yield* second.status).status], ["performing", "pending"])
      yield* Stepped.complete(first.id, charge, Stepped.Outcome.succeeded("full"))
      yield* performIdle
      assert.deepStrictEqual(yield* statusesOf("charge"), ["succeeded", "performing"])
      assert.strictEqual((yield* first.status).status, "succeeded")
      yield* second.cancel()
      yield* performIdle
    }))

  test("1.1: a step is performing while its body runs", () =>
    Effect.gen(function*() {
      const handle = yield* (yield* Cars.client)(1).lookingLater()
      yield* performSteppedActions()
      assert.deepStrictEqual(yield* handle.await, ["performing", "look performing"])
      assert.deepStrictEqual(yield* stepsOf(handle.id), ["look succeeded"])
    }))

  test("1.1: a step is performing while it waits, and cancelled when its action is", () =>
    Effect.gen(function*() {
      const handle = yield* (yield* Cars.client)(1).restLater()
      yield* performIdle
      assert.deepStrictEqual(yield* stepsOf(handle.id), ["sit performing"])
      assert.isTrue(yield* handle.cancel())
      assert.deepStrictEqual(yield* stepsOf(handle.id), ["sit cancelled"])
      assert.strictEqual((yield* recordOf(handle.id)).status, "cancelled")
      yield* performSteppedActions()
      assert.deepStrictEqual(yield* stepsOf(handle.id), ["sit cancelled"])
    }))

  test("1.1: an action is failed with its step, superseded, timed out, and a slot is deadlocked", () =>
    Effect.gen(function*() {
      const car = (yield* Cars.client)(1)
      const failed = yield* car.driveNow(false)
      assert.deepStrictEqual(yield* stepsOf(failed.id), ["drive failed"])
      assert.strictEqual((yield* failed.status).status, "failed")
      for (let i = 0; i < 3; i++) yield* car.chargeNow()
      assert.deepStrictEqual(yield* statusesOf("charge"), ["performing", "superseded", "pending"])
      yield* TestClock.adjust("1 minute")
      yield* performIdle
      assert.deepStrictEqual(yield* statusesOf("charge"), ["timed_out", "superseded", "performing"])
      yield* Stepped.complete(Car.ref(1), charge, Stepped.Outcome.succeeded("full"))
      const parent = yield* car.nestingLater()
      yield* performSteppedActions()
      assert.deepStrictEqual(yield* slotsOf(parent.id), ["deadlocked"])
    }))

  const ends: ReadonlyArray<readonly [string, (id: string) => Effect.Effect<unknown, unknown, Stepped.Services>]> = [
    ["succeeded", (id) => Stepped.complete(id, charge, Stepped.Outcome.succeeded("full"))],
    ["failed", (id) => Stepped.complete(id, charge, Stepped.Outcome.failed())],
    ["cancelled", (id) => Stepped.complete(id, charge, Stepped.Outcome.cancelled)],
    ["timed_out", () => TestClock.adjust("1 minute")]
  ]
  test("1.2: a terminal action never changes again, whatever arrives late", () =>
    Effect.gen(function*() {
      const car = (yield* Cars.client)(1)
      for (const [status, end] of ends) {
        seen.length = 0
        const handle = yield* car.chargeNow()
        yield* end(handle.id)
        yield* performIdle
        const before = yield* recordOf(handle.id)
        assert.strictEqual(before.status, status)
        for (const [, again] of ends) yield* again(handle.id)
        assert.isTrue(Option.isNone(yield* Stepped.complete(Car.ref(1), charge, Stepped.Outcome.failed())))
        assert.isTrue(Option.isNone(yield* Stepped.complete(handle.id, charge, Stepped.Outcome.failed())))
        assert.isFalse(yield* handle.cancel())
        yield* TestClock.adjust("1 hour")
        yield* performSteppedActions()
        assert.deepStrictEqual(yield* recordOf(handle.id), before)
        assert.deepStrictEqual(seen, [`charge ${status}`])
      }
    }))

  test("1.2: a superseded action cannot be cancelled or completed", () =>
    Effect.gen(function*() {
      const car = (yield* Cars.client)(1)
      const [, second, third] = [yield* car.chargeNow(), yield* car.chargeNow(), yield* car.chargeNow()]
      const before = yield* recordOf(second.id)
      assert.strictEqual(before.status, "superseded")
      assert.isFalse(yield* second.cancel())
      assert.isTrue(Option.isNone(yield* Stepped.complete(second.id, charge, Stepped.Outcome.succeeded("late"))))
      yield* performSteppedActions({
        outbound: (action) => Stepped.complete(action.id, charge, Stepped.Outcome.succeeded(action.id))
      })
      assert.deepStrictEqual(yield* recordOf(second.id), before)
      assert.strictEqual(yield* second.await, third.id)
    }))

  test("1.2: of several completions exactly one wins, and says so", () =>
    Effect.gen(function*() {
      const handle = yield* (yield* Cars.client)(1).raceNow()
      const outcomes = ["a", "b", "c", "d"].map((result) => Stepped.Outcome.succeeded(result))
      const answers = yield* Effect.all(
        [...outcomes, Stepped.Outcome.failed(), Stepped.Outcome.timedOut].map((outcome) =>
          Stepped.complete(handle.id, race, outcome)
        ).concat(Effect.map(handle.cancel(), (won) => won ? Option.some(handle.id) : Option.none())),
        { concurrency: "unbounded" }
      )
      assert.strictEqual(answers.length, 7)
      const winner = answers.findIndex(Option.isSome)
      assert.deepStrictEqual(answers.filter(Option.isSome), [Option.some(handle.id)])
      yield* performSteppedActions()
      const { result, status } = yield* recordOf(handle.id)
      assert.strictEqual(status, winner < 4 ? "succeeded" : ["failed", "timed_out", "cancelled"][winner - 4])
      assert.strictEqual(result, winner < 4 ? ["a", "b", "c", "d"][winner] : null)
    }))

  test("1.2: of several completions with callbacks exactly one wins, and only its callbacks run", () =>
    Effect.gen(function*() {
      const handle = yield* (yield* Cars.client)(1).chargeNow()
      const answers = yield* Effect.all(
        [Stepped.Outcome.succeeded("full"), Stepped.Outcome.failed(), Stepped.Outcome.cancelled].map((outcome) =>
          Stepped.complete(handle.id, charge, outcome)
        ),
        { concurrency: "unbounded" }
      )
      assert.strictEqual(answers.filter(Option.isSome).length, 1)
      yield* TestClock.adjust("1 hour")
      yield* performSteppedActions()
      const status = (yield* recordOf(handle.id)).status
      assert.strictEqual(status, ["succeeded", "failed", "cancelled"][answers.findIndex(Option.isSome)])
      assert.deepStrictEqual(seen, [`charge ${status}`])
    }))

  test("1.2: a body that is still running when its action ends is interrupted, and changes nothing any more", () =>
    Effect.gen(function*() {
      const handle = yield* (yield* Cars.client)(1).selfishLater()
      yield* performSteppedActions()
      assert.strictEqual(yield* handle.await, "from inside")
      assert.deepStrictEqual(yield* stepsOf(handle.id), ["complete cancelled"])
      assert.notInclude(seen, "a later step")
      assert.deepStrictEqual(yield* recordsOf("drive"), [])
    }))

  test("1.3: an action without a parent step is a root, its children are not", () =>
    Effect.gen(function*() {
      const car = (yield* Cars.client)(1)
      const root = yield* car.parkLater()
      yield* performSteppedActions()
      const repo = yield* ActionRepo
      assert.deepStrictEqual((yield* repo.list({ roots: true })).map((action) => action.name), ["park"])
      const [child] = yield* recordsOf("drive")
      assert.deepStrictEqual([child!.parent, child!.parentStep, child!.depth], [root.id, 0, 1])
      const record = yield* recordOf(root.id)
      assert.deepStrictEqual([record.parent, record.parentStep, record.depth], [undefined, undefined, 0])
      assert.isTrue(Exit.isSuccess(yield* Effect.exit(root.await)))
    }))
})
