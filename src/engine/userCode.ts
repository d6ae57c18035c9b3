/** Running user code: in the services of its layer, as the current actor, with a scope, annotated logs and a span. */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as References from "effect/References"
import * as Scope from "effect/Scope"
import * as Tracer from "effect/Tracer"
import type { ActorRef, AnyActorClass } from "../Actor.ts"
import { Step } from "../Step.ts"
import type { Runnable } from "./Registry.ts"

const merged = new WeakMap<Context.Context<never>, readonly [Context.Context<never>, Context.Context<never>]>()

// The performer's services with those that a layer captured over them; the performer's clock stays. Kept, since neither changes from
// body to body, and merging takes longer than most other things that are done for one.
const services = (ambient: Context.Context<never>, captured: Context.Context<never>): Context.Context<never> => {
  const known = merged.get(captured)
  if (known !== undefined && known[0] === ambient) return known[1]
  const both = Context.add(Context.merge(ambient, captured), Clock.Clock, Context.get(ambient, Clock.Clock))
  merged.set(captured, [ambient, both])
  return both
}

/** Which user code runs, for which action. */
export interface UserCode {
  readonly captured: Context.Context<never>
  readonly runnable: Runnable
  readonly ref: ActorRef
  readonly actorId: string
  readonly actionId: string
  /** `step`, `callback`, `job` or `before`, and its name. */
  readonly kind: string
  readonly step?: string
  /** A callback's identity. */
  readonly callback?: string
  readonly service?: Step["Service"]
  /** Told when the code has ended, before its finalizers run. */
  readonly ended?: () => void
}

/** Runs user code: with the services of its layer, the current actor, a scope, annotated logs and, where there is a tracer, a span. */
export const asUser = <A>(effect: Effect.Effect<A, unknown>, code: UserCode): Effect.Effect<A, unknown> =>
  Effect.withFiber((fiber) => {
    const { actionId, actorId, callback, captured, ended, kind, ref, runnable, service, step } = code
    let context: Context.Context<never> = services(fiber.context, captured)
    const annotations: Record<string, unknown> = {
      ...Context.get(context, References.CurrentLogAnnotations),
      action: runnable.key,
      actorId,
      actionId
    }
    if (step !== undefined) annotations.step = step
    if (callback !== undefined) annotations.callback = callback
    context = Context.add(context, References.CurrentLogAnnotations, annotations)
    for (let actor: AnyActorClass | undefined = runnable.actor; actor !== undefined; actor = actor.parent) {
      context = Context.add(context, actor, ref) as Context.Context<never>
    }
    if (service !== undefined) context = Context.add(context, Step, service) as Context.Context<never>
    const scope = Scope.makeUnsafe()
    context = Context.add(context, Scope.Scope, scope)
    const body = Effect.onExit(effect, (exit) => {
      ended?.()
      return Scope.closeUnsafe(scope, exit) ?? Effect.void
    })
    // a span that nobody collects costs as much as the rest of it
    if (fiber.cache.tracer === undefined) return Effect.updateContext(body, () => context)
    const part = step ?? callback
    const name = `stepped.${kind} ${runnable.definition.name}${part === undefined ? "" : `.${part}`}`
    return Effect.updateContext(
      body,
      (traced: Context.Context<Tracer.ParentSpan>) =>
        Context.add(context, Tracer.ParentSpan, Context.get(traced, Tracer.ParentSpan))
    ).pipe(
      Effect.withSpan(name, {
        attributes: { "stepped.action": runnable.key, "stepped.actor_id": actorId, "stepped.action_id": actionId }
      }, { captureStackTrace: false })
    )
  })
