/**
 * A worker says what it is and what it can run, for those who do not have the program, and again when that has changed. With it come the
 * schedules that its program declares, which fire by that.
 */
import * as Effect from "effect/Effect"
import type { StorageError } from "../../SteppedError.ts"
import { monotonic } from "../../store/RealClock.ts"
import { describe } from "../describe.ts"
import { declare } from "../schedules/declaring.ts"
import type { WorkerContext } from "./context.ts"

/** How long ago it may be said that a worker has a definition. */
const repeatMs = 12 * 60 * 60_000

export interface Announcing {
  /** Says it for the first time: not at once, since layers of actions may come a moment after their worker. */
  readonly first: Effect.Effect<void, StorageError>
  /** Says it again where that is due, or has failed; nothing before the first time. */
  readonly again: Effect.Effect<void, StorageError>
}

export const make = (worker: WorkerContext): Announcing => {
  const { connections, log, now, queues, registry, store } = worker
  // invariant: what is stored of this worker is of this token, these definitions and these schedules
  let said:
    | { readonly token: bigint; readonly all: unknown; readonly schedules: unknown; readonly at: number }
    | undefined
  /** Whether it was to be said for the first time; what has failed then is said by upkeep. */
  let hasBegun = false
  const say = Effect.gen(function*() {
    const token = worker.lease.token()
    const all = registry.all()
    const schedules = registry.schedules()
    if (token === undefined) return
    const definitions = []
    for (const runnable of all) {
      definitions.push(describe(runnable))
      // a schema takes a moment, and bodies run beside this
      yield* Effect.yieldNow
    }
    yield* connections.ask(store.announce(token, { queues, definitions }))
    // who has declared some, and none now, says so, too
    if (schedules.length > 0 || (said !== undefined && said.schedules !== schedules)) {
      const at = yield* now
      yield* connections.ask(declare(store, log, token, schedules, at))
      worker.timers.know(at)
    }
    said = { token, all, schedules, at: monotonic() }
  })
  /** What is in force may be what a worker has declared that is gone. */
  const isUndeclared = Effect.suspend(() => {
    const schedules = registry.schedules()
    return schedules.length === 0 ? Effect.succeed(false) : connections.ask(store.undeclaredSchedules(schedules))
  })
  return {
    first: Effect.suspend(() => {
      hasBegun = true
      return say
    }),
    again: Effect.suspend(() => {
      if (said === undefined) return hasBegun ? say : Effect.void
      const isSaid = said.token === worker.lease.token() && said.all === registry.all() &&
        said.schedules === registry.schedules() && monotonic() - said.at < repeatMs
      return isSaid ? Effect.flatMap(isUndeclared, (is) => is ? say : Effect.void) : say
    })
  }
}
