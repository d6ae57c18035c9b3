/** What is performed: put your own in its place. */
import { Effect, Schema } from "effect"
import { Step, Stepped } from "stepped"

export class Order extends Stepped.Actor<Order>()("Order", { id: Schema.Int }) {}

export const ship = Stepped.action("ship", { arguments: [Schema.String] })
  .step("pack", () => Effect.log("packs"))
  .step("wait", () => Step.wait("1 hour"))
  .step("send", (to) => Effect.log(`sends it to ${to}`))

export const Orders = Stepped.actions(Order, [ship])

/** For `stepped check`, before a deploy. */
export const stepped = Stepped.app({ actions: Orders.layer })
