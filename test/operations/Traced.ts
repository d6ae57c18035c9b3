/** What two processes have in common whose spans an exporter takes to a receiver. */
import { Effect, Layer, Schedule, Schema } from "effect"
import { FetchHttpClient } from "effect/http"
import { Otlp } from "effect/observability"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { Step, Stepped } from "stepped"

class Flat extends Schema.TaggedError<Flat>()("Flat", {}) {}
class Car extends Stepped.Actor<Car>()("Car", { id: Schema.Int }) {}
const refuel = Stepped.action("refuel", { arguments: [Schema.String], error: Flat })
  .step("pump", () => Effect.flatMap(Step, ({ attemptNumber }) => attemptNumber === 1 ? new Flat() : Effect.void), {
    retry: { schedule: Schedule.spaced("1 hour"), times: 1 }
  })
export const visit = Stepped.action("visit", { arguments: [Schema.String] })
  .step("refuel", (secret) => Effect.asVoid(Step.do(refuel, secret)))
  .step("rest", () => Step.wait("1 second"))
  .step("park", () => Effect.void)

export const carry = Stepped.action("carry", { arguments: [Schema.String] })
  .step("load", () => Step.wait("10 millis"))
  .step("unload", () => Effect.void)

export const Cars = Stepped.actions(Car, [visit, refuel, carry])

/** Exports what a process does under this name. */
export const exporting = (url: string, serviceName: string) =>
  Otlp.layerJson({
    baseUrl: url,
    resource: { serviceName },
    tracerExportInterval: "50 millis",
    loggerExportInterval: "50 millis",
    metricsExportInterval: "1 hour"
  }).pipe(Layer.provide(FetchHttpClient.layer))

interface Received {
  readonly service: string
  readonly name: string
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId?: string
  readonly links: ReadonlyArray<{ readonly traceId: string; readonly spanId: string }>
}

interface Exported {
  readonly resourceSpans?: ReadonlyArray<{
    readonly resource: {
      readonly attributes: ReadonlyArray<{ readonly key: string; readonly value: { readonly stringValue?: string } }>
    }
    readonly scopeSpans: ReadonlyArray<{ readonly spans: ReadonlyArray<Omit<Received, "service">> }>
  }>
}

/** What a collector would be given, at an address of its own. */
export const receiver = Effect.acquireRelease(
  Effect.callback<{ readonly url: string; readonly spans: Array<Received>; text: string; readonly close: () => void }>(
    (resume) => {
      const received: { url: string; spans: Array<Received>; text: string; close: () => void } = {
        url: "",
        spans: [],
        text: "",
        close: () => void server.close()
      }
      const server = createServer((request, response) => {
        let body = ""
        request.on("data", (data) => body += String(data)).on("end", () => {
          received.text += body
          for (const { resource, scopeSpans } of (JSON.parse(body) as Exported).resourceSpans ?? []) {
            const service = resource.attributes.find(({ key }) => key === "service.name")?.value.stringValue ?? "none"
            for (const { spans } of scopeSpans) received.spans.push(...spans.map((span) => ({ ...span, service })))
          }
          response.end("{}")
        })
      }).listen(0, "127.0.0.1", () => {
        received.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
        resume(Effect.succeed(received))
      })
    }
  ),
  ({ close }) => Effect.sync(close)
)
