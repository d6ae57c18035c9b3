/** Receives the calls of servers that are ready, and completes the actions that wait for them. */
import { NodeHttpServer } from "@effect/platform-node"
import { Effect, Layer, Option } from "effect"
import { HttpServer, HttpServerRequest, HttpServerResponse } from "effect/http"
import { createServer } from "node:http"
import { Stepped } from "stepped"
import { boot } from "./definitions.ts"
import { CallbackUrl } from "./Host.ts"
import { Server } from "./models.ts"

// By the action's id and not by the site: a late call must not complete the site's next boot.
const ready = Effect.gen(function*() {
  const server = yield* HttpServerRequest.schemaBodyJson(Server)
  const completed = yield* Stepped.complete(server.id, boot, Stepped.Outcome.succeeded(server))
  return HttpServerResponse.empty({ status: Option.isSome(completed) ? 204 : 410 })
})

export const CallbacksLive = Layer.effect(
  CallbackUrl,
  Effect.map(HttpServer.HttpServer, ({ address }) => `${HttpServer.formatAddress(address)}/ready`)
).pipe(
  Layer.merge(HttpServer.serve(ready)),
  Layer.provide(
    NodeHttpServer.layer(createServer, { host: "127.0.0.1", port: 0, gracefulShutdownTimeout: "500 millis" })
  )
)
