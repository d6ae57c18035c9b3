/** A worker says what it is and what it can run, for those who do not have the program, and again when that has changed. */
import * as Effect from "effect/Effect"
import type { StorageError } from "../../SteppedError.ts"
import { monotonic } from "../../store/RealClock.ts"
import { describe } from "../describe.ts"
import type { WorkerContext } from "./context.ts"

/** How long ago it may be said that a worker has a definition. */
const repeatMs = 12 * 60 * 60_000

export interface Announcing {
  /** Says it for the first time: not at once, since layers of actions may come a moment after their worker. */
  readonly first: Effect.Effect<void, StorageError>
  /** Says it again where that is due; nothing before the first time. */
  readonly again: Effect.Effect<void, StorageError>
}

export const make = (worker: WorkerContext): Announcing => {
  const { connections, queues, registry, store } = worker
  // invariant: what is stored of this worker is of this token and these definitions
  let said: { readonly token: bigint; readonly all: unknown; readonly at: number } | undefined
  const say = Effect.gen(function*() {
    const token = worker.lease.token()
    const all = registry.all()
    if (token === undefined) return
    const definitions = []
    for (const runnable of all) {
      definitions.push(describe(runnable))
      // a schema takes a moment, and bodies run beside this
      yield* Effect.yieldNow
    }
    yield* connections.ask(store.announce(token, { queues, definitions }))
    said = { token, all, at: monotonic() }
  })
  return {
    first: say,
    again: Effect.suspend(() =>
      said === undefined ||
        (said.token === worker.lease.token() && said.all === registry.all() && monotonic() - said.at < repeatMs)
        ? Effect.void
        : say
    )
  }
}
