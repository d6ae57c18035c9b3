/**
 * What a transition answers: work for the worker that asked, and news of what has become of other actions.
 */
import type { FailureCause } from "../domain/Failure.ts"
import type { ActionStatus, Phase, StepKind } from "../domain/Phase.ts"
import type { StoredOutcome } from "./Conclusion.ts"

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
  /** In ms of user time. */
  readonly timeoutAt: number | undefined
}

/** An action goes on where it was. */
export interface Continued extends Action {
  readonly _tag: "Continued"
  readonly arguments: unknown
  readonly depth: number
  readonly step: number
  readonly phase: Phase
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
  /** It has been prepared before: what it would achieve was found, and whether the result can be read is the worker's to say. */
  readonly achievement: { readonly result: unknown } | undefined
}

export type Work = Started | Continued | ToPrepare

/** A step of an action that has ended, or waits. */
export interface StoredStep {
  readonly index: number
  readonly name: string
  readonly kind: StepKind
  readonly marked: boolean
  readonly result: unknown
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
}

/** What a worker needs to go on with an action that it does not have in memory. */
export interface Detail {
  readonly stepName: string | undefined
  readonly stepKind: StepKind | undefined
  readonly stepStartedAt: number | undefined
  /** Names of the prepended steps that the action started with, in their order. */
  readonly prepended: ReadonlyArray<string>
  readonly outcome: StoredOutcome | undefined
  readonly callbacks: ReadonlyArray<readonly [identity: string, succeeded: boolean]>
  readonly timeoutAt: number | undefined
  readonly steps: ReadonlyArray<StoredStep>
  /** None where nothing was waited for. */
  readonly slots: ReadonlyArray<SettledSlot> | undefined
}

export type News =
  /** A conclusion has changed nothing: the action was no longer where it said. `endedHere`: the transaction itself has ended it. */
  | { readonly _tag: "Stale"; readonly action: string; readonly endedHere: boolean }
  /** An action is over, and nobody has to be asked again. `late`: a root whose time was over. */
  | {
    readonly _tag: "Ended"
    readonly action: string
    readonly late?: { readonly definition: string; readonly actorId: string }
  }
  /** It was decided from outside how an action ends: its body is to end, and its callbacks are due. */
  | { readonly _tag: "Interrupt"; readonly action: string }
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

export interface Completed {
  readonly verdict: Verdict
  readonly answer: Answer
}
