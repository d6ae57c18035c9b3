/** What the compiler infers of a whole saga, from end to end: read by `tsc`, and run so that nothing here is only a type. */
import { assert, describe, expectTypeOf, it } from "@effect/vitest"
import { Context, Effect, type Layer, Result, Schedule, Schema } from "effect"
import type { Owns } from "../../src/Action.ts"
import type { Engine } from "../../src/Engine.ts"
import type * as Errors from "../../src/SteppedError.ts"
import * as Stepped from "./surface.ts"
import { Step } from "./surface.ts"

const Order = Schema.Struct({ id: Schema.String, isGift: Schema.Boolean })
type Order = typeof Order.Type
const ReservationId = Schema.String.pipe(Schema.brand("ReservationId"))
type ReservationId = typeof ReservationId.Type
const Receipt = Schema.Struct({ payment: Schema.Int, reservation: ReservationId, wrapped: Schema.Boolean })
class CardDeclined extends Schema.TaggedError<CardDeclined>()("CardDeclined", { reason: Schema.String }) {}
class SoldOut extends Schema.TaggedError<SoldOut>()("SoldOut", {}) {}
class NoRibbon extends Schema.TaggedError<NoRibbon>()("NoRibbon", {}) {}
class Bank extends Context.Service<Bank, {
  readonly charge: (order: Order) => Effect.Effect<number, CardDeclined>
  readonly refund: (payment: number) => Effect.Effect<void>
  readonly voidIfCharged: (order: Order) => Effect.Effect<void>
}>()("Bank") {}
class Stock extends Context.Service<Stock, {
  readonly reserve: (order: Order) => Effect.Effect<ReservationId, SoldOut>
  readonly release: (reservation: ReservationId) => Effect.Effect<void>
}>()("Stock") {}
class Customer extends Stepped.Actor<Customer>()("Customer", { id: Schema.String }) {}

type ServicesOf<A> = A extends { readonly "~stepped/types": { readonly services: (_: never) => infer R } } ? R : never

const gently = Schedule.exponential("1 second").pipe(Schedule.upTo({ times: 4 }))
const wrapAsGift = Stepped.action("wrapAsGift", { arguments: [Order], success: Schema.String, error: NoRibbon })
  .step(() => Effect.fail(new NoRibbon()))
const reserve = Stepped.step("reserve", (order: Order) => Effect.flatMap(Stock, (stock) => stock.reserve(order)), {
  result: ReservationId,
  retry: Schedule.exponential("1 second").pipe(Schedule.jittered, Schedule.upTo({ times: 5 })),
  compensate: (reservation) => Effect.flatMap(Stock, (stock) => stock.release(reservation))
})

describe("a saga", () => {
  it("knows what each step has given, what undoes it is given, and whom all of it needs", () => {
    const checkout = Stepped.action("checkout", {
      arguments: [Order],
      success: Receipt,
      error: Schema.Union([CardDeclined, SoldOut]),
      timeout: "3 days",
      defaults: { timeout: "1 minute" }
    })
      .step("charge", (order) => Effect.flatMap(Bank, (bank) => bank.charge(order)), {
        retry: { schedule: gently, errors: { CardDeclined: "never" } },
        compensate: (payment) => {
          expectTypeOf(payment).toEqualTypeOf<number>()
          return Effect.flatMap(Bank, (bank) => bank.refund(payment))
        },
        compensateFailed: (_cause, order) => {
          expectTypeOf(order).toEqualTypeOf<Order>()
          return Effect.flatMap(Bank, (bank) => bank.voidIfCharged(order))
        }
      })
      .use(reserve)
      .step("wrap", (order) => Step.attempt(wrapAsGift, order), { when: (order) => order.isGift, mayFail: true })
      .step("ship", (order, { charge, reserve, wrap }) => {
        expectTypeOf(order).toEqualTypeOf<Order>()
        expectTypeOf(charge).toEqualTypeOf<number>()
        expectTypeOf(reserve).toEqualTypeOf<ReservationId>()
        // it may have been skipped, may have failed, or its child has
        expectTypeOf(wrap).toEqualTypeOf<Result.Result<string, NoRibbon | Errors.AttemptError> | undefined>()
        return Effect.succeed({
          payment: charge,
          reservation: reserve,
          wrapped: wrap !== undefined && Result.isSuccess(wrap)
        })
      }, { pointOfNoReturn: true, onExhausted: "hold" })
    expectTypeOf<ServicesOf<typeof checkout>>().toEqualTypeOf<Step | Owns<"wrapAsGift"> | Bank | Stock>()
    const Checkouts = Stepped.actions(Customer, [checkout, wrapAsGift])
    expectTypeOf(Checkouts.layer).toEqualTypeOf<Layer.Layer<never, never, Engine | Bank | Stock>>()
    // @ts-expect-error the actor does not have what one of its steps asks for
    Stepped.actions(Customer, [checkout])
    const { steps } = checkout.definition
    assert.deepStrictEqual(steps.map(({ name }) => name), ["charge", "reserve", "wrap", "ship"])
    assert.deepStrictEqual(steps.map(({ policy }) => policy?.mayFail), [false, false, true, false])
  })
})
