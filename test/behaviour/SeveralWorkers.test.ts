/** Several workers over one layer: each of them is a worker of its own, and together they are one process. */
import { assert, beforeEach, it } from "@effect/vitest"
import { Deferred, Effect, Fiber, Layer, Option, Schema } from "effect"
import type { Scope } from "effect"
import { SqlClient } from "effect/sql"
import { TestClock } from "effect/testing"
import { Stepped } from "stepped"
import { performDue, performSteppedActions } from "stepped/testing"
import { holders, lookedAround, startBeside } from "../harness/beside.ts"
import { healthy, suite } from "../harness/databases.ts"
import { recordOf, statusesOf } from "../harness/observing.ts"
import { patienceMs } from "../patience.ts"

class Car extends Stepped.Actor<Car>()("Car", { id: Schema.Int }) {}

let begun: Array<string> = []
let interrupted: Array<string> = []
let go = Deferred.makeUnsafe<void>()
beforeEach(() => {
  begun = []
  interrupted = []
  go = Deferred.makeUnsafe()
})

/** A body that waits until the test lets all of them go. */
const waits = (what: string) =>
  Effect.suspend(() => {
    begun.push(what)
    return Deferred.await(go)
  }).pipe(Effect.onInterrupt(() => Effect.sync(() => void interrupted.push(what))))

const drive = Stepped.action("drive").step(() => waits("drive"))
const report = Stepped.action("report", { queue: "reports" }).step(() => waits("report"))
const ask = Stepped.action("ask", { queue: "reports", outbound: true })
  .step(() => waits("ask"))
  .succeeded(() => Effect.sync(() => void begun.push("answered")))
const late = Stepped.action("late", { queue: "reports", timeout: "1 minute" }).step(() => waits("late"))
const Cars = Stepped.actions(Car, [drive, report, ask, late])

const until = (what: string, isSo: () => boolean) =>
  Effect.gen(function*() {
    for (const limit = performance.now() + patienceMs * 2 / 3; !isSo();) {
      if (performance.now() > limit) return yield* Effect.die(new Error(`never happened: ${what}`))
      yield* Effect.promise(() => new Promise((resolve) => setImmediate(resolve)))
    }
  })

suite("workers over one layer", (engine) => {
  const test = <A, E>(
    name: string,
    scenario: () => Effect.Effect<A, E, Layer.Success<ReturnType<typeof engine.layer>> | Scope.Scope>
  ) =>
    it.effect(name, () =>
      Effect.andThen(scenario(), healthy).pipe(
        Effect.scoped,
        // nobody finds by polling, or by renewing, what nobody has told him of
        Effect.provide(Layer.provideMerge(Cars.layer, engine.layer({ pollInterval: "1 hour", lease: "10 minutes" })))
      ))

  test("each takes from its queues, as much as its concurrency allows", () =>
    Effect.gen(function*() {
      yield* startBeside({ name: "drivers", queues: ["default"], concurrency: 1 })
      yield* startBeside({ name: "reporters", queues: ["reports"], concurrency: 2 })
      const cars = yield* Cars.client
      // the second one comes while one worker is busy and the other one has nothing to do yet
      const driven = yield* Effect.forEach([1, 2, 3], (id) => cars(id).driveLater())
      const reported = yield* Effect.forEach([1, 2, 3], (id) => cars(id).reportLater())
      yield* until("three run", () => begun.length === 3)
      assert.deepStrictEqual(begun.toSorted(), ["drive", "report", "report"])
      const held = new Set(yield* holders)
      assert.isTrue(held.has("drivers Car/drive") && held.has("reporters Car/report"))
      assert.isFalse(held.has("drivers Car/report") || held.has("reporters Car/drive"))
      yield* Deferred.succeed(go, undefined)
      yield* Effect.forEach([...driven, ...reported], (handle) => handle.await, { discard: true })
      assert.lengthOf(begun, 6)
    }))

  test("7.3: what is performed now is held by the one that takes its queue", () =>
    Effect.gen(function*() {
      yield* startBeside({ name: "drivers", queues: ["default"] })
      yield* startBeside({ name: "reporters", queues: ["reports"] })
      const now = yield* Effect.forkChild((yield* Cars.client)(1).reportNow())
      yield* until("it runs", () => begun.length === 1)
      assert.deepStrictEqual(yield* holders, ["reporters Car/report"])
      yield* Deferred.succeed(go, undefined)
      assert.strictEqual((yield* (yield* Fiber.join(now)).status).status, "succeeded")
    }))

  test("what one that stops was running, the other one begins at once, and no attempt is burnt", () =>
    Effect.gen(function*() {
      const first = yield* lookedAround(startBeside({ name: "first" }))
      const handle = yield* (yield* Cars.client)(1).driveLater()
      yield* until("it runs", () => begun.length === 1)
      yield* lookedAround(startBeside({ name: "second" }))
      assert.deepStrictEqual(yield* holders, ["first Car/drive"])
      const { attempts } = yield* recordOf(handle.id)
      yield* first.stop
      yield* until("it runs again", () => begun.length === 2)
      assert.deepStrictEqual(interrupted, ["drive"])
      assert.deepStrictEqual(yield* holders, ["second Car/drive"])
      assert.strictEqual((yield* recordOf(handle.id)).attempts, attempts)
      yield* Deferred.succeed(go, undefined)
      yield* handle.await
    }))

  test("each that stops waits for its bodies as long as its own grace says", () =>
    Effect.gen(function*() {
      const hasty = yield* startBeside({ name: "hasty", queues: ["default"], gracePeriod: 0 })
      const patient = yield* startBeside({ name: "patient", queues: ["reports"], gracePeriod: "1 hour" })
      const cars = yield* Cars.client
      yield* cars(1).driveLater()
      const reported = yield* cars(2).reportLater()
      yield* until("both run", () => begun.length === 2)
      const stopping = yield* Effect.forkChild(patient.stop)
      yield* hasty.stop
      assert.deepStrictEqual(interrupted, ["drive"])
      assert.isUndefined(stopping.pollUnsafe())
      yield* Deferred.succeed(go, undefined)
      yield* Fiber.join(stopping)
      assert.deepStrictEqual(interrupted, ["drive"])
      assert.strictEqual((yield* reported.status).status, "succeeded")
      yield* performDue
    }))

  test("7.3: so it is with what a caller performs now when its worker stops", () =>
    Effect.gen(function*() {
      const first = yield* startBeside({ name: "first" })
      const now = yield* Effect.forkChild((yield* Cars.client)(1).driveNow())
      yield* until("it runs", () => begun.length === 1)
      yield* startBeside({ name: "second" })
      yield* first.stop
      const handle = yield* Fiber.join(now)
      yield* until("it runs again", () => begun.length === 2)
      assert.deepStrictEqual(yield* holders, ["second Car/drive"])
      yield* Deferred.succeed(go, undefined)
      yield* handle.await
    }))

  test("5.1: a body that is answered from outside ends at once, whichever of them runs it", () =>
    Effect.gen(function*() {
      yield* startBeside({ name: "drivers", queues: ["default"] })
      yield* startBeside({ name: "reporters", queues: ["reports"] })
      const handle = yield* (yield* Cars.client)(1).askLater()
      yield* until("it runs", () => begun.length === 1)
      // by its id: which of the two that concerns nobody knows
      assert.isTrue(Option.isSome(yield* Stepped.complete(handle.id, ask, Stepped.Outcome.succeeded(undefined))))
      yield* until("its body ends", () => interrupted.length === 1)
      yield* until("its callback has run", () => begun.length === 2)
      yield* handle.await
      assert.deepStrictEqual(begun, ["ask", "answered"])
    }))

  test("4.1: one that is cancelled ends too", () =>
    Effect.gen(function*() {
      yield* startBeside({ name: "drivers", queues: ["default"] })
      yield* startBeside({ name: "reporters", queues: ["reports"] })
      const handle = yield* (yield* Cars.client)(1).reportLater()
      yield* until("it runs", () => begun.length === 1)
      assert.isTrue(yield* handle.cancel())
      yield* until("its body ends", () => interrupted.length === 1)
      assert.deepStrictEqual(yield* statusesOf("report"), ["cancelled"])
    }))

  test("7.1: and one whose time is over", () =>
    Effect.gen(function*() {
      yield* startBeside({ name: "drivers", queues: ["default"] })
      yield* startBeside({ name: "reporters", queues: ["reports"] })
      yield* (yield* Cars.client)(1).lateLater()
      yield* until("it runs", () => begun.length === 1)
      yield* TestClock.adjust("1 minute")
      // whoever comes first to it, this pass or one of the two, whose clock has moved too
      yield* performDue
      yield* until("its body ends", () => interrupted.length === 1)
      assert.deepStrictEqual(yield* statusesOf("late"), ["timed_out"])
    }))

  test("a pass in the test's own fiber takes what is due, with none of them, beside them and after them", () =>
    Effect.gen(function*() {
      const car = (yield* Cars.client)(1)
      yield* Deferred.succeed(go, undefined)
      yield* car.driveLater()
      assert.isAbove(yield* performDue, 0)
      const one = yield* startBeside({ queues: ["default"] })
      const other = yield* startBeside({ queues: ["others"] })
      const handle = yield* car.reportLater()
      yield* performSteppedActions()
      yield* handle.await
      yield* Effect.andThen(one.stop, other.stop)
      yield* car.driveLater()
      assert.isAbove(yield* performDue, 0)
      assert.deepStrictEqual(yield* statusesOf("drive"), ["succeeded", "succeeded"])
    }))

  test("each has a name of its own, or the one that it is given, and leaves nothing behind", () =>
    Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      const names = Effect.map(
        sql<{ name: string }>`select name from stepped.workers order by token`,
        (rows) => rows.map(({ name }) => name)
      )
      const workers = [
        yield* startBeside({}),
        yield* startBeside({ name: "the one in the cellar" })
      ]
      workers.push(yield* startBeside({}))
      const [first, second, third, ...others] = yield* names
      assert.deepStrictEqual([second, others], ["the one in the cellar", []])
      assert.match(first!, new RegExp(`^.+:${process.pid}:[0-9a-f]{8}$`))
      assert.notStrictEqual(first, third)
      yield* Effect.forEach(workers, ({ stop }) => stop)
      assert.deepStrictEqual(yield* names, [])
      for (const name of ["", "two\nlines", "x".repeat(101)]) {
        assert.include((yield* Effect.flip(startBeside({ name }))).message, "1 to 100 characters")
      }
    }))
})
