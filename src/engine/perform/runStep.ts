/** Running a step: its body, what it has asked for, and its result. */
import type * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { broken, marked as markedFailed, placeOf } from "../../domain/Failure.ts"
import { DefinitionError } from "../../SteppedError.ts"
import { isGenerated, type RunnableStep } from "../Runnable.ts"
import { stepEnds } from "./attempts.ts"
import type { Concluded } from "./concluding.ts"
import { decide } from "./decide.ts"
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
import { Replaying } from "./replay.ts"
import { isEncoded, isItsOwn, storeResult, successOf, withResults } from "./results.ts"
import { answerOf, exitOf, stepFailed, suspended, type Unhandled } from "./retry.ts"
import { runUserCode } from "./runUserCode.ts"
import { withinLimit } from "./stepLimit.ts"
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
  const effects = new BodyEffects()
  // what fails after its condition has answered is not asked about again
  const begun = () => effects.isAsked ? { ...performance, isAsked: true } : performance
  const run = withinLimit(performance, step, whenAsked(performance, step, effects, env), env)
  if (step.transactional) {
    return transactional(
      performance,
      step,
      exitOf(run, env.settings),
      (exit) => Exit.isSuccess(exit) ? afterBody(step, exit.value, env) : stepFailed(begun(), step, exit.cause, env),
      env
    )
  }
  return Effect.matchCauseEffect(run, {
    onSuccess: (run) => afterBody(step, run, env),
    onFailure: (cause) =>
      Effect.flatMap(answerOf(cause, env.settings), (answer) => stepFailed(begun(), step, answer, env))
  })
}

/** Asks whether the step is to run, and runs its body if so. */
const whenAsked = (
  taken: Performance,
  step: RunnableStep,
  effects: BodyEffects,
  env: Surroundings
): Effect.Effect<BodyRun, unknown> => {
  const when = step.policy?.when
  if (when === undefined || taken.isAsked) return runBody(taken, step, effects, env)
  return Effect.gen(function*() {
    const args = yield* argumentsOf(taken)
    const performance = yield* withResults(taken, env)
    const asking = Effect.suspend((): Effect.Effect<unknown, unknown> => {
      const answer: unknown = when(...args, performance.results)
      return Effect.isEffect(answer) ? answer as Effect.Effect<unknown, unknown> : Effect.succeed(answer)
    })
    const code = userCodeOf(performance, "when", args, { captured: step.body.context, step: step.name })
    const answer = yield* runUserCode(asking, code)
    if (answer === true) {
      effects.isAsked = true
      return yield* runBody({ ...performance, isAsked: true }, step, effects, env)
    }
    if (answer === false) return { performance, value: undefined, effects, skipped: true }
    return yield* new DefinitionError({
      message: `when of ${placeAt(performance, step)} gives true or false, or an effect that does`
    })
  })
}

const runBody = (
  taken: Performance,
  step: RunnableStep,
  effects: BodyEffects,
  env: Surroundings
): Effect.Effect<BodyRun, unknown> =>
  Effect.flatMapEager(argumentsOf(taken), (args) =>
    Effect.flatMapEager(withResults(taken, env), (performance) => {
      const body = step.kind === "replayed" ?
        replayed(performance, step, args, effects, env) :
        Effect.suspend(() =>
          (isGenerated(step) ? step.body.run(...args) : step.body.run(...args, performance.results)) as Effect.Effect<
            unknown,
            unknown
          >
        )
      const code = userCodeOf(performance, "step", args, {
        captured: step.body.context,
        step: step.name,
        service: stepService(performance, step, effects, env),
        ended: () => {
          effects.over = true
        }
      })
      return Effect.map(
        runUserCode(body, code),
        (value) => ({ performance: effects.remembered(performance), value, effects })
      )
    }))

/** The body of an execution, with what it is replayed with. */
const replayed = (
  performance: Performance,
  step: RunnableStep,
  args: ReadonlyArray<unknown>,
  effects: BodyEffects,
  env: Surroundings
): Effect.Effect<unknown, unknown> =>
  Effect.flatMap(env.now, (now) =>
    step.body.run(
      ...args,
      new Replaying(performance, step, env, now, (cause, awaits, hasMissed) => {
        effects.suspends = { cause, awaits, hasMissed }
      })
    ) as Effect.Effect<unknown, unknown>)

/** From a body that has ended well to what is committed. */
const afterBody = (step: RunnableStep, run: BodyRun, env: Surroundings): Effect.Effect<Concluded, Unhandled> => {
  const { effects, performance, value } = run
  if (run.skipped === true) return Effect.succeed(decide(performance, { _tag: "StepSkipped", step }))
  if (effects.suspends !== undefined) return suspended(performance, step, effects.suspends, env)
  const waits = effects.slots.length > 0
  const isLast = nextAfter(performance, step) === undefined
  return Effect.flatMapEager(
    exitOf(storeResult(performance, step, isLast, waits, value, env), env.settings),
    (result) => {
      if (Exit.isFailure(result)) return notStored(run, step, result.cause, env)
      if (waits || !isItsOwn(performance, step, isLast, waits)) {
        return afterStored(step, run, result.value, undefined, env)
      }
      return Effect.flatMapEager(
        exitOf(successOf(performance, value, env), env.settings),
        (success) =>
          Exit.isFailure(success)
            ? notStored(run, step, success.cause, env)
            : afterStored(step, run, result.value, { encoded: success.value }, env)
      )
    }
  )
}

/** What a body gives cannot be stored: what an execution has come to may be, once somebody has seen to it. */
const notStored = (
  { effects, performance }: BodyRun,
  step: RunnableStep,
  cause: Cause.Cause<unknown>,
  env: Surroundings
): Effect.Effect<Concluded> => {
  // by that it has failed, marked or not: a transaction is taken back
  effects.marked = false
  return step.kind === "replayed"
    ? suspended(performance, step, { cause, awaits: [], hasMissed: false }, env)
    : stepFailed(performance, step, cause, env)
}

const afterStored = (
  step: RunnableStep,
  { effects, performance, value }: BodyRun,
  stored: unknown,
  /** The action's success, where what is stored of the step is none. */
  success: { readonly encoded: unknown } | undefined,
  env: Surroundings
): Effect.Effect<Concluded> => {
  const { marked, replaced, slots, starts } = effects
  const received = effects.received === undefined ? undefined : [...effects.received.ids]
  if (slots.length > 0) {
    const children = effects.inOrder()
    return Effect.map(env.now, (now) =>
      decide(performance, {
        _tag: "StepWaits",
        stored,
        slots: effects.waitsFor(now),
        children,
        marked,
        replaced,
        starts,
        received
      }))
  }
  if (marked) {
    return stepEnds(performance, { cause: markedFailed(placeAt(performance, step)), stored, replaced, starts }, env)
  }
  const encoded = success !== undefined ? success.encoded : isEncoded(stored) ? stored.$encoded : stored
  return Effect.succeed(
    decide(performance, { _tag: "StepSucceeded", step, value, stored, encoded, replaced, starts, received })
  )
}
