/**
 * What is read of one action in pieces, each a few MiB at most and none at the end, where it is more than one answer is to hold. Who asks for the
 * next piece names the last row of the one before.
 */
import type * as Effect from "effect/Effect"
import type { ActionStatus } from "../domain/Phase.ts"
import type { StorageError } from "../SteppedError.ts"
import type { SettledSlot, StoredMemo } from "./Answer.ts"

/** A stored result on its way in, as JSON text. */
export interface StoredResult {
  readonly step: number
  readonly result: string
}

/** A settled slot with the child's result and, where its failure is a value, its cause, as JSON texts. */
export interface StoredSlot extends Omit<SettledSlot, "step" | "result" | "cause"> {
  readonly result: string | null
  readonly cause: string | null
}

/** A memo with its result as JSON text. */
export interface MemoPiece extends Omit<StoredMemo, "result"> {
  readonly index: number
  readonly result: string | null
}

/** What was sent to an execution, as JSON text; `ringsAt`, in ms of user time, is when a clock rings that has not. */
export interface SentPiece {
  readonly name: string
  readonly id: number
  readonly payload: string | null
  readonly ringsAt: number | null
}

/** An execution that another one waits for or has waited for, and how it has ended; what it came to as JSON texts. */
export interface AwaitedPiece {
  readonly action: string
  readonly definition: string
  readonly execution: string
  readonly status: ActionStatus | undefined
  readonly result: string | null
  readonly cause: string | null
}

/** A slot of an earlier attempt that has succeeded: what it has asked for, or, where nobody has noted that, what that was, with the arguments as JSON text. */
export interface EarlierPiece {
  readonly slot: number
  readonly request: string | null
  readonly definition: string | null
  readonly actorId: string | null
  readonly arguments: string | null
  readonly signal: string | null
}

/** A signal that nobody has read, with its payload as JSON text. */
export interface UnreadPiece {
  readonly id: number
  readonly payload: string | null
}

type Piece<Row> = Effect.Effect<ReadonlyArray<Row>, StorageError>

export interface Pieces {
  /** Results of an action's steps from an index on. */
  readonly resultsAfter: (action: string, from: number) => Piece<StoredResult>
  /** Slots of a step with their results. */
  readonly slotsAfter: (action: string, step: number, slot: number) => Piece<StoredSlot>
  /** What an action's bodies have done and do not do again. */
  readonly memosAfter: (action: string, last: MemoPiece | undefined) => Piece<MemoPiece>
  /** What was sent to an execution. */
  readonly sentAfter: (action: string, last: SentPiece | undefined) => Piece<SentPiece>
  /** The executions that one waits for or has waited for. */
  readonly awaitedAfter: (action: string, last: AwaitedPiece | undefined) => Piece<AwaitedPiece>
  /** Slots of earlier attempts of a step that have succeeded. */
  readonly earlierAfter: (action: string, step: number, slot: number) => Piece<EarlierPiece>
  /** What was sent to an action under a name and nobody has read, failures apart, in its order. */
  readonly unreadSignals: (action: string, name: string, last: UnreadPiece | undefined) => Piece<UnreadPiece>
}
