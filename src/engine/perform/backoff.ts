/** When what has failed is tried again, as the engine's own schedule says. */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Pull from "effect/Pull"
import * as Schedule from "effect/Schedule"
import { longest } from "../../domain/duration.ts"
import type { Surroundings } from "./Surroundings.ts"

/** The wait before attempt number `attempts + 1`, or nothing when the schedule ends. */
export const backoff = (
  schedule: Schedule.Schedule<unknown>,
  attempts: number,
  now: number
): Effect.Effect<number | undefined> =>
  Effect.gen(function*() {
    const step = yield* Schedule.toStep(schedule)
    let delay: number | undefined
    let at = now
    for (let i = 0; i <= attempts; i++) {
      const result: Exit.Exit<[unknown, Duration.Duration], unknown> = yield* Effect.exit(
        step(at, undefined) as Pull.Pull<[unknown, Duration.Duration]>
      )
      if (Exit.isFailure(result)) return undefined
      delay = Duration.toMillis(result.value[1])
      at += delay
    }
    return delay === undefined ? undefined : Math.min(longest, delay)
  })

/** When to try again, or nothing when the schedule ends; one that fails itself decides nothing. */
export const dueAgain = (
  { log, settings }: Pick<Surroundings, "log" | "settings">,
  attempts: number,
  now: number
): Effect.Effect<number | undefined> =>
  Effect.map(
    Effect.catchCause(
      backoff(settings.retry, attempts, now),
      (broken) => Effect.as(log.broken("retry failed", broken), 10_000)
    ),
    (delay) => delay === undefined ? undefined : Math.ceil(now + delay)
  )
