/**
 * Where a definition goes on with an action that has begun, as `stepToRun` and `nextAfter` decide it, and what that leaves out: steps that it does
 * not have, and steps that it passes by.
 */
import { isSameStep, type StepIdentity } from "../../domain/Phase.ts"
import {
  findStep,
  hasRun,
  isPrepended,
  nextAfter,
  type Performance,
  stepOf,
  stepToRun
} from "../perform/Performance.ts"
import type { RunnableStep } from "../Runnable.ts"
import type { Problem } from "./Problem.ts"

/** What it goes on with, in words. */
const onwards = (next: RunnableStep | undefined): string =>
  next === undefined ? "no step comes after it: the action ends" : `the action goes on with the step ${next.name}`

export const stepProblems = (performance: Performance): ReadonlyArray<Problem> => {
  const { detail, outcome, phase, runnable, step } = performance
  // whose end is decided takes no further step
  if (outcome !== undefined) return []
  switch (phase) {
    case "step":
    case "held": {
      const next = stepToRun(performance)
      if (next === undefined) return [noStep(performance)]
      const named = stepOf(performance)
      return [
        // what comes after a job, or what was taken over, need not be named
        ...performance.stepName === undefined || isSameStep(named, next)
          ? []
          : [gone("nextStep", named.name, `the action goes on with the step ${next.name}`)],
        ...endedProblems(performance, next),
        ...passedBy(performance, next)
      ]
    }
    case "waiting": {
      const current = detail?.steps.find(({ index }) => index === step) ?? stepOf(performance)
      const next = nextAfter(performance, current)
      return [
        ...isThere(performance, current)
          ? []
          : [gone("nextStep", current.name, `when what it waits for has ended, ${onwards(next)}`)],
        ...endedProblems(performance, next),
        ...passedBy(performance, next, current)
      ]
    }
    case "job":
      return runnable.definition.job === undefined
        ? [{ kind: "job", means: "differs", problem: "its job has begun, or is to begin" }]
        : []
    default:
      return []
  }
}

const gone = (kind: "nextStep" | "endedStep", of: string, problem: string): Problem => ({
  kind,
  means: "differs",
  of,
  problem
})

const noStep = (performance: Performance): Problem => ({
  kind: "nextStep",
  means: "fails",
  of: performance.stepName,
  problem: "the definition has no step to go on with"
})

/** Of what others have prepended nothing is received: it may go. */
const isThere = (performance: Performance, step: StepIdentity): boolean =>
  isPrepended(step) || findStep(performance, step) !== undefined

const endedProblems = (performance: Performance, next: RunnableStep | undefined): ReadonlyArray<Problem> =>
  performance.ran.filter((step) => !isThere(performance, step)).map(({ name }) =>
    gone("endedStep", name, onwards(next))
  )

/** Steps of the definition before the one that comes next that have not run: nothing goes back to them. */
const passedBy = (
  { ran, runnable }: Performance,
  next: RunnableStep | undefined,
  current?: StepIdentity
): ReadonlyArray<Problem> => {
  const own = runnable.steps.filter((step) => !isPrepended(step))
  const before = next === undefined ? own : own.slice(0, Math.max(0, own.indexOf(next)))
  return before.filter((step) => !hasRun(ran, step, current)).map((step): Problem => ({
    kind: "skippedStep",
    means: "differs",
    of: step.name,
    problem: onwards(next)
  }))
}
