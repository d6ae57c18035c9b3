/**
 * Invoking: an action on an actor with arguments becomes a row of the queue (rule 2.1 to 2.3).
 *
 * What plain functions can say about keys, checksum and timeout is computed here, from the arguments as given. What takes an
 * effect, or throws, is left to the worker (`prepare`), where a failure ends the action and tells its slots.
 */
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { randomUUID } from "node:crypto"
import type { ActionKey, AnyAction, Definition } from "../Action.ts"
import { actorId as actorIdOf, ActorRef } from "../Actor.ts"
import { defaultKey, joinKey, keyLimit, laneMark } from "../domain/Key.ts"
import { isStorable } from "../domain/storable.ts"
import { realClock } from "../sql/storageError.ts"
import {
  InvalidArguments,
  InvalidChecksum,
  InvalidDuration,
  InvalidKey,
  type PayloadTooLarge,
  type UnstorableText
} from "../SteppedError.ts"
import type { ToPrepare } from "../store/Answer.ts"
import type { StoredOutcome } from "../store/Conclusion.ts"
import type { Invocation, PreparedInvocation } from "../store/Invocation.ts"
import { actionText, errorText, fromCause } from "./causes.ts"
import { checksum } from "./checksum.ts"
import { argumentsCodec, checkPayload, codecOf, encodeArguments } from "./codec.ts"
import { definitionKey, type Runnable } from "./Definitions.ts"
import { readTimeout } from "./duration.ts"
import type { Settings } from "./Settings.ts"

let lastMillis = 0
let counter = 0

/**
 * An action's id: a UUIDv7 made here, so that a handle exists before any row does. Those of one process ascend (RFC 9562, method 1: the
 * twelve bits after the time count within a millisecond).
 */
export const newActionId = (): string => {
  const millis = realClock.currentTimeMillisUnsafe()
  if (millis > lastMillis) {
    lastMillis = millis
    counter = 0
  } else if (++counter > 0xfff) {
    lastMillis++
    counter = 0
  }
  const time = lastMillis.toString(16).padStart(12, "0")
  // its randomness comes out of a pool: a tenth of what fetching sixteen bytes takes
  const random = randomUUID().slice(18)
  return `${time.slice(0, 8)}-${time.slice(8)}-7${counter.toString(16).padStart(3, "0")}${random}`
}

/** The longest id of an actor, in bytes of JSON: it is part of index rows. */
const actorIdLimit = 500

/** An actor's id as the text that is stored. */
export const encodeActorId = (
  action: string,
  ref: ActorRef
): Effect.Effect<string, InvalidArguments | PayloadTooLarge | UnstorableText> =>
  Effect.flatMap(
    Effect.try({
      try: () => actorIdOf(ActorRef.actorOf(ref), ref.id),
      catch: (error) => new InvalidArguments({ action, issue: `the id of ${ref.type}: ${errorText(error)}` })
    }),
    (text): Effect.Effect<string, InvalidArguments | PayloadTooLarge | UnstorableText> =>
      text.includes(laneMark)
        ? Effect.fail(
          new InvalidArguments({
            action,
            issue: `the id of ${ref.type} holds the character U+0001, which lanes are told apart by: leave it out`
          })
        )
        : Effect.as(checkPayload(`id of ${ref.type}`, text, actorIdLimit), text)
  )

/** The parent of a child invocation. */
export interface ParentStep {
  readonly id: string
  readonly step: number
  readonly depth: number
}

interface Keys {
  readonly lane: string
  readonly checksumKey: string
  readonly timeout: number | null
}

const maybe = (f: undefined | ((...args: ReadonlyArray<any>) => unknown), args: ReadonlyArray<unknown>) =>
  f === undefined ? undefined : f(...args)

const rawKeys = (definition: Definition, args: ReadonlyArray<unknown>) => ({
  lane: maybe(definition.concurrencyKey, args),
  checksumKey: maybe(definition.checksumKey, args),
  timeout: typeof definition.timeout === "function" ? definition.timeout(...args) : definition.timeout
})

/** Turns what the functions gave into keys and a timeout; throws an {@link InvalidKey} or {@link InvalidDuration} where one cannot be stored. */
const toKeys = (actorType: string, actorId: string, definition: Definition, raw: ReturnType<typeof rawKeys>): Keys => {
  const otherwise = defaultKey(actorType, actorId, definition.name)
  const key = (field: "concurrencyKey" | "checksumKey", value: unknown) => {
    // a key function is the program's: what it gives is a key, whatever its type says
    const text = joinKey(value as ActionKey) || otherwise
    const refused = (issue: string) => new InvalidKey({ action: definition.name, field, issue })
    const size = Buffer.byteLength(text)
    if (size > keyLimit) throw refused(`takes ${size} bytes, the limit is ${keyLimit}: use a digest`)
    if (text.includes(laneMark)) {
      throw refused("holds the character U+0001, which lanes are told apart by: leave it out")
    }
    if (!isStorable(JSON.stringify(text))) {
      throw refused("holds a NUL character or a lone surrogate, which Postgres cannot store: leave it out")
    }
    return text
  }
  const millis = raw.timeout === undefined || raw.timeout === null
    ? Infinity
    : readTimeout(definition.name, raw.timeout)
  const lane = key("concurrencyKey", raw.lane)
  return {
    lane,
    checksumKey: raw.checksumKey === raw.lane ? lane : key("checksumKey", raw.checksumKey),
    timeout: millis === Infinity ? null : Math.ceil(millis)
  }
}

/** Makes the queue's row for an invocation. */
export const makeInvocation = (options: {
  readonly ref: ActorRef
  readonly actorId: string
  readonly action: AnyAction
  readonly args: ReadonlyArray<unknown>
  readonly id: string
  readonly parent: ParentStep | undefined
  readonly limit: number
}): Effect.Effect<Invocation, InvalidArguments | PayloadTooLarge | UnstorableText> => {
  const { action, actorId, args, id, parent, ref } = options
  const definition = action.definition
  return Effect.map(encodeArguments(action.name, definition.arguments, args, options.limit), (encoded) => {
    let keys: Keys | undefined
    let sum: string | null = null
    try {
      const raw = rawKeys(definition, args)
      const given = definition.before === undefined ? maybe(definition.checksum, args) : undefined
      if (![raw.lane, raw.checksumKey, raw.timeout, given].some(Effect.isEffect)) {
        // the keys last: with them the worker would not look at the checksum again
        sum = checksum(given)
        keys = toKeys(ref.type, actorId, definition, raw)
      }
    } catch {
      // evaluated again by the worker, whose failure is the action's
    }
    return {
      queue: definition.queue,
      action: id,
      definition: definitionKey(ref.type, action.name),
      actorId,
      arguments: encoded,
      lane: keys?.lane ?? null,
      checksumKey: keys?.checksumKey ?? null,
      checksum: sum,
      timeout: keys?.timeout ?? null,
      parent: parent?.id ?? null,
      parentStep: parent?.step ?? null,
      depth: parent === undefined ? 0 : parent.depth + 1,
      // a worker of another version may know of no hook that has to run before the checksum
      ...keys !== undefined && definition.before !== undefined ? { prepared: false } : {}
    }
  })
}

/** What cannot be stored is a failure, and no defect: whatever defects are retried, the same would come of it again. */
const checked = <A>(make: () => A): Effect.Effect<A, InvalidKey | InvalidChecksum | InvalidDuration> =>
  Effect.suspend(() => {
    try {
      return Effect.succeed(make())
    } catch (error) {
      return error instanceof InvalidKey || error instanceof InvalidChecksum || error instanceof InvalidDuration
        ? Effect.fail(error)
        : Effect.die(error)
    }
  })

const asEffect = (value: unknown): Effect.Effect<unknown, unknown> =>
  Effect.isEffect(value) ? value as Effect.Effect<unknown, unknown> : Effect.succeed(value)

/** A held invocation as it is, without anything run for it; one that ends needs no key. */
export const asHeld = (held: ToPrepare): PreparedInvocation => ({
  action: held.action,
  job: held.job,
  queue: held.queue,
  arguments: held.arguments,
  lane: held.lane ?? "",
  checksumKey: held.checksumKey ?? "",
  checksum: held.checksum,
  timeout: held.timeout,
  ended: undefined,
  ignoresAchievement: false
})

/** What ends without a lane is stored without what it would join by: that may be what cannot be stored. */
export const unjoinable = (one: PreparedInvocation): PreparedInvocation => ({
  ...one,
  lane: "",
  checksumKey: "",
  checksum: null,
  timeout: null
})

/**
 * Runs what has to run before the lane is taken: effectful keys with the arguments as given, then `before`, then the checksum with the
 * arguments as they then are. Fails only with what is unhandled; a handled failure is an outcome.
 */
export const prepare = (
  held: ToPrepare,
  runnable: Runnable,
  /** Runs what is the program's own. */
  run: <A>(effect: Effect.Effect<A, unknown>) => Effect.Effect<A, unknown>,
  settings: Settings["Service"],
  handled: <A>(effect: Effect.Effect<A, unknown>) => Effect.Effect<A, unknown>
): Effect.Effect<PreparedInvocation, unknown> =>
  Effect.gen(function*() {
    const { definition } = runnable
    const base = asHeld(held)

    if (held.achievement !== undefined) {
      // the join found an achievement: it counts if its result can be read
      const { result } = held.achievement
      const readable = yield* Effect.exit(codecOf(definition.success).decode(result))
      return readable._tag === "Success"
        ? { ...base, ended: { status: "succeeded", result, cause: null } }
        : { ...base, ignoresAchievement: true }
    }

    const attempt = Effect.gen(function*(): Effect.fn.Return<PreparedInvocation, unknown> {
      const given = (yield* argumentsCodec(definition.arguments).decode(held.arguments)) as ReadonlyArray<unknown>
      let keys: Keys | undefined
      if (held.lane === null) {
        const raw = rawKeys(definition, given)
        const [lane, checksumKey, timeout] = yield* Effect.all([
          asEffect(raw.lane),
          asEffect(raw.checksumKey),
          asEffect(raw.timeout)
        ])
        keys = yield* checked(() =>
          toKeys(runnable.actor.type, held.actorId, definition, {
            lane,
            checksumKey,
            timeout: timeout as Duration.Input
          })
        )
      }
      const lane = keys?.lane ?? held.lane!
      const checksumKey = keys?.checksumKey ?? held.checksumKey!
      const timeout = keys === undefined ? held.timeout : keys.timeout

      let args = given
      let encoded = held.arguments
      const stored = { ...base, lane, checksumKey, timeout }
      const ends = (ended: StoredOutcome) => ({ ...stored, ended })
      if (definition.before !== undefined) {
        const decision = (yield* definition.before(...given) as Effect.Effect<unknown, unknown>) as
          | undefined
          | Record<string, unknown>
        if (decision !== undefined && decision !== null) {
          if ("cancel" in decision && decision.cancel === true) {
            return ends({ status: "cancelled", result: null, cause: null })
          }
          if ("complete" in decision) {
            const result = yield* codecOf(definition.success).encode(decision.complete)
            yield* checkPayload(`result of ${definition.name}`, result, settings.payload)
            return ends({ status: "succeeded", result, cause: null })
          }
          if ("arguments" in decision) {
            args = decision.arguments as ReadonlyArray<unknown>
            encoded = yield* encodeArguments(definition.name, definition.arguments, args, settings.payload)
          }
        }
      }
      const summed = yield* asEffect(maybe(definition.checksum, args))
      const sum = yield* checked(() => checksum(summed))
      return { ...stored, arguments: encoded, checksum: sum }
    })

    const exit = yield* Effect.exit(
      handled(run(attempt))
    )
    if (exit._tag === "Success") return exit.value
    const cause = yield* fromCause(exit.cause, {
      place: actionText(held.definition, held.actorId),
      error: definition.error,
      limit: settings.payload
    })
    return { ...base, ended: { status: "failed", result: null, cause } }
  })
