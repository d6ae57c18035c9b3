/**
 * One action in this worker's hands, as it is stored: a value. What a commit is to change becomes a new one, which is in hand after that
 * commit; what loading adds becomes a new one too.
 */
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import { type ActorRef, type AnyActorClass, decodeActorId } from "../../Actor.ts"
import { argumentsCodec, codecOf } from "../../domain/Codec.ts"
import { actionText, type FailureCause, placeOf } from "../../domain/Failure.ts"
import { isSameStep, type Phase, type StepIdentity, type StepKind, Undo } from "../../domain/Phase.ts"
import type {
  Continued,
  Detail,
  EarlierSlots,
  RetriedBefore,
  Started,
  StepVerdict,
  StoredMemo
} from "../../store/Answer.ts"
import type { Fence, StoredAttempts, StoredOutcome } from "../../store/Conclusion.ts"
import { travelling } from "../../store/weight.ts"
import { isGenerated, type Runnable, type RunnableStep } from "../Runnable.ts"
import { Tracing } from "../trace.ts"
import type { UserCode } from "./runUserCode.ts"

/** An action in this worker's hands. */
export interface Performance {
  readonly id: string
  readonly runnable: Runnable
  readonly actorId: string
  readonly ref: ActorRef
  readonly depth: number
  readonly attempts: number
  readonly phase: Phase
  /** Index of the step's row. */
  readonly step: number
  /** How often somebody has gone on with it; none of one that has only begun. */
  readonly epoch: number | undefined
  /** The step that is next, or was begun; unknown while the action is apart. */
  readonly stepName: string | undefined
  readonly stepKind: StepKind | undefined
  readonly stepStartedAt: number
  /** Which attempt of the step, or of the job, it is, and what came of the earlier ones. */
  readonly attempt: number
  readonly attempted: StoredAttempts | undefined
  /** Whether the step's condition has said that it runs. */
  readonly isAsked: boolean
  /** What was tried again last has failed with. */
  readonly failure: FailureCause | undefined
  readonly earlier: EarlierSlots | undefined
  /** It goes on for one that has ended. */
  readonly retries: RetriedBefore | undefined
  /** What was done of the step before, and is not to be done again; empty where it waits. None where it has none. */
  readonly memos: ReadonlyArray<StoredMemo> | undefined
  /** What somebody else has decided of the step that it is in, to be concluded by whoever has the action. */
  readonly verdict: StepVerdict | undefined
  /** The steps that have run, in order. */
  readonly ran: ReadonlyArray<StepIdentity>
  /** Names of the prepended steps that the action started with, in their order. */
  readonly prepended: ReadonlyArray<string>
  readonly encoded: unknown
  /** Results of the steps that have run here, by name; the others are still in the detail. */
  readonly results: Readonly<Record<string, unknown>>
  readonly outcome: StoredOutcome | undefined
  /** Something that its steps have done is to be undone, should it not succeed. */
  readonly isToUndo: boolean
  /** It has ended, and is unwound: bits of `Undoable`; none of one that has not succeeded. */
  readonly unwinds: number | undefined
  /** Callbacks that have ended while others are to be tried again, and whether they succeeded. */
  readonly callbacks: ReadonlyMap<string, boolean>
  /** What a continued action came with, until its results are decoded. */
  readonly detail: Detail | undefined
  /** Whether arguments and detail did not travel with the answer that handed it over: they are loaded first, in pieces. */
  readonly apart: boolean
  /** When its time is over, in ms of user time, if it has a limit; not known while it is apart. */
  readonly timeoutAt: number | undefined
  /** Bytes of the results in memory, at most. */
  readonly received: number
  /** How its bodies are traced, where they are. */
  readonly tracing: Tracing | undefined
}

/** Takes work of a claim or a batch in hand. */
export const takeUp = (
  work: Started | Continued,
  runnable: Runnable,
  ref: ActorRef,
  now: number
): Performance => {
  const [first] = runnable.steps
  const starts = work._tag === "Started"
  const apart = work._tag === "Continued" && work.detail === undefined
  // whole, and below as well: what is put together by spreads takes several times as long to make; with the same fields in the same order,
  // since all that handles it is optimised for one shape, and begins anew with another
  const performance: Performance = {
    id: work.action,
    runnable,
    actorId: work.actorId,
    ref,
    depth: work.depth,
    attempts: work.attempts,
    phase: starts ? "step" : work.phase,
    step: starts ? 0 : work.step,
    epoch: starts ? undefined : work.epoch,
    stepName: apart ? undefined : first?.name,
    stepKind: apart ? undefined : first?.kind,
    stepStartedAt: now,
    attempt: 1,
    attempted: undefined,
    isAsked: false,
    earlier: undefined,
    memos: undefined,
    verdict: undefined,
    failure: undefined,
    ran: [],
    prepended: runnable.prepended,
    encoded: work.arguments,
    results: {},
    outcome: undefined,
    retries: undefined,
    isToUndo: false,
    unwinds: undefined,
    callbacks: noCallbacks,
    detail: undefined,
    apart,
    timeoutAt: starts ? work.timeoutAt : undefined,
    received: 0,
    tracing: starts && work.trace !== undefined ? new Tracing(work.trace) : undefined
  }
  return work._tag === "Continued" && work.detail !== undefined
    ? withDetail(performance, work.detail, now)
    : performance
}

/** The action as it is performed where there is a tracer, although nobody had a span when it was enqueued. */
export const traced = (performance: Performance, { cache }: Fiber.Fiber<unknown, unknown>): Performance =>
  performance.tracing !== undefined || cache.tracer === undefined
    ? performance
    : { ...performance, tracing: new Tracing() }

/** The action at what comes next with it: a step, or its job. */
export const goingOn = (
  performance: Performance,
  next: Pick<
    Performance,
    "phase" | "stepName" | "stepKind" | "ran" | "encoded" | "results" | "isToUndo" | "apart" | "received"
  >
): Performance => ({
  id: performance.id,
  runnable: performance.runnable,
  actorId: performance.actorId,
  ref: performance.ref,
  depth: performance.depth,
  attempts: 0,
  phase: next.phase,
  step: performance.step + 1,
  epoch: performance.epoch,
  stepName: next.stepName,
  stepKind: next.stepKind,
  stepStartedAt: performance.stepStartedAt,
  attempt: 1,
  attempted: undefined,
  isAsked: false,
  earlier: undefined,
  memos: undefined,
  verdict: undefined,
  failure: undefined,
  ran: next.ran,
  prepended: performance.prepended,
  encoded: next.encoded,
  results: next.results,
  outcome: performance.outcome,
  retries: performance.retries,
  isToUndo: next.isToUndo,
  unwinds: undefined,
  callbacks: performance.callbacks,
  detail: undefined,
  apart: next.apart,
  timeoutAt: performance.timeoutAt,
  received: next.received,
  tracing: performance.tracing
})

/** Of a step that begins. */
export const firstAttempt = {
  attempt: 1,
  attempted: undefined,
  isAsked: false,
  earlier: undefined,
  memos: undefined,
  verdict: undefined
} as const

const noCallbacks: ReadonlyMap<string, boolean> = new Map()

/** With what a continued action had come to. */
export const withDetail = (performance: Performance, detail: Detail, now: number): Performance => ({
  ...performance,
  stepName: detail.stepName,
  stepKind: detail.stepKind,
  stepStartedAt: detail.stepStartedAt ?? now,
  attempt: detail.attempt ?? 1,
  attempted: detail.attempts,
  isAsked: detail.attempts?.isAsked === true,
  failure: detail.failure,
  earlier: detail.earlier,
  retries: detail.retries,
  memos: detail.memos,
  verdict: detail.verdict,
  timeoutAt: detail.timeoutAt,
  isToUndo: detail.steps.some(({ undo }) => isUndone(undo)),
  ran: detail.steps.filter(({ index }) => index < performance.step).map(({ kind, name }) => ({ kind, name })),
  prepended: detail.prepended,
  outcome: detail.outcome,
  unwinds: detail.unwinds,
  callbacks: new Map(detail.callbacks),
  detail,
  received: travelling,
  tracing: detail.trace === undefined ? performance.tracing : new Tracing(detail.trace, detail.after, detail.senders)
})

// by their encoded form, which no two actions share: decoded once for all steps
const decoded = new WeakMap<object, ReadonlyArray<unknown>>()

/** Remembers decoded arguments. */
export const knowArguments = (encoded: unknown, args: ReadonlyArray<unknown>): void => {
  if (typeof encoded === "object" && encoded !== null) decoded.set(encoded, args)
}

/** The arguments as the definition's schemas read them. At once, unless a schema takes an effect: the answer is an exit then. */
export const argumentsOf = ({ encoded, runnable }: Performance): Effect.Effect<ReadonlyArray<unknown>, unknown> => {
  const known = typeof encoded === "object" && encoded !== null ? decoded.get(encoded) : undefined
  return known !== undefined
    ? Effect.succeed(known)
    : Effect.mapEager(argumentsCodec(runnable.definition.arguments).decode(encoded), (args) => {
      if (readsAgain(runnable)) knowArguments(encoded, args as ReadonlyArray<unknown>)
      return args as ReadonlyArray<unknown>
    })
}

// remembering takes as long as decoding what is small: not where a single body reads them
const readsAgain = ({ callbacks, definition, steps }: Runnable): boolean =>
  steps.length > 1 || callbacks.length > 0 || definition.job !== undefined

/** The reference to a task's actor; throws when the stored id is no id of it. */
export const refOf = (actor: AnyActorClass, actorId: string): ActorRef => actor.ref(decodeActorId(actor, actorId))

/**
 * The first of the prepended steps that the action started with and that has not run; after those, the first step of the definition not
 * yet run after the last one that ran and still exists. What `endsNow` has run as well.
 */
export const nextStep = (
  steps: ReadonlyArray<RunnableStep>,
  ran: ReadonlyArray<StepIdentity>,
  prepended: ReadonlyArray<string>,
  endsNow?: StepIdentity
): RunnableStep | undefined => {
  // in the order of this process or in another one: each comes once, and none after a step of the definition
  if (prepended.length > 0 && ran.every(isPrepended) && (endsNow === undefined || isPrepended(endsNow))) {
    for (const name of prepended) {
      const step = steps.find((candidate) => isPrepended(candidate) && candidate.name === name)
      if (step !== undefined && !hasRun(ran, step, endsNow)) return step
    }
  }
  let next: RunnableStep | undefined
  for (let i = steps.length - 1; i >= 0; i--) {
    const step = steps[i]!
    if (isPrepended(step)) continue
    // what comes after the last one that ran has not
    if (hasRun(ran, step, endsNow)) break
    next = step
  }
  return next
}

export const isPrepended = ({ kind }: StepIdentity): boolean => kind === "prepended"

export const hasRun = (ran: ReadonlyArray<StepIdentity>, step: StepIdentity, endsNow?: StepIdentity): boolean => {
  if (endsNow !== undefined && isSameStep(endsNow, step)) return true
  for (let i = ran.length - 1; i >= 0; i--) if (isSameStep(ran[i]!, step)) return true
  return false
}

/** What comes when this one has ended, too. */
export const nextAfter = (performance: Performance, step: StepIdentity): RunnableStep | undefined =>
  nextStep(performance.runnable.steps, performance.ran, performance.prepended, step)

/** The step of the definition that is known by this. */
export const findStep = (performance: Performance, step: StepIdentity): RunnableStep | undefined => {
  for (const candidate of performance.runnable.steps) if (isSameStep(candidate, step)) return candidate
  return undefined
}

/** Whether a step that comes last gives something else than the action's success: it has a schema of its own, or there is no success. */
export const isNoSuccess = ({ runnable }: Performance, step: RunnableStep | undefined): boolean =>
  step?.result !== undefined || codecOf(runnable.definition.success).isVoid

/** Whether callbacks may ask for what a step has given although it comes last: the action's success does not hold it, or is said by somebody outside. */
export const isForCallbacks = (performance: Performance, step: StepIdentity): boolean =>
  step.kind === "own" && performance.runnable.callbacks.length > 0 &&
  (performance.runnable.definition.outbound || isNoSuccess(performance, findStep(performance, step)))

/** The step that an action is in, as far as it is known. */
export const stepOf = ({ step, stepKind, stepName }: Performance): StepIdentity => ({
  kind: stepKind ?? "unnamed",
  name: stepName ?? String(step + 1)
})

/** The step to run: the one that was next, or the one after it if a deploy has removed or renamed that meanwhile. */
export const stepToRun = (performance: Performance): RunnableStep | undefined => {
  const begun = performance.stepName === undefined ? undefined : findStep(performance, stepOf(performance))
  return begun !== undefined && !hasRun(performance.ran, begun)
    ? begun
    : nextStep(performance.runnable.steps, performance.ran, performance.prepended)
}

/** Whether a row's bits say that there is something to undo. */
export const isUndone = (undo: number | undefined): boolean =>
  undo !== undefined && (undo & (Undo.compensate | Undo.compensateFailed | Undo.unwind)) !== 0

/** The action at a step, which may be another than the one that its row names. */
export const atStep = (performance: Performance, step: StepIdentity | undefined): Performance =>
  step === undefined || (performance.stepName === step.name && performance.stepKind === step.kind)
    ? performance
    : { ...performance, stepName: step.name, stepKind: step.kind }

/** The action at the step that runs next, if one does: what its row names a deploy may have taken away. */
export const atStepToRun = (performance: Performance): Performance =>
  performance.phase === "step" ? atStep(performance, stepToRun(performance)) : performance

export const actionOf = (performance: Performance): string => actionText(performance.runnable.key, performance.actorId)

export const fenceOf = ({ epoch, id, phase, step }: Performance): Fence => ({ action: id, step, phase, epoch })

export const idsOf = (performance: Performance) => ({
  action: performance.runnable.key,
  actorId: performance.actorId,
  actionId: performance.id
})

/** Whether it is at the body of an execution: what that fails with without an answer suspends it. */
export const isReplayed = ({ phase, stepKind }: Performance): boolean => phase === "step" && stepKind === "replayed"

/** Where an action's step is in its tree. */
export const placeAt = (performance: Performance, step: StepIdentity): string =>
  placeOf(
    actionOf(performance),
    isGenerated(step) ? undefined : step.kind === "compensation" ? `compensation of ${step.name}` : step.name
  )

/** Who runs user code of an action that is in hand. */
export const userCodeOf = (
  { actorId, attempt, id, ref, runnable, tracing }: Performance,
  kind: string,
  args: ReadonlyArray<unknown>,
  code: Pick<UserCode, "captured" | "step" | "callback" | "service" | "starter" | "ended">
): UserCode => ({
  captured: code.captured,
  runnable,
  ref,
  actorId,
  actionId: id,
  kind,
  step: code.step,
  callback: code.callback,
  service: code.service,
  starter: code.starter,
  ended: code.ended,
  args,
  attempt: code.callback === undefined ? attempt : 1,
  tracing
})
