/** Rules 3: how steps run, what their bodies may do, when a step ends, and what its failure means. */
import { assert, it } from "@effect/vitest"
import { Deferred, Effect, Exit, Fiber, Layer, Logger, Option, References } from "effect"
import type { SqlClient } from "effect/sql"
import { ActionRepo, BodyEnded, Stepped } from "stepped"
import { performDue, performSteppedActions, succeedOutbound } from "stepped/testing"
import { healthy, suite } from "../harness/databases.ts"
import { seen } from "../harness/notes.ts"
import { recordOf, recordsOf, slotsOf, statusesOf, stepsOf } from "../harness/observing.ts"
import { performIdle } from "../harness/performing.ts"
import { stored } from "../harness/stored.ts"
import { asking, Car, Cars, CarsLive, Flat, hold, late, outbound, scene, tow } from "./fixtures/steps.ts"

suite("steps", (engine) => {
  const test = <A, E>(name: string, scenario: () => Effect.Effect<A, E, Stepped.Services | SqlClient.SqlClient>) =>
    it.effect(
      name,
      () => Effect.provide(Effect.andThen(scenario(), healthy), CarsLive.pipe(Layer.provideMerge(engine.layer())))
    )

  test("3.1: steps run one after another, the next one when the one before has ended with its children", () =>
    Effect.gen(function*() {
      const handle = yield* (yield* Cars.client)(1).orderLater()
      yield* performSteppedActions()
      assert.deepStrictEqual(seen, ["first begins", "first ends", "second", "honk", "third", "fourth after beep"])
      assert.deepStrictEqual(yield* stepsOf(handle.id), [
        "first succeeded",
        "second succeeded",
        "3 succeeded",
        "fourth succeeded"
      ])
      const steps = yield* Effect.flatMap(ActionRepo, (repo) => repo.steps(handle.id))
      assert.deepStrictEqual(steps.map((step) => step.index), [0, 1, 2, 3])
      assert.isTrue(steps.every((step) => step.endedAt !== undefined))
      assert.strictEqual(yield* handle.await, "done")
    }))

  test("3.1: a step's row is there from its start on, and no earlier", () =>
    Effect.gen(function*() {
      const handle = yield* (yield* Cars.client)(1).growingLater()
      yield* performSteppedActions()
      assert.strictEqual(
        (yield* handle.await).join(", "),
        "one performing, |, one succeeded, two performing, |, one succeeded, two succeeded, three performing"
      )
    }))

  test("3.1: without steps, the generated step calls the actor's method with the arguments", () =>
    Effect.gen(function*() {
      const handle = yield* (yield* Cars.client)(5).driveLater(7, "why not")
      yield* performSteppedActions()
      assert.strictEqual(yield* handle.await, "5 why not 7")
      assert.deepStrictEqual(yield* stepsOf(handle.id), ["drive succeeded"])
      const failed = yield* (yield* Cars.client)(5).driveNow(-1, "why not")
      assert.deepStrictEqual(yield* stepsOf(failed.id), ["drive failed"])
      assert.include((yield* Effect.flip(failed.await)).message, "drive Car/5: backwards")
    }))

  test("3.1: with a job, the generated step enqueues it", () =>
    Effect.gen(function*() {
      const handle = yield* (yield* Cars.client)(1).towLater("the garage")
      yield* performSteppedActions()
      assert.deepStrictEqual(seen, ["job tows to the garage"])
      assert.deepStrictEqual(yield* stepsOf(handle.id), ["tow succeeded"])
      assert.strictEqual(yield* handle.await, "towed to the garage")
    }))

  test("3.1: a job and explicit steps exclude each other, by type and by definition", () =>
    Effect.sync(() => {
      // @ts-expect-error an action with a job has no `step`
      assert.throws(() => tow.step(() => Effect.void), "tow is performed by its job and cannot have steps")
    }))

  test("3.2: a body enqueues on its own actor, on another, on several; null, undefined and empty lists are skipped", () =>
    Effect.gen(function*() {
      const handle = yield* (yield* Cars.client)(1).convoyLater(9)
      yield* performSteppedActions()
      assert.deepStrictEqual(yield* handle.await, ["1 own 9", "2 one 9", "3 many 9", "4 many 9"])
      const slots = yield* Effect.flatMap(ActionRepo, (repo) => repo.slots(handle.id))
      assert.deepStrictEqual(slots.map((slot) => [slot.slot, slot.actorType, slot.actorId, slot.name, slot.status]), [
        [0, "Car", "1", "drive", "succeeded"],
        [1, "Car", "2", "drive", "succeeded"],
        [2, "Car", "3", "drive", "succeeded"],
        [3, "Car", "4", "drive", "succeeded"]
      ])
    }))

  test("3.2: nothing of what a body enqueued is there before it ends, and all of it is when it has", () =>
    Effect.gen(function*() {
      const handle = yield* (yield* Cars.client)(1).convoyLater(9)
      yield* performDue
      assert.deepStrictEqual(yield* slotsOf(handle.id), ["open", "open", "open", "open"])
      const { actions, jobs } = yield* stored
      assert.deepStrictEqual([actions, jobs], [1, 4])
      yield* performSteppedActions()
    }))

  for (const how of ["error", "defect", "interrupt", "child", "arguments", "another", "wait"]) {
    test(`3.2: a body that fails (${how}) enqueues nothing, waits for nothing and keeps no replaced arguments`, () =>
      Effect.gen(function*() {
        const handle = yield* (yield* Cars.client)(1).halfLater(how, 3)
        yield* performIdle
        const { jobs, slots } = yield* stored
        assert.deepStrictEqual([jobs, slots], [0, 0])
        assert.deepStrictEqual(seen, [`failed ${how} 3`])
        assert.deepStrictEqual((yield* recordOf(handle.id)).arguments, [how, 3])
        assert.deepStrictEqual(yield* stepsOf(handle.id), ["half failed"])
        assert.deepStrictEqual(yield* recordsOf("honk"), [])
        const error = yield* Effect.flip(handle.await)
        if (how === "error") assert.instanceOf(error, Flat)
        else assert.include(error.message, "half Car/1 › half: ")
        if (how === "another") assert.include(error.message, "a step of half calls Step.setArguments with honk")
        yield* performSteppedActions()
      }))
  }

  test("3.4: a step with nothing to wait for ends at once, and the action with it", () =>
    Effect.gen(function*() {
      yield* (yield* Cars.client)(1).honkLater(true)
      yield* performDue
      assert.deepStrictEqual(yield* statusesOf("honk"), ["succeeded"])
    }))

  test("3.4: all slots are waited for, also after one has failed", () =>
    Effect.gen(function*() {
      const handle = yield* (yield* Cars.client)(1).severalLater()
      yield* performIdle
      assert.deepStrictEqual(yield* slotsOf(handle.id), ["failed", "failed", "open", "open"])
      assert.deepStrictEqual(yield* stepsOf(handle.id), ["all performing"])
      const [one, two] = yield* recordsOf("hold")
      yield* Stepped.complete(one!.id, hold, Stepped.Outcome.succeededVoid)
      yield* performIdle
      assert.deepStrictEqual(yield* stepsOf(handle.id), ["all performing"])
      assert.strictEqual((yield* handle.status).status, "performing")
      yield* Stepped.complete(two!.id, hold, Stepped.Outcome.succeededVoid)
      yield* performIdle
      assert.deepStrictEqual(yield* slotsOf(handle.id), ["failed", "failed", "succeeded", "succeeded"])
      assert.deepStrictEqual(yield* stepsOf(handle.id), ["all failed"])
      assert.notInclude(seen, "a later step")
    }))

  for (
    const [status, outcome] of [
      ["failed", Stepped.Outcome.failed()],
      ["cancelled", Stepped.Outcome.cancelled],
      ["timed_out", Stepped.Outcome.timedOut]
    ] as const
  ) {
    test(`3.4: a step fails when a child ends as ${status}`, () =>
      Effect.gen(function*() {
        const handle = yield* (yield* Cars.client)(1).endingLater("x")
        yield* performIdle
        yield* Stepped.complete(Car.ref(1), hold, outcome)
        yield* performSteppedActions()
        assert.deepStrictEqual(yield* slotsOf(handle.id), [status])
        assert.deepStrictEqual(yield* stepsOf(handle.id), ["hold failed"])
        assert.strictEqual((yield* recordOf(handle.id)).status, "failed")
        assert.deepStrictEqual(seen, ["hold 1"])
      }))
  }

  test("3.4: a child whose callback failed has succeeded, and fails the step all the same", () =>
    Effect.gen(function*() {
      const handle = yield* (yield* Cars.client)(1).scratchingLater()
      yield* performSteppedActions()
      assert.deepStrictEqual(yield* statusesOf("scratched"), ["succeeded"])
      assert.deepStrictEqual(yield* slotsOf(handle.id), ["failed"])
      assert.deepStrictEqual(yield* stepsOf(handle.id), ["scratch failed"])
      assert.strictEqual((yield* handle.status).status, "failed")
      assert.deepStrictEqual(seen, ["scratched"])
    }))

  test("3.4: marking as failed is a mark: the body goes on, and the step fails at its end", () =>
    Effect.gen(function*() {
      const handle = yield* (yield* Cars.client)(1).markedLater(false)
      yield* performIdle
      assert.deepStrictEqual(seen, ["before the mark", "after the mark", "failed with false"])
      assert.deepStrictEqual(yield* stepsOf(handle.id), ["mark failed"])
      assert.include((yield* Effect.flip(handle.await)).message, "marked Car/1 › mark: marked as failed")
    }))

  test("3.4: what a marked step enqueued performs and is waited for, and its replaced arguments are kept", () =>
    Effect.gen(function*() {
      const handle = yield* (yield* Cars.client)(1).markedLater(true)
      yield* performIdle
      assert.deepStrictEqual(yield* slotsOf(handle.id), ["succeeded", "open"])
      assert.deepStrictEqual(yield* stepsOf(handle.id), ["mark performing"])
      yield* performSteppedActions()
      assert.deepStrictEqual(seen, ["before the mark", "after the mark", "honk", "failed with false"])
      assert.deepStrictEqual(yield* stepsOf(handle.id), ["mark failed"])
      assert.deepStrictEqual((yield* recordOf(handle.id)).arguments, [false])
    }))

  test("3.5: a failed step fails the action, an outbound one too, and later steps don't run", () =>
    Effect.gen(function*() {
      const handle = yield* (yield* Cars.client)(1).outboundNow(false)
      assert.deepStrictEqual(yield* stepsOf(handle.id), ["begin failed"])
      assert.strictEqual((yield* handle.status).status, "failed")
      assert.deepStrictEqual(seen, [])
      assert.isTrue(Option.isNone(yield* Stepped.complete(Car.ref(1), outbound, Stepped.Outcome.succeededVoid)))
    }))

  test("3.5: after its last step an action has succeeded, unless it is outbound", () =>
    Effect.gen(function*() {
      const car = (yield* Cars.client)(1)
      const [plain, open] = [yield* car.honkNow(true), yield* car.outboundNow(true)]
      assert.strictEqual((yield* plain.status).status, "succeeded")
      assert.deepStrictEqual(yield* stepsOf(open.id), ["begin succeeded", "end succeeded"])
      assert.strictEqual((yield* open.status).status, "performing")
      yield* performSteppedActions({ outbound: succeedOutbound })
      assert.strictEqual((yield* open.status).status, "succeeded")
    }))

  test("3.6: replaced arguments are stored, and seen by later steps and callbacks; the last replacement counts", () =>
    Effect.gen(function*() {
      const handle = yield* (yield* Cars.client)(1).changingLater(1, new Date(5))
      yield* performSteppedActions()
      assert.deepStrictEqual(seen, ["keep 1 5", "see 11 7", "honk", "again 12 7", "callback 12 7"])
      assert.deepStrictEqual((yield* recordOf(handle.id)).arguments, [12, "1970-01-01T00:00:00.007Z"])
    }))

  test("3.2: what is asked of Step by a fiber that outlives the body is refused, and nobody can miss it", () => {
    const lines: Array<string> = []
    const logger = Logger.make(({ fiber, logLevel, message }) => {
      const { action, actionId, step } = fiber.getRef(References.CurrentLogAnnotations)
      if (logLevel === "Error") lines.push(`${action} ${actionId} ${step}: ${String(message)}`)
    })
    return Effect.gen(function*() {
      late.length = 0
      scene.go = Deferred.makeUnsafe<void>()
      const handle = yield* (yield* Cars.client)(1).leavingNow("fibers")
      assert.strictEqual((yield* handle.status).status, "succeeded")
      yield* Deferred.succeed(scene.go, undefined)
      const exits = yield* Effect.forEach(late, Fiber.await)
      const errors = exits.map((exit) =>
        Exit.isFailure(exit) ?
          exit.cause.reasons.map((reason) => reason._tag === "Die" ? reason.defect : reason)[0] :
          undefined
      )
      for (const [i, error] of errors.entries()) {
        assert.instanceOf(error, BodyEnded)
        const { action, asked, message, step } = error
        assert.deepStrictEqual([action, step, asked], ["leaving Car/1", "leave", asking[i]![0]])
        assert.include(lines, `Car/leaving ${handle.id} leave: stepped: ${message}`)
      }
      assert.lengthOf(errors, asking.length)
      yield* performSteppedActions()
      assert.deepStrictEqual(seen, ["then"])
      assert.deepStrictEqual((yield* recordOf(handle.id)).arguments, ["fibers"])
      assert.deepStrictEqual(yield* slotsOf(handle.id), [])
    }).pipe(Effect.provide(Logger.layer([logger])))
  })

  test("3.2: a finalizer comes after the body: what it asks of Step fails the step", () =>
    Effect.gen(function*() {
      const handle = yield* (yield* Cars.client)(1).leavingNow("finalizer")
      const error = yield* Effect.flip(handle.await)
      assert.include(
        error.message,
        "leaving Car/1 › leave: BodyEnded: Step.do of honk comes after the body of leaving Car/1 › leave has ended"
      )
      yield* performSteppedActions()
      assert.deepStrictEqual(seen, [])
      assert.deepStrictEqual(yield* recordsOf("honk"), [])
    }))

  test("3.1: what a named step gave is what later steps get, null and nothing included, waited for or not", () =>
    Effect.gen(function*() {
      const handle = yield* (yield* Cars.client)(1).valuesLater()
      yield* performSteppedActions()
      assert.deepStrictEqual(yield* handle.await, [
        "nothing",
        null,
        null,
        "",
        { child: "beep", none: null, list: ["beep", null, 0, false] }
      ])
    }))
})
