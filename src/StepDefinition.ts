/**
 * One step: its body, its options, and a step that is a value, which several actions take.
 *
 * @since 0.1.0
 */
import type { Duration, Effect, Schema } from "effect"
import type { ServicesOf } from "./Action.ts"
import type {
  CheckedName,
  CheckedUndo,
  CheckedWhen,
  ErrorsOf,
  FitsResult,
  IsGiven,
  NoPromise,
  NotGiven,
  StepResult,
  StoredValue
} from "./ActionChecks.ts"
import { checkCodec, checkName, type PlainSchema } from "./Actor.ts"
import type { Compensation, WithoutResult } from "./Compensation.ts"
import type { StepKind } from "./domain/Phase.ts"
import type { Retry, StepFailure } from "./Retry.ts"
import { type GivenOptions, type OnExhausted, policyOf, type StepPolicy } from "./StepPolicy.ts"

export type { StepKind }

// -------------------------------------------------------------------------------------------------------------------
// models
// -------------------------------------------------------------------------------------------------------------------

/**
 * One step as the engine runs it.
 *
 * @category definitions
 * @since 0.1.0
 */
export interface StepDefinition {
  readonly name: string
  readonly kind: StepKind
  /** Receives the arguments and the results of the named steps before it. */
  readonly body: (...args: ReadonlyArray<any>) => Effect.Effect<unknown, unknown, any>
  readonly transactional: boolean
  readonly result: PlainSchema | undefined
  /** What is not as it is for most steps; none where all of it is. */
  readonly policy?: StepPolicy | undefined
}

/**
 * A step's body. In an action it receives the arguments, then the results of the named steps before it.
 *
 * @category models
 * @since 0.1.0
 */
export type StepBody<Params extends ReadonlyArray<any>, B, E, R, Also = never> = (
  ...args: Params
) => Effect.Effect<B, E, R> | Also

/**
 * Options of one step, wherever it stands: in an action, as a value, or prepended to the steps of another module's action.
 *
 * @category models
 * @since 0.1.0
 */
export interface StepOptions<
  Params extends ReadonlyArray<any>,
  Declared,
  S,
  Value,
  MayFail extends boolean = false,
  Asked = NotGiven,
  Undo = NotGiven,
  UndoFailed = NotGiven,
  RRetry = never,
  Failure = StepFailure<Declared>
> {
  /** The schema of what the body gives, where that is more than JSON values and children. */
  readonly result?: S
  /**
   * Runs the body inside the engine's own transaction: its SQL, its result and its children commit together, once.
   */
  readonly transactional?: boolean
  /**
   * Whether the step runs, asked before its body with what the body receives. If not, it is `skipped`, and later steps receive `undefined` for
   * its result. A failure in it is the step's.
   */
  readonly when?: ((...args: Params) => Asked) & CheckedWhen<Asked, Declared>
  /** A failure of the step is kept with it, and the next one runs; later steps receive `undefined` for its result. */
  readonly mayFail?: MayFail
  /**
   * How long the step may take with its children and its waits, a millisecond at least: counted from its start, also where a worker dies and
   * another one runs it again. Then it fails with a {@link StepTimedOut}: its body is interrupted, its open children are cancelled. `Infinity` is
   * without a limit, whatever the action's `defaults` are.
   */
  readonly timeout?: Duration.Input
  /**
   * When the step begins again that has failed: a schedule, or `{ schedule, while, times, errors }`; `"never"`, whatever the action's `defaults` are.
   *
   * **Details**
   *
   * Whatever it has failed with, its time (`timeout`), a child and a mark too. Between attempts the action performs: its lane is held and its own
   * timeout runs. A failure may ask for a longer delay with a field `retryAfter`, a duration. Children that the body enqueues again, the same
   * action with the same arguments on the same actor, are not performed again if they have succeeded.
   */
  readonly retry?: Retry<Failure, RRetry>
  /** A further attempt performs all of its children anew. */
  readonly fresh?: boolean
  /**
   * Undoes the step, where its action ends as failed, cancelled or timed out after it has succeeded: a body as the step's own, which may
   * enqueue children and wait. It receives what the step gave, then what the step received.
   *
   * **Details**
   *
   * Compensations run one after another, the last step's first, before the action's callbacks. Whatever one fails with, it is tried again, five times in
   * all, or as its own `retry` says; one that has failed for good stops no other, and is named in the action's cause (`notUndone`).
   */
  readonly compensate?: Compensation<[result: Value, ...args: Params], Undo> & CheckedUndo<Undo>
  /**
   * Undoes a step that has begun and not succeeded: it has failed, was marked as failed, timed out, or was interrupted. Of a step without it that has a
   * `compensate`, the cause says that it is `uncertain`; not of a transactional one that has taken back all its SQL. What that has done elsewhere is for
   * this to undo: it runs all the same.
   */
  readonly compensateFailed?:
    & Compensation<[cause: WithoutResult<Declared>, ...args: Params], UndoFailed>
    & CheckedUndo<UndoFailed>
  /**
   * Unwinds the children of the step where its action ends as failed, cancelled or timed out, whatever has become of the step: those that have
   * succeeded, of all its attempts, undo what their steps have done, and so on below them.
   *
   * **Details**
   *
   * Before the step's own `compensate`; those of one lane one after another, the last one first. A child takes its place in its lanes for that, before
   * whoever waits there. What others count on, too, having joined or reused it, and what is past its `pointOfNoReturn`, is left as it is, and is
   * named in the action's cause (`kept`).
   */
  readonly unwind?: boolean
  /** Once the step has succeeded, neither it nor any step before it is undone any more; those after it are. */
  readonly pointOfNoReturn?: boolean
  /**
   * Whoever ends the action while the body runs waits for its end: it is not interrupted, so that what it has done is known, and is undone. Its own
   * `timeout` ends it all the same. It does not begin again after a failure then, and what it has enqueued is not begun.
   *
   * **Gotchas**
   *
   * Where its worker dies meanwhile, the body runs again on another one, to its end: that is when what it has done is known.
   */
  readonly shielded?: boolean
  /**
   * `hold`: instead of failing, the step stays open after its last attempt, with its lane, until somebody decides by `ActionRepo.tryStepAgain`,
   * `skipStep`, `completeStep` or `failStep`, or the action's time is over. `fail`, whatever the action's `defaults` are.
   */
  readonly onExhausted?: OnExhausted
}

/**
 * What a step gives that may be skipped, or fail and be passed.
 *
 * @category models
 * @since 0.1.0
 */
export type Passing<Value, MayFail extends boolean, Asked> = [MayFail] extends [false]
  ? IsGiven<Asked> extends false ? Value : Value | undefined
  : Value | undefined

/**
 * What every step that is a value has, whatever its types.
 *
 * @category models
 * @since 0.1.0
 */
export interface AnyStepValue {
  readonly _tag: "StepValue"
  readonly name: string
  /** @internal */
  readonly definition: StepDefinition
}

/**
 * A step that is a value: actions whose arguments it can take have it with `.use(step)`.
 *
 * @category models
 * @since 0.1.0
 */
export interface StepValue<Name extends string, Needed extends ReadonlyArray<any>, Value, E, R> extends AnyStepValue {
  readonly name: Name
  readonly "~stepped/types": {
    readonly needs: (...args: Needed) => void
    readonly value: Value
    readonly error: E
    readonly services: (_: never) => R
  }
  /** The same step under another name, by which it is known: for a second time in one action. */
  readonly named: <const N extends string>(name: N) => StepValue<N, Needed, Value, E, R>
}

// -------------------------------------------------------------------------------------------------------------------
// constructors
// -------------------------------------------------------------------------------------------------------------------

/**
 * Defines a step that is a value, for any action whose arguments its body takes.
 *
 * **Details**
 *
 * The body receives the action's arguments, or the first ones of them, and no results of other steps. Its errors, its services and its
 * result are those of the action that takes it.
 *
 * **Example** (One step of two actions)
 *
 * ```ts
 * import { Effect, Schema } from "effect"
 * import { Stepped } from "stepped"
 *
 * const weigh = Stepped.step("weigh", (parcel: string) => Effect.succeed(parcel.length))
 *
 * const send = Stepped.action("send", { arguments: [Schema.String] })
 *   .use(weigh)
 *   .step((parcel, { weigh }) => Effect.log(`${parcel} weighs ${weigh}`))
 * const take = Stepped.action("take", { arguments: [Schema.String, Schema.Int] }).use(weigh)
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const step = <
  const N extends string,
  Needed extends ReadonlyArray<any>,
  B,
  E,
  R,
  S extends PlainSchema = never,
  P = NotGiven,
  const MayFail extends boolean = false,
  Asked = NotGiven,
  Undo = NotGiven,
  UndoFailed = NotGiven,
  RRetry = never
>(
  name: CheckedName<N, {}, B, S, Schema.Never, P>,
  body: StepBody<Needed, B, E, R, Promise<P>> & NoPromise<P> & FitsResult<B, S, P>,
  options?: StepOptions<
    Needed,
    unknown,
    S,
    StepResult<NoInfer<B>, S>,
    MayFail,
    Asked,
    Undo,
    UndoFailed,
    RRetry,
    StepFailure<NoInfer<E>>
  >
): StepValue<
  N,
  Needed,
  Passing<StoredValue<N, B, S>, MayFail, Asked>,
  E | ErrorsOf<NoInfer<Asked>>,
  R | ServicesOf<NoInfer<Asked>> | ServicesOf<NoInfer<Undo>> | ServicesOf<NoInfer<UndoFailed>> | NoInfer<RRetry>
> =>
  new StepValueImpl(
    defineStep("Stepped.step", name as string, "own", body as StepDefinition["body"], options as GivenOptions)
  ) as any

// -------------------------------------------------------------------------------------------------------------------
// internals
// -------------------------------------------------------------------------------------------------------------------

/**
 * A step as it is given to an action, checked; throws a `DefinitionError` where it can be none.
 *
 * @internal
 */
export const defineStep = (
  owner: string,
  name: string,
  kind: StepKind,
  body: StepDefinition["body"],
  options: GivenOptions | undefined
): StepDefinition => {
  if (kind !== "unnamed") checkName("step", name)
  if (options?.result !== undefined) checkCodec(owner, `the result of ${name}`, options.result)
  return {
    name,
    kind,
    body,
    transactional: options?.transactional ?? false,
    result: options?.result,
    policy: policyOf(`${owner} › ${name}`, options)
  }
}

class StepValueImpl implements AnyStepValue {
  readonly _tag = "StepValue"
  readonly definition: StepDefinition

  constructor(definition: StepDefinition) {
    this.definition = definition
  }

  get name(): string {
    return this.definition.name
  }

  named(name: string): AnyStepValue {
    checkName("step", name)
    return new StepValueImpl({ ...this.definition, name })
  }
}
