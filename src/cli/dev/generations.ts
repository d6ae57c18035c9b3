/** One generation after the other: the files are watched, the old one is told to stop, and the next goes on with the same data. */
import { Deferred, Effect, Layer, Option, Queue, Schema, type Scope } from "effect"
import { type ChildProcess, spawn } from "node:child_process"
import { extname, resolve } from "node:path"
import { monotonic, realSleep } from "../../store/RealClock.ts"
import { output } from "../connection.ts"
import { exitCodes } from "../failures.ts"
import { span } from "../Output.ts"
import { openInBrowser } from "./dashboard.ts"
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
  readonly ended: Effect.Effect<Ending>
}

interface Ending {
  /** In words. */
  readonly how: string
  /** Its database could not be asked, which no change of a file mends. */
  readonly isDatabase: boolean
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
const launch = (
  args: ReadonlyArray<string>,
  screen: Screen,
  served: Deferred.Deferred<string>
): Effect.Effect<Generation, never, Scope.Scope> =>
  Effect.gen(function*() {
    const ready = yield* Deferred.make<void>()
    const exited = yield* Deferred.make<Ending>()
    const closed = yield* Deferred.make<void>()
    // what it has printed last comes after its exit, unless somebody else has its output, too
    const ended = Effect.tap(
      Deferred.await(exited),
      () => Effect.raceFirst(Deferred.await(closed), realSleep("500 millis"))
    )
    const child = yield* Effect.acquireRelease(
      Effect.sync(() => {
        const child = start(args, screen)
        const exits = (how: string, isDatabase = false) =>
          void Deferred.doneUnsafe(exited, Effect.succeed({ how, isDatabase }))
        child.once(
          "exit",
          (code, signal) => signal === null ? exits(`code ${code}`, code === exitCodes.database) : exits(signal)
        )
        child.once("error", (error) => exits(error.message))
        child.once("close", () => Deferred.doneUnsafe(closed, Effect.void))
        child.on("message", (message) => {
          const told = Option.getOrUndefined(decode(message))
          if (told?._tag === "Ready") Deferred.doneUnsafe(ready, Effect.void)
          if (told?._tag === "Serving") Deferred.doneUnsafe(served, Effect.succeed(told.address))
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
  /** Whether the dashboard is opened, where there is a browser. */
  readonly opens: boolean
}

interface Begun {
  readonly since: number
  /** What has changed before it. */
  readonly changed: ReadonlyArray<string>
  /** How many before it have found no database. */
  readonly tries: number
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
export const generations = ({ args, data, opens, root }: GenerationsOptions) =>
  Effect.scoped(Effect.gen(function*() {
    const screen = yield* makeScreen
    const changes = yield* watching(root, data)
    // of all generations: it stays where it is
    const served = yield* Deferred.make<string>()
    yield* Effect.forkScoped(Effect.gen(function*() {
      const address = yield* Deferred.await(served)
      yield* screen.say({ event: "dashboard", address }, `dashboard: ${address}`)
      if (opens && screen.isTerminal) yield* openInBrowser(address)
    }))
    /** One generation, until a file has changed that it should have, and gives which ones; or until its database may be back. */
    const one = ({ changed, since, tries }: Begun) =>
      Effect.gen(function*() {
        yield* changes.forget
        const generation = yield* launch(args, screen, served)
        yield* Effect.forkScoped(Effect.gen(function*() {
          yield* generation.ready
          const millis = Math.round(monotonic() - since)
          yield* screen.say(
            { event: "started", ...changed.length === 0 ? {} : { changed }, millis },
            `${changed.length === 0 ? "started" : "restarted"} in ${span(millis)}`
          )
          return yield* passingOn(generation, screen)
        }))
        const ended = Effect.gen(function*() {
          const { how, isDatabase } = yield* generation.ended
          const next = "the next change of a file starts it again"
          if (!isDatabase) {
            yield* screen.say({ event: "ended", how }, `it has ended (${how}): ${next}`)
            return yield* Effect.never
          }
          const again = Math.min(60, 5 * 2 ** tries)
          yield* screen.say(
            { event: "ended", how, again },
            `it has ended (${how}): it is tried again in ${again} seconds, and ${next}`
          )
          yield* realSleep(`${again} seconds`)
        })
        return yield* Effect.raceFirst(changes.next, ended)
      })
    let begun: Begun = { since: monotonic(), changed: [], tries: 0 }
    while (true) {
      const { tries } = begun
      begun = yield* Effect.scoped(Effect.flatMap(one(begun), (changed) => {
        const since = monotonic()
        return changed === undefined
          ? Effect.succeed({ since, changed: [], tries: tries + 1 })
          : Effect.as(screen.say({ event: "changed", files: changed }, `${shortened(changed)} changed`), {
            since,
            changed,
            tries: 0
          })
      }))
    }
  })).pipe(Effect.provide(Layer.unwrap(output)))
