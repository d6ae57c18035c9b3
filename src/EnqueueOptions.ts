/**
 * How an action is enqueued: how urgent it is, when it is to start, what it is found by.
 *
 * @since 0.1.0
 */
import type { DateTime, Duration } from "effect"

// What every enqueueing takes.
interface Shared {
  /**
   * How urgent it is, among what waits in its queue: a whole number from -100, which comes first, to 100; 0 if not given.
   *
   * **Details**
   *
   * The lower number goes first, as with `nice`, graphile-worker, GoodJob, Solid Queue and Delayed Job: it reads as a place in the line. It
   * says when workers take the action out of its queue, and nothing of what has begun. A child has its own, and does not inherit one.
   */
  readonly priority?: number
  /** Up to 20 texts of 1 to 100 characters that people find the action by. */
  readonly tags?: ReadonlyArray<string>
}

/**
 * How an action is enqueued that may start at once.
 *
 * @category models
 * @since 0.1.0
 */
export interface PromptOptions extends Shared {
  readonly at?: never
  readonly delay?: never
}

/**
 * How an action is enqueued, and when it is to start.
 *
 * **Details**
 *
 * With `at` or `delay` it waits in its queue until then, and joins its lane when it is due; its timeout begins when it performs. It can be
 * cancelled meanwhile. A time that has passed is now.
 *
 * @category models
 * @since 0.1.0
 */
export type EnqueueOptions =
  | PromptOptions
  | Shared & { readonly at: Date | DateTime.DateTime; readonly delay?: never }
  | Shared & { readonly delay: Duration.Input; readonly at?: never }
