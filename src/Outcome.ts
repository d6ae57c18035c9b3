/**
 * How an action ended: what a callback receives, and what completes an outbound action from outside.
 *
 * @since 0.1.0
 */
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
 * however often the callback runs: with a name of the callback's own it is the idempotency key for another system.
 *
 * @category models
 * @since 0.1.0
 */
export type Outcome<A, E = never> =
  & { readonly actionId: string }
  & (
    | { readonly status: "succeeded"; readonly result: A; readonly cause?: undefined }
    | { readonly status: "failed"; readonly result?: undefined; readonly cause: E | ActionFailed }
    | { readonly status: "cancelled"; readonly result?: undefined; readonly cause?: undefined }
    | { readonly status: "timed_out"; readonly result?: undefined; readonly cause?: undefined }
  )

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
