import { assert, it } from "@effect/vitest"
import { Clock, Duration, Effect, Layer } from "effect"
import { layer, performSteppedActions } from "stepped/testing"
import { Orders } from "../src/orders.ts"

// a database of its own for each test; nothing performs by itself, and waits take no time
const Test = Orders.layer.pipe(Layer.provideMerge(layer()))

it.effect("an order is paid, and the customer is asked for a review three days later", () =>
  Effect.gen(function*() {
    const handle = yield* (yield* Orders.client)(1).fulfilLater(4200)
    const began = yield* Clock.currentTimeMillis
    yield* performSteppedActions()
    assert.strictEqual(yield* handle.await, "receipt for 4200 cents")
    assert.strictEqual((yield* Clock.currentTimeMillis) - began, Duration.toMillis("3 days"))
  }).pipe(Effect.provide(Test)))

it.effect("an order that is too dear fails, and says where", () =>
  Effect.gen(function*() {
    const handle = yield* (yield* Orders.client)(2).fulfilLater(200_000)
    yield* performSteppedActions()
    const failure = yield* Effect.flip(handle.await)
    assert.strictEqual(
      failure.message,
      "fulfil Order/2 › payment › charge Order/2 › card: CardDeclined cents 200000"
    )
  }).pipe(Effect.provide(Test)))
