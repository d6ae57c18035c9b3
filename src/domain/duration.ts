/**
 * Durations as programs give them: one reading for every field that takes one, and one error for what is none.
 */
import * as Duration from "effect/Duration"
import { InvalidDuration } from "../SteppedError.ts"

/** The longest wait, delay or timeout in ms: some three thousand years, beyond which timestamps end. */
export const longest = 1e14

/** What a field takes. */
export interface Takes {
  /** In ms. */
  readonly least: number
  /** What `Infinity` means there, in words such as "for no timeout"; refused, if not given. */
  readonly infinity?: string
}

/** Reads a duration, in ms; throws an {@link InvalidDuration}. */
export const readDuration = (field: string, input: unknown, { infinity, least }: Takes): number => {
  const millis = toMillis(input)
  if (millis >= least && (millis <= longest || (millis === Infinity && infinity !== undefined))) return millis
  const limits = `from ${least} to ${longest} ms, as 1000 or "5 seconds"`
  throw new InvalidDuration({
    field,
    value: textOf(input),
    takes: `a duration ${limits}${infinity === undefined ? "" : `, or Infinity ${infinity}`}`
  })
}

/** Reads the timeout of an action, as it is given or as a function gives it. */
export const readTimeout = (action: string, input: unknown): number =>
  readDuration(`timeout of ${action}`, input, { least: 1, infinity: "for none" })

/** Reads how long nothing may be heard of whoever is awaited outside, in ms; none is without a limit. */
export const readHeartbeat = (of: string, input: unknown): number | undefined => {
  if (input === undefined) return undefined
  const millis = readDuration(`heartbeatTimeout of ${of}`, input, { least: 1, infinity: "for none" })
  return millis === Infinity ? undefined : Math.ceil(millis)
}

// Effect takes NaN, and an object without any of its fields, for no time at all
const toMillis = (input: unknown): number => {
  const read = (given: unknown): number => {
    try {
      return Duration.toMillis(given as Duration.Input)
    } catch {
      return Number.NaN
    }
  }
  if (typeof input !== "object" || input === null || Duration.isDuration(input)) {
    return typeof input === "number" ? input : read(input)
  }
  const parts = Array.isArray(input) ? input : units.flatMap((unit) => (input as Record<string, unknown>)[unit] ?? [])
  const isRead = parts.length > 0 && parts.every((part) => typeof part === "number" && !Number.isNaN(part))
  return isRead ? read(input) : Number.NaN
}

/** The fields of a duration that is given as an object. */
export const units = ["weeks", "days", "hours", "minutes", "seconds", "milliseconds", "microseconds", "nanoseconds"]

const textOf = (input: unknown): string => {
  if (typeof input === "bigint") return `${input} nanos`
  if (Duration.isDuration(input)) return Duration.format(input)
  if (typeof input !== "object" && typeof input !== "string") return String(input)
  try {
    return JSON.stringify(input)
  } catch {
    return "an object"
  }
}
