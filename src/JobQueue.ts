/**
 * The queue: what is to be done next, now or later.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { DefinitionRecord, WorkerRecord } from "./Catalogue.ts"
import { laneShown } from "./domain/Key.ts"
import { isActionId, priorityLimits } from "./domain/Phase.ts"
import type { OperatorOptions, OperatorVerb, QueueResult } from "./Operation.ts"
import type { Pause, PauseOptions } from "./Pause.ts"
import { AmbiguousWorker, InvalidQuery, type StorageError, UnknownWorker } from "./SteppedError.ts"
import { canBeStored, limitOf, operationOf, pauseOptionsOf, textOf, timeOf } from "./store/asked.ts"
import { Store } from "./store/Store.ts"
import { ofQueue, strictly } from "./store/strictly.ts"
import { UserTime } from "./store/UserTime.ts"

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
  /** Jobs that a worker may take now, also those with nothing beside them that have died with their workers before, and those whose time has come. */
  readonly due: number
  /** Jobs whose time is still to come: retries and delays. */
  readonly later: number
  /** Invocations that a worker holds while `before` or an effectful key runs. */
  readonly held: number
  /** Children that wait until an elder sibling, whose lane may be theirs, has joined it; `queued` says of each for which one. */
  readonly waiting: number
  /** The oldest of these elders, where there are any: nothing of its younger ones begins before it. */
  readonly waitsFor: string | undefined
  /** Invocations that a claim has left since they are paused; others of a paused queue are among those that are due. */
  readonly paused: number
  /** Why none of its invocations begins, where that is so. */
  readonly pause: Pause | undefined
  /** How many of all these were cancelled before a worker took them: one that has the definition ends them. */
  readonly cancelled: number
  /** Since when the one is due that waits longest of those that are: since its enqueueing, or since its time. Nothing, where none is due. */
  readonly oldestDueAt: Date | undefined
  /** When the oldest of all these was enqueued, due or not. */
  readonly oldestEnqueuedAt: Date
  /** When this was read. */
  readonly readAt: Date
}

/**
 * An invocation that no worker has taken yet, or that one prepares.
 *
 * @category models
 * @since 0.1.0
 */
export interface QueuedInvocation {
  readonly action: string
  /** Where it stands in the order of arrival: who comes later has a higher one. */
  readonly place: number
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
  /** Who takes turns with others, by the action's `fairBy`. */
  readonly tenant: string | undefined
  /** It cannot start any more: a worker that has its definition ends it as cancelled. */
  readonly cancelled: boolean
  /** The elder sibling without which it does not join its lane, where it waits for one. */
  readonly waitsFor: string | undefined
  /** Why it does not begin, where its queue or its definition is paused, or everything is. */
  readonly pause: Pause | undefined
  readonly enqueuedAt: Date
}

/**
 * Which of the invocations that wait are asked for.
 *
 * @category models
 * @since 0.1.0
 */
export interface QueuedOptions {
  /** Behind the one at this `place`: the last one of the page before. */
  readonly after?: number | undefined
  /** At most so many: 100 if not given, 10,000 at most. */
  readonly limit?: number | undefined
}

/**
 * What of the queue is paused: everything, a queue, or a definition.
 *
 * @category models
 * @since 0.1.0
 */
export type PauseTarget = "everything" | { readonly queue: string } | {
  readonly actorType: string
  readonly name: string
}

/**
 * Which definitions are asked for.
 *
 * @category models
 * @since 0.1.0
 */
export interface DefinitionFilter {
  readonly actorType?: string | undefined
  readonly name?: string | undefined
  /** Only those that a worker has that runs now. */
  readonly current?: boolean | undefined
  /** Of each definition one version: the newest of those that a worker has that runs now, or, where none has it, of all. */
  readonly newest?: boolean | undefined
  /** Behind this version: the last one of the page before, which may have gone. */
  readonly after?: Pick<DefinitionRecord, "actorType" | "name" | "hash" | "firstSeen"> | undefined
  /** At most so many: 100 if not given, 10,000 at most. */
  readonly limit?: number | undefined
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
  /** Invocations that wait, in order of arrival. */
  readonly queued: (
    options?: QueuedOptions
  ) => Effect.Effect<ReadonlyArray<QueuedInvocation>, StorageError | InvalidQuery>
  /** What waits, by queue and definition. */
  readonly backlog: Effect.Effect<ReadonlyArray<Backlog>, StorageError>
  /**
   * Says how urgent an action is that waits in its queue: a whole number from -100, which comes first, to 100. It stands there behind
   * those of that priority that were enqueued before it; one that is delayed, paused, or tried again has it when it comes back.
   */
  readonly reprioritise: (
    action: string,
    priority: number,
    options?: OperatorOptions
  ) => Effect.Effect<QueueResult, StorageError | InvalidQuery>
  /**
   * Says when an action is to start that waits in its queue, delayed or not; a time that has passed is now. Of one that has begun it says when what has
   * failed is tried again: a step, a job, a compensation, a callback. It holds within a `pollInterval`.
   *
   * **Details**
   *
   * In a superseding lane one that is due later is the newer one, as with `delay`. For what waits for children, times or signals there is `ActionRepo.tryStepAgain`.
   */
  readonly reschedule: (
    action: string,
    at: Date,
    options?: OperatorOptions
  ) => Effect.Effect<QueueResult, StorageError | InvalidQuery>
  /**
   * Begins nothing new of a queue, of a definition, or at all; gives whether this call has paused it. One that is paused already keeps its
   * reason.
   *
   * **Details**
   *
   * Invocations wait in the queue, children too; what has begun goes on, with its steps, callbacks and tries, and what is pending in a lane
   * stays so. It holds for every worker, from its next claim on.
   */
  readonly pause: (
    target: PauseTarget,
    options: PauseOptions
  ) => Effect.Effect<boolean, StorageError | InvalidQuery>
  /** Goes on with what was paused, within a `pollInterval`; gives whether it was. What is paused by something else as well, stays so. */
  readonly resume: (
    target: PauseTarget,
    options?: OperatorOptions
  ) => Effect.Effect<boolean, StorageError | InvalidQuery>
  /** All pauses, those of lanes too, the oldest first; at most 10,000. */
  readonly pauses: Effect.Effect<ReadonlyArray<Pause>, StorageError>
  /** The workers that run, or have stopped without a word and are not taken over yet, in the order of their start; at most 10,000. */
  readonly workers: Effect.Effect<ReadonlyArray<WorkerRecord>, StorageError>
  /**
   * Asks a worker to take nothing new, to finish what it has in hand within its grace period, and to stop, as on SIGTERM: by its `name`, or its `id`. It sees that
   * when it renews its lease, three times in the lease's length; `workers` says since when it is draining, until it is gone. `draining`: somebody has asked before.
   *
   * **Gotchas**
   *
   * What is drained is a `Stepped.worker`; its program may go on without (`onDrained`). A process that performs for its callers alone (`…Now`) takes nothing, and
   * goes on. What starts an ended process again, a Deployment or systemd's `Restart=always`, starts a drained `stepped worker` again at once, under a name of its own, and that takes
   * work: tell it first that there are to be fewer. A worker of a version without this does not read it, and goes on. A worker that loses its lease before it has seen this goes on under another one. Of an embedded database the process has to be stopped.
   */
  readonly drain: (
    worker: string,
    options?: OperatorOptions
  ) => Effect.Effect<"done" | "draining", StorageError | InvalidQuery | UnknownWorker | AmbiguousWorker>
  /**
   * The definitions that workers have had, in the order of their names, in each of their versions, the newest first. A worker says what it has some seconds after its
   * start, so that one that lives shorter leaves nothing.
   */
  readonly definitions: (
    filter?: DefinitionFilter
  ) => Effect.Effect<ReadonlyArray<DefinitionRecord>, StorageError | InvalidQuery>
}>()("stepped/JobQueue") {
  /** The queue of the engine's storage. */
  static readonly layer: Layer.Layer<JobQueue, never, Store | UserTime> = Layer.effect(
    JobQueue,
    Effect.zipWith(Store, UserTime, (store, { now }) =>
      JobQueue.of(strictly("JobQueue", ofQueue, {
        queued: ({ after = 0, limit } = {}) =>
          Effect.gen(function*() {
            const most = yield* limitOf("limit of JobQueue.queued", limit)
            if (!Number.isSafeInteger(after)) {
              return yield* new InvalidQuery({
                field: "after of JobQueue.queued",
                value: String(after),
                takes: "the place of an invocation"
              })
            }
            return yield* Effect.zipWith(store.queued(most, after), store.pauses, withPauses)
          }),
        backlog: Effect.zipWith(
          Effect.flatMap(now, store.backlog),
          store.pauses,
          withPauses
        ),
        reprioritise: (action, priority, options) =>
          Effect.gen(function*() {
            const { least, most } = priorityLimits
            if (!Number.isInteger(priority) || priority < least || priority > most) {
              return yield* new InvalidQuery({
                field: "priority of JobQueue.reprioritise",
                value: String(priority),
                takes: `a whole number from ${least}, which comes first, to ${most}`
              })
            }
            const operation = yield* operationOf(now, "JobQueue.reprioritise", action, options)
            return isActionId(action) ? yield* store.reprioritise(action, priority, operation) : "none"
          }),
        reschedule: (action, at, options) =>
          Effect.gen(function*() {
            const due = yield* timeOf("at of JobQueue.reschedule", at)
            const operation = yield* operationOf(now, "JobQueue.reschedule", action, options)
            return isActionId(action) ? yield* store.reschedule(action, due, operation) : "none"
          }),
        pause: (target, options) =>
          Effect.gen(function*() {
            const of = yield* targetOf("JobQueue.pause", target)
            const why = yield* pauseOptionsOf("JobQueue.pause", options)
            return yield* store.pause({ ...of, ...why }, yield* operationOf(now, "JobQueue.pause", recordedOf(of), why))
          }),
        resume: (target, options) =>
          Effect.gen(function*() {
            const of = yield* targetOf("JobQueue.resume", target)
            const operation = yield* operationOf(now, "JobQueue.resume", recordedOf(of), options)
            return yield* store.resume(of.kind, of.subject, operation)
          }),
        pauses: Effect.map(
          store.pauses,
          (pauses) => pauses.map((pause) => ({ ...pause, subject: laneShown(pause.subject) }))
        ),
        workers: store.workers,
        drain: (worker, options) =>
          Effect.gen(function*() {
            const name = yield* textOf("worker of JobQueue.drain", worker, 100)
            const operation = yield* operationOf(now, "JobQueue.drain", `worker ${name}`, options)
            const { became, ids } = yield* store.drainWorker(name, operation)
            if (became === "done" || became === "draining") return became
            return yield* became === "ambiguous"
              ? new AmbiguousWorker({ worker: name, ids })
              : new UnknownWorker({ worker: name, reason: became })
          }),
        definitions: ({ limit, ...filter } = {}) =>
          Effect.gen(function*() {
            const most = yield* limitOf("limit of JobQueue.definitions", limit)
            if (filter.after !== undefined) yield* versionOf("after of JobQueue.definitions", filter.after)
            const texts = [filter.actorType, filter.name]
            return texts.every((text) => text === undefined || canBeStored(text))
              ? yield* store.definitions(filter, most)
              : []
          })
      })))
  )
}

const targetOf = (
  verb: OperatorVerb,
  target: PauseTarget
): Effect.Effect<Pick<Pause, "kind" | "subject">, InvalidQuery> => {
  if (target === "everything") return Effect.succeed({ kind: "everything", subject: "" })
  const subject = "queue" in target ? target.queue : `${target.actorType}/${target.name}`
  return canBeStored(subject) && subject.length > 0 && subject.length <= 201
    ? Effect.succeed({ kind: "queue" in target ? "queue" : "definition", subject })
    : Effect.fail(
      new InvalidQuery({
        field: `target of ${verb}`,
        value: JSON.stringify(subject.slice(0, 100)),
        takes: "\"everything\", a queue's name, or an actor's type and an action's name"
      })
    )
}

/** A version that a list goes on behind. */
const versionOf = (
  field: string,
  { actorType, firstSeen, hash, name }: NonNullable<DefinitionFilter["after"]>
): Effect.Effect<void, InvalidQuery> =>
  [actorType, name, hash].every(canBeStored)
    ? Effect.asVoid(timeOf(`firstSeen of ${field}`, firstSeen))
    : Effect.fail(
      new InvalidQuery({
        field,
        value: JSON.stringify([actorType, name, hash].join(" ").slice(0, 100)),
        takes: "a version of a definition: its actorType, name, hash, and when it was first seen"
      })
    )

const recordedOf = ({ kind, subject }: Pick<Pause, "kind" | "subject">): string =>
  kind === "everything" ? kind : `${kind} ${subject}`

/** With why each of them does not begin. */
const withPauses = <A extends { readonly queue: string; readonly actorType: string; readonly name: string }>(
  records: ReadonlyArray<A>,
  pauses: ReadonlyArray<Pause>
): ReadonlyArray<A & { readonly pause: Pause | undefined }> =>
  records.map((record) => ({
    ...record,
    pause: pauses.find(({ kind, subject }) =>
      kind === "everything" ||
      (kind === "queue" && subject === record.queue) ||
      (kind === "definition" && subject === `${record.actorType}/${record.name}`)
    )
  }))
