/** The tests of the checkout, as a program would have them: `npm test -- examples/checkout` runs them. */
import { assert, it } from "@effect/vitest"
import { Effect, Layer, Option } from "effect"
import { readFileSync } from "node:fs"
import { Stepped } from "stepped"
import { assertCompensated, crashAfter, layer, performSteppedActions } from "stepped/testing"
import {
  Bank,
  Carrier,
  checkout,
  Customer,
  handOver,
  type Order,
  SoldOut,
  Stock,
  Unavailable,
  wrapAsGift
} from "./definitions.ts"

const kite: Order = { id: "order-1", item: "a kite", cents: 4200, isGift: false }

/** What the bank was asked for, and does once for each order. */
const asked: Array<string> = []
const payments = new Set<string>()
/** How often the warehouse is still to say so. */
let busy = 0

const Fakes = Layer.mergeAll(
  Layer.succeed(Bank, {
    charge: ({ id }) =>
      Effect.sync(() => {
        asked.push(`charge ${id}`)
        payments.add(id)
        return id
      }),
    refund: (payment) => Effect.sync(() => void payments.delete(payment)),
    voidIfCharged: ({ id }) => Effect.sync(() => void payments.delete(id))
  }),
  Layer.succeed(Stock, {
    reserve: ({ id, item }) =>
      Effect.suspend((): Effect.Effect<string, SoldOut | Unavailable> => {
        if (busy-- > 0) return Effect.fail(new Unavailable({ service: "stock", status: "503" }))
        return item === "a kite" ? Effect.succeed(id) : Effect.fail(new SoldOut({ item }))
      }),
    release: () => Effect.void,
    wrap: () => Effect.succeed("in paper")
  }),
  Layer.succeed(Carrier, { send: () => Effect.void })
)

const Checkouts = Stepped.actions(Customer, [checkout, handOver, wrapAsGift])
const Main = Checkouts.layer.pipe(
  Layer.provide(Fakes),
  Layer.provideMerge(layer()),
  Layer.tap(() =>
    Effect.sync(() => {
      asked.length = 0
      payments.clear()
    })
  )
)

/** The carrier takes every parcel. */
const performing = performSteppedActions({
  outbound: ({ id }) => Stepped.complete(id, handOver, Stepped.Outcome.succeeded("a parcel"))
})

// #region crash
it.effect("whose worker dies with the money charges nothing twice", () =>
  Effect.gen(function*() {
    const handle = yield* (yield* Checkouts.client)("ann").checkoutLater(kite)
    yield* performing.pipe(crashAfter("charge"))
    assert.deepStrictEqual(yield* handle.await, { payment: "order-1", parcel: "a parcel", wrapped: false })
    // the bank was asked twice, for the same order
    assert.deepStrictEqual(asked, ["charge order-1", "charge order-1"])
    yield* assertCompensated(handle, [])
  }).pipe(Effect.provide(Main)))
// #endregion

// #region soldOut
it.effect("that is sold out gives the money back, also if the worker dies meanwhile", () =>
  Effect.gen(function*() {
    const handle = yield* (yield* Checkouts.client)("ann").checkoutLater({ ...kite, item: "a drum" })
    yield* performing.pipe(crashAfter("reserve"))
    assert.strictEqual((yield* Effect.flip(handle.await))._tag, "SoldOut")
    yield* assertCompensated(handle, ["reserve", "charge"])
    assert.deepStrictEqual([...payments], [])
  }).pipe(Effect.provide(Main)))
// #endregion

const shown = (file: string) => readFileSync(new URL(file, import.meta.url), "utf8").trimEnd()

it.effect("is shown as text, and its definitions as a picture", () =>
  Effect.gen(function*() {
    busy = 1
    const handle = yield* (yield* Checkouts.client)("ann").checkoutLater({ ...kite, item: "a drum" })
    yield* performing
    // #region tree
    const tree = yield* Stepped.tree(checkout, handle.id)
    const text = Option.match(tree, { onNone: () => "no such checkout", onSome: Stepped.renderTree })
    // #endregion
    assert.strictEqual(text, shown("sold-out.txt"))
    yield* (yield* Checkouts.client)("ann").checkoutLater({ ...kite, isGift: true })
    yield* performing
    // #region diagram
    const picture = yield* Stepped.diagram(Checkouts)
    // #endregion
    assert.strictEqual(picture, shown("checkout.mmd"))
  }).pipe(Effect.provide(Main)))
