/**
 * Schedules, as they are stored: put as rows, looked at, and operated.
 *
 * @since 0.1.0
 */
import { Context, Effect, Layer } from "effect"
import type { AnyAction } from "./Action.ts"
import type { PlainSchema } from "./Actor.ts"
import type { ActionStatus } from "./domain/Phase.ts"
import { Engine } from "./Engine.ts"
import type { OperatorOptions } from "./Operation.ts"
import type { PauseOptions } from "./Pause.ts"
import type { ScheduleError, ScheduleOptions } from "./ScheduleOptions.ts"
import type { InvalidQuery, ScheduleTaken, StorageError, UnknownSchedule, UnsuitableIsolation } from "./SteppedError.ts"

// -------------------------------------------------------------------------------------------------------------------
// models
// -------------------------------------------------------------------------------------------------------------------

/**
 * Where a schedule is at.
 *
 * **Details**
 *
 * `active`: its next slot fires. `paused`: none fires until somebody goes on with it, or with all of them, where all are paused. `orphaned`: no living worker declares it as it is, or, of a row, has its action, and so nobody fires it. `broken`: a worker could not
 * read it, and `trouble` says why; it is tried again each minute. `over`: no slot comes any more.
 *
 * @category models
 * @since 0.1.0
 */
export type ScheduleState = "active" | "paused" | "orphaned" | "broken" | "over"

/**
 * A schedule, as it is stored.
 *
 * @category models
 * @since 0.1.0
 */
export interface ScheduleRecord {
  readonly name: string
  readonly state: ScheduleState
  /** Whether it is declared by code, or was put as a row. */
  readonly source: "code" | "row"
  /** One of the three. */
  readonly cron: string | undefined
  readonly everyMs: number | undefined
  readonly at: Date | undefined
  readonly zone: string | undefined
  readonly actorType: string
  readonly actorId: string
  /** The name of the action. */
  readonly action: string
  readonly arguments: unknown
  readonly catchUp: "none" | "latest" | { readonly max: number; readonly windowMs: number }
  readonly jitterMs: number | undefined
  readonly until: Date | undefined
  /** The slot that comes next, and when it fires. */
  readonly slot: Date | undefined
  readonly firesAt: Date | undefined
  /** The last slot that has fired. */
  readonly lastSlot: Date | undefined
  /** Its own, or, where it has none, that of all schedules (`ofAll`). */
  readonly pause:
    | { readonly since: Date; readonly by: string; readonly reason: string; readonly ofAll: boolean }
    | undefined
  readonly trouble: string | undefined
  /** Tells its versions apart. */
  readonly hash: string
}

/**
 * Which schedules are asked for: those for which all of it holds.
 *
 * @category models
 * @since 0.1.0
 */
export interface ScheduleFilter {
  readonly actorType?: string | undefined
  readonly actorId?: string | undefined
  readonly action?: string | undefined
  readonly source?: "code" | "row" | undefined
  /** Behind the one of this name: the last one of the page before. */
  readonly after?: string | undefined
  /** At most so many: 100 if not given, 10,000 at most. */
  readonly limit?: number | undefined
}

/**
 * A slot that was enqueued: by the clock, or as somebody has asked for it.
 *
 * @category models
 * @since 0.1.0
 */
export interface FiredSlot {
  /** Its time; of what was run by hand when that was asked for. */
  readonly slot: Date
  readonly byHand: boolean
  /** When it was enqueued. */
  readonly at: Date
  readonly action: string
  /** `undefined`: it was never stored as an action (joined, achieved), and its outcome is not kept any more. */
  readonly status: "queued" | ActionStatus | undefined
}

/**
 * A slot that comes, and when it fires, which is later by its jitter.
 *
 * @category models
 * @since 0.1.0
 */
export interface NextSlot {
  readonly slot: Date
  readonly firesAt: Date
}

/**
 * How a range is enqueued.
 *
 * @category models
 * @since 0.1.0
 */
export interface BackfillOptions extends OperatorOptions {
  /** Only says what would be enqueued: nothing is changed or recorded. */
  readonly dryRun?: boolean | undefined
}

/**
 * What was enqueued of a range.
 *
 * @category models
 * @since 0.1.0
 */
export interface Backfilled {
  /** The slots that were enqueued, or would be, the oldest first. */
  readonly slots: ReadonlyArray<Date>
  /** The ids of their actions; none if it was only looked. */
  readonly enqueued: ReadonlyArray<string>
  /** How many slots of the range had been enqueued before. */
  readonly before: number
}

/**
 * What has become of going on with all schedules.
 *
 * @category models
 * @since 0.1.0
 */
export interface ResumedSchedules {
  /** `notPaused`: all of them were not paused, and nothing was changed. */
  readonly outcome: "done" | "notPaused"
  /** How many were to fire meanwhile, and have passed that by. */
  readonly passed: number
}

// -------------------------------------------------------------------------------------------------------------------
// services
// -------------------------------------------------------------------------------------------------------------------

/**
 * Schedules as rows, and what operators do with schedules of both kinds.
 *
 * **Details**
 *
 * `put` and `remove` are a program's: inside an open `sql.withTransaction` they commit with it. What an operator asks for is recorded with who, why, and what has come of that (`ActionRepo.operations`).
 * A name that nobody has is an `UnknownSchedule`.
 *
 * **Example** (A reminder that each user sets)
 *
 * ```ts
 * import { PgClient } from "@effect/sql-pg"
 * import { Effect, Schema } from "effect"
 * import { Schedules, Stepped } from "stepped"
 *
 * class User extends Stepped.Actor<User>()("User", { id: Schema.Int }) {}
 * const remind = Stepped.action("remind", { arguments: [Schema.String] }).step((text) => Effect.log(text))
 * const Users = Stepped.actions(User, [remind])
 *
 * const setReminder = Effect.fn(function*(user: number, cron: string, zone: string, text: string) {
 *   const sql = yield* PgClient.PgClient
 *   const schedules = yield* Schedules
 *   yield* sql.withTransaction(Effect.gen(function*() {
 *     yield* sql`update users set reminder = ${text} where id = ${user}`
 *     yield* schedules.put(`reminder-${user}`, { cron, zone, actions: Users, actor: user, action: remind, args: [text] })
 *   }))
 * })
 * ```
 *
 * @category services
 * @since 0.1.0
 */
export class Schedules extends Context.Service<Schedules, {
  /**
   * Stores a schedule as a row, or changes the one of this name; `same`: it is as it was. Where its times stay what they are, so does the slot that comes next. A pause stays.
   *
   * **Details**
   *
   * The name is a text of 1 to 200 characters; one that code declares is a `ScheduleTaken`. A time that has passed (`at`, `until`) is refused, and an `until` before which there is no slot.
   */
  readonly put: <
    Self,
    Id extends PlainSchema,
    Own extends AnyAction,
    Inherited extends AnyAction,
    A extends AnyAction
  >(
    name: string,
    options: ScheduleOptions<Self, Id, Own, Inherited, A>
  ) => Effect.Effect<
    "created" | "changed" | "same",
    ScheduleError | ScheduleTaken | UnsuitableIsolation | StorageError
  >
  /** Removes a schedule; what it has enqueued stays. `declared`: a living worker declares it, and it stays. Not recorded, unless `by` is given. */
  readonly remove: (
    name: string,
    options?: OperatorOptions
  ) => Effect.Effect<"done" | "declared" | "none", InvalidQuery | UnsuitableIsolation | StorageError>
  /** One by its name. */
  readonly find: (name: string) => Effect.Effect<ScheduleRecord, UnknownSchedule | StorageError>
  /** In the order of their names. */
  readonly list: (
    filter?: ScheduleFilter
  ) => Effect.Effect<ReadonlyArray<ScheduleRecord>, InvalidQuery | StorageError>
  /** The next slots that fire, five if not given, 1,000 at most; none where it is over or broken. A pause, and that it is orphaned, is not looked at. */
  readonly next: (
    name: string,
    count?: number
  ) => Effect.Effect<ReadonlyArray<NextSlot>, UnknownSchedule | InvalidQuery | StorageError>
  /** What was enqueued for its slots, the last slot first, as long as the history of that is kept; at most `limit` (100 if not given, 10,000 at most), before a slot. */
  readonly history: (
    name: string,
    options?: { readonly limit?: number | undefined; readonly before?: Date | undefined }
  ) => Effect.Effect<ReadonlyArray<FiredSlot>, UnknownSchedule | InvalidQuery | StorageError>
  /** Fires nothing until somebody goes on with it; `paused`: it is so already, and keeps its reason. */
  readonly pause: (
    name: string,
    options: PauseOptions
  ) => Effect.Effect<"done" | "paused", UnknownSchedule | InvalidQuery | StorageError>
  /** Goes on with the slot that fires next now: those that were to fire in the pause are not caught up with. One that is put off by jitter until later fires. While all schedules are paused, it fires once somebody goes on with them, too. */
  readonly resume: (
    name: string,
    options?: OperatorOptions
  ) => Effect.Effect<"done" | "notPaused", UnknownSchedule | InvalidQuery | StorageError>
  /**
   * Has no schedule fire, of code or a row, until somebody goes on with all of them; `paused`: they are so already, and the pause keeps its reason. What is put or declared meanwhile fires nothing either. It is a pause of
   * the kind `schedules` (`JobQueue.pauses`), and holds for every worker from its next firing on.
   *
   * **Details**
   *
   * For a restored copy of production, before its first worker starts. `run` and `backfill` enqueue as ever. Actions go on: those are paused by `JobQueue.pause`.
   */
  readonly pauseAll: (options: PauseOptions) => Effect.Effect<"done" | "paused", InvalidQuery | StorageError>
  /**
   * Goes on with all schedules, each with the slot that fires next now: what was to fire before, in the pause or ahead of it, is not caught up with. A slot that is put off by jitter until later fires. One that has a pause of its own (`pause`) stays paused.
   *
   * **Details**
   *
   * They stay paused until all of them have passed their slots by, in bounded steps. So asked again after a failure it goes on. One that cannot be read here might catch up later, and so is an `InvalidQuery` that names it: pause it by its name, or
   * remove it, and ask again.
   */
  readonly resumeAll: (options?: OperatorOptions) => Effect.Effect<ResumedSchedules, InvalidQuery | StorageError>
  /** Enqueues it once, now, whatever its slots are, and also while it is paused or orphaned; gives the id of the action. Asked twice within a millisecond it is one. */
  readonly run: (
    name: string,
    options?: OperatorOptions
  ) => Effect.Effect<string, UnknownSchedule | InvalidQuery | StorageError>
  /**
   * Enqueues the slots from one time to another, which is now if not given, both included, that were not enqueued before: 1,000 at most, of times that have passed. Gives them and the ids of their actions, the oldest
   * slot first, and how many there had been. With `dryRun` it says which it would enqueue, and changes and records nothing.
   *
   * **Gotchas**
   *
   * They are enqueued at one moment: in the lane that an action has if nothing is said, all but the first and the last are superseded, and in one with `whenBusy: "line"` each is performed.
   */
  readonly backfill: (
    name: string,
    range: { readonly from: Date; readonly to?: Date | undefined },
    options?: BackfillOptions
  ) => Effect.Effect<
    Backfilled,
    UnknownSchedule | InvalidQuery | StorageError
  >
}>()("stepped/Schedules") {
  /** The schedules of an engine. */
  static readonly layer: Layer.Layer<Schedules, never, Engine> = Layer.effect(
    Schedules,
    Effect.map(Engine, ({ schedules }) => Schedules.of(schedules))
  )
}
