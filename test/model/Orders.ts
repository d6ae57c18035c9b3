/**
 * Workers beside each other do what the rules allow in an order of their own. What came of it is right if some order leads there: this
 * looks for one, and says in which turns it is another than a single performer's.
 */
import { Effect } from "effect"
import { inTurns, type NextTurn, type Outcome, type Scenario, type Turn } from "./Model.ts"

/** Turns that come sooner (below 0) or later than they would by themselves. */
type Shifts = ReadonlyMap<string, number>

const nameOf = ({ kind, whose }: Turn) => `${kind} ${whose}`

const keyOf = ({ whose }: Turn) => whose.split(" ")[0]!

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

/** Whether one action is the other, or one of those that it has waited for, directly or not. */
const isOf = (key: string, other: string) => key === other || key.startsWith(`${other}.`) || other.startsWith(`${key}.`)

/**
 * An order that leads to an outcome, as the turns that have to come sooner or later for it, as few as it takes; nothing if none is
 * found. `differences` says in what an outcome is another than the one that was seen, in words that begin with an action's key where they
 * are about one; there are none if it is that one.
 *
 * The search changes when a few turns come, most often those of actions that came out otherwise, and goes on from there if that is no
 * worse, or, less and less often, a little worse (simulated annealing); where it gets no further it begins anew.
 */
export const orderTo = Effect.fnUntraced(function*(
  scenario: Scenario,
  differences: (outcome: Outcome) => ReadonlyArray<string>,
  tries = 60_000
): Effect.fn.Return<ReadonlyArray<string> | undefined> {
  const chance = random()
  const met = new Map<string, Turn>()
  const run = (shifts: Shifts): ReadonlyArray<string> => {
    const shiftOf = (turn: Turn) => shifts.get(nameOf(turn)) ?? 0
    const next: NextTurn = (turns) => {
      let first = 0
      for (const [i, turn] of turns.entries()) {
        if (!met.has(nameOf(turn))) met.set(nameOf(turn), turn)
        if (shiftOf(turn) < shiftOf(turns[first]!)) first = i
      }
      return first
    }
    return differences(inTurns(scenario, next))
  }
  const shift = () => chance() * 2 - 1
  const one = <A>(items: ReadonlyArray<A>): A => items[Math.floor(chance() * items.length)]!

  /** The same order but for a few turns. */
  const changed = (from: Shifts, otherwise: ReadonlyArray<string>): Shifts => {
    const names = [...met.keys()]
    const about = [...new Set(otherwise.map((words) => words.split(" ")[0]!))]
    const concerned = names.filter((name) => about.some((key) => isOf(keyOf(met.get(name)!), key)))
    const into = new Map(from)
    for (let changes = 1 + Math.floor(chance() * 4); changes > 0; changes--) {
      const name = one(concerned.length > 0 && chance() < 0.7 ? concerned : names)
      if (into.has(name) && chance() < 0.3) into.delete(name)
      // just before or after another one
      else if (chance() < 0.4) into.set(name, (into.get(one(names)) ?? 0) + shift() * 0.01)
      else into.set(name, shift())
    }
    return into
  }

  let at: Shifts = new Map()
  let otherwise = run(at)
  let best = otherwise.length
  let inVain = 0
  for (let n = 0; n < tries && otherwise.length > 0; n++) {
    if (n % some === 0) yield* Effect.sleep(0)
    if (inVain > 1500) {
      at = new Map(chance() < 0.5 ? [] : [...met.keys()].map((name) => [name, shift() * 0.2]))
      otherwise = run(at)
      best = otherwise.length
      inVain = 0
      continue
    }
    const other = changed(at, otherwise)
    const now = run(other)
    inVain = now.length < best ? 0 : inVain + 1
    best = Math.min(best, now.length)
    const warmth = 2 * (1 - inVain / 1500)
    const worse = now.length - otherwise.length
    if (worse <= 0 || chance() < Math.exp(-worse / Math.max(warmth, 0.1))) {
      at = other
      otherwise = now
    }
  }
  if (otherwise.length > 0) return undefined
  const least = new Map(at)
  for (const [name, by] of at) {
    least.delete(name)
    if (run(least).length > 0) least.set(name, by)
  }
  return [...least].map(([name, by]) => `${name} ${by < 0 ? "sooner" : "later"}`)
})
