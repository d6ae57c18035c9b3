/** A small program to be tested: rooms are paid for, confirmed and slept in, with a payment provider and mail outside. */
import { Context, Effect, Schema } from "effect"
import { Step, Stepped } from "stepped"

export class CardDeclined extends Schema.TaggedError<CardDeclined>()("CardDeclined", { reason: Schema.String }) {}

export class Payments extends Context.Service<Payments, {
  readonly charge: (cents: number, idempotencyKey: string) => Effect.Effect<string, CardDeclined>
}>()("Payments") {}

export class Mail extends Context.Service<Mail, {
  readonly send: (booking: number, text: string) => Effect.Effect<void>
}>()("Mail") {}

export class Booking extends Stepped.Actor<Booking>()("Booking", { id: Schema.Int }) {}

export const tell = Stepped.action("tell", {
  arguments: [Schema.String],
  // every text to every guest counts
  concurrencyKey: (text) => Effect.map(Booking, ({ id }) => ["tell", id, text])
})

export const pay = Stepped.action("pay", { arguments: [Schema.Int], success: Schema.String, error: CardDeclined })
  .step("charge", (cents) =>
    Effect.gen(function*() {
      const { idempotencyKey } = yield* Step
      return yield* (yield* Payments).charge(cents, idempotencyKey)
    }))

/** The guest comes, or does not. */
export const arrive = Stepped.action("arrive", { outbound: true, timeout: "2 days" })
  .timedOut(() =>
    Effect.gen(function*() {
      const { id } = yield* Booking
      yield* (yield* Mail).send(id, "we have missed you")
    })
  )

export const book = Stepped.action("book", { arguments: [Schema.Int], success: Schema.String })
  .step("receipt", (cents) => Step.do(pay, cents))
  .step("confirmation", (_, { receipt }) => Step.do(tell, `paid: ${receipt}`))
  .step("eve", () => Step.wait("30 days"))
  .step("reminder", () => Step.do(tell, "see you tomorrow"))
  .step("stay", () => Step.do(arrive))
  .step((_, { receipt }) => Effect.succeed(receipt))

export const Bookings = Stepped.actions(Booking, [tell, pay, arrive, book])

export const BookingsLive = Bookings.toLayer(Effect.gen(function*() {
  const mail = yield* Mail
  const send = (text: string) => Effect.flatMap(Booking, ({ id }) => mail.send(id, text))
  return { tell: send, arrive: () => send("your room is ready") }
}))
