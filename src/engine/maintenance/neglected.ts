/** What waits and is not for this worker: it may be for nobody. Of its own definitions it takes what other deploys have queued elsewhere, or in turns. */
import * as Effect from "effect/Effect"
import { definitionKey } from "../../domain/Key.ts"
import type { StorageError } from "../../SteppedError.ts"
import type { WorkerContext } from "../worker/context.ts"

/** How long jobs wait before a worker that does not take them says so, and how often it does. */
const neglectedMs = 5 * 60_000
const repeatMs = 60 * 60_000

export const neglected = (worker: WorkerContext): Effect.Effect<void, StorageError> => {
  const { catalogs, connections, log, now, peers, registry, store } = worker
  const warned = new Map<string, number>()
  return Effect.gen(function*() {
    const at = yield* now
    const known = catalogs.taken()
    const definitions = known.definitions.map(({ key }) => key)
    const found = yield* connections.ask(store.neglected(at, known.queues, definitions, known.inTurns ?? true))
    for (const { actorType, name, queue, since } of found) {
      const definition = definitionKey(actorType, name)
      if (registry.byKey(definition) !== undefined && catalogs.adopt(queue, definition)) continue
      // another worker of this process says it, or adopts it; who takes from the queue itself leaves it to nobody
      if (!catalogs.takes(queue) && peers.take(queue)) continue
      const key = `${definition} in the queue ${queue}`
      if (at - since.getTime() < neglectedMs || at - (warned.get(key) ?? -Infinity) < repeatMs) continue
      warned.set(key, at)
      yield* log.warning(
        `jobs of ${key} wait since ${since.toISOString()}, and this worker does not take them: does another one?`
      )
    }
  })
}
