/**
 * Values on their way into the database and back: JSON by schema, and what fits there.
 */
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { createHash } from "node:crypto"
import { InvalidArguments, PayloadTooLarge, UnstorableText } from "../SteppedError.ts"
import { discreetly } from "./discreet.ts"
import { Digesting, fieldsIn, isEncrypting } from "./Encrypted.ts"
import { errorText, tidyText } from "./Failure.ts"
import type { PlainSchema } from "./PlainSchema.ts"
import { isStorable } from "./storable.ts"

/** How a schema's values become JSON and come back. */
export interface JsonCodec {
  readonly isVoid: boolean
  readonly encode: (value: unknown) => Effect.Effect<unknown, Schema.SchemaError>
  readonly decode: (json: unknown) => Effect.Effect<unknown, Schema.SchemaError>
  /**
   * What tells a value from others, of which this is the JSON: just that, or, where something in it is encrypted and so another text each time, the same with
   * digests in its place.
   */
  readonly identify: (value: unknown, json: unknown) => Effect.Effect<unknown>
  readonly isEncrypting: boolean
}

const codecs = new WeakMap<PlainSchema, JsonCodec>()

/** The JSON codec of a schema, made once. */
export const codecOf = (schema: PlainSchema): JsonCodec => {
  const known = codecs.get(schema)
  if (known !== undefined) return known
  const isVoid = schema.ast._tag === "Void"
  const json = Schema.toCodecJson(schema)
  const encode = isVoid ? () => Effect.succeed(null) : discreetly(schema, Schema.encodeUnknownEffect(json))
  const encrypts = isEncrypting(schema)
  const codec: JsonCodec = {
    isVoid,
    encode,
    decode: isVoid ? () => Effect.void : discreetly(schema, Schema.decodeUnknownEffect(json)),
    isEncrypting: encrypts,
    identify: encrypts
      ? (value) => Effect.orDie(Effect.provideService(encode(value), Digesting, true))
      : (_value, encoded) => Effect.succeed(encoded)
  }
  codecs.set(schema, codec)
  return codec
}

const fingerprints = new WeakMap<PlainSchema, string | null>()

/**
 * What tells a schema from others, in every process: a digest of what it is in memory and as JSON, without what only describes it. None
 * for `Void`. Made once.
 */
export const fingerprintOf = (schema: PlainSchema): string | null => {
  const known = fingerprints.get(schema)
  if (known !== undefined) return known
  const fingerprint = codecOf(schema).isVoid ? null : digestOf(schema)
  fingerprints.set(schema, fingerprint)
  return fingerprint
}

const digestOf = (schema: PlainSchema): string => {
  const sides = [Schema.toType(schema), Schema.toCodecJson(schema)].map((side) =>
    JSON.stringify(
      Schema.toRepresentation(side),
      (key, inner: unknown) => key === "annotations" ? undefined : typeof inner === "bigint" ? inner.toString() : inner
    )
  )
  // of two fields that are encrypted one is not read as the other
  const fields = isEncrypting(schema) ? fieldsIn(schema) : []
  return createHash("sha256").update([...sides, ...fields].join("\n")).digest("base64url").slice(0, 11)
}

const tuples = new WeakMap<ReadonlyArray<PlainSchema>, JsonCodec>()

/** The JSON codec of an action's arguments. */
export const argumentsCodec = (schemas: ReadonlyArray<PlainSchema>): JsonCodec => {
  const known = tuples.get(schemas)
  if (known !== undefined) return known
  const codec = codecOf(Schema.Tuple(schemas))
  tuples.set(schemas, codec)
  return codec
}

/** How much longer JSON becomes by numbers that Postgres writes with all their digits: `1e+300` has 301 there. */
const digits = (json: unknown): number => {
  if (typeof json === "number") {
    const [mantissa, exponent] = String(json).split("e")
    return exponent === undefined ? 0 : Math.max(0, Math.abs(Number(exponent)) + 2 - exponent.length - mantissa!.length)
  }
  if (typeof json !== "object" || json === null) return 0
  let more = 0
  for (const item of Array.isArray(json) ? json : Object.values(json)) more += digits(item)
  return more
}

/** Bytes of a JSON value as the database gives it back, white space apart; no exact count for what is surely within a limit. */
const sizeOf = (json: unknown, text: string, limit: number): number => {
  // a UTF-16 unit takes three bytes at most, and one of a number fifty
  if (text.length * 50 <= limit) return text.length
  const more = /e[+-]\d/.test(text) ? digits(json) : 0
  return text.length * 3 + more <= limit ? text.length : Buffer.byteLength(text) + more
}

// of values whose text was made once: whoever wants to know again need not make it again
const known = new WeakMap<object, number>()

/** Remembers the size of a value's JSON text. */
const remember = (json: unknown, size: number): void => {
  if (size > 1024 && typeof json === "object" && json !== null) known.set(json, size)
}

/** About how long a value's JSON text is. */
export const weigh = (json: unknown): number => {
  if (typeof json === "string") return json.length
  if (typeof json !== "object" || json === null) return 8
  const size = known.get(json)
  if (size !== undefined) return size
  let sum = 2
  if (Array.isArray(json)) { for (const item of json) sum += 1 + weigh(item) }
  else for (const key in json) sum += 4 + key.length + weigh((json as Readonly<Record<string, unknown>>)[key])
  return sum
}

/** A value that is not JSON: what a step without a schema has returned, or what a schema that takes anything has let through. */
export class NotJson extends Data.TaggedError("NotJson")<{ readonly place: string; readonly issue: string }> {
  override get message(): string {
    return `${this.place} ${this.issue}`
  }
}

/** What JSON would write as `{}` though it is more than that: a `Map`, a `Set`, a `RegExp`. */
const lostIn = (json: unknown): object | undefined => {
  if (typeof json !== "object" || json === null || "toJSON" in json) return undefined
  const values = Object.values(json)
  if (values.length === 0 && !Array.isArray(json)) {
    const prototype: unknown = Object.getPrototypeOf(json)
    return prototype === Object.prototype || prototype === null ? undefined : json
  }
  for (const value of values) {
    const lost = lostIn(value)
    if (lost !== undefined) return lost
  }
  return undefined
}

const notWritten = (place: string, reason: string, example: string) =>
  new NotJson({
    place,
    issue: `cannot be written as JSON (${reason}): use a schema that encodes it, such as ${example}`
  })

/** The text of an encoded value; a schema such as `Schema.Any` lets also through what has none: throws {@link NotJson}. */
export const jsonText = (field: string, json: unknown): string => {
  let text: string
  try {
    text = JSON.stringify(json) ?? "null"
  } catch (error) {
    throw notWritten(field, errorText(error).split("\n")[0]!, "Schema.BigInt for a bigint")
  }
  const lost = text.includes("{}") ? lostIn(json) : undefined
  if (lost === undefined) return text
  throw notWritten(field, `nothing of a ${lost.constructor.name} is`, "Schema.ReadonlyMap for a Map")
}

/** Why an encoded value cannot be stored, if it cannot. */
const refusal = (
  field: string,
  json: unknown,
  limit: number
): PayloadTooLarge | UnstorableText | NotJson | undefined => {
  let text: string
  try {
    text = jsonText(field, json)
  } catch (error) {
    return error as NotJson
  }
  const size = sizeOf(json, text, limit)
  if (size > limit) return new PayloadTooLarge({ field, size, limit })
  remember(json, size)
  return isStorable(text) ? undefined : new UnstorableText({ field })
}

/** Checks an encoded value against the limits of what is stored, at once. */
export const checkPayload = (
  field: string,
  json: unknown,
  limit: number
): Effect.Effect<void, PayloadTooLarge | UnstorableText | NotJson> => {
  const refused = refusal(field, json, limit)
  return refused === undefined ? Effect.void : Effect.fail(refused)
}

/** The same for what is JSON already. */
export const checkJson = (
  field: string,
  json: unknown,
  limit: number
): Effect.Effect<void, PayloadTooLarge | UnstorableText> =>
  Effect.catchTag(checkPayload(field, json, limit), "NotJson", Effect.die)

/** Whether a value that is not checked with an error fits: what does not is left out where it would be stored. */
export const fits = (json: unknown, text: string, limit: number): boolean =>
  sizeOf(json, text, limit) <= limit && isStorable(text)

/** Encodes arguments, with the path of what does not fit. At once, unless a schema takes an effect: the answer is an exit then. */
export const encodeArguments = (
  action: string,
  schemas: ReadonlyArray<PlainSchema>,
  values: ReadonlyArray<unknown>,
  limit: number
): Effect.Effect<ReadonlyArray<unknown>, InvalidArguments | PayloadTooLarge | UnstorableText> =>
  Effect.flatMapEager(
    Effect.mapErrorEager(
      argumentsCodec(schemas).encode(values),
      (error) => new InvalidArguments({ action, issue: tidyText(error.message) })
    ),
    (json): Effect.Effect<ReadonlyArray<unknown>, InvalidArguments | PayloadTooLarge | UnstorableText> => {
      const refused = refusal(`arguments of ${action}`, json, limit)
      if (refused === undefined) return Effect.succeed(json as ReadonlyArray<unknown>)
      return Effect.fail(
        refused._tag === "NotJson" ? new InvalidArguments({ action, issue: `a value ${refused.issue}` }) : refused
      )
    }
  )
