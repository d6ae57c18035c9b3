/** Running a step: its body, what it has asked for, and its result. */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { broken, marked as markedFailed, placeOf } from "../../domain/Failure.ts"
import { isGenerated, type RunnableStep } from "../Registry.ts"
import { asUser } from "../userCode.ts"
import { type Concluded, decide } from "./decide.ts"
import {
  actionOf,
  argumentsOf,
  atStep,
  nextAfter,
  type Performance,
  placeAt,
  stepToRun,
  userCodeOf
} from "./Performance.ts"
import { isEncoded, storeResult, withResults } from "./results.ts"
import { exitOf, stepFailed, type Unhandled } from "./retry.ts"
import { BodyEffects, type BodyRun, stepService } from "./stepService.ts"
import type { Surroundings } from "./Surroundings.ts"
import { transactional } from "./transactional.ts"

/** Runs the step that is next. */
export const runStep = (taken: Performance, env: Surroundings): Effect.Effect<Concluded | undefined, Unhandled> => {
  const step = stepToRun(taken)
  const performance = atStep(taken, step)
  if (step === undefined) {
    return Effect.succeed(decide(performance, {
      _tag: "Failed",
      cause: broken(
        placeOf(actionOf(performance), performance.stepName),
        "the definition has no step to go on with"
      )
    }))
  }
  const run = exitOf(runBody(performance, step, env), env.settings)
  const after = (exit: Exit.Exit<BodyRun, unknown>) => afterBody(performance, step, exit, env)
  return step.transactional ? transactional(performance, step, run, after, env) : Effect.flatMap(run, after)
}

const runBody = (taken: Performance, step: RunnableStep, env: Surroundings): Effect.Effect<BodyRun, unknown> =>
  Effect.flatMap(argumentsOf(taken), (args) =>
    Effect.flatMap(withResults(taken, env), (performance) => {
      const effects = new BodyEffects()
      // before the scope closes: finalizers come after the body
      const body = Effect.ensuring(
        Effect.suspend(() =>
          (isGenerated(step) ? step.body.run(...args) : step.body.run(...args, performance.results)) as Effect.Effect<
            unknown,
            unknown
          >
        ),
        Effect.sync(() => {
          effects.over = true
        })
      )
      const service = stepService(performance, step, effects, env)
      const code = userCodeOf(performance, "step", { captured: step.body.context, step: step.name, service })
      return Effect.map(asUser(body, code), (value) => ({ performance, value, effects }))
    }))

/** From a body's exit to what is committed. */
const afterBody = (
  taken: Performance,
  step: RunnableStep,
  exit: Exit.Exit<BodyRun, unknown>,
  env: Surroundings
): Effect.Effect<Concluded, Unhandled> => {
  if (Exit.isFailure(exit)) return stepFailed(taken, step, exit.cause, env)
  const { effects, performance, value } = exit.value
  const waits = effects.slots.length > 0
  const isLast = nextAfter(performance, step) === undefined
  return Effect.flatMap(
    exitOf(storeResult(performance, step, isLast, waits, value, env), env.settings),
    (result) =>
      Exit.isFailure(result)
        ? stepFailed(performance, step, result.cause, env)
        : Effect.succeed(afterStored(step, exit.value, result.value))
  )
}

const afterStored = (step: RunnableStep, { effects, performance, value }: BodyRun, stored: unknown): Concluded => {
  const { marked, replaced, slots } = effects
  if (slots.length > 0) {
    return decide(performance, { _tag: "StepWaits", stored, slots, children: effects.inOrder(), marked, replaced })
  }
  if (marked) {
    return decide(performance, { _tag: "Failed", cause: markedFailed(placeAt(performance, step)), stored, replaced })
  }
  const encoded = isEncoded(stored) ? stored.$encoded : stored
  return decide(performance, { _tag: "StepSucceeded", step, value, stored, encoded, replaced })
}
