/**
 * How a schedule is made: when it has slots, and what it enqueues at them.
 *
 * @since 0.1.0
 */
import { type DateTime, type Duration, Effect, Layer } from "effect"
import type { AnyAction, ArgTypes } from "./Action.ts"
import type { Listed } from "./ActionChecks.ts"
import type { Actions, AllActions } from "./Actions.ts"
import type { PlainSchema } from "./Actor.ts"
import { Engine } from "./Engine.ts"
import type {
  DefinitionError,
  InvalidActorId,
  InvalidArguments,
  InvalidOption,
  PayloadTooLarge,
  UnstorableText
} from "./SteppedError.ts"

// -------------------------------------------------------------------------------------------------------------------
// models
// -------------------------------------------------------------------------------------------------------------------

/**
 * When a schedule has slots: by one of three.
 *
 * **Details**
 *
 * `cron`: five fields (minute, hour, day of the month, month, day of the week), or six with seconds before them, as `effect/Cron` reads them, by the local time of `zone`: a name
 * such as `Europe/Berlin`, or an offset such as `+02:00`; UTC if not given. `every`: a distance, counted from 1970-01-01T00:00Z, so that every process and deploy means the same
 * times (a week's is a Thursday); at least a second. `at`: once.
 *
 * Where a clock is put forward, a local time that it jumps over is the moment of the jump; where it is put back, one that it shows twice is a slot the first time alone. An expression
 * whose hours are `*` means a distance: it goes on through both changes as if the clock had not been touched (rule 20.2).
 *
 * @category models
 * @since 0.1.0
 */
export type ScheduleTimes =
  | { readonly cron: string; readonly zone?: string; readonly every?: undefined; readonly at?: undefined }
  | { readonly every: Duration.Input; readonly cron?: undefined; readonly zone?: undefined; readonly at?: undefined }
  | {
    readonly at: Date | DateTime.DateTime
    readonly cron?: undefined
    readonly zone?: undefined
    readonly every?: undefined
  }

/**
 * What becomes of slots at whose time no worker was there, once one is.
 *
 * **Details**
 *
 * `latest`: the last of them fires, late. `none`: none of them, but for one that is late by a minute at most. With `max` and `window` all of them that
 * are not older than `window`, the last `max` of these (1,000 at most), the oldest first. These are enqueued at one moment: in the lane that an action has if nothing is said, all but
 * the first and the last of them are superseded, and in one with `whenBusy: "line"` each is performed.
 *
 * @category models
 * @since 0.1.0
 */
export type CatchUp =
  | "none"
  | "latest"
  | { readonly max: number; readonly window: Duration.Input }

/**
 * What every schedule may be given.
 *
 * @category models
 * @since 0.1.0
 */
export interface ScheduleSettings {
  /** What becomes of slots that were missed: `latest` if not given. */
  readonly catchUp?: CatchUp
  /**
   * Each slot fires later by up to so much, shorter than the distance of two slots: so that not all schedules fire at the full hour. By how much is
   * drawn from its name and the slot, and is the same for every worker. Nothing, if not given.
   */
  readonly jitter?: Duration.Input
  /** From then on there are no slots; for ever, if not given. */
  readonly until?: Date | DateTime.DateTime
}

/**
 * What a schedule enqueues: an action of these actions, on the actor with this id, with these arguments.
 *
 * **Details**
 *
 * What becomes of one that finds the one before still performing is the policy of the action's lane (`concurrency`): it waits and supersedes, waits in line, is rejected, or cancels that one.
 *
 * @category models
 * @since 0.1.0
 */
export type ScheduleOptions<
  Self,
  Id extends PlainSchema,
  Own extends AnyAction,
  Inherited extends AnyAction,
  A extends AnyAction
> =
  & ScheduleTimes
  & ScheduleSettings
  & {
    readonly actions: Actions<Self, Id, Own, Inherited>
    readonly actor: NoInfer<Id>["Type"]
    readonly action: A & Listed<A["name"], AllActions<Own, Inherited>["name"]>
  }
  & ([] extends ArgTypes<A["arguments"]> ? { readonly args?: Readonly<ArgTypes<A["arguments"]>> }
    : { readonly args: Readonly<ArgTypes<A["arguments"]>> })

/**
 * The same, whatever its types.
 *
 * @category models
 * @since 0.1.0
 */
export type AnyScheduleOptions = ScheduleOptions<any, any, any, any, any>

/**
 * Why what a schedule was given cannot be one.
 *
 * @category models
 * @since 0.1.0
 */
export type ScheduleError = InvalidOption | InvalidActorId | InvalidArguments | PayloadTooLarge | UnstorableText

// -------------------------------------------------------------------------------------------------------------------
// layers
// -------------------------------------------------------------------------------------------------------------------

/**
 * Declares a schedule in code: workers of a program that has this layer enqueue the action at each of its slots, once, however many workers there are.
 *
 * **Details**
 *
 * A worker says some seconds after its start what its program declares. During a deploy that changes a schedule, the version that was seen first later is in force, as long as a worker
 * with it lives; a schedule that no living worker declares is `orphaned`, and fires nothing. What has changed but its times keeps the slot that comes next, so that one that was missed
 * meanwhile is caught up with. Where `at` has passed when it is first declared, `catchUp` says whether it fires.
 *
 * In tests nothing fires unless `performSteppedActions({ schedules: true })` asks for it.
 *
 * **Example** (Every night by the clock of the shop)
 *
 * ```ts
 * import { Effect, Layer, Schema } from "effect"
 * import { Stepped } from "stepped"
 *
 * class Shop extends Stepped.Actor<Shop>()("Shop", { id: Schema.Int }) {}
 * const report = Stepped.action("report", { arguments: [Schema.String] }).step((kind) => Effect.log(kind))
 * const Shops = Stepped.actions(Shop, [report])
 *
 * const Nightly = Stepped.schedule("nightly-report", {
 *   cron: "30 2 * * *",
 *   zone: "Europe/Berlin",
 *   actions: Shops,
 *   actor: 1,
 *   action: report,
 *   args: ["daily"],
 *   jitter: "10 minutes"
 * })
 *
 * const Worker = Stepped.worker().pipe(Layer.provide(Nightly), Layer.provide(Shops.layer))
 * ```
 *
 * @category layers
 * @since 0.1.0
 */
export const schedule = <
  Self,
  Id extends PlainSchema,
  Own extends AnyAction,
  Inherited extends AnyAction,
  A extends AnyAction
>(
  name: string,
  options: ScheduleOptions<Self, Id, Own, Inherited, A>
): Layer.Layer<never, ScheduleError | DefinitionError, Engine> =>
  Layer.effectDiscard(
    Effect.flatMap(Engine, (engine) => engine.declareSchedule(name, options as unknown as AnyScheduleOptions))
  )
