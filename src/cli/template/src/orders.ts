/** What an order does. */
import { Effect, Schema } from "effect"
import { Step, Stepped } from "stepped"

export class CardDeclined extends Schema.TaggedError<CardDeclined>()("CardDeclined", { cents: Schema.Int }) {}

/** Who acts: an order, by its number. */
export class Order extends Stepped.Actor<Order>()("Order", { id: Schema.Int }) {}

/** The customer pays. */
export const charge = Stepped.action("charge", { arguments: [Schema.Int], success: Schema.String, error: CardDeclined })
  .step("card", (cents) =>
    cents > 100_000
      ? Effect.fail(new CardDeclined({ cents }))
      : Effect.as(Effect.log(`charges ${cents} cents`), `receipt for ${cents} cents`))

/** An order is paid, and some days later the customer is asked for a review. */
export const fulfil = Stepped.action("fulfil", { arguments: [Schema.Int], success: Schema.String })
  // a child: what it gives, later steps receive
  .step("payment", (cents) => Step.do(charge, cents))
  // no process has to live that long: whichever runs then goes on
  .step("wait", () => Step.wait("3 days"))
  .step((_cents, { payment }) => Effect.as(Effect.log("asks for a review"), payment))

export const Orders = Stepped.actions(Order, [charge, fulfil])
