/**
 * What the engine gives to bodies and callbacks: the services `Step` and `Starter`.
 *
 * @since 0.1.0
 */
import type { Duration, Effect, Schema } from "effect"
import type { AnyAction } from "./Action.ts"
import type { ActorRef } from "./Actor.ts"
import type { Child } from "./Child.ts"
import type { FailureCause } from "./domain/Failure.ts"
import type { PlainSchema } from "./domain/PlainSchema.ts"
import type { ChildOptions } from "./EnqueueOptions.ts"
import type { AnySignal, SignalWait } from "./Signal.ts"
import type { IncompatibleSignal, MemoError, ResultsTooLarge, StorageError } from "./SteppedError.ts"
import type { TokenClaims, TokenOptions } from "./Tokens.ts"

/**
 * What the engine gives to whatever may start actions that nobody waits for: the body of a step, or a callback.
 *
 * @category models
 * @since 0.1.0
 */
export interface StarterContext {
  /** Starts a tree of its own, without an actor on the action's own, and gives its id. */
  readonly start: (
    actor: ActorRef | undefined,
    action: AnyAction,
    args: ReadonlyArray<unknown>,
    options?: ChildOptions
  ) => Effect.Effect<string>
}

/**
 * What the engine gives to the body of a running step.
 *
 * @category models
 * @since 0.1.0
 */
export interface StepContext extends StarterContext {
  /** The step's name. */
  readonly name: string
  /** The running action's id. */
  readonly actionId: string
  /**
   * A key for calls to other systems: the same however often the body runs, in further attempts, and in the action that goes on for this one (`ActionRepo.retry`),
   * also where that is to begin with a step that had succeeded (`from`). Another one once the step was compensated, and is to be done again.
   */
  readonly idempotencyKey: string
  /** Which attempt of the step runs, from 1 on; a rerun after a crash is the same attempt. */
  readonly attemptNumber: number
  /** What the step has failed with last, where it runs again because of that. */
  readonly lastFailure: FailureCause | undefined
  /** Enqueues a child; without an actor, on the action's own. The failure of one that is an attempt is a value. */
  readonly enqueue: (
    actor: ActorRef | undefined,
    action: AnyAction,
    args: ReadonlyArray<unknown>,
    options?: ChildOptions,
    isAttempt?: boolean
  ) => Effect.Effect<Child<any>>
  /** Does it once under the name, and gives what is kept of it. */
  readonly once: <A, E, R>(
    name: string,
    effect: Effect.Effect<A, E, R>,
    result: PlainSchema | undefined
  ) => Effect.Effect<any, E | MemoError | StorageError, R>
  /** Shows how far the step is. */
  readonly progress: (value: Schema.Json) => Effect.Effect<void>
  /** Holds the step open for that long; the body goes on at once. */
  readonly wait: (duration: Duration.Input) => Effect.Effect<void>
  /** Holds the step open until the signal has come, and gives a stand-in for what it brings. */
  readonly waitFor: (signal: AnySignal, options: SignalWait | undefined) => Effect.Effect<Child<any>>
  /** What has come already, and nobody has read. */
  readonly received: (
    signal: AnySignal
  ) => Effect.Effect<ReadonlyArray<any>, IncompatibleSignal | ResultsTooLarge | StorageError>
  /** What a token says that sends the signal, or completes the action. */
  readonly claims: (of: AnySignal | "complete", options: TokenOptions | undefined) => Effect.Effect<TokenClaims>
  /** Has the step fail once it has ended, whatever the body does from here on. */
  readonly markFailed: Effect.Effect<void>
  /** Replaces the arguments; the action says by its types which ones, and is the running one. */
  readonly setArguments: (action: AnyAction, args: ReadonlyArray<unknown>) => Effect.Effect<void>
}
