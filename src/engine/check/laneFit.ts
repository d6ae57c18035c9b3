/** Whether an action is in the lane that it would join now, as far as plain functions can say so. */
import * as Effect from "effect/Effect"
import type { StoredLive } from "../../store/Live.ts"
import { maybe, toKeys } from "../invoke/invocation.ts"
import type { Runnable } from "../Runnable.ts"
import type { Problem } from "./Problem.ts"

/**
 * The arguments that an action was given, encoded, where they are known still: `before` and bodies may have replaced them, and an action that goes
 * on for another one has what that one had come to.
 */
export const givenTo = (live: StoredLive, { definition }: Runnable): unknown => {
  if (live.isRetry) return undefined
  if (live.state === "queued") return live.given ?? live.arguments
  if (definition.before !== undefined) return undefined
  return live.begun === undefined || (live.begun.phase === "step" && live.begun.step === 0) ? live.arguments : undefined
}

/** What differs, if anything; or that it is not known. */
export const laneProblem = (
  live: StoredLive,
  { actor, definition }: Runnable,
  given: ReadonlyArray<unknown> | undefined
): Problem | "unknown" | undefined => {
  // the worker that prepares it computes them
  if (live.lane === null && live.lanes === null) return undefined
  const { concurrency, concurrencyKey } = definition
  const isComputed = concurrency !== undefined || concurrencyKey !== undefined
  if (isComputed && given === undefined) return "unknown"
  const args = given ?? []
  try {
    const lane = maybe(concurrencyKey, args)
    const lanes = maybe(concurrency, args)
    if (Effect.isEffect(lane) || Effect.isEffect(lanes)) return "unknown"
    const now = toKeys(actor.type, live.actorId, definition, { lane, lanes, checksumKey: lane, timeout: undefined })
    const same = now.lane === live.lane && JSON.stringify(now.lanes) === JSON.stringify(live.lanes)
    return same ? undefined : {
      kind: "lane",
      means: "differs",
      problem: "it keeps its lane; what is enqueued from now on joins another one, and does not wait for it",
      payload: { stored: live.lane ?? live.lanes, now: now.lane ?? now.lanes }
    }
  } catch {
    // of one that is enqueued now it is a failure
    return "unknown"
  }
}
