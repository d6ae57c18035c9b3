/** What the peers' programs have in common: their database, the meter, and how they say what they have measured. */
import { PgClient } from "@effect/sql-pg"
import { Effect, ManagedRuntime, Redacted } from "effect"
import { say } from "../Measured.ts"
import { startMeter, uncounted } from "../Meter.ts"
import { analyse, bytesKept, meterMiddle } from "../steady.ts"

export { counting, latency, settings } from "../Measured.ts"

/** The database, which the program has for itself. */
export const url = process.env.DATABASE_URL

const runtime = ManagedRuntime.make(PgClient.layer({ url: Redacted.make(url), maxConnections: 1 }))

/** Rows of a statement that is not counted as the system's. */
export const rows = (text) =>
  runtime.runPromise(Effect.flatMap(PgClient.PgClient, (sql) => sql.unsafe(text.replace("select", `select ${uncounted}`))))

/**
 * Runs something that counts as `count` of a unit, and says what it took. It may give when its time began, and what else there is to
 * say.
 */
export const measure = async ({ actions, count, unit, work }, body) => {
  const stop = await runtime.runPromise(startMeter())
  const start = performance.now()
  const { began = start, ...rest } = (await body()) ?? {}
  const seconds = (performance.now() - began) / 1000
  const reading = await runtime.runPromise(stop)
  say({ work, count, unit, seconds, actions: actions ?? count, reading, ...rest })
}

/**
 * Runs a system on so many of what is queued, in tables that are analysed, and says what the middle took. `drain` has performed them
 * all when it is through; `keeps` says that all that was queued has ended then and is still there.
 */
export const measureMiddle = async ({ bodies, count, keeps = false, schema, unit, work }, drain) => {
  await runtime.runPromise(analyse(schema))
  const [middle] = await Promise.all([runtime.runPromise(meterMiddle(bodies, count)), drain()])
  const kept = keeps ? { bytesPerEnded: (await runtime.runPromise(bytesKept(schema))) / count } : {}
  say({ work, unit, ...middle, samples: bodies.samples, ...kept })
}

/** Calls with the numbers from one to another, so many at a time. */
export const forEach = async (from, to, concurrency, call) => {
  let next = from
  await Promise.all(Array.from({ length: concurrency }, async () => {
    while (next < to) await call(next++)
  }))
}

export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms))

/** Looks until it is so. */
export const until = async (look) => {
  const limit = performance.now() + 120_000
  while (!(await look())) {
    if (performance.now() > limit) throw new Error("never happened")
    await sleep(3)
  }
}

/** A run that has not done its work is none. */
export const check = (what, actual, expected) => {
  if (actual !== expected) throw new Error(`${what}: ${actual} instead of ${expected}`)
}

/** Ends the program, whatever a system leaves open. */
export const end = () => process.exit(0)
