/** Running user code: in the services of its layer, as the current actor, with a scope, annotated logs and a span. */
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as References from "effect/References"
import * as Scope from "effect/Scope"
import * as Tracer from "effect/Tracer"
import type { Annotations } from "../../Action.ts"
import type { ActorRef, AnyActorClass } from "../../Actor.ts"
import { Starter, Step } from "../../Step.ts"
import { log } from "../log.ts"
import type { Runnable } from "../Runnable.ts"
import type { Tracing } from "../trace.ts"

const merged = new WeakMap<Context.Context<never>, readonly [Context.Context<never>, Context.Context<never>]>()

// The performer's services with those that a layer captured over them; the performer's clock stays. Kept, since neither changes from
// body to body, and merging takes longer than most other things that are done for one.
const services = (ambient: Context.Context<never>, captured: Context.Context<never>): Context.Context<never> => {
  const known = merged.get(captured)
  if (known !== undefined && known[0] === ambient) return known[1]
  const both = Context.add(Context.merge(ambient, captured), Clock.Clock, Context.get(ambient, Clock.Clock))
  // within a trace the performer's are others each time
  if (Option.isNone(Context.getOption(ambient, Tracer.ParentSpan))) merged.set(captured, [ambient, both])
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
  readonly step?: string | undefined
  /** A callback's identity. */
  readonly callback?: string | undefined
  readonly service?: Step["Service"] | undefined
  /** Of a callback, which has no step. */
  readonly starter?: Starter["Service"] | undefined
  /** Told when the code has ended, before its finalizers run. */
  readonly ended?: (() => void) | undefined
  /** The action's arguments, of which spans and log lines show what the action says. */
  readonly args?: ReadonlyArray<unknown>
  /** Which attempt of the step, or run of the job, it is. */
  readonly attempt?: number
  readonly tracing?: Tracing | undefined
}

/** What the action says that may be shown of its arguments. */
const shownOf = ({ definition }: Runnable, args: ReadonlyArray<unknown> | undefined): Annotations | undefined =>
  args === undefined ? undefined : definition.annotate?.(...args)

/** Runs user code: with the services of its layer, the current actor, a scope, annotated logs and, where there is a tracer, a span. */
export const runUserCode = <A>(effect: Effect.Effect<A, unknown>, code: UserCode): Effect.Effect<A, unknown> => {
  let shown: Annotations | undefined
  try {
    shown = shownOf(code.runnable, code.args)
  } catch (error) {
    const what = `annotate of ${code.runnable.definition.name} failed`
    return Effect.andThen(log.broken(what, Cause.die(error)), runAs(effect, code, undefined))
  }
  return runAs(effect, code, shown)
}

const runAs = <A>(
  effect: Effect.Effect<A, unknown>,
  code: UserCode,
  shown: Annotations | undefined
): Effect.Effect<A, unknown> =>
  Effect.withFiber((fiber) => {
    const { actionId, actorId, callback, captured, ended, ref, runnable, service, starter, step } = code
    let context: Context.Context<never> = services(fiber.context, captured)
    const annotations: Record<string, unknown> = {
      ...Context.get(context, References.CurrentLogAnnotations),
      ...shown,
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
    if (starter !== undefined) {
      // a body may perform another action at once, whose callbacks are in no step
      context = Context.add(Context.omit(Step)(context), Starter, starter) as Context.Context<never>
    }
    const scope = Scope.makeUnsafe()
    context = Context.add(context, Scope.Scope, scope)
    const body = Effect.onExit(effect, (exit) => {
      ended?.()
      return Scope.closeUnsafe(scope, exit) ?? Effect.void
    })
    // a span that nobody collects costs as much as the rest of it
    return fiber.cache.tracer === undefined
      ? Effect.updateContext(body, () => context)
      : inSpan(body, context, code, shown)
  })

/** Runs a body, whose services these are, in a span of its own. */
const inSpan = <A>(
  body: Effect.Effect<A, unknown>,
  context: Context.Context<never>,
  { actionId, actorId, attempt, callback, kind, runnable, step, tracing }: UserCode,
  shown: Annotations | undefined
): Effect.Effect<A, unknown> => {
  const part = step ?? callback
  return Effect.updateContext(body, (traced: Context.Context<Tracer.ParentSpan>) => {
    const span = Context.get(traced, Tracer.ParentSpan)
    // the step's body is still to come
    if (kind !== "when") tracing?.begun(span)
    return Context.add(context, Tracer.ParentSpan, span)
  }).pipe(
    Effect.withSpan(`stepped.${kind} ${runnable.definition.name}${part === undefined ? "" : `.${part}`}`, {
      attributes: {
        ...shown,
        "stepped.action": runnable.key,
        "stepped.actor_id": actorId,
        "stepped.action_id": actionId,
        ...attempt === undefined || attempt === 1 ? {} : { "stepped.attempt_number": attempt }
      },
      ...tracing === undefined || tracing.links.length === 0
        ? {}
        : { links: tracing.links.map((span) => ({ span, attributes: {} })) }
    }, { captureStackTrace: false })
  )
}
