/**
 * What is read of the storage by those who look at it, and what they may change: the part of the contract that the four services are
 * made of. Who asks has checked what it asks for: ids are ids, texts can be stored, limits are whole numbers.
 */
import type * as Effect from "effect/Effect"
import type { Achievement } from "../AchievementStore.ts"
import type {
  ActionFilter,
  ActionRecord,
  AskedFilter,
  AskedRecord,
  ChangedAction,
  SlotRecord,
  StepRecord,
  StepResultRecord
} from "../ActionRecord.ts"
import type { DefinitionRecord, WorkerRecord } from "../Catalogue.ts"
import type { DatabaseHealth } from "../DatabaseHealth.ts"
import type { Finding, HealRecord } from "../Engine.ts"
import type { ExecutionRecord } from "../ExecutionRecord.ts"
import type { FailureFilter, FailureGroups } from "../Failures.ts"
import type { Backlog, DefinitionFilter, QueuedInvocation } from "../JobQueue.ts"
import type { ManyGroup, ManyOutcome } from "../Many.ts"
import type {
  DeleteResult,
  Forgetting,
  ForgottenActor,
  OperationFilter,
  OperationRecord,
  OperatorVerb,
  QueueResult,
  StillThere
} from "../Operation.ts"
import type { Pause } from "../Pause.ts"
import type { Lane } from "../PerformanceLane.ts"
import type { Deletion, DeletionPlan } from "../Retention.ts"
import type { SignalRecord } from "../Signal.ts"
import type { StorageError } from "../SteppedError.ts"
import type { News } from "./Answer.ts"
import type { LiveReads } from "./Live.ts"
import type { StoredReasons } from "./Reasons.ts"
import type { Old } from "./retained.ts"
import type { ScheduleStore } from "./Scheduled.ts"

type Many<A> = Effect.Effect<ReadonlyArray<A>, StorageError>

/** Between which ids, by the time that they begin with. */
export interface Within {
  /** In ms. */
  readonly from: number | undefined
  readonly until: number | undefined
  /** Whose children are asked for, if it is stored: they were enqueued while it was live, or since then by what undoes it. */
  readonly parent?: ActionRecord | undefined
  /** Of a group of failures: those that have ended since, and before this, in ms. */
  readonly endedSince?: number | undefined
  readonly endedBefore?: number | undefined
  /** Not those of this type of actor. */
  readonly notOf?: string | undefined
  /** Not those of lower ids. */
  readonly lowest?: string | undefined
}

/** What somebody has asked for, as it is recorded. */
export interface NewOperation {
  /** User time in ms. */
  readonly at: number
  readonly by: string
  readonly verb: OperatorVerb
  readonly target: string
  /** Of a verb that decides of a step. */
  readonly index?: number | undefined
  readonly attemptNumber?: number | undefined
  readonly reason: string | undefined
  /** The action that asks for it of many, each of them once: a second time it fails. */
  readonly through?: string | undefined
}

/** What has come of forgetting in some of the history. */
export interface ForgottenPage extends Pick<Forgetting, "actions" | "others" | "achievements" | "before"> {
  /** What stays for now. */
  readonly stays: ReadonlyArray<StillThere>
  /** Below which action the next page goes on; none after the oldest. */
  readonly next: string | undefined
}

/** What is seen of the database, without what it means. */
export interface SeenHealth extends Omit<DatabaseHealth, "notes"> {
  readonly isEmbedded: boolean
  /** Whether this role sees the sessions of others. */
  readonly seesAll: boolean
}

/** Jobs that wait and are not for a worker: for another one, or for nobody. */
export interface Neglected {
  readonly queue: string
  readonly actorType: string
  readonly name: string
  /** Since when the oldest of them is due. */
  readonly since: Date
}

/** What is due next: the next wait, retry or delayed invocation, and the next timeout, in ms of user time; and whether something was resumed that may have still to go on. */
export interface NextDue {
  readonly wait: number | undefined
  readonly timeout: number | undefined
  readonly resumes: boolean
}

/** Up to how many of something are counted. */
export const mostMeasured = 100_000

/** How much waits. */
export interface Measured {
  readonly lanes: number
  /** `since`: since when the oldest of them is due, in ms of user time. */
  readonly queues: ReadonlyArray<{ readonly queue: string; readonly due: number; readonly since: number }>
  /** Of schedules that do not fire, and since when the first of those is due; undefined where there is no schedule at all. */
  readonly schedules:
    | { readonly broken: number; readonly orphaned: number; readonly since: number | undefined }
    | undefined
}

export interface Records extends ScheduleStore {
  /** In no order; of an id that is none, nothing. */
  readonly actionsOf: (ids: ReadonlyArray<string>) => Many<ActionRecord>
  /** The same without what programs have stored. */
  readonly briefOf: (ids: ReadonlyArray<string>) => Many<ActionRecord>
  /** Arguments as given, of those of these that have others by now: what has begun alone, since of what is queued records have them. */
  readonly replacedArguments: (ids: ReadonlyArray<string>) => Effect.Effect<ReadonlyMap<string, unknown>, StorageError>
  /**
   * The ids of actions that may need somebody: those that fail on their way, are held, or perform longest, a few of each definition, among so many of the oldest and of the newest that are
   * live; and those of which something was not undone, or, failed since a time (user time in ms), is uncertain.
   */
  readonly suspects: (
    since: number,
    looked: number
  ) => Effect.Effect<{ readonly performing: ReadonlyArray<string>; readonly left: ReadonlyArray<string> }, StorageError>
  /** What was healed since a time (user time in ms), the last first, so many at most. */
  readonly heals: (since: number, limit: number) => Many<HealRecord>
  /** What was enqueued, has begun or ended since a time (user time in ms), among so many of the newest, and what has failed: the newest change first. */
  readonly changed: (
    since: number,
    looked: number,
    limit: number,
    watched: ReadonlyArray<string>
  ) => Many<ChangedAction>
  /** Newest first. */
  readonly actionsLike: (filter: ActionFilter, limit: number, within: Within) => Many<ActionRecord>
  /**
   * The id down to which a list has so many to look through; none where there are fewer, where all of them are on the list, and where an index leads to few: a list ends where it is full then.
   */
  readonly lowestLooked: (
    filter: ActionFilter,
    most: number,
    within: Within
  ) => Effect.Effect<string | undefined, StorageError>
  /** Of the newest, up to so many: how many there are of each definition and status, the most first. */
  readonly countLike: (filter: ActionFilter, limit: number, within: Within) => Many<ManyGroup>
  /** Their ids, the newest first. */
  readonly idsLike: (filter: ActionFilter, limit: number, within: Within) => Many<string>
  /** What has failed, in groups, the one that was seen last first. */
  readonly failures: (
    filter: { readonly [K in "actorType" | "name" | "since" | "before"]: FailureFilter[K] | undefined },
    limit: number
  ) => Effect.Effect<FailureGroups, StorageError>
  /** Of several actions, each one's in their order. */
  readonly stepsOf: (actions: ReadonlyArray<string>) => Many<StepRecord>
  /** In their order, with what they have given as far as it is not larger, all of it together. */
  readonly stepResultsOf: (action: string, bytes: number) => Many<StepResultRecord>
  /** Of several actions, each one's in the order of its steps. */
  readonly slotsOf: (actions: ReadonlyArray<string>) => Many<SlotRecord>
  /** Of several executions of workflows what has become of them; of their children not what has become of these. In no order. */
  readonly executionsOf: (actions: ReadonlyArray<Pick<ActionRecord, "id" | "actorType">>) => Many<ExecutionRecord>
  /** Of so many of the newest actions, those of these definitions: by definition, step, and what was asked for. */
  readonly asked: (filter: Omit<AskedFilter, "limit">, limit: number) => Many<AskedRecord>
  /** The last ones, in their order. */
  readonly signalsOf: (action: string, limit: number) => Many<SignalRecord>
  /** Deletes history that is old, of as many actions as it looks at, from where an earlier call has ended. */
  readonly deleteEnded: (
    old: Old,
    limit: number,
    from?: string,
    operation?: NewOperation,
    isExported?: boolean
  ) => Effect.Effect<Deletion & { readonly exported: ReadonlyArray<string> }, StorageError>
  /** What `deleteEnded` would delete, and what it would leave, in groups. */
  readonly planDeletion: (
    old: Old,
    limit: number,
    from?: string
  ) => Effect.Effect<DeletionPlan, StorageError>
  /** Deletes an action that has ended and what is below it, of each level so many. */
  readonly deleteTree: (
    action: string,
    limit: number,
    operation: NewOperation
  ) => Effect.Effect<DeleteResult, StorageError>
  /** Forgets an actor among as many actions as it looks at, below one and since a time (in ms), or among these. */
  readonly forgetEnded: (
    actor: ForgottenActor,
    page: {
      readonly below?: string | undefined
      readonly since?: number | undefined
      readonly ids?: ReadonlyArray<string>
      readonly isPlan: boolean
      readonly limit: number
    },
    operation: NewOperation
  ) => Effect.Effect<ForgottenPage, StorageError>
  /** Forgets an actor among as many kept answers as it looks at, behind one. */
  readonly forgetAnswers: (
    actor: ForgottenActor,
    page: { readonly after: string | undefined; readonly isPlan: boolean; readonly limit: number },
    operation: NewOperation
  ) => Effect.Effect<{ readonly answers: number; readonly next: string | undefined }, StorageError>
  /** Who is not over and has something of an actor's, among the next of all that are not over; `next` is where to go on. */
  readonly holdersOf: (
    actor: ForgottenActor,
    page: { readonly after: string | undefined; readonly limit: number }
  ) => Effect.Effect<{ readonly ids: ReadonlyArray<string>; readonly next: string | undefined }, StorageError>
  /** Deletes answers kept for handles since before the given time, oldest first; gives how many. */
  readonly deleteOutcomes: (
    before: number,
    limit: number,
    operation?: NewOperation
  ) => Effect.Effect<number, StorageError>

  /** Newest first. */
  readonly operations: (
    filter: OperationFilter,
    limit: number,
    within: Pick<Within, "from" | "until">
  ) => Many<OperationRecord>
  /** What was asked for through an action: how much of it has come to what, with some of those, the most frequent first. */
  readonly askedThrough: (through: string) => Many<ManyOutcome>
  /** Of which of these it was asked. */
  readonly askedOf: (
    through: string,
    targets: ReadonlyArray<string>
  ) => Effect.Effect<ReadonlySet<string>, StorageError>
  /** Of those of which it was asked, the one that so many come after in the order of the asking; none where fewer do. */
  readonly askedBefore: (through: string, last: number) => Effect.Effect<string | undefined, StorageError>
  /** Records what has come of something by itself: there was nothing to do it with, it has changed nothing, or nobody was let do it. */
  readonly recordOutcome: (operation: NewOperation, outcome: string) => Effect.Effect<void, StorageError>
  /** Deletes records of operations from before the given time, oldest first; gives how many. */
  readonly deleteOperations: (
    before: number,
    limit: number,
    operation?: NewOperation
  ) => Effect.Effect<number, StorageError>

  /** Of a named lane, or of a concurrency key, which has no name. */
  readonly laneOf: (name: string | null, key: string) => Effect.Effect<Omit<Lane, "pause"> | undefined, StorageError>
  /** In the order of their names and keys, those behind one, which may have gone. */
  readonly lanes: (limit: number, after?: Pick<Lane, "name" | "key">) => Many<Omit<Lane, "pause">>
  /** Ends a pending action that is in a cycle of waiting; gives its end, or nothing where there is no cycle. */
  readonly breakDeadlock: (
    now: number
  ) => Effect.Effect<Extract<News, { readonly _tag: "Ended" }> | undefined, StorageError>

  /** Why an action is not finished; nothing where nobody has the id. Beside the pool, and within two seconds. */
  readonly why: (id: string, now: number) => Effect.Effect<StoredReasons | undefined, StorageError>

  /** How the database itself is, as far as this role sees it. Beside the pool. */
  readonly health: Effect.Effect<SeenHealth, StorageError>

  /** The highest id of what is queued or live; none where nothing is. Beside the pool. */
  readonly lastLive: Effect.Effect<string | undefined, StorageError>
  /** Reads what is to be performed still, at one moment. Beside the pool, by statements of two seconds at most. */
  readonly readLive: <A>(use: (reads: LiveReads) => Effect.Effect<A, StorageError>) => Effect.Effect<A, StorageError>

  /** The invariants that are broken, over one snapshot. */
  readonly examine: (now: number) => Many<Finding>

  readonly achievementOf: (checksumKey: string) => Effect.Effect<Achievement | undefined, StorageError>
  /** In the order of their keys, those behind one, which may have gone. */
  readonly achievements: (limit: number, after?: string) => Many<Achievement>
  readonly forgetAchievement: (
    checksumKey: string,
    operation: NewOperation
  ) => Effect.Effect<boolean, StorageError>
  /** Those for which all of it holds; gives how many. What somebody is changing is left. */
  readonly forgetAchievements: (
    filter: {
      /** User time in ms. */
      readonly before?: number | undefined
      readonly below?: string | undefined
      /** An actor, as `Car/1`: what its actions have achieved under their default keys. */
      readonly defaultOf?: string | undefined
      readonly actorType?: string | undefined
      readonly name?: string | undefined
    },
    limit: number,
    operation?: NewOperation
  ) => Effect.Effect<number, StorageError>

  /** In the order of their arrival, those behind a place. */
  readonly queued: (limit: number, after: number) => Many<Omit<QueuedInvocation, "pause">>
  readonly backlog: (now: number) => Many<Omit<Backlog, "pause">>
  /** How urgent an invocation is that waits. */
  readonly reprioritise: (
    action: string,
    priority: number,
    operation: NewOperation
  ) => Effect.Effect<QueueResult, StorageError>
  /** When an invocation is to start that waits, or something is to be tried again (user time in ms). */
  readonly reschedule: (
    action: string,
    due: number,
    operation: NewOperation
  ) => Effect.Effect<QueueResult, StorageError>
  /** Begins nothing new of something; gives whether that is new. */
  readonly pause: (pause: Omit<Pause, "since">, operation: NewOperation) => Effect.Effect<boolean, StorageError>
  /** Takes a pause back; gives whether there was one. What waited because of it goes on with the next `tick`. */
  readonly resume: (
    kind: Pause["kind"],
    subject: string,
    operation: NewOperation
  ) => Effect.Effect<boolean, StorageError>
  /** The oldest first. */
  readonly pauses: Many<Pause>
  /** How much is due in each queue where something is, and how many lanes are occupied, as far as it is counted. */
  readonly measure: (now: number) => Effect.Effect<Measured, StorageError>
  /** Whether the database takes writes; fails where it has not the engine's tables. */
  readonly takesWrites: Effect.Effect<boolean, StorageError>
  /** In the order of their start. */
  readonly workers: Many<WorkerRecord>
  /** Asks a worker, by its name or its number, to take nothing new, and to stop. */
  readonly drainWorker: (
    worker: string,
    operation: NewOperation
  ) => Effect.Effect<
    {
      readonly became: "done" | "draining" | "unknown" | "dead" | "ambiguous" | "embedded"
      readonly ids: ReadonlyArray<string>
    },
    StorageError
  >
  /** By key, the newest version first. */
  readonly definitions: (filter: Omit<DefinitionFilter, "limit">, limit: number) => Many<DefinitionRecord>
  readonly nextDue: Effect.Effect<NextDue, StorageError>
  /** Due jobs that nobody takes who takes these, as far as they are among the first of their queues. */
  readonly neglected: (
    now: number,
    queues: ReadonlyArray<string>,
    definitions: ReadonlyArray<string>,
    inTurns: boolean
  ) => Many<Neglected>
}
