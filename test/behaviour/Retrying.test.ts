/** Rule 18.1: a new action goes on for one that has failed, timed out, or was cancelled. */
import { assert, it } from "@effect/vitest"
import { Effect, Layer, Option } from "effect"
import { SqlClient } from "effect/sql"
import { TestClock } from "effect/testing"
import { ActionRepo, type RetryOptions, Stepped } from "stepped"
import { performSteppedActions } from "stepped/testing"
import { healthy, suite } from "../harness/databases.ts"
import { seen } from "../harness/notes.ts"
import { recordOf, recordsOf, slotsOf, stepsOf } from "../harness/observing.ts"
import { performIdle } from "../harness/performing.ts"
import {
  again,
  bay,
  fails,
  go,
  order,
  outside,
  quick,
  retried,
  retry,
  scene,
  Shop,
  Shops,
  slow
} from "./fixtures/retrying.ts"

const { layer: ShopsLive } = Shops
const nobody = "0196a7a8-7e5c-7cc4-a7f5-0d2a3c6f1b11"

suite("actions that are retried", (engine) => {
  const test = <A, E>(name: string, scenario: () => Effect.Effect<A, E, Stepped.Services | SqlClient.SqlClient>) =>
    it.effect(
      name,
      () => Effect.provide(Effect.andThen(scenario(), healthy), ShopsLive.pipe(Layer.provideMerge(engine.layer())))
    )
  const shop = Effect.map(Shops.client, (shops) => shops(1))
  const statusOf = (id: string) => Effect.map(recordOf(id), ({ status }) => status)

  test("18.1: cancelled before it has begun it has the arguments that it would have gone on with", () =>
    Effect.gen(function*() {
      fails("pay")
      const handle = yield* (yield* shop).orderLater(1)
      yield* performSteppedActions()
      const next = retried(yield* retry(handle.id))
      assert.deepStrictEqual((yield* recordOf(next)).arguments, [2])
      yield* Stepped.cancel(next)
      yield* performIdle
      assert.deepInclude(yield* recordOf(next), { status: "cancelled", arguments: [2] })
    }))

  test("18.1: a new action takes over arguments, results and steps, and goes on with the step that has ended it", () =>
    Effect.gen(function*() {
      fails("optional", "pay")
      const handle = yield* (yield* shop).orderLater(1)
      yield* performSteppedActions()
      assert.deepStrictEqual(yield* stepsOf(handle.id), ["take succeeded", "optional failed", "pay failed"])
      const before = yield* recordOf(handle.id)
      yield* TestClock.adjust("2 hours")
      const next = yield* again(handle.id)
      assert.deepStrictEqual(scene.ran, ["pay", "say"])
      assert.deepStrictEqual(yield* stepsOf(next), [
        "take succeeded",
        "optional failed",
        "pay succeeded",
        "say succeeded"
      ])
      const record = yield* recordOf(next)
      assert.deepInclude(record, {
        status: "succeeded",
        result: "take pay 2",
        retryOf: handle.id,
        parent: undefined,
        arguments: [2]
      })
      // the old one stays as it has ended, and its callbacks do not run again
      assert.deepStrictEqual(yield* recordOf(handle.id), before)
      assert.strictEqual((yield* Effect.flip(handle.await))._tag, "Broken")
      assert.deepStrictEqual(seen, ["order failed", "order succeeded"])
      const repo = yield* ActionRepo
      assert.deepStrictEqual((yield* repo.list({ retryOf: handle.id })).map(({ id }) => id), [next])
      const follower = yield* Stepped.handle(Shop.ref(1), order, next)
      assert.strictEqual(yield* follower.await, "take pay 2")
    }))

  test("18.1: what timed out, or was cancelled, is retried with a new timeout", () =>
    Effect.gen(function*() {
      const late = yield* (yield* shop).limitedLater()
      yield* performIdle
      yield* TestClock.adjust("3 minutes")
      yield* performSteppedActions()
      assert.deepStrictEqual(yield* stepsOf(late.id), ["each failed"])
      const next = retried(yield* retry(late.id))
      yield* performIdle
      // the time is as long as before, for the step, too
      assert.deepStrictEqual(yield* stepsOf(next), ["each performing"])
      const at = (yield* recordOf(next)).stepTimeoutAt!.getTime()
      assert.strictEqual(at, (yield* recordOf(next)).startedAt!.getTime() + 120_000)
      yield* TestClock.adjust("3 minutes")
      yield* performSteppedActions()
      assert.strictEqual(yield* statusOf(next), "failed")

      const cancelled = yield* (yield* shop).limitedLater()
      yield* performIdle
      yield* cancelled.cancel()
      yield* performSteppedActions()
      assert.strictEqual(yield* statusOf(cancelled.id), "cancelled")
      assert.strictEqual((yield* retry(cancelled.id))._tag, "Retried")
      yield* performSteppedActions({ timeouts: true })
    }))

  test("18.1: one that was cancelled before it began begins anew, also where it was to go on for another one", () =>
    Effect.gen(function*() {
      const handle = yield* (yield* shop).orderLater(1)
      yield* handle.cancel()
      yield* performSteppedActions()
      const next = yield* again(handle.id)
      assert.deepInclude(yield* recordOf(next), { result: "take pay 2", retryOf: handle.id })

      fails("pay")
      const second = yield* (yield* shop).orderLater(1)
      yield* performSteppedActions()
      const lost = retried(yield* retry(second.id))
      yield* Stepped.cancel(lost)
      yield* performSteppedActions()
      assert.strictEqual(yield* statusOf(lost), "cancelled")
      const third = yield* again(lost)
      assert.deepStrictEqual(scene.ran, ["pay", "say"])
      assert.strictEqual((yield* recordOf(third)).retryOf, second.id)
    }))

  test("18.1: an only step, a method, and what has run no step begin there", () =>
    Effect.gen(function*() {
      fails("only")
      const handle = yield* (yield* shop).onlyLater()
      yield* performSteppedActions()
      const next = yield* again(handle.id)
      assert.deepStrictEqual(scene.ran, ["only"])
      assert.strictEqual((yield* recordOf(next)).result, "only")
    }))

  test("18.1: slots that have succeeded stay settled, the others are retried by this rule, and the body does not run", () =>
    Effect.gen(function*() {
      fails("charge 2", "look 3")
      const handle = yield* (yield* shop).allLater()
      yield* performSteppedActions()
      assert.deepStrictEqual(yield* stepsOf(handle.id), ["prepare succeeded", "each failed"])
      const children = yield* recordsOf("charge")
      const next = yield* again(handle.id)
      assert.deepStrictEqual(scene.ran.toSorted(), ["charge 2", "charge 3", "look 3"])
      assert.deepInclude(yield* recordOf(next), { status: "succeeded", result: 6 })
      assert.deepStrictEqual(yield* slotsOf(next), ["succeeded", "succeeded", "succeeded", "succeeded"])
      const after = yield* recordsOf("charge")
      assert.strictEqual(after.length, children.length + 2)
      assert.deepStrictEqual(
        after.filter(({ parent }) => parent === next).map(({ retryOf }) => retryOf).toSorted(),
        children.filter(({ status }) => status === "failed").map(({ id }) => id).toSorted()
      )
      // the second one takes over what it had done
      const charged = after.find(({ arguments: args, parent }) => parent === next && (args as Array<number>)[0] === 2)!
      assert.deepStrictEqual(yield* stepsOf(charged.id), ["look succeeded", "charge succeeded"])
    }))

  test("18.1: what a marked step, or a failed body, has asked for is asked again, and what has succeeded is not done again", () =>
    Effect.gen(function*() {
      fails("mark", "charge 2")
      const handle = yield* (yield* shop).marksLater()
      yield* performSteppedActions()
      const next = yield* again(handle.id)
      assert.deepStrictEqual(scene.ran, ["marks", "look 2", "charge 2"])
      assert.deepInclude(yield* recordOf(next), { status: "succeeded", result: 2 })

      fails("child", "charge 2")
      const second = yield* (yield* shop).triedLater()
      yield* performIdle
      yield* performSteppedActions()
      assert.strictEqual(yield* statusOf(second.id), "failed")
      assert.strictEqual(yield* statusOf(yield* again(second.id)), "succeeded")
      assert.deepStrictEqual(scene.ran, ["child", "look 1", "charge 1", "look 2", "charge 2"])
    }))

  test("18.1: a signal that has not come is asked for again, and those that were read stay, as do the children beside them", () =>
    Effect.gen(function*() {
      const handle = yield* (yield* shop).signedLater()
      yield* performIdle
      for (const n of [1, 10]) {
        yield* handle.send(go, n)
        yield* performIdle
      }
      yield* TestClock.adjust("2 minutes")
      yield* performSteppedActions()
      assert.strictEqual(yield* statusOf(handle.id), "failed")
      fails()
      const next = retried(yield* retry(handle.id))
      yield* performIdle
      yield* healthy
      yield* Stepped.send(next, go, 100)
      yield* performSteppedActions()
      assert.deepStrictEqual(scene.ran, ["both"])
      assert.deepInclude(yield* recordOf(next), { status: "succeeded", result: 115 })
    }))

  test("18.1: it goes on with the first step that was compensated, and nothing of that is taken over", () =>
    Effect.gen(function*() {
      fails("card")
      const handle = yield* (yield* shop).bookLater()
      yield* performSteppedActions()
      assert.deepStrictEqual(scene.ran, ["plan", "hotel", "flight", "card", "undo card", "undo flight", "undo hotel"])
      const next = yield* again(handle.id)
      assert.deepStrictEqual(scene.ran, ["hotel", "flight", "card"])
      assert.deepInclude(yield* recordOf(next), { status: "succeeded", result: "booked" })
    }))

  test("18.1: while that step or a later one is not undone, it is not retried", () =>
    Effect.gen(function*() {
      fails("card", "undo flight")
      const handle = yield* (yield* shop).bookLater()
      yield* performSteppedActions()
      assert.deepStrictEqual(yield* retry(handle.id), {
        _tag: "NotRetryable",
        reason: "notUndone",
        action: handle.id,
        step: "flight"
      })
      // before that step it is another matter
      fails("card", "undo hotel")
      const second = yield* (yield* shop).bookLater()
      yield* performSteppedActions()
      const next = yield* again(second.id)
      assert.deepStrictEqual(scene.ran, ["flight", "card"])
      assert.deepStrictEqual((yield* stepsOf(next)).slice(0, 2), ["plan succeeded", "hotel succeeded"])
    }))

  test("18.1: children that were unwound are retried, and unwound with the new action, if it fails, those taken over too", () =>
    Effect.gen(function*() {
      fails("card")
      const handle = yield* (yield* shop).roomsLater()
      yield* performSteppedActions()
      assert.deepStrictEqual(scene.ran.filter((text) => text === "undo room").length, 2)
      fails("card")
      const next = retried(yield* retry(handle.id))
      yield* performSteppedActions()
      assert.deepStrictEqual(scene.ran.toSorted(), ["card", "room 1", "room 2", "undo room", "undo room"])
      assert.strictEqual(yield* statusOf(next), "failed")
      assert.deepStrictEqual(scene.keys.get("room 1")!.map((key) => key.split("/").at(-1)), ["0", "1"])
      assert.strictEqual(yield* statusOf(yield* again(next)), "succeeded")

      // one of them alone has failed: the other one was unwound
      fails("room 2")
      const second = yield* (yield* shop).roomsLater()
      yield* performSteppedActions()
      assert.strictEqual(yield* statusOf(yield* again(second.id)), "succeeded")
      assert.deepStrictEqual(scene.ran.toSorted(), ["card", "room 1", "room 2"])
    }))

  test("18.1: children that were not unwound are taken over, and unwound with who has them now", () =>
    Effect.gen(function*() {
      fails("card")
      const handle = yield* (yield* shop).innLater()
      yield* performIdle
      yield* handle.cancel({ compensate: false })
      yield* performIdle
      assert.deepStrictEqual(scene.ran.toSorted(), ["room 1", "room 2"])
      const next = retried(yield* retry(handle.id))
      yield* performIdle
      yield* TestClock.adjust("1 hour")
      yield* performSteppedActions()
      assert.strictEqual(yield* statusOf(next), "failed")
      assert.deepStrictEqual(scene.ran.toSorted(), ["card", "room 1", "room 2", "undo room", "undo room"])
    }))

  test("18.1: idempotencyKey stays the same through reruns, attempts and this verb, and changes once the step was compensated", () =>
    Effect.gen(function*() {
      fails("pay")
      const handle = yield* (yield* shop).orderLater(1)
      yield* performSteppedActions()
      fails("pay")
      const second = retried(yield* retry(handle.id))
      yield* performSteppedActions()
      yield* again(second)
      const key = `${handle.id}/pay/0`
      assert.deepStrictEqual(scene.keys.get("pay"), [key, key, key])
      fails("try")
      const tries = yield* (yield* shop).triedLater()
      yield* performSteppedActions()
      yield* again(tries.id)
      assert.deepStrictEqual(scene.keys.get("try"), Array(3).fill(`${tries.id}/try/0`))

      fails("card")
      const booked = yield* (yield* shop).bookLater()
      yield* performSteppedActions()
      fails("card")
      const again1 = retried(yield* retry(booked.id))
      yield* performSteppedActions()
      yield* again(again1)
      assert.deepStrictEqual(scene.keys.get("hotel"), [0, 1, 2].map((n) => `${booked.id}/hotel/${n}`))
      assert.deepStrictEqual(scene.keys.get("plan"), [`${booked.id}/plan/0`])
    }))

  test("18.1: what was done once is taken over, unless the step was compensated", () =>
    Effect.gen(function*() {
      fails("pay")
      const handle = yield* (yield* shop).orderLater(1)
      yield* performSteppedActions()
      assert.deepStrictEqual(scene.ran, ["take", "optional", "once", "pay"])
      yield* again(handle.id)
      assert.deepStrictEqual(scene.ran, ["pay", "say"])
    }))

  test("18.1: who asks again is told which action goes on, as long as it is there", () =>
    Effect.gen(function*() {
      fails("pay")
      const handle = yield* (yield* shop).orderLater(1)
      yield* performSteppedActions()
      const next = retried(yield* retry(handle.id))
      assert.deepStrictEqual(yield* retry(handle.id), { _tag: "AlreadyRetried", id: next })
      yield* performSteppedActions()
      assert.strictEqual(yield* statusOf(next), "failed")
      assert.deepStrictEqual(yield* retry(handle.id), { _tag: "AlreadyRetried", id: next })
      assert.strictEqual(yield* statusOf(yield* again(next)), "succeeded")
    }))

  test("18.1: what is live, has succeeded, was superseded, never began, or is unknown is not retried", () =>
    Effect.gen(function*() {
      const repo = yield* ActionRepo
      const queued = yield* (yield* shop).outsideLater()
      const live = { _tag: "NotRetryable", reason: "live", action: queued.id, step: undefined } as const
      assert.deepStrictEqual(yield* repo.retry(queued.id), live)
      yield* performIdle
      assert.deepStrictEqual(yield* repo.retry(queued.id), live)
      yield* Stepped.complete(queued.id, outside, Stepped.Outcome.succeeded(1))
      yield* performSteppedActions()
      assert.deepStrictEqual(yield* repo.retry(queued.id), { ...live, reason: "status" })
      assert.deepStrictEqual(yield* repo.retry(nobody), { _tag: "None" })
      assert.deepStrictEqual(yield* repo.retry("none"), { _tag: "None" })
      const both = { upwards: true, from: "pay" } as unknown as RetryOptions
      assert.strictEqual((yield* Effect.flip(repo.retry(nobody, both)))._tag, "InvalidQuery")
    }))

  test("18.1: of an outbound action what its last step has begun is begun again", () =>
    Effect.gen(function*() {
      const handle = yield* (yield* shop).outsideLater()
      yield* performIdle
      yield* Stepped.complete(handle.id, outside, Stepped.Outcome.failed())
      yield* performSteppedActions()
      fails()
      const next = retried(yield* retry(handle.id))
      yield* performIdle
      assert.deepStrictEqual(scene.ran, ["send"])
      assert.deepInclude(yield* recordOf(next), { status: "performing", outbound: true })
      // late for the old one, which is over, and in time for the new one
      assert.isTrue(Option.isNone(yield* Stepped.complete(handle.id, outside, Stepped.Outcome.succeeded(1))))
      yield* Stepped.complete(next, outside, Stepped.Outcome.succeeded(2))
      yield* performSteppedActions()
      assert.strictEqual((yield* recordOf(next)).result, 2)
    }))

  test("18.1: it supersedes nobody: where it would, the answer says whom", () =>
    Effect.gen(function*() {
      fails("quick")
      const handle = yield* (yield* shop).quickLater()
      yield* performSteppedActions()
      fails()
      const performing = yield* (yield* shop).slowLater()
      const pending = yield* (yield* shop).slowLater()
      yield* performIdle
      assert.deepStrictEqual(yield* retry(handle.id), { _tag: "LaneBusy", lane: "counter", by: pending.id })
      yield* pending.cancel()
      // where nobody else waits it does, and is superseded as any
      const next = retried(yield* retry(handle.id))
      yield* performIdle
      assert.strictEqual(yield* statusOf(next), "pending")
      const newer = yield* (yield* shop).slowLater()
      yield* performIdle
      assert.deepInclude(yield* recordOf(next), { status: "superseded", supersededBy: newer.id, retryOf: handle.id })
      yield* newer.cancel()
      // what never began does not count: the old one is retried again, and begins when the lane is free
      const last = retried(yield* retry(handle.id))
      yield* performIdle
      yield* Stepped.complete(performing.id, slow, Stepped.Outcome.succeeded(1))
      yield* performSteppedActions()
      assert.deepInclude(yield* recordOf(last), { status: "succeeded", retryOf: handle.id })
    }))

  test("18.1: where somebody has come to wait before it arrives, it ends with LaneBusy rather than supersede", () =>
    Effect.gen(function*() {
      fails("quick")
      const handle = yield* (yield* shop).quickLater()
      yield* performSteppedActions()
      const performing = yield* (yield* shop).slowLater()
      yield* performIdle
      const newcomer = yield* (yield* shop).slowLater()
      const next = retried(yield* retry(handle.id))
      yield* performIdle
      assert.strictEqual(yield* statusOf(newcomer.id), "pending")
      const follower = yield* Stepped.handle(Shop.ref(1), quick, next)
      assert.deepInclude(yield* Effect.flip(follower.await), { _tag: "LaneBusy", lane: "counter" })
      const sql = yield* SqlClient.SqlClient
      assert.deepStrictEqual(yield* sql`select * from stepped.retries`, [])
      yield* performing.cancel()
      yield* newcomer.cancel()
      yield* performSteppedActions()
      assert.strictEqual(yield* statusOf(yield* again(handle.id)), "succeeded")
    }))

  test("18.1: nor does it cancel anybody, or join who does the same already", () =>
    Effect.gen(function*() {
      fails("bay")
      const handle = yield* (yield* shop).bayLater()
      yield* performIdle
      assert.strictEqual(yield* statusOf(handle.id), "failed")
      fails()
      const other = yield* (yield* shop).bayLater()
      yield* performIdle
      assert.deepStrictEqual(yield* retry(handle.id), { _tag: "LaneBusy", lane: "bays:north", by: other.id })
      // one that is queued by then performs before it, and is not cancelled
      yield* other.cancel()
      yield* performSteppedActions()
      const newcomer = yield* (yield* shop).bayLater()
      const next = retried(yield* retry(handle.id))
      yield* performIdle
      assert.strictEqual(yield* statusOf(newcomer.id), "performing")
      assert.strictEqual(
        (yield* Effect.flip((yield* Stepped.handle(Shop.ref(1), bay, next)).await))._tag,
        "LaneBusy"
      )
      yield* performSteppedActions()

      fails("checked")
      const failed = yield* (yield* shop).checkedLater()
      yield* performSteppedActions()
      fails()
      const same = yield* (yield* shop).checkedLater()
      yield* performIdle
      assert.deepStrictEqual(yield* retry(failed.id), { _tag: "LaneBusy", lane: "checked", by: same.id })
      yield* performSteppedActions()
    }))

  test("18.1: what still unwinds, or whose children are still to end, is not retried yet", () =>
    Effect.gen(function*() {
      fails("card", "undo flight")
      const handle = yield* (yield* shop).bookLater()
      yield* performIdle
      assert.isTrue((yield* recordOf(handle.id)).unwinding)
      assert.deepInclude(yield* retry(handle.id), { _tag: "NotRetryable", reason: "live" })
      yield* performSteppedActions()
      fails()
      const asks = yield* (yield* shop).asksLater()
      yield* performIdle
      yield* asks.cancel()
      const child = (yield* recordsOf("outside"))[0]!
      assert.deepStrictEqual(yield* retry(asks.id), {
        _tag: "NotRetryable",
        reason: "ending",
        action: child.id,
        step: "ask"
      })
      yield* performIdle
      fails()
      const next = retried(yield* retry(asks.id))
      yield* performIdle
      assert.deepStrictEqual(scene.ran, ["send"])
      yield* Stepped.complete((yield* recordsOf("outside")).at(-1)!.id, outside, Stepped.Outcome.succeeded(7))
      yield* performSteppedActions()
      assert.deepInclude(yield* recordOf(next), { status: "succeeded", result: 7 })
    }))

  test("18.1: what a retry is to take over stays in the history until it has begun, and what is gone is not retried", () =>
    Effect.gen(function*() {
      const repo = yield* ActionRepo
      fails("charge 2")
      const handle = yield* (yield* shop).allLater()
      const other = yield* (yield* shop).allLater()
      yield* performSteppedActions()
      const next = retried(yield* retry(handle.id))
      yield* TestClock.adjust("30 days")
      const before = new Date(yield* Effect.clockWith((clock) => clock.currentTimeMillis))
      yield* repo.deleteEnded({ before })
      assert.strictEqual((yield* retry(other.id))._tag, "None")
      fails()
      yield* performSteppedActions()
      assert.deepStrictEqual(scene.ran, ["charge 2"])
      assert.deepInclude(yield* recordOf(next), { status: "succeeded", result: 6 })
      yield* TestClock.adjust("30 days")
      yield* repo.deleteEnded({ before: new Date(yield* Effect.clockWith((clock) => clock.currentTimeMillis)) })
      const sql = yield* SqlClient.SqlClient
      assert.deepStrictEqual(yield* sql`select action from stepped.retries`, [])

      fails("charge 2")
      const third = yield* (yield* shop).allLater()
      yield* performSteppedActions()
      const [child] = (yield* recordsOf("charge")).filter(({ arguments: args, status }) =>
        (args as Array<number>)[0] === 1 && status === "succeeded"
      )
      yield* sql`delete from stepped.ended_actions where id = ${child!.id}`
      assert.deepStrictEqual(yield* retry(third.id), {
        _tag: "NotRetryable",
        reason: "deleted",
        action: third.id,
        step: "each"
      })
    }))

  test("18.1: with upwards the parents go on that have failed because of it", () =>
    Effect.gen(function*() {
      fails("charge 2")
      const handle = yield* (yield* shop).aboveLater()
      yield* performSteppedActions()
      const child = (yield* recordsOf("charge")).find(({ status }) => status === "failed")!
      const verb = yield* retry(child.id, { upwards: true })
      assert.deepInclude(verb, { _tag: "Retried", retryOf: handle.id })
      fails()
      yield* performSteppedActions()
      assert.deepStrictEqual(scene.ran, ["charge 2"])
      assert.deepInclude(yield* recordOf(retried(verb)), { status: "succeeded", result: 6 })
      assert.deepStrictEqual(yield* retry(child.id), {
        _tag: "AlreadyRetried",
        id: (yield* recordsOf("charge")).at(-1)!.id
      })
    }))

  test("18.1: where something else has failed, too, upwards names it", () =>
    Effect.gen(function*() {
      fails("charge 2", "charge 3")
      yield* (yield* shop).aboveLater()
      yield* performSteppedActions()
      const [second, third] = (yield* recordsOf("charge")).filter(({ status }) => status === "failed")
      assert.deepStrictEqual(yield* retry(second!.id, { upwards: true }), {
        _tag: "NotRetryable",
        reason: "otherFailed",
        action: third!.id,
        step: "each"
      })
    }))

  test("18.1: it starts with an earlier step, if that is asked for", () =>
    Effect.gen(function*() {
      fails("say")
      const handle = yield* (yield* shop).orderLater(1)
      yield* performSteppedActions()
      assert.deepStrictEqual(yield* retry(handle.id, { from: "nothing" }), {
        _tag: "NotRetryable",
        reason: "noSuchStep",
        action: handle.id,
        step: "nothing"
      })
      const next = yield* again(handle.id, { from: "pay" })
      assert.deepStrictEqual(scene.ran, ["once", "pay", "say"])
      // nothing was undone: for another system it is the same request
      assert.deepStrictEqual(scene.keys.get("pay"), Array(2).fill(`${handle.id}/pay/0`))
      assert.deepInclude(yield* recordOf(next), { status: "succeeded", result: "take pay 2" })

      fails("charge 2")
      const all = yield* (yield* shop).allLater()
      yield* performSteppedActions()
      yield* again(all.id, { from: "prepare" })
      assert.strictEqual(scene.ran.filter((text) => text === "charge 0").length, 1)
    }))
})
