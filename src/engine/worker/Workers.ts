/**
 * The workers of one process. Each `Stepped.worker` is one of them, with a token, connections and work of its own, and so is the process's
 * own hand, which takes no jobs: it performs what a caller performs in its own fiber while no other worker is there.
 */
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import * as Semaphore from "effect/Semaphore"
import { randomUUID } from "node:crypto"
import { hostname } from "node:os"
import type { WorkerHealth } from "../../Readiness.ts"
import { DefinitionError, type StorageError, type WorkerError } from "../../SteppedError.ts"
import type { Answer, Completed } from "../../store/Answer.ts"
import type { Invocation } from "../../store/Invocation.ts"
import { countFor } from "../../store/OwnConnections.ts"
import { realSleep } from "../../store/RealClock.ts"
import type { Catalog } from "../../store/Store.ts"
import { retryAtStart } from "../retrying.ts"
import type { Sleeper, Wakeups } from "../Wakeups.ts"
import type { Turn } from "./Alone.ts"
import type { Peers, WorkerOptions } from "./context.ts"
import * as Parts from "./Parts.ts"
import type { Restore } from "./performNow.ts"
import * as Worker from "./Worker.ts"

/** How a worker works; see `Stepped.worker`. */
export interface WorkOptions {
  readonly name: string | undefined
  readonly concurrency: number
  readonly connections: number
  readonly grace: Duration.Duration
  readonly queues: ReadonlyArray<string> | undefined
  /** What runs once it has stopped, as somebody has drained it. */
  readonly onDrained: Effect.Effect<void>
}

export interface Workers extends Sleeper {
  /** Works until the scope closes. */
  readonly work: (options: WorkOptions) => Effect.Effect<void, WorkerError, Scope.Scope>
  /** See {@link Worker.Worker}: by the first worker that has nothing else to do. */
  readonly enqueueIdle: (items: ReadonlyArray<Invocation>) => Option.Option<Effect.Effect<boolean, StorageError>>
  /** Those under which something may have been started. */
  readonly tokens: () => ReadonlyArray<bigint>
  /** Stores an action of a queue under a worker's token, and performs it in this fiber; see `performNow.ts`. */
  readonly performNow: <E>(
    id: string,
    queue: string,
    store: (token: bigint) => Effect.Effect<void, E>,
    restore: Restore
  ) => Effect.Effect<void, E | StorageError>
  /** Something is due at a time, in ms of user time. */
  readonly know: (due: number) => void
  /** One pass over everything that is due, in this fiber, whatever workers take. */
  readonly performDue: Effect.Effect<number, StorageError>
  /** Runs a completion from outside; what it hands over goes to a worker that takes from the queue, if that is known. */
  readonly fromOutside: (
    complete: (token: bigint | null, catalog: Catalog) => Effect.Effect<Completed, StorageError>,
    queue: string | undefined,
    spare: string | undefined
  ) => Effect.Effect<Completed, StorageError>
  /** Reads what a completion inside a user's transaction answered, after its commit. */
  readonly take: (answer: Answer, spare: string | undefined) => Effect.Effect<void>
  /** What those do whose scope is open. */
  readonly health: () => ReadonlyArray<WorkerHealth>
  /** How many bodies run. */
  readonly running: () => number
  /** Gives up whatever this process still holds. */
  readonly close: Effect.Effect<void>
}

export interface WorkersOptions extends Omit<WorkerOptions, "name" | "queues" | "peers" | "parts"> {
  readonly wakeups: Pick<Wakeups, "listens" | "listening">
}

/** How long after its start a worker looks which definitions it has. */
const momentMs = 2000

/** Unique also where every container has the same host name, or the same process id. */
const uniqueName = () => `${process.env.HOSTNAME ?? hostname()}:${process.pid}:${randomUUID().slice(0, 8)}`

export const make = (engine: WorkersOptions): Workers => {
  const { wakeups } = engine
  // invariant: those whose scope is open, in the order in which they came, with the connections that they keep; `join` alone changes it
  const joined = new Map<Worker.Worker, number>()
  // invariant: those that have stopped, at least as long as something is held under their tokens
  const left = new Set<Worker.Worker>()
  // invariant: tokens that a lease of this process has, or may still have; leases alone change it
  const answeredFor = new Set<bigint>()
  const turn: Turn = { holder: undefined, isQuiet: false }
  /** One LISTEN for all: whoever comes next listens when the one before has stopped. */
  const listening = Semaphore.makeUnsafe(1)

  const healths = new WeakMap<Worker.Worker, () => WorkerHealth>()

  const all = () => [hand, ...joined.keys(), ...left]
  const working = () => [...joined.keys()].filter((worker) => worker.claims())

  const makeWorker = (name: string, queues: ReadonlyArray<string> | undefined): Worker.Worker => {
    const others = () => working().filter((worker) => worker !== self)
    const peers: Peers = {
      answeredFor,
      drop: (gone, spare) => Effect.forEach(all(), (worker) => worker.drop(gone, spare), { discard: true }),
      wakeOthers: () => {
        for (const worker of others()) worker.wake()
      },
      turn,
      areIdle: () => all().every((worker) => worker.isIdle()),
      giveBackReady: Effect.suspend(() => Effect.forEach(all(), (worker) => worker.giveBackReady, { discard: true })),
      take: (queue) => others().some((worker) => worker.takes(queue)),
      inCharge: () => self.claims() ? self : working()[0] ?? hand
    }
    const parts = Parts.make()
    const self = Worker.make({ ...engine, name, queues, peers, parts })
    healths.set(self, () => ({ name, state: parts.state(self.claims(), self.hasToken()) }))
    return self
  }
  const hand: Worker.Worker = makeWorker(uniqueName(), undefined)

  const join = (options: WorkOptions) =>
    Effect.acquireRelease(
      Effect.sync(() => {
        const worker = makeWorker(options.name ?? uniqueName(), options.queues)
        joined.set(worker, countFor(options.connections))
        return worker
      }),
      (worker) =>
        Effect.andThen(
          Effect.sync(() => {
            joined.delete(worker)
            for (const one of left) if (!one.hasToken()) left.delete(one)
            left.add(worker)
          }),
          worker.retire
        )
    )

  /** The connections of a worker, beside those that the others keep. */
  const connectionsFor = (options: WorkOptions, worker: Worker.Worker) => {
    let others = 0
    for (const [other, count] of joined) if (other !== worker) others += count
    const { connections } = options
    return engine.store.ownConnections({
      connections,
      others,
      listens: wakeups.listens,
      onTrouble: (cause) => worker.log.trouble("cannot connect", cause, "trying again"),
      onOpen: (afterMs) => worker.log.info(`connects again, after ${Math.round(afterMs)} ms`)
    })
  }

  /** Layers of actions that are built beside the worker may come a moment after it. */
  const announce = (worker: Worker.Worker) =>
    Effect.gen(function*() {
      yield* realSleep(momentMs)
      if (engine.registry.isBare()) {
        yield* worker.log.warning(
          "this worker has no definitions: provide the layers of your actions to Stepped.worker"
        )
      }
      yield* Effect.catch(
        retryAtStart(worker.announce),
        (error) => worker.log.trouble("cannot say what it can run", error, "trying again, and goes on without that")
      )
    })

  const begin = (options: WorkOptions) =>
    Effect.gen(function*() {
      const { embedded, registry, store } = engine
      const missing = registry.missing()
      if (missing.length > 0) return yield* new DefinitionError({ message: missing.join("; ") })
      // first, so that it leaves last: when nothing of it runs any more
      const worker = yield* join(options)
      const own = embedded ? undefined : yield* connectionsFor(options, worker)
      yield* retryAtStart(store.checkWorker)
      const drained = yield* worker.work(
        { ...options, own },
        wakeups.listens ? listening.withPermit(wakeups.listening) : Effect.never
      )
      const from = options.queues === undefined ? "all queues" : `the queues ${options.queues.join(", ")}`
      yield* worker.log.info(`the worker has started: up to ${options.concurrency} bodies at a time, from ${from}`)
      yield* Effect.forkScoped(announce(worker))
      // what callers have performed before it came
      worker.timers.know(hand.timers.next())
      return { worker, drained }
    })

  /** In a scope of its own, which ends with the caller's, or when somebody has asked for that in the worker's row: what stops it is the same. */
  const work: Workers["work"] = (options) =>
    Effect.gen(function*() {
      const outer = yield* Effect.scope
      const scope = yield* Scope.fork(outer)
      const { drained, worker } = yield* Scope.provide(begin(options), scope)
      const stop = Effect.gen(function*() {
        yield* worker.log.info("somebody has drained this worker: it stops, as if its process was told to")
        yield* Scope.close(scope, Exit.void)
        yield* worker.log.info("this worker is drained, and takes nothing any more: its process may end")
      })
      // once it stops, who closes the caller's scope waits until it has
      yield* Effect.forkIn(
        Effect.andThen(drained, Effect.andThen(Effect.uninterruptible(stop), options.onDrained)),
        outer
      )
    })

  /** Who takes from a queue; anybody who works, and if there is none, the process's own hand. */
  const serving = (queue: string | undefined) => {
    const candidates = working()
    return candidates.find((worker) => queue === undefined || worker.takes(queue)) ?? candidates[0] ?? hand
  }

  return {
    work,
    wake: () => {
      for (const worker of working()) worker.wake()
    },
    check: () => {
      for (const worker of all()) worker.check()
    },
    enqueueIdle: (items) => {
      for (const worker of working()) {
        const taking = worker.enqueueIdle(items)
        if (Option.isSome(taking)) return taking
      }
      return Option.none()
    },
    tokens: () => [...answeredFor],
    performNow: (id, queue, store, restore) => Effect.suspend(() => serving(queue).performNow(id, store, restore)),
    know: (due) => (working()[0] ?? hand).timers.know(due),
    performDue: hand.performDue,
    fromOutside: (complete, queue, spare) =>
      Effect.suspend(() => {
        const asking = spare === undefined ? undefined : working().find((worker) => worker.active.has(spare))
        return (asking ?? serving(queue)).fromOutside(complete, spare)
      }),
    take: (answer, spare) => Effect.suspend(() => serving(undefined).take(answer, spare)),
    health: () => [...joined.keys()].map((worker) => healths.get(worker)!()),
    running: () => all().reduce((sum, worker) => sum + worker.active.size, 0),
    close: Effect.suspend(() =>
      Effect.forEach(all(), (worker) => worker.close, { concurrency: "unbounded", discard: true })
    )
  }
}
