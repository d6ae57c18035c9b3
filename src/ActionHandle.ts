/**
 * Handles of enqueued actions.
 *
 * @since 0.1.0
 */
import type { Effect } from "effect"
import type { ActorRef } from "./Actor.ts"
import type { ActionStatus } from "./domain/Phase.ts"
import type { StorageError, UnknownAction, UnsuitableIsolation, WaitError } from "./SteppedError.ts"

export type { ActionStatus }

/**
 * An action as it is at one moment.
 *
 * @category models
 * @since 0.1.0
 */
export interface ActionSnapshot {
  readonly id: string
  /**
   * `queued` until a worker has looked at it, also when it was cancelled before; `joined` when it shares the performance of another action that does the
   * same.
   */
  readonly status: "queued" | "joined" | ActionStatus
  /** The action whose outcome this one has, where it was joined or superseded. */
  readonly successor: string | undefined
}

/**
 * An enqueued action, by what it gives and the errors that it fails with.
 *
 * **Details**
 *
 * A handle exists before any row does: the id is made when the action is enqueued.
 *
 * @category models
 * @since 0.1.0
 */
export interface ActionHandle<out A = unknown, out E = unknown> {
  readonly id: string
  readonly actor: ActorRef
  /** The name of the action. */
  readonly action: string
  /** Waits for the end, and gives the result; a superseded or joined action has the outcome of its successor. */
  readonly await: Effect.Effect<A, E | WaitError>
  /** Cancels the action, and says whether it was this that did. One that no worker has taken yet cannot start any more, and a worker ends it. */
  readonly cancel: Effect.Effect<boolean, UnknownAction | StorageError | UnsuitableIsolation>
  /** Looks at the action as it is now. */
  readonly status: Effect.Effect<ActionSnapshot, UnknownAction | StorageError>
}
