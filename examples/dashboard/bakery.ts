/** A bakery: orders that are reserved, paid, baked and brought, an oven that has room for two, and now and then something that goes wrong. */
import { Effect, Schedule, Schema } from "effect"
import { Step, Stepped } from "stepped"

export class CardRefused extends Schema.TaggedError<CardRefused>()("CardRefused", { bank: Schema.String }) {}
export class OvenIsCold extends Schema.TaggedError<OvenIsCold>()("OvenIsCold", { degrees: Schema.Int }) {}

export class Order extends Stepped.Actor<Order>()("Order", { id: Schema.Int }) {}
export class Oven extends Stepped.Actor<Oven>()("Oven", { id: Schema.String }) {}

export const room = Stepped.lane("oven", { limit: 2, whenBusy: "line" })

/** A loaf takes its time, and the oven has room for two. */
export const bake = Stepped.action("bake", {
  arguments: [Schema.String],
  success: Schema.String,
  concurrency: () => room("north")
}).step("bake", (bread) => Effect.as(Effect.sleep("900 millis"), `a warm ${bread}`))

/** The bank answers at the second try, and refuses every ninth card. */
export const charge = Stepped.action("charge", { success: Schema.String, error: CardRefused })
  .step(
    "askBank",
    Effect.fn(function*() {
      const { attemptNumber } = yield* Step
      const order = yield* Order
      if (order.id % 9 === 0 || attemptNumber === 1) return yield* new CardRefused({ bank: "Bank of the North" })
      return `payment ${order.id}`
    }),
    {
      retry: Schedule.spaced("400 millis").pipe(Schedule.upTo({ times: 2 })),
      compensate: {
        run: Effect.fn(function*(payment: string) {
          yield* Effect.log(`${payment} is given back`)
        })
      }
    }
  )

/** A courier says from outside when it has arrived. */
export const deliver = Stepped.action("deliver", { outbound: true }).step("callCourier", () => Effect.void)

export const order = Stepped.action("order", {
  arguments: [Schema.Array(Schema.String)],
  success: Schema.String,
  error: CardRefused,
  timeout: "1 day"
})
  .step("reserve", () => Effect.succeed("flour and salt"), {
    compensate: {
      run: Effect.fn(function*() {
        const { id } = yield* Order
        if (id % 18 === 0) return yield* new OvenIsCold({ degrees: 12 })
      }),
      retry: "never"
    }
  })
  .step("charge", () => Effect.asVoid(Step.do(charge)), { unwind: true })
  .step("bake", (breads) => Effect.asVoid(Effect.forEach(breads, (bread) => Step.do(bake, bread))))
  .step("deliver", () => Effect.asVoid(Step.do(deliver)), { pointOfNoReturn: true })
  .step("thank", () => Effect.succeed("good appetite"))

export const approved = Stepped.signal("approved", {
  payload: Schema.Struct({
    by: Schema.String,
    loaves: Schema.Int,
    how: Schema.Union([
      Schema.TaggedStruct("Now", {}),
      Schema.TaggedStruct("Later", { days: Schema.Int, note: Schema.optionalKey(Schema.String) })
    ])
  })
})

/** A wedding is much bread: somebody has to say yes. */
export const wedding = Stepped.action("wedding", { arguments: [Schema.Int], signals: [approved] })
  .step("ask", () => Effect.asVoid(Step.waitFor(approved)))

/** Somebody is to decide what becomes of a cold oven. */
export const heat = Stepped.action("heat", { success: Schema.Int, error: OvenIsCold })
  .step("light", () => Effect.fail(new OvenIsCold({ degrees: 12 })), { onExhausted: "hold", result: Schema.Int })
  .step(({ light }) => Effect.succeed(light))

export const Orders = Stepped.actions(Order, [bake, charge, deliver, order, wedding])
export const Ovens = Stepped.actions(Oven, [heat])

/** The king's cake is ordered by itself, each year. */
export const Epiphany = Stepped.schedule("epiphany", {
  cron: "0 5 6 1 *",
  zone: "Europe/Berlin",
  actions: Orders,
  actor: 6,
  action: order,
  args: [["king's cake"]]
})
