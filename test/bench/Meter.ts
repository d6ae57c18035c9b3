/** What a run takes from the machine: time, statements, commits, WAL, and processor seconds on either side of the connection. */
import { PgClient } from "@effect/sql-pg"
import { Effect } from "effect"
import { readdirSync, readFileSync } from "node:fs"
import { availableParallelism } from "node:os"

export interface Reading {
  readonly seconds: number
  /** What clients sent to be executed, `begin` and `commit` included. */
  readonly statements: number
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

/** Fields of a process' `/proc` entry from its state on, or nothing where it is gone or never was. */
const stat = (pid: number | string): ReadonlyArray<string> | undefined => {
  try {
    const line = readFileSync(`/proc/${pid}/stat`, "utf8")
    return line.slice(line.lastIndexOf(")") + 2).split(" ")
  } catch {
    return undefined
  }
}

const sum = (fields: ReadonlyArray<string>, indexes: ReadonlyArray<number>) =>
  indexes.reduce((total, index) => total + Number(fields[index]), 0) / ticksPerSecond

const own = [11, 12] // user and system time
const ofChildrenThatAreGone = [13, 14]

/** Processor seconds of the server's main process, of its children, and of those that are gone already. */
const serverCpu = (postmaster: number): number | undefined => {
  const main = stat(postmaster)
  if (main === undefined) return undefined
  let seconds = sum(main, [...own, ...ofChildrenThatAreGone])
  for (const name of readdirSync("/proc")) {
    const fields = /^\d+$/.test(name) ? stat(name) : undefined
    if (fields !== undefined && Number(fields[1]) === postmaster) seconds += sum(fields, own)
  }
  return seconds
}

/** Processor seconds of this process, or of other ones that are the clients. */
const clientCpu = (pids: ReadonlyArray<number>): number => {
  if (pids.length > 0) return pids.reduce((total, pid) => total + sum(stat(pid) ?? [], own), 0)
  const { system, user } = process.cpuUsage()
  return (user + system) / 1e6
}

/** Processor seconds of the whole machine that were not idle. */
const busyCpu = (): number | undefined => {
  try {
    const [user, nice, system, , , irq, softirq] = readFileSync("/proc/stat", "utf8").split("\n")[0]!.trim()
      .split(/\s+/).slice(1).map(Number)
    return (user! + nice! + system! + irq! + softirq!) / ticksPerSecond
  } catch {
    return undefined
  }
}

/** Statements with this mark are the meter's, and not counted. */
export const uncounted = "/* bench */"

const look = (pids: ReadonlyArray<number>) =>
  Effect.gen(function*() {
    const sql = yield* PgClient.PgClient
    const [row] = yield* sql.unsafe<{ folder: string; next: string; wal: string; statements: string }>(
      `select ${uncounted} current_setting('data_directory') as folder, pg_snapshot_xmax(pg_current_snapshot())::text as next,
        (pg_current_wal_insert_lsn() - '0/0'::pg_lsn)::text as wal,
        (select coalesce(sum(calls), 0)::text from pg_stat_statements s join pg_database d on d.oid = s.dbid
          where d.datname = current_database() and s.query not like '%${uncounted}%') as statements`
    )
    const postmaster = Number(readFileSync(`${row!.folder}/postmaster.pid`, "utf8").split("\n")[0])
    return {
      statements: Number(row!.statements),
      next: Number(row!.next),
      wal: Number(row!.wal),
      client: clientCpu(pids),
      server: serverCpu(postmaster),
      busy: busyCpu(),
      at: performance.now()
    }
  })

const difference = (before: number | undefined, after: number | undefined) =>
  before === undefined || after === undefined ? undefined : after - before

/** Starts to measure, and gives what ends that. The clients are this process, or those that are named. */
export const startMeter = (pids: ReadonlyArray<number> = []) =>
  Effect.map(look(pids), (before) =>
    Effect.map(look(pids), (after): Reading => {
      const seconds = (after.at - before.at) / 1000
      const clientCpuSeconds = after.client - before.client
      const serverCpuSeconds = difference(before.server, after.server)
      const busy = difference(before.busy, after.busy)
      return {
        seconds,
        statements: after.statements - before.statements,
        commits: after.next - before.next,
        walBytes: after.wal - before.wal,
        clientCpuSeconds,
        serverCpuSeconds,
        othersShare: busy === undefined || serverCpuSeconds === undefined
          ? undefined
          : Math.max(0, (busy - clientCpuSeconds - serverCpuSeconds) / seconds / availableParallelism())
      }
    }))
