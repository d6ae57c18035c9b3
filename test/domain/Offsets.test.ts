/** Rule 20.2: when clocks are changed, against a look at every hour, and how often a zone is asked for that. */
import { assert, describe, it } from "@effect/vitest"
import * as DateTime from "effect/DateTime"
import { offsetsOf } from "../../src/domain/Offsets.ts"
import { shortestDistance, slotsOf, slotsWithin } from "../../src/domain/ScheduleSlots.ts"

const hour = 3_600_000
const year = 365.25 * 24 * hour
const named = (zone: string) => offsetsOf(DateTime.zoneMakeNamedUnsafe(zone))

/** How often zones are asked for what their clocks show, while something is looked for. */
const asked = (look: () => unknown): number => {
  const prototype = Intl.DateTimeFormat.prototype
  const own = prototype.formatToParts
  let count = 0
  prototype.formatToParts = function(...given) {
    count++
    return own.apply(this, given)
  }
  try {
    look()
    return count
  } finally {
    prototype.formatToParts = own
  }
}

describe("the offset of a zone", () => {
  it("20.2: changes where a look at every hour finds that, also where it is taken back after a week", () => {
    const years = [
      ["Europe/Berlin", 2026],
      ["Australia/Lord_Howe", 2026],
      // for the time of Ramadan
      ["Africa/Casablanca", 2026],
      ["America/Recife", 2000],
      ["America/Argentina/Tucuman", 2004],
      ["Asia/Gaza", 2040],
      ["Asia/Tokyo", 2026]
    ] as const
    for (const [zone, first] of years) {
      const { at, change } = named(zone)
      const [from, to] = [Date.UTC(first, 0), Date.UTC(first + 1, 0)]
      const expected: Array<number> = []
      for (let instant = from + hour; instant <= to; instant += hour) {
        if (at(instant) !== at(instant - hour)) expected.push(Math.floor((instant - 1) / hour))
      }
      const found: Array<number> = []
      for (let instant = change(from, to); instant !== undefined; instant = change(instant, to)) {
        assert.notStrictEqual(at(instant), at(instant - 1), `${zone} ${new Date(instant).toISOString()}`)
        found.push(Math.floor((instant - 1) / hour))
      }
      assert.deepStrictEqual(found, expected, zone)
      for (const instant of found) {
        const just = change(instant * hour, (instant + 1) * hour)!
        assert.deepStrictEqual([change(just - 1, just), change(just, just + 1)], [just, undefined], zone)
      }
    }
  })

  it("20.2: of what comes once a year is asked for every few days, and once, whoever looks for it again", () => {
    const from = Date.UTC(2026, 2)
    const slots = (zone: string) => slotsOf({ cron: "0 0 1 1 *" }, zone, null)
    const zone = "America/Chicago"
    const first = asked(() => slotsWithin(slots(zone), from, Infinity, 50))
    assert.isBelow(first, 50 * 200)
    assert.isBelow(asked(() => slotsWithin(slots(zone), from, Infinity, 50)), 50 * 20)
    assert.strictEqual(asked(() => named("UTC").change(from, from + 1000 * year)), 0)
  })

  it("20.3: the shortest distance of what comes rarely is found without a look at centuries", () => {
    const from = Date.UTC(2026, 2)
    const rarely = slotsOf({ cron: "0 0 29 2 *" }, "America/Denver", null)
    assert.isBelow(asked(() => assert.strictEqual(shortestDistance(rarely, from), 1461 * 24 * hour)), 40 * 200)
    // 29 February on a Monday
    const monday = { next: (after: number) => (Math.floor(after / (28 * year)) + 1) * 28 * year }
    assert.strictEqual(shortestDistance(monday, from), 28 * year)
  })
})
