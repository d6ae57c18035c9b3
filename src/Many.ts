/**
 * What operators do with many actions at once: a plan first, then an action of the engine's own that does it, one by one.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type { AnyAction } from "./Action.ts"
import type { ActionHandle } from "./ActionHandle.ts"
import type { ActionFilter, ActionRecord } from "./ActionRecord.ts"
import type { ActorRef } from "./Actor.ts"
import { statuses } from "./domain/Phase.ts"
import { Engine } from "./Engine.ts"
import type { EnqueueError, InvalidActorId, InvalidQuery, StorageError } from "./SteppedError.ts"

// -------------------------------------------------------------------------------------------------------------------
// models
// -------------------------------------------------------------------------------------------------------------------

/**
 * What is to be done with each of them: the service and its verb, with what that takes beside `by` and `reason`.
 *
 * **Details**
 *
 * A verb about a step is for the one that is held, is to begin again, or waits, or for the last one of that name. Whom the verb does not fit is left
 * as it is, and counted by the reason.
 *
 * @category models
 * @since 0.1.0
 */
export type ManyVerb =
  | {
    readonly verb: "Stepped.cancel"
    /** Whether what their steps have done is undone: yes, if not given. */
    readonly compensate?: boolean
  }
  | {
    readonly verb: "ActionRepo.retry"
    /** With the parents that have failed because of it, and of nothing else. */
    readonly upwards?: boolean
    /** The name of a step that each begins with, though that has succeeded; not beside `upwards`. */
    readonly from?: string
  }
  | {
    readonly verb: "ActionRepo.tryStepAgain" | "ActionRepo.skipStep" | "ActionRepo.failStep"
    readonly step?: string
  }
  | { readonly verb: "ActionRepo.abandonUnwinding" | "ActionRepo.compensateAgain" | "ActionRepo.delete" }
  | { readonly verb: "ActionRepo.resumeExecution" | "ActionRepo.interruptExecution" }
  | {
    readonly verb: "JobQueue.reprioritise"
    /** From -100, which comes first, to 100. */
    readonly priority: number
  }
  | {
    readonly verb: "JobQueue.reschedule"
    /** A time that has passed is now. */
    readonly at: Date
  }

/**
 * Which actions are meant: those for which all of it holds. It has to say something.
 *
 * **Details**
 *
 * `failure` is a group of failures (`ActionRepo.failures`), among the 20,000 that have failed last before the plan was made.
 *
 * @category models
 * @since 0.1.0
 */
export interface ManyFilter extends Omit<ActionFilter, "limit" | "after" | "brief"> {
  /** Of whom; in place of `actorType` and `actorId`. */
  readonly actor?: ActorRef | undefined
  /** Of this name; in place of `name`. */
  readonly action?: AnyAction | undefined
}

/**
 * How it is done.
 *
 * @category models
 * @since 0.1.0
 */
export interface ManyOptions {
  /** Why: 1 to 1,000 characters, for the record of each of them. */
  readonly reason: string
  /** Who does it: 1 to 100 characters. The user and host of the process, if not given. */
  readonly by?: string | undefined
  /** At most so many actions a second, by the `Clock`: 10,000 at most, and less than one, too; as fast as it goes, if not given. */
  readonly rate?: number | undefined
  /** How many are looked for at a time: 100 if not given, 1,000 at most. */
  readonly batch?: number | undefined
}

/**
 * How many there are of one definition in one status.
 *
 * @category models
 * @since 0.1.0
 */
export interface ManyGroup {
  readonly actorType: string
  readonly name: string
  readonly status: ActionRecord["status"]
  readonly count: number
}

/**
 * How many have come to what.
 *
 * @category models
 * @since 0.1.0
 */
export interface ManyOutcome {
  /** The name that the verb answers with. */
  readonly outcome: string
  readonly count: number
  /** Ids of five of them at most, the first ones. */
  readonly samples: ReadonlyArray<string>
}

/**
 * What has come of it.
 *
 * @category models
 * @since 0.1.0
 */
export interface ManySummary {
  /** With how many it was done. */
  readonly done: number
  /** Which ones were left as they are, by the reason: the name that the verb answers with, or `noStep`, where no step is held or waits, `busy`, where somebody has had it locked, `failed`, where the database has refused it (the log says why). The most frequent one first. */
  readonly refused: ReadonlyArray<ManyOutcome>
  /** How many had gone on when it was their turn: they had ended, how they end was decided (`over`), or they were not stored any more (`none`). */
  readonly gone: number
}

/**
 * What a plan is known by in every process: the same filter and verb with it is the same plan. It is given back as it was, and may be JSON on the way.
 *
 * @category models
 * @since 0.1.0
 */
export interface ManyPlanKey {
  /** The id of the plan. */
  readonly id: string
  /** When it was made, in ms of user time. */
  readonly at: number
  /** Of a group of failures: when the first of those had ended that it was looked for among, in ms of user time; none where those were all. */
  readonly failedSince?: number
  /** How many were meant when it was made, as far as they were counted: it is told how far that is of so many. A plan that is made again is the same one, however many there are by then. */
  readonly count?: number
}

/**
 * What would be done, and the way to have it done.
 *
 * @category models
 * @since 0.1.0
 */
export interface ManyPlan {
  /** The id that the action has which does it; what comes after it in time is not meant. */
  readonly id: string
  /** By which another process makes the same plan again. */
  readonly key: ManyPlanKey
  readonly verb: ManyVerb
  /** How many are meant, 10,000 at most: where there are more, `hasMore`, and all of them are meant. */
  readonly count: number
  readonly hasMore: boolean
  /** Those that were counted, by definition and status, the most first. */
  readonly groups: ReadonlyArray<ManyGroup>
  /** The newest five of them. */
  readonly samples: ReadonlyArray<ActionRecord>
  /** Has it done by an action of the engine's own, once, however often it is asked for; gives its handle. */
  readonly start: (
    options: ManyOptions
  ) => Effect.Effect<ActionHandle<ManySummary>, EnqueueError | InvalidQuery | StorageError>
  /** The same in the calling fiber, where no worker is. */
  readonly startNow: (options: ManyOptions) => Effect.Effect<ActionHandle<ManySummary>, EnqueueError | InvalidQuery>
}

// -------------------------------------------------------------------------------------------------------------------
// as it is stored
// -------------------------------------------------------------------------------------------------------------------

/**
 * A verb for many, as an argument.
 *
 * @internal
 */
export const ManyVerbSchema = Schema.Union([
  Schema.Struct({ verb: Schema.Literal("Stepped.cancel"), compensate: Schema.optionalKey(Schema.Boolean) }),
  Schema.Struct({
    verb: Schema.Literal("ActionRepo.retry"),
    upwards: Schema.optionalKey(Schema.Boolean),
    from: Schema.optionalKey(Schema.String)
  }),
  Schema.Struct({
    verb: Schema.Literals(["ActionRepo.tryStepAgain", "ActionRepo.skipStep", "ActionRepo.failStep"]),
    step: Schema.optionalKey(Schema.String)
  }),
  Schema.Struct({
    verb: Schema.Literals(["ActionRepo.abandonUnwinding", "ActionRepo.compensateAgain", "ActionRepo.delete"])
  }),
  Schema.Struct({ verb: Schema.Literals(["ActionRepo.resumeExecution", "ActionRepo.interruptExecution"]) }),
  Schema.Struct({ verb: Schema.Literal("JobQueue.reprioritise"), priority: Schema.Number }),
  Schema.Struct({ verb: Schema.Literal("JobQueue.reschedule"), at: Schema.Date })
])

/**
 * What is asked of many, as an argument: the condition, and until when it was asked.
 *
 * @internal
 */
export const ManyAsked = Schema.Struct({
  /** The id of the first action that does it: what is recorded is recorded with it, also where that is retried. */
  id: Schema.String,
  /** When the plan was made, in ms of user time. */
  at: Schema.Number,
  /** How many there were then, as far as they were counted. */
  count: Schema.Number,
  verb: ManyVerbSchema,
  filter: Schema.Struct({
    actorType: Schema.optional(Schema.String),
    actorId: Schema.optional(Schema.String),
    name: Schema.optional(Schema.String),
    statuses: Schema.optional(Schema.Array(Schema.Literals(["queued", ...statuses]))),
    roots: Schema.optional(Schema.Boolean),
    parent: Schema.optional(Schema.String),
    tag: Schema.optional(Schema.String),
    since: Schema.optional(Schema.Date),
    before: Schema.optional(Schema.Date),
    startedBy: Schema.optional(Schema.String),
    retryOf: Schema.optional(Schema.String),
    callbacksFailed: Schema.optional(Schema.Boolean),
    held: Schema.optional(Schema.Boolean),
    toResume: Schema.optional(Schema.Boolean),
    notUndone: Schema.optional(Schema.Boolean),
    failure: Schema.optional(Schema.String)
  }),
  /** Of a group of failures: when the first of those had ended that it was looked for among, in ms of user time; none where those were all. */
  failedSince: Schema.optionalKey(Schema.Number),
  by: Schema.String,
  reason: Schema.String,
  rate: Schema.optionalKey(Schema.Number),
  batch: Schema.Number
})

/**
 * What has come of it, as a result.
 *
 * @internal
 */
export const ManySummarySchema = Schema.Struct({
  done: Schema.Number,
  refused: Schema.Array(
    Schema.Struct({ outcome: Schema.String, count: Schema.Number, samples: Schema.Array(Schema.String) })
  ),
  gone: Schema.Number
})

// -------------------------------------------------------------------------------------------------------------------
// operators
// -------------------------------------------------------------------------------------------------------------------

/**
 * Plans what is to be done with many actions: how many there are and which, before anything is done. `start` of the plan has it done.
 *
 * **Details**
 *
 * What does it is an action of the engine's own, `forMany` of the actor `Stepped`, in the queue `stepped`, which workers serve that are not restricted to others. It
 * looks for what is meant batch by batch, newest first, asks for the verb on one after the other, each in a transaction of its own that records it
 * (`ActionRepo.operations` with `through`), and gives a {@link ManySummary}. It goes on after a crash where it was, and asks nothing of anyone a second time; it is stopped by cancelling
 * it, by its id or its handle, and `ActionRepo.retry` of that id goes on with the rest. `Step.progress` says how far it is: `{ asked, of }`.
 *
 * What counts is the condition, when the turn comes: what does not fit it any more is not asked. What was enqueued after the plan is not meant, by the time in its id, nor is what
 * the engine itself performs, unless the filter names its actor type.
 *
 * A plan that was made in another process is made again with its `key`, and started once, wherever that is asked for.
 *
 * **Example** (What has failed in a night)
 *
 * ```ts
 * import { Effect } from "effect"
 * import { Stepped } from "stepped"
 *
 * const retryAll = Effect.fn(function*(since: Date, by: string) {
 *   const plan = yield* Stepped.forMany({ tag: "nightly", statuses: ["failed"], since }, { verb: "ActionRepo.retry" })
 *   yield* Effect.log(`${plan.count}${plan.hasMore ? " or more" : ""}, such as ${plan.samples[0]?.id}`)
 *   const handle = yield* plan.start({ by, reason: "the bank is back", rate: 50 })
 *   const { done, gone, refused } = yield* handle.await
 *   yield* Effect.log(`done ${done}, gone on ${gone}, refused ${refused.length}`)
 * })
 * ```
 *
 * @category operators
 * @since 0.1.0
 */
export const forMany = (
  filter: ManyFilter,
  verb: ManyVerb,
  key?: ManyPlanKey
): Effect.Effect<ManyPlan, StorageError | InvalidQuery | InvalidActorId, Engine> =>
  Effect.flatMap(Engine, (engine) => engine.forMany(filter, verb, key))
