/** Parts of `stepped dev` by themselves: what is typed, what is drawn, what is skipped, and what counts as a change. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { opener } from "../../../src/cli/dev/dashboard.ts"
import { linesOf } from "../../../src/cli/dev/Screen.ts"
import { nextStop } from "../../../src/cli/dev/skipping.ts"
import { watching } from "../../../src/cli/dev/watching.ts"
import { wordsOf } from "../../../src/cli/dev/words.ts"

describe("a line that is typed", () => {
  it("is split as by a shell", () => {
    for (
      const [line, words] of [
        ["", []],
        ["  ls   --limit 1 ", ["ls", "--limit", "1"]],
        ["run Car/1 visit '\"New York\"'", ["run", "Car/1", "visit", "\"New York\""]],
        ["run Car/1 visit \"\\\"New York\\\"\" '{\"a\":\"\\n\"}'", [
          "run",
          "Car/1",
          "visit",
          "\"New York\"",
          "{\"a\":\"\\n\"}"
        ]],
        ["a\\ b'c d'\"e f\"g ''", ["a bc de fg", ""]],
        ["$HOME * `x` ~", ["$HOME", "*", "`x`", "~"]]
      ] as const
    ) assert.deepStrictEqual(wordsOf(line), words, line)
    for (const open of ["why 'a", "why \"a", "why a\\", "'\"", "\"\\\""]) assert.isUndefined(wordsOf(open), open)
  })
})

describe("a browser", () => {
  it("is opened where there is one to be seen, and nowhere else", () => {
    const screen = { DISPLAY: ":0" }
    assert.deepStrictEqual(opener("darwin", {}), ["open"])
    assert.deepStrictEqual(opener("linux", screen), ["xdg-open"])
    assert.deepStrictEqual(opener("linux", { WAYLAND_DISPLAY: "wayland-0" }), ["xdg-open"])
    assert.deepStrictEqual(opener("win32", {})?.[0], "cmd")
    assert.isUndefined(opener("linux", {}))
    for (const away of ["CI", "SSH_CONNECTION"]) {
      assert.isUndefined(opener("linux", { ...screen, [away]: "1" }), away)
      assert.isUndefined(opener("darwin", { [away]: "1" }), away)
    }
  })
})

describe("trees at a terminal", () => {
  const tree = (name: string, lines: number) => Array.from({ length: lines }, (_, i) => `${name}${i}`).join("\n")

  it("stand with the newest below, as many as fit into two thirds of it", () => {
    const trees = [tree("a", 2), tree("b", 3), tree("c", 4)]
    const of = (rows: number) => linesOf(trees, { columns: 60, rows })
    assert.deepStrictEqual(of(30), [..."c0 c1 c2 c3".split(" "), "", ..."b0 b1 b2".split(" "), "", "a0", "a1"])
    assert.deepStrictEqual(of(12), [..."b0 b1 b2".split(" "), "", "a0", "a1"])
    assert.deepStrictEqual(linesOf([], { columns: 60, rows: 24 }), [])
  })

  it("are cut to what the terminal has", () => {
    const lines = linesOf([tree("a", 100), tree("b", 1)], { columns: 60, rows: 24 })
    assert.deepStrictEqual([lines.length, lines.at(-1)], [16, "… 85 more lines: show ID"])
    const [wide] = linesOf(["x".repeat(61)], { columns: 60, rows: 24 })
    assert.strictEqual(wide, `${"x".repeat(59)}…`)
    assert.deepStrictEqual(linesOf(["x".repeat(60)], { columns: 60, rows: 24 }), ["x".repeat(60)])
  })
})

describe("time that is skipped", () => {
  it("goes to the next wait, and no further than a timeout on the way", () => {
    const stop = (wait: number | undefined, timeout: number | undefined, timeouts = false, resumes = false) =>
      nextStop({ wait, timeout, resumes }, 10, timeouts)
    assert.strictEqual(stop(20, undefined), 20)
    assert.strictEqual(stop(20, 30), 20)
    assert.strictEqual(stop(20, 15), 15)
    assert.strictEqual(stop(20, undefined, false, true), undefined)
  })

  it("ends no wait for somebody, unless that is asked for", () => {
    const stop = (timeouts: boolean) => nextStop({ wait: undefined, timeout: 30, resumes: false }, 10, timeouts)
    assert.deepStrictEqual([stop(false), stop(true)], [undefined, 30])
  })

  it("stands while something is due, and where nothing will be", () => {
    for (const [wait, timeout] of [[10, 30], [20, 5], [undefined, undefined]] as const) {
      assert.strictEqual(nextStop({ wait, timeout, resumes: false }, 10, true), undefined)
    }
  })
})

describe("files that are watched", () => {
  const watched = Effect.gen(function*() {
    const folder = yield* Effect.acquireRelease(
      Effect.sync(() => mkdtempSync(join(tmpdir(), "stepped-watched-"))),
      (folder) => Effect.sync(() => rmSync(folder, { recursive: true }))
    )
    const write = (path: string) => {
      mkdirSync(join(folder, path, ".."), { recursive: true })
      writeFileSync(join(folder, path), String(process.hrtime()))
    }
    for (const path of ["a.ts", "src/b.ts", "node_modules/c/c.js", "data/user-time.json", "dist/d.js", ".git/e.json"]) {
      write(path)
    }
    const watcher = yield* watching(folder, join(folder, "data"))
    return { folder, write, watcher }
  })

  it.live("are those of the program, also in folders that are new; not packages, builds, data, logs", () =>
    Effect.gen(function*() {
      const { folder, watcher, write } = yield* watched
      for (
        const path of [
          "node_modules/c/c.js",
          "src/node_modules/f.js",
          "data/user-time.json",
          "dist/d.js",
          ".git/e.json",
          "out.log",
          "src/.b.ts.swp"
        ]
      ) write(path)
      write("a.ts")
      assert.deepStrictEqual(yield* watcher.next, ["a.ts"])
      write("src/b.ts")
      assert.deepStrictEqual(yield* watcher.next, [join("src", "b.ts")])
      write("src/new/below/g.ts")
      assert.deepStrictEqual(yield* watcher.next, [join("src", "new", "below", "g.ts")])
      write("src/new/below/g.ts")
      assert.deepStrictEqual(yield* watcher.next, [join("src", "new", "below", "g.ts")])
      rmSync(join(folder, "src/b.ts"))
      assert.deepStrictEqual(yield* watcher.next, [join("src", "b.ts")])
    }))

  it.live("have changed still, where who was to hear of it was interrupted", () =>
    Effect.gen(function*() {
      const { watcher, write } = yield* watched
      for (let i = 0; i < 20; i++) {
        const hearing = yield* Effect.forkChild(watcher.next)
        write("a.ts")
        yield* Effect.sleep(i * 5)
        yield* Fiber.interrupt(hearing)
      }
      assert.deepStrictEqual(yield* watcher.next, ["a.ts"])
    }))
})
