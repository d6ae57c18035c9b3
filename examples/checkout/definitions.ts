/** The checkout: its order, the services that it needs, and the action with all that undoes it. */
import { Context, Effect, Result, Schedule, Schema } from "effect"
import { Step, Stepped } from "stepped"

// #region services
export const Order = Schema.Struct({
  id: Schema.String,
  item: Schema.String,
  cents: Schema.Int,
  isGift: Schema.Boolean
})
export type Order = typeof Order.Type

export class CardDeclined extends Schema.TaggedError<CardDeclined>()("CardDeclined", { reason: Schema.String }) {}
export class SoldOut extends Schema.TaggedError<SoldOut>()("SoldOut", { item: Schema.String }) {}
/** No answer, or one that says to ask again. */
export class Unavailable extends Schema.TaggedError<Unavailable>()("Unavailable", {
  service: Schema.String,
  status: Schema.String
}) {}

/** Each request carries the order's id: whoever is asked twice for the same does it once. */
export class Bank extends Context.Service<Bank, {
  readonly charge: (order: Order) => Effect.Effect<string, CardDeclined | Unavailable>
  readonly refund: (payment: string) => Effect.Effect<void, Unavailable>
  /** Of an order that nobody knows to be charged: it is not, from now on. */
  readonly voidIfCharged: (order: Order) => Effect.Effect<void, Unavailable>
}>()("checkout/Bank") {}

export class Stock extends Context.Service<Stock, {
  readonly reserve: (order: Order) => Effect.Effect<string, SoldOut | Unavailable>
  readonly release: (reservation: string) => Effect.Effect<void, Unavailable>
  readonly wrap: (order: Order) => Effect.Effect<string, Unavailable>
}>()("checkout/Stock") {}

export class Carrier extends Context.Service<Carrier, {
  /** Accepts a parcel. That it has been collected, the carrier says later, by a request of its own. */
  readonly send: (reference: string, reservation: string) => Effect.Effect<void, Unavailable>
}>()("checkout/Carrier") {}
// #endregion

// #region checkout
export const Receipt = Schema.Struct({ payment: Schema.String, parcel: Schema.String, wrapped: Schema.Boolean })

export class Customer extends Stepped.Actor<Customer>()("Customer", { id: Schema.String }) {}

/** An order is checked out once at a time; whoever asks for it again meanwhile is told so. */
const orders = Stepped.lane("order", { whenBusy: "reject" })

const gently = Schedule.exponential("100 millis").pipe(Schedule.upTo({ times: 4 }))

export const wrapAsGift = Stepped.action("wrapAsGift", {
  arguments: [Order],
  success: Schema.String,
  error: Unavailable
}).step((order) => Effect.flatMap(Stock, (stock) => stock.wrap(order)))

/** Ends when the carrier calls: see `shop.ts`. */
export const handOver = Stepped.action("handOver", {
  arguments: [Schema.String],
  success: Schema.String,
  error: Unavailable,
  outbound: true,
  timeout: "1 hour"
}).step(
  Effect.fn(function*(reservation) {
    const { actionId } = yield* Step
    yield* (yield* Carrier).send(actionId, reservation)
  }),
  { retry: gently }
)

const reserve = Stepped.step("reserve", (order: Order) => Effect.flatMap(Stock, (stock) => stock.reserve(order)), {
  retry: { schedule: gently, errors: { SoldOut: "never" } },
  compensate: (reservation) => Effect.flatMap(Stock, (stock) => stock.release(reservation)),
  // a connection that has broken says nothing of what it has done: a reservation has the name of its order
  compensateFailed: (_cause, order) => Effect.flatMap(Stock, (stock) => stock.release(order.id))
})

export const checkout = Stepped.action("checkout", {
  arguments: [Order],
  success: Receipt,
  error: Schema.Union([CardDeclined, SoldOut, Unavailable]),
  concurrency: (order) => orders(order.id),
  timeout: "3 days",
  defaults: { retry: gently, timeout: "3 seconds" }
})
  .step("charge", (order) => Effect.flatMap(Bank, (bank) => bank.charge(order)), {
    retry: { schedule: gently, errors: { CardDeclined: "never" } },
    compensate: (payment) => Effect.flatMap(Bank, (bank) => bank.refund(payment)),
    // declined, or out of time: nobody here knows whether the bank has the money
    compensateFailed: (_cause, order) => Effect.flatMap(Bank, (bank) => bank.voidIfCharged(order))
  })
  .use(reserve)
  .step("wrap", (order) => Step.attempt(wrapAsGift, order), {
    when: (order) => order.isGift,
    mayFail: true,
    timeout: "1 minute"
  })
  .step(
    "ship",
    Effect.fn(function*(_order, { charge, reserve, wrap }) {
      const parcel = yield* Step.do(handOver, reserve)
      return { payment: charge, parcel, wrapped: wrap !== undefined && Result.isSuccess(wrap) }
    }),
    { pointOfNoReturn: true, timeout: "1 day", onExhausted: "hold" }
  )
// #endregion
