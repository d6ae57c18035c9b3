/**
 * What a transition answers: work for the worker that asked, and news of what has become of other actions.
 */
import type { FailureCause } from "../domain/Failure.ts"
import type { ActionStatus, Phase, StepKind, StepStatus } from "../domain/Phase.ts"
import type { StepAttempt } from "../OperatorResult.ts"
import type { StoredAttempts, StoredOutcome } from "./Conclusion.ts"

interface Action {
  readonly action: string
  readonly definition: string
  readonly actorId: string
  /** Tries that have ended without an answer, or in a failure that is not handled. */
  readonly attempts: number
}

/** An action begins its first step. */
export interface Started extends Action {
  readonly _tag: "Started"
  readonly arguments: unknown
  readonly depth: number
  /** For how long it has waited to begin, from when it was due. */
  readonly waitedMs: number
  /** In ms of user time. */
  readonly timeoutAt: number | undefined
  /** Where its trace goes on, as in an invocation. */
  readonly trace: string | undefined
}

/** An action goes on where it was. */
export interface Continued extends Action {
  readonly _tag: "Continued"
  readonly arguments: unknown
  readonly depth: number
  readonly step: number
  readonly phase: Phase
  /** How often somebody has gone on with it; none of one that has only begun. */
  readonly epoch?: number | undefined
  /** Undefined where it is too large to travel: then it is loaded, with the arguments, in pieces. */
  readonly detail: Detail | undefined
}

/** An invocation is to be prepared: it is held, its hook and its effectful keys are to run. */
export interface ToPrepare extends Action {
  readonly _tag: "ToPrepare"
  readonly arguments: unknown
  readonly job: number
  readonly queue: string
  readonly lane: string | null
  readonly lanes: ReadonlyArray<string> | null
  readonly checksumKey: string | null
  readonly timeout: number | null
  readonly checksum: string | null
  readonly trace: string | undefined
  /**
   * It has been prepared before: what it would achieve was found, and whether the result can be read, and is not too old (user time in ms), is
   * the worker's to say.
   */
  readonly achievement: { readonly result: unknown; readonly achievedAt: number; readonly by: string } | undefined
}

export type Work = Started | Continued | ToPrepare

/** A step of an action that has ended, or waits. */
export interface StoredStep {
  readonly index: number
  readonly name: string
  readonly kind: StepKind
  readonly status: StepStatus
  readonly marked: boolean
  readonly result: unknown
  /** As the version has it that has run it: bits of `Undo`. */
  readonly undo: number | undefined
  /** Of a compensation, the index of the step that it undoes. */
  readonly undoes: number | undefined
  /** An attempt of a transactional step has committed what its body did, and has failed all the same. */
  readonly stays?: boolean | undefined
}

/** A settled slot as its parent reads it. */
export interface SettledSlot {
  readonly step: number
  readonly slot: number
  readonly status: ActionStatus | undefined
  /** What was asked for. */
  readonly definition: string
  readonly actorId: string
  /** The action that has ended instead: that one was superseded by it, or has joined it. */
  readonly ran: { readonly definition: string; readonly actorId: string } | undefined
  readonly result: unknown
  readonly cause: FailureCause | null
  /** The fingerprint of the success schema that was asked with. */
  readonly success: string | null
  /** Its failure is a value: the fingerprint of the error schema that was asked with, and the id of who has ended. */
  readonly asValue: { readonly error: string; readonly child: string } | undefined
  /** It has waited for a signal, and may pass without one. */
  readonly signal: { readonly name: string; readonly isOptional: boolean } | undefined
}

/** What was decided of a step outside of its body. */
export type StepVerdict =
  /** Its time was over while it waited: what was open is cancelled. */
  | { readonly _tag: "timedOut"; readonly afterMs: number }
  /** How the action ends was decided while its body ran, and nothing is to be undone after that. */
  | { readonly _tag: "ends" }
  | Abandoning
  /** Somebody has decided of a step that is held, waits, or is to begin again. */
  | StepDecision

/** Somebody has decided that what is left to undo of an action is not tried any more. */
export interface Abandoning {
  readonly _tag: "abandon"
  readonly reason: string
}

/** What somebody decides of: an attempt of a step, or an action that unwinds. */
export type DecidedOf = Pick<StepAttempt, "action"> & Partial<StepAttempt>

/** What somebody decides of a step. */
export type StepDecision =
  | { readonly _tag: "again" }
  | { readonly _tag: "skip" }
  /** Its result, as JSON. */
  | { readonly _tag: "complete"; readonly value: unknown }
  | { readonly _tag: "fail"; readonly reason: string }

/** What a step has done and is not to do again, by its name. */
export interface StoredMemo {
  readonly kind: StepKind
  readonly step: string
  readonly name: string
  /** Of an activity of an execution: which attempt of it. */
  readonly attempt: number
  readonly result: unknown
}

/** What an execution of a workflow is replayed with, beside its memos. */
export interface StoredReplay {
  /** What was sent to it; `ringsAt`, in ms of user time, is when a clock rings that has not. */
  readonly signals: ReadonlyArray<
    { readonly name: string; readonly payload: unknown; readonly ringsAt: number | undefined }
  >
  /** The executions that it waits or has waited for, by their definitions and ids, and what has come of those that have ended. */
  readonly children: ReadonlyArray<{
    readonly definition: string
    readonly execution: string
    readonly ended: StoredOutcome | undefined
  }>
}

/** What earlier attempts of a step have asked for, or that of the action that this one goes on for. */
export interface EarlierSlots {
  /** The first number that is free. */
  readonly next: number
  /** Those that have succeeded, in their order. Where nobody has noted the request, as of an action that this one goes on for, what that was is said instead. */
  readonly succeeded: ReadonlyArray<
    | readonly [slot: number, request: string]
    | readonly [
      slot: number,
      request: null,
      definition: string | null,
      actorId: string | null,
      args: unknown,
      signal: string | null
    ]
  >
}

/** What is known of the actions that one goes on for. */
export interface RetriedBefore {
  /** The id of the first one. */
  readonly first: string
  /** How often a step of theirs was compensated, by its name. */
  readonly compensated: Readonly<Record<string, number>>
  /** Names of the steps that have done something once, though they have not begun here. */
  readonly remembered?: ReadonlyArray<string> | null
}

/** A child that was to be unwound, where there is more to say than that it was. */
export interface UnwoundChild {
  readonly child: string
  readonly definition: string
  readonly actorId: string
  /** It is left as it is. */
  readonly isKept: boolean
  /** What of it could not be undone, is uncertain, or was kept below it. */
  readonly left: Pick<FailureCause, "notUndone" | "kept" | "uncertain">
}

/** What a worker needs to go on with an action that it does not have in memory. */
export interface Detail {
  readonly stepName: string | undefined
  readonly stepKind: StepKind | undefined
  readonly stepStartedAt: number | undefined
  /** Of an action in its first step: for how long it had waited to begin. */
  readonly waitedMs?: number | undefined
  readonly verdict?: StepVerdict | undefined
  /** Which attempt of the step, or of the job, if it is not the first, and what came of the earlier ones. */
  readonly attempt?: number | undefined
  readonly attempts?: StoredAttempts | undefined
  /** What it has failed with last. */
  readonly failure?: FailureCause | undefined
  /** What was done of the step that begins, and is not to be done again; empty of one that waits. None where it has none. */
  readonly memos?: ReadonlyArray<StoredMemo> | undefined
  /** Of an execution that was claimed before. */
  readonly replay?: StoredReplay | undefined
  /** Slots of earlier attempts of the step that begins. */
  readonly earlier?: EarlierSlots | undefined
  /** It goes on for one that has ended. */
  readonly retries?: RetriedBefore | undefined
  /** Names of the prepended steps that the action started with, in their order. */
  readonly prepended: ReadonlyArray<string>
  readonly outcome: StoredOutcome | undefined
  /** It has ended, and is unwound: bits of `Undoable`; none of one that has not succeeded. */
  readonly unwinds?: number | undefined
  /** What has come of the children that what undoes a step has waited for. */
  readonly unwound?: ReadonlyArray<UnwoundChild>
  readonly callbacks: ReadonlyArray<readonly [identity: string, succeeded: boolean]>
  readonly timeoutAt: number | undefined
  /** Where its trace goes on, and the body's span that was before it was in nobody's hands. */
  readonly trace?: string | undefined
  readonly after?: string | undefined
  /** The spans in which that was sent or completed from outside which it has waited for, if there were any. */
  readonly senders?: ReadonlyArray<string> | undefined
  readonly steps: ReadonlyArray<StoredStep>
  /** None where nothing was waited for. */
  readonly slots: ReadonlyArray<SettledSlot> | undefined
}

/** How an action ends, and whose it is; not known of one that nobody has taken yet. */
export interface DecidedOutside {
  readonly definition: string
  readonly actorId: string
  readonly status: ActionStatus
}

export type News =
  /**
   * A conclusion has changed nothing: the action was no longer where it said. `endedHere`: the transaction itself has ended it. `closing`: how it
   * ends was decided, and its body was to end first.
   */
  | { readonly _tag: "Stale"; readonly action: string; readonly endedHere: boolean; readonly closing: boolean }
  /** An action is over, and nobody has to be asked again. `of`: how it has ended, but of one that has joined another one. `isLate`: a root whose time was over. */
  | { readonly _tag: "Ended"; readonly action: string; readonly of?: DecidedOutside; readonly isLate?: boolean }
  /** It was decided from outside how an action ends: its body is to end, and its callbacks are due. */
  | { readonly _tag: "Interrupt"; readonly action: string; readonly decided?: DecidedOutside }
  /** It was decided from outside how an action ends: its body is to end first, and whoever has it goes on from there. */
  | { readonly _tag: "Closing"; readonly action: string; readonly decided?: DecidedOutside }
  /** A prepared invocation is being looked at by somebody: it is to be brought again. */
  | { readonly _tag: "Blocked"; readonly action: string }
  /** Children of ended parents are to be looked at. */
  | { readonly _tag: "AbandonedDue" }
  /** Somebody who waits in a lane may begin at a time (user time in ms). */
  | { readonly _tag: "Due"; readonly at: number }
  /** There are new jobs. */
  | { readonly _tag: "Queued" }
  /** The fencing token is over: nothing was changed. */
  | { readonly _tag: "LeaseLost" }

/** What a claim took, or how much time and cleaning up have brought. */
export interface Taken {
  readonly count: number
  /** As many bytes as one claim takes: there may be more. */
  readonly full: boolean
  /** How many were put back, because somebody has locked their actions. */
  readonly putBack: number
  /** If it took as many as it had room for: the last invocation of each queue and priority. */
  readonly last: Readonly<Record<string, Readonly<Record<string, number>>>>
}

export const nothingTaken: Taken = { count: 0, full: false, putBack: 0, last: {} }

export interface Answer {
  readonly work: ReadonlyArray<Work>
  readonly news: ReadonlyArray<News>
  readonly taken: Taken
}

/** What became of a completion from outside. */
export type Verdict =
  /** Nothing is there that it could mean. */
  | { readonly _tag: "None" }
  | { readonly _tag: "Done"; readonly action: string; readonly definition: string; readonly actorId: string }
  | { readonly _tag: "Ambiguous"; readonly actions: ReadonlyArray<string> }
  /** Somebody changes it just now. */
  | { readonly _tag: "Busy" }
  /** It had ended before. */
  | { readonly _tag: "Over" }
  /** It is queued, or waits for others in its lane. */
  | { readonly _tag: "NotStarted"; readonly definition: string; readonly actorId: string }
  /** The id names something else. */
  | { readonly _tag: "Other"; readonly definition: string; readonly actorId: string }
  /** Its key has completed this action with the same before, or something else. */
  | { readonly _tag: "Repeated"; readonly action: string }
  | { readonly _tag: "Conflict"; readonly action: string; readonly definition: string; readonly actorId: string }

export interface Completed {
  readonly verdict: Verdict
  readonly answer: Answer
}

/** What a worker hears when it renews its lease. */
export interface Renewed {
  /** Somebody has taken over. */
  readonly lost: boolean
  /** How many of the given actions are no longer this worker's, or whose end was decided. */
  readonly gone: number
  /** Which it has by the rows. */
  readonly held: ReadonlyArray<string>
  /** Somebody has drained it. */
  readonly drained: boolean
}

/** What dead workers have left. */
export interface Recovered {
  /** Their names. */
  readonly workers: ReadonlyArray<string>
  /** How many actions and held invocations are for others now. */
  readonly actions: number
}
