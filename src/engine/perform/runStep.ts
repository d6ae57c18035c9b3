/** Running a step: its body, what it has asked for, and its result. */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { broken, marked as markedFailed, placeOf } from "../../domain/Failure.ts"
import { DefinitionError } from "../../SteppedError.ts"
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
import { answerOf, exitOf, stepFailed, type Unhandled } from "./retry.ts"
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
  const run = whenAsked(performance, step, env)
  if (step.transactional) {
    return transactional(
      performance,
      step,
      exitOf(run, env.settings),
      (exit) =>
        Exit.isSuccess(exit) ? afterBody(step, exit.value, env) : stepFailed(performance, step, exit.cause, env),
      env
    )
  }
  return Effect.matchCauseEffect(run, {
    onSuccess: (run) => afterBody(step, run, env),
    onFailure: (cause) =>
      Effect.flatMap(answerOf(cause, env.settings), (answer) => stepFailed(performance, step, answer, env))
  })
}

/** Asks whether the step is to run, and runs its body if so. */
const whenAsked = (taken: Performance, step: RunnableStep, env: Surroundings): Effect.Effect<BodyRun, unknown> => {
  const when = step.policy?.when
  if (when === undefined) return runBody(taken, step, env)
  return Effect.gen(function*() {
    const args = yield* argumentsOf(taken)
    const performance = yield* withResults(taken, env)
    const asked = Effect.suspend((): Effect.Effect<unknown, unknown> => {
      const answer: unknown = when(...args, performance.results)
      return Effect.isEffect(answer) ? answer as Effect.Effect<unknown, unknown> : Effect.succeed(answer)
    })
    const code = userCodeOf(performance, "when", { captured: step.body.context, step: step.name })
    const answer = yield* asUser(asked, code)
    if (answer === true) return yield* runBody(performance, step, env)
    if (answer === false) return { performance, value: undefined, effects: new BodyEffects(), skipped: true }
    return yield* new DefinitionError({
      message: `when of ${placeAt(performance, step)} gives true or false, or an effect that does`
    })
  })
}

const runBody = (taken: Performance, step: RunnableStep, env: Surroundings): Effect.Effect<BodyRun, unknown> =>
  Effect.flatMapEager(argumentsOf(taken), (args) =>
    Effect.flatMapEager(withResults(taken, env), (performance) => {
      const effects = new BodyEffects()
      const body = Effect.suspend(() =>
        (isGenerated(step) ? step.body.run(...args) : step.body.run(...args, performance.results)) as Effect.Effect<
          unknown,
          unknown
        >
      )
      const code = userCodeOf(performance, "step", {
        captured: step.body.context,
        step: step.name,
        service: stepService(performance, step, effects, env),
        ended: () => {
          effects.over = true
        }
      })
      return Effect.map(asUser(body, code), (value) => ({ performance, value, effects }))
    }))

/** From a body that has ended well to what is committed. */
const afterBody = (step: RunnableStep, run: BodyRun, env: Surroundings): Effect.Effect<Concluded, Unhandled> => {
  const { effects, performance, value } = run
  if (run.skipped === true) return Effect.succeed(decide(performance, { _tag: "StepSkipped", step }))
  const waits = effects.slots.length > 0
  const isLast = nextAfter(performance, step) === undefined
  return Effect.flatMapEager(
    exitOf(storeResult(performance, step, isLast, waits, value, env), env.settings),
    (result) =>
      Exit.isFailure(result)
        ? stepFailed(performance, step, result.cause, env)
        : Effect.succeed(afterStored(step, run, result.value))
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
