/** What is asked of the storage for executions of workflows. */
import type * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import type { ExecutionState } from "../Execution.ts"
import type { InterruptExecutionResult, ResumeExecutionResult } from "../OperatorResult.ts"
import type { StorageError } from "../SteppedError.ts"
import type { NewOperation } from "./Records.ts"

/** Which execution: by the key of its definition and its own id, and the id of its action, where it has none yet. */
interface Which {
  readonly definition: string
  readonly execution: string
  readonly action: string
}

/** An execution that is to begin, unless it has. */
export interface NewExecution extends Which {
  readonly queue: string
  readonly lane: string
  readonly arguments: unknown
  readonly trace: string | undefined
  readonly parent: { readonly action: string; readonly waits: boolean } | undefined
}

/** The id of an execution's action, and whether it was started here. */
export interface StartedExecution {
  readonly action: string
  readonly isNew: boolean
}

/** What is sent to an execution under a name. */
export interface NewSent extends Which {
  readonly name: string
  readonly payload: unknown
  /** When it comes, in ms of user time, if that is later than now. */
  readonly due: number | undefined
  readonly onlyStarted: boolean
  readonly again: boolean
  readonly wakes: boolean
}

/** What has come of sending something to an execution. */
export interface Arrival {
  readonly action: string
  /** Whether it is the first under its name. */
  readonly isFirst: boolean
  /** Where it is not, and wakes nobody: what is stored. */
  readonly stored: unknown
}

/** What has come of interrupting an execution, and which one it is, where it was not interrupted before. */
export interface InterruptedExecution {
  readonly result: InterruptExecutionResult
  readonly first: { readonly definition: string; readonly actorId: string } | undefined
}

/** How something is stored for executions. */
export interface ExecutingOptions {
  readonly now: number
  /** How long it is known what was sent to one that nobody has started. */
  readonly kept: Duration.Duration
  /** Whether it waits for whoever has locked one of them; else it fails soon (`tookTooLong`), and has stored nothing. */
  readonly isPatient: boolean
}

export interface Executing {
  /** Starts executions, or finds those that were started; inside an open transaction of the client it commits with it. An answer for each, in their order. */
  readonly startExecutions: (
    executions: ReadonlyArray<NewExecution>,
    options: ExecutingOptions
  ) => Effect.Effect<ReadonlyArray<StartedExecution>, StorageError>
  /** The action, and what has come of sending each; nothing where there is no such execution. Inside an open transaction of the client it commits with it. */
  readonly sendToExecutions: (
    sent: ReadonlyArray<NewSent>,
    options: ExecutingOptions
  ) => Effect.Effect<ReadonlyArray<Arrival | undefined>, StorageError>
  /** What has come to executions under some names, by user time. */
  readonly sentTo: (
    actions: ReadonlyArray<string>,
    names: ReadonlyArray<string>,
    now: number
  ) => Effect.Effect<
    ReadonlyArray<{ readonly action: string; readonly name: string; readonly payload: unknown }>,
    StorageError
  >
  /** An execution goes on, whatever it is suspended for; inside an open transaction of the client it commits with it. */
  readonly resumeExecution: (
    now: number,
    action: string,
    operation?: NewOperation
  ) => Effect.Effect<ResumeExecutionResult, StorageError>
  /** An execution is interrupted, by the id of its action; inside an open transaction of the client it commits with it. */
  readonly interruptExecution: (
    now: number,
    action: string,
    operation: NewOperation
  ) => Effect.Effect<InterruptedExecution, StorageError>
  readonly executionState: (
    which: { readonly action: string } | { readonly definition: string; readonly execution: string },
    isWaitedFor: boolean
  ) => Effect.Effect<ExecutionState | undefined, StorageError>
}
