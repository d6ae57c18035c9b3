/** The search for an order of turns that leads to what was seen: it finds what is there, and nothing else. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { randomScenario } from "../faults/Canonical.ts"
import { differences, expected, type Seen } from "../faults/Planned.ts"
import { inTurns, type Outcome, type Scenario } from "./Model.ts"
import { orderTo } from "./Orders.ts"

/** Some order of turns, the same for the same number. */
const someOrder = (scenario: Scenario, number: number): Outcome => {
  let state = number
  return inTurns(scenario, (turns) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
    return (state >>> 8) % turns.length
  })
}

const searchFor = (scenario: Scenario, seen: Seen, tries: number) =>
  orderTo(scenario, (outcome) => differences(seen, expected(outcome)), tries)

const numbers = [...Array(40).keys()].map((n) => 5000 + n)

describe("an order that leads to an outcome", () => {
  it.effect("is found for what any order has led to", () =>
    Effect.gen(function*() {
      for (const number of numbers) {
        const scenario = randomScenario(number)
        const seen = expected(someOrder(scenario, number))
        assert.isDefined(yield* searchFor(scenario, seen, 60_000), `tree ${number}`)
      }
    }), 120_000)

  const wrongs: ReadonlyArray<readonly [what: string, wrong: (seen: Seen) => Seen | undefined]> = [
    ["a body that nobody has run", (seen) => ({ ...seen, log: [...seen.log, "step 99 first"] })],
    ["an action that is lost", (seen) => ({ ...seen, actions: seen.actions.slice(1) })],
    ["an action that has not ended", (seen) => ({ ...seen, drained: false })],
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
    ["an achievement of somebody else", (seen) => ({ ...seen, achievements: [...seen.achievements, "key 9 by 99"] })]
  ]
  for (const [what, wrong] of wrongs) {
    it.effect(`is not found for ${what}`, () =>
      Effect.gen(function*() {
        let some = 0
        for (const number of numbers) {
          const scenario = randomScenario(number)
          const seen = wrong(expected(someOrder(scenario, number)))
          if (seen === undefined || seen.actions.length === 0) continue
          some++
          assert.isUndefined(yield* searchFor(scenario, seen, 200), `tree ${number}`)
        }
        assert.isAbove(some, 1)
      }), 60_000)
  }
})
