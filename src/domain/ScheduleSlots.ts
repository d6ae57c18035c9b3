/**
 * Slots: the times of a schedule, as instants in ms. Pure: what comes after a time is the same in every process, and so is by how much a slot
 * is put off.
 *
 * Of a cron expression the fields are local times, and `effect/Cron` finds the next one as if the zone's offset never changed. What is
 * here is what a change of the offset means, as two rules:
 *
 * - A local time that does not exist, as the clock jumps over it, is the moment of the jump. Several of them are one slot.
 * - A local time that exists twice is a slot the first time alone.
 *
 * An expression that says nothing of hours means a distance, such as every half hour, and not times of day: it has a slot wherever the clock shows
 * one, twice where it shows it twice, and none where it does not show it, so that the distance stays the same.
 */
import * as Cron from "effect/Cron"
import * as DateTime from "effect/DateTime"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import { createHash } from "node:crypto"
import { offsetsOf } from "./Offsets.ts"

/** When, as it is stored: times and distances in ms. */
export type Timing = { readonly cron: string } | { readonly every: number } | { readonly at: number }

/** What becomes of slots that nobody was there for, as it is stored. */
export type CatchUpPolicy =
  | { readonly policy: "none" | "latest" }
  | { readonly policy: "all"; readonly max: number; readonly window: number }

/** The times of a schedule. */
export interface Slots {
  /** The first one after a time; none where none comes any more. */
  readonly next: (after: number) => number | undefined
}

const dayMs = 86_400_000

/** The shortest distance of two slots, in ms: workers look when the next one is due, and are not to do that all the time. */
export const everyLeast = 1000

/** The last time that a date has. */
const latest = 8.64e15

/** For how long after its time a slot is on time, though nothing is caught up with. */
export const graceMs = 60_000

/** A zone by its name (`Europe/Berlin`) or its offset (`+02:00`), if there is such a one. */
export const zoneOf = (text: string): Option.Option<DateTime.TimeZone> => DateTime.zoneFromString(text)

/** An expression of five fields, or of six with seconds, or why it is none. */
export const cronOf = (text: string): Result.Result<Cron.Cron, string> =>
  Result.mapError(Cron.parse(text, "UTC"), ({ message }) => message)

/** Throws where it cannot be read, which whoever has stored it by this module has looked at. */
export const slotsOf = (timing: Timing, zone: string | null, until: number | null): Slots => {
  const slots = "cron" in timing
    ? cronSlots(timing.cron, zone ?? "UTC")
    : "every" in timing
    ? distant(timing.every)
    : single(timing.at)
  const end = Math.min(until ?? latest, latest)
  return {
    next: (after) => {
      const slot = slots.next(after)
      return slot !== undefined && slot < end ? slot : undefined
    }
  }
}

// What a row has may have been written by hand. Of a distance that is none, or of less than a ms, whoever looks for the slot that comes
// next would find no end, and with him all that his process has in hand would stand still.

const distant = (every: number): Slots => {
  if (!Number.isInteger(every) || every < everyLeast) {
    throw new Error(`the distance ${JSON.stringify(every)} is no whole number of ms from ${everyLeast} on`)
  }
  return { next: (after) => (Math.floor(after / every) + 1) * every }
}

const single = (at: number): Slots => {
  if (!Number.isFinite(at)) throw new Error(`the time ${JSON.stringify(at)} is no number of ms`)
  return { next: (after) => at > after ? at : undefined }
}

/** Throws where it is none that is known here. */
export const checkCatchUp = (catchUp: CatchUpPolicy): void => {
  const isKnown = catchUp.policy === "none" || catchUp.policy === "latest" ||
    (catchUp.policy === "all" && Number.isInteger(catchUp.max) && catchUp.max > 0 && Number.isFinite(catchUp.window))
  if (!isKnown) {
    throw new Error(`what is missed is caught up with by ${JSON.stringify(catchUp)}, which is not known here`)
  }
}

const cronSlots = (text: string, zone: string): Slots => {
  const cron = Result.getOrThrowWith(cronOf(text), (issue) => new Error(`the cron expression ${text}: ${issue}`))
  const offsets = offsetsOf(
    Option.getOrThrowWith(zoneOf(zone), () => new Error(`the zone ${zone} is not known here`))
  )
  const isDistance = cron.hours.size === 0 || cron.hours.size === 24

  /** As if the offset stayed what it is; none where no date fits. */
  const steady = (after: number, offset: number): number | undefined => {
    try {
      return Cron.next(cron, new Date(after + offset)).getTime() - offset
    } catch {
      return undefined
    }
  }

  const next = (after: number): number | undefined => {
    let from = after
    let offset = offsets.at(after)
    const changed = offsets.change(after - 26 * 3_600_000, after)
    // in the second pass of what the clock shows twice
    if (changed !== undefined && !isDistance) {
      from = Math.max(from, changed + offsets.at(changed - 1) - offset - 1)
    }
    // invariant: the offset is that of this instant, from which on it is looked for the next change
    let known = after
    for (;;) {
      const slot = steady(from, offset)
      if (slot === undefined) return undefined
      const change = offsets.change(known, slot)
      if (change === undefined) return slot
      const shift = offsets.at(change) - offset
      if (!isDistance && shift > 0 && slot < change + shift) return change
      from = change - 1 + (isDistance ? 0 : Math.max(0, -shift))
      offset += shift
      known = change
    }
  }
  return { next }
}

// -------------------------------------------------------------------------------------------------------------------
// several of them
// -------------------------------------------------------------------------------------------------------------------

/** The last slot up to a time; `from` is one of them, no later than that. */
export const lastSlot = (slots: Slots, from: number, upTo: number): number => {
  let slot = from
  // invariant: there is no slot in (beyond, upTo]
  let beyond = upTo
  for (;;) {
    const following = slots.next(slot)
    if (following === undefined || following > upTo) return slot
    const middle = slot + Math.floor((beyond - slot) / 2)
    const found = slots.next(middle)
    if (found !== undefined && found <= upTo) slot = found
    else {
      beyond = middle
      slot = following
    }
  }
}

/** The slots in [from, to], at most so many, the first ones. */
export const slotsWithin = (slots: Slots, from: number, to: number, most: number): ReadonlyArray<number> => {
  const found: Array<number> = []
  for (let slot = slots.next(from - 1); slot !== undefined && slot <= to && found.length < most;) {
    found.push(slot)
    slot = slots.next(slot)
  }
  return found
}

/** The last slots in [from, to], at most so many. Never are many more of them looked at, though they come in bursts. */
const lastSlots = (slots: Slots, from: number, to: number, most: number): ReadonlyArray<number> => {
  const before = from < to ? lastSlot(slots, slots.next(from - 1) ?? to, to - 1) : to
  // invariant: of those in `few` ms before `to` there are too few, and in `many` more than are looked at
  let few = 0
  let many = Infinity
  // where they come in one distance the first look finds them all
  for (let span = Math.max(1, to - before) * most;;) {
    const start = Math.max(from, to - span)
    const found = slotsWithin(slots, start, to, 2 * most)
    const isAll = found.length < 2 * most || found.at(-1) === to
    if (isAll && (found.length >= most || start === from)) return found.slice(-most)
    if (isAll) few = span
    else many = to - start
    span = many === Infinity ? span * 4 : few + Math.ceil((many - few) / 2)
  }
}

/** After so long the days of the week fall on the same dates again, but around a year such as 2100. */
const cycleMs = 28 * 366 * dayMs

/**
 * The shortest distance between some of the slots that come after a time: 50 of them, and not beyond where what comes rarely repeats itself. Two of them may be closer to each other where the offset
 * changes: what is asked of a zone that has changes depends on the time of asking.
 */
export const shortestDistance = (slots: Slots, after: number): number => {
  let shortest = Infinity
  let slot = slots.next(after)
  for (let count = 0; slot !== undefined && count < 50; count++) {
    if (slot - after > cycleMs && shortest < Infinity) break
    const following = slots.next(slot)
    if (following === undefined) break
    shortest = Math.min(shortest, following - slot)
    slot = following
  }
  return shortest
}

/** By how much a slot of a schedule is put off: always by the same, and not by as much as another schedule's. */
export const jitterOf = (name: string, slot: number, most: number | null): number => {
  if (most === null) return 0
  const digest = createHash("sha256").update(`${name}\n${slot}`).digest()
  return Math.floor((digest.readUInt32BE(0) / 2 ** 32) * most)
}

/** What a schedule says of its slots. */
export interface Timed {
  readonly name: string
  readonly slots: Slots
  readonly jitter: number | null
  readonly catchUp: CatchUpPolicy
}

/** Slots of a schedule that fire, the oldest first, and the one that comes next, with when it fires. */
export interface CameDue {
  readonly fires: ReadonlyArray<number>
  readonly next: number | undefined
}

/** When a slot fires: before the one that follows, to which a change of the offset may have brought it closer than its jitter. */
export const firesAt = ({ jitter, name, slots }: Omit<Timed, "catchUp">, slot: number): number => {
  const putOff = jitterOf(name, slot, jitter)
  const following = putOff === 0 ? undefined : slots.next(slot)
  return following === undefined ? slot + putOff : Math.min(slot + putOff, following - 1)
}

/** The same of what is stored, which is read for that alone where it has jitter. */
export const storedFiresAt = (
  { jitter, name, spec, until, zone }: {
    readonly name: string
    readonly jitter: number | null
    readonly spec: Timing
    readonly zone: string | null
    readonly until: number | null
  },
  slot: number
): number => jitter === null ? slot : firesAt({ name, jitter, slots: slotsOf(spec, zone, until) }, slot)

/**
 * The first slot of a schedule that fires later than a time, its jitter included; `slot` is the first one that has not fired. A row that was written by
 * hand may be at none: then it is one that comes after that time.
 */
export const firesNext = (timed: Omit<Timed, "catchUp">, slot: number, after: number): number | undefined =>
  Number.isFinite(slot)
    ? cameDue({ ...timed, catchUp: { policy: "none" } }, slot, after, 1).next
    : timed.slots.next(after)

/**
 * What a schedule comes to that is due: its slots from `slot` on, which is the first one that has not fired, as far as they are due by now.
 * At most `most` of them fire now; where there are more, the next one is the first of the rest. Throws where it cannot be read.
 */
export const cameDue = (timed: Timed, slot: number, now: number, most: number): CameDue => {
  const { catchUp, slots } = timed
  checkCatchUp(catchUp)
  // it was given another jitter since it was looked at when it fires
  if (firesAt(timed, slot) > now) return { fires: [], next: slot }
  let last = lastSlot(slots, slot, now)
  // each fires before the slot that follows: what is put off until later is the last one alone
  if (last > slot && firesAt(timed, last) > now) last = lastSlot(slots, slot, last - 1)
  const next = slots.next(last)
  switch (catchUp.policy) {
    case "latest":
      return { fires: [last], next }
    case "none":
      return { fires: now - firesAt(timed, last) <= graceMs ? [last] : [], next }
    case "all": {
      const from = Math.max(slot, now - catchUp.window)
      // what is too old is passed by
      const found = from > last ? [] : lastSlots(slots, from, last, catchUp.max)
      return { fires: found.slice(0, most), next: found.length > most ? found[most] : next }
    }
  }
}
