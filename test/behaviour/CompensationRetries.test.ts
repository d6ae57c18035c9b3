/** Rule 10.2: a compensation that has a `retry` and a `timeout` of its own, and what can be read of its attempts. */
import { assert, it } from "@effect/vitest"
import { Deferred, Duration, Effect, Fiber, Layer, Schedule } from "effect"
import { SqlClient } from "effect/sql"
import { TestClock } from "effect/testing"
import { ActionRepo, Stepped } from "stepped"
import { performSteppedActions } from "stepped/testing"
import { healthy, suite } from "../harness/databases.ts"
import { seen } from "../harness/notes.ts"
import { recordOf, recordsOf, slotsOf, stepsOf } from "../harness/observing.ts"
import { performIdle } from "../harness/performing.ts"
import { ask, client, Closed, Gone, Room, RoomsLive, scene } from "./fixtures/retriedUndoing.ts"

const undoing = (id: string) =>
  Effect.map(
    Effect.flatMap(ActionRepo, (repo) => repo.steps(id)),
    (steps) => steps.filter(({ kind }) => kind === "compensation")
  )

suite("compensations that try again", (engine) => {
  const test = <E>(
    name: string,
    scenario: Effect.Effect<unknown, E, Stepped.Services | SqlClient.SqlClient>,
    options: Stepped.EngineOptions = {}
  ) =>
    it.effect(
      name,
      () => Effect.provide(Effect.andThen(scenario, healthy), Layer.provideMerge(RoomsLive, engine.layer(options)))
    )

  test(
    "10.2: it begins again as its own policy says, not as its step's; each attempt can be read, and one that runs between",
    Effect.gen(function*() {
      scene.leave = (attempt) =>
        attempt < 7 ? Effect.fail(new Closed({ retryAfter: Duration.millis(attempt) })) : Effect.void
      const handle = yield* (yield* client)(1).stayLater()
      yield* performIdle
      const [between] = yield* undoing(handle.id)
      assert.deepInclude(between, { name: "book", status: "performing", attemptNumber: 2, endedAt: undefined })
      assert.strictEqual(
        between!.attempts[0]!.nextAt!.getTime() - between!.attempts[0]!.endedAt!.getTime(),
        60_000
      )
      assert.isTrue((yield* recordOf(handle.id)).unwinding)
      yield* performSteppedActions()
      assert.lengthOf(seen, 9)
      assert.deepStrictEqual(seen.slice(0, 2), ["attempt 1 of 12", "attempt 2 of 12 after Closed"])
      assert.deepStrictEqual(seen.slice(7), ["leaves", "over"])
      const [book, enter] = yield* undoing(handle.id)
      assert.deepInclude(book, { status: "succeeded", undoes: 1, attemptNumber: 7 })
      assert.deepStrictEqual(book!.attempts.map(({ number }) => number), [1, 2, 3, 4, 5, 6, 7])
      assert.deepInclude(enter, { status: "succeeded", undoes: 0, attemptNumber: 1, attempts: [] })
    })
  )

  test(
    "10.2: where its policy has no further attempt, it has failed for good",
    Effect.gen(function*() {
      scene.leave = (attempt) =>
        attempt < 3 ? Effect.fail(new Closed({ retryAfter: Duration.zero })) : Effect.fail(new Gone())
      const handle = yield* (yield* client)(1).stayLater()
      yield* performSteppedActions()
      assert.deepStrictEqual(seen.slice(3), ["leaves", "over, book"])
      assert.deepStrictEqual((yield* recordOf(handle.id)).cause?.notUndone, [{
        step: "book",
        index: 1,
        message: "Gone"
      }])
      assert.deepInclude((yield* undoing(handle.id))[0], { status: "failed", attemptNumber: 3 })
    })
  )

  test(
    "10.2, 9.2: a schedule that never ends has an end here, too, and then the step is not undone",
    Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      scene.leave = () => Effect.fail(new Gone())
      const handle = yield* (yield* client)(1).roamLater()
      yield* performIdle
      yield* sql`update stepped.live_actions set step_attempts = jsonb_set(step_attempts, '{counts}', '{"": 9999}')`
      for (let again = 0; again < 2; again++) yield* Effect.andThen(TestClock.adjust("1 minute"), performIdle)
      assert.deepStrictEqual(seen, ["leaves"])
      const { cause, status } = yield* recordOf(handle.id)
      assert.deepStrictEqual([status, cause?.notUndone], ["failed", [{ step: "guess", index: 1, message: "Gone" }]])
    })
  )

  test(
    "10.2, 9.2: a delay that is none fails what undoes the step for good, with both reasons; the others are undone, and it can be run again",
    Effect.gen(function*() {
      for (const delay of [Infinity, -1]) {
        seen.length = 0
        scene.leave = () => Effect.fail(new Gone())
        scene.delay = delay
        const handle = yield* (yield* client)(1).roamLater()
        yield* performSteppedActions()
        const { cause, status } = yield* recordOf(handle.id)
        assert.deepStrictEqual([status, cause?.notUndone?.length, seen], ["failed", 1, ["leaves"]])
        const { message, step } = cause!.notUndone![0]!
        assert.deepStrictEqual([step, message.includes("after the step had: Gone")], ["guess", true])
        assert.include(message, "delay of retry of roam Room/1 › compensation of guess")
        scene.leave = () => Effect.void
        assert.deepInclude(yield* Effect.flatMap(ActionRepo, (repo) => repo.compensateAgain(handle.id)), {
          steps: ["guess"]
        })
        yield* performSteppedActions()
        assert.deepStrictEqual((yield* recordOf(handle.id)).unwound, {})
      }
    })
  )

  test(
    "10.2: the engine's own tries are counted apart, and are the same attempt",
    Effect.gen(function*() {
      let died = 0
      scene.leave = (attempt) => attempt === 1 && died++ < 3 ? Effect.die("dead") : Effect.void
      const handle = yield* (yield* client)(1).stayLater()
      yield* performSteppedActions()
      assert.deepStrictEqual(seen.slice(0, 4), [
        "attempt 1 of 12",
        "attempt 1 of 12 after dead",
        "attempt 1 of 12 after dead",
        "attempt 1 of 12 after dead"
      ])
      assert.deepInclude((yield* undoing(handle.id))[0], { status: "succeeded", attemptNumber: 1 })
    }),
    { handledDefects: () => false }
  )

  test(
    "10.2, 9.4: its time counts from the start of each attempt; a body is interrupted then",
    Effect.gen(function*() {
      scene.leave = (attempt) =>
        attempt === 1 ? Effect.andThen(TestClock.adjust("10 minutes"), Effect.never) : Effect.void
      const handle = yield* (yield* client)(1).stayLater()
      yield* performSteppedActions()
      assert.deepStrictEqual(seen, [
        "attempt 1 of 12",
        "attempt 2 of 12 after timed out after 600000 ms",
        "leaves",
        "over"
      ])
      assert.deepStrictEqual(yield* stepsOf(handle.id), [
        "enter succeeded",
        "book succeeded",
        "fail failed",
        "book succeeded",
        "enter succeeded"
      ])
    })
  )

  test(
    "10.2, 9.1: of its children those that have succeeded are not performed again",
    Effect.gen(function*() {
      let tries = 0
      scene.unclean = Effect.suspend(() => ++tries < 3 ? Effect.die("dirty") : Effect.void)
      const handle = yield* (yield* client)(1).tidyLater()
      yield* performSteppedActions()
      assert.deepStrictEqual(seen.toSorted(), ["uncleans 1", "uncleans 2", "uncleans 2", "uncleans 2"])
      const [clean] = yield* undoing(handle.id)
      assert.deepInclude(clean, { status: "succeeded", undoes: 0, attemptNumber: 3 })
      assert.lengthOf(yield* recordsOf("unclean"), 4)
      assert.strictEqual((yield* recordOf(handle.id)).cause?.notUndone, undefined)
    })
  )

  test(
    "10.2, 9.1: where all that it asks for has succeeded before, it goes on at once",
    Effect.gen(function*() {
      scene.unclean = Effect.die("dirty")
      const handle = yield* (yield* client)(1).easierLater()
      yield* performSteppedActions()
      assert.deepStrictEqual(seen.toSorted(), ["uncleans 1", "uncleans 2"])
      assert.deepInclude((yield* undoing(handle.id))[0], { status: "succeeded", undoes: 0, attemptNumber: 2 })
      assert.strictEqual((yield* recordOf(handle.id)).cause?.notUndone, undefined)
    })
  )

  test(
    "10.2, 9.1: nor where it is tried again on the engine's schedule",
    Effect.gen(function*() {
      let tries = 0
      scene.unclean = Effect.suspend(() => ++tries < 3 ? Effect.die("dirty") : Effect.void)
      const handle = yield* (yield* client)(1).plainLater()
      yield* performSteppedActions()
      assert.deepStrictEqual(
        seen.toSorted(),
        ["uncleans 1", "uncleans 2", "uncleans 2", "uncleans 2", "uncleans 4"]
      )
      assert.deepInclude((yield* undoing(handle.id))[0], { status: "succeeded", attemptNumber: 3 })
    })
  )

  test(
    "10.2, 9.4: one that waits for a child does so for no longer than its time; the child is cancelled",
    Effect.gen(function*() {
      const handle = yield* (yield* client)(1).orderLater()
      yield* performIdle
      assert.strictEqual((yield* recordOf(handle.id)).stepTimeoutAt?.getTime(), 3_600_000)
      yield* TestClock.adjust("1 hour")
      // cancelled, and asked once more a minute later
      yield* performIdle
      yield* TestClock.adjust("1 minute")
      yield* performIdle
      assert.deepStrictEqual((yield* recordOf(handle.id)).stepTimeoutAt?.getTime(), 2 * 3_600_000 + 60_000)
      yield* TestClock.adjust("1 hour")
      yield* performIdle
      assert.deepStrictEqual(seen, ["refunds"])
      assert.deepStrictEqual((yield* recordsOf("ask")).map(({ status }) => status), ["cancelled", "cancelled"])
      assert.deepStrictEqual(yield* slotsOf(handle.id), ["cancelled", "cancelled"])
      const [not] = (yield* recordOf(handle.id)).cause?.notUndone ?? []
      assert.deepStrictEqual([not?.step, not?.index], ["ship", 1])
      assert.match(not!.message, /timed out after 3600000 ms/)
      assert.deepInclude((yield* undoing(handle.id))[0], { status: "failed", attemptNumber: 2 })
    })
  )

  test(
    "10.2: one that waits, and whose child ends in time, is done",
    Effect.gen(function*() {
      const handle = yield* (yield* client)(1).orderLater()
      yield* performIdle
      yield* TestClock.adjust("59 minutes")
      yield* Stepped.complete(Room.ref(1), ask, Stepped.Outcome.succeededVoid)
      yield* performSteppedActions()
      assert.deepInclude((yield* undoing(handle.id))[0], { name: "ship", status: "succeeded", attemptNumber: 1 })
      assert.strictEqual((yield* recordOf(handle.id)).cause?.notUndone, undefined)
    })
  )

  test(
    "10.2, 10.7: a timeout of Infinity is none, of one as of all",
    Effect.gen(function*() {
      const handle = yield* (yield* client)(1).ownLater()
      yield* performIdle
      assert.isTrue(yield* handle.cancel())
      yield* performIdle
      const { stepTimeoutAt, timeoutAt } = yield* recordOf(handle.id)
      assert.deepStrictEqual([stepTimeoutAt, timeoutAt], [undefined, undefined])
      yield* TestClock.adjust("1000 days")
      yield* performIdle
      yield* Stepped.complete(Room.ref(1), ask, Stepped.Outcome.succeededVoid)
      yield* performSteppedActions()
      assert.deepInclude((yield* undoing(handle.id))[0], { name: "key", status: "succeeded", attemptNumber: 1 })
      assert.strictEqual((yield* recordOf(handle.id)).cause?.notUndone, undefined)
    })
  )

  test(
    "10.2, 9.4: its time begins when it does, however long its action has performed",
    Effect.gen(function*() {
      const handle = yield* (yield* client)(1).rentLater()
      yield* performIdle
      yield* TestClock.adjust("2 hours")
      assert.isTrue(yield* handle.cancel())
      yield* performIdle
      assert.strictEqual((yield* recordOf(handle.id)).stepTimeoutAt?.getTime(), 3 * 3_600_000)
      yield* TestClock.adjust("1 hour")
      yield* performIdle
      assert.deepInclude((yield* undoing(handle.id))[0], { name: "key", status: "failed", attemptNumber: 1 })
    })
  )

  test(
    "10.2, 9.4: its time begins when it does, whoever was in the middle of a step and stopped",
    Effect.gen(function*() {
      const begun = yield* Deferred.make<void>()
      scene.handOver = Effect.andThen(Deferred.succeed(begun, undefined), Effect.never)
      const handle = yield* (yield* client)(1).lendLater()
      const performing = yield* Effect.forkChild(performIdle)
      yield* Deferred.await(begun)
      yield* Fiber.interrupt(performing)
      yield* TestClock.adjust("2 hours")
      assert.isTrue(yield* handle.cancel())
      yield* performIdle
      assert.strictEqual((yield* recordOf(handle.id)).stepTimeoutAt?.getTime(), 3 * 3_600_000)
      yield* TestClock.adjust("1 hour")
      yield* performIdle
      assert.deepInclude((yield* undoing(handle.id))[0], { name: "key", status: "failed", attemptNumber: 1 })
    })
  )

  it("10.2: what no policy can be is refused, with its place and what it takes", () => {
    const of = (options: object) => () =>
      Stepped.action("a").step("b", () => Effect.void, { compensate: { run: () => Effect.void, ...options } })
    for (const timeout of [0, "-1 second", Number.NaN, "soon", 1e15]) {
      assert.throws(of({ timeout }), /timeout of compensate of a › b is .*: it takes a duration from 1 to/)
    }
    assert.doesNotThrow(of({ timeout: Infinity }))
    assert.throws(
      of({ retry: { schedule: Schedule.recurs(1), times: -1 } }),
      /retry of compensate of a › b has times -1/
    )
  })
})
