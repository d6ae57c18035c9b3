/**
 * Workers beside each other do what the rules allow in an order of their own. What came of it is right if some order leads there: this
 * looks for one, and says in which turns it is another than a single performer's.
 */
import { Effect } from "effect"
import { inTurns, type NextTurn, type Outcome, type Scenario, type Turn } from "./Model.ts"

/** Turns that come sooner (below 0) or later than they would by themselves. */
type Shifts = ReadonlyMap<string, number>

const nameOf = ({ kind, whose }: Turn) => `${kind} ${whose}`

/** Random numbers below 1, the same ones each time. */
const random = () => {
  let state = 7
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** How many orders are tried before others of this thread have their turn. */
const some = 20

/**
 * An order that leads to an outcome, as the turns that have to come sooner or later for it, as few as it takes; nothing if none is
 * found. `distance` says how far an outcome is from the one that was seen: 0 if it is that one.
 */
export const orderTo = Effect.fnUntraced(function*(
  scenario: Scenario,
  distance: (outcome: Outcome) => number,
  tries = 60_000
): Effect.fn.Return<ReadonlyArray<string> | undefined> {
  const chance = random()
  const met = new Set<string>()
  const run = (shifts: Shifts): number => {
    const shiftOf = (turn: Turn) => shifts.get(nameOf(turn)) ?? 0
    const next: NextTurn = (turns) => {
      let first = 0
      for (const [i, turn] of turns.entries()) {
        met.add(nameOf(turn))
        if (shiftOf(turn) < shiftOf(turns[first]!)) first = i
      }
      return first
    }
    return distance(inTurns(scenario, next))
  }
  const shift = () => chance() * 2 - 1

  let best: Shifts = new Map()
  let far = run(best)
  let inVain = 0
  for (let n = 0; n < tries && far > 0; n++) {
    const names = [...met]
    // stuck: from somewhere else
    const shifted = new Map(inVain > 300 ? names.map((name) => [name, shift()]) : best)
    if (n % some === 0) yield* Effect.sleep(0)
    const changes = 1 + Math.floor(chance() * 4)
    for (let i = 0; i < changes; i++) {
      const name = names[Math.floor(chance() * names.length)]!
      if (shifted.has(name) && chance() < 0.3) shifted.delete(name)
      else shifted.set(name, shift())
    }
    const now = run(shifted)
    inVain = now < far ? 0 : inVain + 1
    if (now <= far || inVain > 300) {
      if (now > far) inVain = 0
      best = shifted
      far = now
    }
  }
  if (far > 0) return undefined
  const least = new Map(best)
  for (const [name, by] of best) {
    least.delete(name)
    if (run(least) > 0) least.set(name, by)
  }
  return [...least].map(([name, by]) => `${name} ${by < 0 ? "sooner" : "later"}`)
})
