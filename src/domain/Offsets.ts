/**
 * The offsets of time zones, in ms, and when they change.
 *
 * JavaScript says which offset a zone has at an instant, in 10 µs or so, and not when it changes. So the changes are looked for, by what it is
 * every few days; they are remembered in spans of about a quarter, as they do not change while a process runs, and many schedules ask for
 * the same ones: what comes once a year passes hundreds of days whenever its next slot is asked for.
 */
import * as DateTime from "effect/DateTime"

/** The offset of a zone, and when it changes. */
export interface Offsets {
  readonly at: (instant: number) => number
  /** The first instant in (from, to] from which on it is another one than before; none where it is the same all along. */
  readonly change: (from: number, to: number) => number | undefined
}

/**
 * Where an offset is the same at both ends of a step it is taken to be so all along. Clocks are changed at weekends: what is taken back soonest, of
 * all that is known of zones from 1970 to 2100, is after a week (Brazil in 2000, Gaza in 2040).
 */
const stepMs = 4 * 86_400_000

const spanMs = 24 * stepMs

/** Spans of all zones that are remembered, at most: 2,000 years in one, or 4 in each of 500. */
const spansMost = 8192

/** So near to the last instant that a date has no local time is one for sure. */
const edge = 8.64e15 - stepMs

const within = (instant: number): number => Math.max(-edge, Math.min(edge, instant))

/** The changes of a zone in (n * spanMs, (n + 1) * spanMs], by `n zone`. The one that came first goes first. */
const spans = new Map<string, ReadonlyArray<number>>()

export const offsetsOf = (zone: DateTime.TimeZone): Offsets => {
  if (DateTime.isTimeZoneOffset(zone)) return { at: () => zone.offset, change: () => undefined }
  if (zone.id === "UTC") return { at: () => 0, change: () => undefined }
  const at = (instant: number) => DateTime.zonedOffset(DateTime.makeZonedUnsafe(instant, { timeZone: zone }))
  const changesIn = (span: number): ReadonlyArray<number> => {
    const key = `${span} ${zone.id}`
    const known = spans.get(key)
    if (known !== undefined) return known
    const found = changesOf(at, within(span * spanMs), within((span + 1) * spanMs))
    for (const [first] of spans) {
      if (spans.size < spansMost) break
      spans.delete(first)
    }
    spans.set(key, found)
    return found
  }
  return {
    at,
    change: (from, to) => {
      for (let span = Math.floor(from / spanMs); span * spanMs < to; span++) {
        const change = changesIn(span).find((one) => one > from)
        if (change !== undefined) return change <= to ? change : undefined
      }
      return undefined
    }
  }
}

const changesOf = (at: Offsets["at"], from: number, to: number): ReadonlyArray<number> => {
  const found: Array<number> = []
  let offset = at(from)
  for (let low = from; low < to;) {
    const high = Math.min(low + stepMs, to)
    if (at(high) === offset) {
      low = high
      continue
    }
    low = firstOther(at, offset, low, high)
    offset = at(low)
    found.push(low)
  }
  return found
}

/** The first instant with another offset: `before` has this one, and `high` has not. */
const firstOther = (at: Offsets["at"], offset: number, before: number, high: number): number => {
  let [last, first] = [before, high]
  while (first - last > 1) {
    const middle = last + Math.floor((first - last) / 2)
    if (at(middle) === offset) last = middle
    else first = middle
  }
  return first
}
