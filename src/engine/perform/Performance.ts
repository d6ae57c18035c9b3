/**
 * One action in this worker's hands, as it is stored: a value. What a commit is to change becomes a new one, which is in hand after that
 * commit; what loading adds becomes a new one too.
 */
import * as Effect from "effect/Effect"
import { type ActorRef, type AnyActorClass, decodeActorId } from "../../Actor.ts"
import { argumentsCodec } from "../../domain/Codec.ts"
import { actionText, placeOf } from "../../domain/Failure.ts"
import { isSameStep, type Phase, type StepIdentity, type StepKind } from "../../domain/Phase.ts"
import type { Continued, Detail, Started } from "../../store/Answer.ts"
import type { StoredOutcome } from "../../store/Conclusion.ts"
import { travelling } from "../../store/weight.ts"
import { isGenerated, type Runnable, type RunnableStep } from "../Registry.ts"
import type { UserCode } from "../userCode.ts"

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
  /** The step that is next, or was begun; unknown while the action is apart. */
  readonly stepName: string | undefined
  readonly stepKind: StepKind | undefined
  readonly stepStartedAt: number
  /** The steps that have run, in order. */
  readonly ran: ReadonlyArray<StepIdentity>
  /** Names of the prepended steps that the action started with, in their order. */
  readonly prepended: ReadonlyArray<string>
  readonly encoded: unknown
  /** Results of the steps that have run here, by name; the others are still in the detail. */
  readonly results: Readonly<Record<string, unknown>>
  readonly outcome: StoredOutcome | undefined
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
  const performance: Performance = {
    id: work.action,
    runnable,
    actorId: work.actorId,
    ref,
    depth: work.depth,
    attempts: work.attempts,
    phase: starts ? "step" : work.phase,
    step: starts ? 0 : work.step,
    stepName: apart ? undefined : first?.name,
    stepKind: apart ? undefined : first?.kind,
    stepStartedAt: now,
    ran: [],
    prepended: runnable.prepended,
    encoded: work.arguments,
    results: {},
    outcome: undefined,
    callbacks: noCallbacks,
    detail: undefined,
    apart,
    timeoutAt: starts ? work.timeoutAt : undefined,
    received: 0
  }
  return work._tag === "Continued" && work.detail !== undefined
    ? withDetail(performance, work.detail, now)
    : performance
}

const noCallbacks: ReadonlyMap<string, boolean> = new Map()

/** With what a continued action had come to. */
export const withDetail = (performance: Performance, detail: Detail, now: number): Performance => ({
  ...performance,
  stepName: detail.stepName,
  stepKind: detail.stepKind,
  stepStartedAt: detail.stepStartedAt ?? now,
  timeoutAt: detail.timeoutAt,
  ran: detail.steps.filter(({ index }) => index < performance.step).map(({ kind, name }) => ({ kind, name })),
  prepended: detail.prepended,
  outcome: detail.outcome,
  callbacks: new Map(detail.callbacks),
  detail,
  received: travelling
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
 * yet run after the last one that ran and still exists.
 */
export const nextStep = (
  steps: ReadonlyArray<RunnableStep>,
  ran: ReadonlyArray<StepIdentity>,
  prepended: ReadonlyArray<string>
): RunnableStep | undefined => {
  // in the order of this process or in another one: each comes once, and none after a step of the definition
  for (const name of prepended.length > 0 && ran.every(isPrepended) ? prepended : []) {
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
export const nextAfter = (performance: Performance, step: StepIdentity): RunnableStep | undefined =>
  nextStep(performance.runnable.steps, [...performance.ran, step], performance.prepended)

/** The step of the definition that is known by this. */
export const findStep = (performance: Performance, step: StepIdentity): RunnableStep | undefined =>
  performance.runnable.steps.find((candidate) => isSameStep(candidate, step))

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

/** The action at a step, which may be another than the one that its row names. */
export const atStep = (performance: Performance, step: StepIdentity | undefined): Performance =>
  step === undefined || (performance.stepName === step.name && performance.stepKind === step.kind)
    ? performance
    : { ...performance, stepName: step.name, stepKind: step.kind }

/** The action at the step that runs next, if one does: what its row names a deploy may have taken away. */
export const atStepToRun = (performance: Performance): Performance =>
  performance.phase === "step" ? atStep(performance, stepToRun(performance)) : performance

export const actionOf = (performance: Performance): string => actionText(performance.runnable.key, performance.actorId)

export const fenceOf = (performance: Performance) => ({
  action: performance.id,
  step: performance.step,
  phase: performance.phase
})

export const idsOf = (performance: Performance) => ({
  action: performance.runnable.key,
  actorId: performance.actorId,
  actionId: performance.id
})

/** Where an action's step is in its tree. */
export const placeAt = (performance: Performance, step: StepIdentity): string =>
  placeOf(actionOf(performance), isGenerated(step) ? undefined : step.name)

/** Who runs user code of an action that is in hand. */
export const userCodeOf = (
  { actorId, id, ref, runnable }: Performance,
  kind: string,
  code: Pick<UserCode, "captured" | "step" | "callback" | "service" | "ended">
): UserCode => ({ ...code, kind, runnable, ref, actorId, actionId: id })
