/** Jobs of pg-boss. */
import { PgBoss } from "pg-boss"
import { check, counting, end, forEach, latency, measure, measureMiddle, rows, settings, sleep, until, url } from "./bench.mjs"

const { batch, concurrency, count, work } = settings({
  work: "W1",
  count: 5000,
  // workers in this process, each with its own polling
  concurrency: 4,
  // jobs that a worker takes at a time
  batch: 500
})

const boss = new PgBoss({
  connectionString: url,
  max: 36,
  schedule: false,
  useListenNotify: true,
  // how often children that have all ended release their parent: the least that it takes
  flowIntervalSeconds: 1,
  // how often queues are counted, by which only workers that take one job at a time burst: as often as it takes, else as it comes
  ...(batch > 1 ? {} : { monitorIntervalSeconds: 1, queueCacheIntervalSeconds: 1, superviseIntervalSeconds: 1 })
})
boss.on("error", (error) => console.error(error.message))
await boss.start()

const start = (name, body) =>
  boss.work(
    name,
    {
      batchSize: batch,
      localConcurrency: concurrency,
      pollingIntervalSeconds: 0.5,
      notifyPollingIntervalSeconds: 0.5,
      // a worker goes on at once while there is more
      ...(batch > 1 ? { burstWhenBatchFull: true } : { burstWhenReadyExceeds: 1 })
    },
    body
  )
const open = async () => (await rows("select from pgboss.job where state < 'completed' limit 1")).length > 0
const jobs = async (state) =>
  Number((await rows(`select count(*) as n from pgboss.job where state = '${state}'`))[0].n)
const drained = () => until(async () => !(await open()))
const numbers = (from, to) => Array.from({ length: to - from }, (_, i) => from + i)
const enqueueBulk = async (from, to) => {
  for (let at = from; at < to; at += 5000) {
    await boss.insert("drive", numbers(at, Math.min(at + 5000, to)).map((i) => ({ data: { i } })))
  }
}
const queue = (name, notify) => boss.createQueue(name, { notify })
// workers that take one job at a time burst by how many are ready, which supervision counts every second
const counted = () => batch > 1 ? Promise.resolve() : sleep(4000)

if (work === "W1") {
  await queue("drive", false)
  const warm = count / 10
  const enqueue = (i) => boss.send("drive", { i })
  await forEach(0, warm, 32, enqueue)
  await measure({ work: "enqueue", unit: "jobs", count: count - warm }, () => forEach(warm, count, 32, enqueue))
  check("queued", await jobs("created"), count)
  await counted()
  const bodies = counting(count)
  await measure({ work, unit: "jobs", count }, async () => {
    await start("drive", async (taken) => taken.forEach(bodies.ran))
    await bodies.all
    await drained()
    return { began: bodies.began() }
  })
  check("completed", await jobs("completed"), count)
} else if (work === "W2") {
  await queue("drive", true)
  let ran
  await start("drive", async () => ran())
  const once = async (i) => {
    const began = performance.now()
    const { promise, resolve } = Promise.withResolvers()
    ran = resolve
    await boss.send("drive", { i })
    await promise
    const time = performance.now() - began
    // what it does after a job is no part of the next one's time
    await drained()
    return time
  }
  await sleep(500)
  for (let i = 0; i < 20; i++) await once(i)
  await measure({ work, unit: "jobs", count }, async () => {
    const times = []
    for (let i = 0; i < count; i++) times.push(await once(i))
    return latency(times)
  })
} else if (work === "W3") {
  // every job enqueues the one that comes after it
  await queue("step", true)
  const tours = count / 5
  await boss.insert("step", numbers(0, tours).map((tour) => ({ data: { tour, step: 1 } })))
  const bodies = counting(count)
  await measure({ work, unit: "steps", count, actions: tours }, async () => {
    await start("step", async (taken) => {
      const next = taken.filter(({ data }) => data.step < 5)
      if (next.length > 0) {
        await boss.insert("step", next.map(({ data: { step, tour } }) => ({ data: { tour, step: step + 1 } })))
      }
      taken.forEach(bodies.ran)
    })
    await bodies.all
    await drained()
    return { began: bodies.began() }
  })
  check("completed", await jobs("completed"), count)
} else if (work === "W4") {
  // a job that depends on fifty others
  await queue("child", true)
  await queue("parent", true)
  const parents = count / 50
  const children = counting(count)
  const joined = counting(parents)
  await start("child", async (taken) => taken.forEach(children.ran))
  await start("parent", async (taken) => taken.forEach(joined.ran))
  await measure({ work, unit: "children", count, actions: count + parents }, async () => {
    await forEach(0, parents, 8, (parent) => {
      const flow = numbers(0, 50).map((i) => ({ ref: `child${i}`, name: "child", data: { i } }))
      return boss.flow([...flow, { ref: "parent", name: "parent", data: { parent }, dependsOn: flow.map(({ ref }) => ref) }])
    })
    await children.all
    await joined.all
    await drained()
  })
  check("completed", await jobs("completed"), count + parents)
} else if (work === "W6") {
  await queue("drive", false)
  await measure({ work: "bulk", unit: "jobs", count }, () => enqueueBulk(0, count))
  check("queued", await jobs("created"), count)
  await counted()
  const bodies = counting(count, count / 8)
  await measureMiddle({ work, unit: "jobs", count, schema: "pgboss", bodies, keeps: true }, async () => {
    await start("drive", async (taken) => taken.forEach(bodies.ran))
    await bodies.all
    await drained()
  })
  check("completed", await jobs("completed"), count)
}
end()
