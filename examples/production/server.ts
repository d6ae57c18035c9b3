/**
 * A server that enqueues, looks and cancels, and performs nothing itself: it needs neither the worker nor the methods.
 *
 * Run with `DATABASE_URL=postgres://… npm run example examples/production/server.ts`, and end with Ctrl-C or SIGTERM.
 */
import { NodeHttpServer, NodeRuntime } from "@effect/platform-node"
import { Config, Effect, Layer, Schema } from "effect"
import { HttpRouter, HttpServer, HttpServerRequest, HttpServerResponse } from "effect/http"
import { createServer } from "node:http"
import { JobQueue, Stepped } from "stepped"
import { Car, Cars, visit } from "../quickstart/cars.ts"
import { EngineLive } from "./database.ts"

// #region routes
const Visit = HttpRouter.add(
  "POST",
  "/cars/1/visits",
  Effect.gen(function*() {
    const { to } = yield* HttpServerRequest.schemaBodyJson(Schema.Struct({ to: Schema.String }))
    const handle = yield* (yield* Cars.client)(1).visitLater(to)
    return HttpServerResponse.jsonUnsafe({ id: handle.id }, { status: 202 })
  })
)

// another request, perhaps in another process: the id is all that it needs
const Look = HttpRouter.add(
  "GET",
  "/cars/1/visits/:id",
  Effect.gen(function*() {
    const { id } = yield* HttpRouter.schemaPathParams(Schema.Struct({ id: Schema.String }))
    const { status } = yield* (yield* Stepped.handle(Car.ref(1), visit, id)).status
    return HttpServerResponse.jsonUnsafe({ status })
  }).pipe(
    Effect.catchTag("UnknownAction", () => Effect.succeed(HttpServerResponse.empty({ status: 404 })))
  )
)

// for whoever watches: what waits, and since when
const Waiting = HttpRouter.add(
  "GET",
  "/waiting",
  Effect.map(
    Effect.flatMap(JobQueue, (queue) => queue.backlog),
    (backlog) =>
      HttpServerResponse.jsonUnsafe(backlog.map(({ due, name, oldestEnqueuedAt }) => ({ name, due, oldestEnqueuedAt })))
  )
)
// #endregion

const Main = HttpRouter.serve(Layer.mergeAll(Visit, Look, Waiting)).pipe(
  HttpServer.withLogAddress,
  Layer.provide(NodeHttpServer.layerConfig(createServer, {
    host: Config.withDefault(Config.String("HOST"), "127.0.0.1"),
    port: Config.withDefault(Config.Int("PORT"), 3000)
  })),
  Layer.provide(EngineLive)
)

NodeRuntime.runMain(Layer.launch(Main))
