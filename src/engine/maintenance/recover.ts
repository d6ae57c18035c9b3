/** Takes over what dead workers have left. */
import * as Effect from "effect/Effect"
import type { StorageError } from "../../SteppedError.ts"
import type { WorkerContext } from "../worker/context.ts"

export const recover = (worker: WorkerContext): Effect.Effect<void, StorageError> => {
  const { connections, embedded, now, peers, store } = worker
  // one process has an embedded database: what it left is taken over when it opens it
  return embedded
    ? Effect.void
    : Effect.flatMap(now, (at) => Effect.asVoid(connections.ask(store.recover(at, [...peers.answeredFor]))))
}
