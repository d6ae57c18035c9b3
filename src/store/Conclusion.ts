/**
 * What has come of one action, as it is to be committed: the only thing that performing gives to the store.
 *
 * Each of them is fenced: under the worker's token it changes the action that is still at that step, in that phase and epoch, and no other.
 */
import type { FailureCause } from "../domain/Failure.ts"
import type { ActionStatus, Phase, StepIdentity, StepKind } from "../domain/Phase.ts"
import type { Invocation } from "./Invocation.ts"

/** Where the action was when it was performed. */
export interface Fence {
  readonly action: string
  readonly step: number
  readonly phase: Phase
  /**
   * How often somebody had gone on with it by then; none of one that had only begun. What is tried again, or suspended and woken, or decided by
   * somebody, is where it was, and its worker may have it again before it hears that its conclusion is stored, or over.
   */
  readonly epoch?: number | undefined
}

/** Whose conclusion it is. */
export interface Whose {
  readonly definition: string
  readonly actorId: string
  /** It has ended, and is unwound: bits of `Undoable`; none of one that has not succeeded. */
  readonly unwinds?: number | undefined
  /** How it ends was decided before. */
  readonly isDecided?: boolean
}

/** How an action ends. */
export interface StoredOutcome {
  readonly status: ActionStatus
  readonly result: unknown
  readonly cause: FailureCause | null
}

/** An attempt of a step. */
export interface StoredAttempt {
  /** From 1 on. */
  readonly number: number
  /** In ms of user time. */
  readonly startedAt: number
  /** None of the last one: the step says it. */
  readonly endedAt?: number
  /** With what it failed; without what is large. */
  readonly failure?: Pick<FailureCause, "kind" | "path" | "message">
  /** When the next one begins; none where that is for somebody to decide. */
  readonly nextAt?: number
}

/** What came of a step that has begun again. */
export interface StoredAttempts {
  /** When the first one began, in ms of user time. */
  readonly since: number
  /** How many have failed: by the tags that have a policy of their own, all others under "". */
  readonly counts: Readonly<Record<string, number>>
  /** Its condition was asked, and is not asked again. */
  readonly isAsked?: boolean
  /** Of a transactional step: an attempt has committed what its body did, and has failed all the same. */
  readonly stays?: boolean
  /** The last hundred of them. */
  readonly last: ReadonlyArray<StoredAttempt>
}

/** What is stored of a step whose body has ended. */
export interface EndedBody {
  readonly name: string
  readonly kind: StepKind
  readonly status: "performing" | "succeeded" | "failed" | "cancelled" | "skipped"
  /** Its stored result, or the failure that was passed (`$failure`); null where nobody can ask for it. */
  readonly result: unknown
  /** The body has marked it as failed. */
  readonly marked: boolean
  /** In ms of user time. */
  readonly startedAt: number
  /** Its row is there already, since it waited. */
  readonly waited: boolean
  /** It has memos, which go with its success. */
  readonly memos?: true | undefined
  /** It waited, and has not succeeded: signals that it was given are unread again. */
  readonly unread?: true | undefined
  /** Which attempt of it that was, and all of them, where it is not the first. */
  readonly attempt?: number | undefined
  readonly attempts?: StoredAttempts | undefined
  /** Whether it is to be undone, should its action not succeed: bits of `Undo`. */
  readonly undo?: number | undefined
  /** Of a compensation, the index of the step that it undoes. */
  readonly undoes?: number | undefined
}

/** What a running step says of itself. */
export interface ProgressNote {
  readonly action: string
  readonly step: number
  readonly attempt: number
  readonly value: unknown
}

/** What a step's body has done and is not to do again: `kind` and `stepName` say which step that was, `name` what. */
export interface NewMemo {
  readonly action: string
  readonly step: number
  readonly kind: StepKind
  readonly stepName: string
  readonly name: string
  /** Of an activity of an execution, if it is not the first. */
  readonly attempt?: number | undefined
  readonly result: unknown
  /** In ms of user time. */
  readonly at: number
  /** Of an activity, whose it is: for who listens. */
  readonly of?: { readonly definition: string; readonly actorId: string } | undefined
}

/** What is stored of memos. */
export interface Remembered {
  /** The lease is over. */
  readonly lost: boolean
  /** What is stored now, by the memos' numbers, of those whose actions are still where they were. */
  readonly stored: ReadonlyMap<number, unknown>
  /** Whether none of it was stored before. */
  readonly isNew: boolean
}

/** A place of a step for what it waits for: a child, a time, or a signal. */
export interface NewSlot {
  readonly action: string
  readonly step: number
  readonly slot: number
  readonly child: string | null
  readonly definition: string | null
  readonly actorId: string | null
  /** In ms of user time; for a child none, for a signal until when. */
  readonly due: number | null
  /** Whose attempt has asked, if it is not the first. */
  readonly attempt?: number | undefined
  /** A checksum of what was asked for, where a further attempt may ask for it again. */
  readonly request?: string | undefined
  /** The slot of an earlier attempt whose success this one has. */
  readonly reuses?: number | undefined
  /** The signal that it waits for, and whether that may pass. */
  readonly signal?: string | undefined
  readonly optional?: true | undefined
  /** How long nothing may be heard of whoever is to send it, in ms, from when this is stored. */
  readonly heartbeat?: number | undefined
  /** The fingerprint of the success schema that was asked with; none for void. */
  readonly success: string | null
  /** Where a failure is a value: the fingerprint of the error schema that was asked with, empty for void; else none. */
  readonly error: string | null
}

interface Base {
  readonly fence: Fence
  /** Replaced arguments, encoded. */
  readonly arguments?: { readonly encoded: unknown } | undefined
  /** What was started, and is waited for by nobody. */
  readonly starts?: ReadonlyArray<Invocation> | undefined
  /** The span of the body that has run, as an invocation's carrier, where nobody goes on at once: what comes later is linked to it. */
  readonly trace?: string | undefined
  /** Signals that the step was given, by their numbers: read with its success. */
  readonly received?: ReadonlyArray<number> | undefined
}

/** A step has ended well, and the worker goes on with the next one. */
export interface StepEnded extends Base {
  readonly _tag: "StepEnded"
  readonly ended: EndedBody
  readonly next: { readonly name: string; readonly kind: StepKind }
  /** The attempts that it took are not the next one's. */
  readonly freshAttempts: boolean
}

/** A step waits for its slots. */
export interface StepWaits extends Base {
  readonly _tag: "StepWaits"
  readonly waiting: EndedBody
  /** When the step's time is over, in ms of user time, if it has a limit. */
  readonly timeoutAt?: number | undefined
  readonly slots: ReadonlyArray<NewSlot>
  readonly children: ReadonlyArray<Invocation>
}

/** The last step has ended, and the worker goes on with the action's job. */
export interface JobStarts extends Base {
  readonly _tag: "JobStarts"
  readonly ended: EndedBody
  readonly freshAttempts: boolean
}

/** Somebody outside completes the action. */
export interface WaitsOutside extends Base {
  readonly _tag: "WaitsOutside"
  /** The step that has led to it; none after a job. */
  readonly ended: EndedBody | undefined
  /** How long nothing may be heard of whoever completes it, in ms, from when this is stored. */
  readonly heartbeat?: number | undefined
  readonly freshAttempts: boolean
}

/** How the action ends is decided; the worker goes on with its callbacks. */
export interface CallbacksDue extends Base {
  readonly _tag: "CallbacksDue"
  readonly ended: EndedBody | undefined
  readonly outcome: StoredOutcome
  readonly freshAttempts: boolean
}

/** How the action ends is decided, and its steps are undone before that: a step or a compensation has ended. */
export interface Unwinds extends Base {
  readonly _tag: "Unwinds"
  readonly ended: EndedBody | undefined
  /** Where it is decided now, or its cause says more than it did. */
  readonly outcome: StoredOutcome | undefined
  /** The compensation that comes next, where that is known. */
  readonly next: StepIdentity | undefined
  /** When the time is over in which its steps are undone, in ms of user time, where that begins now and has a limit. */
  readonly until?: number | undefined
  readonly freshAttempts: boolean
}

/** The action is over. */
export interface ActionEnds extends Base {
  readonly _tag: "ActionEnds"
  readonly ended: EndedBody | undefined
  readonly outcome: StoredOutcome
  readonly callbacksSucceeded: number
  readonly callbacksFailed: number
}

/** The action goes on later, or with another worker. */
export interface TryAgain extends Base {
  readonly _tag: "TryAgain"
  readonly phase: Phase
  /** In ms of user time; undefined is at once. */
  readonly due: number | undefined
  /** An attempt has failed; else there are none any more. */
  readonly burns: boolean
  /** The number of a job's next run, where the job has asked for it. */
  readonly attempt?: number | undefined
  /** Callbacks that have ended while others are to be tried again: their identities, and whether they succeeded. */
  readonly callbacks?: ReadonlyArray<readonly [identity: string, succeeded: boolean]> | undefined
  /** What is tried again has failed with this. */
  readonly failure?: FailureCause | undefined
}

/** The step, or what undoes one, has failed, and begins again. */
interface Begins extends Base {
  readonly step: { readonly name: string; readonly kind: StepKind }
  /** The number of the next attempt. */
  readonly attempt: number
  readonly attempts: StoredAttempts
  readonly failure: FailureCause
  /** It has a row, since it waited: that of the next attempt is another. */
  readonly waited: boolean
  /** As in an ended body. */
  readonly unread?: true | undefined
}

/** At a time. */
export interface StepRetries extends Begins {
  readonly _tag: "StepRetries"
  /** In ms of user time. */
  readonly due: number
}

/** When somebody says so, who may decide something else. */
export interface StepHeld extends Begins {
  readonly _tag: "StepHeld"
}

/** The body of an execution is suspended, and runs again from its beginning when something has woken it. */
export interface Suspends extends Base {
  readonly _tag: "Suspends"
  /** Since it has failed with this: until somebody resumes it. */
  readonly failure: FailureCause | undefined
  /** Names under which something is awaited, for who looks at it. */
  readonly awaits: ReadonlyArray<string>
  /**
   * What has come may have woken nobody, and is looked for here: it has run for the first time, and what was sent to it before did not come with its
   * claim, or it awaits what it has sent itself meanwhile.
   */
  readonly looksAgain: boolean
}

export type Conclusion =
  | StepEnded
  | StepWaits
  | JobStarts
  | WaitsOutside
  | CallbacksDue
  | Unwinds
  | ActionEnds
  | TryAgain
  | StepRetries
  | StepHeld
  | Suspends

/** An action that fails where it is, by what the engine found, without a step or a callback. */
export const failsAt = (fence: Fence, cause: FailureCause): ActionEnds => ({
  _tag: "ActionEnds",
  fence,
  ended: undefined,
  outcome: { status: "failed", result: null, cause },
  callbacksSucceeded: 0,
  callbacksFailed: 0
})

const none: ReadonlyArray<never> = []

/** The slots that a conclusion stores. */
export const slotsOf = (conclusion: Conclusion): ReadonlyArray<NewSlot> =>
  conclusion._tag === "StepWaits" ? conclusion.slots : none

/** The signals that the steps of conclusions were given. */
export const receivedOf = (
  { fence: { action, step }, received }: Conclusion
): ReadonlyArray<{ readonly action: string; readonly step: number; readonly id: number }> =>
  received === undefined ? none : received.map((id) => ({ action, step, id }))

/** What a conclusion enqueues: children, and behind them what was started. */
export const invocationsOf = (conclusion: Conclusion): ReadonlyArray<Invocation> => {
  const { starts } = conclusion
  const children = conclusion._tag === "StepWaits" ? conclusion.children : none
  return starts === undefined ? children : [...children, ...starts]
}
