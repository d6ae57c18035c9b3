/** An action with all that is below it, as readers see it. */
import * as Effect from "effect/Effect"
import type { ActionRecord, ActionTree, SlotRecord, StepRecord } from "../ActionRecord.ts"
import type { ExecutionRecord } from "../ExecutionRecord.ts"
import type { StorageError } from "../SteppedError.ts"
import type { Records } from "./Records.ts"

const byAction = <A extends { readonly action: string }>(records: ReadonlyArray<A>) => {
  const groups = new Map<string, Array<A>>()
  for (const record of records) {
    const group = groups.get(record.action)
    if (group === undefined) groups.set(record.action, [record])
    else group.push(record)
  }
  return groups
}

/** Of those actions that are executions of workflows, which their steps say, what has become of them. */
const loadExecutions = (
  store: Pick<Records, "executionsOf">,
  actions: ReadonlyArray<ActionRecord>,
  steps: ReadonlyArray<StepRecord>
): Effect.Effect<ReadonlyArray<ExecutionRecord>, StorageError> => {
  const replayed = new Set(steps.flatMap(({ action, kind }) => kind === "replayed" ? [action] : []))
  return replayed.size === 0
    ? Effect.succeed([])
    : store.executionsOf(actions.filter(({ id }) => replayed.has(id)))
}

/** What has become of one, if it is an execution of a workflow that has begun. */
export const loadExecution = (store: Pick<Records, "actionsOf" | "stepsOf" | "executionsOf">, id: string) =>
  Effect.gen(function*() {
    const actions = yield* store.actionsOf([id])
    const [execution] = yield* loadExecutions(store, actions, yield* store.stepsOf([id]))
    return execution
  })

/**
 * Level by level: a statement for the actions of a level, one for their steps, one for their slots; where there are executions of workflows among
 * them, one for these.
 */
export const loadTree = (
  store: Pick<Records, "actionsOf" | "stepsOf" | "slotsOf" | "executionsOf">,
  id: string,
  limit: number
) =>
  Effect.gen(function*() {
    const actions = new Map<string, ActionRecord>()
    const steps: Array<StepRecord> = []
    const slots: Array<SlotRecord> = []
    const executions = new Map<string, ExecutionRecord>()
    let level: ReadonlyArray<string> = [id]
    while (level.length > 0 && actions.size < limit) {
      const ids = level.slice(0, limit - actions.size)
      const read = yield* store.actionsOf(ids)
      for (const action of read) actions.set(action.id, action)
      const begun = yield* store.stepsOf(ids)
      steps.push(...begun)
      const found = yield* store.slotsOf(ids)
      slots.push(...found)
      const executed = yield* loadExecutions(store, read, begun)
      for (const execution of executed) executions.set(execution.action, execution)
      const children = [
        ...found.flatMap(({ child }) => child ?? []),
        ...executed.flatMap((execution) => execution.children.map((child) => child.id))
      ]
      level = [...new Set(children)].filter((child) => !actions.has(child))
    }
    return treeOf(actions, byAction(steps), byAction(slots), executions)(id)
  })

const treeOf = (
  actions: ReadonlyMap<string, ActionRecord>,
  steps: ReadonlyMap<string, ReadonlyArray<StepRecord>>,
  slots: ReadonlyMap<string, ReadonlyArray<SlotRecord>>,
  executions: ReadonlyMap<string, ExecutionRecord>
) => {
  const trees = new Map<string, ActionTree | undefined>()
  // what several slots wait for is built once; no action waits, by however many of them, for itself, but executions may: within itself it has no tree
  const build = (id: string): ActionTree | undefined => {
    const action = actions.get(id)
    if (action === undefined || trees.has(id)) return trees.get(id)
    trees.set(id, undefined)
    const execution = executions.get(id)
    const tree: ActionTree = {
      action,
      steps: (steps.get(id) ?? []).map((step) => ({
        ...step,
        slots: (slots.get(id) ?? []).filter((slot) => slot.step === step.index).map((slot) => ({
          ...slot,
          tree: slot.child === undefined ? undefined : build(slot.child)
        }))
      })),
      ...execution === undefined ? {} : {
        execution: {
          ...execution,
          children: execution.children.map((child) => ({ ...child, tree: build(child.id) }))
        }
      }
    }
    trees.set(id, tree)
    return tree
  }
  return build
}
