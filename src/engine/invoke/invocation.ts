/**
 * Invoking: an action on an actor with arguments becomes a row of the queue (rule 2.1 to 2.3).
 *
 * What plain functions can say about keys, checksum and timeout is computed here, from the arguments as given. What takes an
 * effect, or throws, is left to the worker (`prepare`), where a failure ends the action and tells its slots.
 */
import * as Effect from "effect/Effect"
import type { ActionKey, AnyAction, Definition } from "../../Action.ts"
import { actorId as actorIdOf, ActorRef } from "../../Actor.ts"
import { argumentsCodec, encodeArguments } from "../../domain/Codec.ts"
import { readTimeout } from "../../domain/duration.ts"
import { errorText } from "../../domain/Failure.ts"
import { defaultKey, definitionKey, joinKey, keyLimit, laneMark, laneText } from "../../domain/Key.ts"
import { isPlain, isStorable } from "../../domain/storable.ts"
import { isLaneKey } from "../../Lane.ts"
import {
  InvalidActorId,
  type InvalidArguments,
  InvalidKey,
  type PayloadTooLarge,
  type UnstorableText
} from "../../SteppedError.ts"
import type { Invocation } from "../../store/Invocation.ts"
import { checksum, checksumOf } from "../checksum.ts"
import type { Asked } from "./options.ts"

/** The longest id of an actor, in bytes of JSON: it is part of index rows. */
const actorIdLimit = 500

/** An actor's id as the text that is stored, at once: the answer is an exit. */
export const encodeActorId = (ref: ActorRef): Effect.Effect<string, InvalidActorId> => {
  let text: string
  try {
    text = actorIdOf(ActorRef.actorOf(ref), ref.id)
  } catch (error) {
    return Effect.fail(
      new InvalidActorId({ actor: ref.type, issue: `does not fit its schema: ${errorText(error)}` })
    )
  }
  return checkActorId(ref.type, text)
}

/** An actor's id as a text, where that can be stored: it is part of keys. */
export const checkActorId = (type: string, text: string): Effect.Effect<string, InvalidActorId> => {
  const json = isPlain(text) ? undefined : JSON.stringify(text)
  const issue = unfit(text, json, json === undefined ? text.length + 2 : Buffer.byteLength(json), actorIdLimit)
  return issue === undefined ? Effect.succeed(text) : Effect.fail(new InvalidActorId({ actor: type, issue }))
}

/** Why a text cannot be part of keys, if it cannot: there is no JSON of it where it is plain. */
const unfit = (text: string, json: string | undefined, size: number, limit: number): string | undefined =>
  size > limit
    ? `takes ${size} bytes, the limit is ${limit}: use a digest`
    : json === undefined
    ? undefined
    : text.includes(laneMark)
    ? "holds the character U+0001, which lanes are told apart by: leave it out"
    : isStorable(json)
    ? undefined
    : "holds a NUL character or a lone surrogate, which Postgres cannot store: leave it out"

/** The parent of a child invocation. */
export interface ParentStep {
  readonly id: string
  readonly step: number
  readonly depth: number
}

/** What an invocation joins its lane and its achievement by. */
export interface Keys {
  /** None where it is in named lanes. */
  readonly lane: string | null
  readonly lanes: ReadonlyArray<string> | null
  readonly checksumKey: string
  readonly timeout: number | null
}

/** Asks a function of the definition, if there is one. */
export const maybe = (f: undefined | ((...args: ReadonlyArray<any>) => unknown), args: ReadonlyArray<unknown>) =>
  f === undefined ? undefined : f(...args)

/** What the definition says, which may be effects. */
export const rawKeys = (definition: Definition, args: ReadonlyArray<unknown>) => ({
  lane: maybe(definition.concurrencyKey, args),
  lanes: maybe(definition.concurrency, args),
  checksumKey: maybe(definition.checksumKey, args),
  timeout: typeof definition.timeout === "function" ? definition.timeout(...args) : definition.timeout
})

/** A text that keys are made of; throws where it cannot be stored. */
const checkedKey = (action: string, field: InvalidKey["field"], text: string): string => {
  const json = isPlain(text) ? undefined : JSON.stringify(text)
  const issue = unfit(text, json, Buffer.byteLength(text), keyLimit)
  if (issue !== undefined) throw new InvalidKey({ action, field, issue })
  return text
}

/** Who takes turns with others, if the action says so and gives somebody; throws where that cannot be stored. */
export const tenantOf = (definition: Definition, args: ReadonlyArray<unknown>): string | undefined => {
  if (definition.fairBy === undefined) return undefined
  const given: unknown = definition.fairBy(...args)
  if (Effect.isEffect(given)) {
    const issue = "gives an effect: give a text, a number or an array, of which the queue knows before any worker does"
    throw new InvalidKey({ action: definition.name, field: "fairBy", issue })
  }
  const tenant = joinKey(given as ActionKey)
  return tenant === "" ? undefined : checkedKey(definition.name, "fairBy", tenant)
}

/** Turns what the functions gave into keys and a timeout; throws an {@link InvalidKey} or {@link InvalidDuration} where one cannot be stored. */
export const toKeys = (
  actorType: string,
  actorId: string,
  definition: Definition,
  raw: ReturnType<typeof rawKeys>
): Keys => {
  const otherwise = defaultKey(actorType, actorId, definition.name)
  type Field = InvalidKey["field"]
  const refused = (field: Field, issue: string) => new InvalidKey({ action: definition.name, field, issue })
  const checked = (field: Field, text: string) => checkedKey(definition.name, field, text)
  const key = (field: Field, value: unknown) => {
    // a key function is the program's: what it gives is a key, whatever its type says
    const text = joinKey(value as ActionKey)
    // the other one is made of what has been looked at already
    return text === "" ? otherwise : checked(field, text)
  }
  const millis = raw.timeout === undefined || raw.timeout === null
    ? Infinity
    : readTimeout(definition.name, raw.timeout)
  const checksumKeyOf = () => key("checksumKey", raw.checksumKey)
  const timeout = millis === Infinity ? null : Math.ceil(millis)
  if (definition.concurrency !== undefined) {
    const lanes = namedLanes(raw.lanes, checked, (issue) => refused("concurrency", issue))
    return { lane: null, lanes, checksumKey: checksumKeyOf(), timeout }
  }
  const lane = key("concurrencyKey", raw.lane)
  return {
    lane,
    lanes: null,
    checksumKey: raw.checksumKey === raw.lane ? lane : checksumKeyOf(),
    timeout
  }
}

/** How many lanes an action takes at once, at most. */
const lanesMax = 20

/** What `concurrency` gave, as texts in their order, each once; types say the same, and a program may not have them. */
const namedLanes = (
  given: unknown,
  checked: (field: "concurrency", key: string) => string,
  refused: (issue: string) => InvalidKey
): ReadonlyArray<string> => {
  const list: ReadonlyArray<unknown> = Array.isArray(given) ? given : [given]
  if (list.length === 0 || list.length > lanesMax) {
    throw refused(`gives ${list.length} lanes: give 1 to ${lanesMax}`)
  }
  const texts = list.map((one) => {
    if (!isLaneKey(one)) throw refused("gives what is no lane under a key: call a lane of Stepped.lane with one")
    if (one.sole && list.length > 1) {
      throw refused(
        `gives ${list.length} lanes, and ${one.lane}, which cancels or debounces, is for actions in one lane`
      )
    }
    const text = laneText(one.lane, checked("concurrency", one.key))
    const size = Buffer.byteLength(text)
    if (size > keyLimit) {
      throw refused(`takes ${size} bytes with the lane's name, the limit is ${keyLimit}: use a digest`)
    }
    return text
  })
  // by bytes, as the database orders them
  return [...new Set(texts)].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
}

/** A digest of what came with a name or a key: other data, another digest. What is nested too deep for it counts as its text. */
export const digestOf = (given: ReadonlyArray<unknown>): string => {
  try {
    return checksum(given) ?? ""
  } catch {
    return checksum(JSON.stringify(given)) ?? ""
  }
}

/** Makes the queue's row for an invocation. At once, unless a schema takes an effect: the answer is an exit then. */
export const makeInvocation = (options: {
  readonly ref: ActorRef
  readonly actorId: string
  readonly action: AnyAction
  readonly args: ReadonlyArray<unknown>
  readonly id: string
  readonly parent: ParentStep | undefined
  readonly limit: number
  readonly asked?: Asked
}): Effect.Effect<Invocation, InvalidArguments | PayloadTooLarge | UnstorableText> => {
  const { action, actorId, args, asked, id, parent, ref } = options
  const definition = action.definition
  const named = (identity: unknown): Pick<Invocation, "named"> =>
    asked?.named === undefined
      ? {}
      : { named: { ...asked.named, given: digestOf([definitionKey(ref.type, action.name), actorId, identity]) } }
  const made = (encoded: ReadonlyArray<unknown>, identity: unknown): Invocation => {
    let keys: Keys | undefined
    let sum: string | null = null
    let tenant: string | undefined
    try {
      tenant = tenantOf(definition, args)
      const raw = rawKeys(definition, args)
      const given = definition.before === undefined ? maybe(definition.checksum, args) : undefined
      const { isEffect } = Effect
      if (
        !(isEffect(raw.lane) || isEffect(raw.lanes) || isEffect(raw.checksumKey) || isEffect(raw.timeout) ||
          isEffect(given))
      ) {
        // the keys last: with them the worker would not look at the checksum again
        sum = checksumOf(definition, given)
        keys = toKeys(ref.type, actorId, definition, raw)
      }
    } catch {
      // evaluated again by the worker, whose failure is the action's
    }
    const invocation: Invocation = {
      queue: definition.queue,
      action: id,
      definition: definitionKey(ref.type, action.name),
      actorId,
      arguments: encoded,
      lane: keys?.lane ?? null,
      checksumKey: keys === undefined || keys.checksumKey === keys.lane ? null : keys.checksumKey,
      checksum: sum,
      timeout: keys?.timeout ?? null,
      parent: parent?.id ?? null,
      parentStep: parent?.step ?? null,
      depth: parent === undefined ? 0 : parent.depth + 1,
      ...keys === undefined || keys.lanes === null ? {} : { lanes: keys.lanes },
      ...tenant === undefined ? {} : { tenant },
      ...asked,
      ...named(identity)
    }
    // a worker of another version may know of no hook that has to run before the checksum
    return keys !== undefined && definition.before !== undefined ? { ...invocation, prepared: false } : invocation
  }
  return Effect.flatMapEager(
    encodeArguments(action.name, definition.arguments, args, options.limit),
    (encoded) =>
      asked?.named === undefined
        ? Effect.succeed(made(encoded, encoded))
        : Effect.mapEager(
          argumentsCodec(definition.arguments).identify(args, encoded),
          (identity) => made(encoded, identity)
        )
  )
}
