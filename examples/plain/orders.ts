/** What is performed: the bodies of steps are the one place where promises become effects. */
import { Effect, Schema } from "effect"
import { Step, Stepped } from "stepped"
import { bank, mail } from "./services.ts"

// #region definitions
export class CardDeclined extends Schema.TaggedError<CardDeclined>()("CardDeclined", { reason: Schema.String }) {}

export class Order extends Stepped.Actor<Order>()("Order", { id: Schema.Int }) {}

export const pay = Stepped.action("pay", { arguments: [Schema.Int], success: Schema.String, error: CardDeclined })
  .step("charge", (cents) =>
    Effect.gen(function*() {
      // the same for every run of this body: the bank knows the second request for the first
      const { idempotencyKey } = yield* Step
      // a rejection is a defect; the signal aborts the call when the action is cancelled or times out
      const answer = yield* Effect.promise((signal) => bank.charge(cents, { idempotencyKey, signal }))
      if ("declined" in answer) return yield* new CardDeclined({ reason: answer.declined })
      return answer.receipt
    }))

// no steps: the method below performs it
export const confirm = Stepped.action("confirm", { arguments: [Schema.String] })

export const checkOut = Stepped.action("checkOut", { arguments: [Schema.Int], success: Schema.String })
  .step("receipt", (cents) => Step.do(pay, cents))
  .step((_, { receipt }) => Effect.as(Step.do(confirm, receipt), receipt))

export const Orders = Stepped.actions(Order, [pay, confirm, checkOut])

export const OrdersLive = Orders.toLayer(Effect.succeed({
  confirm: (receipt) => Effect.flatMap(Order, (order) => Effect.promise(() => mail.send(order.id, receipt)))
}))
// #endregion
