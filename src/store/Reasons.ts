/** Why an action is not finished, as the storage gives it: times in ms, actions by their definitions. */
import type { FailureCause } from "../domain/Failure.ts"
import type { ActionStatus } from "../domain/Phase.ts"
import type { Other, StoredPause } from "./Explained.ts"

/** Null is nothing, as JSON has it. */
type Maybe<A> = A | null

/** Whom it waits for, by their ids: what is known of them stands with them, as far as they are in the answer. */
interface Waits {
  readonly others: ReadonlyArray<Other>
}

/** What is known of a step that waits. */
interface OfStep {
  readonly step: string
  readonly undoes: boolean
  readonly since: number
  readonly timeoutAt: Maybe<number>
  readonly open: number
}

interface Heard {
  readonly heardAt: Maybe<number>
  readonly silentAt: Maybe<number>
  readonly details: unknown
}

/** What a worker does for an action, or is to do again. */
export type Doing = "preparing" | "step" | "concluding" | "callbacks" | "job" | "undoing" | "closing"

export type StoredReason =
  | ({
    readonly tag: "Waits"
    readonly lane: string
    readonly limit: number
    readonly performing: number
    readonly place: number
  } & Waits)
  | ({ readonly tag: "Sibling" | "Joins" } & Waits)
  | ({ readonly tag: "Children"; readonly undoing: boolean; readonly closing: boolean } & OfStep & Waits)
  | ({ readonly tag: "Timer"; readonly until: number } & OfStep)
  | (
    & {
      readonly tag: "Signal"
      readonly signal: string
      readonly optional: boolean
      readonly until: Maybe<number>
      readonly unread: { readonly count: number; readonly lastAt: Maybe<number> }
    }
    & OfStep
    & Heard
  )
  | ({ readonly tag: "Outbound"; readonly since: number } & Heard)
  | {
    readonly tag: "Held"
    readonly step: Maybe<string>
    readonly attempt: number
    readonly since: Maybe<number>
    readonly failure: Maybe<FailureCause>
    readonly decided: Maybe<
      { readonly verb: string; readonly by: string; readonly reason: Maybe<string>; readonly at: number }
    >
  }
  | ({
    readonly tag: "Suspended"
    readonly failure: Maybe<FailureCause>
    readonly since: Maybe<number>
    /** By the names under which they are stored; `rings` of clocks that are to. */
    readonly awaits: ReadonlyArray<{ readonly name: string; readonly since: number; readonly rings: Maybe<number> }>
    readonly until: Maybe<number>
  } & Waits)
  | {
    readonly tag: "Retries"
    readonly what: Doing
    readonly step?: Maybe<string>
    readonly attempt: number
    readonly at: number
    readonly failure: Maybe<FailureCause>
  }
  | {
    readonly tag: "Due"
    readonly queue: string
    readonly since?: Maybe<number>
    readonly place?: Maybe<number>
    /** How many live, how many of these have its definition, how many of those serve its queue, and how many would if they were not draining. */
    readonly workers: {
      readonly living: number
      readonly having: number
      readonly serving: number
      readonly draining: number
    }
  }
  | {
    readonly tag: "Performs"
    readonly what: Doing
    readonly step?: Maybe<string>
    readonly attempt: number
    readonly since?: Maybe<number>
    readonly worker: Maybe<{
      readonly name: string
      readonly build: Maybe<string>
      readonly startedAt: number
      readonly leaseUntil: number
      readonly isOver: boolean
    }>
    readonly progress?: unknown
  }
  | { readonly tag: "Paused"; readonly pause: StoredPause }
  | { readonly tag: "Limited" | "Debounced"; readonly lane: string; readonly until: number }
  | { readonly tag: "Delayed"; readonly until: number }
  | { readonly tag: "Cancelled"; readonly since: number }
  | {
    readonly tag: "Unwinding"
    readonly status: ActionStatus
    readonly hasEnded: boolean
    readonly cause?: Maybe<FailureCause>
    readonly step?: Maybe<string>
  }
  | { readonly tag: "Stranded" }
  | {
    readonly tag: "Ended"
    readonly status: ActionStatus
    readonly at: number
    readonly cause: Maybe<FailureCause>
    readonly supersededBy?: Maybe<string>
    readonly forgotten: boolean
  }

/** An action with its reasons. */
export interface StoredWhy {
  readonly id: string
  readonly definition: string
  readonly actorId: string
  readonly status: "queued" | ActionStatus
  readonly since?: Maybe<number>
  readonly enqueuedAt?: Maybe<number>
  readonly timeoutAt?: Maybe<number>
  readonly reasons: ReadonlyArray<StoredReason>
}

/** How long actions of a definition have taken: of as many. */
export interface UsualTime {
  readonly count: number
  readonly medianMs: number
  readonly p95Ms: number
}

export interface StoredReasons {
  /** The action that was asked for, and the others, each once. */
  readonly actions: readonly [StoredWhy, ...ReadonlyArray<StoredWhy>]
  /** None where none has succeeded lately, or finding out took too long. */
  readonly usual: UsualTime | undefined
}
