/** What performing needs of the engine. */
import type * as Effect from "effect/Effect"
import type { Kept, ReplayListener } from "../../Execution.ts"
import type { CompletionOptions, CompletionOutcome } from "../../Outcome.ts"
import type { JobCompletionError, StorageError, UnsuitableIsolation } from "../../SteppedError.ts"
import type { NewMemo, ProgressNote } from "../../store/Conclusion.ts"
import type { Pieces } from "../../store/Pieces.ts"
import type { Store, Whole } from "../../store/Store.ts"
import type { NewActionId } from "../ActionId.ts"
import type { Log } from "../log.ts"
import type { Registry } from "../Registry.ts"
import type { Settings } from "../Settings.ts"
import type { Concluded } from "./concluding.ts"
import type { Performance } from "./Performance.ts"

export interface Surroundings {
  readonly log: Log
  readonly settings: Settings["Service"]
  readonly registry: Registry
  readonly now: Effect.Effect<number>
  readonly newActionId: NewActionId
  /** Completes an action for its job; `completed` is called once that is certain, in a transaction after its commit. */
  readonly complete: (
    performance: Performance,
    outcome: CompletionOutcome<unknown, unknown>,
    options: CompletionOptions | undefined,
    completed: () => void
  ) => Effect.Effect<boolean, JobCompletionError>
  /** What did not travel with the answers of transitions. */
  readonly stored: Pieces & {
    readonly whatOf: (action: string) => Effect.Effect<Whole | undefined, StorageError>
  }
  /** Keeps what a body has done, and gives what is kept under its name. Dies with `Fenced` where the action is somebody else's by now. */
  readonly remember: (memo: NewMemo) => Effect.Effect<unknown, StorageError>
  /** The same by a statement of its own, for the calling fiber's transaction to commit; and whether it was not kept before. */
  readonly rememberHere: (memo: NewMemo) => Effect.Effect<Kept, StorageError>
  /** Runs an effect in a transaction of the program's client, at read committed. */
  readonly withTransaction: Store["Service"]["withTransaction"]
  /** Tells the body of an execution what comes while it runs; answers how to leave. */
  readonly listen: (action: string, listener: ReplayListener) => () => void
  /** Shows how far a step is, soon. */
  readonly note: (note: ProgressNote) => void
  /** Whether the calling fiber is inside a transaction of the program's client. */
  readonly inTransaction: Effect.Effect<boolean>
  /**
   * Runs a transactional step's body and commits its conclusion with it. Gives nothing where the body has ended its action itself: then
   * there is no more to conclude.
   */
  readonly transaction: <E>(
    body: Effect.Effect<Concluded, E>
  ) => Effect.Effect<Concluded | undefined, E | StorageError | UnsuitableIsolation>
}

/** What reading what is stored of an action needs of the engine. */
export interface Reading extends Pick<Surroundings, "registry" | "settings" | "now"> {
  readonly stored: Omit<Surroundings["stored"], "unreadSignals">
}

/** Somebody else has the action by now, or it is over: nothing of what was done for it may be committed. */
export class Fenced {
  readonly _tag = "Fenced"
}
