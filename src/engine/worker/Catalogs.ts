/** What one worker takes: the queues that it serves, and what it can run of them, as transitions want to know it. */
import { ownQueue } from "../../domain/reserved.ts"
import { knownLanes } from "../../Lane.ts"
import type { Catalog } from "../../store/Store.ts"
import type { Registry } from "../Registry.ts"
import type { Runnable } from "../Runnable.ts"

export interface Catalogs {
  /** What the worker can run, of its queues: what is handed over to it. */
  readonly own: () => Catalog
  /** What it takes: the same, and what other deploys have queued in its queues. */
  readonly taken: () => Catalog
  /** What it takes, for a claim: each time another queue comes first, so that one that is full keeps no other from being served. */
  readonly claiming: () => Catalog
  /** With the definitions of every queue, for what is performed now; jobs are taken from the worker's queues all the same. */
  readonly every: () => Catalog
  /** Whether the worker takes jobs from a queue. */
  readonly takes: (queue: string) => boolean
  /**
   * Takes what it can run from a queue where another deploy has put it, also what tenants take turns with there, unless the worker is
   * restricted to other queues; gives whether it does.
   */
  readonly adopt: (queue: string, definition: string) => boolean
}

/** `queues`: those that the worker is restricted to; all queues of the definitions, if not given. */
export const make = (registry: Registry, queues: ReadonlyArray<string> | undefined): Catalogs => {
  const only = queues === undefined ? undefined : new Set(queues)
  /** Where jobs of definitions wait that have another queue by now, and which ones these are. */
  const adopted = { queues: new Set<string>(), definitions: new Set<string>() }
  /** For another deploy tenants take turns with them. */
  let adoptsTurns = false
  // invariant: made of these definitions, these lanes and what is adopted, once for all calls; undefined when one of them has changed
  let made:
    | {
      readonly of: ReadonlyArray<Runnable>
      readonly lanes: Catalog["lanes"]
      readonly own: Catalog
      readonly taken: Orders
      readonly every: Catalog
    }
    | undefined
  /** Counts claims: each goes by the next of the orders in `taken`. */
  let turn = 0

  const takes = (queue: string) => only?.has(queue) ?? true
  const current = () => {
    registry.seal()
    const all = registry.all()
    const lanes = knownLanes()
    if (made === undefined || made.of !== all || made.lanes !== lanes) {
      const own = all.filter(({ definition }) => takes(definition.queue))
      const taken = all.filter(({ definition, key }) => takes(definition.queue) || adopted.definitions.has(key))
      const queuesOf = (definitions: ReadonlyArray<Runnable>) => [
        ...only ?? new Set([...definitions.map(({ definition }) => definition.queue), ...adopted.queues])
      ]
      const inTurns = adoptsTurns || all.some(({ definition }) => definition.fairBy !== undefined)
      made = {
        of: all,
        lanes,
        own: { definitions: own, queues: queuesOf(own), lanes, inTurns },
        taken: ordersOf({ definitions: taken, queues: queuesOf(taken), lanes, inTurns }),
        every: { definitions: all, queues: queuesOf(all), lanes, inTurns }
      }
    }
    return made
  }

  return {
    own: () => current().own,
    taken: () => current().taken[0],
    claiming: () => {
      const { taken } = current()
      return taken[turn++ % taken.length]!
    },
    every: () => current().every,
    takes,
    adopt: (queue, definition) => {
      if (!takes(queue)) return false
      adopted.queues.add(queue)
      adopted.definitions.add(definition)
      adoptsTurns = true
      made = undefined
      return true
    }
  }
}

type Orders = readonly [Catalog, ...ReadonlyArray<Catalog>]

/**
 * Once for each queue of the program that may come first. The engine's own comes before all of them, and takes no turn: in an empty one's turn
 * the next would come first, and so more often than the others.
 */
const ordersOf = (catalog: Catalog): Orders => {
  const first = catalog.queues.filter((queue) => queue === ownQueue)
  const queues = catalog.queues.filter((queue) => queue !== ownQueue)
  const order = (from: number) => ({
    ...catalog,
    queues: [...first, ...queues.slice(from), ...queues.slice(0, from)]
  })
  return [order(0), ...queues.slice(1).map((_, i) => order(i + 1))]
}
