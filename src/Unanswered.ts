/**
 * What an action says itself of what ends without an answer, in place of the engine's options.
 *
 * @since 0.1.0
 */
import { Schedule } from "effect"
import { DefinitionError } from "./SteppedError.ts"

/**
 * What becomes of what ends without an answer: of what is not handled, of transient failures, and of what dies with its worker. Each of them is
 * as the engine's option of that name says (`Stepped.layer`), where it is not given.
 *
 * **Details**
 *
 * It holds for all code of the action (rule 7.2): `before`, keys, checksums and timeouts that are effects, its steps, its job, its callbacks,
 * what undoes it, and what other modules add to it. What is read is what the process says that performs it.
 *
 * @category models
 * @since 0.1.0
 */
export interface Unanswered {
  /** Which defects are handled, that is: fail the action's step, hook, key or callback at once. Others are tried again as the same action and step. */
  readonly handledDefects?: ((defect: unknown) => boolean) | undefined
  /**
   * When what has ended without an answer is tried again; its end is the limit, as `attempts` is. What steps fail with is tried again as their own
   * `retry` says, or `retry` of the action's `defaults`.
   */
  readonly retry?: Schedule.Schedule<unknown> | undefined
  /**
   * How often the action is begun at most, one after the other without an answer: a whole number from 1 to 10,000 (`DefinitionError`). Each of its steps has all
   * of them.
   *
   * **Details**
   *
   * What has killed its workers is performed with nothing beside it from its third attempt on, and in its last one: of these, where whoever takes over has the action, else of the engine's.
   */
  readonly attempts?: number | undefined
}

/**
 * What an action says of it; none where nothing is said. Throws a `DefinitionError` where it can be none.
 *
 * @internal
 */
export const unansweredOf = (
  name: string,
  { attempts, handledDefects, retry }: Unanswered = {}
): Unanswered | undefined => {
  if (handledDefects !== undefined && typeof handledDefects !== "function") {
    throw new DefinitionError({ message: `handledDefects of ${name} is no function` })
  }
  if (retry !== undefined && !Schedule.isSchedule(retry)) {
    throw new DefinitionError({
      message:
        `retry of ${name} takes a Schedule, for what ends without an answer: when its steps begin again that have ` +
        "failed belongs under defaults ({ retry })"
    })
  }
  if (attempts !== undefined && !isAttempts(attempts)) {
    throw new DefinitionError({ message: `attempts of ${name} is ${String(attempts)}: it takes ${takesAttempts}` })
  }
  return handledDefects === undefined && retry === undefined && attempts === undefined
    ? undefined
    : { handledDefects, retry, attempts }
}

/**
 * How often something is begun at most, whoever says so; rows count a little further than that.
 *
 * @internal
 */
export const mostAttempts = 10_000

/**
 * Whether something can be begun so often.
 *
 * @internal
 */
export const isAttempts = (attempts: number): boolean =>
  Number.isInteger(attempts) && attempts >= 1 && attempts <= mostAttempts

/**
 * What {@link isAttempts} takes, in words.
 *
 * @internal
 */
export const takesAttempts = `a whole number from 1 to ${mostAttempts}`
