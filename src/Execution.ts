/**
 * Executions of workflows, as the engine and `stepped/workflow` speak of them: an action each, whose body runs again from its beginning whenever
 * something has woken it.
 *
 * @since 0.1.0
 */
import type { Cause, Effect } from "effect"
import type { FailureCause } from "./domain/Failure.ts"
import type { ActionStatus } from "./domain/Phase.ts"
import type {
  InvalidActorId,
  PayloadTooLarge,
  StorageError,
  TooManyMemos,
  UnknownAction,
  UnstorableText,
  UnsuitableIsolation,
  WouldWaitForItself
} from "./SteppedError.ts"

/**
 * How an execution has ended, as it is stored.
 *
 * @internal
 */
export interface ExecutionOutcome {
  readonly status: ActionStatus
  readonly result: unknown
  readonly cause: FailureCause | null
}

/**
 * Which execution: by its definition's actor and action, and by its id.
 *
 * @internal
 */
export interface ExecutionKey {
  readonly actorType: string
  readonly name: string
  readonly execution: string
}

/**
 * Who is told of what others send to an execution while its body runs.
 *
 * @internal
 */
export interface ReplayListener {
  /** Names that it awaits. */
  readonly awaited: () => Iterable<string>
  /** Called at once, and also for what it knows. */
  readonly came: (name: string, payload: unknown) => void
}

/**
 * What is stored of an activity, and whether it was not stored before.
 *
 * @internal
 */
export interface Kept {
  readonly result: unknown
  readonly isNew: boolean
}

/**
 * One run of an execution's body, with all that is known of the earlier ones.
 *
 * @internal
 */
export interface Replay {
  /** The id of its action. */
  readonly action: string
  readonly execution: string
  /** What was sent to it, by names, and has come by now; what this run itself sends is added. */
  readonly sent: Map<string, unknown>
  /** Names of clocks that are to ring. */
  readonly clocks: ReadonlySet<string>
  /** What has come of the execution of a definition (its actor and its action) that this one waits for; none where that has not ended. */
  readonly childOf: (key: ExecutionKey) => { readonly ended: ExecutionOutcome | undefined } | undefined
  /** What an activity has come to. */
  readonly memo: (name: string, attempt: number) => { readonly result: unknown } | undefined
  /**
   * Stores what an activity has come to, and gives what is stored: under one name and attempt the first counts, and what it has done has happened, so
   * that it is taken for new. Dies where the execution is somebody else's by now.
   */
  readonly remember: (
    name: string,
    attempt: number,
    result: unknown
  ) => Effect.Effect<Kept, StorageError | PayloadTooLarge | UnstorableText | TooManyMemos>
  /**
   * Runs an activity in a transaction of the program's client, with which what it has come to commits: `remember` stores it there. Where that was
   * stored before, what this transaction has done is one time too often.
   */
  readonly transaction: <A, E, R>(
    activity: (remember: Replay["remember"]) => Effect.Effect<A, E, R>
  ) => Effect.Effect<A, E | StorageError, R>
  /** Whether what the body has failed with ends the execution: else it goes on later, tried again or resumed. */
  readonly isAnswer: (cause: Cause.Cause<unknown>) => Effect.Effect<boolean>
  /** Is told of what comes while the body runs; answers how to leave. */
  readonly listen: (listener: ReplayListener) => () => void
  /**
   * Whatever the body gives, it is suspended: until something wakes it, or, where it has failed, until somebody resumes it. `awaits` are the names
   * under which something is awaited. It has missed something where it may have come without waking it: that is looked for then.
   */
  readonly suspend: (
    cause: Cause.Cause<unknown> | undefined,
    awaits: ReadonlyArray<string>,
    hasMissed: boolean
  ) => void
}

/**
 * Something that is sent to an execution under a name.
 *
 * @internal
 */
export interface SentToExecution extends ExecutionKey {
  readonly sent: string
  readonly payload: unknown
  /** When it comes, in ms from now. */
  readonly after?: number | undefined
  /** Only to one that was started. */
  readonly onlyStarted?: boolean
  /** In place of what was sent before. */
  readonly again?: boolean
  /** Unless false, it wakes the execution. */
  readonly wakes?: boolean
  /** Done after the commit, where this was the first, or it wakes nobody: with what is stored. */
  readonly known?: (stored: unknown) => Effect.Effect<void>
}

/**
 * How far an execution is.
 *
 * @internal
 */
export interface ExecutionState {
  readonly action: string
  readonly ended: ExecutionOutcome | undefined
  /**
   * Why it is suspended, where it is since it has failed; `suspended` where it waits for something to wake it. `below` is what those have failed
   * with, and are suspended, that it waits for.
   */
  readonly suspended:
    | { readonly failure: FailureCause | undefined; readonly below: ReadonlyArray<FailureCause> }
    | undefined
}

type CallError = StorageError | UnsuitableIsolation

/**
 * What can be asked of executions.
 *
 * @internal
 */
export interface Executions {
  /** Whether what the calling fiber asks for goes with an open transaction, which may be taken back. */
  readonly inTransaction: Effect.Effect<boolean>
  /** Starts an execution, unless it was started before. A parent that waits is woken by its end. */
  readonly start: (
    key: ExecutionKey & {
      readonly queue: string
      readonly payload: unknown
      readonly parent: { readonly action: string; readonly waits: boolean } | undefined
    }
  ) => Effect.Effect<
    { readonly action: string; readonly isNew: boolean },
    CallError | PayloadTooLarge | UnstorableText | InvalidActorId
  >
  /** How far one is, by the id of its action; where it is waited for, an end that is just being stored is waited for as well. */
  readonly stateOf: (
    which: { readonly action: string } | ExecutionKey,
    isWaitedFor?: boolean
  ) => Effect.Effect<ExecutionState | undefined, StorageError>
  /** Waits until the action has ended; one that has just been started is not looked for at once. */
  readonly ended: (
    action: string,
    isNew: boolean
  ) => Effect.Effect<ExecutionOutcome, StorageError | UnknownAction | WouldWaitForItself>
  /** Where there is no such execution nothing is sent. */
  readonly send: (
    sent: SentToExecution
  ) => Effect.Effect<void, CallError | PayloadTooLarge | UnstorableText | InvalidActorId>
  /** Resumes one, whyever it is suspended. */
  readonly resume: (action: string) => Effect.Effect<void, StorageError>
}
