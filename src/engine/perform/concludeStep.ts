/** A step whose slots are all settled ends, and its action goes on or fails (rule 3.4). */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { errorText, fromChild, incompatible, marked, placeOf } from "../../domain/Failure.ts"
import { type StepIdentity, Undo } from "../../domain/Phase.ts"
import { fromTemplate } from "../../domain/ResultTemplate.ts"
import { IncompatibleSignal } from "../../SteppedError.ts"
import type { SettledSlot, StoredStep } from "../../store/Answer.ts"
import { ranFor } from "./attempted.ts"
import { stepEnds } from "./attempts.ts"
import { concludeChildren, concludeCompensation } from "./compensate.ts"
import type { Concluded } from "./concluding.ts"
import { decide } from "./decide.ts"
import { actionOf, atStep, findStep, idsOf, nextAfter, type Performance, placeAt, stepOf } from "./Performance.ts"
import { isEncoded, isItsOwn, readResult, settledValues, successOf, Unreadable, withResults } from "./results.ts"
import { exitOf, stepFailed, type Unhandled } from "./retry.ts"
import { hasPassed, isSignalSlot, signalFailure } from "./signals.ts"
import { stepLate } from "./stepLimit.ts"
import type { Surroundings } from "./Surroundings.ts"

export const concludeStep = (taken: Performance, env: Surroundings): Effect.Effect<Concluded, Unhandled> =>
  Effect.gen(function*() {
    const detail = taken.detail!
    const row = detail.steps.find(({ index }) => index === taken.step)
    const step: StepIdentity = row ?? stepOf(taken)
    const performance = atStep(taken, step)
    const place = placeAt(performance, step)
    if (performance.verdict?._tag === "timedOut") {
      return yield* stepFailed(performance, step, Cause.fail(stepLate(performance, performance.verdict.afterMs)), env)
    }
    const slots = (detail.slots ?? []).filter((slot) => slot.step === performance.step)
    const unsuccessful = slots.find((slot) =>
      slot.status !== "succeeded" && slot.asValue === undefined && !hasPassed(slot)
    )
    if (performance.outcome !== undefined) {
      if (step.kind === "compensation" && row?.undo === Undo.unwind) return yield* concludeChildren(performance, env)
      if (step.kind === "compensation") {
        const failure = unsuccessful === undefined ? undefined : fromChild(place, ranFor(unsuccessful))
        return yield* concludeCompensation(performance, failure, env)
      }
      // it was open when that was decided; nothing that it waited for was cut short, and all of it has come to a good end
      const succeeded = unsuccessful === undefined && row?.status === "performing" && !row.marked
      return decide(performance, { _tag: "Closed", succeeded })
    }
    if (unsuccessful !== undefined) {
      const failure = isSignalSlot(unsuccessful) ? yield* signalFailure(performance, step, unsuccessful) : undefined
      if (failure !== undefined) return yield* stepFailed(performance, step, failure, env)
      return yield* stepEnds(performance, { cause: fromChild(place, ranFor(unsuccessful)) }, env)
    }
    if (row?.marked === true) {
      return yield* stepEnds(performance, { cause: marked(place) }, env)
    }
    const settled = yield* exitOf(settle(performance, step, row, slots, env), env.settings)
    if (Exit.isSuccess(settled)) return decide(settled.value.performance, { ...settled.value, _tag: "StepSucceeded" })
    const error = settled.cause.reasons.find(Cause.isFailReason)?.error
    if (error instanceof IncompatibleSignal) return yield* stepFailed(performance, step, settled.cause, env)
    yield* env.log.failure(settled.cause, placeOf(actionOf(performance), performance.stepName), idsOf(performance))
    return yield* stepEnds(performance, {
      cause: incompatible(
        place,
        error instanceof Unreadable
          ? errorText(error)
          : `IncompatibleResult: ${error === undefined ? Cause.pretty(settled.cause) : errorText(error)}`
      )
    }, env)
  })

/** The step's result with those of its children in their places. */
const settle = (
  performance: Performance,
  step: StepIdentity,
  row: StoredStep | undefined,
  slots: ReadonlyArray<SettledSlot>,
  env: Surroundings
) =>
  Effect.gen(function*() {
    const { definition } = performance.runnable
    const isLast = nextAfter(performance, step) === undefined
    const values = yield* settledValues(performance, step, slots, env)
    const stored = row?.result ?? null
    let value: unknown
    let encoded: unknown = null
    const defined = findStep(performance, step)
    const isOwn = defined !== undefined && isItsOwn(performance, defined, isLast, true)
    if (isEncoded(stored)) {
      if (!isLast || isOwn) value = yield* readResult(performance, env, step, performance.step, stored)
      encoded = isOwn ? yield* successOf(performance, value, env) : stored.$encoded
    } else if (stored !== null) {
      value = fromTemplate(stored, (slot) => values.get(slot))
      if (isLast && !definition.outbound) encoded = yield* successOf(performance, value, env)
    }
    return { performance: yield* withResults(performance, env), step, value, stored, encoded }
  })
