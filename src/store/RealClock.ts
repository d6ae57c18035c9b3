/**
 * The clock of the machine, on which leases and deadlines live: a test that moves its own clock by an hour ends no statement under way.
 */
import type * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import type * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"

/** The real clock, whatever clock the program runs on: leases and deadlines live there. */
export const realClock: Clock.Clock = Clock.Clock.defaultValue()

/** Milliseconds on the real clock that no correction of the machine's time moves. */
export const monotonic = (): number => performance.now()

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

/** A timer that is set to more goes off at once. */
const longestTimerMs = 2 ** 31 - 1

/**
 * The same as `Effect.timeoutOrElse` on the real clock: what is too late is interrupted, and its end waited for. With one fiber and a plain
 * timer, where racing against a sleep takes two more fibers, one of which is interrupted each time: every statement has a deadline.
 */
export const within = <A, E, R, E2>(
  effect: Effect.Effect<A, E, R>,
  limit: Duration.Duration,
  late: () => E2
): Effect.Effect<A, E | E2, R> =>
  Effect.contextWith((context: Context.Context<R>) =>
    Effect.callback<A, E | E2>((resume) => {
      const fiber = Effect.runForkWith(context)(effect)
      const timer = setTimeout(
        () => resume(Effect.andThen(Fiber.interrupt(fiber), Effect.suspend(() => Effect.fail(late())))),
        Math.min(Duration.toMillis(limit), longestTimerMs)
      )
      fiber.addObserver((exit) => {
        clearTimeout(timer)
        resume(exit)
      })
      return Fiber.interrupt(fiber)
    })
  )

/** A moment that is longer with each attempt: 20 ms, then twice as long each time, a second at most. */
export const pauseAfter = (attempt: number): Effect.Effect<void> => realSleep(Math.min(1000, 20 * 2 ** attempt))
