/** The other system, on an HTTP server of its own: it takes orders for exports, says that it is at them, and reports their ends, to the address that comes with each. */
import { NodeHttpServer } from "@effect/platform-node"
import { Context, Effect, Layer, Queue, Schema } from "effect"
import {
  HttpClient,
  HttpClientRequest,
  HttpRouter,
  HttpServer,
  HttpServerRequest,
  HttpServerResponse
} from "effect/http"
import { createServer } from "node:http"

export const Order = Schema.Struct({ month: Schema.String, answer: Schema.String, rows: Schema.Int })
export type Order = typeof Order.Type

/** What it has been asked for. */
export class Orders extends Context.Service<Orders, Queue.Queue<Order>>()("Orders") {
  static readonly layer = Layer.effect(Orders, Queue.unbounded<Order>())
}

const OrdersRoute = HttpRouter.add(
  "POST",
  "/exports",
  Effect.gen(function*() {
    const order = yield* HttpServerRequest.schemaBodyJson(Order)
    yield* Queue.offer(yield* Orders, order)
    return HttpServerResponse.empty({ status: 202 })
  })
)

/** Where it is. */
export class ExporterAddress extends Context.Service<ExporterAddress, string>()("ExporterAddress") {
  static readonly layer = Layer.effect(
    ExporterAddress,
    Effect.map(HttpServer.HttpServer, ({ address }) => HttpServer.formatAddress(address))
  ).pipe(
    Layer.provide(HttpRouter.serve(OrdersRoute, { disableLogger: true, disableListenLog: true })),
    Layer.provide(NodeHttpServer.layer(createServer, { port: 0, host: "127.0.0.1" })),
    // with a router of its own
    Layer.fresh
  )
}

const posts = Effect.fn("posts")(function*(address: string, body: unknown) {
  const response = yield* HttpClientRequest.post(address).pipe(
    HttpClientRequest.bodyJsonUnsafe(body),
    HttpClient.execute
  )
  return `${response.status} ${yield* response.text}`
})

/** Reports the end of an export to whoever has ordered it, and gives what that answers. */
export const reports = ({ answer }: Order, end: { readonly url: string } | { readonly error: string }) =>
  posts(answer, end)

/** Says how far an export is, and gives what whoever has ordered it answers. */
export const says = ({ answer }: Order, progress: { readonly rows: number }) => posts(`${answer}/alive`, progress)
