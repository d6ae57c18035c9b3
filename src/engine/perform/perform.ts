/**
 * Performing: what this worker does next for one action that it holds, from user code run to what the next batch commits.
 *
 * `perform` runs user code outside every transaction (transactional steps excepted) and touches no table: its answer is a conclusion,
 * which the store commits for many actions at once. A crash before that commit runs the same code again.
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import { exhausted, placeOf } from "../../domain/Failure.ts"
import { ResultsTooLarge } from "../../SteppedError.ts"
import { inTrace } from "../trace.ts"
import { stepEnds } from "./attempts.ts"
import { abandoned, runCompensation } from "./compensate.ts"
import { concludeDecision } from "./concludeDecision.ts"
import { concludeStep } from "./concludeStep.ts"
import type { Concluded } from "./concluding.ts"
import { decide } from "./decide.ts"
import { actionOf, atStepToRun, isReplayed, type Performance, stepOf } from "./Performance.ts"
import { loadHead, loadPieces } from "./results.ts"
import { stepFailed, suspended, Unhandled } from "./retry.ts"
import { runCallbacks } from "./runCallbacks.ts"
import { runJob } from "./runJob.ts"
import { runStep } from "./runStep.ts"
import type { Surroundings } from "./Surroundings.ts"
import { isShielded } from "./unwinding.ts"

/**
 * Does what comes next for an action: runs a step, goes on after one, runs its callbacks or its job. Gives nothing where its own code has
 * ended the action: that is stored, and whatever follows from it too.
 */
export const perform = (
  performance: Performance,
  env: Surroundings
): Effect.Effect<Concluded | undefined, Unhandled> => {
  const { runnable } = performance
  const anew = runnable.nothing?.anew
  return anew === undefined ? performed(performance, env) : Effect.matchEffect(anew, {
    onFailure: (error) => Effect.fail(new Unhandled(Cause.fail(error), false, performance)),
    onSuccess: (encoded) => performed({ ...performance, runnable: { ...runnable, nothing: { encoded, anew } } }, env)
  })
}

const performed = (
  performance: Performance,
  env: Surroundings
): Effect.Effect<Concluded | undefined, Unhandled> =>
  performance.phase !== "callbacks" && performance.attempts >= env.settings.attempts
    ? giveUp(performance, env)
    : performance.apart || performance.received > env.settings.results
    ? loaded(performance, env)
    : dispatch(performance, env)

const dispatch = (performance: Performance, env: Surroundings): Effect.Effect<Concluded | undefined, Unhandled> =>
  inTrace(performance.tracing, Effect.suspend(() => whatComesNext(performance, env)))

const whatComesNext = (
  performance: Performance,
  env: Surroundings
): Effect.Effect<Concluded | undefined, Unhandled> => {
  const { verdict } = performance
  if (verdict?._tag === "abandon") return abandoned(performance, verdict.reason, env)
  if (
    verdict !== undefined && verdict._tag !== "timedOut" && verdict._tag !== "ends" && performance.outcome === undefined
  ) {
    return concludeDecision(performance, verdict, env)
  }
  switch (performance.phase) {
    case "callbacks":
      return runCallbacks(performance, env)
    case "waiting":
      return concludeStep(performance, env)
    case "job":
      return runJob(performance, env)
    case "unwinding":
      return runCompensation(performance, env)
    case "closing":
      // nobody runs its body: one that is shielded runs again, since only then what it has done is known
      return isShielded(performance)
        ? runStep(performance, env)
        : Effect.succeed(decide(performance, { _tag: "Closed", succeeded: false }))
    default:
      return runStep(performance, env)
  }
}

/** First loads what did not travel, or what would be too much to keep. */
const loaded = (taken: Performance, env: Surroundings): Effect.Effect<Concluded | undefined, Unhandled> => {
  const unhandled = (of: Performance) => (error: unknown) =>
    Effect.fail(new Unhandled(Cause.fail(error), env.settings.transient(error), of))
  return Effect.matchEffect(loadHead(taken, env), {
    onFailure: unhandled(taken),
    onSuccess: (head) => {
      const performance = atStepToRun(head)
      return Effect.matchEffect(loadPieces(performance, env), {
        onFailure: (error) => {
          if (!(error instanceof ResultsTooLarge)) return unhandled(performance)(error)
          const [step, cause] = [stepOf(performance), Cause.fail(error)]
          return isReplayed(performance)
            ? suspended(performance, step, { cause, awaits: [], hasMissed: false }, env)
            : stepFailed(performance, step, cause, env)
        },
        onSuccess: (whole) =>
          Effect.mapError(
            dispatch(whole, env),
            ({ cause, isTransient }) => new Unhandled(cause, isTransient, whole)
          )
      })
    }
  })
}

/** What has ended without an answer too often is not loaded once more: it may be the loading that does. */
const giveUp = (taken: Performance, env: Surroundings): Effect.Effect<Concluded> =>
  Effect.flatMap(
    taken.apart ? Effect.option(loadHead(taken, env)) : Effect.succeedNone,
    (head): Effect.Effect<Concluded> => {
      const performance = atStepToRun(head._tag === "Some" ? head.value : taken)
      // which compensation has failed, its rows say
      if (performance.phase === "unwinding" && performance.detail === undefined) {
        return Effect.map(env.now, (at) => decide(taken, { _tag: "Again", due: at + 10_000, burns: false }))
      }
      const place = placeOf(actionOf(performance), performance.stepName)
      if (isReplayed(performance)) {
        return Effect.succeed(
          decide(performance, { _tag: "Suspended", failure: exhausted(place, performance.attempts) })
        )
      }
      return stepEnds(performance, { cause: exhausted(place, performance.attempts) }, env)
    }
  )
