/**
 * Vitest and the compiler as programs of their own, in another folder; interrupted, they end with all that they have started.
 */
import { Effect, Option, type Scope } from "effect"
import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { join } from "node:path"
import { tsc } from "../run.ts"
import type { Ran, Tests } from "./serve.ts"

export type { Ran, Tests } from "./serve.ts"

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

/** A program in a group of its own, which ends as a whole. */
const start = (folder: string, args: ReadonlyArray<string>): ChildProcess =>
  spawn(process.execPath, args, {
    cwd: folder,
    detached: true,
    stdio: ["ignore", "pipe", "pipe", "ipc"],
    // a bug that makes something wait for ever has no longer than this to show it
    env: { ...process.env, STEPPED_PATIENCE_MS: "60000" }
  })

const firstLine = (text: string): string => text.trim().split("\n", 1)[0]!

/** The first complaint of the compiler about the sources, or nothing. */
export const typesAreRight = (folder: string): Effect.Effect<string | undefined> =>
  Effect.gen(function*() {
    const program = yield* Effect.acquireRelease(
      Effect.sync(() => start(folder, [tsc(folder), "--noEmit", "--project", ".tsconfig.build.json"])),
      stop
    )
    let said = ""
    program.stdout!.on("data", (chunk) => (said += chunk))
    program.stderr!.on("data", (chunk) => (said += chunk))
    yield* Effect.promise(() => once(program, "close"))
    return firstLine(said) || undefined
  }).pipe(
    Effect.scoped,
    Effect.timeoutOption("120 seconds"),
    Effect.map(Option.getOrElse((): string | undefined => "the compiler does not end"))
  )

/** A Vitest that stays, with its server of Postgres. */
export interface Runner {
  /** Runs some tests, those that are for both databases on the server alone; nothing if they don't end. */
  readonly run: (tests: Tests, seconds: number) => Effect.Effect<ReadonlyArray<Ran> | undefined>
}

const server = join(import.meta.dirname, "serve.ts")

/** One for a folder. What does not end is ended with all that it has started, and the next run has a new one. */
export const runner = (folder: string): Effect.Effect<Runner, never, Scope.Scope> =>
  Effect.gen(function*() {
    let running: ChildProcess | undefined
    yield* Effect.addFinalizer(() => running === undefined ? Effect.void : stop(running))
    const launch = (): ChildProcess => {
      // a file of any kind may be asked for, as one that is named to Vitest's command
      const program = start(folder, ["--conditions=stepped-source", "--no-warnings", server, folder, "test"])
      // what is not read stops who writes it
      program.stdout!.resume()
      program.stderr!.resume()
      return program
    }
    const ask = (program: ChildProcess, tests: Tests): Effect.Effect<ReadonlyArray<Ran>> =>
      Effect.callback<ReadonlyArray<Ran>>((resume) => {
        const answered = (ran: ReadonlyArray<Ran>) => resume(Effect.succeed(ran))
        const ended = (code: number | null) =>
          answered([{ file: "", name: "Vitest", failure: `it ended with ${code ?? "a signal"}` }])
        program.once("message", answered).once("exit", ended)
        program.send(tests)
        return Effect.sync(() => {
          program.off("message", answered).off("exit", ended)
        })
      })
    return {
      run: (tests, seconds) =>
        Effect.gen(function*() {
          const program = running ??= launch()
          const ran = yield* Effect.timeoutOption(ask(program, tests), `${seconds} seconds`)
          if (Option.isSome(ran) && program.exitCode === null) return ran.value
          running = undefined
          yield* stop(program)
          return Option.getOrUndefined(ran)
        })
    }
  })
