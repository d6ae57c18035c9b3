/**
 * Handles of enqueued actions.
 *
 * @since 0.1.0
 */
import type { Duration, Effect } from "effect"
import type { Stream } from "effect/Stream"
import type { Heartbeat } from "./ActionRecord.ts"
import type { ActorRef } from "./Actor.ts"
import type { ActionStatus } from "./domain/Phase.ts"
import type { ActionEvent, FollowedEvent } from "./Events.ts"
import type { StoredExplanation } from "./Explanation.ts"
import type { AnySignal, Sending, SendOptions, Sent } from "./Signal.ts"
import type {
  AwaitTimedOut,
  CancelError,
  InvalidDuration,
  SendError,
  StorageError,
  UnknownAction,
  WaitError
} from "./SteppedError.ts"

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
  /** Whether how it ends, or its successor, is decided, and what its steps have done is being undone before that. */
  readonly unwinding: boolean
  /** What the running step has said of itself last (`Step.progress`), of the successor's where there is one; none where it has said nothing. */
  readonly progress?: unknown
  /**
   * When whoever it waits for outside was heard last (`Stepped.heartbeat`), and with which details, of the successor's where there is one; none where
   * nobody was, and need not be. Of several waits for signals that of which something was heard last.
   */
  readonly heartbeat?: Heartbeat
}

/**
 * How an action is to be cancelled.
 *
 * @category models
 * @since 0.1.0
 */
export interface CancelOptions {
  /**
   * Why: it is kept in the cause, for whoever waits for the action, its callbacks, and who reads it. Of a longer text the first 1,000
   * characters.
   */
  readonly reason?: string | undefined
  /**
   * Whether what its steps have done is undone (`compensate` of a step): yes, if not given. If not, it ends at once, and all of that stays. Children
   * that are cancelled with it undo what they have done all the same.
   */
  readonly compensate?: boolean | undefined
  /** The operator who asks for it: 1 to 100 characters. With one it is recorded, see `ActionRepo.operations`. */
  readonly by?: string | undefined
}

/**
 * What cancelling the actions of an actor has come to.
 *
 * @category models
 * @since 0.1.0
 */
export interface Cancellation {
  /** How many this call has cancelled. */
  readonly cancelled: number
  /** There are more, or somebody was just changing one of them: the same call goes on with those. */
  readonly hasMore: boolean
}

/**
 * An enqueued action, by what it gives, the errors that it fails with, and the signals that it takes.
 *
 * **Details**
 *
 * A handle exists before any row does: the id is made when the action is enqueued.
 *
 * @category models
 * @since 0.1.0
 */
export interface ActionHandle<out A = unknown, out E = unknown, in Signals extends AnySignal = never> {
  readonly id: string
  readonly actor: ActorRef
  /** The name of the action. */
  readonly action: string
  /** Waits for the end, and gives the result; a superseded or joined action has the outcome of its successor. */
  readonly await: Effect.Effect<A, E | WaitError>
  /**
   * The same for so long at most: then it fails with `AwaitTimedOut`, and the action goes on.
   *
   * **Details**
   *
   * The time is the `Clock`'s, and a little longer, as the database is asked once more: what has ended within the time is not overlooked.
   */
  readonly awaitFor: (duration: Duration.Input) => Effect.Effect<A, E | WaitError | AwaitTimedOut | InvalidDuration>
  /** Cancels the action, and says whether it was this that did. One that no worker has taken yet cannot start any more, and a worker ends it. */
  readonly cancel: (options?: CancelOptions) => Effect.Effect<boolean, CancelError>
  /** Sends the action a signal that it lists, and says what has become of that: see `Stepped.send`. */
  readonly send: <S extends Signals>(signal: S, ...sending: Sending<S>) => Effect.Effect<Sent, SendError>
  /** Sends a signal's error in its place: the step that waits fails with it. */
  readonly sendFailure: <S extends Signals>(
    signal: S,
    error: S["error"]["Type"],
    options?: SendOptions
  ) => Effect.Effect<Sent, SendError>
  /** Explains why the action does not begin, or what would become of it if a worker took it now: see `Stepped.explain`. */
  readonly explain: Effect.Effect<StoredExplanation<A>, UnknownAction | StorageError>
  /**
   * What has become of the action and of all below it, from the beginning on, and what becomes of them, until all of it has ended; whichever processes
   * perform it.
   *
   * **Details**
   *
   * It is what the rows say: of each action `ActionEnqueued`, `ActionStarted` and `ActionEnded`, of each step `StepStarted`, `StepRetries` for each of its
   * last hundred attempts that was tried again, `StepHeld` while it is held, and `StepEnded`. What leaves nothing behind (that a step waits, that the engine tries
   * something again, that a signal was sent, that an end is decided) only `Stepped.events` tells, of its own process. A child that was achieved already, or
   * joined another one, has no rows of its own; of one that was superseded or joined the one that has taken its place is followed, as `await` does.
   *
   * What is there already comes first, in the order in which it was. Then the rows that have not ended are looked at again: at once where this process changes
   * them, else ever less often, up to the `pollInterval`. Nothing is written for it.
   */
  readonly events: Stream<ActionEvent<FollowedEvent>, UnknownAction | StorageError>
  /** Looks at the action as it is now. */
  readonly status: Effect.Effect<ActionSnapshot, UnknownAction | StorageError>
}
