/**
 * Lanes that are values: how many actions perform at a time under a key, and what becomes of one that meets a busy lane.
 *
 * @since 0.1.0
 */
import type { Duration } from "effect"
import type { ActionKey } from "./Action.ts"
import { checkName } from "./Actor.ts"
import { readDuration } from "./domain/duration.ts"
import { joinKey } from "./domain/Key.ts"
import type { LaneSettings } from "./domain/LaneSettings.ts"
import { DefinitionError, InvalidDuration } from "./SteppedError.ts"

/**
 * What a lane does with an action that finds it busy.
 *
 * **Details**
 *
 * `supersede`: it waits, and takes the place of whoever waited there. `line`: all wait, in the order in which they came. `reject`: it ends
 * as cancelled, with `LaneBusy`, and is not stored. `cancelRunning`: the action that has performed longest is cancelled, and this one
 * performs when that has ended; who waited there is superseded.
 *
 * @category models
 * @since 0.1.0
 */
export type WhenBusy = "supersede" | "line" | "reject" | "cancelRunning"

/**
 * Whoever waits for an action that is superseded waits for the one that took its place (`inherit`), or is told so with `Superseded`
 * (`fail`).
 *
 * @category models
 * @since 0.1.0
 */
export type LaneWaiters = "inherit" | "fail"

/**
 * A start put off until a time has passed without a newer call.
 *
 * @category models
 * @since 0.1.0
 */
export interface LaneDebounce {
  /** How long after the newest call the action starts. */
  readonly wait: Duration.Input
  /** How long after the first call it starts at the latest, however many come. */
  readonly maxWait?: Duration.Input
}

/**
 * How many actions start in a time.
 *
 * @category models
 * @since 0.1.0
 */
export interface LaneRate {
  /** Starts in any window of `per`: 1 to 1,000. */
  readonly limit: number
  readonly per: Duration.Input
}

/**
 * What every lane may be given, whatever it does when it is busy.
 *
 * @category models
 * @since 0.1.0
 */
export interface LaneBase {
  /** How many perform at a time under one key: 1 if not given, 1,000 at most. */
  readonly limit?: number
  /** How many start in a time under one key, over all workers. Who is over waits, or is what `whenBusy` says. */
  readonly rate?: LaneRate
}

/**
 * Settings of a lane that may be one of several of an action.
 *
 * @category models
 * @since 0.1.0
 */
export type SharedLaneOptions =
  & LaneBase
  & (
    | {
      /** What an action does that finds the lane busy: `supersede` if not given, `line` where more than one performs, or a rate is given. */
      readonly whenBusy?: "supersede"
      /** What becomes of those who wait for an action that is superseded: they wait for the newer one, if not given. */
      readonly waiters?: LaneWaiters
      readonly maxPending?: undefined
      readonly debounce?: undefined
    }
    | {
      readonly whenBusy: "line"
      /** How many may wait under one key; a further one ends as cancelled, with `LaneFull`. Without a limit, if not given. */
      readonly maxPending?: number
      readonly waiters?: undefined
      readonly debounce?: undefined
    }
    | {
      readonly whenBusy: "reject"
      readonly maxPending?: undefined
      readonly waiters?: undefined
      readonly debounce?: undefined
    }
  )

/**
 * Settings of a lane that is the only one of an action.
 *
 * @category models
 * @since 0.1.0
 */
export type SoleLaneOptions =
  & LaneBase
  & { readonly maxPending?: undefined; readonly waiters?: LaneWaiters }
  & (
    | { readonly whenBusy: "cancelRunning"; readonly debounce?: undefined }
    | {
      readonly whenBusy?: "supersede"
      /** Puts the start off: with every newer call, which takes the place of the one before it. */
      readonly debounce: LaneDebounce
    }
  )

/**
 * A lane under a key: what an action's `concurrency` gives.
 *
 * **Details**
 *
 * `Kind` says whether it may be one of several of an action; one that cancels or debounces is the only one.
 *
 * @category models
 * @since 0.1.0
 */
export interface LaneKey<out Kind extends "shared" | "sole" = "shared" | "sole"> {
  readonly "~stepped/laneKey": Kind
  readonly lane: string
  readonly key: string
  /** @internal */
  readonly sole: boolean
}

/**
 * What an action's `concurrency` may give: a lane under a key, or several, which it takes together.
 *
 * @category models
 * @since 0.1.0
 */
export type LaneKeys = LaneKey | readonly [LaneKey<"shared">, ...ReadonlyArray<LaneKey<"shared">>]

/**
 * A lane. Called with a key it gives that key's lane; with none, or with an empty one, the lane that all share.
 *
 * @category models
 * @since 0.1.0
 */
export interface NamedLane<out Kind extends "shared" | "sole" = "shared" | "sole"> {
  (key?: ActionKey | number): LaneKey<Kind>
  /** Its name. */
  readonly lane: string
}

/**
 * Tests whether a value is a lane under a key.
 *
 * @internal
 */
export const isLaneKey = (u: unknown): u is LaneKey => typeof u === "object" && u !== null && "~stepped/laneKey" in u

/** Who performs at a time, at most. */
const limitMax = 1_000
/** Who may wait, at most, where that is limited. */
const pendingMax = 1_000_000
/** Starts in a window, at most: their times are in the lane's row. */
const rateMax = 1_000

// invariant: one name has one setting in a process; what is known is replaced by a new object when one is added
const defined = new Map<string, string>()
let known: Readonly<Record<string, LaneSettings>> | undefined

/**
 * The settings of this process's lanes; the same object until one is added, none where there are none.
 *
 * @internal
 */
export const knownLanes = (): Readonly<Record<string, LaneSettings>> | undefined => known

/** The options in one type, for reading what a program has given. */
interface AnyLaneOptions extends LaneBase {
  readonly whenBusy?: WhenBusy
  readonly maxPending?: number | undefined
  readonly waiters?: LaneWaiters | undefined
  readonly debounce?: LaneDebounce | undefined
}

/**
 * Defines a lane: a place in which a limited number of actions perform at a time, whatever their names and actors.
 *
 * **Details**
 *
 * Lanes of different names share nothing. An action takes a lane with `concurrency`, in place of `concurrencyKey`, which is short for a lane
 * in which one action performs and the newest of those that wait supersedes the others. The name is stored, and has one setting in a program.
 * A limit that is lowered by a deploy ends nobody: nobody starts until fewer perform.
 *
 * **Example** (Three bays for each garage, and a line)
 *
 * ```ts
 * import { Schema } from "effect"
 * import { Stepped } from "stepped"
 *
 * const bays = Stepped.lane("bays", { limit: 3, whenBusy: "line" })
 *
 * const repair = Stepped.action("repair", {
 *   arguments: [Schema.String],
 *   concurrency: (garage) => bays(garage)
 * })
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const lane: {
  (name: string, options?: SharedLaneOptions): NamedLane<"shared">
  (name: string, options: SoleLaneOptions): NamedLane<"sole">
} = (name: string, options: AnyLaneOptions = {}): NamedLane<any> => {
  checkName("lane", name)
  const settings = settingsOf(name, options)
  const text = JSON.stringify(settings)
  const other = defined.get(name)
  if (other !== undefined && other !== text) {
    throw new DefinitionError({
      message: `The lane ${name} has two settings, ${other} and ${text}: define it once, and use it from there`
    })
  }
  if (other === undefined) {
    defined.set(name, text)
    known = { ...known, [name]: settings }
  }
  const sole = settings.whenBusy === "cancelRunning" || settings.wait !== undefined
  const keyed = (key?: ActionKey | number): LaneKey<any> => ({
    "~stepped/laneKey": sole ? "sole" : "shared",
    lane: name,
    key: typeof key === "number" ? String(key) : joinKey(key),
    sole
  })
  return Object.assign(keyed, { lane: name })
}

/**
 * The key of a lane of this name, whatever its settings are: for who operates it, in a process that may have defined it, or not. Throws where that is no name.
 *
 * @internal
 */
export const laneKeyNamed = (name: string, key: string): LaneKey => {
  checkName("lane", name)
  return { "~stepped/laneKey": "shared", lane: name, key, sole: false }
}

/** What is stored with a lane that is in use; times in ms. Throws where options contradict each other or a limit. */
const settingsOf = (name: string, options: AnyLaneOptions): LaneSettings => {
  const refused = (message: string) => new DefinitionError({ message: `The lane ${name}: ${message}` })
  const whole = (field: string, value: unknown, least: number, most: number): number => {
    if (typeof value === "number" && Number.isInteger(value) && value >= least && value <= most) return value
    throw refused(`${field} is ${String(value)}: give a whole number from ${least} to ${most}`)
  }
  const millis = (field: string, value: unknown): number => {
    try {
      return Math.ceil(readDuration(`${field} of the lane ${name}`, value, { least: 1 }))
    } catch (error) {
      throw error instanceof InvalidDuration ? new DefinitionError({ message: error.message }) : error
    }
  }
  const { debounce, maxPending, rate, waiters } = options
  const limit = whole("limit", options.limit ?? 1, 1, limitMax)
  const whenBusy = options.whenBusy ??
    (debounce === undefined && waiters === undefined && (limit > 1 || rate !== undefined) ? "line" : "supersede")
  if (!["supersede", "line", "reject", "cancelRunning"].includes(whenBusy)) {
    throw refused(`whenBusy is ${String(whenBusy)}: it takes supersede, line, reject, cancelRunning`)
  }
  if (maxPending !== undefined && whenBusy !== "line") {
    throw refused(`maxPending is for whenBusy: "line", and whenBusy is ${whenBusy}`)
  }
  if (debounce !== undefined && whenBusy !== "supersede") {
    throw refused(`debounce is superseding with a start put off, and whenBusy is ${whenBusy}: leave one of them out`)
  }
  if (waiters !== undefined && waiters !== "inherit" && waiters !== "fail") {
    throw refused(`waiters is ${String(waiters)}: it takes inherit, fail`)
  }
  if (waiters !== undefined && (whenBusy === "line" || whenBusy === "reject")) {
    throw refused(`waiters says what superseding does, and whenBusy is ${whenBusy}, which supersedes nobody`)
  }
  const wait = debounce === undefined ? undefined : millis("debounce.wait", debounce.wait)
  const maxWait = debounce?.maxWait === undefined ? undefined : millis("debounce.maxWait", debounce.maxWait)
  if (wait !== undefined && maxWait !== undefined && maxWait < wait) {
    throw refused(`debounce.maxWait is ${maxWait} ms, less than wait, which is ${wait} ms`)
  }
  return {
    limit,
    whenBusy,
    ...maxPending === undefined ? {} : { maxPending: whole("maxPending", maxPending, 0, pendingMax) },
    ...waiters === "fail" ? { waiters } : {},
    ...wait === undefined ? {} : { wait },
    ...maxWait === undefined ? {} : { maxWait },
    ...rate === undefined
      ? {}
      : { rate: whole("rate.limit", rate.limit, 1, rateMax), per: millis("rate.per", rate.per) }
  }
}
