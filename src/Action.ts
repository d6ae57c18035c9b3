/**
 * Definitions of actions: a name, schemas, and the steps, hooks and keys that say how the action performs.
 *
 * @since 0.1.0
 */
import { type Duration, Effect, Schema } from "effect"
import type {
  CheckedBody,
  CheckedErrors,
  CheckedName,
  CheckedSignals,
  CheckedUndo,
  CheckedUse,
  InCallback,
  IsGiven,
  NoPromise,
  NotGiven,
  OutsideStep,
  StepResult,
  StoredValue,
  Summable
} from "./ActionChecks.ts"
import { checkCodec, checkName, type PlainSchema } from "./Actor.ts"
import type {
  Compensation,
  CompensationDefinition,
  CompensationOptions,
  GivenCompensation,
  UndoingDefinition
} from "./Compensation.ts"
import { readDuration, readHeartbeat, readTimeout } from "./domain/duration.ts"
import type { FailureCause } from "./domain/Failure.ts"
import type { LaneKeys } from "./Lane.ts"
import {
  type AfterStatus,
  afterStatuses,
  type CompletionOptions,
  type CompletionOutcome,
  type Outcome,
  type StepsRan,
  type Unsuccessful
} from "./Outcome.ts"
import { defineRetry, type Retry, type StepFailure } from "./Retry.ts"
import { type AnySignal, isSignal, type Lists } from "./Signal.ts"
import {
  type AnyStepValue,
  defineStep,
  type Passing,
  type StepDefinition,
  type StepOptions,
  type StepValue
} from "./StepDefinition.ts"
import { DefinitionError, type InfrastructureError, InvalidDuration, type JobCompletionError } from "./SteppedError.ts"
import {
  checkExhausted,
  compensationOf,
  type GivenOptions,
  type OnExhausted,
  type StepDefaults,
  stepTimeout,
  undoingOf
} from "./StepPolicy.ts"
import { type Unanswered, unansweredOf } from "./Unanswered.ts"

// -------------------------------------------------------------------------------------------------------------------
// arguments, keys
// -------------------------------------------------------------------------------------------------------------------

/**
 * The schemas of an action's arguments.
 *
 * @category models
 * @since 0.1.0
 */
export type ArgSchemas = ReadonlyArray<PlainSchema>

/**
 * The arguments that fit these schemas.
 *
 * @category models
 * @since 0.1.0
 */
export type ArgTypes<Args extends ArgSchemas> = { -readonly [K in keyof Args]: Args[K]["Type"] }

/**
 * What a key function gives: a text, parts that are joined with `/`, or nothing for the default key.
 *
 * **Details**
 *
 * What is empty after joining is nothing, too. A key of more than 1,000 bytes, or with a NUL character, a lone surrogate or the
 * character U+0001 in it, fails the action with an `InvalidKey`.
 *
 * @category models
 * @since 0.1.0
 */
export type ActionKey = string | ReadonlyArray<string | number> | null | undefined

/**
 * The services of a value that may be an effect.
 *
 * @category models
 * @since 0.1.0
 */
export type ServicesOf<T> = T extends Effect.Effect<any, any, infer R> ? R : never

// -------------------------------------------------------------------------------------------------------------------
// runtime representation
// -------------------------------------------------------------------------------------------------------------------

/**
 * One callback as the engine runs it.
 *
 * @category definitions
 * @since 0.1.0
 */
export interface CallbackDefinition {
  /** An addition's own name. */
  readonly name?: string | undefined
  readonly statuses: ReadonlyArray<AfterStatus>
  /** Receives the arguments and the {@link Outcome}. */
  readonly run: (...args: ReadonlyArray<any>) => Effect.Effect<unknown, unknown, any>
}

/**
 * What spans and log lines show of an action.
 *
 * @category models
 * @since 0.1.0
 */
export type Annotations = Readonly<Record<string, string | number | boolean>>

/**
 * An action as the engine runs it.
 *
 * @category definitions
 * @since 0.1.0
 */
export interface Definition {
  readonly name: string
  readonly arguments: ArgSchemas
  readonly success: PlainSchema
  readonly error: PlainSchema
  /** Completed from outside; so is an action with a job. */
  readonly outbound: boolean
  readonly queue: string
  readonly timeout:
    | undefined
    | Duration.Input
    | ((...args: ReadonlyArray<any>) => Duration.Input | Effect.Effect<Duration.Input, unknown, any>)
  /** How long nothing may be heard of whoever completes it, in ms. */
  readonly heartbeatTimeout: number | undefined
  readonly checksum: undefined | ((...args: ReadonlyArray<any>) => unknown)
  readonly checksumKey:
    | undefined
    | ((...args: ReadonlyArray<any>) => ActionKey | Effect.Effect<ActionKey, unknown, any>)
  /** In ms. */
  readonly achievementTtl: number | undefined
  readonly version: string | undefined
  readonly concurrencyKey:
    | undefined
    | ((...args: ReadonlyArray<any>) => ActionKey | Effect.Effect<ActionKey, unknown, any>)
  readonly concurrency:
    | undefined
    | ((...args: ReadonlyArray<any>) => LaneKeys | Effect.Effect<LaneKeys, unknown, any>)
  readonly fairBy: undefined | ((...args: ReadonlyArray<any>) => ActionKey | number)
  readonly annotate: undefined | ((...args: ReadonlyArray<any>) => Annotations)
  /** Its method is the body of an execution, which is suspended and runs again from its beginning. */
  readonly replays?: Replayed | undefined
  /** None means the actor's method of the action's name, or the job. */
  readonly steps: ReadonlyArray<StepDefinition>
  readonly job:
    | undefined
    | ((job: Job<any, any>, ...args: ReadonlyArray<any>) => Effect.Effect<unknown, unknown, any>)
  readonly before:
    | undefined
    | ((...args: ReadonlyArray<any>) => Effect.Effect<Proceed<any, any>, unknown, any>)
  readonly callbacks: ReadonlyArray<CallbackDefinition>
  readonly defaults: StepDefaults | undefined
  /** None where all of it is the engine's to say. */
  readonly unanswered: Unanswered | undefined
  /** Undoes it as a whole, where its parent unwinds it. */
  readonly compensate: CompensationDefinition | undefined
  readonly undoing: UndoingDefinition | undefined
  /** What its steps may wait for from outside. */
  readonly signals: ReadonlyArray<AnySignal>
  /** The declaration that this action implements; none when it is the declaration itself. */
  readonly implements: AnyAction | undefined
}

// -------------------------------------------------------------------------------------------------------------------
// markers: what an action's last step gave
// -------------------------------------------------------------------------------------------------------------------

/**
 * The action has no steps yet: the actor's method of that name performs it.
 *
 * @category markers
 * @since 0.1.0
 */
export interface NoSteps {
  readonly "~stepped/method": true
}

/**
 * The action is completed from outside, whatever its last step gives.
 *
 * @category markers
 * @since 0.1.0
 */
export interface Outbound {
  readonly "~stepped/outbound": true
}

/**
 * The action is completed from outside and has no steps yet.
 *
 * @category markers
 * @since 0.1.0
 */
export interface OutboundMethod extends Outbound, NoSteps {}

/**
 * The action is performed and completed by its job.
 *
 * @category markers
 * @since 0.1.0
 */
export interface JobBacked extends Outbound {
  readonly "~stepped/job": true
}

/**
 * The action has steps, and the last of them gives this.
 *
 * @category markers
 * @since 0.1.0
 */
export interface Gives<out Value> {
  readonly "~stepped/gives": Value
}

/**
 * An action of a name that the actor needs to have, because one of its steps enqueues it.
 *
 * **Details**
 *
 * Listing both in `Stepped.actions` satisfies it; nothing else provides it.
 *
 * @category markers
 * @since 0.1.0
 */
export interface Owns<out Name extends string> {
  readonly "~stepped/owns": Name
}

// -------------------------------------------------------------------------------------------------------------------
// models
// -------------------------------------------------------------------------------------------------------------------

/**
 * What every action has, whatever its types.
 *
 * @category models
 * @since 0.1.0
 */
export interface AnyAction {
  readonly _tag: "Action"
  readonly name: string
  readonly arguments: ArgSchemas
  readonly success: PlainSchema
  readonly error: PlainSchema
  /** @internal */
  readonly definition: Definition
  readonly "~stepped/types": {
    readonly last: unknown
    readonly results: unknown
    readonly services: (_: never) => unknown
  }
}

/**
 * What `before` decides: go on (with other arguments, if given), cancel, or complete with a result.
 *
 * @category models
 * @since 0.1.0
 */
export type Proceed<Args extends ArgSchemas, A extends PlainSchema> =
  | void
  | { readonly arguments: ArgTypes<Args> }
  | { readonly cancel: true }
  | { readonly complete: A["Type"] }

/**
 * A callback: the arguments as they are at the end, then the outcome.
 *
 * @category models
 * @since 0.1.0
 */
export type ActionCallback<Args extends ArgSchemas, O, R, Also = never> = (
  ...args: [...ArgTypes<Args>, outcome: O]
) => Effect.Effect<unknown, unknown, R> | Also

type OutcomeOf<A extends PlainSchema, E extends PlainSchema, Results> =
  & Outcome<A["Type"], E["Type"]>
  & StepsRan<Results>

// What the action's last step gives so far; outbound actions stay outbound.
type NextLast<Last, Value> = Last extends Outbound ? Outbound : Gives<Value>

/**
 * An action that is performed and completed by its job, and therefore has no steps.
 *
 * @category models
 * @since 0.1.0
 */
export interface JobAction<
  Name extends string,
  Args extends ArgSchemas,
  A extends PlainSchema,
  E extends PlainSchema,
  R
> extends ActionHooks<Name, Args, A, E, JobBacked, {}, R> {}

/**
 * An action: its name and schemas, and how it performs. Immutable; every method gives a new one.
 *
 * @category models
 * @since 0.1.0
 */
export interface Action<
  Name extends string,
  Args extends ArgSchemas,
  A extends PlainSchema,
  E extends PlainSchema,
  Last,
  Results,
  R
> extends ActionHooks<Name, Args, A, E, Last, Results, R> {
  /**
   * Adds a step after the others.
   *
   * **Details**
   *
   * The body receives the arguments and the results of the named steps before it. What it returns, with its children
   * settled, is the step's result, which later steps receive if the step has a name. The last step's is the action's
   * success.
   *
   * **Gotchas**
   *
   * A running action finds its place by the names of steps; unnamed ones are named by position. The results come after all arguments:
   * where one of these is left out, the compiler looks for them in an argument (`Property 'move' does not exist on type 'String'`).
   */
  step<
    B,
    E1,
    R1,
    S extends PlainSchema = never,
    P = NotGiven,
    const MayFail extends boolean = false,
    Asked = NotGiven,
    Undo = NotGiven,
    UndoFailed = NotGiven,
    RRetry = never
  >(
    body: CheckedBody<Args, Results, B, E1, R1, S, E["Type"], P> & CheckedSignals<R1, R, Last>,
    options?: StepOptions<
      [...ArgTypes<Args>, results: Results],
      E["Type"],
      S,
      StepResult<NoInfer<B>, S>,
      MayFail,
      Asked,
      Undo,
      UndoFailed,
      RRetry
    >
  ): Action<
    Name,
    Args,
    A,
    E,
    NextLast<Last, Passing<StepResult<B, S>, MayFail, NoInfer<Asked>>>,
    Results,
    | R
    | R1
    | ServicesOf<NoInfer<Asked>>
    | ServicesOf<NoInfer<Undo>>
    | ServicesOf<NoInfer<UndoFailed>>
    | NoInfer<RRetry>
  >
  step<
    const N extends string,
    B,
    E1,
    R1,
    S extends PlainSchema = never,
    P = NotGiven,
    const MayFail extends boolean = false,
    Asked = NotGiven,
    Undo = NotGiven,
    UndoFailed = NotGiven,
    RRetry = never
  >(
    name: CheckedName<N, Results, B, S, A, P>,
    body: CheckedBody<Args, Results, B, E1, R1, S, E["Type"], P> & CheckedSignals<R1, R, Last>,
    options?: StepOptions<
      [...ArgTypes<Args>, results: Results],
      E["Type"],
      S,
      StepResult<NoInfer<B>, S>,
      MayFail,
      Asked,
      Undo,
      UndoFailed,
      RRetry
    >
  ): Action<
    Name,
    Args,
    A,
    E,
    NextLast<Last, Passing<StepResult<B, S>, MayFail, NoInfer<Asked>>>,
    Results & { readonly [K in N]: Passing<StoredValue<N, B, S>, MayFail, NoInfer<Asked>> },
    | R
    | R1
    | ServicesOf<NoInfer<Asked>>
    | ServicesOf<NoInfer<Undo>>
    | ServicesOf<NoInfer<UndoFailed>>
    | NoInfer<RRetry>
  >

  /**
   * Adds a step that is a value after the others, as if it were written here.
   *
   * **Details**
   *
   * It receives the action's arguments: all of them, or the first ones. Under another name the same one is taken once more:
   * `.use(reserve).use(reserve.named("again"))`.
   */
  use<N extends string, Needed extends ReadonlyArray<any>, Value, E1, R1>(
    step:
      & StepValue<N, Needed, Value, E1, R1>
      & CheckedUse<N, Needed, E1, Name, ArgTypes<Args>, Results, E["Type"], R1, R, Last>
  ): Action<Name, Args, A, E, NextLast<Last, Value>, Results & { readonly [K in N]: Value }, R | R1>
}

/**
 * What actions with and without a job have in common.
 *
 * @category models
 * @since 0.1.0
 */
export interface ActionHooks<
  Name extends string,
  Args extends ArgSchemas,
  A extends PlainSchema,
  E extends PlainSchema,
  Last,
  Results,
  R
> extends AnyAction {
  readonly name: Name
  readonly arguments: Args
  readonly success: A
  readonly error: E
  readonly "~stepped/types": {
    readonly last: Last
    readonly results: Results
    readonly services: (_: never) => R
  }

  /**
   * Decides before anything is stored whether and how the action performs; a later `before` replaces an earlier one.
   */
  before<R1, P = NotGiven>(
    hook:
      & ((...args: ArgTypes<Args>) => Effect.Effect<Proceed<Args, A>, E["Type"] | InfrastructureError, R1> | Promise<P>)
      & OutsideStep<R1>
      & NoPromise<P>
  ): Hooked<Name, Args, A, E, Last, Results, R | R1>

  /** Runs a callback when the action ends with one of the statuses; with all of them if none are given. */
  after<R1, P = NotGiven>(
    statuses: ReadonlyArray<AfterStatus>,
    callback: ActionCallback<Args, OutcomeOf<A, E, Results>, R1, Promise<P>> & InCallback<R1> & NoPromise<P>
  ): Hooked<Name, Args, A, E, Last, Results, R | R1>
  after<R1, P = NotGiven>(
    callback: ActionCallback<Args, OutcomeOf<A, E, Results>, R1, Promise<P>> & InCallback<R1> & NoPromise<P>
  ): Hooked<Name, Args, A, E, Last, Results, R | R1>

  /** Runs a callback when the action has succeeded. */
  succeeded<R1, P = NotGiven>(
    callback:
      & ActionCallback<Args, Extract<OutcomeOf<A, E, Results>, { readonly status: "succeeded" }>, R1, Promise<P>>
      & InCallback<R1>
      & NoPromise<P>
  ): Hooked<Name, Args, A, E, Last, Results, R | R1>

  /** Runs a callback when the action has failed. */
  failed<R1, P = NotGiven>(
    callback:
      & ActionCallback<Args, Extract<OutcomeOf<A, E, Results>, { readonly status: "failed" }>, R1, Promise<P>>
      & InCallback<R1>
      & NoPromise<P>
  ): Hooked<Name, Args, A, E, Last, Results, R | R1>

  /** Runs a callback when the action was cancelled. */
  cancelled<R1, P = NotGiven>(
    callback:
      & ActionCallback<Args, Extract<OutcomeOf<A, E, Results>, { readonly status: "cancelled" }>, R1, Promise<P>>
      & InCallback<R1>
      & NoPromise<P>
  ): Hooked<Name, Args, A, E, Last, Results, R | R1>

  /** Runs a callback when the action has timed out. */
  timedOut<R1, P = NotGiven>(
    callback:
      & ActionCallback<Args, Extract<OutcomeOf<A, E, Results>, { readonly status: "timed_out" }>, R1, Promise<P>>
      & InCallback<R1>
      & NoPromise<P>
  ): Hooked<Name, Args, A, E, Last, Results, R | R1>
}

/**
 * The action that a hook gives back: with or without steps, as it was.
 *
 * @category models
 * @since 0.1.0
 */
export type Hooked<
  Name extends string,
  Args extends ArgSchemas,
  A extends PlainSchema,
  E extends PlainSchema,
  Last,
  Results,
  R
> = [Last] extends [JobBacked] ? JobAction<Name, Args, A, E, R> : Action<Name, Args, A, E, Last, Results, R>

// -------------------------------------------------------------------------------------------------------------------
// jobs
// -------------------------------------------------------------------------------------------------------------------

/**
 * What the job of an action receives: the action it performs, and how to complete it.
 *
 * **Details**
 *
 * Completing says whether it was this completion that ended the action: of several, exactly one does.
 *
 * **Gotchas**
 *
 * Complete last: the action is over then, and what the job still does may be interrupted.
 *
 * @category jobs
 * @since 0.1.0
 */
export interface Job<A, E = never> {
  readonly actionId: string
  /** From 1 on: one more with each `retry`, up to 32,767, which later ones keep. */
  readonly attemptNumber: number
  /** What it has failed with last, where it is run again because of that. */
  readonly lastFailure: FailureCause | undefined
  /** Ends the action well, and gives whether this has: not where it had ended before. */
  readonly succeeded: (result: A, options?: CompletionOptions) => Effect.Effect<boolean, JobCompletionError>
  /** Fails the action with one of its declared errors, or for an unnamed reason. */
  readonly failed: (error?: E, options?: CompletionOptions) => Effect.Effect<boolean, JobCompletionError>
  /** Ends the action as cancelled, or as timed out. */
  readonly cancelled: Effect.Effect<boolean, JobCompletionError>
  readonly timedOut: Effect.Effect<boolean, JobCompletionError>
  /**
   * Ends this run of the job, and runs it again after the delay: a finite one, of 0 ms or more. Anything else (`InvalidDuration`) fails the
   * action.
   */
  readonly retry: (delay: Duration.Input) => Effect.Effect<never>
}

/**
 * The signal with which {@link Job.retry} ends a run. A defect, so that no handler of typed errors takes it for one.
 *
 * @internal
 */
export class JobRetry {
  readonly _tag = "JobRetry"
  readonly delayMs: number
  constructor(delayMs: number) {
    this.delayMs = delayMs
  }
}

/**
 * Makes what a job's body receives.
 *
 * @internal
 */
export const makeJob = (
  { actionId, attemptNumber, lastFailure }: Pick<Job<any, any>, "actionId" | "attemptNumber" | "lastFailure">,
  complete: (
    outcome: CompletionOutcome<unknown, unknown>,
    options?: CompletionOptions
  ) => Effect.Effect<boolean, JobCompletionError>
): Job<any, any> => ({
  actionId,
  attemptNumber,
  lastFailure,
  succeeded: (result, options) => complete({ status: "succeeded", result }, options),
  failed: (error, options) =>
    complete(error === undefined ? { status: "failed" } : { status: "failed", cause: error }, options),
  cancelled: complete({ status: "cancelled" }),
  timedOut: complete({ status: "timed_out" }),
  // what cannot be read throws, and is the job's defect
  retry: (delay) =>
    Effect.suspend(() => Effect.die(new JobRetry(readDuration("delay of Job.retry", delay, { least: 0 }))))
})

// -------------------------------------------------------------------------------------------------------------------
// constructors
// -------------------------------------------------------------------------------------------------------------------

// The type of a schema that may be left out. While the compiler looks at a job that is no plain function, as one of `Effect.fn`, a schema that
// is left out is `never`; used as it is, it would leave the job's parameters without types.
type TypeOr<S extends PlainSchema, Otherwise> = [S] extends [never] ? Otherwise : S["Type"]

/**
 * Options of {@link action}.
 *
 * @category models
 * @since 0.1.0
 */
export interface ActionOptions<
  Args extends ArgSchemas,
  A extends PlainSchema,
  E extends PlainSchema,
  IsOutbound extends boolean = boolean,
  Checksum = unknown,
  RTimeout = never,
  RChecksumKey = never,
  RConcurrencyKey = never,
  JobValue = never,
  RJob = never,
  PJob = NotGiven,
  RConcurrency = never,
  RDefaults = never,
  Undo = NotGiven,
  Signals extends ReadonlyArray<AnySignal> = ReadonlyArray<AnySignal>
> extends Unanswered {
  /** The schemas of its arguments, in their order: what it is enqueued with is stored by them, as JSON, and read by them in every later version. None, if not given. */
  readonly arguments?: Args
  /** The schema of what it gives: its last step's value, or what it is completed with. Nothing (`void`), if not given. */
  readonly success?: A
  /** The schema of the errors that it declares: whoever waits for it fails with them as they are typed here. None, if not given. */
  readonly error?: E
  /** The action stays performing after its last step until it is completed from outside. */
  readonly outbound?: IsOutbound
  /** The queue of the action's jobs, "default" if not given: named as actions are. */
  readonly queue?: string
  /** How long the action may perform, a millisecond at least; counted from its start. `Infinity`, like none, is without a limit. */
  readonly timeout?:
    | Duration.Input
    | ((...args: ArgTypes<Args>) => Duration.Input | Effect.Effect<Duration.Input, unknown, RTimeout>)
  /**
   * Of an outbound action, how long nothing may be heard of whoever completes it (`Stepped.heartbeat`), a millisecond at least; counted from when its steps,
   * or its job, have ended. Then it ends as `timed_out`. `Infinity`, like none, is without such a limit.
   */
  readonly heartbeatTimeout?: Duration.Input
  /**
   * What the work depends on: with the checksum of the last success, nothing is done. An effect may compute it. `null` and `undefined`
   * mean no reuse.
   *
   * A date counts as its ISO text, a `bigint` as its digits, an instance of a class as its own enumerable fields, and of Effect's own
   * values `Option`, `Result`, `DateTime`, `Duration`, `BigDecimal`, `Chunk` and actor references count as what they hold; typed arrays as
   * their numbers. Methods named `toJSON` are not asked. What JSON does not hold (sets, maps, `Redacted`, functions, symbols, NaN, `HashMap`,
   * instances without such fields, what holds itself) fails the action with an `InvalidChecksum`.
   */
  readonly checksum?: ((...args: ArgTypes<Args>) => Checksum) & Summable<Checksum>
  /** Whose last success counts; the actor's own action of this name if not given, or if it gives nothing: `null`, `""`, `[]` or `[""]`. */
  readonly checksumKey?: (...args: ArgTypes<Args>) => ActionKey | Effect.Effect<ActionKey, unknown, RChecksumKey>
  /**
   * How long a success counts, by the clock: one that is older is no achievement, and the work is done again. For ever, if not given, or
   * `Infinity`. Whoever asks says so: a shorter time in the next deploy holds for what was achieved before.
   */
  readonly achievementTtl?: Duration.Input
  /**
   * Of what does the work, as a part of the checksum: where another version has achieved it, it is done again. A text of 1 to 100 characters.
   */
  readonly version?: string
  /**
   * The lane; the actor's own action of this name if not given, or if it gives nothing: `null`, `""`, `[]` or `[""]`. In it one action performs at a time, and the newest supersedes all
   * others that wait, whatever their arguments: where every call counts, make the arguments a part of the key.
   */
  readonly concurrencyKey?: (...args: ArgTypes<Args>) => ActionKey | Effect.Effect<ActionKey, unknown, RConcurrencyKey>
  /**
   * The lanes, in place of `concurrencyKey`: values of `Stepped.lane`, each under a key. Of several the action takes all together, and starts
   * when it is its turn in each of them.
   */
  readonly concurrency?: (...args: ArgTypes<Args>) => LaneKeys | Effect.Effect<LaneKeys, unknown, RConcurrency>
  /** What its steps may wait for from outside, with `Step.waitFor` and `Step.received`: their errors are declared by it. */
  readonly signals?: Signals & CheckedErrors<Signals, TypeOr<E, never>>
  /** What holds for its own steps, and for its method, where they do not say otherwise; not for its job, nor for steps that others prepend. */
  readonly defaults?: ActionDefaults<StepFailure<TypeOr<E, never>>, RDefaults>
  /**
   * Whether what its steps have done is undone: asked once, with how the action ends, where there is something to undo. If it throws, or gives neither
   * true nor false, that is undone.
   */
  readonly compensateWhen?: (outcome: Unsuccessful<TypeOr<E, never>>) => boolean
  /** What holds for all that undoes its steps. */
  readonly compensation?: CompensationOptions
  /**
   * Whose work it is, where tenants share a queue and are to take turns in it: workers take one of each tenant's in turn, within one
   * priority, however many one of them has enqueued. It gets the arguments as given, and takes no effect; of nothing (`null`, `""`, `[]`) it is
   * nobody's, and stands in the queue as it was enqueued. Lanes, and what has begun, know nothing of it.
   */
  readonly fairBy?: (...args: ArgTypes<Args>) => ActionKey | number
  /**
   * What spans and log lines of its steps, callbacks, job and compensations show of its arguments: nothing if not given, as they may be nobody's
   * business. If it throws, that is logged, and they show nothing.
   */
  readonly annotate?: (...args: ArgTypes<Args>) => Annotations
  /**
   * Undoes the action, where it has succeeded and its parent's step unwinds its children (`unwind`): a body, or one with options, as a step's. It
   * receives the action's success and its arguments. For an action that its method performs, its job, or somebody outside; the steps of others
   * are undone by their own.
   *
   * **Details**
   *
   * So is the action itself undone where its method has ended well and it is cancelled, or its time is over, all the same. Where it does not succeed
   * otherwise once it has begun, nobody knows what it has done, and its cause lists it as `uncertain`.
   */
  readonly compensate?:
    & Compensation<
      [success: TypeOr<A, void>, ...args: [Args] extends [never] ? [] : ArgTypes<Args>],
      Undo
    >
    & CheckedUndo<Undo>
  /** Performs the action outside of its steps, and completes it; makes the action outbound. */
  readonly job?:
    & ((
      job: Job<TypeOr<A, void>, TypeOr<E, never>>,
      ...args: [Args] extends [never] ? [] : ArgTypes<Args>
    ) => Effect.Effect<JobValue, E["Type"] | InfrastructureError | JobCompletionError, RJob> | Promise<PJob>)
    & OutsideStep<RJob>
    & NoPromise<PJob>
}

/**
 * Options of the steps of an action that do not have their own.
 *
 * @category models
 * @since 0.1.0
 */
export interface ActionDefaults<Failure, R = never> {
  /** See {@link StepOptions.timeout}. */
  readonly timeout?: Duration.Input
  /** See {@link StepOptions.retry}. */
  readonly retry?: Retry<Failure, R>
  /** See {@link StepOptions.onExhausted}. */
  readonly onExhausted?: OnExhausted
}

/**
 * An action has `concurrencyKey`, the short form, or `concurrency`, lanes that are values; never both.
 *
 * @category models
 * @since 0.1.0
 */
export type OneKindOfLane = { readonly concurrencyKey?: BothKindsOfLane } | { readonly concurrency?: BothKindsOfLane }

type BothKindsOfLane = "an action has concurrencyKey or concurrency, not both"

/**
 * The action that {@link action} makes of its options.
 *
 * @category models
 * @since 0.1.0
 */
export type DeclaredAction<
  Name extends string,
  Args extends ArgSchemas,
  A extends PlainSchema,
  E extends PlainSchema,
  IsOutbound extends boolean,
  JobValue,
  R
> =
  // An indexed access and no conditional type, into which the compiler would infer from where the action is used.
  {
    readonly job: JobAction<Name, Args, A, E, R>
    readonly steps: Action<Name, Args, A, E, IsOutbound extends true ? OutboundMethod : NoSteps, {}, R>
  }[PerformedBy<JobValue>]

// A marker for each signal; none where there are none.
type ListsOf<Signals extends ReadonlyArray<AnySignal>> = Signals[number] extends infer S
  ? S extends AnySignal ? Lists<S> : never
  : never

type PerformedBy<JobValue> = IsGiven<JobValue> extends false ? "steps" : "job"

/** What is said of it later, by what it is declared with. */
const asDeclared = { steps: [], before: undefined, callbacks: [], implements: undefined } as const

/**
 * Defines an action.
 *
 * **Details**
 *
 * Without steps, the actor's method of the action's name performs it. Names are stored: of actors, actions and steps
 * they start with a letter or an underscore and go on with letters, digits, underscores, dots and hyphens. No action is called `then`,
 * which would make a promise of its client.
 *
 * **Example** (Defining actions)
 *
 * ```ts
 * import { Schema } from "effect"
 * import { Step, Stepped } from "stepped"
 *
 * const drive = Stepped.action("drive", { arguments: [Schema.Int] })
 * const park = Stepped.action("park", { arguments: [Schema.Int] })
 *   .step((miles) => Step.do(drive, miles))
 *   .step(() => Step.wait("5 seconds"))
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const action = <
  const Name extends string,
  const Args extends ArgSchemas = [],
  A extends PlainSchema = Schema.Void,
  E extends PlainSchema = Schema.Never,
  const IsOutbound extends boolean = false,
  Checksum = never,
  RTimeout = never,
  RChecksumKey = never,
  RConcurrencyKey = never,
  JobValue = NotGiven,
  RJob = never,
  PJob = NotGiven,
  RConcurrency = never,
  RDefaults = never,
  Undo = NotGiven,
  const Signals extends ReadonlyArray<AnySignal> = []
>(
  name: Name,
  options?:
    & ActionOptions<
      Args,
      A,
      E,
      IsOutbound,
      Checksum,
      RTimeout,
      RChecksumKey,
      RConcurrencyKey,
      JobValue,
      RJob,
      PJob,
      RConcurrency,
      RDefaults,
      Undo,
      Signals
    >
    & OneKindOfLane
): DeclaredAction<
  Name,
  Args,
  A,
  E,
  IsOutbound,
  JobValue,
  | ServicesOf<Checksum | Undo>
  | RTimeout
  | RChecksumKey
  | RConcurrencyKey
  | RConcurrency
  | RJob
  | RDefaults
  | ListsOf<Signals>
> => {
  const definition = define(name, options as AnyActionOptions | undefined)
  for (const side of ["success", "error"] as const) {
    const known = declared[side].get(name)
    if (known === undefined) declared[side].set(name, new Set([definition[side]]))
    else known.add(definition[side])
  }
  return new ActionImpl(definition) as any
}

/**
 * An action that the program has not declared: the engine's own, or what stands for one of which no more than its name is known. No step
 * waits for it, and what one reads that waits for another of this name is no matter of its schemas.
 *
 * @internal
 */
export const undeclaredAction: typeof action = (name: string, options?: unknown) =>
  new ActionImpl(define(name, options as AnyActionOptions | undefined)) as any

/**
 * What an execution's action has of its workflow: what is in its JSON, for who describes it.
 *
 * @internal
 */
export interface Replayed {
  readonly payload: PlainSchema
  readonly exit: PlainSchema
}

/**
 * The action that an execution of a workflow is: JSON in, JSON out, and a body that is suspended and runs again from its beginning.
 *
 * @internal
 */
export const replayedAction = (name: string, queue: string, replays: Replayed, unanswered: Unanswered): AnyAction =>
  new ActionImpl({
    ...undeclaredAction(name, { arguments: [Schema.Json], success: Schema.Json, queue, ...unanswered }).definition,
    replays
  })

/**
 * Tests whether a value is an action.
 *
 * @category guards
 * @since 0.1.0
 */
export const isAction = (u: unknown): u is AnyAction => u instanceof ActionImpl

// -------------------------------------------------------------------------------------------------------------------
// internals
// -------------------------------------------------------------------------------------------------------------------

// The success and error schemas of this process's actions by name. A step that waits for another actor's action may be
// resumed by a process that has only declared that action: what is stored of its end is read with the schema that the
// waiting module declared, which the slot knows by its fingerprint.
const declared = { success: new Map<string, Set<PlainSchema>>(), error: new Map<string, Set<PlainSchema>>() }

/**
 * The statuses of a callback, all of them if none are given; throws where one is none.
 *
 * @internal
 */
export const checkStatuses = (action: string, statuses: ReadonlyArray<AfterStatus>): ReadonlyArray<AfterStatus> => {
  for (const status of statuses) {
    if (afterStatuses.includes(status)) continue
    throw new DefinitionError({
      message: `${action} has a callback for ${String(status)}: it takes ${afterStatuses.join(", ")}`
    })
  }
  return statuses.length === 0 ? afterStatuses : [...new Set(statuses)]
}

type AnyActionOptions = ActionOptions<ArgSchemas, PlainSchema, PlainSchema, boolean>

/** Throws where it can be none. */
const define = (name: string, options: AnyActionOptions | undefined): Definition => {
  const queue = options?.queue ?? "default"
  checkDeclared(name, queue, options)
  checkReuse(name, options)
  const job = options?.job as Definition["job"]
  return {
    name,
    arguments: options?.arguments ?? [],
    success: options?.success ?? Schema.Void,
    error: options?.error ?? Schema.Never,
    outbound: options?.outbound === true || job !== undefined,
    queue,
    timeout: timeoutOf(name, options?.timeout as Definition["timeout"]),
    heartbeatTimeout: heartbeatOf(name, options),
    achievementTtl: ttlOf(name, options?.achievementTtl),
    ...madeOf(options as Partial<Definition> | undefined),
    job,
    defaults: defaultsOf(name, options?.defaults as ActionDefaults<never, unknown> | undefined),
    unanswered: unansweredOf(name, options),
    compensate: compensationOf(`compensate of ${name}`, options?.compensate as GivenCompensation | undefined),
    undoing: undoingOf(name, options?.compensateWhen, options?.compensation),
    signals: signalsOf(name, options?.signals),
    ...asDeclared
  }
}

/** What keys, lanes, checksums and annotations are made of. */
const madeOf = (
  options: Partial<Definition> = {}
): Pick<
  Definition,
  "annotate" | "checksum" | "checksumKey" | "version" | "concurrencyKey" | "concurrency" | "fairBy"
> => ({
  checksum: options.checksum,
  version: options.version,
  checksumKey: options.checksumKey,
  concurrencyKey: options.concurrencyKey,
  concurrency: options.concurrency,
  fairBy: options.fairBy,
  annotate: options.annotate
})

/** Throws where names, schemas or lanes can be none. */
const checkDeclared = (
  name: string,
  queue: string,
  options: {
    readonly arguments?: ArgSchemas
    readonly success?: PlainSchema
    readonly error?: PlainSchema
    readonly concurrency?: unknown
    readonly concurrencyKey?: unknown
  } = {}
): void => {
  checkName("action", name)
  checkReserved(name)
  checkName("queue", queue)
  for (const [index, schema] of (options.arguments ?? []).entries()) checkCodec(name, `arguments[${index}]`, schema)
  if (options.success !== undefined) checkCodec(name, "success", options.success)
  if (options.error !== undefined) checkCodec(name, "error", options.error)
  checkKindOfLane(name, options)
}

const checkReserved = (name: string): void => {
  if (name === "then") {
    throw new DefinitionError({
      message: "then cannot name an action: JavaScript would take its client for a promise, and wait for it for ever"
    })
  }
  if (name === "with") {
    throw new DefinitionError({
      message: "with cannot name an action: its client has a method of that name, which takes options"
    })
  }
  if (name === "explain") {
    throw new DefinitionError({
      message:
        "explain cannot name an action: its client has something of that name, which says what would become of one"
    })
  }
}

const checkKindOfLane = (name: string, options: { concurrency?: unknown; concurrencyKey?: unknown } = {}): void => {
  if (options.concurrency === undefined || options.concurrencyKey === undefined) return
  throw new DefinitionError({
    message: `${name} has both concurrency and concurrencyKey: give it the lanes of one of them`
  })
}

// One that is known is read once, here.
const timeoutOf = (name: string, given: Definition["timeout"]): Definition["timeout"] =>
  given === undefined || typeof given === "function" ? given : limited(() => readTimeout(name, given))

const limited = (read: () => number | undefined): number | undefined => {
  try {
    const millis = read()
    return millis === Infinity ? undefined : millis
  } catch (error) {
    throw error instanceof InvalidDuration ? new DefinitionError({ message: error.message }) : error
  }
}

const heartbeatOf = (
  name: string,
  { heartbeatTimeout, job, outbound }: { heartbeatTimeout?: Duration.Input; job?: unknown; outbound?: boolean } = {}
): number | undefined => {
  if (heartbeatTimeout !== undefined && outbound !== true && job === undefined) {
    throw new DefinitionError({
      message:
        `${name} has heartbeatTimeout and is not outbound: nobody outside performs it. Its steps wait for a signal ` +
        "with one (Step.waitFor)"
    })
  }
  return limited(() => readHeartbeat(name, heartbeatTimeout))
}

const ttlOf = (name: string, given: Duration.Input | undefined): number | undefined =>
  given === undefined
    ? undefined
    : limited(() => readDuration(`achievementTtl of ${name}`, given, { least: 1, infinity: "for ever" }))

const checkReuse = (
  name: string,
  options: { checksum?: unknown; achievementTtl?: unknown; version?: unknown } = {}
): void => {
  const { achievementTtl, checksum, version } = options
  const without = version !== undefined ? "version" : achievementTtl !== undefined ? "achievementTtl" : undefined
  if (without !== undefined && checksum === undefined) {
    throw new DefinitionError({ message: `${name} has ${without} and no checksum, without which nothing is reused` })
  }
  if (version === undefined || (typeof version === "string" && version.length >= 1 && version.length <= 100)) return
  throw new DefinitionError({ message: `the version of ${name} is none: give a text of 1 to 100 characters` })
}

const defaultsOf = (name: string, given: ActionDefaults<never, unknown> | undefined): StepDefaults | undefined => {
  if (given?.timeout === undefined && given?.retry === undefined && given?.onExhausted === undefined) return undefined
  const of = `the steps of ${name}`
  return {
    timeout: given.timeout === undefined ? undefined : stepTimeout(of, given.timeout),
    retry: given.retry === undefined ? undefined : defineRetry(of, given.retry),
    onExhausted: checkExhausted(of, given.onExhausted)
  }
}

const signalsOf = (name: string, signals: ReadonlyArray<unknown> = []): ReadonlyArray<AnySignal> => {
  const names = new Set<string>()
  return signals.map((signal) => {
    if (!isSignal(signal)) {
      throw new DefinitionError({
        message: `${name} lists among its signals what is none: make them with Stepped.signal`
      })
    }
    if (names.has(signal.name)) throw new DefinitionError({ message: `${name} lists the signal ${signal.name} twice` })
    names.add(signal.name)
    return signal
  })
}

/**
 * The success or error schemas of the actions of a name that this process has declared.
 *
 * @internal
 */
export const declaredSchemas = (side: "success" | "error", name: string): ReadonlySet<PlainSchema> | undefined =>
  declared[side].get(name)

type AnyBody = StepDefinition["body"]

class ActionImpl implements AnyAction {
  readonly _tag = "Action"
  declare readonly "~stepped/types": AnyAction["~stepped/types"]
  readonly definition: Definition

  constructor(definition: Definition) {
    this.definition = definition
  }

  get name(): string {
    return this.definition.name
  }

  get arguments(): ArgSchemas {
    return this.definition.arguments
  }

  get success(): PlainSchema {
    return this.definition.success
  }

  get error(): PlainSchema {
    return this.definition.error
  }

  step(...args: [AnyBody, GivenOptions?] | [string, AnyBody, GivenOptions?]): AnyAction {
    const [name, body, options] = typeof args[0] === "string"
      ? [args[0], args[1] as AnyBody, args[2]]
      : [undefined, args[0], args[1] as GivenOptions | undefined]
    const { steps } = this.definition
    const known = name ?? String(steps.length + 1)
    return this.#withStep(defineStep(this.name, known, name === undefined ? "unnamed" : "own", body, options))
  }

  use(step: AnyStepValue): AnyAction {
    return this.#withStep(step.definition)
  }

  #withStep(step: StepDefinition): AnyAction {
    const { job, steps } = this.definition
    if (job !== undefined) {
      throw new DefinitionError({ message: `${this.name} is performed by its job and cannot have steps` })
    }
    if (this.definition.compensate !== undefined && !this.definition.outbound) {
      throw new DefinitionError({
        message: `${this.name} is performed by its steps: give compensate to those that have something to undo`
      })
    }
    if (step.kind === "own" && steps.some(({ kind, name }) => kind === "own" && name === step.name)) {
      throw new DefinitionError({ message: `${this.name} has two steps named ${step.name}` })
    }
    return this.#with({ steps: [...steps, step] })
  }

  before(hook: NonNullable<Definition["before"]>): AnyAction {
    return this.#with({ before: hook })
  }

  after(...args: [ReadonlyArray<AfterStatus>, AnyBody] | [AnyBody]): AnyAction {
    const [statuses, run] = typeof args[0] === "function" ? [[], args[0]] : [args[0], args[1] as AnyBody]
    const callback: CallbackDefinition = {
      statuses: checkStatuses(this.name, statuses),
      run
    }
    return this.#with({ callbacks: [...this.definition.callbacks, callback] })
  }

  succeeded(run: AnyBody): AnyAction {
    return this.after(["succeeded"], run)
  }

  failed(run: AnyBody): AnyAction {
    return this.after(["failed"], run)
  }

  cancelled(run: AnyBody): AnyAction {
    return this.after(["cancelled"], run)
  }

  timedOut(run: AnyBody): AnyAction {
    return this.after(["timed_out"], run)
  }

  #with(changes: Partial<Definition>): AnyAction {
    return new ActionImpl({ ...this.definition, ...changes, implements: this.definition.implements ?? this })
  }
}
