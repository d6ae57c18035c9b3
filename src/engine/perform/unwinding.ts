/**
 * What undoes an action's steps once it is decided that it does not succeed (rule 10), as far as that is known from its rows: which compensation
 * comes next, what is uncertain, and what is committed between one and the next. Pure, as `decide`, which it is a part of.
 */
import { type FailureCause, type Kept, type NotUndone } from "../../domain/Failure.ts"
import { Flag, type StepIdentity, Undo, Undoable } from "../../domain/Phase.ts"
import type { StoredStep } from "../../store/Answer.ts"
import type { EndedBody, StoredOutcome, Unwinds } from "../../store/Conclusion.ts"
import { isGenerated, type RunnableStep, undoOf } from "../Runnable.ts"
import { actionOf, atStep, fenceOf, findStep, firstAttempt, isUndone, type Performance, stepOf } from "./Performance.ts"

/** What a compensation undoes. */
export interface Undoing {
  /** Its name. */
  readonly name: string
  /** The step; none where the action is undone as a whole. */
  readonly row: StoredStep | undefined
  /** Its children are unwound. */
  readonly children: boolean
}

/** What is left to undo. */
export interface Plan {
  readonly next: Undoing | undefined
  /** The next one, and what comes after it. */
  readonly all: ReadonlyArray<Undoing>
  /** Names of steps that have begun and not succeeded, without anything to undo that. */
  readonly uncertain: ReadonlyArray<string>
}

/** Whether how the action ends is decided, and it is not in its callbacks: what happens to it happens to what undoes it. */
export const isUnwinding = ({ outcome, phase }: Performance): boolean => outcome !== undefined && phase !== "callbacks"

/** When the time is over in which its steps are undone, in ms of user time, if it has a limit. */
export const undoneUntil = (performance: Performance): number | undefined =>
  performance.stepKind === "compensation" && isUnwinding(performance) ? performance.timeoutAt : undefined

/** Of a step that the store has closed while nothing of it was stored the row says nothing: what the definition has, counts. */
const undoOfRow = (performance: Performance, row: StoredStep): number => {
  if (row.undo !== undefined || row.status !== "cancelled") return row.undo ?? 0
  const step = findStep(performance, row)
  const undo = undoOf(step?.policy) ?? 0
  return step?.transactional === true && row.stays !== true ? undo & ~Undo.compensate : undo
}

/** What is undone already, has failed for good, or is not tried any more (`left`): steps (none: the action as a whole), and steps whose children were unwound. */
const overOf = (
  steps: ReadonlyArray<StoredStep>,
  cause: FailureCause | null,
  left: ReadonlySet<number | undefined>
) => {
  const undone = new Set(left)
  const unwound = new Set(left)
  const told = new Set<number | undefined>()
  for (const { child, index } of cause?.notUndone ?? []) {
    told.add(index)
    if (child === undefined) undone.add(index)
  }
  for (const { kind, status, undo, undoes } of steps) {
    if (kind !== "compensation" || status === "performing") continue
    // where nothing is told of it any more, it was given up before, and begins again
    if (undo === Undo.unwind && (status === "succeeded" || told.has(undoes))) unwound.add(undoes)
    else if (status === "succeeded") undone.add(undoes)
  }
  return { undone, unwound }
}

/** Whether somebody outside, or a job, was to perform the action, who may have done what would be undone. */
const isLeftOutside = ({ runnable: { definition }, unwinds }: Performance, steps: ReadonlyArray<StoredStep>): boolean =>
  unwinds === undefined && definition.outbound && definition.compensate !== undefined &&
  steps.some(({ kind, status, undo }) =>
    kind !== "compensation" && kind !== "prepended" && status !== "skipped" && undo !== 0
  )

/**
 * The action as a whole first, where it has ended well; then, of the steps that have run, the last one first, down to a point of no return, each after
 * its children.
 */
const planOf = (
  performance: Performance,
  steps: ReadonlyArray<StoredStep>,
  cause: FailureCause | null,
  left: ReadonlySet<number | undefined> = new Set()
): Plan => {
  const { undone, unwound } = overOf(steps, cause, left)
  const uncertain: Array<string> = []
  const { name } = performance.runnable.definition
  const isWhole = ((performance.unwinds ?? 0) & Undoable.whole) !== 0
  if (isLeftOutside(performance, steps)) uncertain.push(name)
  const all: Array<Undoing> = isWhole && !undone.has(undefined) ? [{ name, row: undefined, children: false }] : []
  for (const row of steps.toSorted((a, b) => b.index - a.index)) {
    // the method of what is undone as a whole is undone with it
    if (row.kind === "compensation" || row.status === "skipped" || (isWhole && isGenerated(row))) continue
    const undo = undoOfRow(performance, row)
    const isDone = row.status === "succeeded"
    if (isDone && (undo & Undo.pointOfNoReturn) !== 0) break
    if ((undo & Undo.unwind) !== 0 && !unwound.has(row.index)) all.push({ name: row.name, row, children: true })
    if ((undo & (isDone ? Undo.compensate : Undo.compensateFailed)) !== 0) {
      if (!undone.has(row.index)) all.push({ name: row.name, row, children: false })
    } else if (!isDone && (undo & Undo.compensate) !== 0) uncertain.push(row.name)
  }
  return { next: all[0], all, uncertain }
}

/** What is left to undo of an action whose rows are loaded. */
export const planFor = (performance: Performance): Plan =>
  performance.verdict?._tag === "ends"
    ? { next: undefined, all: [], uncertain: [] }
    : planOf(performance, performance.detail?.steps ?? [], performance.outcome?.cause ?? null)

/** Whether whoever ends the action waits for the end of the body of the step that it is in. */
export const isShielded = (performance: Performance): boolean =>
  (performance.runnable.flags & Flag.shields) !== 0 && performance.stepName !== undefined &&
  (performance.phase === "step" || performance.phase === "closing") &&
  findStep(performance, stepOf(performance))?.policy?.shielded === true

/** What is being undone, as the compensation's row has it that has waited, or the one that comes next is to have it. */
export const undoneNow = (performance: Performance): Pick<EndedBody, "undo" | "undoes"> | undefined => {
  const row = performance.detail?.steps.find(({ index }) => index === performance.step)
  if (row !== undefined) return { undo: row.undo, undoes: row.undoes }
  const { next } = planFor(performance)
  return next && { undo: next.children ? Undo.unwind : undefined, undoes: next.row?.index }
}

/** The action at the compensation that comes next, which its own row need not name. */
export const atCompensation = (performance: Performance): Performance => {
  const next = performance.phase === "unwinding" ? planFor(performance).next : undefined
  return next === undefined ? performance : atStep(performance, { kind: "compensation", name: next.name })
}

/** What undoes a step, or the action as a whole, as the definition has it: a step, too. None where it has it no longer. */
export const compensationFor = (performance: Performance, row: StoredStep | undefined): RunnableStep | undefined => {
  const { context, definition, key } = performance.runnable
  const step = row === undefined
    ? { name: definition.name, of: key, body: { context }, policy: definition }
    : findStep(performance, row)
  const isDone = row === undefined || row.status === "succeeded"
  const compensation = isDone ? step?.policy?.compensate : findStep(performance, row)?.policy?.compensateFailed
  if (step === undefined || compensation === undefined) return undefined
  const { retry, run, timeout, transactional } = compensation
  return {
    of: step.of,
    name: step.name,
    kind: "compensation",
    transactional,
    result: undefined,
    policy: { when: undefined, mayFail: false, retry, timeout },
    body: { run, context: step.body.context }
  }
}

/** The step that runs or waits, as the definition has it. */
export const stepUnderWay = (performance: Performance): RunnableStep | undefined => {
  if (performance.stepKind !== "compensation") return findStep(performance, stepOf(performance))
  const undone = undoneNow(performance)
  // children are unwound by no code of their parent's
  if (undone === undefined || undone.undo === Undo.unwind) return undefined
  const row = performance.detail?.steps.find(({ index }) => index === undone.undoes)
  return undone.undoes !== undefined && row === undefined ? undefined : compensationFor(performance, row)
}

/** What a row says about undoing its step, and a compensation's about what it undoes. Of what was taken back nothing is uncertain. */
export const undoing = (performance: Performance, takenBack: boolean): Pick<EndedBody, "undo" | "undoes"> => {
  if ((performance.runnable.flags & Flag.compensates) === 0 && performance.outcome === undefined) return {}
  if (performance.stepKind === "compensation") return undoneNow(performance) ?? {}
  const undo = undoOf(findStep(performance, stepOf(performance))?.policy)
  return { undo: takenBack ? (undo ?? 0) & ~Undo.compensate : undo }
}

/** Whether its bodies commit what they do with the step's end. */
export const isTransactional = (performance: Performance): boolean =>
  findStep(performance, stepOf(performance))?.transactional === true

/** Whether a step has failed whose body had ended well: what that has done is committed. */
export const isMarked = ({ kind }: FailureCause): boolean => kind === "marked"

/** Whether a step that does not succeed has left nothing in the database: it is transactional, and no attempt of it has committed. */
export const isTakenBack = (performance: Performance): boolean =>
  performance.phase !== "waiting" && performance.attempted?.stays !== true && isTransactional(performance)

/** Whether something is to be undone of an action that does not succeed. What a job's steps have done before it is not known while that runs. */
export const isToUnwind = (
  { isToUndo, phase, runnable }: Performance,
  ended: EndedBody | undefined,
  { status }: StoredOutcome
): boolean =>
  status !== "succeeded" &&
  (isToUndo || isUndone(ended?.undo) || runnable.definition.compensate !== undefined ||
    (phase === "job" && runnable.steps.some(({ policy }) => isUndone(undoOf(policy)))))

/** Its outcome is fixed, now or before: it goes on with what its rows say, which are loaded for that. */
export const beginUnwinding = (
  performance: Performance,
  ended: EndedBody | undefined,
  outcome: StoredOutcome | undefined,
  replaced: { readonly encoded: unknown } | undefined
): { readonly conclusion: Unwinds; readonly next: Performance } => ({
  conclusion: {
    _tag: "Unwinds",
    fence: fenceOf(performance),
    arguments: replaced,
    ended,
    outcome,
    next: undefined,
    freshAttempts: performance.attempts > 0
  },
  next: {
    ...performance,
    phase: "unwinding",
    step: performance.step + (ended === undefined ? 0 : 1),
    stepName: undefined,
    stepKind: undefined,
    attempts: 0,
    ...firstAttempt,
    failure: undefined,
    encoded: replaced === undefined ? performance.encoded : replaced.encoded,
    outcome,
    results: {},
    detail: undefined,
    received: 0,
    apart: true
  }
})

/** The rows with that of what has ended just now. */
const rowsWith = ({ detail, step }: Performance, ended: EndedBody): ReadonlyArray<StoredStep> => {
  const steps = detail?.steps ?? []
  const { kind, name, result, status, undo, undoes } = ended
  const before = steps.find(({ index }) => index === step)
  const row: StoredStep = before === undefined
    ? { index: step, name, kind, status, marked: false, result, undo, undoes }
    : { ...before, status, result: result ?? before.result }
  return [...steps.filter(({ index }) => index !== step), row]
}

/** What has not been undone, as the cause of an outcome says it. */
export type Left = Pick<FailureCause, "notUndone" | "kept" | "uncertain">

/** With what was not undone, beside what that says already. One that has ended well has no cause before. */
export const withLeft = (performance: Performance, outcome: StoredOutcome, left: Left): StoredOutcome => {
  const cause: FailureCause = outcome.cause ??
    { kind: "failure", path: actionOf(performance), message: outcome.status }
  const both = <A>(before: ReadonlyArray<A> = [], more: ReadonlyArray<A> = []) => [...before, ...more]
  const notUndone: ReadonlyArray<NotUndone> = both(cause.notUndone, left.notUndone)
  const kept: ReadonlyArray<Kept> = both(cause.kept, left.kept)
  const uncertain: ReadonlyArray<string> = both(cause.uncertain, left.uncertain)
  return notUndone.length + kept.length + uncertain.length === 0 ? outcome : {
    ...outcome,
    cause: {
      ...cause,
      ...notUndone.length === 0 ? {} : { notUndone },
      ...kept.length === 0 ? {} : { kept },
      ...uncertain.length === 0 ? {} : { uncertain }
    }
  }
}

/** With all that is left to undo, which nobody tries any more. */
export const givenUp = (
  performance: Performance,
  ended: EndedBody | undefined,
  outcome: StoredOutcome,
  message: string
): StoredOutcome => {
  const steps = ended === undefined ? performance.detail?.steps ?? [] : rowsWith(performance, ended)
  const left = new Set<number | undefined>()
  let given = outcome
  for (;;) {
    const plan = planOf(performance, steps, given.cause, left)
    if (plan.next === undefined) return outcomeAfter(performance, given, plan)
    const { name, row } = plan.next
    left.add(row?.index)
    const entry = { step: name, ...row === undefined ? {} : { index: row.index }, message }
    given = withLeft(performance, given, { notUndone: [entry] })
  }
}

/** Whether something is to be stored before the first step is undone: that the action was asked about it, or until when. */
const isPrepared = ({ runnable, unwinds }: Performance): boolean => {
  const { timeout, when } = runnable.definition.undoing ?? {}
  return (when !== undefined && unwinds === undefined) || timeout !== undefined
}

/** Whether its action is still to be asked whether its steps are undone, and its time to be stored. */
export const isToBegin = (performance: Performance): boolean =>
  performance.stepKind !== "compensation" && isPrepared(performance)

/** The action has been asked, and its time begins; from then on its row names what is undone. */
export const beginUndoing = (performance: Performance, until: number | undefined): {
  readonly conclusion: Unwinds
  readonly next: Performance
} => {
  const { next } = planFor(performance)
  const step: StepIdentity = { name: next?.name ?? "nothing", kind: "compensation" }
  return {
    conclusion: {
      _tag: "Unwinds",
      fence: fenceOf(performance),
      ended: undefined,
      outcome: undefined,
      next: step,
      until,
      freshAttempts: performance.attempts > 0
    },
    next: {
      ...performance,
      stepName: step.name,
      stepKind: step.kind,
      attempts: 0,
      failure: undefined,
      timeoutAt: until
    }
  }
}

/** How the action ends when nothing is left to undo. */
export const outcomeAfter = (performance: Performance, outcome: StoredOutcome, { uncertain }: Plan): StoredOutcome => {
  // when it is undone again it says so already
  const said = outcome.cause?.uncertain ?? []
  return withLeft(performance, outcome, { uncertain: uncertain.filter((name) => !said.includes(name)) })
}

/** What has ended while the action unwinds, and what comes next: another compensation, or nothing more (`over`): the action's outcome. */
export const unwindOn = (
  performance: Performance,
  ended: EndedBody,
  { outcome, replaced }: {
    readonly outcome?: StoredOutcome | undefined
    readonly replaced?: { readonly encoded: unknown } | undefined
  }
): { readonly conclusion: Unwinds; readonly next: Performance } | { readonly over: StoredOutcome } => {
  const decided = outcome ?? performance.outcome!
  const steps = rowsWith(performance, ended)
  const plan = planOf(performance, steps, decided.cause)
  if (plan.next === undefined) return { over: outcomeAfter(performance, decided, plan) }
  // the first one may be asked about
  const next: StepIdentity | undefined = ended.kind !== "compensation" && isPrepared(performance)
    ? undefined
    : { name: plan.next.name, kind: "compensation" }
  return {
    conclusion: {
      _tag: "Unwinds",
      fence: fenceOf(performance),
      arguments: replaced,
      ended,
      outcome,
      next,
      freshAttempts: performance.attempts > 0
    },
    next: {
      ...performance,
      phase: "unwinding",
      step: performance.step + 1,
      stepName: next?.name,
      stepKind: next?.kind,
      attempts: 0,
      ...firstAttempt,
      failure: undefined,
      encoded: replaced === undefined ? performance.encoded : replaced.encoded,
      outcome: decided,
      // what waited came without the results that others have to be undone with
      apart: performance.phase === "waiting",
      detail: performance.phase === "waiting" ? undefined : performance.detail && { ...performance.detail, steps }
    }
  }
}
