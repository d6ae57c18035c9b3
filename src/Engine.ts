/**
 * The engine: the state machine that performs what is registered and enqueued.
 *
 * @since 0.1.0
 */
import { Context, type Duration, type Effect, type Option, type Scope } from "effect"
import type { AnyAction, CallbackDefinition } from "./Action.ts"
import type { ActionHandle } from "./ActionHandle.ts"
import type { ActorRef, AnyActorClass } from "./Actor.ts"
import type { EnqueueOptions } from "./EnqueueOptions.ts"
import type { CompletionOutcome } from "./Outcome.ts"
import type { StepDefinition } from "./StepDefinition.ts"
import type {
  CompleteError,
  DefinitionError,
  EnqueueError,
  InvalidActorId,
  StorageError,
  WorkerError
} from "./SteppedError.ts"

/**
 * The actions of an actor, whatever their types.
 *
 * @category models
 * @since 0.1.0
 */
export interface AnyActions {
  readonly actor: AnyActorClass
  /** The actor's own actions, without inherited ones. */
  readonly own: ReadonlyArray<AnyAction>
  /** The actions of the actor that this one extends. */
  readonly parent: AnyActions | undefined
}

/**
 * The actions of an actor with everything that is needed to perform them.
 *
 * @category models
 * @since 0.1.0
 */
export interface Registration {
  readonly actor: AnyActorClass
  readonly inherits: AnyActions | undefined
  readonly actions: ReadonlyArray<AnyAction>
  readonly methods: Readonly<Record<string, (...args: ReadonlyArray<any>) => Effect.Effect<unknown, unknown, any>>>
  readonly context: Context.Context<never>
}

/**
 * Something that must not be; see `Stepped.doctor`.
 *
 * @category models
 * @since 0.1.0
 */
export interface Finding {
  /** Number of the invariant, 1 to 5. */
  readonly invariant: number
  /** What is wrong, in words. */
  readonly problem: string
  /** Id of the action, or the key of the lane. */
  readonly subject: string
}

/**
 * The clients of an actor type, whatever their types.
 *
 * @category models
 * @since 0.1.0
 */
export interface AnyClients {
  (id: unknown): Readonly<Record<string, (...args: ReadonlyArray<any>) => any>>
  readonly enqueueMany: (
    action: AnyAction,
    calls: Iterable<ReadonlyArray<unknown>>
  ) => Effect.Effect<ReadonlyArray<ActionHandle>, EnqueueError>
  readonly with: (options: EnqueueOptions) => AnyClients
}

/**
 * The state machine: invoke, step, conclude, complete, advance.
 *
 * @category services
 * @since 0.1.0
 */
export class Engine extends Context.Service<Engine, {
  readonly register: (registration: Registration) => Effect.Effect<void, DefinitionError, Scope.Scope>
  readonly addCallback: (
    actorType: string,
    actionName: string,
    callback: CallbackDefinition,
    context: Context.Context<never>
  ) => Effect.Effect<void, DefinitionError, Scope.Scope>
  readonly prependStep: (
    actorType: string,
    actionName: string,
    step: StepDefinition,
    context: Context.Context<never>
  ) => Effect.Effect<void, DefinitionError, Scope.Scope>
  readonly client: (
    actor: AnyActorClass,
    actions: ReadonlyArray<AnyAction>
  ) => AnyClients
  /** Enqueues one action; see `Stepped.enqueue`. */
  readonly enqueue: (
    ref: ActorRef,
    action: AnyAction,
    args: ReadonlyArray<unknown>,
    options?: EnqueueOptions
  ) => Effect.Effect<ActionHandle, EnqueueError>
  /** A handle for an action that was enqueued elsewhere. */
  readonly handle: (ref: ActorRef, action: AnyAction, id: string) => Effect.Effect<ActionHandle, InvalidActorId>
  readonly complete: (
    target: ActorRef | string,
    action: AnyAction,
    outcome: CompletionOutcome<unknown, unknown>
  ) => Effect.Effect<Option.Option<string>, CompleteError>
  /** Claims and performs until the scope closes. */
  readonly work: (options: {
    readonly name: string | undefined
    readonly concurrency: number
    readonly connections: number
    readonly grace: Duration.Duration
    readonly queues: ReadonlyArray<string> | undefined
  }) => Effect.Effect<void, WorkerError, Scope.Scope>
  /** One pass over everything that is due, in this fiber; gives how much there was. */
  readonly performDue: Effect.Effect<number, StorageError>
  /** The definition of an actor's action that this process can perform, inherited ones included. */
  readonly find: (actorType: string, actionName: string) => AnyAction | undefined
  /** Checks the invariants; see `Stepped.doctor`. */
  readonly doctor: Effect.Effect<ReadonlyArray<Finding>, StorageError>
  /** User time in ms: the clock, corrected by the database's where that is set. */
  readonly now: Effect.Effect<number>
}>()("stepped/Engine") {}
