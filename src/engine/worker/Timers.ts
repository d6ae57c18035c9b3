/** What comes by itself with time: waits, timeouts and retries that are due. */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Latch from "effect/Latch"
import type { InvalidQuery, StorageError } from "../../SteppedError.ts"
import { monotonic, realClock } from "../../store/RealClock.ts"
import { isWorthSaying } from "../log.ts"
import { fireableOf, firePass } from "../schedules/firing.ts"
import type { Work, WorkerContext } from "./context.ts"
import type { WorkQueue } from "./InHand.ts"

export interface Timers {
  /** Something is due at a time, in ms of user time. */
  readonly know: (due: number) => void
  /** Its loop looks again what there is to do. */
  readonly wake: () => void
  /** The soonest time that is known here, for others; infinite, if there is none. */
  readonly next: () => number
  /**
   * Lets time have its effect, and ends what has lost its parent by it; `waits` for what of that somebody has locked. The work goes to `queue`. Gives
   * how much there was.
   */
  readonly tick: (queue: WorkQueue<Work>, waits?: boolean) => Effect.Effect<number, StorageError>
  /** As long as the worker has its context. */
  readonly loop: Effect.Effect<void>
  /** For something that comes again by itself: it says why it fails, unless the database is away, and the less often the longer it does. */
  readonly overlooking: () => (effect: Effect.Effect<void, StorageError | InvalidQuery>) => Effect.Effect<void>
}

export const make = (worker: WorkerContext): Timers => {
  const { bodies, committer, connections, failpoint, inHand, log, now, registry, settings, store } = worker
  const latch = Latch.makeUnsafe(false)
  /** User time of the next wait, timeout or retry that this worker knows of; the next look finds all others. */
  let next = Infinity

  const know = (due: number) => {
    if (due < next) {
      next = due
      latch.openUnsafe()
    }
  }

  const tick: Timers["tick"] = (queue, waits) =>
    Effect.gen(function*() {
      let count = 0
      for (let last = 1; last > 0;) {
        // until nothing is due: one kind of end a call
        const { ended, taken } = yield* worker.passes.run(store.tick, queue)
        last = taken.count
        count += last + ended
      }
      return count + (yield* worker.abandoned.run(queue, waits))
    })

  /** What was resumed goes on at once. Of schedules what fires after a time, if one is given. */
  const soonest = (after?: number) =>
    Effect.map(
      Effect.suspend(() => connections.ask(store.nextDueWith(fireableOf(registry), after))),
      ({ resumes, schedule = Infinity, timeout = Infinity, wait = Infinity }) => ({
        first: resumes ? -Infinity : Math.min(wait, timeout, schedule),
        schedule,
        times: [wait, timeout, schedule]
      })
    )

  /** Has schedules fire that are due; gives how many have gone on. */
  const fire = Effect.gen(function*() {
    const at = yield* now
    const { enqueued, moved } = yield* failpoint("fired", connections.ask(firePass(worker, fireableOf(registry), at)))
    if (enqueued > 0) {
      worker.onQueued()
      worker.claimer.more()
    }
    return moved
  })

  const overlooking: Timers["overlooking"] = () => {
    /** How often it has failed, one time after another. */
    let failures = 0
    return (effect) =>
      Effect.matchEffect(effect, {
        onSuccess: () => {
          failures = 0
          return Effect.void
        },
        onFailure: (error) =>
          Effect.flatMap(committer.answers, (isThere) =>
            isThere && isWorthSaying(failures++)
              ? log.trouble("cannot look after what is due", error, "trying again")
              : Effect.void)
      })
  }

  const look = Effect.gen(function*() {
    let due = yield* soonest()
    // what was due by then is looked after; what has become due since then is for the next look, which comes at once
    let until = yield* now
    // the one after it may be due long before the next poll; what stays due is for another worker, or a job to be claimed
    for (let count = 1; worker.abandoned.isDue() || (count > 0 && due.first <= until);) {
      count = yield* tick(inHand.ready)
      if (due.schedule <= until) count += yield* fire
      bodies.pump()
      due = yield* soonest()
      if (count > 0) until = yield* now
    }
    // one that stays due, as somebody has its row locked, stands in front of those that fire after it
    if (due.schedule <= until) due = yield* soonest(until)
    for (const time of due.times) if (time > until) know(time)
  })

  const loop: Effect.Effect<void> = Effect.gen(function*() {
    const pollMs = Duration.toMillis(settings.pollInterval)
    let seen = bodies.performed()
    let seenAt = monotonic()
    let lookedAt = monotonic()
    const overlooked = overlooking()
    while (worker.workContext() !== undefined) {
      const at = yield* now
      const untilTimer = next - at
      const untilLook = lookedAt + pollMs - monotonic()
      latch.closeUnsafe()
      if (!worker.abandoned.isDue() && untilTimer > 0 && untilLook > 0) {
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
      if (bodies.performed() !== seen || inHand.ready.length() === 0) {
        seen = bodies.performed()
        seenAt = monotonic()
      } else if (monotonic() - seenAt >= pollMs) yield* bodies.giveBackStalled
    }
  })

  return {
    know,
    wake: () => {
      latch.openUnsafe()
    },
    next: () => next,
    tick,
    loop,
    overlooking
  }
}
