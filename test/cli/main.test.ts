/** The program itself: what it prints where, and what it gives to the shell. */
import { assert, describe, it } from "@effect/vitest"
import { execFile } from "node:child_process"
import { resolve } from "node:path"
import { inject } from "vitest"

const program = resolve(import.meta.dirname, "../../src/cli/main.ts")

const run = (args: ReadonlyArray<string>, env: Readonly<Record<string, string>> = {}) =>
  new Promise<{ readonly code: number; readonly out: string; readonly err: string }>((done) => {
    execFile(
      process.execPath,
      ["--no-warnings", program, ...args],
      { env: { ...process.env, ...env } },
      (error, out, err) => done({ code: error === null ? 0 : Number(error.code), out, err })
    )
  })

describe("the program", () => {
  it("says its version, completes for shells, and names what it does not know", async () => {
    const [version, completions, wrong, help] = await Promise.all([
      run(["--version"]),
      run(["--completions", "bash"]),
      run(["lst"]),
      run(["show", "--help"])
    ])
    assert.match(version.out, /\d+\.\d+\.\d+/)
    assert.include(completions.out, "stepped")
    assert.deepStrictEqual([wrong.code, /ls/.test(wrong.err), help.code], [2, true, 0])
    assert.include(help.out, "Show an action")
  })

  it("prints to a pipe without colours, results to one and errors to the other", async () => {
    const missing = await run(["ls"], { DATABASE_URL: inject("databaseUrl"), STEPPED_SCHEMA: "nowhere" })
    assert.deepStrictEqual([missing.code, missing.out], [3, ""])
    assert.match(missing.err, /^stepped: The Postgres schema nowhere does not exist/)
    assert.notInclude(missing.err, "\u001b")
  })
})
