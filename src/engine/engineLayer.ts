/**
 * Puts the engine together: settings, storage, the four services, and the engine over them.
 */
import { PgClient, type PgClientConfig } from "@effect/sql-pg/PgClient"
import { defaultMaxMessageSize } from "@effect/sql-pg/PgProtocol"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Schedule from "effect/Schedule"
import { AchievementStore } from "../AchievementStore.ts"
import { ActionRepo } from "../ActionRepo.ts"
import { readDuration, type Takes } from "../domain/duration.ts"
import type { Engine } from "../Engine.ts"
import { JobQueue } from "../JobQueue.ts"
import { PerformanceLane } from "../PerformanceLane.ts"
import type { HistoryRetention } from "../Retention.ts"
import { Schedules } from "../Schedules.ts"
import { checkMigrations, migrate, type MigrateError, type UnusableError } from "../sql/Migrations.ts"
import * as PostgresStore from "../sql/PostgresStore.ts"
import { checkClient, databaseOf } from "../sql/prerequisites.ts"
import { isTransient } from "../sql/transient.ts"
import { type InvalidDuration, InvalidOption, type InvalidSchemaName, type StorageError } from "../SteppedError.ts"
import { canBeStored } from "../store/asked.ts"
import { readRetention } from "../store/retained.ts"
import { Storage } from "../store/Storage.ts"
import type { Store } from "../store/Store.ts"
import { mostAttempts } from "../Unanswered.ts"
import * as EngineOfProcess from "./Engine.ts"
import * as Log from "./log.ts"
import { keptLeastMs, retryAtStart } from "./retrying.ts"
import { defaults, Settings } from "./Settings.ts"
import * as UserClock from "./UserClock.ts"

/**
 * Settings of the engine.
 *
 * @category models
 * @since 0.1.0
 */
export interface EngineOptions {
  /** The Postgres schema of the tables, `stepped` if not given: lower-case letters, digits and underscores, at most 51. */
  readonly schema?: string | undefined
  /**
   * Which defects of steps, hooks and keys are handled, that is: fail the action at once. Others are retried as the same action and
   * step. All are, if not given. An action may say itself what holds for it, of this as of `retry` and `attempts`.
   */
  readonly handledDefects?: ((defect: unknown) => boolean) | undefined
  /**
   * Which failures and defects are transient, that is: retried as the same action and step, whatever `handledDefects` says and also where the
   * action declares them. `Stepped.isTransient`, if not given: lost connections, deadlocks and the like of the database itself.
   */
  readonly transient?: ((error: unknown) => boolean) | undefined
  /**
   * When an unhandled or transient failure is tried again: exponential from a second on, jittered, if not given. Its end is the limit, as
   * `attempts` is.
   */
  readonly retry?: Schedule.Schedule<unknown> | undefined
  /** How often an action is begun at most when it ends without an answer (unhandled and transient failures, killed workers): 5 if not given, at most 10,000. */
  readonly attempts?: number | undefined
  /** How long a worker may be silent before others take over its work: 30 seconds if not given, 1 second at least; finite. */
  readonly lease?: Duration.Input | undefined
  /** What the program calls its version, such as a commit: workers are listed with it. At most 200 characters. */
  readonly build?: string | undefined
  /** How long one statement of the engine may take: 20 seconds if not given; finite. */
  readonly statementTimeout?: Duration.Input | undefined
  /** Bytes that arguments, a result or an error may take as JSON: 1 MiB if not given. */
  readonly payloadLimit?: number | undefined
  /**
   * Bytes that the results of earlier steps and their children may take together, as JSON, when a step receives them, with the signals that it
   * takes: 64 MiB if not given. A step that would receive more fails with `ResultsTooLarge`. Of an execution of a workflow, what was sent to it
   * and what it has waited for: with more it is suspended.
   */
  readonly resultsLimit?: number | undefined
  /** Levels of a tree: 100 if not given, at most 32,767. */
  readonly depthLimit?: number | undefined
  /** Children of one step: 100,000 if not given. */
  readonly childrenLimit?: number | undefined
  /** How often to look for work, due times and outcomes when nobody says that there are any: every second if not given; finite. */
  readonly pollInterval?: Duration.Input | undefined
  /** Whether to wake other processes, and be woken, with `NOTIFY` and `LISTEN`: yes, if not given. Switch it off behind PgBouncer. */
  readonly notify?: boolean | undefined
  /** Whether user time (waits, timeouts, retries) follows the database's clock: yes, if not given. */
  readonly databaseClock?: boolean | undefined
  /** How long answers for handles of invocations that were never stored (already achieved, joined) are kept: a day if not given, for ever with `Infinity`, 15 minutes at least. */
  readonly outcomeRetention?: Duration.Input | undefined
  /**
   * How long ended actions, their steps and slots are kept: one time for all, or by status and action, as `{ succeeded: "7 days", failed: "90 days" }`. For ever, if
   * not given or `Infinity`; 15 minutes at least. Workers delete what is older.
   */
  readonly historyRetention?: Duration.Input | HistoryRetention | undefined
  /**
   * How long an idempotency key is held after the end of what it names, whose outcome is kept as long, and a completion's key at least: a day if
   * not given, as long as the history with `Infinity`, 15 minutes at least.
   */
  readonly keyRetention?: Duration.Input | undefined
  /** How long work that is achieved is not done again; for ever, if not given or `Infinity`. Workers forget what is older. */
  readonly achievementRetention?: Duration.Input | undefined
  /** How long it is kept what operators have done (`ActionRepo.operations`): 90 days if not given, for ever with `Infinity`. Workers delete what is older. */
  readonly operationRetention?: Duration.Input | undefined
}

/**
 * The services that {@link layer} provides.
 *
 * @category models
 * @since 0.1.0
 */
export type Services = Engine | ActionRepo | PerformanceLane | AchievementStore | JobQueue | Schedules

/**
 * Why {@link layer} cannot be built.
 *
 * @category models
 * @since 0.1.0
 */
export type LayerError =
  | StorageError
  | InvalidOption
  | InvalidSchemaName
  | MigrateError
  | UnusableError

/** A number among the settings. */
export const wholeNumber = (
  option: string,
  value: number | undefined,
  otherwise: number,
  least: number,
  most = Number.MAX_SAFE_INTEGER
): Effect.Effect<number, InvalidOption> => {
  if (value === undefined) return Effect.succeed(otherwise)
  if (Number.isSafeInteger(value) && value >= least && value <= most) return Effect.succeed(value)
  const until = most === Number.MAX_SAFE_INTEGER ? "on" : `to ${most}`
  return Effect.fail(
    new InvalidOption({ option, value: String(value), takes: `a whole number from ${least} ${until}` })
  )
}

/** A duration among the settings. */
export const durationOption = (
  option: string,
  value: Duration.Input | undefined,
  otherwise: Duration.Duration,
  takes: Takes = { least: 1 }
): Effect.Effect<Duration.Duration, InvalidOption> =>
  reading(() => value === undefined ? otherwise : Duration.millis(readDuration(option, value, takes)))

/** What throws an {@link InvalidDuration}, which names the option. */
const reading = <A>(read: () => A): Effect.Effect<A, InvalidOption> =>
  Effect.try({
    try: read,
    catch: (error) => {
      const { field, takes, value } = error as InvalidDuration
      return new InvalidOption({ option: field, value, takes })
    }
  })

const historyOption = (given: EngineOptions["historyRetention"], takes: Takes) =>
  reading(() =>
    given === undefined
      ? defaults.historyRetention
      : { given, shortestMs: readRetention("historyRetention", given, takes).shortest }
  )

const forEver = (least: number): Takes => ({ least, infinity: "for ever" })

/** What a row of the engine's takes beside its values: names, keys, texts of a failure, and details that travel. */
const rowBytes = 512 * 1024

/**
 * The payload limit of a client that takes messages up to a size. A row is one message, and may hold arguments and a result beside each
 * other; written by Postgres, JSON has blanks, and is half as long again at most.
 */
const payloadOf = (given: number | undefined, { maxMessageSize = defaultMaxMessageSize }: PgClientConfig) =>
  Effect.flatMap(wholeNumber("payloadLimit", given, defaults.payload, 1), (payload) => {
    const most = Math.floor((maxMessageSize - rowBytes) / 3)
    return payload <= most ? Effect.succeed(payload) : Effect.fail(
      new InvalidOption({
        option: "payloadLimit",
        value: String(payload),
        takes:
          `${most < 1 ? "" : `at most ${most} with a client whose maxMessageSize is ${maxMessageSize}, or `}a client ` +
          `whose maxMessageSize is ${rowBytes + 3 * payload} at least${most < 1 ? `, not ${maxMessageSize}` : ""}`
      })
    )
  })

const buildOf = (build: string | undefined): Effect.Effect<string | undefined, InvalidOption> =>
  build === undefined || (build.length > 0 && build.length <= 200 && canBeStored(build))
    ? Effect.succeed(build)
    : Effect.fail(
      new InvalidOption({
        option: "build",
        value: JSON.stringify(build.slice(0, 50)),
        takes: "a text of 1 to 200 characters that Postgres can store"
      })
    )

/** Levels that a row can say. */
const depthMost = 32_767

const statementTimeoutOf = (options: EngineOptions) =>
  durationOption("statementTimeout", options.statementTimeout, Duration.seconds(20))

const settingsOf = (options: EngineOptions): Effect.Effect<Settings["Service"], InvalidOption, PgClient> =>
  Effect.gen(function*() {
    const client = yield* PgClient
    const { config } = client
    yield* checkClient(client)
    // a repeated enqueueing has to find what an earlier try has stored
    const kept = forEver(keptLeastMs(Duration.toMillis(yield* statementTimeoutOf(options))))
    return {
      handledDefects: options.handledDefects ?? defaults.handledDefects,
      transient: options.transient ?? isTransient,
      retry: options.retry ?? defaults.retry,
      attempts: yield* wholeNumber("attempts", options.attempts, defaults.attempts, 1, mostAttempts),
      payload: yield* payloadOf(options.payloadLimit, config),
      results: yield* wholeNumber("resultsLimit", options.resultsLimit, defaults.results, 1),
      depth: yield* wholeNumber("depthLimit", options.depthLimit, defaults.depth, 1, depthMost),
      children: yield* wholeNumber("childrenLimit", options.childrenLimit, defaults.children, 1),
      lease: yield* durationOption("lease", options.lease, defaults.lease, { least: 1000 }),
      build: yield* buildOf(options.build),
      databaseClock: options.databaseClock ?? defaults.databaseClock,
      notify: options.notify ?? defaults.notify,
      pollInterval: yield* durationOption("pollInterval", options.pollInterval, defaults.pollInterval),
      outcomeRetention: yield* durationOption(
        "outcomeRetention",
        options.outcomeRetention,
        defaults.outcomeRetention,
        kept
      ),
      historyRetention: yield* historyOption(options.historyRetention, kept),
      keyRetention: yield* durationOption("keyRetention", options.keyRetention, defaults.keyRetention, kept),
      achievementRetention: yield* durationOption(
        "achievementRetention",
        options.achievementRetention,
        defaults.achievementRetention,
        forEver(1)
      ),
      operationRetention: yield* durationOption(
        "operationRetention",
        options.operationRetention,
        defaults.operationRetention,
        forEver(1)
      )
    }
  })

const storageLayer = (
  options: EngineOptions,
  embedded: boolean
): Layer.Layer<Storage, InvalidSchemaName | InvalidOption> =>
  Layer.unwrap(Effect.map(
    statementTimeoutOf(options),
    (deadline) => Storage.layer({ schema: options.schema ?? "stepped", deadline, embedded })
  ))

/** The engine and its services over a client, and a store. */
export const engineLayer = (
  options: EngineOptions,
  embedded: boolean,
  migrating: boolean,
  store: Layer.Layer<Store, never, PgClient | Storage> = PostgresStore.layer
): Layer.Layer<Services, LayerError, PgClient> => {
  const ready = Layer.effectDiscard(
    Effect.flatMap(PgClient, ({ config }) =>
      // the engine's own statements are no spans, here as later
      Effect.withTracerEnabled(
        retryAtStart(
          migrating ? Effect.andThen(migrate, checkMigrations) : checkMigrations,
          Log.make({ database: databaseOf(config) })
        ),
        false
      ))
  )
  const engine = Schedules.layer.pipe(
    Layer.provideMerge(EngineOfProcess.layer),
    Layer.provideMerge(Layer.mergeAll(
      ActionRepo.layer,
      PerformanceLane.layer,
      AchievementStore.layer,
      JobQueue.layer
    )),
    Layer.provideMerge(UserClock.layer),
    Layer.provideMerge(store),
    Layer.provide(ready),
    // before anything is asked of the database
    Layer.provide(Layer.effect(Settings, settingsOf(options))),
    Layer.provide(storageLayer(options, embedded))
  )
  // shared wherever this very layer is provided, but not with another one: the parts are the same values for every schema and client
  return Layer.fromBuildMemo((_, scope) => Layer.buildWithMemoMap(engine, Layer.makeMemoMapUnsafe(), scope))
}
