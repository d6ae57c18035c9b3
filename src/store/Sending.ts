/** What somebody outside sends, as it is stored. */
import type * as Duration from "effect/Duration"
import type { UnplacedCause } from "../domain/Failure.ts"
import type { NewOperation } from "./Records.ts"

/** An attempt of a step, which has given away a token. */
export interface AskedBy {
  readonly step: number
  readonly attempt: number
}

/** A signal that is to be stored. */
export interface NewSignal {
  readonly now: number
  /** None means the action of the definition and actor; these are, with an id, what it is taken for. */
  readonly id: string | null
  readonly definition: string | null
  readonly actorId: string | null
  readonly name: string
  readonly key: string | null
  readonly payload: unknown
  readonly cause: UnplacedCause | null
  /** The attempt of a step that has asked for it: it counts for that one, and for what comes after its success. */
  readonly from: AskedBy | undefined
  /** The context of the span in which it is sent, if there is one. */
  readonly trace: string | undefined
  /** Definitions that are known not to take it. */
  readonly unlisting: ReadonlyArray<string>
  /** How many an action may have that nobody has read. */
  readonly limit: number
  /** Who sends it, where that is recorded. */
  readonly operation?: NewOperation | undefined
  /** Its key counts once for all actions of the definition and the actor. */
  readonly once?: SentOnce | undefined
}

/** What a signal brings whose key counts once for all actions of an actor. */
export interface SentOnce {
  /** A digest of that. */
  readonly given: string
  /** For how long the key is held at least; as long as its action's history, if that is longer. */
  readonly kept: Duration.Duration
}

/** Whoever performs something outside is heard. */
export interface NewHeartbeat {
  readonly now: number
  /** None means the action of the definition and actor. */
  readonly id: string | null
  readonly definition: string | null
  readonly actorId: string | null
  /** By a token: the attempt of a step that has given it away, and the signal that it is for; none is to complete the action. */
  readonly from: AskedBy | undefined
  readonly signal: string | null
  /** As JSON. */
  readonly details: unknown
  /** By how many ms its limit is moved, if it is. */
  readonly by: number | undefined
}

/** What has become of a heartbeat; `Heard`: the limit has moved, where it was to. */
export type SentHeartbeat =
  | { readonly _tag: "Heard" | "Late" | "None" }
  | { readonly _tag: "Ambiguous"; readonly actions: ReadonlyArray<string> }

/** What has become of a signal. */
export type SentSignal =
  /** `Late`: who has asked for it is over. */
  | { readonly _tag: "None" | "Repeated" | "Late" }
  /** Whom it is for. */
  | { readonly _tag: "Sent"; readonly action: string; readonly definition: string; readonly actorId: string }
  | { readonly _tag: "Conflict" | "Full"; readonly action: string }
  | { readonly _tag: "Ambiguous"; readonly actions: ReadonlyArray<string> }
  /** The id names something else. */
  | { readonly _tag: "Other"; readonly definition: string; readonly actorId: string }
