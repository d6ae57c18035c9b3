/**
 * Measures the engine on a native server of its own with default durability: `npm run bench`, `npm run bench -- --json` for a line of
 * JSON for each result, `--only W1` for some, `--runs 1` for fewer, `--statements` for what they cost the server.
 */
import { PgClient } from "@effect/sql-pg"
import { Effect, Redacted } from "effect"
import { Reactivity } from "effect/reactivity"
import { execFile } from "node:child_process"
import { promisify } from "node:util"
import { startServer } from "../harness/PostgresServer.ts"
import type { Measured } from "./run.ts"

const option = (name: string) => {
  const index = process.argv.indexOf(`--${name}`)
  return index < 0 ? undefined : process.argv[index + 1] ?? ""
}
const json = process.argv.includes("--json")
const statements = process.argv.includes("--statements")
const runs = Number(option("runs") ?? "3")
const only = option("only")

const workloads: ReadonlyArray<readonly [name: string, ...args: ReadonlyArray<string>]> = [
  ["enqueue"],
  ["W1", "32"],
  ["W1", "500"],
  ["W2"],
  ["W3", "32"],
  ["W3", "500"],
  ["W4", "32"],
  ["W4", "500"]
]

const program = new URL("./run.ts", import.meta.url).pathname

const withClient = <A, E>(url: Redacted.Redacted, use: (sql: PgClient.PgClient) => Effect.Effect<A, E>) =>
  Effect.scoped(Effect.flatMap(PgClient.makeClient({ url }), use)).pipe(Effect.provide(Reactivity.layer))

const urlOf = (server: Redacted.Redacted, database: string): Redacted.Redacted => {
  const url = new URL(Redacted.value(server))
  url.pathname = `/${database}`
  return Redacted.make(url.href)
}

/** One run, in a fresh database and a fresh process. */
const runOnce = (server: Redacted.Redacted, args: ReadonlyArray<string>) =>
  Effect.gen(function*() {
    yield* withClient(server, (sql) =>
      Effect.gen(function*() {
        yield* sql`drop database if exists bench with (force)`
        yield* sql`create database bench`
        if (statements) {
          yield* sql`create extension if not exists pg_stat_statements`
          yield* sql`select pg_stat_statements_reset()`
        }
        yield* sql`checkpoint`
      }))
    const { stdout } = yield* Effect.promise(() =>
      promisify(execFile)(process.execPath, ["--conditions=stepped-source", "--no-warnings", program, ...args], {
        env: { ...process.env, DATABASE_URL: Redacted.value(urlOf(server, "bench")) }
      })
    )
    if (statements) yield* withClient(server, topStatements)
    return JSON.parse(stdout.trim().split("\n").at(-1)!) as Measured
  })

const topStatements = (sql: PgClient.PgClient) =>
  Effect.map(
    sql<{ calls: number; ms: number; query: string }>`
      select calls::int as calls, total_exec_time as ms, left(regexp_replace(query, '\\s+', ' ', 'g'), 120) as query
      from pg_stat_statements s join pg_database d on d.oid = s.dbid
      where d.datname = 'bench' order by total_exec_time desc limit 15`,
    (rows) => {
      for (const { calls, ms, query } of rows) {
        console.error(
          `${ms.toFixed(1).padStart(9)} ms ${String(calls).padStart(7)}  ${query}`
        )
      }
    }
  )

const rate = (measured: Measured) => measured.count / measured.reading.seconds
const digits = (value: number | undefined, places: number) => value === undefined ? "" : value.toFixed(places)

/** What is printed of one workload: the run in the middle. */
const summary = (results: ReadonlyArray<Measured>) => {
  const sorted = [...results].sort((a, b) => rate(a) - rate(b))
  const measured = sorted[sorted.length >> 1]!
  const { actions, reading } = measured
  return {
    workload: measured.name,
    unit: measured.unit,
    perSecond: Math.round(rate(measured)),
    slowest: Math.round(rate(sorted[0]!)),
    fastest: Math.round(rate(sorted.at(-1)!)),
    p50Ms: measured.p50Ms,
    p99Ms: measured.p99Ms,
    commitsPerAction: reading.commits / actions,
    walBytesPerAction: Math.round(reading.walBytes / actions),
    clientCpuSecondsPer1000: reading.clientCpuSeconds / actions * 1000,
    serverCpuSecondsPer1000: reading.serverCpuSeconds === undefined
      ? undefined
      : reading.serverCpuSeconds / actions * 1000,
    othersPercent: reading.othersShare === undefined ? undefined : Math.round(reading.othersShare * 100)
  }
}

const columns = [
  "workload",
  "rate",
  "range",
  "p50",
  "p99",
  "commits",
  "WAL bytes",
  "client CPU",
  "server CPU",
  "others"
]

const line = (one: ReturnType<typeof summary>) => [
  one.workload,
  one.p50Ms === undefined ? `${one.perSecond} ${one.unit}/s` : "",
  one.p50Ms === undefined ? `${one.slowest} to ${one.fastest}` : "",
  one.p50Ms === undefined ? "" : `${digits(one.p50Ms, 2)} ms`,
  one.p99Ms === undefined ? "" : `${digits(one.p99Ms, 2)} ms`,
  digits(one.commitsPerAction, 3),
  String(one.walBytesPerAction),
  digits(one.clientCpuSecondsPer1000, 3),
  digits(one.serverCpuSecondsPer1000, 3),
  one.othersPercent === undefined ? "" : `${one.othersPercent} %`
]

const Main = Effect.gen(function*() {
  const flags = statements ? ["pg_stat_statements.track=all"] : ["pg_stat_statements.track=none"]
  const server = yield* startServer({ flags })
  const rows: Array<ReadonlyArray<string>> = [columns, columns.map(() => "---")]
  for (const args of workloads) {
    if (only !== undefined && !args.join(" ").startsWith(only)) continue
    if (statements) console.error(args.join(" "))
    const results: Array<Measured> = []
    for (let run = 0; run < runs; run++) results.push(yield* runOnce(server.url, args))
    const one = summary(results)
    if (json) console.log(JSON.stringify(one))
    else rows.push(line(one))
  }
  if (!json) { for (const row of rows) console.log(`| ${row.join(" | ")} |`) }
})

await Effect.runPromise(Effect.scoped(Main))
