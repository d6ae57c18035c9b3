/** What was enqueued, expected in tests. */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type { AnyAction, ArgTypes } from "../Action.ts"
import { ActionRepo } from "../ActionRepo.ts"
import type { ActorRef } from "../Actor.ts"
import { argumentsCodec } from "../domain/Codec.ts"
import { Engine } from "../Engine.ts"
import { encodeActorId } from "../engine/invoke/invocation.ts"
import { type InvalidActorId, InvalidArguments, type StorageError } from "../SteppedError.ts"
import { describe, type Described, listed } from "./describe.ts"
import { isSameJson } from "./sameJson.ts"

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

/** What was enqueued, whatever has become of it, with the arguments that it was asked for with. */
interface Seen extends Described {
  readonly id: string
  /** `queued`, or its status. */
  readonly state: string
}

const seen: Effect.Effect<ReadonlyArray<Seen>, StorageError, ActionRepo | Engine> = Effect.gen(function*() {
  const repo = yield* ActionRepo
  const engine = yield* Engine
  const actions = yield* Effect.catchTag(repo.list({ limit: 10_000 }), "InvalidQuery", Effect.die)
  const replaced = yield* engine.replacedArguments(actions.map(({ id }) => id))
  return actions.map((action) => ({
    ...action,
    arguments: replaced.has(action.id) ? replaced.get(action.id) : action.arguments,
    state: action.status
  }))
})

/** What was enqueued of an action, and, for a message, that and everything else. */
const matching = <A extends AnyAction>(actor: ActorRef, action: A, args: ReadonlyArray<unknown>) =>
  Effect.gen(function*() {
    const engine = yield* Engine
    const id = yield* encodeActorId(actor)
    const given = argumentsCodec(action.arguments.slice(0, args.length))
    const encoded = yield* Effect.mapError(
      given.encode(args),
      ({ message }) => new InvalidArguments({ action: action.name, issue: message })
    )
    const all = yield* seen
    const isOfAction = ({ actorType, name }: Seen) => actorType === actor.type && name === action.name
    const found = yield* Effect.filter(
      all,
      (one) =>
        isOfAction(one) && one.actorId === id && Array.isArray(one.arguments)
          ? isSameJson(given, args, encoded, one.arguments.slice(0, args.length))
          : Effect.succeed(false)
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
 * ids. Arguments are those that it was asked for with, whatever its `before` or a step has made of them.
 *
 * **Gotchas**
 *
 * What its worker has found achieved, joined to another one, deadlocked, or completed by its `before` is no action, and is found only before it is performed.
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
 * **Gotchas**
 *
 * As of {@link assertEnqueued}: it passes for what has become no action once it was performed, such as what was achieved.
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
