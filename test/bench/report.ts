/** What came of the runs: the run in the middle of each, and tables of them for the README. */
import type { Measured } from "./Measured.ts"

/** A run of an entry, or the one in the middle of several. */
export interface Figure {
  readonly system: string
  readonly work: string
  readonly variant?: string | undefined
  readonly unit: string
  /** How many of the unit. */
  readonly n: number
  readonly perSecond: number
  readonly p50Ms?: number
  readonly p99Ms?: number
  readonly statementsPerAction: number
  readonly commitsPerAction: number
  readonly walBytesPerAction: number
  readonly clientCpuSecondsPer1000: number
  readonly serverCpuSecondsPer1000?: number
  /** Of the machine, by other programs. */
  readonly othersPercent?: number
  readonly samples?: Measured["samples"]
  /** Of several runs: how many, and the slowest and the fastest. */
  readonly runs?: number
  readonly slowest?: number
  readonly fastest?: number
}

const rounded = (value: number) => Number(value.toPrecision(3))

/** Reads what a program said. */
export const figure = (
  { system, variant }: { readonly system: string; readonly variant?: string | undefined },
  { actions, count, p50Ms, p99Ms, reading, samples, seconds, unit, work }: Measured
): Figure => ({
  system,
  work,
  ...(variant === undefined ? {} : { variant }),
  unit,
  n: count,
  perSecond: Math.round(count / seconds),
  ...(p50Ms === undefined || p99Ms === undefined ? {} : { p50Ms, p99Ms }),
  statementsPerAction: rounded(reading.statements / actions),
  commitsPerAction: rounded(reading.commits / actions),
  walBytesPerAction: Math.round(reading.walBytes / actions),
  clientCpuSecondsPer1000: rounded(reading.clientCpuSeconds / actions * 1000),
  ...(reading.serverCpuSeconds === undefined
    ? {}
    : { serverCpuSecondsPer1000: rounded(reading.serverCpuSeconds / actions * 1000) }),
  ...(reading.othersShare === undefined ? {} : { othersPercent: Math.round(reading.othersShare * 100) }),
  ...(samples === undefined ? {} : { samples })
})

/** The run in the middle of those with the same system, work and variant, in the order of their first appearance. */
export const medians = (figures: ReadonlyArray<Figure>): ReadonlyArray<Figure> =>
  [...Map.groupBy(figures, ({ system, variant, work }) => [system, work, variant].join("|")).values()].map((runs) => {
    const sorted = [...runs].sort((a, b) =>
      a.p50Ms === undefined || b.p50Ms === undefined ? a.perSecond - b.perSecond : b.p50Ms - a.p50Ms
    )
    return {
      ...sorted[sorted.length >> 1]!,
      runs: runs.length,
      slowest: sorted[0]!.perSecond,
      fastest: sorted.at(-1)!.perSecond
    }
  })

const table = (rows: ReadonlyArray<ReadonlyArray<string>>): string =>
  rows.map((row) => `| ${row.join(" | ")} |`).toSpliced(1, 0, `|${" --- |".repeat(rows[0]!.length)}`).join("\n")

const number = (value: number | undefined) => value === undefined ? "" : value.toLocaleString("en-US")

/** The works that systems are compared in. */
const compared: ReadonlyArray<readonly [work: string, what: string]> = [
  ["W1", "W1: one-step actions, 5,000 queued, per s"],
  ["enqueue", "enqueue, one call each, 32 at a time, per s"],
  ["bulk", "enqueue in bulk, per s"],
  ["W2", "W2: idle, start to done, p50 / p99 in ms"],
  ["W3", "W3: five steps each, steps per s"],
  ["W4", "W4: fifty children each, children per s"],
  ["W5", "W5: as W1 with 200,000 queued, per s"]
]
const us = "Stepped"

/** Every system's result in every work, and how many times faster the engine is. */
const comparison = (figures: ReadonlyArray<Figure>): string => {
  const systems = [...new Set(figures.map(({ system }) => system))].filter((system) => system !== us)
  const columns = [...systems, us]
  const of = (system: string, work: string) =>
    figures.find((one) => one.system === system && one.work === work && one.variant === undefined)
  const text = ({ p50Ms, p99Ms, perSecond }: Figure) =>
    p50Ms === undefined || p99Ms === undefined ? number(perSecond) : `${p50Ms.toFixed(1)} / ${p99Ms.toFixed(1)}`
  const ratio = (own: Figure | undefined, other: Figure) => {
    if (own === undefined || own.system === other.system) return ""
    const times = own.p50Ms === undefined || other.p50Ms === undefined
      ? own.perSecond / other.perSecond
      : other.p50Ms / own.p50Ms
    return ` (${times.toFixed(times < 10 ? 1 : 0)}×)`
  }
  const works = compared.filter(([work]) => columns.some((system) => of(system, work) !== undefined))
  return table([
    ["", ...columns],
    ...works.map(([work, what]) => [
      what,
      ...columns.map((system) => {
        const other = of(system, work)
        return other === undefined ? "" : `${text(other)}${ratio(of(us, work), other)}`
      })
    ])
  ])
}

/** What each result cost. */
const costs = (figures: ReadonlyArray<Figure>): string =>
  table([
    [
      "system",
      "work",
      "n",
      "per s",
      "slowest to fastest",
      "p50 / p99 ms",
      "statements",
      "commits",
      "WAL bytes",
      "client CPU",
      "server CPU",
      "others"
    ],
    ...figures.map((one) => [
      one.system,
      one.variant === undefined ? one.work : `${one.work}, ${one.variant}`,
      number(one.n),
      one.p50Ms === undefined ? number(one.perSecond) : "",
      one.runs === 1 || one.p50Ms !== undefined ? "" : `${number(one.slowest)} to ${number(one.fastest)}`,
      one.p50Ms === undefined || one.p99Ms === undefined ? "" : `${one.p50Ms.toFixed(2)} / ${one.p99Ms.toFixed(2)}`,
      number(one.statementsPerAction),
      number(one.commitsPerAction),
      number(one.walBytesPerAction),
      number(one.clientCpuSecondsPer1000),
      number(one.serverCpuSecondsPer1000),
      one.othersPercent === undefined ? "" : `${one.othersPercent} %`
    ])
  ])

/** What was seen along the way of long runs. */
const along = (figures: ReadonlyArray<Figure>): ReadonlyArray<string> =>
  figures.flatMap(({ samples, system, variant, work }) => {
    if (samples === undefined || samples.length === 0) return []
    const names = Object.keys(samples[0]!)
    const title = [system, work, variant].filter((part) => part !== undefined).join(", ")
    return [`${title}:\n\n${table([names, ...samples.map((sample) => names.map((name) => number(sample[name])))])}`]
  })

export const markdown = (figures: ReadonlyArray<Figure>): string =>
  [comparison(figures), costs(figures), ...along(figures)].join("\n\n")
