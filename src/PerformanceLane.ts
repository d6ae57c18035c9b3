/**
 * Lanes: who performs under a concurrency key or in a named lane, and who is next.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type { ActionKey } from "./Action.ts"
import { joinKey, keyLimit, laneMark, laneShown, laneText } from "./domain/Key.ts"
import { isLaneKey, type LaneKey } from "./Lane.ts"
import type { OperatorOptions, OperatorVerb } from "./Operation.ts"
import type { Pause, PauseOptions } from "./Pause.ts"
import { InvalidQuery, type StorageError } from "./SteppedError.ts"
import { canBeStored, limitOf, operationOf, pauseOptionsOf } from "./store/asked.ts"
import { Store } from "./store/Store.ts"
import { ofLanes, strictly } from "./store/strictly.ts"
import { UserTime } from "./store/UserTime.ts"

/**
 * An occupied lane. A lane exists only while somebody performs or waits in it.
 *
 * @category models
 * @since 0.1.0
 */
export interface Lane {
  /** The name that `Stepped.lane` gave it; none for that of a concurrency key. */
  readonly name: string | undefined
  readonly key: string
  /** How many may perform in it at a time; 1 for that of a concurrency key. */
  readonly limit: number
  /** Ids of the actions that perform; none where the next one waits because of a pause. */
  readonly performing: ReadonlyArray<string>
  /** Ids of those that wait, whose turn is next first: 100 at most. */
  readonly pending: ReadonlyArray<string>
  /** How many wait. */
  readonly waiting: number
  /** When the next one may begin without anybody's end: what a rate or a debounce puts off. */
  readonly dueAt: Date | undefined
  /** Why nobody begins in it, where the lane itself is paused. */
  readonly pause: Pause | undefined
}

/**
 * The occupied lanes.
 *
 * @category services
 * @since 0.1.0
 */
export class PerformanceLane extends Context.Service<PerformanceLane, {
  /** The lane of a concurrency key, as the key function gave it or as text, or a named lane under a key, if it is occupied. */
  readonly find: (key: ActionKey | LaneKey) => Effect.Effect<Option.Option<Lane>, StorageError>
  /** Occupied lanes in the order of their names and keys, those of concurrency keys first: at most `limit`, 100 if not given, 10,000 at most. `after` goes on behind a lane, the last one of the page before, which may have gone by now. */
  readonly list: (
    options?: { readonly limit?: number | undefined; readonly after?: Pick<Lane, "name" | "key"> | undefined }
  ) => Effect.Effect<ReadonlyArray<Lane>, StorageError | InvalidQuery>
  /**
   * Begins nothing new in a lane; gives whether this call has paused it. One that is paused already keeps its reason.
   *
   * **Details**
   *
   * Who performs in it goes on. Who comes joins and supersedes as ever, and waits. A lane may be paused that nobody is in.
   */
  readonly pause: (
    key: ActionKey | LaneKey,
    options: PauseOptions
  ) => Effect.Effect<boolean, StorageError | InvalidQuery>
  /** Goes on in a lane that was paused: who is next performs within a `pollInterval`. Gives whether it was paused. */
  readonly resume: (
    key: ActionKey | LaneKey,
    options?: OperatorOptions
  ) => Effect.Effect<boolean, StorageError | InvalidQuery>
}>()("stepped/PerformanceLane") {
  /** The lanes of the engine's storage. */
  static readonly layer: Layer.Layer<PerformanceLane, never, Store | UserTime> = Layer.effect(
    PerformanceLane,
    Effect.zipWith(Store, UserTime, (store, { now }) =>
      PerformanceLane.of(strictly("PerformanceLane", ofLanes, {
        find: (given) => {
          const [name, key] = isLaneKey(given) ? [given.lane, given.key] : [null, joinKey(given)]
          return canBeStored(key)
            ? Effect.map(
              Effect.zipWith(store.laneOf(name, key), store.pauses, (lane, pauses) => lane && withPause(lane, pauses)),
              Option.fromUndefinedOr
            )
            : Effect.succeedNone
        },
        list: ({ after, limit } = {}) =>
          Effect.gen(function*() {
            const most = yield* limitOf("limit of PerformanceLane.list", limit)
            if (after !== undefined && ![after.name ?? "", after.key].every(canBeStored)) {
              return yield* new InvalidQuery({
                field: "after of PerformanceLane.list",
                value: JSON.stringify(after.key.slice(0, 100)),
                takes: "the name and key of a lane"
              })
            }
            return yield* Effect.zipWith(
              store.lanes(most, after),
              store.pauses,
              (lanes, pauses) => lanes.map((lane) => withPause(lane, pauses))
            )
          }),
        pause: (given, options) =>
          Effect.gen(function*() {
            const subject = yield* laneOf("PerformanceLane.pause", given)
            const why = yield* pauseOptionsOf("PerformanceLane.pause", options)
            const operation = yield* operationOf(now, "PerformanceLane.pause", `lane ${laneShown(subject)}`, why)
            return yield* store.pause({ kind: "lane", subject, ...why }, operation)
          }),
        resume: (given, options) =>
          Effect.gen(function*() {
            const subject = yield* laneOf("PerformanceLane.resume", given)
            const operation = yield* operationOf(now, "PerformanceLane.resume", `lane ${laneShown(subject)}`, options)
            return yield* store.resume("lane", subject, operation)
          })
      })))
  )
}

const withPause = (lane: Omit<Lane, "pause">, pauses: ReadonlyArray<Pause>): Lane => {
  const subject = lane.name === undefined ? lane.key : laneText(lane.name, lane.key)
  const pause = pauses.find((pause) => pause.kind === "lane" && pause.subject === subject)
  return { ...lane, pause: pause && { ...pause, subject: laneShown(subject) } }
}

const laneOf = (verb: OperatorVerb, given: ActionKey | LaneKey): Effect.Effect<string, InvalidQuery> => {
  const key = isLaneKey(given) ? given.key : joinKey(given)
  const subject = isLaneKey(given) ? laneText(given.lane, key) : key
  // a named lane may have an empty key: that of all
  return subject !== "" && !key.includes(laneMark) && Buffer.byteLength(subject) <= keyLimit && canBeStored(key)
    ? Effect.succeed(subject)
    : Effect.fail(
      new InvalidQuery({
        field: `key of ${verb}`,
        value: JSON.stringify(key.slice(0, 100)),
        takes:
          `what a key function gives, a text or an array, or a lane under a key: of 1 to ${keyLimit} bytes when joined`
      })
    )
}
