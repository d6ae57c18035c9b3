/**
 * The queue: what is to be done next, now or later.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { InvalidQuery, StorageError } from "./SteppedError.ts"
import { canBeStored, limitOf, timeOf } from "./store/asked.ts"
import { Store } from "./store/Store.ts"

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
  /** What it was enqueued with: the lower, the sooner. */
  readonly priority: number
  /** Before when it does not start: of one that is delayed, or tried again. */
  readonly dueAt: Date | undefined
  readonly tags: ReadonlyArray<string>
  /** It cannot start any more: a worker that has its definition ends it as cancelled. */
  readonly cancelled: boolean
  /** The elder sibling without which it does not join its lane, where it waits for one. */
  readonly waitsFor: string | undefined
  readonly enqueuedAt: Date
}

/**
 * Jobs that wait and are not for a worker: for another one, or for nobody.
 *
 * @category models
 * @since 0.1.0
 */
export interface Neglected {
  readonly queue: string
  readonly actorType: string
  readonly name: string
  readonly oldestEnqueuedAt: Date
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
  /** Invocations that wait, in order of arrival, at most `limit` (100 if not given, 10,000 at most). */
  readonly queued: (limit?: number) => Effect.Effect<ReadonlyArray<QueuedInvocation>, StorageError | InvalidQuery>
  /** What waits, by queue and definition. */
  readonly backlog: Effect.Effect<ReadonlyArray<Backlog>, StorageError>
  /** User time, in ms, of the next wait or retry and of the next timeout. */
  readonly nextDue: Effect.Effect<
    { readonly wait: number | undefined; readonly timeout: number | undefined },
    StorageError
  >
  /** Due jobs that are not for whoever takes these, as far as they are among the first of their queues, or have just become due. */
  readonly neglected: (options: {
    readonly now: Date
    readonly queues: ReadonlyArray<string>
    /** The actor's type and the action's name: `Car/visit`. */
    readonly definitions: ReadonlyArray<string>
  }) => Effect.Effect<ReadonlyArray<Neglected>, StorageError | InvalidQuery>
}>()("stepped/JobQueue") {
  /** The queue of the engine's storage. */
  static readonly layer: Layer.Layer<JobQueue, never, Store> = Layer.effect(
    JobQueue,
    Effect.map(Store, (store) =>
      JobQueue.of({
        queued: (limit) => Effect.flatMap(limitOf("limit of JobQueue.queued", limit), store.queued),
        backlog: store.backlog,
        nextDue: store.nextDue,
        neglected: ({ definitions, now, queues }) =>
          Effect.flatMap(
            timeOf("now of JobQueue.neglected", now),
            (at) => store.neglected(at, queues.filter(canBeStored), definitions.filter(canBeStored))
          )
      }))
  )
}
