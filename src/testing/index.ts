/**
 * Testing programs that use stepped: an engine that starts fast, and ways to perform its actions in the test's own fiber.
 *
 * @since 0.1.0
 */
import type { PgClient } from "@effect/sql-pg/PgClient"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Equal from "effect/Equal"
import * as Formatter from "effect/Formatter"
import type * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type { SqlClient } from "effect/sql/SqlClient"
import * as TestClock from "effect/testing/TestClock"
import type { AnyAction, ArgTypes } from "../Action.ts"
import { type ActionRecord, ActionRepo } from "../ActionRepo.ts"
import type { ActorRef } from "../Actor.ts"
import { argumentsCodec } from "../domain/Codec.ts"
import { Engine } from "../Engine.ts"
import { encodeActorId } from "../engine/invoke/invocation.ts"
import { HandledDefects } from "../engine/perform/retry.ts"
import { type Backlog, JobQueue } from "../JobQueue.ts"
import { Outcome } from "../Outcome.ts"
import type { EmbeddedDatabaseError } from "../sql/EmbeddedDatabase.ts"
import type { EngineOptions, LayerError, Services } from "../Stepped.ts"
import {
  type CompleteError,
  type InvalidActorId,
  InvalidArguments,
  type InvalidQuery,
  type StorageError
} from "../SteppedError.ts"
import { layerTestDatabase } from "./TestDatabase.ts"

// -------------------------------------------------------------------------------------------------------------------
// errors
// -------------------------------------------------------------------------------------------------------------------

/**
 * Not everything could be performed: what is left waits for somebody outside, for its timeout, or for a definition.
 *
 * @category errors
 * @since 0.1.0
 */
export class NotDrained extends Schema.TaggedError<NotDrained>("stepped/testing/NotDrained")("NotDrained", {
  /** One line for each action that is left. */
  left: Schema.Array(Schema.String)
}) {
  override get message(): string {
    return `${this.left.length} actions are left:\n${this.left.map((line) => `  ${line}`).join("\n")}`
  }
}

/**
 * An expectation about what was enqueued does not hold.
 *
 * @category errors
 * @since 0.1.0
 */
export class EnqueuedExpectation extends Schema.TaggedError<EnqueuedExpectation>("stepped/testing/EnqueuedExpectation")(
  "EnqueuedExpectation",
  { message: Schema.String }
) {}

/**
 * What an expectation about what was enqueued can fail with.
 *
 * @category errors
 * @since 0.1.0
 */
export type ExpectationError = EnqueuedExpectation | InvalidActorId | InvalidArguments | StorageError

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
  readonly outbound?: (action: ActionRecord) => Effect.Effect<unknown, E, R>
}

/**
 * Performs one pass of what is due: timers, then jobs, with the steps that follow at once. Gives how much there was.
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
 * timeouts passed on the way fire. Fails with {@link NotDrained} when only outbound actions, or jobs without a definition, are left.
 *
 * **Gotchas**
 *
 * Without a `TestClock`, waits take their time.
 *
 * @category performing
 * @since 0.1.0
 */
export const performSteppedActions = <E = never, R = never>(
  options: PerformOptions<E, R> = {}
): Effect.Effect<void, NotDrained | StorageError | E, Engine | ActionRepo | JobQueue | R> =>
  Effect.gen(function*() {
    const engine = yield* Engine
    const repo = yield* ActionRepo
    const queue = yield* JobQueue
    const live = asked(repo.list({ statuses: ["pending", "performing"], limit: 10_000 }))
    for (let pass = 0; pass < 100_000; pass++) {
      if ((yield* engine.performDue) > 0) continue
      if (options.outbound !== undefined) {
        const outbound = (yield* live).filter((action) => action.outbound && action.status === "performing")
        for (const action of outbound) yield* options.outbound(action)
        const after = new Set((yield* live).map((action) => action.id))
        if (outbound.some((action) => !after.has(action.id)) || (yield* engine.performDue) > 0) continue
      }
      const due = yield* queue.nextDue
      // what is due and was not performed just now is nothing that this process can perform
      if (due.wait === undefined || due.wait <= (yield* engine.now)) break
      yield* advanceTo(due.timeout === undefined ? due.wait : Math.min(due.wait, due.timeout))
    }
    const left = [
      ...yield* Effect.forEach(
        yield* live,
        (action) =>
          Effect.map(
            describe(action, engine.find(action.actorType, action.name)),
            (text) => `${text} is ${action.status}${action.outbound ? ", outbound" : ""}`
          )
      ),
      ...(yield* queue.backlog).filter((backlog) => stillQueued(backlog) > 0).map((backlog) =>
        `${backlog.actorType}/${backlog.name} is queued ${stillQueued(backlog)} times${
          engine.find(backlog.actorType, backlog.name) === undefined ? ", and not defined here" : ""
        }`
      )
    ]
    if (left.length > 0) return yield* new NotDrained({ left })
  })

const stillQueued = ({ due, held, later, waiting }: Backlog): number => due + later + held + waiting

interface Described {
  readonly actorType: string
  readonly actorId: string
  readonly name: string
  readonly arguments: unknown
}

/**
 * An action as messages show it, with its arguments as its definition reads them, so that what a schema redacts stays out. What no
 * definition reads is left out: nobody knows what of it may be shown.
 */
const describe = (action: Described, definition: AnyAction | undefined): Effect.Effect<string> =>
  Effect.map(
    definition === undefined
      ? Effect.succeedNone
      : Effect.option(argumentsCodec(definition.arguments).decode(action.arguments)),
    (args) => `${action.name} ${action.actorType}/${action.actorId}(${Option.isSome(args) ? listed(args.value) : "…"})`
  )

/** `"a", 1` without its brackets. */
const listed = (args: unknown): string => Formatter.format(args).slice(1, -1)

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
 * Says which defects are handled while the effect performs actions; others are retried, up to the limit.
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

// -------------------------------------------------------------------------------------------------------------------
// expectations
// -------------------------------------------------------------------------------------------------------------------

/** What was enqueued, whatever has become of it. */
interface Seen extends Described {
  readonly id: string
  /** `queued`, or its status. */
  readonly state: string
}

/** What the services are asked here they take. */
const asked = <A>(effect: Effect.Effect<A, StorageError | InvalidQuery>): Effect.Effect<A, StorageError> =>
  Effect.catchTag(effect, "InvalidQuery", Effect.die)

const seen: Effect.Effect<ReadonlyArray<Seen>, StorageError, ActionRepo> = Effect.gen(function*() {
  const repo = yield* ActionRepo
  const actions = yield* asked(repo.list({ limit: 10_000 }))
  return actions.map((action) => ({ ...action, state: action.status }))
})

/** What was enqueued of an action, and, for a message, that and everything else. */
const matching = <A extends AnyAction>(actor: ActorRef, action: A, args: ReadonlyArray<unknown>) =>
  Effect.gen(function*() {
    const engine = yield* Engine
    const id = yield* encodeActorId(actor)
    const given = argumentsCodec(action.arguments.slice(0, args.length))
    const wanted: unknown = yield* Effect.mapError(
      Effect.map(given.encode(args), (encoded): unknown => JSON.parse(JSON.stringify(encoded))),
      ({ message }) => new InvalidArguments({ action: action.name, issue: message })
    )
    const all = yield* seen
    const isOfAction = ({ actorType, name }: Seen) => actorType === actor.type && name === action.name
    const found = all.filter((one) =>
      isOfAction(one) && one.actorId === id &&
      Equal.equals((one.arguments as Array<unknown>).slice(0, args.length), wanted)
    )
    const fail = (what: string) =>
      Effect.flatMap(
        Effect.forEach(all, (one) =>
          Effect.map(
            // of what is asked for the definition is here, wherever it is performed
            describe(one, isOfAction(one) ? action : engine.find(one.actorType, one.name)),
            (text) => `\n  ${text} ${one.state}`
          )),
        (lines) => {
          const asked = `${action.name} ${actor.type}/${id}${args.length === 0 ? "" : `(${listed(args)})`}`
          const listing = lines.length === 0 ? "nothing was enqueued" : `enqueued so far:${lines.join("")}`
          return Effect.fail(new EnqueuedExpectation({ message: `${asked} ${what}; ${listing}` }))
        }
      )
    return { found, fail }
  })

/**
 * Fails unless the action was enqueued on the actor, with these arguments if any are given; performed ones count too. Gives the
 * ids.
 *
 * @category expectations
 * @since 0.1.0
 */
export const assertEnqueued = <A extends AnyAction>(
  actor: ActorRef,
  action: A,
  ...args: Partial<ArgTypes<A["arguments"]>>
): Effect.Effect<ReadonlyArray<string>, ExpectationError, Engine | ActionRepo> =>
  Effect.flatMap(
    matching(actor, action, args),
    ({ fail, found }) => found.length > 0 ? Effect.succeed(found.map(({ id }) => id)) : fail("was not enqueued")
  )

/**
 * Fails if the action was enqueued on the actor, with these arguments if any are given.
 *
 * @category expectations
 * @since 0.1.0
 */
export const assertNotEnqueued = <A extends AnyAction>(
  actor: ActorRef,
  action: A,
  ...args: Partial<ArgTypes<A["arguments"]>>
): Effect.Effect<void, ExpectationError, Engine | ActionRepo> =>
  Effect.flatMap(
    matching(actor, action, args),
    ({ fail, found }) => found.length === 0 ? Effect.void : fail(`was enqueued ${found.length} times`)
  )
