/** How far `performSteppedActions` goes: with what renews itself, with timeouts, and up to a time. */
import { assert, it } from "@effect/vitest"
import { Clock, Duration, Effect, Layer, Schema } from "effect"
import { ActionRepo, Step, Stepped, TimedOut } from "stepped"
import { layer, NotDrained, performDue, performSteppedActions, succeedOutbound } from "stepped/testing"
import { healthy } from "../harness/databases.ts"

class Lamp extends Stepped.Actor<Lamp>()("Lamp", { id: Schema.Int }) {}

const seen: Array<string> = []
const note = (text: string) => Effect.sync(() => void seen.push(text))

/** Looks every ten minutes, and begins anew each time. */
const lookDeclared = Stepped.action("look")
const look = lookDeclared
  .step("look", () => note("look"))
  .step("rest", () => Step.wait("10 minutes"))
  .succeeded(Effect.fn(function*() {
    yield* Stepped.enqueue(yield* Lamp, lookDeclared)
  }))
const blinkDeclared = Stepped.action("blink")
const blink = blinkDeclared
  .step(() => note("blink"))
  .succeeded(Effect.fn(function*() {
    yield* Stepped.enqueue(yield* Lamp, blinkDeclared)
  }))
const bulb = Stepped.action("bulb", { outbound: true, timeout: "25 minutes" }).step(() => note("asks for a bulb"))
const delivery = Stepped.action("delivery", { outbound: true }).step(() => note("asks for a delivery"))
const Lamps = Stepped.actions(Lamp, [look, blink, bulb, delivery])

const test = <A, E>(name: string, scenario: () => Effect.Effect<A, E, Stepped.Services>) =>
  it.effect(name, () => {
    seen.length = 0
    return Effect.provide(Effect.andThen(scenario(), healthy), Layer.provideMerge(Lamps.layer, layer()))
  })

const elapsed = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.gen(function*() {
    const began = yield* Clock.currentTimeMillis
    yield* effect
    return Duration.format(Duration.millis((yield* Clock.currentTimeMillis) - began))
  })

test("what renews itself is performed for a time, at whose end the clock stands", () =>
  Effect.gen(function*() {
    yield* (yield* Lamps.client)(1).lookLater()
    assert.strictEqual(yield* elapsed(performSteppedActions({ until: "35 minutes" })), "35m")
    assert.deepStrictEqual(seen, ["look", "look", "look", "look"])
    // the end belongs to it
    yield* performSteppedActions({ until: "5 minutes" })
    assert.lengthOf(seen, 5)
    yield* performSteppedActions({ until: 0 })
    assert.lengthOf(seen, 5)
  }))

test("what renews itself is performed until something is so", () =>
  Effect.gen(function*() {
    yield* (yield* Lamps.client)(1).blinkLater()
    yield* performSteppedActions({ until: Effect.sync(() => seen.length >= 3) })
    assert.isAtLeast(seen.length, 3)
    assert.isAtMost(seen.length, 4)
  }))

test("what renews itself is not performed for ever: the limit says so, and what to do", () =>
  Effect.gen(function*() {
    yield* (yield* Lamps.client)(1).lookLater()
    const error = yield* Effect.flip(performSteppedActions({ maxPasses: 20 }))
    assert.instanceOf(error, NotDrained)
    assert.strictEqual(error.maxPasses, 20)
    assert.include(error.message, "after 20 passes there is more to perform: what renews itself")
    assert.include(error.message, "{ until: \"1 hour\" }")
    assert.include(error.message, "look Lamp/1() is performing")
  }))

test("without a limit of its own, a thousand passes are one", () =>
  Effect.gen(function*() {
    yield* (yield* Lamps.client)(1).blinkLater()
    const error = yield* Effect.flip(performSteppedActions())
    assert.instanceOf(error, NotDrained)
    assert.strictEqual(error.maxPasses, 1000)
  }))

test("timeouts are waited for if that is asked for", () =>
  Effect.gen(function*() {
    const handle = yield* (yield* Lamps.client)(1).bulbLater()
    const error = yield* Effect.flip(performSteppedActions())
    assert.include(error.message, "bulb Lamp/1() is performing, outbound")
    assert.strictEqual(yield* elapsed(performSteppedActions({ timeouts: true })), "25m")
    assert.instanceOf(yield* Effect.flip(handle.await), TimedOut)
  }))

test("an outbound action is completed before its timeout is waited for", () =>
  Effect.gen(function*() {
    const handle = yield* (yield* Lamps.client)(1).bulbLater()
    assert.strictEqual(yield* elapsed(performSteppedActions({ timeouts: true, outbound: succeedOutbound })), "0")
    yield* handle.await
  }))

test("what has no timeout is still what is left", () =>
  Effect.gen(function*() {
    yield* (yield* Lamps.client)(1).deliveryLater()
    const error = yield* Effect.flip(performSteppedActions({ timeouts: true }))
    assert.instanceOf(error, NotDrained)
    assert.deepStrictEqual([error.maxPasses, error.left], [undefined, ["delivery Lamp/1() is performing, outbound"]])
  }))

test("for a time, timeouts fire when they are due, and what nobody completes is no failure", () =>
  Effect.gen(function*() {
    const car = (yield* Lamps.client)(1)
    const handle = yield* car.bulbLater()
    yield* car.deliveryLater()
    yield* performSteppedActions({ until: "20 minutes" })
    assert.strictEqual((yield* handle.status).status, "performing")
    yield* performSteppedActions({ until: "20 minutes" })
    assert.strictEqual((yield* handle.status).status, "timed_out")
    const ended = yield* Effect.flatMap(ActionRepo, (repo) => repo.find(handle.id))
    assert.strictEqual(ended._tag === "Some" ? ended.value.endedAt?.getTime() : undefined, 25 * 60_000)
    assert.deepStrictEqual(seen, ["asks for a bulb", "asks for a delivery"])
  }))

test("a time that is none, and a limit that is none, are mistakes in the test", () =>
  Effect.gen(function*() {
    for (const options of [{ until: Infinity }, { until: -1 }, { maxPasses: 0 }, { maxPasses: NaN }]) {
      const exit = yield* Effect.exit(performSteppedActions(options))
      assert.match(String(exit), /Die.*(until|maxPasses) of performSteppedActions/, JSON.stringify(options))
    }
    assert.strictEqual(yield* performDue, 0)
  }))
