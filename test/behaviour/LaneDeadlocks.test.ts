/** Rules 2.5 and 15.9 in lanes with limits: nobody waits for somebody who waits for them, and nobody ends for one who does not. */
import { assert, it } from "@effect/vitest"
import { Deferred, Duration, Effect, Fiber, Layer } from "effect"
import type { SqlClient } from "effect/sql"
import { TestClock } from "effect/testing"
import { ActionRepo, Stepped } from "stepped"
import { performDue, performSteppedActions, succeedOutbound } from "stepped/testing"
import * as PostgresStore from "../../src/sql/PostgresStore.ts"
import { Storage } from "../../src/store/Storage.ts"
import { type Catalog, Store } from "../../src/store/Store.ts"
import { healthy, server, suite } from "../harness/databases.ts"
import { seen } from "../harness/notes.ts"
import { recordsOf, slotsOf, statusesOf } from "../harness/observing.ts"
import { performIdle } from "../harness/performing.ts"
import { Cars, release } from "./fixtures/laneDeadlocks.ts"

suite("deadlocks in named lanes", (engine) => {
  const test = <A, E>(name: string, scenario: () => Effect.Effect<A, E, Stepped.Services | SqlClient.SqlClient>) =>
    it.effect(
      name,
      () => Effect.provide(Effect.andThen(scenario(), healthy), Cars.layer.pipe(Layer.provideMerge(engine.layer())))
    )

  test("2.5 a, b: a child that would join its ancestor is deadlocked, although its lane has room", () =>
    Effect.gen(function*() {
      const handle = yield* (yield* Cars.client)(1).shareLater("s", "s")
      yield* performIdle
      yield* release("gate of s")
      // the parent goes on and enqueues its child, which nobody has claimed yet
      yield* performDue
      const repo = yield* ActionRepo
      const asked = (yield* repo.slots(handle.id))[1]!.child
      yield* performIdle
      assert.deepStrictEqual(yield* slotsOf(handle.id), ["succeeded", "deadlocked"])
      // by itself, and not by the sweep
      assert.strictEqual((yield* repo.slots(handle.id))[1]!.child, asked)
      assert.include(
        (yield* Effect.flip(handle.await)).message,
        "share Car/1 › want › share Car/1: deadlocked: share Car/1 waits for share Car/1, which waits in step \"want\" for share Car/1"
      )
      assert.lengthOf(yield* recordsOf("share"), 1)
    }))

  test("15.3, 15.9: whoever can go on without the newcomer may be cancelled for it, whatever waits beside it", () =>
    Effect.gen(function*() {
      const car = (yield* Cars.client)(1)
      const wanting = yield* car.turnLater("x")
      const other = yield* car.occupyLater("x")
      const relay = yield* car.relayLater("x")
      yield* performIdle
      assert.deepStrictEqual(yield* statusesOf("occupy"), ["performing", "pending"])
      // the newcomer's parent is one of two whom the child of the one that performs waits behind: the other's end is enough
      yield* TestClock.adjust("1 minute")
      yield* performIdle
      assert.deepStrictEqual(seen.slice(0, 2), ["occupy x", "swerve"])
      assert.strictEqual((yield* relay.status).status, "cancelled")
      yield* wanting.await
      yield* performSteppedActions({ outbound: succeedOutbound })
      yield* other.await
    }))

  test("15.9, 15.5: who would supersede one whose parent performs in another of its lanes is deadlocked", () =>
    Effect.gen(function*() {
      const car = (yield* Cars.client)(1)
      yield* car.takeLater(["newest"])
      const asking = yield* car.askLater("single", "newest", 0)
      yield* performIdle
      yield* release("single")
      yield* performIdle
      const both = yield* car.takeLater(["newest", "single"])
      yield* performIdle
      assert.include(
        (yield* Effect.flip(both.await)).message,
        "take Car/1: deadlocked: take Car/1 waits in lane \"single:\" behind ask Car/1, which waits in step \"ask\" for take Car/1"
      )
      assert.deepStrictEqual(yield* statusesOf("take"), ["performing", "pending"])
      yield* performSteppedActions({ outbound: succeedOutbound })
      yield* asking.await
    }))

  test("15.9, 15.5: who would hold up in line one whose parent performs in another of its lanes is deadlocked", () =>
    Effect.gen(function*() {
      const car = (yield* Cars.client)(1)
      yield* car.takeLater(["single"])
      const asking = yield* car.askLater("second", "single", 0)
      yield* performIdle
      yield* release("second")
      yield* performIdle
      const urgent = yield* car.with({ priority: -1 }).takeLater(["single", "second"])
      const patient = yield* car.takeLater(["single", "second"])
      yield* performIdle
      assert.strictEqual((yield* urgent.status).status, "deadlocked")
      assert.include(
        (yield* Effect.flip(urgent.await)).message,
        "take Car/1: deadlocked: take Car/1 waits in lane \"second:\" behind ask Car/1, which waits in step \"ask\" " +
          "for take Car/1, which waits in lane \"single:\" behind take Car/1"
      )
      yield* performSteppedActions({ outbound: succeedOutbound })
      yield* asking.await
      yield* patient.await
    }))

  test("15.9, 14.2: a child that a newer one would supersede as it arrives is deadlocked, if that waits for its parent", () =>
    Effect.gen(function*() {
      const car = (yield* Cars.client)(1)
      yield* car.takeLater(["newest"])
      const asking = yield* car.askLater("single", "newest", 10)
      yield* performIdle
      yield* release("single")
      // the parent goes on and enqueues its child, which nobody has claimed yet
      yield* performDue
      const newer = yield* car.takeLater(["newest", "single"])
      yield* performIdle
      assert.include(
        (yield* Effect.flip(asking.await)).message,
        "ask Car/1 › ask › take Car/1: deadlocked: take Car/1 waits for take Car/1, which waits in lane \"single:\" behind " +
          "ask Car/1, which waits in step \"ask\" for take Car/1"
      )
      yield* performSteppedActions({ outbound: succeedOutbound })
      yield* newer.await
    }))
})

const joining: Catalog = {
  queues: ["default"],
  definitions: [{ key: "Car/share", steps: [{ kind: "own", name: "gate" }], flags: 0, prepare: false }],
  lanes: { pairs: { limit: 2, whenBusy: "line" } }
}

it.effect("2.5 b: two that join each other's parents at once are found by the sweep, and one of them is deadlocked", () =>
  Effect.gen(function*() {
    const car = (yield* Cars.client)(1)
    const handles = [yield* car.shareLater("s", "t"), yield* car.shareLater("t", "s")]
    yield* performIdle
    for (const lane of ["s", "t"]) yield* release(`gate of ${lane}`)
    // the parents go on and enqueue their children, which nobody has claimed yet
    yield* performDue
    const store = yield* Store
    const commit = yield* Deferred.make<void>()
    const workers = yield* Effect.forEach(handles, (_, i) =>
      Effect.gen(function*() {
        const token = yield* store.register(`worker ${i}`, Duration.minutes(1))
        const claimed = yield* Deferred.make<void>()
        const fiber = yield* Effect.forkChild(store.withTransaction(Effect.gen(function*() {
          const { taken } = yield* store.claim({ token, now: 0, room: 1, catalog: joining, prepared: [], only: null })
          assert.strictEqual(taken.count, 1)
          yield* Deferred.succeed(claimed, undefined)
          yield* Deferred.await(commit)
        })))
        yield* Deferred.await(claimed)
        return { token, fiber }
      }))
    yield* Deferred.succeed(commit, undefined)
    for (const worker of workers) yield* Fiber.join(worker.fiber)
    for (const worker of workers) yield* store.unregister(worker.token, 0)
    // both perform, and each waits for the other
    for (const { id } of handles) assert.deepStrictEqual(yield* slotsOf(id), ["succeeded", "open"])
    assert.include((yield* Stepped.doctor).map((finding) => finding.problem), "is in a cycle of waiting")
    yield* performSteppedActions()
    yield* healthy
    const slots = yield* Effect.forEach(handles, ({ id }) => slotsOf(id))
    assert.sameDeepMembers(slots, [["succeeded", "deadlocked"], ["succeeded", "failed"]])
    const first = handles[slots.findIndex((of) => of.includes("deadlocked"))]!
    assert.include(
      (yield* Effect.flip(first.await)).message,
      "share Car/1 › want › share Car/1: deadlocked: share Car/1 waits"
    )
  }).pipe(Effect.provide(Cars.layer.pipe(
    Layer.provideMerge(PostgresStore.layer),
    Layer.provideMerge(Storage.layer({ schema: "stepped", deadline: Duration.seconds(20), embedded: false })),
    Layer.provideMerge(server.layer())
  ))))
