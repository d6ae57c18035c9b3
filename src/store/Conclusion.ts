/**
 * What has come of one action, as it is to be committed: the only thing that performing gives to the store.
 *
 * Each of them is fenced: under the worker's token it changes the action that is still at that step and in that phase, and no other.
 */
import type { FailureCause } from "../domain/Failure.ts"
import type { ActionStatus, Phase, StepKind } from "../domain/Phase.ts"
import type { Invocation } from "./Invocation.ts"

/** Where the action was when it was performed. */
interface Fence {
  readonly action: string
  readonly step: number
  readonly phase: Phase
}

/** How an action ends. */
export interface StoredOutcome {
  readonly status: ActionStatus
  readonly result: unknown
  readonly cause: FailureCause | null
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
}

/** A place of a step for what it waits for: a child, or a time. */
export interface NewSlot {
  readonly action: string
  readonly step: number
  readonly slot: number
  readonly child: string | null
  readonly definition: string | null
  readonly actorId: string | null
  /** In ms of user time; for a child none. */
  readonly due: number | null
  /** The fingerprint of the success schema that was asked with; none for void. */
  readonly success: string | null
}

interface Base {
  readonly fence: Fence
  /** Replaced arguments, encoded. */
  readonly arguments?: { readonly encoded: unknown } | undefined
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
  readonly freshAttempts: boolean
}

/** How the action ends is decided; the worker goes on with its callbacks. */
export interface CallbacksDue extends Base {
  readonly _tag: "CallbacksDue"
  readonly ended: EndedBody | undefined
  readonly outcome: StoredOutcome
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
  /** Callbacks that have ended while others are to be tried again: their identities, and whether they succeeded. */
  readonly callbacks?: ReadonlyArray<readonly [identity: string, succeeded: boolean]> | undefined
  /** What is tried again has failed with this. */
  readonly failure?: FailureCause | undefined
}

export type Conclusion = StepEnded | StepWaits | JobStarts | WaitsOutside | CallbacksDue | ActionEnds | TryAgain

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

/** The children that a conclusion enqueues. */
export const childrenOf = (conclusion: Conclusion): ReadonlyArray<Invocation> =>
  conclusion._tag === "StepWaits" ? conclusion.children : none
