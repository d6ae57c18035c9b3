/**
 * What is stored of actions, as who looks at it sees it: records of actions, steps, attempts and slots, trees, and what to list.
 *
 * @since 0.1.0
 */
import type { ActionStatus } from "./ActionHandle.ts"
import type { FailureCause } from "./domain/Failure.ts"
import type { StepKind } from "./domain/Phase.ts"
import type { ExecutionChild, ExecutionRecord } from "./ExecutionRecord.ts"
import type { Pause } from "./Pause.ts"

export type { FailureCause, FailureKind, Kept, NotUndone, Waiting } from "./domain/Failure.ts"

/**
 * A stored action.
 *
 * @category models
 * @since 0.1.0
 */
export interface ActionRecord {
  readonly id: string
  readonly actorType: string
  /** The actor's id as text. */
  readonly actorId: string
  /** The action's name. */
  readonly name: string
  /** The arguments as JSON. */
  readonly arguments: unknown
  /** `queued` until a worker has joined it to its lane. */
  readonly status: "queued" | ActionStatus
  /** Whether the action is live and somebody outside completes it. */
  readonly outbound: boolean
  /** Whether how it ends is decided, and what its steps have done is being undone before that: `cause` says why. Of one that has ended: its parent unwinds it, or what undoes it is run again (`ActionRepo.compensateAgain`). */
  readonly unwinding: boolean
  readonly queue: string
  /** None while it is queued and a worker is to compute its keys, and where it is in named lanes. */
  readonly lane: string | undefined
  /** Its named lanes, as `bays:north`, in their order; none where it has a concurrency key. */
  readonly lanes: ReadonlyArray<string> | undefined
  /** Under which its success counts as achieved, as `Stepped.joinKey` writes it, and the checksum of what its work depends on; no checksum where it is not reused. */
  readonly checksumKey: string | undefined
  readonly checksum: string | undefined
  /** Id of the parent and index of its step; none for a root. */
  readonly parent: string | undefined
  readonly parentStep: number | undefined
  /** Id of the action that has started it without waiting for it (`Step.start`), and the index of its step; no step where a callback has. */
  readonly startedBy: string | undefined
  readonly startedByStep: number | undefined
  /** Id of the ended action that it goes on for (`ActionRepo.retry`). */
  readonly retryOf: string | undefined
  /** How many are above it: 0 of a root. */
  readonly depth: number
  /**
   * How often its last step, its job or its callbacks were begun, or a worker died that had taken it to begin them; of a queued one, its
   * `before` and its keys.
   */
  readonly attempts: number
  /** Why what it does was not done, while it is tried again. */
  readonly lastFailure: FailureCause | undefined
  /** Of one that is queued, what it was enqueued with: the lower, the sooner. */
  readonly priority: number | undefined
  /**
   * When it goes on: at the time to which it is delayed, with the next try, or, no sooner, with the end of the last wait of its step,
   * or when its lanes let it begin.
   */
  readonly dueAt: Date | undefined
  /** Why it does not begin, where it is queued or pending and a pause holds it: the oldest one of its lanes, its queue, its definition, or of everything. */
  readonly pause: Pause | undefined
  /** How long it may perform. */
  readonly timeoutMs: number | undefined
  /** When its time is over; none once it has ended, or its callbacks run. */
  readonly timeoutAt: Date | undefined
  /** When the time of its step is over, where that waits and has a limit. */
  readonly stepTimeoutAt: Date | undefined
  /** The result as JSON. */
  readonly result: unknown
  /** Why it did not succeed; none while it is live and does not unwind, and for one that succeeded, or was superseded without its waiters being told. */
  readonly cause: FailureCause | undefined
  /** Id of the action that has taken its place in the lane. */
  readonly supersededBy: string | undefined
  /**
   * Its parent has unwound it, or what undoes it, or one below it, was run again since it has ended: what could not be undone by then, is uncertain, or was kept, in the place of
   * what `cause` says of that; nothing of these where all was undone.
   */
  readonly unwound: Pick<FailureCause, "notUndone" | "kept" | "uncertain"> | undefined
  /** Of one that has failed, timed out or is deadlocked: the version of the program whose worker has ended it (the engine's option `build`). */
  readonly build: string | undefined
  /** How many of its callbacks have ended well, and how many have failed for good. */
  readonly callbacksSucceeded: number
  readonly callbacksFailed: number
  /** Texts that it was enqueued with. */
  readonly tags: ReadonlyArray<string>
  /** The trace that it is part of, in hexadecimal digits: none where nobody had a span when it was enqueued, nor since. */
  readonly traceId: string | undefined
  /** What its running step has said of itself last (`Step.progress`), as JSON; none where it has said nothing, and once the step has ended. */
  readonly progress: unknown
  /**
   * Of one that waits outside, or whose step waits for signals: when whoever is to answer was heard last; none where nobody was, and need not be. Of
   * several waits the one of which something was heard last: each one's own is in its slot.
   */
  readonly heartbeat: Heartbeat | undefined
  /** In user time: when it was enqueued, when it began to perform, and when it ended. */
  readonly enqueuedAt: Date
  readonly startedAt: Date | undefined
  readonly endedAt: Date | undefined
  /**
   * What of it somebody has asked to forget (`ActionRepo.forget`). `whole`: its actor; its arguments are `[]`, and its result, what was said of a failure, its tags and
   * its keys are gone. `inPart`: another actor, whose actions it has waited for; what it had of these is gone.
   */
  readonly forgotten: "whole" | "inPart" | undefined
}

/**
 * What was heard of a system outside (`Stepped.heartbeat`).
 *
 * @category models
 * @since 0.1.0
 */
export interface Heartbeat {
  /** When it was heard last, to a third of the `heartbeatTimeout`, or to a second; none as long as it was not. */
  readonly heardAt: Date | undefined
  /** When it has been silent for too long, if nothing is heard until then; none without such a limit, and where another one is over before that. */
  readonly silentAt: Date | undefined
  /** What it has said last, as JSON, if it has said something. */
  readonly details: unknown
}

/**
 * A step of an action: it exists from its start on.
 *
 * @category models
 * @since 0.1.0
 */
export interface StepRecord {
  /** Id of its action, and which step of that it is, from 0. */
  readonly action: string
  readonly index: number
  /** Its name, or its place among the others, from 1, as text; of a method or a job the action's name. */
  readonly name: string
  readonly kind: StepKind
  /** `held`: it has failed, and somebody is to decide of it. */
  readonly status: "pending" | "performing" | "held" | "succeeded" | "failed" | "cancelled" | "skipped"
  /** With what it failed, where the action went on without it; why it is held. */
  readonly failure: FailureCause | undefined
  /** Of a compensation, the index of the step that it undoes, whose name it has. */
  readonly undoes: number | undefined
  /** When its first attempt began. */
  readonly startedAt: Date
  readonly endedAt: Date | undefined
  /** The attempt that runs, was the last one, or is the next one; from 1 on. */
  readonly attemptNumber: number
  /** The last hundred attempts of one that has begun again; none of others. */
  readonly attempts: ReadonlyArray<AttemptRecord>
  /** Whether its result is one that somebody has given (`completeStep`), and no schema was there to check it. */
  readonly unchecked: boolean
}

/**
 * What a step has given, as later steps receive it.
 *
 * @category models
 * @since 0.1.0
 */
export interface StepResultRecord {
  /** The step's place among those of its action, from 0, and its name. */
  readonly index: number
  readonly name: string
  /** As JSON, with the results of its children; nothing, where it is left out. */
  readonly result: unknown
  /** Together with those before it, it is larger than what one answer has: 4 MiB as JSON. */
  readonly isLeftOut: boolean
  /** Whether something of it may be of others: it has waited for children or signals. */
  readonly isOfOthers: boolean
}

/**
 * An attempt of a step.
 *
 * @category models
 * @since 0.1.0
 */
export interface AttemptRecord {
  /** From 1 on. */
  readonly number: number
  readonly startedAt: Date
  /** None while it runs or waits. */
  readonly endedAt: Date | undefined
  /** With what it failed, in few words; none of the last one, of which the action or the step says it. */
  readonly failure: Pick<FailureCause, "kind" | "path" | "message"> | undefined
  /** When the next one begins, or was to begin. */
  readonly nextAt: Date | undefined
}

/**
 * One thing that a step waits for: a child action or a time.
 *
 * @category models
 * @since 0.1.0
 */
export interface SlotRecord {
  /** Id of the action that waits, the index of its step, and which thing of that step it is, from 0. */
  readonly action: string
  readonly step: number
  readonly slot: number
  /** Id of the action that settles the slot; a newcomer's where the child was superseded, another's where it joined. */
  readonly child: string | undefined
  /** What was asked for. */
  readonly actorType: string | undefined
  readonly actorId: string | undefined
  readonly name: string | undefined
  /** When a wait is over. */
  readonly dueAt: Date | undefined
  /** The signal that it waits for. */
  readonly signal: string | undefined
  /** Of a wait for a signal: when whoever is to send it was heard last; none where nobody was, and need not be. */
  readonly heartbeat: Heartbeat | undefined
  /** How it was settled; none while it is open. */
  readonly status: ActionStatus | undefined
  /** Its failure is a value for the step, and does not fail it (`Step.attempt`). */
  readonly isAttempt: boolean
  /** Which attempt of the step has asked for it. */
  readonly attemptNumber: number
}

/**
 * An action with its steps and their slots, and the actions in them. One that several slots wait for is in each of them.
 *
 * @category models
 * @since 0.1.0
 */
export interface ActionTree {
  readonly action: ActionRecord
  readonly steps: ReadonlyArray<
    StepRecord & {
      readonly slots: ReadonlyArray<SlotRecord & { readonly tree: ActionTree | undefined }>
    }
  >
  /** Of an execution of a workflow, once it has begun: what has become of it, and whom it waits for. */
  readonly execution?:
    | Omit<ExecutionRecord, "children"> & {
      readonly children: ReadonlyArray<ExecutionChild & { readonly tree: ActionTree | undefined }>
    }
    | undefined
}

/**
 * How much of a tree is read.
 *
 * @category models
 * @since 0.1.0
 */
export interface TreeOptions {
  /** At most so many actions, those of a level before those below them: 1,000 if not given, 100,000 at most. */
  readonly limit?: number | undefined
}

/**
 * What to list.
 *
 * @category models
 * @since 0.1.0
 */
export interface ActionFilter {
  /** Only actions of actors of this type, of the one with this id (as text), of this name, and in one of these statuses. */
  readonly actorType?: string | undefined
  readonly actorId?: string | undefined
  readonly name?: string | undefined
  readonly statuses?: ReadonlyArray<ActionRecord["status"]> | undefined
  /** Only actions without a parent. */
  readonly roots?: boolean | undefined
  /** Only what this action's steps have asked for and wait for, or have waited for. */
  readonly parent?: string | undefined
  /** Only what was enqueued with this text among its tags. */
  readonly tag?: string | undefined
  /** Only what was enqueued at this time or later, by the time in its id: of a caller's id that one's. */
  readonly since?: Date | undefined
  /** Only what was enqueued before this time, by the time in its id. */
  readonly before?: Date | undefined
  /** Only what comes after this action in the order of the list: those of lower ids. */
  readonly after?: string | undefined
  /** Only what this action's steps and callbacks have started without waiting for it (`Step.start`). */
  readonly startedBy?: string | undefined
  /** Only what goes on for this action (`ActionRepo.retry`). */
  readonly retryOf?: string | undefined
  /** Only ended actions of which a callback failed, for good: what it was to do was not done. */
  readonly callbacksFailed?: boolean | undefined
  /** Only those of which a step is held until somebody decides (`onExhausted`). */
  readonly held?: boolean | undefined
  /** Only executions of workflows that have failed, and are suspended until somebody resumes them (`ActionRepo.resumeExecution`). */
  readonly toResume?: boolean | undefined
  /** Only ended ones of which something could not be undone, and was not since (`notUndone`): those whose own compensations have failed, and not a child's. */
  readonly notUndone?: boolean | undefined
  /** Only those of this group of failures (`ActionRepo.failures`), among the 20,000 that have failed last. */
  readonly failure?: string | undefined
  /** Without what programs have stored, which stays in the database: `arguments` and `result` are null, and there is no `progress` and no `heartbeat`. */
  readonly brief?: boolean | undefined
  /** At most so many, newest first; 100 if not given, 10,000 at most. They come with arguments and results: fewer where those are large. */
  readonly limit?: number | undefined
}

/**
 * An action of which something has changed (`ActionRepo.changed`).
 *
 * @category models
 * @since 0.1.0
 */
export interface ChangedAction extends
  Pick<
    ActionRecord,
    "id" | "actorType" | "actorId" | "name" | "status" | "parent" | "enqueuedAt" | "startedAt" | "endedAt"
  >
{
  /** Why it did not succeed, in words that everybody may read who looks on: of a declared error without a message of its own its tag, as its fields are not for everybody. */
  readonly message: string | undefined
}

/**
 * How many actions there are (`ActionRepo.count`).
 *
 * @category models
 * @since 0.1.0
 */
export interface ActionCount {
  /** 10,000 at most. */
  readonly count: number
  /** There are more than these. */
  readonly hasMore: boolean
  /** Those that were counted, by definition and status, the most first. */
  readonly groups: ReadonlyArray<{
    readonly actorType: string
    readonly name: string
    readonly status: ActionRecord["status"]
    readonly count: number
  }>
}

/**
 * Whose steps are asked about.
 *
 * @category models
 * @since 0.1.0
 */
export interface AskedFilter {
  readonly actorType?: string | undefined
  readonly name?: string | undefined
  /** How many of all actions are looked at, the newest first: 10,000 if not given, 100,000 at most; of each step the first 1,000 things that it has asked for. */
  readonly limit?: number | undefined
}

/**
 * What a step of a definition has asked for, as the history has seen it: actions of one definition, or a signal.
 *
 * @category models
 * @since 0.1.0
 */
export interface AskedRecord {
  readonly actorType: string
  readonly name: string
  /** The step's name; of a compensation that of the step that it undoes. */
  readonly step: string
  readonly kind: StepKind
  /** The definition of what was asked for as a child, whichever action it has come to; none of a signal. */
  readonly child: { readonly actorType: string; readonly name: string } | undefined
  readonly signal: string | undefined
  /** How often, in what was looked at. */
  readonly count: number
}
