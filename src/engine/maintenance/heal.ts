/** What no transition leaves behind, and nobody would come back to: it goes on, and it is said, since something is wrong. */
import * as Effect from "effect/Effect"
import { actionText } from "../../domain/Failure.ts"
import type { StorageError } from "../../SteppedError.ts"
import { stranded } from "../../store/Store.ts"
import type { WorkerContext } from "../worker/context.ts"

/** Pages of live actions that are looked at in one pass: a thousand rows at most, since of the smallest there are 75 on a page. */
export const pagesOfPass = 13

export const healing = (worker: WorkerContext): Effect.Effect<void, StorageError> => {
  const { connections, failpoint, log, name, now, onQueued, store } = worker
  /** With which page the next look begins. */
  let from = 0
  return Effect.gen(function*() {
    const { healed, next } = yield* connections.ask(store.heal(yield* now, from, pagesOfPass, name))
    from = next ?? 0
    if (healed.length === 0) return
    yield* Effect.forEach(healed, ({ action, actorId, definition, phase }) =>
      log.error(
        `invariant 2 is broken: ${actionText(definition, actorId)} (${action}) ${
          phase === undefined
            ? "waits in a lane that it could begin in; it is looked at"
            : `${phase === "waiting" ? stranded.slots : stranded.job}; it has been given one`
        }`,
        { action: definition, actorId, actionId: action }
      ))
    yield* failpoint("healed", Effect.sync(onQueued))
  })
}
