/**
 * What would become of an action, and why: the answers of `explain`.
 *
 * @since 0.1.0
 */
import { Effect } from "effect"
import type { AnyAction, ArgTypes } from "./Action.ts"
import type { ActionStatus } from "./ActionHandle.ts"
import type { ActorRef } from "./Actor.ts"
import type { Waiting } from "./domain/Failure.ts"
import { Engine } from "./Engine.ts"
import type { Pause } from "./Pause.ts"
import type { EnqueueError, StorageError, UnknownAction } from "./SteppedError.ts"

// -------------------------------------------------------------------------------------------------------------------
// models
// -------------------------------------------------------------------------------------------------------------------

/**
 * An action that an explanation names.
 *
 * @category models
 * @since 0.1.0
 */
export interface ExplainedAction {
  readonly id: string
  /** What it is, such as `visit Car/1`; its id where it is not live any more. */
  readonly action: string
  /** When it began to perform. */
  readonly since: Date | undefined
}

/**
 * An action that would be superseded.
 *
 * @category models
 * @since 0.1.0
 */
export interface ExplainedSuperseding extends ExplainedAction {
  /** Actions that wait for it as for a child, 100 at most. They would wait for the newer one, unless they are told. */
  readonly waiters: ReadonlyArray<ExplainedAction>
  /** The lane in which whoever waits for it is told, rather than waiting for the newer one. */
  readonly toldIn: string | undefined
}

/**
 * Where an action waits, or would.
 *
 * @category models
 * @since 0.1.0
 */
export interface ExplainedPlace {
  /** As `bays:north`, or the concurrency key. */
  readonly lane: string
  /** 1 is next; from 1,001 on it is not counted further. */
  readonly place: number
  /** Who performs there, the longest there first: 20 at most. */
  readonly performing: ReadonlyArray<ExplainedAction>
}

/**
 * What would become of an action.
 *
 * **Details**
 *
 * - `Runs`: it begins as soon as a worker takes it.
 * - `Achieved`: it is done already, and succeeds at once with that result.
 * - `Joins`: a live one does the same, whose outcome it has.
 * - `Supersedes`: it takes the place of others that wait, and `then` is what becomes of it.
 * - `Superseded`: a newer one waits in its lane, and has taken its place.
 * - `Waits`: others perform in its lanes, or are before it in line.
 * - `Unwinding`: what holds its lane, or it itself, is being undone.
 * - `Rejected`: a lane turns it away.
 * - `Limited`: the rate of a lane puts its start off; `Debounced`: its lane waits for newer calls.
 * - `Paused`: a pause holds it. `Delayed`: it is not to start before a time.
 * - `Deadlocks`: it would wait for what waits for it.
 * - `Duplicate`: its id or idempotency key names an action already.
 * - `Undecided`: a worker has to run `before`, or the effect of a key or a checksum, which may change everything; `then` is what
 *   follows where `before` leaves the arguments as they are, or where the checksum is that of nothing; none where a key takes the effect.
 *
 * @category models
 * @since 0.1.0
 */
export type Explanation<A = unknown> =
  & (
    | { readonly _tag: "Runs" }
    | {
      readonly _tag: "Achieved"
      readonly result: A
      /** Id of the action that has achieved it. */
      readonly achievedBy: string
      readonly achievedAt: Date
    }
    | { readonly _tag: "Joins"; readonly joined: ExplainedAction }
    | {
      readonly _tag: "Supersedes"
      readonly superseded: ReadonlyArray<ExplainedSuperseding>
      readonly then: Explanation<A>
    }
    | {
      readonly _tag: "Superseded"
      readonly by: ExplainedAction
      /** The lane in which whoever waits for it is told so. */
      readonly toldIn: string | undefined
    }
    | {
      readonly _tag: "Waits"
      /** Of one that is stored: since when. */
      readonly since: Date | undefined
      /** The lanes that hold it up. */
      readonly places: ReadonlyArray<ExplainedPlace>
      /** Who is cancelled for it. */
      readonly cancels: ReadonlyArray<ExplainedAction>
      /** Id of the elder sibling that has to join its lane before this one. */
      readonly sibling: string | undefined
      /** What would hold it if nobody was in its way. */
      readonly pause: Pause | undefined
    }
    | { readonly _tag: "Unwinding"; readonly unwinding: ReadonlyArray<ExplainedAction> }
    | { readonly _tag: "Rejected"; readonly reason: "LaneBusy" | "LaneFull"; readonly lane: string }
    | { readonly _tag: "Limited" | "Debounced"; readonly lane: string; readonly until: Date }
    | { readonly _tag: "Paused"; readonly pause: Pause }
    | { readonly _tag: "Delayed"; readonly until: Date }
    | { readonly _tag: "Deadlocks"; readonly cycle: ReadonlyArray<Waiting> }
    | { readonly _tag: "Duplicate"; readonly id: string }
    | {
      readonly _tag: "Undecided"
      readonly by: "before" | "key" | "checksum"
      readonly then: Explanation<A> | undefined
    }
  )
  & {
    /** The same in words. */
    readonly text: string
  }

/**
 * What becomes of an action that is stored: one that waits is explained as one that is only asked about.
 *
 * @category models
 * @since 0.1.0
 */
export type StoredExplanation<A = unknown> =
  | Explanation<A>
  | { readonly _tag: "Performs"; readonly since: Date | undefined; readonly text: string }
  | { readonly _tag: "Ended"; readonly status: ActionStatus; readonly text: string }

/**
 * What is asked about beside the action.
 *
 * @category models
 * @since 0.1.0
 */
export interface ExplainOptions {
  /** Id of an action that performs, and would wait for this one as for a child. */
  readonly parent: string
}

/**
 * Explains what would become of an action on an actor.
 *
 * @category models
 * @since 0.1.0
 */
export interface ExplainVerb {
  <A extends AnyAction>(
    actor: ActorRef,
    action: A,
    ...args: ArgTypes<A["arguments"]>
  ): Effect.Effect<Explanation<A["success"]["Type"]>, EnqueueError, Engine>
}

/**
 * The method of `explain` of an action's own name, such as `explain.visit`.
 *
 * @category models
 * @since 0.1.0
 */
export interface ExplainMethod<in Args extends ReadonlyArray<unknown>, out A, out E = never> {
  /** Explains what would become of the action if it was enqueued so and a worker took it now. */
  (...args: Args): Effect.Effect<Explanation<A>, EnqueueError | E>
}

/**
 * What a client explains, each action by its name.
 *
 * @category models
 * @since 0.1.0
 */
export type ExplainMethods<As extends AnyAction, E = never> = {
  readonly [A in As as A["name"]]: ExplainMethod<ArgTypes<A["arguments"]>, A["success"]["Type"], E>
}

/**
 * A client's `explain`: `car.explain.visit("London")`; called with a parent, of what that one would wait for.
 *
 * **Details**
 *
 * Everything is read at one moment, and nothing is written; no effect of the program runs. See {@link Explanation}.
 *
 * @category models
 * @since 0.1.0
 */
export type Explains<As extends AnyAction> =
  & ((options: ExplainOptions) => ExplainMethods<As, UnknownAction>)
  & ExplainMethods<As>

// -------------------------------------------------------------------------------------------------------------------
// explaining
// -------------------------------------------------------------------------------------------------------------------

/**
 * Explains what would become of an action on an actor, where there is no client; or, by an id, why an action that is stored does not begin.
 *
 * **Details**
 *
 * Everything is read at one moment, and nothing is written; no effect of the program runs. It is what a worker would do that takes the
 * action at this moment: what is in the queue, and has not joined its lane, is not counted. An id that nobody has is an `UnknownAction`.
 *
 * **Example** (Why it does not begin)
 *
 * ```ts
 * import { Effect } from "effect"
 * import { Stepped } from "stepped"
 *
 * const why = Effect.fn(function*(id: string) {
 *   const { text } = yield* Stepped.explain(id)
 *   yield* Effect.log(text)
 * })
 * ```
 *
 * @category explaining
 * @since 0.1.0
 */
export const explain: ExplainVerb & {
  (id: string): Effect.Effect<StoredExplanation, UnknownAction | StorageError, Engine>
} = (
  ...[target, action, ...args]:
    | readonly [id: string]
    | readonly [actor: ActorRef, action: AnyAction, ...args: ReadonlyArray<unknown>]
): Effect.Effect<any, any, Engine> =>
  Effect.flatMap(
    Engine,
    (engine): Effect.Effect<unknown, unknown> =>
      typeof target === "string" ? engine.explainStored(target) : engine.explain(target, action!, args)
  )
