/** The executions that run in this process: what their activities and deferreds find them by. */
import type * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import type { WorkflowInstance } from "effect/workflow/WorkflowEngine"
import type { Replay } from "../Execution.ts"

/** What Effect's own code knows a run by. */
export type Instance = WorkflowInstance["Service"]

/** By the scope that they have in common with what they are copies of: Effect makes them for branches of a race, and for what records its end. */
const copies = new WeakMap<Instance["scope"], Set<Instance>>()

/** An instance with those of its copies that have asked for something: what is said of one is to be said of all. */
export const allOf = (instance: Instance): ReadonlyArray<Instance> => [
  instance,
  ...copies.get(instance.scope) ?? []
]

/** All that what a run does at its end may ask with. */
export const instancesOf = ({ instance, kept }: Run): ReadonlyArray<Instance> => [...kept, instance].flatMap(allOf)

/** One run of an execution's body. */
export interface Run {
  readonly replay: Replay
  readonly instance: Instance
  /** Those of its activities that run. */
  readonly activities: Set<Instance>
  /** What its activities await: they are not cut off by that, and wait for it all the same when they are suspended. */
  readonly awaitedByActivities: Map<string, number>
  /** Of earlier runs in this process what they have taken for the workflow's lifetime, the oldest first. */
  readonly kept: ReadonlyArray<Instance>
  /** Interrupts the body. */
  cut: Effect.Effect<void>
  /** It goes on elsewhere, or later: nothing ends here, and what the workflow does at its end is not done. */
  isAbandoned: boolean
  /** It was cut off since the execution is to be interrupted, which is for the next run to do. */
  isPreempted: boolean
  /** What its body comes to is decided: what the workflow does at its end is done, whatever comes meanwhile. */
  isEnding: boolean
  /** What it does at its end waits for something: the next run does what is left of that. */
  isParked: boolean
  /** Whoever still asks for something asks in vain. */
  isOver: boolean
  /** What makes it impossible to go on here: nothing that the body comes to counts then. */
  trouble: Cause.Cause<unknown> | undefined
  /** What its body has died of, and is no answer: it is tried again, or resumed, and nothing ends here. */
  unanswered: Cause.Cause<unknown> | undefined
  /** It awaits what it has sent itself meanwhile, which has woken nobody: where the run is suspended, it is to look once more. */
  hasMissed: boolean
  /** What only somebody's fix can change: where the run is suspended, it is until it is resumed. */
  failure: Cause.Cause<unknown> | undefined
}

export interface Runs {
  /** The one that began last of an execution, for who sends something to it. */
  readonly of: (workflow: string, execution: string) => Run | undefined
  /** Whose instance it is, a copy of it, which is remembered, or that of one of its activities. */
  readonly at: (instance: Instance) => Run | undefined
  /** Adds a run; answers how to take it out again. */
  readonly add: (workflow: string, run: Run) => () => void
  /** An instance that is a run's as well. */
  readonly adopt: (instance: Instance, run: Run) => void
}

/** What an execution is known by in this process: no two are the same, whatever is in their names. */
export const keyOf = (workflow: string, execution: string): string => `${workflow.length} ${workflow} ${execution}`

export const make = (): Runs => {
  // invariant: of an execution the run that began last is found, as long as it lasts
  const running = new Map<string, Run>()
  // by their scopes: copies of an instance have them in common, and another run of the same execution has another one
  const byScope = new WeakMap<object, { readonly run: Run; readonly instance: Instance }>()
  return {
    of: (workflow, execution) => running.get(keyOf(workflow, execution)),
    at: (asking) => {
      const known = byScope.get(asking.scope)
      if (known === undefined || known.run.isOver) return undefined
      if (known.instance !== asking) remember(asking)
      return known.run
    },
    adopt: (instance, run) => {
      byScope.set(instance.scope, { run, instance })
    },
    add: (workflow, run) => {
      const key = keyOf(workflow, run.instance.executionId)
      running.set(key, run)
      for (const instance of [...run.kept, run.instance]) byScope.set(instance.scope, { run, instance })
      return () => {
        run.isOver = true
        if (running.get(key) === run) running.delete(key)
      }
    }
  }
}

const remember = (copy: Instance): void => {
  const known = copies.get(copy.scope)
  if (known === undefined) copies.set(copy.scope, new Set([copy]))
  else known.add(copy)
}

/** Whether the body awaits a deferred, or one of its activities does. */
export const awaits = ({ awaitedByActivities, instance }: Run, deferred: string): boolean =>
  instance.awaitedDeferreds.has(deferred) || awaitedByActivities.has(deferred)

/** The body begins again where it awaits what has come; an activity of it is not cut off by that. */
export const preempt = (run: Run | undefined, deferred: string): Effect.Effect<void> =>
  Effect.suspend(() => {
    if (run === undefined || run.isEnding || !run.instance.awaitedDeferreds.has(deferred)) return Effect.void
    run.instance.suspended = true
    return run.cut
  })

/** It waits in the middle of what it does at its end, of which nothing more is done by this run; what earlier ones have left open stays so. */
export const park = (run: Run): void => {
  run.isParked = true
  for (const instance of allOf(run.instance)) instance.abandoned = true
}

/** Nothing of this run ends here, nor does what it has left open: said before anything is interrupted, so that finalizers know. */
export const abandon = (run: Run): void => {
  run.isAbandoned = true
  for (const instance of [...instancesOf(run), ...[...run.activities].flatMap(allOf)]) instance.abandoned = true
}

/** Cuts the run off, of which nothing ends here. */
export const cutOff = (run: Run): Effect.Effect<never> =>
  Effect.suspend(() => {
    abandon(run)
    return Effect.andThen(run.cut, Effect.interrupt)
  })

/** The database, or somebody who has taken over, keeps the run from going on: it is cut off, and tried again. */
export const abandonFor = (run: Run, cause: Cause.Cause<unknown>): Effect.Effect<never> =>
  Effect.suspend(() => {
    run.trouble ??= cause
    return cutOff(run)
  })
