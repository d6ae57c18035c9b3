/**
 * Performs with nothing beside it what has died with its process before: if it kills this one too, it takes nobody along. For a while: bodies
 * that go on for longer do so beside the others.
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { monotonic, realSleep } from "../../store/RealClock.ts"
import type { Peers, WorkerContext } from "./context.ts"

/** What the workers of a process know of it, all together. */
export interface Turn {
  /** Whose turn it is: nobody else begins anything. */
  holder: string | undefined
  /** Nothing runs any more, and it begins. */
  isQuiet: boolean
}

/** How many bodies a worker may have begun at a time. */
export const concurrencyOf = (
  { name, peers: { turn } }: { readonly name: string; readonly peers: Peers },
  given: number
) => turn.holder === undefined ? given : turn.holder === name && turn.isQuiet ? 1 : 0

/** How often it is looked whether what was waited for has ended. */
const lookMs = 20

/** As long as the worker has its context. */
export const performingAlone = (worker: WorkerContext): Effect.Effect<void> => {
  const { bodies, catalogs, claimer, connections, inHand, lease, log, peers, settings, store, timers } = worker
  const { turn } = peers

  /** No longer than two leases: a body may wait for what is performed beside it. */
  const waitWhile = (isSo: () => boolean, doing: Effect.Effect<void>) =>
    Effect.gen(function*() {
      const until = monotonic() + 2 * Duration.toMillis(settings.lease)
      while (worker.claims() && isSo() && monotonic() < until) {
        yield* doing
        yield* realSleep(lookMs)
      }
    })

  const perform = (id: string) =>
    Effect.gen(function*() {
      yield* log.warning("what has died with its worker before is performed alone: others wait", { actionId: id })
      // what goes on with its next step does so elsewhere, or later
      yield* waitWhile(() => !peers.areIdle(), peers.giveBackReady)
      if (!worker.claims()) return
      turn.isQuiet = true
      yield* claimer.claim(0, id, [], inHand.ready)
      bodies.pump()
      yield* waitWhile(() => inHand.ids().has(id), Effect.void)
    })

  /** Gives whether there was one. */
  const next = Effect.gen(function*() {
    const token = lease.token()
    if (!worker.claims() || turn.holder !== undefined || token === undefined) return false
    const id = yield* connections.ask(store.reserveAlone(token, catalogs.taken()))
    // one at a time in a process; this worker's it stays
    if (id === null || turn.holder !== undefined) return false
    turn.holder = worker.name
    yield* perform(id)
    return true
  }).pipe(Effect.ensuring(Effect.sync(() => {
    if (turn.holder !== worker.name) return
    turn.holder = undefined
    turn.isQuiet = false
    peers.wakeOthers()
    claimer.wake()
  })))

  const overlooked = timers.overlooking()
  return Effect.gen(function*() {
    while (worker.workContext() !== undefined) {
      let isMore = false
      yield* overlooked(Effect.map(next, (is) => {
        isMore = is
      }))
      // between two of them the others have their turn
      yield* realSleep(isMore ? settings.pollInterval : Duration.toMillis(settings.lease) / 2)
    }
  })
}
