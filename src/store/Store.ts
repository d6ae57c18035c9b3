/**
 * The engine's contract with its storage: one verb for each transition, each of them one transaction.
 *
 * A call ends in its answer or in a {@link StorageError}. One that is `isRetryable` has either not happened, or its answer was lost: which
 * of them it was, whoever asked finds out under its fencing token. What a transition locks, and in which order, is the storage's to say.
 */
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { SqlError } from "effect/sql/SqlError"
import type { FailureCause, UnplacedCause } from "../domain/Failure.ts"
import type { LaneSettings } from "../domain/LaneSettings.ts"
import type { ActionStatus, KeyKind, Phase, StepIdentity } from "../domain/Phase.ts"
import type { CompensateAgainResult, RetryResult, StepDecisionResult } from "../OperatorResult.ts"
import {
  type MissingPrivileges,
  type PoolTooSmall,
  StorageError,
  type UnsuitableDatabase,
  type UnsuitableIsolation
} from "../SteppedError.ts"
import type { Announcement } from "./Announcement.ts"
import type {
  Abandoning,
  Answer,
  Completed,
  DecidedOf,
  Detail,
  Recovered,
  Renewed,
  StepDecision,
  Work
} from "./Answer.ts"
import type { Conclusion, NewMemo, ProgressNote, Remembered, Whose } from "./Conclusion.ts"
import type { Executing } from "./Executing.ts"
import type { Explained, ExplainedAction, ToExplain } from "./Explained.ts"
import type { AskedRetry, Invocation, PreparedInvocation } from "./Invocation.ts"
import type { Keeping, OwnConnections } from "./OwnConnections.ts"
import type { Pieces } from "./Pieces.ts"
import type { NewOperation, Records } from "./Records.ts"
import type { AskedBy, NewHeartbeat, NewSignal, SentHeartbeat, SentSignal } from "./Sending.ts"

/** Whether the server ended a statement for the time that it took or waited: a smaller batch may pass. */
export const tookTooLong = (error: unknown): boolean => {
  const reason = error instanceof StorageError && error.cause instanceof SqlError ? error.cause.reason : undefined
  return reason?._tag === "LockTimeoutError" || reason?._tag === "StatementTimeoutError"
}

/** Whatever a program has kept of a layer fails with this once that is closed. */
export const layerClosed = (operation: string): StorageError =>
  new StorageError({
    operation,
    isRetryable: false,
    cause: new Error("the Stepped.layer is closed: what it gave works for as long as it is open")
  })

/** What a worker can run and takes: what it may claim, and what a claim must know about it. Made once, for all its calls. */
export interface Catalog {
  readonly queues: ReadonlyArray<string>
  readonly definitions: ReadonlyArray<CatalogEntry>
  /** Those of the process by their names; none where it has none. */
  readonly lanes?: Readonly<Record<string, LaneSettings>> | undefined
  /** Tenants may take turns with what it takes; without, that is not looked for. */
  readonly inTurns?: boolean | undefined
}

/** How often what ends without an answer is begun at most: by its definition, where that says so itself, or whatever it is. */
export interface AttemptLimits {
  readonly otherwise: number
  readonly own: ReadonlyMap<string, number>
}

interface CatalogEntry {
  /** The actor's type and the action's name, joined with `/`. */
  readonly key: string
  readonly steps: ReadonlyArray<StepIdentity>
  /** Bits of `Flag`. */
  readonly flags: number
  /** Its hook and its effectful keys run in the worker before the lane is taken. */
  readonly prepare: boolean
}

/** Of a process that can run nothing: for transitions that hand nothing over. */
export const emptyCatalog: Catalog = { queues: [], definitions: [] }

/** What an action's detail holds without the results of its steps, and its arguments. */
export interface Whole {
  readonly arguments: unknown
  readonly detail: Detail
}

/** What became of an invocation. */
export interface Found {
  readonly id: string
  /** The action that its outcome comes from: itself, or what superseded it or what it joined. */
  readonly final: string
  /** Its own status, where it has ended as an action. */
  readonly own: ActionStatus | undefined
  readonly state: "ended" | "live" | "queued" | "unknown"
  readonly status: ActionStatus | undefined
  readonly unwinding: boolean
  readonly result: unknown
  readonly cause: FailureCause | null
  /** Somebody has asked to forget what it has come to. */
  readonly forgotten: boolean
  readonly definition: string | null
  readonly actorId: string | null
  /** What was asked for, whatever its outcome comes from. */
  readonly ownDefinition: string | null
  readonly ownActorId: string | null
}

/** How far an invocation is. */
export interface FoundState extends Omit<Found, "result" | "cause" | "forgotten" | "definition" | "actorId"> {
  /** Its record may say how far its step is, or of whom it was heard for whom it waits. */
  readonly saysMore: boolean
}

/** What is said of an action that nothing continues, by what it is waiting for. */
export const stranded = {
  job: "is to be continued and has no job",
  slots: "waits for slots that are all settled, and has no job"
} as const

/** How an action is to end that is ended from outside. */
export interface GivenOutcome {
  readonly status: ActionStatus
  readonly result: unknown
  /** Its path is the action's own. */
  readonly cause: UnplacedCause | null
  /** Unless false, what its steps have done is undone where it does not succeed. */
  readonly unwinds?: boolean
}

/** What makes it the same completion when it comes again. */
export interface CompletionKey {
  readonly key: string
  /** A digest of the outcome. */
  readonly given: string
  /** How long it is held after this, though there be nothing left of its action. */
  readonly kept: Duration.Duration
  /** The attempt that has given away the key: once that is over, the action is over for it, too. */
  readonly from?: AskedBy
}

/** An action that nothing continued; without a phase where it waited in a lane that it could begin in. */
export interface Healed {
  readonly action: string
  readonly definition: string
  readonly actorId: string
  readonly phase: Phase | undefined
}

export interface Claiming {
  readonly token: bigint
  readonly now: number
  readonly room: number
  readonly catalog: Catalog
  /** For queues and priorities: invocations up to this id are passed over, see `claim`. */
  readonly after?: ReadonlyMap<string, Readonly<Record<string, number>>>
}

/** What time or cleaning up brings, at most `limit` of it. */
export type Pass = (
  token: bigint | null,
  now: number,
  catalog: Catalog,
  limit?: number
) => Effect.Effect<Answer, StorageError>

/**
 * Undefined in a first try. In a later one, which an earlier one may have been stored by and may still be about to: the tokens of this
 * process, under which that may have been.
 */
export type Again = ReadonlyArray<bigint> | undefined

/** The action that an invocation's id or key names already. */
export interface Met {
  readonly action: string
  /** By which of the two, where it came with something else then. */
  readonly conflict: keyof typeof KeyKind | undefined
}

/** What the engine does with its storage; with what the four services are made of, that is all of it. */
export interface Transitions {
  /** Stores invocations; inside an open transaction of the client they commit with it. */
  readonly enqueue: (items: ReadonlyArray<Invocation>, now: number, again: Again) => Effect.Effect<void, StorageError>
  /**
   * The same for what has a caller's id or an idempotency key. Gives those that are named already, by their index, of which nothing is
   * stored; one of them alone that is named by what came with something else, and then nothing is stored of all.
   */
  readonly enqueueKeyed: (
    items: ReadonlyArray<Invocation>,
    now: number,
    again: Again,
    kept: Duration.Duration
  ) => Effect.Effect<ReadonlyMap<number, Met>, StorageError>
  /** Frees keys whose time is over; gives how many it has looked at. */
  readonly freeKeys: (now: number, kept: Duration.Duration, limit: number) => Effect.Effect<number, StorageError>
  readonly claim: (
    options: Claiming & { readonly prepared: ReadonlyArray<PreparedInvocation>; readonly only: string | null }
  ) => Effect.Effect<Answer, StorageError>
  /** Both in one transaction, for invocations that are not held. */
  readonly enqueueAndClaim: (
    options: Claiming & { readonly items: ReadonlyArray<Invocation> }
  ) => Effect.Effect<Answer, StorageError>
  /** Commits what has come of actions; stale ones change nothing, and the others go on. */
  readonly finish: (options: {
    readonly token: bigint
    readonly now: number
    readonly catalog: Catalog
    readonly conclusions: ReadonlyArray<Conclusion>
    /** Whose they are, by their numbers, for who listens: the storage knows it. */
    readonly of?: ReadonlyArray<Whose>
  }) => Effect.Effect<Answer, StorageError>
  /** Keeps what bodies have done; gives what is kept by the memos' numbers, of those whose actions are still where they were. */
  readonly remember: (token: bigint, memos: ReadonlyArray<NewMemo>) => Effect.Effect<Remembered, StorageError>
  /** Shows what running steps say of themselves, of those whose actions are still where they were. */
  readonly noteProgress: (token: bigint, notes: ReadonlyArray<ProgressNote>) => Effect.Effect<void, StorageError>
  readonly complete: (options: {
    readonly token: bigint | null
    readonly now: number
    readonly catalog: Catalog
    /** Its definition and actor are what it is taken for; of a definition without an actor only the name counts. */
    readonly id: string | null
    /** Without one, by an id, it is whatever that names. */
    readonly definition: string | null
    readonly actorId: string | null
    readonly outcome: GivenOutcome
    readonly outbound: boolean
    /** Of what is outbound alone. */
    readonly key?: CompletionKey | undefined
    /** Who asks for it, where that is recorded. */
    readonly operation?: NewOperation | undefined
    /** The context of the span in which it is completed, if there is one. */
    readonly trace?: string | undefined
  }) => Effect.Effect<Completed, StorageError>
  /**
   * Ids of an actor's actions that can be cancelled: at most so many, those first that have not begun, so that nobody begins because
   * another one is cancelled.
   */
  readonly cancellable: (
    definition: string,
    actorId: string,
    limit: number
  ) => Effect.Effect<ReadonlyArray<string>, StorageError>
  /** An action under this token whose detail did not travel with the answer that handed it over; none when it is no longer under it. */
  readonly whatOf: (token: bigint, action: string) => Effect.Effect<Whole | undefined, StorageError>
  /** Stores a signal; inside an open transaction of the client it commits with it. */
  readonly send: (signal: NewSignal) => Effect.Effect<SentSignal, StorageError>
  /** Somebody outside is heard, for whom an action or a step waits; inside an open transaction of the client it commits with it. */
  readonly hear: (heartbeat: NewHeartbeat) => Effect.Effect<SentHeartbeat, StorageError>
  /** Somebody decides of an attempt of a step, which is held, waits, or is to begin again; or, without one, of an action that unwinds (`notStarted`: it does not). */
  readonly decideStep: (
    now: number,
    of: DecidedOf,
    decision: StepDecision | Abandoning,
    operation?: NewOperation
  ) => Effect.Effect<StepDecisionResult, StorageError>
  /** A new action goes on for one that has ended; inside an open transaction of the client it commits with it. */
  readonly retry: (
    now: number,
    retry: AskedRetry,
    operation: NewOperation
  ) => Effect.Effect<RetryResult, StorageError>
  /** What undoes an action that has ended is run again, where it has failed; inside an open transaction of the client it commits with it. */
  readonly compensateAgain: (
    now: number,
    action: string,
    operation: NewOperation
  ) => Effect.Effect<CompensateAgainResult, StorageError>
  readonly tick: Pass
  readonly cancelAbandoned: Pass
  /** What would become of an invocation if a worker took it now; none where its parent does not perform. Lanes are as this process knows them. */
  readonly explain: (
    asked: ToExplain,
    now: number,
    kept: Duration.Duration,
    lanes: Catalog["lanes"]
  ) => Effect.Effect<Explained | null, StorageError>
  /** The same of a stored action, or why it does not begin; nothing where there is none. */
  readonly explainAction: (
    id: string,
    now: number,
    catalog: Catalog,
    lanes: Catalog["lanes"]
  ) => Effect.Effect<ExplainedAction | undefined, StorageError>
  readonly outcomes: (ids: ReadonlyArray<string>) => Effect.Effect<ReadonlyArray<Found>, StorageError>
  /** How far an invocation is, without what has come of it. */
  readonly stateOf: (id: string) => Effect.Effect<FoundState | undefined, StorageError>
  /** Registers a worker; its token fences everything that it writes. */
  readonly register: (
    name: string,
    lease: Duration.Duration,
    build?: string | undefined
  ) => Effect.Effect<bigint, StorageError>
  /** Says what a worker is and can run, for those who look; nothing of the engine depends on it. */
  readonly announce: (token: bigint, announcement: Announcement) => Effect.Effect<void, StorageError>
  /** Prolongs the lease, also one that is over, unless somebody has taken over: see {@link Renewed}. */
  readonly renew: (
    token: bigint,
    lease: Duration.Duration,
    running: ReadonlyArray<string>
  ) => Effect.Effect<Renewed, StorageError>
  /** Gives up a token: what it still holds is taken over at once. With `burns` that counts as an attempt. */
  readonly unregister: (token: bigint, now: number, burns?: boolean) => Effect.Effect<void, StorageError>
  /**
   * Named lanes in use are as this process knows them, where others have left them otherwise. Gives the workers that are there, for the
   * next call, which looks only if one of those has gone; nothing, if there is more to do.
   */
  readonly adoptLanes: (
    now: number,
    lanes: Readonly<Record<string, LaneSettings>>,
    seen?: ReadonlyArray<bigint>
  ) => Effect.Effect<ReadonlyArray<bigint> | undefined, StorageError>
  /** Takes over what dead workers left, not what is held under `spared`; what has died twice, or has one of its attempts left, is to be performed alone, where it is said how many those are; on one-session databases everything of everybody before. */
  readonly recover: (
    now: number,
    spared?: ReadonlyArray<bigint>,
    limits?: AttemptLimits
  ) => Effect.Effect<Recovered, StorageError>
  /** Reserves an action that is to be performed with nothing beside it: a claim of that one takes it. */
  readonly reserveAlone: (token: bigint, catalog: Catalog) => Effect.Effect<string | null, StorageError>
  /**
   * The live actions and held invocations under a token, for a worker that does not know what it holds. Of those in `except` only that
   * they are there is asked, not what they hold.
   */
  readonly heldBy: (token: bigint, except?: ReadonlyArray<string>) => Effect.Effect<ReadonlyArray<Work>, StorageError>
  /**
   * Gives back live actions and held invocations, without burning an attempt. Answers those that stay held, because somebody looks at them
   * just now.
   */
  readonly giveBack: (
    token: bigint,
    actions: ReadonlyArray<string>,
    now: number
  ) => Effect.Effect<ReadonlyArray<string>, StorageError>
  /** Puts a held invocation back, to be prepared again at `due`; with what it has failed with, if it has. */
  readonly postpone: (
    token: bigint,
    queue: string,
    job: number,
    due: number,
    failure?: FailureCause
  ) => Effect.Effect<void, StorageError>
  /** Puts the job that a claim of one would take off to a later time; gives its action. */
  readonly setAside: (now: number, due: number, catalog: Catalog) => Effect.Effect<string | null, StorageError>
  /** Gives jobs to live actions that nothing continues, and has lanes looked at that they could begin in, on so many pages of their table; says which, and with which page to go on. It is recorded by the worker's name. */
  readonly heal: (now: number, page: number, pages: number, by: string) => Effect.Effect<{
    readonly healed: ReadonlyArray<Healed>
    readonly next: number | undefined
  }, StorageError>
  /** The database's clock minus this machine's, in ms, and by how much the way there and back may have falsified it. */
  readonly clockOffset: Effect.Effect<{ readonly millis: number; readonly uncertainty: number }, StorageError>
  /** Where the database is, for people: `localhost:5432/garage`; not known of every client. */
  readonly database: string | undefined
  /** Fails once the layer is closed, as every transition does. */
  readonly checkOpen: (operation: string) => Effect.Effect<void, StorageError>
  /** Whether a worker may do all that it has to do here. */
  readonly checkWorker: Effect.Effect<void, StorageError | MissingPrivileges | UnsuitableDatabase>
  /** Keeps connections for a worker until the scope closes. */
  readonly ownConnections: (keeping: Keeping) => Effect.Effect<OwnConnections, PoolTooSmall, Scope.Scope>
  /** Runs an effect in a transaction of the user's client, at read committed. */
  readonly withTransaction: <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E | StorageError, R>
  /** Whether the calling fiber is inside a transaction of the client. */
  readonly inTransaction: Effect.Effect<boolean>
  /** What has become of a transition in a transaction of the program, whose isolation level is its own. */
  readonly inOpenTransaction: (operation: string) => (error: StorageError) => StorageError | UnsuitableIsolation
  /** Runs an effect after the open transaction's commit, or now. */
  readonly afterCommit: (effect: Effect.Effect<void>) => Effect.Effect<void>
}

/**
 * The storage of the engine and of its services.
 * @internal
 */
export class Store extends Context.Service<Store, Transitions & Pieces & Records & Executing>()("stepped/Store") {}
