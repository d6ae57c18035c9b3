/** Rule 17.3, with what exports and receives spans: one trace from a request to the last step, over processes that have nothing in common. */
import { NodeHttpServer } from "@effect/platform-node"
import { PgClient } from "@effect/sql-pg"
import { assert, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { HttpRouter, HttpServer, HttpServerResponse } from "effect/http"
import { createServer } from "node:http"
import { Stepped } from "stepped"
import { collecting, tracesOf } from "../behaviour/fixtures/tracing.ts"
import { healthy } from "../harness/databases.ts"
import { startProgram } from "../harness/Program.ts"
import { layerUrl } from "../harness/Server.ts"
import { until } from "../harness/workers.ts"
import { alone, database, fast, startWorkerOf } from "./starting.ts"
import { carry, Cars, exporting, receiver } from "./Traced.ts"

const workerProgram = new URL("./tracedWorker.ts", import.meta.url).pathname

it.live("17.3: a request, its enqueueing, two processes, an attempt and a wait are one trace for who receives it", () =>
  Effect.gen(function*() {
    const url = yield* database
    const { spans, ...received } = yield* receiver
    const Routes = HttpRouter.add(
      "POST",
      "/visits",
      Effect.gen(function*() {
        const { id } = yield* (yield* Cars.client)(1).visitLater("a word of mine")
        return HttpServerResponse.text(id)
      }).pipe(Effect.orDie)
    )
    const web = yield* alone(
      HttpRouter.serve(Routes).pipe(
        Layer.provideMerge(NodeHttpServer.layer(createServer, { host: "127.0.0.1", port: 0 })),
        Layer.provideMerge(Stepped.layer(fast)),
        Layer.provideMerge(layerUrl(url)),
        Layer.provide(exporting(received.url, "web"))
      )
    )
    yield* Effect.gen(function*() {
      const sql = yield* PgClient.PgClient
      const start = (name: string) =>
        startProgram(workerProgram, { url, env: { OTLP_URL: received.url, SERVICE: name } })
      const seen = (name: string, service: string) =>
        until(
          `${name} of ${service} has been received`,
          Effect.sync(() => spans.some((span) => span.name === name && span.service === service))
        )
      const first = yield* start("first")
      const server = yield* HttpServer.HttpServer
      const { port } = server.address as { readonly port: number }
      const traceId = "0af7651916cd43dd8448eb211c80319c"
      const id = yield* Effect.promise(() =>
        fetch(`http://127.0.0.1:${port}/visits`, {
          method: "POST",
          headers: { traceparent: `00-${traceId}-b7ad6b7169203331-01` }
        }).then((response) => response.text())
      )
      yield* seen("stepped.step refuel.pump", "first")
      // its span may be there before what it has come to is stored
      const tried = sql`select from stepped.jobs where due_at is not null`
      yield* until("its next attempt is stored", Effect.map(tried, (rows) => rows.length === 1))
      yield* first.signal("SIGKILL")
      yield* first.ended
      // the next attempt would be in an hour
      yield* sql`update stepped.jobs set due_at = clock_timestamp() - interval '1 second' where due_at is not null`
      yield* start("second")
      yield* seen("stepped.step visit.park", "second")
      yield* until(
        "it has ended",
        Effect.map(sql`select 1 from stepped.ended_actions where id = ${id}`, (rows) => rows.length === 1)
      )
      const nameOf = (spanId: string | undefined) => spans.find((span) => span.spanId === spanId)?.name ?? spanId
      const shown = spans.map((span) =>
        [
          `${span.service}: ${span.name} < ${nameOf(span.parentSpanId)}`,
          ...span.links.map((link) => `~ ${nameOf(link.spanId)}`)
        ].join(" ")
      )
      assert.sameMembers(shown, [
        "web: POST < b7ad6b7169203331",
        "web: stepped.enqueue visit < POST",
        "first: stepped.step visit.refuel < stepped.enqueue visit",
        "first: stepped.step refuel.pump < stepped.step visit.refuel",
        "second: stepped.step refuel.pump < stepped.step visit.refuel ~ stepped.step refuel.pump",
        "second: stepped.step visit.rest < stepped.enqueue visit ~ stepped.step visit.refuel",
        "second: stepped.step visit.park < stepped.enqueue visit ~ stepped.step visit.rest"
      ])
      assert.deepStrictEqual([...new Set(spans.map((span) => span.traceId))], [traceId])
      // neither spans nor lines have an argument in them
      assert.notInclude(received.text, "a word of mine")
      yield* healthy
    }).pipe(Effect.provide(web))
  }))

it.live("17.3: of what a worker of the same process takes at once, of many, and of what is large, the trace goes with it", () =>
  Effect.gen(function*() {
    const url = yield* database
    const { spans, tracer } = collecting()
    const working = yield* startWorkerOf(url, Cars.layer, { lease: "10 minutes" }).pipe(Effect.withTracer(tracer))
    yield* Effect.gen(function*() {
      const sql = yield* PgClient.PgClient
      const client = yield* Cars.client
      yield* Effect.gen(function*() {
        yield* client(1).carry("at once")
        const large = "x".repeat(200_000)
        const many = yield* client.enqueueMany(carry, Array.from({ length: 80 }, (_, n) => [n, "one of many"]))
        // behind others in a lane, and too large to travel
        const last = yield* client(0).carryLater(large)
        yield* Effect.forEach([...many, last], (handle) => handle.await, { concurrency: "unbounded" })
      }).pipe(Effect.withSpan("request"), Effect.withTracer(tracer))
      const { traceId } = spans.find(({ name }) => name === "request")!
      assert.deepStrictEqual(
        yield* sql`select distinct substr(trace, 4, 32) as trace from stepped.ended_actions`,
        [{ trace: traceId }]
      )
      const bodies = spans.filter(({ name }) => name.startsWith("stepped.step"))
      assert.lengthOf(bodies, 164)
      assert.deepStrictEqual(tracesOf(bodies), [traceId])
      const unloads = bodies.filter(({ name }) => name === "stepped.step carry.unload")
      assert.deepStrictEqual([...new Set(unloads.map(({ links }) => links.length))], [1])
      yield* healthy
    }).pipe(Effect.provide(working))
  }))
