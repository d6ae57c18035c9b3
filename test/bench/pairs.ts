/**
 * Two checkouts in turn, each with its own benchmark and its own dependencies: what else the machine does falls on both, and the ratios of
 * neighbouring runs say what a change has done where rates of different hours do not.
 */
import { execFile } from "node:child_process"
import { promisify } from "node:util"
import { bothCpu, type Figure, isRate, medians, table } from "./report.ts"

/** What both had of the same works, one after the other. */
export interface Pair {
  readonly before: ReadonlyArray<Figure>
  readonly after: ReadonlyArray<Figure>
}

const sides = ["before", "after"] as const

const run = async (folder: string, flags: ReadonlyArray<string>): Promise<ReadonlyArray<Figure>> => {
  const { stdout } = await promisify(execFile)("npm", ["run", "-s", "bench", "--", "--json", ...flags], {
    cwd: folder,
    maxBuffer: 1e8
  })
  const lines = stdout.split("\n").filter((line) => line.startsWith("{")).map((line) => JSON.parse(line) as object)
  return medians(lines.filter((line): line is Figure => "system" in line))
}

/** Runs both, and next time the other one first. A run that fails ends everything: what it says is in the error. */
export const comparePairs = async (
  { flags, pairs, tell, ...folders }: {
    readonly before: string
    readonly after: string
    readonly pairs: number
    readonly flags: ReadonlyArray<string>
    readonly tell: (text: string) => void
  }
): Promise<ReadonlyArray<Pair>> => {
  const all: Array<Pair> = []
  for (let i = 0; i < pairs; i++) {
    const pair: { -readonly [Side in keyof Pair]: Pair[Side] } = { before: [], after: [] }
    for (const side of i % 2 === 0 ? sides : sides.toReversed()) {
      pair[side] = await run(folders[side], flags)
      tell(`pair ${i + 1} of ${pairs}, ${side}: ${pair[side].length} results`)
    }
    all.push(pair)
  }
  return all
}

const compared: ReadonlyArray<readonly [name: string, value: (figure: Figure) => number | undefined]> = [
  ["per s", (figure) => isRate(figure) ? figure.perSecond : undefined],
  ["p50", ({ p50Ms }) => p50Ms],
  ["p99", ({ p99Ms }) => p99Ms],
  ["statements", ({ statementsPerAction }) => statementsPerAction],
  ["commits", ({ commitsPerAction }) => commitsPerAction],
  ["WAL bytes", ({ walBytesPerAction }) => walBytesPerAction],
  ["client CPU", ({ clientCpuSecondsPer1000 }) => clientCpuSecondsPer1000],
  ["server CPU", ({ serverCpuSecondsPer1000 }) => serverCpuSecondsPer1000],
  ["both CPU", bothCpu],
  ["kept", ({ bytesPerEnded }) => bytesPerEnded]
]

const nameOf = ({ system, variant, work }: Figure) =>
  [system, work, variant].filter((part) => part !== undefined).join(", ")

const median = (values: ReadonlyArray<number>): number => {
  const sorted = [...values].sort((a, b) => a - b)
  const half = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[half]! : (sorted[half - 1]! + sorted[half]!) / 2
}

/** A table of what this checkout's figures are of the other's: of each the median over the pairs, the least and the most. */
export const ratios = (pairs: ReadonlyArray<Pair>): string => {
  const names = [...new Set(pairs.flatMap(({ after }) => after.map(nameOf)))]
  const find = (figures: ReadonlyArray<Figure>, name: string) => figures.find((one) => nameOf(one) === name)
  const rows = names.flatMap((name) =>
    compared.flatMap(([what, value]) => {
      const both = pairs.flatMap(({ after, before }) => {
        const [old, now] = [find(before, name), find(after, name)].map((one) => one && value(one))
        return old === undefined || now === undefined || old === 0 ? [] : [{ old, now, ratio: now / old }]
      })
      if (both.length === 0) return []
      const of = (key: keyof typeof both[number]) => both.map((one) => one[key])
      const shown = (figure: number) => String(Number(figure.toPrecision(4)))
      return [[
        name,
        what,
        shown(median(of("old"))),
        shown(median(of("now"))),
        median(of("ratio")).toFixed(3),
        `${Math.min(...of("ratio")).toFixed(3)} to ${Math.max(...of("ratio")).toFixed(3)}`,
        String(both.length)
      ]]
    })
  )
  return table([["work", "figure", "before", "after", "ratio", "least to most", "pairs"], ...rows])
}
