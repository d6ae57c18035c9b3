/** What a body may ask for while it runs: children, waits, other arguments, a mark. */
import * as Effect from "effect/Effect"
import { encodeArguments, fingerprintOf } from "../../domain/Codec.ts"
import { readDuration } from "../../domain/duration.ts"
import { makeChild, Step } from "../../Step.ts"
import { BodyEnded, DefinitionError, EnqueueError, TooManyChildren, TreeTooDeep } from "../../SteppedError.ts"
import type { NewSlot } from "../../store/Conclusion.ts"
import type { Invocation } from "../../store/Invocation.ts"
import { encodeActorId, makeInvocation } from "../invoke/invocation.ts"
import { readOptions } from "../invoke/options.ts"
import type { RunnableStep } from "../Registry.ts"
import type { Replaced } from "./decide.ts"
import { actionOf, idsOf, knowArguments, type Performance } from "./Performance.ts"
import type { Surroundings } from "./Surroundings.ts"

/** What a body has enqueued and marked: stored only if it ends well. */
export class BodyEffects {
  readonly slots: Array<NewSlot> = []
  readonly children: Array<Invocation> = []
  marked = false
  replaced: Replaced | undefined
  /** The body has ended: what comes now nobody would store. */
  over = false

  /** The children; those that may be headed for the same lane join it in turn (rule 2.9). One whose key takes an effect may be for any. */
  inOrder(): ReadonlyArray<Invocation> {
    const { children } = this
    const lanes = new Map<string | null, number>()
    let shared = false
    for (const child of children) {
      for (const lane of lanesOf(child)) {
        const count = (lanes.get(lane) ?? 0) + 1
        shared ||= count > 1
        lanes.set(lane, count)
      }
    }
    if (!shared && !(lanes.has(null) && children.length > 1)) return children
    return children.map((one) =>
      lanes.has(null) || lanesOf(one).some((lane) => lanes.get(lane)! > 1) ? { ...one, ordered: true } : one
    )
  }
}

/** Where an invocation is headed for, as far as it is known. */
const lanesOf = ({ lane, lanes }: Invocation): ReadonlyArray<string | null> => lanes ?? [lane]

/** A body that has ended well. */
export interface BodyRun {
  /** With the results that it was given. */
  readonly performance: Performance
  readonly value: unknown
  readonly effects: BodyEffects
  /** It was not run at all. */
  readonly skipped?: true
}

export const stepService = (performance: Performance, step: RunnableStep, effects: BodyEffects, env: Surroundings) => {
  const { settings } = env
  const running = performance.runnable.definition
  const slot = (
    child: string | null,
    definition: string | null,
    actorId: string | null,
    due: number | null,
    success: string | null
  ) => {
    const n = effects.slots.length
    effects.slots.push({
      action: performance.id,
      step: performance.step,
      slot: n,
      child,
      definition,
      actorId,
      due,
      success
    })
    return n
  }
  /** Does what is asked, unless the body has ended: that is refused so that it is seen, whoever looks at the fiber that asks. */
  const ask = <A>(asked: () => string, effect: Effect.Effect<A>): Effect.Effect<A> =>
    Effect.suspend(() => effects.over ? refuse(asked()) : effect)
  const refuse = (asked: string): Effect.Effect<never> => {
    const error = new BodyEnded({ action: actionOf(performance), step: step.name, asked })
    return Effect.andThen(
      env.log.error(error.message, { ...idsOf(performance), step: step.name }),
      Effect.die(error)
    )
  }
  return Step.of({
    name: step.name,
    actionId: performance.id,
    enqueue: (actor, action, args, options) =>
      Effect.gen(function*() {
        if (effects.slots.length >= settings.children) {
          return yield* new TooManyChildren({ count: effects.slots.length + 1, limit: settings.children })
        }
        if (performance.depth + 1 >= settings.depth) {
          return yield* new TreeTooDeep({ depth: performance.depth + 2, limit: settings.depth })
        }
        const ref = actor ?? performance.ref
        const id = actor === undefined ? performance.actorId : yield* encodeActorId(actor)
        const at = yield* env.now
        const asked = yield* readOptions(action.name, options, at)
        const invocation = yield* makeInvocation({
          ref,
          actorId: id,
          // keys, timeout and queue are those of the actor's own definition, which may replace the one that the body names
          action: env.registry.find(ref.type, action.name)?.action ?? action,
          args,
          id: env.newActionId(at),
          parent: { id: performance.id, step: performance.step, depth: performance.depth },
          limit: settings.payload,
          asked
        })
        if (effects.over) {
          return yield* refuse(
            actor === undefined ? `Step.do of ${action.name}` : `Step.on of ${action.name} and ${actor}`
          )
        }
        effects.children.push(invocation)
        return makeChild(
          slot(invocation.action, invocation.definition, invocation.actorId, null, fingerprintOf(action.success))
        )
      }).pipe(
        // a mistake in the program, which the body's types cannot carry: it fails the step
        Effect.catch((reason) => Effect.die(new EnqueueError({ reason })))
      ),
    wait: (duration) =>
      Effect.flatMap(env.now, (now) =>
        ask(
          () => "Step.wait",
          Effect.sync(() => {
            const millis = readDuration("duration of Step.wait", duration, { least: 0 })
            if (effects.slots.length >= settings.children) {
              throw new TooManyChildren({ count: effects.slots.length + 1, limit: settings.children })
            }
            slot(null, null, null, Math.ceil(now + millis), null)
          })
        )),
    markFailed: Effect.suspend(() => {
      if (effects.over) return refuse("Step.markFailed")
      effects.marked = true
      return Effect.void
    }),
    setArguments: (action, args) =>
      action.name !== running.name
        ? Effect.die(
          new DefinitionError({
            message:
              `a step of ${running.name} calls Step.setArguments with ${action.name}: it replaces the arguments ` +
              "of the running action, and of no other"
          })
        )
        : Effect.flatMap(
          Effect.catch(
            Effect.suspend(() => encodeArguments(running.name, running.arguments, args, settings.payload)),
            (reason) => Effect.die(new EnqueueError({ reason }))
          ),
          (encoded) =>
            ask(
              () => "Step.setArguments",
              Effect.sync(() => {
                knowArguments(encoded, args)
                effects.replaced = { encoded }
              })
            )
        )
  })
}
