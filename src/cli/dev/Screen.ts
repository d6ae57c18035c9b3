/**
 * What is seen of a program that is written just now. At a terminal: what it prints, below that the newest trees, redrawn as they change, and the
 * line that is typed. Elsewhere: lines, as they come.
 */
import { Effect, Queue, type Scope } from "effect"
import { createInterface, type Interface } from "node:readline"
import { Output } from "../Output.ts"

/** What the command itself has to say, for programs. */
export interface Remark {
  readonly event: "started" | "dashboard" | "changed" | "ended" | "killed"
  readonly [key: string]: unknown
}

export interface Screen {
  readonly isTerminal: boolean
  readonly columns: () => number | undefined
  /** A remark of the command's own. */
  readonly say: (value: Remark, text: string) => Effect.Effect<void>
  /** What the program has printed, as it comes. */
  readonly print: (text: string) => void
  /** Draws these trees, the newest first, in place of those before. */
  readonly draw: (trees: ReadonlyArray<string>) => void
  /** Lines that were typed. */
  readonly typed: Queue.Dequeue<string>
}

const prompt = "> "

/** Lines of the newest trees that fit: the newest stands last, beside what is typed. */
export const linesOf = (
  trees: ReadonlyArray<string>,
  window: { readonly columns: number; readonly rows: number }
): ReadonlyArray<string> => {
  const fitted = (line: string) =>
    line.length > window.columns ? `${line.slice(0, Math.max(0, window.columns - 1))}…` : line
  // what is printed has a third of the window
  const room = Math.max(3, Math.floor(window.rows * 2 / 3))
  const [newest, ...others] = trees.map((tree) => tree.split("\n").map(fitted))
  if (newest === undefined) return []
  if (newest.length > room) return [...newest.slice(0, room - 1), `… ${newest.length - room + 1} more lines: show ID`]
  return others.reduce<{ readonly lines: ReadonlyArray<string>; readonly isFull: boolean }>(
    ({ isFull, lines }, tree) =>
      isFull || lines.length + tree.length + 1 > room
        ? { lines, isFull: true }
        : { lines: [...tree, "", ...lines], isFull },
    { lines: newest, isFull: false }
  ).lines
}

/** A screen for as long as the scope is open. */
export const make: Effect.Effect<Screen, never, Output | Scope.Scope> = Effect.gen(function*() {
  const output = yield* Output
  const isTerminal = process.stdin.isTTY === true && process.stdout.isTTY === true && !output.isJson
  const typed = yield* Queue.unbounded<string>()
  const lines = yield* Effect.acquireRelease(
    Effect.sync(() =>
      createInterface({ input: process.stdin, ...isTerminal ? { output: process.stdout, prompt } : {} })
    ),
    (lines) =>
      Effect.sync(() => {
        if (isTerminal) process.stdout.write("\r\u001b[0J")
        lines.close()
        process.stdin.unref()
      })
  )
  return isTerminal ? atTerminal(lines, typed) : elsewhere(lines, typed, output)
})

const elsewhere = (lines: Interface, typed: Queue.Queue<string>, output: Output["Service"]): Screen => {
  lines.on("line", (line) => Queue.offerUnsafe(typed, line))
  return {
    isTerminal: false,
    columns: () => undefined,
    say: output.value,
    print: (text) => void process.stdout.write(text),
    draw: () => {},
    typed
  }
}

const atTerminal = (lines: Interface, typed: Queue.Queue<string>): Screen => {
  const out = process.stdout
  let trees: ReadonlyArray<string> = []
  /** Rows of the trees above the line that is typed. */
  let drawn = 0
  /** What was printed and has no end of line yet. */
  let unfinished = ""

  /** Takes the trees away, and what is typed on so many rows below them; lets something be printed in their place, and draws them again. */
  const redraw = (printed: string, typedRows = lines.getCursorPos().rows) => {
    const region = linesOf(trees, { columns: out.columns, rows: out.rows })
    const up = drawn + typedRows
    const { rows } = lines.getCursorPos()
    drawn = region.length
    out.write(
      `\r${up === 0 ? "" : `\u001b[${up}A`}\u001b[0J${printed}${region.map((line) => `${line}\n`).join("")}${
        // the line that is typed is drawn as many rows higher as its cursor had come down
        "\n".repeat(rows)}`
    )
    lines.prompt(true)
  }
  const print = (text: string) => {
    const whole = unfinished + text
    const end = whole.lastIndexOf("\n") + 1
    unfinished = whole.slice(end)
    if (end > 0) redraw(whole.slice(0, end))
  }

  lines.on("line", (line) => {
    Queue.offerUnsafe(typed, line)
    // it stays, as what was printed; its cursor has gone on to the row below it
    redraw(`${prompt}${line}\n`, Math.floor((prompt.length + line.length) / out.columns) + 1)
  })
  // the terminal gives it to this process alone
  lines.on("SIGINT", () => process.kill(process.pid, "SIGINT"))
  out.on("resize", () => redraw(""))
  lines.prompt()
  return {
    isTerminal: true,
    columns: () => out.columns,
    say: (_, text) => Effect.sync(() => print(`${unfinished === "" ? "" : "\n"}${text}\n`)),
    print,
    draw: (next) => {
      trees = next
      redraw("")
    },
    typed
  }
}
