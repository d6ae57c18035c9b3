/**
 * What programs call: clients of an actor's actions, and what needs an actor and an action alone.
 *
 * @since 0.1.0
 */
import { Effect, type Option } from "effect"
import type { AnyAction, ArgTypes, Outbound } from "./Action.ts"
import type { Last, Listed, SignalsOf } from "./ActionChecks.ts"
import type { ActionHandle, Cancellation, CancelOptions } from "./ActionHandle.ts"
import type { ActorRef, PlainSchema } from "./Actor.ts"
import { Engine } from "./Engine.ts"
import type { EnqueueOptions, PromptOptions } from "./EnqueueOptions.ts"
import type { Explains, ExplainVerb, Explanation } from "./Explanation.ts"
import type { CompletionOptions, CompletionOutcome } from "./Outcome.ts"
import type { AnySignal } from "./Signal.ts"
import type {
  CancelError,
  CompleteError,
  EnqueueError,
  InvalidActorId,
  UnknownAction,
  WaitError
} from "./SteppedError.ts"

// -------------------------------------------------------------------------------------------------------------------
// clients
// -------------------------------------------------------------------------------------------------------------------

// The handle of an action, by its types; hovers show what these are, and not this name.
type HandleOf<A extends AnyAction> = ActionHandle<A["success"]["Type"], A["error"]["Type"], SignalsOf<A>>

/**
 * The client's method of an action's own name, such as `visit`.
 *
 * @category models
 * @since 0.1.0
 */
export interface WaitingMethod<in Args extends ReadonlyArray<unknown>, out A, out E> {
  /**
   * Enqueues the action, waits for its end, and gives its result.
   *
   * **Details**
   *
   * Fails with the action's own errors, or says how else it ended. Inside an open `sql.withTransaction` it would wait for itself, and
   * fails.
   */
  (...args: Args): Effect.Effect<A, E | EnqueueError | WaitError>
}

/**
 * The client's method that only enqueues, such as `visitLater`.
 *
 * @category models
 * @since 0.1.0
 */
export interface LaterMethod<
  in Args extends ReadonlyArray<unknown>,
  out A,
  out E,
  in Signals extends AnySignal = never
> {
  /** Enqueues the action, inside an open `sql.withTransaction` together with it, and gives its handle. */
  (...args: Args): Effect.Effect<ActionHandle<A, E, Signals>, EnqueueError>
}

/**
 * The client's method that performs at once, such as `visitNow`.
 *
 * @category models
 * @since 0.1.0
 */
export interface NowMethod<in Args extends ReadonlyArray<unknown>, out A, out E, in Signals extends AnySignal = never> {
  /** Performs the action in the calling fiber as far as it goes at once, without waiting for children, and gives its handle. */
  (...args: Args): Effect.Effect<ActionHandle<A, E, Signals>, EnqueueError>
}

/**
 * How a client is asked to enqueue: what `with` gives enqueues with these options.
 *
 * @category models
 * @since 0.1.0
 */
export interface WithOptions<out Prompt, out Delayed> {
  /** The same, enqueueing with a priority and tags; options over options add to each other. */
  (options: PromptOptions): Prompt
  /** The same for what is to start later, which nothing performs now. */
  (options: EnqueueOptions): Delayed
}

/**
 * One actor's actions, ready to be called; the effects need nothing further.
 *
 * **Details**
 *
 * For an action `visit`: `visitLater` enqueues it, inside an open `sql.withTransaction` together with it; `visitNow`
 * performs it in the calling fiber as far as it goes at once; `visit` enqueues it and waits for its result. Their parameters have names
 * where the action's schemas have: `arguments: [Schema.Int] as [miles: Schema.Int]`.
 *
 * `explain` says what would become of one, without doing it: `car(1).explain.visit("London")`. `with` says how: `car(1).with({ delay: "1 hour" }).visitLater("London")`, `car(1).with({ priority: -10 }).visit("London")`.
 *
 * @category models
 * @since 0.1.0
 */
export type Client<As extends AnyAction> =
  & Methods<As>
  & {
    readonly [A in As as `${A["name"]}Now`]: NowMethod<
      ArgTypes<A["arguments"]>,
      A["success"]["Type"],
      A["error"]["Type"],
      SignalsOf<A>
    >
  }
  & { readonly with: WithOptions<Client<As>, DelayedClient<As>>; readonly explain: Explains<As> }

/**
 * One actor's actions, each of them to start later.
 *
 * @category models
 * @since 0.1.0
 */
export type DelayedClient<As extends AnyAction> =
  & Methods<As>
  & { readonly with: (options: EnqueueOptions) => DelayedClient<As>; readonly explain: Explains<As> }

// What every client has of its actions.
type Methods<As extends AnyAction> =
  & {
    readonly [A in As as A["name"]]: WaitingMethod<ArgTypes<A["arguments"]>, A["success"]["Type"], A["error"]["Type"]>
  }
  & {
    readonly [A in As as `${A["name"]}Later`]: LaterMethod<
      ArgTypes<A["arguments"]>,
      A["success"]["Type"],
      A["error"]["Type"],
      SignalsOf<A>
    >
  }

/**
 * The clients of one actor type: call it with an id for the client of that actor.
 *
 * @category models
 * @since 0.1.0
 */
export interface Clients<Id extends PlainSchema, As extends AnyAction> extends Bulk<Id, As> {
  (id: Id["Type"]): Client<As>
  /** Clients that enqueue with these options: `cars.with({ priority: 50 }).enqueueMany(drive, calls)`. */
  readonly with: WithOptions<Clients<Id, As>, DelayedClients<Id, As>>
}

/**
 * The clients of one actor type for what is to start later.
 *
 * @category models
 * @since 0.1.0
 */
export interface DelayedClients<Id extends PlainSchema, As extends AnyAction> extends Bulk<Id, As> {
  (id: Id["Type"]): DelayedClient<As>
  readonly with: (options: EnqueueOptions) => DelayedClients<Id, As>
}

/**
 * Enqueueing in bulk.
 *
 * @category models
 * @since 0.1.0
 */
export interface Bulk<Id extends PlainSchema, As extends AnyAction> {
  /**
   * Enqueues one action on many actors, each call an actor's id with the arguments, and gives their handles in the same order.
   *
   * **Details**
   *
   * A statement stores some thousand of them. All are stored or none: what one of them does not fit fails the call (`EnqueueError`).
   * At most 100,000 at once (`TooManyInvocations`). Inside an open `sql.withTransaction` they commit with it.
   *
   * **Example** (Driving a fleet)
   *
   * ```ts
   * import { Effect, Schema } from "effect"
   * import { Stepped } from "stepped"
   *
   * class Car extends Stepped.Actor<Car>()("Car", { id: Schema.Int }) {}
   * const drive = Stepped.action("drive", { arguments: [Schema.Int] })
   * const Cars = Stepped.actions(Car, [drive])
   *
   * const driveAll = Effect.fn(function*(ids: ReadonlyArray<number>) {
   *   const cars = yield* Cars.client
   *   return yield* cars.enqueueMany(drive, ids.map((id) => [id, 100]))
   * })
   * ```
   */
  readonly enqueueMany: <A extends AnyAction>(
    action: A & Listed<A["name"], As["name"]>,
    calls: Iterable<readonly [id: Id["Type"], ...args: ArgTypes<A["arguments"]>]>
  ) => Effect.Effect<ReadonlyArray<HandleOf<A>>, EnqueueError>
}

// -------------------------------------------------------------------------------------------------------------------
// enqueueing
// -------------------------------------------------------------------------------------------------------------------

/**
 * Enqueues an action on an actor, and gives its handle: what a client's `…Later` does, where there is no client.
 *
 * **When to use**
 *
 * In hooks and jobs of the actor's own actions, and in steps and callbacks that want the handle: its client comes after them, from the list that holds
 * them, and naming it there would be going in circles. Inside a step, `Step.do` and `Step.on` enqueue children, which the step waits for; `Step.start`, in
 * callbacks too, begins a tree of its own with the end of the body, once. This begins one at once.
 *
 * **Details**
 *
 * Needs the `Engine`, which the layer of the actions has anyway. Inside an open `sql.withTransaction`, or a transactional step, it commits
 * with it.
 *
 * **Gotchas**
 *
 * A body or callback that runs again enqueues again. Nothing checks that the actor has the action: without a definition it waits in the
 * queue (`JobQueue.backlog` shows it).
 *
 * **Example** (A callback that enqueues)
 *
 * ```ts
 * import { Effect, Schema } from "effect"
 * import { Stepped } from "stepped"
 *
 * class Car extends Stepped.Actor<Car>()("Car", { id: Schema.Int }) {}
 * const charge = Stepped.action("charge", { arguments: [Schema.Int], outbound: true })
 * const wash = Stepped.action("wash")
 *   .step(() => Effect.log("washes"))
 *   .succeeded(Effect.fn(function*() {
 *     yield* Stepped.enqueue(yield* Car, charge, 1200)
 *   }))
 *
 * const Cars = Stepped.actions(Car, [charge, wash])
 * ```
 *
 * @category enqueueing
 * @since 0.1.0
 */
export const enqueue = <A extends AnyAction>(
  actor: ActorRef,
  action: A,
  ...args: ArgTypes<A["arguments"]>
): Effect.Effect<HandleOf<A>, EnqueueError, Engine> =>
  Effect.flatMap(Engine, (engine) => engine.enqueue(actor, action, args) as Effect.Effect<HandleOf<A>, EnqueueError>)

/**
 * Enqueues with options where there is no client.
 *
 * **Example** (A reminder that a callback enqueues)
 *
 * ```ts
 * import { Effect, Schema } from "effect"
 * import { Stepped } from "stepped"
 *
 * class Car extends Stepped.Actor<Car>()("Car", { id: Schema.Int }) {}
 * const inspect = Stepped.action("inspect").step(() => Effect.log("inspects"))
 * const wash = Stepped.action("wash")
 *   .step(() => Effect.log("washes"))
 *   .succeeded(Effect.fn(function*() {
 *     yield* Stepped.with({ delay: "30 days", priority: 20 }).enqueue(yield* Car, inspect)
 *   }))
 *
 * const Cars = Stepped.actions(Car, [inspect, wash])
 * ```
 *
 * @category enqueueing
 * @since 0.1.0
 */
export const withOptions = (
  options: EnqueueOptions
): { readonly enqueue: typeof enqueue; readonly explain: ExplainVerb } => ({
  explain: (actor, action, ...args) =>
    Effect.flatMap(
      Engine,
      (engine) =>
        // only a parent can be unknown
        Effect.catchTag(engine.explain(actor, action, args, options), "UnknownAction", Effect.die) as Effect.Effect<
          Explanation<(typeof action)["success"]["Type"]>,
          EnqueueError
        >
    ),
  enqueue: (actor, action, ...args) =>
    Effect.flatMap(
      Engine,
      (engine) => engine.enqueue(actor, action, args, options) as Effect.Effect<HandleOf<typeof action>, EnqueueError>
    )
})

/**
 * Completes an outbound action from outside.
 *
 * **Details**
 *
 * Given an actor, it completes that actor's performing outbound action of this name, and gives its id; two of them are an
 * `AmbiguousCompletion`. It gives nothing if none performs: one that is over is not looked at, nor is one that has not started yet.
 *
 * Given an action's id, it completes exactly that one, or gives nothing if that is over. One that waits for a worker, or for others in its
 * lane, is a `NotStarted`, which says that the same call may succeed later; an id that names no action of this name is an `UnknownAction`.
 *
 * With a `key` it is the same completion when it comes again: answered as it was, also where the actor performs another action of this name by
 * then.
 *
 * **Gotchas**
 *
 * An answer may come before a worker has taken the action, as where the request goes out in the transaction that enqueues it. Give the
 * other system the id of the action, and answer it with an error that makes it try again on `NotStarted`: by name, nothing tells "not
 * yet" from "no more".
 *
 * @category completing
 * @since 0.1.0
 */
export const complete = <A extends AnyAction>(
  target: ActorRef | string,
  action: A & (Last<A> extends Outbound ? unknown : `${A["name"]} is not outbound: it completes by itself`),
  outcome: CompletionOutcome<A["success"]["Type"], A["error"]["Type"]>,
  options?: CompletionOptions
): Effect.Effect<Option.Option<string>, CompleteError, Engine> =>
  Effect.flatMap(Engine, (engine) => engine.complete(target, action, outcome, options))

/**
 * Cancels by an action's id, or whatever an actor has of an action: what performs, what waits in its lanes, and what is queued.
 *
 * **Details**
 *
 * By an id it says whether it was this that has ended the action, as a handle's `cancel` does. By actor and action it cancels at most 1,000
 * a call, those first that have not begun, and says how many it has cancelled and whether there are more. What is over, or ends already, is
 * left as it is: called again, it cancels nothing.
 *
 * **Example** (Whoever closes an account)
 *
 * ```ts
 * import { Effect, Schema } from "effect"
 * import { Stepped } from "stepped"
 *
 * class User extends Stepped.Actor<User>()("User", { id: Schema.Int }) {}
 * const remind = Stepped.action("remind").step(() => Effect.log("reminds"))
 *
 * const closeAccount = Effect.fn(function*(user: number) {
 *   const { cancelled } = yield* Stepped.cancel(User.ref(user), remind, { reason: "the account is closed" })
 *   yield* Effect.log(`${cancelled} reminders will not be sent`)
 * })
 * ```
 *
 * @category cancelling
 * @since 0.1.0
 */
export const cancel: {
  (id: string, options?: CancelOptions): Effect.Effect<boolean, CancelError, Engine>
  (
    actor: ActorRef,
    action: AnyAction,
    options?: CancelOptions
  ): Effect.Effect<Cancellation, InvalidActorId | Exclude<CancelError, UnknownAction>, Engine>
} = (
  ...args:
    | readonly [id: string, options?: CancelOptions | undefined]
    | readonly [actor: ActorRef, action: AnyAction, options?: CancelOptions | undefined]
): Effect.Effect<any, any, Engine> =>
  Effect.flatMap(
    Engine,
    (engine): Effect.Effect<unknown, unknown> =>
      typeof args[0] === "string"
        ? engine.cancelById(args[0], args[1] as CancelOptions | undefined)
        : engine.cancelAll(args[0], args[1] as AnyAction, args[2])
  )

/**
 * Gives a handle for an action that was enqueued elsewhere, by its id: to wait for it, to cancel it, to look at it.
 *
 * **Details**
 *
 * The id is a handle's `id`, kept wherever the program keeps such things. One that is unknown, or names something else than this action
 * of this actor, shows when the handle is used, whatever it is asked (`UnknownAction`).
 *
 * @category constructors
 * @since 0.1.0
 */
export const handle = <A extends AnyAction>(
  actor: ActorRef,
  action: A,
  id: string
): Effect.Effect<HandleOf<A>, InvalidActorId, Engine> =>
  Effect.flatMap(Engine, (engine) => engine.handle(actor, action, id) as Effect.Effect<HandleOf<A>, InvalidActorId>)
