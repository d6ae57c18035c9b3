/** What a body may ask for while it runs: children, waits, other arguments, a mark. */
import type * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import { checkPayload, encodeArguments, fingerprintOf } from "../../domain/Codec.ts"
import { readDuration, readHeartbeat } from "../../domain/duration.ts"
import type { FailureCause } from "../../domain/Failure.ts"
import type { StepKind } from "../../domain/Phase.ts"
import type { AnySignal } from "../../Signal.ts"
import { type Child, makeChild, type StepContext } from "../../Step.ts"
import { DefinitionError, type EnqueueError, TooManyChildren, TreeTooDeep } from "../../SteppedError.ts"
import type { RetriedBefore } from "../../store/Answer.ts"
import type { NewSlot } from "../../store/Conclusion.ts"
import type { Invocation } from "../../store/Invocation.ts"
import type { RunnableStep } from "../Runnable.ts"
import { carrierIn } from "../trace.ts"
import type { Replaced } from "./events.ts"
import { Once } from "./once.ts"
import { actionOf, knowArguments, type Performance } from "./Performance.ts"
import { requestIn, requestOfChild, requestOfSignal } from "./requests.ts"
import { receive, type Received } from "./signals.ts"
import { askedFor, invocationOf, mistaken, refuse, starter, type Starting } from "./starter.ts"
import type { Surroundings } from "./Surroundings.ts"

/** What a body has enqueued and marked: stored only if it ends well. */
export class BodyEffects implements Starting {
  readonly starts: Array<Invocation> = []
  readonly slots: Array<NewSlot> = []
  readonly children: Array<Invocation> = []
  /** How many tokens it has given away. */
  tokens = 0
  /** Signals that it was given by `Step.received`. */
  received: Received | undefined
  /** What it has done once, if anything. */
  once: Once | undefined
  marked = false
  /** The body of an execution is suspended, with what it awaits, or, with a cause, has failed so that somebody is to resume it. */
  suspends:
    | {
      readonly cause: Cause.Cause<unknown> | undefined
      readonly awaits: ReadonlyArray<string>
      /** Something may have come that has woken nobody. */
      readonly hasMissed: boolean
    }
    | undefined
  replaced: Replaced | undefined
  /** The step's condition has said that it runs. */
  isAsked = false
  over = false

  /** The action, with what the body has done once. */
  remembered(performance: Performance): Performance {
    return this.once === undefined ? performance : { ...performance, memos: performance.memos ?? [] }
  }

  /** What it waits for. Where all of that is there already, nothing else would go on with it: then also for a time that is over. */
  waitsFor(now: number): ReadonlyArray<NewSlot> {
    if (this.slots.some(({ reuses }) => reuses === undefined)) return this.slots
    const { action, attempt, slot, step } = this.slots.at(-1)!
    const nothing = { child: null, definition: null, actorId: null, success: null, error: null }
    return [...this.slots, { ...nothing, action, step, slot: slot + 1, attempt, due: now }]
  }

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

/** Bytes of what a step says of how far it is. */
const progressLimit = 1000

/** What a body asks by its step. */
type Verbs = Omit<StepContext, "name" | "actionId" | "idempotencyKey" | "attemptNumber" | "lastFailure">

/** What a body is given of its step: its verbs are put together where it first asks for one, which most that run never do. */
class BodyStep implements StepContext {
  readonly name: string
  readonly actionId: string
  readonly attemptNumber: number
  readonly lastFailure: FailureCause | undefined
  readonly #kind: StepKind
  readonly #retries: RetriedBefore | undefined
  readonly #make: () => Verbs
  #made: Verbs | undefined

  constructor({ attempt, failure, id, retries }: Performance, step: RunnableStep, make: () => Verbs) {
    this.name = step.name
    this.actionId = id
    this.attemptNumber = attempt
    this.lastFailure = failure
    this.#kind = step.kind
    this.#retries = retries
    this.#make = make
  }

  get idempotencyKey(): string {
    const key = `${this.#retries?.first ?? this.actionId}/${this.name}/${this.#retries?.compensated[this.name] ?? 0}`
    // no other key ends so
    return this.#kind === "compensation" ? `${key}/compensation` : key
  }

  get #verbs(): Verbs {
    return this.#made ??= this.#make()
  }
  get start() {
    return this.#verbs.start
  }
  get once() {
    return this.#verbs.once
  }
  get enqueue() {
    return this.#verbs.enqueue
  }
  get progress() {
    return this.#verbs.progress
  }
  get wait() {
    return this.#verbs.wait
  }
  get waitFor() {
    return this.#verbs.waitFor
  }
  get received() {
    return this.#verbs.received
  }
  get claims() {
    return this.#verbs.claims
  }
  get markFailed() {
    return this.#verbs.markFailed
  }
  get setArguments() {
    return this.#verbs.setArguments
  }
}

export const stepService = (
  performance: Performance,
  step: RunnableStep,
  effects: BodyEffects,
  env: Surroundings
): StepContext => new BodyStep(performance, step, () => verbsOf(performance, step, effects, env))

const verbsOf = (performance: Performance, step: RunnableStep, effects: BodyEffects, env: Surroundings): Verbs => {
  const { settings } = env
  const running = performance.runnable.definition
  const { earlier } = performance
  const slot = (
    child: string | null,
    definition: string | null,
    actorId: string | null,
    due: number | null,
    success: string | null,
    error: string | null,
    request?: string,
    reuses?: number,
    signal?: string,
    optional?: true,
    heartbeat?: number
  ) => {
    const n = effects.slots.length + (earlier?.next ?? 0)
    effects.slots.push({
      action: performance.id,
      step: performance.step,
      slot: n,
      child,
      definition,
      actorId,
      due,
      success,
      error,
      attempt: performance.attempt === 1 ? undefined : performance.attempt,
      request,
      reuses,
      signal,
      optional,
      heartbeat
    })
    return n
  }
  const reusable = step.policy?.fresh === true ? [] : [...earlier?.succeeded ?? []]
  /** The slot of an earlier attempt that has asked for the same, and has succeeded: each of them once. */
  const reuse = (request: string | undefined): number | undefined => {
    const found = request === undefined ? -1 : reusable.findIndex((slot) => requestIn(slot) === request)
    return found === -1 ? undefined : reusable.splice(found, 1)[0]![0]
  }
  // not by its action's outcome: a shielded body that runs again once the end is decided undoes nothing
  const undoes = step.kind === "compensation"
  /** What is asked for is noted where a further attempt may ask again, and looked for where an earlier one may have. */
  const isAskedAgain = step.policy?.retry !== undefined || step.policy?.onExhausted === "hold" ||
    undoes || performance.attempt > 1 || reusable.length > 0
  /** Whether the step may wait for a signal, or be given it; its types say so, too. */
  const checkSignal = (asked: string, signal: AnySignal): Effect.Effect<void> => {
    const at = `a step of ${running.name} calls ${asked} of ${signal.name}`
    const wrong = undoes
      ? `${at} to undo something: an action that unwinds takes no signals any more`
      : running.signals.some(({ name }) => name === signal.name)
      ? undefined
      : `${at}, which ${running.name} does not list: add it to { signals }`
    return wrong === undefined ? Effect.void : Effect.die(new DefinitionError({ message: wrong }))
  }
  /** Whether the step may give away the action's end; its types say so, too. */
  const checkCompleting: Effect.Effect<void> = Effect.suspend(() => {
    const at = `a step of ${running.name} calls Step.token of "complete"`
    return undoes
      ? Effect.die(new DefinitionError({ message: `${at} to undo something: how the action ends is decided` }))
      : running.outbound
      ? Effect.void
      : Effect.die(new DefinitionError({ message: `${at}, which is not outbound: nobody outside completes it` }))
  })
  const refused = (asked: string) => refuse(performance, step.name, asked, env)
  /** Does what is asked, unless the body has ended. */
  const ask = <A>(asked: () => string, effect: Effect.Effect<A>): Effect.Effect<A> =>
    Effect.suspend(() => effects.over ? refused(asked()) : effect)
  return {
    ...starter(performance, step.name, performance.step, effects, env),
    // put together where a body asks for it
    once: (name, effect, schema) => {
      effects.once ??= new Once(performance, step, env)
      return effects.over ? refused(`Step.once of ${name}`) : effects.once.ask(name, effect, schema)
    },
    enqueue: (actor, action, args, options, isAttempt = false) =>
      mistaken(Effect.withFiber((fiber): Effect.Effect<Child<any>, EnqueueError["reason"]> => {
        if (effects.slots.length >= settings.children) {
          return Effect.fail(new TooManyChildren({ count: effects.slots.length + 1, limit: settings.children }))
        }
        if (performance.depth + 1 >= settings.depth) {
          return Effect.fail(new TreeTooDeep({ depth: performance.depth + 2, limit: settings.depth }))
        }
        const wanted = { actor, action, args, options }
        const parent = { id: performance.id, step: performance.step, depth: performance.depth }
        const add = (invocation: Invocation, request: string | undefined) => {
          if (effects.over) return refused(askedFor(wanted, isAttempt ? ["attempt", "attemptOn"] : ["do", "on"]))
          const reuses = reuse(request)
          const trace = carrierIn(fiber)
          if (reuses === undefined) effects.children.push(trace === undefined ? invocation : { ...invocation, trace })
          return Effect.succeed(makeChild(
            slot(
              reuses === undefined ? invocation.action : null,
              invocation.definition,
              invocation.actorId,
              null,
              fingerprintOf(action.success),
              // void has none, and is an error all the same
              isAttempt ? fingerprintOf(action.error) ?? "" : null,
              // what is used again is no success of its own
              reuses === undefined ? request : undefined,
              reuses
            )
          ))
        }
        return Effect.flatMap(invocationOf(performance, wanted, parent, env), (invocation) =>
          isAskedAgain
            ? Effect.flatMap(
              requestOfChild(reusable, invocation, action.definition.arguments, args),
              (request) => add(invocation, request)
            )
            : add(invocation, undefined))
      })),
    progress: (value) =>
      ask(
        () => "Step.progress",
        Effect.map(
          Effect.orDie(checkPayload(`progress of ${actionOf(performance)} › ${step.name}`, value, progressLimit)),
          () => env.note({ action: performance.id, step: performance.step, attempt: performance.attempt, value })
        )
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
            slot(null, null, null, Math.ceil(now + millis), null, null)
          })
        )),
    waitFor: (signal, options) =>
      Effect.flatMap(Effect.andThen(checkSignal("Step.waitFor", signal), env.now), (now) =>
        ask(
          () => `Step.waitFor of ${signal.name}`,
          Effect.sync(() => {
            const { heartbeatTimeout, optional, timeout } = options ?? {}
            // a wait that may pass has a time
            const takes = { least: 1, ...optional === true ? {} : { infinity: "for none" } }
            const millis = readDuration(`timeout of Step.waitFor of ${signal.name}`, timeout ?? Infinity, takes)
            const heartbeat = readHeartbeat(`Step.waitFor of ${signal.name}`, heartbeatTimeout)
            if (effects.slots.length >= settings.children) {
              throw new TooManyChildren({ count: effects.slots.length + 1, limit: settings.children })
            }
            const request = isAskedAgain ? requestOfSignal(signal.name) : undefined
            const reuses = reuse(request)
            return makeChild(
              slot(
                null,
                null,
                null,
                millis === Infinity || reuses !== undefined ? null : Math.ceil(now + millis),
                null,
                null,
                reuses === undefined ? request : undefined,
                reuses,
                signal.name,
                optional === true ? true : undefined,
                reuses === undefined ? heartbeat : undefined
              )
            )
          })
        )),
    received: (signal) =>
      Effect.andThen(
        checkSignal("Step.received", signal),
        Effect.suspend(() =>
          effects.over
            ? refused(`Step.received of ${signal.name}`)
            : receive(performance, signal, () => effects.received ??= { ids: new Set(), sizes: new Map() }, env)
        )
      ),
    claims: (of, options) =>
      Effect.flatMap(
        Effect.andThen(of === "complete" ? checkCompleting : checkSignal("Step.token", of), env.now),
        (now) =>
          ask(
            () => `Step.token of ${of === "complete" ? of : of.name}`,
            Effect.sync(() => {
              const { expiresIn } = options ?? {}
              return {
                definition: performance.runnable.key,
                action: performance.id,
                step: performance.step,
                attempt: performance.attempt,
                signal: of === "complete" ? undefined : of.name,
                number: effects.tokens++,
                expiresAt: expiresIn === undefined
                  ? undefined
                  : Math.ceil(now + readDuration("expiresIn of Step.token", expiresIn, { least: 1 }))
              }
            })
          )
      ),
    markFailed: Effect.suspend(() => {
      if (effects.over) return refused("Step.markFailed")
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
          mistaken(Effect.suspend(() => encodeArguments(running.name, running.arguments, args, settings.payload))),
          (encoded) =>
            ask(
              () => "Step.setArguments",
              Effect.sync(() => {
                knowArguments(encoded, args)
                effects.replaced = { encoded }
              })
            )
        )
  }
}
