/**
 * How an action ended: what a callback receives, and what completes an outbound action from outside.
 *
 * @since 0.1.0
 */
import type { Effect } from "effect"
import type { Kept, NotUndone } from "./domain/Failure.ts"
import type { OperatorOptions } from "./Operation.ts"
import type { ActionFailed } from "./SteppedError.ts"

/**
 * The ends that have callbacks, and that an outbound action may be given from outside.
 *
 * @category models
 * @since 0.1.0
 */
export type AfterStatus = "succeeded" | "failed" | "cancelled" | "timed_out"

/**
 * All of {@link AfterStatus}, in the order of the documentation.
 *
 * @category models
 * @since 0.1.0
 */
export const afterStatuses: ReadonlyArray<AfterStatus> = ["succeeded", "failed", "cancelled", "timed_out"]

/**
 * How an action ended, as its callbacks see it.
 *
 * **Details**
 *
 * `cause` is one of the action's own errors, or an `ActionFailed` that says what happened and where in the tree. `actionId` is the same
 * however often the callback runs: with a name of the callback's own it is the idempotency key for another system. `reason` is what whoever
 * cancelled it has given.
 *
 * @category models
 * @since 0.1.0
 */
export type Outcome<A, E = never> =
  & {
    readonly actionId: string
    /** What its steps have done and could not be undone, for good; nothing where all was. */
    readonly notUndone?: ReadonlyArray<NotUndone>
    /** Children that were to be unwound and are left as they are. */
    readonly kept?: ReadonlyArray<Kept>
    /** Names of steps that have begun and not succeeded, and have nothing to undo that with. */
    readonly uncertain?: ReadonlyArray<string>
  }
  & (
    | { readonly status: "succeeded"; readonly result: A; readonly cause?: undefined }
    | { readonly status: "failed"; readonly result?: undefined; readonly cause: E | ActionFailed }
    | {
      readonly status: "cancelled"
      readonly result?: undefined
      readonly cause?: undefined
      readonly reason?: string
    }
    | { readonly status: "timed_out"; readonly result?: undefined; readonly cause?: undefined }
  )

/**
 * What a callback is given of the action's steps, beside how it ended.
 *
 * @category models
 * @since 0.1.0
 */
export interface StepsRan<out Results> {
  /**
   * The results of the named steps that have succeeded: of each that may not have run, or was passed or skipped, there is none.
   *
   * **Details**
   *
   * They are loaded where a callback asks for them, and each time that it does; no more than `resultsLimit` of them. One that the running
   * definition cannot read any more fails whoever looks at it, and nobody else. It is not enumerated: what is made of the outcome as data
   * does not hold it.
   */
  readonly results: Effect.Effect<Partial<Results>>
}

/**
 * How an action ended that did not succeed.
 *
 * @category models
 * @since 0.1.0
 */
export type Unsuccessful<E = never> = Exclude<Outcome<unknown, E>, { readonly status: "succeeded" }>

/**
 * How an outbound action is to end.
 *
 * @category models
 * @since 0.1.0
 */
export type CompletionOutcome<A, E = never> =
  | { readonly status: "succeeded"; readonly result: A }
  | { readonly status: "failed"; readonly cause?: E }
  | { readonly status: "cancelled" }
  | { readonly status: "timed_out" }

/**
 * How an outbound action is completed. Where `by` is given it is recorded with it (`ActionRepo.operations`), by whom and why.
 *
 * @category models
 * @since 0.1.0
 */
export interface CompletionOptions extends OperatorOptions {
  /**
   * What makes it the same completion when it comes again, as a webhook that is delivered twice: 1 to 255 characters, its actor's and its action's
   * own.
   *
   * **Details**
   *
   * The second one is answered as the first, whatever performs by then. Another outcome with it is a `CompletionConflict`. It is held as long as the
   * history of what it has completed, and for `keyRetention` at least.
   */
  readonly key?: string | undefined
}

/**
 * Makes the outcomes that complete an outbound action.
 *
 * **Example** (Completing from a webhook)
 *
 * ```ts
 * import { Schema } from "effect"
 * import { Stepped } from "stepped"
 *
 * class Order extends Stepped.Actor<Order>()("Order", { id: Schema.Int }) {}
 * const charge = Stepped.action("charge", { success: Schema.String, outbound: true })
 *
 * const paid = Stepped.complete(Order.ref(1), charge, Stepped.Outcome.succeeded("receipt-1"))
 * const declined = Stepped.complete(Order.ref(1), charge, Stepped.Outcome.failed())
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const Outcome: {
  /** The action succeeded with this result. */
  readonly succeeded: <A>(result: A) => CompletionOutcome<A>
  /** The action succeeded and has no result. */
  readonly succeededVoid: CompletionOutcome<void>
  /** The action failed, with one of its declared errors or for an unnamed reason. */
  readonly failed: <E = never>(error?: E) => CompletionOutcome<never, E>
  readonly cancelled: CompletionOutcome<never>
  readonly timedOut: CompletionOutcome<never>
} = {
  succeeded: (result) => ({ status: "succeeded", result }),
  succeededVoid: { status: "succeeded", result: undefined },
  failed: (error) => error === undefined ? { status: "failed" } : { status: "failed", cause: error },
  cancelled: { status: "cancelled" },
  timedOut: { status: "timed_out" }
}
