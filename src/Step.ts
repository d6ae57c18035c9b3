/**
 * What a step's body can do: enqueue children, wait, mark itself as failed, replace the action's arguments.
 *
 * @since 0.1.0
 */
import { Context, type Duration, Effect, Option, type Result, type Schema } from "effect"
import type { AnyAction, ArgTypes, Owns } from "./Action.ts"
import type { Kept, OutsideStep } from "./ActionChecks.ts"
import type { ActorRef } from "./Actor.ts"
import type { Child } from "./Child.ts"
import type { PlainSchema } from "./domain/PlainSchema.ts"
import type { ChildOptions } from "./EnqueueOptions.ts"
import type { AnySignal, Receives, SignalWait } from "./Signal.ts"
import type { StarterContext, StepContext } from "./StepContext.ts"
import type { AttemptError, IncompatibleSignal, MemoError, ResultsTooLarge, StorageError } from "./SteppedError.ts"
import { type Completes, type TokenOptions, Tokens } from "./Tokens.ts"

export { Child, isChild, makeChild } from "./Child.ts"
export type { Settled, Storable } from "./Child.ts"
export type { StarterContext, StepContext } from "./StepContext.ts"

/**
 * One or several actors; nothing is skipped.
 *
 * @category models
 * @since 0.1.0
 */
export type Actors = ActorRef | null | undefined | ReadonlyArray<ActorRef | null | undefined>

/**
 * Stands for the end of a child that was attempted: its success, one of its own errors, or why it gave none of them.
 *
 * @category models
 * @since 0.1.0
 */
export type Attempt<A extends AnyAction> = Child<
  Result.Result<A["success"]["Type"], A["error"]["Type"] | AttemptError>
>

/**
 * What enqueues children.
 *
 * @category models
 * @since 0.1.0
 */
export interface StepVerbs {
  /** See {@link Step.do}. */
  readonly do: <A extends AnyAction>(
    action: A,
    ...args: ArgTypes<A["arguments"]>
  ) => Effect.Effect<Child<A["success"]["Type"]>, never, Step | Owns<A["name"]>>
  /** See {@link Step.on}. */
  readonly on: <A extends AnyAction>(
    actors: Actors,
    action: A,
    ...args: ArgTypes<A["arguments"]>
  ) => Effect.Effect<ReadonlyArray<Child<A["success"]["Type"]>>, never, Step>
  /** See {@link Step.attempt}. */
  readonly attempt: <A extends AnyAction>(
    action: A,
    ...args: ArgTypes<A["arguments"]>
  ) => Effect.Effect<Attempt<A>, never, Step | Owns<A["name"]>>
  /** See {@link Step.attemptOn}. */
  readonly attemptOn: <A extends AnyAction>(
    actors: Actors,
    action: A,
    ...args: ArgTypes<A["arguments"]>
  ) => Effect.Effect<ReadonlyArray<Attempt<A>>, never, Step>
  /** See {@link Step.start}. */
  readonly start: <A extends AnyAction>(
    action: A,
    ...args: ArgTypes<A["arguments"]>
  ) => Effect.Effect<string, never, Starter | Owns<A["name"]>>
  /** See {@link Step.startOn}. */
  readonly startOn: <A extends AnyAction>(
    actors: Actors,
    action: A,
    ...args: ArgTypes<A["arguments"]>
  ) => Effect.Effect<ReadonlyArray<string>, never, Starter>
}

const actorsOf = (actors: Actors): ReadonlyArray<ActorRef> => {
  const list: ReadonlyArray<ActorRef | null | undefined> = Array.isArray(actors) ? actors : [actors as ActorRef]
  return list.filter((actor): actor is ActorRef => actor !== null && actor !== undefined)
}

const verbs = (options: ChildOptions | undefined): StepVerbs => {
  const child =
    (isAttempt: boolean) =>
    (action: AnyAction, ...args: ReadonlyArray<unknown>): Effect.Effect<Child<any>, never, any> =>
      Effect.flatMap(Step, (step) => step.enqueue(undefined, action, args, options, isAttempt))
  const children =
    (isAttempt: boolean) =>
    (actors: Actors, action: AnyAction, ...args: ReadonlyArray<unknown>): Effect.Effect<
      ReadonlyArray<Child<any>>,
      never,
      Step
    > =>
      Effect.flatMap(
        Step,
        (step) => Effect.forEach(actorsOf(actors), (actor) => step.enqueue(actor, action, args, options, isAttempt))
      )
  return {
    do: child(false),
    on: children(false),
    attempt: child(true),
    attemptOn: children(true),
    start: (action, ...args) =>
      Effect.flatMap(starter, ({ start }) => start(undefined, action, args, options)) as Effect.Effect<
        string,
        never,
        any
      >,
    startOn: (actors, action, ...args) =>
      Effect.flatMap(
        starter,
        ({ start }) => Effect.forEach(actorsOf(actors), (actor) => start(actor, action, args, options))
      )
  }
}

/**
 * What starts actions that nobody waits for ({@link Step.start}): there in the bodies of steps and in callbacks.
 *
 * @category services
 * @since 0.1.0
 */
export class Starter extends Context.Service<Starter, StarterContext>()("stepped/Starter") {}

// In a body the step is it, so that nothing is put together for what few bodies ask for; in a callback there is no step.
const starter: Effect.Effect<StarterContext, never, Starter> = Effect.contextWith((context: Context.Context<Starter>) =>
  Effect.succeed(Option.getOrElse(Context.getOption(context, Step), () => Context.get(context, Starter)))
)

/**
 * The running step.
 *
 * **Details**
 *
 * Only the engine provides it, so that its functions do not compile outside a step. What a body enqueues is stored when
 * the body ends well: a body that fails has enqueued nothing. The step ends when everything it enqueued has ended.
 *
 * **Gotchas**
 *
 * What is asked after the body's end, by a fiber that goes on or by a finalizer, nobody would store: it is a defect (`BodyEnded`), and
 * logged as an error.
 *
 * @category services
 * @since 0.1.0
 */
export class Step extends Context.Service<Step, StepContext>()("stepped/Step") {
  /**
   * Enqueues an action of the same actor as a child of this step.
   *
   * **Details**
   *
   * Gives a stand-in for the child's result: put it into the step's value, and later steps receive the result itself.
   */
  static readonly do: StepVerbs["do"] = verbs(undefined).do

  /**
   * Enqueues an action on other actors, one child for each.
   *
   * **Details**
   *
   * `null` and `undefined` are skipped. Children come in the order of the actors.
   *
   * **Gotchas**
   *
   * Nothing checks that these actors have the action. A child without a definition waits in the queue, and the step with it;
   * `JobQueue.backlog` shows it.
   */
  static readonly on: StepVerbs["on"] = verbs(undefined).on

  /**
   * Enqueues a child whose failure is a value: the step waits for it as for any other, and does not fail with it.
   *
   * **Details**
   *
   * Gives a stand-in for a `Result`, anywhere in the step's value: the child's success, one of its own errors, decoded, or why it gave
   * neither ({@link AttemptError}). A child whose callbacks have failed has failed, too (`ActionFailed`).
   *
   * **Gotchas**
   *
   * A step may store what it is given, and not a `Result` that it has received: a step that hands one on needs a schema for it, as
   * `{ result: Schema.Result(Schema.String, Declined) }`, or takes it apart.
   *
   * **Example** (Going on without a gift)
   *
   * ```ts
   * import { Effect, Result, Schema } from "effect"
   * import { Step, Stepped } from "stepped"
   *
   * class NoPaper extends Schema.TaggedError<NoPaper>()("NoPaper", {}) {}
   * const wrap = Stepped.action("wrap", { success: Schema.String, error: NoPaper })
   * const order = Stepped.action("order", { success: Schema.String })
   *   .step("wrapped", () => Step.attempt(wrap))
   *   .step(({ wrapped }) => Effect.succeed(Result.getOrElse(wrapped, ({ _tag }) => `as it is: ${_tag}`)))
   * ```
   */
  static readonly attempt: StepVerbs["attempt"] = verbs(undefined).attempt

  /** Attempts an action on other actors, one child for each: {@link Step.attempt} as {@link Step.on} does it. */
  static readonly attemptOn: StepVerbs["attemptOn"] = verbs(undefined).attemptOn

  /**
   * Starts an action of the same actor that nobody waits for, and gives its id: in the body of a step, and in callbacks.
   *
   * **Details**
   *
   * It is enqueued with what stores the end of the body, or of the callback: once, however often that runs, and not at all if it fails. It is
   * a root of its own, which neither fails nor is cancelled with what has started it; its record says where it came from (`startedBy`).
   * With options: `Step.with({ delay: "30 days" }).start(inspect)`.
   *
   * **Gotchas**
   *
   * The id names nothing before the body, or the callback, has ended and that is stored. In jobs, hooks and elsewhere `Stepped.enqueue`
   * enqueues at once.
   *
   * **Example** (A callback that starts)
   *
   * ```ts
   * import { Effect, Schema } from "effect"
   * import { Step, Stepped } from "stepped"
   *
   * const inspect = Stepped.action("inspect").step(() => Effect.log("inspects"))
   * const sell = Stepped.action("sell")
   *   .step(() => Effect.log("sells"))
   *   .succeeded(() => Step.with({ delay: "30 days" }).start(inspect))
   * ```
   */
  static readonly start: StepVerbs["start"] = verbs(undefined).start

  /** Starts an action on other actors, and gives their ids: {@link Step.start} as {@link Step.on} does it. */
  static readonly startOn: StepVerbs["startOn"] = verbs(undefined).startOn

  /**
   * Enqueues children with a priority, tags, or to start later: `Step.with({ delay: "1 hour" }).do(remind)`.
   *
   * **Details**
   *
   * The step waits for a delayed child as for any other. It joins its lane when it is due, and its siblings do not wait for that: among
   * those of one lane it comes where it would if it were enqueued then. A priority changes nothing in the order of siblings.
   *
   * **Gotchas**
   *
   * What no option can be (`InvalidOption`) fails the step.
   */
  static readonly with: (options: ChildOptions) => StepVerbs = verbs

  /**
   * Does something once for this step, however often its body runs: what it gives is stored under the name, and given from then on.
   *
   * **Details**
   *
   * Reruns after a crash and further attempts of the step have it; it goes with the step's success. The effect runs at least once: a crash may come
   * before its value is stored. A failure is not stored. Who wants it done once for each attempt puts the attempt into the name. What it gives
   * is JSON, or has a schema: `Step.once("at", now, { result: Schema.Date })`.
   *
   * **Gotchas**
   *
   * Not in a transactional step, nor in a transaction: it would be kept whatever becomes of that. The effect cannot use `Step`. A step may do
   * 1,000 things once, which together are no larger than one result may be (`MemoError`).
   *
   * **Example** (Charging once, although the receipt may have to be sent again)
   *
   * ```ts
   * import { Context, Effect, Schema } from "effect"
   * import { Step, Stepped } from "stepped"
   *
   * class Bank extends Context.Service<Bank, { readonly charge: (cents: number, key: string) => Effect.Effect<string> }>()("Bank") {}
   *
   * const pay = Stepped.action("pay", { arguments: [Schema.Int] }).step("charge", (cents) =>
   *   Effect.gen(function*() {
   *     const { charge } = yield* Bank
   *     const { idempotencyKey } = yield* Step
   *     const receipt = yield* Step.once("receipt", charge(cents, idempotencyKey))
   *     yield* Effect.log(`sends ${receipt}`)
   *   }))
   * ```
   */
  static readonly once = <A, E, R, S extends PlainSchema = never>(
    name: string,
    effect: Effect.Effect<A, E, R> & OutsideStep<R> & Kept<A, S>,
    options?: { readonly result?: S }
  ): Effect.Effect<[S] extends [never] ? A : S["Type"], E | MemoError | StorageError, R | Step> =>
    Effect.flatMap(Step, ({ once }) => once(name, effect as Effect.Effect<A, E, R>, options?.result))

  /**
   * Says how far the step is: a text, a number or JSON of 1,000 bytes at most, for who looks at it while it runs (`handle.status`, `ActionRepo`).
   *
   * **Details**
   *
   * It costs the body nothing: the first one is stored at once, and then the last one of each second, of all steps of a worker together. It is shown as long as
   * the step runs, and waits for what it has asked for. What is larger, or cannot be stored, fails the step.
   */
  static readonly progress = (value: Schema.Json): Effect.Effect<void, never, Step> =>
    Effect.flatMap(Step, (step) => step.progress(value))

  /**
   * Holds the step open for the duration, while the body goes on at once: what has to happen afterwards belongs in the
   * next step.
   *
   * **Gotchas**
   *
   * The duration is finite, and 0 ms or more; anything else (`InvalidDuration`) fails the step. What somebody outside ends is an outbound
   * action.
   */
  static readonly wait = (duration: Duration.Input): Effect.Effect<void, never, Step> =>
    Effect.flatMap(Step, (step) => step.wait(duration))

  /**
   * Holds the step open until somebody has sent the signal, and gives a stand-in for its payload, while the body goes on at once.
   *
   * **Details**
   *
   * What was sent before counts, each signal once, in their order. If nothing comes within a `timeout` the step fails with `SignalTimedOut`,
   * or, `optional`, receives `undefined`. A failure that was sent (`Stepped.sendFailure`) is the step's: a further attempt waits anew, and has
   * what an earlier one has received.
   *
   * **Gotchas**
   *
   * The action lists the signal. What undoes a step cannot wait for one: an action that unwinds takes none any more.
   */
  static readonly waitFor = <S extends AnySignal, const Optional extends boolean = false>(
    signal: S,
    options?: SignalWait<Optional>
  ): Effect.Effect<
    Child<S["payload"]["Type"] | (Optional extends false ? never : undefined)>,
    never,
    Step | Receives<S>
  > => Effect.flatMap(Step, (step) => step.waitFor(signal, options)) as Effect.Effect<any, never, any>

  /**
   * What has been sent of a signal and nobody has read, at once: payloads, in the order in which they came. It is read with the step's success.
   *
   * **Details**
   *
   * For what takes many of them, as a cart that takes changes. A rerun, a further attempt, and later steps, where this one has failed and was
   * passed, get the same once more, with what has come since. Failures that were sent are left for who waits for the signal.
   *
   * **Gotchas**
   *
   * What no longer fits the payload's schema fails with an `IncompatibleSignal`; what is, with the results that the step receives, more than
   * `resultsLimit`, with `ResultsTooLarge`.
   */
  static readonly received = <S extends AnySignal>(
    signal: S
  ): Effect.Effect<
    ReadonlyArray<S["payload"]["Type"]>,
    IncompatibleSignal | ResultsTooLarge | StorageError,
    Step | Receives<S>
  > => Effect.flatMap(Step, (step) => step.received(signal)) as Effect.Effect<any, any, any>

  /**
   * A text for a system outside, which answers with it (`Stepped.receive`): it sends the signal, or, `"complete"`, completes the action, which is outbound.
   *
   * **Details**
   *
   * It is good as long as this attempt runs or waits, and, once the step has succeeded, for waits of later steps; with `expiresIn`, for that time at most.
   * It says nothing secret, and is signed: whoever has it may answer once, and do nothing else. It requires the keys ({@link Tokens}), where there is an example.
   */
  static readonly token: {
    (of: "complete", options?: TokenOptions): Effect.Effect<string, never, Step | Tokens | Completes>
    <S extends AnySignal>(signal: S, options?: TokenOptions): Effect.Effect<string, never, Step | Tokens | Receives<S>>
  } = (of: AnySignal | "complete", options?: TokenOptions): Effect.Effect<string, never, any> =>
    Effect.flatMap(
      Step,
      (step) => Effect.flatMap(step.claims(of, options), (claims) => Effect.flatMap(Tokens, ({ sign }) => sign(claims)))
    )

  /** Marks the step as failed; the body goes on, and what it enqueued performs and is waited for. */
  static readonly markFailed: Effect.Effect<void, never, Step> = Effect.flatMap(Step, (step) => step.markFailed)

  /**
   * Replaces the arguments of the running action for later steps and callbacks.
   *
   * **Details**
   *
   * The action is the running one, as it was declared: `const drive = Stepped.action("drive", { arguments: [Schema.Int] })` before
   * `drive.step(() => Step.setArguments(drive, 5))`. Any other action fails the step.
   */
  static readonly setArguments = <A extends AnyAction>(
    action: A,
    ...args: ArgTypes<A["arguments"]>
  ): Effect.Effect<void, never, Step> => Effect.flatMap(Step, (step) => step.setArguments(action, args))
}
