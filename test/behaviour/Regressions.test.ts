/** Rules, section 8: each of what must not happen, as a scenario that must end well here. */
import { PgClient } from "@effect/sql-pg"
import { assert, it } from "@effect/vitest"
import { Deferred, Effect, Fiber, Layer, Option, Schedule, Schema } from "effect"
import { TestClock } from "effect/testing"
import { AchievementStore, ActionFailed, Cancelled, Engine, Stepped } from "stepped"
import { performDue, performSteppedActions } from "stepped/testing"
import { healthy, suite } from "../harness/databases.ts"
import { deployed } from "../harness/deploying.ts"
import { note, seen } from "../harness/notes.ts"
import { lanes, recordOf, recordsOf, slotsOf, statusesOf, stepsOf } from "../harness/observing.ts"
import { performIdle } from "../harness/performing.ts"
import {
  ask,
  build,
  cancelled,
  Car,
  Cars,
  failed,
  fetch,
  fragile,
  scene,
  succeeded,
  succeededVoid
} from "./fixtures/regressions.ts"

suite("what must not happen", (engine) => {
  const test = <A, E>(
    name: string,
    scenario: () => Effect.Effect<A, E, Stepped.Services | PgClient.PgClient>,
    options: Stepped.EngineOptions = {}
  ) =>
    it.effect(
      name,
      () => Effect.provide(Effect.andThen(scenario(), healthy), Layer.provideMerge(Cars.layer, engine.layer(options)))
    )

  test(
    "8: an unhandled failure leaves the action performing for ever, with a second one queued behind it",
    () =>
      Effect.gen(function*() {
        scene.body = Effect.die(new Error("no"))
        const handle = yield* (yield* Cars.client)(1).workLater("x")
        yield* performSteppedActions()
        assert.deepStrictEqual(yield* statusesOf("work"), ["failed"])
        assert.deepStrictEqual(yield* lanes, [])
        assert.instanceOf(yield* Effect.flip(handle.await), ActionFailed)
        scene.body = Effect.void
        yield* (yield* Cars.client)(1).workLater("y")
        yield* performSteppedActions()
        assert.deepStrictEqual(yield* statusesOf("work"), ["failed", "succeeded"])
      }),
    { handledDefects: () => false, attempts: 3, retry: Schedule.spaced("1 second") }
  )

  test("8: a crash between two commits loses the next step", () =>
    Effect.gen(function*() {
      const sql = yield* PgClient.PgClient
      const reached = yield* Deferred.make<void>()
      scene.body = Effect.andThen(Deferred.succeed(reached, undefined), Effect.never)
      const id = yield* deployed(Cars.layer)(Effect.gen(function*() {
        const handle = yield* (yield* Cars.client)(1).workLater("x")
        const worker = yield* Effect.forkChild(performSteppedActions())
        yield* Deferred.await(reached)
        assert.deepStrictEqual(yield* stepsOf(handle.id), ["first succeeded", "second performing"])
        // as after a power cut: nobody gives anything back, and the lease runs out
        yield* sql`select taken from stepped.recover(${new Date(0)}, array(select token from stepped.workers), true)`
        yield* Fiber.interrupt(worker)
        return handle.id
      }))
      scene.body = Effect.void
      yield* performSteppedActions()
      assert.deepStrictEqual(seen, ["first x", "second x", "second x", "third x"])
      assert.deepStrictEqual(yield* stepsOf(id), ["first succeeded", "second succeeded", "third succeeded"])
      const { attempts, status } = yield* recordOf(id)
      assert.deepStrictEqual([status, attempts], ["succeeded", 1])
    }))

  test("8: two completions both run callbacks", () =>
    Effect.gen(function*() {
      const handle = yield* (yield* Cars.client)(1).askNow(1)
      const told = [
        yield* Stepped.complete(handle.id, ask, succeededVoid),
        yield* Stepped.complete(handle.id, ask, failed()),
        yield* Stepped.complete(Car.ref(1), ask, cancelled)
      ]
      yield* performSteppedActions()
      assert.deepStrictEqual(told.map(Option.isSome), [true, false, false])
      assert.deepStrictEqual(seen, ["1 succeeded"])
      assert.strictEqual((yield* recordOf(handle.id)).callbacksSucceeded, 1)
    }))

  test("8: a child that ends after its parent was cancelled restarts the parent's next step", () =>
    Effect.gen(function*() {
      const car = (yield* Cars.client)(1)
      const reached = yield* Deferred.make<void>()
      const go = yield* Deferred.make<void>()
      const parent = yield* car.asksLater(1)
      yield* performIdle
      // the children are just ending: their callbacks run while the parent is cancelled
      scene.body = Effect.andThen(Deferred.succeed(reached, undefined), Deferred.await(go))
      for (const child of yield* recordsOf("ask")) yield* Stepped.complete(child.id, ask, succeededVoid)
      const worker = yield* Effect.forkChild(performSteppedActions())
      yield* Deferred.await(reached)
      assert.isTrue(yield* parent.cancel())
      yield* Deferred.succeed(go, undefined)
      yield* Fiber.join(worker)
      yield* performSteppedActions()
      assert.deepStrictEqual(yield* statusesOf("ask"), ["succeeded", "succeeded"])
      assert.deepStrictEqual(yield* stepsOf(parent.id), ["ask cancelled"])
      assert.notInclude(seen, "next step")
      assert.instanceOf(yield* Effect.flip(parent.await), Cancelled)
    }))

  test("8: reuse attaches to a superseded action and waits for ever", () =>
    Effect.gen(function*() {
      const car = (yield* Cars.client)(1)
      yield* car.fetchNow("a")
      const superseded = yield* car.fetchNow("b")
      yield* car.fetchNow("c")
      assert.deepStrictEqual(yield* statusesOf("fetch"), ["performing", "superseded", "pending"])
      const again = yield* car.fetchNow("b")
      // not joined to the superseded one, but the newest of the lane
      assert.deepStrictEqual(yield* statusesOf("fetch"), ["performing", "superseded", "superseded", "pending"])
      yield* performSteppedActions({
        outbound: (action) => Stepped.complete(action.id, fetch, succeeded(`${action.arguments}`))
      })
      assert.strictEqual(yield* again.await, "b")
      assert.strictEqual(yield* superseded.await, "b")
    }))

  test("8: one checksum key in two lanes collides", () =>
    Effect.gen(function*() {
      const car = (yield* Cars.client)(1)
      const first = yield* car.buildNow("north")
      const second = yield* car.buildNow("south")
      assert.deepStrictEqual(yield* statusesOf("build"), ["performing", "performing"])
      yield* Stepped.complete(first.id, build, succeeded("one"))
      yield* Stepped.complete(second.id, build, succeeded("two"))
      assert.deepStrictEqual([yield* first.await, yield* second.await], ["one", "two"])
      const stored = yield* Effect.flatMap(AchievementStore, (store) => store.find("build"))
      assert.strictEqual(Option.getOrThrow(stored).result, "two")
    }))

  test("8: a conclusion that is delivered twice eats a sibling's slot", () =>
    Effect.gen(function*() {
      const sql = yield* PgClient.PgClient
      const root = yield* (yield* Cars.client)(1).asksLater(1)
      yield* performIdle
      const [first, second] = yield* recordsOf("ask")
      yield* Stepped.complete(first!.id, ask, succeededVoid)
      yield* performIdle
      assert.deepStrictEqual(yield* slotsOf(root.id), ["succeeded", "open"])
      // once more, as by a worker that never heard that it was done
      yield* sql.withTransaction(Effect.andThen(
        sql`set local search_path = stepped`,
        sql`select * from end_actions(null, ${new Date(0)}, ${[] as Array<string>}::text[], ${[] as Array<
          string
        >}::text[], ${[] as Array<number>}::smallint[],
          ${[first!.id]}::uuid[], null, array[5::smallint], null, null, null, null, null, null, null)`
      ))
      yield* performIdle
      assert.deepStrictEqual([yield* slotsOf(root.id), (yield* root.status).status], [
        ["succeeded", "open"],
        "performing"
      ])
      yield* Stepped.complete(second!.id, ask, succeededVoid)
      yield* performSteppedActions()
      assert.deepStrictEqual(seen, ["1 succeeded", "2 succeeded", "next step"])
    }))

  test("8: the same checksummed child twice from one step hangs", () =>
    Effect.gen(function*() {
      const root = yield* (yield* Cars.client)(1).fetchesLater()
      yield* performIdle
      assert.lengthOf(yield* recordsOf("fetch"), 1)
      assert.deepStrictEqual(yield* slotsOf(root.id), ["open", "open"])
      yield* Stepped.complete(Car.ref(1), fetch, succeeded("x"))
      yield* performSteppedActions()
      assert.deepStrictEqual(yield* slotsOf(root.id), ["succeeded", "succeeded"])
      assert.deepStrictEqual(yield* root.await, ["x", "x"])
    }))

  test("8: completing by name hits the next action of that name", () =>
    Effect.gen(function*() {
      const car = (yield* Cars.client)(1)
      yield* car.askNow(1)
      const next = yield* car.askNow(1)
      assert.isTrue(Option.isSome(yield* Stepped.complete(Car.ref(1), ask, succeededVoid)))
      // its callbacks have not run yet: whoever completes again means an action that is over
      assert.deepStrictEqual(yield* Stepped.complete(Car.ref(1), ask, failed()), Option.none())
      yield* performIdle
      assert.deepStrictEqual(yield* statusesOf("ask"), ["succeeded", "performing"])
      assert.strictEqual((yield* next.status).status, "performing")
      assert.deepStrictEqual(seen, ["1 succeeded"])
    }))

  test("8: callbacks run inside the lane's lock", () =>
    Effect.gen(function*() {
      const sql = yield* PgClient.PgClient
      const car = (yield* Cars.client)(1)
      const handle = yield* car.askNow(1)
      scene.body = Effect.gen(function*() {
        scene.body = Effect.void
        yield* sql`select 1 from stepped.live_actions where lane = 'ask/1' for update nowait`
        yield* car.askNow(1)
        yield* note("joined the lane")
      }).pipe(Effect.orDie)
      yield* Stepped.complete(handle.id, ask, succeededVoid)
      yield* performIdle
      assert.deepStrictEqual(seen, ["1 succeeded", "joined the lane"])
      assert.strictEqual((yield* recordOf(handle.id)).callbacksFailed, 0)
      assert.deepStrictEqual(yield* statusesOf("ask"), ["succeeded", "performing"])
    }))

  test("8: a timeout is armed only after the first step ran", () =>
    Effect.gen(function*() {
      const reached = yield* Deferred.make<void>()
      scene.body = Effect.onInterrupt(Effect.andThen(Deferred.succeed(reached, undefined), Effect.never), () =>
        note("interrupted"))
      const handle = yield* (yield* Cars.client)(1).slowLater()
      const worker = yield* Effect.forkChild(performDue)
      yield* Deferred.await(reached)
      yield* TestClock.adjust("5 seconds")
      yield* performDue
      yield* Fiber.join(worker)
      assert.deepStrictEqual([(yield* recordOf(handle.id)).status, seen], ["timed_out", ["first", "interrupted"]])
    }))

  test("8: a key function that throws leaves the parent waiting", () =>
    Effect.gen(function*() {
      const parent = yield* (yield* Cars.client)(1).wantsRaisingLater()
      yield* performSteppedActions()
      assert.deepStrictEqual([yield* stepsOf(parent.id), yield* slotsOf(parent.id), seen], [
        ["ask failed"],
        ["failed"],
        []
      ])
      assert.strictEqual((yield* Effect.flip(parent.await)).message, "wantsRaising Car/1 › ask › raising Car/1: no key")
    }))

  test("8: steps are found by position", () =>
    Effect.gen(function*() {
      const old = Stepped.actions(Car, [
        Stepped.action("deploy").step("one", () => note("one")).step("two", () => fragile).step("three", () =>
          note("three"))
      ])
      const now = Stepped.actions(Car, [
        Stepped.action("deploy")
          .step("zero", () =>
            note("zero"))
          .step("one", () => note("one"))
          .step("between", () => note("between"))
          .step("two", () => note("two"))
          .step("three", () => note("three"))
          .step("four", () => note("four"))
      ])
      scene.body = Effect.die(new Error("no"))
      yield* deployed(old.layer, { handledDefects: () => false })(Effect.gen(function*() {
        yield* (yield* old.client)(1).deployLater()
        yield* performIdle
      }))
      yield* deployed(now.layer)(performSteppedActions())
      // the step that it was at, then the ones behind it; what was inserted before is not for it
      assert.deepStrictEqual(seen, ["one", "two", "three", "four"])
      assert.deepStrictEqual(yield* statusesOf("deploy"), ["succeeded"])
    }))

  test("8: unknown names are called as methods", () =>
    Effect.gen(function*() {
      class Truck extends Stepped.Actor<Truck>()("Truck", { id: Schema.Int }) {}
      const haul = Stepped.action("haul")
      const Trucks = Stepped.actions(Truck, [haul])
      let called = false
      const methods = { haul: () => note("haul"), constructor: () => Effect.sync(() => (called = true)) }
      const live = Trucks.toLayer(Effect.succeed(methods as { haul: () => Effect.Effect<void> }))
      const sql = yield* PgClient.PgClient
      yield* deployed(live)(Effect.gen(function*() {
        const { id } = yield* (yield* Trucks.client)(1).haulLater()
        yield* sql`update stepped.jobs set definition = 'Truck/constructor'`
        yield* performIdle
        const handle = yield* Stepped.handle(Truck.ref(1), Stepped.action("constructor"), id)
        // nobody here has such an action: it stays in the queue, where it can be seen
        assert.strictEqual((yield* handle.status).status, "queued")
        assert.isUndefined((yield* Engine).find("Truck", "constructor"))
        assert.isTrue(yield* handle.cancel())
      }))
      assert.deepStrictEqual([called, seen], [false, []])
    }))

  test("8: the keys [\"a/b\", \"c\"] and [\"a\", \"b/c\"] are equal", () =>
    Effect.gen(function*() {
      const client = yield* Cars.client
      yield* client(1).partsNow(["a/b", "c"])
      yield* client(2).partsNow(["a", "b/c"])
      yield* client(3).partsNow(["a", "b", "c"])
      yield* client(4).partsNow(["a\\", "b/c"])
      assert.deepStrictEqual(yield* statusesOf("parts"), ["performing", "performing", "performing", "performing"])
      assert.lengthOf(new Set(yield* lanes), 4)
    }))

  test("8: waiting across lanes in a circle goes undetected", () =>
    Effect.gen(function*() {
      const client = yield* Cars.client
      const first = yield* client(1).inALater()
      const second = yield* client(2).inBLater()
      yield* performSteppedActions()
      const statuses = [(yield* recordOf(first.id)).status, (yield* recordOf(second.id)).status]
      // one of the two gives way, and the other gets its turn
      assert.sameMembers(statuses, ["failed", "succeeded"])
      assert.lengthOf(seen, 1)
      assert.deepStrictEqual(yield* lanes, [])
    }))

  test("8: recursion has no bound", () =>
    Effect.gen(function*() {
      const handle = yield* (yield* Cars.client)(1).deeperLater(1)
      yield* performSteppedActions()
      assert.deepStrictEqual(seen, [1, 2, 3, 4, 5].map((n) => `level ${n}`))
      assert.deepStrictEqual(yield* statusesOf("deeper"), ["failed", "failed", "failed", "failed", "failed"])
      assert.match((yield* Effect.flip(handle.await)).message, /6 levels deep.*limit is 5/)
    }), { depthLimit: 5 })

  test("8: a deep tree ends without recursion in memory or in one transaction", () =>
    Effect.gen(function*() {
      const handle = yield* (yield* Cars.client)(1).chainLater(80)
      yield* performSteppedActions()
      assert.strictEqual((yield* recordOf(handle.id)).status, "succeeded")
      const statuses = yield* statusesOf("chain")
      assert.deepStrictEqual([statuses.length, new Set(statuses)], [81, new Set(["succeeded"])])
    }))

  test("8: cancelling leaves children running", () =>
    Effect.gen(function*() {
      const parent = yield* (yield* Cars.client)(1).asksLater(1)
      yield* performIdle
      assert.deepStrictEqual(yield* statusesOf("ask"), ["performing", "performing"])
      yield* parent.cancel()
      yield* performSteppedActions()
      assert.deepStrictEqual(yield* statusesOf("ask"), ["cancelled", "cancelled"])
      assert.deepStrictEqual([[...seen].sort(), yield* lanes], [["1 cancelled", "2 cancelled"], []])
    }))

  test("8: a timed-out action goes on with its next steps", () =>
    Effect.gen(function*() {
      const handle = yield* (yield* Cars.client)(1).slowLater()
      yield* performIdle
      yield* TestClock.adjust("1 hour")
      yield* performSteppedActions()
      assert.deepStrictEqual(seen, ["first"])
      assert.strictEqual((yield* recordOf(handle.id)).status, "timed_out")
      assert.deepStrictEqual(yield* stepsOf(handle.id), ["first succeeded", "wait cancelled"])
    }))
})
