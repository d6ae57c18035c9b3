/**
 * Worker processes that are replaced as soon as they are gone. Spare ones have loaded everything and wait for their turn, so that a kill
 * costs no more than a moment.
 */
import { Effect, Exit, Fiber, Queue, Redacted, Scope } from "effect"
import { spawn } from "node:child_process"
import { join } from "node:path"
import { type Program, startProgram } from "../harness/Program.ts"
import type { Proxy } from "./Proxy.ts"
import type { Random } from "./Random.ts"
import { type Isolation, secondMs, type WorkerBrief } from "./World.ts"

const path = new URL("./worker.ts", import.meta.url).pathname

/** A process that performs. */
interface Worker {
  readonly program: Program
  readonly isSpared: boolean
  /** Once it performs. */
  workingSince: number | undefined
  /** What becomes of it is our doing, for the time being. */
  isTaken: boolean
}

export interface WorkersOptions {
  /** One worker for each, at a time. */
  readonly proxies: ReadonlyArray<Proxy>
  readonly random: Random
  /** Process ids of those who have something in hand. */
  readonly holding: Effect.Effect<ReadonlySet<number>>
  /** For the logs of what bodies do, one for each process. */
  readonly folder: string
  /** How far the next worker's clock is off. */
  readonly clockMs: () => number
  /** The level of the next worker's transactions. */
  readonly isolation: () => Isolation
  /** The version of the next worker's program. */
  readonly version: () => number
  /** A worker has ended although nobody has killed it. */
  readonly onLost: (what: string) => void
}

export interface Workers {
  /** Kills one; another one follows. */
  readonly kill: Effect.Effect<void>
  /** Stops one where it stands, for a while. */
  readonly freeze: (seconds: number) => Effect.Effect<void>
  /** Tells all to end, and waits for that; nobody follows. */
  readonly end: Effect.Effect<void>
}

const endedBySigterm = 130

export const startWorkers = (options: WorkersOptions) =>
  Effect.gen(function*() {
    const { clockMs, folder, holding, isolation, onLost, proxies, random, version } = options
    const employed = new Set<Worker>()
    const spares = yield* Queue.bounded<readonly [Program, Scope.Closeable]>(1)
    let ending = false

    const prepare = Effect.gen(function*() {
      const scope = yield* Scope.fork(yield* Effect.scope)
      const env = { NODE_COMPILE_CACHE: join(folder, "compiled") }
      const spare = yield* Scope.provide(startProgram(path, { url: Redacted.make(""), env }), scope)
      yield* spare.says("ready")
      yield* Queue.offer(spares, [spare, scope])
    })
    yield* Effect.forkScoped(Effect.forever(prepare))

    const employ = (proxy: Proxy, isSpared: boolean) =>
      Effect.gen(function*() {
        const [program, scope] = yield* Queue.take(spares)
        if (ending) return
        const brief: WorkerBrief = {
          url: Redacted.value(proxy.url),
          logFile: join(folder, `${program.pid}.log`),
          clockMs: clockMs(),
          isolation: isolation(),
          // the others are to have something to die with
          concurrency: isSpared ? 4 : 16,
          second: secondMs,
          version: version()
        }
        yield* program.tell(JSON.stringify(brief))
        const worker: Worker = { program, isSpared, workingSince: undefined, isTaken: false }
        employed.add(worker)
        const begins = Effect.map(program.says("working"), () => {
          worker.workingSince = performance.now()
        })
        yield* Effect.forkIn(begins, scope)
        const { code, signal } = yield* program.ended
        employed.delete(worker)
        if (!worker.isTaken && !(ending && code === endedBySigterm)) {
          // it never says anything any more, and what waits for that fails with all that it has printed
          const exit = yield* Effect.exit(program.says("good-bye"))
          onLost(`a worker ended by itself (${code ?? signal}): ${Exit.isFailure(exit) ? String(exit.cause) : ""}`)
        }
        yield* Scope.close(scope, Exit.void)
      })
    // one is never killed: what it has lost sight of nobody else takes over
    const employers = yield* Effect.forEach(proxies, (proxy, i) =>
      Effect.forkScoped(Effect.gen(function*() {
        while (!ending) yield* employ(proxy, i === 0)
      })))

    /** One that has something in hand, or any where nobody has for a while. */
    const take = (isMeant: (worker: Worker) => boolean): Effect.Effect<Worker> =>
      Effect.gen(function*() {
        // some have just begun, others are in the middle of it
        const atWorkMs = random.below(1500)
        for (let look = 0;; look++) {
          const pids = yield* holding
          const found = [...employed].filter((worker) =>
            worker.workingSince !== undefined && performance.now() - worker.workingSince > atWorkMs &&
            !worker.isTaken && isMeant(worker) && (look > 50 || pids.has(worker.program.pid))
          )
          if (found.length > 0) {
            const worker = random.oneOf(found)
            worker.isTaken = true
            return worker
          }
          yield* Effect.sleep("20 millis")
        }
      })

    const kill = Effect.flatMap(
      take(({ isSpared }) => !isSpared),
      ({ program }) => Effect.andThen(program.signal("SIGKILL"), program.ended)
    )

    const freeze = (seconds: number) =>
      Effect.flatMap(take(() => true), (worker) =>
        Effect.callback<void>((resume) => {
          // by a process of its own, so that nobody stands still for ever when this one is killed
          const script = "kill -STOP $1; sleep $2; kill -CONT $1"
          spawn("sh", ["-c", script, "sh", String(worker.program.pid), String(seconds)], {
            stdio: "ignore",
            detached: true
          }).once("exit", () => {
            worker.isTaken = false
            resume(Effect.void)
          })
        }))

    const end = Effect.gen(function*() {
      ending = true
      for (const { program } of employed) yield* Effect.andThen(program.says("working"), program.signal("SIGTERM"))
      yield* Fiber.awaitAll(employers)
    })
    return { kill: Effect.asVoid(kill), freeze, end } satisfies Workers
  })
