/** Rule 20.2: slots by local time, against a look at every minute. */
import { assert, describe, it } from "@effect/vitest"
import fc from "fast-check"
import {
  cameDue,
  type CatchUpPolicy,
  firesAt,
  jitterOf,
  lastSlot,
  shortestDistance,
  slotsOf,
  slotsWithin
} from "../../src/domain/ScheduleSlots.ts"
import { bruteForce } from "./fixtures/slots.ts"

const cron = (text: string, zone: string) => slotsOf({ cron: text }, zone, null)
const at = (text: string) => Date.parse(text)
const shown = (slots: ReadonlyArray<number>) => slots.map((slot) => new Date(slot).toISOString())
const between = (text: string, zone: string, from: string, to: string) =>
  shown(slotsWithin(cron(text, zone), at(from), at(to), 100))

// each zone with the days around both changes of its clock
const changes = {
  "Europe/Berlin": ["2026-03-28T12:00:00Z", "2026-10-24T12:00:00Z"],
  "America/New_York": ["2026-03-07T12:00:00Z", "2026-10-31T12:00:00Z"],
  "Australia/Lord_Howe": ["2026-10-03T00:00:00Z", "2026-04-04T00:00:00Z"]
} as const

describe("slots", () => {
  it("20.2: a local time that the clock jumps over is the moment of the jump, and several are one slot", () => {
    const jumps = [
      ["Europe/Berlin", "30 2 * * *", "2026-03-29T00:00:00Z", "2026-03-29T01:00:00.000Z"],
      ["Europe/Berlin", "0,30 2 * * *", "2026-03-29T00:00:00Z", "2026-03-29T01:00:00.000Z"],
      ["Europe/Berlin", "0 2,3 * * *", "2026-03-29T00:00:00Z", "2026-03-29T01:00:00.000Z"],
      ["America/New_York", "15 2 * * *", "2026-03-08T00:00:00Z", "2026-03-08T07:00:00.000Z"],
      // from 2:00 to 2:30
      ["Australia/Lord_Howe", "15 2 * * *", "2026-10-03T12:00:00Z", "2026-10-03T15:30:00.000Z"]
    ] as const
    for (const [zone, text, from, moment] of jumps) {
      const day = new Date(at(from) + 20 * 3_600_000).toISOString()
      assert.deepStrictEqual(between(text, zone, from, day), [moment], `${text} ${zone}`)
    }
    assert.deepStrictEqual(
      between("15 2 * * *", "Australia/Lord_Howe", "2026-10-02T12:00:00Z", "2026-10-05T12:00:00Z"),
      [
        "2026-10-02T15:45:00.000Z",
        "2026-10-03T15:30:00.000Z",
        "2026-10-04T15:15:00.000Z"
      ]
    )
  })

  it("20.2: a local time that the clock shows twice is a slot the first time alone", () => {
    const turns = [
      ["Europe/Berlin", "30 2 * * *", "2026-10-24T12:00:00Z", "2026-10-25T00:30:00.000Z"],
      ["America/New_York", "30 1 * * *", "2026-10-31T12:00:00Z", "2026-11-01T05:30:00.000Z"],
      // from 2:00 back to 1:30
      ["Australia/Lord_Howe", "45 1 * * *", "2026-04-04T00:00:00Z", "2026-04-04T14:45:00.000Z"]
    ] as const
    for (const [zone, text, from, moment] of turns) {
      const day = new Date(at(from) + 20 * 3_600_000).toISOString()
      assert.deepStrictEqual(between(text, zone, from, day), [moment], `${text} ${zone}`)
      // whoever looks between the two passes, or in the second one, finds the next day's
      for (const later of [1, 20, 40]) {
        const next = cron(text, zone).next(at(moment) + later * 60_000)!
        assert.isAbove(next, at(moment) + 20 * 3_600_000)
      }
    }
  })

  it("20.2: where hours are not said the distance stays the same through both changes", () => {
    for (const [zone, days] of Object.entries(changes)) {
      for (const day of days) {
        const slots = slotsWithin(cron("*/30 * * * *", zone), at(day), at(day) + 2 * 86_400_000, 200)
        assert.isAbove(slots.length, 94)
        for (const [n, slot] of slots.entries()) {
          if (n > 0) assert.strictEqual(slot - slots[n - 1]!, 1_800_000, `${new Date(slot).toISOString()} ${zone}`)
        }
      }
    }
  })

  const field = (least: number, most: number, step: number = 20) =>
    fc.oneof(
      fc.constant("*"),
      fc.integer({ min: least, max: most }).map(String),
      fc.array(fc.integer({ min: least, max: most }), { minLength: 2, maxLength: 4 }).map((all) => all.join(",")),
      fc.integer({ min: 2, max: step }).map((every) => `*/${every}`)
    )
  const expression = fc.tuple(field(0, 59), field(0, 5), field(1, 31), fc.constant("*"), field(0, 6, 6)).map((fields) =>
    fields.join(" ")
  )

  it("20.2: the next one is what a look at every minute finds, in any zone and around any change", () => {
    fc.assert(
      fc.property(
        expression,
        fc.constantFrom(...Object.entries(changes).flatMap(([zone, days]) => days.map((day) => [zone, day] as const))),
        fc.integer({ min: 0, max: 36 * 60 }),
        (text, [zone, day], minutes) => {
          const from = at(day) + minutes * 60_000
          const to = at(day) + 3 * 86_400_000
          const expected = bruteForce(text, zone, at(day) - 2 * 86_400_000, to).filter((slot) => slot > from)
          const found = slotsWithin(cron(text, zone), from + 1, to, Infinity)
          assert.deepStrictEqual(shown(found), shown(expected), `${text} ${zone} from ${new Date(from).toISOString()}`)
        }
      ),
      { numRuns: Number(process.env.STEPPED_SLOTS ?? 150) }
    )
  })

  it("20.2: the last one up to a time is the last of all of them", () => {
    fc.assert(
      fc.property(expression, fc.integer({ min: 1, max: 10_000 }), (text, minutes) => {
        const slots = cron(text, "Europe/Berlin")
        const first = slots.next(at("2026-10-20T00:00:00Z"))
        if (first === undefined) return
        const upTo = first + minutes * 60_000
        const all = slotsWithin(slots, first, upTo, Infinity)
        assert.strictEqual(lastSlot(slots, first, upTo), all.at(-1))
      }),
      { numRuns: 100 }
    )
  })

  it("20.1: a distance counts from 1970 on, and what comes once comes once", () => {
    const hourly = slotsOf({ every: 3_600_000 }, null, null)
    assert.strictEqual(hourly.next(at("2026-05-01T12:00:00Z")), at("2026-05-01T13:00:00Z"))
    assert.strictEqual(hourly.next(at("2026-05-01T12:00:00Z") - 1), at("2026-05-01T12:00:00Z"))
    const once = slotsOf({ at: 5000 }, null, null)
    assert.deepStrictEqual([once.next(4999), once.next(5000)], [5000, undefined])
  })

  it("20.1: from its end on there is none, and of a date that there is not there is none", () => {
    const slots = slotsOf({ every: 1000 }, null, 5000)
    assert.deepStrictEqual([slots.next(3000), slots.next(4000)], [4000, undefined])
    assert.strictEqual(cron("0 0 31 2 *", "UTC").next(0), undefined)
    assert.strictEqual(cron("0 0 29 2 *", "Europe/Berlin").next(at("2097-01-01T00:00:00Z")), at("2104-02-28T23:00:00Z"))
  })

  it("20.4: of what comes in bursts the last ones are found without a look at all of them", () => {
    const [second, day] = [1000, 86_400_000]
    // each second of ten days a year
    const bursts = { year: 365 * day, long: 10 * day }
    let looks = 0
    const next = (after: number) => {
      looks++
      const slot = (Math.floor(after / second) + 1) * second
      return slot % bursts.year < bursts.long ? slot : (Math.floor(slot / bursts.year) + 1) * bursts.year
    }
    const timed = { name: "bursts", slots: { next }, jitter: null }
    const last = 3 * bursts.year
    const before = 2 * bursts.year + bursts.long
    const due = (max: number, now: number) =>
      cameDue({ ...timed, catchUp: { policy: "all", max, window: 10 * bursts.year } }, 0, now, max).fires
    assert.deepStrictEqual(due(1, last), [last])
    assert.deepStrictEqual(due(3, last), [before - 2 * second, before - second, last])
    assert.deepStrictEqual(due(3, last + 1), due(3, last))
    assert.strictEqual(due(1000, last)[0], before - 999 * second)
    assert.strictEqual(due(1000, last + 500 * second)[0], before - 499 * second)
    assert.isBelow(looks, 200_000)
  })

  it("20.7: what is no distance, time or policy is refused, whoever has stored it, and not looked through", () => {
    const stored: ReadonlyArray<unknown> = [
      ...[0, -3_600_000, 999, 1000.5, "3600000", null, []].map((every) => ({ every })),
      { at: "tomorrow" },
      { at: null },
      {},
      { cron: 30 },
      { cron: "30 2 * *" }
    ]
    for (const spec of stored) {
      // what a row holds may be no timing at all
      assert.throws(() => slotsOf(spec as { every: number }, null, null), undefined, undefined, JSON.stringify(spec))
    }
    for (const catchUp of [{}, { policy: "some" }, { policy: "all" }, { policy: "all", max: 3, window: "day" }]) {
      const timed = { name: "often", slots: slotsOf({ every: 1000 }, null, null), jitter: null }
      assert.throws(() => cameDue({ ...timed, catchUp: catchUp as CatchUpPolicy }, 0, 5000, 100), /is not known here/)
    }
  })

  it("20.3: what is looked at before its jitter is over waits for that", () => {
    const timed = {
      name: "spread",
      slots: slotsOf({ every: 3_600_000 }, null, null),
      jitter: 3_000_000,
      catchUp: { policy: "latest" } as const
    }
    const fires = firesAt(timed, 0)
    assert.deepStrictEqual(cameDue(timed, 0, fires - 1, 100), { fires: [], next: 0 })
    assert.deepStrictEqual(cameDue(timed, 0, fires, 100), { fires: [0], next: 3_600_000 })
  })

  it("20.3: jitter is the same for every process, below what it may be, and not the same for all", () => {
    const drawn = Array.from({ length: 100 }, (_, n) => jitterOf(`schedule ${n}`, 1000, 60_000))
    assert.deepStrictEqual(drawn, Array.from({ length: 100 }, (_, n) => jitterOf(`schedule ${n}`, 1000, 60_000)))
    assert.isTrue(drawn.every((by) => by >= 0 && by < 60_000))
    assert.isAbove(new Set(drawn).size, 90)
    assert.isAbove(new Set(drawn.map((by) => Math.floor(by / 10_000))).size, 5)
    assert.strictEqual(shortestDistance(cron("0,10 3 * * *", "UTC"), 0), 600_000)
  })

  it("20.3: where the clock jumps to a slot that is closer to the next one than the jitter, they fire in their order", () => {
    const slots = cron("30 0-5 * * *", "Europe/Berlin")
    const jump = at("2026-03-29T01:00:00Z")
    const later = slots.next(jump)!
    const jitter = 45 * 60_000
    const names = Array.from({ length: 100 }, (_, n) => `schedule ${n}`)
    const crossing = names.filter((name) => jump + jitterOf(name, jump, jitter) > later + jitterOf(name, later, jitter))
    assert.deepStrictEqual([later - jump, crossing.length > 0], [1_800_000, true])
    for (const name of crossing) {
      const timed = { name, slots, jitter, catchUp: { policy: "latest" } as const }
      assert.isBelow(firesAt(timed, jump), later)
      assert.deepStrictEqual(cameDue(timed, jump, firesAt(timed, jump), 100), { fires: [jump], next: later })
      assert.deepStrictEqual(cameDue(timed, later, firesAt(timed, later), 100).fires, [later])
    }
  })

  it("20.4: what is missed fires late, not at all, or each of the last ones within a time", () => {
    const minute = 60_000
    const due = (catchUp: CatchUpPolicy, now: number, most = 100) =>
      cameDue({ name: "often", slots: slotsOf({ every: minute }, null, null), jitter: null, catchUp }, 0, now, most)
    const hour = 60 * minute
    assert.deepStrictEqual(due({ policy: "latest" }, hour + 1), { fires: [hour], next: hour + minute })
    assert.deepStrictEqual(due({ policy: "none" }, hour + 1), { fires: [hour], next: hour + minute })
    const daily = (policy: "none" | "latest", late: number) =>
      cameDue(
        { name: "daily", slots: slotsOf({ every: 24 * hour }, null, null), jitter: null, catchUp: { policy } },
        0,
        late,
        100
      ).fires
    assert.deepStrictEqual([daily("none", minute), daily("none", minute + 1), daily("latest", minute + 1)], [[0], [], [
      0
    ]])
    const all = (max: number, window: number) => ({ policy: "all", max, window }) as const
    assert.deepStrictEqual(due(all(3, hour), hour).fires, [58 * minute, 59 * minute, hour])
    assert.deepStrictEqual(due(all(1000, hour), 2 * hour).fires.length, 61)
    assert.deepStrictEqual(due(all(1000, 1), hour + 2), { fires: [], next: hour + minute })
    // a part of them now, and the next one is the first of the rest
    assert.deepStrictEqual(due(all(1000, hour), hour, 10), {
      fires: Array.from({ length: 10 }, (_, n) => n * minute),
      next: 10 * minute
    })
  })

  it("20.3: what jitter has put off is not due before its time, and its slot is not lost", () => {
    const minute = 60_000
    const timed = {
      name: "spread",
      slots: slotsOf({ every: minute }, null, null),
      jitter: minute - 1,
      catchUp: { policy: "all", max: 1000, window: 100 * minute } as const
    }
    const fired: Array<number> = []
    for (let slot = 0, now = firesAt(timed, 0); now < 100 * minute;) {
      const { fires, next } = cameDue(timed, slot, now, 100)
      assert.isTrue(fires.every((one) => firesAt(timed, one) <= now))
      fired.push(...fires)
      slot = next!
      // every other time somebody looks late, when the slot after it has come, and its jitter may not be over
      now = Math.max(firesAt(timed, slot), fired.length % 2 === 0 ? slot + minute + 1 : 0)
    }
    assert.deepStrictEqual(fired, fired.map((_, n) => n * minute))
    assert.isAbove(fired.length, 98)
  })
})
