/** Sagas made by hand: what chance finds seldom. */
import type { Saga, SagaScenario, SagaStep, Sweep } from "./SagaPlan.ts"

export const step = (given: Partial<SagaStep> = {}): SagaStep => ({
  fails: 0,
  children: [],
  waits: [],
  undo: { fails: 0, waits: [] },
  ...given
})

export const saga = (steps: Saga["steps"], given: Partial<Saga> = {}): Saga => ({
  kind: "plain",
  timeout: null,
  hears: null,
  steps,
  ...given
})

/** As often as it is tried, by those that are retried, too. */
export const never = step({ fails: 99 })
/** All attempts of one that performs it, and no more. */
export const thrice = step({ fails: 3 })
export const well = saga([step(), step(), step()])

const scenario = (saga: Saga, sweeps: ReadonlyArray<Sweep>, given: Partial<SagaScenario> = {}): SagaScenario => ({
  saga,
  cancelAt: null,
  abandonAt: null,
  sweeps,
  ...given
})

const retryAll: Sweep = { verb: "retry", direction: "down" }
const retryLeaves: Sweep = { verb: "retry", direction: "up" }
const fromB: Sweep = { verb: "from b", direction: "down" }
const undoAll: Sweep = { verb: "undo", direction: "down" }
const undoLeaves: Sweep = { verb: "undo", direction: "up" }

const stubborn = saga([step({ undo: { fails: 2, waits: [] } }), step(), step()])
const badly = saga([step({ fails: 3 }), step(), step()])
/** A step's time is over before it has ended, and then it is undone. */
const lasting = (ms: number) =>
  saga([step({ undo: { fails: 0, waits: [ms] } }), step(), step({ waits: [200_000_000] })])
/** What the second attempt starts never begins, since the first one's is undone until the third has begun. */
export const heldByAttempt = saga([step(), step({ children: [lasting(80_000_000)] }), step()])
/** The child does not wait for what its last attempt has started once its time to be undone is over, and is performed again. */
export const heldByParent = saga([
  step(),
  step(),
  step({ children: [saga([step(), step({ children: [lasting(40_000_000)] }), step()], { kind: "timed" })] })
])
/** What it has asked for, and has come to a good end, is undone for longer than it waits for that. */
const undoneLate = saga([
  step(),
  step({ children: [saga([step({ undo: { fails: 0, waits: [50_000_000] } }), step(), step()])] }),
  thrice
], { kind: "timed" })
/** Its second step is undone nearly as long as there is time for all of it, and its first one fails to be then. */
const undoneInVain = saga([
  step({ undo: { fails: 1, waits: [] } }),
  step({ undo: { fails: 0, waits: [29_000_000] } }),
  thrice
], { kind: "timed" })
export const heldByUndone = saga([step(), step(), step({ children: [undoneLate] })])

export const sagasByHand: ReadonlyArray<readonly [title: string, scenario: SagaScenario]> = [
  ["9.4, 10.1: what is undone holds its lane against what a later attempt starts", scenario(heldByAttempt, [])],
  ["9.4, 10.1: what is undone holds its lane against what another parent starts", scenario(heldByParent, [])],
  ["10.4, 10.7: so does what has ended well before", scenario(heldByUndone, [])],
  [
    "10.7: what would be undone again too late is given up at once",
    scenario(saga([step(), step(), step({ children: [undoneInVain] })]), [])
  ],
  [
    "10.7: children are undone to their end, whether their parent still waits for it, and once",
    scenario(undoneLate, [undoAll, undoAll, retryAll])
  ],
  [
    "18.1: what was compensated is done again, each time under another key of the first one",
    scenario(saga([step(), step(), step({ fails: 9 })]), [retryAll, retryAll, retryAll])
  ],
  [
    "18.1: what was kept is not done again, and what was done once is there",
    scenario(saga([step(), step(), step({ fails: 6 })], { kind: "keeps" }), [retryAll, retryAll])
  ],
  [
    "18.1: children of which some could not be undone count as compensated",
    scenario(saga([step(), step({ children: [stubborn] }), thrice]), [retryAll, undoLeaves, retryAll])
  ],
  [
    "18.1: children that were unwound are retried, without the body",
    scenario(
      saga([step(), step(), step({ children: [well, badly], waits: [1_000] })], { kind: "point" }),
      [retryAll, retryAll]
    )
  ],
  [
    "18.1: a child that was retried by itself counts, and is not unwound with a parent that takes it",
    scenario(
      saga([step(), step(), step({ children: [badly, saga([never, step(), step()])] })], { kind: "point" }),
      [retryLeaves, retryAll]
    )
  ],
  [
    "18.1: a child that has failed again, retried by itself, is the one that is retried",
    scenario(
      saga([step(), step({ children: [saga([step({ fails: 4 }), step(), step()])] }), step()], { kind: "keeps" }),
      [retryLeaves, retryLeaves, retryAll]
    )
  ],
  [
    "18.1: a time that was still to come is waited for, and a signal that was read is not asked for again",
    scenario(
      saga([step(), step({ waits: [40_000_000] }), step()], { kind: "keeps", hears: [1_000] }),
      [retryAll],
      { cancelAt: 10_000_000 }
    )
  ],
  [
    "18.1: one that has waited for a signal that has not come asks again",
    scenario(saga([step(), step({ children: [well] }), step()], { kind: "keeps", hears: [] }), [retryAll], {
      cancelAt: 10_000_000
    })
  ],
  [
    "18.1: from an earlier step it is done afresh",
    scenario(saga([step(), step({ children: [well] }), step({ fails: 6 })], { kind: "keeps" }), [fromB, fromB])
  ],
  [
    "18.1: what is not undone is not retried, until it is",
    scenario(
      saga([step(), step({ undo: { fails: 3, waits: [] } }), thrice], { kind: "stop" }),
      [retryAll, undoLeaves, retryAll, undoLeaves]
    )
  ],
  [
    "18.1: a child that was cut short goes on with its own step",
    scenario(
      saga([
        step(),
        step({ children: [saga([step(), step(), step({ waits: [90_000_000] })], { kind: "keeps" })] }),
        step()
      ], {
        kind: "keeps"
      }),
      [retryAll],
      { cancelAt: 20_000_000 }
    )
  ]
]
