/**
 * What upkeep heals in a test is the mistake of some transition, unless the test has broken it itself: engines that are watched count it,
 * and `healthy` is not satisfied.
 */
import { afterEach } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { Failpoint } from "../../src/engine/Failpoint.ts"

let count = 0

// also where nobody asks whether all is healthy, as behind a worker whose database is gone
afterEach(() => {
  const heals = count
  count = 0
  if (heals > 0) throw new Error(`what had to be healed meanwhile, ${heals} times`)
})

/** How often something was healed since the last time that this was asked. */
export const takeHeals = Effect.sync(() => {
  const heals = count
  count = 0
  return heals
})

/** For engines whose heals are counted. */
export const watched = Layer.succeed(Failpoint, (place) => Effect.sync(() => void (place === "healed" && count++)))
