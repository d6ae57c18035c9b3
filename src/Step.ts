/**
 * What a step's body can do: enqueue children, wait, mark itself as failed, replace the action's arguments.
 *
 * @since 0.1.0
 */
import { Context, type Duration, Effect } from "effect"
import type { AnyAction, ArgTypes, Owns } from "./Action.ts"
import type { ActorRef } from "./Actor.ts"
import type { Child } from "./Child.ts"
import type { EnqueueOptions } from "./EnqueueOptions.ts"

export { Child, isChild, makeChild } from "./Child.ts"
export type { Settled, Storable } from "./Child.ts"

/**
 * What the engine gives to the body of a running step.
 *
 * @category models
 * @since 0.1.0
 */
export interface StepContext {
  readonly name: string
  /** The running action's id, the same however often the body runs: with the step's name, a key for calls to other systems. */
  readonly actionId: string
  /** Enqueues a child; without an actor, on the action's own. */
  readonly enqueue: (
    actor: ActorRef | undefined,
    action: AnyAction,
    args: ReadonlyArray<unknown>,
    options?: EnqueueOptions
  ) => Effect.Effect<Child<any>>
  readonly wait: (duration: Duration.Input) => Effect.Effect<void>
  readonly markFailed: Effect.Effect<void>
  /** Replaces the arguments; the action says by its types which ones, and is the running one. */
  readonly setArguments: (action: AnyAction, args: ReadonlyArray<unknown>) => Effect.Effect<void>
}

/**
 * One or several actors; nothing is skipped.
 *
 * @category models
 * @since 0.1.0
 */
export type Actors = ActorRef | null | undefined | ReadonlyArray<ActorRef | null | undefined>

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
}

const verbs = (options: EnqueueOptions | undefined): StepVerbs => ({
  do: (action, ...args) =>
    Effect.flatMap(Step, (step) => step.enqueue(undefined, action, args, options)) as Effect.Effect<
      Child<typeof action["success"]["Type"]>,
      never,
      Step | Owns<typeof action["name"]>
    >,
  on: (actors, action, ...args) =>
    Effect.flatMap(Step, (step) => {
      const list: ReadonlyArray<ActorRef | null | undefined> = Array.isArray(actors) ? actors : [actors as ActorRef]
      return Effect.forEach(
        list.filter((actor): actor is ActorRef => actor !== null && actor !== undefined),
        (actor) => step.enqueue(actor, action, args, options)
      )
    })
})

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
  static readonly with: (options: EnqueueOptions) => StepVerbs = verbs

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
