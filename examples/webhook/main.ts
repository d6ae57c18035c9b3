/**
 * An HTTP server whose webhook completes an outbound action.
 *
 * Paying asks the bank to charge a card, and the bank answers when it is done: by a request of its own, which may come
 * twice. The action performs until then, for an hour at most. The request carries a key, so that the card is charged once,
 * and the action's id, so that the answer finds exactly that one. The bank of this program is a second route of the same
 * server.
 *
 * Run with `npm run example examples/webhook/main.ts`.
 */
import { NodeHttpServer } from "@effect/platform-node"
import { Console, Context, Effect, Layer, Option, Queue, Schema } from "effect"
import {
  FetchHttpClient,
  HttpClient,
  HttpClientRequest,
  HttpRouter,
  HttpServer,
  HttpServerRequest,
  HttpServerResponse
} from "effect/http"
import { createServer } from "node:http"
import { Step, Stepped } from "stepped"
import * as Embedded from "stepped/embedded"

// #region action
class CardDeclined extends Schema.TaggedError<CardDeclined>()("CardDeclined", { reason: Schema.String }) {}

class Bank extends Context.Service<Bank, {
  readonly charge: (
    request: { readonly key: string; readonly reference: string; readonly cents: number }
  ) => Effect.Effect<void>
}>()("Bank") {}

class Order extends Stepped.Actor<Order>()("Order", { id: Schema.Int }) {}

const pay = Stepped.action("pay", {
  arguments: [Schema.Int],
  success: Schema.String,
  error: CardDeclined,
  outbound: true,
  timeout: "1 hour"
})
  .step(Effect.fn(function*(cents) {
    // a body may run twice: by the key, the bank knows the second request for the first; with the reference it answers
    const { actionId, idempotencyKey } = yield* Step
    yield* (yield* Bank).charge({ key: idempotencyKey, reference: actionId, cents })
  }))
// #endregion

const Orders = Stepped.actions(Order, [pay])

// -------------------------------------------------------------------------------------------------------------------
// the webhook
// -------------------------------------------------------------------------------------------------------------------

// #region webhook
const Payment = Schema.Union([
  Schema.Struct({ reference: Schema.String, receipt: Schema.String }),
  Schema.Struct({ reference: Schema.String, declined: Schema.String })
])

const PaymentRoute = HttpRouter.add(
  "POST",
  "/webhooks/payments",
  Effect.gen(function*() {
    const payment = yield* HttpServerRequest.schemaBodyJson(Payment)
    const outcome = "receipt" in payment
      ? Stepped.Outcome.succeeded(payment.receipt)
      : Stepped.Outcome.failed(new CardDeclined({ reason: payment.declined }))
    const completed = yield* Stepped.complete(payment.reference, pay, outcome)
    return HttpServerResponse.text(Option.isSome(completed) ? "thank you" : "not waiting for that")
  })
)
// #endregion

// -------------------------------------------------------------------------------------------------------------------
// the bank
// -------------------------------------------------------------------------------------------------------------------

const Charge = Schema.Struct({ key: Schema.String, reference: Schema.String, cents: Schema.Int })

class Charges extends Context.Service<Charges, Queue.Queue<typeof Charge.Type>>()("Charges") {
  static readonly layer = Layer.effect(Charges, Queue.unbounded<typeof Charge.Type>())
}

const ChargeRoute = HttpRouter.add(
  "POST",
  "/bank/charges",
  Effect.gen(function*() {
    yield* Queue.offer(yield* Charges, yield* HttpServerRequest.schemaBodyJson(Charge))
    return HttpServerResponse.empty({ status: 202 })
  })
)

const post = Effect.fn("post")(function*(path: string, body: unknown) {
  const { address } = yield* HttpServer.HttpServer
  const response = yield* HttpClientRequest.post(`${HttpServer.formatAddress(address)}${path}`).pipe(
    HttpClientRequest.bodyJsonUnsafe(body),
    HttpClient.execute
  )
  return `${response.status} ${yield* response.text}`.trim()
})

const BankLive = Layer.effect(
  Bank,
  Effect.gen(function*() {
    const context = yield* Effect.context<HttpClient.HttpClient | HttpServer.HttpServer>()
    return {
      // a failure without a type is a defect: the engine's `handledDefects` says whether it fails the step or is tried again
      charge: (request) => post("/bank/charges", request).pipe(Effect.orDie, Effect.provideContext(context))
    }
  })
)

/** Answers the next charge. */
const answer = Effect.gen(function*() {
  const { cents, reference } = yield* Queue.take(yield* Charges)
  const payment = cents > 10_000 ? { reference, declined: "limit" } : { reference, receipt: `receipt over ${cents}` }
  yield* Console.log(`the bank answers: ${yield* post("/webhooks/payments", payment)}`)
  yield* Console.log(`and once more: ${yield* post("/webhooks/payments", payment)}`)
})

// -------------------------------------------------------------------------------------------------------------------
// the program
// -------------------------------------------------------------------------------------------------------------------

const Server = HttpRouter.serve(Layer.mergeAll(PaymentRoute, ChargeRoute), {
  disableLogger: true,
  disableListenLog: true
}).pipe(Layer.provideMerge(NodeHttpServer.layer(createServer, { port: 0, host: "127.0.0.1" })))

const Main = Stepped.worker().pipe(
  Layer.provide(Orders.layer),
  Layer.provide(BankLive),
  Layer.provideMerge(Server),
  Layer.provideMerge(Layer.mergeAll(Embedded.layer(), Charges.layer, FetchHttpClient.layer))
)

const program = Effect.gen(function*() {
  const orders = yield* Orders.client

  const paid = yield* orders(1).payLater(1500)
  yield* answer
  yield* Console.log(`order 1: ${yield* paid.await}`)

  const refused = yield* orders(2).payLater(99_000)
  yield* answer
  const error = yield* Effect.flip(refused.await)
  yield* Console.log(`order 2: ${error._tag}${error._tag === "CardDeclined" ? `, ${error.reason}` : ""}`)
})

await Effect.runPromise(Effect.provide(program, Main))
