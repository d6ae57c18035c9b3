/** Jobs of graphile-worker. */
import { Logger, makeWorkerUtils, run } from "graphile-worker"
import { check, counting, end, forEach, latency, measure, measureMiddle, rows, settings, sleep, until, url } from "./bench.mjs"

const { batchDelay, concurrency, count, localQueue, work } = settings({
  work: "W1",
  count: 5000,
  concurrency: 32,
  // jobs taken from the database at a time; -1: one by one
  localQueue: -1,
  // how long the ends of jobs may wait to be stored together; -1: one by one
  batchDelay: -1
})

const logger = new Logger(() => () => {})
const preset = {
  worker: {
    connectionString: url,
    concurrentJobs: concurrency,
    maxPoolSize: concurrency + 2,
    logger,
    ...(localQueue > 1 ? { localQueue: { size: localQueue } } : {}),
    completeJobBatchDelay: batchDelay,
    failJobBatchDelay: batchDelay
  }
}
const client = await makeWorkerUtils({ connectionString: url, maxPoolSize: 32, logger })
await client.migrate()

const start = (taskList) => run({ preset, taskList, parsedCronItems: [], noHandleSignals: true })
const jobs = async () => Number((await rows("select count(*) as n from graphile_worker._private_jobs"))[0].n)
const drained = () =>
  until(async () => (await rows("select from graphile_worker._private_jobs limit 1")).length === 0)
const enqueueBulk = async (from, to) => {
  for (let at = from; at < to; at += 5000) {
    const size = Math.min(5000, to - at)
    await client.addJobs(Array.from({ length: size }, (_, i) => ({ identifier: "drive", payload: { i: at + i } })))
  }
}

if (work === "W1") {
  const warm = count / 10
  const enqueue = (i) => client.addJob("drive", { i })
  await forEach(0, warm, 32, enqueue)
  await measure({ work: "enqueue", unit: "jobs", count: count - warm }, () => forEach(warm, count, 32, enqueue))
  check("queued", await jobs(), count)
  const bodies = counting(count)
  await measure({ work, unit: "jobs", count }, async () => {
    await start({ drive: async () => bodies.ran() })
    await bodies.all
    await drained()
    return { began: bodies.began() }
  })
  check("bodies", bodies.done(), count)
} else if (work === "W2") {
  const runner = await start({ drive: async () => {} })
  let wake
  runner.events.on("job:complete", () => wake())
  const once = async (i) => {
    const began = performance.now()
    const { promise, resolve } = Promise.withResolvers()
    wake = resolve
    await client.addJob("drive", { i })
    await promise
    return performance.now() - began
  }
  await sleep(500)
  for (let i = 0; i < 50; i++) await once(i)
  await measure({ work, unit: "jobs", count }, async () => {
    const times = []
    for (let i = 0; i < count; i++) times.push(await once(i))
    return latency(times)
  })
  await drained()
} else if (work === "W3") {
  // every job enqueues the one that comes after it
  const tours = count / 5
  await client.addJobs(Array.from({ length: tours }, (_, tour) => ({ identifier: "step", payload: { tour, step: 1 } })))
  const bodies = counting(count)
  await measure({ work, unit: "steps", count, actions: tours }, async () => {
    await start({
      step: async ({ step, tour }, { addJob }) => {
        if (step < 5) await addJob("step", { tour, step: step + 1 })
        bodies.ran()
      }
    })
    await bodies.all
    await drained()
    return { began: bodies.began() }
  })
  check("bodies", bodies.done(), count)
} else if (work === "W6") {
  await measure({ work: "bulk", unit: "jobs", count }, () => enqueueBulk(0, count))
  check("queued", await jobs(), count)
  const bodies = counting(count, count / 8)
  await measureMiddle({ work, unit: "jobs", count, schema: "graphile_worker", bodies }, async () => {
    await start({ drive: async () => bodies.ran() })
    await bodies.all
    await drained()
  })
  check("bodies", bodies.done(), count)
}
end()
