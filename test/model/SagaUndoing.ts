/** What undoes a saga, when it ends, and once more where an operator asks for that (rules 10 and 18.2). */
import { optionsOf, stepNames, timesAt, undoRetries } from "./SagaPlan.ts"
import { isLeft, type Left, type Run, type SagaRow, type Step } from "./SagaRun.ts"

/** Undoes what there is to undo, once its open step is closed. Somebody may give that up, from when it is decided how it ends. */
export const unwind = (run: Run, fixedAt: number, closedAt: number, abandonAt: number): void => {
  const isLeft = abandonAt > fixedAt && abandonAt < closedAt
  if (isLeft) run.steps.at(-1)!.status = "cancelled"
  const beginAt = isLeft ? abandonAt : closedAt
  run.endAt = beginAt
  if (run.saga.kind !== "keeps" || isLeft) undo(run, beginAt, abandonAt > fixedAt ? abandonAt : Infinity)
  else {
    for (const { index, status } of run.steps.toReversed()) {
      if (status !== "succeeded" && !optionsOf(run.saga.kind, index).compensatesFailed) {
        run.uncertain.push(stepNames[index]!)
      }
    }
  }
}

/** Undoes what there is to undo and is not undone; also once more, when all of it is over. */
export const undo = (run: Run, beginAt: number, abandonAt: number): void => {
  const { level, saga } = run
  const times = timesAt(level)
  // what a child could not undo is not this one's to undo
  const leftOver: Array<Left> = run.left.filter(({ child }) => child !== null)
  let at = beginAt
  // of the one it is known beforehand, the other one comes
  let overAt = Infinity
  let limitAt = abandonAt
  let isStopped = false
  let isBegun = false
  for (const step of run.steps.toReversed()) {
    const { index, status } = step
    const name = stepNames[index]!
    const isDone = status === "succeeded"
    const options = optionsOf(saga.kind, index)
    if (isDone && options.isPoint) break
    if (!isBegun && saga.kind === "timed") {
      overAt = at + times.undoLimit
      limitAt = Math.min(limitAt, overAt)
    }
    isBegun = true
    if (options.unwinds && !step.areUnwound && !isStopped) {
      if (at >= limitAt) isStopped = true
      else {
        const from = at
        const endAt = Math.max(at, ...step.children.map((child) => unwindChild(child, from)))
        const left = endAt < limitAt ? step.children.filter((child) => child.isUnwound && child.left.length > 0) : []
        const hasFailed = endAt >= limitAt || left.length > 0
        run.undone.push({ name, index, isUnwinding: true, status: hasFailed ? "failed" : "succeeded" })
        at = Math.min(endAt, limitAt)
        step.areUnwound = endAt < limitAt
        leftOver.push(...left.map((child) => ({ index, child })))
        isStopped = endAt >= limitAt || (left.length > 0 && saga.kind === "stop")
      }
    }
    if (!isDone && !options.compensatesFailed) {
      if (!run.uncertain.includes(name)) run.uncertain.push(name)
      continue
    }
    if (step.isUndone) continue
    if (isStopped) {
      leftOver.push({ index, child: null })
      continue
    }
    const ended = compensate(run, step, at, limitAt, overAt)
    at = ended.at
    if (ended.status !== undefined) run.undone.push({ name, index, isUnwinding: false, status: ended.status })
    step.isUndone = ended.status === "succeeded"
    if (step.isUndone) continue
    leftOver.push({ index, child: null })
    isStopped ||= at >= limitAt || saga.kind === "stop"
  }
  run.left = leftOver
  run.endAt = Math.min(at, abandonAt)
}

/** Of a child of a step whose children are unwound, when it is. */
const unwindChild = (child: Run, at: number): number => {
  const isPast = child.steps.some(({ index, status }) =>
    status === "succeeded" && optionsOf(child.saga.kind, index).isPoint
  )
  if (child.status !== "succeeded" || isPast || child.isUnwound) return child.endAt
  child.isUnwound = true
  undo(child, at, Infinity)
  return child.endAt
}

const compensate = (
  run: Run,
  step: Step,
  beginAt: number,
  limitAt: number,
  overAt: number
): { readonly at: number; readonly status?: SagaRow["status"] } => {
  const { fails, waits } = run.saga.steps[step.index]!.undo
  const name = stepNames[step.index]!
  const verb = step.status === "succeeded" ? "undoes" : "mends"
  let at = beginAt
  for (let attempt = 1; at < limitAt; attempt++) {
    run.log.push({ at, text: `${verb} ${name} ${attempt}`, step: name, undoes: true })
    if (++step.tries > fails) {
      const endAt = at + Math.max(0, ...waits)
      return endAt < limitAt ? { at: endAt, status: "succeeded" } : { at: limitAt, status: "failed" }
    }
    const again = at + timesAt(run.level).undoRetry
    // what would begin too late does not
    if (attempt > undoRetries || again >= overAt) return { at, status: "failed" }
    at = again
  }
  return { at: limitAt, status: "failed" }
}

/** Of its own. */
export const notUndoneOf = ({ left }: Run): ReadonlyArray<string> =>
  left.flatMap(({ child, index }) => child === null ? [stepNames[index]!] : [])

/** What undoes an action that is over is run again, of its own steps those that are not undone. */
export const undoAgain = (run: Run, at: number): string => {
  const steps = notUndoneOf(run)
  if (steps.length > 0) {
    undo(run, at, Infinity)
    return `again ${steps.join()}`
  }
  return isLeft(run) ? "child" : "nothing"
}
