/** What is asked of the storage for executions of workflows. */
import type * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import type { Arrival, ExecutionState } from "../Execution.ts"
import type { StorageError } from "../SteppedError.ts"

/** Which execution: by the key of its definition and its own id, and the id of its action, where it has none yet. */
interface Which {
  readonly now: number
  readonly definition: string
  readonly execution: string
  readonly action: string
  /** How long it is known what was sent to it, as long as nobody has started it. */
  readonly kept: Duration.Duration
}

/** An execution that is to begin, unless it has. */
export interface NewExecution extends Which {
  readonly queue: string
  readonly lane: string
  readonly arguments: unknown
  readonly trace: string | undefined
  readonly parent: { readonly action: string; readonly waits: boolean } | undefined
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

export interface Executing {
  /** Starts an execution, or finds the one that was started; inside an open transaction of the client it commits with it. */
  readonly startExecution: (
    execution: NewExecution
  ) => Effect.Effect<{ readonly action: string; readonly isNew: boolean }, StorageError>
  /** The action, and what has come of sending; nothing where there is no such execution. Inside an open transaction of the client it commits with it. */
  readonly sendToExecution: (
    sent: NewSent
  ) => Effect.Effect<Arrival & { readonly action: string } | undefined, StorageError>
  /** What has come to executions under some names, by user time. */
  readonly sentTo: (
    actions: ReadonlyArray<string>,
    names: ReadonlyArray<string>,
    now: number
  ) => Effect.Effect<
    ReadonlyArray<{ readonly action: string; readonly name: string; readonly payload: unknown }>,
    StorageError
  >
  /** Whether there is something to do now. */
  readonly resumeExecution: (now: number, action: string) => Effect.Effect<boolean, StorageError>
  readonly executionState: (
    which: { readonly action: string } | { readonly definition: string; readonly execution: string },
    isWaitedFor: boolean
  ) => Effect.Effect<ExecutionState | undefined, StorageError>
}
