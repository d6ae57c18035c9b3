/** Rules 10.5 and 10.7: whether an action's steps are undone, how long that may take, and what becomes of the others when one cannot be. */
import { assert, it } from "@effect/vitest"
import { Deferred, Effect, Fiber, Layer, Metric, Schema } from "effect"
import { SqlClient } from "effect/sql"
import { TestClock } from "effect/testing"
import { type ActionHandle, ActionRepo, Stepped } from "stepped"
import { performSteppedActions } from "stepped/testing"
import { healthy, suite } from "../harness/databases.ts"
import { deployed } from "../harness/deploying.ts"
import { seen } from "../harness/notes.ts"
import { recordOf, recordsOf, slotsOf, stepsOf } from "../harness/observing.ts"
import { performIdle } from "../harness/performing.ts"
import { Rain, scene, Tours } from "./fixtures/undoingRules.ts"

const notUndone = (id: string) =>
  Effect.map(
    recordOf(id),
    ({ cause }) => cause?.notUndone?.map(({ index, message, step }) => `${step} ${index}: ${message}`)
  )

/** What this process has counted. */
const counted = Effect.map(
  Metric.snapshot,
  (all) =>
    all.flatMap((one) =>
      one.id === "stepped_not_undone_total" && one.type === "Counter" && one.attributes?.definition === "Tour/climb"
        ? [Number(one.state.count)]
        : []
    ).reduce((sum, count) => sum + count, 0)
)

suite("whether and how steps are undone", (engine) => {
  const test = <E>(name: string, scenario: Effect.Effect<unknown, E, Stepped.Services | SqlClient.SqlClient>) =>
    it.effect(
      name,
      () => Effect.provide(Effect.andThen(scenario, healthy), Layer.provideMerge(Tours.layer, engine.layer()))
    )
  /** Begun by a worker that dies while it undoes the second step; it goes on after that long. */
  const testCrash = <E>(
    name: string,
    begin: Effect.Effect<unknown, E, Stepped.Services>,
    afterwards: Effect.Effect<unknown>,
    check: Effect.Effect<unknown>
  ) =>
    it.effect(name, () =>
      Effect.provide(
        Effect.gen(function*() {
          const sql = yield* SqlClient.SqlClient
          const reached = yield* Deferred.make<void>()
          scene.second = Effect.andThen(Deferred.succeed(reached, undefined), Effect.never)
          yield* deployed(Tours.layer)(Effect.gen(function*() {
            yield* begin
            const worker = yield* Effect.forkChild(performSteppedActions())
            yield* Deferred.await(reached)
            yield* sql`select taken from stepped.recover(${new Date(
              0
            )}, array(select token from stepped.workers), true)`
            yield* Fiber.interrupt(worker)
          }))
          scene.second = Effect.void
          yield* afterwards
          yield* deployed(Tours.layer)(performSteppedActions())
          yield* check
          yield* healthy
        }),
        engine.layer()
      ))
  const tour = Effect.map(Tours.client, (tours) => tours(1))
  /** Performed until it waits for somebody, and cancelled. */
  const cancelled = (handle: ActionHandle) =>
    Effect.gen(function*() {
      yield* performIdle
      assert.isTrue(yield* handle.cancel({ reason: "rain" }))
    })

  test(
    "10.5: compensateWhen is asked once, with how the action ends; false leaves what its steps have done",
    Effect.gen(function*() {
      const asked: Array<unknown> = []
      scene.when = (outcome) => asked.push(outcome) < 0
      const handle = yield* (yield* tour).walkLater()
      yield* performSteppedActions()
      assert.deepStrictEqual(asked, [{ actionId: handle.id, status: "failed", cause: new Rain({ mm: 3 }) }])
      assert.deepStrictEqual(seen, ["failed"])
      assert.instanceOf(yield* Effect.flip(handle.await), Rain)
      assert.strictEqual(yield* notUndone(handle.id), undefined)
    })
  )

  test(
    "10.5: nor does a cancellation, where it says so; true undoes",
    Effect.gen(function*() {
      scene.when = ({ status }) => status !== "cancelled"
      const client = yield* tour
      const kept = yield* client.sitLater()
      yield* cancelled(kept)
      assert.isTrue((yield* recordOf(kept.id)).unwinding)
      yield* performSteppedActions()
      assert.deepStrictEqual(seen, ["cancelled"])
      assert.deepStrictEqual(yield* stepsOf(kept.id), ["first succeeded"])
      yield* client.walkLater()
      yield* performSteppedActions()
      assert.deepStrictEqual(seen.slice(1), ["undoes second", "undoes first", "failed"])
    })
  )

  it.effect(
    "10.3, 10.5: what is uncertain is listed, where what its steps have done stays, too",
    () => {
      const leave = Stepped.action("leave", { error: Rain, compensateWhen: () => false })
        .step("pack", () => Effect.void, { compensate: () => Effect.die("is not asked for") })
        .step("call", () => Effect.fail(new Rain({ mm: 1 })), { compensate: () => Effect.void })
      class Guest extends Stepped.Actor<Guest>()("Guest", { id: Schema.Int }) {}
      const Guests = Stepped.actions(Guest, [leave])
      return Effect.gen(function*() {
        const handle = yield* (yield* Guests.client)(1).leaveLater()
        yield* performSteppedActions()
        assert.deepStrictEqual(yield* stepsOf(handle.id), ["pack succeeded", "call failed"])
        assert.deepStrictEqual((yield* recordOf(handle.id)).cause?.uncertain, ["call"])
        yield* healthy
      }).pipe(Effect.provide(Layer.provideMerge(Guests.layer, engine.layer())))
    }
  )

  test(
    "10.5: it is asked with the reason, and not for cancel({ compensate: false })",
    Effect.gen(function*() {
      const asked: Array<unknown> = []
      scene.when = (outcome) => asked.push(outcome) > 0
      const client = yield* tour
      const handle = yield* client.sitLater()
      yield* cancelled(handle)
      yield* performSteppedActions()
      assert.deepStrictEqual(asked, [{ actionId: handle.id, status: "cancelled", reason: "rain" }])
      const other = yield* client.sitLater()
      yield* performIdle
      yield* other.cancel({ compensate: false })
      yield* performSteppedActions()
      assert.lengthOf(asked, 1)
      assert.deepStrictEqual(seen, ["undoes first", "cancelled", "cancelled"])
    })
  )

  test(
    "10.5: where it throws, or gives neither true nor false, the action's steps are undone",
    Effect.gen(function*() {
      scene.when = () => {
        throw new Error("no answer")
      }
      yield* (yield* tour).walkLater()
      yield* performSteppedActions()
      scene.when = (() => Promise.resolve(false)) as never
      yield* (yield* tour).walkLater()
      yield* performSteppedActions()
      const undone = ["undoes second", "undoes first", "failed"]
      assert.deepStrictEqual(seen, [...undone, ...undone])
    })
  )

  let asked = 0
  testCrash(
    "10.5: its answer is stored: whoever goes on after a crash does not ask again",
    Effect.gen(function*() {
      asked = 0
      scene.when = () => ++asked === 1
      yield* (yield* tour).walkLater()
    }),
    Effect.void,
    Effect.sync(() => {
      assert.strictEqual(asked, 1)
      assert.deepStrictEqual(seen, ["undoes second", "undoes second", "undoes first", "failed"])
    })
  )

  test(
    "10.7: with onFailure: \"stop\" the others are not tried, and are not undone, too",
    Effect.gen(function*() {
      scene.second = Effect.fail("no rope")
      scene.again = false
      const handle = yield* (yield* tour).climbLater()
      yield* cancelled(handle)
      yield* performSteppedActions()
      assert.deepStrictEqual(seen, ["undoes third", "undoes second", "cancelled, second, first"])
      assert.deepStrictEqual(yield* notUndone(handle.id), [
        "second 1: no rope",
        "first 0: not tried, since what undoes second has failed"
      ])
      assert.deepStrictEqual((yield* stepsOf(handle.id)).slice(3), ["third succeeded", "second failed"])
      assert.deepInclude(yield* Effect.flip(handle.await), { _tag: "Cancelled", reason: "rain" })
    })
  )

  test(
    "10.7: with a timeout what is left when it is over is not undone; it is counted from when the first step is undone",
    Effect.gen(function*() {
      scene.second = Effect.fail("no key")
      const handle = yield* (yield* tour).rideLater()
      yield* performIdle
      yield* TestClock.adjust("2 hours")
      yield* handle.cancel()
      yield* performIdle
      assert.deepStrictEqual((yield* recordOf(handle.id)).timeoutAt, new Date(3 * 3_600_000))
      yield* performSteppedActions()
      // after 0, 10, 20, 30, 40, 50 minutes: the next attempt would be too late, and the last step is undone in time
      assert.deepStrictEqual(seen, [
        "undoes third",
        ...Array.from({ length: 6 }, () => "undoes second"),
        "undoes first",
        "cancelled, second"
      ])
      assert.deepStrictEqual(yield* notUndone(handle.id), ["second 1: no key"])
      assert.strictEqual((yield* recordOf(handle.id)).timeoutAt, undefined)
    })
  )

  test(
    "10.7: a body that runs when it is over is interrupted, and no other is tried",
    Effect.gen(function*() {
      scene.second = Effect.andThen(TestClock.adjust("1 hour"), Effect.never)
      const handle = yield* (yield* tour).rideLater()
      yield* cancelled(handle)
      yield* performSteppedActions()
      assert.deepStrictEqual(seen, ["undoes third", "undoes second", "cancelled, second, first"])
      assert.deepStrictEqual(yield* notUndone(handle.id), [
        "second 1: timed out after 3600000 ms",
        "first 0: not tried, since the time to undo the action's steps is over"
      ])
    })
  )

  test(
    "10.7: what waits when it is over is cancelled, however long it may wait itself",
    Effect.gen(function*() {
      const handle = yield* (yield* tour).hikeLater()
      yield* cancelled(handle)
      yield* performIdle
      yield* TestClock.adjust("59 minutes")
      yield* performIdle
      assert.isTrue((yield* recordOf(handle.id)).unwinding)
      yield* TestClock.adjust("1 minute")
      yield* performIdle
      assert.deepStrictEqual(seen, ["undoes third", "cancelled, second, first"])
      assert.deepStrictEqual((yield* recordsOf("guide")).map(({ status }) => status), ["cancelled"])
      assert.deepStrictEqual(yield* slotsOf(handle.id), ["cancelled"])
    })
  )

  testCrash(
    "10.7: nobody undoes anything when it is over, whoever comes back then",
    Effect.flatMap(tour, (client) => Effect.flatMap(client.rideLater(), cancelled)),
    TestClock.adjust("1 hour"),
    Effect.sync(() => assert.deepStrictEqual(seen, ["undoes third", "undoes second", "cancelled, second, first"]))
  )

  const abandon = (id: string, reason = "no hope") =>
    Effect.flatMap(ActionRepo, (repo) => repo.abandonUnwinding(id, { reason }))

  test(
    "10.7: what undoes an action may be abandoned, visibly: nothing of it is tried any more, and it is counted",
    Effect.gen(function*() {
      const before = yield* counted
      scene.second = Effect.fail("no rope")
      const handle = yield* (yield* tour).climbLater()
      assert.strictEqual(yield* abandon(handle.id), "notUnwinding")
      yield* performIdle
      assert.strictEqual(yield* abandon(handle.id), "notUnwinding")
      assert.isFalse((yield* handle.status).unwinding)
      yield* handle.cancel({ reason: "rain" })
      yield* performIdle
      // between two attempts
      assert.isTrue((yield* handle.status).unwinding)
      assert.strictEqual(yield* abandon(handle.id), "done")
      yield* performSteppedActions()
      assert.deepStrictEqual(seen, ["undoes third", "undoes second", "cancelled, second, first"])
      assert.deepStrictEqual(yield* notUndone(handle.id), [
        "second 1: abandoned: no hope",
        "first 0: abandoned: no hope"
      ])
      assert.deepInclude(yield* Effect.flip(handle.await), { _tag: "Cancelled", reason: "rain" })
      assert.isFalse((yield* handle.status).unwinding)
      assert.strictEqual(yield* abandon(handle.id), "over")
      // what has been tried can be read, and no attempt that was only to come
      const tried = (yield* Effect.flatMap(ActionRepo, (repo) => repo.steps(handle.id))).at(-1)!
      assert.deepInclude(tried, { name: "second", kind: "compensation", status: "failed", undoes: 1, attemptNumber: 1 })
      assert.deepStrictEqual(tried.attempts.map(({ failure, number }) => [number, failure?.message]), [[1, "no rope"]])
      assert.strictEqual(yield* abandon("00000000-0000-7000-8000-000000000000"), "none")
      assert.strictEqual((yield* counted) - before, 2)
    })
  )

  test(
    "10.7: abandoned while it waits: what it waits for is cancelled",
    Effect.gen(function*() {
      const handle = yield* (yield* tour).hikeLater()
      yield* cancelled(handle)
      yield* performIdle
      assert.deepStrictEqual(yield* slotsOf(handle.id), ["open"])
      assert.strictEqual(yield* abandon(handle.id), "done")
      yield* performIdle
      assert.deepStrictEqual(seen, ["undoes third", "cancelled, second, first"])
      assert.deepStrictEqual((yield* recordsOf("guide")).map(({ status }) => status), ["cancelled"])
      assert.deepStrictEqual((yield* stepsOf(handle.id)).slice(3), ["third succeeded", "second failed"])
    })
  )

  test(
    "10.7: abandoned before a step that was open is closed: that is not waited for",
    Effect.gen(function*() {
      const handle = yield* (yield* tour).stayLater()
      yield* cancelled(handle)
      assert.strictEqual(yield* abandon(handle.id), "done")
      yield* performSteppedActions()
      assert.deepStrictEqual(seen, ["cancelled, first"])
      assert.deepStrictEqual(yield* stepsOf(handle.id), ["first succeeded", "wait cancelled"])
    })
  )

  test(
    "10.7: a body that runs has not been done then, whatever it comes to",
    Effect.gen(function*() {
      const reached = yield* Deferred.make<void>()
      const released = yield* Deferred.make<void>()
      scene.second = Effect.andThen(Deferred.succeed(reached, undefined), Deferred.await(released))
      const handle = yield* (yield* tour).climbLater()
      yield* cancelled(handle)
      const worker = yield* Effect.forkChild(performSteppedActions())
      yield* Deferred.await(reached)
      assert.strictEqual(yield* abandon(handle.id), "done")
      yield* Deferred.succeed(released, undefined)
      yield* Fiber.join(worker)
      assert.deepStrictEqual(seen, ["undoes third", "undoes second", "cancelled, second, first"])
      assert.deepStrictEqual((yield* stepsOf(handle.id)).slice(3), ["third succeeded"])
    })
  )

  test(
    "10.7: what cannot be stored of it ends the action, which says what is not undone",
    Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      const handle = yield* (yield* tour).climbLater()
      yield* cancelled(handle)
      yield* sql.unsafe(
        `create function stepped.refuse() returns trigger language plpgsql as $$ begin raise check_violation; end $$`
      )
      yield* sql.unsafe(
        `create trigger refuse before insert on stepped.steps for each row when (new.name = 'second' and new.undoes is not null)
          execute function stepped.refuse()`
      )
      yield* performSteppedActions()
      yield* sql.unsafe("drop function stepped.refuse cascade")
      assert.deepStrictEqual(seen.slice(0, 2), ["undoes third", "undoes second"])
      const left = (yield* notUndone(handle.id)) ?? []
      assert.deepStrictEqual(left.map((text) => text.split(":")[0]), ["second 1", "first 0"])
      assert.match(left[1]!, /not tried: its end could not be stored/)
      assert.strictEqual((yield* handle.status).status, "cancelled")
    })
  )

  it("10.7: what it cannot be is refused", () => {
    const of = (options: object) => () => Stepped.action("a", options)
    assert.throws(
      of({ compensation: { onFailure: "wait" } }),
      /onFailure of the compensation of a is wait: it takes "stop"/
    )
    for (const timeout of [0, "-1 second", Number.NaN, "soon", 1e15]) {
      assert.throws(
        of({ compensation: { timeout } }),
        /timeout of the compensation of a is .*: it takes a duration from 1 to/
      )
    }
    assert.doesNotThrow(of({ compensation: { timeout: Infinity } }))
    assert.throws(of({ compensateWhen: true }), /compensateWhen of a is no function/)
  })
})
