/** What a process counts, under names that stay. Labels are names of definitions, of which there are no more than the program has. */
import * as Effect from "effect/Effect"
import * as Metric from "effect/Metric"
import type { Conclusion } from "../store/Conclusion.ts"

const notUndone = Metric.counter("stepped_not_undone", {
  description: "Steps that could not be undone, for good, of actions that did not succeed",
  incremental: true
})

/** Counts what was not undone with the transition that says how its action ends. */
export const countNotUndone = (definition: string, conclusion: Conclusion): Effect.Effect<void> => {
  const { _tag } = conclusion
  if (_tag !== "CallbacksDue" && (_tag !== "ActionEnds" || conclusion.fence.phase === "callbacks")) return Effect.void
  // of a child it counts where that is unwound
  const count = (conclusion.outcome.cause?.notUndone ?? []).filter(({ child }) => child === undefined).length
  return count === 0 ? Effect.void : Metric.update(Metric.withAttributes(notUndone, { definition }), count)
}
