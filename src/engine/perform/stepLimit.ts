/** A step's own time (rule 9.4): it counts from the first claim of its attempt, whoever runs its body, and however often. */
import * as Effect from "effect/Effect"
import { actorText } from "../../domain/Failure.ts"
import { StepTimedOut } from "../../SteppedError.ts"
import type { RunnableStep } from "../Runnable.ts"
import { type Performance, placeAt, stepOf } from "./Performance.ts"
import type { Surroundings } from "./Surroundings.ts"
import { stepUnderWay, undoneUntil } from "./unwinding.ts"

/** When the step's time is over, in ms of user time, if it has a limit. */
export const limitOf = (performance: Performance): number | undefined => {
  const timeout = stepUnderWay(performance)?.policy?.timeout
  const own = timeout === undefined || timeout === Infinity ? undefined : performance.stepStartedAt + timeout
  const all = undoneUntil(performance)
  return all === undefined || (own !== undefined && own <= all) ? own : all
}

/** What a step fails with when its time is over. */
export const stepLate = (performance: Performance, timeoutMs: number): StepTimedOut => {
  const { actorId, id, runnable } = performance
  return new StepTimedOut({
    action: runnable.definition.name,
    actor: actorText(runnable.key, actorId),
    actionId: id,
    path: placeAt(performance, stepOf(performance)),
    timeoutMs
  })
}

/** A timer holds no more than some weeks, and the clock may be corrected meanwhile. */
const longestSleepMs = 24 * 60 * 60 * 1000

const until = (at: number, env: Surroundings): Effect.Effect<void> =>
  Effect.flatMap(
    env.now,
    (now) => now >= at ? Effect.void : Effect.andThen(Effect.sleep(Math.min(at - now, longestSleepMs)), until(at, env))
  )

/**
 * Runs a step's body within its limit: it is interrupted then, and what ends later than that has timed out, whatever it gives. With nothing left
 * it does not run at all.
 */
export const withinLimit = <A>(
  performance: Performance,
  step: RunnableStep,
  run: Effect.Effect<A, unknown>,
  env: Surroundings
): Effect.Effect<A, unknown> => {
  // nearly all have none
  const at = step.policy?.timeout === undefined && step.kind !== "compensation" ? undefined : limitOf(performance)
  if (at === undefined) return run
  const late = Effect.suspend(() => Effect.fail(stepLate(performance, at - performance.stepStartedAt)))
  return Effect.flatMap(env.now, (now) =>
    now >= at
      ? late
      : Effect.flatMap(
        Effect.raceFirst(Effect.exit(run), until(at, env)),
        (exit) => exit === undefined ? late : Effect.flatMap(env.now, (ended) => ended >= at ? late : exit)
      ))
}
