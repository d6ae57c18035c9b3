/**
 * The facade: define actors and actions, provide the engine, run workers, look after it all.
 *
 * @since 0.1.0
 */
import type { PgClient } from "@effect/sql-pg/PgClient"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schedule from "effect/Schedule"
import type { SqlClient } from "effect/sql/SqlClient"
import type { AchievementStore } from "./AchievementStore.ts"
import type { ActionRepo } from "./ActionRepo.ts"
import { Engine } from "./Engine.ts"
import * as makeEngine from "./engine/makeEngine.ts"
import { defaults, Settings } from "./engine/Settings.ts"
import type { JobQueue } from "./JobQueue.ts"
import type { PerformanceLane } from "./PerformanceLane.ts"
import {
  DefinitionError,
  type InvalidSchemaName,
  type SchemaMissing,
  type SchemaOutdated,
  type SchemaTooNew,
  StorageError
} from "./SteppedError.ts"
import type { Finding } from "./sql/Doctor.ts"
import * as EmbeddedDatabase from "./sql/EmbeddedDatabase.ts"
import * as Readers from "./sql/Readers.ts"
import { checkMigrations, migrate as runMigrations, Storage } from "./sql/Storage.ts"
import { realClock, Transitions } from "./sql/Transitions.ts"

export { action } from "./Action.ts"
export { actions, after, complete, prependStep } from "./Actions.ts"
export { Actor } from "./Actor.ts"
export { Outcome } from "./Outcome.ts"

// -------------------------------------------------------------------------------------------------------------------
// models
// -------------------------------------------------------------------------------------------------------------------

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
}

/**
 * Settings of {@link layer}.
 *
 * @category models
 * @since 0.1.0
 */
export interface LayerOptions extends EngineOptions {
  /** Whether to create or update the tables first; if not, missing or outdated ones are an error. */
  readonly migrate?: boolean
}

/**
 * Settings of {@link layerEmbedded}.
 *
 * @category models
 * @since 0.1.0
 */
export interface EmbeddedOptions extends EngineOptions {
  /** The folder of the database; in memory if not given. */
  readonly dataDir?: string
}

/**
 * Settings of {@link worker}.
 *
 * @category models
 * @since 0.1.0
 */
export interface WorkerOptions {
  /** How many bodies run at a time: 32 if not given. */
  readonly concurrency?: number
  /** The queues to take jobs from; all queues of the definitions that the worker has, if not given. */
  readonly queues?: ReadonlyArray<string>
  /** How long running bodies may go on after the worker was told to stop: 10 seconds if not given. */
  readonly gracePeriod?: Duration.Input
  /** How many transitions are under way at a time, each on a connection of its own: 2 if not given. */
  readonly connections?: number
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

// -------------------------------------------------------------------------------------------------------------------
// layers
// -------------------------------------------------------------------------------------------------------------------

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
      : Duration.fromInputUnsafe(options.outcomeRetention)
  }
}

const storageLayer = (options: EngineOptions, embedded: boolean) =>
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

/** @internal */
export const engineLayer = (options: EngineOptions, embedded: boolean, migrating: boolean): Layer.Layer<Services, LayerError, PgClient> => {
  const ready = Layer.effectDiscard(patiently(migrating ? Effect.andThen(runMigrations, checkMigrations) : checkMigrations))
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

/**
 * The engine over the program's Postgres: a layer as it is, or, called, a layer with settings.
 *
 * **Details**
 *
 * Needs a `PgClient`, shared with the program, so that actions enqueued inside `sql.withTransaction` commit with it. Building it
 * checks that the tables are there and fit this version; `migrate: true` creates or updates them first. A database that is away is
 * waited for, up to ten seconds.
 *
 * **Example** (A program's layers)
 *
 * ```ts
 * import { PgClient } from "@effect/sql-pg"
 * import { Config, Layer } from "effect"
 * import { Stepped } from "stepped"
 *
 * const DatabaseLive = PgClient.layerConfig({ url: Config.Redacted("DATABASE_URL") })
 *
 * const Main = Stepped.worker({ concurrency: 32 }).pipe(
 *   Layer.provideMerge(Stepped.layer({ migrate: true })),
 *   Layer.provide(DatabaseLive)
 * )
 * ```
 *
 * @category layers
 * @since 0.1.0
 */
export const layer:
  & Layer.Layer<Services, LayerError, PgClient>
  & ((options: LayerOptions) => Layer.Layer<Services, LayerError, PgClient>) = (() => {
    const plain = engineLayer({}, false, false)
    // a function that is a layer itself: layers are objects with a prototype of their own
    const callable = (options: LayerOptions) => engineLayer(options, false, options.migrate === true)
    return Object.assign(Object.setPrototypeOf(callable, Object.getPrototypeOf(plain)), plain)
  })()

/**
 * The engine over an embedded Postgres (PGlite, in this process), in memory or in a folder, with its tables created.
 *
 * **Details**
 *
 * For programs on one machine, examples and tests. The `PgClient` of the database is provided too.
 *
 * **Gotchas**
 *
 * The database has one session: an open `sql.withTransaction` holds the engine up, and a statement that the transaction's own fiber
 * issues outside of it waits for ever.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerEmbedded = (
  options: EmbeddedOptions = {}
): Layer.Layer<Services | PgClient | SqlClient, LayerError | EmbeddedDatabase.EmbeddedDatabaseError> =>
  engineLayer({ databaseClock: false, ...options }, true, true).pipe(
    Layer.provideMerge(EmbeddedDatabase.layerClient({ dataDir: options.dataDir }))
  )

/**
 * Performs actions for as long as the layer lives.
 *
 * **Details**
 *
 * Takes jobs of the definitions whose layers were built before it. When its scope closes (SIGTERM through `NodeRuntime`), it takes
 * nothing new, lets running bodies end within the grace period, and releases the rest for other workers, without burning an attempt.
 *
 * @category layers
 * @since 0.1.0
 */
export const worker = (options: WorkerOptions = {}): Layer.Layer<never, DefinitionError | StorageError, Engine> =>
  Layer.effectDiscard(Effect.gen(function*() {
    const engine = yield* Engine
    const concurrency = options.concurrency ?? 32
    if (!Number.isInteger(concurrency) || concurrency < 1) {
      return yield* new DefinitionError({ message: `concurrency is ${concurrency}: give a whole number from 1 on` })
    }
    yield* engine.work({
      concurrency,
      connections: options.connections ?? 2,
      grace: options.gracePeriod === undefined ? Duration.seconds(10) : Duration.fromInputUnsafe(options.gracePeriod),
      queues: options.queues
    })
  }))

// -------------------------------------------------------------------------------------------------------------------
// operations
// -------------------------------------------------------------------------------------------------------------------

/**
 * Creates or updates the tables of the engine, in one transaction and safely beside other processes; gives the migrations that ran.
 *
 * @category operations
 * @since 0.1.0
 */
export const migrate = (
  options: { readonly schema?: string } = {}
): Effect.Effect<ReadonlyArray<readonly [id: number, name: string]>, StorageError | InvalidSchemaName, PgClient> =>
  Effect.provide(runMigrations, storageLayer(options, false))

/**
 * Checks the invariants of the storage over one snapshot; finds nothing on a healthy system.
 *
 * **When to use**
 *
 * In tests after every scenario; on a live system when something seems stuck.
 *
 * @category operations
 * @since 0.1.0
 */
export const doctor: Effect.Effect<ReadonlyArray<Finding>, StorageError, Engine> = Effect.flatMap(
  Engine,
  (engine) => engine.doctor
)

