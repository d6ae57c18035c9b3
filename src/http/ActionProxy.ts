/**
 * Actions as RPCs and as endpoints of a program's own API: what a client and a server have in common.
 *
 * **Details**
 *
 * It is for programs that have an API, with their own middleware, as `WorkflowProxy` of Effect is for workflows. The endpoints of {@link endpoints} stand beside the
 * operators' API, under its authorization, and only enqueue.
 *
 * @since 0.1.0
 */
import * as HttpApiEndpoint from "effect/http-api/HttpApiEndpoint"
import * as HttpApiGroup from "effect/http-api/HttpApiGroup"
import * as HttpApiSchema from "effect/http-api/HttpApiSchema"
import * as Rpc from "effect/rpc/Rpc"
import * as RpcGroup from "effect/rpc/RpcGroup"
import * as Schema from "effect/Schema"
import type { AnyAction } from "../Action.ts"
import type { Actions, AllActions } from "../Actions.ts"
import type { PlainSchema } from "../Actor.ts"
import { DefinitionError } from "../SteppedError.ts"
import { Conflict, DatabaseUnavailable, NotFound, Unprocessable } from "./HttpError.ts"
import { actionStatuses } from "./models/actions.ts"

// -------------------------------------------------------------------------------------------------------------------
// what is asked and answered
// -------------------------------------------------------------------------------------------------------------------

/**
 * The action has ended, and neither with a success nor with one of its own errors.
 *
 * @category errors
 * @since 0.1.0
 */
export class NotSucceeded extends Schema.TaggedError<NotSucceeded>("stepped/NotSucceeded")("NotSucceeded", {
  /** The tag of the error that its handle has: `ActionFailed`, `TimedOut`, `Cancelled`, `Superseded`, … */
  reason: Schema.String,
  message: Schema.String
}, { httpApiStatus: 500 }) {}

/**
 * What an RPC that calls an action is given: whose it is, its arguments, and under which key it is enqueued once, however often it is called.
 *
 * @category models
 * @since 0.1.0
 */
export type Called<Id extends PlainSchema, A extends AnyAction> = Schema.Struct<{
  readonly id: Id
  readonly arguments: Schema.Tuple<A["arguments"]>
  readonly idempotencyKey: Schema.optional<typeof Schema.String>
}>

/**
 * Which action is asked about: whose it is, and its own id.
 *
 * @category models
 * @since 0.1.0
 */
export type AskedFor<Id extends PlainSchema> = Schema.Struct<{
  readonly id: Id
  readonly actionId: typeof Schema.String
}>

/**
 * How far an action is, and with what it has succeeded, if it has.
 *
 * @category models
 * @since 0.1.0
 */
export type Polled<A extends AnyAction> = Schema.Struct<{
  readonly status: Schema.Literals<ReadonlyArray<"joined" | typeof actionStatuses[number]>>
  readonly value: Schema.optional<A["success"]>
}>

/**
 * What enqueueing may be refused with.
 *
 * @category models
 * @since 0.1.0
 */
export type Refusals = typeof Conflict | typeof Unprocessable | typeof DatabaseUnavailable

/**
 * What may come of an action but its success.
 *
 * @category models
 * @since 0.1.0
 */
export type Ends<A extends AnyAction> = A["error"] | typeof NotSucceeded | typeof NotFound | Refusals

const refusals = [Conflict, Unprocessable, DatabaseUnavailable] as const
const endsOf = ({ error }: AnyAction) => [error, NotSucceeded, NotFound, ...refusals] as const

/** What is made of one action must not be another one. */
const checkNames = (of: ReadonlyArray<AnyAction>): void => {
  const names = of.flatMap(({ name }) => [name, `${name}Discard`, `${name}Poll`])
  const twice = names.find((name, i) => names.indexOf(name) < i)
  if (twice !== undefined) {
    throw new DefinitionError({ message: `two of the actions have what is called ${twice}: leave out one of them` })
  }
}

const polledOf = ({ success }: AnyAction) =>
  Schema.Struct({ status: Schema.Literals(["joined", ...actionStatuses]), value: Schema.optional(success) })

// -------------------------------------------------------------------------------------------------------------------
// RPCs
// -------------------------------------------------------------------------------------------------------------------

/**
 * The RPCs of actions.
 *
 * @category converting
 * @since 0.1.0
 */
export type ConvertRpcs<Id extends PlainSchema, As extends AnyAction, Prefix extends string> = As extends AnyAction ?
    | Rpc.Rpc<`${Prefix}${As["name"]}`, Called<Id, As>, As["success"], Schema.Union<ReadonlyArray<Ends<As>>>>
    | Rpc.Rpc<
      `${Prefix}${As["name"]}Discard`,
      Called<Id, As>,
      typeof Schema.String,
      Schema.Union<ReadonlyArray<Refusals>>
    >
    | Rpc.Rpc<`${Prefix}${As["name"]}Poll`, AskedFor<Id>, Polled<As>, Schema.Union<ReadonlyArray<Ends<As>>>>
  : never

/**
 * Derives an `RpcGroup` from actions of an actor: for `visit` the RPC `visit`, which waits for its end, `visitDiscard`, which gives the id of the action once it is
 * enqueued, and `visitPoll`, which says how far the one with an id is.
 *
 * **Details**
 *
 * With an `idempotencyKey` it is enqueued once, however often it is called. A success, and the action's own errors, are what they are; any other end is a `NotSucceeded`, and what is refused
 * before it is enqueued a `Conflict` (of the key), `Unprocessable` or `DatabaseUnavailable`. Whoever waits and is gone leaves the action as it is.
 *
 * **Example** (Cars over RPC)
 *
 * ```ts
 * import { Effect, Layer, Schema } from "effect"
 * import { RpcServer } from "effect/rpc"
 * import { Stepped } from "stepped"
 * import { ActionProxy, ActionProxyServer } from "stepped/http"
 *
 * class Car extends Stepped.Actor<Car>()("Car", { id: Schema.Int }) {}
 * const visit = Stepped.action("visit", { arguments: [Schema.String], success: Schema.String })
 *   .step((where) => Effect.succeed(`parked in ${where}`))
 * const Cars = Stepped.actions(Car, [visit])
 *
 * // what both have: the client calls `visit`, `visitDiscard` and `visitPoll` of it
 * class CarRpcs extends ActionProxy.toRpcGroup(Cars, [visit]) {}
 *
 * const ServerLive = RpcServer.layer(CarRpcs).pipe(
 *   Layer.provide(ActionProxyServer.layerRpcHandlers(Cars, [visit]))
 * )
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const toRpcGroup = <
  Self,
  Id extends PlainSchema,
  Own extends AnyAction,
  Inherited extends AnyAction,
  A extends AllActions<Own, Inherited>,
  const Prefix extends string = ""
>(
  actions: Actions<Self, Id, Own, Inherited>,
  of: ReadonlyArray<A>,
  options?: { readonly prefix?: Prefix | undefined }
): RpcGroup.RpcGroup<ConvertRpcs<Id, A, Prefix>> => {
  checkNames(of)
  const prefix = options?.prefix ?? ""
  const id = actions.actor.idSchema
  const rpcs = of.flatMap((action) => {
    const payload = Schema.Struct({
      id,
      arguments: Schema.Tuple(action.arguments),
      idempotencyKey: Schema.optional(Schema.String)
    })
    const error = Schema.Union(endsOf(action))
    const name = `${prefix}${action.name}`
    return [
      Rpc.make(name, { payload, success: action.success, error }),
      Rpc.make(`${name}Discard`, { payload, success: Schema.String, error: Schema.Union(refusals) }),
      Rpc.make(`${name}Poll`, {
        payload: Schema.Struct({ id, actionId: Schema.String }),
        success: polledOf(action),
        error
      })
    ]
  })
  // which RPCs these are says the type
  return RpcGroup.make(...rpcs) as any
}

// -------------------------------------------------------------------------------------------------------------------
// endpoints
// -------------------------------------------------------------------------------------------------------------------

/**
 * The endpoints of actions.
 *
 * @category converting
 * @since 0.1.0
 */
export type ConvertHttpApi<Id extends PlainSchema, As extends AnyAction> = As extends AnyAction ?
    | HttpApiEndpoint.HttpApiEndpoint<
      As["name"],
      "POST",
      `/${string}/:id/${As["name"]}`,
      Schema.Struct<{ readonly id: Id }>,
      never,
      Schema.Tuple<As["arguments"]>,
      KeyHeader,
      As["success"],
      Ends<As>
    >
    | HttpApiEndpoint.HttpApiEndpoint<
      `${As["name"]}Discard`,
      "POST",
      `/${string}/:id/${As["name"]}/discard`,
      Schema.Struct<{ readonly id: Id }>,
      never,
      Schema.Tuple<As["arguments"]>,
      KeyHeader,
      typeof Schema.String,
      Refusals
    >
    | HttpApiEndpoint.HttpApiEndpoint<
      `${As["name"]}Poll`,
      "GET",
      `/${string}/:id/${As["name"]}/:actionId`,
      AskedFor<Id>,
      never,
      never,
      never,
      Polled<As>,
      Ends<As>
    >
  : never

/**
 * Under which key an action is enqueued once, as a header.
 *
 * @category models
 * @since 0.1.0
 */
export type KeyHeader = Schema.Struct<{ readonly "idempotency-key": Schema.optional<typeof Schema.String> }>

/**
 * Derives an `HttpApiGroup` from actions of an actor: for `visit` of `Car` `POST /Car/1/visit`, which waits for its end, `POST /Car/1/visit/discard`, which answers 202 with the id
 * of the action, and `GET /Car/1/visit/{id}`, which says how far that is.
 *
 * **Details**
 *
 * The body is the array of the arguments; with an `Idempotency-Key` it is enqueued once. Answers are those of {@link toRpcGroup}. The endpoints are called `visit`, `visitDiscard` and
 * `visitPoll`. Middleware is what the group, or the API, is given.
 *
 * **Example** (Cars in a program's own API)
 *
 * ```ts
 * import { Effect, Layer, Schema } from "effect"
 * import { HttpApi, HttpApiBuilder } from "effect/http-api"
 * import { Stepped } from "stepped"
 * import { ActionProxy, ActionProxyServer } from "stepped/http"
 *
 * class Car extends Stepped.Actor<Car>()("Car", { id: Schema.Int }) {}
 * const visit = Stepped.action("visit", { arguments: [Schema.String], success: Schema.String })
 *   .step((where) => Effect.succeed(`parked in ${where}`))
 * const Cars = Stepped.actions(Car, [visit])
 *
 * class MyApi extends HttpApi.make("api").add(ActionProxy.toHttpApiGroup("cars", Cars, [visit])) {}
 *
 * const ApiLive = HttpApiBuilder.layer(MyApi).pipe(
 *   Layer.provide(ActionProxyServer.layerHttpApi(MyApi, "cars", Cars, [visit]))
 * )
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const toHttpApiGroup = <
  const Name extends string,
  Self,
  Id extends PlainSchema,
  Own extends AnyAction,
  Inherited extends AnyAction,
  A extends AllActions<Own, Inherited>
>(
  name: Name,
  actions: Actions<Self, Id, Own, Inherited>,
  of: ReadonlyArray<A>
): HttpApiGroup.HttpApiGroup<Name, ConvertHttpApi<Id, A>> => {
  checkNames(of)
  const { idSchema: id, type } = actions.actor
  const headers = { "idempotency-key": Schema.optional(Schema.String) }
  const all = of.flatMap((action) => {
    const path = `/${type}/:id/${action.name}` as const
    const payload = Schema.Tuple(action.arguments)
    const called = { params: { id }, headers, payload }
    return [
      HttpApiEndpoint.post(action.name, path, { ...called, success: action.success, error: endsOf(action) }),
      HttpApiEndpoint.post(`${action.name}Discard`, `${path}/discard`, {
        ...called,
        success: Schema.String.pipe(HttpApiSchema.status(202)),
        error: refusals
      }),
      HttpApiEndpoint.get(`${action.name}Poll`, `${path}/:actionId`, {
        params: { id, actionId: Schema.String },
        success: polledOf(action),
        error: endsOf(action)
      })
    ]
  })
  // which endpoints these are says the type
  return all.reduce((group: any, endpoint) => group.add(endpoint), HttpApiGroup.make(name))
}
