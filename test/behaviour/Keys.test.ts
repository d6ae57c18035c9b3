/** Keys and checksums as the engine computes them, and as programs that look for them do (rules 2.3 and 2.8). */
import { assert, it } from "@effect/vitest"
import { Clock, Effect, Layer, Option, Schema } from "effect"
import { TestClock } from "effect/testing"
import {
  type AchievementFilter,
  AchievementStore,
  ActionRepo,
  InvalidChecksum,
  PerformanceLane,
  Stepped
} from "stepped"
import { performSteppedActions } from "stepped/testing"
import { healthy, suite } from "../harness/databases.ts"
import { laneOf } from "../harness/observing.ts"
import { performIdle } from "../harness/performing.ts"

class Depot extends Stepped.Actor<Depot>()("Depot", { id: Schema.String }) {}

const shelf = (place: string, row: number) => ["shelf/s", place, row]
const load = Stepped.action("load", {
  arguments: [Schema.String, Schema.Int],
  success: Schema.String,
  concurrencyKey: shelf,
  checksumKey: (place, row) => ["loaded", ...shelf(place, row)],
  checksum: (place, row) => ({ row, place })
}).step((place) => Effect.succeed(place))
const guard = Stepped.action("guard", {
  arguments: [Schema.String, Schema.Int],
  outbound: true,
  concurrencyKey: shelf
}).step(() => Effect.void)
const Depots = Stepped.actions(Depot, [load, guard])

/** Parts that would be others if they were only put beside each other. */
const places = ["a", "a/b", "a\\", "a\\/b", "/", "", "ü"]

suite("keys and checksums", (engine) => {
  const layer = Depots.layer.pipe(Layer.provideMerge(engine.layer()))

  it.effect("2.8: a lane is found by what its key function gave, as it was given and joined", () =>
    Effect.gen(function*() {
      const depot = (yield* Depots.client)("x")
      const lanes = yield* PerformanceLane
      const repo = yield* ActionRepo
      for (const place of places) {
        const handle = yield* depot.guardLater(place, 7)
        yield* performIdle
        const key = shelf(place, 7)
        const lane = Option.getOrThrow(yield* lanes.find(key))
        assert.deepStrictEqual(lane, laneOf(Stepped.joinKey(key), handle.id))
        assert.deepStrictEqual(yield* lanes.find(Stepped.joinKey(key)), Option.some(lane))
        assert.deepStrictEqual(Stepped.parseKey(lane.key), ["shelf/s", place, "7"])
        const { lane: stored } = Option.getOrThrow(yield* repo.find(handle.id))
        assert.strictEqual(stored, lane.key)
      }
      assert.strictEqual((yield* lanes.list()).length, places.length)
      assert.strictEqual((yield* lanes.list({ limit: 2 })).length, 2)
      yield* healthy
    }).pipe(Effect.provide(layer)))

  it.effect("2.3, 2.8: an achievement is found by what its key function gave, and has the checksum of the value", () =>
    Effect.gen(function*() {
      const depot = (yield* Depots.client)("x")
      const achievements = yield* AchievementStore
      const repo = yield* ActionRepo
      for (const place of places) {
        const handle = yield* depot.loadLater(place, 7)
        yield* performSteppedActions()
        const key = ["loaded", ...shelf(place, 7)]
        const achievement = Option.getOrThrow(yield* achievements.find(key))
        assert.strictEqual(achievement.checksumKey, Stepped.joinKey(key))
        assert.strictEqual(achievement.checksum, Stepped.checksum({ place, row: 7 }))
        const record = Option.getOrThrow(yield* repo.find(handle.id))
        assert.deepStrictEqual([record.checksumKey, record.checksum], [achievement.checksumKey, achievement.checksum])
      }
      const all = yield* achievements.list()
      assert.deepStrictEqual(all.map(({ result }) => result), [...places].sort(asStored))
      assert.deepStrictEqual(yield* achievements.list({ limit: 2 }), all.slice(0, 2))
      assert.isTrue(yield* achievements.forget(["loaded", ...shelf("a/b", 7)]))
      assert.isFalse(yield* achievements.forget(["loaded", ...shelf("a/b", 7)]))
      assert.strictEqual((yield* achievements.list()).length, places.length - 1)
      yield* healthy
    }).pipe(Effect.provide(layer)))

  it.effect("16.1: achievements are forgotten below a key, and by action", () =>
    Effect.gen(function*() {
      const depots = yield* Depots.client
      const achievements = yield* AchievementStore
      for (const place of ["a", "ab", "a-b", "a/b"]) {
        for (const row of [1, 2]) yield* depots("x").loadLater(place, row)
      }
      yield* performSteppedActions()
      const keys = Effect.map(achievements.list(), (all) => all.map(({ checksumKey }) => Stepped.parseKey(checksumKey)))
      const forgets = (filter: AchievementFilter, gone: number) =>
        Effect.map(achievements.forgetAll(filter), (count) => assert.strictEqual(count, gone))
      assert.strictEqual((yield* keys).length, 8)
      yield* forgets({ below: ["load"] }, 0)
      yield* forgets({ below: ["loaded", ...shelf("ab", 1)] }, 1)
      yield* forgets({ below: ["loaded", "shelf/s"], name: "unload" }, 0)
      yield* forgets({ actorType: "Car" }, 0)
      // neither "ab", "a-b" nor "a/b"
      yield* forgets({ below: ["loaded", "shelf/s", "a"] }, 2)
      yield* forgets({ below: "loaded", actorType: "Depot", name: "load", before: new Date(8e14) }, 5)
      assert.deepStrictEqual(yield* keys, [])
      for (const nothing of [{}, { below: [] }, { name: "" }]) {
        const error = yield* Effect.flip(achievements.forgetAll(nothing))
        assert.match(error.message, /filter of AchievementStore.forgetAll/)
      }
      assert.strictEqual(yield* achievements.forgetAll({ below: "\0" }), 0)
      yield* healthy
    }).pipe(Effect.provide(layer)))

  it.effect("what was achieved before a time is forgotten, as much as the limit says", () =>
    Effect.gen(function*() {
      const depot = (yield* Depots.client)("x")
      const achievements = yield* AchievementStore
      for (const place of ["a", "b", "c"]) yield* depot.loadLater(place, 1)
      yield* performSteppedActions()
      yield* TestClock.adjust("1 hour")
      yield* depot.loadLater("d", 1)
      yield* performSteppedActions()
      const before = new Date(yield* Clock.currentTimeMillis)
      assert.strictEqual(yield* achievements.forgetAll({ before: new Date(0) }), 0)
      assert.strictEqual(yield* achievements.forgetAll({ before, limit: 2 }), 2)
      assert.strictEqual(yield* achievements.forgetAll({ before }), 1)
      assert.deepStrictEqual((yield* achievements.list()).map(({ result }) => result), ["d"])
      yield* healthy
    }).pipe(Effect.provide(layer)))
})

/** Keys compare as bytes. */
const asStored = (a: string, b: string) =>
  Buffer.compare(Buffer.from(Stepped.joinKey(shelf(a, 7))), Buffer.from(Stepped.joinKey(shelf(b, 7))))

it("2.3: a checksum is made of what JSON holds, and of nothing there is none", () => {
  assert.strictEqual(Stepped.checksum(25), "b7a56873cd771f2c446d369b649430b65a756ba278ff97ec81bb6f55b2e73569")
  assert.isUndefined(Stepped.checksum(null))
  assert.isUndefined(Stepped.checksum(undefined))
  assert.throws(() => Stepped.checksum({ at: NaN }), InvalidChecksum)
  // @ts-expect-error: the compiler sees it, too
  assert.throws(() => Stepped.checksum(new Set([1])), InvalidChecksum)
})
