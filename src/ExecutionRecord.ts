/**
 * What is stored of executions of workflows beside the records of their actions: what their activities have come to, what they await, and whom they
 * wait for.
 *
 * @since 0.1.0
 */
import type { ActionStatus } from "./domain/Phase.ts"

/**
 * What an activity of an execution has come to.
 *
 * @category models
 * @since 0.1.0
 */
export interface ActivityRecord {
  /** As the program names it; what is too long or cannot be stored has a digest in its place, behind `~#`. */
  readonly name: string
  /** From 1 on; further ones are those of `Activity.retry`. */
  readonly attemptNumber: number
  readonly status: "succeeded" | "failed"
  /** With what it has failed, in words. */
  readonly message: string | undefined
  /** What of it is for everybody who looks on, where that is not the message: the tag of a declared error, as its message is for who may read payloads. */
  readonly openMessage?: string
  readonly endedAt: Date
}

/**
 * A deferred of an execution: one that it awaits where it is suspended, or that is done.
 *
 * @category models
 * @since 0.1.0
 */
export interface DeferredRecord {
  /** `race`: what the first of several effects has come to (`raceAll`). `queue`: what has become of an element of a `DurableQueue`. */
  readonly kind: "deferred" | "race" | "queue"
  /** As the program names it; of an element, its queue's name and its id. */
  readonly name: string
  readonly status: "awaited" | "succeeded" | "failed"
  /** With what it was failed, in words. */
  readonly message: string | undefined
  /** What of it is for everybody who looks on, where that is not the message. */
  readonly openMessage?: string
  /** Since when it is awaited, where it is. */
  readonly awaitedSince: Date | undefined
  /** When it was done, if it was. */
  readonly doneAt: Date | undefined
}

/**
 * A clock of an execution.
 *
 * @category models
 * @since 0.1.0
 */
export interface ClockRecord {
  /** As the program names it. */
  readonly name: string
  /** When it rings, or has rung. */
  readonly ringsAt: Date
  /** Since when it is awaited, where it is. */
  readonly awaitedSince: Date | undefined
}

/**
 * An execution that another one waits for, or has waited for.
 *
 * @category models
 * @since 0.1.0
 */
export interface ExecutionChild {
  /** Of its action, as the rest is. */
  readonly id: string
  readonly actorType: string
  readonly actorId: string
  readonly name: string
  /** None where that has not ended. */
  readonly status: ActionStatus | undefined
}

/**
 * What has become of an execution of a workflow.
 *
 * **Details**
 *
 * Its action's record says the rest: how it has ended, or why it is to be resumed (`lastFailure`). Deferreds that nobody has done are known of one
 * that is suspended, 100 of them at most; what a body awaits that runs just now nobody has stored.
 *
 * @category models
 * @since 0.1.0
 */
export interface ExecutionRecord {
  /** Id of its action. */
  readonly action: string
  /** The workflow's name; of a long one its beginning. */
  readonly workflow: string
  /** Since when it is suspended, where it is. */
  readonly suspendedAt: Date | undefined
  /** When somebody has asked for its interruption. */
  readonly interruptedAt: Date | undefined
  /** In the order in which they have ended. */
  readonly activities: ReadonlyArray<ActivityRecord>
  /** Those that are done in their order, and then those that are awaited. */
  readonly deferreds: ReadonlyArray<DeferredRecord>
  /** In the order in which they ring. */
  readonly clocks: ReadonlyArray<ClockRecord>
  /** In the order in which they were enqueued. */
  readonly children: ReadonlyArray<ExecutionChild>
  /** Of activities, of what was sent, or of children there are more than the last 1,000, which these are. */
  readonly hasMore: boolean
}
