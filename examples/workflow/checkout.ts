/** The checkout of `examples/checkout` once more, as a workflow of `effect/workflow`: the same order, the same services. */
import { Effect, Layer, Schema } from "effect"
import { Activity, DurableClock, DurableDeferred, Workflow } from "effect/workflow"
import { Bank, CardDeclined, Carrier, Order, Receipt, SoldOut, Stock, Unavailable } from "../checkout/definitions.ts"

// #region checkout
/** The carrier has the parcel: it says so with the token that it was given. */
export const Collected = DurableDeferred.make("collected", { success: Schema.String })

export const HandOver = Workflow.make("HandOver", {
  payload: { reservation: Schema.String },
  success: Schema.String,
  error: Unavailable,
  idempotencyKey: ({ reservation }) => reservation
})

export const Checkout = Workflow.make("Checkout", {
  payload: { order: Order },
  success: Receipt,
  error: Schema.Union([CardDeclined, SoldOut, Unavailable]),
  // an order is checked out once: whoever asks for it again is given the same
  idempotencyKey: ({ order }) => order.id
})

/** Each try is an activity of its own; what says nothing for three seconds has not answered. */
const again = <A, E extends { readonly _tag: string }, R>(activity: Effect.Effect<A, E, R>) =>
  Activity.retry(activity, { times: 4, while: ({ _tag }) => _tag === "Unavailable" })
const inTime = <A, E, R>(service: string, asked: Effect.Effect<A, E, R>) =>
  Effect.timeoutOrElse(asked, {
    duration: "3 seconds",
    orElse: () => Effect.fail(new Unavailable({ service, status: "no answer" }))
  })

/** What undoes may be done twice, and is tried again; where that is in vain it is a defect. */
const undoing = <R>(asked: Effect.Effect<void, Unavailable, R>) => Effect.orDie(Effect.retry(asked, { times: 4 }))

const HandOverLive = HandOver.toLayer(({ reservation }) =>
  Effect.gen(function*() {
    const carrier = yield* Carrier
    const token = yield* DurableDeferred.token(Collected)
    yield* again(Activity.make({
      name: "send",
      error: Unavailable,
      execute: inTime("carrier", carrier.send(token, reservation))
    }))
    return yield* DurableDeferred.raceAll({
      name: "collected in an hour",
      success: Schema.String,
      error: Unavailable,
      effects: [
        DurableDeferred.await(Collected),
        DurableClock.sleep({ name: "an hour", duration: "1 hour" }).pipe(
          Effect.andThen(Effect.fail(new Unavailable({ service: "carrier", status: "late" })))
        )
      ]
    })
  })
)

const CheckoutLive = Checkout.toLayer(({ order }) =>
  Effect.gen(function*() {
    const [bank, stock] = [yield* Bank, yield* Stock]
    const payment = yield* again(Activity.make({
      name: "charge",
      success: Schema.String,
      error: Schema.Union([CardDeclined, Unavailable]),
      execute: inTime("bank", bank.charge(order))
    })).pipe(
      Checkout.withCompensation((payment) => undoing(bank.refund(payment))),
      // declined, or out of time: nobody here knows whether the bank has the money
      Effect.tapError(() => Activity.make({ name: "void", execute: undoing(bank.voidIfCharged(order)) }))
    )
    const reservation = yield* again(Activity.make({
      name: "reserve",
      success: Schema.String,
      error: Schema.Union([SoldOut, Unavailable]),
      execute: inTime("stock", stock.reserve(order))
    })).pipe(
      Checkout.withCompensation((reservation) => undoing(stock.release(reservation))),
      // a connection that has broken says nothing of what it has done: a reservation has the name of its order
      Effect.tapError(() => Activity.make({ name: "release", execute: undoing(stock.release(order.id)) }))
    )
    const wrapping = Activity.make({
      name: "wrap",
      success: Schema.String,
      error: Unavailable,
      execute: inTime("stock", stock.wrap(order))
    })
    const wrapped = order.isGift ? yield* Effect.isSuccess(wrapping) : false
    const parcel = yield* HandOver.execute({ reservation })
    return { payment, parcel, wrapped }
  })
)

export const CheckoutsLive = Layer.mergeAll(CheckoutLive, HandOverLive)
// #endregion
