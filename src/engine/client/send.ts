/** Sending signals to actions: by a handle, by id, or by actor and action. */
import * as Effect from "effect/Effect"
import { canonicalText } from "../../domain/canonicalText.ts"
import { checkPayload, codecOf } from "../../domain/Codec.ts"
import { isEncrypting } from "../../domain/Encrypted.ts"
import { actionText, completedWith, tidyText } from "../../domain/Failure.ts"
import { definitionKey } from "../../domain/Key.ts"
import { isActionId } from "../../domain/Phase.ts"
import type { SignalToSend } from "../../Engine.ts"
import type { AnySignal, SendOptions, Sent } from "../../Signal.ts"
import {
  AmbiguousTarget,
  InvalidOption,
  InvalidSignal,
  type PayloadTooLarge,
  type SendError,
  SignalConflict,
  SignalsFull,
  type StorageError,
  UnknownAction,
  type UnstorableText,
  type UnsuitableIsolation
} from "../../SteppedError.ts"
import { canBeStored } from "../../store/asked.ts"
import type { NewSignal, SentSignal } from "../../store/Sending.ts"
import { digestOf, encodeActorId } from "../invoke/invocation.ts"
import { carrierIn } from "../trace.ts"
import type { ClientContext } from "./context.ts"
import { namedFor } from "./named.ts"

/** How many signals an action may have that nobody has read. */
const unreadMax = 1000
/** Among how many of the last ones that were sent to an action it is looked for what came under a key. */
const signalsRead = 10_000
/** Characters of a key. */
const keyMax = 200

/** Whom a signal is for: an action by its id, with what that is taken for, or the one of a definition and an actor. */
export interface Recipient {
  readonly id: string | null
  readonly definition: string | null
  readonly actorId: string | null
}

export type SendTo = (
  recipient: Recipient,
  sending: Pick<SignalToSend, "signal" | "value" | "isFailure" | "options" | "isOnce">
) => Effect.Effect<Sent, SendError>

/** A signal as it is to be stored, of whatever sort its target is. */
export type Encoded = Pick<NewSignal, "name" | "key" | "payload" | "cause" | "from" | "operation" | "once">

/** Stores a signal. */
export type StoreSignal = (
  recipient: Recipient,
  signal: Encoded
) => Effect.Effect<SentSignal, StorageError | UnsuitableIsolation>

export interface Sender {
  readonly send: (signal: SignalToSend) => Effect.Effect<Sent, SendError>
  readonly sendTo: SendTo
  readonly store: StoreSignal
}

export const make = (
  { now, registry, settings, store, wakeups }: Pick<
    ClientContext,
    "now" | "registry" | "settings" | "store" | "wakeups"
  >
): Sender => {
  const storeSignal: StoreSignal = (recipient, signal) =>
    Effect.gen(function*() {
      const stored = store.send({
        ...recipient,
        ...signal,
        trace: yield* Effect.withFiber((fiber) => Effect.succeed(carrierIn(fiber))),
        now: yield* now,
        unlisting: registry.unlisting(signal.name),
        limit: unreadMax
      })
      const inside = yield* store.inTransaction
      const sent = yield* inside
        ? Effect.mapError(stored, store.inOpenTransaction("sending a signal"))
        : stored
      if (sent._tag === "Sent") yield* store.afterCommit(Effect.sync(wakeups.queued))
      return sent
    })

  /** Whether it is what was sent before under the key: what is encrypted is another text each time, and is read to know that. */
  const isSame = (
    action: string,
    key: string,
    { isFailure, signal, value }: Pick<Parameters<SendTo>[1], "isFailure" | "signal" | "value">,
    encoded: unknown
  ): Effect.Effect<boolean, StorageError> => {
    const codec = codecOf(signal[isFailure ? "error" : "payload"])
    if (!codec.isEncrypting) return Effect.succeed(false)
    return Effect.gen(function*() {
      const before = (yield* store.signalsOf(action, signalsRead)).find((sent) =>
        sent.name === signal.name && sent.key === key
      )
      if (before === undefined || (before.failure !== undefined) !== isFailure) return false
      const stored = isFailure ? before.failure?.error : before.payload
      const read = yield* Effect.exit(codec.decode(stored))
      return read._tag === "Success" &&
        canonicalText(yield* codec.identify(read.value, stored)) ===
          canonicalText(yield* codec.identify(value, encoded))
    })
  }

  const sendTo: SendTo = (recipient, { isFailure, isOnce = false, options, signal, value }) =>
    Effect.gen(function*() {
      const key = yield* readKey(signal, options)
      const encoded = yield* encode(signal, value, isFailure, settings.payload)
      const asked = {
        name: signal.name,
        key,
        payload: isFailure ? null : encoded,
        cause: isFailure ? completedWith(value, encoded, isEncrypting(signal.error)) : null,
        from: undefined,
        once: isOnce && key !== null
          ? { given: givenWith(signal, encoded, isFailure), kept: settings.keyRetention }
          : undefined,
        operation: yield* namedFor(now, "Stepped.send", recipient.id ?? `${recipient.definition}`, options)
      }
      const sent = yield* storeSignal(recipient, asked)
      const isRepeated = sent._tag === "Conflict" && key !== null &&
        (yield* isSame(sent.action, key, { isFailure, signal, value }, encoded))
      return isRepeated ? "repeated" : yield* answerOf(sent, recipient, asked)
    })

  return {
    sendTo,
    store: storeSignal,
    send: ({ action, target, ...sending }) =>
      typeof target === "string"
        ? isActionId(target)
          ? sendTo({ id: target, definition: null, actorId: null }, sending)
          : Effect.succeed("none")
        : Effect.flatMap(
          encodeActorId(target),
          (actorId) => sendTo({ id: null, definition: definitionKey(target.type, action!.name), actorId }, sending)
        )
  }
}

/** What came with a key: what is encrypted is another text each time, and not told apart. */
const givenWith = (signal: AnySignal, encoded: unknown, isFailure: boolean): string =>
  digestOf([isFailure, codecOf(signal[isFailure ? "error" : "payload"]).isEncrypting ? null : encoded])

const readKey = (signal: AnySignal, options: SendOptions | undefined): Effect.Effect<string | null, InvalidOption> => {
  const key: unknown = options?.key
  if (key === undefined) return Effect.succeed(null)
  if (typeof key === "string" && key.length >= 1 && key.length <= keyMax && canBeStored(key)) return Effect.succeed(key)
  return Effect.fail(
    new InvalidOption({
      option: `key of ${signal.name}`,
      value: typeof key === "string" ? `a text of ${key.length} characters` : typeof key,
      takes: `a text of 1 to ${keyMax} characters that can be stored: no NUL character, no lone surrogate`
    })
  )
}

const encode = (
  signal: AnySignal,
  value: unknown,
  isFailure: boolean,
  limit: number
): Effect.Effect<unknown, InvalidSignal | PayloadTooLarge | UnstorableText> => {
  const invalid = ({ message }: { readonly message: string }) =>
    new InvalidSignal({ signal: signal.name, issue: tidyText(message) })
  const side = isFailure ? "error" : "payload"
  return Effect.mapError(codecOf(signal[side]).encode(value), invalid).pipe(
    Effect.tap((json) => checkPayload(`${side} of ${signal.name}`, json, limit)),
    Effect.catchTag("NotJson", (error) => Effect.fail(invalid(error)))
  )
}

/** Why a signal was not stored. */
export const refusedBy = (
  sent: Extract<SentSignal, { readonly _tag: "Conflict" | "Full" }>,
  signal: string,
  key: string | null
): SignalConflict | SignalsFull =>
  sent._tag === "Conflict"
    ? new SignalConflict({ signal, key: key ?? "", actionId: sent.action })
    : new SignalsFull({ signal, actionId: sent.action, limit: unreadMax })

const answerOf = (
  sent: SentSignal,
  { actorId, definition, id }: Recipient,
  { key, name }: Encoded
): Effect.Effect<Sent, SendError> => {
  switch (sent._tag) {
    case "Sent":
      return Effect.succeed("sent")
    case "Repeated":
      return Effect.succeed("repeated")
    case "None":
    case "Late":
      return Effect.succeed("none")
    case "Conflict":
    case "Full":
      return Effect.fail(refusedBy(sent, name, key))
    case "Ambiguous": {
      const [type, action] = definition!.split("/") as [string, string]
      return Effect.fail(new AmbiguousTarget({ actor: `${type}/${actorId}`, action, actionIds: sent.actions }))
    }
    case "Other":
      return Effect.fail(
        new UnknownAction({
          actionId: id!,
          asked: actionText(definition!, actorId!),
          found: actionText(sent.definition, sent.actorId)
        })
      )
  }
}
