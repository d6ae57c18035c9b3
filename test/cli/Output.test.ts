/** What is printed for people and for programs. */
import { assert, describe, it } from "@effect/vitest"
import { ConfigProvider, Console, Effect, Layer, Stdio, Terminal } from "effect"
import { TestClock } from "effect/testing"
import { Output, type OutputSettings, span } from "../../src/cli/Output.ts"

interface Row {
  readonly id: string
  readonly status: string
  readonly why: string
  readonly at: Date
  readonly arguments: unknown
}
const rows: ReadonlyArray<Row> = [
  { id: "one", status: "failed", why: "no \u001b[31mroom\nleft", at: new Date(1000), arguments: ["secret"] },
  { id: "two", status: "succeeded", why: "", at: new Date(90_061_000), arguments: [] }
]

/** What is printed on such a terminal; without a width, into a pipe. */
const printing = (
  settings: Partial<OutputSettings>,
  width: number | undefined,
  env: Record<string, string>,
  print: (output: Output["Service"]) => Effect.Effect<void>
) =>
  Effect.gen(function*() {
    const lines: Array<string> = []
    const console: Console.Console = Object.assign(Object.create(globalThis.console), {
      log: (line: string) => lines.push(line)
    })
    yield* TestClock.setTime(3_600_000)
    yield* Effect.flatMap(Output, print).pipe(
      Effect.provide(
        Output.layer({ json: false, payloads: false, local: false, ...settings }).pipe(
          Layer.provideMerge(Layer.mergeAll(
            Stdio.layerTest({ stdoutIsTerminal: Effect.succeed(width !== undefined) }),
            Layer.mock(Terminal.Terminal)({
              "~effect/Terminal": "~effect/Terminal",
              columns: Effect.succeed(width ?? 0)
            }),
            ConfigProvider.layer(ConfigProvider.fromUnknown(env))
          ))
        )
      ),
      Effect.provideService(Console.Console, console)
    )
    return lines.join("\n")
  })

describe("a time", () => {
  it.effect("is as far away as the clock says by then, or another clock", () =>
    Effect.gen(function*() {
      const text = yield* printing({}, undefined, {}, (output) =>
        Effect.gen(function*() {
          const at = new Date(3_600_000)
          for (const _ of [1, 2]) {
            yield* TestClock.adjust("5 seconds")
            yield* output.remark(`${output.ago(at)}`)
          }
          yield* output.remark(`${output.ago(at, new Date(3_590_000))}`)
        }))
      assert.deepStrictEqual(text.split("\n"), [
        "1970-01-01 01:00:00Z (5s ago)",
        "1970-01-01 01:00:00Z (10s ago)",
        "1970-01-01 01:00:00Z (in 10s)"
      ])
    }))

  it("that something took has two units at most", () =>
    assert.deepStrictEqual([0, 7, 1000, 1500, 61_000, 3_660_000, 90_000_000, 86_400_000].map(span), [
      "0ms",
      "7ms",
      "1s",
      "1s 500ms",
      "1m 1s",
      "1h 1m",
      "1d 1h",
      "1d"
    ]))
})

/** The table as it is printed there. */
const printed = (
  settings: Partial<OutputSettings>,
  width?: number,
  env: Record<string, string> = {},
  printed: ReadonlyArray<Row> = rows
) =>
  printing(settings, width, env, (output) =>
    output.table(printed, [
      ["id", ({ id }) => id],
      ["status", ({ status }) => status, ({ status }) => status === "failed" ? "bad" : "plain"],
      ["at", ({ at }) => output.ago(at)],
      ["why", ({ why }) => why]
    ], "none"))

describe("a table", () => {
  it.effect("has columns into a pipe, no colours, and nothing that a terminal would obey", () =>
    Effect.map(printed({}), (text) =>
      assert.deepStrictEqual(text.split("\n"), [
        "id   status     at                                  why",
        "one  failed     1970-01-01 00:00:01Z (59m 59s ago)  no \\u{1b}[31mroom left",
        "two  succeeded  1970-01-02 01:01:01Z (in 1d)"
      ])))

  it.effect("puts what a narrow terminal has no room for below, and cuts nothing off", () =>
    Effect.map(printed({}, 40, { NO_COLOR: "1" }), (text) =>
      assert.deepStrictEqual(text.split("\n"), [
        "id   status",
        "one  failed",
        "  at 1970-01-01 00:00:01Z (59m 59s ago)",
        "  why no \\u{1b}[31mroom left",
        "two  succeeded",
        "  at 1970-01-02 01:01:01Z (in 1d)"
      ])))

  it.effect("is nowhere wider than the terminal, whatever is in it, and has all of it", () =>
    Effect.gen(function*() {
      const texts = ["a word and ".repeat(20), "x".repeat(250), `${"y".repeat(70)} and z`, "short"]
      const wide = texts.map((why, i): Row => ({
        id: "id".repeat(18),
        status: "failed",
        why,
        at: new Date(i),
        arguments: 1
      }))
      for (const width of [60, 61, 80, 100]) {
        const text = yield* printed({}, width, { NO_COLOR: "1" }, wide)
        for (const line of text.split("\n")) assert.isAtMost(line.length, width, line)
        const bare = text.replaceAll(/\s/g, "")
        for (const { why } of wide) assert.include(bare, why.replaceAll(/\s/g, ""))
      }
      const narrow = yield* printed({}, 20, { NO_COLOR: "1" }, wide)
      for (const line of narrow.split("\n")) assert.isAtMost(line.length, 20, line)
    }))

  it.effect("has colours on a terminal, unless NO_COLOR is set", () =>
    Effect.gen(function*() {
      assert.include(yield* printed({}, 200), "\u001b[31mfailed   \u001b[0m")
      assert.notInclude(yield* printed({}, 200, { NO_COLOR: "yes" }), "\u001b")
    }))

  it.effect("is an object a line for programs, without what programs have stored", () =>
    Effect.gen(function*() {
      const lines = (yield* printed({ json: true }, 200)).split("\n").map((line) => JSON.parse(line))
      assert.deepStrictEqual(lines.map((line) => Object.keys(line)), [
        ["id", "status", "why", "at"],
        ["id", "status", "why", "at"]
      ])
      assert.include(yield* printed({ json: true, payloads: true }), "\"arguments\":[\"secret\"]")
    }))
})

describe("a text", () => {
  const tree = [
    "visit Car/1  performing  since 2026-05-01T12:00:00.000Z (2h ago)",
    "├─ the step drive waits since 2026-05-01T12:00:00.000Z (2h ago) for the signal go",
    "│  └─ is due in the queue default since 2026-05-01T12:00:00.000Z (2h ago): 1 worker takes it",
    "└─ enqueued"
  ].join("\n")
  const valued = (settings: Partial<OutputSettings>, width?: number, text = tree) =>
    printing(settings, width, {}, (output) => output.value({}, text))

  it.effect("goes on beside its branches where a terminal is too narrow for a line, and has all of it", () =>
    Effect.gen(function*() {
      assert.strictEqual(yield* valued({}), tree)
      assert.strictEqual(yield* valued({}, 200), tree)
      assert.deepStrictEqual((yield* valued({}, 60)).split("\n"), [
        "visit Car/1  performing  since 2026-05-01T12:00:00.000Z (2h",
        "  ago)",
        "├─ the step drive waits since 2026-05-01T12:00:00.000Z (2h",
        "│    ago) for the signal go",
        "│  └─ is due in the queue default since",
        "│       2026-05-01T12:00:00.000Z (2h ago): 1 worker takes it",
        "└─ enqueued"
      ])
    }))

  it.effect("has times of the machine's zone where they are asked for, and ids as they are", () =>
    Effect.gen(function*() {
      const zone = process.env.TZ
      process.env.TZ = "Asia/Kolkata"
      yield* Effect.addFinalizer(() =>
        Effect.sync(() => zone === undefined ? delete process.env.TZ : process.env.TZ = zone)
      )
      const text =
        "visit Day/2026-05-01T12:00:00.000Z  since 2026-05-01T12:00:00.000Z (2h ago): {\"at\":\"2026-05-01T12:00:00.000Z\"}"
      assert.strictEqual(yield* valued({}, undefined, text), text)
      assert.strictEqual(
        yield* valued({ local: true }, undefined, text),
        "visit Day/2026-05-01T12:00:00.000Z  since 2026-05-01 17:30:00+05:30 (2h ago): {\"at\":\"2026-05-01T12:00:00.000Z\"}"
      )
    }))
})
