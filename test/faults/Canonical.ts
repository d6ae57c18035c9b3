/**
 * Trees for every group of rules, small, and such that their outcome does not hang on who is faster.
 */
import * as fc from "fast-check"
import {
  attempt,
  child,
  failing,
  invoke,
  type Op,
  plan,
  type Scenario,
  start,
  step,
  type StepPlan,
  wait
} from "../model/Model.ts"
import { scenarios } from "../model/Trees.ts"
import type { Numbered } from "./Campaign.ts"
import { closingPrograms } from "./ClosingPrograms.ts"
import { compensationPrograms } from "./CompensationPrograms.ts"
import { heartbeatPrograms } from "./HeartbeatPrograms.ts"
import { keptPrograms } from "./KeptPrograms.ts"
import { keyPrograms } from "./KeyPrograms.ts"
import { lanePrograms } from "./LanePrograms.ts"
import { memoPrograms } from "./MemoPrograms.ts"
import { operatorPrograms } from "./OperatorPrograms.ts"
import { planned } from "./Planned.ts"
import { programs } from "./Programs.ts"
import { retryPrograms } from "./RetryPrograms.ts"
import { schedulePrograms } from "./SchedulePrograms.ts"
import { signalPrograms } from "./SignalPrograms.ts"
import { stepPrograms } from "./StepPrograms.ts"
import type { Tree } from "./Trial.ts"
import { undoPrograms } from "./UndoPrograms.ts"
import { workflowPrograms } from "./WorkflowPrograms.ts"

const rest: Op = { _tag: "Perform" }
const advance = (seconds: number): Op => ({ _tag: "Advance", seconds })
const cancel = (handle: number): Op => ({ _tag: "Cancel", handle })
const dies = (...deeds: StepPlan["deeds"]): StepPlan => ({ ...step(...deeds), end: "die" })
const givesChild = (...deeds: StepPlan["deeds"]): StepPlan => ({ ...step(...deeds), gives: "child" })
const skipped: StepPlan = { ...step(), skipped: true }
const mark = { _tag: "MarkFailed" } as const
const replace = { _tag: "Replace" } as const

const number = { success: "number" } as const
const all = { callbacks: "all" } as const
const some = { callbacks: "some" } as const

const leaf = plan()
const drive = plan({ lane: "road" })
/** Until somebody outside completes it. */
const long = plan({ lane: "road", outside: "succeeded" })
const clean = plan({ checksum: 1, lane: "wash", shape: number })
const cleanOutside = plan({ checksum: 1, lane: "wash", outside: "succeeded" })
const oops = plan({ steps: [failing()] })
const parent = (...steps: ReadonlyArray<StepPlan>) => plan({ steps })

const trees: ReadonlyArray<Tree> = [
  // 2 invoking
  planned("2.2: before goes on", [invoke(plan({ before: "go" }))]),
  planned("2.2: before cancels", [invoke(plan({ before: "cancel" }))]),
  planned("2.2: before completes", [invoke(plan({ before: "complete", number: 7, shape: number }))]),
  planned("2.2: before replaces the arguments", [
    invoke(plan({ before: "replace", other: { steps: [step(child(leaf))], failing: 0, checksum: 2 } }))
  ]),
  planned("2.2: before fails, and dies, in children", [
    invoke(parent(step(child(plan({ before: "fail" })), child(plan({ before: "die" }), [1]))))
  ]),
  planned("2.1: keys by effects", [invoke(plan({ effectful: true, lane: "road", checksum: 1, timeout: 60 }))]),
  planned("2.4: what is achieved is not done again", [invoke(clean), rest, invoke(clean), rest]),
  planned("2.4: an achieved child", [invoke(clean), rest, invoke(parent(givesChild(child(clean)), step()))]),
  planned("2.4: an achievement that cannot be read", [
    invoke(plan({ checksum: 1, checksumKey: "key" })),
    rest,
    invoke(plan({ checksum: 1, checksumKey: "key", shape: number }))
  ]),
  planned("2.5: the same checksum joins, as a root and as a child", [
    invoke(long),
    rest,
    invoke(plan({ lane: "road", checksum: 1, shape: number })),
    rest,
    invoke(plan({ lane: "road", checksum: 1, shape: number })),
    rest,
    invoke(parent(step(child(plan({ lane: "road", checksum: 1, shape: number })))))
  ]),
  planned("2.5: who is pending is superseded, his handle and slots follow", [
    invoke(long),
    rest,
    invoke(drive),
    rest,
    invoke(parent(step(child(drive)))),
    rest,
    invoke(drive),
    rest
  ]),
  planned("2.5: a child in the lane of an ancestor is deadlocked", [
    invoke(plan({ lane: "road", steps: [step(child(plan({ steps: [step(child(drive))] })))] }))
  ]),
  planned("2.5: a cycle over two lanes", [
    invoke(plan({ lane: "there", steps: [step(wait(1)), step(child(plan({ lane: "here" })))] })),
    rest,
    invoke(plan({ lane: "here", steps: [step(wait(9)), step(child(plan({ lane: "there" })))] })),
    rest
  ]),
  planned("2.9: three children in one lane", [invoke(parent(step(child(long), child(drive), child(drive))))]),
  planned("2.9: a child behind an elder that is prepared", [
    invoke(parent(step(child(plan({ lane: "road", before: "go" })), child(drive), child(leaf))))
  ]),
  planned("2.9: the same child twice", [
    invoke(parent(step(child(cleanOutside), child(cleanOutside)), step()))
  ]),
  // 3 steps
  planned("3.1: a method", [invoke(plan({ shape: { steps: 0, ...number } }))]),
  planned("3.1: steps one after another", [invoke(parent(step(), step()))]),
  planned("3.1: a transactional step", [invoke(plan({ steps: [step(), step()], shape: number }))]),
  planned("3.2: a transactional step enqueues and waits", [
    invoke(plan({ steps: [step(), step(child(leaf), child(drive), wait(1))], shape: number }))
  ]),
  planned("3.2: a transactional step fails", [
    invoke(plan({ steps: [step(), failing(child(leaf))], shape: { ...number, ...all } }))
  ]),
  planned("3.2: a fan-out on several actors, with results", [
    invoke(plan({ steps: [givesChild(child(plan({ shape: number }), [0, 1, 2]), child(leaf, [])), step()] }))
  ]),
  planned("3.3: a wait beside a child", [invoke(parent(step(wait(5), child(drive)), step(wait(2))))]),
  planned("3.4: one child of three fails", [
    invoke(plan({ steps: [step(child(leaf), child(oops, [1]), child(drive, [2])), step()], shape: all }))
  ]),
  planned("3.4: a marked step", [invoke(parent(step(mark, child(drive)), step()))]),
  planned("3.6: replaced arguments", [
    invoke(plan({
      steps: [step(replace), step()],
      other: { steps: [step(), step(child(leaf))], failing: 1, checksum: null },
      shape: all
    }))
  ]),
  planned("3.5: four levels", [
    invoke(parent(step(child(parent(step(child(parent(step(child(leaf)), step()))), step()))), step()))
  ]),
  // 4 completing
  planned("4.1: callbacks of a success", [invoke(plan({ shape: all }))]),
  planned("4.1: callbacks of a failure, one of which fails", [
    invoke(plan({ steps: [failing()], shape: all, failing: 2 }))
  ]),
  planned("4.3: a child whose callback fails", [
    invoke(parent(step(child(plan({ failing: 1, shape: some, checksum: 1 }))), step()))
  ]),
  planned("4.5: a lane moves on", [invoke(long), rest, invoke(plan({ lane: "road", shape: all })), rest]),
  planned("4.6: a cancelled root's tree", [
    invoke(parent(step(child(parent(step(child(long)))), child(drive), wait(100)))),
    rest,
    cancel(0),
    rest
  ]),
  planned("4.6: cancelling with callbacks, at two levels", [
    invoke(plan({ steps: [step(child(plan({ outside: "ignored", shape: all })))], shape: some })),
    rest,
    cancel(0),
    rest
  ]),
  planned("4.6: a pending action is cancelled", [
    invoke(long),
    rest,
    invoke(plan({ lane: "road", shape: some })),
    rest,
    cancel(1),
    rest
  ]),
  planned("4.6: what a root has joined goes on", [
    invoke(parent(step(child(plan({ lane: "road", checksum: 1, steps: [step(wait(5))] }))))),
    rest,
    invoke(plan({ lane: "road", checksum: 1, steps: [step(wait(5))] })),
    rest,
    cancel(0),
    rest
  ]),
  // 5 outbound
  planned("5.1: completed as succeeded", [invoke(plan({ outside: "succeeded", shape: { ...number, ...all } }))]),
  planned("5.1: completed as failed, a child", [invoke(parent(step(child(plan({ outside: "failed" }))), step()))]),
  planned("5.1: completed as cancelled, with callbacks", [invoke(plan({ outside: "cancelled", shape: some }))]),
  planned("5.1: completed as timed out", [invoke(parent(step(child(plan({ outside: "timed_out", shape: all })))))]),
  planned("5.1: nobody completes it", [invoke(plan({ outside: "ignored", steps: [step(), step()] }))]),
  // 7 timeouts, failures
  planned("7.1: a wait that is too long", [invoke(plan({ timeout: 2, steps: [step(wait(5)), step()] }))]),
  planned("7.1: a timeout with callbacks, and upwards", [
    invoke(parent(step(child(plan({ timeout: 2, outside: "ignored", shape: all })), wait(9)), step()))
  ]),
  planned("7.1: a timeout ends what it has started", [
    invoke(plan({ timeout: 2, steps: [step(child(plan({ lane: "road", steps: [step(wait(9))] })), child(drive))] }))
  ]),
  planned("7.1: armed when it starts, not while it is pending", [
    invoke(long),
    rest,
    invoke(plan({ lane: "road", timeout: 2, steps: [step(wait(1))] })),
    advance(5),
    rest
  ]),
  planned("7.2: typed and untyped failures", [
    invoke(oops),
    invoke(plan({ steps: [dies()] }), 1),
    invoke(plan({ shape: { steps: 0 }, steps: [failing()] }), 2)
  ]),
  planned("7.2: keys that throw", [
    invoke(plan({ broken: "lane" })),
    invoke(plan({ broken: "checksum" }), 1),
    invoke(parent(step(child(plan({ broken: "timeout" })))), 2)
  ]),
  // 9 options of steps
  planned("9.5: a first and a last step that are skipped", [
    invoke(plan({ steps: [skipped, step(child(drive))], shape: number })),
    invoke(plan({ steps: [step(), skipped], shape: all }), 1),
    invoke(plan({ steps: [skipped, skipped], outside: "succeeded" }), 2)
  ]),
  planned("9.6: a body, a child and a mark that may fail", [
    invoke(plan({ steps: [failing(child(drive)), givesChild(child(oops))], shape: some })),
    invoke(plan({ steps: [step(child(oops), child(leaf, [1])), step(wait(1))], shape: { ...some, ...number } }), 1),
    invoke(plan({ steps: [step(mark, replace, wait(2)), step(mark)], shape: some }), 2)
  ]),
  planned("9.9: attempts that fail, beside children, in lanes and without", [
    invoke(parent(
      givesChild(attempt(oops), attempt(plan({ steps: [dies()] }), [1]), child(drive)),
      step(attempt(plan({ timeout: 2, outside: "ignored" })))
    )),
    invoke(
      plan({ steps: [givesChild(attempt(clean, [0, 2])), step(attempt(plan({ broken: "lane" })))], shape: all }),
      1
    ),
    invoke(parent(step(attempt(oops), child(oops))), 2)
  ]),
  planned("9.9: an attempt in the lane of its ancestor, and one that is cancelled with its parent", [
    invoke(plan({ lane: "road", steps: [givesChild(attempt(drive)), step()] })),
    invoke(parent(step(attempt(parent(step(wait(100)))))), 1),
    rest,
    cancel(1),
    rest
  ]),
  planned("9.6: what steps start, on several actors, beside children and in a failure", [
    invoke(plan({ steps: [step(start(drive), start(leaf, [1, 2]), child(leaf, [1])), step(start(oops))], shape: all })),
    invoke(parent(failing(start(leaf))), 1),
    invoke(plan({ steps: [step(mark, start(plan({ number: 3 })))], shape: some }), 2)
  ]),
  planned("9.6: what is started stays when its starter is cancelled, and joins and supersedes as a root", [
    invoke(plan({ lane: "road", steps: [step(start(clean), start(clean), start(long), start(drive), wait(100))] })),
    rest,
    cancel(0),
    rest
  ]),
  planned("9.6: a transactional step and a method's action", [
    invoke(plan({ steps: [step(), step(start(clean), start(drive, [1]))], shape: number })),
    invoke(plan({ steps: [step(), failing(start(leaf))], shape: { ...number, ...all } }), 1)
  ]),
  planned("10.6: what callbacks start, of success, failure and cancelling", [
    invoke(plan({ shape: all, afterwards: clean })),
    invoke(plan({ steps: [failing()], shape: all, afterwards: drive, failing: 2 }), 1),
    invoke(plan({ shape: some, afterwards: leaf, failing: 1 }), 2),
    invoke(plan({ outside: "cancelled", lane: "there", shape: all, afterwards: plan({ shape: all }) }))
  ]),
  // many at once
  planned(
    "five roots in lanes of their own",
    ["a", "b", "c", "d", "e"].map((lane) => invoke(plan({ lane, shape: all, steps: [step(), step()] })))
  )
]

/** Those in which a worker takes what its own process asks for. */
const asking: ReadonlyArray<Tree> = [
  "2.2: before goes on",
  "2.4: what is achieved is not done again",
  "2.5: the same checksum joins, as a root and as a child",
  "2.5: who is pending is superseded, his handle and slots follow",
  "3.1: a transactional step",
  "4.1: callbacks of a failure, one of which fails",
  "five roots in lanes of their own"
].map((name) => {
  const { cast } = trees.find((tree) => tree.name === name)!
  return { name: `asked for by a worker: ${name}`, cast: () => ({ ...cast(), clientWorks: true }) }
})

export const canonical: ReadonlyArray<Tree> = [
  ...trees,
  ...programs,
  ...stepPrograms,
  ...lanePrograms,
  ...undoPrograms,
  ...asking,
  ...memoPrograms,
  ...signalPrograms,
  ...keyPrograms,
  ...heartbeatPrograms,
  ...retryPrograms,
  ...compensationPrograms,
  ...closingPrograms,
  ...schedulePrograms,
  ...workflowPrograms,
  ...keptPrograms,
  ...operatorPrograms
]

/** Random trees, one for each seed. What somebody outside does, he does when nothing goes on by itself. */
export const randomTrees = (seed: number, count: number): ReadonlyArray<Numbered> =>
  [...Array(count).keys()].map((n) => {
    const number = seed + n
    return { number, tree: planned(`random ${number}`, randomScenario(number), { racy: true }) }
  })

/** The scenario of a random tree. */
export const randomScenario = (number: number): Scenario => {
  const [scenario] = fc.sample(scenarios, { seed: number, numRuns: 1 })
  return scenario!.flatMap((op): ReadonlyArray<Op> => op._tag === "Invoke" ? [op] : [rest, op, rest])
}
