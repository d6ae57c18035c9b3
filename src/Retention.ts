/**
 * How long what has ended is kept.
 *
 * @since 0.1.0
 */
import type * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import type { ActionStatus } from "./domain/Phase.ts"
import type { OperatorOptions, StillRead } from "./Operation.ts"

/**
 * How an action has ended.
 *
 * @category models
 * @since 0.1.0
 */
export type EndedStatus = Exclude<ActionStatus, "pending" | "performing">

/**
 * How long what has ended is kept since its end, by how it has ended. For ever with `Infinity`.
 *
 * @category models
 * @since 0.1.0
 */
export interface StatusRetention {
  readonly succeeded?: Duration.Input | undefined
  readonly superseded?: Duration.Input | undefined
  readonly cancelled?: Duration.Input | undefined
  readonly failed?: Duration.Input | undefined
  readonly timed_out?: Duration.Input | undefined
  readonly deadlocked?: Duration.Input | undefined
  /** What has ended with another status than those that are named. */
  readonly otherwise?: Duration.Input | undefined
}

/**
 * How long ended actions are kept since their end, by status and action: `{ succeeded: "7 days", failed: "90 days" }`. What is not named is kept for ever.
 *
 * **Details**
 *
 * What counts is, in this order: what its action says of its status, what its action says `otherwise` (or, as a duration, of all), what is said of its status, and
 * `otherwise`. What belongs to a tree stays as long as something above it is kept by this: a failure that is kept for 90 days can be looked at and retried
 * with all that its steps have started.
 *
 * @category models
 * @since 0.1.0
 */
export interface HistoryRetention extends StatusRetention {
  /** Of these actions, each by its actor's type and its name: `{ "Car/visit": "365 days" }`. */
  readonly actions?: Readonly<Record<string, Duration.Input | StatusRetention>> | undefined
}

/**
 * What of the history is old: what ended `before` a time, or longer ago than a `retention` says, by status and action.
 *
 * @category models
 * @since 0.1.0
 */
export type DeletionScope =
  | { readonly before: Date; readonly retention?: undefined; readonly asOf?: undefined }
  | {
    readonly before?: undefined
    readonly retention: HistoryRetention | Duration.Input
    /** When it counts: the time of the call, if not given. With the same time all pages, and what was planned, are about the same actions. */
    readonly asOf?: Date | undefined
  }

/**
 * How many actions of one kind a deletion is about, and what becomes of them.
 *
 * @category models
 * @since 0.1.0
 */
export interface PlannedDeletion {
  readonly actorType: string
  readonly name: string
  readonly status: EndedStatus
  /** Why they would stay for now, though they are old enough; `undefined`: they would be deleted. */
  readonly because: StillRead | undefined
  readonly count: number
  /** The id of the newest of them. */
  readonly newest: string
}

/**
 * What a deletion would come to, of as many actions as were looked at.
 *
 * @category models
 * @since 0.1.0
 */
export interface DeletionPlan {
  /** The most first. */
  readonly groups: ReadonlyArray<PlannedDeletion>
  /** Where the next call goes on; none after the oldest action. */
  readonly next: string | undefined
}

/**
 * How far history was deleted.
 *
 * @category models
 * @since 0.1.0
 */
export interface Deletion {
  /** How many actions. */
  readonly deleted: number
  /** Where the next call goes on; none after the oldest action. */
  readonly next: string | undefined
}

/**
 * What history is deleted, and how.
 *
 * @category models
 * @since 0.1.0
 */
export type DeletionOptions<E = never, R = never> = OperatorOptions & DeletionScope & {
  /** How many actions a call looks at: 10,000 if not given, and 1,000 where there is an `export`; 100,000 at most. */
  readonly limit?: number | undefined
  /** `next` of the call before. */
  readonly from?: string | undefined
  /**
   * Keeps elsewhere what is deleted: it is given what was stored of each action, arguments and results too, as a JSON object in one line, and they are gone once it has succeeded, in one transaction.
   * If it fails, nothing is deleted; after a crash or a lost answer they may be in both places. All of a call's actions are in memory, and are one answer of the database, which has room for a gigabyte: give a lower `limit` where they are large.
   *
   * The result of a child is in the child's line: in its parent's step there is null for it where the child has gone in a page before.
   *
   * Keep it short: as long as it runs, the actions are locked. To retry one, or another parent of one, is refused as `deleted`, and what would reuse one as an achievement is not started, and tried again.
   */
  readonly export?: ((actions: ReadonlyArray<string>) => Effect.Effect<void, E, R>) | undefined
}

/**
 * What a deletion is planned of.
 *
 * @category models
 * @since 0.1.0
 */
export type PlanOptions = DeletionScope & {
  /** How many actions a call looks at: 10,000 if not given, 100,000 at most. */
  readonly limit?: number | undefined
  /** `next` of the call before. */
  readonly from?: string | undefined
}
