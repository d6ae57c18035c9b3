/**
 * What operators do, and what is recorded of it.
 *
 * @since 0.1.0
 */
/**
 * What operators can ask for: the service and its verb.
 *
 * @category models
 * @since 0.1.0
 */
export type OperatorVerb = typeof operatorVerbs[number]

/**
 * All of them, in the order of their services.
 *
 * @category models
 * @since 0.1.0
 */
export const operatorVerbs = [
  "ActionRepo.tryStepAgain",
  "ActionRepo.skipStep",
  "ActionRepo.completeStep",
  "ActionRepo.failStep",
  "ActionRepo.abandonUnwinding",
  "ActionRepo.compensateAgain",
  "ActionRepo.retry",
  "ActionRepo.resumeExecution",
  "ActionRepo.interruptExecution",
  "ActionRepo.forget",
  "ActionRepo.delete",
  "ActionRepo.deleteEnded",
  "ActionRepo.deleteOutcomes",
  "ActionRepo.deleteOperations",
  "JobQueue.reprioritise",
  "JobQueue.reschedule",
  "JobQueue.pause",
  "JobQueue.resume",
  "JobQueue.drain",
  "PerformanceLane.pause",
  "PerformanceLane.resume",
  "AchievementStore.forget",
  "AchievementStore.forgetAll",
  "Schedules.pause",
  "Schedules.resume",
  "Schedules.run",
  "Schedules.backfill",
  "Schedules.remove",
  "Schedules.pauseAll",
  "Schedules.resumeAll",
  "Stepped.cancel",
  "Stepped.send",
  "Stepped.complete",
  "Stepped.forMany"
] as const

/**
 * Who asks for something, and why: it is recorded.
 *
 * @category models
 * @since 0.1.0
 */
export interface OperatorOptions {
  /** Who does it: 1 to 100 characters. The user and host of the process, if not given. */
  readonly by?: string | undefined
  /** Why: 1 to 1,000 characters. */
  readonly reason?: string | undefined
}

/**
 * What an operator has done, or was refused.
 *
 * @category models
 * @since 0.1.0
 */
export interface OperationRecord {
  /** A later one has a higher one. */
  readonly id: number
  readonly at: Date
  readonly by: string
  readonly verb: OperatorVerb
  /**
   * What it was asked of: the id of an action; `everything`, `queue reports`, `definition Car/visit`, `lane bays:north`; `worker` and its name; `schedule` and its name; `Car/1`, who was forgotten; an achievement's key; or what was
   * filtered by.
   */
  readonly target: string
  /** Of a verb that decides of a step: which one of the action, from 0, and which attempt of it. */
  readonly index: number | undefined
  readonly attemptNumber: number | undefined
  readonly reason: string | undefined
  /** How much it has deleted or forgotten. */
  readonly counts: Readonly<Record<string, number>> | undefined
  /** `done`, or why it has changed nothing, by the name that the verb answers with; `denied`, where the program has not let them (`ActionRepo.recordDenied`). */
  readonly outcome: string
  /** The id of the action that has asked for it of many (`Stepped.forMany`). */
  readonly through: string | undefined
}

/**
 * Which operations are asked for: those for which all of it holds.
 *
 * @category models
 * @since 0.1.0
 */
export interface OperationFilter {
  readonly verbs?: ReadonlyArray<OperatorVerb> | undefined
  /** As it is recorded. */
  readonly target?: string | undefined
  readonly by?: string | undefined
  readonly outcome?: string | undefined
  /** What this action has asked for of many. */
  readonly through?: string | undefined
  /** From then on, and before then. */
  readonly since?: Date | undefined
  readonly before?: Date | undefined
  /** At most so many: 100 if not given, 10,000 at most. */
  readonly limit?: number | undefined
  /** Older than the one with this id: the last one of the page before. */
  readonly after?: number | undefined
}

/**
 * What has come of changing how something waits.
 *
 * **Details**
 *
 * `done`: it is as it was asked for, by this call or before. All others have changed nothing. `running`: a worker has it in hand just now, or it is about to begin.
 * `begun`: it has joined its lanes, and does not wait to be tried again. `over`: it has ended, was cancelled, or how it ends is decided. `none`: no such action is stored.
 *
 * @category models
 * @since 0.1.0
 */
export type QueueResult = "done" | "running" | "begun" | "over" | "none"

/**
 * Why something of what has ended stays.
 *
 * **Details**
 *
 * `parent`: a live action reads its result. `unwinding`: what it has done is being undone, or may still be. `key`: an idempotency key that is held names it, or what it has superseded or
 * was joined by. `answer`: an answer that is kept follows it. `children`: it has left behind children that are still to be cancelled. `retry`: another action is to go on for it. `superseded`:
 * handles go by way of it to what has superseded it. `ancestor`: something above it is kept longer by its own `retention`. `live`: it has not ended. `locked`: somebody looks at it just now.
 *
 * @category models
 * @since 0.1.0
 */
export type StillRead =
  | "parent"
  | "unwinding"
  | "key"
  | "answer"
  | "children"
  | "retry"
  | "superseded"
  | "ancestor"
  | "live"
  | "locked"

/**
 * What of a tree stays, and why.
 *
 * @category models
 * @since 0.1.0
 */
export interface StillThere {
  readonly id: string
  readonly because: StillRead
}

/**
 * What has come of deleting an action with what is below it. All but `Deleted` have changed nothing.
 *
 * **Details**
 *
 * `Deleted`: so many actions are gone; of those that stay the first hundred are `kept`; with `hasMore` the tree is large, and the same call goes on with it, its root last. `Kept`: all that was
 * found is still read. `NotEnded`: it is queued or live. `None`: no such action is stored.
 *
 * @category models
 * @since 0.1.0
 */
export type DeleteResult =
  | {
    readonly _tag: "Deleted"
    readonly deleted: number
    readonly kept: ReadonlyArray<StillThere>
    readonly hasMore: boolean
  }
  | { readonly _tag: "Kept"; readonly kept: ReadonlyArray<StillThere> }
  | { readonly _tag: "NotEnded" }
  | { readonly _tag: "None" }

/**
 * Whose actions are to be forgotten: what is stored of an actor's id, as records have it.
 *
 * @category models
 * @since 0.1.0
 */
export interface ForgottenActor {
  readonly actorType: string
  /** The actor's id as text. */
  readonly actorId: string
}

/**
 * How an actor is forgotten.
 *
 * @category models
 * @since 0.1.0
 */
export interface ForgetOptions extends OperatorOptions {
  /** Only counts what would be forgotten, and what would stay, as far as it looks (`limit`): nothing is changed or recorded. */
  readonly dryRun?: boolean | undefined
  /**
   * With `dryRun`: how many are looked at, of the history the newest, of what is queued or live, and of answers the oldest, so many of each: 10,000 if not given, which takes seconds
   * at most, 100,000 at most. Where there are more the answer says `hasMore`.
   */
  readonly limit?: number | undefined
}

/**
 * What has come of forgetting an actor: what this call has forgotten, and what stays for now.
 *
 * @category models
 * @since 0.1.0
 */
export interface Forgetting {
  /** Actions of the actor of which it is only left that they were. */
  readonly actions: number
  /** Actions of others that have had something of the actor's: what their steps have waited for, with what these have failed. */
  readonly others: number
  /** What was kept for handles of invocations that were never stored as actions. */
  readonly answers: number
  readonly achievements: number
  /** Actions of the actor that were forgotten before this call. */
  readonly before: number
  /** Of a dry run: there may be more, of the actor's too, that was not looked at. */
  readonly hasMore: boolean
  /** What is not over, or still needed: how many, and the first hundred. Asked again once that is over, the same call forgets it. */
  readonly left: {
    readonly count: number
    readonly first: ReadonlyArray<StillThere>
  }
}
