/** A little of what `npm run test:chaos` does in earnest. */
import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { chaos } from "./Chaos.ts"

it.live(
  "after chaos nothing is lost, stuck or done twice, and nobody has written what was no longer theirs",
  () =>
    Effect.gen(function*() {
      const { counts, findings } = yield* chaos({ trees: 400, kills: 30, seed: 20_261_121 })
      assert.deepStrictEqual(findings, [])
      assert.isAtLeast(counts.accepted, 300)
      for (const [what, count] of Object.entries(counts)) assert.isAbove(count, 0, what)
    }),
  170_000
)
