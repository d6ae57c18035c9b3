/** How long history is kept, by status and action (rule 4.8): what goes, what stays and why, and that a year of load leaves no more than its times say. */
import { assert, it } from "@effect/vitest"
import { Clock, Effect, Layer, Option } from "effect"
import type { SqlClient } from "effect/sql"
import { TestClock } from "effect/testing"
import {
  ActionRepo,
  type Deletion,
  type DeletionPlan,
  type HistoryRetention,
  InvalidQuery,
  type PlannedDeletion,
  Stepped
} from "stepped"
import { healthy, suite } from "../harness/databases.ts"
import { statusesOf } from "../harness/observing.ts"
import { performIdle } from "../harness/performing.ts"
import { nothing, stored } from "../harness/stored.ts"
import { until } from "../harness/workers.ts"
import { Cars, hold, retention } from "./fixtures/retention.ts"

/** What deleting comes to, looking at so many at a time: how many went, and what was planned before of all pages together. */
const clearing = (kept: HistoryRetention, limit = 1000) =>
  Effect.gen(function*() {
    const repo = yield* ActionRepo
    const planned: Array<PlannedDeletion> = []
    let from: string | undefined
    do {
      const { groups, next }: DeletionPlan = yield* repo.planDeletion({ retention: kept, limit, from })
      planned.push(...groups)
      from = next
    } while (from !== undefined)
    let deleted = 0
    do {
      const page: Deletion = yield* repo.deleteEnded({ retention: kept, limit, from })
      deleted += page.deleted
      from = page.next
    } while (from !== undefined)
    return { deleted, planned }
  })
const goes = (planned: ReadonlyArray<PlannedDeletion>) =>
  planned.reduce((sum, { because, count }) => because === undefined ? sum + count : sum, 0)
const told = (planned: ReadonlyArray<PlannedDeletion>) =>
  planned.map(({ because, count, name, status }) => [name, status, because, count])

suite("retention", (engine) => {
  const test = <A, E>(
    name: string,
    scenario: () => Effect.Effect<A, E, Stepped.Services | SqlClient.SqlClient>,
    options: Stepped.EngineOptions = {}
  ) =>
    it.effect(name, () =>
      Effect.provide(
        Effect.andThen(scenario(), healthy),
        Cars.layer.pipe(Layer.provideMerge(engine.layer({ ...options, pollInterval: "20 millis" })))
      ))

  test("4.8: what has ended is kept as long as is said of its action and status, of its action, or of its status", () =>
    Effect.gen(function*() {
      const cars = yield* Cars.client
      yield* cars(1).driveLater(false)
      yield* cars(1).driveLater(true)
      yield* cars(1).auditLater()
      yield* performIdle
      const left = Effect.all([statusesOf("drive"), statusesOf("audit")])
      for (
        const [days, drives, audits] of [
          [7, ["succeeded", "failed"], ["succeeded"]],
          [1, ["failed"], ["succeeded"]],
          [22, ["failed"], ["succeeded"]],
          [1, ["failed"], []],
          [58, ["failed"], []],
          [2, [], []]
        ] as const
      ) {
        yield* TestClock.adjust(`${days} days`)
        const { deleted, planned } = yield* clearing(retention)
        assert.strictEqual(goes(planned), deleted)
        assert.deepStrictEqual(yield* left, [[...drives], [...audits]])
      }
      assert.deepStrictEqual(yield* stored, nothing)
    }))

  test("4.8: what a failure has started stays as long as the failure can be looked at, and the plan says so", () =>
    Effect.gen(function*() {
      const cars = yield* Cars.client
      const failed = yield* cars(1).tripLater()
      yield* performIdle
      yield* TestClock.adjust("45 days")
      // the child alone would be old by now
      const { deleted, planned } = yield* clearing(retention)
      assert.strictEqual(deleted, 0)
      assert.deepStrictEqual(told(planned), [["audit", "succeeded", "ancestor", 1]])
      // so that it can go on where it was
      const verb = yield* Effect.flatMap(ActionRepo, (repo) => repo.retry(failed.id))
      assert.strictEqual(verb._tag, "Retried")
      yield* performIdle
      yield* TestClock.adjust("61 days")
      assert.strictEqual((yield* clearing(retention)).deleted, 3)
      assert.deepStrictEqual(yield* stored, nothing)
    }))

  test("4.8: a worker deletes by what the layer is told of statuses and actions", () =>
    Effect.gen(function*() {
      const cars = yield* Cars.client
      const [done, failed, kept] = [
        yield* cars(1).driveLater(false),
        yield* cars(1).driveLater(true),
        yield* cars(1).auditLater()
      ]
      yield* performIdle
      yield* TestClock.adjust("8 days")
      const isThere = (id: string) => Effect.map(Effect.flatMap(ActionRepo, (repo) => repo.find(id)), Option.isSome)
      yield* Effect.scoped(Effect.andThen(
        Layer.build(Stepped.worker()),
        until("it is deleted", Effect.map(isThere(done.id), (isThere) => !isThere))
      ))
      assert.deepStrictEqual([yield* isThere(failed.id), yield* isThere(kept.id)], [true, true])
    }), { historyRetention: retention })

  test("4.8: the plan says what is still read, page by page as it would go, and changes nothing", () =>
    Effect.gen(function*() {
      const cars = yield* Cars.client
      const repo = yield* ActionRepo
      const holding = yield* cars(1).holdLater()
      yield* performIdle
      for (let n = 0; n < 6; n++) yield* cars(1).writeLater(n)
      const sleeping = yield* cars(2).yearLater()
      yield* performIdle
      yield* TestClock.adjust("100 days")
      const kept: HistoryRetention = { otherwise: "1 day" }
      const all = yield* repo.planDeletion({ retention: kept })
      assert.deepStrictEqual(told(all.groups).sort(), [
        ["audit", "succeeded", "parent", 1],
        ["write", "superseded", "superseded", 5]
      ])
      yield* Stepped.complete(holding.id, hold, Stepped.Outcome.succeededVoid)
      yield* performIdle
      yield* TestClock.adjust("2 days")
      const before = yield* stored
      for (const limit of [1, 2, 3, 100]) {
        const pages: Array<PlannedDeletion> = []
        let from: string | undefined
        do {
          const { groups, next } = yield* repo.planDeletion({ retention: kept, limit, from })
          pages.push(...groups)
          from = next
        } while (from !== undefined)
        assert.strictEqual(goes(pages), 7, `with ${limit} a page`)
      }
      assert.deepStrictEqual(yield* stored, before)
      assert.deepStrictEqual(yield* repo.planDeletion({ before: new Date(0) }), { groups: [], next: undefined })
      assert.strictEqual((yield* clearing(kept, 2)).deleted, 7)
      assert.isTrue(Option.isSome(yield* repo.find(sleeping.id)))
      yield* sleeping.cancel()
      yield* performIdle
    }))

  test("4.8: what was planned as of a time is what is deleted as of it, whatever has become old meanwhile", () =>
    Effect.gen(function*() {
      const repo = yield* ActionRepo
      const cars = yield* Cars.client
      yield* cars(1).auditLater()
      yield* performIdle
      yield* TestClock.adjust("2 days")
      yield* cars(2).auditLater()
      yield* performIdle
      const retention = { succeeded: "1 day" } as const
      const asOf = new Date(yield* Clock.currentTimeMillis)
      const { groups } = yield* repo.planDeletion({ retention, asOf })
      yield* TestClock.adjust("2 days")
      assert.strictEqual((yield* repo.deleteEnded({ retention, asOf })).deleted, goes(groups))
      assert.strictEqual(goes(groups), 1)
      assert.strictEqual((yield* repo.deleteEnded({ retention })).deleted, 1)
      const error = yield* Effect.flip(repo.planDeletion({ retention, asOf: new Date(Number.NaN) }))
      assert.deepInclude(error, { _tag: "InvalidQuery", field: "asOf of ActionRepo.planDeletion" })
    }))

  test("4.8: a year of load leaves what its times say, and no more at its end than after the first months", () =>
    Effect.gen(function*() {
      const cars = yield* Cars.client
      const kept: HistoryRetention = { succeeded: "7 days", failed: "60 days", otherwise: "7 days" }
      const sizes: Array<number> = []
      const sleeping = yield* cars(2).yearLater()
      yield* performIdle
      for (let day = 0; day < 360; day += 5) {
        for (let n = 0; n < 4; n++) yield* cars(n).driveLater(n === 0)
        yield* cars(5).auditLater()
        yield* performIdle
        yield* TestClock.adjust("5 days")
        const { deleted, planned } = yield* clearing(kept, 20)
        assert.strictEqual(goes(planned), deleted)
        const statuses = yield* statusesOf("drive")
        // two fives are not seven days yet; twelve fives are sixty, and what is as old as its time is still there
        assert.isAtMost(statuses.filter((status) => status === "succeeded").length, 3)
        assert.isAtMost(statuses.filter((status) => status === "failed").length, 12)
        sizes.push((yield* stored).actions)
      }
      assert.strictEqual(Math.max(...sizes.slice(18)), Math.max(...sizes.slice(0, 18)))
      // and what is slept through is as it was
      yield* TestClock.adjust("41 days")
      yield* performIdle
      yield* sleeping.await
      yield* TestClock.adjust("61 days")
      yield* clearing(kept)
      assert.deepStrictEqual(yield* stored, nothing)
    }))

  test("4.8: what cannot be a retention is refused, by the name of the field and with what it takes", () =>
    Effect.gen(function*() {
      const repo = yield* ActionRepo
      for (
        const [given, words] of [
          [{ succeeded: -1 }, "retention.succeeded of ActionRepo.deleteEnded is -1: it takes a duration from 0"],
          [
            { done: "1 day" },
            "retention.done of ActionRepo.deleteEnded is no status of what has ended: it takes succeeded, "
          ],
          [
            { actions: { visit: "1 day" } },
            "retention.actions[\"visit\"] of ActionRepo.deleteEnded is no action: it takes an actor's type"
          ],
          [
            { actions: { "Car/visit": "soon" } },
            "retention.actions[\"Car/visit\"] of ActionRepo.deleteEnded is \"soon\""
          ],
          [{ actions: { "Car/visit": { failed: "soon" } } }, "retention.actions[\"Car/visit\"].failed of"]
        ] as ReadonlyArray<readonly [HistoryRetention, string]>
      ) {
        const error = yield* Effect.flip(repo.deleteEnded({ retention: given }))
        assert.instanceOf(error, InvalidQuery)
        assert.include(error.message, words)
        assert.instanceOf(yield* Effect.flip(repo.planDeletion({ retention: given })), InvalidQuery)
      }
      // for ever
      assert.deepStrictEqual(yield* repo.deleteEnded({ retention: {} }), { deleted: 0, next: undefined })
      assert.deepStrictEqual(yield* repo.planDeletion({ retention: { failed: Infinity } }), {
        groups: [],
        next: undefined
      })
    }))
})
