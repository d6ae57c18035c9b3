/** Random lanes with policies on a real engine: who performs, who waits and who is turned away, as the model says (rules 14 and 15). */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import * as fc from "fast-check"
import { embedded } from "../harness/databases.ts"
import { patienceMs } from "../patience.ts"
import { LaneModel, type LanePlan, type LaneScenario, type VisitPlan } from "./LaneModel.ts"
import { brokenIn, type Look } from "./LaneRules.ts"
import { CarsLive, goesAsTheModelSays, laneScenarios, showLanes } from "./LaneScenarios.ts"
import { forAll, seed, silent, trees } from "./Trees.ts"

const runs = Math.ceil(trees / 2)
/** What is found in this time is told, however small it has become. */
const timeLimit = patienceMs + runs * 1000
console.log(`random lanes: STEPPED_TREES=${trees} STEPPED_SEED=${seed}`)

it.effect(
  "random lanes: who performs, waits and is turned away is as the model says, and nobody starves",
  () =>
    forAll(laneScenarios, goesAsTheModelSays, {
      inWords: showLanes,
      numRuns: runs,
      interruptAfterTimeLimit: timeLimit,
      markInterruptAsFailure: true
    }).pipe(
      Effect.provide(CarsLive.pipe(Layer.provideMerge(embedded.layer()), Layer.provideMerge(silent)))
    ),
  timeLimit * 2
)

describe("the model of lanes", () => {
  it("breaks no rule, and ends everybody, whatever the scenario", () => {
    fc.assert(
      fc.property(laneScenarios, (scenario) => {
        const model = new LaneModel(scenario.lanes)
        const looks: Array<Look> = []
        for (const op of scenario.ops) {
          const deed = model.operate(op)
          if (deed !== undefined && deed._tag !== "Enqueue") looks.push(model.seen())
        }
        for (let op = model.nextToEnd(); op !== undefined; op = model.nextToEnd()) model.operate(op)
        looks.push(model.seen())
        assert.deepStrictEqual(brokenIn(scenario, looks), [])
        for (const { status } of looks.at(-1)!) assert.notInclude(["queued", "pending", "performing"], status)
        for (const answer of model.answers()) {
          assert.match(answer, /^(succeeded|cancelled|(Superseded|LaneBusy|LaneFull) .+)$/)
        }
      }),
      { numRuns: 2000, seed: 1 }
    )
  })

  const lane: LanePlan = {
    whenBusy: "line",
    limit: 1,
    maxPending: null,
    tells: false,
    wait: 3,
    maxWait: null,
    rate: { limit: 1, seconds: 4 }
  }
  const visit: VisitPlan = { lanes: [0], priority: 0, delay: 0, checksum: null, hooked: false }
  const scenario: LaneScenario = { lanes: [lane], ops: [{ _tag: "Enqueue", visit }, { _tag: "Enqueue", visit }] }
  const pending = { status: "pending", startedAt: null, supersededBy: null } as const
  const performing = { ...pending, status: "performing", startedAt: 1000 } as const

  it("15.2: is measured by a rule that finds one too many", () => {
    const looks = [[performing, { ...performing, startedAt: 5000 }]]
    assert.deepStrictEqual(brokenIn(scenario, looks), ["0, 1 perform in lane 0, which takes 1"])
  })

  it("15.5: is measured by a rule that finds who has overtaken", () => {
    const looks = [[pending], [pending, pending], [pending, performing]]
    assert.deepStrictEqual(brokenIn(scenario, looks), ["1 has overtaken 0 in lane 0"])
  })

  it("15.6: is measured by a rule that finds a start that is a millisecond too soon", () => {
    const ended = (startedAt: number) => ({ ...performing, status: "succeeded", startedAt }) as const
    assert.deepStrictEqual(brokenIn(scenario, [[ended(1000), ended(4999)]]), [
      "lane 0 saw a start at 4999, after 1 from 1000 on"
    ])
    assert.deepStrictEqual(brokenIn(scenario, [[ended(1000), ended(5000)]]), [])
  })
})
