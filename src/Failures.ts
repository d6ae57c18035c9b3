/**
 * What has failed, in groups: the answer to "what is it, and since which deploy".
 *
 * @since 0.1.0
 */
import type { FailureKind } from "./domain/Failure.ts"

/**
 * Which failures to put into groups; all of it has to be so.
 *
 * @category models
 * @since 0.1.0
 */
export interface FailureFilter {
  readonly actorType?: string | undefined
  /** The action's name, of `actorType`. */
  readonly name?: string | undefined
  /** That have ended at this time or later. */
  readonly since?: Date | undefined
  /** That have ended before this time. */
  readonly before?: Date | undefined
  /** Groups, those that were seen last: 100 if not given, 10,000 at most. */
  readonly limit?: number | undefined
}

/**
 * What one build of the program has to do with a group.
 *
 * @category models
 * @since 0.1.0
 */
export interface FailureBuild {
  /** The engine's option `build` of the worker that has ended them; none where it has none, or where no worker was needed for it. */
  readonly build: string | undefined
  readonly count: number
  readonly firstSeen: Date
  readonly lastSeen: Date
}

/**
 * Actions of one definition that have ended without what they were for in the same way: with the same status, for the same kind of cause, with
 * the same tag of an error, at the same place.
 *
 * @category models
 * @since 0.1.0
 */
export interface FailureGroup {
  /** The same for the same group everywhere; `ActionFilter.failure` finds its actions. */
  readonly id: string
  readonly actorType: string
  readonly name: string
  readonly status: "failed" | "timed_out" | "deadlocked"
  readonly kind: FailureKind
  /** The `_tag` of the typed error, the action's own or a descendant's. */
  readonly tag: string | undefined
  /** Where in the tree, without the ids of actors: `visit Car › move › changeLocation Car`. */
  readonly path: string
  /** Of the one that has ended last. */
  readonly message: string
  readonly count: number
  readonly firstSeen: Date
  readonly lastSeen: Date
  /** In the order in which they had it first. */
  readonly builds: ReadonlyArray<FailureBuild>
  /** Ids of those that have ended last, five at most. */
  readonly samples: ReadonlyArray<string>
}

/**
 * Groups of failures, the one that was seen last first.
 *
 * @category models
 * @since 0.1.0
 */
export interface FailureGroups {
  readonly groups: ReadonlyArray<FailureGroup>
  /**
   * Since when they are complete, where there are more failures than one call looks at: the newest 20,000, of one type or name those among the newest 100,000.
   * `before` this time are the others, each of them once. None where all that was asked for is in them.
   */
  readonly from: Date | undefined
}
