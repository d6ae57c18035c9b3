/** A little of what `npm run test:chaos` does in earnest. */
import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { chaos } from "./Chaos.ts"

it.live(
  "after chaos nothing is lost, stuck or done twice, and nobody has written what was no longer theirs",
  () =>
    Effect.gen(function*() {
      const { counts, findings } = yield* chaos({ trees: 120, kills: 8, seed: 20_261_121, minutes: 0.4 })
      assert.deepStrictEqual(findings, [])
      // also on a machine that is so busy that time runs out
      for (
        const what of [
          "accepted",
          "actions",
          "kills",
          "foretold outcomes",
          "voyages",
          "ships",
          "executions",
          "slots of schedules"
        ] as const
      ) {
        assert.isAbove(counts[what], 0, what)
      }
    })
)
