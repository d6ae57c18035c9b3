/**
 * Webhooks that a program sends: an action of the library's own, started by callbacks, signed and tried again.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Redacted from "effect/Redacted"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import { createHash } from "node:crypto"
import { action } from "../Action.ts"
import { actions } from "../Actions.ts"
import { Actor } from "../Actor.ts"
import type { Engine } from "../Engine.ts"
import { lane } from "../Lane.ts"
import { Step } from "../Step.ts"
import type { DefinitionError } from "../SteppedError.ts"
import { realClock } from "../store/RealClock.ts"
import { post, readUrl, Refused } from "./posting.ts"
import { keysOf, signedHeaders } from "./Webhook.ts"

/**
 * A system that is sent webhooks, by its name in the program.
 *
 * @category models
 * @since 0.1.0
 */
export class Receiver extends Actor<Receiver>()("WebhookReceiver", { id: Schema.String }) {}

/**
 * Where a receiver is.
 *
 * @category models
 * @since 0.1.0
 */
export interface ReceiverAddress {
  readonly url: string
  /** What is signed with: `whsec_` and base64. With several each signs, as long as the receiver changes from one to the other. */
  readonly secrets: ReadonlyArray<Redacted.Redacted<string>>
}

/**
 * It is not sent, and not tried again: nobody is known by that name, or its address is none that may be asked.
 *
 * @category errors
 * @since 0.1.0
 */
export class DeliveryRefused extends Schema.TaggedError<DeliveryRefused>()("DeliveryRefused", {
  receiver: Schema.String,
  why: Schema.String
}) {
  override get message(): string {
    return `nothing is sent to ${this.receiver}: ${this.why}`
  }
}

/**
 * The receiver has not taken it: with which status, or what has kept it from answering.
 *
 * @category errors
 * @since 0.1.0
 */
export class DeliveryFailed extends Schema.TaggedError<DeliveryFailed>()("DeliveryFailed", {
  receiver: Schema.String,
  status: Schema.optional(Schema.Int),
  why: Schema.String
}) {
  override get message(): string {
    return `${this.receiver} has not taken it: ${this.why}`
  }
}

class Receivers extends Context.Service<Receivers, {
  readonly find: (name: string) => Effect.Effect<ReceiverAddress | undefined>
  readonly allowsPrivate: boolean
}>()("stepped/http/Receivers") {}

/**
 * Of one receiver a hundred are under way at a time, those that wait to be tried again among them: one that does not answer is not asked by
 * all that is for it, and holds up nobody else's. None takes the place of another.
 */
const line = lane("webhooks", { limit: 100, whenBusy: "line" })

/** When a delivery came to be, by the first id in its key: such an id begins with its ms. It is the same however often it is sent. */
const begunAt = (idempotencyKey: string): Date =>
  new Date(Number.parseInt(idempotencyKey.slice(0, 8) + idempotencyKey.slice(9, 13), 16))

const send = (type: string, data: Schema.Json) =>
  Effect.gen(function*() {
    const { id: receiver } = yield* Receiver
    const { idempotencyKey } = yield* Step
    const { allowsPrivate, find } = yield* Receivers
    const address = yield* find(receiver)
    const refuse = (why: string) => new DeliveryRefused({ receiver, why })
    if (address === undefined) return yield* refuse("nobody is known by that name")
    const url = readUrl(address.url, allowsPrivate)
    if (url instanceof Refused) return yield* refuse(url.message)
    const keys = yield* Effect.mapError(keysOf(address.secrets), ({ message }) => refuse(message))
    // the time of this machine, which the receiver compares with its own
    const now = yield* Effect.provideService(Clock.currentTimeMillis, Clock.Clock, realClock)
    // both are the same however often it is sent
    const body = Buffer.from(JSON.stringify({ type, timestamp: begunAt(idempotencyKey).toISOString(), data }))
    const id = `msg_${createHash("sha256").update(idempotencyKey).digest("base64url").slice(0, 27)}`
    const headers = { "content-type": "application/json", ...signedHeaders(keys, id, now, body) }
    const status = yield* Effect.mapError(
      post(url, headers, body, allowsPrivate),
      (error) =>
        error instanceof Refused
          ? refuse(error.message)
          : new DeliveryFailed({ receiver, why: error.message, status: undefined })
    )
    if (status >= 200 && status < 300) return status
    if (status === 410) return yield* refuse("it wants no more of them (410)")
    return yield* new DeliveryFailed({
      receiver,
      status,
      why: status >= 300 && status < 400
        ? `it sends one elsewhere (${status}), which is not followed`
        : `status ${status}`
    })
  })

/**
 * Sends a webhook: its type, and what it is about. Started by a callback or a step, so that it is sent exactly if that is stored.
 *
 * **Details**
 *
 * Signed by the Standard Webhooks scheme, with an id and a body (`type`, `timestamp`: when the delivery came to be, `data`) that stay the same for every try. What is not taken (a status other than 2xx, a redirect too, no answer in 15 seconds) is tried again for a day or so, less and less often. The receiver's name
 * is the actor's id; where it is and what is signed with says {@link deliveries}. Of one receiver a hundred are under way at a time, those that wait to be tried again among them; the others for it wait in line.
 *
 * **Example** (Who has arrived is told)
 *
 * ```ts
 * import { Effect, Redacted, Schema } from "effect"
 * import { Step, Stepped } from "stepped"
 * import * as Http from "stepped/http"
 *
 * class Car extends Stepped.Actor<Car>()("Car", { id: Schema.Int }) {}
 * const visit = Stepped.action("visit", { arguments: [Schema.String] })
 *   .step((where) => Effect.log(where))
 *   .succeeded((where) => Step.startOn(Http.Receiver.ref("fleet"), Http.deliver, "car.arrived", { where }))
 *
 * const Deliveries = Http.deliveries({
 *   receivers: {
 *     fleet: { url: "https://fleet.example/hooks", secrets: [Redacted.make("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")] }
 *   }
 * })
 * ```
 *
 * @category deliveries
 * @since 0.1.0
 */
export const deliver = action("deliver", {
  arguments: [Schema.String, Schema.Json],
  success: Schema.Int,
  error: Schema.Union([DeliveryRefused, DeliveryFailed]),
  concurrency: () => Effect.map(Receiver, ({ id }) => line(id))
}).step("send", send, {
  timeout: "1 minute",
  retry: {
    schedule: Schedule.exponential("5 seconds", 3).pipe(Schedule.jittered),
    times: 9,
    errors: { DeliveryRefused: "never" }
  }
})

const Deliveries = actions(Receiver, [deliver])

/**
 * Performs {@link deliver}: a worker that has this layer sends webhooks to these receivers.
 *
 * **Details**
 *
 * Only the public network is asked, by `https://`: a name is looked up, each of its addresses is looked at, and the connection is to one of these. Redirects are not followed. `allowPrivate` is for a receiver in
 * one's own network, and for tests: it allows `http://` and every address.
 *
 * @category layers
 * @since 0.1.0
 */
export const deliveries = (options: {
  readonly receivers:
    | Readonly<Record<string, ReceiverAddress>>
    | ((name: string) => Effect.Effect<ReceiverAddress | undefined>)
  readonly allowPrivate?: boolean
}): Layer.Layer<never, DefinitionError, Engine> => {
  const { receivers } = options
  return Deliveries.layer.pipe(Layer.provide(Layer.succeed(Receivers, {
    allowsPrivate: options.allowPrivate ?? false,
    find: typeof receivers === "function"
      ? receivers
      : (name) => Effect.succeed(Object.hasOwn(receivers, name) ? receivers[name] : undefined)
  })))
}
