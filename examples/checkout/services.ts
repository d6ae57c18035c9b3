/** The services of the checkout over HTTP: what each answer means, as a result or as a typed error. */
import { Config, Context, Effect, Layer, Schema } from "effect"
import { HttpClient, HttpClientRequest } from "effect/http"
import { Bank, CardDeclined, Carrier, type Order, SoldOut, Stock, Unavailable } from "./definitions.ts"

/** Where the carrier reports that it has a parcel. */
export class CallbackUrl extends Context.Service<CallbackUrl, string>()("checkout/CallbackUrl") {}

const Answer = Schema.Struct({
  reason: Schema.optionalKey(Schema.String),
  payment: Schema.optionalKey(Schema.String),
  reservation: Schema.optionalKey(Schema.String)
})

/** Asks a service. What is no answer, or one that says to ask again, is `Unavailable`. */
const asking = Effect.gen(function*() {
  const client = yield* HttpClient.HttpClient
  const url = yield* Config.String("OUTSIDE_URL")
  return Effect.fn("ask")(
    function*(path: string, body: object) {
      const request = HttpClientRequest.bodyJsonUnsafe(HttpClientRequest.post(`${url}/${path}`), body)
      const { json, status } = yield* client.execute(request)
      if (status >= 500) return yield* new Unavailable({ service: path, status: `${status}` })
      return { status, ...yield* Schema.decodeUnknownEffect(Answer)(yield* json) }
    },
    (effect, path) => Effect.mapError(effect, (error) => error._tag === "Unavailable" ? error : silent(path))
  )
})

const silent = (service: string) => new Unavailable({ service, status: "no answer" })

export const BankLive = Layer.effect(
  Bank,
  Effect.gen(function*() {
    const ask = yield* asking
    return {
      charge: Effect.fn("Bank.charge")(function*({ cents, id }: Order) {
        const { payment, reason = "" } = yield* ask("bank/charges", { order: id, cents })
        return payment ?? (yield* new CardDeclined({ reason }))
      }),
      refund: (payment) => ask("bank/refunds", { payment }),
      voidIfCharged: ({ id }) => ask("bank/voids", { order: id })
    }
  })
)

export const StockLive = Layer.effect(
  Stock,
  Effect.gen(function*() {
    const ask = yield* asking
    return {
      reserve: Effect.fn("Stock.reserve")(function*({ id, item }: Order) {
        const { reservation } = yield* ask("stock/reservations", { order: id, item })
        return reservation ?? (yield* new SoldOut({ item }))
      }),
      release: (reservation) => ask("stock/releases", { reservation }),
      wrap: ({ id }) => Effect.as(ask("stock/wrappings", { order: id }), "in paper with stars")
    }
  })
)

export const CarrierLive = Layer.effect(
  Carrier,
  Effect.gen(function*() {
    const ask = yield* asking
    const callback = yield* CallbackUrl
    return { send: (reference, reservation) => ask("carrier/parcels", { reference, reservation, callback }) }
  })
)
