/**
 * An action as a tool: a model calls it, and what it is told comes of the action.
 */
import * as AiError from "effect/ai/AiError"
import * as Tool from "effect/ai/Tool"
import type { HandlerContext } from "effect/ai/Toolkit"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type { AnyAction, ArgTypes } from "../Action.ts"
import type { Listed } from "../ActionChecks.ts"
import type { Actions, AllActions } from "../Actions.ts"
import type { PlainSchema } from "../Actor.ts"
import { withOptions } from "../Client.ts"
import { errorText } from "../domain/Failure.ts"
import { Engine } from "../Engine.ts"
import {
  AwaitTimedOut,
  EnqueueError,
  InvalidDuration,
  InvalidOption,
  StorageError,
  UnknownAction,
  UnknownDefinition,
  WouldWaitForItself
} from "../SteppedError.ts"

/**
 * What a call of a tool means: on which actor, with which arguments.
 *
 * @category models
 * @since 0.1.0
 */
export interface CallOptions<Id, Args> {
  readonly actor: Id
  readonly args: Args
  /**
   * What makes it the same call when it comes again: the id that the model has given the call, if not given. Of a call with neither, each is another one.
   */
  readonly idempotencyKey?: string | undefined
}

/**
 * How an action is shown to a model, and called by it.
 *
 * @category models
 * @since 0.1.0
 */
export interface ToolOptions<P extends PlainSchema, Id, Args> {
  /** What the model is told of it. */
  readonly description: string
  /** What the model has to give, by names. */
  readonly parameters: P
  /** What that means. */
  readonly call: (parameters: P["Type"]) => CallOptions<Id, Args>
  /**
   * How long the model waits for its end at most: for ever, if not given. Then it is told that the action goes on, and the same call later has what has become of it.
   */
  readonly patience?: Duration.Input
}

/**
 * The tool of an action.
 *
 * @category models
 * @since 0.1.0
 */
export type ToolCall<A extends AnyAction, P extends PlainSchema> = Tool.Tool<
  A["name"],
  {
    readonly parameters: P
    readonly success: A["success"]
    readonly failure: typeof Schema.String
    readonly failureMode: "return"
  }
>

/**
 * What a toolkit calls for the tool of an action.
 *
 * @category models
 * @since 0.1.0
 */
export type ToolHandler<A extends AnyAction, P extends PlainSchema> = (
  parameters: P["Type"],
  context: HandlerContext<ToolCall<A, P>>
) => Effect.Effect<A["success"]["Type"], string | AiError.AiError>

/**
 * An action as a tool: what `Toolkit.make` takes, and what the toolkit's `toLayer` is given for it.
 *
 * @category models
 * @since 0.1.0
 */
export interface ActionTool<A extends AnyAction, P extends PlainSchema> {
  readonly tool: ToolCall<A, P>
  readonly handler: Effect.Effect<ToolHandler<A, P>, never, Engine>
}

/** What the program or the database lacks is no answer for a model. */
const isTrouble = (error: unknown): error is Error =>
  [StorageError, UnknownAction, UnknownDefinition, WouldWaitForItself, InvalidDuration, InvalidOption]
    .some((known) => error instanceof known)

const told = (method: string, error: unknown): string | AiError.AiError => {
  if (error instanceof AwaitTimedOut) return `${error.action} goes on, and has not ended yet: ask for it again later`
  const reason = error instanceof EnqueueError ? error.reason : error
  return isTrouble(reason)
    ? AiError.make({
      module: "stepped/ai",
      method,
      reason: new AiError.UnknownError({ description: reason.message })
    })
    : errorText(reason)
}

/**
 * Makes a tool of an action, for a toolkit of `effect/ai`: what a model calls is enqueued, and the model is told what has come of it.
 *
 * **Details**
 *
 * A call is an action as any: it has its retries, its lane, its history, and goes on wherever a worker has its definition, whatever becomes of who has asked
 * the model. The id of the call is its idempotency key, so that a call that is handled again, as its conversation goes on from what was stored of
 * it, is the same action (rule 23.10).
 *
 * What the action succeeds with is the tool's result. Its failure, in words, is the result as well (`failureMode: "return"`): the model may do something about it. What
 * the database refuses fails whoever asks the model, with an `AiError`.
 *
 * It is the same action as long as idempotency keys are held: the engine's option `keyRetention` after its end, a day if not given. Where conversations go on later than that, it is to be
 * longer, or a call that is handled once more then is done once more.
 *
 * Where a person is to approve, the action waits for that person's signal (`Step.waitFor`), for days if need be; with a `patience` the model is told meanwhile that it goes on.
 *
 * **Example** (A refund that somebody approves)
 *
 * ```ts
 * import { Effect, Schema } from "effect"
 * import { Toolkit } from "effect/ai"
 * import { Step, Stepped } from "stepped"
 * import * as Ai from "stepped/ai"
 *
 * class Order extends Stepped.Actor<Order>()("Order", { id: Schema.Int }) {}
 * const approval = Stepped.signal("approval", { payload: Schema.Boolean })
 * const refund = Stepped.action("refund", { arguments: [Schema.Int], success: Schema.String, signals: [approval] })
 *   .step("ask", () => Step.waitFor(approval, { timeout: "2 days" }))
 *   .step((cents, { ask }) => Effect.succeed(ask ? `${cents} cents are on their way` : "refused"))
 * const Orders = Stepped.actions(Order, [refund])
 *
 * const refunding = Ai.tool(Orders, refund, {
 *   description: "Gives money back",
 *   parameters: Schema.Struct({ order: Schema.Int, cents: Schema.Int }),
 *   call: ({ cents, order }) => ({ actor: order, args: [cents] })
 * })
 *
 * const Tools = Toolkit.make(refunding.tool)
 * const ToolsLive = Tools.toLayer(Effect.all({ refund: refunding.handler }))
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const tool = <
  Self,
  Id extends PlainSchema,
  Own extends AnyAction,
  Inherited extends AnyAction,
  A extends AnyAction,
  P extends PlainSchema
>(
  actions: Actions<Self, Id, Own, Inherited>,
  action: A & Listed<A["name"], AllActions<Own, Inherited>["name"]>,
  { call, description, parameters, patience }: ToolOptions<P, NoInfer<Id>["Type"], ArgTypes<NoInfer<A>["arguments"]>>
): ActionTool<A, P> => ({
  tool: Tool.make<A["name"], P, A["success"], typeof Schema.String, "return">(action.name, {
    description,
    parameters,
    success: action.success,
    failure: Schema.String,
    failureMode: "return"
  }),
  handler: Effect.map(Engine, (engine): ToolHandler<A, P> => (given, { toolCallId }) =>
    Effect.gen(function*() {
      const { actor, args, idempotencyKey = toolCallId } = call(given)
      const enqueueing = withOptions(idempotencyKey === undefined ? {} : { idempotencyKey })
      const handle = yield* enqueueing.enqueue<A>(actions.actor.ref(actor), action, ...args)
      return yield* patience === undefined ? handle.await : handle.awaitFor(patience)
    }).pipe(
      Effect.mapError((error) => told(action.name, error)),
      Effect.provideService(Engine, engine)
    ))
})
