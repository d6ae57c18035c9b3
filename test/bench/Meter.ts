/** What a run takes from the machine: time, commits, WAL, and processor seconds on either side of the connection. */
import { PgClient } from "@effect/sql-pg"
import { Effect } from "effect"
import { readdirSync, readFileSync } from "node:fs"

export interface Reading {
  readonly seconds: number
  /** Transactions that wrote something, each of which the server flushes to disk. */
  readonly commits: number
  readonly walBytes: number
  readonly clientCpuSeconds: number
  /** Of the server with all its processes; unknown where there is no `/proc`. */
  readonly serverCpuSeconds: number | undefined
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
    at: performance.now()
  }
})

/** Runs an effect and says what it has taken. */
export const metered = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.gen(function*() {
    const before = yield* look
    const result = yield* effect
    const after = yield* look
    const reading: Reading = {
      seconds: (after.at - before.at) / 1000,
      commits: after.next - before.next,
      walBytes: after.wal - before.wal,
      clientCpuSeconds: after.client - before.client,
      serverCpuSeconds: after.server === undefined || before.server === undefined
        ? undefined
        : after.server - before.server
    }
    return [result, reading] as const
  })
