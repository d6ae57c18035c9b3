/** Rule 15.2 across deploys: who waits begins by the settings of the newer one, without anybody joining or ending. */
import { assert, it } from "@effect/vitest"
import { Duration, Effect, Layer, Option } from "effect"
import type { Scope } from "effect"
import type { SqlClient } from "effect/sql"
import { TestClock } from "effect/testing"
import { PerformanceLane, type Stepped } from "stepped"
import { succeedOutbound } from "stepped/testing"
import type { LaneSettings } from "../../src/domain/LaneSettings.ts"
import * as PostgresStore from "../../src/sql/PostgresStore.ts"
import { Storage } from "../../src/store/Storage.ts"
import { Store } from "../../src/store/Store.ts"
import { startBeside } from "../harness/beside.ts"
import { healthy, suite } from "../harness/databases.ts"
import { watched } from "../harness/heals.ts"
import { seen } from "../harness/notes.ts"
import { recordOf, recordsOf } from "../harness/observing.ts"
import { until } from "../harness/workers.ts"
import { Cars, CarsLive, docks, earlier } from "./fixtures/laneDeploys.ts"

/** An earlier deploy lets them in, as far as its lanes have room, and stops. */
const letIn = (lanes: Readonly<Record<string, LaneSettings>>) =>
  Effect.gen(function*() {
    const store = yield* Store
    const token = yield* store.register("earlier", Duration.minutes(1))
    yield* store.claim({ token, now: 0, room: 10, catalog: earlier(lanes), prepared: [], only: null })
    yield* store.unregister(token, 0)
  })
const begun = (count: number) => until(`${count} have begun`, Effect.sync(() => seen.length >= count))
const performing = (name: string) =>
  Effect.map(recordsOf(name), (records) => records.filter(({ status }) => status === "performing").length)

suite("lanes across deploys", (engine) => {
  const test = <A, E>(
    name: string,
    scenario: () => Effect.Effect<A, E, Stepped.Services | SqlClient.SqlClient | Store | Scope.Scope>
  ) =>
    it.effect(name, () =>
      Effect.andThen(scenario(), healthy).pipe(
        Effect.scoped,
        Effect.provide(CarsLive.pipe(
          Layer.provideMerge(PostgresStore.layer),
          Layer.provideMerge(
            Storage.layer({ schema: "stepped", deadline: Duration.seconds(20), embedded: engine.name === "embedded" })
          ),
          Layer.provideMerge(engine.layer({ pollInterval: "20 millis", lease: "2 seconds" })),
          // upkeep would heal a lane that is not looked at
          Layer.provide(watched)
        ))
      ))

  test("15.2: where a limit is higher by now those who may begin do, and nobody more", () =>
    Effect.gen(function*() {
      const car = (yield* Cars.client)(1)
      const handles = yield* Effect.forEach(["1", "2", "3"], (name) => car.dockLater(name))
      yield* letIn({ docks: { limit: 1, whenBusy: "line" } })
      assert.strictEqual(yield* performing("dock"), 1)
      yield* startBeside({ name: "newer" })
      yield* begun(2)
      assert.strictEqual(yield* performing("dock"), 2)
      assert.strictEqual((yield* recordOf(handles[2]!.id)).status, "pending")
    }))

  test("15.2: where a limit is higher for a newcomer that is turned away, those who may begin do", () =>
    Effect.gen(function*() {
      const car = (yield* Cars.client)(1)
      const store = yield* Store
      yield* Effect.forEach(["1", "2", "3"], (name) => car.dockLater(name))
      yield* letIn({ docks: { limit: 1, whenBusy: "line" } })
      const newcomer = yield* car.dockLater("4")
      const newer = { docks: { limit: 2, whenBusy: "line", maxPending: 1 } } as const
      yield* letIn(newer)
      assert.strictEqual((yield* newcomer.status).status, "cancelled")
      assert.strictEqual(yield* performing("dock"), 1)
      const token = yield* store.register("newer", Duration.minutes(1))
      yield* store.tick(token, 0, earlier(newer))
      yield* store.unregister(token, 0)
      assert.strictEqual(yield* performing("dock"), 2)
    }))

  test("15.2: where a limit is lower by now nobody ends, and nobody begins before fewer perform", () =>
    Effect.gen(function*() {
      const car = (yield* Cars.client)(1)
      const handles = yield* Effect.forEach(["1", "2", "3", "4"], (name) => car.dockLater(name))
      yield* letIn({ docks: { limit: 3, whenBusy: "line" } })
      yield* startBeside({ name: "newer" })
      yield* begun(3)
      const lanes = yield* PerformanceLane
      yield* until(
        "the lane is as the newer one knows it",
        Effect.map(lanes.find(docks()), (lane) => Option.getOrThrow(lane).limit === 2)
      )
      assert.strictEqual(yield* performing("dock"), 3)
      const end = (index: number) => Effect.flatMap(recordOf(handles[index]!.id), succeedOutbound)
      yield* end(0)
      assert.strictEqual(yield* performing("dock"), 2)
      yield* end(1)
      yield* begun(4)
      assert.strictEqual((yield* recordOf(handles[3]!.id)).status, "performing")
    }))

  test("15.2, 15.3: where a limit is lower by now as many are cancelled for a newcomer as it takes, and no more", () =>
    Effect.gen(function*() {
      const car = (yield* Cars.client)(1)
      const old = [
        yield* car.climbLater("1"),
        yield* car.haulLater("2"),
        yield* car.climbLater("3"),
        yield* car.climbLater("4")
      ]
      yield* letIn({ ramp: { limit: 4, whenBusy: "cancelRunning" } })
      yield* startBeside({ name: "newer" })
      yield* begun(4)
      assert.strictEqual((yield* performing("climb")) + (yield* performing("haul")), 4)
      const newer = yield* car.climbLater("5")
      yield* until("the newcomer performs", Effect.map(newer.status, ({ status }) => status === "performing"))
      const statuses = yield* Effect.forEach(old, ({ id }) => Effect.map(recordOf(id), ({ status }) => status))
      assert.deepStrictEqual(statuses, ["cancelled", "cancelled", "cancelled", "performing"])
      assert.include(seen, "cancelled 2")
    }))

  test("15.2, 15.6: where a rate is higher by now more begin, until it is reached", () =>
    Effect.gen(function*() {
      const car = (yield* Cars.client)(1)
      const handles = yield* Effect.forEach(["1", "2", "3"], (name) => car.callLater(name))
      yield* letIn({ calls: { limit: 10, whenBusy: "line", rate: 1, per: 60_000 } })
      assert.strictEqual((yield* recordOf(handles[1]!.id)).dueAt?.getTime(), 60_000)
      yield* startBeside({ name: "newer" })
      yield* begun(2)
      assert.strictEqual((yield* recordOf(handles[2]!.id)).dueAt?.getTime(), 60_000)
      yield* TestClock.adjust("1 minute")
      yield* begun(3)
    }))
})
