/**
 * Lanes: who performs under a concurrency key, and who is next.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type { ActionKey } from "./Action.ts"
import { joinKey } from "./domain/Key.ts"
import type { InvalidQuery, StorageError } from "./SteppedError.ts"
import { canBeStored, limitOf, timeOf } from "./store/asked.ts"
import { Store } from "./store/Store.ts"

/**
 * An occupied lane. A lane exists only while somebody performs in it.
 *
 * @category models
 * @since 0.1.0
 */
export interface Lane {
  readonly key: string
  /** Id of the action that performs. */
  readonly performing: string
  /** Id of the action that is next; newer ones supersede it. */
  readonly pending: string | undefined
}

/**
 * The occupied lanes.
 *
 * @category services
 * @since 0.1.0
 */
export class PerformanceLane extends Context.Service<PerformanceLane, {
  /** The lane of a concurrency key, as the key function gave it or as text, if it is occupied. */
  readonly find: (key: ActionKey) => Effect.Effect<Option.Option<Lane>, StorageError>
  /** Occupied lanes in the order of their keys, at most `limit` (100 if not given, 10,000 at most). */
  readonly list: (limit?: number) => Effect.Effect<ReadonlyArray<Lane>, StorageError | InvalidQuery>
  /**
   * Ends a pending action of a cycle of waiting as deadlocked, and gives its id; none where there is no cycle.
   *
   * **Details**
   *
   * What would close a cycle ends as it joins its lane. Two that join at the same time do not see each other: workers look for those
   * twice in the length of a lease.
   */
  readonly breakDeadlock: (
    options: { readonly now: Date }
  ) => Effect.Effect<Option.Option<string>, StorageError | InvalidQuery>
}>()("stepped/PerformanceLane") {
  /** The lanes of the engine's storage. */
  static readonly layer: Layer.Layer<PerformanceLane, never, Store> = Layer.effect(
    PerformanceLane,
    Effect.map(Store, (store) =>
      PerformanceLane.of({
        find: (given) => {
          const key = joinKey(given)
          return canBeStored(key)
            ? Effect.map(store.laneOf(key), Option.fromUndefinedOr)
            : Effect.succeedNone
        },
        list: (limit) => Effect.flatMap(limitOf("limit of PerformanceLane.list", limit), store.lanes),
        breakDeadlock: ({ now }) =>
          Effect.flatMap(
            timeOf("now of PerformanceLane.breakDeadlock", now),
            (at) => Effect.map(store.breakDeadlock(at), Option.fromUndefinedOr)
          )
      }))
  )
}
