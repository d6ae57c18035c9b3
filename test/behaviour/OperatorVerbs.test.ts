/** Rule 18.2 of what waits in a queue, and of what has ended: its priority, its time, and deleting it. */
import { assert, it } from "@effect/vitest"
import { Effect, Layer, Option } from "effect"
import { SqlClient } from "effect/sql"
import { TestClock } from "effect/testing"
import { ActionRepo, InvalidQuery, JobQueue, Stepped } from "stepped"
import { performSteppedActions } from "stepped/testing"
import { healthy, suite } from "../harness/databases.ts"
import { seen } from "../harness/notes.ts"
import { recordOf, stepsOf } from "../harness/observing.ts"
import { performIdle } from "../harness/performing.ts"
import { block, guard, scene, Yards } from "./fixtures/queueing.ts"

const why = { by: "ada", reason: "first things first" }
const nobody = "0196a7a8-7e5c-7cc4-a7f5-0d2a3c6f1b11"
const hours = (count: number) => new Date(count * 3_600_000)

suite("what operators do with what waits, and with what has ended", (engine) => {
  const test = <A, E>(name: string, scenario: () => Effect.Effect<A, E, Stepped.Services | SqlClient.SqlClient>) =>
    it.effect(
      name,
      () => Effect.provide(Effect.andThen(scenario(), healthy), Layer.provideMerge(Yards.layer, engine.layer()))
    )
  const yard = Effect.map(Yards.client, (yards) => yards(1))
  const reprioritise = (id: string, priority: number) =>
    Effect.flatMap(JobQueue, (queue) => queue.reprioritise(id, priority, why))
  const reschedule = (id: string, at: Date) => Effect.flatMap(JobQueue, (queue) => queue.reschedule(id, at, why))
  const remove = (id: string) => Effect.flatMap(ActionRepo, (repo) => repo.delete(id, why))

  test("18.2: what waits in a queue stands there by its new priority, behind who was there before with that", () =>
    Effect.gen(function*() {
      const client = yield* yard
      const [a, , c, d] = yield* Effect.forEach(["a", "b", "c", "d"], (what) => client.loadLater(what))
      yield* client.with({ priority: -1 }).loadLater("e")
      assert.strictEqual(yield* reprioritise(d!.id, -2), "done")
      assert.strictEqual(yield* reprioritise(a!.id, 100), "done")
      assert.strictEqual(yield* reprioritise(c!.id, -1), "done")
      assert.strictEqual((yield* recordOf(c!.id)).priority, -1)
      yield* performIdle
      assert.deepStrictEqual(seen, ["d", "c", "e", "b", "a"])
    }))

  test("18.2: what is delayed or paused has its new priority when it comes back", () =>
    Effect.gen(function*() {
      const client = yield* yard
      const queue = yield* JobQueue
      const late = yield* client.with({ delay: "1 hour" }).loadLater("late")
      yield* queue.pause({ queue: "default" }, why)
      const paused = yield* client.loadLater("paused")
      yield* performIdle
      assert.strictEqual(yield* reprioritise(late.id, -5), "done")
      assert.strictEqual(yield* reprioritise(paused.id, 5), "done")
      yield* client.loadLater("other")
      yield* TestClock.adjust("1 hour")
      yield* performIdle
      assert.deepStrictEqual(seen, [])
      yield* queue.resume({ queue: "default" })
      yield* performIdle
      assert.deepStrictEqual(seen, ["late", "other", "paused"])
    }))

  test("18.2: of tenants who take turns it has the next turn of those with that priority", () =>
    Effect.gen(function*() {
      const client = yield* yard
      const ships = yield* Effect.forEach(
        [["a", 1], ["a", 2], ["a", 3], ["b", 1], ["b", 2]] as const,
        ([who, n]) => client.shipLater(who, n)
      )
      for (const index of [2, 1, 4]) assert.strictEqual(yield* reprioritise(ships[index]!.id, -1), "done")
      yield* performIdle
      assert.deepStrictEqual(seen, ["a3", "a2", "b2", "a1", "b1"])
    }))

  test("18.2: it starts at its new time, earlier, later, or now", () =>
    Effect.gen(function*() {
      const client = yield* yard
      const now = yield* client.loadLater("now")
      const [earlier, later, atOnce] = yield* Effect.forEach(
        ["earlier", "later", "at once"],
        (what) => client.with({ delay: "2 hours", priority: 3 }).loadLater(what)
      )
      assert.strictEqual(yield* reschedule(now.id, hours(3)), "done")
      assert.strictEqual(yield* reschedule(earlier!.id, hours(1)), "done")
      assert.strictEqual(yield* reschedule(later!.id, hours(4)), "done")
      assert.strictEqual(yield* reschedule(atOnce!.id, new Date(-1)), "done")
      assert.deepInclude(yield* recordOf(now.id), { status: "queued", dueAt: hours(3) })
      assert.deepInclude(yield* recordOf(atOnce!.id), { status: "queued", dueAt: undefined, priority: 3 })
      yield* performIdle
      for (let hour = 1; hour <= 4; hour++) {
        seen.push(String(hour))
        yield* TestClock.adjust("1 hour")
        yield* performIdle
      }
      assert.deepStrictEqual(seen, ["at once", "1", "earlier", "2", "3", "now", "4", "later"])
    }))

  test("18.2: what is due later by its new time is the newer one in its lane", () =>
    Effect.gen(function*() {
      const client = yield* yard
      const holder = yield* client.blockLater()
      yield* performIdle
      const first = yield* client.sweepLater("first")
      assert.strictEqual(yield* reschedule(first.id, hours(3)), "done")
      const second = yield* client.with({ delay: "2 hours" }).sweepLater("second")
      yield* TestClock.adjust("2 hours")
      yield* performIdle
      assert.strictEqual((yield* recordOf(second.id)).status, "pending")
      yield* TestClock.adjust("1 hour")
      yield* performIdle
      assert.strictEqual((yield* recordOf(second.id)).supersededBy, first.id)
      yield* Stepped.complete(holder.id, block, Stepped.Outcome.succeededVoid)
      yield* performIdle
      assert.deepStrictEqual(seen, ["first"])
    }))

  test("18.2: a step is tried again at its new time, and its record says so", () =>
    Effect.gen(function*() {
      const repo = yield* ActionRepo
      const { id } = yield* (yield* yard).openLater()
      yield* performIdle
      assert.deepStrictEqual((yield* recordOf(id)).dueAt, hours(1))
      assert.strictEqual(yield* reschedule(id, hours(2)), "done")
      assert.deepStrictEqual((yield* recordOf(id)).dueAt, hours(2))
      assert.deepStrictEqual((yield* repo.steps(id))[0]!.attempts.map(({ nextAt }) => nextAt), [hours(2)])
      yield* TestClock.adjust("1 hour")
      yield* performIdle
      assert.strictEqual((yield* repo.steps(id))[0]!.attemptNumber, 2)
      assert.strictEqual((yield* repo.steps(id))[0]!.attempts.length, 1)
      scene.isClosed = false
      assert.strictEqual(yield* reschedule(id, new Date(0)), "done")
      yield* performIdle
      assert.deepStrictEqual(yield* stepsOf(id), ["open succeeded"])
    }))

  test("18.2: asked again it is done, and what cannot be changed says why", () =>
    Effect.gen(function*() {
      const client = yield* yard
      const delayed = yield* client.with({ delay: "1 hour" }).loadLater("delayed")
      for (let n = 0; n < 2; n++) {
        assert.strictEqual(yield* reschedule(delayed.id, hours(2)), "done")
        assert.strictEqual(yield* reprioritise(delayed.id, 3), "done")
      }
      const waiting = yield* client.guardLater()
      const over = yield* client.loadLater("over")
      yield* performIdle
      const cancelled = yield* client.loadLater("cancelled")
      yield* cancelled.cancel()
      for (
        const [id, said] of [
          [waiting.id, "begun"],
          [over.id, "over"],
          [cancelled.id, "over"],
          [nobody, "none"],
          ["none", "none"]
        ] as const
      ) {
        assert.strictEqual(yield* reprioritise(id, 1), said)
        assert.strictEqual(yield* reschedule(id, hours(1)), said)
      }
      const queue = yield* JobQueue
      for (const priority of [-101, 101, 0.5, NaN]) {
        const error = yield* Effect.flip(queue.reprioritise(delayed.id, priority))
        assert.instanceOf(error, InvalidQuery)
        assert.strictEqual(
          error.message,
          `priority of JobQueue.reprioritise is ${priority}: it takes a whole number from -100, which comes first, to 100`
        )
      }
      const error = yield* Effect.flip(queue.reschedule(delayed.id, new Date(NaN)))
      assert.strictEqual(error instanceof InvalidQuery ? error.field : "", "at of JobQueue.reschedule")
      assert.deepStrictEqual(
        (yield* (yield* ActionRepo).operations({ target: delayed.id })).map(({ outcome }) => outcome),
        ["done", "done"]
      )
      yield* waiting.cancel()
      yield* performSteppedActions()
    }))

  test("18.2: a tree that has ended is deleted, from its root down, and nothing else", () =>
    Effect.gen(function*() {
      const repo = yield* ActionRepo
      const sql = yield* SqlClient.SqlClient
      const { id } = yield* (yield* yard).treeLater()
      const other = yield* (yield* yard).loadLater("other")
      assert.deepStrictEqual(yield* remove(id), { _tag: "NotEnded" })
      yield* performIdle
      assert.strictEqual((yield* repo.list({ limit: 100 })).length, 10)
      assert.deepStrictEqual(yield* remove(id), { _tag: "Deleted", deleted: 7, kept: [], hasMore: false })
      assert.deepStrictEqual((yield* repo.list()).map(({ name }) => name).sort(), ["load", "sweep", "sweep"])
      const left = yield* sql<{ n: number }>`select (select count(*) from stepped.slots)::int
        + (select count(*) from stepped.steps where action <> ${other.id})::int as n`
      assert.strictEqual(left[0]!.n, 0)
      assert.deepStrictEqual(yield* remove(id), { _tag: "None" })
      assert.deepStrictEqual(yield* remove("none"), { _tag: "None" })
    }))

  test("18.2: what somebody reads of a tree stays, and it is said who", () =>
    Effect.gen(function*() {
      const repo = yield* ActionRepo
      const reads = yield* (yield* yard).readsLater()
      yield* performIdle
      const [leaf] = yield* repo.list({ name: "leaf" })
      assert.deepStrictEqual(yield* remove(leaf!.id), { _tag: "Kept", kept: [{ id: leaf!.id, because: "parent" }] })
      const keyed = yield* (yield* yard).with({ idempotencyKey: "once" }).loadLater("keyed")
      yield* performIdle
      assert.deepStrictEqual(yield* remove(keyed.id), { _tag: "Kept", kept: [{ id: keyed.id, because: "key" }] })
      scene.isClosed = true
      const failed = yield* (yield* yard).openLater()
      yield* performIdle
      yield* repo.failStep((yield* repo.steps(failed.id))[0]!, { reason: "over" })
      yield* performIdle
      yield* repo.retry(failed.id)
      assert.deepStrictEqual(yield* remove(failed.id), { _tag: "Kept", kept: [{ id: failed.id, because: "retry" }] })
      assert.deepStrictEqual(
        (yield* repo.operations({ verbs: ["ActionRepo.delete"] })).map(({ counts, outcome }) => [outcome, counts]),
        [["kept", undefined], ["kept", undefined], ["kept", undefined]]
      )
      const [waits] = yield* repo.list({ name: "guard" })
      yield* Stepped.complete(waits!.id, guard, Stepped.Outcome.succeededVoid)
      scene.isClosed = false
      yield* performSteppedActions()
      assert.deepStrictEqual(yield* remove(reads.id), { _tag: "Deleted", deleted: 3, kept: [], hasMore: false })
      assert.isTrue(Option.isNone(yield* repo.find(leaf!.id)))
    }))

  test("18.2: of a large tree a call deletes a part, from below", () =>
    Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      const repo = yield* ActionRepo
      const { id } = yield* (yield* yard).treeLater()
      yield* performIdle
      const some = sql<{ became: string; deleted: number; has_more: boolean }>`
        select became, deleted, has_more from stepped.delete_tree(p_now => now(), p_action => ${id}, p_limit => 3)`
      assert.deepStrictEqual(yield* some, [{ became: "done", deleted: 3, has_more: true }])
      assert.deepStrictEqual((yield* repo.list({ limit: 100 })).map(({ name }) => name).sort(), [
        "branch",
        "branch",
        "leaf",
        "sweep",
        "sweep",
        "tree"
      ])
      assert.deepStrictEqual(yield* some, [{ became: "done", deleted: 4, has_more: false }])
    }))
})
