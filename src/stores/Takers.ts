/**
 * Those of this process who wait for an element: one look of a queue is for all who wait at that queue by then.
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as FiberSet from "effect/FiberSet"
import * as Latch from "effect/Latch"
import { PersistedQueueError } from "effect/persistence/PersistedQueue"
import type * as Scope from "effect/Scope"
import { randomUUID } from "node:crypto"
import { isWorthSaying, log } from "../engine/log.ts"
import type { Taken, TakenElement } from "../sql/elements.ts"
import { StorageError } from "../SteppedError.ts"
import { pauseAfter, realSleep } from "../store/RealClock.ts"

/** Elements that one look takes. */
const most = 100

/** A timer that is set to some weeks goes off at once. */
const dayMs = 24 * 60 * 60 * 1000

interface Waiter {
  readonly resume: (exit: Exit.Exit<TakenElement, PersistedQueueError>) => void
  /** What it was given, whether or not it goes on with it. */
  taken: TakenElement | undefined
}

interface Queue {
  readonly name: string
  attempts: number
  /** Those who came first are given first. */
  readonly waiters: Array<Waiter>
  /** Something may be there. */
  readonly nudge: Latch.Latch
  /** A fiber looks as long as somebody waits, and no other one. */
  isLooking: boolean
}

type Restore = <A, E>(effect: Effect.Effect<A, E>) => Effect.Effect<A, E>

export interface Takers {
  /** Waits for an element, which is the caller's from then on: who cannot be interrupted but where this waits (`restore`). */
  readonly next: (
    queue: string,
    attempts: number,
    restore: Restore
  ) => Effect.Effect<TakenElement, PersistedQueueError>
  /** A queue may have something new; without a name, any of them. */
  readonly nudge: (queue: string | undefined) => void
}

export const failedTo = (what: string, cause: unknown): PersistedQueueError =>
  new PersistedQueueError({ message: `Failed to ${what} of a persisted queue`, cause })

export const make = (options: {
  readonly take: (queue: string, token: string, count: number, attempts: number) => Effect.Effect<Taken, StorageError>
  readonly giveBack: (queue: string, elements: ReadonlyArray<TakenElement>) => Effect.Effect<void>
  /** They are held from now on. */
  readonly onTaken: (elements: ReadonlyArray<TakenElement>) => void
  readonly now: Effect.Effect<number>
  readonly pollMs: number
}): Effect.Effect<Takers, never, Scope.Scope> =>
  Effect.gen(function*() {
    const queues = new Map<string, Queue>()
    let closed = false
    // fibers of the store's own: not in whatever transaction or scope the first of those is who waits
    const run = yield* FiberSet.makeRuntime<never, void, never>()

    const queueOf = (name: string): Queue => {
      let queue = queues.get(name)
      if (queue === undefined) {
        queues.set(
          name,
          queue = { name, attempts: 1, waiters: [], nudge: Latch.makeUnsafe(false), isLooking: false }
        )
      }
      return queue
    }

    /** Gives each to one who waits; those are left over whose takers have gone meanwhile. */
    const deal = (queue: Queue, elements: ReadonlyArray<TakenElement>): ReadonlyArray<TakenElement> =>
      elements.filter((element) => {
        const waiter = queue.waiters.shift()
        if (waiter === undefined) return true
        waiter.taken = element
        waiter.resume(Exit.succeed(element))
        return false
      })

    const fail = (queue: Queue, error: PersistedQueueError) => {
      for (const waiter of queue.waiters.splice(0)) waiter.resume(Exit.fail(error))
    }

    /** Until one is due: at once it is where somebody else is just taking it. */
    const due = (next: number) =>
      Effect.flatMap(options.now, (now) => next > now ? Effect.sleep(Math.min(next - now, dayMs)) : realSleep(5))

    const pause = (queue: Queue, next: number | undefined) =>
      Effect.raceAllFirst([
        queue.nudge.await,
        // whose lease is over, and what nobody has told of
        realSleep(options.pollMs),
        next === undefined ? Effect.never : due(next)
      ])

    /**
     * What failed is tried again under the same token: what it has taken is found by that. It is asked for also where nobody waits any longer, or the
     * store is closed, and given back then: else nobody would have it until the lease is over.
     */
    const looking = (queue: Queue): Effect.Effect<void> =>
      Effect.gen(function*() {
        let token = randomUUID()
        let failures = 0
        let isLost = false
        // those who come at one moment come into one look
        yield* Effect.yieldNow
        while (queue.waiters.length > 0 || isLost) {
          queue.nudge.closeUnsafe()
          const isLast = closed
          // for nobody it takes nothing that it has not taken by then
          const exit = yield* Effect.exit(
            Effect.uninterruptible(
              options.take(queue.name, token, Math.min(queue.waiters.length, most), queue.attempts)
            )
          )
          if (Exit.isFailure(exit)) {
            const error = Cause.squash(exit.cause)
            if (!(error instanceof StorageError && error.isRetryable)) {
              fail(queue, failedTo("take an element", error))
              break
            }
            if (isLast) break
            isLost = true
            if (isWorthSaying(failures)) yield* log.trouble(`nothing is taken of ${queue.name}`, error, "trying again")
            // a store that is closed waits no longer
            yield* Effect.exit(Effect.interruptible(pauseAfter(failures++)))
            continue
          }
          failures = 0
          isLost = false
          const { elements, next } = exit.value
          if (elements.length === 0) {
            if (queue.waiters.length > 0) yield* Effect.interruptible(pause(queue, next))
            continue
          }
          token = randomUUID()
          options.onTaken(elements)
          const left = deal(queue, elements)
          if (left.length > 0) yield* options.giveBack(queue.name, left)
        }
        // in the same moment as the look at who waits: who comes after it begins to look anew
        queue.isLooking = false
      })

    const look = (queue: Queue) => {
      if (queue.isLooking || closed) return
      queue.isLooking = true
      run(Effect.uninterruptible(looking(queue)))
    }

    yield* Effect.addFinalizer(() =>
      Effect.sync(() => {
        closed = true
        for (const queue of queues.values()) fail(queue, failedTo("take an element", new Error("the store is closed")))
      })
    )

    /** Who does not wait any longer; what it was given at that very moment is the next one's. */
    const leave = (queue: Queue, waiter: Waiter): Effect.Effect<void> => {
      const at = queue.waiters.indexOf(waiter)
      if (at >= 0) queue.waiters.splice(at, 1)
      // one that only sleeps is not to sleep for nobody
      if (queue.waiters.length === 0) queue.nudge.openUnsafe()
      return waiter.taken === undefined ? Effect.void : options.giveBack(queue.name, [waiter.taken])
    }

    return {
      next: (name, attempts, restore) =>
        Effect.suspend(() => {
          if (closed) return Effect.fail(failedTo("take an element", new Error("the store is closed")))
          const queue = queueOf(name)
          queue.attempts = attempts
          let resume: Waiter["resume"] = () => {}
          const waiter: Waiter = { resume: (exit) => resume(exit), taken: undefined }
          const waiting = Effect.callback<TakenElement, PersistedQueueError>((resumed) => {
            resume = resumed
            queue.waiters.push(waiter)
            look(queue)
          })
          return Effect.onInterrupt(restore(waiting), () => leave(queue, waiter))
        }),
      nudge: (name) => {
        if (name !== undefined) queues.get(name)?.nudge.openUnsafe()
        else for (const queue of queues.values()) queue.nudge.openUnsafe()
      }
    }
  })
