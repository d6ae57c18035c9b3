/**
 * Webhooks by the Standard Webhooks scheme: signed over id, time and the body as it was sent.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as HttpRouter from "effect/http/HttpRouter"
import { HttpServerRequest } from "effect/http/HttpServerRequest"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import type * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import { createHmac, timingSafeEqual } from "node:crypto"
import type { AnyAction, Outbound } from "../Action.ts"
import type { Last } from "../ActionChecks.ts"
import type { ActorRef } from "../Actor.ts"
import { Engine } from "../Engine.ts"
import type { CompletionOutcome } from "../Outcome.ts"
import type { AnySignal } from "../Signal.ts"
import { type CompleteError, InvalidOption, type SendError } from "../SteppedError.ts"
import { realClock } from "../store/RealClock.ts"
import { answered, answering, jsonOf, type OutsideLimits, taking } from "./outside.ts"

// -------------------------------------------------------------------------------------------------------------------
// signing
// -------------------------------------------------------------------------------------------------------------------

/** How far a webhook's time may be from now, in seconds. */
const toleranceSeconds = 5 * 60

/** Bytes of a secret, as the scheme has them. */
const secretBytes = { least: 24, most: 64 }

/** A key of its text, with or without `whsec_` before it; nothing where it is none. */
const keyOf = (secret: Redacted.Redacted<string>): Buffer | undefined => {
  const text = Redacted.value(secret).replace(/^whsec_/, "")
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(text)) return undefined
  const key = Buffer.from(text, "base64")
  return key.length >= secretBytes.least && key.length <= secretBytes.most ? key : undefined
}

export const keysOf = (
  secrets: ReadonlyArray<Redacted.Redacted<string>>
): Effect.Effect<ReadonlyArray<Buffer>, InvalidOption> =>
  Effect.gen(function*() {
    const keys = secrets.flatMap((secret) => keyOf(secret) ?? [])
    if (keys.length === secrets.length && keys.length > 0) return keys
    return yield* new InvalidOption({
      option: "secrets of a webhook",
      value: keys.length === 0 && secrets.length === 0 ? "none" : "one that is no secret",
      takes: `whsec_ and ${secretBytes.least} to ${secretBytes.most} bytes in base64, as of openssl rand -base64 32`
    })
  })

const macOf = (key: Buffer, id: string, timestamp: string, body: Buffer): Buffer =>
  createHmac("sha256", key).update(`${id}.${timestamp}.`).update(body).digest()

/** The headers of a webhook that is sent, with a signature by each of the keys. */
export const signedHeaders = (
  keys: ReadonlyArray<Buffer>,
  id: string,
  atMs: number,
  body: Buffer
): Readonly<Record<string, string>> => {
  const timestamp = String(Math.floor(atMs / 1000))
  return {
    "webhook-id": id,
    "webhook-timestamp": timestamp,
    "webhook-signature": keys.map((key) => `v1,${macOf(key, id, timestamp, body).toString("base64")}`).join(" ")
  }
}

/** Signatures that are looked at: more are nobody's. */
const signaturesMost = 20

/** Whether one of the signatures is by one of the keys: all are compared, in constant time. */
const isSigned = (keys: ReadonlyArray<Buffer>, id: string, timestamp: string, given: string, body: Buffer): boolean => {
  const signatures = given.split(" ").slice(0, signaturesMost).flatMap((text) => {
    const [, base64] = /^v1,([A-Za-z0-9+/]{43}=)$/.exec(text) ?? []
    return base64 === undefined ? [] : [Buffer.from(base64, "base64")]
  })
  return keys.map((key) => macOf(key, id, timestamp, body))
    .flatMap((mac) => signatures.map((signature) => timingSafeEqual(mac, signature)))
    .includes(true)
}

/** Characters of an id: those of a signal's key, which is the shorter one. */
const idMost = 200

/** The id of a genuine webhook; nothing where it is none, whatever is wrong with it. */
export const verified = (
  keys: ReadonlyArray<Buffer>,
  headers: Readonly<Record<string, string | undefined>>,
  body: Buffer,
  nowMs: number
): string | undefined => {
  const id = headers["webhook-id"] ?? ""
  const timestamp = headers["webhook-timestamp"] ?? ""
  const isWell = id.length > 0 && id.length <= idMost && /^[\x21-\x7e]+$/.test(id) && /^\d{1,12}$/.test(timestamp) &&
    Math.abs(Number(timestamp) - nowMs / 1000) <= toleranceSeconds
  const signature = headers["webhook-signature"] ?? ""
  return isSigned(keys, id, timestamp, signature, body) && isWell ? id : undefined
}

// -------------------------------------------------------------------------------------------------------------------
// what it is for
// -------------------------------------------------------------------------------------------------------------------

/**
 * What a webhook is for: made by {@link completes}, {@link sends}, or {@link ignores}.
 *
 * @category models
 * @since 0.1.0
 */
export interface WebhookTarget {
  /** Under the webhook's id as its key, so that one that comes again is the same. Gives whether there was something that it is for. */
  readonly run: (engine: Engine["Service"], key: string) => Effect.Effect<boolean, CompleteError | SendError>
}

/**
 * A webhook that completes an outbound action, as `Stepped.complete` does.
 *
 * @category constructors
 * @since 0.1.0
 */
export const completes = <A extends AnyAction>(
  target: ActorRef | string,
  action: A & (Last<A> extends Outbound ? unknown : `${A["name"]} is not outbound: it completes by itself`),
  outcome: CompletionOutcome<A["success"]["Type"], A["error"]["Type"]>
): WebhookTarget => ({
  run: (engine, key) => Effect.map(engine.complete(target, action, outcome, { key }), Option.isSome)
})

/**
 * A webhook that is a signal, as `Stepped.send` sends it, but that its id counts once for all actions of the actor: one that comes again is answered as before, also where the action has ended by then, and another one is
 * there.
 *
 * @category constructors
 * @since 0.1.0
 */
export const sends = <S extends AnySignal>(
  target: ActorRef | string,
  action: AnyAction,
  signal: S,
  payload: S["payload"]["Type"]
): WebhookTarget => ({
  run: (engine, key) =>
    Effect.map(
      engine.send({ target, action, signal, value: payload, isFailure: false, options: { key }, isOnce: true }),
      (sent) => sent !== "none"
    )
})

/**
 * A webhook that is for nothing here.
 *
 * @category constructors
 * @since 0.1.0
 */
export const ignores: WebhookTarget = { run: () => Effect.succeed(true) }

/**
 * How webhooks are taken.
 *
 * @category models
 * @since 0.1.0
 */
export interface WebhookOptions<Body extends Schema.ConstraintCodec<any, any, never, never>> extends OutsideLimits {
  /** `whsec_` and base64: several, as long as the sender changes from one to the other. */
  readonly secrets: ReadonlyArray<Redacted.Redacted<string>>
  /** What is in a body; what does not fit is 422, and changes nothing. */
  readonly body: Body
  readonly to: (body: Body["Type"]) => WebhookTarget
}

/**
 * Takes webhooks that are signed by the Standard Webhooks scheme.
 *
 * **Details**
 *
 * The signature is checked over the body as it was sent, before anything of it is read, in constant time and by each of the secrets; the time may be five minutes from that of this machine. What is not genuine is 401, and
 * does not say why. The webhook's id is the key of what it completes or sends, stored with that in one transaction: one that comes again is answered as before. A body that the schema refuses is 422, and the
 * action stays open. Where there is nothing that it is for, not yet or no more, it is 404, and where the database is away, or the action waits still for a worker, 503: the sender tries again.
 *
 * **Example** (A payment that a provider reports)
 *
 * ```ts
 * import { Redacted, Schema } from "effect"
 * import { Stepped } from "stepped"
 * import * as Http from "stepped/http"
 *
 * class Order extends Stepped.Actor<Order>()("Order", { id: Schema.Int }) {}
 * const charge = Stepped.action("charge", { success: Schema.String, outbound: true })
 *
 * const Payments = Http.webhook("/hooks/payments", {
 *   secrets: [Redacted.make("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")],
 *   body: Schema.Struct({ order: Schema.Int, receipt: Schema.String }),
 *   to: ({ order, receipt }) => Http.completes(Order.ref(order), charge, Stepped.Outcome.succeeded(receipt))
 * })
 * ```
 *
 * @category layers
 * @since 0.1.0
 */
export const webhook = <Body extends Schema.ConstraintCodec<any, any, never, never>>(
  path: `/${string}`,
  { body: schema, secrets, to, ...limits }: WebhookOptions<Body>
): Layer.Layer<never, InvalidOption, HttpRouter.HttpRouter | Engine> =>
  HttpRouter.use((router) =>
    Effect.gen(function*() {
      const engine = yield* Engine
      const keys = yield* keysOf(secrets)
      const decode = Schema.decodeUnknownEffect(Schema.toCodecJson(schema))
      const take = (id: string, body: Buffer) =>
        Effect.gen(function*() {
          const given = yield* Effect.mapError(
            decode(yield* jsonOf(body)),
            ({ message }) => answered(422, "InvalidBody", message)
          )
          const isTaken = yield* answering(to(given).run(engine, id))
          return isTaken
            ? HttpServerResponse.jsonUnsafe({ received: id })
            : answered(404, "NotFound", "there is nothing that this is for, not yet or no more")
        })
      const taken = yield* taking(limits, ({ headers }, read) =>
        Effect.gen(function*() {
          const body = yield* read
          const now = yield* Effect.provideService(Clock.currentTimeMillis, Clock.Clock, realClock)
          const id = verified(keys, headers, body, now)
          return id === undefined
            ? yield* Effect.fail(answered(401, "InvalidWebhook", "this webhook is not genuine, or not of now"))
            : take(id, body)
        }))
      yield* router.add("POST", path, Effect.flatMap(HttpServerRequest, taken))
    })
  )
