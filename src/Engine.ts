/**
 * The engine: the state machine that performs what is registered and enqueued.
 *
 * @since 0.1.0
 */
import type { PgClient } from "@effect/sql-pg/PgClient"
import { Context, type Duration, type Effect, type Option, type Scope, type Stream } from "effect"
import type { AnyAction, CallbackDefinition } from "./Action.ts"
import type { ActionHandle, Cancellation, CancelOptions } from "./ActionHandle.ts"
import type { ActionRecord } from "./ActionRecord.ts"
import type { ActorRef, AnyActorClass } from "./Actor.ts"
import type { Check, CheckOptions } from "./Check.ts"
import type { DatabaseHealth } from "./DatabaseHealth.ts"
import type { EnqueueOptions } from "./EnqueueOptions.ts"
import type { ActionEvent, ActionEvents, EventFilter, EventsLost } from "./Events.ts"
import type { Executions } from "./Execution.ts"
import type { Explanation, StoredExplanation } from "./Explanation.ts"
import type { Extended, Heard } from "./Heartbeat.ts"
import type { ManyFilter, ManyPlan, ManyPlanKey, ManyVerb } from "./Many.ts"
import type { CompletionOptions, CompletionOutcome } from "./Outcome.ts"
import type { Live, Ready } from "./Readiness.ts"
import type { AnyScheduleOptions, ScheduleError } from "./ScheduleOptions.ts"
import type { ScheduleRecord, Schedules } from "./Schedules.ts"
import type { AnySignal, SendOptions, Sent } from "./Signal.ts"
import type { StepDefinition } from "./StepDefinition.ts"
import type {
  CancelError,
  CompleteError,
  DefinitionError,
  EnqueueError,
  HeartbeatError,
  InvalidActorId,
  InvalidDuration,
  InvalidOption,
  InvalidQuery,
  ReceiveError,
  SendError,
  StorageError,
  UnknownAction,
  WorkerError
} from "./SteppedError.ts"
import type { Received, TokenClaims, TokenOutcome } from "./Tokens.ts"
import type { Why } from "./Why.ts"

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
  /** Number of the invariant, 1 to 6; 6 is that schedules fire. */
  readonly invariant: number
  /** What is wrong, in words. */
  readonly problem: string
  /** Id of the action, the key of the lane, or the name of the schedule. */
  readonly subject: string
  /** It is not known whether this is so of anything: to check it takes longer than a statement may (`statementTimeout`). */
  readonly isUnchecked?: boolean
}

/**
 * What workers had to heal: actions of a definition that nobody would have gone on with. Something is wrong with how they came to that.
 *
 * @category models
 * @since 0.1.0
 */
export interface HealRecord {
  readonly actorType: string
  /** The action's name. */
  readonly name: string
  /** What nobody would have gone on with: `slots`, one that waited for what is all over; `job`, one that was to be continued; `lane`, one that could begin in its lane. */
  readonly kind: "slots" | "job" | "lane"
  /** How often, since it was first. */
  readonly count: number
  readonly firstAt: Date
  readonly lastAt: Date
  /** The id of the one that was healed last. */
  readonly lastAction: string
  /** The name of the worker that has healed it. */
  readonly worker: string | undefined
}

/**
 * A signal that is to be sent, or its error.
 *
 * @category models
 * @since 0.1.0
 */
export interface SignalToSend {
  /** An action's id, or an actor with one of its actions. */
  readonly target: string | ActorRef
  readonly action: AnyAction | undefined
  readonly signal: AnySignal
  readonly value: unknown
  readonly isFailure: boolean
  readonly options: SendOptions | undefined
  /** Its key counts once for all actions of this name of the actor, and not only for the one that it is for now. */
  readonly isOnce?: boolean
}

/**
 * Who hears of what this process has committed.
 *
 * @category models
 * @since 0.1.0
 */
export interface Listener<in Tag extends keyof ActionEvents = keyof ActionEvents> {
  /** Called at once, and not to take long. */
  readonly told: (event: ActionEvent<Tag>) => void
  /** The layer is closed: nothing is told any more. */
  readonly closed?: () => void
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
 * The database of an engine, for what stands beside it on the same tables.
 *
 * @category models
 * @since 0.1.0
 */
export interface EngineDatabase {
  readonly client: PgClient
  readonly schema: string
  /** It is in this process, and has one session. */
  readonly embedded: boolean
  /** The settings of `Stepped.layer`. */
  readonly statementTimeout: Duration.Duration
  readonly pollInterval: Duration.Duration
  readonly lease: Duration.Duration
  readonly notify: boolean
  readonly payloadLimit: number
}

/**
 * The state machine: invoke, step, conclude, complete, advance.
 *
 * @category services
 * @since 0.1.0
 */
export class Engine extends Context.Service<Engine, {
  /** Where its tables are, and how it asks for them. */
  readonly database: EngineDatabase
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
  /** Explains what would become of an action; see `Stepped.explain`. */
  readonly explain: (
    ref: ActorRef,
    action: AnyAction,
    args: ReadonlyArray<unknown>,
    options?: EnqueueOptions,
    parent?: string
  ) => Effect.Effect<Explanation, EnqueueError | UnknownAction>
  /** Explains an action that is stored. */
  readonly explainStored: (id: string) => Effect.Effect<StoredExplanation, UnknownAction | StorageError>
  /** Plans what is to be done with many actions; see `Stepped.forMany`. */
  readonly forMany: (
    filter: ManyFilter,
    verb: ManyVerb,
    key?: ManyPlanKey
  ) => Effect.Effect<ManyPlan, StorageError | InvalidQuery | InvalidActorId>
  /** Why an action is not finished; see `Stepped.why`. */
  readonly why: (id: string) => Effect.Effect<Why, UnknownAction | StorageError>
  /**
   * The actions that may need somebody, without what programs have stored: 40 that fail on their way, are held, or perform longest, a few of each definition, among the oldest and newest
   * 5,000 that are live; and 40 that have ended with something not undone, or, within a day, uncertain. Schedules that do not fire though they are to, 20 of each kind: broken, rows whose
   * action no living worker has, and due for a minute. And what workers had to heal within a week, the last 50 kinds of it.
   */
  readonly suspects: Effect.Effect<
    {
      readonly performing: ReadonlyArray<ActionRecord>
      readonly left: ReadonlyArray<ActionRecord>
      readonly schedules: ReadonlyArray<ScheduleRecord>
      readonly healed: ReadonlyArray<HealRecord>
    },
    StorageError
  >
  /** The arguments that actions were asked for with, of those alone that have begun, and of which `before` or a step has replaced them. */
  readonly replacedArguments: (ids: ReadonlyArray<string>) => Effect.Effect<ReadonlyMap<string, unknown>, StorageError>
  /** A handle for an action that was enqueued elsewhere. */
  readonly handle: (ref: ActorRef, action: AnyAction, id: string) => Effect.Effect<ActionHandle, InvalidActorId>
  readonly complete: (
    target: ActorRef | string,
    action: AnyAction,
    outcome: CompletionOutcome<unknown, unknown>,
    options?: CompletionOptions
  ) => Effect.Effect<Option.Option<string>, CompleteError>
  readonly cancelById: (id: string, options: CancelOptions | undefined) => Effect.Effect<boolean, CancelError>
  /** See `Stepped.cancel`. */
  readonly cancelAll: (
    ref: ActorRef,
    action: AnyAction,
    options: CancelOptions | undefined
  ) => Effect.Effect<Cancellation, InvalidActorId | Exclude<CancelError, UnknownAction>>
  /** See `Stepped.send` and `Stepped.sendFailure`. */
  readonly send: (signal: SignalToSend) => Effect.Effect<Sent, SendError>
  /** See `Stepped.receive`: by what a genuine token says, under a key of its own. */
  readonly receive: (claims: TokenClaims, key: string, outcome: TokenOutcome) => Effect.Effect<Received, ReceiveError>
  /** See `Stepped.heartbeat`: by id, by actor and action, or by what a genuine token says. */
  readonly heartbeat: (
    target: string | ActorRef | TokenClaims,
    action: AnyAction | undefined,
    details: unknown
  ) => Effect.Effect<Heard, HeartbeatError>
  /** See `Stepped.extendTimeout`. */
  readonly extendTimeout: (
    target: string | ActorRef | TokenClaims,
    action: AnyAction | undefined,
    by: Duration.Input
  ) => Effect.Effect<Extended, HeartbeatError | InvalidDuration>
  /** Claims and performs until the scope closes. */
  readonly work: (options: {
    readonly name: string | undefined
    readonly concurrency: number
    readonly connections: number
    readonly grace: Duration.Duration
    readonly queues: ReadonlyArray<string> | undefined
    readonly onDrained: Effect.Effect<void>
  }) => Effect.Effect<void, WorkerError, Scope.Scope>
  /** One pass over everything that is due, in this fiber; gives how much there was. */
  readonly performDue: Effect.Effect<number, StorageError>
  /** Declares a schedule until the scope closes; see `Stepped.schedule`. */
  readonly declareSchedule: (
    name: string,
    options: AnyScheduleOptions
  ) => Effect.Effect<void, ScheduleError | DefinitionError, Scope.Scope>
  /** The verbs of `Schedules`. */
  readonly schedules: Schedules["Service"]
  /**
   * Has the schedules of this process fire that are due, in this fiber: what it declares, and rows of its actions. Gives how many have gone on, and, in ms of user
   * time, when the next one fires.
   */
  readonly fireSchedules: Effect.Effect<
    { readonly moved: number; readonly next: number | undefined },
    StorageError
  >
  /** The definition of an actor's action that this process can perform, inherited ones included. */
  readonly find: (actorType: string, actionName: string) => AnyAction | undefined
  /** The same with the actor that it is of. */
  readonly definitionOf: (
    actorType: string,
    actionName: string
  ) => { readonly actor: AnyActorClass; readonly action: AnyAction } | undefined
  /** Whether this process's definitions perform what is queued and live; see `Stepped.check`. */
  readonly check: (
    options: CheckOptions
  ) => Effect.Effect<Check, StorageError | InvalidOption | DefinitionError>
  /** See `Stepped.databaseHealth`. */
  readonly databaseHealth: Effect.Effect<DatabaseHealth, StorageError>
  /** See `Stepped.live` and `Stepped.ready`. */
  readonly live: Effect.Effect<Live>
  readonly ready: Effect.Effect<Ready>
  /** Checks the invariants; see `Stepped.doctor`. */
  readonly doctor: Effect.Effect<ReadonlyArray<Finding>, StorageError>
  /** Has gauges say how much waits; see `Stepped.measure`. */
  readonly measure: Effect.Effect<void, StorageError>
  /** Tells of what this process commits, as far as the filter takes it, until the scope closes. */
  readonly listen: <Tag extends keyof ActionEvents>(
    filter: EventFilter<Tag>,
    listener: Listener<Tag>
  ) => Effect.Effect<void, InvalidActorId, Scope.Scope>
  /** The same as a stream; see `Stepped.events`. */
  readonly events: <Tag extends keyof ActionEvents>(
    filter: EventFilter<Tag>,
    options: { readonly buffer?: number }
  ) => Stream.Stream<ActionEvent<Tag> | EventsLost, InvalidActorId | InvalidOption>
  /** Waits until all is told that this process has committed by now. */
  readonly told: Effect.Effect<void>
  /** Executions of workflows, for `stepped/workflow`. */
  readonly executions: Executions
  /** When something is due next, for who moves user time: waits, retries, delayed invocations and timeouts, in ms of it; and whether something was resumed that may have still to go on. */
  readonly nextDue: Effect.Effect<
    { readonly wait: number | undefined; readonly timeout: number | undefined; readonly resumes: boolean },
    StorageError
  >
  /** User time in ms: the clock, corrected by the database's where that is set. */
  readonly now: Effect.Effect<number>
}>()("stepped/Engine") {}
