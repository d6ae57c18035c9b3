/** What one worker takes: the queues that it serves, and what it can run of them, as transitions want to know it. */
import { ownQueue } from "../../domain/reserved.ts"
import { knownLanes } from "../../Lane.ts"
import type { Catalog } from "../../store/Store.ts"
import type { Registry } from "../Registry.ts"
import type { Runnable } from "../Runnable.ts"

export interface Catalogs {
  /** What the worker can run and takes. */
  readonly own: () => Catalog
  /** The same for a claim: each time another queue comes first, so that one that is full keeps no other from being served. */
  readonly claiming: () => Catalog
  /** With the definitions of every queue, for what is performed now; jobs are taken from the worker's queues all the same. */
  readonly every: () => Catalog
  /** Whether the worker takes jobs from a queue. */
  readonly takes: (queue: string) => boolean
  /**
   * Takes from a queue that another deploy has named, also what tenants take turns with there, unless the worker is restricted to others;
   * gives whether it does.
   */
  readonly adopt: (queue: string) => boolean
}

/** `queues`: those that the worker is restricted to; all queues of the definitions, if not given. */
export const make = (registry: Registry, queues: ReadonlyArray<string> | undefined): Catalogs => {
  const only = queues === undefined ? undefined : new Set(queues)
  /** Where jobs of definitions wait that have another queue by now. */
  const adopted = new Set<string>()
  /** For another deploy tenants take turns with them. */
  let adoptsTurns = false
  // invariant: made of these definitions, these lanes and what is adopted, once for all calls; undefined when one of them has changed
  let made:
    | {
      readonly of: ReadonlyArray<Runnable>
      readonly lanes: Catalog["lanes"]
      readonly own: Orders
      readonly every: Catalog
    }
    | undefined
  /** Counts claims: each goes by the next of the orders in `own`. */
  let turn = 0

  const takes = (queue: string) => only?.has(queue) ?? true
  const current = () => {
    registry.seal()
    const all = registry.all()
    const lanes = knownLanes()
    if (made === undefined || made.of !== all || made.lanes !== lanes) {
      const own = all.filter(({ definition }) => takes(definition.queue))
      const queuesOf = (definitions: ReadonlyArray<Runnable>) => [
        ...only ?? new Set([...definitions.map(({ definition }) => definition.queue), ...adopted])
      ]
      const inTurns = adoptsTurns || all.some(({ definition }) => definition.fairBy !== undefined)
      made = {
        of: all,
        lanes,
        own: ordersOf({ definitions: own, queues: queuesOf(own), lanes, inTurns }),
        every: { definitions: all, queues: queuesOf(all), lanes, inTurns }
      }
    }
    return made
  }

  return {
    own: () => current().own[0],
    claiming: () => {
      const { own } = current()
      return own[turn++ % own.length]!
    },
    every: () => current().every,
    takes,
    adopt: (queue) => {
      if (!takes(queue)) return false
      adopted.add(queue)
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
