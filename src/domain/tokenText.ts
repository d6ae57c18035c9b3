/**
 * Tokens as texts: `st1.<key>.<claims>.<mac>`, where the claims are JSON, and they and the code are written in base64url. The code is of all
 * that stands before it.
 */
import * as Base64Url from "effect/encoding/Base64Url"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { isActionId } from "./Phase.ts"

/** What a token says. */
export interface Claims {
  readonly definition: string
  readonly action: string
  /** The step by its index, and which attempt of it has given the token away. */
  readonly step: number
  readonly attempt: number
  /** The name of the signal that it sends; none: it completes the action. */
  readonly signal: string | undefined
  /** Which one of its attempt, so that two of them are two tokens. */
  readonly number: number
  /** Until when it is good, in ms. */
  readonly expiresAt: number | undefined
}

const version = "st1"
/** Characters: with names as long as they may be it has fewer. */
const longest = 2000
/** Characters of the code of 32 bytes. */
const macLength = 43

const Count = Schema.Int.check(Schema.isGreaterThanOrEqualTo(0))
const decodeClaims = Schema.decodeUnknownOption(Schema.fromJsonString(Schema.Tuple([
  Schema.String,
  Schema.String,
  Count,
  Count,
  Schema.NullOr(Schema.String),
  Count,
  Schema.NullOr(Schema.Number)
])))

/** What of a token is signed. */
export const tokenText = (key: string, c: Claims): string => {
  const claims = [c.definition, c.action, c.step, c.attempt, c.signal ?? null, c.number, c.expiresAt ?? null]
  return `${version}.${key}.${Base64Url.encode(JSON.stringify(claims))}`
}

export const tokenOf = (text: string) => (mac: Uint8Array): string => `${text}.${Base64Url.encode(mac)}`

/** A token's parts, if it looks like one; its claims are read once it is known to be genuine. */
export const readToken = (token: unknown) => {
  if (typeof token !== "string" || token.length > longest) return undefined
  const parts = token.split(".")
  const [form, key, claims, code] = parts
  if (parts.length !== 4 || form !== version || key === undefined || claims === undefined) return undefined
  const mac = code?.length === macLength ? Base64Url.decode(code) : undefined
  // the last character has two bits to spare: written with other ones, it would be another text of the same token
  if (mac === undefined || Result.isFailure(mac) || Base64Url.encode(mac.success) !== code) return undefined
  return {
    key,
    text: token.slice(0, -(macLength + 1)),
    mac: mac.success,
    claims: (): Claims | undefined => {
      const read = Option.flatMap(Result.getSuccess(Base64Url.decodeString(claims)), decodeClaims)
      if (Option.isNone(read)) return undefined
      const [definition, action, step, attempt, signal, number, expiresAt] = read.value
      if (!isActionId(action)) return undefined
      return {
        definition,
        action,
        step,
        attempt,
        signal: signal ?? undefined,
        number,
        expiresAt: expiresAt ?? undefined
      }
    }
  }
}
