/**
 * Answers what `ActionProxy` has derived from actions.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import type * as HttpApi from "effect/http-api/HttpApi"
import * as HttpApiBuilder from "effect/http-api/HttpApiBuilder"
import type * as HttpApiGroup from "effect/http-api/HttpApiGroup"
import type * as Layer from "effect/Layer"
import type * as Rpc from "effect/rpc/Rpc"
import type { AnyAction } from "../Action.ts"
import type { ActionHandle } from "../ActionHandle.ts"
import type { Actions, AllActions } from "../Actions.ts"
import type { AnyActorClass, PlainSchema } from "../Actor.ts"
import { Engine } from "../Engine.ts"
import {
  ActionFailed,
  AwaitTimedOut,
  Cancelled,
  Deadlocked,
  EnqueueError,
  Forgotten,
  IncompatibleResult,
  InvalidActorId,
  InvalidDuration,
  LaneBusy,
  LaneFull,
  StorageError,
  Superseded,
  TimedOut,
  UnknownAction,
  WouldWaitForItself
} from "../SteppedError.ts"
import { NotSucceeded, toRpcGroup } from "./ActionProxy.ts"
import { Conflict, DatabaseUnavailable, NotFound, Unprocessable } from "./HttpError.ts"

const ends = [
  ActionFailed,
  Cancelled,
  Deadlocked,
  Forgotten,
  IncompatibleResult,
  LaneBusy,
  LaneFull,
  Superseded,
  TimedOut,
  WouldWaitForItself
] as const

const isEnd = (error: unknown): error is InstanceType<typeof ends[number]> => ends.some((one) => error instanceof one)

/** What Stepped says, as it is answered; an action's own error is what it is. */
const told = (error: unknown): unknown => {
  if (error instanceof EnqueueError) {
    const { message, reason } = error
    return reason._tag === "StorageError"
      ? told(reason)
      : reason._tag === "IdempotencyConflict"
      ? new Conflict({ message })
      : new Unprocessable({ message })
  }
  if (error instanceof StorageError) {
    // what it has said of its tables is nobody's outside
    return new DatabaseUnavailable({ message: "the database cannot be asked just now", isRetryable: error.isRetryable })
  }
  if (error instanceof UnknownAction) return new NotFound({ message: error.message })
  if (error instanceof InvalidActorId || error instanceof InvalidDuration) {
    return new Unprocessable({ message: error.message })
  }
  return isEnd(error) ? new NotSucceeded({ reason: error._tag, message: error.message }) : error
}

interface Call {
  readonly id: unknown
  readonly arguments: ReadonlyArray<unknown>
  readonly idempotencyKey?: string | undefined
}

type Asked = (given: Call) => Effect.Effect<unknown, unknown>

const hasEnded = (status: string): boolean =>
  ["succeeded", "failed", "cancelled", "timed_out", "deadlocked"].includes(status)

/** How far it is: what has ended fails as it did, or gives its value. */
const polled = (handle: ActionHandle): Effect.Effect<unknown, unknown> =>
  Effect.matchEffect(handle.awaitFor(0), {
    onSuccess: (value) => Effect.succeed({ status: "succeeded", value }),
    onFailure: (error) =>
      error instanceof AwaitTimedOut
        ? Effect.flatMap(handle.status, ({ status }) =>
          // it has ended in between
          hasEnded(status) ? polled(handle) : Effect.succeed({ status, value: undefined }))
        : Effect.fail(error)
  })

const answering = (engine: Engine["Service"], actor: AnyActorClass, action: AnyAction) => {
  const enqueue = ({ arguments: args, id, idempotencyKey }: Call) =>
    engine.enqueue(actor.ref(id), action, args, idempotencyKey === undefined ? undefined : { idempotencyKey })
  const wait: Asked = (given) => Effect.flatMap(enqueue(given), (handle) => handle.await)
  const discard: Asked = (given) => Effect.map(enqueue(given), ({ id }) => id)
  const poll = ({ actionId, id }: { readonly id: unknown; readonly actionId: string }) =>
    Effect.flatMap(engine.handle(actor.ref(id), action, actionId), polled)
  return {
    wait: (given: Call) => Effect.mapError(wait(given), told),
    discard: (given: Call) => Effect.mapError(discard(given), told),
    poll: (given: Parameters<typeof poll>[0]) => Effect.mapError(poll(given), told)
  }
}

/**
 * What an RPC server needs to answer the RPCs of actions.
 *
 * @category services
 * @since 0.1.0
 */
export type RpcHandlers<As extends AnyAction, Prefix extends string> = As extends AnyAction ?
    | Rpc.Handler<`${Prefix}${As["name"]}`>
    | Rpc.Handler<`${Prefix}${As["name"]}Discard`>
    | Rpc.Handler<`${Prefix}${As["name"]}Poll`>
  : never

/**
 * Answers the RPCs of `ActionProxy.toRpcGroup`.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerRpcHandlers = <
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
): Layer.Layer<RpcHandlers<A, Prefix>, never, Engine> => {
  const prefix = options?.prefix ?? ""
  // the handlers fit the RPCs by the names that both are made of: the compiler does not follow that
  const group = toRpcGroup(actions, of, options) as any
  return group.toLayer(
    Effect.map(Engine, (engine) =>
      Object.fromEntries(of.flatMap((action) => {
        const { discard, poll, wait } = answering(engine, actions.actor, action)
        const name = `${prefix}${action.name}`
        return [[name, wait], [`${name}Discard`, discard], [`${name}Poll`, poll]]
      })))
  )
}

interface HttpCall {
  readonly params: { readonly id: unknown }
  readonly payload: ReadonlyArray<unknown>
  readonly headers: { readonly "idempotency-key"?: string | undefined }
}

const callOf = ({ headers, params, payload }: HttpCall): Call => ({
  id: params.id,
  arguments: payload,
  idempotencyKey: headers["idempotency-key"]
})

/**
 * Answers the endpoints of `ActionProxy.toHttpApiGroup`.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerHttpApi = <
  ApiId extends string,
  Groups extends HttpApiGroup.Constraint,
  Identifier extends HttpApiGroup.Identifier<Groups>,
  Self,
  Id extends PlainSchema,
  Own extends AnyAction,
  Inherited extends AnyAction,
  A extends AllActions<Own, Inherited>
>(
  api: HttpApi.HttpApi<ApiId, Groups>,
  identifier: Identifier,
  actions: Actions<Self, Id, Own, Inherited>,
  of: ReadonlyArray<A>
): Layer.Layer<HttpApiGroup.Service<ApiId, Identifier>, never, Engine> =>
  HttpApiBuilder.group(
    api,
    identifier,
    Effect.fnUntraced(function*(handlers: any) {
      const engine = yield* Engine
      let answered = handlers
      for (const action of of) {
        const { discard, poll, wait } = answering(engine, actions.actor, action)
        answered = answered
          .handle(action.name, (given: HttpCall) => wait(callOf(given)))
          .handle(`${action.name}Discard`, (given: HttpCall) => discard(callOf(given)))
          .handle(
            `${action.name}Poll`,
            ({ params }: { readonly params: { readonly id: unknown; readonly actionId: string } }) => poll(params)
          )
      }
      return answered as HttpApiBuilder.Handlers<never>
    })
  )
