/** Lanes that are in use go on by the settings of this process, and not by those of an earlier deploy that let in the last one. */
import * as Effect from "effect/Effect"
import type { StorageError } from "../../SteppedError.ts"
import type { WorkerContext } from "../worker/context.ts"

export const adoptLanes = (worker: WorkerContext): Effect.Effect<void, StorageError> => {
  const { catalogs, connections, now, store } = worker
  // invariant: the workers that were there at the last look, if it left nothing to do, and the lanes that were known then
  let seen: ReadonlyArray<bigint> | undefined
  let known: unknown
  return Effect.gen(function*() {
    const { lanes } = catalogs.own()
    if (lanes === undefined) return
    if (lanes !== known) seen = undefined
    known = lanes
    seen = yield* connections.ask(store.adoptLanes(yield* now, lanes, seen))
  })
}
