/**
 * Achievements: the checksum and the result of the last success under a checksum key.
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
import { canBeStored, deletionLimit, limitOf, timeOf } from "./store/asked.ts"
import { Store } from "./store/Store.ts"

/**
 * What was achieved last under a checksum key.
 *
 * @category models
 * @since 0.1.0
 */
export interface Achievement {
  readonly checksumKey: string
  /** What `Stepped.checksum` makes of the value that the action's `checksum` gave. */
  readonly checksum: string
  /** The result as JSON. */
  readonly result: unknown
  /** Id of the action that achieved it. */
  readonly action: string
  readonly achievedAt: Date
}

/**
 * The stored achievements.
 *
 * @category services
 * @since 0.1.0
 */
export class AchievementStore extends Context.Service<AchievementStore, {
  /** The achievement under a checksum key, as the key function gave it or as text. */
  readonly find: (checksumKey: ActionKey) => Effect.Effect<Option.Option<Achievement>, StorageError>
  /** Achievements in the order of their keys, at most `limit` (100 if not given, 10,000 at most). They come with their results. */
  readonly list: (limit?: number) => Effect.Effect<ReadonlyArray<Achievement>, StorageError | InvalidQuery>
  /** Forgets an achievement, so that the work is done again; says whether there was one. */
  readonly forget: (checksumKey: ActionKey) => Effect.Effect<boolean, StorageError>
  /** Forgets what was achieved before a time, at most `limit` (10,000 if not given, 100,000 at most); gives how many. */
  readonly forgetOld: (
    options: { readonly before: Date; readonly limit?: number }
  ) => Effect.Effect<number, StorageError | InvalidQuery>
}>()("stepped/AchievementStore") {
  /** The achievements of the engine's storage. */
  // whether an invocation is achieved already is decided where it takes its lane, in take_lanes.sql and join_lane.sql
  static readonly layer: Layer.Layer<AchievementStore, never, Store> = Layer.effect(
    AchievementStore,
    Effect.map(Store, (store) =>
      AchievementStore.of({
        find: (given) => {
          const key = joinKey(given)
          return canBeStored(key)
            ? Effect.map(store.achievementOf(key), Option.fromUndefinedOr)
            : Effect.succeedNone
        },
        list: (limit) => Effect.flatMap(limitOf("limit of AchievementStore.list", limit), store.achievements),
        forget: (given) => {
          const key = joinKey(given)
          return canBeStored(key) ? store.forgetAchievement(key) : Effect.succeed(false)
        },
        forgetOld: ({ before, limit }) =>
          Effect.gen(function*() {
            const at = yield* timeOf("before of AchievementStore.forgetOld", before)
            return yield* store.forgetAchievements(
              at,
              yield* limitOf("limit of AchievementStore.forgetOld", limit, deletionLimit)
            )
          })
      }))
  )
}
