/** A step whose slots are all settled ends, and its action goes on or fails (rule 3.4). */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { checkPayload, codecOf } from "../../domain/Codec.ts"
import { errorText, fromChild, incompatible, marked, placeOf } from "../../domain/Failure.ts"
import type { StepIdentity } from "../../domain/Phase.ts"
import { fromTemplate } from "../../domain/ResultTemplate.ts"
import type { SettledSlot, StoredStep } from "../../store/Answer.ts"
import { type Concluded, decide } from "./decide.ts"
import { actionOf, atStep, idsOf, nextAfter, type Performance, placeAt, stepOf } from "./Performance.ts"
import { isEncoded, ranFor, readResult, settledValues, Unreadable, withResults } from "./results.ts"
import { exitOf, type Unhandled } from "./retry.ts"
import type { Surroundings } from "./Surroundings.ts"

export const concludeStep = (taken: Performance, env: Surroundings): Effect.Effect<Concluded, Unhandled> =>
  Effect.gen(function*() {
    const detail = taken.detail!
    const row = detail.steps.find(({ index }) => index === taken.step)
    const step: StepIdentity = row ?? stepOf(taken)
    const performance = atStep(taken, step)
    const place = placeAt(performance, step)
    const slots = (detail.slots ?? []).filter((slot) => slot.step === performance.step)
    const unsuccessful = slots.find(({ status }) => status !== "succeeded")
    if (unsuccessful !== undefined) {
      return decide(performance, { _tag: "Failed", cause: fromChild(place, ranFor(unsuccessful)) })
    }
    if (row?.marked === true) {
      return decide(performance, { _tag: "Failed", cause: marked(place) })
    }
    const settled = yield* exitOf(settle(performance, step, row, slots, env), env.settings)
    if (Exit.isSuccess(settled)) return decide(settled.value.performance, { ...settled.value, _tag: "StepSucceeded" })
    yield* env.log.failure(settled.cause, placeOf(actionOf(performance), performance.stepName), idsOf(performance))
    const error = settled.cause.reasons.find(Cause.isFailReason)?.error
    return decide(performance, {
      _tag: "Failed",
      cause: incompatible(
        place,
        error instanceof Unreadable
          ? errorText(error)
          : `IncompatibleResult: ${error === undefined ? Cause.pretty(settled.cause) : errorText(error)}`
      )
    })
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
    const values = yield* settledValues(slots, env)
    const stored = row?.result ?? null
    let value: unknown
    let encoded: unknown = null
    if (isEncoded(stored)) {
      encoded = stored.$encoded
      if (!isLast) value = yield* readResult(performance, env, step, performance.step, stored)
    } else if (stored !== null) {
      value = fromTemplate(stored, (slot) => values.get(slot))
      if (isLast && !definition.outbound) {
        encoded = yield* codecOf(definition.success).encode(value)
        yield* checkPayload(`result of ${definition.name}`, encoded, env.settings.payload)
      }
    }
    return { performance: yield* withResults(performance, env), step, value, stored, encoded }
  })
