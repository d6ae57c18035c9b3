/** What bodies and callbacks ask of others: invocations, made as their types say, and those of them that nobody waits for. */
import * as Effect from "effect/Effect"
import type { AnyAction } from "../../Action.ts"
import type { ActorRef } from "../../Actor.ts"
import type { EnqueueOptions } from "../../EnqueueOptions.ts"
import { Starter } from "../../Step.ts"
import { BodyEnded, EnqueueError, TooManyChildren } from "../../SteppedError.ts"
import type { Invocation } from "../../store/Invocation.ts"
import { encodeActorId, makeInvocation, type ParentStep } from "../invoke/invocation.ts"
import { readOptions, unnamed } from "../invoke/options.ts"
import { ofInvocation, startedTrace } from "../trace.ts"
import { actionOf, idsOf, type Performance } from "./Performance.ts"
import type { Surroundings } from "./Surroundings.ts"

/** What user code has started: stored only if it ends well. */
export interface Starting {
  readonly starts: Array<Invocation>
  /** The code has ended: what comes now nobody would store. */
  over: boolean
}

/** What is asked for: on the action's own actor, if none is named. */
export interface Wanted {
  readonly actor: ActorRef | undefined
  readonly action: AnyAction
  readonly args: ReadonlyArray<unknown>
  readonly options: EnqueueOptions | undefined
}

/** A mistake in the program, which the types of its code cannot carry: it fails the step, or the callback. */
export const mistaken = <A>(asked: Effect.Effect<A, EnqueueError["reason"]>): Effect.Effect<A> =>
  Effect.catch(asked, (reason) => Effect.die(new EnqueueError({ reason })))

/** The row of the queue for what is asked for. Without a generator, as most that is made of fifty children is made here. */
export const invocationOf = (
  performance: Performance,
  { action, actor, args, options }: Wanted,
  parent: ParentStep | undefined,
  env: Surroundings
) => {
  const ref = actor ?? performance.ref
  const encoded = actor === undefined ? Effect.succeed(performance.actorId) : encodeActorId(actor)
  return Effect.flatMap(env.now, (at) => {
    const read = Effect.flatMapEager(readOptions(action.name, options, at), (asked) => unnamed(action.name, asked))
    return Effect.flatMapEager(encoded, (actorId) =>
      Effect.flatMapEager(read, (asked) =>
        makeInvocation({
          ref,
          actorId,
          // keys, timeout and queue are those of the actor's own definition, which may replace the one that the body names
          action: env.registry.find(ref.type, action.name)?.action ?? action,
          args,
          id: env.newActionId(at),
          parent,
          limit: env.settings.payload,
          asked
        })))
  })
}

/** What was asked, in the words of whoever did: `Step.on of honk and Car/2`. */
export const askedFor = ({ action, actor }: Wanted, verbs: readonly [own: string, others: string]): string =>
  actor === undefined ? `Step.${verbs[0]} of ${action.name}` : `Step.${verbs[1]} of ${action.name} and ${actor}`

/** Refuses what is asked after the code's end, so that it is seen, whoever looks at the fiber that asks. */
export const refuse = (
  performance: Performance,
  place: string,
  asked: string,
  env: Surroundings
): Effect.Effect<never> => {
  const error = new BodyEnded({ action: actionOf(performance), step: place, asked })
  return Effect.andThen(env.log.error(error.message, { ...idsOf(performance), step: place }), Effect.die(error))
}

/** Starts trees of their own from a step, by its number, or from a callback, which has none. */
export const starter = (
  performance: Performance,
  place: string,
  step: number | undefined,
  effects: Starting,
  env: Surroundings
) =>
  Starter.of({
    start: (actor, action, args, options) =>
      mistaken(Effect.gen(function*() {
        const count = effects.starts.length + 1
        if (count > env.settings.children) {
          return yield* new TooManyChildren({ count, limit: env.settings.children })
        }
        const wanted = { actor, action, args, options }
        const invocation = yield* invocationOf(performance, wanted, undefined, env)
        if (effects.over) return yield* refuse(performance, place, askedFor(wanted, ["start", "startOn"]), env)
        const trace = yield* startedTrace(action.name, ofInvocation(invocation))
        effects.starts.push({
          ...invocation,
          ...trace === undefined ? {} : { trace },
          startedBy: performance.id,
          ...step === undefined ? {} : { startedByStep: step }
        })
        return invocation.action
      }))
  })
