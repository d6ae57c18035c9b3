/**
 * Trees for every group of rules, small and so that their outcome does not hang on who is faster.
 */
import { child, failing, invoke, type Op, plan, step, wait } from "../model/Model.ts"
import { planned } from "./Planned.ts"
import type { Tree } from "./Trial.ts"

const rest: Op = { _tag: "Perform" }
const advance = (seconds: number): Op => ({ _tag: "Advance", seconds })
const cancel = (handle: number): Op => ({ _tag: "Cancel", handle })

/** Two steps, of which the second is transactional. */
const number = { success: "number" } as const
const all = { callbacks: "all" } as const
const some = { callbacks: "some" } as const

const leaf = plan()
const drive = plan({ lane: "road" })
const held = plan({ lane: "road", outside: "succeeded" })

export const canonical: ReadonlyArray<Tree> = [
  // 3 steps
  planned("3.1: a method", [invoke(plan({ shape: { steps: 0, ...number } }))]),
  planned("3.1: steps one after another", [invoke(plan({ steps: [step(), step()] }))]),
  planned("3.1: a transactional step", [invoke(plan({ steps: [step(), step()], shape: number }))]),
  planned("3.2: a transactional step enqueues", [
    invoke(plan({ steps: [step(), step(child(leaf), child(drive), wait(1))], shape: number }))
  ])
]
