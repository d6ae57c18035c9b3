/**
 * The end of a worker: its token is given up when nothing is under it any more. What is just locked by somebody, or run by a caller in a
 * fiber of its own, is waited for beside whatever the process does next; until then the lease goes on.
 */
import * as Effect from "effect/Effect"
import { retryWhile } from "../retrying.ts"
import type { WorkerContext } from "./context.ts"

/** Gives back what nobody has in hand; gives whether nothing is left. */
const giveUp = (worker: WorkerContext) => {
  const { inHand, lease, now, peers, store } = worker
  return Effect.gen(function*() {
    const token = lease.token()
    if (token === undefined) return true
    const held = yield* store.heldBy(token, [...inHand.ids()])
    const mine = inHand.ids()
    const left = held.flatMap(({ action }) => mine.has(action) ? [] : [action])
    if (left.length > 0) {
      yield* store.giveBack(token, left, yield* now)
      peers.wakeOthers()
    }
    return held.length === 0 && inHand.hasNoCallers()
  })
}

export const retire = (worker: WorkerContext): Effect.Effect<void> => {
  const { lease, reconciler, scope } = worker
  return Effect.gen(function*() {
    let isFree = false
    yield* reconciler.within(Effect.map(Effect.orElseSucceed(giveUp(worker), () => false), (is) => {
      isFree = is
    }))
    if (isFree) return yield* lease.close
    const again = Effect.flatMap(giveUp(worker), (is) => is ? Effect.void : Effect.fail("held" as const))
    yield* Effect.forkIn(
      Effect.andThen(retryWhile(() => lease.token() !== undefined, again), lease.close),
      scope
    )
  })
}
