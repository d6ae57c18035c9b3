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
  readonly bytesPerEnded?: number
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
  { actions, bytesPerEnded, count, p50Ms, p99Ms, reading, samples, seconds, unit, work }: Measured
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
  ...(bytesPerEnded === undefined ? {} : { bytesPerEnded: Math.round(bytesPerEnded) }),
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

export const table = (rows: ReadonlyArray<ReadonlyArray<string>>): string =>
  rows.map((row) => `| ${row.join(" | ")} |`).toSpliced(1, 0, `|${" --- |".repeat(rows[0]!.length)}`).join("\n")

const number = (value: number | undefined) => value === undefined ? "" : value.toLocaleString("en-US")

/** A row of the comparison: what of a figure is compared, and how it is shown. */
interface Compared {
  readonly work: string
  readonly what: string
  readonly value: (figure: Figure) => number | undefined
  readonly text?: (figure: Figure) => string
}

const rate = (work: string, what: string): Compared => ({ work, what, value: ({ perSecond }) => perSecond })

const micros = (secondsPer1000: number | undefined) => secondsPer1000 === undefined ? undefined : secondsPer1000 * 1000

const compared: ReadonlyArray<Compared> = [
  rate("W1", "W1: one-step actions, 5,000 queued, per s"),
  rate("W6", "W6: steady state, 200,000 queued, per s"),
  {
    work: "W6",
    what: "W6: client CPU, µs an action",
    value: ({ clientCpuSecondsPer1000 }) => micros(clientCpuSecondsPer1000)
  },
  {
    work: "W6",
    what: "W6: server CPU, µs an action",
    value: ({ serverCpuSecondsPer1000 }) => micros(serverCpuSecondsPer1000)
  },
  {
    work: "W6",
    what: "W6: client and server, µs an action",
    value: (figure) => micros(bothCpu(figure))
  },
  { work: "W6", what: "W6: WAL, bytes an action", value: ({ walBytesPerAction }) => walBytesPerAction },
  { work: "W6", what: "W6: kept of an ended action, bytes on disk", value: ({ bytesPerEnded }) => bytesPerEnded },
  rate("enqueue", "enqueue, one call each, 32 at a time, per s"),
  rate("bulk", "enqueue in bulk, per s"),
  {
    work: "W2",
    what: "W2: idle, start to done, p50 / p99 in ms",
    value: ({ p50Ms }) => p50Ms,
    text: ({ p50Ms, p99Ms }) => `${p50Ms?.toFixed(1)} / ${p99Ms?.toFixed(1)}`
  },
  rate("W3", "W3: five steps each, steps per s"),
  rate("W4", "W4: fifty children each, children per s"),
  ...["workflow of one activity", "workflow of five activities", "workflow of fifty children"].flatMap((
    work
  ): ReadonlyArray<Compared> => [
    rate(work, `${work}: executions per s`),
    { work, what: `${work}: commits an execution`, value: ({ commitsPerAction }) => commitsPerAction },
    { work, what: `${work}: statements an execution`, value: ({ statementsPerAction }) => statementsPerAction },
    { work, what: `${work}: client and server, µs an execution`, value: (figure) => micros(bothCpu(figure)) }
  ])
]
const us = "Stepped"

/** Of client and server, where both are known. */
export const bothCpu = (
  { clientCpuSecondsPer1000, serverCpuSecondsPer1000 }: Figure
): number | undefined =>
  serverCpuSecondsPer1000 === undefined ? undefined : clientCpuSecondsPer1000 + serverCpuSecondsPer1000

/** Every system's result in every work, and the engine's divided by it. */
const comparison = (figures: ReadonlyArray<Figure>): string => {
  const systems = [...new Set(figures.map(({ system }) => system))].filter((system) => system !== us)
  const columns = [...systems, us]
  const of = (system: string, work: string) =>
    figures.find((one) => one.system === system && one.work === work && one.variant === undefined)
  const cell = ({ text, value, work }: Compared) => (system: string) => {
    const one = of(system, work)
    const own = of(us, work)
    const [other, ours] = [one && value(one), own && value(own)]
    if (one === undefined || other === undefined) return ""
    const shown = text?.(one) ?? number(rounding(other))
    return system === us || ours === undefined || other === 0 ? shown : `${shown} (${ratioText(ours / other)})`
  }
  const rows = compared.map((row) => [row.what, ...columns.map(cell(row))])
    .filter((cells) => cells.slice(1).some((text) => text !== ""))
  return [
    table([["", ...columns], ...rows]),
    `In parentheses: ${us}'s figure divided by this one; of rates more is better, of all others less.`
  ].join("\n\n")
}

const rounding = (value: number) => value < 100 ? rounded(value) : Math.round(value)

/** Two digits of a ratio say all that a run can. */
const ratioText = (ratio: number) => `${ratio < 10 ? ratio.toPrecision(2) : ratio.toFixed(0)}×`

/** What is counted in seconds, or timed one by one, has no rate. */
export const isRate = ({ p50Ms, unit }: Figure) => p50Ms === undefined && unit !== "seconds"

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
      "kept",
      "others"
    ],
    ...figures.map((one) => [
      one.system,
      one.variant === undefined ? one.work : `${one.work}, ${one.variant}`,
      number(one.n),
      isRate(one) ? number(one.perSecond) : "",
      one.runs === 1 || !isRate(one) ? "" : `${number(one.slowest)} to ${number(one.fastest)}`,
      one.p50Ms === undefined || one.p99Ms === undefined ? "" : `${one.p50Ms.toFixed(2)} / ${one.p99Ms.toFixed(2)}`,
      number(one.statementsPerAction),
      number(one.commitsPerAction),
      number(one.walBytesPerAction),
      number(one.clientCpuSecondsPer1000),
      number(one.serverCpuSecondsPer1000),
      number(one.bytesPerEnded),
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
