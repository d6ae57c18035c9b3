/**
 * Achievements: the checksum and the result of the last success under a checksum key.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type * as Option from "effect/Option"
import type { StorageError } from "./SteppedError.ts"

/**
 * What was achieved last under a checksum key.
 *
 * @category models
 * @since 0.1.0
 */
export interface Achievement {
  readonly checksumKey: string
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
  readonly find: (checksumKey: string) => Effect.Effect<Option.Option<Achievement>, StorageError>
  /** Forgets an achievement, so that the work is done again; says whether there was one. */
  readonly forget: (checksumKey: string) => Effect.Effect<boolean, StorageError>
}>()("stepped/AchievementStore") {}
