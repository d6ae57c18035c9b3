/**
 * A program that serves the API of its own actions: what operators look at and ask for, an action that is enqueued over HTTP, and a webhook that completes it.
 *
 * Who asks is found out by a token. The typed client reads and acts as an operator would, by its own name; what it may not is refused, and recorded.
 *
 * Run with `npm run example examples/http/main.ts`.
 */
import { NodeHttpClient, NodeHttpServer } from "@effect/platform-node"
import { Console, Effect, Layer, Redacted, Schema } from "effect"
import { HttpClient, HttpClientRequest, HttpRouter, HttpServer } from "effect/http"
import { HttpApiClient } from "effect/http-api"
import { createHmac } from "node:crypto"
import { createServer } from "node:http"
import { Stepped } from "stepped"
import * as Embedded from "stepped/embedded"
import * as Http from "stepped/http"

// #region actions
class Order extends Stepped.Actor<Order>()("Order", { id: Schema.Int }) {}

const Card = Schema.Struct({ owner: Schema.String, number: Schema.Redacted(Schema.String) })

/** Somebody outside completes it, once the money is there. */
const charge = Stepped.action("charge", { arguments: [Card], success: Schema.String, outbound: true })
  .step("order", ({ owner }) => Console.log(`the provider is to charge ${owner}`))

const Orders = Stepped.actions(Order, [charge])
// #endregion

// #region serving
const people: Readonly<Record<string, Http.Operator["Service"]>> = {
  "token-of-olga": { subject: "olga", roles: ["operate"], mayReadPayloads: true },
  "token-of-vera": { subject: "vera", roles: ["view"], mayReadPayloads: false }
}

const Api = Http.layer({
  authorization: Http.authorization((token) => Effect.succeed(people[Redacted.value(token)])),
  endpoints: [Http.endpoints(Orders, [charge])]
})
// #endregion

// #region webhook
const secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

const Payments = Http.webhook("/hooks/payments", {
  secrets: [Redacted.make(secret)],
  body: Schema.Struct({ order: Schema.Int, receipt: Schema.String }),
  to: ({ order, receipt }) => Http.completes(Order.ref(order), charge, Stepped.Outcome.succeeded(receipt))
})
// #endregion

const Server = HttpRouter.serve(Layer.mergeAll(Api, Payments), { disableLogger: true, disableListenLog: true }).pipe(
  Layer.provideMerge(NodeHttpServer.layer(createServer, { port: 0, host: "127.0.0.1" }))
)

const Main = Stepped.worker().pipe(
  Layer.provide(Orders.layer),
  Layer.provideMerge(Server),
  Layer.provideMerge(Layer.mergeAll(Embedded.layer(), NodeHttpClient.layerUndici))
)

const address = Effect.map(
  HttpServer.HttpServer,
  ({ address }) => address._tag === "UnixPathAddress" ? "" : `http://127.0.0.1:${address.port}`
)

// #region client
/** The API, as whoever this token is. */
const clientOf = (token: string) =>
  Effect.flatMap(address, (url) =>
    HttpApiClient.make(Http.Api, {
      transformClient: HttpClient.mapRequest((request) =>
        HttpClientRequest.bearerToken(HttpClientRequest.prependUrl(request, url), token)
      )
    }))
// #endregion

/** What the provider sends. */
const report = (body: string, key: string) =>
  Effect.gen(function*() {
    const at = String(Math.floor((yield* Effect.clockWith((clock) => clock.currentTimeMillis)) / 1000))
    const mac = createHmac("sha256", Buffer.from(key.slice("whsec_".length), "base64")).update(`evt_1.${at}.${body}`)
    const request = HttpClientRequest.post(`${yield* address}/hooks/payments`).pipe(
      HttpClientRequest.setHeaders({
        "webhook-id": "evt_1",
        "webhook-timestamp": at,
        "webhook-signature": `v1,${mac.digest("base64")}`
      }),
      HttpClientRequest.bodyText(body, "application/json")
    )
    return (yield* HttpClient.execute(request)).status
  })

const program = Effect.gen(function*() {
  const olga = yield* clientOf("token-of-olga")
  const vera = yield* clientOf("token-of-vera")

  const request = yield* HttpClientRequest.post(`${yield* address}/Order/7/charge`).pipe(
    HttpClientRequest.bearerToken("token-of-olga"),
    HttpClientRequest.setHeader("idempotency-key", "cart-12"),
    HttpClientRequest.bodyJson([{ owner: "Ann", number: "4111 1111" }])
  )
  const { id } = (yield* (yield* HttpClient.execute(request)).json) as { readonly id: string }
  const why = olga.actions.why({ params: { id } })
  while ((yield* why).reasons[0]?._tag !== "Outbound") yield* Effect.sleep("20 millis")
  yield* Console.log((yield* why).reasons[0]?.text.replace(/,? since .*/, ""))

  yield* Console.log(`vera sees ${JSON.stringify((yield* vera.actions.get({ params: { id } })).arguments)}`)
  const refused = yield* Effect.flip(vera.verbs["Stepped.cancel"]({ payload: { id, reason: "a mistake" } }))
  yield* Console.log(`vera cancels it: ${refused._tag}`)
  const [denied] = (yield* vera.overview.operations({ query: { target: id } })).items
  yield* Console.log(`recorded: ${denied?.by} ${denied?.verb} ${denied?.outcome}`)

  const body = JSON.stringify({ order: 7, receipt: "r-1" })
  yield* Console.log(`somebody forges a payment: ${yield* report(body, "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")}`)
  yield* Console.log(`the provider reports one: ${yield* report(body, secret)}`)
  yield* Console.log(`and once more: ${yield* report(body, secret)}`)
  const { status } = yield* olga.actions.get({ params: { id } })
  yield* Console.log(`the charge has ${status}`)
})

await Effect.runPromise(Effect.provide(program, Main))
