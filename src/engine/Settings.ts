/**
 * The engine's limits and policies, with their defaults.
 */
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Schedule from "effect/Schedule"
import type { HistoryRetention } from "../Retention.ts"

/**
 * What can be set about the engine; see `Stepped.layer`.
 *
 * @internal
 */
export class Settings extends Context.Service<Settings, {
  /** Which defects count as handled, and fail their step at once; the others are retried. */
  readonly handledDefects: (defect: unknown) => boolean
  /** Which errors, declared ones too, may be gone later: they are retried whatever `handledDefects` says. */
  readonly transient: (error: unknown) => boolean
  /** When an unhandled or transient failure is tried again; its end, or `attempts`, is the limit. */
  readonly retry: Schedule.Schedule<unknown>
  readonly attempts: number
  /** Bytes of one JSON value. */
  readonly payload: number
  /** Bytes of all the results that one step receives. */
  readonly results: number
  /** Levels of a tree. */
  readonly depth: number
  /** Children that one step may start. */
  readonly children: number
  /** How long a worker may be silent before its work is taken over. */
  readonly lease: Duration.Duration
  /** What the program calls its version. */
  readonly build: string | undefined
  /** Whether user time follows the database's clock. */
  readonly databaseClock: boolean
  /** Whether to wake other processes with NOTIFY and be woken by LISTEN. */
  readonly notify: boolean
  /** How often a waiting handle looks at the database when nobody tells it. */
  readonly pollInterval: Duration.Duration
  /** How long answers for handles of invocations that were not stored are kept; infinite, for ever. */
  readonly outcomeRetention: Duration.Duration
  /** How long ended actions are kept, as it was given, and the shortest time that one of them is, in ms; infinite, all for ever. */
  readonly historyRetention: { readonly given: HistoryRetention | Duration.Input; readonly shortestMs: number }
  /** How long idempotency keys are held after what they name has ended; infinite, as long as its history. */
  readonly keyRetention: Duration.Duration
  /** How long achievements are kept; infinite, for ever. */
  readonly achievementRetention: Duration.Duration
  /** How long it is kept what operators have done; infinite, for ever. */
  readonly operationRetention: Duration.Duration
}>()("stepped/engine/Settings") {}

/** What is transient is the storage's to say. */
export const defaults: Omit<Settings["Service"], "transient"> = {
  handledDefects: () => true,
  retry: Schedule.exponential("1 second", 4).pipe(Schedule.jittered),
  attempts: 5,
  payload: 1024 * 1024,
  results: 64 * 1024 * 1024,
  depth: 100,
  children: 100_000,
  lease: Duration.seconds(30),
  build: undefined,
  databaseClock: true,
  notify: true,
  pollInterval: Duration.seconds(1),
  outcomeRetention: Duration.days(1),
  historyRetention: { given: Infinity, shortestMs: Infinity },
  keyRetention: Duration.days(1),
  achievementRetention: Duration.infinity,
  operationRetention: Duration.days(90)
}
