/** Rules 14.1 and 14.2: how urgent an action is, when it is to start, what it is found by, and who is newer in a lane. */
import { assert, it } from "@effect/vitest"
import { DateTime, Effect, Fiber, Layer, Option, Schema } from "effect"
import { SqlClient } from "effect/sql"
import { TestClock } from "effect/testing"
import { ActionRepo, Engine, EnqueueError, type EnqueueOptions, InvalidOption, JobQueue, Stepped } from "stepped"
import { NotDrained, performDue, performSteppedActions } from "stepped/testing"
import * as ActionId from "../../src/engine/ActionId.ts"
import { healthy, suite } from "../harness/databases.ts"
import { seen } from "../harness/notes.ts"
import { recordOf, recordsOf, slotsOf, statusesOf } from "../harness/observing.ts"
import { performIdle } from "../harness/performing.ts"
import { nothing, stored } from "../harness/stored.ts"
import { Car, Cars, park, wash } from "./fixtures/options.ts"

const minute = 60_000
suite("options of an enqueueing", (engine) => {
  const test = <A, E>(name: string, scenario: () => Effect.Effect<A, E, Stepped.Services | SqlClient.SqlClient>) =>
    it.effect(
      name,
      () => Effect.provide(Effect.andThen(scenario(), healthy), Layer.provideMerge(Cars.layer, engine.layer()))
    )

  test("14.1: an id in capitals is the same id, for whoever asks by it", () =>
    Effect.scoped(Effect.gen(function*() {
      const repo = yield* ActionRepo
      const id = ActionId.make()(0).toUpperCase()
      const told: Array<string> = []
      yield* (yield* Engine).listen({ id }, { told: ({ _tag }) => void told.push(_tag) })
      yield* (yield* Cars.client)(1).with({ id }).washLater("London")
      const handle = yield* Stepped.handle(Car.ref(1), wash, id)
      yield* performSteppedActions()
      assert.strictEqual(handle.id, id.toLowerCase())
      assert.strictEqual(yield* handle.await, "London")
      assert.deepInclude(yield* handle.status, { status: "succeeded", successor: undefined })
      assert.isNotEmpty(told)
      assert.isTrue(Option.isSome(yield* repo.tree(id)))
      yield* repo.retry(id, { by: "ada" })
      assert.lengthOf(yield* repo.operations({ target: id.toLowerCase() }), 1)
      assert.lengthOf(yield* repo.operations({ target: id }), 1)
    })))

  test("14.1: of what waits the lower priority goes first, then who was enqueued first", () =>
    Effect.gen(function*() {
      const cars = yield* Cars.client
      const car = cars(1)
      yield* car.with({ priority: 100 }).washLater("last")
      yield* car.washLater("plain")
      yield* car.with({ priority: 1 }).washLater("after plain")
      yield* car.with({ priority: -100 }).washLater("first")
      yield* car.with({ priority: -1 }).washLater("before plain")
      yield* car.with({ priority: 0 }).washLater("plain as well")
      yield* cars.with({ priority: -2 }).enqueueMany(wash, [[2, "many, first"], [3, "many, second"]])
      yield* Stepped.with({ priority: -3 }).enqueue(Car.ref(4), wash, "without a client")
      yield* performSteppedActions()
      assert.deepStrictEqual(
        seen,
        [
          "first",
          "without a client",
          "many, first",
          "many, second",
          "before plain",
          "plain",
          "plain as well",
          "after plain",
          "last"
        ].map((name) => `wash ${name}`)
      )
    }))

  test("14.1: in one lane the more urgent of two that wait performs, and the other is next", () =>
    Effect.gen(function*() {
      const car = (yield* Cars.client)(1)
      yield* car.driveLater("plain")
      yield* car.with({ priority: -1 }).driveLater("urgent")
      yield* performIdle
      assert.deepStrictEqual(seen, ["drive urgent", "drive plain"])
    }))

  test("14.1: a priority, tags and a time are seen while it waits, and its tags ever after", () =>
    Effect.gen(function*() {
      const queue = yield* JobQueue
      const car = (yield* Cars.client)(1)
      const tags = ["spring \"cleaning\"", "a,b", "back\\slash", "{}", "null", "ß 🚗"]
      const handle = yield* car.with({ priority: -7 }).with({ delay: "1 minute" }).with({ tags: [...tags, "a,b"] })
        .washLater("x")
      const [queued] = yield* queue.queued()
      assert.deepStrictEqual([queued!.priority, queued!.tags, queued!.dueAt?.getTime()], [-7, tags, minute])
      const record = yield* recordOf(handle.id)
      assert.deepStrictEqual([record.status, record.priority, record.tags, record.dueAt?.getTime()], [
        "queued",
        -7,
        tags,
        minute
      ])
      const [backlog] = yield* queue.backlog
      assert.deepStrictEqual([backlog!.due, backlog!.later], [0, 1])
      yield* performSteppedActions()
      assert.deepStrictEqual((yield* recordOf(handle.id)).tags, tags)
      const plain = yield* car.washLater("y")
      assert.deepStrictEqual((yield* recordOf(plain.id)).tags, [])
      yield* performIdle
    }))

  test("14.1: tags go with an action that waits in its lane, is superseded, or is cancelled before anybody took it", () =>
    Effect.gen(function*() {
      const car = (yield* Cars.client)(1)
      const tagged = (tag: string) => car.with({ tags: [tag] })
      yield* tagged("performing").parkLater("1")
      yield* tagged("superseded").driveLater("2")
      yield* tagged("prepared").carefulLater("3")
      yield* performIdle
      const cancelled = yield* tagged("cancelled").washLater("4")
      yield* cancelled.cancel()
      yield* performSteppedActions({
        outbound: ({ id }) => Stepped.complete(id, park, Stepped.Outcome.succeeded("in"))
      })
      const repo = yield* ActionRepo
      const found = (yield* repo.list()).map(({ status, tags }) => `${tags.join()} ${status}`)
      assert.deepStrictEqual(found.sort(), [
        "cancelled cancelled",
        "performing succeeded",
        "prepared succeeded",
        "superseded superseded"
      ])
    }))

  test("14.1: what no option can be is refused, and says which, and what it takes; nothing is stored", () =>
    Effect.gen(function*() {
      const cars = yield* Cars.client
      const refused = (options: EnqueueOptions) =>
        Effect.gen(function*() {
          const calls = [
            cars(1).with(options).washLater("x"),
            cars(1).with(options).wash("x"),
            cars.with(options).enqueueMany(wash, [[1, "x"]]),
            Stepped.with(options).enqueue(Car.ref(1), wash, "x")
          ]
          const errors = yield* Effect.forEach(calls, (call) => Effect.flip(call as Effect.Effect<unknown, unknown>))
          const messages = new Set(errors.map((error) => {
            assert.instanceOf(error, EnqueueError)
            assert.instanceOf(error.reason, InvalidOption)
            assert.isFalse(error.isRetryable)
            return error.message
          }))
          assert.strictEqual(messages.size, 1)
          return [...messages][0]!
        })
      const priority = "it takes a whole number from -100, which comes first, to 100"
      for (const bad of [101, -101, 0.5, Number.NaN, Infinity]) {
        assert.strictEqual(yield* refused({ priority: bad }), `priority of wash is ${bad}: ${priority}`)
      }
      assert.include(
        yield* refused({ at: new Date(Number.NaN) }),
        "at of wash is Invalid Date: it takes a Date or a DateTime"
      )
      assert.include(yield* refused({ delay: -1 }), "delay of wash is -1: it takes a duration from 0")
      assert.include(yield* refused({ delay: Infinity }), "delay of wash is Infinity: it takes a duration")
      assert.include(
        yield* refused({ delay: 1, at: new Date(1) } as unknown as EnqueueOptions),
        "delay of wash is beside at: it takes one of both"
      )
      assert.include(
        yield* refused({ tags: Array.from({ length: 21 }, (_, n) => `${n}`) }),
        "tags of wash is 21 texts: it takes 20 at most"
      )
      for (const bad of ["", "x".repeat(101), "a\u0000b", "\ud800"]) {
        assert.include(yield* refused({ tags: ["fine", bad] }), `tags[1] of wash is ${JSON.stringify(bad)}: it takes`)
      }
      assert.deepStrictEqual(yield* stored, nothing)
    }))

  test("14.1: a delayed one starts when it is due, and its time begins then", () =>
    Effect.gen(function*() {
      const car = (yield* Cars.client)(1)
      const handle = yield* car.with({ delay: "1 hour" }).washLater("later")
      const at = yield* car.with({ at: DateTime.makeUnsafe(90 * minute) }).washLater("at")
      const past = yield* car.with({ at: new Date(-1) }).washLater("past")
      yield* performIdle
      assert.deepStrictEqual(seen, ["wash past"])
      assert.isUndefined((yield* recordOf(past.id)).dueAt)
      yield* TestClock.adjust("59 minutes")
      yield* performIdle
      assert.strictEqual((yield* handle.status).status, "queued")
      yield* performSteppedActions()
      const record = yield* recordOf(handle.id)
      assert.deepStrictEqual([record.enqueuedAt.getTime(), record.startedAt?.getTime()], [0, 60 * minute])
      assert.strictEqual((yield* recordOf(at.id)).startedAt?.getTime(), 90 * minute)
      assert.deepStrictEqual(seen, ["wash past", "wash later", "wash at"])
    }))

  test("14.1: whoever waits for a delayed one waits until it has ended", () =>
    Effect.gen(function*() {
      const car = (yield* Cars.client)(1)
      const waiting = yield* Effect.forkChild(car.with({ delay: "1 hour" }).wash("x"), { startImmediately: true })
      while ((yield* stored).jobs === 0) yield* Effect.yieldNow
      yield* performSteppedActions()
      assert.strictEqual(yield* Fiber.join(waiting), "x")
    }))

  test("14.1: due ones stand in the queue by their priorities, behind what was enqueued before they were due", () =>
    Effect.gen(function*() {
      const car = (yield* Cars.client)(1)
      yield* car.with({ delay: "2 minutes", priority: 5 }).washLater("delayed, second, not urgent")
      yield* car.with({ delay: "2 minutes" }).washLater("delayed, second")
      yield* car.with({ delay: "1 minute" }).washLater("delayed, first")
      yield* TestClock.adjust("2 minutes")
      yield* car.washLater("enqueued meanwhile")
      yield* car.with({ priority: -1 }).washLater("urgent")
      yield* performIdle
      assert.deepStrictEqual(seen, [
        "wash urgent",
        "wash enqueued meanwhile",
        "wash delayed, first",
        "wash delayed, second",
        "wash delayed, second, not urgent"
      ])
    }))

  test("14.1: a delayed one can be cancelled, and does not start then", () =>
    Effect.gen(function*() {
      const car = (yield* Cars.client)(1)
      const handle = yield* car.with({ delay: "1 hour" }).washLater("x")
      assert.isTrue(yield* handle.cancel())
      assert.isFalse(yield* handle.cancel())
      yield* performIdle
      assert.strictEqual((yield* handle.status).status, "cancelled")
      yield* TestClock.adjust("2 hours")
      yield* performIdle
      assert.deepStrictEqual(seen, [])
    }))

  test("14.1, 7.4: a drain moves the clock to what is delayed, and goes as far as it is told", () =>
    Effect.gen(function*() {
      const car = (yield* Cars.client)(1)
      yield* car.with({ delay: "1 hour" }).washLater("1")
      yield* car.with({ delay: "2 hours" }).washLater("2")
      yield* performSteppedActions({ until: "90 minutes" })
      assert.deepStrictEqual(seen, ["wash 1"])
      yield* performSteppedActions()
      assert.deepStrictEqual(seen, ["wash 1", "wash 2"])
    }))

  test("14.1: with an enqueueing's transaction a delayed one is gone", () =>
    Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      const car = (yield* Cars.client)(1)
      yield* Effect.flip(sql.withTransaction(
        Effect.andThen(car.with({ delay: "1 hour" }).washLater("x"), Effect.fail("rolled back" as const))
      ))
      yield* performSteppedActions()
      assert.deepStrictEqual([seen, yield* stored], [[], nothing])
    }))

  test("14.2: who is due later is newer: one that was enqueued first and is due now supersedes who was enqueued meanwhile", () =>
    Effect.gen(function*() {
      const car = (yield* Cars.client)(1)
      const delayed = yield* car.with({ delay: "10 minutes" }).driveLater("delayed")
      const holder = yield* car.parkLater("holder")
      const meanwhile = yield* car.driveLater("meanwhile")
      yield* performIdle
      yield* TestClock.adjust("10 minutes")
      yield* performIdle
      assert.deepStrictEqual([(yield* meanwhile.status).status, (yield* delayed.status).status], [
        "superseded",
        "pending"
      ])
      yield* Stepped.complete(holder.id, park, Stepped.Outcome.succeeded("in"))
      yield* performIdle
      assert.strictEqual(yield* meanwhile.await, "delayed")
    }))

  test("14.2: one that arrives and is older than the lane's pending one is superseded by that one, and whoever waits gets that", () =>
    Effect.gen(function*() {
      const car = (yield* Cars.client)(1)
      const holder = yield* car.parkLater("holder")
      yield* performIdle
      const older = yield* car.with({ delay: "1 minute" }).driveLater("older")
      yield* TestClock.adjust("2 minutes")
      const newer = yield* car.with({ priority: -1 }).driveLater("newer")
      yield* performIdle
      const record = yield* recordOf(older.id)
      assert.deepStrictEqual([record.status, record.supersededBy], ["superseded", newer.id])
      assert.deepStrictEqual([record.startedAt, record.endedAt?.getTime()], [undefined, 2 * minute])
      assert.strictEqual((yield* newer.status).status, "pending")
      yield* Stepped.complete(holder.id, park, Stepped.Outcome.succeeded("in"))
      yield* performIdle
      assert.deepStrictEqual([yield* older.await, yield* newer.await], ["newer", "newer"])
    }))

  test("14.2: an older root that was superseded at once keeps the newer one from being cancelled with its parent", () =>
    Effect.gen(function*() {
      const car = (yield* Cars.client)(1)
      const holder = yield* car.parkLater("holder")
      yield* performIdle
      const queue = yield* JobQueue
      const careful = { actorType: "Car", name: "careful" }
      yield* queue.pause(careful, { reason: "its elder comes later" })
      const older = yield* car.carefulLater("root")
      const parent = yield* car.tripLater()
      yield* performIdle
      yield* queue.resume(careful)
      yield* performIdle
      assert.strictEqual((yield* older.status).status, "superseded")
      yield* parent.cancel()
      yield* performIdle
      yield* Stepped.complete(holder.id, park, Stepped.Outcome.succeeded("in"))
      yield* performIdle
      assert.strictEqual(yield* older.await, "second")
    }))

  test("14.2: of two that a worker prepares the newer one is next, whichever arrives first", () =>
    Effect.gen(function*() {
      const car = (yield* Cars.client)(1)
      yield* car.parkLater("holder")
      yield* performIdle
      const first = yield* car.with({ priority: 1 }).carefulLater("first")
      const second = yield* car.with({ priority: -1 }).carefulLater("second")
      yield* performIdle
      assert.deepStrictEqual([(yield* first.status).status, (yield* second.status).status], ["superseded", "pending"])
      yield* performSteppedActions({
        outbound: ({ id }) => Stepped.complete(id, park, Stepped.Outcome.succeeded("in"))
      })
    }))

  test("14.2: a delayed one that is pending, or was prepared, is as new as its time", () =>
    Effect.gen(function*() {
      const car = (yield* Cars.client)(1)
      yield* car.parkLater("holder")
      yield* performIdle
      for (const delayed of ["driveLater", "carefulLater"] as const) {
        const newer = yield* car.with({ delay: "2 minutes", priority: -1 })[delayed]("newer")
        yield* TestClock.adjust("1 minute")
        const older = yield* car.with({ priority: 1 }).driveLater("older")
        yield* TestClock.adjust("1 minute")
        // the one that is due joins first, and then the one that was enqueued meanwhile
        yield* performIdle
        assert.deepStrictEqual([(yield* older.status).status, (yield* newer.status).status], ["superseded", "pending"])
      }
      yield* performSteppedActions({
        outbound: ({ id }) => Stepped.complete(id, park, Stepped.Outcome.succeeded("in"))
      })
    }))

  test("14.2: a delayed one that is pending is no newer than its time, however late it is seen to", () =>
    Effect.gen(function*() {
      const car = (yield* Cars.client)(1)
      yield* car.parkLater("holder")
      yield* performIdle
      for (const delayed of ["driveLater", "carefulLater"] as const) {
        const older = yield* car.with({ delay: "1 minute", priority: -1 })[delayed]("older")
        yield* TestClock.adjust("2 minutes")
        const newer = yield* car.with({ priority: 1 }).driveLater("newer")
        // it has its place in the queue only now, behind the other one, and comes first to the lane
        yield* performIdle
        assert.deepStrictEqual([(yield* older.status).status, (yield* newer.status).status], ["superseded", "pending"])
      }
      yield* performSteppedActions({
        outbound: ({ id }) => Stepped.complete(id, park, Stepped.Outcome.succeeded("in"))
      })
    }))

  test("14.2: of two that are not delayed the one that was enqueued later is newer, whatever the clocks of their processes say", () =>
    Effect.gen(function*() {
      const car = (yield* Cars.client)(1)
      yield* TestClock.setTime(minute)
      const holder = yield* car.parkLater("holder")
      yield* performIdle
      const older = yield* car.driveLater("older")
      yield* performIdle
      yield* TestClock.setTime(minute - 50)
      const newer = yield* car.driveLater("newer")
      yield* performIdle
      assert.deepStrictEqual([(yield* older.status).status, (yield* newer.status).status], ["superseded", "pending"])
      yield* Stepped.complete(holder.id, park, Stepped.Outcome.succeeded("in"))
      yield* performIdle
      assert.strictEqual(yield* older.await, "newer")
    }))

  test("14.2: of two that are due at the same time who was not delayed is newer, and of delayed ones who was enqueued later", () =>
    Effect.gen(function*() {
      const car = (yield* Cars.client)(1)
      yield* car.parkLater("holder")
      yield* performIdle
      const first = yield* car.with({ delay: minute }).driveLater("first")
      const second = yield* car.with({ delay: minute }).driveLater("second")
      yield* TestClock.adjust(minute)
      const third = yield* car.with({ priority: -1 }).driveLater("third")
      yield* performIdle
      const statuses = yield* Effect.forEach([first, second, third], (handle) => handle.status)
      assert.deepStrictEqual(statuses.map(({ status }) => status), ["superseded", "superseded", "pending"])
      yield* performSteppedActions({
        outbound: ({ id }) => Stepped.complete(id, park, Stepped.Outcome.succeeded("in"))
      })
      assert.strictEqual(yield* second.await, "third")
    }))

  test("14.2: a performing one supersedes nobody, and an older one that finds nobody pending is next", () =>
    Effect.gen(function*() {
      const car = (yield* Cars.client)(1)
      const older = yield* car.with({ delay: "1 minute" }).driveLater("older")
      yield* TestClock.adjust("2 minutes")
      const newer = yield* car.with({ priority: -1 }).parkLater("newer")
      yield* performIdle
      assert.deepStrictEqual([(yield* newer.status).status, (yield* older.status).status], ["performing", "pending"])
      yield* performSteppedActions({
        outbound: ({ id }) => Stepped.complete(id, park, Stepped.Outcome.succeeded("in"))
      })
      assert.strictEqual(yield* older.await, "older")
    }))

  test("2.9, 14.1: siblings do not wait for a delayed one, and their order is the body's, whatever their priorities", () =>
    Effect.gen(function*() {
      const car = (yield* Cars.client)(1)
      const trip = yield* car.tripLater()
      yield* performIdle
      assert.deepStrictEqual(seen, ["drive first", "drive second"])
      assert.deepStrictEqual(yield* slotsOf(trip.id), ["open", "succeeded", "succeeded"])
      const children = yield* recordsOf("drive")
      assert.deepStrictEqual(children.map(({ tags }) => tags), [[], ["urgent"]])
      yield* performSteppedActions()
      assert.deepStrictEqual(yield* trip.await, ["delayed", "first", "second"])
      assert.deepStrictEqual(yield* statusesOf("trip"), ["succeeded"])
    }))

  test("14.1: children on other actors have the options, too; what no option can be fails the step", () =>
    Effect.gen(function*() {
      const car = (yield* Cars.client)(1)
      yield* car.fleetLater()
      yield* performDue
      const queued = yield* Effect.flatMap(JobQueue, (queue) => queue.queued())
      assert.deepStrictEqual(queued.map(({ actorId, priority, tags }) => [actorId, priority, tags]), [
        ["2", 7, ["fleet"]],
        ["3", 7, ["fleet"]]
      ])
      yield* performSteppedActions()
      const error = yield* Effect.flip(
        Effect.andThen(car.mistakenLater(), (handle) => Effect.andThen(performSteppedActions(), handle.await))
      )
      assert.include(String(error), "priority of drive is 101")
    }))

  test("14.1: a child that is delayed when its parent ends is cancelled with it", () =>
    Effect.gen(function*() {
      const car = (yield* Cars.client)(1)
      const trip = yield* car.tripLater()
      yield* performIdle
      yield* trip.cancel()
      yield* performIdle
      assert.deepStrictEqual((yield* statusesOf("drive")).toSorted(), ["cancelled", "succeeded", "succeeded"])
      assert.deepStrictEqual(seen, ["drive first", "drive second"])
    }))

  test("14.1: what nobody here can perform is left where it is when it is due", () =>
    Effect.gen(function*() {
      class Boat extends Stepped.Actor<Boat>()("Boat", { id: Schema.Int }) {}
      const sail = Stepped.action("sail")
      yield* Stepped.with({ delay: "1 minute" }).enqueue(Boat.ref(1), sail)
      const error = yield* Effect.flip(performSteppedActions())
      assert.instanceOf(error, NotDrained)
      assert.deepStrictEqual(error.left, ["Boat/sail is queued 1 times, and not defined here"])
    }))
})
