/**
 * What undoes a step whose action does not succeed.
 *
 * @since 0.1.0
 */
import type { Duration, Effect } from "effect"
import type { Retry, RetryDefinition, RetryPolicy, RetryRule } from "./Retry.ts"
import type { ActionFailed, Cancelled, TimedOut } from "./SteppedError.ts"

/**
 * What undoes a step, as the engine runs it.
 *
 * @category definitions
 * @since 0.1.0
 */
export interface CompensationDefinition {
  /** Receives the step's result, or why it has none, then the arguments and the results of the named steps. */
  readonly run: (...args: ReadonlyArray<any>) => Effect.Effect<unknown, unknown, any>
  readonly transactional: boolean
  /** None where it is tried again as the engine tries again what fails. */
  readonly retry: RetryDefinition | undefined
  /** In ms. */
  readonly timeout: number | undefined
}

/**
 * What undoes a step: a body, or a body with options.
 *
 * @category models
 * @since 0.1.0
 */
export type Compensation<Params extends ReadonlyArray<any>, Undo> =
  | ((...args: Params) => Undo)
  | {
    readonly run: (...args: Params) => Undo
    /** Runs the body inside the engine's own transaction: its SQL and that the step is undone commit together, once. */
    readonly transactional?: boolean
    /**
     * When it begins again that has failed, whatever it has failed with: a schedule, `{ schedule, while, times, errors }`, or `"never"`. If not given, on
     * the engine's schedule, five times in all.
     */
    readonly retry?: CompensationRetry
    /** How long it may take with its children and its waits, each time that it is tried. */
    readonly timeout?: Duration.Input
  }

/**
 * When what undoes a step begins again: as a step's `retry`, of any failure, since a compensation may fail with whatever it likes.
 *
 * @category models
 * @since 0.1.0
 */
export type CompensationRetry =
  | RetryRule<unknown>
  | Omit<RetryPolicy<unknown>, "errors"> & {
    /** For failures of one tag, instead of the above: each of them counts its own. */
    readonly errors?: { readonly [tag: string]: RetryRule<unknown> }
  }

/**
 * What holds for all compensations of an action.
 *
 * @category models
 * @since 0.1.0
 */
export interface CompensationOptions {
  /** `stop`: where what undoes one step has failed for good, none of the others is tried; all of them are `notUndone`. If not given, they are. */
  readonly onFailure?: "continue" | "stop"
  /**
   * How long all of it may take, from when the first step is undone on, whoever dies: what runs then is interrupted, what it waits for is cancelled, and
   * what is left is `notUndone`.
   */
  readonly timeout?: Duration.Input
}

/**
 * Whether and how an action's steps are undone, as the engine runs it.
 *
 * @category definitions
 * @since 0.1.0
 */
export interface UndoingDefinition {
  readonly when: undefined | ((outcome: any) => boolean)
  readonly stops: boolean
  /** In ms. */
  readonly timeout: number | undefined
}

/**
 * Why a step that is to be undone has no result: what its action fails with, or that it was interrupted.
 *
 * @category models
 * @since 0.1.0
 */
export type WithoutResult<E> = E | ActionFailed | TimedOut | Cancelled

/**
 * A compensation as it is given to a step.
 *
 * @internal
 */
export type GivenCompensation =
  | CompensationDefinition["run"]
  | {
    readonly run: CompensationDefinition["run"]
    readonly transactional?: boolean
    readonly retry?: Retry<never, unknown>
    readonly timeout?: Duration.Input
  }
