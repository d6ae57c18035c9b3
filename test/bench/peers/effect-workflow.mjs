/** Workflows of `effect/workflow` on a cluster of one runner, stored in SQL. */
import { PgClient } from "@effect/sql-pg"
import { Effect, Layer, Logger, Redacted, Schema } from "effect"
import { ClusterWorkflowEngine, SingleRunner } from "effect/cluster"
import * as Digest from "effect/crypto/Digest"
import { Activity, Workflow } from "effect/workflow"
import { check, counting, end, latency, measure, rows, settings, until, url } from "./bench.mjs"

const { concurrency, connections, count, multiplex, remote, work } = settings({
  work: "W1",
  count: 5000,
  // executions under way at a time
  concurrency: 32,
  connections: 8,
  multiplex: true,
  // whether messages within the process are serialised as if they came from elsewhere, which is its default
  remote: false
})

const tour = Workflow.make("Tour", { payload: { id: Schema.String, steps: Schema.Int }, idempotencyKey: ({ id }) => id })
const drive = Workflow.make("Drive", {
  payload: { id: Schema.String, i: Schema.Int },
  success: Schema.Int,
  idempotencyKey: ({ id }) => id
})
const convoy = Workflow.make("Convoy", { payload: { id: Schema.String }, idempotencyKey: ({ id }) => id })

let bodies
const steps = ["a", "b", "c", "d", "e"].map((name) => Activity.make({ name, execute: Effect.void }))
const TourLive = tour.toLayer((payload) => Effect.forEach(steps.slice(0, payload.steps), (step) => step, { discard: true }))
const DriveLive = drive.toLayer(({ i }) =>
  Effect.suspend(() => {
    bodies?.ran()
    return Activity.make({ name: "drive", success: Schema.Int, execute: Effect.succeed(i) })
  })
)
const ConvoyLive = convoy.toLayer(({ id }) =>
  Effect.forEach(Array.from({ length: 50 }, (_, i) => i), (i) => drive.execute({ id: `${id}/${i}`, i }), {
    concurrency: "unbounded",
    discard: true
  })
)

const Main = Layer.mergeAll(TourLive, DriveLive, ConvoyLive).pipe(
  Layer.provideMerge(ClusterWorkflowEngine.layer),
  Layer.provideMerge(SingleRunner.layer({ shardingConfig: remote ? {} : { simulateRemoteSerialization: false } })),
  Layer.provideMerge(PgClient.layer({ url: Redacted.make(url), maxConnections: connections, multiplex })),
  Layer.provide(Digest.layerWebCrypto),
  Layer.provide(Logger.layer([]))
)

const processed = async (tag) =>
  Number((await rows(
    `select count(*) as n from cluster_messages where tag = '${tag}' and processed and entity_type like 'Workflow/%'`
  ))[0].n)

const program = Effect.gen(function*() {
  const context = yield* Effect.context()
  const run = (effect) => Effect.runPromiseWith(context)(effect)
  const each = (from, to, at, execute) =>
    run(Effect.forEach(Array.from({ length: to - from }, (_, i) => from + i), execute, { concurrency: at, discard: true }))
  const driveLater = (i) => drive.execute({ id: `${i}`, i }, { discard: true })
  // also waits until the runner has its shards
  yield* drive.execute({ id: "first", i: 0 })

  yield* Effect.promise(async () => {
    if (work === "W1") {
      // the runner performs while it enqueues: there is no enqueueing by itself
      await each(0, count / 10, 32, driveLater)
      await until(async () => (await processed("activity")) === count / 10 + 1)
      bodies = counting(count)
      await measure({ work, unit: "workflows", count }, async () => {
        await each(count, 2 * count, 32, driveLater)
        await bodies.all
        await until(async () => (await rows("select from cluster_messages where not processed limit 1")).length === 0)
        return { began: bodies.began() }
      })
      check("activities", await processed("activity"), count + count / 10 + 1)
    } else if (work === "W1 direct") {
      await measure({ work, unit: "workflows", count }, () =>
        each(0, count, concurrency, (i) => drive.execute({ id: `${i}`, i })))
      check("activities", await processed("activity"), count + 1)
    } else if (work === "W2") {
      const once = async (i) => {
        const began = performance.now()
        await run(drive.execute({ id: `${i}`, i }))
        return performance.now() - began
      }
      for (let i = 0; i < 20; i++) await once(i)
      await measure({ work, unit: "workflows", count }, async () => {
        const times = []
        for (let i = 20; i < count + 20; i++) times.push(await once(i))
        return latency(times)
      })
    } else if (work === "W3") {
      const tours = count / 5
      await measure({ work, unit: "steps", count, actions: tours }, () =>
        each(0, tours, concurrency, (i) => tour.execute({ id: `${i}`, steps: 5 })))
      check("activities", await processed("activity"), count + 1)
    } else if (work === "W4") {
      const parents = count / 50
      await measure({ work, unit: "children", count, actions: count + parents }, () =>
        each(0, parents, concurrency, (i) => convoy.execute({ id: `${i}` })))
      check("activities", await processed("activity"), count + 1)
    }
  })
})

await Effect.runPromise(Effect.scoped(Effect.provide(program, Main)))
end()
