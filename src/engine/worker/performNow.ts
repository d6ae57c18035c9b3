/** Performing in the caller's fiber (rule 7.3): what `…Now` and `performSteppedActions` do, with a worker beside it or without. */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import type { StorageError } from "../../SteppedError.ts"
import { breakDeadlocks } from "../maintenance/breakDeadlocks.ts"
import type { Ran, Work, WorkerContext } from "./context.ts"
import type { WorkQueue } from "./InHand.ts"

/** Makes an effect interruptible again. */
export type Restore = <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>

export interface PerformNow {
  /**
   * Stores an action under this worker's token, and performs it as far as it goes at once, in a region that `restore` makes
   * interruptible. The effect is to be run, and once: it counts as running from the call on.
   */
  readonly performNow: <E>(
    id: string,
    store: (token: bigint) => Effect.Effect<void, E>,
    restore: Restore
  ) => Effect.Effect<void, E | StorageError>
  /** One pass over everything that is due: timers, then jobs, with what follows in memory. Gives how much there was. */
  readonly performDue: Effect.Effect<number, StorageError>
}

export const make = (worker: WorkerContext): PerformNow => {
  const { bodies, claimer, committer, inHand, abandoned, reconciler, timers } = worker
  const { ready } = inHand

  /** Runs one piece of work in this fiber, and puts what follows from it before the rest. Fails where the caller is interrupted. */
  const runOne = (item: Work, queue: WorkQueue<Work>, restore: Restore): Effect.Effect<void, StorageError> =>
    Effect.gen(function*() {
      const entry = bodies.hold(item)
      const fiber = yield* Effect.forkChild(Effect.interruptible(bodies.run(item)))
      entry.fiber = fiber
      const awaited = yield* Effect.exit(restore(Fiber.await(fiber)))
      const ended = entry.interrupted
      const letGo = inHand.keep(ended ? [] : [item.id])
      // the body first: it must have let go, also of its transaction, before others may take its action
      if (Exit.isFailure(awaited)) yield* bodies.interrupt(entry)
      const exit = yield* Fiber.await(fiber)
      const ran = Exit.isSuccess(exit)
        ? exit.value
        : ended || Exit.isFailure(awaited)
        ? undefined
        : yield* bodies.fallen(item)
      bodies.letGo(entry)
      if (ran !== undefined && !ended) yield* follow(ran, queue, letGo)
      // it has ended its own action, and goes on with that
      else if (ran === undefined && !ended && entry.closing) yield* reconciler.doubt
      else if (Exit.isFailure(awaited) && !ended) queue.putFirst(item)
      letGo()
      if (Exit.isFailure(awaited)) return yield* Effect.failCause(awaited.cause)
    })

  /** What follows goes before what was there: an action is performed as far as it goes. */
  const follow = (ran: Ran, queue: WorkQueue<Work>, letGo: () => void): Effect.Effect<void, StorageError> =>
    Effect.gen(function*() {
      const rest = inHand.openQueue()
      rest.put(queue.takeAll())
      if (ran._tag === "Follow") queue.put(ran.work)
      const next: Effect.Effect<unknown, StorageError> = ran._tag === "Concluded"
        ? committer.commit([ran.concluded], queue)
        : ran._tag === "Prepared"
        ? claimer.claim(0, null, [ran.prepared], queue)
        : Effect.void
      letGo()
      if (ran._tag === "Fenced") yield* reconciler.doubt
      yield* Effect.ensuring(
        next,
        Effect.sync(() => {
          // a younger sibling that may not join yet goes behind them: its elder may be among them
          const younger = queue.take((work) => work._tag === "Joining")
          queue.put(rest.takeAll())
          queue.put(younger)
          inHand.closeQueue(rest)
        })
      )
    })

  /**
   * Runs the work of a queue in this fiber, in order, and what follows from it as long as `mine` says so; the rest goes to the worker or
   * back. Only bodies can be interrupted: whoever is interrupted in a transition would not know what this process holds.
   */
  const runQueue = (
    queue: WorkQueue<Work>,
    mine: (id: string) => boolean,
    restore: Restore
  ): Effect.Effect<number, StorageError> =>
    Effect.gen(function*() {
      let count = 0
      while (queue.length() > 0) {
        yield* restore(Effect.void)
        const item = queue.next()
        if (item === undefined) break
        if (!mine(item.id)) {
          ready.put([item])
          yield* bodies.begin
          continue
        }
        count++
        yield* runOne(item, queue, restore)
      }
      return count
    })

  /**
   * A queue for work of the calling fiber, in which it is found when its action ends, or its answer was lost. What is left there goes
   * back.
   */
  const withQueue = <A, E>(use: (queue: WorkQueue<Work>) => Effect.Effect<A, E>): Effect.Effect<A, E> => {
    // at once, and not when the effect runs: a worker that stops waits for whoever has chosen it
    const queue = inHand.openQueue()
    return Effect.ensuring(
      use(queue),
      Effect.andThen(
        Effect.suspend(() => reconciler.giveBack(queue.all().map(({ id }) => id))),
        Effect.sync(() => inHand.closeQueue(queue))
      )
    )
  }

  return {
    performNow: (id, store, restore) =>
      withQueue((queue) =>
        Effect.gen(function*() {
          const token = yield* worker.lease.register
          yield* reconciler.keeping(
            [id],
            () => Effect.andThen(store(token), Effect.suspend(() => claimer.claim(0, id, [], queue)))
          )
          yield* runQueue(queue, (other) => other === id, restore)
          if (abandoned.isDue()) {
            yield* timers.tick(queue)
            yield* runQueue(queue, () => false, restore)
          }
        })
      ),
    performDue: Effect.uninterruptibleMask((restore) =>
      Effect.suspend(() =>
        withQueue((queue) =>
          Effect.gen(function*() {
            let count = yield* timers.tick(queue, true)
            count += yield* breakDeadlocks(worker)
            count += yield* runQueue(queue, () => true, restore)
            count += yield* claimer.claimAll(queue)
            count += yield* runQueue(queue, () => true, restore)
            if (count > 0) return count
            const alone = yield* worker.store.reserveAlone(yield* worker.lease.register, worker.catalogs.every())
            if (alone === null) return 0
            yield* claimer.claim(0, alone, [], queue)
            return yield* runQueue(queue, () => true, restore)
          })
        )
      )
    )
  }
}
