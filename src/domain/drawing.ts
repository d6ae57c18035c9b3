/** Text for a terminal: lines with what is below them, and times in few words. */
import * as Duration from "effect/Duration"

/** A line, with what is below it. */
export interface Node {
  readonly line: string
  readonly below: ReadonlyArray<Node>
}

export const leaf = (line: string): Node => ({ line, below: [] })

/** The first line, and below it the others, each under the one that it belongs to. */
export const drawn = ({ below, line }: Node): string =>
  [line, ...below.flatMap((node, i) => branch(node, "", i === below.length - 1))].join("\n")

const branch = ({ below, line }: Node, before: string, isLast: boolean): ReadonlyArray<string> => [
  `${before}${isLast ? "└─" : "├─"} ${line}`,
  ...below.flatMap((node, i) => branch(node, `${before}${isLast ? "   " : "│  "}`, i === below.length - 1))
]

export const joined = (...parts: ReadonlyArray<string | undefined>): string =>
  parts.filter((part) => part !== undefined && part !== "").join("  ")

/** How long something took. */
export const took = (from: Date | undefined, to: Date | undefined): string | undefined =>
  from === undefined || to === undefined
    ? undefined
    : to.getTime() <= from.getTime()
    ? "0ms"
    : Duration.format(Duration.millis(to.getTime() - from.getTime()))

const units = [24 * 60 * 60_000, 60 * 60_000, 60_000, 1000]

/** A time in its largest unit and the one below it. */
export const roughly = (ms: number): string => {
  const least = units.findIndex((unit) => ms >= unit)
  const unit = least === -1 ? 1 : units[least + 1] ?? 1
  return ms < 1 ? "0ms" : Duration.format(Duration.millis(Math.floor(ms / unit) * unit))
}

/** A time in UTC, and how far that is from another one. */
export const timeFrom = (now: Date, time: Date): string => {
  const ms = time.getTime() - now.getTime()
  return `${time.toISOString()} (${ms > 0 ? `in ${roughly(ms)}` : `${roughly(-ms)} ago`})`
}

export const counted = (count: number, one: string, many = `${one}s`): string => `${count} ${count === 1 ? one : many}`
