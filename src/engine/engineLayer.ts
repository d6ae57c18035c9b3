/**
 * Puts the engine together: settings, storage, the four services, and the engine over them.
 */
import type { PgClient } from "@effect/sql-pg/PgClient"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schedule from "effect/Schedule"
import type { AchievementStore } from "../AchievementStore.ts"
import type { ActionRepo } from "../ActionRepo.ts"
import type { Engine } from "../Engine.ts"
import type { JobQueue } from "../JobQueue.ts"
import type { PerformanceLane } from "../PerformanceLane.ts"
import { type InvalidSchemaName, type SchemaMissing, type SchemaOutdated, type SchemaTooNew, StorageError } from "../SteppedError.ts"
import * as Readers from "../sql/Readers.ts"
import { checkMigrations, migrate, Storage } from "../sql/Storage.ts"
import { realClock, Transitions } from "../sql/Transitions.ts"
import * as makeEngine from "./makeEngine.ts"
import { defaults, Settings } from "./Settings.ts"

/**
 * Settings of the engine.
 *
 * @category models
 * @since 0.1.0
 */
export interface EngineOptions {
  /** The Postgres schema of the tables, `stepped` if not given: lower-case letters, digits and underscores, at most 51. */
  readonly schema?: string
  /**
   * Which defects of steps, hooks and keys are handled, that is: fail the action at once. Others are retried as the same action and
   * step. All are, if not given.
   */
  readonly handle?: (defect: unknown) => boolean
  /**
   * When an unhandled failure is tried again: exponential from a second on, jittered, if not given. Its end is the limit, as
   * `attempts` is.
   */
  readonly retry?: Schedule.Schedule<unknown>
  /** How often an action is begun at most when it ends without an answer (unhandled failures, killed workers): 5 if not given. */
  readonly attempts?: number
  /** How long a worker may be silent before others take over its work: 30 seconds if not given, 1 second at least. */
  readonly lease?: Duration.Input
  /** How long one statement of the engine may take: 20 seconds if not given. */
  readonly statementTimeout?: Duration.Input
  /** Bytes that arguments, a result or an error may take as JSON: 1 MiB if not given. */
  readonly payloadLimit?: number
  /** Levels of a tree: 100 if not given. */
  readonly depthLimit?: number
  /** Children of one step: 100,000 if not given. */
  readonly childrenLimit?: number
  /** How often to look for work, due times and outcomes when nobody says that there are any: every second if not given. */
  readonly pollInterval?: Duration.Input
  /** Whether to wake other processes, and be woken, with `NOTIFY` and `LISTEN`: yes, if not given. Switch it off behind PgBouncer. */
  readonly notify?: boolean
  /** Whether user time (waits, timeouts, retries) follows the database's clock: yes, if not given. */
  readonly databaseClock?: boolean
  /** How long answers for handles of invocations that were never stored (already achieved, joined) are kept: a day if not given. */
  readonly outcomeRetention?: Duration.Input
  /** How long ended actions, their steps and slots are kept; for ever, if not given. Workers delete what is older. */
  readonly historyRetention?: Duration.Input
}

/**
 * The services that {@link layer} provides.
 *
 * @category models
 * @since 0.1.0
 */
export type Services = Engine | ActionRepo | PerformanceLane | AchievementStore | JobQueue

/**
 * Why {@link layer} cannot be built.
 *
 * @category models
 * @since 0.1.0
 */
export type LayerError = StorageError | InvalidSchemaName | SchemaMissing | SchemaOutdated | SchemaTooNew

const settingsOf = (options: EngineOptions): Settings["Service"] => {
  const lease = Duration.max(options.lease === undefined ? defaults.lease : Duration.fromInputUnsafe(options.lease), Duration.seconds(1))
  return {
    handle: options.handle ?? defaults.handle,
    retry: options.retry ?? defaults.retry,
    attempts: options.attempts ?? defaults.attempts,
    payload: options.payloadLimit ?? defaults.payload,
    depth: options.depthLimit ?? defaults.depth,
    children: options.childrenLimit ?? defaults.children,
    lease,
    databaseClock: options.databaseClock ?? defaults.databaseClock,
    notify: options.notify ?? defaults.notify,
    pollInterval: options.pollInterval === undefined ? defaults.pollInterval : Duration.fromInputUnsafe(options.pollInterval),
    outcomeRetention: options.outcomeRetention === undefined
      ? defaults.outcomeRetention
      : Duration.fromInputUnsafe(options.outcomeRetention),
    historyRetention: options.historyRetention === undefined ? undefined : Duration.fromInputUnsafe(options.historyRetention)
  }
}

/** The names of the storage, checked. */
export const storageLayer = (options: EngineOptions, embedded: boolean) =>
  Storage.layer({
    schema: options.schema ?? "stepped",
    deadline: options.statementTimeout === undefined ? Duration.seconds(20) : Duration.fromInputUnsafe(options.statementTimeout),
    embedded
  })

// a database that is just starting, or failing over
const patiently = <A, E, R>(effect: Effect.Effect<A, E | StorageError, R>) =>
  Effect.provideService(
    Effect.retry(effect, {
      schedule: Schedule.exponential("100 millis", 2).pipe(Schedule.upTo({ duration: "10 seconds" })),
      while: (error) => error instanceof StorageError && error.isRetryable
    }),
    Clock.Clock,
    realClock
  )

/** The engine and its services over a client. */
export const engineLayer = (options: EngineOptions, embedded: boolean, migrating: boolean): Layer.Layer<Services, LayerError, PgClient> => {
  const ready = Layer.effectDiscard(patiently(migrating ? Effect.andThen(migrate, checkMigrations) : checkMigrations))
  return makeEngine.layer.pipe(
    Layer.provideMerge(Layer.mergeAll(
      Readers.layerActionRepo,
      Readers.layerPerformanceLane,
      Readers.layerAchievementStore,
      Readers.layerJobQueue
    )),
    Layer.provide(Transitions.layer),
    Layer.provide(Layer.succeed(Settings, settingsOf(options))),
    Layer.provide(ready),
    Layer.provide(storageLayer(options, embedded))
  )
}
