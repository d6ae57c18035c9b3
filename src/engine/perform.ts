/**
 * Performing: what this worker does next for one action that it holds, from user code run to the member of the next batch.
 *
 * `perform` runs user code outside every transaction (transactional steps excepted) and touches no table: its answer is a
 * {@link Conclusion}, which `finish` commits for many actions at once. A crash before that commit runs the same code again.
 */
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Data from "effect/Data"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as ErrorReporter from "effect/ErrorReporter"
import * as Exit from "effect/Exit"
import * as Predicate from "effect/Predicate"
import type * as Pull from "effect/Pull"
import * as References from "effect/References"
import * as Schedule from "effect/Schedule"
import * as Tracer from "effect/Tracer"
import { JobRetry, makeJob, type StepKind } from "../Action.ts"
import { type ActorRef, type AnyActorClass, decodeActorId, type PlainSchema } from "../Actor.ts"
import type { CompletionOutcome } from "../Outcome.ts"
import {
  type Invocation,
  type Member,
  type NewSlot,
  Phase,
  Status,
  stepKindCode,
  stepKinds,
  type StoredResult,
  type StoredSlot,
  type Task,
  travelling,
  type Whole
} from "../sql/Transitions.ts"
import { weigh } from "../sql/weight.ts"
import { makeChild, Step } from "../Step.ts"
import {
  ActionFailed,
  BodyEnded,
  type CompletionError,
  EnqueueError,
  InvalidDuration,
  ResultsTooLarge,
  StorageError,
  TooManyChildren,
  TreeTooDeep,
  UnsuitableIsolation
} from "../SteppedError.ts"
import {
  actionText,
  errorText,
  fromCause,
  fromSlot,
  line,
  placeOf,
  type SettledSlot,
  type StoredCause
} from "./causes.ts"
import {
  argumentsCodec,
  checkPayload,
  codecOf,
  encodeArguments,
  fingerprintOf,
  fromTemplate,
  holdsChild,
  holdsSlot,
  NotJson,
  toTemplate
} from "./codec.ts"
import {
  type Definitions,
  isGenerated,
  isSameStep,
  type Runnable,
  type RunnableCallback,
  type RunnableStep,
  type StepIdentity
} from "./Definitions.ts"
import { longest, readDuration } from "./duration.ts"
import { encodeActorId, makeInvocation, newActionId } from "./invoke.ts"
import { logError } from "./log.ts"
import type { Settings } from "./Settings.ts"

/**
 * An action in this worker's hands, as it is stored: what a commit is to change becomes a new value, which is in hand after that commit.
 * The fields that may be written to are filled in with what was loaded and decoded.
 */
export interface Held {
  readonly id: string
  readonly runnable: Runnable
  readonly actorId: string
  readonly ref: ActorRef
  readonly depth: number
  readonly attempts: number
  readonly phase: number
  /** Index of the step's row. */
  readonly step: number
  stepName: string | undefined
  stepKind: StepKind | undefined
  stepStartedAt: number
  /** The steps that have run, in order. */
  ran: ReadonlyArray<StepIdentity>
  /** Names of the prepended steps that the action started with, in their order. */
  prepended: ReadonlyArray<string>
  encoded: unknown
  args: ReadonlyArray<unknown> | undefined
  results: Readonly<Record<string, unknown>>
  outcome: Decided | undefined
  /** Callbacks that have ended while others are to be tried again, and whether they succeeded. */
  callbacks: ReadonlyMap<string, boolean>
  /** What a continued step waited for. */
  detail: Detail | undefined
  /** Whether arguments and detail did not travel with the answer that handed it over: they are loaded first, in pieces. */
  apart: boolean
  /** When its time is over, in ms of user time, if it has a limit; not known while it is apart. */
  timeoutAt: number | undefined
  /** Bytes of the results in memory, at most. */
  received: number
}

interface Decided {
  readonly status: number
  readonly result: unknown
  readonly cause: StoredCause | null
}

type StoredStep = readonly [
  index: number,
  name: string,
  status: number,
  marked: boolean,
  result: unknown,
  kind: number
]

const identityOf = ([, name, , , , kind]: StoredStep): StepIdentity => ({ kind: stepKinds[kind]!, name })

interface Detail {
  readonly name: string | null
  readonly kind: number | null
  readonly prepended: string | null
  readonly outcome: number | null
  readonly result: unknown
  readonly cause: StoredCause | null
  readonly callbacks: ReadonlyArray<readonly [identity: string, succeeded: boolean]> | null
  readonly startedAt: number | null
  readonly timeoutAt: number | null
  readonly steps: ReadonlyArray<StoredStep> | null
  readonly slots: ReadonlyArray<SettledSlot> | null
}

/** What to commit for one action, and what this worker does next with it. */
export interface Conclusion {
  readonly member: Member
  readonly slots: ReadonlyArray<NewSlot>
  readonly children: ReadonlyArray<Invocation>
  /** The action stays in this worker's hands. */
  readonly next: Held | undefined
  /** How the action ends with it, for those of this process who wait for it. */
  readonly ended?: Ended
  /** When the action's time is over, in ms of user time, and what is to be committed from then on. */
  readonly limit?: { readonly at: number; readonly instead: Conclusion }
}

/** An action's end, as it is stored. */
export interface Ended {
  readonly id: string
  readonly definition: string
  readonly actorId: string
  readonly decided: Decided
}

/** What `perform` needs of the engine. */
export interface Surroundings {
  readonly settings: Settings["Service"]
  readonly definitions: Definitions
  readonly now: Effect.Effect<number>
  /** Completes an action for its job; `completed` is called once that is certain, in a transaction after its commit. */
  readonly complete: (
    held: Held,
    outcome: CompletionOutcome<unknown, unknown>,
    completed: () => void
  ) => Effect.Effect<boolean, CompletionError>
  /** What did not travel with the answers of transitions. */
  readonly stored: {
    readonly whatOf: (action: string) => Effect.Effect<Whole | undefined, StorageError>
    readonly resultsAfter: (action: string, from: number) => Effect.Effect<ReadonlyArray<StoredResult>, StorageError>
    readonly slotsAfter: (
      action: string,
      step: number,
      slot: number
    ) => Effect.Effect<ReadonlyArray<StoredSlot>, StorageError>
  }
  /**
   * Runs a transactional step's body and commits its conclusion with it. Gives nothing where the body has ended its action itself: then
   * there is no more to conclude.
   */
  readonly transaction: <E>(
    body: Effect.Effect<Conclusion, E>
  ) => Effect.Effect<Conclusion | undefined, E | StorageError | UnsuitableIsolation>
}

/** Takes a task of a claim or a batch in hand. */
export const takeUp = (task: Task, runnable: Runnable, ref: ActorRef, now: number): Held => {
  const held: Held = {
    id: task.action,
    runnable,
    actorId: task.actorId,
    ref,
    depth: task.depth,
    attempts: task.attempts,
    phase: task.phase,
    step: task.step,
    stepName: runnable.steps[0]?.name,
    stepKind: runnable.steps[0]?.kind,
    stepStartedAt: now,
    ran: [],
    prepended: runnable.prepended,
    encoded: task.arguments,
    args: undefined,
    results: {},
    outcome: undefined,
    callbacks: new Map(),
    detail: undefined,
    // what starts has none but its time
    apart: task.kind === 1 && task.detail === null,
    timeoutAt: task.kind === 0 && task.detail !== null ? task.detail as number : undefined,
    received: 0
  }
  if (held.apart) {
    held.stepName = undefined
    held.stepKind = undefined
  } else if (task.kind === 1) takeDetail(held, task.detail as Detail, now)
  return held
}

const takeDetail = (held: Held, detail: Detail, now: number): void => {
  held.stepName = detail.name ?? undefined
  held.stepKind = stepKinds[detail.kind ?? -1]
  held.stepStartedAt = detail.startedAt ?? now
  held.timeoutAt = detail.timeoutAt ?? undefined
  held.ran = (detail.steps ?? []).filter(([index]) => index < held.step).map((row) => identityOf(row))
  held.prepended = detail.prepended?.split("/") ?? []
  held.outcome = detail.outcome === null
    ? undefined
    : { status: detail.outcome, result: detail.result, cause: detail.cause }
  held.callbacks = new Map(detail.callbacks)
  held.detail = detail
  held.received = travelling
}

/** The reference to a task's actor; throws when the stored id is no id of it. */
export const refOf = (actor: AnyActorClass, actorId: string): ActorRef => actor.ref(decodeActorId(actor, actorId))

/**
 * The first of the prepended steps that the action started with and that has not run; after those, the first step of the definition not
 * yet run after the last one that ran and still exists.
 */
export const nextStep = (
  steps: ReadonlyArray<RunnableStep>,
  ran: ReadonlyArray<StepIdentity>,
  prepended: ReadonlyArray<string>
): RunnableStep | undefined => {
  // in the order of this process or in another one: each comes once, and none after a step of the definition
  for (const name of prepended.length > 0 && ran.every(isPrepended) ? prepended : none) {
    const step = steps.find((candidate) => isPrepended(candidate) && candidate.name === name)
    if (step !== undefined && !hasRun(ran, step)) return step
  }
  let last = steps.length - 1
  while (last >= 0 && (isPrepended(steps[last]!) || !hasRun(ran, steps[last]!))) last--
  // what comes after the last one that ran has not
  return steps.find((step, i) => i > last && !isPrepended(step))
}

const isPrepended = ({ kind }: StepIdentity): boolean => kind === "prepended"

const hasRun = (ran: ReadonlyArray<StepIdentity>, step: StepIdentity): boolean => {
  for (let i = ran.length - 1; i >= 0; i--) if (isSameStep(ran[i]!, step)) return true
  return false
}

/** What comes when this one has ended, too. */
const nextAfter = (held: Held, step: StepIdentity): RunnableStep | undefined =>
  nextStep(held.runnable.steps, [...held.ran, step], held.prepended)

/** The step of the definition that is known by this. */
const findStep = (held: Held, step: StepIdentity): RunnableStep | undefined =>
  held.runnable.steps.find((candidate) => isSameStep(candidate, step))

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
}

/** Runs user code: with the services of its layer, the current actor, a scope, annotated logs and, where there is a tracer, a span. */
export const asUser = <A>(effect: Effect.Effect<A, unknown>, code: UserCode): Effect.Effect<A, unknown> =>
  Effect.withFiber((fiber) => {
    const { actionId, actorId, callback, captured, kind, ref, runnable, service, step } = code
    let context: Context.Context<never> = services(fiber.context, captured)
    const annotations = {
      action: runnable.key,
      actorId,
      actionId,
      ...step === undefined ? {} : { step },
      ...callback === undefined ? {} : { callback }
    }
    context = Context.add(context, References.CurrentLogAnnotations, {
      ...Context.get(context, References.CurrentLogAnnotations),
      ...annotations
    })
    for (let actor: AnyActorClass | undefined = runnable.actor; actor !== undefined; actor = actor.parent) {
      context = Context.add(context, actor, ref) as Context.Context<never>
    }
    if (service !== undefined) context = Context.add(context, Step, service) as Context.Context<never>
    const body = Effect.scoped(effect)
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

/** Runs user code of an action that is in hand. */
const asUserOf = <A>(
  held: Held,
  kind: string,
  effect: Effect.Effect<A, unknown>,
  code: Pick<UserCode, "captured" | "step" | "callback" | "service">
) => asUser(effect, { ...code, kind, runnable: held.runnable, ref: held.ref, actorId: held.actorId, actionId: held.id })

const actionOf = (held: Held): string => actionText(held.runnable.key, held.actorId)

const none: ReadonlyArray<never> = []

const conclusion = (
  member: Member,
  next?: Held,
  slots?: ReadonlyArray<NewSlot>,
  children?: ReadonlyArray<Invocation>
): Conclusion => ({
  member,
  next,
  slots: slots ?? none,
  children: children ?? none
})

const callbacksFor = (held: Held, status: number) =>
  held.runnable.callbacks.filter((callback) => callback.statuses.some((name) => Status[name] === status))

/** The action ends: through its callbacks where it has some, else at once. */
const end = (held: Held, member: Partial<Member>, decided: Decided): Conclusion => {
  const ends = callbacksFor(held, decided.status).length === 0
  const own: Member = {
    ...member,
    a: held.id,
    s: held.step,
    ph: held.phase,
    o: decided.status,
    r: decided.result,
    c: decided.cause,
    e: ends ? true : undefined,
    // what a step has used up of its attempts is not the callbacks'
    inc: !ends && held.attempts > 0 ? -1 : undefined,
    np: ends ? undefined : Phase.callbacks,
    k: ends ? undefined : true
  }
  if (ends) return { member: own, next: undefined, slots: none, children: none, ended: endedAs(held, decided) }
  return conclusion(own, {
    ...held,
    phase: Phase.callbacks,
    attempts: 0,
    outcome: decided,
    detail: undefined,
    received: 0
  })
}

const endedAs = (held: Held, decided: Decided): Ended => ({
  id: held.id,
  definition: held.runnable.key,
  actorId: held.actorId,
  decided
})

const failed = (cause: StoredCause): Decided => ({ status: Status.failed, result: null, cause })

/** The columns of the step's row that ends now. */
const stepRow = (held: Held, status: number, result: unknown): Partial<Member> => ({
  sn: held.stepName ?? String(held.step + 1),
  sk: stepKindCode(held.stepKind ?? "unnamed"),
  ss: status,
  sr: result,
  st: held.stepStartedAt,
  rs: held.phase === Phase.waiting
})

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null

/**
 * Does what comes next for an action: runs a step, goes on after one, runs its callbacks or its job. Gives nothing where its own code has
 * ended the action: that is stored, and whatever follows from it too.
 */
export const perform = (held: Held, env: Surroundings): Effect.Effect<Conclusion | undefined, Unhandled> =>
  held.phase !== Phase.callbacks && held.attempts >= env.settings.attempts
    ? giveUp(held, env)
    : held.apart || held.received > env.settings.results
    ? Effect.matchEffect(load(held, env), {
      onFailure: (error) =>
        error instanceof ResultsTooLarge
          ? stepFailed(held, stepOf(held), Cause.fail(error), env)
          : Effect.fail(new Unhandled(Cause.fail(error), env.settings.transient(error))),
      onSuccess: () => performLoaded(held, env)
    })
    : performLoaded(held, env)

const performLoaded = (held: Held, env: Surroundings): Effect.Effect<Conclusion | undefined, Unhandled> =>
  held.phase === Phase.callbacks
    ? runCallbacks(held, env)
    : held.phase === Phase.waiting
    ? conclude(held, env)
    : held.phase === Phase.job
    ? runJob(held, env)
    : runStep(held, env)

/** The end of an action whose time was over before its body, step or job was. */
const timedOut = (taken: Held): Conclusion => {
  const held = taken.phase === Phase.step ? atStep(taken, stepToRun(taken)) : taken
  return end(
    held,
    held.phase === Phase.job ? {} : stepRow(held, Status.cancelled, null),
    { status: Status.timed_out, result: null, cause: null }
  )
}

/** The same conclusion for an action with a limit in time: what is committed later than that is its end by it. */
export const limited = (held: Held, conclusion: Conclusion): Conclusion =>
  held.timeoutAt === undefined || held.phase === Phase.callbacks
    ? conclusion
    : { ...conclusion, limit: { at: held.timeoutAt, instead: timedOut(held) } }

/** The row of the step that fails with its action; a job has none. */
const openStepRow = (held: Held): Partial<Member> =>
  held.phase === Phase.step || held.phase === Phase.waiting ? stepRow(held, Status.failed, null) : {}

/** The step that an action is in, as far as it is known. */
const stepOf = ({ step, stepKind, stepName }: Held): StepIdentity => ({
  kind: stepKind ?? "unnamed",
  name: stepName ?? String(step + 1)
})

/** What has ended without an answer too often is not loaded once more: it may be the loading that does. */
const giveUp = (held: Held, env: Surroundings): Effect.Effect<Conclusion> =>
  held.apart
    ? Effect.flatMap(Effect.option(env.stored.whatOf(held.id)), (whole) =>
      Effect.map(env.now, (now) => {
        if (whole._tag === "Some" && whole.value !== undefined) takeDetail(held, whole.value.detail as Detail, now)
        return exhausted(held)
      }))
    : Effect.succeed(exhausted(held))

const exhausted = (held: Held): Conclusion =>
  end(
    held,
    openStepRow(held),
    failed({
      kind: "exhausted",
      path: placeOf(actionOf(held), held.stepName),
      message: `gave up after ${held.attempts} attempts that ended without an answer`
    })
  )

/** A failure that is not handled: to be tried again. */
export class Unhandled {
  readonly _tag = "Unhandled"
  readonly cause: Cause.Cause<unknown>
  /** The database's, and nobody's mistake. */
  readonly isTransient: boolean
  constructor(cause: Cause.Cause<unknown>, isTransient: boolean) {
    this.cause = cause
    this.isTransient = isTransient
  }
}

/**
 * Which defects are handled, for the fibers below: a test's switch over the engine's setting.
 *
 * @internal
 */
export const HandledDefects = Context.Reference<((defect: unknown) => boolean) | undefined>("stepped/HandledDefects", {
  defaultValue: () => undefined
})

/** What a body has asked for and nobody can do; it would ask for it again. */
const isMistake = (defect: unknown): boolean => defect instanceof InvalidDuration

/**
 * What user code's failure means: the program's answer, or that it is to be tried again. Typed failures decide before defects, and of
 * several of a kind one that is not transient: it is an answer, whatever else went wrong beside it. Defects are what `handle` says; an
 * interruption that did not come from the engine is one (the engine's own never gets here: it interrupts the whole fiber).
 */
export const answerOf = (
  cause: Cause.Cause<unknown>,
  settings: Settings["Service"]
): Effect.Effect<Cause.Cause<unknown>, Unhandled> =>
  Effect.flatMap(HandledDefects, (handled) => {
    const failures = cause.reasons.filter(Cause.isFailReason).map(({ error }) => error)
    const defects = cause.reasons.filter(Cause.isDieReason).map(({ defect }) => defect)
    if (failures.length + defects.length === 0) {
      const defect = new Error("the body interrupted itself")
      return (handled ?? settings.handle)(defect)
        ? Effect.succeed(Cause.die(defect))
        : Effect.fail(new Unhandled(cause, false))
    }
    if (defects.some((defect) => defect instanceof JobRetry || isMistake(defect))) return Effect.succeed(cause)
    const own = (failures.length > 0 ? failures : defects).filter((error) => !settings.transient(error))
    if (own.length === 0) return Effect.fail(new Unhandled(cause, true))
    return failures.length > 0 || (handled ?? settings.handle)(own[0])
      ? Effect.succeed(cause)
      : Effect.fail(new Unhandled(cause, false))
  })

/** Runs user code to its exit; fails with what is to be tried again. */
const exitOf = <A>(
  effect: Effect.Effect<A, unknown>,
  env: Surroundings
): Effect.Effect<Exit.Exit<A, unknown>, Unhandled> =>
  Effect.flatMap(
    Effect.exit(effect),
    (exit): Effect.Effect<Exit.Exit<A, unknown>, Unhandled> =>
      Exit.isSuccess(exit) ? Effect.succeed(exit) : Effect.map(answerOf(exit.cause, env.settings), Exit.failCause)
  )

/** Failures that nobody has declared, and nobody expects. */
const isInfrastructure = (error: unknown): boolean =>
  Predicate.hasProperty(error, "_tag") &&
  [
    "UnknownAction",
    "SqlError",
    "StorageError",
    "UnsuitableIsolation",
    "SchemaError",
    "EnqueueError",
    "InvalidKey",
    "InvalidChecksum",
    "InvalidDuration",
    "ResultsTooLarge"
  ].includes(String(error._tag))

/** Where something has failed, as the log's annotations. */
type Place = {
  readonly action: string
  readonly actorId: string
  readonly actionId: string
  readonly callback?: string
}

/** Lets a failure be seen: to the error reporters, and in the log with the action's annotations. */
export const reportFailure = (
  cause: Cause.Cause<unknown>,
  place: string,
  of: Place,
  what = "failed"
) =>
  // a reporter or logger that fails in its turn, perhaps on what it was given, must not lose the action
  Effect.ignoreCause(Effect.andThen(
    ErrorReporter.report(cause),
    Effect.annotateLogs(
      // a declared failure is part of the program; a defect, or a database that refuses, is not
      cause.reasons.some((reason) => Cause.isFailReason(reason) && !isInfrastructure(reason.error))
        ? Effect.logInfo(`${place} ${what}`, cause)
        : Effect.logError(`${place} ${what}`, cause),
      of
    )
  ))

/** Lets a try be seen that is not the last: one that is transient is nobody's mistake, and no error until it stays. */
export const reportTry = (
  { cause, isTransient }: Unhandled,
  due: number,
  place: string,
  of: Place
) => {
  const what = `failed, and is tried again at ${new Date(due).toISOString()}`
  return isTransient
    ? Effect.ignoreCause(Effect.annotateLogs(Effect.logWarning(`${place} ${what}`, cause), of))
    : reportFailure(cause, place, of, what)
}

const idsOf = (held: Held) => ({ action: held.runnable.key, actorId: held.actorId, actionId: held.id })

const report = (cause: Cause.Cause<unknown>, held: Held) =>
  reportFailure(cause, placeOf(actionOf(held), held.stepName), idsOf(held))

const decodeArgs = (held: Held): Effect.Effect<ReadonlyArray<unknown>, unknown> =>
  held.args !== undefined
    ? Effect.succeed(held.args)
    : Effect.map(argumentsCodec(held.runnable.definition.arguments).decode(held.encoded), (args) => {
      held.args = args as ReadonlyArray<unknown>
      return held.args
    })

// -------------------------------------------------------------------------------------------------------------------
// what did not travel
// -------------------------------------------------------------------------------------------------------------------

/** Somebody else has the action by now, or it is over: nothing of what was done for it may be committed. */
export class Fenced {
  readonly _tag = "Fenced"
}

/**
 * Loads what an action needs to go on: arguments, a decided outcome, and the results that its next step receives. They come in pieces, and
 * no further than their limit. Of a step that has failed nothing is loaded, and results that nobody receives are only looked at.
 */
const load = (held: Held, env: Surroundings): Effect.Effect<void, StorageError | ResultsTooLarge> =>
  Effect.gen(function*() {
    const whole = yield* env.stored.whatOf(held.id)
    if (whole === undefined) return yield* Effect.die(new Fenced())
    held.encoded = whole.arguments
    const head = whole.detail as Detail
    takeDetail(held, head, yield* env.now)
    let size = 0
    const limit = env.settings.results
    const received = (text: string): unknown => {
      size += Buffer.byteLength(text)
      return JSON.parse(text)
    }
    const withinLimit = Effect.suspend(() =>
      size <= limit
        ? Effect.void
        : Effect.fail(
          new ResultsTooLarge({ action: actionOf(held), step: held.stepName ?? String(held.step + 1), size, limit })
        )
    )
    const waits = held.phase === Phase.waiting
    const row = head.steps?.find(([index]) => index === held.step)
    if (held.phase > Phase.waiting || (waits && (head.slots !== null || row?.[3] === true))) {
      held.apart = false
      return
    }

    const isLast = waits && nextAfter(held, row === undefined ? stepOf(held) : identityOf(row)) === undefined
    const results = new Map<number, unknown>()
    for (let from = isLast ? held.step : 0;;) {
      const piece = yield* env.stored.resultsAfter(held.id, from)
      if (piece.length === 0) break
      for (const { result, step } of piece) results.set(step, received(result))
      yield* withinLimit
      from = piece.at(-1)!.step + 1
    }
    const slots: Array<SettledSlot> = []
    for (const [step, result] of results) {
      if (isEncoded(result) || !holdsSlot(result)) continue
      for (let after = -1;;) {
        const piece = yield* env.stored.slotsAfter(held.id, step, after)
        if (piece.length === 0) break
        for (const { actorId, definition, result, slot, status, success } of piece) {
          const value = result === null ? null : received(result)
          slots.push([step, slot, status, definition, actorId, value, null, success])
        }
        yield* withinLimit
        after = piece.at(-1)!.slot
      }
    }
    if (waits && !slots.some(([step]) => step === held.step)) {
      // received by nobody, they must be readable all the same: the first one that is not stays, and fails the step
      for (let after = -1, readable = true; readable;) {
        const piece = yield* env.stored.slotsAfter(held.id, held.step, after)
        if (piece.length === 0) break
        for (const { actorId, definition, result, slot, status, success } of piece) {
          const settled: SettledSlot = [
            held.step,
            slot,
            status,
            definition,
            actorId,
            result === null ? null : JSON.parse(result),
            null,
            success
          ]
          readable = Exit.isSuccess(yield* Effect.exit(settledValues([settled], env)))
          if (readable) continue
          slots.push(settled)
          break
        }
        after = piece.at(-1)!.slot
      }
    }
    held.detail = {
      ...head,
      steps: (head.steps ?? []).map(([index, name, status, marked, , kind]) =>
        [index, name, status, marked, results.get(index) ?? null, kind] as const
      ),
      slots
    }
    held.received = size
    held.apart = false
  })

/** Whether a step's stored result was encoded by a schema, and so holds no children. */
const isEncoded = (stored: unknown): stored is { readonly $encoded: unknown } =>
  isObject(stored) && "$encoded" in stored

/** The results of the named steps that ran before this worker had the action. */
const loadResults = (held: Held, env: Surroundings): Effect.Effect<void, unknown> => {
  const detail = held.detail
  if (detail === undefined || detail.steps === null) return Effect.void
  return Effect.gen(function*() {
    const results: Array<readonly [name: string, result: unknown]> = []
    for (const row of detail.steps!) {
      const [index, name, , , result] = row
      const of = identityOf(row)
      if (index >= held.step || result === null || of.kind !== "own") continue
      results.push([name, yield* readResult(held, env, of, index, result)])
    }
    // made of entries: assigned, `__proto__` would be no step's name
    held.results = Object.fromEntries(results)
    held.detail = undefined
  })
}

const readResult = (
  held: Held,
  env: Surroundings,
  of: StepIdentity,
  index: number,
  stored: unknown
): Effect.Effect<unknown, unknown> => {
  const step = findStep(held, of)
  if (isObject(stored) && "$encoded" in stored) {
    return codecOf(step?.result ?? held.runnable.definition.success).decode(stored.$encoded)
  }
  const slots = (held.detail?.slots ?? []).filter(([step]) => step === index)
  return Effect.map(settledValues(slots, env), (values) => fromTemplate(stored, (slot) => values.get(slot)))
}

/** Decodes settled slots with the schema that was asked with. */
const settledValues = (slots: ReadonlyArray<SettledSlot>, env: Surroundings) =>
  Effect.gen(function*() {
    const values = new Map<number, unknown>()
    for (const [, slot, status, definition, actorId, result, , success] of slots) {
      if (status !== Status.succeeded) continue
      const schema = env.definitions.successOf(definition.split("/")[1]!, success)
      const path = actionText(definition, actorId)
      if (schema === undefined) {
        return yield* new Unreadable({
          path,
          issue: "no action of this name has the success schema that was asked with"
        })
      }
      values.set(
        slot,
        yield* Effect.mapError(codecOf(schema).decode(result), ({ message }) =>
          new Unreadable({
            path,
            issue: `the stored result does not fit the success schema that waits for it: ${message}`
          }))
      )
    }
    return values
  })

/** A child's result that cannot be read: it does not fit, or this process has several schemas and none is the one that was asked with. */
class Unreadable extends Data.TaggedError("IncompatibleResult")<{ readonly path: string; readonly issue: string }> {
  override get message(): string {
    return `${this.path}: ${this.issue}`
  }
}

// -------------------------------------------------------------------------------------------------------------------
// a step
// -------------------------------------------------------------------------------------------------------------------

/** The step to run: the one that was next, or the one after it if a deploy has removed or renamed that meanwhile. */
const stepToRun = (held: Held): RunnableStep | undefined => {
  const begun = held.stepName === undefined ? undefined : findStep(held, stepOf(held))
  return begun !== undefined && !hasRun(held.ran, begun)
    ? begun
    : nextStep(held.runnable.steps, held.ran, held.prepended)
}

/** The action at a step, which may be another than the one that its row names. */
const atStep = (held: Held, step: StepIdentity | undefined): Held =>
  step === undefined || (held.stepName === step.name && held.stepKind === step.kind)
    ? held
    : { ...held, stepName: step.name, stepKind: step.kind }

const runStep = (taken: Held, env: Surroundings): Effect.Effect<Conclusion | undefined, Unhandled> => {
  const step = stepToRun(taken)
  const held = atStep(taken, step)
  if (step === undefined) {
    return Effect.succeed(end(
      held,
      stepRow(held, Status.failed, null),
      failed({
        kind: "defect",
        path: placeOf(actionOf(held), held.stepName),
        message: "the definition has no step to go on with"
      })
    ))
  }
  const run = Effect.flatMap(
    exitOf(runBody(held, step, env), env),
    (exit) => afterBody(held, step, exit, env)
  )
  return step.transactional ? transactional(held, step, env) : run
}

interface BodyRun {
  readonly value: unknown
  readonly effects: BodyEffects
}

/** What a body has enqueued and marked: stored only if it ends well. */
class BodyEffects {
  readonly slots: Array<NewSlot> = []
  readonly children: Array<Invocation> = []
  marked = false
  args: ReadonlyArray<unknown> | undefined
  encoded: unknown
  /** The body has ended: what comes now nobody would store. */
  over = false

  /** The children; those that may be headed for the same lane join it in turn (rule 2.9). One whose key takes an effect may be for any. */
  inOrder(): ReadonlyArray<Invocation> {
    const { children } = this
    const lanes = new Map<string | null, number>()
    for (const { l } of children) lanes.set(l, (lanes.get(l) ?? 0) + 1)
    if (lanes.size === children.length && !(lanes.has(null) && children.length > 1)) return children
    return children.map((one) => lanes.has(null) || lanes.get(one.l)! > 1 ? { ...one, od: true } : one)
  }
}

const runBody = (held: Held, step: RunnableStep, env: Surroundings): Effect.Effect<BodyRun, unknown> =>
  Effect.flatMap(decodeArgs(held), (args) =>
    Effect.flatMap(loadResults(held, env), () => {
      const effects = new BodyEffects()
      // before the scope closes: finalizers come after the body
      const body = Effect.ensuring(
        Effect.suspend(() =>
          (isGenerated(step) ? step.body.run(...args) : step.body.run(...args, held.results)) as Effect.Effect<
            unknown,
            unknown
          >
        ),
        Effect.sync(() => {
          effects.over = true
        })
      )
      return Effect.map(
        asUserOf(held, "step", body, {
          captured: step.body.context,
          step: step.name,
          service: stepService(held, step, effects, env)
        }),
        (value) => ({ value, effects })
      )
    }))

const stepService = (held: Held, step: RunnableStep, effects: BodyEffects, env: Surroundings) => {
  const { settings } = env
  const slot = (
    child: string | null,
    definition: string | null,
    actorId: string | null,
    due: number | null,
    success: string | null
  ) => {
    const n = effects.slots.length
    effects.slots.push({ a: held.id, st: held.step, n, ch: child, d: definition, ai: actorId, due, su: success })
    return n
  }
  /** Does what is asked, unless the body has ended: that is refused so that it is seen, whoever looks at the fiber that asks. */
  const ask = <A>(asked: () => string, effect: Effect.Effect<A>): Effect.Effect<A> =>
    Effect.suspend(() => effects.over ? refuse(asked()) : effect)
  const refuse = (asked: string): Effect.Effect<never> => {
    const error = new BodyEnded({ action: actionOf(held), step: step.name, asked })
    return Effect.andThen(
      Effect.annotateLogs(logError(error.message), { ...idsOf(held), step: step.name }),
      Effect.die(error)
    )
  }
  return Step.of({
    name: step.name,
    actionId: held.id,
    enqueue: (actor, action, args) =>
      Effect.gen(function*() {
        if (effects.slots.length >= settings.children) {
          return yield* new TooManyChildren({ count: effects.slots.length + 1, limit: settings.children })
        }
        if (held.depth + 1 >= settings.depth) {
          return yield* new TreeTooDeep({ depth: held.depth + 2, limit: settings.depth })
        }
        const ref = actor ?? held.ref
        const id = actor === undefined ? held.actorId : yield* encodeActorId(action.name, actor)
        const invocation = yield* makeInvocation({
          ref,
          actorId: id,
          // keys, timeout and queue are those of the actor's own definition, which may replace the one that the body names
          action: env.definitions.find(ref.type, action.name)?.action ?? action,
          args,
          id: newActionId(),
          parent: { id: held.id, step: held.step, depth: held.depth },
          limit: settings.payload
        })
        if (effects.over) {
          return yield* refuse(
            actor === undefined ? `Step.do of ${action.name}` : `Step.on of ${action.name} and ${actor}`
          )
        }
        effects.children.push(invocation)
        return makeChild(slot(invocation.a, invocation.d, invocation.ai, null, fingerprintOf(action.success)))
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
    markFailed: ask(
      () => "Step.markFailed",
      Effect.sync(() => {
        effects.marked = true
      })
    ),
    setArguments: (args) =>
      Effect.flatMap(
        Effect.catch(
          encodeArguments(held.runnable.definition.name, held.runnable.definition.arguments, args, settings.payload),
          (reason) => Effect.die(new EnqueueError({ reason }))
        ),
        (encoded) =>
          ask(
            () => "Step.setArguments",
            Effect.sync(() => {
              effects.args = args
              effects.encoded = encoded
            })
          )
      )
  })
}

/** From a body's exit to what is committed. */
const afterBody = (
  held: Held,
  step: RunnableStep,
  exit: Exit.Exit<BodyRun, unknown>,
  env: Surroundings
): Effect.Effect<Conclusion, Unhandled> => {
  if (Exit.isFailure(exit)) return stepFailed(held, step, exit.cause, env)
  const { effects, value } = exit.value
  const next = nextAfter(held, step)
  return Effect.flatMap(
    exitOf(storeResult(held, step, next === undefined, effects.slots.length > 0, value, env), env),
    (stored) =>
      Exit.isFailure(stored)
        ? stepFailed(held, step, stored.cause, env)
        : Effect.succeed(afterStored(held, step, exit.value, stored.value, next))
  )
}

const afterStored = (
  held: Held,
  step: RunnableStep,
  run: BodyRun,
  stored: unknown,
  next: RunnableStep | undefined
): Conclusion => {
  const { effects, value } = run
  const args = effects.args === undefined ? {} : { args: effects.encoded }
  // what is in hand stays what is stored: the transaction may not commit
  const after = effects.args === undefined ? held : { ...held, args: effects.args, encoded: effects.encoded }
  if (effects.slots.length > 0) {
    return conclusion(
      {
        a: held.id,
        s: held.step,
        ph: held.phase,
        ...stepRow(held, Status.performing, stored),
        sm: effects.marked,
        np: Phase.waiting,
        ...args
      },
      undefined,
      effects.slots,
      effects.inOrder()
    )
  }
  if (effects.marked) {
    return end(after, { ...stepRow(held, Status.failed, stored), ...args }, failed(markedFailed(held, step)))
  }
  const result = isObject(stored) && "$encoded" in stored ? stored.$encoded : stored
  return advance(
    after,
    step,
    { ...stepRow(held, Status.succeeded, isGenerated(step) || next === undefined ? null : stored), ...args },
    value,
    result,
    next
  )
}

/** Where an action's step is in its tree. */
const placeAt = (held: Held, step: StepIdentity): string =>
  placeOf(actionOf(held), isGenerated(step) ? undefined : step.name)

const markedFailed = (held: Held, step: StepIdentity): StoredCause => ({
  kind: "marked",
  path: placeAt(held, step),
  message: "marked as failed"
})

const stepFailed = (
  held: Held,
  step: StepIdentity,
  cause: Cause.Cause<unknown>,
  env: Surroundings
): Effect.Effect<Conclusion> =>
  Effect.andThen(
    report(cause, held),
    Effect.map(
      fromCause(cause, {
        place: placeAt(held, step),
        error: held.runnable.definition.error,
        limit: env.settings.payload
      }),
      (stored) => end(held, stepRow(held, Status.failed, null), failed(stored))
    )
  )

/** The step's result as it is stored: encoded by a schema, or a template with places for children. */
const storeResult = (
  held: Held,
  step: RunnableStep,
  isLast: boolean,
  waits: boolean,
  value: unknown,
  env: Surroundings
): Effect.Effect<unknown, unknown> => {
  const { definition } = held.runnable
  // the limit is the value's own, not that of what it is wrapped in
  const checked = (json: unknown, stored: unknown) =>
    Effect.as(checkPayload(`result of ${definition.name} › ${step.name}`, json, env.settings.payload), stored)
  const encoded = (schema: PlainSchema) =>
    Effect.flatMap(codecOf(schema).encode(value), (json) => checked(json, { $encoded: json }))
  if (step.result !== undefined && (!isLast || definition.outbound)) return encoded(step.result)
  if (isLast && !definition.outbound && !(waits && holdsChild(value))) return encoded(definition.success)
  // nobody can ask for it
  if (isLast && definition.outbound || step.kind === "unnamed" && !isLast || step.kind === "prepended") {
    return Effect.succeed(null)
  }
  return Effect.flatMap(
    Effect.try({
      try: () => toTemplate(value),
      // getters of the value's own may throw anything
      catch: (error) =>
        error instanceof NotJson ? error : NotJson.at("", `a value that cannot be read (${errorText(error)})`)
    }),
    (template) => checked(template, template)
  )
}

/** After a step that ended well: the next one, the job, the wait for somebody outside, or the end. */
const advance = (
  held: Held,
  step: StepIdentity,
  row: Partial<Member>,
  value: unknown,
  encoded: unknown,
  next: RunnableStep | undefined
): Conclusion => {
  const { runnable } = held
  const ran = [...held.ran, { kind: step.kind, name: step.name }]
  const member = (then: { readonly np: number; readonly nn?: string; readonly nk?: number; readonly k?: boolean }) => ({
    ...row,
    ...then,
    a: held.id,
    s: held.step,
    ph: held.phase,
    ns: held.step + 1,
    inc: held.attempts > 0 ? -1 : undefined
  })
  if (next !== undefined) {
    const { name: nn, kind } = next
    return conclusion(member({ np: Phase.step, nn, nk: stepKindCode(kind), k: true }), {
      ...held,
      step: held.step + 1,
      ran,
      attempts: 0,
      detail: undefined,
      phase: Phase.step,
      stepName: nn,
      stepKind: kind,
      results: step.kind === "own" ? { ...held.results, [step.name]: value } : held.results,
      // of what a continued step waited for it counts already; else no more than four times as many bytes as its text has characters
      received: held.received + (held.phase === Phase.waiting ? 0 : 4 * weigh(row.sr))
    })
  }
  if (runnable.definition.job !== undefined) {
    return conclusion(member({ np: Phase.job, k: true }), {
      ...held,
      step: held.step + 1,
      ran,
      attempts: 0,
      detail: undefined,
      phase: Phase.job,
      stepName: undefined,
      stepKind: undefined,
      received: 0
    })
  }
  if (runnable.definition.outbound) {
    return conclusion(member({ np: Phase.outbound }))
  }
  return end(held, row, { status: Status.succeeded, result: encoded ?? null, cause: null })
}

/** Every slot of the step is settled: the step ends, and the action goes on or fails (rule 3.4). */
const conclude = (taken: Held, env: Surroundings): Effect.Effect<Conclusion, Unhandled> =>
  Effect.gen(function*() {
    const detail = taken.detail!
    const row = detail.steps?.find(([index]) => index === taken.step)
    const step: StepIdentity = row === undefined ? stepOf(taken) : identityOf(row)
    const held = atStep(taken, step)
    const place = placeAt(held, step)
    const slots = (detail.slots ?? []).filter(([index]) => index === held.step)
    const unsuccessful = slots.find(([, , status]) => status !== Status.succeeded)
    if (unsuccessful !== undefined) {
      return end(held, stepRow(held, Status.failed, undefined), failed(fromSlot(place, unsuccessful)))
    }
    if (row?.[3] === true) {
      return end(held, stepRow(held, Status.failed, undefined), failed(markedFailed(held, step)))
    }

    const next = nextAfter(held, step)
    const settled = yield* exitOf(
      Effect.gen(function*() {
        const values = yield* settledValues(slots, env)
        const stored = row?.[4] ?? null
        let value: unknown
        let encoded: unknown = null
        if (isObject(stored) && "$encoded" in stored) {
          encoded = stored.$encoded
          if (next !== undefined) value = yield* readResult(held, env, step, held.step, stored)
        } else if (stored !== null) {
          value = fromTemplate(stored, (slot) => values.get(slot))
          if (next === undefined && !held.runnable.definition.outbound) {
            encoded = yield* codecOf(held.runnable.definition.success).encode(value)
            yield* checkPayload(`result of ${held.runnable.definition.name}`, encoded, env.settings.payload)
          }
        }
        yield* loadResults(held, env)
        return { value, encoded }
      }),
      env
    )
    if (Exit.isFailure(settled)) {
      yield* report(settled.cause, held)
      const error = settled.cause.reasons.find(Cause.isFailReason)
      return end(
        held,
        stepRow(held, Status.failed, undefined),
        failed({
          kind: "incompatible",
          path: place,
          message: error?.error instanceof Unreadable
            ? errorText(error.error)
            : `IncompatibleResult: ${error === undefined ? Cause.pretty(settled.cause) : errorText(error.error)}`
        })
      )
    }
    return advance(
      held,
      step,
      stepRow(held, Status.succeeded, undefined),
      settled.value.value,
      settled.value.encoded,
      next
    )
  })

// -------------------------------------------------------------------------------------------------------------------
// a transactional step
// -------------------------------------------------------------------------------------------------------------------

/** The body's SQL, its result, its children and the consumed lease commit together, or nothing of it. */
const transactional = (
  held: Held,
  step: RunnableStep,
  env: Surroundings
): Effect.Effect<Conclusion | undefined, Unhandled> =>
  env.transaction(
    Effect.gen(function*(): Effect.fn.Return<Conclusion, RollBack | Unhandled> {
      const exit = yield* exitOf(runBody(held, step, env), env)
      // a failed body takes its SQL back; the failure itself is stored afterwards, on its own
      if (Exit.isFailure(exit)) return yield* Effect.fail(new RollBack(afterBody(held, step, exit, env)))
      const conclusion = yield* afterBody(held, step, exit, env)
      // so does one whose value cannot be stored
      const failed = conclusion.member.ss === Status.failed && !exit.value.effects.marked
      if (failed) return yield* Effect.fail(new RollBack(Effect.succeed(conclusion)))
      // and one that has come too late
      const isLate = held.timeoutAt !== undefined && held.timeoutAt <= (yield* env.now)
      return isLate ? yield* Effect.fail(new RollBack(Effect.succeed(timedOut(held)))) : conclusion
    })
  ).pipe(
    Effect.catch((error) =>
      error instanceof RollBack
        ? error.after
        // the body's doing, which would do the same again
        : error instanceof UnsuitableIsolation
        ? stepFailed(held, step, Cause.fail(error), env)
        : Effect.fail(error instanceof Unhandled ? error : new Unhandled(Cause.fail(error), error.isRetryable))
    )
  )

/** Takes a failure out of its transaction, with what is to be concluded from it. */
class RollBack {
  readonly _tag = "RollBack"
  readonly after: Effect.Effect<Conclusion, Unhandled>
  constructor(after: Effect.Effect<Conclusion, Unhandled>) {
    this.after = after
  }
}

// -------------------------------------------------------------------------------------------------------------------
// callbacks, jobs
// -------------------------------------------------------------------------------------------------------------------

/**
 * Runs the callbacks of the decided status one after another; failing ones are counted and stop nobody (rule 4.1, 4.2). One that is to be
 * tried again keeps the action where it is, with what has ended stored: whoever goes on runs only the others, and those that a deploy has
 * brought. What it has dropped is forgotten.
 */
const runCallbacks = (held: Held, env: Surroundings): Effect.Effect<Conclusion> =>
  Effect.gen(function*() {
    const decided = held.outcome!
    const at = { a: held.id, s: held.step, ph: Phase.callbacks }
    const callbacks = callbacksFor(held, decided.status)
    const ended = new Map(callbacks.flatMap(({ identity }) => {
      const succeeded = held.callbacks.get(identity)
      return succeeded === undefined ? [] : [[identity, succeeded] as const]
    }))
    const left = callbacks.filter(({ identity }) => !ended.has(identity))
    if (left.length > 0) {
      const unhandled = held.attempts < env.settings.attempts
        ? yield* runEach(held, left, ended, env)
        : new Map(left.map(({ identity }) => [identity, gaveUp(held)]))
      if (unhandled.size > 0) {
        const now = yield* env.now
        const due = held.attempts + 1 >= env.settings.attempts
          ? undefined
          : yield* dueAgain(env.settings.retry, held.attempts, now)
        for (const [identity, failure] of unhandled) {
          const place = placeOf(actionOf(held), `callback ${identity}`)
          const of = { ...idsOf(held), callback: identity }
          if (due === undefined) ended.set(identity, false)
          yield* due === undefined ? reportFailure(failure.cause, place, of) : reportTry(failure, due, place, of)
        }
        if (due !== undefined) {
          return conclusion({ ...at, np: Phase.callbacks, cb: [...ended], inc: 1, jb: true, due })
        }
      }
    }
    const good = [...ended.values()].filter((succeeded) => succeeded).length
    const outcome = { o: decided.status, r: decided.result, c: decided.cause }
    return {
      ...conclusion({ ...at, ...outcome, g: good, b: ended.size - good, e: true }),
      ended: endedAs(held, decided)
    }
  })

/** Adds what has ended, and gives what is to be tried again. */
const runEach = (
  held: Held,
  callbacks: ReadonlyArray<RunnableCallback>,
  ended: Map<string, boolean>,
  env: Surroundings
): Effect.Effect<ReadonlyMap<string, Unhandled>> =>
  Effect.gen(function*() {
    const unhandled = new Map<string, Unhandled>()
    const prepared = yield* Effect.exit(Effect.all([decodeArgs(held), outcomeFor(held, held.outcome!)]))
    for (const { context, identity, run } of callbacks) {
      const exit = yield* Effect.exit(exitOf(
        Effect.flatMap(prepared, ([args, outcome]) =>
          asUserOf(
            held,
            "callback",
            Effect.suspend(() => run(...args, outcome) as Effect.Effect<unknown, unknown>),
            { captured: context, callback: identity }
          )),
        env
      ))
      if (Exit.isFailure(exit)) {
        // `handle` or `transient` of the program may have failed itself
        const failure = exit.cause.reasons.find(Cause.isFailReason)?.error
        unhandled.set(identity, failure ?? new Unhandled(exit.cause, false))
        continue
      }
      ended.set(identity, Exit.isSuccess(exit.value))
      if (Exit.isFailure(exit.value)) {
        yield* reportFailure(exit.value.cause, placeOf(actionOf(held), `callback ${identity}`), {
          ...idsOf(held),
          callback: identity
        })
      }
    }
    return unhandled
  })

/** For callbacks whose workers died. */
const gaveUp = (held: Held): Unhandled =>
  new Unhandled(Cause.die(new Error(`gave up after ${held.attempts} attempts that ended without an answer`)), false)

/** When to try again, or nothing when the schedule ends; one that fails itself decides nothing. */
const dueAgain = (
  schedule: Schedule.Schedule<unknown>,
  attempts: number,
  now: number
): Effect.Effect<number | undefined> =>
  Effect.map(
    Effect.catchCause(
      backoff(schedule, attempts, now),
      (broken) => Effect.as(logError("stepped: retry failed", broken), 10_000)
    ),
    (delay) => delay === undefined ? undefined : Math.ceil(now + delay)
  )

const outcomeFor = (held: Held, decided: Decided): Effect.Effect<unknown, unknown> => {
  switch (decided.status) {
    case Status.succeeded:
      return Effect.map(
        codecOf(held.runnable.definition.success).decode(decided.result),
        (result) => ({ actionId: held.id, status: "succeeded", result })
      )
    case Status.failed:
      return Effect.map(
        errorOf(held.runnable, held.id, held.actorId, decided.cause),
        (cause) => ({ actionId: held.id, status: "failed", cause })
      )
    case Status.timed_out:
      return Effect.succeed({ actionId: held.id, status: "timed_out" })
    default:
      return Effect.succeed({ actionId: held.id, status: "cancelled" })
  }
}

/** A stored failure as whoever waits gets it: the action's own typed error, or `ActionFailed` with the path. */
export const errorOf = (
  of: Pick<Runnable, "key" | "definition">,
  id: string,
  actorId: string,
  cause: StoredCause | null
): Effect.Effect<unknown> => {
  const [type, name] = of.key.split("/") as [string, string]
  const other = new ActionFailed({
    action: name,
    actor: `${type}/${actorId}`,
    actionId: id,
    path: line(cause, actionText(of.key, actorId), Status.failed),
    cause: cause?.error ?? cause
  })
  return cause?.own === true
    ? Effect.catchCause(codecOf(of.definition.error).decode(cause.error), () => Effect.succeed(other))
    : Effect.succeed(other)
}

const isRetry = (reason: Cause.Reason<unknown>): reason is Cause.Die & { readonly defect: JobRetry } =>
  Cause.isDieReason(reason) && reason.defect instanceof JobRetry

/** Runs the job of a job-backed action: it completes the action itself, now or by whoever it has asked (rule 5.3). */
const runJob = (held: Held, env: Surroundings): Effect.Effect<Conclusion | undefined, Unhandled> =>
  Effect.gen(function*() {
    const { runnable } = held
    const run = runnable.definition.job
    // a deploy has taken it: the action goes on with the steps of the definition, when it is claimed with what it has done so far
    if (run === undefined) {
      return conclusion({ a: held.id, s: held.step, ph: Phase.job, np: Phase.step, ns: held.step, inc: -1, jb: true })
    }
    let completed = false
    let unanswered = false
    const job = makeJob(held.id, (outcome) =>
      Effect.tapError(
        env.complete(held, outcome, () => {
          completed = true
        }),
        (error) =>
          Effect.sync(() => {
            unanswered = unanswered || error instanceof StorageError
          })
      ))
    const exit = yield* Effect.exit(
      Effect.flatMap(decodeArgs(held), (args) =>
        asUserOf(
          held,
          "job",
          Effect.suspend(() => run(job, ...args) as Effect.Effect<unknown, unknown>),
          { captured: runnable.context }
        ))
    )
    const at = { a: held.id, s: held.step, ph: Phase.job }
    if (completed) {
      if (Exit.isFailure(exit) && !exit.cause.reasons.some(isRetry)) yield* report(exit.cause, held)
      return undefined
    }
    if (Exit.isSuccess(exit)) return conclusion({ ...at, np: Phase.outbound })
    // what the job has done may be done well: a database that is away decides nothing about it
    if (unanswered) return yield* Effect.fail(new Unhandled(exit.cause, true))
    const cause = yield* answerOf(exit.cause, env.settings)
    const again = cause.reasons.find(isRetry)
    if (again !== undefined) {
      const due = Math.ceil((yield* env.now) + again.defect.delayMs)
      return conclusion({ ...at, np: Phase.job, jb: true, due, inc: -1 })
    }
    yield* report(cause, held)
    const stored = yield* fromCause(cause, {
      place: actionOf(held),
      error: runnable.definition.error,
      limit: env.settings.payload
    })
    return end(held, {}, failed(stored))
  })

// -------------------------------------------------------------------------------------------------------------------
// retries
// -------------------------------------------------------------------------------------------------------------------

/** The wait before attempt number `attempts + 1`, or nothing when the schedule ends. */
export const backoff = (
  schedule: Schedule.Schedule<unknown>,
  attempts: number,
  now: number
): Effect.Effect<number | undefined> =>
  Effect.gen(function*() {
    const step = yield* Schedule.toStep(schedule)
    let delay: number | undefined
    let at = now
    for (let i = 0; i <= attempts; i++) {
      const result: Exit.Exit<[unknown, Duration.Duration], unknown> = yield* Effect.exit(
        step(at, undefined) as Pull.Pull<[unknown, Duration.Duration]>
      )
      if (Exit.isFailure(result)) return undefined
      delay = Duration.toMillis(result.value[1])
      at += delay
    }
    return delay === undefined ? undefined : Math.min(longest, delay)
  })

/** After an unhandled failure: the same action and step again later, or, at the limit, as a handled one. */
export const retryLater = (taken: Held, unhandled: Unhandled, env: Surroundings): Effect.Effect<Conclusion> =>
  Effect.gen(function*() {
    const { cause } = unhandled
    const held = taken.phase === Phase.step ? atStep(taken, stepToRun(taken)) : taken
    const now = yield* env.now
    const next = held.attempts + 1 >= env.settings.attempts
      ? undefined
      : yield* backoff(env.settings.retry, held.attempts, now)
    // what could not be loaded for its callbacks has its outcome already: it ends with them, and not by this
    const delay = next ?? (held.phase === Phase.callbacks ? 10_000 : undefined)
    if (delay !== undefined) {
      const due = Math.ceil(now + delay)
      yield* reportTry(unhandled, due, placeOf(actionOf(held), held.stepName), idsOf(held))
      return conclusion({ a: held.id, s: held.step, ph: held.phase, np: held.phase, inc: 1, jb: true, due })
    }
    yield* report(cause, held)
    const stored = yield* fromCause(cause, {
      place: held.stepName === undefined ? actionOf(held) : placeAt(held, stepOf(held)),
      error: held.runnable.definition.error,
      limit: env.settings.payload
    })
    return end(held, openStepRow(held), failed(stored))
  })
