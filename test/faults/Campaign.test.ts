/** What a campaign is judged by, beside its trials: how many boundaries each tree has, and how long the longest ways to rest took. */
import { assert, it } from "@effect/vitest"
import { boundariesInWords, tooLong } from "./Campaign.ts"

it("boundaries are told tree by tree, in the order of their numbers", () => {
  assert.strictEqual(boundariesInWords({ boundariesOf: new Map([[10, 7], [2, 31], [1, 4]]) }), "1:4 2:31 10:7")
})

it("8: what has taken longer than it may to come to rest is told, and nothing else", () => {
  const slowest = [15_001, 15_000, 300].map((millis) => ({ millis, what: `${millis}` }))
  assert.deepStrictEqual(tooLong({ slowest }, 15), slowest.slice(0, 1))
  assert.deepStrictEqual(tooLong({ slowest }, 60), [])
})
