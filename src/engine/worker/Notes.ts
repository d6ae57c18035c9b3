/** Shows how far bodies are: what each has said last, once a second at most, all of them with one statement. */
import * as Effect from "effect/Effect"
import type { ProgressNote } from "../../store/Conclusion.ts"
import { realSleep } from "../../store/RealClock.ts"
import type { WorkerContext } from "./context.ts"

export interface Notes {
  /** At once, or together with others, after a second from the last ones; of what an action says meanwhile only the last is kept. */
  readonly note: (note: ProgressNote) => void
}

const everyMs = 1000

/** Rows of one statement. */
const batchMax = 1000

export const make = (worker: WorkerContext): Notes => {
  const { connections, scope, store } = worker
  // invariant: somebody stores as long as any of them waits
  const waiting = new Map<string, ProgressNote>()
  // invariant: true while a fiber empties `waiting`: it ends only when nothing is left there
  let isStoring = false

  const storeAll: Effect.Effect<void> = Effect.gen(function*() {
    // with what other fibers are just about to say
    yield* Effect.yieldNow
    while (waiting.size > 0) {
      const notes = [...waiting.values()].slice(0, batchMax)
      for (const { action } of notes) waiting.delete(action)
      const token = worker.lease.token()
      // nobody needs it: what cannot be stored now is said again by who goes on
      if (token !== undefined) yield* Effect.exit(connections.ask(store.noteProgress(token, notes)))
      yield* realSleep(everyMs)
    }
    isStoring = false
  })

  return {
    note: (note) => {
      waiting.set(note.action, note)
      if (isStoring) return
      isStoring = true
      Effect.runFork(Effect.forkIn(storeAll, scope))
    }
  }
}
