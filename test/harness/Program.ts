/**
 * Programs in processes of their own, for tests that kill, freeze and stop them. A program says what it does in lines of JSON on its
 * output; whoever starts it waits for those.
 */
import { Effect, Redacted, type Scope } from "effect"
import { spawn } from "node:child_process"
import { createInterface } from "node:readline"

export interface Said {
  readonly event: string
  readonly [key: string]: unknown
}

export interface Ended {
  readonly code: number | null
  readonly signal: string | null
}

export interface Program {
  readonly pid: number
  /** Everything that it has said so far. */
  readonly said: ReadonlyArray<Said>
  /** Waits until it has said this, `times` times. Dies with what it has printed when it ends before. */
  readonly says: (event: string, times?: number) => Effect.Effect<Said>
  readonly tell: (line: string) => Effect.Effect<void>
  readonly signal: (name: NodeJS.Signals) => Effect.Effect<void>
  readonly ended: Effect.Effect<Ended>
}

/** Starts a TypeScript program on a database; it is killed with the scope. */
export const startProgram = (
  path: string,
  options: { readonly url: Redacted.Redacted; readonly env?: Readonly<Record<string, string>> }
): Effect.Effect<Program, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.sync(() => launch(path, { ...options.env, DATABASE_URL: Redacted.value(options.url) })),
    ({ ended, signal }) => Effect.andThen(signal("SIGKILL"), ended)
  )

const launch = (path: string, env: Readonly<Record<string, string>>): Program => {
  const child = spawn(process.execPath, ["--conditions=stepped-source", "--no-warnings", path], {
    env: { ...process.env, ...env },
    stdio: ["pipe", "pipe", "pipe"]
  })
  const said: Array<Said> = []
  const listeners = new Set<() => void>()
  let printed = ""
  let end: Ended | undefined
  const changed = () => {
    for (const listener of listeners) listener()
  }
  createInterface({ input: child.stdout }).on("line", (line) => {
    if (line.startsWith("{\"event\"")) said.push(JSON.parse(line) as Said)
    else printed += `${line}\n`
    changed()
  })
  child.stderr.on("data", (data) => printed += String(data))
  child.stdin.on("error", () => {})
  child.once("close", (code, signal) => {
    end = { code, signal }
    changed()
  })
  const until = <A>(look: () => Effect.Effect<A> | undefined): Effect.Effect<A> =>
    Effect.callback<A>((resume) => {
      const listener = () => {
        const found = look()
        if (found === undefined) return
        listeners.delete(listener)
        resume(found)
      }
      listeners.add(listener)
      listener()
      return Effect.sync(() => listeners.delete(listener))
    })
  return {
    pid: child.pid!,
    said,
    says: (event, times = 1) =>
      until(() => {
        const found = said.filter((one) => one.event === event)
        if (found.length >= times) return Effect.succeed(found[times - 1]!)
        if (end === undefined) return undefined
        return Effect.die(
          new Error(`the program ended (${JSON.stringify(end)}) before it said "${event}" ${times} times:\n${printed}`)
        )
      }),
    tell: (line) => Effect.sync(() => void child.stdin.write(`${line}\n`)),
    signal: (name) => Effect.sync(() => void child.kill(name)),
    ended: until(() => end === undefined ? undefined : Effect.succeed(end))
  }
}
