/**
 * What operators decide of, a step, what undoes an action, or one that has ended, and what they are answered.
 *
 * @since 0.1.0
 */
/**
 * An attempt of a step, as the step's record says it (`ActionRepo.steps`): what somebody has seen, and decides of.
 *
 * @category models
 * @since 0.1.0
 */
export interface StepAttempt {
  /** The action's id. */
  readonly action: string
  /** Which step of the action, from 0. */
  readonly index: number
  /** The attempt that waits, or is to begin next. */
  readonly attemptNumber: number
}

/**
 * What has come of a decision about a step.
 *
 * **Details**
 *
 * `done`: a worker that has the definition goes on with it, within a `pollInterval`; or this was decided of it before, and nobody has gone on with it
 * yet. All others have changed nothing. `running`: its body runs just now, or somebody goes on with it. `notStarted`: the action is queued or pending,
 * or has not come to that attempt. `over`: that attempt has ended, or something else was decided of it, or the action has ended, or how it ends is
 * decided. `notSkippable`: it was to be skipped, and nothing else gives the action's success, by what workers have said of the definition; where none has
 * said anything yet, the answer is `done`, and the step is held again, with that as its failure. `none`: no such action is stored.
 *
 * @category models
 * @since 0.1.0
 */
export type StepDecisionResult = "done" | "running" | "notStarted" | "notSkippable" | "over" | "none"

/**
 * What has come of abandoning what undoes an action.
 *
 * **Details**
 *
 * `done`: a worker that has the definition ends it, within a `pollInterval`; a body that runs is interrupted when its worker renews its lease.
 * `notUnwinding`: how it ends is not decided, a body is still to end before that, or what undoes it waits for its lane: nothing was changed. `over`: it has ended, or its callbacks run.
 * `none`: no such action is stored.
 *
 * @category models
 * @since 0.1.0
 */
export type AbandonUnwindingResult = "done" | "notUnwinding" | "over" | "none"

/**
 * Why what undoes an action is not run again.
 *
 * **Details**
 *
 * `live`: it has not ended, or is being undone: ask once that is over. `retried`: the action `action` goes on for it, or is to with what is above it, and does again what this one has done. `nothing`:
 * nothing of it is `notUndone`; what is `uncertain` or `kept`, as somebody else counts on it, nobody undoes. `child`: all of its own is undone, and what is left is that of the action `action`, below it:
 * ask for that one. `deleted`: children of the step `step` are still to be unwound, and are not in the history any more, or somebody is about to delete or forget them.
 * `forgotten`: it, or a child of it, is forgotten (`ActionRepo.forget`): what there was to undo is not known any more.
 *
 * @category models
 * @since 0.1.0
 */
export type NotCompensable = "live" | "retried" | "nothing" | "child" | "deleted" | "forgotten"

/**
 * What has come of running again what undoes an action. All but `Compensating` have changed nothing.
 *
 * **Details**
 *
 * `Compensating`: what undoes these `steps` (the action itself, by its name, where it is undone as a whole) comes next in the action's lanes, within a
 * `pollInterval`. `None`: no such action is stored.
 *
 * @category models
 * @since 0.1.0
 */
export type CompensateAgainResult =
  | { readonly _tag: "Compensating"; readonly steps: ReadonlyArray<string> }
  | {
    readonly _tag: "NotCompensable"
    readonly reason: NotCompensable
    readonly action: string
    readonly step: string | undefined
  }
  | { readonly _tag: "None" }

/**
 * What has come of resuming an execution of a workflow.
 *
 * **Details**
 *
 * `done`: it goes on, within a `pollInterval`, where it was suspended, or waits to be tried again; where its body runs just now, as soon as that is suspended, or has
 * failed. It was resumed before, or goes on anyway, all the same. All others have changed nothing. `notStarted`: it is queued. `notExecution`: the action is none of a workflow's.
 * `over`: it has ended, or how it ends is decided. `none`: no such action is stored.
 *
 * @category models
 * @since 0.1.0
 */
export type ResumeExecutionResult = "done" | "notStarted" | "notExecution" | "over" | "none"

/**
 * What has come of interrupting an execution of a workflow.
 *
 * **Details**
 *
 * `done`: it does what it does when it is interrupted, its compensations, and ends, within a `pollInterval`; a body that runs hears of it when its worker renews its lease. It was
 * interrupted before, all the same: one that has failed since goes on. All others have changed nothing, as those of {@link ResumeExecutionResult}.
 *
 * @category models
 * @since 0.1.0
 */
export type InterruptExecutionResult = "done" | "notExecution" | "over" | "none"

/**
 * How an action is retried (`ActionRepo.retry`): with those above it, or from an earlier step on.
 *
 * @category models
 * @since 0.1.0
 */
export type RetryOptions =
  | {
    /** The parents that have failed because of it, and of nothing else, are retried with it, by one new action: the uppermost one's. */
    readonly upwards?: boolean
    readonly from?: undefined
  }
  | {
    readonly upwards?: undefined
    /**
     * The name of a step that it begins with, though that has succeeded: what it did is done again, and so is what came after it. `idempotencyKey` of these
     * steps stays the same, as nothing of them was undone: a system that goes by it takes the request for the one that it knows.
     */
    readonly from?: string
  }

/**
 * Why an action is not retried.
 *
 * **Details**
 *
 * `live`: it has not ended, or unwinds, or its callbacks run; with `upwards` the parent that `action` names. `status`: it has succeeded, or was superseded.
 * `notStored`: it has never begun, and is kept as an answer alone. `notUndone`: of what `action` has done from there on the step `step` is to be undone
 * and is not: a retry would do it a second time. `ending`: the child `action` has not ended yet, and is about to, or goes on for a child since
 * somebody has retried that by itself, and only the body could ask for it again. `deleted`: what is taken over is not in
 * the history any more, or somebody deletes or forgets it just now. `forgotten`: `action`, or a child of it, is forgotten (`ActionRepo.forget`): with what it would be done again is not known
 * any more. `noSuchStep`: it has not run the step `step`, or goes on before it. `otherFailed`: with `upwards`, something else, which `action`
 * and `step` name, has failed, too. `tooLarge`: more than 10,000 actions below it would be retried. `execution`: it is a workflow's execution, which ends once.
 *
 * @category models
 * @since 0.1.0
 */
export type NotRetryable =
  | "live"
  | "status"
  | "notStored"
  | "notUndone"
  | "ending"
  | "deleted"
  | "forgotten"
  | "noSuchStep"
  | "otherFailed"
  | "tooLarge"
  | "execution"

/**
 * What has come of retrying an action. All but `Retried` have changed nothing.
 *
 * **Details**
 *
 * `Retried`: the action `id` goes on for `retryOf`: the one that was asked for, or, with `upwards`, the uppermost one above it. `AlreadyRetried`: the
 * action `id` goes on for it, or has, or is about to for what is above it, since somebody has asked before: retry that one. `LaneBusy`: the new one would end the action `by` in the lane
 * `lane`, would do what that one does already, or be turned away. `None`: no such action is stored.
 *
 * @category models
 * @since 0.1.0
 */
export type RetryResult =
  | { readonly _tag: "Retried"; readonly id: string; readonly retryOf: string }
  | { readonly _tag: "AlreadyRetried"; readonly id: string }
  | { readonly _tag: "LaneBusy"; readonly lane: string; readonly by: string }
  | {
    readonly _tag: "NotRetryable"
    readonly reason: NotRetryable
    readonly action: string
    readonly step: string | undefined
  }
  | { readonly _tag: "None" }
