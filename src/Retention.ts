/**
 * How long what has ended is kept.
 *
 * @since 0.1.0
 */
import type * as Duration from "effect/Duration"
import type { ActionStatus } from "./domain/Phase.ts"
import type { StillRead } from "./Operation.ts"

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
