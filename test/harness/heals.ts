/**
 * What upkeep heals in a test is the mistake of some transition, unless the test has broken it itself: engines that are watched count it,
 * and `healthy` is not satisfied.
 */
import { Effect, Layer } from "effect"
import { Failpoint } from "../../src/engine/Failpoint.ts"

let count = 0

/** How often something was healed since the last time that this was asked. */
export const takeHeals = Effect.sync(() => {
  const heals = count
  count = 0
  return heals
})

/** For engines whose heals are counted. */
export const watched = Layer.succeed(Failpoint, (place) => Effect.sync(() => void (place === "healed" && count++)))
