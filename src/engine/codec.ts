/**
 * Values on their way into the database and back: JSON by schema, and step results that hold children.
 *
 * Pure: no storage, no clock.
 */
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { createHash } from "node:crypto"
import type { PlainSchema } from "../Actor.ts"
import { isChild } from "../Child.ts"
import { isStorable } from "../domain/storable.ts"
import { InvalidArguments, PayloadTooLarge, UnstorableText } from "../SteppedError.ts"
import { remember } from "../store/weight.ts"

/** How a schema's values become JSON and come back. */
export interface JsonCodec {
  readonly isVoid: boolean
  readonly encode: (value: unknown) => Effect.Effect<unknown, Schema.SchemaError>
  readonly decode: (json: unknown) => Effect.Effect<unknown, Schema.SchemaError>
}

const codecs = new WeakMap<PlainSchema, JsonCodec>()

/** The JSON codec of a schema, made once. */
export const codecOf = (schema: PlainSchema): JsonCodec => {
  const known = codecs.get(schema)
  if (known !== undefined) return known
  const isVoid = schema.ast._tag === "Void"
  const json = Schema.toCodecJson(schema)
  const codec: JsonCodec = isVoid
    ? { isVoid, encode: () => Effect.succeed(null), decode: () => Effect.void }
    : {
      isVoid,
      encode: Schema.encodeUnknownEffect(json),
      decode: Schema.decodeUnknownEffect(json)
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
  return createHash("sha256").update(sides.join("\n")).digest("base64url").slice(0, 11)
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

/** Checks an encoded value against the limits of what is stored. */
export const checkPayload = (
  field: string,
  json: unknown,
  limit: number
): Effect.Effect<void, PayloadTooLarge | UnstorableText> =>
  Effect.suspend((): Effect.Effect<void, PayloadTooLarge | UnstorableText> => {
    const text = JSON.stringify(json) ?? "null"
    const size = sizeOf(json, text, limit)
    if (size > limit) return Effect.fail(new PayloadTooLarge({ field, size, limit }))
    remember(json, size)
    return isStorable(text) ? Effect.void : Effect.fail(new UnstorableText({ field }))
  })

/** Whether a value that is not checked with an error fits: what does not is left out where it would be stored. */
export const fits = (json: unknown, text: string, limit: number): boolean =>
  sizeOf(json, text, limit) <= limit && isStorable(text)

/** Makes any text storable and short enough: for error messages, which must never fail the path that stores them. */
export const tidyText = (text: string, limit = 8000): string => {
  const tidy = text.replaceAll("\u0000", "\ufffd").toWellFormed()
  return tidy.length <= limit ? tidy : `${tidy.slice(0, limit).toWellFormed()}…`
}

/** Encodes arguments, with the path of what does not fit. */
export const encodeArguments = (
  action: string,
  schemas: ReadonlyArray<PlainSchema>,
  values: ReadonlyArray<unknown>,
  limit: number
): Effect.Effect<ReadonlyArray<unknown>, InvalidArguments | PayloadTooLarge | UnstorableText> =>
  Effect.flatMap(
    Effect.mapError(
      argumentsCodec(schemas).encode(values),
      (error) => new InvalidArguments({ action, issue: tidyText(error.message) })
    ),
    (json) => Effect.as(checkPayload(`arguments of ${action}`, json, limit), json as ReadonlyArray<unknown>)
  )

// -------------------------------------------------------------------------------------------------------------------
// step results that hold children
// -------------------------------------------------------------------------------------------------------------------

const slotKey = "$slot"
const undefinedKey = "$undefined"
// a whole result that is null: the column's own null means that nothing was kept
const nullKey = "$null"

/** A value that is neither JSON nor a child, in a step without a schema. */
export class NotJson extends Data.TaggedError("NotJson")<{ readonly message: string }> {
  static at(path: string, what: string): NotJson {
    const place = path === "" ? "" : ` at ${path}`
    return new NotJson({
      message: `the step returned ${what}${place}: give the step a schema, as in .step(name, body, { result: … })`
    })
  }
}

/** A step's result as JSON, with places for its children (`{"$slot": 0}`); own keys that begin with `$` get another one. */
export const toTemplate = (value: unknown, path = ""): unknown => {
  if (isChild(value)) return { [slotKey]: value.slot }
  switch (typeof value) {
    case "string":
    case "boolean":
      return value
    case "number":
      if (!Number.isFinite(value)) throw NotJson.at(path, String(value))
      return value
    case "undefined":
      return { [undefinedKey]: true }
    case "object": {
      if (value === null) return path === "" ? { [nullKey]: true } : null
      if (Array.isArray(value)) return value.map((item, i) => toTemplate(item, `${path}[${i}]`))
      const proto = Object.getPrototypeOf(value)
      if (proto !== Object.prototype && proto !== null) {
        throw NotJson.at(path, `an instance of ${value.constructor?.name ?? "a class"}`)
      }
      // made of entries: assigned, `__proto__` would be no key
      return Object.fromEntries(
        Object.entries(value).filter(([, item]) => item !== undefined).map((
          [key, item]
        ) => [key.startsWith("$") ? `$${key}` : key, toTemplate(item, `${path}.${key}`)])
      )
    }
    default:
      throw NotJson.at(path, `a ${typeof value}`)
  }
}

/** Puts settled values into the places of a template. */
export const fromTemplate = (template: unknown, child: (slot: number) => unknown): unknown => {
  if (typeof template !== "object" || template === null) return template
  if (Array.isArray(template)) return template.map((item) => fromTemplate(item, child))
  if (undefinedKey in template) return undefined
  if (nullKey in template) return null
  if (slotKey in template) return child((template as Record<string, number>)[slotKey]!)
  return Object.fromEntries(
    Object.entries(template).map(([key, item]) => [
      key.startsWith("$") ? key.slice(1) : key,
      fromTemplate(item, child)
    ])
  )
}

/** Whether a template has places for children. */
export const holdsSlot = (template: unknown): boolean =>
  typeof template === "object" && template !== null &&
  (Array.isArray(template) ? template.some(holdsSlot) : slotKey in template || Object.values(template).some(holdsSlot))

/** Whether a value holds a child anywhere that a template would look. */
export const holdsChild = (value: unknown): boolean => {
  if (isChild(value)) return true
  if (typeof value !== "object" || value === null) return false
  if (Array.isArray(value)) return value.some(holdsChild)
  const proto = Object.getPrototypeOf(value)
  return (proto === Object.prototype || proto === null) && Object.values(value).some(holdsChild)
}
