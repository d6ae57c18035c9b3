/** One generation after the other: the files are watched, the old one is told to stop, and the next goes on with the same data. */
import { Deferred, Effect, Layer, Option, Queue, Schema, type Scope } from "effect"
import { type ChildProcess, spawn } from "node:child_process"
import { extname, resolve } from "node:path"
import { monotonic, realSleep } from "../../store/RealClock.ts"
import { output } from "../connection.ts"
import { span } from "../Output.ts"
import { FromGeneration, startedBy, type Typed } from "./messages.ts"
import { make as makeScreen, type Screen } from "./Screen.ts"
import { watching } from "./watching.ts"

/** The program itself, beside this folder: as it is written, or as it is built. */
const program = resolve(import.meta.dirname, `../main${extname(import.meta.filename)}`)

/** How long a generation may take to stop: its worker's grace, and closing the database. */
const stopLimit = "10 seconds"

interface Generation {
  readonly ready: Effect.Effect<void>
  readonly tell: (message: Typed) => Effect.Effect<void>
  /** How it ended, in words. */
  readonly ended: Effect.Effect<string>
}

const decode = Schema.decodeUnknownOption(FromGeneration)

const start = (args: ReadonlyArray<string>, screen: Screen): ChildProcess => {
  const child = spawn(process.execPath, [...process.execArgv, program, ...args], {
    stdio: ["ignore", ...screen.isTerminal ? ["pipe", "pipe"] as const : ["inherit", "inherit"] as const, "ipc"],
    env: { ...process.env, [startedBy]: screen.isTerminal ? "terminal" : "pipe" }
  })
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding("utf8").on("data", (text: string) => screen.print(text))
  }
  return child
}

/** A generation that runs until the scope closes: it is told to stop then, and waited for. */
const launch = (args: ReadonlyArray<string>, screen: Screen): Effect.Effect<Generation, never, Scope.Scope> =>
  Effect.gen(function*() {
    const ready = yield* Deferred.make<void>()
    const exited = yield* Deferred.make<string>()
    const closed = yield* Deferred.make<void>()
    // what it has printed last comes after its exit, unless somebody else has its output, too
    const ended = Effect.tap(
      Deferred.await(exited),
      () => Effect.raceFirst(Deferred.await(closed), realSleep("500 millis"))
    )
    const child = yield* Effect.acquireRelease(
      Effect.sync(() => {
        const child = start(args, screen)
        const exits = (how: string) => void Deferred.doneUnsafe(exited, Effect.succeed(how))
        child.once("exit", (code, signal) => exits(signal === null ? `code ${code}` : signal))
        child.once("error", (error) => exits(error.message))
        child.once("close", () => Deferred.doneUnsafe(closed, Effect.void))
        child.on("message", (message) => {
          const told = Option.getOrUndefined(decode(message))
          if (told?._tag === "Ready") Deferred.doneUnsafe(ready, Effect.void)
          if (told?._tag === "Trees") screen.draw(told.trees)
        })
        return child
      }),
      (child) =>
        Effect.gen(function*() {
          child.kill("SIGTERM")
          if (Option.isSome(yield* Effect.timeoutOption(ended, stopLimit))) return
          yield* screen.say({ event: "killed" }, `it does not stop within ${stopLimit}: killed`)
          child.kill("SIGKILL")
          yield* ended
        })
    )
    return {
      ready: Deferred.await(ready),
      tell: (message) => Effect.sync(() => void (child.connected && child.send(message, () => {}))),
      ended
    }
  })

export interface GenerationsOptions {
  /** What a generation is started with. */
  readonly args: ReadonlyArray<string>
  /** The project whose files are watched. */
  readonly root: string
  /** The folder of the data, which is not watched. */
  readonly data: string | undefined
}

/** Passes on what is typed, for as long as a generation is there: what nobody has heard waits for the next one. */
const passingOn = (generation: Generation, screen: Screen) =>
  Effect.forever(Effect.flatMap(Queue.take(screen.typed), (line) => {
    const columns = screen.columns()
    return generation.tell({ _tag: "Typed", line, ...columns === undefined ? {} : { columns } })
  }))

const shortened = (paths: ReadonlyArray<string>): string =>
  paths.length > 3 ? `${paths.slice(0, 3).join(", ")} and ${paths.length - 3} more` : paths.join(", ")

/** Runs generations until it is interrupted. */
export const generations = ({ args, data, root }: GenerationsOptions) =>
  Effect.scoped(Effect.gen(function*() {
    const screen = yield* makeScreen
    const changes = yield* watching(root, data)
    /** One generation, until a file has changed that it should have: gives which ones. */
    const one = (since: number, changed: ReadonlyArray<string>) =>
      Effect.gen(function*() {
        yield* changes.forget
        const generation = yield* launch(args, screen)
        yield* Effect.forkScoped(Effect.gen(function*() {
          yield* generation.ready
          const millis = Math.round(monotonic() - since)
          yield* screen.say(
            { event: "started", ...changed.length === 0 ? {} : { changed }, millis },
            `${changed.length === 0 ? "started" : "restarted"} in ${span(millis)}`
          )
          return yield* passingOn(generation, screen)
        }))
        const next = yield* Effect.raceFirst(
          Effect.map(changes.next, Option.some),
          Effect.flatMap(generation.ended, (how) =>
            Effect.as(
              screen.say({ event: "ended", how }, `it has ended (${how}): the next change of a file starts it again`),
              Option.none<ReadonlyArray<string>>()
            ))
        )
        return Option.isSome(next) ? next.value : yield* changes.next
      })
    let begun: { readonly since: number; readonly changed: ReadonlyArray<string> } = { since: monotonic(), changed: [] }
    while (true) {
      begun = yield* Effect.scoped(Effect.flatMap(one(begun.since, begun.changed), (changed) => {
        const since = monotonic()
        return Effect.as(screen.say({ event: "changed", files: changed }, `${shortened(changed)} changed`), {
          since,
          changed
        })
      }))
    }
  })).pipe(Effect.provide(Layer.unwrap(output)))
