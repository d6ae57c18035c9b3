/** Rule 15.3 where the running one is cancelled: behind what is undone there, and for nobody who waits for the newcomer. */
import { assert, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import type { SqlClient } from "effect/sql"
import { TestClock } from "effect/testing"
import { Cancelled, type Stepped } from "stepped"
import { performSteppedActions, succeedOutbound } from "stepped/testing"
import { healthy, suite } from "../harness/databases.ts"
import { seen } from "../harness/notes.ts"
import { recordOf, recordsOf, slotsOf, statusesOf } from "../harness/observing.ts"
import { performIdle } from "../harness/performing.ts"
import { Ships, Storm } from "./fixtures/cancellingLanes.ts"

suite("lanes that cancel", (engine) => {
  const test = <A, E>(name: string, scenario: () => Effect.Effect<A, E, Stepped.Services | SqlClient.SqlClient>) =>
    it.effect(
      name,
      () => Effect.provide(Effect.andThen(scenario(), healthy), Layer.provideMerge(Ships.layer, engine.layer()))
    )
  const ship = Effect.map(Ships.client, (ships) => ships(1))
  const minute = Effect.andThen(TestClock.adjust("1 minute"), performIdle)
  const drained = performSteppedActions({ outbound: succeedOutbound })

  test("15.3, 10.1: the newcomer performs when what the cancelled one has done is undone; meanwhile nobody further is cancelled", () =>
    Effect.gen(function*() {
      const client = yield* ship
      const first = yield* client.dockLater("first")
      yield* performIdle
      yield* client.dockLater("second")
      yield* performIdle
      assert.isTrue((yield* recordOf(first.id)).unwinding)
      assert.deepStrictEqual(yield* statusesOf("dock"), ["performing", "pending"])
      yield* client.dockLater("third")
      yield* performIdle
      assert.deepStrictEqual(yield* statusesOf("dock"), ["performing", "superseded", "pending"])
      assert.deepStrictEqual(seen, ["moors first", "unmoors first"])
      yield* minute
      assert.deepStrictEqual(seen.slice(2), ["first cancelled", "moors third"])
      assert.deepStrictEqual(yield* statusesOf("dock"), ["cancelled", "superseded", "performing"])
      assert.instanceOf(yield* Effect.flip(first.await), Cancelled)
      yield* drained
    }))

  test("15.3, 10.4: whoever comes while an ended one is undone there waits behind that, and has nobody cancelled", () =>
    Effect.gen(function*() {
      const client = yield* ship
      const voyage = yield* client.voyageLater()
      yield* performIdle
      yield* minute
      assert.isTrue((yield* recordsOf("ferry"))[0]!.unwinding)
      const dock = yield* client.dockLater("late")
      yield* performIdle
      assert.deepStrictEqual(seen, ["loads", "unloads"])
      assert.strictEqual((yield* recordOf(dock.id)).status, "pending")
      yield* minute
      assert.deepStrictEqual(seen.slice(2), ["moors late"])
      assert.instanceOf(yield* Effect.flip(voyage.await), Storm)
      assert.isUndefined((yield* recordOf(voyage.id)).cause?.notUndone)
      yield* drained
    }))

  test("15.3, 10.4: for what is undone nobody is cancelled, and it stays before whoever comes and has somebody cancelled", () =>
    Effect.gen(function*() {
      const client = yield* ship
      const voyage = yield* client.voyageLater()
      yield* performIdle
      const first = yield* client.dockLater("first")
      yield* performIdle
      // the ferry's unwinding is next, and waits
      yield* minute
      const [ferry] = yield* recordsOf("ferry")
      assert.deepInclude(ferry, { status: "succeeded", unwinding: true })
      assert.deepInclude(yield* recordOf(first.id), { status: "performing", unwinding: false })
      const second = yield* client.dockLater("second")
      yield* performIdle
      assert.isTrue((yield* recordOf(first.id)).unwinding)
      assert.deepStrictEqual(seen, ["loads", "moors first", "unmoors first"])
      yield* minute
      assert.deepStrictEqual(seen.slice(3), ["first cancelled", "unloads"])
      assert.strictEqual((yield* recordOf(second.id)).status, "pending")
      yield* minute
      assert.deepStrictEqual(seen.slice(5), ["moors second"])
      assert.instanceOf(yield* Effect.flip(voyage.await), Storm)
      assert.isUndefined((yield* recordOf(voyage.id)).cause?.notUndone)
      yield* drained
    }))

  test("15.3, 2.5 a: an ancestor that performs there alone is not cancelled: its child is deadlocked, at any depth", () =>
    Effect.gen(function*() {
      const client = yield* ship
      const handles = [yield* client.escortLater()]
      yield* performIdle
      handles.push(yield* client.fleetLater())
      yield* performIdle
      assert.deepStrictEqual(yield* slotsOf(handles[0]!.id), ["deadlocked"])
      const [middle] = yield* recordsOf("middle")
      assert.deepStrictEqual(yield* slotsOf(middle!.id), ["deadlocked"])
      for (const handle of handles) {
        assert.strictEqual((yield* recordOf(handle.id)).status, "failed")
        assert.include((yield* Effect.flip(handle.await)).message, "deadlocked: ")
      }
      assert.deepStrictEqual(seen, [])
      assert.deepStrictEqual(yield* recordsOf("dock"), [])
    }))

  test("15.3, 2.5 a: nor where it has performed longest: of two who perform there the other one is", () =>
    Effect.gen(function*() {
      const client = yield* ship
      const tug = yield* client.tugLater()
      yield* performIdle
      const other = yield* client.anchorLater("other")
      yield* performIdle
      yield* minute
      assert.deepStrictEqual(seen, ["anchors other", "anchors towed"])
      assert.instanceOf(yield* Effect.flip(other.await), Cancelled)
      yield* drained
      yield* tug.await
    }))
})
