/** The search for an order of turns that leads to what was seen: it finds what is there, and nothing else. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { randomScenario } from "../faults/Canonical.ts"
import { differences, expected, type Seen } from "../faults/Planned.ts"
import {
  child,
  inTurns,
  invoke,
  type Outcome,
  outcome,
  plan,
  type Scenario,
  step,
  type StoredAction,
  type Turn,
  wait
} from "./Model.ts"
import { orderTo } from "./Orders.ts"

/** Some order of turns, the same for the same number. */
const someOrder = (scenario: Scenario, number: number): Outcome => {
  let state = number
  return inTurns(scenario, (turns) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
    return (state >>> 8) % turns.length
  })
}

const searchFor = (scenario: Scenario, seen: Seen, given?: Parameters<typeof orderTo>[2]) =>
  orderTo(scenario, (outcome) => differences(seen, expected(outcome)), given)

const numbers = [...Array(40).keys()].map((n) => 5000 + n)
/** Some of what is to be wrong is rare in a tree. */
const many = [...Array(250).keys()].map((n) => 5000 + n)

/** The same but for the first action that is such. */
const otherwise = (
  seen: Seen,
  isOne: (action: StoredAction) => boolean,
  other: (action: StoredAction) => StoredAction
): Seen | undefined => {
  const one = seen.actions.find(isOne)
  return one && { ...seen, actions: seen.actions.map((action) => action === one ? other(action) : action) }
}

describe("an order that leads to an outcome", () => {
  it.effect("is found for what any order has led to", () =>
    Effect.gen(function*() {
      for (const number of numbers) {
        const scenario = randomScenario(number)
        const outcome = someOrder(scenario, number)
        assert.isDefined(yield* searchFor(scenario, expected(outcome), { ran: outcome.log }), `tree ${number}`)
      }
    }))

  it.effect("is found for what nobody has said in which order it ran", () =>
    Effect.gen(function*() {
      for (const number of numbers.slice(0, 20)) {
        const scenario = randomScenario(number)
        assert.isDefined(yield* searchFor(scenario, expected(someOrder(scenario, number))), `tree ${number}`)
      }
    }))

  /** An order in which a turn of this kind comes whenever it can, among others as they come. */
  const eagerly = (scenario: Scenario, kind: Turn["kind"], n: number) => {
    let state = n
    let came = 0
    const seen = inTurns(scenario, (turns) => {
      const eager = turns.findIndex((turn) => turn.kind === kind)
      if (eager >= 0) came++
      state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
      return eager >= 0 ? eager : (state >>> 8) % turns.length
    })
    return { came, seen }
  }

  it.effect("is found where two have joined at the same moment, and the circle was broken up afterwards", () =>
    Effect.gen(function*() {
      let met = 0
      const scenario = randomScenario(61793)
      for (let n = 0; met < 2 && n < 4000; n++) {
        const { came, seen } = eagerly(scenario, "at once", n)
        if (came === 0) continue
        met++
        assert.isDefined(yield* searchFor(scenario, expected(seen), { ran: seen.log, tries: 200_000 }), `order ${n}`)
      }
      assert.strictEqual(met, 2)
    }))

  it.effect("is found where what was enqueued first had begun before the rest was enqueued", () =>
    Effect.gen(function*() {
      for (const number of [61874, ...numbers.slice(0, 20)]) {
        const scenario = randomScenario(number)
        const seen = inTurns(scenario, (turns) => turns.length - 1)
        assert.isDefined(yield* searchFor(scenario, expected(seen), { ran: seen.log }), `tree ${number}`)
      }
    }))

  const wrongs: ReadonlyArray<readonly [what: string, wrong: (seen: Seen) => Seen | undefined]> = [
    ["a body that nobody has run", (seen) => ({ ...seen, log: [...seen.log, "step 99 first"] })],
    ["an action that is lost", (seen) => ({ ...seen, actions: seen.actions.slice(1) })],
    ["an action that has not ended", (seen) =>
      // one that nobody outside has completed has not
      seen.drained ? { ...seen, drained: false } : undefined],
    ["a callback that has run once more", (seen) => ({
      ...seen,
      actions: seen.actions.map((action, i) => i > 0 ? action : { ...action, callbacks: [action.callbacks[0] + 3, 0] })
    })],
    ["a step that ran after its action's failure", (seen) => {
      const failed = seen.actions.find(({ status }) => status === "failed")
      return failed && {
        ...seen,
        actions: seen.actions.map((action) =>
          action === failed
            ? { ...action, steps: [...action.steps, { name: "third", status: "succeeded", slots: [] }] }
            : action
        )
      }
    }],
    [
      "SQL that was committed twice",
      (seen) => seen.effects.length === 0 ? undefined : { ...seen, effects: [...seen.effects, `${seen.effects[0]!}!`] }
    ],
    ["an achievement of somebody else", (seen) => ({ ...seen, achievements: [...seen.achievements, "key 9 by 99"] })],
    ["a step that succeeded without its body", (seen) => {
      const one = seen.actions.find(({ steps }) => steps[0]?.status === "succeeded")
      return one && { ...seen, log: seen.log.filter((entry) => !entry.startsWith(`step ${one.key} `)) }
    }],
    ["a callback that is counted and has not run", (seen) => {
      const one = seen.actions.find(({ callbacks: [good, bad] }) => good + bad > 0)
      return one && { ...seen, log: seen.log.filter((entry) => !entry.startsWith(`callback ${one.key} `)) }
    }],
    ["a slot that was told of another end", (seen) =>
      // its child succeeded with all callbacks
      otherwise(seen, ({ steps }) =>
        steps.some(({ slots, status }) =>
          status === "succeeded" && slots.some((slot) => slot.endsWith(" succeeded"))
        ), (action) => ({
          ...action,
          steps: action.steps.map((one) => ({
            ...one,
            slots: one.slots.map((slot) => one.status === "succeeded" ? slot.replace(/ succeeded$/, " failed") : slot)
          }))
        }))],
    [
      "a descendant that its root has superseded",
      (seen) =>
        otherwise(seen, ({ key, supersededBy }) => supersededBy !== null && key.includes("."), (action) => ({
          ...action,
          supersededBy: action.key.split(".")[0]!
        }))
    ],
    [
      "a child that is in two states",
      (seen) =>
        otherwise(seen, ({ key, status }) => key.includes(".") && status === "succeeded", (action) => ({
          ...action,
          status: "deadlocked"
        }))
    ],
    [
      "a result that nobody gave",
      (seen) =>
        otherwise(seen, ({ result }) => result !== null, (action) => ({ ...action, result: action.result! + 100 }))
    ]
  ]
  for (const [what, wrong] of wrongs) {
    it.effect(`is not found for ${what}`, () =>
      Effect.gen(function*() {
        let some = 0
        for (const number of many) {
          if (some === 5) break
          const scenario = randomScenario(number)
          const seen = wrong(expected(someOrder(scenario, number)))
          if (seen === undefined || seen.actions.length === 0) continue
          some++
          assert.isUndefined(yield* searchFor(scenario, seen, { ran: seen.log, tries: 300 }), `tree ${number}`)
        }
        assert.isAbove(some, 1)
      }))
  }

  /** A root waits in a lane; behind it the children of another one. */
  const siblings = (...checksums: ReadonlyArray<number | null>): Scenario => [
    invoke(plan({ lane: "road", checksum: 1, shape: { success: "number" } })),
    { _tag: "Perform" },
    invoke(plan({
      steps: [
        step(
          ...checksums.map((checksum) =>
            child(plan({ lane: "road", checksumKey: "One/1/does_1_number", checksum, steps: [step(wait(5))] }))
          )
        )
      ]
    })),
    { _tag: "Perform" }
  ]
  /** How the children are found by their parent, in all orders of some. */
  const slotsOf = (scenario: Scenario) =>
    new Set(
      [...Array(400).keys()].map((n) =>
        someOrder(scenario, n).actions.find(({ key }) => key === "1")!.steps[0]!.slots.join(", ")
      )
    )

  it("2.9: never has an elder sibling that supersedes a younger one", () => {
    for (const slots of slotsOf(siblings(null, null, null))) {
      assert.include(["1.0:0 succeeded, 1.0:2 succeeded, 1.0:2 succeeded"], slots)
    }
  })

  it("14.2: never has an older one that supersedes a newer one, whoever is prepared sooner", () => {
    const scenario: Scenario = [
      invoke(plan({ lane: "road", steps: [step(wait(5))] })),
      { _tag: "Perform" },
      invoke(plan({ lane: "road", effectful: true })),
      invoke(plan({ lane: "road" })),
      { _tag: "Perform" }
    ]
    const superseded = [...Array(100).keys()].map((n) =>
      someOrder(scenario, n).actions.flatMap(({ key, supersededBy }) => supersededBy ? `${key} by ${supersededBy}` : [])
    )
    for (const one of superseded) assert.deepStrictEqual(one, ["1 by 2"])
  })

  it("2.7, 2.9: one that was achieved before its elder started is performed after it", () => {
    assert.deepStrictEqual([...slotsOf(siblings(null, 1))], ["1.0:0 succeeded, 1.0:1 succeeded"])
  })

  it("2.7: an elder that is only pending has erased nothing, one performer or several", () => {
    const washed = (key: string, checksum: number | null) =>
      child(plan({ lane: "road", checksumKey: key, checksum, steps: [step(wait(5))] }))
    const scenario: Scenario = [
      invoke(plan({ lane: "road", checksumKey: "key 1", checksum: 1 })),
      { _tag: "Perform" },
      invoke(plan({ steps: [step(washed("key 2", null), washed("key 1", null), washed("key 1", 1))] })),
      { _tag: "Perform" }
    ]
    const slots = "1.0:0 succeeded, 1.0:1 succeeded, unstored succeeded"
    assert.deepStrictEqual([...slotsOf(scenario)], [slots])
    assert.deepStrictEqual(outcome(scenario).actions.find(({ key }) => key === "1")!.steps[0]!.slots.join(", "), slots)
  })
})
