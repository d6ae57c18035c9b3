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

// What names an action beside the id that it has otherwise.
interface Names {
  /**
   * The action's id: a UUIDv7 that the caller has made. A second call with it stores nothing, and gives a handle of the first one's, as long
   * as there is anything of that; if it asks for something else, it fails with `IdempotencyConflict`.
   */
  readonly id?: string
  /**
   * A text of 1 to 255 characters under which this actor's action is enqueued once: a second call with it stores nothing, and gives the
   * first one's handle. With other arguments it fails with `IdempotencyConflict`.
   *
   * **Details**
   *
   * The key is held while the first action, or what has superseded it, is queued or live, and for `keyRetention` (of `Stepped.layer`, a
   * day if not given) after that has ended, however it has. Who meets one that is not committed waits for that transaction.
   */
  readonly idempotencyKey?: string
}

interface NoNames {
  readonly id?: never
  readonly idempotencyKey?: never
}

/**
 * How an action is enqueued that may start at once.
 *
 * @category models
 * @since 0.1.0
 */
export interface PromptOptions extends Shared, Names {
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
  | Shared & Names & { readonly at: Date | DateTime.DateTime; readonly delay?: never }
  | Shared & Names & { readonly delay: Duration.Input; readonly at?: never }

/**
 * How a step enqueues its children, and what steps and callbacks start: they are stored once with the end of the body, without a name.
 *
 * @category models
 * @since 0.1.0
 */
export type ChildOptions = EnqueueOptions & NoNames
