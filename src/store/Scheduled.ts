/** What is enqueued by the clock, as it is stored, read and moved on. Times are user time in ms. */
import type * as Effect from "effect/Effect"
import type { CatchUpPolicy, Timing } from "../domain/ScheduleSlots.ts"
import type { StorageError } from "../SteppedError.ts"
import type { Invocation } from "./Invocation.ts"
import type { NewOperation } from "./Records.ts"

/** What a schedule is, whoever has said so. */
export interface ScheduleGiven {
  readonly name: string
  /** Tells what it was given from what it is given later. */
  readonly hash: string
  readonly spec: Timing
  readonly zone: string | null
  readonly definition: string
  readonly actorId: string
  readonly queue: string
  readonly arguments: unknown
  readonly catchUp: CatchUpPolicy
  readonly jitter: number | null
  readonly until: number | null
}

/** With the slot that comes next, and when it fires; null where none comes. */
export interface NewSchedule extends ScheduleGiven {
  readonly slot: number | null
  readonly nextAt: number | null
}

export interface StoredSchedule extends NewSchedule {
  readonly source: "code" | "row"
  /** A living worker has what it takes to fire it: declares it as it is, or has its action. */
  readonly isServed: boolean
  readonly lastSlot: number | undefined
  /** Its own, or, where it has none, that of all schedules (`ofAll`). */
  readonly pause:
    | { readonly since: number; readonly by: string; readonly reason: string; readonly ofAll: boolean }
    | undefined
  readonly trouble: string | undefined
}

/** What a worker may fire: rows of its definitions, and what its program declares, as it declares it. */
export interface Fireable {
  readonly definitions: ReadonlyArray<string>
  readonly hashes: ReadonlyArray<string>
}

/** A schedule that goes from one slot to the next. */
export interface Move {
  readonly name: string
  /** As it was read: changed meanwhile, it fires as it is then. */
  readonly hash: string
  readonly slot: number
  readonly nextSlot: number | null
  readonly nextAt: number | null
  /** The last slot that fires with it, if one does. */
  readonly last: number | null
}

/** A schedule that is due, and why whoever has read it cannot fire it. */
export interface Mark {
  readonly name: string
  /** As it was read, here too. */
  readonly hash: string
  /** None of one that is at no time at all. */
  readonly slot: number | null
  readonly trouble: string
}

/** A slot of a schedule, and what is enqueued for it. */
export interface Fire {
  readonly schedule: string
  /** Under which it is enqueued once: the slot's time, or what names another occasion. */
  readonly key: string
  readonly invocation: Invocation
}

/** Of what fires, what was enqueued: the rest had been before. */
export const firedOf = (fires: ReadonlyArray<Fire>, enqueued: ReadonlyArray<string>): ReadonlyArray<Invocation> => {
  const ids = new Set(enqueued)
  return fires.flatMap(({ invocation }) => ids.has(invocation.action) ? [invocation] : [])
}

/** A slot that was enqueued, and what has become of it. */
export interface StoredSlot {
  readonly key: string
  readonly action: string
  readonly at: number
  /** `queued`, its status, or undefined where that is not kept. */
  readonly status: string | undefined
}

export type PutAnswer = "created" | "changed" | "same" | "taken" | "older"

export interface ScheduleStore {
  /** Puts a row; inside an open transaction of the client it commits with it. */
  readonly putSchedule: (now: number, schedule: NewSchedule) => Effect.Effect<PutAnswer, StorageError>
  /** Says what a worker's program declares, and puts what of it is in force; gives what has become of each. Nobody is named where nobody has a token. */
  readonly declareSchedules: (
    token: bigint | undefined,
    now: number,
    schedules: ReadonlyArray<NewSchedule>
  ) => Effect.Effect<ReadonlyMap<string, PutAnswer>, StorageError>
  /** Whether they are to be declared again: one is not there, or is as nobody declares it any more. */
  readonly undeclaredSchedules: (schedules: ReadonlyArray<ScheduleGiven>) => Effect.Effect<boolean, StorageError>
  /** What is due, the one that fires first first; behind the first ones, where `skip` says of how many. */
  readonly dueSchedules: (
    now: number,
    of: Fireable,
    limit: number,
    skip?: number
  ) => Effect.Effect<ReadonlyArray<StoredSchedule>, StorageError>
  /** What `nextDue` gives, and when the next schedule fires; of those that fire after a time, if one is given. */
  readonly nextDueWith: (
    of: Fireable,
    after?: number
  ) => Effect.Effect<
    {
      readonly wait: number | undefined
      readonly timeout: number | undefined
      readonly resumes: boolean
      readonly schedule: number | undefined
    },
    StorageError
  >
  /** Moves schedules on, and enqueues what fires, where they are still at the slot that was read; gives how many were moved, and the actions that were enqueued. */
  readonly fireSchedules: (
    now: number,
    moves: ReadonlyArray<Move>,
    fires: ReadonlyArray<Fire>
  ) => Effect.Effect<{ readonly moved: number; readonly enqueued: ReadonlyArray<string> }, StorageError>
  /** They cannot be read, and say why: they are looked at again at a time. Gives those that were marked, and of each whether its reason is a new one. */
  readonly markSchedules: (
    again: number,
    marks: ReadonlyArray<Mark>
  ) => Effect.Effect<ReadonlyMap<string, boolean>, StorageError>
  /** In the order of their names. */
  readonly schedules: (
    filter: {
      readonly name?: string | undefined
      readonly definition?: string | undefined
      readonly actorId?: string | undefined
      readonly source?: "code" | "row" | undefined
      readonly after?: string | undefined
    },
    limit: number
  ) => Effect.Effect<ReadonlyArray<StoredSchedule>, StorageError>
  /** Those that do not fire though they are to, and are not paused: broken, of an action that no living worker has, or due since before a time; so many of each. */
  readonly unfiredSchedules: (late: number, limit: number) => Effect.Effect<ReadonlyArray<StoredSchedule>, StorageError>
  /** The last slots first. */
  readonly slotsOfSchedule: (
    name: string,
    limit: number,
    before: string | undefined
  ) => Effect.Effect<ReadonlyArray<StoredSlot>, StorageError>
  /** While all schedules are paused, those that were to fire by a time and have no pause of their own, in the order of their names, behind one; none while they are not. */
  readonly overdueSchedules: (
    now: number,
    after: string,
    limit: number
  ) => Effect.Effect<ReadonlyArray<StoredSchedule>, StorageError>
  /** Has them go on without firing, while all schedules are paused, where they are still at the slot that was read; gives how many. */
  readonly passSchedules: (moves: ReadonlyArray<Omit<Move, "last">>) => Effect.Effect<number, StorageError>
  /** Takes the pause of all schedules back, with how many have passed by what they were to fire; gives whether there was one. */
  readonly resumeSchedules: (passed: number, operation: NewOperation) => Effect.Effect<boolean, StorageError>
  readonly operateSchedule: (
    verb: "pause" | "resume" | "remove",
    name: string,
    operation: NewOperation | undefined,
    from?: Pick<NewSchedule, "slot">,
    to?: Pick<NewSchedule, "slot" | "nextAt">
  ) => Effect.Effect<"done" | "none" | "paused" | "notPaused" | "declared" | "moved", StorageError>
  /** Enqueues slots that somebody has asked for; gives the actions of those that had not been, and that of the first slot, whenever it was. None where nobody has the name. */
  readonly enqueueForSchedule: (
    now: number,
    name: string,
    operation: NewOperation,
    fires: ReadonlyArray<Fire>
  ) => Effect.Effect<
    { readonly enqueued: ReadonlyArray<string>; readonly first: string | undefined } | undefined,
    StorageError
  >
}
