/** Chapter 24: executions of workflows, as Effect's own engines have them. */
import { assert } from "@effect/vitest"
import { Cause, Effect, Exit } from "effect"
import { TestClock } from "effect/testing"
import { DurableDeferred } from "effect/workflow"
import { Stepped } from "stepped"
import { suite } from "../harness/databases.ts"
import { seen } from "../harness/notes.ts"
import { performIdle } from "../harness/performing.ts"
import {
  actionsOf,
  Adding,
  Approval,
  Basket,
  Broken,
  Careful,
  Either,
  Left,
  Odd,
  Order,
  performedUntil,
  polled,
  Refused,
  Refusing,
  Right,
  scene,
  testing,
  Trial
} from "./fixtures/workflows.ts"

suite("workflows", (engine) => {
  const test = testing(engine.layer())
  const approve = (id: string, by: string) =>
    Effect.flatMap(Order.executionId({ id }), (executionId) =>
      DurableDeferred.succeed(Approval, {
        token: DurableDeferred.tokenFromExecutionId(Approval, { workflow: Order, executionId }),
        value: by
      }))

  test("24.1: an execution gives what it comes to, and its result can be polled", () =>
    Effect.gen(function*() {
      const fiber = yield* Effect.forkChild(Adding.execute({ a: 1, b: 2 }))
      assert.strictEqual(yield* performedUntil(fiber), 3)
      const id = yield* Adding.executionId({ a: 1, b: 2 })
      assert.strictEqual(polled(yield* Adding.poll(id)), "succeeded 3")
      assert.strictEqual(polled(yield* Adding.poll("nobody")), "none")
      const [action] = yield* actionsOf("Adding")
      assert.deepStrictEqual([action?.status, action?.actorId, action?.arguments], ["succeeded", id, [{ a: 1, b: 2 }]])
    }))

  test("24.1: who executes it again joins it, or is given what it came to", () =>
    Effect.gen(function*() {
      const fibers = yield* Effect.forEach([1, 2], () => Effect.forkChild(Adding.execute({ a: 3, b: 4 })))
      for (const fiber of fibers) assert.strictEqual(yield* performedUntil(fiber), 7)
      assert.strictEqual(yield* Adding.execute({ a: 3, b: 4 }), 7)
      assert.deepStrictEqual([seen, (yield* actionsOf("Adding")).length], [["add"], 1])
    }))

  test("24.1: one that is discarded runs without anybody who waits, under the id that its payload gives", () =>
    Effect.gen(function*() {
      const id = yield* Adding.execute({ a: 5, b: 6 }, { discard: true })
      assert.strictEqual(id, yield* Adding.executionId({ a: 5, b: 6 }))
      assert.strictEqual(polled(yield* Adding.poll(id)), "none")
      yield* performIdle
      assert.strictEqual(polled(yield* Adding.poll(id)), "succeeded 11")
    }))

  test("24.7: its own typed error is an end like any, and no failure of the action", () =>
    Effect.gen(function*() {
      const fiber = yield* Effect.forkChild(Effect.flip(Refusing.execute({ why: "too late" })))
      assert.deepStrictEqual(yield* performedUntil(fiber), new Refused({ why: "too late" }))
      assert.deepStrictEqual((yield* actionsOf("Refusing")).map(({ status }) => status), ["succeeded"])
    }))

  test("24.2, 24.3, 24.4: a deferred wakes one that is suspended; what its activities have come to is not done again", () =>
    Effect.gen(function*() {
      const fiber = yield* Effect.forkChild(Order.execute({ id: "red" }))
      const id = yield* Order.executionId({ id: "red" })
      while (polled(yield* Order.poll(id)) !== "suspended") yield* performIdle
      assert.deepStrictEqual(seen, ["runs red", "charge"])
      assert.deepStrictEqual((yield* actionsOf("Order")).map(({ status }) => status), ["performing"])
      yield* approve("red", "Ada")
      yield* approve("red", "nobody any more")
      assert.strictEqual(yield* performedUntil(fiber), "receipt of red, approved by Ada")
      // the finalizer of each run is called, that of the last one first
      assert.deepStrictEqual(seen, ["runs red", "charge", "runs red", "ship", "ends Success", "ends Success"])
    }))

  test("24.3: what is sent before the execution exists is there when it awaits it", () =>
    Effect.gen(function*() {
      yield* approve("early", "Bob")
      const fiber = yield* Effect.forkChild(Order.execute({ id: "early" }))
      assert.strictEqual(yield* performedUntil(fiber), "receipt of early, approved by Bob")
    }))

  test("24.3: a clock rings at its time, and once", () =>
    Effect.gen(function*() {
      const id = yield* Trial.execute({ user: "Eve" }, { discard: true })
      yield* performIdle
      yield* TestClock.adjust("13 days")
      yield* performIdle
      assert.deepStrictEqual([polled(yield* Trial.poll(id)), seen], ["suspended", ["welcome"]])
      yield* TestClock.adjust("1 day")
      yield* performIdle
      assert.deepStrictEqual([polled(yield* Trial.poll(id)), seen], ["succeeded undefined", ["welcome", "goodbye"]])
    }))

  test("24.5: the ends of what it executes wake one that waits for them", () =>
    Effect.gen(function*() {
      const fiber = yield* Effect.forkChild(Basket.execute({ ids: ["a", "b"] }))
      const id = yield* Basket.executionId({ ids: ["a", "b"] })
      while (polled(yield* Basket.poll(id)) !== "suspended") yield* performIdle
      yield* performIdle
      yield* approve("b", "Bob")
      yield* performIdle
      assert.strictEqual(polled(yield* Basket.poll(id)), "suspended")
      yield* approve("a", "Ada")
      assert.deepStrictEqual(yield* performedUntil(fiber), [
        "receipt of a, approved by Ada",
        "receipt of b, approved by Bob"
      ])
    }))

  test("24.5: who executes what has ended already, or is under way, is given the same", () =>
    Effect.gen(function*() {
      yield* approve("c", "Ada")
      const order = yield* Effect.forkChild(Order.execute({ id: "c" }))
      yield* performedUntil(order)
      const underWay = yield* Order.execute({ id: "d" }, { discard: true })
      yield* performIdle
      const fiber = yield* Effect.forkChild(Basket.execute({ ids: ["c", "d"] }))
      const id = yield* Basket.executionId({ ids: ["c", "d"] })
      while (polled(yield* Basket.poll(id)) !== "suspended") yield* performIdle
      assert.strictEqual(polled(yield* Order.poll(underWay)), "suspended")
      yield* approve("d", "Bob")
      assert.strictEqual((yield* performedUntil(fiber)).length, 2)
    }))

  test("24.6: an interruption wakes it, compensates, and ends it", () =>
    Effect.gen(function*() {
      const fiber = yield* Effect.forkChild(Effect.exit(Order.execute({ id: "blue" })))
      const id = yield* Order.executionId({ id: "blue" })
      while (polled(yield* Order.poll(id)) !== "suspended") yield* performIdle
      seen.length = 0
      yield* Order.interrupt(id)
      const exit = yield* performedUntil(fiber)
      assert.isTrue(Exit.isFailure(exit) && Cause.hasInterruptsOnly(exit.cause))
      assert.deepStrictEqual(seen, ["runs blue", "refund", "ends Failure", "ends Success"])
      assert.strictEqual(polled(yield* Order.poll(id)), "failed Interrupt")
      yield* Order.interrupt(id)
      yield* performIdle
      assert.strictEqual(seen.length, 4)
    }))

  test("24.2: one that has failed waits for somebody to resume it, and for nothing else", () =>
    Effect.gen(function*() {
      scene.isMended = false
      const fiber = yield* Effect.forkChild(Careful.execute({ id: "x" }))
      const id = yield* Careful.executionId({ id: "x" })
      while (polled(yield* Careful.poll(id)) !== "failed") yield* performIdle
      // who ran it now would find that it succeeds
      scene.isMended = true
      yield* DurableDeferred.succeed(Approval, {
        token: DurableDeferred.tokenFromExecutionId(Approval, { workflow: Careful, executionId: id }),
        value: "nobody asks"
      })
      yield* performIdle
      assert.strictEqual(polled(yield* Careful.poll(id)), "failed")
      yield* Careful.resume(id)
      assert.strictEqual(yield* performedUntil(fiber), "x is done")
      assert.deepStrictEqual(seen, ["before"])
    }))

  test("24.3: of a race the first one counts, however often it is replayed", () =>
    Effect.gen(function*() {
      const id = yield* Either.execute({ id: "1" }, { discard: true })
      yield* performIdle
      const done = (deferred: typeof Left, value: string) =>
        DurableDeferred.succeed(deferred, {
          token: DurableDeferred.tokenFromExecutionId(deferred, { workflow: Either, executionId: id }),
          value
        })
      yield* done(Right, "right")
      yield* performIdle
      yield* done(Left, "left")
      yield* TestClock.adjust("2 hours")
      yield* performIdle
      assert.strictEqual(polled(yield* Either.poll(id)), `succeeded "right"`)
      assert.deepStrictEqual(new Set(seen), new Set(["first right"]))
    }))

  test("24.7: a defect is an end as well", () =>
    Effect.gen(function*() {
      const fiber = yield* Effect.forkChild(Effect.exit(Broken.execute({ id: "1" })))
      const exit = yield* performedUntil(fiber)
      assert.isTrue(Exit.isFailure(exit) && Cause.hasDies(exit.cause))
      assert.deepStrictEqual((yield* actionsOf("Broken")).map(({ status }) => status), ["succeeded"])
    }))

  test("24.9: why it is not finished is said of one that is suspended", () =>
    Effect.gen(function*() {
      const textOf = (workflow: string) =>
        Effect.gen(function*() {
          const [action] = yield* actionsOf(workflow)
          const { reasons } = yield* Stepped.why(action!.id)
          return reasons.map(({ _tag, text }) => `${_tag}: ${text.replaceAll(/\d{4}-\S+/g, "then")}`)
        })
      yield* Basket.execute({ ids: ["e"] }, { discard: true })
      yield* Trial.execute({ user: "Eve" }, { discard: true })
      scene.isMended = false
      yield* Careful.execute({ id: "y" }, { discard: true })
      yield* performIdle
      assert.deepStrictEqual([yield* textOf("Basket"), yield* textOf("Order"), yield* textOf("Careful")], [
        ["Suspended: is suspended since then (0ms ago): waits for an execution"],
        ["Suspended: is suspended since then (0ms ago): waits for the deferred approval, since then (0ms ago)"],
        [
          "Suspended: has failed, and is suspended since then (0ms ago) until somebody resumes it: the printer is out of paper"
        ]
      ])
      assert.match(
        (yield* textOf("Trial"))[0]!,
        /^Suspended: .*: waits for the clock trial, which rings at then \(in 14d\)$/
      )
    }))

  test("24.8: names are whatever a program calls things", () =>
    Effect.gen(function*() {
      const id = yield* Odd.execute({ id: "1" }, { discard: true })
      yield* performIdle
      assert.strictEqual(polled(yield* Odd.poll(id)), "succeeded undefined")
      assert.deepStrictEqual((yield* actionsOf("a-2fb-3a-20-c3-a4-7e")).map(({ actorId }) => actorId), [id])
    }))
})
