/** What is to be performed still, as the storage gives it to who asks whether a program can perform it. */
import type * as Effect from "effect/Effect"
import type { UnplacedCause } from "../domain/Failure.ts"
import type { Phase } from "../domain/Phase.ts"
import type { StorageError } from "../SteppedError.ts"
import type { Detail } from "./Answer.ts"
import type { Pieces } from "./Pieces.ts"
import type { StoredSchedule } from "./Scheduled.ts"
import type { Whole } from "./Store.ts"

/** An action that is queued or live. */
export interface StoredLive {
  readonly id: string
  readonly definition: string
  readonly actorId: string
  readonly queue: string
  /** None of both where they are left to a worker. */
  readonly lane: string | null
  readonly lanes: ReadonlyArray<string> | null
  readonly depth: number
  readonly attempts: number
  readonly state: "queued" | "pending" | "performing"
  /** It goes on for one that has ended. */
  readonly isRetry: boolean
  /** Of one that is queued: its `before` has run. */
  readonly isPrepared: boolean
  /** Something was sent to it that nobody has read. */
  readonly hasSignals: boolean
  /** Its arguments and its detail are loaded apart. */
  readonly isApart: boolean
  readonly arguments: unknown
  /** Its arguments as given, where it was prepared to others. */
  readonly given: unknown
  /** Of one that has begun. */
  readonly begun: { readonly phase: Phase; readonly step: number; readonly detail: Detail | undefined } | undefined
}

/** What was sent to an action, and nobody has read. */
export interface UnreadSignal {
  readonly action: string
  readonly name: string
  readonly id: number
  readonly payload: unknown
  /** A failure was sent. */
  readonly cause: UnplacedCause | null
}

/** What is read at one moment. */
export interface LiveReads extends Omit<Pieces, "unreadSignals"> {
  /** In the order of their ids, from one to another. */
  readonly page: (from: string, until: string, limit: number) => Effect.Effect<ReadonlyArray<StoredLive>, StorageError>
  /** Of actions in their order, of the first one behind a signal; a piece of a few MiB, none at the end. */
  readonly signalsAfter: (
    actions: ReadonlyArray<string>,
    after: Pick<UnreadSignal, "name" | "id"> | undefined
  ) => Effect.Effect<ReadonlyArray<UnreadSignal>, StorageError>
  /** Schedules in the order of their names, behind a name. */
  readonly schedulesAfter: (name: string, limit: number) => Effect.Effect<ReadonlyArray<StoredSchedule>, StorageError>
  /** As a worker loads it. */
  readonly whatOf: (action: string) => Effect.Effect<Whole | undefined, StorageError>
  readonly argumentsOf: (
    action: string
  ) => Effect.Effect<{ readonly arguments: unknown; readonly given: unknown } | undefined, StorageError>
}
