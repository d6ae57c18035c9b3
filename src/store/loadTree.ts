/** An action with all that is below it, as readers see it. */
import * as Effect from "effect/Effect"
import type { ActionRecord, ActionTree, SlotRecord, StepRecord } from "../ActionRecord.ts"
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

/** Level by level: a statement for the actions of a level, one for their steps, one for their slots. */
export const loadTree = (store: Pick<Records, "actionsOf" | "stepsOf" | "slotsOf">, id: string, limit: number) =>
  Effect.gen(function*() {
    const actions = new Map<string, ActionRecord>()
    const steps: Array<StepRecord> = []
    const slots: Array<SlotRecord> = []
    let level: ReadonlyArray<string> = [id]
    while (level.length > 0 && actions.size < limit) {
      const ids = level.slice(0, limit - actions.size)
      for (const action of yield* store.actionsOf(ids)) actions.set(action.id, action)
      steps.push(...yield* store.stepsOf(ids))
      const found = yield* store.slotsOf(ids)
      slots.push(...found)
      const children = found.flatMap(({ child }) => child === undefined || actions.has(child) ? [] : [child])
      level = [...new Set(children)]
    }
    return treeOf(actions, byAction(steps), byAction(slots))(id)
  })

const treeOf = (
  actions: ReadonlyMap<string, ActionRecord>,
  steps: ReadonlyMap<string, ReadonlyArray<StepRecord>>,
  slots: ReadonlyMap<string, ReadonlyArray<SlotRecord>>
) => {
  const trees = new Map<string, ActionTree>()
  // what several slots wait for is built once; nobody waits, by however many of them, for himself
  const build = (id: string): ActionTree | undefined => {
    const action = actions.get(id)
    const built = trees.get(id)
    if (action === undefined || built !== undefined) return built
    const tree: ActionTree = {
      action,
      steps: (steps.get(id) ?? []).map((step) => ({
        ...step,
        slots: (slots.get(id) ?? []).filter((slot) => slot.step === step.index).map((slot) => ({
          ...slot,
          tree: slot.child === undefined ? undefined : build(slot.child)
        }))
      }))
    }
    trees.set(id, tree)
    return tree
  }
  return build
}
