/**
 * Measures the engine, and on request the systems that it is compared with, on a native server of its own with default durability:
 * `npm run bench`; README.md says what it can be told.
 */
import { PgClient } from "@effect/sql-pg"
import { Effect, Redacted } from "effect"
import { Reactivity } from "effect/reactivity"
import { execFile } from "node:child_process"
import { readFileSync, writeFileSync } from "node:fs"
import { cpus } from "node:os"
import { resolve } from "node:path"
import { parseArgs, promisify } from "node:util"
import { startServer } from "../harness/PostgresServer.ts"
import type { Measured } from "./Measured.ts"
import { comparePairs, ratios } from "./pairs.ts"
import { engines, type Entry, ours, peers } from "./plan.ts"
import { showPlans, watchClaims } from "./plans.ts"
import { type Figure, figure, isRate, markdown, medians } from "./report.ts"

const { values: options } = parseArgs({
  options: {
    peers: { type: "boolean", default: false },
    json: { type: "boolean", default: false },
    plans: { type: "boolean", default: false },
    statements: { type: "boolean", default: false },
    runs: { type: "string" },
    against: { type: "string" },
    pairs: { type: "string", default: "5" },
    only: { type: "string", multiple: true, default: [] },
    scale: { type: "string", default: "1" },
    tables: { type: "string", multiple: true, default: [] },
    write: { type: "boolean", default: false }
  }
})

const scale = Number(options.scale)
const runs = Number(options.runs ?? (options.against === undefined ? 3 : 1))

/** What is told of along the way, and read again for tables. */
type Line = Figure | { readonly versions: string }

const folder = (path: string) => new URL(path, import.meta.url).pathname
const titleOf = ({ system, variant, work }: Pick<Entry, "system" | "work" | "variant">) =>
  `${system} ${work}${variant === undefined ? "" : `: ${variant}`}`
const isChosen = (entry: Entry) =>
  options.only.length === 0 || options.only.some((part) => titleOf(entry).includes(part))

const installPeers = Effect.promise(() =>
  promisify(execFile)("npm", ["ci", "--no-audit", "--no-fund"], { cwd: folder("./peers") })
)

const withClient = <A, E>(url: Redacted.Redacted, use: (sql: PgClient.PgClient) => Effect.Effect<A, E>) =>
  Effect.scoped(Effect.flatMap(PgClient.makeClient({ url }), use)).pipe(Effect.provide(Reactivity.layer))

const urlOf = (server: Redacted.Redacted, database: string): Redacted.Redacted => {
  const url = new URL(Redacted.value(server))
  url.pathname = `/${database}`
  return Redacted.make(url.href)
}

/** How many of each thing is made smaller for a look at whether all works. */
const scaled = (settings: Entry["settings"]): Entry["settings"] =>
  Object.fromEntries(
    Object.entries(settings).map(([name, value]) => [
      name,
      name === "count" || name === "drain"
        ? value === 0 ? 0 : Math.max(100, Math.round(Number(value) * scale / 100) * 100)
        : value
    ])
  )

const start = (url: Redacted.Redacted, program: string, settings: Entry["settings"]) =>
  Effect.promise(async () => {
    const { stdout } = await promisify(execFile)(
      process.execPath,
      [
        "--conditions=stepped-source",
        "--no-warnings",
        "--expose-gc",
        folder(program),
        JSON.stringify(scaled(settings))
      ],
      { env: { ...process.env, DATABASE_URL: Redacted.value(url) }, timeout: 1_800_000 }
    )
    return stdout.split("\n").filter((line) => line.startsWith("{")).map((line) => JSON.parse(line) as Measured)
  })

const freshDatabase = (server: Redacted.Redacted) =>
  Effect.gen(function*() {
    const url = urlOf(server, "bench")
    yield* withClient(server, (sql) =>
      Effect.gen(function*() {
        yield* sql`drop database if exists bench with (force)`
        yield* sql`create database bench`
      }))
    yield* withClient(url, (sql) => sql`create extension pg_stat_statements`)
    return url
  })

/** One run, in a fresh database and fresh processes. */
const runOnce = (server: Redacted.Redacted, entry: Entry) =>
  Effect.gen(function*() {
    const url = yield* freshDatabase(server)
    if (entry.before !== undefined) yield* start(url, entry.program, entry.before)
    yield* withClient(url, (sql) => sql`checkpoint`)
    const results = yield* start(url, entry.program, entry.settings)
    if (options.statements) yield* withClient(url, topStatements)
    return results.map((measured) => figure(entry, measured))
  })

const topStatements = (sql: PgClient.PgClient) =>
  Effect.map(
    sql<{ calls: number; ms: number; query: string }>`
      select calls::int as calls, total_exec_time as ms, left(regexp_replace(query, '\\s+', ' ', 'g'), 120) as query
      from pg_stat_statements s join pg_database d on d.oid = s.dbid
      where d.datname = 'bench' order by total_exec_time desc limit 15`,
    (rows) => {
      for (const { calls, ms, query } of rows) {
        console.error(`${ms.toFixed(1).padStart(9)} ms ${String(calls).padStart(7)}  ${query}`)
      }
    }
  )

/** What has not done its work gives no figures; the others still do. */
const failed = (entry: Entry, defect: unknown) =>
  Effect.sync((): ReadonlyArray<Figure> => {
    process.exitCode = 1
    console.error(`${titleOf(entry)} failed: ${defect}`)
    return []
  })

/** Every entry once, then once more: what else the machine does falls on all of them. Tells of each result as soon as it is there. */
const measureAll = (tell: (line: Line) => void) =>
  Effect.gen(function*() {
    const chosen = [...(options.peers ? peers : []), ...engines, ...ours].filter(isChosen)
    if (options.peers) yield* installPeers
    const server = yield* startServer({
      // fifty workers beside each other have five each
      flags: ["max_connections=400", `pg_stat_statements.track=${options.statements ? "all" : "top"}`]
    })
    const [row] = yield* withClient(
      server.url,
      (sql) => sql<{ version: string }>`select current_setting('server_version') as version`
    )
    tell({ versions: versions(row!.version) })
    for (let run = 1; run <= runs; run++) {
      for (const entry of chosen) {
        if (entry.once === true && run > 1) continue
        const results = yield* Effect.catchDefect(runOnce(server.url, entry), (defect) => failed(entry, defect))
        // a variant's other results are those of the entry that it varies
        for (const result of results) if (entry.variant === undefined || result.work === entry.work) tell(result)
      }
    }
  })

/** How jobs are claimed with nothing queued and with much, after many dead rows that an old snapshot keeps, and with statistics. */
const explainClaims = Effect.gen(function*() {
  const server = yield* startServer({ flags: ["autovacuum=off"] })
  const url = yield* freshDatabase(server.url)
  const watch = (bodies: number) => watchClaims({ logFile: server.logFile, url }, { bodies })
  const count = 200_000 * scale
  const shown: Array<string> = []
  const show = (condition: string, bodies: number) =>
    Effect.map(watch(bodies), (plans) => void shown.push(showPlans(condition, plans)))
  yield* start(url, "stepped.ts", { work: "queue", count: 0 })
  yield* show("Nothing is queued", 0)
  yield* start(url, "stepped.ts", { work: "queue", count: 200_000 })
  yield* show("200,000 are queued, and the tables were never analysed", count / 20)
  const elsewhere = yield* PgClient.makeClient({ url })
  yield* elsewhere`begin isolation level repeatable read`
  yield* elsewhere`select from stepped.jobs limit 1`
  yield* watch(count / 4)
  yield* show(
    "50,000 of them have ended since a transaction was opened elsewhere, and their dead rows are still there",
    count / 20
  )
  yield* elsewhere`commit`
  yield* withClient(url, (sql) => sql`vacuum analyze`)
  yield* show("After a vacuum, with statistics", count / 20)
  return shown.join("\n\n")
}).pipe(Effect.provide(Reactivity.layer))

const versionOf = (name: string, from = "../../node_modules"): string => {
  try {
    return `${name} ${JSON.parse(readFileSync(folder(`${from}/${name}/package.json`), "utf8")).version}`
  } catch {
    return `without ${name}`
  }
}

/** What the figures are of. */
const versions = (server: string): string => {
  const [cpu] = cpus()
  return [
    `${cpus().length} cores of ${cpu?.model}`,
    `PostgreSQL ${server}`,
    `Node ${process.versions.node}`,
    ...["effect", "@effect/sql-pg"].map((name) => versionOf(name)),
    ...(options.peers
      ? ["graphile-worker", "pg-boss", "@dbos-inc/dbos-sdk", "pg"].map((name) =>
        versionOf(name, "./peers/node_modules")
      )
      : [])
  ].join(", ")
}

/** Prints, or puts into the README between the marks of this name. */
const publish = (name: "figures" | "workflows" | "plans", text: string): void => {
  if (!options.write) return console.log(text)
  const readme = folder("./README.md")
  const [begin, end] = [`<!-- ${name} -->`, `<!-- end of ${name} -->`]
  const [before, rest] = readFileSync(readme, "utf8").split(begin)
  const after = rest?.split(end)[1]
  if (after === undefined) throw new Error(`README.md has no place for ${name}`)
  writeFileSync(readme, `${before}${begin}\n\n${text}\n\n${end}${after}`)
}

/** Reads what `--json` has printed, of several times one after the other. */
const read = (files: ReadonlyArray<string>) =>
  files.flatMap((file) => readFileSync(file, "utf8").split("\n")).filter((line) => line.startsWith("{"))
    .map((line) => JSON.parse(line) as Line)

/** Runs another checkout and this one in turn, and prints what this one's figures are of the other's. */
const compare = async (against: string) => {
  const flags = ["--scale", options.scale, "--runs", String(runs), ...(options.peers ? ["--peers"] : [])]
  const pairs = await comparePairs({
    before: resolve(process.env.INIT_CWD ?? ".", against),
    after: folder("../.."),
    pairs: Number(options.pairs),
    flags: [...flags, ...options.only.flatMap((part) => ["--only", part])],
    tell: (text) => console.error(text)
  })
  console.log(options.json ? JSON.stringify(pairs) : ratios(pairs))
}

const textOf = (line: Line): string => {
  if ("versions" in line) return line.versions
  const { n, othersPercent, p50Ms, p99Ms, perSecond, system, unit, variant, work } = line
  const counted = isRate(line) ? `${perSecond} ${unit}/s` : `${n} ${unit}`
  const result = p50Ms === undefined ? counted : `${p50Ms} / ${p99Ms} ms`
  return `${titleOf({ system, work, variant })}: ${result}, others ${othersPercent} %`
}

const measureOrRead = async () => {
  if (options.tables.length > 0) return read(options.tables)
  const lines: Array<Line> = []
  await Effect.runPromise(Effect.scoped(measureAll((line) => {
    lines.push(line)
    if (options.json) console.log(JSON.stringify(line))
    console.error(textOf(line))
  })))
  return lines
}

if (options.plans) publish("plans", await Effect.runPromise(Effect.scoped(explainClaims)))
else if (options.against !== undefined) await compare(options.against)
else {
  const lines = await measureOrRead()
  const versions = lines.findLast((line) => "versions" in line)?.versions
  const figures = medians(lines.filter((line) => "system" in line))
  const workflows = new Set(engines.map(({ work }) => work))
  for (const [name, isOfWorkflows] of [["figures", false], ["workflows", true]] as const) {
    const some = figures.filter(({ work }) => workflows.has(work) === isOfWorkflows)
    if (!options.json && some.length > 0) publish(name, `${versions}.\n\n${markdown(some)}`)
  }
}
