/**
 * Testing programs that use stepped: an engine that starts fast, and ways to perform its actions in the test's own fiber.
 *
 * @since 0.1.0
 */
import type { PgClient } from "@effect/sql-pg/PgClient"
import * as Clock from "effect/Clock"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type { SqlClient } from "effect/sql/SqlClient"
import * as TestClock from "effect/testing/TestClock"
import type { ActionRecord } from "../ActionRecord.ts"
import { ActionRepo } from "../ActionRepo.ts"
import { readDuration } from "../domain/duration.ts"
import { Engine } from "../Engine.ts"
import { HandledDefects } from "../engine/perform/retry.ts"
import { type Backlog, JobQueue } from "../JobQueue.ts"
import { Outcome } from "../Outcome.ts"
import type { Pause } from "../Pause.ts"
import type { EmbeddedDatabaseError } from "../sql/EmbeddedDatabase.ts"
import type { EngineOptions, LayerError, Services } from "../Stepped.ts"
import { type CompleteError, InvalidOption, type InvalidQuery, type StorageError } from "../SteppedError.ts"
import { describe } from "./describe.ts"
import { sendAwaited, waitsFor } from "./signals.ts"
import { layerTestDatabase } from "./TestDatabase.ts"

export { assertEnqueued, assertNotEnqueued, EnqueuedExpectation, type ExpectationError } from "./enqueued.ts"
export { type EventRecorder, recordEvents } from "./events.ts"
export { assertCompensated, crashAfter, SagaExpectation } from "./sagas.ts"
export { assertSignalled, SignalExpectation } from "./signals.ts"

// -------------------------------------------------------------------------------------------------------------------
// errors
// -------------------------------------------------------------------------------------------------------------------

/**
 * Not everything was performed: what is left waits for somebody outside, for its timeout, or for a definition; or so many passes have been made as were to be at most.
 *
 * @category errors
 * @since 0.1.0
 */
export class NotDrained extends Schema.TaggedError<NotDrained>("stepped/testing/NotDrained")("NotDrained", {
  /** One line for each action that is left. */
  left: Schema.Array(Schema.String),
  /** The passes that were not enough, where that is the reason. */
  maxPasses: Schema.optionalKey(Schema.Int)
}) {
  override get message(): string {
    const left = `${this.left.length} actions are left:\n${this.left.map((line) => `  ${line}`).join("\n")}`
    return this.maxPasses === undefined ?
      left :
      `after ${this.maxPasses} passes there is more to perform: what renews ` +
      `itself never ends, give performSteppedActions a time, such as { until: "1 hour" }, or a higher { maxPasses }. ${left}`
  }
}

// -------------------------------------------------------------------------------------------------------------------
// layers
// -------------------------------------------------------------------------------------------------------------------

/**
 * An engine over an embedded database of its own, started from a prepared copy in a fraction of a second.
 *
 * **Details**
 *
 * Nothing performs by itself: call {@link performSteppedActions}. User time is the test's clock.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (
  options: Omit<EngineOptions, "schema" | "databaseClock" | "notify"> = {}
): Layer.Layer<Services | PgClient | SqlClient, LayerError | EmbeddedDatabaseError> => layerTestDatabase(options)

// -------------------------------------------------------------------------------------------------------------------
// performing
// -------------------------------------------------------------------------------------------------------------------

/**
 * How to perform; see {@link performSteppedActions}.
 *
 * @category models
 * @since 0.1.0
 */
export interface PerformOptions<E = never, R = never> {
  /** Called when everything is idle, once for each outbound action that performs; what it completes goes on. */
  readonly outbound?: ((action: ActionRecord) => Effect.Effect<unknown, E, R>) | undefined
  /** Called when everything is idle, once for each signal that a step waits for; what it sends goes on. */
  readonly signals?: ((signal: string, action: ActionRecord) => Effect.Effect<unknown, E, R>) | undefined
  /**
   * How long to go on: all that becomes due meanwhile is performed, timeouts included, and the clock stands at its end. Or a question,
   * which is asked before each pass, and ends it. For what renews itself.
   */
  readonly until?: Duration.Input | Effect.Effect<boolean, E, R> | undefined
  /** Whether to move the clock to timeouts, too, when there is nothing else to wait for: no if not given, so that what nobody completes is seen. */
  readonly timeouts?: boolean | undefined
  /** Whether schedules fire: what this process declares, and rows of its actions. No if not given; with it the clock is moved to their slots where `until` says for how long. */
  readonly schedules?: boolean | undefined
  /** How many passes to make at most: 1,000 if not given. A pass performs all that is due. */
  readonly maxPasses?: number | undefined
}

/**
 * Performs one pass of what is due now, in the calling fiber: timers, then jobs, with the steps that follow at once. Gives how much there
 * was.
 *
 * **When to use**
 *
 * Where a test looks at what is between two passes, as at an action that waits for its children. It moves no clock and completes nothing:
 * `TestClock.adjust` before it lets a wait end.
 *
 * **Details**
 *
 * What a pass enqueues is performed by the next one; after a pass that gives 0, nothing is due that this process can perform.
 *
 * @category performing
 * @since 0.1.0
 */
export const performDue: Effect.Effect<number, StorageError, Engine> = Effect.flatMap(
  Engine,
  (engine) => engine.performDue
)

/**
 * Performs everything, children and waits included, in the calling fiber.
 *
 * **Details**
 *
 * When nothing is due, calls the outbound hook; when that completed nothing, moves the test's clock to the next wait or retry, and
 * timeouts passed on the way fire. Fails with {@link NotDrained} when only outbound actions, or jobs without a definition, are left; not
 * where it was to go on for a time (`until`), after which whatever is left is left.
 *
 * **Gotchas**
 *
 * What renews itself, as an action whose callback enqueues it again, never ends: say `until` when to perform it. Without a `TestClock`,
 * waits take their time.
 *
 * **Example** (An hour of something that renews itself)
 *
 * ```ts
 * import { performSteppedActions } from "stepped/testing"
 *
 * const anHour = performSteppedActions({ until: "1 hour" })
 * ```
 *
 * @category performing
 * @since 0.1.0
 */
export const performSteppedActions = <E = never, R = never>(
  options: PerformOptions<E, R> = {}
): Effect.Effect<void, NotDrained | StorageError | E, Engine | ActionRepo | JobQueue | R> =>
  Effect.gen(function*() {
    const engine = yield* Engine
    const { maxPasses, millis, question } = yield* boundsOf(options)
    const end = millis === undefined ? undefined : (yield* engine.now) + millis
    for (let pass = 0; pass < maxPasses; pass++) {
      if (question !== undefined && (yield* question)) return
      const scheduled = options.schedules === true ? yield* engine.fireSchedules : undefined
      if ((scheduled?.moved ?? 0) + (yield* engine.performDue) > 0) continue
      if (options.outbound !== undefined && (yield* completeOutbound(options.outbound))) continue
      if (options.signals !== undefined && (yield* sendAwaited(yield* live, options.signals))) continue
      const now = yield* engine.now
      if (end !== undefined && now >= end) return
      const next = nextStop(
        withSlot(yield* engine.nextDue, options.until === undefined ? undefined : scheduled?.next),
        now,
        end,
        options.timeouts === true
      )
      if (next === undefined) {
        const left = yield* whatIsLeft
        if (left.length === 0) return
        // somebody else may have enqueued it since the last pass: another one finds it
        if ((yield* engine.performDue) > 0) continue
        return yield* new NotDrained({ left })
      }
      yield* advanceTo(next)
    }
    return yield* new NotDrained({ left: yield* whatIsLeft, maxPasses })
  })

/** How far to go at most; what cannot be read is a mistake in the test. */
const boundsOf = <E, R>({ maxPasses = 1000, until }: PerformOptions<E, R>) =>
  Effect.sync(() => {
    if (!Number.isSafeInteger(maxPasses) || maxPasses < 1) {
      throw new InvalidOption({
        option: "maxPasses of performSteppedActions",
        value: String(maxPasses),
        takes: "a whole number from 1 on"
      })
    }
    return Effect.isEffect(until)
      ? { maxPasses, millis: undefined, question: until }
      : {
        maxPasses,
        millis: until === undefined ? undefined : readDuration("until of performSteppedActions", until, { least: 0 }),
        question: undefined
      }
  })

/** The time to move the clock to; none where nothing comes by itself. What is due already was not performed just now, and is nothing that this process can perform. */
const nextStop = (
  due: { readonly wait: number | undefined; readonly timeout: number | undefined },
  now: number,
  end: number | undefined,
  timeouts: boolean
): number | undefined => {
  const [wait = Infinity, timeout = Infinity] = [due.wait, due.timeout].map((at) =>
    at === undefined || at <= now ? undefined : at
  )
  const goal = Math.min(wait, end ?? Infinity, timeouts ? timeout : Infinity)
  return goal === Infinity ? undefined : Math.min(goal, timeout)
}

/** What comes by itself, schedules too: these never end, and so not without a time. */
const withSlot = <Due extends { readonly wait: number | undefined }>(due: Due, slot: number | undefined): Due =>
  slot === undefined ? due : { ...due, wait: Math.min(due.wait ?? Infinity, slot) }

/** What the services are asked here they take. */
const asked = <A>(effect: Effect.Effect<A, StorageError | InvalidQuery>): Effect.Effect<A, StorageError> =>
  Effect.catchTag(effect, "InvalidQuery", Effect.die)

const live: Effect.Effect<ReadonlyArray<ActionRecord>, StorageError, ActionRepo> = Effect.flatMap(
  ActionRepo,
  (repo) => asked(repo.list({ statuses: ["pending", "performing"], limit: 10_000 }))
)

/** Calls the hook for each outbound action that performs; says whether that made a difference. */
const completeOutbound = Effect.fnUntraced(
  function*<E, R>(hook: (action: ActionRecord) => Effect.Effect<unknown, E, R>) {
    const outbound = (yield* live).filter((action) => action.outbound && action.status === "performing")
    for (const action of outbound) yield* hook(action)
    const after = new Set((yield* live).map((action) => action.id))
    return outbound.some((action) => !after.has(action.id)) || (yield* performDue) > 0
  }
)

/** A line for each action that is live, or queued. */
const whatIsLeft = Effect.gen(function*() {
  const engine = yield* Engine
  const queue = yield* JobQueue
  return [
    ...yield* Effect.forEach(
      yield* live,
      (action) =>
        Effect.zipWith(
          describe(action, engine.find(action.actorType, action.name)),
          waitsFor(action),
          (text, waits) =>
            `${text} is ${action.status}${action.outbound ? ", outbound" : ""}${waits}${pausedBy(action.pause)}`
        )
    ),
    ...(yield* queue.backlog).filter((backlog) => stillQueued(backlog) > 0).map((backlog) =>
      `${backlog.actorType}/${backlog.name} is queued ${stillQueued(backlog)} times${
        engine.find(backlog.actorType, backlog.name) === undefined ? ", and not defined here" : ""
      }${pausedBy(backlog.pause)}`
    )
  ]
})

const pausedBy = (pause: Pause | undefined): string =>
  pause === undefined ? "" : `, paused by ${pause.by}: ${pause.reason}`

const stillQueued = ({ due, held, later, paused, waiting }: Backlog): number => due + later + held + waiting + paused

const advanceTo = (time: number): Effect.Effect<void> =>
  Clock.clockWith((clock) =>
    "setTime" in clock
      ? TestClock.setTime(Math.max(time, clock.currentTimeMillisUnsafe()))
      : Effect.sleep(Math.max(0, time - clock.currentTimeMillisUnsafe()))
  )

/**
 * Completes an outbound action as succeeded, without a result: an outbound hook for actions that give none.
 *
 * @category performing
 * @since 0.1.0
 */
export const succeedOutbound = (action: ActionRecord): Effect.Effect<Option.Option<string>, CompleteError, Engine> =>
  Effect.flatMap(Engine, (engine) => {
    const definition = engine.find(action.actorType, action.name)
    return definition === undefined
      ? Effect.succeed(Option.none())
      : engine.complete(action.id, definition, Outcome.succeededVoid)
  })

/**
 * Says which defects are handled while the effect performs actions, whatever these say themselves; others are retried, up to the limit.
 *
 * **Gotchas**
 *
 * It says nothing of transient failures, which are retried all the same: see `transient` of the layer.
 *
 * @category performing
 * @since 0.1.0
 */
export const withHandledDefects =
  (handle: (defect: unknown) => boolean) => <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
    Effect.provideService(effect, HandledDefects, handle)
