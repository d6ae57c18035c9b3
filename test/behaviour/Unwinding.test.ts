/** Rules 10.1 and 10.2: unwinding goes on whoever dies, whatever is deployed, and whoever else waits for the same children. */
import { PgClient } from "@effect/sql-pg"
import { assert, it } from "@effect/vitest"
import { Deferred, Effect, Fiber, Layer } from "effect"
import { Stepped } from "stepped"
import { performSteppedActions } from "stepped/testing"
import { healthy, suite } from "../harness/databases.ts"
import { deployed } from "../harness/deploying.ts"
import { note, seen } from "../harness/notes.ts"
import { recordOf, recordsOf, slotsOf, stepsOf } from "../harness/observing.ts"
import { performIdle } from "../harness/performing.ts"
import { Orders, OrdersLive, scene } from "./fixtures/compensating.ts"
import {
  asks,
  broken,
  First,
  layerRentingOtherwise,
  Otherwise,
  Renamed,
  Renting,
  Stays,
  StaysOtherwise,
  Trip,
  Trips,
  WithoutAny,
  WithoutOne
} from "./fixtures/undoingVersions.ts"

const begun = deployed(First.layer)(Effect.gen(function*() {
  const handle = yield* (yield* First.client)(1).travelLater()
  yield* performIdle
  return handle
}))

suite("unwinding", (engine) => {
  const test = (name: string, scenario: Effect.Effect<unknown, unknown, Stepped.Services | PgClient.PgClient>) =>
    it.effect(name, () => Effect.provide(Effect.andThen(scenario, healthy), engine.layer()))
  const testTrips = (name: string, scenario: Effect.Effect<unknown, unknown, Stepped.Services | PgClient.PgClient>) =>
    it.effect(
      name,
      () => Effect.provide(Effect.andThen(scenario, healthy), Layer.provideMerge(Trips.layer, engine.layer()))
    )

  test(
    "10.1: a worker that dies while it undoes a step leaves that to another; what is undone is not undone again",
    Effect.gen(function*() {
      const sql = yield* PgClient.PgClient
      const reached = yield* Deferred.make<void>()
      scene.release = Effect.andThen(Deferred.succeed(reached, undefined), Effect.never)
      const id = yield* deployed(OrdersLive)(Effect.gen(function*() {
        const handle = yield* (yield* Orders.client)(1).buyLater("tea")
        const worker = yield* Effect.forkChild(performSteppedActions())
        yield* Deferred.await(reached)
        assert.deepStrictEqual((yield* stepsOf(handle.id)).slice(4), ["3 succeeded", "reserve performing"])
        yield* sql`select taken from stepped.recover(${new Date(0)}, array(select token from stepped.workers), true)`
        yield* Fiber.interrupt(worker)
        return handle.id
      }))
      scene.release = Effect.void
      yield* deployed(OrdersLive)(performSteppedActions())
      assert.deepStrictEqual(seen.slice(4), [
        "unpacks 7 of tea, tea-1, 500",
        "releases tea-1",
        "releases tea-1",
        "refunds 500 of 0 for tea",
        "failed"
      ])
      assert.deepStrictEqual((yield* stepsOf(id)).slice(4), ["3 succeeded", "reserve succeeded", "charge succeeded"])
    })
  )

  test(
    "10.1: cancelled by a process without definitions, it is undone by whoever has them",
    Effect.gen(function*() {
      const handle = yield* begun
      assert.isTrue(yield* Stepped.cancel(handle.id))
      assert.isTrue((yield* recordOf(handle.id)).unwinding)
      assert.deepStrictEqual(seen, ["flies", "sleeps"])
      yield* deployed(First.layer)(performSteppedActions())
      assert.deepStrictEqual(seen.slice(2), ["cancels room 12b", "cancels row 7"])
    })
  )

  test(
    "10.2: what the running version no longer undoes fails for good, at once; the others are undone",
    Effect.gen(function*() {
      const handle = yield* begun
      yield* deployed(WithoutOne.layer)(Effect.andThen(Stepped.cancel(handle.id), performSteppedActions()))
      assert.deepStrictEqual(seen.slice(2), ["cancels row 7"])
      const { cause, status } = yield* recordOf(handle.id)
      assert.strictEqual(status, "cancelled")
      const message = "the definition no longer has what undoes the step"
      assert.deepStrictEqual(cause?.notUndone, [{ step: "sleep", index: 1, message }])
    })
  )

  test(
    "10.2: a version that undoes nothing any more says of each step that it is not undone",
    Effect.gen(function*() {
      const handle = yield* begun
      yield* deployed(WithoutAny.layer)(Effect.andThen(Stepped.cancel(handle.id), performSteppedActions()))
      const { cause } = yield* recordOf(handle.id)
      assert.deepStrictEqual(cause?.notUndone?.map(({ step }) => step), ["sleep", "fly"])
      assert.deepStrictEqual(seen, ["flies", "sleeps"])
    })
  )

  test(
    "10.2: a result that no longer fits its schema is not given to what undoes its step: that fails for good",
    Effect.gen(function*() {
      const handle = yield* begun
      yield* deployed(Otherwise.layer)(Effect.andThen(Stepped.cancel(handle.id), performSteppedActions()))
      assert.deepStrictEqual(seen.slice(2), ["cancels row 7"])
      const { cause } = yield* recordOf(handle.id)
      assert.deepStrictEqual(cause?.notUndone?.map(({ step }) => step), ["sleep"])
      assert.match(cause!.notUndone![0]!.message, /cannot read its result/)
      // nothing is lost: the result is there
      assert.deepStrictEqual((yield* stepsOf(handle.id)).slice(0, 2), ["fly succeeded", "sleep succeeded"])
    })
  )

  test(
    "10.2: the result of another step that can no longer be read fails whoever looks at it, with all of its tries, and nobody else",
    Effect.gen(function*() {
      const handle = yield* deployed(Stays.layer)(Effect.gen(function*() {
        const handle = yield* (yield* Stays.client)(1).stayLater()
        yield* performIdle
        return handle
      }))
      yield* deployed(StaysOtherwise.layer)(Effect.andThen(Stepped.cancel(handle.id), performSteppedActions()))
      // the one that is not to be tried again once, the other one as often as the engine tries
      assert.deepStrictEqual(seen, ["sleeps", "comes back", "asks", ...Array<string>(5).fill("asks")])
      const { cause, status } = yield* recordOf(handle.id)
      assert.strictEqual(status, "cancelled")
      assert.deepStrictEqual(cause?.notUndone?.map(({ step }) => step), ["complain", "eat"])
      // it says why, and not what comes of a result that is missing
      for (const { message } of cause!.notUndone!) assert.match(message, /^SchemaError: Expected number/)
      assert.deepStrictEqual((yield* stepsOf(handle.id)).slice(4), [
        "leave succeeded",
        "complain failed",
        "eat failed"
      ])
    })
  )

  test(
    "10.4: a child that is undone as a whole, and whose success no longer fits, is not undone: all above it say so, and the success stays",
    Effect.gen(function*() {
      const handle = yield* deployed(Renting.layer)(Effect.gen(function*() {
        const handle = yield* (yield* Renting.client)(1).movesLater()
        yield* performIdle
        return handle
      }))
      yield* deployed(layerRentingOtherwise)(Effect.andThen(Stepped.cancel(handle.id), performSteppedActions()))
      assert.deepStrictEqual(seen, ["rents"])
      const [child] = yield* recordsOf("rent")
      assert.deepStrictEqual([child!.status, child!.result], ["succeeded", { number: "12b" }])
      const [left] = child!.unwound?.notUndone ?? []
      assert.match(left!.message, /^what undoes the step cannot read its result: /)
      const { cause, status } = yield* recordOf(handle.id)
      assert.strictEqual(status, "cancelled")
      assert.deepStrictEqual(cause?.notUndone, [
        { step: "rent", index: 0, child: child!.id, message: `rent Trip/1 › ${left!.step}: ${left!.message}` }
      ])
    })
  )

  test(
    "10.7: an action that unwinds, and whose actor's id can no longer be read, ends as was decided, and says what is not undone",
    Effect.gen(function*() {
      const handle = yield* begun
      yield* Stepped.cancel(handle.id)
      yield* deployed(Renamed.layer)(performSteppedActions())
      const { cause, status } = yield* recordOf(handle.id)
      assert.deepStrictEqual([status, cause?.notUndone?.map(({ step }) => step)], ["cancelled", ["sleep", "fly"]])
      assert.match(cause!.notUndone![0]!.message, /^not tried: the actor's id cannot be read/)
      assert.deepStrictEqual(seen, ["flies", "sleeps"])
    })
  )

  testTrips(
    "10.1: a child that somebody else waits for, too, is not waited for",
    Effect.gen(function*() {
      const trips = yield* Trips.client
      const handle = yield* trips(1).asksLater()
      yield* performIdle
      const root = yield* trips(1).sharedLater()
      yield* performIdle
      assert.isTrue(yield* handle.cancel())
      yield* performIdle
      assert.strictEqual((yield* handle.status).status, "cancelled")
      assert.deepStrictEqual(seen, ["undoes asks"])
      assert.deepStrictEqual(yield* slotsOf(handle.id), ["cancelled"])
      const [child] = yield* recordsOf("shared")
      assert.deepStrictEqual([child!.status, (yield* root.status).status], ["performing", "joined"])
    })
  )

  testTrips(
    "10.1: nor is one that somebody else comes to wait for, before anybody has looked at it",
    Effect.gen(function*() {
      const trips = yield* Trips.client
      const sql = yield* PgClient.PgClient
      const handle = yield* trips(1).asksLater()
      yield* performIdle
      const [child] = yield* recordsOf("shared")
      assert.isTrue(yield* handle.cancel())
      // as by joining at this moment
      yield* sql`update stepped.live_actions set rooted = true where id = ${child!.id}`
      yield* performIdle
      assert.strictEqual((yield* handle.status).status, "cancelled")
      assert.deepStrictEqual(yield* stepsOf(handle.id), ["first succeeded", "hold cancelled", "first succeeded"])
      assert.strictEqual((yield* recordOf(child!.id)).status, "performing")
    })
  )

  testTrips(
    "10.1: children of the open step are undone before its action's own steps are",
    Effect.gen(function*() {
      const handle = yield* (yield* Trips.client)(1).outerLater()
      yield* performIdle
      assert.isTrue(yield* handle.cancel())
      yield* performSteppedActions()
      assert.deepStrictEqual(seen, ["inner undoes a", "outer undoes b"])
    })
  )

  testTrips(
    "10.2: what a transactional one has written commits with it, once",
    Effect.gen(function*() {
      const sql = yield* PgClient.PgClient
      yield* sql`create table refunds (cents int)`
      broken.times = 2
      const handle = yield* (yield* Trips.client)(1).paysLater()
      yield* performIdle
      assert.isTrue(yield* handle.cancel())
      yield* performSteppedActions()
      assert.deepStrictEqual(seen, ["refunds after 0", "refunds after 0", "refunds after 0"])
      assert.deepStrictEqual(yield* sql`select cents from refunds`, [{ cents: 100 }])
      assert.deepStrictEqual(yield* stepsOf(handle.id), ["pay succeeded", "pay succeeded"])
      yield* sql`drop table refunds`
    })
  )

  testTrips(
    "10.1: one that has not begun has nothing to undo",
    Effect.gen(function*() {
      const trips = yield* Trips.client
      const handles = [yield* trips(1).asksLater(), yield* trips(2).asksLater()]
      yield* performIdle
      assert.isTrue(yield* handles[1]!.cancel())
      yield* performIdle
      assert.strictEqual((yield* handles[1]!.status).status, "cancelled")
      assert.deepStrictEqual(seen, [])
      assert.deepStrictEqual(yield* Stepped.cancel(Trip.ref(1), asks), { cancelled: 1, hasMore: false })
      yield* performSteppedActions()
      yield* note("over")
    })
  )
})
