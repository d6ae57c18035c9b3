/** Where a new action goes on for one that has ended, and what that finds there (rule 18.1). */
import { stepNames } from "./SagaPlan.ts"
import { isLeft, type Run, type Step } from "./SagaRun.ts"

/** What never began is no link of the chain. */
export const originOf = (run: Run): Run => run.hasBegun || run.retryOf === null ? run : originOf(run.retryOf)

/** What goes on for it, of all that is known. */
export const goneOnFor = (run: Run, known: ReadonlyArray<Run>): Run | undefined =>
  known.find(({ hasBegun, retryOf }) => hasBegun && retryOf === run)

const latestOf = (run: Run, known: ReadonlyArray<Run>): Run => {
  const next = goneOnFor(run, known)
  return next === undefined ? run : latestOf(next, known)
}

/** How often what has undone this step counts, and what its body has done does not: it, or some of its children. */
const countOf = ({ undone }: Run, index: number): number =>
  undone.filter((row) => row.index === index && (row.isUnwinding || row.status === "succeeded")).length

/** How often which step was compensated, in it and those before it. */
export const compensatedIn = (run: Run): ReadonlyArray<number> => run.compensated.map((n, i) => n + countOf(run, i))

/** What was done once stays, but of what was compensated; of a step that has succeeded nobody keeps it. */
export const memosOf = (run: Run): Array<number | undefined> =>
  run.memos.map((memo, index) => run.steps[index]?.status === "succeeded" || countOf(run, index) > 0 ? undefined : memo)

/** What becomes of a child that a step has waited for: `asked`: only the body can ask for it again; `taken`: it is nobody's child. */
export type Becomes = "stays" | "taken" | "retried" | "asked"

const becomesOf = (step: Step, child: Run, known: ReadonlyArray<Run>): readonly [Becomes, Run] => {
  const isOwn = step.children.includes(child)
  const isWell = child.status === "succeeded"
  if (isWell && !(isOwn && child.isUnwound)) return ["stays", child]
  // an operator may have retried it by itself, or what it was to go on for
  const last = isOwn && !isWell ? latestOf(originOf(child), known) : child
  if (last !== child) {
    return last.status !== "succeeded" ? ["retried", last] : [last.isUnwound ? "asked" : "taken", last]
  }
  return [isOwn ? "retried" : "asked", child]
}

export interface GoesOn {
  readonly index: number
  /** Nothing of the step is taken over. */
  readonly isAfresh: boolean
  /** Its body has done what it was to do: it waits for what has not succeeded. */
  readonly waits: boolean
  /** By the number of the child. */
  readonly becomes: ReadonlyArray<readonly [becomes: Becomes, child: Run]>
  /** Nothing is known of that step: it has never begun, or all steps have succeeded. */
  readonly isNew: boolean
}

/** `from`: it begins at the latest with this step. */
export const goesOnAt = (run: Run, known: ReadonlyArray<Run>, from = Infinity): GoesOn => {
  const last = run.steps.at(-1)
  if (last === undefined) return { index: 0, isAfresh: false, waits: false, becomes: [], isNew: true }
  const undone = run.undone.filter(({ isUnwinding, status }) => isUnwinding || status === "succeeded")
  const next = last.index + (last.status === "succeeded" ? 1 : 0)
  const goesOn = Math.min(next, ...undone.map((row) => row.index))
  const index = Math.min(goesOn, from)
  const step = run.steps[index]
  const isAfresh = from < goesOn ||
    undone.some((row) => row.index === index && !row.isUnwinding && row.status === "succeeded")
  const slots = step === undefined || isAfresh ? undefined : step.slots
  const becomes = slots === undefined ? [] : slots.children.map((child) => becomesOf(step!, child, known))
  // a body that has asked for nothing has nothing to wait for, and one that was to run again does
  const isSomething = slots !== undefined &&
    slots.children.length + slots.dues.length + Number(slots.hasHeard === true) > 0
  const waits = isSomething && !step!.isBetween && slots.hasHeard !== false &&
    becomes.every(([word]) => word !== "asked")
  return { index, isAfresh, waits, becomes, isNew: step === undefined }
}

/** Of which of those that would go on what is not undone, by the name of the step, from where it would go on. */
export const notUndoneFrom = (
  asked: Run,
  known: ReadonlyArray<Run>,
  first?: number
): readonly [run: Run, step: string] | undefined => {
  const runs = [asked]
  for (const run of runs) {
    const { becomes, index, isNew, waits } = goesOnAt(run, known, run === asked ? first : undefined)
    // of one that has run all its steps the last one is the one that is meant
    const from = isNew ? index - 1 : index
    const left = run.left.find((one) => one.index >= from && (one.child === null || isLeft(one.child)))
    if (left !== undefined) return [run, stepNames[left.index]!]
    if (waits) runs.push(...becomes.flatMap(([word, child]) => word === "retried" ? [child] : []))
  }
  return undefined
}
