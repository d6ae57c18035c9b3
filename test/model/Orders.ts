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

/** How many orders in a row may be no better before the search begins anew. */
const patience = 1500

/** Whether one action is the other, or one of those that it has waited for, directly or not. */
const isOf = (key: string, other: string) => isBelow(key, other) || isBelow(other, key)

const isBelow = (key: string, other: string) => key === other || key.startsWith(`${other}.`)

/**
 * An order that leads to an outcome, as the turns that have to come sooner or later for it, as few as it takes; nothing if none is
 * found. `differences` says in what an outcome is another than the one that was seen, in words that begin with an action's key where they
 * are about one; there are none if it is that one. `ran` is the user code that ran, best in its order: it is where the search begins, and
 * nothing that it has to keep to.
 *
 * The search changes when a few turns come, or all of one action and what it started, most often those of actions that came out
 * otherwise, and goes on from there if that is no worse, or, less and less often, a little worse (simulated annealing); where it gets no
 * further it begins anew: as a single performer, anyhow, or with user code in the order in which it ran.
 */
export const orderTo = Effect.fnUntraced(function*(
  scenario: Scenario,
  differences: (outcome: Outcome) => ReadonlyArray<string>,
  { ran = [], tries = 60_000 }: { readonly ran?: ReadonlyArray<string>; readonly tries?: number } = {}
): Effect.fn.Return<ReadonlyArray<string> | undefined> {
  const chance = random()
  const met = new Map<string, Turn>()
  // what ran twice counts where it ran last: only then was it stored
  const ranks = new Map<string, number>()
  for (const [i, entry] of ran.entries()) {
    const words = entry.split(" ")
    ranks.set(words.slice(0, words[0] === "step" ? 3 : 2).join(" "), (i + 1) / (ran.length + 1))
  }
  /** When a turn comes if user code runs in its order, and what never ran comes last. */
  const asRan = ({ runs }: Turn) => runs === undefined ? 0 : ranks.get(runs) ?? 1

  const run = (shifts: Shifts, byItself: (turn: Turn) => number = () => 0): ReadonlyArray<string> => {
    const next: NextTurn = (turns) => {
      let first = 0
      let earliest = Infinity
      for (const [i, turn] of turns.entries()) {
        const name = nameOf(turn)
        if (!met.has(name)) met.set(name, turn)
        // by itself nobody joins without seeing who has joined before
        const at = shifts.get(name) ?? (turn.kind === "at once" ? 1 : byItself(turn))
        if (at >= earliest) continue
        first = i
        earliest = at
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
      const dice = chance()
      if (dice < 0.15) {
        // all of an action, and perhaps of what it started, kind by kind
        const key = keyOf(met.get(name)!)
        const isTree = chance() < 0.3
        const by = chance() < 0.5 ? shift() : into.get(one(names)) ?? 0
        const offsets = new Map<string, number>()
        for (const [other, turn] of met) {
          if (!(isTree ? isBelow(keyOf(turn), key) : keyOf(turn) === key)) continue
          if (!offsets.has(turn.kind)) offsets.set(turn.kind, chance() * 0.02)
          into.set(other, by + offsets.get(turn.kind)!)
        }
      } else if (into.has(name) && dice < 0.35) into.delete(name)
      // just before or after another one
      else if (dice < 0.6) into.set(name, (into.get(one(names)) ?? 0) + shift() * 0.01)
      else into.set(name, shift())
    }
    return into
  }

  let at: Shifts = new Map()
  let otherwise = run(at)
  let best = otherwise.length
  let inVain = 0
  let beginnings = 0
  /** An order in which everything has its turn said, so that it means the same whatever a search begins with. */
  const beginning = (): Shifts => {
    switch (beginnings++ % 3) {
      case 0:
        run(new Map(), asRan)
        return new Map([...met].flatMap(([name, turn]) => asRan(turn) === 0 ? [] : [[name, asRan(turn)]]))
      case 1:
        return new Map()
      default:
        return new Map([...met.keys()].map((name) => [name, shift() * 0.2]))
    }
  }
  for (let n = 0; n < tries && otherwise.length > 0; n++) {
    if (n % some === 0) yield* Effect.sleep(0)
    if (n === 0 || inVain > patience) {
      at = beginning()
      otherwise = run(at)
      best = otherwise.length
      inVain = 0
      continue
    }
    const other = changed(at, otherwise)
    const now = run(other)
    inVain = now.length < best ? 0 : inVain + 1
    best = Math.min(best, now.length)
    const warmth = 2 * (1 - inVain / patience)
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
