/** Rule 18.1: what somebody has retried by itself is not done again where what is above it is retried, too. */
import { assert, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { SqlClient } from "effect/sql"
import { TestClock } from "effect/testing"
import { ActionRepo, type CompletionOutcome, JobQueue, Stepped } from "stepped"
import { performSteppedActions } from "stepped/testing"
import { healthy, suite } from "../harness/databases.ts"
import { recordOf, recordsOf, slotsOf } from "../harness/observing.ts"
import { performIdle } from "../harness/performing.ts"
import { again, call, fails, outside, retried, retry, scene, Shop, Shops, slow } from "./fixtures/retrying.ts"

suite("actions that are retried alone, and with what is above them", (engine) => {
  const test = <A, E>(name: string, scenario: () => Effect.Effect<A, E, Stepped.Services | SqlClient.SqlClient>) =>
    it.effect(
      name,
      () => Effect.provide(Effect.andThen(scenario(), healthy), Shops.layer.pipe(Layer.provideMerge(engine.layer())))
    )
  const shop = Effect.map(Shops.client, (shops) => shops(1))
  const failedOnes = (name: string) =>
    Effect.map(recordsOf(name), (records) => records.filter(({ status }) => status === "failed"))
  const goOnFor = (id: string) => Effect.flatMap(ActionRepo, (repo) => repo.list({ retryOf: id }))
  /** One whose children 2 or 3 have failed, and these. */
  const failedAll = (...children: ReadonlyArray<number>) =>
    Effect.gen(function*() {
      fails(...children.map((n) => `charge ${n}`))
      const handle = yield* (yield* shop).allLater()
      yield* performSteppedActions()
      return [handle.id, ...(yield* failedOnes("charge")).map(({ id }) => id)] as const
    })

  /** Ends one of the calls. */
  const called = (id: string, outcome: CompletionOutcome<number>) =>
    Effect.andThen(Stepped.complete(id, call, outcome), performIdle)

  test("18.1: what has succeeded since, retried by itself, counts where its parent is retried, and is not done again", () =>
    Effect.gen(function*() {
      const [parent, child] = yield* failedAll(2)
      const alone = yield* again(child!)
      assert.deepStrictEqual(scene.ran, ["charge 2"])
      const next = yield* again(parent)
      assert.deepStrictEqual(scene.ran, [])
      assert.deepInclude(yield* recordOf(next), { status: "succeeded", result: 6 })
      assert.deepStrictEqual((yield* goOnFor(child!)).map(({ id }) => id), [alone])
      assert.deepStrictEqual(yield* slotsOf(next), ["succeeded", "succeeded", "succeeded", "succeeded"])
    }))

  test("18.1: where that has not ended, the parent waits for it", () =>
    Effect.gen(function*() {
      for (const begins of [false, true]) {
        fails()
        const handle = yield* (yield* shop).asksLater()
        yield* performIdle
        const child = (yield* recordsOf("outside")).find(({ parent }) => parent === handle.id)!
        yield* Stepped.complete(child.id, outside, Stepped.Outcome.failed())
        yield* performSteppedActions()
        const alone = retried(yield* retry(child.id))
        if (begins) yield* performIdle
        const next = retried(yield* retry(handle.id))
        yield* performIdle
        yield* healthy
        assert.strictEqual((yield* recordOf(next)).status, "performing")
        assert.deepStrictEqual((yield* goOnFor(child.id)).map(({ id }) => id), [alone])
        yield* Stepped.complete(alone, outside, Stepped.Outcome.succeeded(7))
        yield* performSteppedActions()
        assert.deepInclude(yield* recordOf(next), { status: "succeeded", result: 7 })
      }
    }))

  for (const isQueued of [false, true]) {
    test(`18.1: one that is a root of its own goes on when the parent that waits for it is cancelled${isQueued ? ", also where it is still queued" : ""}`, () =>
      Effect.gen(function*() {
        fails()
        const handle = yield* (yield* shop).asksLater()
        yield* performIdle
        const child = (yield* recordsOf("outside")).at(-1)!
        yield* Stepped.complete(child.id, outside, Stepped.Outcome.failed())
        yield* performSteppedActions()
        const alone = retried(yield* retry(child.id))
        if (isQueued) {
          assert.strictEqual(yield* (yield* JobQueue).reschedule(alone, new Date(3_600_000)), "done")
        }
        const next = retried(yield* retry(handle.id))
        yield* performIdle
        yield* Stepped.cancel(next)
        yield* performIdle
        assert.strictEqual((yield* recordOf(next)).status, "cancelled")
        if (isQueued) {
          yield* TestClock.adjust("1 hour")
          yield* performIdle
        }
        assert.strictEqual((yield* recordOf(alone)).status, "performing")
        yield* Stepped.complete(alone, outside, Stepped.Outcome.succeeded(7))
        yield* performSteppedActions()
        // and its success is there for who retries the parent once more
        assert.deepInclude(yield* recordOf(yield* again(next)), { status: "succeeded", result: 7 })
        assert.strictEqual((yield* recordsOf("outside")).length, 2)
      }))
  }

  test("18.1: where that has failed again, it is the one that is retried", () =>
    Effect.gen(function*() {
      const [parent, child] = yield* failedAll(2)
      const alone = retried(yield* retry(child!))
      yield* performSteppedActions()
      assert.strictEqual((yield* recordOf(alone)).status, "failed")
      const next = yield* again(parent)
      assert.deepInclude(yield* recordOf(next), { status: "succeeded", result: 6 })
      const [last] = yield* goOnFor(alone)
      assert.deepInclude(last, { parent: next, status: "succeeded" })
      assert.strictEqual((yield* goOnFor(child!)).length, 1)
      // the other system knows the request by the key of the first one
      assert.deepStrictEqual(scene.keys.get("charge 2"), Array(3).fill(`${child!}/charge/0`))
    }))

  test("18.1: so it is where something is not undone that comes before where it goes on", () =>
    Effect.gen(function*() {
      fails("card")
      const handle = yield* (yield* shop).tripLater()
      yield* performSteppedActions()
      const [book] = yield* recordsOf("book")
      fails("card", "undo hotel")
      const alone = retried(yield* retry(book!.id))
      yield* performSteppedActions()
      assert.strictEqual((yield* recordOf(alone)).cause?.notUndone?.[0]?.step, "hotel")
      const next = yield* again(handle.id)
      assert.deepStrictEqual(scene.ran, ["flight", "card"])
      assert.strictEqual((yield* recordOf(next)).status, "succeeded")
    }))

  test("18.1: while a parent's retry is to begin, it goes on for the child, too, and the answer names it", () =>
    Effect.gen(function*() {
      const [parent, child] = yield* failedAll(2)
      fails()
      const next = retried(yield* retry(parent))
      assert.deepStrictEqual(yield* retry(child!), { _tag: "AlreadyRetried", id: next })
      // one that never begins goes on for nobody
      yield* Stepped.cancel(next)
      const alone = retried(yield* retry(child!))
      yield* performSteppedActions()
      assert.deepStrictEqual(scene.ran, ["charge 2"])
      assert.deepStrictEqual(yield* retry(child!), { _tag: "AlreadyRetried", id: alone })

      // nor does one that goes on behind it
      fails("charge 5", "pay")
      const handle = yield* (yield* shop).passesLater()
      yield* performSteppedActions()
      const [passed] = (yield* failedOnes("charge")).slice(-1)
      retried(yield* retry(handle.id))
      assert.strictEqual((yield* retry(passed!.id))._tag, "Retried")
      yield* performSteppedActions()
    }))

  test("18.1: upwards takes what has been retried alone, and does not take it for something else that has failed", () =>
    Effect.gen(function*() {
      const [parent, second, third] = yield* failedAll(2, 3)
      assert.deepInclude(yield* retry(second!, { upwards: true }), { reason: "otherFailed", action: third! })
      yield* again(third!)
      const verb = yield* retry(second!, { upwards: true })
      assert.deepInclude(verb, { _tag: "Retried", retryOf: parent })
      fails()
      yield* performSteppedActions()
      assert.deepStrictEqual(scene.ran, ["charge 2"])
      assert.deepInclude(yield* recordOf(retried(verb)), { status: "succeeded", result: 6 })
    }))

  test("18.1: a body that asks again is given what has succeeded since, and is not run while that is open", () =>
    Effect.gen(function*() {
      fails("mark", "charge 2")
      const handle = yield* (yield* shop).marksLater()
      yield* performSteppedActions()
      const [child] = yield* failedOnes("charge")
      fails()
      const alone = retried(yield* retry(child!.id))
      assert.deepStrictEqual(yield* retry(handle.id), {
        _tag: "NotRetryable",
        reason: "ending",
        action: alone,
        step: "each"
      })
      yield* performSteppedActions()
      const next = yield* again(handle.id)
      assert.deepStrictEqual(scene.ran, ["marks"])
      assert.deepInclude(yield* recordOf(next), { status: "succeeded", result: 2 })
    }))

  test("18.1: far above, too, whoever was retried by itself is gone on with", () =>
    Effect.gen(function*() {
      fails("charge 2")
      const handle = yield* (yield* shop).aboveLater()
      yield* performSteppedActions()
      const [below] = yield* recordsOf("all")
      fails("charge 2")
      const alone = retried(yield* retry(below!.id))
      yield* performSteppedActions()
      const child = (yield* failedOnes("charge")).at(-1)!
      const last = yield* again(child.id)
      const next = yield* again(handle.id)
      assert.deepStrictEqual(scene.ran, [])
      assert.deepInclude(yield* recordOf(next), { status: "succeeded", result: 6 })
      assert.strictEqual((yield* goOnFor(alone)).length, 1)
      assert.deepStrictEqual((yield* goOnFor(child.id)).map(({ id }) => id), [last])
    }))

  test("18.1: what is taken is neither deleted nor forgotten before the parent's retry has begun", () =>
    Effect.gen(function*() {
      const repo = yield* ActionRepo
      const [parent, child] = yield* failedAll(2)
      const alone = yield* again(child!)
      const next = retried(yield* retry(parent))
      yield* TestClock.adjust("30 days")
      yield* repo.deleteEnded({ before: new Date(yield* Effect.clockWith((clock) => clock.currentTimeMillis)) })
      assert.strictEqual((yield* recordOf(alone)).status, "succeeded")
      yield* Stepped.forget(Shop.ref(1))
      yield* performSteppedActions()
      assert.deepStrictEqual(scene.ran, ["charge 2"])
      assert.deepInclude(yield* recordOf(next), { status: "succeeded", result: 6 })
    }))

  test("18.1: what fails before the parent's retry has begun, and is not undone, is not done once more", () =>
    Effect.gen(function*() {
      fails("card")
      const handle = yield* (yield* shop).tripLater()
      yield* performSteppedActions()
      const [book] = yield* recordsOf("book")
      fails("card", "undo flight")
      const alone = retried(yield* retry(book!.id))
      // the parent has to wait for its lane, and the child fails meanwhile
      const performing = yield* (yield* shop).slowLater()
      const next = retried(yield* retry(handle.id))
      yield* performIdle
      for (let tries = 0; tries < 6; tries++) {
        yield* TestClock.adjust("1 hour")
        yield* performIdle
      }
      assert.strictEqual((yield* recordOf(alone)).status, "failed")
      assert.strictEqual((yield* recordOf(next)).status, "pending")
      scene.ran = []
      yield* Stepped.complete(performing.id, slow, Stepped.Outcome.succeeded(1))
      yield* performSteppedActions()
      assert.strictEqual((yield* recordOf(next)).status, "failed")
      assert.deepStrictEqual(scene.ran, [])
      assert.deepInclude(yield* retry(next), { _tag: "NotRetryable", reason: "notUndone", action: alone })
    }))

  test("18.1: what only the body could ask for again beside what is still open has failed for a parent's retry that begins", () =>
    Effect.gen(function*() {
      const handle = yield* (yield* shop).callsLater()
      yield* performIdle
      const [one, two] = yield* recordsOf("call")
      for (const child of [one!, two!]) yield* called(child.id, Stepped.Outcome.failed())
      yield* performSteppedActions()
      const performing = yield* (yield* shop).slowLater()
      yield* performIdle
      const first = retried(yield* retry(one!.id))
      const second = retried(yield* retry(two!.id))
      yield* performIdle
      const next = retried(yield* retry(handle.id))
      yield* performIdle
      fails("called 1")
      yield* called(first, Stepped.Outcome.succeeded(1))
      assert.strictEqual((yield* recordOf(first)).callbacksFailed, 1)
      yield* Stepped.complete(performing.id, slow, Stepped.Outcome.succeeded(1))
      yield* performIdle
      yield* healthy
      assert.strictEqual((yield* recordOf(next)).status, "performing")
      yield* called(second, Stepped.Outcome.succeeded(2))
      yield* performIdle
      assert.deepStrictEqual(scene.ran, [])
      assert.strictEqual((yield* recordOf(next)).status, "failed")
      // with nothing that is open its body asks again, for what has not succeeded alone
      fails()
      const last = retried(yield* retry(next))
      yield* performIdle
      assert.deepStrictEqual(scene.ran, ["calls", "call 1"])
      const [anew] = (yield* recordsOf("call")).filter(({ parent }) => parent === last)
      yield* called(anew!.id, Stepped.Outcome.succeeded(1))
      yield* performSteppedActions()
      assert.deepInclude(yield* recordOf(last), { status: "succeeded", result: 3 })
    }))

  /** One whose first call has failed and was retried with it, which was cancelled before that began. */
  const neverBegun = Effect.gen(function*() {
    const handle = yield* (yield* shop).callsLater()
    yield* performIdle
    const [one, two] = yield* recordsOf("call")
    yield* called(one!.id, Stepped.Outcome.failed())
    yield* called(two!.id, Stepped.Outcome.succeeded(2))
    yield* performSteppedActions()
    const before = yield* (yield* shop).callLater(1)
    yield* performIdle
    const second = retried(yield* retry(handle.id))
    yield* performIdle
    const never = (yield* recordsOf("call")).find(({ parent }) => parent === second)!
    assert.strictEqual(never.status, "pending")
    yield* Stepped.cancel(second)
    yield* performIdle
    yield* called(before.id, Stepped.Outcome.succeeded(1))
    yield* performSteppedActions()
    assert.deepInclude(yield* recordOf(never.id), { status: "cancelled", retryOf: one!.id })
    fails()
    return { one: one!.id, never: never.id, second }
  })

  test("18.1: a child that was to go on for another one, and never began, is that one: what has gone on for it since counts", () =>
    Effect.gen(function*() {
      const { never, one, second } = yield* neverBegun
      const alone = retried(yield* retry(never))
      yield* performIdle
      yield* called(alone, Stepped.Outcome.succeeded(1))
      yield* performSteppedActions()
      assert.strictEqual((yield* recordOf(alone)).retryOf, one)
      const last = yield* again(second)
      assert.deepStrictEqual(scene.ran, [])
      assert.deepInclude(yield* recordOf(last), { status: "succeeded", result: 3 })
    }))

  test("18.1: while a parent's retry is to begin that goes on for such a one, nobody else does, and it is kept", () =>
    Effect.gen(function*() {
      const { never, one, second } = yield* neverBegun
      const next = retried(yield* retry(second))
      for (const id of [one, never]) assert.deepStrictEqual(yield* retry(id), { _tag: "AlreadyRetried", id: next })
      const repo = yield* ActionRepo
      assert.deepStrictEqual(yield* repo.delete(one), { _tag: "Kept", kept: [{ id: one, because: "retry" }] })
      yield* Stepped.forget(Shop.ref(1))
      yield* performIdle
      const last = (yield* recordsOf("call")).find(({ parent }) => parent === next)!
      assert.strictEqual(last.retryOf, one)
      yield* called(last.id, Stepped.Outcome.succeeded(1))
      yield* performSteppedActions()
      assert.deepInclude(yield* recordOf(next), { status: "succeeded", result: 3 })
    }))

  test("18.1, 9.9: what was joined, and whose failure was a value, is not retried, however often its parent is", () =>
    Effect.gen(function*() {
      fails("charge 2")
      const other = yield* (yield* shop).checkedLater()
      yield* performIdle
      const handle = yield* (yield* shop).hopesLater()
      yield* performIdle
      yield* other.cancel()
      yield* performSteppedActions()
      const second = retried(yield* retry(handle.id))
      yield* performSteppedActions()
      assert.strictEqual((yield* recordOf(second)).status, "failed")
      const third = yield* again(second)
      assert.deepStrictEqual(scene.ran, ["charge 2"])
      assert.deepStrictEqual(yield* goOnFor(other.id), [])
      assert.deepInclude(yield* recordOf(third), { status: "succeeded", result: 2 })
    }))

  test("18.1: what was undone with a parent that is not there any more is not taken, and done again", () =>
    Effect.gen(function*() {
      fails("room 2")
      const handle = yield* (yield* shop).roomsLater()
      yield* performSteppedActions()
      fails("card")
      const between = retried(yield* retry(handle.id))
      yield* performSteppedActions()
      assert.deepStrictEqual(scene.ran.toSorted(), ["card", "room 1", "room 2", "undo room", "undo room"])
      // as where its definition keeps less of what has ended so
      const sql = yield* SqlClient.SqlClient
      yield* sql`delete from stepped.ended_actions where id = ${between}`
      yield* sql`delete from stepped.steps where action = ${between}`
      yield* sql`delete from stepped.slots where action = ${between}`
      const next = yield* again(handle.id)
      assert.deepStrictEqual(scene.ran.toSorted(), ["card", "room 1", "room 2"])
      assert.strictEqual((yield* recordOf(next)).status, "succeeded")
    }))
})
