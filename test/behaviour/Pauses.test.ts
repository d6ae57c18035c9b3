/** Rule 15.8: what is not begun for the time being, what goes on meanwhile, and how it is seen. */
import { assert, it } from "@effect/vitest"
import { ConfigProvider, Effect, Layer, Option } from "effect"
import { SqlClient } from "effect/sql"
import { TestClock } from "effect/testing"
import { AchievementStore, ActionRepo, InvalidQuery, JobQueue, PerformanceLane, Stepped } from "stepped"
import { NotDrained, performDue, performSteppedActions } from "stepped/testing"
import { healthy, suite } from "../harness/databases.ts"
import { seen } from "../harness/notes.ts"
import { recordOf, statusesOf } from "../harness/observing.ts"
import { performIdle } from "../harness/performing.ts"
import { Car, Cars, crane, hoist, park, Vans } from "./fixtures/pauses.ts"

const why = { reason: "the pump is broken", by: "ada" }
const lanes = {
  pause: (key: string) => Effect.flatMap(PerformanceLane, (service) => service.pause(key, why)),
  resume: (key: string) => Effect.flatMap(PerformanceLane, (service) => service.resume(key)),
  find: (key: string) => Effect.flatMap(PerformanceLane, (service) => service.find(key))
}
const complete = (id: string) => Stepped.complete(id, park, Stepped.Outcome.succeeded("in"))

suite("pauses", (engine) => {
  const test = <A, E>(name: string, scenario: () => Effect.Effect<A, E, Stepped.Services | SqlClient.SqlClient>) =>
    it.effect(
      name,
      () => Effect.provide(Effect.andThen(scenario(), healthy), Layer.provideMerge(Cars.layer, engine.layer()))
    )

  for (
    const [what, target, kind, subject] of [
      ["everything", "everything", "everything", ""],
      ["a queue", { queue: "default" }, "queue", "default"],
      ["a definition", { actorType: "Car", name: "wash" }, "definition", "Car/wash"]
    ] as const
  ) {
    test(`15.8: while ${what} is paused nothing new begins of it, and all of it when that is resumed, in its order`, () =>
      Effect.gen(function*() {
        const queue = yield* JobQueue
        const car = (yield* Cars.client)(1)
        yield* car.washLater("before")
        assert.isTrue(yield* queue.pause(target, why))
        yield* car.washLater("meanwhile")
        yield* car.with({ priority: -1 }).washLater("urgent")
        yield* car.with({ delay: "1 minute" }).washLater("delayed")
        yield* performIdle
        yield* TestClock.adjust("2 minutes")
        yield* performIdle
        assert.deepStrictEqual(seen, [])
        const [backlog] = yield* queue.backlog
        assert.deepStrictEqual([backlog!.due + backlog!.paused, backlog!.later], [4, 0])
        const { pause } = (yield* queue.queued())[0]!
        assert.deepStrictEqual({ ...pause, since: undefined }, { kind, subject, ...why, since: undefined })
        assert.deepStrictEqual(backlog!.pause, pause)
        assert.isBelow(Math.abs(pause!.since.getTime() - Date.now()), 600_000)
        const error = yield* Effect.flip(performSteppedActions())
        assert.instanceOf(error, NotDrained)
        assert.deepStrictEqual(error.left, ["Car/wash is queued 4 times, paused by ada: the pump is broken"])
        assert.isTrue(yield* queue.resume(target))
        yield* performIdle
        assert.deepStrictEqual(seen, ["urgent", "before", "meanwhile", "delayed"].map((name) => `wash ${name}`))
        assert.deepStrictEqual(yield* queue.backlog, [])
      }))
  }

  test("15.8: what is not paused goes on beside it, and so does what has begun", () =>
    Effect.gen(function*() {
      const queue = yield* JobQueue
      const car = (yield* Cars.client)(1)
      const trip = yield* car.tripLater()
      const holder = yield* car.parkLater("1")
      yield* performIdle
      yield* queue.pause({ queue: "default" }, why)
      yield* car.washLater("x")
      yield* car.reportLater()
      yield* TestClock.adjust("1 minute")
      yield* performIdle
      // the step goes on, and its child waits
      assert.deepStrictEqual(seen, ["trip", "park 1", "report"])
      assert.deepStrictEqual((yield* queue.queued()).map(({ name }) => name), ["wash", "drive"])
      yield* complete(holder.id)
      yield* performIdle
      assert.deepStrictEqual(seen, ["trip", "park 1", "report", "park 1 succeeded"])
      yield* queue.resume({ queue: "default" })
      yield* performIdle
      assert.strictEqual(yield* trip.await, "of the trip")
    }))

  test("15.8: what waits because of a pause can be cancelled, and ends although it is paused", () =>
    Effect.gen(function*() {
      const queue = yield* JobQueue
      const car = (yield* Cars.client)(1)
      yield* queue.pause("everything", why)
      yield* lanes.pause("street")
      const queued = yield* car.washLater("x")
      yield* performIdle
      assert.isTrue(yield* queued.cancel())
      yield* performIdle
      assert.strictEqual((yield* queued.status).status, "cancelled")
      yield* queue.resume("everything")
      const first = yield* car.parkLater("first")
      const second = yield* car.driveLater("second")
      yield* performIdle
      assert.deepStrictEqual([(yield* first.status).status, (yield* second.status).status], ["superseded", "pending"])
      assert.isTrue(yield* second.cancel())
      const third = yield* car.parkLater("third")
      yield* performIdle
      assert.isTrue(yield* third.cancel())
      yield* performIdle
      assert.deepStrictEqual(yield* lanes.find("street"), Option.none())
      assert.deepStrictEqual(seen, ["park third cancelled"])
      yield* lanes.resume("street")
    }))

  for (
    const [when, target, isFirst] of [
      ["before it is over", { queue: "polish" }, true],
      ["after that", { queue: "polish" }, false],
      ["with everything", "everything", false]
    ] as const
  ) {
    test(`15.8, 4.6: children whose parent is over end although their queue is paused: ${when}`, () =>
      Effect.gen(function*() {
        const queue = yield* JobQueue
        if (isFirst) yield* queue.pause(target, why)
        const convoy = yield* (yield* Cars.client)(1).convoyLater()
        yield* performIdle
        assert.isTrue(yield* convoy.cancel())
        // nobody here has their definitions
        yield* performIdle
        if (!isFirst) yield* queue.pause(target, why)
        yield* Effect.provide(performSteppedActions(), Vans.layer)
        assert.deepStrictEqual([yield* statusesOf("polish"), yield* statusesOf("shine")], [["cancelled"], [
          "cancelled"
        ]])
        assert.deepStrictEqual(seen, [])
      }))
  }

  test("15.8: a cancelled one leaves a paused lane at once, while its callbacks run, to whoever comes next", () =>
    Effect.gen(function*() {
      const car = (yield* Cars.client)(1)
      yield* lanes.pause("street")
      const first = yield* car.parkLater("first")
      yield* performIdle
      assert.isTrue(yield* first.cancel())
      assert.deepStrictEqual(yield* lanes.find("street"), Option.none())
      const second = yield* car.driveLater("second")
      yield* performIdle
      assert.deepStrictEqual([(yield* first.status).status, (yield* second.status).status], ["cancelled", "pending"])
      yield* lanes.resume("street")
      yield* performIdle
      assert.deepStrictEqual(seen, ["park first cancelled", "drive second"])
    }))

  test("15.8: what a caller performs now waits, too", () =>
    Effect.gen(function*() {
      const queue = yield* JobQueue
      const car = (yield* Cars.client)(1)
      yield* queue.pause({ actorType: "Car", name: "wash" }, why)
      const handle = yield* car.washNow("x")
      assert.deepStrictEqual([seen, (yield* handle.status).status], [[], "queued"])
      yield* queue.resume({ actorType: "Car", name: "wash" })
      yield* performIdle
      assert.deepStrictEqual([seen, (yield* handle.status).status], [["wash x"], "succeeded"])
    }))

  test("15.8: in a paused lane that is free the first one waits, is superseded by the next, and performs when it is resumed", () =>
    Effect.gen(function*() {
      const car = (yield* Cars.client)(1)
      assert.isTrue(yield* lanes.pause("street"))
      const first = yield* car.driveLater("first")
      yield* performIdle
      const lane = Option.getOrThrow(yield* lanes.find("street"))
      assert.deepStrictEqual({ ...lane, pause: lane.pause?.reason }, {
        name: undefined,
        key: "street",
        limit: 1,
        performing: [],
        pending: [first.id],
        waiting: 1,
        dueAt: undefined,
        pause: why.reason
      })
      const { startedAt, status, timeoutAt } = yield* recordOf(first.id)
      assert.deepStrictEqual([status, startedAt, timeoutAt], ["pending", undefined, undefined])
      const second = yield* car.driveLater("second")
      const third = yield* car.driveLater("third")
      yield* performIdle
      assert.deepStrictEqual(yield* statusesOf("drive"), ["superseded", "superseded", "pending"])
      // not even its time runs
      yield* TestClock.adjust("1 hour")
      yield* performIdle
      assert.deepStrictEqual(seen, [])
      assert.isTrue(yield* lanes.resume("street"))
      yield* performIdle
      assert.deepStrictEqual(seen, ["drive third"])
      assert.deepStrictEqual([yield* first.await, yield* second.await], ["third", "third"])
      assert.strictEqual((yield* recordOf(third.id)).startedAt?.getTime(), 3_600_000)
    }))

  test("15.8, 14.2: the first one in a paused lane is as new as it was enqueued, or due", () =>
    Effect.gen(function*() {
      const car = (yield* Cars.client)(1)
      yield* lanes.pause("street")
      const older = yield* car.with({ priority: 1 }).driveLater("older")
      const newer = yield* car.with({ priority: -1 }).driveLater("newer")
      yield* performIdle
      assert.deepStrictEqual([(yield* older.status).status, (yield* newer.status).status], ["superseded", "pending"])
      yield* newer.cancel()
      const delayed = yield* car.with({ delay: "2 minutes", priority: -1 }).driveLater("delayed")
      yield* TestClock.adjust("1 minute")
      const meanwhile = yield* car.with({ priority: 1 }).driveLater("meanwhile")
      yield* TestClock.adjust("1 minute")
      yield* performIdle
      assert.deepStrictEqual([(yield* meanwhile.status).status, (yield* delayed.status).status], [
        "superseded",
        "pending"
      ])
      yield* lanes.resume("street")
      yield* performIdle
      assert.strictEqual(yield* meanwhile.await, "delayed")
    }))

  test("15.8: who performs in a lane that is paused goes on to its end; who is next waits then", () =>
    Effect.gen(function*() {
      const car = (yield* Cars.client)(1)
      const holder = yield* car.parkLater("holder")
      const next = yield* car.driveLater("next")
      yield* performIdle
      yield* lanes.pause("street")
      yield* complete(holder.id)
      yield* performIdle
      assert.deepStrictEqual(seen, ["park holder", "park holder succeeded"])
      assert.strictEqual((yield* next.status).status, "pending")
      const newer = yield* car.driveLater("newer")
      yield* performIdle
      assert.strictEqual((yield* next.status).status, "superseded")
      yield* lanes.resume("street")
      yield* performIdle
      assert.strictEqual(yield* newer.await, "newer")
    }))

  test("15.8, 2.5 b: in a paused lane one with the same checksum joins the one that waits, and achievements count", () =>
    Effect.gen(function*() {
      const car = (yield* Cars.client)(1)
      const achievements = yield* AchievementStore
      yield* car.paintLater("red")
      yield* performIdle
      yield* lanes.pause("paint")
      const again = yield* car.paintLater("red")
      const blue = yield* car.paintLater("blue")
      const same = yield* car.paintLater("blue")
      yield* performIdle
      assert.strictEqual(yield* again.await, "red")
      assert.deepStrictEqual([(yield* blue.status).status, (yield* same.status).status], ["pending", "joined"])
      // erased when it performs, and not before
      assert.isTrue(Option.isSome(yield* achievements.find(["Car", 1, "paint"])))
      yield* lanes.resume("paint")
      yield* performIdle
      assert.deepStrictEqual([seen, yield* same.await], [["paint red", "paint blue"], "blue"])
    }))

  test("15.8: what is next in its lane does not begin while its definition is paused", () =>
    Effect.gen(function*() {
      const queue = yield* JobQueue
      const car = (yield* Cars.client)(1)
      const holder = yield* car.parkLater("holder")
      const next = yield* car.driveLater("next")
      yield* performIdle
      yield* queue.pause({ actorType: "Car", name: "drive" }, why)
      yield* complete(holder.id)
      yield* performIdle
      assert.strictEqual((yield* next.status).status, "pending")
      yield* queue.resume({ actorType: "Car", name: "drive" })
      yield* performIdle
      assert.strictEqual(yield* next.await, "next")
    }))

  test("15.8: what two pauses hold goes on when both are resumed", () =>
    Effect.gen(function*() {
      const queue = yield* JobQueue
      const car = (yield* Cars.client)(1)
      yield* queue.pause({ actorType: "Car", name: "drive" }, why)
      yield* queue.pause({ queue: "default" }, why)
      yield* lanes.pause("street")
      yield* car.driveLater("x")
      for (
        const resume of [
          queue.resume({ queue: "default" }),
          queue.resume({ actorType: "Car", name: "drive" }),
          lanes.resume("street")
        ]
      ) {
        yield* performIdle
        assert.deepStrictEqual(seen, [])
        assert.isTrue(yield* resume)
      }
      yield* performIdle
      assert.deepStrictEqual(seen, ["drive x"])
    }))

  test("15.8: pausing twice keeps the first reason, resuming twice does nothing; with a transaction that is rolled back neither has happened", () =>
    Effect.gen(function*() {
      const queue = yield* JobQueue
      const sql = yield* SqlClient.SqlClient
      assert.isTrue(yield* queue.pause("everything", why))
      assert.isFalse(yield* queue.pause("everything", { reason: "another" }))
      yield* Effect.ignore(sql.withTransaction(Effect.andThen(queue.resume("everything"), Effect.fail("rolled back"))))
      yield* lanes.pause("a")
      const pauses = yield* queue.pauses
      assert.deepStrictEqual(pauses.map(({ by, kind, reason, subject }) => [kind, subject, by, reason]), [
        ["everything", "", "ada", why.reason],
        ["lane", "a", "ada", why.reason]
      ])
      assert.deepStrictEqual([yield* queue.resume("everything"), yield* queue.resume("everything")], [true, false])
      assert.deepStrictEqual([yield* lanes.resume("a"), yield* lanes.resume("a")], [true, false])
      yield* queue.pause({ queue: "q" }, { reason: "nobody says who" })
      assert.match((yield* queue.pauses)[0]!.by, /@/)
      yield* queue.resume({ queue: "q" })
    }))

  test("15.8: the record of what waits because of a pause says which one, and that of what has begun none", () =>
    Effect.gen(function*() {
      const queue = yield* JobQueue
      const car = (yield* Cars.client)(1)
      const subjects = (...handles: ReadonlyArray<{ readonly id: string }>) =>
        Effect.forEach(
          handles,
          ({ id }) => Effect.map(recordOf(id), ({ pause, status }) => [status, pause?.kind, pause?.subject])
        )
      const holder = yield* car.parkLater("holder")
      const crowd = [yield* car.hoistLater("1"), yield* car.hoistLater("2"), yield* car.hoistLater("3")] as const
      yield* performIdle
      const next = yield* car.driveLater("next")
      yield* performIdle
      assert.deepStrictEqual(yield* subjects(next), [["pending", undefined, undefined]])
      yield* lanes.pause("street")
      yield* Effect.flatMap(PerformanceLane, (service) => service.pause(crane(), why))
      yield* queue.pause({ actorType: "Car", name: "wash" }, why)
      const queued = yield* car.washLater("x")
      const cancelled = yield* car.washLater("y")
      yield* cancelled.cancel()
      assert.deepStrictEqual(yield* subjects(holder, next, ...crowd, queued, cancelled), [
        ["performing", undefined, undefined],
        ["pending", "lane", "street"],
        ["performing", undefined, undefined],
        ["performing", undefined, undefined],
        ["pending", "lane", "crane:"],
        ["queued", "definition", "Car/wash"],
        ["queued", undefined, undefined]
      ])
      const { pause } = yield* recordOf(next.id)
      assert.deepStrictEqual({ ...pause, since: undefined }, {
        kind: "lane",
        subject: "street",
        ...why,
        since: undefined
      })
      assert.isBelow(Math.abs(pause!.since.getTime() - Date.now()), 600_000)
      const tree = yield* Effect.flatMap(ActionRepo, (repo) => repo.tree(next.id))
      assert.deepStrictEqual(Option.getOrThrow(tree).action.pause, pause)
      yield* complete(holder.id)
      yield* performIdle
      const error = yield* Effect.flip(performSteppedActions())
      assert.instanceOf(error, NotDrained)
      assert.include(error.left, "drive Car/1(\"next\") is pending, paused by ada: the pump is broken")
      yield* lanes.resume("street")
      yield* Effect.flatMap(PerformanceLane, (service) => service.resume(crane()))
      yield* queue.resume({ actorType: "Car", name: "wash" })
      yield* performSteppedActions({
        outbound: ({ id }) => Stepped.complete(id, hoist, Stepped.Outcome.succeeded("up"))
      })
      assert.strictEqual((yield* recordOf(next.id)).pause, undefined)
    }))

  test("15.8: what cannot be paused, or without a reason, is refused", () =>
    Effect.gen(function*() {
      const queue = yield* JobQueue
      const service = yield* PerformanceLane
      const refused = (effect: Effect.Effect<unknown, unknown>) =>
        Effect.map(Effect.flip(effect), (error) => {
          assert.instanceOf(error, InvalidQuery)
          return error.message
        })
      assert.match(
        yield* refused(queue.pause("everything", { reason: " " })),
        /^reason of JobQueue.pause is " ": it takes/
      )
      assert.match(
        yield* refused(queue.pause({ queue: "" }, why)),
        /^target of JobQueue.pause is "": it takes "everything"/
      )
      assert.match(yield* refused(service.pause([], why)), /^key of PerformanceLane.pause is "": it takes what a key/)
      assert.match(yield* refused(service.pause("x".repeat(1001), why)), /of 1 to 1000 bytes/)
      assert.match(yield* refused(service.pause("x", { ...why, by: "\u0000" })), /^by of PerformanceLane.pause is/)
      assert.deepStrictEqual(yield* queue.pauses, [])
    }))

  test("15.8: a sibling waits for an elder one that is paused, and both keep their order", () =>
    Effect.gen(function*() {
      const queue = yield* JobQueue
      yield* queue.pause({ actorType: "Car", name: "park" }, why)
      const car = (yield* Cars.client)(1)
      yield* car.parkLater("1")
      yield* car.driveLater("2")
      yield* performIdle
      // no siblings: who is not paused goes on
      assert.deepStrictEqual(seen, ["drive 2"])
      yield* queue.resume({ actorType: "Car", name: "park" })
      assert.isAbove(yield* performDue, 0)
      yield* performSteppedActions({ outbound: ({ id }) => complete(id) })
      assert.deepStrictEqual(seen, ["drive 2", "park 1", "park 1 succeeded"])
    }))

  test("15.8: STEPPED_PAUSED starts a worker that performs nothing", () =>
    Effect.gen(function*() {
      yield* Effect.scoped(Effect.gen(function*() {
        yield* Layer.build(Stepped.worker())
        yield* Stepped.enqueue(Car.ref(1), park, "x")
        const sql = yield* SqlClient.SqlClient
        const workers = yield* sql`select 1 from stepped.workers`
        assert.deepStrictEqual(workers, [])
      })).pipe(
        Effect.provideService(ConfigProvider.ConfigProvider, ConfigProvider.fromUnknown({ STEPPED_PAUSED: "1" }))
      )
      const error = yield* Effect.flip(Effect.scoped(Layer.build(Stepped.worker()))).pipe(
        Effect.provideService(ConfigProvider.ConfigProvider, ConfigProvider.fromUnknown({ STEPPED_PAUSED: "maybe" }))
      )
      assert.include(error.message, "STEPPED_PAUSED is neither true nor false")
      assert.deepStrictEqual(seen, [])
    }))
})
