/** What a run takes from the machine: time, commits, WAL, and processor seconds on either side of the connection. */
import { PgClient } from "@effect/sql-pg"
import { Effect } from "effect"
import { readdirSync, readFileSync } from "node:fs"
import { availableParallelism } from "node:os"

export interface Reading {
  readonly seconds: number
  /** Transactions that wrote something, each of which the server flushes to disk. */
  readonly commits: number
  readonly walBytes: number
  readonly clientCpuSeconds: number
  /** Of the server with all its processes; unknown where there is no `/proc`. */
  readonly serverCpuSeconds: number | undefined
  /** Of everything else on the machine, as a part of what it has; a run beside others is worth little. */
  readonly othersShare: number | undefined
}

const ticksPerSecond = 100

/** Processor seconds of the server's main process, of its children, and of those that are gone already. */
const serverCpu = (postmaster: number): number | undefined => {
  let ticks = 0
  try {
    for (const name of readdirSync("/proc")) {
      if (!/^\d+$/.test(name)) continue
      let fields: ReadonlyArray<string>
      try {
        const stat = readFileSync(`/proc/${name}/stat`, "utf8")
        fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ")
      } catch {
        continue // gone since the folder was read
      }
      const time = (...indexes: ReadonlyArray<number>) => indexes.reduce((sum, index) => sum + Number(fields[index]), 0)
      if (Number(name) === postmaster) ticks += time(11, 12, 13, 14)
      else if (Number(fields[1]) === postmaster) ticks += time(11, 12)
    }
  } catch {
    return undefined
  }
  return ticks / ticksPerSecond
}

/** Processor seconds of the whole machine that were not idle. */
const busyCpu = (): number | undefined => {
  try {
    const [user, nice, system, , , irq, softirq] = readFileSync("/proc/stat", "utf8").split("\n")[0]!.trim().split(
      /\s+/
    )
      .slice(1).map(Number)
    return (user! + nice! + system! + irq! + softirq!) / ticksPerSecond
  } catch {
    return undefined
  }
}

const look = Effect.gen(function*() {
  const sql = yield* PgClient.PgClient
  const [row] = yield* sql<{ folder: string; next: string; wal: string }>`
    select current_setting('data_directory') as folder, pg_snapshot_xmax(pg_current_snapshot())::text as next,
      (pg_current_wal_insert_lsn() - '0/0'::pg_lsn)::text as wal`
  const postmaster = Number(readFileSync(`${row!.folder}/postmaster.pid`, "utf8").split("\n")[0])
  const { system, user } = process.cpuUsage()
  return {
    next: Number(row!.next),
    wal: Number(row!.wal),
    client: (user + system) / 1e6,
    server: serverCpu(postmaster),
    busy: busyCpu(),
    at: performance.now()
  }
})

const difference = (before: number | undefined, after: number | undefined) =>
  before === undefined || after === undefined ? undefined : after - before

/** Runs an effect and says what it has taken. */
export const metered = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.gen(function*() {
    const before = yield* look
    const result = yield* effect
    const after = yield* look
    const seconds = (after.at - before.at) / 1000
    const clientCpuSeconds = after.client - before.client
    const serverCpuSeconds = difference(before.server, after.server)
    const busy = difference(before.busy, after.busy)
    const reading: Reading = {
      seconds,
      commits: after.next - before.next,
      walBytes: after.wal - before.wal,
      clientCpuSeconds,
      serverCpuSeconds,
      othersShare: busy === undefined || serverCpuSeconds === undefined
        ? undefined
        : Math.max(0, (busy - clientCpuSeconds - serverCpuSeconds) / seconds / availableParallelism())
    }
    return [result, reading] as const
  })
