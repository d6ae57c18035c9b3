/** What a process says of itself, for whoever runs it: metrics for Prometheus, endpoints for its health, and traces, logs and metrics by OTLP. */
// #region telemetry
import { Effect, Layer, Schedule } from "effect"
import { FetchHttpClient, HttpRouter, HttpServerResponse } from "effect/http"
import { Otlp, PrometheusMetrics } from "effect/observability"
import { Stepped } from "stepped"

const Metrics = HttpRouter.add(
  "GET",
  "/metrics",
  Effect.gen(function*() {
    // what this process has counted is worth showing also while the database is away
    yield* Effect.ignore(Stepped.measure)
    return HttpServerResponse.text(yield* PrometheusMetrics.format(), { contentType: "text/plain; version=0.0.4" })
  })
)

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

/** What Prometheus and Kubernetes ask. */
export const Endpoints = Layer.mergeAll(Metrics, Live, Ready)

/** Traces, logs and metrics go to a collector, as `http://collector:4318`; what waits is measured before it is pushed. */
export const exporting = (collector: string, every: "10 seconds" | "100 millis" = "10 seconds") =>
  Layer.effectDiscard(
    Effect.forkScoped(Effect.repeat(Effect.ignore(Stepped.measure), Schedule.spaced(every)))
  ).pipe(
    Layer.provideMerge(Otlp.layerJson({
      baseUrl: collector,
      resource: { serviceName: "garage" },
      metricsExportInterval: every,
      tracerExportInterval: every,
      loggerExportInterval: every
    })),
    Layer.provide(FetchHttpClient.layer)
  )
// #endregion
