/** Rule 15.8 in named lanes: who waits in one that is paused, or because of a pause of its queue or definition. */
import { assert, it } from "@effect/vitest"
import { Effect, Layer, Option } from "effect"
import type { SqlClient } from "effect/sql"
import { TestClock } from "effect/testing"
import { JobQueue, LaneBusy, LaneFull, PerformanceLane, type Stepped } from "stepped"
import { performSteppedActions, succeedOutbound } from "stepped/testing"
import { healthy, suite } from "../harness/databases.ts"
import { seen } from "../harness/notes.ts"
import { recordOf } from "../harness/observing.ts"
import { performIdle } from "../harness/performing.ts"
import { bays, calm, Cars, CarsLive, hasty, impatient, latest, lift, measured, short } from "./fixtures/namedLanes.ts"

type Handle = { readonly id: string }
const statusOf = (handle: Handle) => Effect.map(recordOf(handle.id), ({ status }) => status)
const statuses = (handles: ReadonlyArray<Handle>) => Effect.forEach(handles, statusOf)
/** Completes one, and lets perform what follows. */
const end = (handle: Handle) => Effect.andThen(Effect.flatMap(recordOf(handle.id), succeedOutbound), performIdle)
/** Ends whoever performs, until nobody is left. */
const drained = performSteppedActions({ outbound: succeedOutbound })
/** What has been seen since it was asked last. */
const news = Effect.sync(() => seen.splice(0))

suite("paused named lanes", (engine) => {
  const test = <A, E>(name: string, scenario: () => Effect.Effect<A, E, Stepped.Services | SqlClient.SqlClient>) =>
    it.effect(
      name,
      () => Effect.provide(Effect.andThen(scenario(), healthy), CarsLive.pipe(Layer.provideMerge(engine.layer())))
    )

  const why = { reason: "the pump is broken", by: "ada" }

  test("15.8: in a paused named lane who performs goes on, nobody begins, and the line goes on in its order when it is resumed", () =>
    Effect.gen(function*() {
      const service = yield* PerformanceLane
      const car = (yield* Cars.client)(1)
      const handles = yield* Effect.forEach(["a", "b", "c"], (name) => car.repairLater("north", name))
      yield* performIdle
      assert.sameMembers(yield* news, ["repair a", "repair b"])
      assert.isTrue(yield* service.pause(bays("north"), why))
      assert.isFalse(yield* service.pause(bays("north"), why))
      yield* end(handles[0]!)
      yield* end(handles[1]!)
      const last = yield* car.repairLater("north", "d")
      yield* car.repairLater("south", "x")
      yield* performIdle
      assert.deepStrictEqual(yield* news, ["repair x"])
      const lane = Option.getOrThrow(yield* service.find(bays("north")))
      assert.deepStrictEqual([lane.performing, lane.pending], [[], [handles[2]!.id, last.id]])
      assert.deepStrictEqual([lane.pause?.reason, lane.pause?.subject], [why.reason, "bays:north"])
      assert.strictEqual(Option.getOrThrow(yield* service.find(bays("south"))).pause, undefined)
      yield* TestClock.adjust("1 hour")
      yield* performIdle
      yield* healthy
      assert.deepStrictEqual(yield* news, [])
      assert.isTrue(yield* service.resume(bays("north")))
      yield* performIdle
      assert.deepStrictEqual(yield* news, ["repair c", "repair d"])
      yield* drained
    }))

  test("15.8: who waits in a named lane is held by a pause of its definition, its queue and everything, and so is who is behind it", () =>
    Effect.gen(function*() {
      const jobs = yield* JobQueue
      const car = (yield* Cars.client)(1)
      for (
        const target of ["everything", { queue: "default" }, { actorType: "Car", name: "line" }] as const
      ) {
        const first = yield* car.haulLater("x")
        yield* car.lineLater("2")
        yield* car.haulLater("y")
        yield* performIdle
        yield* jobs.pause(target, why)
        yield* end(first)
        yield* healthy
        assert.deepStrictEqual(yield* news, ["haul x"])
        yield* jobs.resume(target)
        yield* performIdle
        assert.deepStrictEqual(yield* news, ["line 2"])
        yield* drained
        assert.deepStrictEqual(yield* news, ["haul y"])
      }
    }))

  test("15.8, 15.5: an action of several lanes waits while one of them is paused, and holds up who is behind it", () =>
    Effect.gen(function*() {
      const service = yield* PerformanceLane
      const car = (yield* Cars.client)(1)
      yield* service.pause(bays("x"), why)
      yield* car.haulLater("x")
      yield* car.lineLater("2")
      yield* performIdle
      assert.deepStrictEqual(yield* news, [])
      yield* healthy
      yield* service.resume(bays("x"))
      yield* performIdle
      assert.deepStrictEqual(yield* news, ["haul x"])
      yield* drained
      assert.deepStrictEqual(yield* news, ["line 2"])
    }))

  test("15.8, 15.3: a paused lane rejects, supersedes, counts and puts off; nobody is cancelled for one that may not begin", () =>
    Effect.gen(function*() {
      const service = yield* PerformanceLane
      const car = (yield* Cars.client)(1)
      const turning = yield* car.turnLater("1")
      yield* performIdle
      yield* Effect.forEach(
        [lift(), latest(), impatient(), calm(), measured(), short()],
        (lane) => service.pause(lane, why)
      )
      const raised = yield* car.raiseLater("1")
      const renewed = yield* Effect.forEach(["1", "2"], (key) => car.renewLater(key))
      yield* car.turnLater("2")
      yield* car.saveLater("1")
      yield* car.callLater("1")
      yield* car.queueLater("1")
      const full = yield* car.queueLater("2")
      yield* performIdle
      yield* TestClock.adjust("1 minute")
      yield* performIdle
      yield* healthy
      assert.deepStrictEqual(yield* news, ["turn 1"])
      assert.instanceOf(yield* Effect.flip(raised.await), LaneBusy)
      assert.instanceOf(yield* Effect.flip(full.await), LaneFull)
      assert.deepStrictEqual(yield* statuses(renewed), ["superseded", "pending"])
      assert.strictEqual(yield* statusOf(turning), "performing")
      yield* Effect.forEach(
        [lift(), latest(), impatient(), calm(), measured(), short()],
        (lane) => service.resume(lane)
      )
      yield* performIdle
      // nobody has been cancelled for it before
      assert.sameMembers(yield* news, ["renew 2", "save 1", "call 1", "queue 1", "turn 1 cancelled", "turn 2"])
      assert.strictEqual(yield* statusOf(turning), "cancelled")
      yield* drained
    }))

  test("15.8, 15.3: for who was held by a pause in a lane that cancels one is cancelled when it is resumed, in each such lane", () =>
    Effect.gen(function*() {
      const service = yield* PerformanceLane
      const jobs = yield* JobQueue
      const car = (yield* Cars.client)(1)
      for (const target of [undefined, "everything"] as const) {
        const running = yield* car.swerveLater("1")
        const other = yield* car.hurryLater("1")
        yield* performIdle
        assert.sameMembers(yield* news, ["swerve 1", "hurry 1"])
        yield* service.pause(hasty(), why)
        yield* service.pause(impatient(), why)
        const held = yield* car.swerveLater("2")
        const next = yield* car.turnLater("3")
        const beside = yield* car.hurryLater("2")
        yield* performIdle
        if (target !== undefined) yield* jobs.pause(target, why)
        assert.deepStrictEqual(yield* statuses([running, held, next, other, beside]), [
          "performing",
          "superseded",
          "pending",
          "performing",
          "pending"
        ])
        yield* service.resume(hasty())
        yield* service.resume(impatient())
        if (target !== undefined) {
          yield* performIdle
          assert.deepStrictEqual(yield* news, [])
          yield* jobs.resume(target)
        }
        yield* performIdle
        assert.sameMembers(yield* news, ["turn 3", "hurry 2"])
        assert.deepStrictEqual(yield* statuses([running, next, other, beside]), [
          "cancelled",
          "performing",
          "cancelled",
          "performing"
        ])
        const cause = (yield* recordOf(running.id)).cause
        assert.include(cause?.message, "cancelled for a newer action in the lane impatient")
        yield* healthy
        yield* drained
        yield* news
      }
    }))
})
