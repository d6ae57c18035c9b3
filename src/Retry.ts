/**
 * Whether and when a step that has failed begins again.
 *
 * @since 0.1.0
 */
import { Schedule } from "effect"
import {
  type ActionFailed,
  DefinitionError,
  type HeartbeatTimedOut,
  type IncompatibleSignal,
  type InfrastructureError,
  type SignalTimedOut,
  type StepFailed,
  type StepTimedOut
} from "./SteppedError.ts"

/**
 * What a step can fail with: the errors that its action declares; an action that it has waited for (`ActionFailed`); its time (`StepTimedOut`); a signal that
 * has not come in time (`SignalTimedOut`), of whose sender nothing is heard (`HeartbeatTimedOut`), or which cannot be read (`IncompatibleSignal`);
 * and whatever has no type, such as a defect or a mark (`StepFailed`).
 *
 * @category models
 * @since 0.1.0
 */
export type StepFailure<Declared> =
  | Declared
  | InfrastructureError
  | ActionFailed
  | StepTimedOut
  | SignalTimedOut
  | HeartbeatTimedOut
  | IncompatibleSignal
  | StepFailed

type TagOf<Failure> = Failure extends { readonly _tag: infer Tag extends string } ? Tag : never

/**
 * When a step begins again that has failed: after the delays of a schedule, or never.
 *
 * **Details**
 *
 * A schedule receives the failure, and its first delay is that before the second attempt. Where it ends, the step has failed for good.
 *
 * @category models
 * @since 0.1.0
 */
export type RetryRule<Failure, R = never> = Schedule.Schedule<unknown, Failure, never, R> | "never"

/**
 * When a step begins again, and by what it has failed with.
 *
 * @category models
 * @since 0.1.0
 */
export interface RetryPolicy<Failure, R = never> {
  readonly schedule: Schedule.Schedule<unknown, Failure, never, R>
  /** Asked with each failure: whether there is another attempt at all. */
  readonly while?: (failure: Failure) => boolean
  /** How many more attempts there are at most, after the first one. */
  readonly times?: number
  /** For failures of one tag, instead of the above: each of them counts its own. */
  readonly errors?: { readonly [Tag in TagOf<Failure>]?: RetryRule<Extract<Failure, { readonly _tag: Tag }>, R> }
}

/**
 * What a step's `retry` may be.
 *
 * @category models
 * @since 0.1.0
 */
export type Retry<Failure, R = never> = RetryRule<Failure, R> | RetryPolicy<Failure, R>

/** A schedule whose input and services are known to be there. */
type AnySchedule = Schedule.Schedule<unknown, never, unknown, unknown>

/**
 * How a step is tried again, as the engine reads it; without a schedule it is not.
 *
 * @category definitions
 * @since 0.1.0
 */
export interface RetryDefinition {
  readonly schedule: AnySchedule | undefined
  readonly while: undefined | ((failure: any) => boolean)
  readonly times: number
  readonly errors: ReadonlyMap<string, AnySchedule | undefined>
}

/** How often a step begins again at most, whatever its schedules say, and of all of them together. */
export const mostRetries = 10_000

/**
 * Reads a step's `retry`; throws a `DefinitionError` where it can be none.
 *
 * @internal
 */
export const defineRetry = (of: string, given: unknown): RetryDefinition => {
  const refuse = (what: string): never => {
    throw new DefinitionError({ message: `retry of ${of} ${what}` })
  }
  const ruleOf = (rule: unknown, where: string) =>
    rule === "never" || Schedule.isSchedule(rule)
      ? rule === "never" ? undefined : rule
      : refuse(`${where}takes a Schedule, or "never"`)
  if (given === "never" || Schedule.isSchedule(given)) {
    return { schedule: ruleOf(given, ""), while: undefined, times: mostRetries, errors: new Map() }
  }
  if (typeof given !== "object" || given === null) {
    return refuse(`takes a Schedule, "never", or { schedule, while, times, errors }`)
  }
  const { errors = {}, schedule, times = mostRetries, while: condition, ...others } = given as Record<string, unknown>
  const unknown = Object.keys(others)
  if (unknown.length > 0) refuse(`has ${unknown.join(", ")}: what holds for one tag belongs under errors`)
  if (typeof times !== "number" || !Number.isInteger(times) || times < 0 || times > mostRetries) {
    refuse(`has times ${String(times)}: it takes a whole number from 0 to ${mostRetries}`)
  }
  if (condition !== undefined && typeof condition !== "function") refuse("has a while that is no function")
  if (typeof errors !== "object" || errors === null) refuse("has errors that are no object")
  return {
    schedule: ruleOf(schedule, "(schedule) "),
    while: condition as RetryDefinition["while"],
    times: times as number,
    errors: new Map(Object.entries(errors as object).map(([tag, rule]) => [tag, ruleOf(rule, `(errors.${tag}) `)]))
  }
}
