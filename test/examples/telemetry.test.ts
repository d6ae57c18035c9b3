/** The example about telemetry: what comes out of a process, and that alerts and the dashboard ask for nothing else. */
import { NodeHttpServer } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Metric, Schema } from "effect"
import { HttpClient, HttpRouter } from "effect/http"
import { readFileSync } from "node:fs"
import { createServer } from "node:http"
import { Stepped } from "stepped"
import { layer as embedded } from "stepped/embedded"
import { parse } from "yaml"
import { garage, GarageLive } from "../../examples/telemetry/garage.ts"
import { Endpoints, exporting } from "../../examples/telemetry/telemetry.ts"
import { anchorsOf } from "../docs/Documents.ts"
import { until } from "../harness/workers.ts"
import { exported } from "./exposition.ts"

const read = (path: string) => readFileSync(new URL(`../../examples/${path}`, import.meta.url), "utf8")

/** A collector of the test's own: what has come, by its path. */
const collector = Effect.acquireRelease(
  Effect.callback<{ readonly url: string; readonly got: (path: string) => string; readonly close: () => void }>(
    (resume) => {
      const got = new Map<string, string>()
      const server = createServer((request, response) => {
        let body = ""
        request.on("data", (part) => body += part)
        request.on("end", () => {
          got.set(request.url!, `${got.get(request.url!) ?? ""}${body}\n`)
          response.writeHead(200, { "content-type": "application/json" }).end("{}")
        })
      })
      server.listen(0, "127.0.0.1", () => {
        const { port } = server.address() as { readonly port: number }
        resume(Effect.succeed({
          url: `http://127.0.0.1:${port}`,
          got: (path) => got.get(path) ?? "",
          close: () => server.closeAllConnections()
        }))
      })
    }
  ),
  ({ close }) => Effect.sync(close)
)

const watched = (url: string) =>
  Layer.mergeAll(HttpRouter.serve(Endpoints), Stepped.worker({ name: "garage" })).pipe(
    Layer.provideMerge(GarageLive),
    Layer.provideMerge(exporting(url, "100 millis")),
    Layer.provideMerge(embedded()),
    Layer.provideMerge(NodeHttpServer.layerTest),
    // of its own: tests of a process share the one that it begins with
    Layer.provideMerge(Layer.succeed(Metric.MetricRegistry, new Map()))
  )

describe("a process that is watched", () => {
  it.live("is asked by Prometheus, and pushes traces, metrics and logs; it is alive and ready", () =>
    Effect.scoped(Effect.gen(function*() {
      const { got, url } = yield* collector
      yield* Effect.gen(function*() {
        const handles = yield* garage
        yield* Effect.forEach(handles, (handle) => Effect.ignore(handle.await))
        const get = (path: string) =>
          Effect.flatMap(HttpClient.get(path), (response) => Effect.map(response.text, (text) => ({ response, text })))
        yield* until("it is ready", Effect.map(get("/ready"), ({ response }) => response.status === 200))
        assert.deepInclude(JSON.parse((yield* get("/live")).text), { isLive: true })
        const { response, text } = yield* get("/metrics")
        assert.include(response.headers["content-type"], "version=0.0.4")
        for (
          const line of [
            "# TYPE stepped_ended_total counter",
            "stepped_ended_total{definition=\"Car/visit\",status=\"succeeded\"} 8",
            "stepped_ended_total{definition=\"Car/visit\",status=\"failed\"} 2",
            "stepped_retries_total{definition=\"Car/visit\"} 2",
            "stepped_compensations_total{definition=\"Car/visit\",status=\"succeeded\"} 1",
            "stepped_queue_depth{queue=\"pumps\"} 0",
            "stepped_queue_oldest_due_seconds{queue=\"default\"} 0",
            "stepped_lanes_occupied 0",
            "stepped_wait_seconds_count{definition=\"Car/refuel\"} 10"
          ]
        ) assert.include(text, line)
        yield* until(
          "all of it is pushed",
          Effect.sync(() =>
            got("/v1/metrics").includes("stepped_queue_depth") &&
            got("/v1/traces").includes("stepped.step visit.park") &&
            got("/v1/logs").includes("the worker has started")
          )
        )
        assert.include(got("/v1/traces"), "\"garage\"")
      }).pipe(Effect.provide(watched(url)))
    })))
})

interface Alert {
  readonly alert: string
  readonly expr: string
  readonly annotations: Readonly<Record<string, string>>
}
const rules =
  (parse(read("telemetry/alerts.yml")) as { readonly groups: ReadonlyArray<{ readonly rules: ReadonlyArray<Alert> }> })
    .groups.flatMap(({ rules }) => rules)
const dashboard = JSON.parse(read("telemetry/dashboard.json")) as {
  readonly panels: ReadonlyArray<{ readonly id: number; readonly targets?: ReadonlyArray<{ readonly expr: string }> }>
}
const asked = [
  ...rules.map(({ alert, expr }) => [alert, expr] as const),
  ...dashboard.panels.flatMap(({ id, targets }) => (targets ?? []).map(({ expr }) => [`panel ${id}`, expr] as const))
]

/** Labels that Prometheus gives to what it scrapes. */
const scraped = ["instance", "job"]

describe("alerts and the dashboard", () => {
  it("ask for metrics that are exported, by labels that these have", () => {
    for (const [who, expr] of asked) {
      const names = [...expr.matchAll(/\bstepped_\w+/g)].map(([name]) => name)
      assert.isTrue(names.length > 0 || /\bup\b/.test(expr), who)
      for (const name of names) assert.isTrue(exported.has(name), `${who} asks for ${name}`)
      const known = [...scraped, ...names.flatMap((name) => exported.get(name)!)]
      const labels = [
        ...[...expr.matchAll(/\bby \(([^)]*)\)/g)].flatMap(([, list]) => list!.split(",")),
        ...[...expr.matchAll(/\{([^}]*)\}/g)].flatMap(([, list]) =>
          list!.split(",").map((part) => part.split(/[=!]/)[0]!)
        )
      ].map((label) => label.trim()).filter((label) => label !== "")
      for (const label of labels) assert.include(known, label, `${who} asks by ${label}`)
    }
    assert.isAbove(asked.length, 25)
  })

  it("show every metric somewhere", () => {
    const all = asked.map(([, expr]) => expr).join("\n")
    const bases = new Set([...exported.keys()].map((name) => name.replace(/_(bucket|sum|count)$/, "")))
    for (const name of bases) assert.include(all, name)
  })

  it("lead into the guide for who is on call: each alert has its line, and its heading is there", () => {
    const guide = read("on-call/README.md")
    const headings = anchorsOf(guide)
    for (const { alert, annotations } of rules) {
      const line = guide.split("\n").find((line) => line.startsWith(`| \`${alert}\` |`))
      assert.isDefined(line, `${alert} has no line`)
      const [path, anchor] = annotations.runbook_url!.split("#")
      assert.strictEqual(path, "../on-call/README.md")
      assert.include(headings, anchor)
      assert.include(line!, `(#${anchor})`)
    }
    const lines = guide.split("\n").filter((line) => /^\| `Stepped\w+` \|/.test(line))
    assert.strictEqual(lines.length, rules.length)
  })

  it("are tried: each alert calls in one of its tests, and does not in another", () => {
    interface Case {
      readonly alertname: string
      readonly exp_alerts: ReadonlyArray<unknown>
    }
    const { tests } = parse(read("telemetry/alerts.test.yml")) as {
      readonly tests: ReadonlyArray<{ readonly alert_rule_test: ReadonlyArray<Case> }>
    }
    const cases = tests.flatMap((test) => test.alert_rule_test)
    for (const { alert } of rules) {
      const own = cases.filter(({ alertname }) => alertname === alert)
      assert.isTrue(own.some(({ exp_alerts }) => exp_alerts.length > 0), `${alert} never calls`)
      assert.isTrue(own.some(({ exp_alerts }) => exp_alerts.length === 0), `${alert} always calls`)
    }
    assert.strictEqual(Schema.is(Schema.Array(Schema.Int))(dashboard.panels.map(({ id }) => id)), true)
    assert.strictEqual(new Set(dashboard.panels.map(({ id }) => id)).size, dashboard.panels.length)
  })
})
