/** Lists of actions, and how many there are: what is asked for is checked first. */
import * as Effect from "effect/Effect"
import type { ActionCount, ActionFilter, ActionRecord } from "../ActionRecord.ts"
import type { Listing } from "../Page.ts"
import type { InvalidQuery, StorageError } from "../SteppedError.ts"
import { limitOf, withinOf } from "./asked.ts"
import type { Records } from "./Records.ts"

/** Up to how many are counted. */
const countedMost = 10_000

/** How many a page looks through. */
const lookedMost = 100_000

type Asked<A> = Effect.Effect<A, StorageError | InvalidQuery>

/** The time that an id begins with. */
const timeIn = (id: string): Date => new Date(Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16))

export const listingOf = (store: Pick<Records, "actionsLike" | "actionsOf" | "countLike" | "lowestLooked">) => {
  /** Between which ids a list looks, and of whom; nothing where nothing can be found. */
  const boundsOf = (verb: string, filter: ActionFilter) =>
    Effect.gen(function*() {
      const within = yield* withinOf(verb, filter)
      const { parent } = filter
      return within && {
        ...within,
        ...parent === undefined ? {} : { parent: (yield* store.actionsOf([parent]))[0] }
      }
    })
  return {
    list: (filter: ActionFilter = {}): Asked<ReadonlyArray<ActionRecord>> =>
      Effect.gen(function*() {
        const limit = yield* limitOf("limit of ActionRepo.list", filter.limit)
        const bounds = yield* boundsOf("ActionRepo.list", filter)
        return bounds === undefined ? [] : yield* store.actionsLike(filter, limit, bounds)
      }),
    page: (filter: ActionFilter = {}): Asked<Listing<ActionRecord>> =>
      Effect.gen(function*() {
        const limit = yield* limitOf("limit of ActionRepo.page", filter.limit)
        const bounds = yield* boundsOf("ActionRepo.page", filter)
        if (bounds === undefined) return { items: [], next: undefined, lookedUntil: undefined }
        // known before the list is read: whatever comes and goes meanwhile, all that is above it is looked at, and nothing below
        const lowest = yield* store.lowestLooked(filter, lookedMost, bounds)
        const items = yield* store.actionsLike(filter, limit, { ...bounds, lowest })
        return items.length === limit
          ? { items, next: items.at(-1)?.id, lookedUntil: undefined }
          : { items, next: lowest, lookedUntil: lowest === undefined ? undefined : timeIn(lowest) }
      }),
    count: (filter: ActionFilter = {}): Asked<ActionCount> =>
      Effect.gen(function*() {
        const bounds = yield* boundsOf("ActionRepo.count", filter)
        const groups = bounds === undefined ? [] : yield* store.countLike(filter, countedMost + 1, bounds)
        const found = groups.reduce((sum, { count }) => sum + count, 0)
        return { count: Math.min(found, countedMost), hasMore: found > countedMost, groups }
      })
  }
}
