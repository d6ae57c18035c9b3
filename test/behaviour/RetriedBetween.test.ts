/** Rule 18.1, of a step with several attempts: what any of them has come to stays done, also where the action ended between two. */
import { assert, it } from "@effect/vitest"
import { Deferred, Effect, Fiber, Layer } from "effect"
import { SqlClient } from "effect/sql"
import { TestClock } from "effect/testing"
import { ActionRepo, type EnqueueError, Stepped } from "stepped"
import { performSteppedActions } from "stepped/testing"
import { healthy, suite } from "../harness/databases.ts"
import { recordsOf, stepsOf } from "../harness/observing.ts"
import { performIdle } from "../harness/performing.ts"
import { until } from "../harness/workers.ts"
import { bill, failing, knell, more, news, order, peal, round, scene, Shop, Shops } from "./fixtures/retriedBetween.ts"

suite("a retry between attempts", (engine) => {
  const test = <A, E>(name: string, scenario: () => Effect.Effect<A, E, Stepped.Services | SqlClient.SqlClient>) =>
    it.effect(
      name,
      () => Effect.provide(Effect.andThen(scenario(), healthy), Layer.provideMerge(Shops.layer, engine.layer()))
    )

  const waitAMinute = Effect.andThen(TestClock.adjust("1 minute"), performIdle)
  /** Retries an action, and performs what goes on for it. */
  const retried = (id: string) =>
    Effect.gen(function*() {
      const result = yield* (yield* ActionRepo).retry(id)
      assert(result._tag === "Retried")
      yield* performSteppedActions()
      return result.id
    })

  test("18.1: what an earlier attempt has done is not done again where the body of the last one has failed", () =>
    Effect.gen(function*() {
      ;["charge 2", "each 2", "each 3"].forEach((name) => failing.add(name))
      const handle = yield* (yield* Shops.client)(1).orderLater()
      yield* performSteppedActions()
      assert.deepStrictEqual(yield* news, ["each 1", "charge 1", "charge 2", "each 2", "each 3"])
      failing.clear()
      const again = yield* retried(handle.id)
      assert.deepStrictEqual(yield* news, ["each 4", "charge 2", "pack"])
      assert.strictEqual(yield* (yield* Stepped.handle(Shop.ref(1), order, again)).await, "given each 4")
    }))
  test("18.1: nor where what goes on for it has failed in the same way", () =>
    Effect.gen(function*() {
      ;["charge 2", "each 2", "each 3", "each 4", "each 5", "each 6"].forEach((name) => failing.add(name))
      const handle = yield* (yield* Shops.client)(1).orderLater()
      yield* performSteppedActions()
      const again = yield* retried(handle.id)
      failing.clear()
      yield* news
      yield* retried(again)
      assert.deepStrictEqual(yield* news, ["each 7", "charge 2", "pack"])
    }))

  test("18.1: what has been used again is one, and is used again once by a further attempt", () =>
    Effect.gen(function*() {
      ;["charge 2", "each 2", "each 3"].forEach((name) => failing.add(name))
      const handle = yield* (yield* Shops.client)(1).orderLater()
      yield* performSteppedActions()
      yield* news
      const result = yield* (yield* ActionRepo).retry(handle.id)
      assert(result._tag === "Retried")
      yield* performIdle
      assert.deepStrictEqual(yield* news, ["each 4", "charge 2"])
      failing.clear()
      more.add(5)
      yield* performSteppedActions()
      assert.deepStrictEqual(yield* news, ["each 5", "charge 2", "charge 1", "pack"])
    }))

  for (const attempts of [1, 2]) {
    test(`18.1: a step that was to begin again runs its body, and has its result, after ${attempts}`, () =>
      Effect.gen(function*() {
        failing.add("charge 2")
        const handle = yield* (yield* Shops.client)(1).orderLater()
        yield* performIdle
        if (attempts === 2) yield* waitAMinute
        assert.isTrue(yield* handle.cancel())
        yield* performSteppedActions()
        failing.clear()
        yield* news
        const again = yield* retried(handle.id)
        assert.deepStrictEqual(yield* news, [`each ${attempts + 1}`, "charge 2", "pack"])
        assert.strictEqual(
          yield* (yield* Stepped.handle(Shop.ref(1), order, again)).await,
          `given each ${attempts + 1}`
        )
      }))
  }

  for (
    const [what, waits, far] of [
      ["of the same worker", false, ""],
      ["for which it waits", true, ""],
      ["whose arguments do not travel", true, "far ".repeat(50_000)]
    ] as const
  ) {
    test(`18.1: what was done once is not done again behind a step that is, ${what}`, () =>
      Effect.gen(function*() {
        failing.add("sail")
        const handle = yield* (yield* Shops.client)(1).sailLater(waits, far)
        yield* performSteppedActions()
        assert.deepStrictEqual(yield* news, ["load", "tide", "sail", "unload"])
        failing.clear()
        yield* retried(handle.id)
        assert.deepStrictEqual(yield* news, ["load", "sail"])
      }))
  }

  test("18.1, 9.1: what a further attempt has used again is used again by what goes on, in each of its attempts", () =>
    Effect.gen(function*() {
      failing.add("charge 2")
      const handle = yield* (yield* Shops.client)(1).tripLater()
      yield* performSteppedActions()
      assert.deepStrictEqual((yield* news).toSorted(), ["charge 1", "charge 2", "charge 2", "refund 1"])
      const result = yield* (yield* ActionRepo).retry(handle.id)
      assert(result._tag === "Retried")
      yield* performSteppedActions()
      assert.deepStrictEqual((yield* news).toSorted(), ["charge 1", "charge 2", "charge 2", "refund 1"])
    }))

  test("18.1, 10.3: what was done once is done again where its step was mended", () =>
    Effect.gen(function*() {
      failing.add("weigh")
      const handle = yield* (yield* Shops.client)(1).weighLater()
      yield* performSteppedActions()
      assert.deepStrictEqual(yield* news, ["scale", "weigh", "mend"])
      failing.clear()
      yield* retried(handle.id)
      assert.deepStrictEqual(yield* news, ["scale", "weigh"])
    }))

  test("18.1, 10.4: what an attempt of an earlier step has started is undone with what goes on", () =>
    Effect.gen(function*() {
      failing.add("charge 2")
      const handle = yield* (yield* Shops.client)(1).roundLater()
      yield* performIdle
      failing.clear()
      yield* waitAMinute
      assert.deepStrictEqual(yield* news, ["charge 11", "charge 2", "charge 12", "charge 2"])
      assert.isTrue(yield* handle.cancel({ compensate: false }))
      yield* performIdle
      const result = yield* (yield* ActionRepo).retry(handle.id)
      assert(result._tag === "Retried")
      yield* performIdle
      assert.deepStrictEqual(yield* news, [])
      assert.isTrue(yield* (yield* Stepped.handle(Shop.ref(1), round, result.id)).cancel())
      yield* performSteppedActions()
      assert.sameMembers(yield* news, ["refund 2", "refund 11", "refund 12"])
    }))

  test("18.1, 10.4: a child that has succeeded without counting is undone with what goes on", () =>
    Effect.gen(function*() {
      scene.rung = (n) => n === 1 ? Effect.die("cracked") : Effect.void
      const handle = yield* (yield* Shops.client)(1).pealLater()
      yield* performIdle
      assert.isTrue(yield* handle.cancel({ compensate: false }))
      yield* performSteppedActions()
      const again = yield* Effect.flatMap(ActionRepo, (repo) => repo.retry(handle.id))
      assert(again._tag === "Retried")
      yield* performIdle
      assert.deepStrictEqual(yield* news, ["ring 1", "ring 2"])
      // and with whoever goes on for that one
      assert.isTrue(yield* (yield* Stepped.handle(Shop.ref(1), peal, again.id)).cancel({ compensate: false }))
      yield* performSteppedActions()
      const last = yield* Effect.flatMap(ActionRepo, (repo) => repo.retry(again.id))
      assert(last._tag === "Retried")
      yield* performIdle
      assert.isTrue(yield* (yield* Stepped.handle(Shop.ref(1), peal, last.id)).cancel())
      yield* performSteppedActions()
      assert.deepStrictEqual(yield* news, ["hush 2", "hush 1"])
    }))

  /** Cancels one whose child has ended well and runs its callbacks, and what that has come to before these are over. */
  const cancelledBeside = <A, E>(
    later: Effect.Effect<{ readonly id: string }, EnqueueError>,
    compensate: boolean,
    before: (id: string) => Effect.Effect<A, E>
  ) =>
    Effect.gen(function*() {
      const [reached, over] = [yield* Deferred.make<void>(), yield* Deferred.make<void>()]
      scene.rung = () => Effect.andThen(Deferred.succeed(reached, undefined), Deferred.await(over))
      const { id } = yield* later
      const worker = yield* Effect.forkChild(performIdle)
      yield* Deferred.await(reached)
      yield* Stepped.cancel(id, { compensate })
      const other = yield* Effect.forkChild(performIdle)
      // nothing that it has left behind is to be cancelled any more
      const sql = yield* SqlClient.SqlClient
      yield* until(
        "all of it is looked at",
        Effect.map(sql`select from stepped.abandoned_by`, ({ length }) => length === 0)
      )
      const seen = yield* before(id)
      yield* Deferred.succeed(over, undefined)
      yield* Fiber.joinAll([worker, other])
      yield* performSteppedActions()
      scene.rung = () => Effect.void
      return [id, seen] as const
    })

  test("18.1, 10.4: nor is one left that it had given up; while that is still to end, nothing goes on", () =>
    Effect.gen(function*() {
      const repo = yield* ActionRepo
      const [id, early] = yield* cancelledBeside((yield* Shops.client)(1).pealLater(), false, repo.retry)
      const [child] = yield* recordsOf("bell")
      assert.deepStrictEqual(early, { _tag: "NotRetryable", reason: "ending", action: child!.id, step: "ring" })
      assert.strictEqual(child!.status, "succeeded")
      const again = yield* repo.retry(id)
      assert(again._tag === "Retried")
      yield* performIdle
      assert.isTrue(yield* (yield* Stepped.handle(Shop.ref(1), peal, again.id)).cancel())
      yield* performSteppedActions()
      assert.deepStrictEqual(yield* news, ["ring 1", "ring 2", "hush 2", "hush 1"])
    }))

  /** What a worker has said of a definition. */
  const says = (name: string, options: ReadonlyArray<string>) =>
    Effect.flatMap(
      SqlClient.SqlClient,
      (sql) =>
        sql`insert into stepped.definitions (key, hash, json, first_seen, last_seen) values (${`Shop/${name}`}, 'one', ${
          JSON.stringify({ options, steps: [] })
        }::text::jsonb, clock_timestamp(), clock_timestamp())`
    )

  test("18.1: what goes on behind all that was done asks of none of it whether it is undone", () =>
    Effect.gen(function*() {
      const repo = yield* ActionRepo
      failing.add("muffle")
      const [id] = yield* cancelledBeside((yield* Shops.client)(1).tollLater(), true, () => Effect.void)
      assert.deepStrictEqual(yield* stepsOf(id), ["ring succeeded", "ring failed"])
      // as long as nobody has said whether somebody outside completes it, the last one may begin again
      assert.deepInclude(yield* repo.retry(id), { _tag: "NotRetryable", reason: "notUndone", step: "ring" })
      yield* says("toll", [])
      yield* news
      const again = yield* retried(id)
      assert.deepStrictEqual(yield* news, ["pack"])
      assert.deepStrictEqual(yield* stepsOf(again), ["ring succeeded", "pack succeeded"])
    }))

  test("18.1: where somebody outside has failed it, the last one begins again, unless that is not undone", () =>
    Effect.gen(function*() {
      const repo = yield* ActionRepo
      yield* says("knell", ["outbound"])
      failing.add("muffle")
      const handle = yield* (yield* Shops.client)(1).knellLater()
      yield* performIdle
      yield* Stepped.complete(handle.id, knell, Stepped.Outcome.failed())
      yield* performSteppedActions()
      assert.deepInclude(yield* repo.retry(handle.id), { _tag: "NotRetryable", reason: "notUndone", step: "ring" })
    }))

  test("18.1: while a retry is to begin that begins the last step again, it goes on for what that has asked for", () =>
    Effect.gen(function*() {
      const repo = yield* ActionRepo
      failing.add("charge 3")
      const handle = yield* (yield* Shops.client)(1).billLater()
      yield* performIdle
      yield* Stepped.complete(handle.id, bill, Stepped.Outcome.failed())
      yield* performSteppedActions()
      const [child] = yield* recordsOf("charge")
      const next = yield* repo.retry(handle.id)
      assert(next._tag === "Retried")
      assert.deepStrictEqual(yield* repo.retry(child!.id), { _tag: "AlreadyRetried", id: next.id })
      yield* performIdle
      assert.deepStrictEqual(yield* news, ["first", "charge 3", "charge 3"])
    }))
})
