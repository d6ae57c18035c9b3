/** What a schedule was given, read and checked: as it is stored, without the slot that comes next. */
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import type { AnyAction } from "../../Action.ts"
import type { AnyActorClass } from "../../Actor.ts"
import { argumentsCodec, encodeArguments } from "../../domain/Codec.ts"
import { longest, readDuration } from "../../domain/duration.ts"
import { definitionKey } from "../../domain/Key.ts"
import {
  type CatchUpPolicy,
  cronOf,
  everyLeast,
  firesAt,
  shortestDistance,
  slotsOf,
  type Timing,
  zoneOf
} from "../../domain/ScheduleSlots.ts"
import type { AnyScheduleOptions, ScheduleError } from "../../ScheduleOptions.ts"
import { InvalidDuration, InvalidOption } from "../../SteppedError.ts"
import type { NewSchedule, ScheduleGiven } from "../../store/Scheduled.ts"
import { checksum } from "../checksum.ts"
import { encodeActorId } from "../invoke/invocation.ts"

/** Bytes of a schedule's arguments: those of many that are due are read by one statement. */
const argumentsMax = 64 * 1024

/** Slots that are caught up with, at most. */
const catchUpMax = 1000

/** What types say, for who has none. */
type Given =
  & {
    readonly [Field in "cron" | "zone" | "every" | "at" | "catchUp" | "jitter" | "until" | "actor" | "args"]?: unknown
  }
  & { readonly actions: { readonly actor: AnyActorClass }; readonly action: AnyAction }

const isScheduleName = (name: unknown): name is string =>
  typeof name === "string" && /^[^\p{Cc}\p{Cs}]{1,200}$/u.test(name)

const shown = (value: unknown): string =>
  (typeof value === "string" || typeof value === "object" ? JSON.stringify(value) ?? String(value) : String(value))
    .slice(0, 100)

/**
 * Reads it, at a time. A row says what is to come: times that have passed are refused there, while code still says them long after they
 * have.
 */
export const readSchedule = (
  name: string,
  options: AnyScheduleOptions,
  source: "code" | "row",
  settings: { readonly payload: number },
  now: number
): Effect.Effect<ScheduleGiven, ScheduleError> =>
  Effect.gen(function*() {
    const given = options as Given
    if (!isScheduleName(name)) {
      return yield* new InvalidOption({
        option: "name of a schedule",
        value: shown(name),
        takes: "a text of 1 to 200 characters, none of them a control character"
      })
    }
    const timed = yield* Effect.try({
      try: () => timesOf(name, given, source, now),
      catch: (error) => error as InvalidOption
    })
    const { action, actions, actor, args = [] } = given
    const ref = actions.actor.ref(actor)
    const actorId = yield* encodeActorId(ref)
    const limit = Math.min(argumentsMax, settings.payload)
    const encoded = yield* encodeArguments(
      action.name,
      action.definition.arguments,
      args as ReadonlyArray<unknown>,
      limit
    )
    const schedule = {
      name,
      ...timed,
      definition: definitionKey(ref.type, action.name),
      actorId,
      queue: action.definition.queue,
      arguments: encoded
    }
    // what is encrypted is another text each time, and the same schedule
    const identity = yield* argumentsCodec(action.definition.arguments).identify(args, encoded)
    // as it is stored: what JSON leaves out makes no difference
    const told = JSON.parse(JSON.stringify({ ...schedule, arguments: identity }))
    return { ...schedule, hash: checksum(told)!.slice(0, 22) }
  })

/** From the first slot after a time on; code that comes too late for its only one catches up with it, as with any. */
export const fromNow = (given: ScheduleGiven, now: number): NewSchedule => {
  const slots = slotsOf(given.spec, given.zone, given.until)
  const slot = slots.next("at" in given.spec ? -Infinity : now) ?? null
  return { ...given, slot, nextAt: slot === null ? null : firesAt({ ...given, slots }, slot) }
}

type Times = Pick<ScheduleGiven, "spec" | "zone" | "catchUp" | "jitter" | "until">

const timesOf = (name: string, given: Given, source: "code" | "row", now: number): Times => {
  const refuse = (field: string, value: unknown, takes: string) =>
    new InvalidOption({ option: `${field} of the schedule ${name}`, value: shown(value), takes })
  const millis = (field: string, input: unknown, least: number): number => {
    try {
      return Math.ceil(readDuration(`${field} of the schedule ${name}`, input, { least }))
    } catch (error) {
      if (!(error instanceof InvalidDuration)) throw error
      throw new InvalidOption({ option: error.field, value: error.value, takes: error.takes })
    }
  }
  const instant = (field: string, input: unknown): number => {
    const at = DateTime.isDateTime(input)
      ? DateTime.toEpochMillis(input)
      : input instanceof Date
      ? input.getTime()
      : Number.NaN
    if (Number.isNaN(at) || Math.abs(at) > longest) {
      throw refuse(field, input, "a Date or a DateTime that is one, such as new Date(\"2030-01-31T12:00:00Z\")")
    }
    if (source === "row" && at <= now) {
      throw refuse(field, new Date(at).toISOString(), "a time that has not passed")
    }
    return Math.ceil(at)
  }
  const { spec, zone } = timingOf(given, { refuse, millis, instant })
  const until = given.until === undefined ? null : instant("until", given.until)
  const slots = slotsOf(spec, zone, null)
  const first = slots.next(now)
  if ("cron" in spec && first === undefined) {
    throw refuse("cron", spec.cron, "an expression that some date fits: this one has none")
  }
  // code still says it after its last slot
  if (source === "row" && until !== null && first !== undefined && first >= until) {
    const takes = `a time after the first slot, which is ${new Date(first).toISOString()}: before that it has none`
    throw refuse("until", new Date(until).toISOString(), takes)
  }
  const jitter = given.jitter === undefined ? null : millis("jitter", given.jitter, 0)
  // of local times: a change of the offset that comes soon is no reason to refuse what was taken before
  const distance = jitter === null ? Infinity : shortestDistance(slotsOf(spec, zone === null ? null : "UTC", null), 0)
  if (jitter !== null && jitter >= distance) {
    throw refuse("jitter", `${jitter} ms`, `less than the distance of two slots, which is ${distance} ms`)
  }
  return { spec, zone, until, jitter: jitter === 0 ? null : jitter, catchUp: catchUpOf(given.catchUp, refuse, millis) }
}

interface Reading {
  readonly refuse: (field: string, value: unknown, takes: string) => InvalidOption
  readonly millis: (field: string, input: unknown, least: number) => number
  readonly instant: (field: string, input: unknown) => number
}

const timingOf = (
  { at, cron, every, zone }: Given,
  { instant, millis, refuse }: Reading
): { readonly spec: Timing; readonly zone: string | null } => {
  const which = Object.entries({ cron, every, at }).flatMap(([field, value]) => value === undefined ? [] : [field])
  if (which.length !== 1) {
    throw refuse("times", which.length === 0 ? "missing" : which.join(" beside "), "one of cron, every and at")
  }
  if (zone !== undefined && cron === undefined) {
    throw refuse("zone", zone, "nothing beside every and at, which are no local times: give cron")
  }
  if (every !== undefined) return { spec: { every: millis("every", every, everyLeast) }, zone: null }
  if (at !== undefined) return { spec: { at: instant("at", at) }, zone: null }
  if (typeof cron !== "string") throw refuse("cron", cron, "a text of five fields, such as \"30 2 * * *\"")
  const parsed = cronOf(cron)
  if (Result.isFailure(parsed)) {
    throw refuse(
      "cron",
      cron,
      `five fields, minute, hour, day of the month, month and day of the week, or six with seconds before them (${parsed.failure})`
    )
  }
  if (zone !== undefined && (typeof zone !== "string" || Option.isNone(zoneOf(zone)))) {
    throw refuse(
      "zone",
      zone,
      "a zone that this machine knows, such as \"Europe/Berlin\", or an offset such as \"+02:00\""
    )
  }
  return { spec: { cron: cron.trim().split(/\s+/).join(" ") }, zone: zone === undefined ? "UTC" : zone as string }
}

const catchUpOf = (given: unknown, refuse: Reading["refuse"], millis: Reading["millis"]): CatchUpPolicy => {
  if (given === undefined) return { policy: "latest" }
  if (given === "none" || given === "latest") return { policy: given }
  if (typeof given !== "object" || given === null || !("max" in given) || !("window" in given)) {
    throw refuse("catchUp", given, "\"none\", \"latest\", or { max, window } for all of them within limits")
  }
  const { max, window } = given
  if (typeof max !== "number" || !Number.isInteger(max) || max < 1 || max > catchUpMax) {
    throw refuse("catchUp.max", max, `a whole number from 1 to ${catchUpMax}`)
  }
  return { policy: "all", max, window: millis("catchUp.window", window, 1) }
}
