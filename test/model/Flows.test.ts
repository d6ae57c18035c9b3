/** Random workflows on a real engine: they come to what they are to, nothing is done twice, and nothing that comes is slept over (chapter 24). */
import { it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { suite } from "../harness/databases.ts"
import { patienceMs } from "../patience.ts"
import { flowScenarios, flowsEnd, FlowsLive, showFlow } from "./Flows.ts"
import { forAll, seed, silent, trees } from "./Trees.ts"

const runs = Math.ceil(trees / 2)
console.log(`random workflows: STEPPED_TREES=${trees} STEPPED_SEED=${seed}`)

suite("random workflows", (engine) => {
  it.effect(
    "24.2 to 24.5: they come to what they are to, and where nothing goes on a wake finds nothing new",
    () =>
      forAll(flowScenarios, flowsEnd, { inWords: showFlow, numRuns: runs }).pipe(
        Effect.provide(FlowsLive.pipe(Layer.provideMerge(engine.crashing), Layer.provideMerge(silent)))
      ),
    patienceMs + runs * 2000
  )
})
