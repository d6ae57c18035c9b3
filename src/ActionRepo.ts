/**
 * Actions, their steps, and who waits on whom: what exists, what happened, what waits.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type * as Option from "effect/Option"
import type { StepKind } from "./Action.ts"
import type { ActionStatus } from "./ActionHandle.ts"
import type { StorageError } from "./SteppedError.ts"

/**
 * Why an action did not succeed, as it is stored.
 *
 * @category models
 * @since 0.1.0
 */
export interface FailureCause {
  readonly kind:
    | "failure"
    | "defect"
    | "child"
    | "marked"
    | "cancelled"
    | "timed_out"
    | "deadlocked"
    | "incompatible"
    | "exhausted"
  /** Where in the tree: `visit Car/1 › move › changeLocation Car/1`. */
  readonly path: string
  /** What: `NoParking at London`. */
  readonly message: string
  /** The typed error as JSON, encoded with the schema of the action that declared it. */
  readonly error?: unknown
  /** Whether `error` is one of the action's own, declared ones. */
  readonly own?: boolean
  /** The cause as Effect prints it. */
  readonly pretty?: string
}

/**
 * A stored action.
 *
 * @category models
 * @since 0.1.0
 */
export interface ActionRecord {
  readonly id: string
  readonly actorType: string
  /** The actor's id as text. */
  readonly actorId: string
  readonly name: string
  /** The arguments as JSON. */
  readonly arguments: unknown
  readonly status: ActionStatus
  /** Whether the action is live and somebody outside completes it. */
  readonly outbound: boolean
  readonly queue: string
  readonly lane: string
  readonly checksumKey: string
  readonly checksum: string | undefined
  /** Id of the parent and index of its step; none for a root. */
  readonly parent: string | undefined
  readonly parentStep: number | undefined
  readonly depth: number
  readonly attempts: number
  /** The result as JSON. */
  readonly result: unknown
  /** Why it did not succeed; none for one that timed out, was superseded or was cancelled from outside without a word. */
  readonly cause: FailureCause | undefined
  readonly supersededBy: string | undefined
  readonly callbacksSucceeded: number
  readonly callbacksFailed: number
  readonly enqueuedAt: Date
  readonly startedAt: Date | undefined
  readonly endedAt: Date | undefined
}

/**
 * A step of an action: it exists from its start on.
 *
 * @category models
 * @since 0.1.0
 */
export interface StepRecord {
  readonly action: string
  readonly index: number
  readonly name: string
  readonly kind: StepKind
  readonly status: "pending" | "performing" | "succeeded" | "failed" | "cancelled"
  readonly startedAt: Date
  readonly endedAt: Date | undefined
}

/**
 * One thing that a step waits for: a child action or a time.
 *
 * @category models
 * @since 0.1.0
 */
export interface SlotRecord {
  readonly action: string
  readonly step: number
  readonly slot: number
  /** Id of the action that settles the slot; a newcomer's where the child was superseded, another's where it joined. */
  readonly child: string | undefined
  /** What was asked for. */
  readonly actorType: string | undefined
  readonly actorId: string | undefined
  readonly name: string | undefined
  /** When a wait is over. */
  readonly dueAt: Date | undefined
  /** How it was settled; none while it is open. */
  readonly status: ActionStatus | undefined
}

/**
 * An action with its steps and their slots, and the actions in them.
 *
 * @category models
 * @since 0.1.0
 */
export interface ActionTree {
  readonly action: ActionRecord
  readonly steps: ReadonlyArray<
    StepRecord & {
      readonly slots: ReadonlyArray<SlotRecord & { readonly tree: ActionTree | undefined }>
    }
  >
}

/**
 * What to list.
 *
 * @category models
 * @since 0.1.0
 */
export interface ActionFilter {
  readonly actorType?: string
  readonly actorId?: string
  readonly name?: string
  readonly statuses?: ReadonlyArray<ActionStatus>
  /** Only actions without a parent. */
  readonly roots?: boolean
  /** Only ended actions of which a callback failed, for good: what it was to do was not done. */
  readonly callbacksFailed?: boolean
  /** At most so many, newest first; 100 if not given, 10,000 at most. They come with arguments and results: fewer where those are large. */
  readonly limit?: number
}

/**
 * The stored actions, live and ended.
 *
 * @category services
 * @since 0.1.0
 */
export class ActionRepo extends Context.Service<ActionRepo, {
  readonly find: (id: string) => Effect.Effect<Option.Option<ActionRecord>, StorageError>
  readonly list: (filter?: ActionFilter) => Effect.Effect<ReadonlyArray<ActionRecord>, StorageError>
  /** The steps of an action in the order in which they started. */
  readonly steps: (action: string) => Effect.Effect<ReadonlyArray<StepRecord>, StorageError>
  /** What the steps of an action wait or waited for. */
  readonly slots: (action: string) => Effect.Effect<ReadonlyArray<SlotRecord>, StorageError>
  /** An action and everything below it, at most `limit` actions (1,000 if not given). */
  readonly tree: (id: string, limit?: number) => Effect.Effect<Option.Option<ActionTree>, StorageError>
  /**
   * Deletes ended actions with their steps, oldest first, at most `limit` (10,000 if not given); gives how many.
   *
   * **Gotchas**
   *
   * Keeps what ended after the oldest live action was enqueued, since that may still read it: an action that is performing for a year
   * holds a year of history.
   */
  readonly deleteEnded: (
    options: { readonly before: Date; readonly limit?: number }
  ) => Effect.Effect<number, StorageError>
}>()("stepped/ActionRepo") {}
