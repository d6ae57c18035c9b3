/** What one worker takes: the queues that it serves, and what it can run of them, as transitions want to know it. */
import { knownLanes } from "../../Lane.ts"
import type { Catalog } from "../../store/Store.ts"
import type { Registry, Runnable } from "../Registry.ts"

export interface Catalogs {
  /** What the worker can run and takes. */
  readonly own: () => Catalog
  /** The same for a claim: each time another queue comes first, so that one that is full keeps no other from being served. */
  readonly claiming: () => Catalog
  /** With the definitions of every queue, for what is performed now; jobs are taken from the worker's queues all the same. */
  readonly every: () => Catalog
  /** Whether the worker takes jobs from a queue. */
  readonly takes: (queue: string) => boolean
  /** Takes from a queue that an earlier deploy has named, unless the worker is restricted to others; gives whether it does. */
  readonly adopt: (queue: string) => boolean
}

/** `queues`: those that the worker is restricted to; all queues of the definitions, if not given. */
export const make = (registry: Registry, queues: ReadonlyArray<string> | undefined): Catalogs => {
  const only = queues === undefined ? undefined : new Set(queues)
  /** Where jobs of definitions wait that have another queue by now. */
  const adopted = new Set<string>()
  // invariant: made of these definitions, these lanes and what is adopted, once for all calls; undefined when one of them has changed
  let made:
    | {
      readonly of: ReadonlyArray<Runnable>
      readonly lanes: Catalog["lanes"]
      readonly own: Orders
      readonly every: Catalog
    }
    | undefined
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
      made = {
        of: all,
        lanes,
        own: ordersOf(own, queuesOf(own), lanes),
        every: { definitions: all, queues: queuesOf(all), lanes }
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
      if (only !== undefined) return false
      adopted.add(queue)
      made = undefined
      return true
    }
  }
}

type Orders = readonly [Catalog, ...ReadonlyArray<Catalog>]

/** Once for each queue that may come first. */
const ordersOf = (
  definitions: ReadonlyArray<Runnable>,
  queues: ReadonlyArray<string>,
  lanes: Catalog["lanes"]
): Orders => {
  const others = queues.slice(1).map((_, i) => [...queues.slice(i + 1), ...queues.slice(0, i + 1)])
  return [{ definitions, queues, lanes }, ...others.map((order) => ({ definitions, queues: order, lanes }))]
}
