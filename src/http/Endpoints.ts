/**
 * Endpoints that enqueue actions of the program's choice: `POST /Car/1/visit`.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as HttpApi from "effect/http-api/HttpApi"
import * as HttpApiBuilder from "effect/http-api/HttpApiBuilder"
import * as HttpApiEndpoint from "effect/http-api/HttpApiEndpoint"
import * as HttpApiGroup from "effect/http-api/HttpApiGroup"
import * as HttpApiSchema from "effect/http-api/HttpApiSchema"
import * as OpenApi from "effect/http-api/OpenApi"
import type { HttpServerRequest } from "effect/http/HttpServerRequest"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import type { AnyAction } from "../Action.ts"
import { type AnyActions, Engine } from "../Engine.ts"
import type { EnqueueError, StorageError } from "../SteppedError.ts"
import { isAllowed } from "../verbs/roles.ts"
import { ask, Asking } from "./asking.ts"
import { BadRequest, Conflict, DatabaseUnavailable, Forbidden, QueryTimedOut, Unprocessable } from "./HttpError.ts"
import { Authorization, BodyLimit, Operator, RequestCheck } from "./Operator.ts"
import { checkOrigin, Origins } from "./origin.ts"

/**
 * Actions of an actor that have endpoints.
 *
 * @category models
 * @since 0.1.0
 */
export interface ActionEndpoints {
  readonly actions: AnyActions
  readonly of: ReadonlyArray<AnyAction>
}

/**
 * Gives actions of an actor an endpoint each: `POST /Car/1/visit`.
 *
 * **Details**
 *
 * The body is the array of the arguments, as JSON of their schemas: what does not fit is refused, and nothing is enqueued; so is a query, of which it takes none. With an `Idempotency-Key` it is enqueued once, however often it is sent. The answer is 202, with the action's id.
 * It takes the role `operate`. The endpoints stand in the OpenAPI document.
 *
 * **Example** (Cars that are sent from outside)
 *
 * ```ts
 * import { Effect, Schema } from "effect"
 * import { Stepped } from "stepped"
 * import * as Http from "stepped/http"
 *
 * class Car extends Stepped.Actor<Car>()("Car", { id: Schema.Int }) {}
 * const visit = Stepped.action("visit", { arguments: [Schema.String] }).step((where) => Effect.log(where))
 * const Cars = Stepped.actions(Car, [visit])
 *
 * const Routes = Http.layer({ endpoints: [Http.endpoints(Cars, [visit])] })
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const endpoints = (actions: AnyActions, of: ReadonlyArray<AnyAction>): ActionEndpoints => ({ actions, of })

/** What is answered: the id of the action, which is the first one's where an idempotency key names that. */
const Enqueued = Schema.Struct({ id: Schema.String }).pipe(HttpApiSchema.status(202))

const errors = [BadRequest, Forbidden, Conflict, Unprocessable, DatabaseUnavailable, QueryTimedOut] as const

const endpointOf = (actorType: string, idSchema: AnyActions["actor"]["idSchema"], { definition, name }: AnyAction) =>
  HttpApiEndpoint.post(name, `/${actorType}/:id/${name}`, {
    params: { id: idSchema },
    headers: { "idempotency-key": Schema.optional(Schema.String) },
    payload: Schema.Tuple(definition.arguments),
    success: Enqueued,
    error: errors
  })

const groupOf = ({ actions: { actor }, of }: ActionEndpoints) => {
  const [first, ...rest] = of.map((action) => endpointOf(actor.type, actor.idSchema, action))
  return first &&
    HttpApiGroup.make(actor.type).add(first, ...rest).middleware(RequestCheck).middleware(Authorization).middleware(
      BodyLimit
    )
}

/** An API with these endpoints alone, and a group of it. */
const apiOf = (all: ActionEndpoints) => {
  const group = groupOf(all)
  return group && HttpApi.make(`stepped-endpoints-${all.actions.actor.type}`).add(group)
}

/** What the document says of these endpoints. */
export const specsOf = (all: ReadonlyArray<ActionEndpoints>): ReadonlyArray<OpenApi.OpenAPISpec> =>
  all.flatMap((endpoints) => {
    const api = apiOf(endpoints)
    return api === undefined ? [] : [OpenApi.fromApi(api)]
  })

/** What is wrong with what was given is an answer, too: only what the database says goes through as an error. */
const refused = ({ message, reason }: EnqueueError): Effect.Effect<Conflict | Unprocessable, StorageError> =>
  reason._tag === "StorageError"
    ? Effect.fail(reason)
    : Effect.succeed(
      reason._tag === "IdempotencyConflict" ? new Conflict({ message }) : new Unprocessable({ message })
    )

/** Serves and answers them. */
export const endpointsLive = (all: ReadonlyArray<ActionEndpoints>) =>
  Layer.mergeAll(Layer.empty, ...all.flatMap((one) => endpointLayer(one) ?? []))

const endpointLayer = (endpoints: ActionEndpoints) => {
  const api = apiOf(endpoints)
  const { actions: { actor }, of } = endpoints
  if (api === undefined) return
  const group = HttpApiBuilder.group(
    api,
    actor.type,
    Effect.fnUntraced(function*(handlers) {
      const asking = yield* Asking
      const engine = yield* Engine
      const origins = yield* Origins
      const handler = (action: AnyAction) =>
        Effect.fnUntraced(function*({ headers, params: { id }, payload, request }: {
          readonly headers: { readonly "idempotency-key"?: string | undefined }
          readonly params: { readonly id: unknown }
          readonly payload: ReadonlyArray<unknown>
          readonly request: HttpServerRequest
        }) {
          yield* checkOrigin(origins, request)
          const { roles, subject } = yield* Operator
          if (!isAllowed(roles, "operate")) {
            return yield* new Forbidden({ message: `enqueueing takes the role operate: ${subject} has not` })
          }
          const key = headers["idempotency-key"]
          const options = key === undefined ? undefined : { idempotencyKey: key }
          const enqueued = yield* ask(
            asking,
            Effect.catch(engine.enqueue(actor.ref(id), action, payload, options), refused)
          )
          if (enqueued instanceof Conflict || enqueued instanceof Unprocessable) return yield* enqueued
          return { id: enqueued.id }
        })
      return handlers.handleAll(Object.fromEntries(of.map((action) => [action.name, handler(action)])))
    })
  )
  return Layer.provide(HttpApiBuilder.layer(api), group)
}
