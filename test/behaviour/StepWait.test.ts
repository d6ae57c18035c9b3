/** Rules 3.3: a wait holds the step open, beside its children; the body goes on at once. */
import { assert, it } from "@effect/vitest"
import { Clock, Duration, Effect, Layer, Schema } from "effect"
import { TestClock } from "effect/testing"
import { ActionRepo, Step, Stepped } from "stepped"
import { performSteppedActions } from "stepped/testing"
import { healthy, suite } from "../harness/databases.ts"
import { note, seen } from "../harness/notes.ts"
import { recordsOf, slotsOf, stepsOf } from "../harness/observing.ts"
import { performIdle } from "../harness/performing.ts"

class Car extends Stepped.Actor<Car>()("Car", { id: Schema.Int }) {}

const honk = Stepped.action("honk", { arguments: [Schema.Boolean] })
  .step((well) => well ? note("honk") : Effect.die(new Error("silence")))
const hold = Stepped.action("hold", { outbound: true }).step(() => Effect.void)
const stopover = Stepped.action("stopover", { success: Schema.String })
  .step("stop", () =>
    Effect.gen(function*() {
      yield* note("before the wait")
      yield* Step.wait("5 seconds")
      yield* note("after the wait")
    }))
  .step("go", () => Effect.as(note("the next step"), "arrived"))
const beside = Stepped.action("beside")
  .step("both", () => Effect.all([Step.wait("5 seconds"), Step.do(honk, true), Step.do(hold), Step.wait("2 seconds")]))
  .step("next", () => note("the next step"))
const failing = Stepped.action("failing")
  .step("both", () => Effect.andThen(Step.do(honk, false), Step.wait("5 seconds")))
  .step("next", () => note("the next step"))
const waiting = Stepped.action("waiting", { arguments: [Schema.Duration] })
  .step("wait", (duration) => Step.wait(duration))
  .step("next", () => note("the next step"))
const thrice = Stepped.action("thrice")
  .step(() => Step.wait("1 minute"))
  .step(() => Effect.andThen(note("second"), Step.wait("1 minute")))
  .step(() => Effect.andThen(note("third"), Step.wait("1 minute")))

const Cars = Stepped.actions(Car, [honk, hold, stopover, beside, failing, waiting, thrice])

suite("Step.wait", (engine) => {
  const test = <A, E>(name: string, scenario: () => Effect.Effect<A, E, Stepped.Services>) =>
    it.effect(
      name,
      () => Effect.provide(Effect.andThen(scenario(), healthy), Cars.layer.pipe(Layer.provideMerge(engine.layer())))
    )

  test("3.3: the body goes on at once, the step ends when the time is over, and not a millisecond earlier", () =>
    Effect.gen(function*() {
      yield* TestClock.setTime(1_000_000)
      const handle = yield* (yield* Cars.client)(1).stopoverLater()
      yield* performIdle
      assert.deepStrictEqual(seen, ["before the wait", "after the wait"])
      const [slot] = yield* Effect.flatMap(ActionRepo, (repo) => repo.slots(handle.id))
      assert.deepStrictEqual([slot!.dueAt, slot!.child, slot!.status], [new Date(1_005_000), undefined, undefined])
      yield* TestClock.adjust(4999)
      yield* performIdle
      assert.deepStrictEqual(yield* stepsOf(handle.id), ["stop performing"])
      yield* TestClock.adjust(1)
      yield* performIdle
      assert.deepStrictEqual(yield* stepsOf(handle.id), ["stop succeeded", "go succeeded"])
      assert.deepStrictEqual(yield* slotsOf(handle.id), ["succeeded"])
      assert.strictEqual(yield* handle.await, "arrived")
      const steps = yield* Effect.flatMap(ActionRepo, (repo) => repo.steps(handle.id))
      assert.deepStrictEqual(steps.map((step) => [step.startedAt.getTime(), step.endedAt?.getTime()]), [
        [1_000_000, 1_005_000],
        [1_005_000, 1_005_000]
      ])
    }))

  test("3.3: it is one more slot beside children and other waits; the last one settled ends the step", () =>
    Effect.gen(function*() {
      const handle = yield* (yield* Cars.client)(1).besideLater()
      yield* performIdle
      assert.deepStrictEqual(yield* slotsOf(handle.id), ["open", "succeeded", "open", "open"])
      yield* TestClock.adjust("2 seconds")
      yield* performIdle
      assert.deepStrictEqual(yield* slotsOf(handle.id), ["open", "succeeded", "open", "succeeded"])
      yield* TestClock.adjust("3 seconds")
      yield* performIdle
      assert.deepStrictEqual(yield* slotsOf(handle.id), ["succeeded", "succeeded", "open", "succeeded"])
      assert.deepStrictEqual(yield* stepsOf(handle.id), ["both performing"])
      yield* Stepped.complete(Car.ref(1), hold, Stepped.Outcome.succeededVoid)
      yield* performIdle
      assert.deepStrictEqual(yield* stepsOf(handle.id), ["both succeeded", "next succeeded"])
      assert.deepStrictEqual(seen, ["honk", "the next step"])
    }))

  test("3.3: a step whose child failed still waits, and then fails", () =>
    Effect.gen(function*() {
      const handle = yield* (yield* Cars.client)(1).failingLater()
      yield* performIdle
      assert.deepStrictEqual(yield* slotsOf(handle.id), ["failed", "open"])
      assert.deepStrictEqual(yield* stepsOf(handle.id), ["both performing"])
      yield* performSteppedActions()
      assert.deepStrictEqual(yield* stepsOf(handle.id), ["both failed"])
      assert.deepStrictEqual(seen, [])
    }))

  test("3.3: no time at all is over at once, and a part of a millisecond counts as a whole one", () =>
    Effect.gen(function*() {
      const cars = yield* Cars.client
      const none = yield* cars(1).waitingLater(Duration.zero)
      const part = yield* cars(2).waitingLater(Duration.nanos(1n))
      yield* performIdle
      assert.deepStrictEqual(yield* stepsOf(none.id), ["wait succeeded", "next succeeded"])
      assert.deepStrictEqual(yield* stepsOf(part.id), ["wait performing"])
      yield* TestClock.adjust(1)
      yield* performIdle
      assert.deepStrictEqual(yield* stepsOf(part.id), ["wait succeeded", "next succeeded"])
    }))

  test("3.3: it may take longer than the timers of a process do", () =>
    Effect.gen(function*() {
      const handle = yield* (yield* Cars.client)(1).waitingLater(Duration.days(1000))
      yield* performIdle
      yield* TestClock.adjust(Duration.days(999))
      yield* performIdle
      assert.deepStrictEqual(yield* stepsOf(handle.id), ["wait performing"])
      yield* performSteppedActions()
      assert.deepStrictEqual(yield* stepsOf(handle.id), ["wait succeeded", "next succeeded"])
    }))

  test("3.3: for ever, or for less than nothing, is a mistake that fails the step", () =>
    Effect.gen(function*() {
      const cars = yield* Cars.client
      for (
        const [duration, message] of [
          [Duration.infinity, "is Infinity: it takes a duration from 0 to"],
          [Duration.millis(-1), "is -1ms: it takes a duration from 0 to"]
        ] as const
      ) {
        const handle = yield* cars(1).waitingNow(duration)
        assert.deepStrictEqual(yield* stepsOf(handle.id), ["wait failed"])
        assert.deepStrictEqual(yield* slotsOf(handle.id), [])
        assert.include((yield* Effect.flip(handle.await)).message, message)
      }
    }))

  test("3.3: waits of several steps follow each other, and many actions wait beside each other", () =>
    Effect.gen(function*() {
      const cars = yield* Cars.client
      const start = yield* Clock.currentTimeMillis
      const handles = yield* Effect.forEach([1, 2, 3, 4], (id) => cars(id).thriceLater())
      yield* performSteppedActions()
      for (const handle of handles) yield* handle.await
      assert.strictEqual((yield* Clock.currentTimeMillis) - start, 180_000)
      assert.deepStrictEqual(seen, [
        ...seen.filter((text) => text === "second"),
        ...seen.filter((text) => text === "third")
      ])
      assert.strictEqual(seen.length, 8)
    }))

  test("3.3: a wait that is over after its action was cancelled wakes nobody", () =>
    Effect.gen(function*() {
      const handle = yield* (yield* Cars.client)(1).stopoverLater()
      yield* performIdle
      yield* handle.cancel()
      assert.deepStrictEqual(yield* slotsOf(handle.id), ["cancelled"])
      yield* TestClock.adjust("1 hour")
      yield* performSteppedActions()
      assert.deepStrictEqual(yield* stepsOf(handle.id), ["stop cancelled"])
      assert.deepStrictEqual((yield* recordsOf("stopover")).map((action) => action.status), ["cancelled"])
      assert.notInclude(seen, "the next step")
    }))
})
