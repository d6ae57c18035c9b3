/** Rule 14.3: waiting for an action for some time at most. */
import { assert, it } from "@effect/vitest"
import { Effect, Fiber, Layer } from "effect"
import { SqlClient } from "effect/sql"
import { TestClock } from "effect/testing"
import { AwaitTimedOut, InvalidDuration, Stepped } from "stepped"
import { performSteppedActions } from "stepped/testing"
import { healthy, suite } from "../harness/databases.ts"
import { performIdle } from "../harness/performing.ts"
import { holding } from "../harness/racing.ts"
import { Car, Cars, park, wash } from "./fixtures/options.ts"

suite("waiting for some time at most", (engine) => {
  const test = <A, E>(
    name: string,
    scenario: () => Effect.Effect<A, E, Stepped.Services | SqlClient.SqlClient>,
    options?: Stepped.EngineOptions
  ) =>
    it.effect(
      name,
      () => Effect.provide(Effect.andThen(scenario(), healthy), Layer.provideMerge(Cars.layer, engine.layer(options)))
    )

  test("14.3: it gives what the action gives within the time", () =>
    Effect.gen(function*() {
      const handle = yield* (yield* Cars.client)(1).washLater("London")
      const waiting = yield* Effect.forkChild(handle.awaitFor("1 minute"))
      yield* TestClock.adjust("59 seconds")
      assert.isUndefined(waiting.pollUnsafe())
      yield* performIdle
      assert.strictEqual(yield* Fiber.join(waiting), "London")
    }))

  test("14.3: when the time is over it fails, says of what, and the action goes on", () =>
    Effect.gen(function*() {
      const handle = yield* (yield* Cars.client)(1).parkLater("London")
      yield* performIdle
      const waiting = yield* Effect.forkChild(Effect.flip(handle.awaitFor("1 minute")))
      yield* TestClock.adjust("1 minute")
      const error = yield* Fiber.join(waiting)
      assert.instanceOf(error, AwaitTimedOut)
      assert.deepInclude(error, { action: "park Car/1", actionId: handle.id, waitedMs: 60_000 })
      assert.strictEqual((yield* handle.status).status, "performing")
      yield* Stepped.complete(handle.id, park, Stepped.Outcome.succeeded("there"))
      assert.strictEqual(yield* handle.awaitFor("1 minute"), "there")
    }))

  test("14.3: with no time it gives what is over already, and fails for what is not", () =>
    Effect.gen(function*() {
      const handle = yield* (yield* Cars.client)(1).washLater("London")
      assert.instanceOf(yield* Effect.flip(handle.awaitFor(0)), AwaitTimedOut)
      yield* performSteppedActions()
      assert.strictEqual(yield* handle.awaitFor(0), "London")
    }))

  test(
    "14.3: what others have ended within the time is not overlooked, however rarely it looks",
    () =>
      Effect.gen(function*() {
        const sql = yield* SqlClient.SqlClient
        const handle = yield* (yield* Cars.client)(1).parkLater("London")
        yield* performIdle
        const waiting = yield* Effect.forkChild(handle.awaitFor("1 minute"))
        // it looks ever less often: by now 20, 40, 80 … 640 ms apart, and not again for a second
        yield* Effect.sleep("1400 millis").pipe(TestClock.withLive)
        yield* sql`with gone as (delete from stepped.live_actions returning *)
          insert into stepped.ended_actions (id, definition, actor_id, arguments, lane, status, depth, attempts, result, enqueued_at, ended_at)
          select id, definition, actor_id, arguments, lane, 2, 0, 0, '"there"', enqueued_at, enqueued_at from gone`
        yield* TestClock.adjust("1 minute")
        assert.strictEqual(yield* Fiber.join(waiting), "there")
      }),
    { pollInterval: "1 hour" }
  )

  test("14.3: an action's own end comes before the time: its errors, and what its id does not name", () =>
    Effect.gen(function*() {
      const handle = yield* (yield* Cars.client)(1).washLater("London")
      yield* handle.cancel()
      yield* performSteppedActions()
      assert.deepInclude(yield* Effect.flip(handle.awaitFor("1 minute")), { _tag: "Cancelled" })
      const other = yield* Stepped.handle(Car.ref(2), wash, handle.id)
      assert.deepInclude(yield* Effect.flip(other.awaitFor("1 minute")), { _tag: "UnknownAction", found: "wash Car/1" })
      const none = yield* Stepped.handle(Car.ref(1), wash, "none")
      assert.deepInclude(yield* Effect.flip(none.awaitFor("1 minute")), { _tag: "UnknownAction" })
    }))

  test("14.3: inside the transaction that enqueues it, it would wait for itself, and fails at once", () =>
    Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      const car = (yield* Cars.client)(1)
      const error = yield* sql.withTransaction(
        Effect.flatMap(car.washLater("London"), (handle) => Effect.flip(handle.awaitFor("1 minute")))
      )
      assert.deepInclude(error, { _tag: "WouldWaitForItself" })
      yield* performSteppedActions()
    }))

  test("14.3: inside a transaction it cuts nothing off, however little time there is: that goes on, and is committed", () =>
    Effect.scoped(Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      yield* sql`create table kept (n int)`
      const handle = yield* (yield* Cars.client)(1).washLater("London")
      // an embedded database has one session, and nobody holds anything up
      const go = engine.name === "server"
        ? yield* holding(sql`lock table stepped.ended_actions in access exclusive mode`)
        : Effect.void
      yield* Effect.forkScoped(Effect.andThen(TestClock.withLive(Effect.sleep("200 millis")), go))
      const error = yield* sql.withTransaction(Effect.gen(function*() {
        yield* sql`insert into kept values (1)`
        const exit = yield* Effect.exit(Effect.flip(handle.awaitFor(0)))
        yield* sql`select 1`
        return yield* exit
      }))
      assert.deepInclude(error, { _tag: "WouldWaitForItself" })
      assert.deepStrictEqual(yield* sql`select n from kept`, [{ n: 1 }])
      yield* performSteppedActions()
    })))

  test("14.3: what is no duration is refused by name", () =>
    Effect.gen(function*() {
      const handle = yield* (yield* Cars.client)(1).washLater("London")
      for (const given of [Number.NaN, -1, "soon", Infinity, {}]) {
        const error = yield* Effect.flip(handle.awaitFor(given as number))
        assert.instanceOf(error, InvalidDuration)
        assert.include(error.message, "awaitFor of wash")
      }
      yield* performSteppedActions()
    }))
})
