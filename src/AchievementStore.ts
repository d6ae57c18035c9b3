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
import type { OperatorOptions } from "./Operation.ts"
import { InvalidQuery, type StorageError } from "./SteppedError.ts"
import { canBeStored, deletionLimit, limitOf, operationIfNamed, operationOf, timeOf } from "./store/asked.ts"
import { Store } from "./store/Store.ts"
import { ofAchievements, strictly } from "./store/strictly.ts"
import { UserTime } from "./store/UserTime.ts"

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
  /** The type of that action's actor, and the action's name. */
  readonly actorType: string
  readonly name: string
}

/**
 * Which achievements are meant: those for which all of it holds.
 *
 * @category models
 * @since 0.1.0
 */
export interface AchievementFilter {
  /** Achieved before that. */
  readonly before?: Date | undefined
  /** Under this key, or one that has these parts and more: `["map"]` means `["map", "Oslo"]`, too. */
  readonly below?: ActionKey | undefined
  /** Achieved by actions of this actor type. */
  readonly actorType?: string | undefined
  /** Achieved by actions of this name. */
  readonly name?: string | undefined
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
  /** Achievements in the order of their keys, with their results: at most `limit`, 100 if not given, 10,000 at most. `after` goes on behind a key, the last one of the page before, which may have gone by now. */
  readonly list: (
    options?: { readonly limit?: number | undefined; readonly after?: ActionKey | undefined }
  ) => Effect.Effect<ReadonlyArray<Achievement>, StorageError | InvalidQuery>
  /** Forgets an achievement, so that the work is done again; says whether there was one. */
  readonly forget: (
    checksumKey: ActionKey,
    options?: OperatorOptions
  ) => Effect.Effect<boolean, StorageError | InvalidQuery>
  /**
   * Forgets achievements, at most `limit` (10,000 if not given, 100,000 at most); gives how many. What somebody is changing is left. A filter
   * without a field is refused.
   */
  readonly forgetAll: (
    filter: AchievementFilter & OperatorOptions & { readonly limit?: number | undefined }
  ) => Effect.Effect<number, StorageError | InvalidQuery>
}>()("stepped/AchievementStore") {
  /** The achievements of the engine's storage. */
  // whether an invocation is achieved already is decided where it takes its lane, in take_lanes.sql and join_lane.sql
  static readonly layer: Layer.Layer<AchievementStore, never, Store | UserTime> = Layer.effect(
    AchievementStore,
    Effect.zipWith(
      Store,
      UserTime,
      (store, { now }) =>
        AchievementStore.of(strictly("AchievementStore", ofAchievements, {
          find: (given) => {
            const key = joinKey(given)
            return canBeStored(key)
              ? Effect.map(store.achievementOf(key), Option.fromUndefinedOr)
              : Effect.succeedNone
          },
          list: ({ after, limit } = {}) =>
            Effect.gen(function*() {
              const most = yield* limitOf("limit of AchievementStore.list", limit)
              const key = after === undefined ? undefined : joinKey(after)
              if (key !== undefined && !canBeStored(key)) {
                return yield* new InvalidQuery({
                  field: "after of AchievementStore.list",
                  value: JSON.stringify(key.slice(0, 100)),
                  takes: "the key of an achievement"
                })
              }
              return yield* store.achievements(most, key)
            }),
          forget: (given, options) => {
            const key = joinKey(given)
            return Effect.flatMap(
              operationOf(now, "AchievementStore.forget", key, options),
              (operation) => canBeStored(key) ? store.forgetAchievement(key, operation) : Effect.succeed(false)
            )
          },
          forgetAll: ({ actorType, before, below, limit, name, ...options }) =>
            Effect.gen(function*() {
              const verb = "AchievementStore.forgetAll"
              const most = yield* limitOf(`limit of ${verb}`, limit, deletionLimit)
              const at = before === undefined ? undefined : yield* timeOf(`before of ${verb}`, before)
              const texts = [below === undefined ? undefined : joinKey(below), actorType, name]
              if (at === undefined && texts.every((text) => text === undefined || text === "")) {
                const takes = "before, below, actorType or name: for all of them, before with the time of now"
                return yield* Effect.fail(new InvalidQuery({ field: `filter of ${verb}`, value: "nothing", takes }))
              }
              if (!texts.every((text) => text === undefined || canBeStored(text))) return 0
              const filter = { before: at, below: texts[0], actorType, name }
              return yield* store.forgetAchievements(
                filter,
                most,
                yield* operationIfNamed(now, verb, recordedOf(filter), options)
              )
            })
        }))
    )
  )
}

/** What was filtered by, for people. */
const recordedOf = ({ before, ...texts }: {
  readonly before: number | undefined
  readonly below: string | undefined
  readonly actorType: string | undefined
  readonly name: string | undefined
}): string =>
  Object.entries({ ...texts, before: before === undefined ? undefined : new Date(before).toISOString() })
    .flatMap(([field, value]) => value === undefined ? [] : [`${field} ${value}`]).join(", ")
