/** Rules 9.1, 9.2 and 9.7 where they say more than a number: children that others have performed, what schedules are given, and for whom defaults hold. */
import { assert, it } from "@effect/vitest"
import { Duration, Effect, Layer, Schedule } from "effect"
import { SqlClient } from "effect/sql"
import { TestClock } from "effect/testing"
import { Stepped } from "stepped"
import { performSteppedActions } from "stepped/testing"
import { healthy, suite } from "../harness/databases.ts"
import { note, seen } from "../harness/notes.ts"
import { recordOf, recordsOf, slotsOf, statusesOf, stepsOf } from "../harness/observing.ts"
import { performIdle } from "../harness/performing.ts"
import { go, inspected, Late, paint, scene, Yards, YardsLive } from "./fixtures/furtherAttempts.ts"

suite("further attempts", (engine) => {
  const test = <A, E>(
    name: string,
    scenario: () => Effect.Effect<A, E, Stepped.Services | SqlClient.SqlClient>,
    live = YardsLive,
    options: Stepped.EngineOptions = {}
  ) =>
    it.effect(
      name,
      () => Effect.provide(Effect.andThen(scenario(), healthy), Layer.provideMerge(live, engine.layer(options)))
    )
  const yard = Effect.map(Yards.client, (yards) => yards(1))
  const forgotten = Effect.flatMap(SqlClient.SqlClient, (sql) => sql`delete from stepped.achievements`)
  const painted = Effect.gen(function*() {
    const open = (yield* recordsOf("paint")).find(({ status }) => status === "performing")
    yield* Stepped.complete(open!.id, paint, Stepped.Outcome.succeeded("dry"))
    yield* performIdle
  })
  /** In how many seconds it goes on. */
  const dueIn = (id: string) =>
    Effect.gen(function*() {
      const { dueAt } = yield* recordOf(id)
      return dueAt === undefined
        ? undefined
        : (dueAt.getTime() - (yield* Effect.clockWith((clock) => clock.currentTimeMillis))) / 1000
    })
  /** Performs until nothing is due, and the clock stands where the next attempt begins: by how much, each time. */
  const delays = (id: string) =>
    Effect.gen(function*() {
      const found: Array<number> = []
      yield* performIdle
      for (let due = yield* dueIn(id); due !== undefined && found.length < 10; due = yield* dueIn(id)) {
        found.push(due)
        yield* TestClock.adjust(Duration.seconds(due))
        yield* performIdle
      }
      return found
    })

  test("9.1: a child that was superseded, and whose successor has succeeded, has; nothing of it is performed again", () =>
    Effect.gen(function*() {
      const handle = yield* (yield* yard).convoyLater()
      yield* performIdle
      assert.deepStrictEqual(yield* slotsOf(handle.id), ["succeeded", "succeeded", "succeeded", "failed"])
      assert.deepStrictEqual([...seen].sort(), ["crane", "drive 1", "drive 3"])
      yield* TestClock.adjust("1 minute")
      yield* performIdle
      assert.deepStrictEqual(yield* handle.await, [1, 3, 3])
      assert.deepStrictEqual([...seen].sort(), ["crane", "crane", "drive 1", "drive 3"])
      assert.deepStrictEqual((yield* statusesOf("drive")).toSorted(), ["succeeded", "succeeded", "superseded"])
    }))

  test("9.1: so has one that has joined another, though nobody would join or achieve anything by now", () =>
    Effect.gen(function*() {
      const client = yield* yard
      yield* client.paintLater("red")
      yield* performIdle
      const handle = yield* client.orderLater()
      yield* performIdle
      assert.deepStrictEqual(yield* slotsOf(handle.id), ["open", "failed"])
      yield* painted
      yield* forgotten
      yield* TestClock.adjust("1 minute")
      yield* performIdle
      assert.strictEqual(yield* handle.await, "dry")
      assert.deepStrictEqual(seen, ["paint red", "crane", "crane"])
      assert.deepStrictEqual(yield* statusesOf("paint"), ["succeeded"])
    }))

  test("9.1: and one that was achieved already", () =>
    Effect.gen(function*() {
      const client = yield* yard
      yield* client.paintLater("red")
      yield* performIdle
      yield* painted
      const handle = yield* client.orderLater()
      yield* performIdle
      assert.deepStrictEqual(yield* slotsOf(handle.id), ["succeeded", "failed"])
      yield* forgotten
      yield* TestClock.adjust("1 minute")
      yield* performIdle
      assert.strictEqual(yield* handle.await, "dry")
      assert.deepStrictEqual(seen, ["paint red", "crane", "crane"])
      assert.deepStrictEqual(yield* statusesOf("paint"), ["succeeded"])
    }))

  test("9.1: with `fresh` a signal that was read is waited for anew, and what was done once is not done again", () =>
    Effect.gen(function*() {
      const handle = yield* (yield* yard).anewLater()
      yield* handle.send(go, "first")
      yield* performIdle
      assert.deepStrictEqual(yield* slotsOf(handle.id), ["succeeded", "failed"])
      yield* TestClock.adjust("1 minute")
      yield* performIdle
      assert.deepStrictEqual(yield* slotsOf(handle.id), ["succeeded", "failed", "open", "succeeded"])
      yield* handle.send(go, "second")
      yield* performIdle
      assert.strictEqual(yield* handle.await, "second")
      assert.deepStrictEqual(seen, ["weighs", "crane", "crane"])
    }))

  test("9.2: a schedule has the failure, and the services that the step's layer has given it", () =>
    Effect.gen(function*() {
      const handle = yield* (yield* yard).pacedLater()
      assert.deepStrictEqual(yield* delays(handle.id), [30, 60])
      assert.deepStrictEqual(yield* Effect.flip(handle.await), new Late({ seconds: 30 }))
    }))

  test("9.2: what has passed is counted from the first attempt's start", () =>
    Effect.gen(function*() {
      const handle = yield* (yield* yard).hurriedLater()
      assert.deepStrictEqual(yield* delays(handle.id), [25, 25, 25])
      assert.deepStrictEqual(yield* Effect.flip(handle.await), new Late({ seconds: 40 }))
    }))

  test("9.2: what chance has drawn stays as it is", () =>
    Effect.gen(function*() {
      const handle = yield* (yield* yard).jitteredLater()
      yield* performIdle
      const drawn = (yield* dueIn(handle.id))!
      assert.isAtLeast(drawn, 80)
      assert.isAtMost(drawn, 121)
      yield* TestClock.adjust("79 seconds")
      yield* performIdle
      assert.approximately((yield* dueIn(handle.id))!, drawn - 79, 1e-6)
      assert.lengthOf(yield* delays(handle.id), 1)
      assert.strictEqual(scene.runs, 2)
    }))

  test(
    "15.6: neither a rerun nor a further attempt is a start in a lane with a rate",
    () =>
      Effect.gen(function*() {
        const sql = yield* SqlClient.SqlClient
        const client = yield* yard
        const first = yield* client.passLater()
        yield* performIdle
        const second = yield* client.passLater()
        yield* performIdle
        const waits = { status: "pending", dueAt: new Date(60_000) } as const
        assert.deepInclude(yield* recordOf(second.id), waits)
        for (const seconds of [5, 10]) {
          yield* TestClock.adjust(Duration.seconds(seconds))
          yield* performIdle
        }
        assert.strictEqual((yield* recordOf(first.id)).status, "succeeded")
        assert.deepInclude(yield* recordOf(second.id), waits)
        assert.deepStrictEqual(yield* sql`select cardinality(starts) as n from stepped.named_lanes`, [{ n: 1 }])
        yield* TestClock.adjust("45 seconds")
        yield* performIdle
        assert.strictEqual((yield* recordOf(second.id)).status, "succeeded")
        assert.deepStrictEqual(seen, Array.from({ length: 4 }, () => "passes"))
      }),
    YardsLive,
    { handledDefects: () => false, attempts: 3, retry: Schedule.spaced("5 seconds") }
  )

  test("9.7: defaults say nothing of a job that fails", () =>
    Effect.gen(function*() {
      const handle = yield* (yield* yard).towedLater()
      yield* performIdle
      assert.strictEqual((yield* recordOf(handle.id)).status, "failed")
      assert.deepStrictEqual(seen, ["tows"])
    }))

  test(
    "9.7: nor of a step that another module has prepended",
    () =>
      Effect.gen(function*() {
        const handle = yield* (yield* yard).inspectedLater()
        yield* performIdle
        assert.strictEqual((yield* recordOf(handle.id)).status, "failed")
        assert.deepStrictEqual(yield* stepsOf(handle.id), ["first failed"])
      }),
    Layer.provideMerge(
      Stepped.prependStep(
        Yards,
        inspected,
        "first",
        () => Effect.andThen(note("first"), Effect.suspend(() => scene.failures > 0 ? Effect.die("rust") : Effect.void))
      ),
      YardsLive
    )
  )

  test("9.7: nor of what undoes a step, which is tried as often as the engine tries what fails", () =>
    Effect.gen(function*() {
      yield* (yield* yard).undoneLater()
      yield* performSteppedActions()
      assert.deepStrictEqual(seen, Array.from({ length: 5 }, () => "undoes"))
    }))
})
