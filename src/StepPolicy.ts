/**
 * What a step has beside its body and its result: as programs give it, and as the engine reads it.
 *
 * @since 0.1.0
 */
import type { Duration, Effect } from "effect"
import type { PlainSchema } from "./Actor.ts"
import type {
  CompensationDefinition,
  CompensationOptions,
  GivenCompensation,
  UndoingDefinition
} from "./Compensation.ts"
import { readDuration } from "./domain/duration.ts"
import { defineRetry, type Retry, type RetryDefinition } from "./Retry.ts"
import { DefinitionError, InvalidDuration } from "./SteppedError.ts"

/**
 * What a step has beside its body and its result, as the engine runs it.
 *
 * @category definitions
 * @since 0.1.0
 */
export interface StepPolicy {
  readonly when: undefined | ((...args: ReadonlyArray<any>) => boolean | Effect.Effect<boolean, unknown, any>)
  readonly mayFail: boolean
  /** In ms; infinite where the defaults of an action do not hold. */
  readonly timeout?: number | undefined
  /** None where the defaults of an action hold. */
  readonly retry?: RetryDefinition | undefined
  /** Nothing of an earlier attempt is used by a later one. */
  readonly fresh?: boolean
  readonly compensate?: CompensationDefinition | undefined
  readonly compensateFailed?: CompensationDefinition | undefined
  readonly pointOfNoReturn?: boolean | undefined
  /** Its children are unwound with it. */
  readonly unwind?: boolean | undefined
  /** Whoever ends the action waits for the end of the body. */
  readonly shielded?: boolean | undefined
  /** None where the defaults of an action hold. */
  readonly onExhausted?: OnExhausted | undefined
}

/**
 * What becomes of a step that has failed, and does not begin again.
 *
 * @category models
 * @since 0.1.0
 */
export type OnExhausted = "fail" | "hold"

/**
 * What holds for all steps of an action that do not say otherwise, as the engine runs it.
 *
 * @category definitions
 * @since 0.1.0
 */
export interface StepDefaults {
  readonly timeout: number | undefined
  readonly retry: RetryDefinition | undefined
  readonly onExhausted: OnExhausted | undefined
}

/**
 * Options as the engine reads them.
 *
 * @internal
 */
export interface GivenOptions
  extends Partial<Omit<StepPolicy, "timeout" | "retry" | "compensate" | "compensateFailed">>
{
  readonly timeout?: Duration.Input
  readonly retry?: Retry<never, unknown>
  readonly result?: PlainSchema
  readonly transactional?: boolean
  readonly compensate?: GivenCompensation
  readonly compensateFailed?: GivenCompensation
}

/**
 * A step's policy; none where nothing is said.
 *
 * @internal
 */
export const policyOf = (
  of: string,
  { fresh = false, mayFail = false, onExhausted, retry, timeout, when, ...undoing }: GivenOptions = {}
): StepPolicy | undefined => {
  const compensate = compensationOf(`compensate of ${of}`, undoing.compensate)
  const compensateFailed = compensationOf(`compensateFailed of ${of}`, undoing.compensateFailed)
  const pointOfNoReturn = undoing.pointOfNoReturn === true
  const unwind = undoing.unwind === true
  const shielded = undoing.shielded === true
  const given = [when, timeout, retry, onExhausted, compensate, compensateFailed]
  const isPlain = given.every((option) => option === undefined) && !mayFail && !fresh && !pointOfNoReturn &&
    !unwind && !shielded
  return isPlain ? undefined : {
    onExhausted: checkExhausted(of, onExhausted),
    mayFail,
    when,
    timeout: timeout === undefined ? undefined : stepTimeout(of, timeout),
    retry: retry === undefined ? undefined : defineRetry(of, retry),
    fresh,
    compensate,
    compensateFailed,
    pointOfNoReturn,
    unwind,
    shielded
  }
}

/**
 * What undoes a step, or an action, as the engine runs it; throws a `DefinitionError` where its options can be none.
 *
 * @internal
 */
export const compensationOf = (
  of: string,
  given: GivenCompensation | undefined
): CompensationDefinition | undefined => {
  if (given === undefined) return undefined
  const { retry, run, timeout, transactional = false } = typeof given === "function" ? { run: given } : given
  return {
    run,
    transactional,
    retry: retry === undefined ? undefined : defineRetry(of, retry),
    timeout: timeout === undefined ? undefined : stepTimeout(of, timeout)
  }
}

/**
 * Whether and how an action's steps are undone; none where nothing is said. Throws a `DefinitionError` where it can be none.
 *
 * @internal
 */
export const undoingOf = (
  name: string,
  when: UndoingDefinition["when"],
  { onFailure, timeout }: CompensationOptions = {}
): UndoingDefinition | undefined => {
  if (when !== undefined && typeof when !== "function") {
    throw new DefinitionError({ message: `compensateWhen of ${name} is no function` })
  }
  if (onFailure !== undefined && onFailure !== "continue" && onFailure !== "stop") {
    throw new DefinitionError({
      message: `onFailure of the compensation of ${name} is ${String(onFailure)}: it takes "stop", or "continue"`
    })
  }
  const millis = timeout === undefined ? Infinity : stepTimeout(`the compensation of ${name}`, timeout)
  return when === undefined && onFailure !== "stop" && millis === Infinity
    ? undefined
    : { when, stops: onFailure === "stop", timeout: millis === Infinity ? undefined : millis }
}

/**
 * The timeout of a step, or of the steps of an action, in ms; throws a `DefinitionError` where it can be none.
 *
 * @internal
 */
export const stepTimeout = (of: string, given: Duration.Input): number => {
  try {
    return readDuration(`timeout of ${of}`, given, { least: 1, infinity: "for none" })
  } catch (error) {
    throw error instanceof InvalidDuration ? new DefinitionError({ message: error.message }) : error
  }
}

/**
 * What is to become of a step that has failed; throws a `DefinitionError` where it can be none.
 *
 * @internal
 */
export const checkExhausted = (of: string, given: OnExhausted | undefined): OnExhausted | undefined => {
  if (given === undefined || given === "fail" || given === "hold") return given
  throw new DefinitionError({ message: `onExhausted of ${of} is ${String(given)}: it takes "hold", or "fail"` })
}

/**
 * A step's policy, with what its action says of all its steps where the step says nothing.
 *
 * @internal
 */
export const withDefaults = (
  policy: StepPolicy | undefined,
  defaults: StepDefaults | undefined
): StepPolicy | undefined =>
  defaults === undefined
    ? policy
    : {
      when: undefined,
      mayFail: false,
      ...policy,
      timeout: policy?.timeout ?? defaults.timeout,
      retry: policy?.retry ?? defaults.retry,
      onExhausted: policy?.onExhausted ?? defaults.onExhausted
    }
