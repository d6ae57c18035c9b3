/**
 * Lanes: who performs under a concurrency key, and who is next.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type * as Option from "effect/Option"
import type { StorageError } from "./SteppedError.ts"

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
  /** The lane of a concurrency key, if it is occupied. */
  readonly find: (key: string) => Effect.Effect<Option.Option<Lane>, StorageError>
  /** Occupied lanes in the order of their keys, at most `limit`. */
  readonly list: (limit: number) => Effect.Effect<ReadonlyArray<Lane>, StorageError>
}>()("stepped/PerformanceLane") {}
