/**
 * What `active_saga`, a saga engine for Rails, has its users test, line by line: each line that holds here as it stands is quoted, and where it has another form
 * here the test's name says which.
 */
import { assert, beforeEach, it } from "@effect/vitest"
import { Effect, Layer, Option, Schedule, Schema } from "effect"
import type { SqlClient } from "effect/sql"
import { TestClock } from "effect/testing"
import { ActionRepo, CompletionConflict, Step, Stepped } from "stepped"
import { assertCompensated, crashAfter, performSteppedActions } from "stepped/testing"
import { healthy, suite } from "../harness/databases.ts"
import { note, seen } from "../harness/notes.ts"
import { recordOf, stepsOf } from "../harness/observing.ts"
import { performIdle } from "../harness/performing.ts"

class Declined extends Schema.TaggedError<Declined>()("Declined", {}) {}
class Customer extends Stepped.Actor<Customer>()("Customer", { id: Schema.Int }) {}

/** How often the bank is still to fail. */
const scene = { fails: 0 }
beforeEach(() => {
  scene.fails = 0
})

const approval = Stepped.signal("approval", { payload: Schema.String })
const exported = Stepped.signal("exported", { payload: Schema.String, error: Declined })

/** Charges as its policy says, reserves, and ships, or fails at that. */
const checkout = Stepped.action("checkout", { arguments: [Schema.Boolean], success: Schema.String, error: Declined })
  .step("charge", () =>
    Effect.andThen(
      note("charge"),
      Effect.suspend(() => scene.fails-- > 0 ? Effect.fail(new Declined()) : Effect.succeed("payment"))
    ), {
    compensate: (payment) => note(`refund ${payment}`),
    retry: Schedule.exponential("1 second").pipe(Schedule.upTo({ times: 3 }))
  })
  .step("reserve", () => note("reserve"), { compensate: () => note("release") })
  .step("ship", (isThere) => Effect.andThen(note("ship"), isThere ? Effect.void : Effect.fail(new Declined())))
  .step((_isThere, { charge }) => Effect.succeed(charge))
const sign = Stepped.action("sign", { success: Schema.String, signals: [approval] })
  .step("prepare", () => note("prepare"))
  .step("approval", () => Step.waitFor(approval))
  .step(({ approval }) => Effect.succeed(approval))
/** Work that goes on elsewhere: the body begins it, and waits. */
const report = Stepped.action("report", { success: Schema.String, error: Declined, signals: [exported] })
  .step("export", () => Effect.andThen(note("export"), Step.waitFor(exported, { timeout: "30 minutes" })), {
    retry: Schedule.recurs(1)
  })
  .step(({ export: url }) => Effect.succeed(url))
const arrange = Stepped.action("arrange", { outbound: true, success: Schema.String, error: Declined })
  .step("send", () => note("arrange"))
/** Waits with two steps done, until somebody cancels it. */
const wait = Stepped.action("wait", { signals: [approval] })
  .step("one", () => note("one"), { compensate: () => note("undo one") })
  .step("two", () => note("two"), { compensate: () => note("undo two") })
  .step("approval", () => Effect.asVoid(Step.waitFor(approval)))
const Customers = Stepped.actions(Customer, [checkout, sign, report, arrange, wait])

suite("what active_saga has its users test", (engine) => {
  const test = <A, E>(name: string, scenario: () => Effect.Effect<A, E, Stepped.Services | SqlClient.SqlClient>) =>
    it.effect(
      name,
      () => Effect.provide(Effect.andThen(scenario(), healthy), Layer.provideMerge(Customers.layer, engine.crashing))
    )
  const ann = Effect.map(Customers.client, (customers) => customers(1))

  test("\"start a flow and assert final state\": completed is succeeded, and await gives the result rather than a state", () =>
    Effect.gen(function*() {
      const flow = yield* (yield* ann).checkoutLater(true)
      yield* performSteppedActions()
      assert.strictEqual(yield* flow.awaitFor("10 seconds"), "payment")
      assert.strictEqual((yield* flow.status).status, "succeeded")
      assert.deepStrictEqual(seen, ["charge", "reserve", "ship"])
    }))

  test("\"simulate async completion\": complete_step! is the signal that the step waits for, under a key", () =>
    Effect.gen(function*() {
      const flow = yield* (yield* ann).reportLater()
      yield* performIdle
      assert.strictEqual((yield* recordOf(flow.id)).status, "performing")
      assert.strictEqual(yield* flow.send(exported, "/may", { key: "evt-1" }), "sent")
      yield* performSteppedActions()
      assert.strictEqual(yield* flow.await, "/may")
      assert.deepStrictEqual(seen, ["export"])
    }))

  test("\"simulate async completion\": fail_step! is the failure of that signal, after which the step begins again", () =>
    Effect.gen(function*() {
      const flow = yield* (yield* ann).reportLater()
      yield* performIdle
      assert.strictEqual(yield* flow.sendFailure(exported, new Declined(), { key: "evt-1" }), "sent")
      yield* performIdle
      assert.deepStrictEqual(seen, ["export", "export"])
      assert.strictEqual(yield* flow.sendFailure(exported, new Declined(), { key: "evt-2" }), "sent")
      yield* performSteppedActions()
      assert.strictEqual((yield* Effect.flip(flow.await))._tag, "Declined")
    }))

  test("\"retries/backoff behavior\": with the delays of its policy, and no further than it goes", () =>
    Effect.gen(function*() {
      scene.fails = 4
      const flow = yield* (yield* ann).checkoutLater(true)
      yield* performIdle
      for (const [attempts, seconds] of [[1, 1], [2, 2], [3, 4]] as const) {
        assert.lengthOf(seen, attempts)
        yield* TestClock.adjust(seconds * 1000 - 1)
        yield* performIdle
        assert.lengthOf(seen, attempts)
        yield* TestClock.adjust(1)
        yield* performIdle
      }
      yield* performSteppedActions()
      assert.deepStrictEqual(seen, ["charge", "charge", "charge", "charge"])
      assert.strictEqual((yield* Effect.flip(flow.await))._tag, "Declined")
      assert.deepStrictEqual(yield* stepsOf(flow.id), ["charge failed"])
    }))

  test("\"dedupe (no double execution)\": always, of each step that has ended; and a flow by its idempotencyKey", () =>
    Effect.gen(function*() {
      const customer = (yield* ann).with({ idempotencyKey: "order 42" })
      const flow = yield* customer.checkoutLater(true)
      assert.strictEqual((yield* customer.checkoutLater(true)).id, flow.id)
      yield* performSteppedActions().pipe(crashAfter("ship"))
      assert.strictEqual((yield* customer.checkoutLater(true)).id, flow.id)
      yield* performSteppedActions()
      assert.deepStrictEqual(seen, ["charge", "reserve", "ship", "ship"])
      assert.strictEqual(yield* flow.await, "payment")
    }))

  test("\"signals\": persisted, also before anybody waits, read once, and idempotent by a key", () =>
    Effect.gen(function*() {
      const flow = yield* (yield* ann).signLater()
      assert.strictEqual(yield* flow.send(approval, "Ada", { key: "1" }), "sent")
      assert.strictEqual(yield* flow.send(approval, "Ada", { key: "1" }), "repeated")
      yield* performSteppedActions()
      assert.strictEqual(yield* flow.await, "Ada")
      assert.strictEqual(yield* flow.send(approval, "Bob"), "none")
      assert.deepStrictEqual(seen, ["prepare"])
    }))

  test("\"timeouts (including re-initiation)\": the body begins the work again, and fails where it may not once more", () =>
    Effect.gen(function*() {
      // each in a lane of its own
      const flow = yield* (yield* ann).reportLater()
      const other = yield* (yield* Customers.client)(2).reportLater()
      yield* performIdle
      yield* TestClock.adjust("30 minutes")
      yield* performIdle
      assert.deepStrictEqual(seen, ["export", "export", "export", "export"])
      assert.strictEqual(yield* flow.send(exported, "/may"), "sent")
      yield* performIdle
      assert.strictEqual(yield* flow.await, "/may")
      yield* TestClock.adjust("30 minutes")
      yield* performIdle
      assert.deepInclude(yield* Effect.flip(other.await), { _tag: "ActionFailed", kind: "signal_timed_out" })
      assert.lengthOf(seen, 4)
    }))

  test("\"compensation reverse order\": on cancelling", () =>
    Effect.gen(function*() {
      const flow = yield* (yield* ann).waitLater()
      yield* performIdle
      yield* flow.cancel({ reason: "user_request" })
      yield* flow.cancel({ reason: "user_request" })
      yield* performSteppedActions()
      assert.deepInclude(yield* Effect.flip(flow.await), { _tag: "Cancelled" })
      assert.deepStrictEqual(seen, ["one", "two", "undo two", "undo one"])
      yield* assertCompensated(flow, ["two", "one"])
    }))

  test("\"compensation reverse order\": on failure", () =>
    Effect.gen(function*() {
      const flow = yield* (yield* ann).checkoutLater(false)
      yield* performSteppedActions()
      assert.strictEqual((yield* Effect.flip(flow.await))._tag, "Declined")
      assert.deepStrictEqual(seen, ["charge", "reserve", "ship", "release", "refund payment"])
      yield* assertCompensated(flow, ["reserve", "charge"])
    }))

  test("\"idempotent completions\": who completes again under a key changes nothing, and with something else it is a conflict", () =>
    Effect.gen(function*() {
      const flow = yield* (yield* ann).arrangeLater()
      yield* performIdle
      const complete = (tracking: string) =>
        Stepped.complete(flow.id, arrange, Stepped.Outcome.succeeded(tracking), { key: "evt-1" })
      assert.deepStrictEqual(yield* complete("XYZ"), Option.some(flow.id))
      assert.deepStrictEqual(yield* complete("XYZ"), Option.some(flow.id))
      assert.instanceOf(yield* Effect.flip(complete("ABC")), CompletionConflict)
      yield* performSteppedActions()
      assert.strictEqual(yield* flow.await, "XYZ")
      // without a key it is a safe no-op
      assert.deepStrictEqual(
        yield* Stepped.complete(flow.id, arrange, Stepped.Outcome.succeeded("ABC")),
        Option.none()
      )
      assert.strictEqual(yield* flow.await, "XYZ")
    }))

  for (const step of ["charge", "reserve", "ship"]) {
    test(`"crash-safety (re-enqueue after failure mid-step)": whose worker dies after the body of ${step} goes on there`, () =>
      Effect.gen(function*() {
        const flow = yield* (yield* ann).checkoutLater(true)
        yield* performSteppedActions().pipe(crashAfter(step))
        assert.strictEqual(yield* flow.await, "payment")
        const steps = ["charge", "reserve", "ship"]
        assert.deepStrictEqual(seen, steps.flatMap((name) => name === step ? [name, name] : [name]))
        assert.strictEqual((yield* Effect.flatMap(ActionRepo, (repo) => repo.steps(flow.id))).length, 4)
        yield* assertCompensated(flow, [])
      }))
  }
})
