/** Runs what undoes an action's steps, one after another (rule 10.2). What has failed for good stops no other. */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { codecOf } from "../../domain/Codec.ts"
import { actionText, broken, errorText, type FailureCause, incompatible, line, marked } from "../../domain/Failure.ts"
import { Cancelled, DefinitionError, TimedOut } from "../../SteppedError.ts"
import type { StoredStep } from "../../store/Answer.ts"
import { errorOf, fromCause } from "../causes.ts"
import { isGenerated, type RunnableStep } from "../Runnable.ts"
import { stepEnds } from "./attempts.ts"
import type { Concluded } from "./concluding.ts"
import { decide } from "./decide.ts"
import { actionOf, argumentsOf, atStep, idsOf, type Performance, placeAt, stepOf, userCodeOf } from "./Performance.ts"
import { readResult, resultsBefore } from "./results.ts"
import { exitOf, type Unhandled } from "./retry.ts"
import { outcomeFor } from "./runCallbacks.ts"
import { runUserCode } from "./runUserCode.ts"
import { withinLimit } from "./stepLimit.ts"
import { BodyEffects, type BodyRun, stepService } from "./stepService.ts"
import type { Reading, Surroundings } from "./Surroundings.ts"
import { transactional } from "./transactional.ts"
import { atCompensation, compensationFor, isToBegin, type Left, planFor, undoneNow, undoneUntil } from "./unwinding.ts"

/** Runs the compensation that is next; gives what ends the action where none is left. */
export const runCompensation = (
  taken: Performance,
  env: Surroundings
): Effect.Effect<Concluded | undefined, Unhandled> =>
  Effect.gen(function*() {
    const { next } = planFor(taken)
    if (next === undefined) return decide(taken, { _tag: "Unwound" })
    if (isToBegin(taken)) return yield* beginning(taken, env)
    const until = undoneUntil(taken)
    if (until !== undefined && (yield* env.now) >= until) return yield* late(taken, env)
    const { row } = next
    const performance = atCompensation(taken)
    if (next.children) {
      const slots = { slots: [], children: [], stored: null, marked: false }
      return decide(performance, { ...slots, _tag: "StepWaits" })
    }
    const place = placeAt(performance, stepOf(performance))
    const failed = (cause: FailureCause) => neverAgain(performance, cause, env)
    const step = compensationFor(taken, row)
    if (step === undefined) {
      return yield* failed(broken(place, "the definition no longer has what undoes the step"))
    }
    const given = yield* exitOf(givenTo(taken, row, env), env.settings)
    if (Exit.isFailure(given)) {
      const error = given.cause.reasons.find(Cause.isFailReason)?.error
      const text = error === undefined ? Cause.pretty(given.cause) : errorText(error)
      return yield* failed(incompatible(place, `what undoes the step cannot read its result: ${text}`))
    }
    // what undoes the action as a whole, or its method, receives no results
    const before = row === undefined || isGenerated(row) ? undefined : row.index
    const body = runBody(performance, step, given.value, before, env)
    const run = exitOf(withinLimit(performance, step, body, env), env.settings)
    const after = (exit: Exit.Exit<BodyRun, unknown>) =>
      Exit.isSuccess(exit)
        ? afterBody(exit.value, env)
        : compensationFailed(performance, exit.cause, env)
    return step.transactional
      // the action's own time is over, and no longer counts
      ? yield* transactional({ ...performance, timeoutAt: undefined }, step, run, after, env)
      : yield* Effect.flatMap(run, after)
  })

/** Asks the action whether its steps are undone, before the first of them is; what cannot be asked is undone. */
const beginning = (performance: Performance, env: Surroundings): Effect.Effect<Concluded> =>
  Effect.gen(function*() {
    const { definition } = performance.runnable
    const { timeout, when } = definition.undoing!
    // of one that has ended well its parent has decided
    if (when !== undefined && performance.unwinds === undefined) {
      const answer = yield* Effect.exit(
        Effect.map(outcomeFor(performance, performance.outcome!), (outcome): unknown => when(outcome))
      )
      if (Exit.isSuccess(answer) && answer.value === false) return decide(performance, { _tag: "Kept" })
      if (Exit.isFailure(answer) || answer.value !== true) {
        const cause = Exit.isFailure(answer)
          ? answer.cause
          : Cause.die(new DefinitionError({ message: `compensateWhen of ${definition.name} gives true or false` }))
        yield* env.log.broken(`compensateWhen of ${actionOf(performance)} failed, and its steps are undone`, cause)
      }
    }
    const until = timeout === undefined ? undefined : Math.ceil((yield* env.now) + timeout)
    return decide(performance, { _tag: "UndoingBegins", until })
  })

/** The time is over in which its steps are undone. */
const late = (performance: Performance, env: Surroundings): Effect.Effect<Concluded> => {
  const message = "not tried, since the time to undo the action's steps is over"
  return Effect.as(
    env.log.error(`${actionOf(performance)}: what is left to undo is ${message}`, idsOf(performance)),
    decide(performance, { _tag: "GivenUp", message })
  )
}

/** Somebody has decided that what is left is not tried any more. */
export const abandoned = (taken: Performance, reason: string, env: Surroundings): Effect.Effect<Concluded> => {
  const row = taken.phase === "waiting" ? taken.detail?.steps.find(({ index }) => index === taken.step) : undefined
  const performance = atStep(taken, row)
  return Effect.as(
    env.log.warning(`${actionOf(performance)}: what is left to undo is abandoned: ${reason}`, idsOf(performance)),
    decide(performance, { _tag: "GivenUp", message: `abandoned: ${reason}` })
  )
}

/** A compensation whose slots are all settled ends; it has failed if one of its children did not succeed. */
export const concludeCompensation = (
  performance: Performance,
  failure: FailureCause | undefined,
  env: Surroundings
): Effect.Effect<Concluded> =>
  failure === undefined
    ? Effect.succeed(decide(performance, { _tag: "Compensated" }))
    : againOrNever(performance, failure, env)

/** The children of a step are unwound, as far as they could be: what could not be undone of them is not tried again, since they have done that. */
export const concludeChildren = (performance: Performance, env: Surroundings): Effect.Effect<Concluded> =>
  Effect.suspend(() => {
    const { index, name } = undoneStep(performance)
    const children = performance.detail?.unwound ?? []
    const left: Left = {
      notUndone: children.flatMap(({ actorId, child, definition, left }) =>
        (left.notUndone ?? []).map(({ message, step }) => ({
          step: name,
          index,
          child,
          message: `${actionText(definition, actorId)} › ${step}: ${message}`
        }))
      ),
      kept: children.flatMap(({ actorId, child, definition, isKept, left }) => [
        ...isKept ? [{ step: name, index, child, action: actionText(definition, actorId) }] : [],
        ...(left.kept ?? []).map((kept) => ({ ...kept, step: name, index }))
      ]),
      uncertain: children.flatMap(({ actorId, definition, left }) =>
        (left.uncertain ?? []).map((step) => `${actionText(definition, actorId)} › ${step}`)
      )
    }
    const [first] = left.notUndone ?? []
    if (first === undefined) return Effect.succeed(decide(performance, { _tag: "ChildrenUnwound", left }))
    const cause = broken(placeAt(performance, stepOf(performance)), first.message)
    return Effect.as(
      env.log.error(`${line(cause)} (what the child has done is not undone)`, idsOf(performance)),
      decide(performance, { _tag: "ChildrenUnwound", left, cause })
    )
  })

const undoneStep = (performance: Performance): { readonly index: number; readonly name: string } => {
  const index = undoneNow(performance)?.undoes ?? 0
  return { index, name: performance.detail?.steps.find((row) => row.index === index)?.name ?? String(index + 1) }
}

/** What the step has given, or why it has given nothing. */
export const givenTo = (
  performance: Performance,
  row: StoredStep | undefined,
  env: Reading
): Effect.Effect<unknown, unknown> =>
  row === undefined
    ? codecOf(performance.runnable.definition.success).decode(performance.outcome!.result)
    : row.status !== "succeeded"
    ? withoutResult(performance, row)
    : row.result === null
    ? Effect.undefined
    : readResult(performance, env, row, row.index, row.result)

const withoutResult = (
  { actorId, id, outcome, ref, runnable }: Performance,
  row: StoredStep
): Effect.Effect<unknown> => {
  const { cause, status } = outcome!
  const passed = row.result as { readonly $failure?: FailureCause } | null
  if (row.status === "failed" || status === "failed") return errorOf(runnable, id, actorId, passed?.$failure ?? cause)
  const ended = {
    action: runnable.definition.name,
    actor: String(ref),
    actionId: id,
    path: cause?.path ?? runnable.definition.name
  }
  return Effect.succeed(
    status === "timed_out"
      ? new TimedOut(ended)
      : new Cancelled({ ...ended, ...cause?.reason === undefined ? {} : { reason: cause.reason } })
  )
}

/** A body has marked its compensation as failed. */
class Marked {
  readonly _tag = "Marked"
}

const runBody = (
  performance: Performance,
  step: RunnableStep,
  given: unknown,
  before: number | undefined,
  env: Surroundings
): Effect.Effect<BodyRun, unknown> =>
  Effect.gen(function*() {
    const args = yield* argumentsOf(performance)
    const results = before === undefined ? [] : [yield* resultsBefore(performance, before, env)]
    const effects = new BodyEffects()
    const body = Effect.suspend(() => step.body.run(given, ...args, ...results) as Effect.Effect<unknown, unknown>)
    const value = yield* runUserCode(
      body,
      userCodeOf(performance, "compensation", args, {
        captured: step.body.context,
        step: step.name,
        service: stepService(performance, step, effects, env),
        ended: () => {
          effects.over = true
        }
      })
    )
    return effects.marked
      ? yield* Effect.fail(new Marked())
      : { performance: effects.remembered(performance), value, effects }
  })

const afterBody = ({ effects, performance }: BodyRun, env: Surroundings): Effect.Effect<Concluded> => {
  const { replaced, slots, starts } = effects
  return slots.length > 0
    ? Effect.map(env.now, (now) =>
      decide(performance, {
        _tag: "StepWaits",
        stored: null,
        slots: effects.waitsFor(now),
        children: effects.inOrder(),
        marked: false,
        replaced,
        starts
      }))
    : Effect.succeed(decide(performance, { _tag: "Compensated", replaced, starts }))
}

const compensationFailed = (
  performance: Performance,
  cause: Cause.Cause<unknown>,
  env: Surroundings
): Effect.Effect<Concluded> =>
  Effect.gen(function*() {
    const place = placeAt(performance, stepOf(performance))
    const isMarked = cause.reasons.some((reason) => Cause.isFailReason(reason) && reason.error instanceof Marked)
    const failure = isMarked
      ? marked(place)
      : yield* fromCause(cause, {
        place,
        error: performance.runnable.definition.error,
        limit: env.settings.payload,
        isLeft: true
      })
    return yield* againOrNever(performance, failure, env, isMarked ? undefined : cause)
  })

/** It has failed for good: nobody else may ever hear of it. */
const neverAgain = (performance: Performance, cause: FailureCause, env: Surroundings): Effect.Effect<Concluded> =>
  Effect.as(
    env.log.error(`${line(cause)} (what the step has done is not undone)`, idsOf(performance)),
    decide(performance, { _tag: "Failed", cause })
  )

const againOrNever = (
  performance: Performance,
  failure: FailureCause,
  env: Surroundings,
  cause?: Cause.Cause<unknown>
): Effect.Effect<Concluded> =>
  Effect.tap(
    stepEnds(performance, { cause: failure }, env, cause),
    ({ conclusion }) =>
      conclusion._tag === "StepRetries"
        ? env.log.warning(
          `${line(failure)} (is tried again at ${new Date(conclusion.due).toISOString()})`,
          idsOf(performance)
        )
        : Effect.void
  )
