/** Random lanes with policies: what is explained of an action is what becomes of it (rule 16.2). */
import { assert, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { suite } from "../harness/databases.ts"
import { patienceMs } from "../patience.ts"
import { CarsLive, explainedAsItGoes, laneScenarios, showLanes } from "./LaneScenarios.ts"
import { forAll, seed, silent, trees } from "./Trees.ts"

const runs = Math.ceil(trees / 4)
const timeLimit = patienceMs + runs * 1000
console.log(`random lanes, explained: STEPPED_TREES=${trees} STEPPED_SEED=${seed}`)

suite("random lanes", (engine) => {
  it.effect(
    "16.2: what is explained of an action is what enqueueing then does, whatever is there",
    () => {
      const answers = new Map<string, number>()
      return forAll(laneScenarios, explainedAsItGoes(answers), {
        inWords: showLanes,
        numRuns: runs,
        interruptAfterTimeLimit: timeLimit,
        markInterruptAsFailure: true
      }).pipe(
        Effect.andThen(Effect.sync(() => {
          console.log(JSON.stringify(Object.fromEntries(answers)))
          if (trees < 100) return
          const all = ["Runs", "Waits", "Supersedes", "Joins", "Rejected", "Limited", "Debounced", "Paused", "Delayed"]
          assert.includeMembers([...answers.keys()], all)
        })),
        Effect.provide(CarsLive.pipe(Layer.provideMerge(engine.layer()), Layer.provideMerge(silent)))
      )
    },
    timeLimit * 2
  )
})
