/**
 * The clock of the machine, on which leases and deadlines live: a test that moves its own clock by an hour ends no statement under way.
 */
import type * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"

/** The real clock, whatever clock the program runs on: leases and deadlines live there. */
export const realClock: Clock.Clock = Clock.Clock.defaultValue()

/** Milliseconds on the real clock that no correction of the machine's time moves. */
export const monotonic = (): number => Number(realClock.monotonicTimeNanosUnsafe()) / 1e6

export const realSleep = (duration: Duration.Input): Effect.Effect<void> =>
  Effect.provideService(Effect.sleep(duration), Clock.Clock, realClock)

/**
 * Waits for an effect as long as this. Then it is interrupted, and its end is not waited for: on a connection that has died in silence,
 * giving up a statement takes seconds too. Whoever is interrupted himself does not wait for it either.
 */
export const abandonAfter = <A, E, R>(
  effect: Effect.Effect<A, E, R>,
  limit: Duration.Input
): Effect.Effect<A, E | Cause.TimeoutError, R> =>
  Effect.acquireUseRelease(
    Effect.forkDetach(Effect.interruptible(effect)),
    (fiber) => Effect.provideService(Effect.timeout(Fiber.join(fiber), limit), Clock.Clock, realClock),
    (fiber) => Effect.sync(() => fiber.interruptUnsafe())
  )

/** A moment that is longer with each attempt: 20 ms, then twice as long each time, a second at most. */
export const pauseAfter = (attempt: number): Effect.Effect<void> => realSleep(Math.min(1000, 20 * 2 ** attempt))
