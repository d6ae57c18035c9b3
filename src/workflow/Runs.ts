/** The executions that run in this process: what their activities and deferreds find them by. */
import type * as Cause from "effect/Cause"
import type * as Effect from "effect/Effect"
import type { WorkflowInstance } from "effect/workflow/WorkflowEngine"
import type { Replay } from "../Execution.ts"

/** One run of an execution's body. */
export interface Run {
  readonly replay: Replay
  readonly instance: WorkflowInstance["Service"]
  /** Interrupts the body. */
  cut: Effect.Effect<void>
  /** What makes it impossible to go on here: nothing that the body comes to counts then. */
  trouble: Cause.Cause<unknown> | undefined
}

export interface Runs {
  readonly of: (workflow: string, execution: string) => Run | undefined
  /** Adds a run; answers how to take it out again. */
  readonly add: (workflow: string, run: Run) => () => void
}

const keyOf = (workflow: string, execution: string): string => `${workflow.length} ${workflow} ${execution}`

export const make = (): Runs => {
  // invariant: of an execution the run that began last is found, as long as it lasts
  const running = new Map<string, Run>()
  return {
    of: (workflow, execution) => running.get(keyOf(workflow, execution)),
    add: (workflow, run) => {
      const key = keyOf(workflow, run.instance.executionId)
      running.set(key, run)
      return () => {
        if (running.get(key) === run) running.delete(key)
      }
    }
  }
}
