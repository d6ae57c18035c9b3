/**
 * Checksums (rule 2.3): the digest of a value's JSON, for values that JSON holds without losing what tells them apart.
 *
 * Pure. `toJSON` is not asked: it is there to be read by people, and hides or leaves out what it likes.
 */
import * as BigDecimal from "effect/BigDecimal"
import * as Chunk from "effect/Chunk"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import { createHash } from "node:crypto"
import { InvalidChecksum } from "../SteppedError.ts"

/** `hex(sha256(json(value)))`, or nothing for `null` and `undefined`; throws an {@link InvalidChecksum}. */
export const checksum = (value: unknown): string | null =>
  value === null || value === undefined ? null : createHash("sha256").update(canonicalJson(value)).digest("hex")

/** The checksum of what an action's `checksum` has given, with the action's version where it has one. */
export const checksumOf = ({ version }: { readonly version: string | undefined }, value: unknown): string | null =>
  version === undefined || value === null || value === undefined ? checksum(value) : checksum([version, value])

/** JSON with its keys sorted and no white space: the form that checksums are made of. */
export const canonicalJson = (value: unknown): string => write(value, [], [])

/** Levels of a value. */
const deepest = 1000

const write = (value: unknown, path: ReadonlyArray<string>, around: Array<object>): string => {
  const refuse = (found: string, advice: string) => new InvalidChecksum({ place: path.join(""), found, advice })
  switch (typeof value) {
    case "string":
    case "boolean":
      return JSON.stringify(value)
    case "undefined":
      return "null"
    case "bigint":
      return `"${value}"`
    case "number":
      if (!Number.isFinite(value)) throw refuse(String(value), "give a finite number, or a text")
      return JSON.stringify(value)
    case "function":
    case "symbol":
      throw refuse(`a ${typeof value}`, "give what the work depends on as a value")
  }
  // the compiler does not know what the other kinds are
  if (typeof value !== "object" || value === null) return "null"
  if (around.includes(value)) throw refuse("a value that holds itself", "give the parts that the work depends on")
  if (around.length >= deepest) {
    throw refuse(`a value of more than ${deepest} levels`, "give the parts that the work depends on")
  }
  around.push(value)
  const inside = (item: unknown, key: string) => write(item, [...path, key], around)
  const list = (items: ArrayLike<unknown>) => `[${Array.from(items, (item, i) => inside(item, `[${i}]`)).join(",")}]`
  const fields = (entries: ReadonlyArray<readonly [string, unknown]>) =>
    `{${
      entries.filter(([, item]) => item !== undefined).sort(([a], [b]) => a < b ? -1 : 1).map(([key, item]) =>
        `${JSON.stringify(key)}:${inside(item, nameOf(key))}`
      ).join(",")
    }}`
  const text = writeKnown(value, refuse, list, fields) ?? fields(fieldsOf(value, refuse))
  around.pop()
  return text
}

type Refuse = (found: string, advice: string) => InvalidChecksum

/** What is not taken by its fields. */
const writeKnown = (
  value: object,
  refuse: Refuse,
  list: (items: ArrayLike<unknown>) => string,
  fields: (entries: ReadonlyArray<readonly [string, unknown]>) => string
): string | undefined => {
  if (Array.isArray(value)) return list(value)
  if (value instanceof Date) {
    if (Number.isNaN(value.getTime())) throw refuse("an invalid Date", "give a valid one, or nothing")
    return JSON.stringify(value.toISOString())
  }
  if (value instanceof Set) throw refuse("a Set", "give its members as an array, in an order of their own")
  if (value instanceof Map) throw refuse("a Map", "give its entries as an array, in an order of their own")
  if (Redacted.isRedacted(value)) throw refuse("a Redacted", "give a version of it, or Redacted.value of it")
  if (ArrayBuffer.isView(value) && !(value instanceof DataView)) {
    return list(value as unknown as ArrayLike<number | bigint>)
  }
  // Effect's own, which are no instances of classes, or have fields that come and go
  if (DateTime.isDateTime(value)) {
    return JSON.stringify(DateTime.isZoned(value) ? DateTime.formatIsoZoned(value) : DateTime.formatIso(value))
  }
  if (Duration.isDuration(value)) return JSON.stringify(`${Duration.toMillis(value)} millis`)
  if (BigDecimal.isBigDecimal(value)) return JSON.stringify(BigDecimal.format(BigDecimal.normalize(value)))
  if (Chunk.isChunk(value)) return list(Chunk.toReadonlyArray(value))
  if (Option.isOption(value)) {
    return fields(Option.isSome(value) ? [["_tag", "Some"], ["value", value.value]] : [["_tag", "None"]])
  }
  if (Result.isResult(value)) {
    return fields(
      Result.isSuccess(value)
        ? [["_tag", "Success"], ["success", value.success]]
        : [["_tag", "Failure"], ["failure", value.failure]]
    )
  }
  return undefined
}

/** The own enumerable fields of a plain object or of an instance whose data they are. */
const fieldsOf = (value: object, refuse: Refuse): ReadonlyArray<readonly [string, unknown]> => {
  const entries = Object.entries(value)
  const proto: object | null = Object.getPrototypeOf(value)
  // also one of another realm
  const isPlain = proto === null || Object.getPrototypeOf(proto) === null
  if (isPlain) {
    if (Object.getOwnPropertySymbols(value).some((key) => Object.prototype.propertyIsEnumerable.call(value, key))) {
      throw refuse("an object with a symbol among its keys", "give the field a name, or leave it out")
    }
    return entries
  }
  const maker: unknown = value.constructor
  const name = typeof maker === "function" && maker !== Object && maker.name !== "" ? maker.name : undefined
  const isInner = name === undefined || entries.some(([key]) => key.startsWith("~effect/"))
  if (isInner) {
    throw refuse(
      `an object whose data are inside of it${name === undefined ? "" : ` (${name})`}`,
      "give what it holds as JSON values"
    )
  }
  if (entries.length === 0) {
    throw refuse(`an instance of ${name}, which has no fields of its own`, "give what it stands for as JSON values")
  }
  return entries
}

const nameOf = (key: string): string => /^[A-Za-z_$][\w$]*$/.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`
