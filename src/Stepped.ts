/**
 * The facade: define actors and actions, provide the engine, run workers, look after it all.
 *
 * @since 0.1.0
 */
import type { PgClient } from "@effect/sql-pg/PgClient"
import * as Config from "effect/Config"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { Summable } from "./ActionChecks.ts"
import { isName, nameRule } from "./Actor.ts"
import { Engine, type Finding } from "./Engine.ts"
import { callableLayer } from "./engine/callableLayer.ts"
import { checksum as checksumOf } from "./engine/checksum.ts"
import {
  durationOption,
  engineLayer,
  type EngineOptions,
  type LayerError,
  type Services,
  wholeNumber
} from "./engine/engineLayer.ts"
import * as Log from "./engine/log.ts"
import { type MigrateError, migrateTo, migrations, patience } from "./sql/Migrations.ts"
import { InvalidOption, type InvalidSchemaName, type StorageError, type WorkerError } from "./SteppedError.ts"
import { Storage } from "./store/Storage.ts"

export { action } from "./Action.ts"
export { actions, after, prependStep } from "./Actions.ts"
export { Actor } from "./Actor.ts"
export { app } from "./App.ts"
export { check, renderCheck } from "./Check.ts"
export { cancel, complete, enqueue, handle, withOptions as with } from "./Client.ts"
export { databaseHealth, renderDatabaseHealth } from "./DatabaseHealth.ts"
export { diagram } from "./Diagram.ts"
export { joinKey, parseKey } from "./domain/Key.ts"
export { encryption } from "./Encryption.ts"
export type { EngineOptions, LayerError, Services } from "./engine/engineLayer.ts"
export { events } from "./Events.ts"
export { explain } from "./Explanation.ts"
export { forget } from "./Forget.ts"
export { live, ready } from "./Health.ts"
export { extendTimeout, heartbeat } from "./Heartbeat.ts"
export { lane } from "./Lane.ts"
export { find, list } from "./Listing.ts"
export { forMany } from "./Many.ts"
export { Outcome } from "./Outcome.ts"
export { schedule } from "./ScheduleOptions.ts"
export { send, sendFailure } from "./Send.ts"
export { signal } from "./Signal.ts"
export { isTransient } from "./sql/transient.ts"
export { step } from "./StepDefinition.ts"
export { receive, Tokens } from "./Tokens.ts"
export { TraceState } from "./TraceState.ts"
export { renderTree, tree } from "./Tree.ts"
export { renderWhy, why } from "./Why.ts"

// -------------------------------------------------------------------------------------------------------------------
// models
// -------------------------------------------------------------------------------------------------------------------

/**
 * Settings of {@link layer}.
 *
 * @category models
 * @since 0.1.0
 */
export interface LayerOptions extends EngineOptions {
  /** Whether to create or update the tables first; if not, missing or outdated ones are an error. */
  readonly migrate?: boolean | undefined
}

/**
 * Settings of {@link worker}.
 *
 * @category models
 * @since 0.1.0
 */
export interface WorkerOptions {
  /**
   * What it is called in its log lines and in the database: 100 characters at most. Host, process and something random, if not given, so
   * that every worker has a name of its own.
   */
  readonly name?: string | undefined
  /** How many bodies run at a time: 32 if not given. */
  readonly concurrency?: number | undefined
  /** The queues to take jobs from; all queues of the definitions that the worker has, if not given. */
  readonly queues?: ReadonlyArray<string> | undefined
  /** How long running bodies may go on after the worker was told to stop: 10 seconds if not given; finite. */
  readonly gracePeriod?: Duration.Input | undefined
  /** How many transitions are under way at a time, each on a connection that the worker keeps for them: 2 if not given. */
  readonly connections?: number | undefined
  /**
   * What is run once somebody has drained this worker (`JobQueue.drain`) and it has stopped: here the program ends, or does without it. Nothing, if not given: the
   * layer lives on, and performs nothing.
   */
  readonly onDrained?: Effect.Effect<void> | undefined
}

// -------------------------------------------------------------------------------------------------------------------
// layers
// -------------------------------------------------------------------------------------------------------------------

/**
 * The engine over the program's Postgres: a layer as it is, or, called, a layer with settings.
 *
 * **Details**
 *
 * Needs a `PgClient`, shared with the program, so that actions enqueued inside `sql.withTransaction` commit with it. Building it
 * checks that the tables are there and fit this version; `migrate: true` creates or updates them first. A database that is away is
 * waited for, up to ten seconds. Wherever `Stepped.layer` itself is provided it is one engine; each call makes another one.
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
  & ((options?: LayerOptions) => Layer.Layer<Services, LayerError, PgClient>) = callableLayer(
    ({ migrate, ...options }: LayerOptions = {}) => engineLayer(options, false, migrate === true)
  )

/** Whether a worker can have this name, and take from these queues. */
const checkNames = ({ name, queues }: WorkerOptions): Effect.Effect<void, InvalidOption> => {
  if (name !== undefined && !/^[^\p{Cc}\p{Cs}]{1,100}$/u.test(name)) {
    const takes = "1 to 100 characters, none of them a control character"
    return Effect.fail(new InvalidOption({ option: "name of Stepped.worker", value: JSON.stringify(name), takes }))
  }
  if (queues?.length === 0) {
    const takes = "names of queues, or is left out to take from all: a worker of none would take nothing"
    return Effect.fail(new InvalidOption({ option: "queues of Stepped.worker", value: "empty", takes }))
  }
  const wrong = queues?.find((queue) => !isName(queue))
  return wrong === undefined
    ? Effect.void
    : Effect.fail(
      new InvalidOption({ option: "queues of Stepped.worker", value: JSON.stringify(wrong), takes: nameRule })
    )
}

/** Whether workers of this process are to do nothing, as over a restored copy of production. */
const pausedByEnvironment = Config.Boolean("STEPPED_PAUSED").pipe(Config.withDefault(false))

/**
 * Performs actions for as long as the layer lives.
 *
 * **Details**
 *
 * Takes jobs of the definitions whose layers were built before it. When its scope closes (SIGTERM through `NodeRuntime`), it takes
 * nothing new, lets running bodies end within the grace period, and releases the rest for other workers, without burning an attempt.
 *
 * With `STEPPED_PAUSED=1` in the environment it performs nothing, takes nothing over, and says so: for a restored copy of production, whose
 * payments are not to be made twice.
 *
 * Who is drained (`JobQueue.drain`) stops in the same way when it renews its lease the next time, and says so in the log. The layer stays as it is, since the program may
 * have more to do than this: `onDrained` is where it ends, if that is what is wanted. Whatever starts ended processes again starts this one again, too, and that is another worker.
 *
 * Several over one {@link layer} work beside each other, each with its own queues, concurrency, grace period and name: a slow kind of work
 * then takes no room from the others. Each keeps connections of its own (`connections` and two more).
 *
 * **Example** (Two workers in one program)
 *
 * ```ts
 * import { Layer } from "effect"
 * import { Stepped } from "stepped"
 *
 * const Workers = Layer.merge(
 *   Stepped.worker({ queues: ["default"], concurrency: 32 }),
 *   Stepped.worker({ queues: ["reports"], concurrency: 2, gracePeriod: "1 minute" })
 * )
 * ```
 *
 * @category layers
 * @since 0.1.0
 */
export const worker = (
  options: WorkerOptions = {}
): Layer.Layer<never, WorkerError, Engine> =>
  Layer.effectDiscard(Effect.gen(function*() {
    const engine = yield* Engine
    const concurrency = yield* wholeNumber("concurrency", options.concurrency, 32, 1)
    const connections = yield* wholeNumber("connections", options.connections, 2, 1)
    const grace = yield* durationOption("gracePeriod", options.gracePeriod, Duration.seconds(10), { least: 0 })
    yield* checkNames(options)
    const isPaused = yield* Effect.mapError(
      pausedByEnvironment,
      () =>
        new InvalidOption({
          option: "STEPPED_PAUSED",
          value: "neither true nor false",
          takes: "1, and is left out elsewhere"
        })
    )
    if (isPaused) {
      return yield* Log.log.warning(
        "STEPPED_PAUSED is set: this worker performs nothing, and takes nothing over. Leave it out where this is no copy"
      )
    }
    yield* engine.work({
      name: options.name,
      concurrency,
      connections,
      grace,
      queues: options.queues,
      onDrained: options.onDrained ?? Effect.void
    })
  }))

// -------------------------------------------------------------------------------------------------------------------
// operations
// -------------------------------------------------------------------------------------------------------------------

/**
 * Creates or updates the tables of the engine, in one transaction and safely beside other processes; gives the migrations that ran.
 *
 * **Details**
 *
 * Where there is nothing to do it waits for nobody. Else, tables that are in use, as by a dump, are asked for again and again, so that
 * their users are not held up; it says in the log for whom it waits, and fails with `MigrationBlocked` after `lockTimeout`, 30 seconds if
 * not given.
 *
 * @category operations
 * @since 0.1.0
 */
export const migrate = (
  options: { readonly schema?: string; readonly lockTimeout?: Duration.Input } = {}
): Effect.Effect<
  ReadonlyArray<readonly [id: number, name: string]>,
  StorageError | InvalidSchemaName | MigrateError,
  PgClient
> =>
  Effect.flatMap(
    durationOption("lockTimeout", options.lockTimeout, patience),
    (limit) => migrateTo(migrations, limit)
  ).pipe(Effect.provide(
    Storage.layer({ schema: options.schema ?? "stepped", deadline: Duration.seconds(20), embedded: false })
  ))

/**
 * Checks the invariants of the storage; finds nothing on a healthy system.
 *
 * **When to use**
 *
 * In tests after every scenario; on a live system when something seems stuck.
 *
 * **Details**
 *
 * All of them are checked in one statement, over one snapshot. Where that takes longer than `statementTimeout`, they are checked one after the other, for three minutes, and what could
 * not be checked in its time is named among what is found (`isUnchecked`).
 *
 * Of schedules it finds those that cannot be read, those that are due for ten minutes while workers live, and those that fire what no worker performs.
 *
 * @category operations
 * @since 0.1.0
 */
export const doctor: Effect.Effect<ReadonlyArray<Finding>, StorageError, Engine> = Effect.flatMap(
  Engine,
  (engine) => engine.doctor
)

/**
 * Asks the database how much waits, and has gauges say so: the depth of each queue, for how long its oldest job is due, and how many lanes are
 * occupied.
 *
 * **When to use**
 *
 * Whenever somebody reads the metrics, before they are written: nothing is asked at other times. An exporter that pushes wants it at its own
 * interval.
 *
 * **Details**
 *
 * One statement, which reads by indexes, counts no further than to 100,000, and is waited for five seconds at most. A queue of the program's
 * definitions in which nothing is due says 0. Where it fails the gauges say nothing.
 *
 * **Example** (An endpoint for Prometheus)
 *
 * ```ts
 * import { Effect } from "effect"
 * import { HttpRouter, HttpServerResponse } from "effect/http"
 * import { PrometheusMetrics } from "effect/observability"
 * import { Stepped } from "stepped"
 *
 * const Metrics = HttpRouter.add(
 *   "GET",
 *   "/metrics",
 *   Effect.gen(function*() {
 *     // what this process has counted is worth showing also while the database is away
 *     yield* Effect.ignore(Stepped.measure)
 *     return HttpServerResponse.text(yield* PrometheusMetrics.format(), { contentType: "text/plain; version=0.0.4" })
 *   })
 * )
 * ```
 *
 * @category operations
 * @since 0.1.0
 */
export const measure: Effect.Effect<void, StorageError, Engine> = Effect.flatMap(Engine, (engine) => engine.measure)

// -------------------------------------------------------------------------------------------------------------------
// keys and checksums
// -------------------------------------------------------------------------------------------------------------------

/**
 * The checksum of an action whose `checksum` function gives this value; none for `null` and `undefined`, which mean that it has none.
 *
 * **Details**
 *
 * `hex(sha256(json(value)))`, where the JSON is compact and its keys are sorted. It is the same in every process and version, and may be
 * compared with `ActionRecord.checksum` and `Achievement.checksum`.
 *
 * **Gotchas**
 *
 * Throws an `InvalidChecksum` where the value holds what JSON does not hold.
 *
 * **Example** (Is it achieved already?)
 *
 * ```ts
 * import { Effect, Option } from "effect"
 * import { AchievementStore, Stepped } from "stepped"
 *
 * const isAchieved = (car: number, location: string) =>
 *   Effect.gen(function*() {
 *     const achievements = yield* AchievementStore
 *     const last = yield* achievements.find(["Car", car, "visit"])
 *     return Option.exists(last, ({ checksum }) => checksum === Stepped.checksum(location))
 *   })
 * ```
 *
 * @category keys
 * @since 0.1.0
 */
export const checksum = <Value>(value: Value & Summable<Value>): string | undefined => checksumOf(value) ?? undefined
