/** What tests of programs ask about actions that are undone, and of those whose worker dies. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Schema } from "effect"
import { Step, Stepped } from "stepped"
import { assertCompensated, crashAfter, layer, performSteppedActions } from "stepped/testing"
import { note, seen } from "../harness/notes.ts"

class SoldOut extends Schema.TaggedError<SoldOut>()("SoldOut", {}) {}
class Cart extends Stepped.Actor<Cart>()("Cart", { id: Schema.Int }) {}

const pack = Stepped.action("pack", { arguments: [Schema.String], success: Schema.String })
const buy = Stepped.action("buy", { arguments: [Schema.Boolean], success: Schema.String, error: SoldOut })
  .step("charge", () => Effect.as(note("charge"), "payment"), { compensate: (payment) => note(`refund ${payment}`) })
  .step("reserve", () => note("reserve"), { compensate: () => note("release") })
  .step("look", (isThere) => isThere ? Effect.void : Effect.fail(new SoldOut()))
  .step("pack", () => Effect.andThen(note("pack"), Step.do(pack, "a kite")))
const stubborn = Stepped.action("stubborn", { error: SoldOut })
  .step("charge", () => Effect.void, { compensate: () => Effect.die(new Error("the bank is closed")) })
  .step("reserve", () => Effect.fail(new SoldOut()), { compensate: () => Effect.void })
const Carts = Stepped.actions(Cart, [buy, pack, stubborn])
const CartsLive = Carts.toLayer(
  Effect.succeed({ pack: (what: string) => Effect.as(note("parcel"), `a parcel with ${what}`) })
)
const Main = Layer.provideMerge(CartsLive, layer())

describe("crashAfter", () => {
  for (const [step, times] of [["charge", 1], ["reserve", 2], ["pack", 1]] as const) {
    it.effect(`a worker dies ${times} times after ${step}, and others go on`, () =>
      Effect.gen(function*() {
        const handle = yield* (yield* Carts.client)(1).buyLater(true)
        yield* performSteppedActions().pipe(crashAfter(step, { times }))
        assert.strictEqual(yield* handle.await, "a parcel with a kite")
        // a child's parcel is packed once
        const ran = seen.filter((what) => what === step).length
        assert.strictEqual(ran, step === "pack" ? 2 : times + 1)
        assert.lengthOf(seen.filter((what) => what === "parcel"), 1)
        yield* assertCompensated(handle, [])
      }).pipe(Effect.provide(Main)))
  }

  it.effect("what is undone goes on, too", () =>
    Effect.gen(function*() {
      const handle = yield* (yield* Carts.client)(1).buyLater(false)
      yield* performSteppedActions().pipe(crashAfter("look"))
      assert.strictEqual((yield* Effect.flip(handle.await))._tag, "SoldOut")
      yield* assertCompensated(handle, ["reserve", "charge"])
    }).pipe(Effect.provide(Main)))

  it.effect("fails where nobody has died there", () =>
    Effect.gen(function*() {
      yield* (yield* Carts.client)(1).buyLater(true)
      const error = yield* Effect.flip(performSteppedActions().pipe(crashAfter("chrage")))
      assert.strictEqual(
        error.message,
        "the worker was to die after the step chrage, whose body has ended 0 times in what this effect performs, outside of transactions"
      )
    }).pipe(Effect.provide(Main)))

  it("takes a whole number of times", () =>
    assert.throws(() => Effect.runSync(Effect.void.pipe(crashAfter("charge", { times: 0 }))), /times of crashAfter/))
})

describe("assertCompensated", () => {
  it.effect("names what was undone, and what was not", () =>
    Effect.gen(function*() {
      const cart = (yield* Carts.client)(1)
      const handle = yield* cart.buyLater(false)
      const early = yield* Effect.flip(assertCompensated(handle, []))
      assert.include(early.message, "has not ended; so far nothing was undone")
      yield* performSteppedActions()
      for (const steps of [["charge"], ["charge", "reserve"], []]) {
        const error = yield* Effect.flip(assertCompensated(handle, steps))
        assert.include(error.message, "buy Cart/1: ")
        assert.include(error.message, "; undone: reserve: succeeded, charge: succeeded")
      }
      const left = yield* cart.stubbornLater()
      yield* performSteppedActions()
      const error = yield* Effect.flip(assertCompensated(left, ["charge"]))
      assert.include(
        error.message,
        "charge: failed, reserve: uncertain. With an uncertain step no list holds: give reserve a "
      )
    }).pipe(Effect.provide(Main)))
})
