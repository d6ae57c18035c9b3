/**
 * Vitest and the compiler as programs of their own, in another folder; interrupted, they end with all that they have started.
 */
import { Effect, Option } from "effect"
import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { existsSync, readFileSync, rmSync } from "node:fs"
import { join } from "node:path"
import { tsc } from "../run.ts"

/** Files with the names of tests in them. */
export type Tests = Readonly<Record<string, ReadonlyArray<string>>>

/** A test that ran. */
export interface Ran {
  readonly file: string
  readonly name: string
  /** What it said, where it failed. */
  readonly failure: string | undefined
}

/** Of Vitest's report. */
interface Report {
  readonly testResults: ReadonlyArray<{
    readonly name: string
    readonly message: string
    readonly assertionResults: ReadonlyArray<{
      readonly fullName: string
      readonly status: string
      readonly failureMessages: ReadonlyArray<string> | null
    }>
  }>
}

const stop = (program: ChildProcess): Effect.Effect<void> =>
  Effect.promise(async () => {
    const ended = program.exitCode === null && program.signalCode === null ? once(program, "exit") : undefined
    const signal = (name: NodeJS.Signals) => {
      try {
        process.kill(-program.pid!, name)
      } catch {
        // all of them are gone
      }
    }
    if (ended !== undefined) {
      signal("SIGTERM")
      const timer = setTimeout(() => signal("SIGKILL"), 10_000)
      await ended
      clearTimeout(timer)
    }
    signal("SIGKILL")
  })

/** What a program prints, to its end or for so long. */
const output = (folder: string, args: ReadonlyArray<string>, seconds: number): Effect.Effect<Option.Option<string>> =>
  Effect.timeoutOption(
    Effect.scoped(Effect.gen(function*() {
      const program = yield* Effect.acquireRelease(
        // a group of its own, which ends as a whole
        Effect.sync(() =>
          spawn(process.execPath, args, {
            cwd: folder,
            detached: true,
            stdio: ["ignore", "pipe", "pipe"],
            // a bug that makes something wait for ever has no longer than this to show it
            env: { ...process.env, STEPPED_PATIENCE_MS: "60000" }
          })
        ),
        stop
      )
      let said = ""
      program.stdout.on("data", (chunk) => (said += chunk))
      program.stderr.on("data", (chunk) => (said += chunk))
      yield* Effect.promise(() => once(program, "close"))
      return said
    })),
    `${seconds} seconds`
  )

const firstLine = (text: string): string => text.trim().split("\n", 1)[0]!

/** The first complaint of the compiler about the sources, or nothing. */
export const typesAreRight = (folder: string): Effect.Effect<string | undefined> =>
  Effect.map(
    output(folder, [tsc(folder), "--noEmit", "--project", ".tsconfig.build.json"], 120),
    (said) => Option.isNone(said) ? "the compiler does not end" : firstLine(said.value) || undefined
  )

const escaped = (text: string): string => text.replaceAll(/[\\^$.*+?()[\]{}|]/g, "\\$&")

/** Runs some tests, those that are for both databases on the server alone; nothing if they don't end. */
export const runTests = (
  folder: string,
  tests: Tests,
  seconds: number
): Effect.Effect<ReadonlyArray<Ran> | undefined> =>
  Effect.gen(function*() {
    const file = join(folder, "report.json")
    rmSync(file, { force: true })
    const titles = Object.values(tests).flat().map(escaped)
    const said = yield* output(folder, [
      join(folder, "node_modules/vitest/vitest.mjs"),
      "run",
      "--config=test/vitest.config.ts",
      "--reporter=json",
      `--outputFile=${file}`,
      `--testNamePattern=^(?!.*\\(embedded\\)).*(${titles.join("|")})`,
      ...Object.keys(tests)
    ], seconds)
    if (Option.isNone(said)) return undefined
    if (!existsSync(file)) return [{ file: "", name: "Vitest", failure: said.value.slice(-2000) }]
    const { testResults } = JSON.parse(readFileSync(file, "utf8")) as Report
    return testResults.flatMap(({ assertionResults, message, name }): ReadonlyArray<Ran> => {
      const path = name.slice(name.indexOf("/test/") + 1)
      const ran = assertionResults.filter(({ status }) => status === "passed" || status === "failed").map((test) => ({
        file: path,
        name: test.fullName,
        failure: test.status === "passed" ? undefined : firstLine(test.failureMessages?.[0] ?? "failed")
      }))
      return ran.length === 0 && message !== "" ? [{ file: path, name: path, failure: firstLine(message) }] : ran
    })
  })
