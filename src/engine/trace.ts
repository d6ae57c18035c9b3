/**
 * One trace for each root (rule 17.3). What is enqueued where a span is active carries that span's context, as W3C's `traceparent` and, behind a
 * space, `tracestate`: whoever performs it, in whatever process and however much later, goes on with that trace. Without a span there is nothing.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Tracer from "effect/Tracer"
import type { Invocation } from "../store/Invocation.ts"
import { TraceState } from "../TraceState.ts"

type AnyFiber = Fiber.Fiber<unknown, unknown>

/** The span that what a fiber asks for belongs to, as others see it. */
const activeSpan = ({ cache }: AnyFiber): Tracer.AnySpan | undefined => {
  let span = cache.span
  while (
    span !== undefined &&
    (!cache.tracerEnabled || Context.get(span.annotations, Tracer.DisablePropagation) ||
      // without a tracer nobody collects spans: only what has come from outside is one
      (cache.tracer === undefined && span._tag === "Span"))
  ) {
    span = span._tag === "Span" ? Option.getOrUndefined(span.parent) : undefined
  }
  return span
}

const parentPattern = /^00-([0-9a-f]{32})-([0-9a-f]{16})-0([01])$/
const statePattern = /^[\x20-\x7e]{1,512}$/

/** A span's context as text; none of a span that others cannot name. */
const textOf = (span: Tracer.AnySpan, state: string | undefined): string | undefined => {
  const parent = `00-${span.traceId.padStart(32, "0")}-${span.spanId}-0${span.sampled ? 1 : 0}`
  if (!parentPattern.test(parent)) return undefined
  return state !== undefined && statePattern.test(state) ? `${parent} ${state}` : parent
}

/** What is stored may have been changed by anybody: what cannot be read is no span. */
const spanOf = (text: string | undefined): Tracer.ExternalSpan | undefined => {
  const [, traceId, spanId, sampled] = text === undefined ? [] : parentPattern.exec(text.split(" ", 1)[0]!) ?? []
  return traceId === undefined || spanId === undefined
    ? undefined
    : Tracer.externalSpan({ traceId, spanId, sampled: sampled === "1" })
}

/** The context of the span that is active in a fiber, if one is. */
export const carrierIn = (fiber: AnyFiber): string | undefined => {
  const span = activeSpan(fiber)
  return span === undefined ? undefined : textOf(span, fiber.getRef(TraceState))
}

type Attributes = Readonly<Record<string, unknown>>

/** What spans say of an invocation. */
export const ofInvocation = ({ action, actorId, definition }: Invocation): Attributes => ({
  "stepped.action": definition,
  "stepped.actor_id": actorId,
  "stepped.action_id": action
})

/** Enqueues within a span of its own, whose context what is enqueued carries. */
export const enqueueing = <A, E>(
  action: string,
  attributes: Attributes,
  enqueue: (carrier: string | undefined) => Effect.Effect<A, E>
): Effect.Effect<A, E> =>
  Effect.withFiber((fiber) => {
    const parent = activeSpan(fiber)
    if (parent === undefined) return enqueue(undefined)
    const state = fiber.getRef(TraceState)
    return fiber.cache.tracer === undefined
      ? enqueue(textOf(parent, state))
      : Effect.useSpan(
        `stepped.enqueue ${action}`,
        { kind: "producer", parent, attributes },
        (span) => enqueue(textOf(span, state))
      )
  })

/** The context of a trace that begins with what user code starts: with a span of its own, which is linked to the one that is active. */
export const startedTrace = (
  action: string,
  attributes: Attributes
): Effect.Effect<string | undefined> =>
  Effect.withFiber((fiber) => {
    const span = activeSpan(fiber)
    return span === undefined || fiber.cache.tracer === undefined ? Effect.undefined : Effect.useSpan(
      `stepped.start ${action}`,
      { kind: "producer", root: true, links: [{ span, attributes: {} }], attributes },
      (own) => Effect.succeed(textOf(own, undefined))
    )
  })

/** How the bodies of an action in hand are traced. */
export class Tracing {
  /** What they are parts of: what the action carries, or else the first of them. */
  parent: Tracer.AnySpan | undefined
  readonly state: string | undefined
  /**
   * The body that ran before the action was in nobody's hands, and the spans in which that was sent, or completed from outside, which it has waited
   * for: what begins next is linked to them, as it may be days later.
   */
  links: ReadonlyArray<Tracer.AnySpan>
  /** The last one that has run here, as text. */
  last: string | undefined

  constructor(carrier?: string, after?: string, senders: ReadonlyArray<string> = []) {
    this.parent = spanOf(carrier)
    this.state = carrier?.split(" ").slice(1).join(" ") || undefined
    this.links = [after, ...senders].flatMap((text) => spanOf(text) ?? [])
      .filter(({ spanId }) => spanId !== this.parent?.spanId)
  }

  /** A body has begun. */
  begun(span: Tracer.AnySpan): void {
    const text = textOf(span, this.state)
    if (text === undefined) return
    this.parent ??= span
    this.links = []
    this.last = text
  }
}

/** Runs what is done for an action within its trace, and in no other: whatever runs around it is somebody else's. */
export const inTrace = <A, E>(tracing: Tracing | undefined, effect: Effect.Effect<A, E>): Effect.Effect<A, E> =>
  Effect.withFiber((fiber) => {
    const parent = tracing?.parent
    const state = tracing?.state
    if (parent === fiber.cache.span && state === undefined) return effect
    return Effect.updateContext(effect, (context: Context.Context<never>) => {
      const own: Context.Context<never> = parent === undefined
        ? Context.omit(Tracer.ParentSpan)(context)
        : Context.add(context, Tracer.ParentSpan, parent)
      return Context.add(own, TraceState, state)
    })
  })
