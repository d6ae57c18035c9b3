/**
 * What the command prints: tables and texts for people, or one JSON object a line for programs.
 */
import * as Clock from "effect/Clock"
import * as Config from "effect/Config"
import * as Console from "effect/Console"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Stdio from "effect/Stdio"
import * as Terminal from "effect/Terminal"
import { shown } from "../domain/shown.ts"

/** How a value is printed. */
export interface OutputSettings {
  readonly json: boolean
  /** Whether arguments, results and what programs have stored are printed. */
  readonly payloads: boolean
  /** Times of the machine's own zone, in place of UTC. */
  readonly local: boolean
}

/** A column of a table: a text for each row, none where there is nothing to say. */
export type Column<A> = readonly [heading: string, cell: (row: A) => string | undefined, colour?: (row: A) => Colour]

/** The colours of a terminal, by what they say. */
export type Colour = "bad" | "good" | "busy" | "quiet" | "plain"

const codes: Readonly<Record<Colour, string>> = { bad: "31", good: "32", busy: "36", quiet: "2", plain: "" }

export class Output extends Context.Service<Output, {
  readonly isJson: boolean
  readonly hasPayloads: boolean
  /** Rows as a table, or each as an object; where there are none, `none` is said to people. */
  readonly table: <A extends object>(
    rows: ReadonlyArray<A>,
    columns: ReadonlyArray<Column<A>>,
    none: string,
    options?: {
      /** They describe programs, and have nothing of what is stored: a schema of arguments is none. */
      readonly isDescription?: boolean
    }
  ) => Effect.Effect<void>
  /** A value, as an object or in words: with times in the zone that is asked for, and no line wider than the terminal. */
  readonly value: (value: object, text: string) => Effect.Effect<void>
  /** A remark for people, which programs do not read. */
  readonly remark: (text: string) => Effect.Effect<void>
  /** A time, and how long ago that was: by the clock as it is now, or before another time, where that is of another clock. */
  readonly ago: (at: Date | undefined, now?: Date) => string | undefined
  readonly time: (at: Date | undefined) => string | undefined
}>()("stepped/cli/Output") {
  static readonly layer = (
    settings: OutputSettings
  ): Layer.Layer<Output, never, Stdio.Stdio | Terminal.Terminal> =>
    Layer.effect(
      Output,
      Effect.gen(function*() {
        const isTerminal = yield* (yield* Stdio.Stdio).stdoutIsTerminal
        const columns = isTerminal ? yield* (yield* Terminal.Terminal).columns : 0
        const noColor = yield* Effect.orElseSucceed(Config.String("NO_COLOR").pipe(Config.withDefault("")), () => "")
        return make(settings, {
          width: columns > 0 ? columns : Infinity,
          hasColours: isTerminal && noColor === "",
          clock: yield* Clock.Clock
        })
      })
    )
}

const make = (
  { json, local, payloads }: OutputSettings,
  { clock, hasColours, width }: { readonly width: number; readonly hasColours: boolean; readonly clock: Clock.Clock }
): Output["Service"] => {
  const paint = (text: string, colour: Colour): string =>
    hasColours && codes[colour] !== "" ? `\u001b[${codes[colour]}m${text}\u001b[0m` : text
  const time = (at: Date | undefined) => at === undefined ? undefined : local ? localTime(at) : utcTime(at)
  const object = (value: object, isWhole = payloads) =>
    Console.log(JSON.stringify(isWhole ? value : withoutPayloads(value)))
  return Output.of({
    isJson: json,
    hasPayloads: payloads,
    table: (rows, columns, none, { isDescription = false } = {}) =>
      json
        ? Effect.forEach(rows, (row) => object(row, payloads || isDescription), { discard: true })
        : rows.length === 0
        ? Console.log(none)
        : Console.log(tableOf(rows, columns, width, paint)),
    value: (value, text) => json ? object(value) : Console.log(fitted(local ? inZone(text) : text, width)),
    remark: (text) => json ? Effect.void : Console.log(text),
    time,
    // who watches sees each look's own distance
    ago: (at, now) =>
      at === undefined
        ? undefined
        : `${time(at)} (${distance(at.getTime() - (now?.getTime() ?? clock.currentTimeMillisUnsafe()))})`
  })
}

// -------------------------------------------------------------------------------------------------------------------
// times
// -------------------------------------------------------------------------------------------------------------------

const utcTime = (at: Date): string => at.toISOString().replace("T", " ").replace(/\.\d+Z$/, "Z")

const localTime = (at: Date): string => {
  const minutes = -at.getTimezoneOffset()
  const shifted = new Date(at.getTime() + minutes * 60_000)
  const two = (n: number) => String(Math.floor(n)).padStart(2, "0")
  const zone = `${minutes < 0 ? "-" : "+"}${two(Math.abs(minutes) / 60)}:${two(Math.abs(minutes) % 60)}`
  return shifted.toISOString().replace("T", " ").replace(/\.\d+Z$/, zone)
}

/** A time as texts of the library have it: by itself, and not a part of an id or of what a program has said as JSON. */
const isoTime = /(?<=^|[\s(])\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z(?=$|[\s,;:)])/gm

/** A text with the times that it has in the machine's zone. */
const inZone = (text: string): string => text.replace(isoTime, (time) => localTime(new Date(time)))

/** How long something took, in its two largest units. */
export const span = (millis: number): string => {
  const { days, hours, minutes, seconds } = Duration.parts(Duration.millis(millis))
  const units = [[days, "d"], [hours, "h"], [minutes, "m"], [seconds, "s"], [millis % 1000, "ms"]] as const
  const first = units.findIndex(([count]) => count > 0)
  return first < 0
    ? "0ms"
    : units.slice(first, first + 2).filter(([count]) => count > 0).map(([count, unit]) => `${count}${unit}`).join(" ")
}

/** How far away something is, to the second. */
const distance = (millis: number): string => {
  const text = span(Math.max(1000, Math.floor(Math.abs(millis) / 1000) * 1000))
  return millis > 0 ? `in ${text}` : `${text} ago`
}

// -------------------------------------------------------------------------------------------------------------------
// tables
// -------------------------------------------------------------------------------------------------------------------

const between = "  "

/** A text in lines of so many characters, `first` of which the first one has; a word that is longer is taken apart. */
const wrapped = (text: string, first: number, width: number): ReadonlyArray<string> => {
  const lines: Array<string> = []
  for (let rest = text, most = first;; most = width) {
    if (rest.length <= most) return [...lines, rest]
    const space = rest.lastIndexOf(" ", most)
    const end = space > 0 ? space : Math.max(1, most)
    lines.push(rest.slice(0, end))
    rest = rest.slice(end).trimStart()
  }
}

/** The branches before a line of a tree. */
const branches = /^(?:[│ ] {2})*(?:[├└]─ )?/

/** The same with lines that a terminal is wide enough for: what is longer goes on below, beside the branches of the tree that it is in. */
const fitted = (text: string, width: number): string =>
  text.split("\n").flatMap((line) => {
    const [before] = branches.exec(line)!
    const beside = `${before.replace("├─", "│ ").replace("└─", "  ")}${between}`
    if (line.length <= width || beside.length * 2 > width) return [line]
    const [first, ...more] = wrapped(line.slice(before.length), width - before.length, width - beside.length)
    return [`${before}${first}`, ...more.map((part) => `${beside}${part}`)]
  }).join("\n")

/** What a terminal is too narrow for stands on lines of its own, below: nothing is cut off, and nothing is wider than it. */
const tableOf = <A>(
  rows: ReadonlyArray<A>,
  columns: ReadonlyArray<Column<A>>,
  width: number,
  paint: (text: string, colour: Colour) => string
): string => {
  const used = columns.filter(([, cell]) => rows.some((row) => (cell(row) ?? "") !== ""))
  const widths = used.map(([heading, cell]) =>
    Math.max(heading.length, ...rows.map((row) => shown(cell(row) ?? "").length))
  )
  const fitting = used.filter((_, i) =>
    widths.slice(0, i + 1).reduce((sum, one) => sum + one + between.length, -between.length) <= width
  )
  const beside = fitting.length === 0 ? used.slice(0, 1) : fitting
  const below = used.slice(beside.length)
  const line = (cells: ReadonlyArray<string>, colours: ReadonlyArray<Colour>) =>
    cells.map((text, i) => paint(i === cells.length - 1 ? text : text.padEnd(widths[i]!), colours[i]!)).join(between)
      .trimEnd()
  /** Of one column alone the terminal may be too narrow for that. */
  const rowOf = (row: A): ReadonlyArray<string> => {
    const cells = beside.map(([, cell]) => shown(cell(row) ?? ""))
    const colours = beside.map(([, , colour]) => colour?.(row) ?? "plain")
    return cells.length > 1
      ? [line(cells, colours)]
      : wrapped(cells[0]!, width, width).map((part) => line([part], colours))
  }
  const head = line(beside.map(([heading]) => heading), beside.map(() => "quiet"))
  const body = rows.flatMap((row) => [
    ...rowOf(row),
    ...below.flatMap(([heading, cell]) => {
      const text = shown(cell(row) ?? "")
      if (text === "") return []
      const indent = between.length * 2
      const [start, ...more] = wrapped(text, width - between.length - heading.length - 1, width - indent)
      return [
        `${between}${paint(heading, "quiet")} ${start}`.trimEnd(),
        ...more.map((part) => `${" ".repeat(indent)}${part}`)
      ]
    })
  ])
  return [head, ...body].join("\n")
}

// -------------------------------------------------------------------------------------------------------------------
// payloads
// -------------------------------------------------------------------------------------------------------------------

/** Where records have what programs have stored. */
const payloadFields = new Set([
  "arguments",
  "result",
  "progress",
  "details",
  "payload",
  "error",
  "given",
  "success",
  // an error is in it, with its fields
  "pretty"
])

/** The same without what programs have stored: it may be secret. */
const withoutPayloads = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(withoutPayloads)
  if (typeof value !== "object" || value === null || value instanceof Date) return value
  return Object.fromEntries(
    Object.entries(value).filter(([key]) => !payloadFields.has(key)).map((
      [key, below]
    ) => [key, withoutPayloads(below)])
  )
}
