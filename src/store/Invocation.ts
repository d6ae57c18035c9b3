/** What is asked for and no worker has begun: how it is queued, and how it comes back from being prepared. */
import type { FailureCause } from "../domain/Failure.ts"
import type { ActionStatus } from "../domain/Phase.ts"

/** What names an invocation beside its own id, and what came with that. */
export interface Named {
  /** Its id is the caller's. */
  readonly id?: string
  readonly key?: string
  /** A digest of its action, actor and arguments. */
  readonly given: string
}

/** One row of the queue before it has an id. */
export interface Invocation {
  readonly queue: string
  readonly action: string
  /** The actor's type and the action's name, joined with `/`. */
  readonly definition: string
  readonly actorId: string
  readonly arguments: unknown
  /** None where the key takes an effect, which a worker runs; so with the next ones. */
  readonly lane: string | null
  /** Its named lanes, sorted, in place of a lane. */
  readonly lanes?: ReadonlyArray<string>
  /** None where it is the lane, too. */
  readonly checksumKey: string | null
  readonly checksum: string | null
  /** In ms, from when it starts to perform. */
  readonly timeout: number | null
  readonly parent: string | null
  readonly parentStep: number | null
  readonly depth: number
  /** The action that has started it, and the number of the step that has; none of a callback's. */
  readonly startedBy?: string
  readonly startedByStep?: number
  /** It joins its lane in turn with siblings that may be headed for the same one. */
  readonly ordered?: boolean
  /** `false`: the checksum is left to the worker, see the column `prepared`. */
  readonly prepared?: boolean
  /** The lower, the sooner; 0 if not given. */
  readonly priority?: number
  /** User time in ms before which it does not join its lane. */
  readonly due?: number
  readonly tags?: ReadonlyArray<string>
  /** Where its trace goes on: W3C's `traceparent` and, behind a space, `tracestate`. */
  readonly trace?: string
  /** Stored once: see `enqueueKeyed`. */
  readonly named?: Named
  /** Who takes turns with others in its queue. */
  readonly tenant?: string
  /** Held under this fencing token from the start: its own process performs it at once. */
  readonly token?: number
}

/** An invocation that `before` and the effectful keys have prepared, or ended. */
export interface PreparedInvocation {
  readonly action: string
  readonly definition: string
  readonly actorId: string
  readonly job: number
  readonly queue: string
  readonly arguments: unknown
  /** None where it is in named lanes. */
  readonly lane: string | null
  readonly lanes: ReadonlyArray<string> | null
  readonly checksumKey: string
  readonly checksum: string | null
  readonly timeout: number | null
  /** How it ends without being performed. */
  readonly ended: {
    readonly status: ActionStatus
    readonly result: unknown
    readonly cause: FailureCause | null
  } | undefined
  /** The action whose achievement it passes by, as that cannot be read or is too old. */
  readonly passesBy: string | null
}

/** Which action another one is to go on for. */
export interface AskedRetry {
  readonly action: string
  /** The name of the step to begin with. */
  readonly from: string | undefined
  readonly upwards: boolean
}
