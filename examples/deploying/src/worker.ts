/** A worker, with endpoints for whoever runs it: start as many as you like. Ends on SIGTERM, when its bodies have. */
// #region worker
import { NodeHttpServer, NodeRuntime } from "@effect/platform-node"
import { Config, Effect, Layer } from "effect"
import { HttpRouter, HttpServerResponse } from "effect/http"
import { PrometheusMetrics } from "effect/observability"
import { createServer } from "node:http"
import { Stepped } from "stepped"
import { EngineLive } from "./database.ts"
import { Orders } from "./orders.ts"

const Live = HttpRouter.add(
  "GET",
  "/live",
  Effect.map(Stepped.live, (live) => HttpServerResponse.jsonUnsafe(live, { status: live.isLive ? 200 : 503 }))
)
const Ready = HttpRouter.add(
  "GET",
  "/ready",
  Effect.map(Stepped.ready, (ready) => HttpServerResponse.jsonUnsafe(ready, { status: ready.isReady ? 200 : 503 }))
)
const Metrics = HttpRouter.add(
  "GET",
  "/metrics",
  Effect.gen(function*() {
    yield* Effect.ignore(Stepped.measure)
    return HttpServerResponse.text(yield* PrometheusMetrics.format(), { contentType: "text/plain; version=0.0.4" })
  })
)

const Serving = HttpRouter.serve(Layer.mergeAll(Live, Ready, Metrics)).pipe(
  Layer.provide(NodeHttpServer.layerConfig(createServer, {
    host: Config.succeed("0.0.0.0"),
    port: Config.withDefault(Config.Int("PORT"), 9464)
  }))
)

// whoever stops it gives it fifteen seconds more than this
const Working = Stepped.worker({ concurrency: 32, gracePeriod: "30 seconds" })

const Main = Layer.mergeAll(Working, Serving).pipe(
  Layer.provide(Orders.layer),
  Layer.provide(EngineLive)
)

NodeRuntime.runMain(Layer.launch(Main))
// #endregion
