/** The same workflows on each engine of `effect/workflow`: on Stepped, on a cluster of one runner that is stored in SQL, and in memory. */
import { PgClient } from "@effect/sql-pg"
import { Effect, Layer, Logger, Redacted, Schema } from "effect"
import { ClusterWorkflowEngine, SingleRunner } from "effect/cluster"
import * as Digest from "effect/crypto/Digest"
import { Reactivity } from "effect/reactivity"
import { Activity, Workflow, WorkflowEngine } from "effect/workflow"
import { Stepped } from "stepped"
import { StepWorkflow } from "stepped/workflow"
import { say, settings } from "./Measured.ts"
import { startMeter } from "./Meter.ts"

const { activities, children, concurrency, connections, count, engine, work } = settings({
  work: "workflow of one activity",
  engine: "stepped" as "stepped" | "cluster" | "memory",
  // of each workflow: so many activities, one after the other, or so many others that it executes at once
  activities: 1,
  children: 0,
  // executions, children included
  count: 5000,
  // callers that each execute one and wait for what it comes to
  concurrency: 500,
  // of the client, which all have
  connections: 10
})

const url = Redacted.make(process.env["DATABASE_URL"]!)

const Tour = Workflow.make("Tour", {
  payload: { id: Schema.String, stops: Schema.Int },
  success: Schema.Int,
  idempotencyKey: ({ id }) => id
})
const stops = Array.from(
  { length: activities },
  (_, n) => Activity.make({ name: `stop ${n}`, success: Schema.Int, execute: Effect.succeed(1) })
)
const TourLive = Tour.toLayer(({ stops: count }) =>
  Effect.map(Effect.forEach(stops.slice(0, count), (stop) => stop), (all) => all.length)
)
const Convoy = Workflow.make("Convoy", {
  payload: { id: Schema.String, cars: Schema.Int },
  success: Schema.Int,
  idempotencyKey: ({ id }) => id
})
const ConvoyLive = Convoy.toLayer(({ cars, id }) =>
  Effect.map(
    Effect.forEach(Array.from({ length: cars }, (_, n) => n), (n) => Tour.execute({ id: `${id}/${n}`, stops: 1 }), {
      concurrency: "unbounded"
    }),
    (all) => all.reduce((sum, one) => sum + one, 0)
  )
)

const client = PgClient.layer({ url, maxConnections: connections })

const engines: Readonly<Record<typeof engine, Layer.Layer<WorkflowEngine.WorkflowEngine, unknown>>> = {
  stepped: Layer.merge(StepWorkflow.layer, Stepped.worker({ concurrency })).pipe(
    Layer.provide(Stepped.layer({ migrate: true })),
    Layer.provide(client)
  ),
  cluster: ClusterWorkflowEngine.layer.pipe(
    // it need not serialise what stays within the process
    Layer.provide(SingleRunner.layer({ shardingConfig: { simulateRemoteSerialization: false } })),
    Layer.provide(PgClient.layer({ url, maxConnections: connections, multiplex: true })),
    Layer.provide(Digest.layerWebCrypto),
    Layer.provide(Logger.layer([]))
  ),
  memory: WorkflowEngine.layerMemory
}

const Main = Layer.merge(TourLive, ConvoyLive).pipe(
  Layer.provideMerge(engines[engine]),
  // of the meter, which nothing else uses
  Layer.provideMerge(Layer.effect(PgClient.PgClient, PgClient.makeClient({ url }))),
  Layer.provide(Reactivity.layer)
)

/** One execution of what is measured; a run that has not done its work is none. */
const once = (id: string) =>
  Effect.gen(function*() {
    const [done, expected] = children > 0
      ? [yield* Convoy.execute({ id, cars: children }), children]
      : [yield* Tour.execute({ id, stops: activities }), activities]
    if (done !== expected) return yield* Effect.die(new Error(`${id}: ${done} instead of ${expected}`))
  })

const program = Effect.gen(function*() {
  // until it is ready, and everything has been done once
  yield* once("first")
  const executions = Math.floor(count / (1 + children))
  const stop = yield* startMeter()
  const began = performance.now()
  yield* Effect.forEach(Array.from({ length: executions }, (_, n) => `${n}`), once, {
    concurrency: Math.ceil(concurrency / (1 + children)),
    discard: true
  })
  const seconds = (performance.now() - began) / 1000
  const actions = executions * (1 + children)
  say({ work, unit: "executions", count: actions, seconds, actions, reading: yield* stop })
})

await Effect.runPromise(Effect.provide(program, Main))
process.exit(0)
