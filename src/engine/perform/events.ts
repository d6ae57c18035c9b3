/** What can happen to an action while it is performed, and in which phase. */
import type { FailureCause } from "../../domain/Failure.ts"
import type { Phase, StepIdentity } from "../../domain/Phase.ts"
import type { NewSlot } from "../../store/Conclusion.ts"
import type { Invocation } from "../../store/Invocation.ts"
import type { Performance } from "./Performance.ts"
import { isUnwinding, type Left } from "./unwinding.ts"

/** When a step begins again that has failed. */
export interface Again {
  /** When it has failed, in ms of user time, and when it begins again. */
  readonly at: number
  readonly due: number
  /** The tag that has a policy of its own, or none: what the failure counts as. */
  readonly counts: string
}

/** Arguments that a body has replaced, decoded and encoded. */
export interface Replaced {
  readonly encoded: unknown
}

export type Starts = ReadonlyArray<Invocation> | undefined

/** Signals that a body was given, by their numbers. */
export type Received = ReadonlyArray<number> | undefined

/** What a body has left: other arguments, and what it has started and nobody waits for. */
interface OfBody {
  readonly replaced?: Replaced | undefined
  readonly starts?: Starts
}

/** What has happened to an action while it was performed. */
export type Event =
  /** Its step has ended well. */
  | {
    readonly _tag: "StepSucceeded"
    readonly step: StepIdentity
    /** The result as later steps receive it, as it is stored, and as the action's own, if it is the last one. */
    readonly value: unknown
    readonly stored: unknown
    readonly encoded: unknown
    readonly received?: Received
  } & OfBody
  /** Its step is not to run. */
  | { readonly _tag: "StepSkipped"; readonly step: StepIdentity }
  /** Its step's body has ended, and waits for children and times. */
  | {
    readonly _tag: "StepWaits"
    readonly stored: unknown
    readonly slots: ReadonlyArray<NewSlot>
    readonly children: ReadonlyArray<Invocation>
    readonly marked: boolean
    readonly received?: Received
  } & OfBody
  /** Its step, or its job, has failed; of a step that was only marked so the result is there. */
  | {
    readonly _tag: "Failed"
    readonly cause: FailureCause
    readonly stored?: unknown
    /** It begins again, where its policy says so. */
    readonly again?: Again | undefined
    /** When it has failed, in ms of user time, where it is held if it does not begin again. */
    readonly heldAt?: number | undefined
  } & OfBody
  /** Its job has ended, and somebody else completes it. */
  | { readonly _tag: "JobEnded" }
  /** A deploy has taken its job. */
  | { readonly _tag: "JobDropped" }
  | { readonly _tag: "CallbacksEnded"; readonly succeeded: number; readonly failed: number; readonly starts?: Starts }
  /** What undoes a step of it has ended well. */
  | { readonly _tag: "Compensated"; readonly replaced?: Replaced | undefined; readonly starts?: Starts }
  /** The children of a step were unwound: what of that is left, and why it has failed, if it has. */
  | { readonly _tag: "ChildrenUnwound"; readonly left: Left; readonly cause?: FailureCause | undefined }
  /** A step is over that was open when how the action ends was decided: what it has waited for has ended, or nobody runs its body any more. */
  | { readonly _tag: "Closed"; readonly succeeded: boolean }
  /** Its steps begin to be undone, which it has been asked about; `until`, in ms of user time, if that has a limit. */
  | { readonly _tag: "UndoingBegins"; readonly until: number | undefined }
  /** What its steps have done stays, as the action itself says. */
  | { readonly _tag: "Kept" }
  /** What is left to undo is not tried any more. */
  | { readonly _tag: "GivenUp"; readonly message: string }
  /** Nothing is left to undo. */
  | { readonly _tag: "Unwound" }
  /** The same once more, later; with the callbacks that need not run again. `burns`: it was a failure. */
  | {
    readonly _tag: "Again"
    readonly due: number
    readonly burns: boolean
    /** The number of a job's next run, where the job has asked for it. */
    readonly attempt?: number
    readonly callbacks?: ReadonlyArray<readonly [identity: string, succeeded: boolean]> | undefined
    readonly failure?: FailureCause | undefined
    readonly starts?: Starts
  }
  /** The body of an execution is suspended: until something wakes it, or, where it has failed, until somebody resumes it. */
  | {
    readonly _tag: "Suspended"
    readonly failure: FailureCause | undefined
    /** The names under which something is awaited. */
    readonly awaits?: ReadonlyArray<string>
    /** Something may have come that has woken nobody. */
    readonly hasMissed?: boolean
  }
  /** Its time was over before its body, step or job was; with what a shielded body has come to. */
  | { readonly _tag: "TimeIsOver"; readonly came?: Event | undefined }

/**
 * The phases in which an event can happen. An action that is `outbound` is in nobody's hands: what ends it comes from outside, and is the
 * store's.
 */
const happensIn: { readonly [Tag in Event["_tag"]]: ReadonlyArray<Phase> } = {
  StepSucceeded: ["step", "waiting", "held", "closing"],
  StepSkipped: ["step", "waiting", "held", "closing"],
  StepWaits: ["step", "unwinding", "closing"],
  Failed: ["step", "waiting", "job", "unwinding", "held", "closing"],
  JobEnded: ["job", "closing"],
  JobDropped: ["job", "closing"],
  CallbacksEnded: ["callbacks"],
  Compensated: ["unwinding", "waiting"],
  ChildrenUnwound: ["waiting"],
  Closed: ["waiting", "closing"],
  UndoingBegins: ["unwinding"],
  Kept: ["unwinding"],
  GivenUp: ["unwinding", "waiting"],
  Unwound: ["unwinding"],
  Again: ["step", "waiting", "callbacks", "job", "unwinding", "held", "closing"],
  Suspended: ["step"],
  TimeIsOver: ["step", "waiting", "job", "held"]
}

/** While it waits: for a step, or, once its end is decided, for what undoes one, or for the children of the step that was open. */
const happensWaiting = {
  plain: ["StepSucceeded", "StepSkipped", "Failed", "Again", "TimeIsOver"],
  undoing: ["Compensated", "ChildrenUnwound", "Failed", "GivenUp", "Again"],
  closing: ["Closed", "Failed", "GivenUp", "Again"]
} satisfies Readonly<Record<string, ReadonlyArray<Event["_tag"]>>>

/** Whether this can happen to an action where it is. */
export const happens = (performance: Performance, tag: Event["_tag"]): boolean => {
  const { phase, stepKind } = performance
  if (phase !== "waiting") return happensIn[tag].includes(phase)
  const waits = !isUnwinding(performance) ? "plain" : stepKind === "compensation" ? "undoing" : "closing"
  return happensWaiting[waits].some((one) => one === tag)
}

/** Every event's name. */
export const events = Object.keys(happensIn) as ReadonlyArray<Event["_tag"]>
