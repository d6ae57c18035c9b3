/** Workflows of DBOS Transact, started and awaited, or taken from a queue. */
import { DBOS, DBOSClient } from "@dbos-inc/dbos-sdk"
import pg from "pg"
import { check, counting, end, forEach, latency, measure, measureMiddle, rows, settings, until, url } from "./bench.mjs"

const { concurrency, connections, count, drain, work, workerConcurrency } = settings({
  work: "W1",
  count: 5000,
  // how many of a longer backlog are performed
  drain: 20_000,
  // calls under way at a time
  concurrency: 32,
  // workflows that the queue hands to this process at a time; 0: as many as there are
  workerConcurrency: 0,
  connections: 10
})

const logger = { info() {}, debug() {}, warn() {}, error: (error) => console.error(String(error?.message ?? error)) }
DBOS.setConfig({
  name: "bench",
  systemDatabaseUrl: url,
  systemDatabasePoolSize: connections,
  logger,
  useListenNotify: true,
  applicationVersion: "1",
  executorID: "bench"
})

let bodies
const drive = DBOS.registerWorkflow(async (i) => {
  bodies?.starts()
  const driven = await DBOS.runStep(async () => i, { name: "drive" })
  bodies?.ran()
  return driven
}, { name: "drive" })
const tour = DBOS.registerWorkflow(async () => {
  for (const name of ["a", "b", "c", "d", "e"]) await DBOS.runStep(async () => {}, { name })
}, { name: "tour" })
const convoy = DBOS.registerWorkflow(async () => {
  const handles = []
  for (let i = 0; i < 50; i++) handles.push(await DBOS.startWorkflow(drive)(i))
  for (const handle of handles) await handle.getResult()
}, { name: "convoy" })

const startQueue = () =>
  DBOS.registerQueue("cars", {
    ...(workerConcurrency > 0 ? { workerConcurrency } : {}),
    minPollingIntervalMs: 10
  })
const workflows = async (status) =>
  Number((await rows(`select count(*) as n from dbos.workflow_status where status = '${status}'`))[0].n)
const steps = async () => Number((await rows("select count(*) as n from dbos.operation_outputs"))[0].n)
const drained = () =>
  until(async () => (await rows("select from dbos.workflow_status where status <> 'SUCCESS' limit 1")).length === 0)

const target = { queueName: "cars", workflowName: "drive", appVersion: "1" }
/** A client for a program that only enqueues. */
const enqueuer = async () => {
  await DBOS.migrate(url)
  return DBOSClient.create({
    systemDatabaseUrl: url,
    systemDatabasePoolSize: 32,
    applicationName: "bench",
    logger
  })
}
/** Many enqueues in a transaction, on several connections. */
const enqueueBulk = async (client, to) => {
  const size = 500
  const pool = new pg.Pool({ connectionString: url, max: 4 })
  await forEach(0, Math.ceil(to / size), 4, async (part) => {
    const connection = await pool.connect()
    await connection.query("begin")
    for (let i = part * size; i < Math.min(to, (part + 1) * size); i++) {
      await client.enqueueInTransaction(connection, target, i)
    }
    await connection.query("commit")
    connection.release()
  })
}
/** Starts workflows and awaits them, so many at a time. */
const each = (from, to, workflow) =>
  forEach(from, to, concurrency, async (i) => (await DBOS.startWorkflow(workflow)(i)).getResult())

if (work === "W1") {
  const client = await enqueuer()
  const warm = count / 10
  const enqueue = (i) => client.enqueue(target, i)
  await forEach(0, warm, 32, enqueue)
  await measure({ work: "enqueue", unit: "workflows", count: count - warm }, () => forEach(warm, count, 32, enqueue))
  check("queued", await workflows("ENQUEUED"), count)
  bodies = counting(count)
  await measure({ work, unit: "workflows", count }, async () => {
    await DBOS.launch()
    await startQueue()
    await bodies.all
    await drained()
    return { began: bodies.began() }
  })
  check("succeeded", await workflows("SUCCESS"), count)
  check("steps", await steps(), count)
} else if (work === "W6") {
  const client = await enqueuer()
  await measure({ work: "bulk", unit: "workflows", count }, () => enqueueBulk(client, count))
  check("queued", await workflows("ENQUEUED"), count)
  bodies = counting(drain, drain / 8)
  await measureMiddle({ work, unit: "workflows", count: drain, schema: "dbos", bodies }, async () => {
    await DBOS.launch()
    await startQueue()
    await bodies.all
    await until(async () => (await workflows("SUCCESS")) >= drain)
  })
} else {
  await DBOS.launch()
  if (work === "W2") {
    const once = async (i) => {
      const began = performance.now()
      await (await DBOS.startWorkflow(drive)(i)).getResult()
      return performance.now() - began
    }
    for (let i = 0; i < 50; i++) await once(i)
    await measure({ work, unit: "workflows", count }, async () => {
      const times = []
      for (let i = 0; i < count; i++) times.push(await once(i))
      return latency(times)
    })
  } else if (work === "W1 direct") {
    await measure({ work, unit: "workflows", count }, () => each(0, count, drive))
    check("succeeded", await workflows("SUCCESS"), count)
    check("steps", await steps(), count)
  } else if (work === "W3") {
    const tours = count / 5
    await measure({ work, unit: "steps", count, actions: tours }, () => each(0, tours, tour))
    check("succeeded", await workflows("SUCCESS"), tours)
    check("steps", await steps(), count)
  } else if (work === "W4") {
    const parents = count / 50
    await measure({ work, unit: "children", count, actions: count + parents }, () => each(0, parents, convoy))
    check("succeeded", await workflows("SUCCESS"), count + parents)
  }
}
end()
