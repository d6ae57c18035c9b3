/** Rule 17.2, with what reads metrics: an endpoint for Prometheus, and a receiver of what an exporter pushes. */
import { NodeHttpServer } from "@effect/platform-node"
import { assert, it } from "@effect/vitest"
import { Effect, Layer, Metric, Schedule, Schema } from "effect"
import { FetchHttpClient, HttpRouter, HttpServer, HttpServerResponse } from "effect/http"
import { Otlp, PrometheusMetrics } from "effect/observability"
import { SqlClient } from "effect/sql"
import { createServer } from "node:http"
import { Stepped } from "stepped"
import { families } from "../../src/store/Meter.ts"
import { linesIn } from "../behaviour/fixtures/metered.ts"
import { healthy } from "../harness/databases.ts"
import { isPooled, layerUrl } from "../harness/Server.ts"
import { until } from "../harness/workers.ts"
import { alone, database, fast } from "./starting.ts"
import { receiver } from "./Traced.ts"

class Car extends Stepped.Actor<Car>()("Car", { id: Schema.Int }) {}
const drive = Stepped.action("drive").step("go", () => Effect.void)
const Cars = Stepped.actions(Car, [drive])

const Metrics = HttpRouter.add(
  "GET",
  "/metrics",
  Effect.gen(function*() {
    yield* Effect.ignore(Stepped.measure)
    return HttpServerResponse.text(yield* PrometheusMetrics.format(), { contentType: "text/plain; version=0.0.4" })
  })
)

const Worker = Stepped.worker({ concurrency: 4 }).pipe(Layer.provide(Cars.layer))

/** Every ten seconds, as an exporter pushes; here more often. */
const Measuring = Layer.effectDiscard(
  Effect.forkScoped(Effect.repeat(Effect.ignore(Stepped.measure), Schedule.spaced("50 millis")))
)

it.live("17.2: Prometheus reads all of it at an endpoint: types, labels that are names, and how much waits just then", () =>
  Effect.gen(function*() {
    const url = yield* database
    const web = yield* alone(
      HttpRouter.serve(Metrics).pipe(
        Layer.provideMerge(NodeHttpServer.layer(createServer, { host: "127.0.0.1", port: 0 })),
        Layer.provideMerge(Worker),
        Layer.provideMerge(Stepped.layer({ notify: !isPooled })),
        Layer.provideMerge(layerUrl(url)),
        Layer.provideMerge(Layer.succeed(Metric.MetricRegistry, new Map()))
      )
    )
    yield* Effect.gen(function*() {
      const { address } = yield* HttpServer.HttpServer
      const scrape = Effect.promise(() =>
        fetch(`http://127.0.0.1:${"port" in address ? address.port : 0}/metrics`).then((response) => response.text())
      )
      const client = yield* Cars.client
      yield* Effect.forEach([1, 2, 3, 4], (id) => client(id).drive())
      const text = yield* scrape
      const lines = text.split("\n")
      for (
        const line of [
          "# TYPE stepped_enqueued_total counter",
          "# HELP stepped_started_total Actions that began to perform in this process",
          `stepped_enqueued_total{definition="Car/drive"} 4`,
          `stepped_ended_total{definition="Car/drive",status="succeeded"} 4`,
          "# TYPE stepped_body_seconds histogram",
          `stepped_body_seconds_bucket{definition="Car/drive",le="+Inf"} 4`,
          `stepped_wait_seconds_count{definition="Car/drive"} 4`,
          "# TYPE stepped_queue_depth gauge",
          `stepped_queue_depth{queue="default"} 0`,
          `stepped_queue_oldest_due_seconds{queue="default"} 0`,
          "stepped_lanes_occupied 0",
          "stepped_bodies_running 0"
        ]
      ) assert.include(lines, line)
      const statements = [...text.matchAll(/stepped_statement_seconds_count\{statement="([^"]+)"\}/g)].map(([, name]) =>
        name
      )
      assert.includeMembers(statements, ["finish", "measure", "register"])
      // no id, nor what was given to an action
      assert.notMatch(text, /[0-9a-f]{8}-[0-9a-f]{4}-/)
      const known = Object.values(families).map(({ id }) => id)
      assert.deepStrictEqual(
        [...text.matchAll(/^# TYPE (stepped_\w+)/gm)].flatMap(([, id]) => known.some((one) => one === id) ? [] : [id]),
        []
      )
      yield* healthy
    }).pipe(Effect.provide(web))
  }))

it.live("17.2: a lease that is lost is counted", () =>
  Effect.gen(function*() {
    const url = yield* database
    const registry: Metric.MetricRegistry = new Map()
    const engine = yield* alone(
      Worker.pipe(
        Layer.provideMerge(Stepped.layer(fast)),
        Layer.provideMerge(layerUrl(url)),
        Layer.provide(Layer.succeed(Metric.MetricRegistry, registry))
      )
    )
    yield* Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      yield* sql`delete from stepped.workers`
      yield* until(
        "it has been counted",
        Effect.sync(() => /^leases_lost [1-9]/.test(linesIn(registry)("stepped_leases_lost_total").join()))
      )
      yield* healthy
    }).pipe(Effect.provide(engine))
  }))

it.live("17.2: an exporter pushes the same, with its units", () =>
  Effect.gen(function*() {
    const url = yield* database
    const received = yield* receiver
    const exporting = Otlp.layerJson({
      baseUrl: received.url,
      resource: { serviceName: "garage" },
      metricsExportInterval: "50 millis"
    }).pipe(Layer.provide(FetchHttpClient.layer))
    const engine = yield* alone(
      Layer.mergeAll(Worker, Measuring, exporting).pipe(
        Layer.provideMerge(Stepped.layer(fast)),
        Layer.provideMerge(layerUrl(url)),
        Layer.provide(Layer.succeed(Metric.MetricRegistry, new Map()))
      )
    )
    /** What was received last of a metric, as a collector reads it. */
    const last = (name: string) =>
      [...received.text.matchAll(new RegExp(`\\{"name":"${name}",.*?\\]\\}\\}`, "g"))].at(-1)?.[0] ?? ""
    yield* Effect.gen(function*() {
      yield* (yield* Cars.client)(1).drive()
      yield* until(
        "all is there",
        Effect.sync(() =>
          last("stepped_ended_total").includes(`"stringValue":"succeeded"`) &&
          last("stepped_queue_depth").includes(`"stringValue":"default"`) && last("stepped_body_seconds") !== ""
        )
      )
      assert.include(last("stepped_body_seconds"), `"unit":"s"`)
      assert.include(last("stepped_queue_oldest_due_seconds"), `"unit":"s"`)
      assert.include(last("stepped_ended_total"), `"isMonotonic":true`)
      yield* healthy
    }).pipe(Effect.provide(engine))
  }))
