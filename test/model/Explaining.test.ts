/** Random lanes with policies: what is explained of an action is what becomes of it (rule 16.2). */
import { assert, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import * as fc from "fast-check"
import { suite } from "../harness/databases.ts"
import { patienceMs } from "../patience.ts"
import { CarsLive, explainedAsItGoes, laneScenarios, showLanes } from "./LaneScenarios.ts"
import { forAll, seed, silent, trees } from "./Trees.ts"

const runs = Math.ceil(trees / 4)
const timeLimit = patienceMs + runs * 1000
/** What can be said of a visit in these lanes: none has a hook before it (`Undecided`), and no newer one waits there before it comes (`Superseded`). */
const sayable = [
  "Runs",
  "Achieved",
  "Waits",
  "Supersedes",
  "Joins",
  "Rejected",
  "Limited",
  "Debounced",
  "Paused",
  "Delayed"
]
/** Of what one seed gives: those by which each of these is said. Where scenarios are made otherwise, others are to be found. */
const known = [7, 9, 34]

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
        Effect.andThen(Effect.sync(() => console.log(JSON.stringify(Object.fromEntries(answers))))),
        Effect.provide(CarsLive.pipe(Layer.provideMerge(engine.layer()), Layer.provideMerge(silent)))
      )
    },
    timeLimit * 2
  )

  it.effect("16.2: whatever can be said comes true, in lanes that are known to have it said", () => {
    const answers = new Map<string, number>()
    const scenarios = fc.sample(laneScenarios, { seed: 1, numRuns: Math.max(...known) + 1 })
    return Effect.forEach(known, (n) => explainedAsItGoes(answers)(scenarios[n]!), { discard: true }).pipe(
      Effect.andThen(Effect.sync(() => assert.sameMembers([...answers.keys()], sayable))),
      Effect.provide(CarsLive.pipe(Layer.provideMerge(engine.layer()), Layer.provideMerge(silent)))
    )
  })
})
