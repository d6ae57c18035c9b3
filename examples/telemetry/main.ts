/**
 * A garage that is watched: a worker, somebody who enqueues, and endpoints for Prometheus and for whoever runs it.
 *
 * Run with `npm run example examples/telemetry/main.ts`, and look at `http://127.0.0.1:9464/metrics`, `/live` and `/ready`. With
 * `COLLECTOR=http://127.0.0.1:4318` traces, logs and metrics go there, too. Ends with Ctrl-C.
 */
import { NodeHttpServer, NodeRuntime } from "@effect/platform-node"
import { Config, Effect, Layer, Option, Schedule } from "effect"
import { HttpRouter, HttpServer } from "effect/http"
import { createServer } from "node:http"
import { Stepped } from "stepped"
import { layer as embedded } from "stepped/embedded"
import { garage, GarageLive } from "./garage.ts"
import { Endpoints, exporting } from "./telemetry.ts"

const Exporting = Layer.unwrap(Effect.map(
  Config.option(Config.String("COLLECTOR")),
  (collector) => Option.isSome(collector) ? exporting(collector.value) : Layer.empty
))

const Serving = HttpRouter.serve(Endpoints).pipe(
  HttpServer.withLogAddress,
  Layer.provide(NodeHttpServer.layerConfig(createServer, {
    host: Config.withDefault(Config.String("HOST"), "127.0.0.1"),
    port: Config.withDefault(Config.Int("PORT"), 9464)
  }))
)

const Busy = Layer.effectDiscard(Effect.forkScoped(Effect.repeat(Effect.ignore(garage), Schedule.spaced("1 second"))))

const Main = Layer.mergeAll(Serving, Busy, Stepped.worker({ name: "garage" })).pipe(
  Layer.provide(GarageLive),
  Layer.provide(Exporting),
  Layer.provide(embedded())
)

NodeRuntime.runMain(Layer.launch(Main))
