/**
 * Performing in tests, as far as things go by themselves: for scenarios in which outbound actions stay open.
 */
import { Effect } from "effect"
import { performDue } from "stepped/testing"

/** Performs what is due until nothing is; moves no clock and completes nothing. */
export const performIdle = Effect.gen(function*() {
  while ((yield* performDue) > 0) { /* what followed from the last pass */ }
})
