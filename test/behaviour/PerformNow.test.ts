/** Rule 7.3: `…Now` performs in the calling fiber, as far as one worker would at once. */
import { assert, beforeEach, it } from "@effect/vitest"
import { Deferred, Effect, Fiber, Layer, Schedule, Schema } from "effect"
import { TestClock } from "effect/testing"
import { EnqueueError, JobQueue, Step, Stepped } from "stepped"
import { performDue, performSteppedActions } from "stepped/testing"
import { healthy, suite } from "../harness/databases.ts"
import { note, seen } from "../harness/notes.ts"
import { lanes, recordOf, recordsOf, statusesOf, stepsOf } from "../harness/observing.ts"
import { performIdle } from "../harness/performing.ts"

let body: Effect.Effect<void> = Effect.void
beforeEach(() => {
  body = Effect.void
})

class Car extends Stepped.Actor<Car>()("Car", { id: Schema.Int }) {}

const honk = Stepped.action("honk", { arguments: [Schema.String], success: Schema.String })
const visit = Stepped.action("visit", {
  arguments: [Schema.String],
  success: Schema.String,
  checksum: (where) => where
})
  .before((where) =>
    Effect.succeed(where === "nowhere" ? { cancel: true } : { arguments: [where.toUpperCase()] as [string] })
  )
  .step("a", (where) => Effect.as(note(`a ${where}`), `${where}!`))
  .step((where) => Effect.andThen(note(`b ${where}`), Effect.suspend(() => body)))
  .step((_, { a }) => Effect.succeed(a))
  .after((where, { status }) => note(`${where} ${status}`))
const park = Stepped.action("park")
  .step("honk", () => Step.do(honk, "child"))
  .step("next", () => note("goes on"))
const rest = Stepped.action("rest").step("pause", () => Step.wait("1 second"))
const turn = Stepped.action("turn", { arguments: [Schema.String] })
  .step((name) => Effect.andThen(note(name), Effect.suspend(() => body)))
// its own conclusion comes too late: the job, or the body, has ended the action before
const tow = Stepped.action("tow", { job: (job) => job.succeeded() })
const leaving = Stepped.action("leave")
const leave = leaving.step(() =>
  Effect.gen(function*() {
    const { cancel } = yield* Stepped.handle(Car.ref(1), leaving, (yield* Step).actionId)
    yield* cancel()
  })
)
const trip = Stepped.action("trip", { arguments: [Schema.Int] })
  .step("go", (n) => note(`go ${n}`))
  .step("return", (n) => note(`return ${n}`))

const Cars = Stepped.actions(Car, [honk, visit, park, rest, turn, tow, leave, trip])
const CarsLive = Cars.toLayer(Effect.succeed({ honk: (how) => Effect.as(note(`honk ${how}`), how) }))

suite("performing now", (engine) => {
  const test = <A, E>(
    name: string,
    scenario: () => Effect.Effect<A, E, Stepped.Services>,
    options: Stepped.EngineOptions = {}
  ) =>
    it.effect(
      name,
      () => Effect.provide(Effect.andThen(scenario(), healthy), Layer.provideMerge(CarsLive, engine.layer(options)))
    )

  test("7.3: runs hooks, all steps and callbacks before it returns, and gives the action as it then is", () =>
    Effect.gen(function*() {
      const handle = yield* (yield* Cars.client)(1).visitNow("London")
      assert.deepStrictEqual(seen, ["a LONDON", "b LONDON", "LONDON succeeded"])
      assert.deepStrictEqual(yield* handle.status, {
        id: handle.id,
        status: "succeeded",
        successor: undefined,
        unwinding: false
      })
      assert.strictEqual(yield* handle.await, "LONDON!")
      assert.deepStrictEqual(yield* stepsOf(handle.id), ["a succeeded", "2 succeeded", "3 succeeded"])
      assert.deepStrictEqual([yield* lanes, yield* performDue], [[], 0])
    }))

  test("7.3: never waits for children: they are queued, and the action is performing", () =>
    Effect.gen(function*() {
      const handle = yield* (yield* Cars.client)(1).parkNow()
      assert.deepStrictEqual([seen, (yield* handle.status).status], [[], "performing"])
      assert.deepStrictEqual(yield* recordsOf("honk"), [])
      const queued = yield* Effect.flatMap(JobQueue, (queue) => queue.queued({ limit: 10 }))
      assert.deepStrictEqual(queued.map((job) => job.name), ["honk"])
      yield* performSteppedActions()
      assert.deepStrictEqual([seen, (yield* handle.status).status], [["honk child", "goes on"], "succeeded"])
    }))

  test("7.3: nor for time", () =>
    Effect.gen(function*() {
      const handle = yield* (yield* Cars.client)(1).restNow()
      assert.strictEqual((yield* handle.status).status, "performing")
      yield* performSteppedActions()
      assert.strictEqual((yield* handle.status).status, "succeeded")
    }))

  test("7.3: in an occupied lane the action is pending, and whoever frees the lane does not perform it here", () =>
    Effect.gen(function*() {
      const car = (yield* Cars.client)(1)
      const reached = yield* Deferred.make<void>()
      const go = yield* Deferred.make<void>()
      body = Effect.andThen(Deferred.succeed(reached, undefined), Deferred.await(go))
      const first = yield* Effect.forkChild(car.turnNow("first"))
      yield* Deferred.await(reached)
      const second = yield* car.turnNow("second")
      assert.strictEqual((yield* second.status).status, "pending")
      body = Effect.void
      yield* Deferred.succeed(go, undefined)
      const handle = yield* Fiber.join(first)
      assert.deepStrictEqual([(yield* handle.status).status, (yield* second.status).status], [
        "succeeded",
        "performing"
      ])
      assert.deepStrictEqual(seen, ["first"])
      yield* healthy
      yield* performSteppedActions()
      assert.deepStrictEqual([seen, yield* statusesOf("turn")], [["first", "second"], ["succeeded", "succeeded"]])
    }))

  test("7.3: what is already achieved, cancelled by `before` or joined is answered at once", () =>
    Effect.gen(function*() {
      const car = (yield* Cars.client)(1)
      yield* car.visitNow("London")
      seen.length = 0
      const achieved = yield* car.visitNow("London")
      assert.deepStrictEqual([(yield* achieved.status).status, yield* achieved.await], ["succeeded", "LONDON!"])
      const cancelled = yield* car.visitNow("nowhere")
      assert.strictEqual((yield* cancelled.status).status, "cancelled")
      const reached = yield* Deferred.make<void>()
      const go = yield* Deferred.make<void>()
      body = Effect.andThen(Deferred.succeed(reached, undefined), Deferred.await(go))
      const live = yield* Effect.forkChild(car.visitNow("Paris"))
      yield* Deferred.await(reached)
      const joined = yield* car.visitNow("Paris")
      const { status, successor } = yield* joined.status
      yield* Deferred.succeed(go, undefined)
      assert.deepStrictEqual([status, successor], ["joined", (yield* Fiber.join(live)).id])
      assert.strictEqual(yield* joined.await, "PARIS!")
      assert.deepStrictEqual(seen, ["a PARIS", "b PARIS", "PARIS succeeded"])
      assert.lengthOf(yield* recordsOf("visit"), 2)
    }))

  test("7.3: a failure of the action is the handle's, not the call's", () =>
    Effect.gen(function*() {
      body = Effect.die(new Error("no"))
      const handle = yield* (yield* Cars.client)(1).turnNow("a")
      assert.strictEqual((yield* handle.status).status, "failed")
      assert.strictEqual((yield* Effect.flip(handle.await)).message, "turn Car/1 › 1: no")
    }))

  test("7.3: what is tried again later is performing meanwhile", () =>
    Effect.gen(function*() {
      body = Effect.die(new Error("no"))
      const handle = yield* (yield* Cars.client)(1).turnNow("a")
      assert.strictEqual((yield* handle.status).status, "performing")
      body = Effect.void
      yield* TestClock.adjust("5 seconds")
      yield* performIdle
      assert.deepStrictEqual([seen, (yield* handle.status).status], [["a", "a"], "succeeded"])
    }), { handledDefects: () => false, retry: Schedule.spaced("5 seconds") })

  test("7.3: nobody else performs it meanwhile", () =>
    Effect.gen(function*() {
      const car = (yield* Cars.client)(1)
      const reached = yield* Deferred.make<void>()
      const go = yield* Deferred.make<void>()
      body = Effect.andThen(Deferred.succeed(reached, undefined), Deferred.await(go))
      const fiber = yield* Effect.forkChild(car.turnNow("a"))
      yield* Deferred.await(reached)
      assert.strictEqual(yield* performDue, 0)
      yield* Deferred.succeed(go, undefined)
      yield* Fiber.join(fiber)
      assert.deepStrictEqual([seen, yield* statusesOf("turn")], [["a"], ["succeeded"]])
    }))

  test("7.3: interrupting the call interrupts the body and leaves the action to others, with all its attempts", () =>
    Effect.gen(function*() {
      const car = (yield* Cars.client)(1)
      const reached = yield* Deferred.make<void>()
      body = Effect.onInterrupt(
        Effect.andThen(Deferred.succeed(reached, undefined), Effect.never),
        () => note("interrupted")
      )
      const fiber = yield* Effect.forkChild(car.turnNow("a"))
      yield* Deferred.await(reached)
      yield* Fiber.interrupt(fiber)
      const [record] = yield* recordsOf("turn")
      assert.deepStrictEqual([record!.status, record!.attempts], ["performing", 0])
      yield* healthy
      body = Effect.void
      yield* performSteppedActions()
      assert.deepStrictEqual([seen, yield* statusesOf("turn")], [["a", "interrupted", "a"], ["succeeded"]])
      assert.strictEqual((yield* recordOf(record!.id)).attempts, 1)
    }))

  test("7.3: what is performed now is in hand whatever was performed before it: done at once, and once", () =>
    Effect.gen(function*() {
      const car = (yield* Cars.client)(1)
      const statuses: Array<string> = []
      for (let n = 0; n < 40; n++) {
        yield* n % 2 === 0 ? car.towNow() : car.leaveNow()
        const handle = yield* car.tripNow(n)
        statuses.push((yield* handle.status).status)
      }
      assert.deepStrictEqual(statuses, Array.from({ length: 40 }, () => "succeeded"))
      assert.deepStrictEqual(seen, Array.from({ length: 40 }, (_, n) => [`go ${n}`, `return ${n}`]).flat())
      assert.deepStrictEqual(
        [new Set(yield* statusesOf("tow")), new Set(yield* statusesOf("leave"))],
        [new Set(["succeeded"]), new Set(["cancelled"])]
      )
      assert.strictEqual(yield* performDue, 0)
    }))

  test("7.3: nothing is performed when the arguments do not fit", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip((yield* Cars.client)(1).turnNow(5 as unknown as string))
      assert.instanceOf(error, EnqueueError)
      assert.strictEqual(error.reason._tag, "InvalidArguments")
      assert.deepStrictEqual([seen, yield* recordsOf("turn"), yield* performDue], [[], [], 0])
    }))
})
