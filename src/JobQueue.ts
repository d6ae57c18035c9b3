/**
 * The queue: what is to be done next, now or later.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type { StorageError } from "./SteppedError.ts"

/**
 * What waits in the queue, by definition.
 *
 * @category models
 * @since 0.1.0
 */
export interface Backlog {
  readonly queue: string
  readonly actorType: string
  readonly name: string
  /** Jobs that a worker may take now. */
  readonly due: number
  /** Jobs that wait for their time: retries and delays. */
  readonly later: number
  /** Invocations that a worker holds while `before` or an effectful key runs. */
  readonly held: number
  /** Children that wait until an elder sibling, whose lane may be theirs, has joined it; `queued` says which one. */
  readonly waiting: number
  /** How many of all these were cancelled before a worker took them: one that has the definition ends them. */
  readonly cancelled: number
  readonly oldestEnqueuedAt: Date
}

/**
 * An invocation that no worker has taken yet, or that one prepares.
 *
 * @category models
 * @since 0.1.0
 */
export interface QueuedInvocation {
  readonly action: string
  readonly actorType: string
  readonly actorId: string
  readonly name: string
  /** The arguments as JSON. */
  readonly arguments: unknown
  readonly queue: string
  /** It cannot start any more: a worker that has its definition ends it as cancelled. */
  readonly cancelled: boolean
  /** The elder sibling without which it does not join its lane, where it waits for one. */
  readonly waitsFor: string | undefined
  readonly enqueuedAt: Date
}

/**
 * The jobs table: `FOR UPDATE SKIP LOCKED` claims, in order of arrival within a queue.
 *
 * **Details**
 *
 * Jobs of definitions that no worker has stay queued; `backlog` shows them.
 *
 * @category services
 * @since 0.1.0
 */
export class JobQueue extends Context.Service<JobQueue, {
  /** Invocations that wait, in order of arrival, at most `limit`. */
  readonly queued: (limit: number) => Effect.Effect<ReadonlyArray<QueuedInvocation>, StorageError>
  /** What waits, by queue and definition. */
  readonly backlog: Effect.Effect<ReadonlyArray<Backlog>, StorageError>
  /** User time, in ms, of the next wait or retry and of the next timeout. */
  readonly nextDue: Effect.Effect<
    { readonly wait: number | undefined; readonly timeout: number | undefined },
    StorageError
  >
}>()("stepped/JobQueue") {}
