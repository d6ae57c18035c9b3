/** What comes by itself with time: waits, timeouts and retries that are due, and what ended actions have left behind. */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Latch from "effect/Latch"
import type { InvalidQuery, StorageError } from "../../SteppedError.ts"
import { monotonic, pauseAfter, realClock } from "../../store/RealClock.ts"
import { type Pass, tookTooLong } from "../../store/Store.ts"
import * as BatchSize from "../BatchSize.ts"
import { logWarning } from "../log.ts"
import type { Read } from "./Answers.ts"
import type { Work, WorkerContext } from "./context.ts"

export interface Timers {
  /** Something is due at a time, in ms of user time. */
  readonly know: (due: number) => void
  /** Children of ended parents are to be looked at. */
  readonly pruneDue: () => void
  readonly isPruneDue: () => boolean
  /** Lets time and cleaning up have their effect. The work goes to `place`. Gives how much there was. */
  readonly tick: (place: Array<Work>) => Effect.Effect<number, StorageError>
  /** As long as the worker has its home. */
  readonly loop: Effect.Effect<void>
  /** What comes again by itself: it says why it fails, unless the database is away. */
  readonly overlooked: (effect: Effect.Effect<void, StorageError | InvalidQuery>) => Effect.Effect<void>
}

const tickMax = 500

export const make = (worker: WorkerContext): Timers => {
  const { bodies, committer, connections, failpoint, gate, inHand, now, queue, registry, settings, store } = worker
  const size = BatchSize.make(tickMax)
  const latch = Latch.makeUnsafe(false)
  /** User time of the next wait, timeout or retry that this process knows of; the next look finds all others. */
  let next = Infinity
  let pruning = false

  const know = (due: number) => {
    if (due < next) {
      next = due
      latch.openUnsafe()
    }
  }

  const tick: Timers["tick"] = (place) =>
    Effect.gen(function*() {
      let count = 0
      const run = (pass: Pass): Effect.Effect<Read, StorageError> =>
        Effect.gen(function*() {
          const token = yield* worker.lease.register
          const at = yield* now
          const asked = failpoint("ticked", connections.ask(pass(token, at, registry.catalog(), size.get())))
          const passed = Effect.flatMap(asked, (answer) =>
            Effect.map(worker.answers.read(answer, at, false), (read) => {
              size.passed()
              worker.reconciler.handTo(token, place, read.work)
              count += read.taken.count + read.ended
              return read
            }))
          return yield* gate.shared(worker.reconciler.keeping([], () => passed)).pipe(
            Effect.tapError((error) => Effect.sync(() => tookTooLong(error) ? size.refused(size.get()) : undefined))
          )
        })
      while ((yield* run(store.tick)).taken.count > 0) {
        /* until nothing is due: one kind of end a call */
      }
      do {
        pruning = false
        // again at once for the next level, in a moment for what somebody is just claiming
        if ((yield* run(store.prune)).ended === 0 && pruning) yield* pauseAfter(0)
      } while (pruning)
      return count
    })

  const soonest = Effect.map(
    connections.ask(queue.nextDue),
    ({ timeout, wait }) => Math.min(wait ?? Infinity, timeout ?? Infinity)
  )

  const overlooked: Timers["overlooked"] = (effect) =>
    Effect.catch(effect, (error) =>
      Effect.flatMap(
        committer.answers,
        (isThere) => isThere ? logWarning("stepped: cannot look after what is due, trying again", error) : Effect.void
      ))

  const look = Effect.gen(function*() {
    let first = yield* soonest
    // the one after it may be due long before the next poll; what stays due is for another worker, or a job to be claimed
    for (let count = 1; pruning || (count > 0 && first <= (yield* now));) {
      count = yield* tick(inHand.ready)
      bodies.pump()
      first = yield* soonest
    }
    if (first > (yield* now)) know(first)
  })

  const loop: Effect.Effect<void> = Effect.gen(function*() {
    const pollMs = Duration.toMillis(settings.pollInterval)
    let seen = bodies.performed()
    let seenAt = monotonic()
    let lookedAt = monotonic()
    while (worker.home() !== undefined) {
      const at = yield* now
      const untilTimer = next - at
      const untilLook = lookedAt + pollMs - monotonic()
      latch.closeUnsafe()
      if (!pruning && untilTimer > 0 && untilLook > 0) {
        yield* Effect.raceFirst(
          latch.await,
          Effect.provideService(Effect.sleep(Math.ceil(Math.min(untilLook, untilTimer))), Clock.Clock, realClock)
        )
        // told of an earlier time, or awake: which of them it is says the clock
        continue
      }
      lookedAt = monotonic()
      next = Infinity
      // what this process knew of is forgotten by then: after a failure it looks again in a moment
      yield* overlooked(Effect.tapError(look, () => Effect.map(now, (since) => know(since + 1000))))
      worker.claimer.wake()
      bodies.pump()
      if (bodies.performed() !== seen || inHand.ready.length === 0) {
        seen = bodies.performed()
        seenAt = monotonic()
      } else if (monotonic() - seenAt >= pollMs) yield* bodies.giveBackStalled
    }
  })

  return {
    know,
    pruneDue: () => {
      pruning = true
      latch.openUnsafe()
    },
    isPruneDue: () => pruning,
    tick,
    loop,
    overlooked
  }
}
