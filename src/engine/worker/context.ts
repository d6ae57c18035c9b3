/** What the parts of a worker have in common: each of them owns its state, and the others ask it. */
import type * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import type * as Latch from "effect/Latch"
import type * as Scope from "effect/Scope"
import type { AchievementStore } from "../../AchievementStore.ts"
import type { ActionRepo } from "../../ActionRepo.ts"
import type { CompletionOptions, CompletionOutcome } from "../../Outcome.ts"
import type { JobCompletionError } from "../../SteppedError.ts"
import type { ToPrepare } from "../../store/Answer.ts"
import type { PreparedInvocation } from "../../store/Invocation.ts"
import type { Meter } from "../../store/Meter.ts"
import type { Store } from "../../store/Store.ts"
import type { NewActionId } from "../ActionId.ts"
import type { ReachFailpoint } from "../Failpoint.ts"
import type { Log } from "../log.ts"
import type { Abandoned } from "../maintenance/cancelAbandoned.ts"
import type { Concluded, Ended } from "../perform/concluding.ts"
import type { Performance } from "../perform/Performance.ts"
import type { Registry } from "../Registry.ts"
import type { Settings } from "../Settings.ts"
import type { Turn } from "./Alone.ts"
import type { Answers, Gone } from "./Answers.ts"
import type { Aside } from "./Aside.ts"
import type { Bodies } from "./Bodies.ts"
import type { Catalogs } from "./Catalogs.ts"
import type { Claimer } from "./Claimer.ts"
import type { Committer } from "./Committer.ts"
import type { Connections } from "./Connections.ts"
import type { Gate } from "./Gate.ts"
import type { InHand } from "./InHand.ts"
import type { Lease } from "./Lease.ts"
import type { Memos } from "./Memos.ts"
import type { Notes } from "./Notes.ts"
import type { Parts } from "./Parts.ts"
import type { Passes } from "./Passes.ts"
import type { Reconciler } from "./Reconciler.ts"
import type { Replays } from "./Replays.ts"
import type { Timers } from "./Timers.ts"

/** Something to run: an action in hand, an invocation to prepare, one that is prepared, or an end that is certain already. */
export type Work =
  | { readonly _tag: "Perform"; readonly id: string; readonly performance: Performance }
  | { readonly _tag: "Prepare"; readonly id: string; readonly task: ToPrepare }
  | { readonly _tag: "Broken"; readonly id: string; readonly concluded: Concluded }
  | { readonly _tag: "Joining"; readonly id: string; readonly prepared: PreparedInvocation }

/** What came of running it. */
export type Ran =
  | { readonly _tag: "Concluded"; readonly concluded: Concluded }
  | { readonly _tag: "Prepared"; readonly prepared: PreparedInvocation }
  | { readonly _tag: "Follow"; readonly work: ReadonlyArray<Work> }
  | { readonly _tag: "Fenced" }

/** A body that runs, or whatever else has been begun for an action. */
export interface Active {
  readonly work: Work
  /** When it began, in ms on the monotonic clock. */
  readonly since: number
  fiber: Fiber.Fiber<Ran | void> | undefined
  /** By the engine: whatever the body still says does not count. */
  interrupted: boolean
  /** It is known here that how the action ends is decided, and that this worker goes on with it when what runs has ended. */
  closing: boolean
}

/** What user code runs in when no caller lends its fiber. */
export interface WorkContext {
  readonly concurrency: number
  readonly context: Context.Context<never>
}

/** The workers of one process, as each of them sees the others. */
export interface Peers {
  /** Fencing tokens that this process answers for itself, however late: nobody here takes over what is under them. `Lease` changes it. */
  readonly answeredFor: Set<bigint>
  /** Ends what runs in this process for actions that are over, whichever worker has it. */
  readonly drop: (gone: ReadonlyArray<Gone>, spare?: string) => Effect.Effect<void>
  /** There is work for others: this worker has given some back. */
  readonly wakeOthers: () => void
  /** Whether another worker of this process takes from a queue. */
  readonly take: (queue: string) => boolean
  /** Who performs with nothing beside it in this process, if somebody does. `Alone` changes it. */
  readonly turn: Turn
  /** No worker of this process has anything in hand. */
  readonly areIdle: () => boolean
  /** What workers of this process have taken and not begun is for others. */
  readonly giveBackReady: Effect.Effect<void>
  /** Who sees to what comes by itself: this worker as long as it takes work, and else one that does. */
  readonly inCharge: () => { readonly timers: Timers; readonly abandoned: Abandoned }
}

/** What a worker needs of the engine. */
export interface WorkerOptions {
  /** Those that it is restricted to. */
  readonly queues: ReadonlyArray<string> | undefined
  /** The fibers that it works by. */
  readonly parts: Parts
  readonly peers: Peers
  readonly store: Store["Service"]
  readonly repo: ActionRepo["Service"]
  readonly achievements: AchievementStore["Service"]
  readonly settings: Settings["Service"]
  readonly registry: Registry
  readonly now: Effect.Effect<number>
  readonly newActionId: NewActionId
  /** Of no two workers the same. */
  readonly name: string
  readonly embedded: boolean
  readonly meter: Meter
  readonly onEnded: (ids: ReadonlyArray<string>) => void
  /** Actions whose ends are known here, besides being stored. */
  readonly onKnown: (ended: ReadonlyArray<Ended>) => void
  readonly onQueued: () => void
  readonly complete: (
    performance: Performance,
    outcome: CompletionOutcome<unknown, unknown>,
    options: CompletionOptions | undefined,
    completed: () => void
  ) => Effect.Effect<boolean, JobCompletionError>
  readonly scope: Scope.Scope
  readonly failpoint: ReachFailpoint
}

export interface WorkerContext extends WorkerOptions {
  readonly catalogs: Catalogs
  /** Its lines have its name. */
  readonly log: Log
  readonly gate: Gate
  readonly inHand: InHand<Work, Active, Concluded, PreparedInvocation>
  readonly connections: Connections
  readonly lease: Lease
  readonly reconciler: Reconciler
  readonly answers: Answers
  readonly claimer: Claimer
  readonly committer: Committer
  readonly memos: Memos
  readonly notes: Notes
  readonly replays: Replays
  readonly aside: Aside
  readonly bodies: Bodies
  readonly timers: Timers
  readonly passes: Passes
  readonly abandoned: Abandoned
  /** Opened when the loops may have something to do. */
  readonly work: Latch.Latch
  /** Where it performs; undefined before it has begun, and when it has stopped. */
  readonly workContext: () => WorkContext | undefined
  /** Whether it takes work: not before it has begun, nor while it stops. */
  readonly claims: () => boolean
}
