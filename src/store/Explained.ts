/** What an explanation says, as the storage gives it: times in ms, actions by their definitions. */
import type { FailureCause } from "../domain/Failure.ts"
import type { ActionStatus, KeyKind } from "../domain/Phase.ts"
import type { Pause } from "../Pause.ts"
import type { Invocation } from "./Invocation.ts"

/** An action that is named; without a definition it is not live. */
export interface Other {
  readonly id: string
  readonly definition?: string
  readonly actorId?: string
  readonly since?: number | null
}

/** As JSON has it. */
export type StoredPause = Omit<Pause, "since"> & { readonly since: string }

type Said =
  | { readonly tag: "Runs" }
  | {
    readonly tag: "Achieved"
    readonly action: string
    readonly achievedAt: number
    readonly result: unknown
    /** Where that does not count. */
    readonly then: Explained
  }
  | { readonly tag: "Joins" | "Performs"; readonly other: Other }
  | {
    readonly tag: "Supersedes"
    readonly others: ReadonlyArray<Other & { readonly waiters: ReadonlyArray<Other>; readonly toldIn: string | null }>
    readonly then: Explained
  }
  | { readonly tag: "Superseded"; readonly other: Other; readonly toldIn?: string | null }
  | {
    readonly tag: "Waits"
    readonly places: ReadonlyArray<
      { readonly lane: string; readonly place: number; readonly performing: ReadonlyArray<Other> }
    >
    readonly cancels?: ReadonlyArray<Other> | null
    readonly sibling?: string
    readonly pause?: StoredPause | null
  }
  | { readonly tag: "Unwinding"; readonly others: ReadonlyArray<Other> }
  | { readonly tag: "Rejected" | "Deadlocks"; readonly cause: FailureCause }
  | { readonly tag: "Limited" | "Debounced"; readonly lane: string; readonly until: number }
  | { readonly tag: "Paused"; readonly pause: StoredPause }
  | { readonly tag: "Delayed"; readonly until: number }
  | { readonly tag: "Duplicate"; readonly action: string }
  | { readonly tag: "Conflict"; readonly action: string; readonly kind: typeof KeyKind[keyof typeof KeyKind] }
  | { readonly tag: "Undecided"; readonly by: "before" | "key" | "checksum"; readonly then?: Explained | null }
  | { readonly tag: "Ended"; readonly status: ActionStatus }

export type Explained = Said & {
  /** Of a stored one. */
  readonly enqueuedAt?: number
}

/** What is stored of an action. */
export interface ExplainedAction {
  readonly definition: string
  readonly actorId: string
  readonly answer: Explained
}

/** Something that nobody has enqueued. */
export interface ToExplain {
  readonly invocation: Invocation
  /** The action that would wait for it. */
  readonly parent: string | null
  /** What a worker would have to run first. */
  readonly undecided: "before" | "key" | "checksum" | null
}
