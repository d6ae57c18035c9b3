/** Stores what bodies have done on the way: what they ask for while a statement is under way goes into the next one, together. */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type { StorageError } from "../../SteppedError.ts"
import type { NewMemo } from "../../store/Conclusion.ts"
import { countOf, weighMemo } from "../../store/weight.ts"
import { Fenced } from "../perform/Surroundings.ts"
import { retryReading } from "../retrying.ts"
import type { WorkerContext } from "./context.ts"

export interface Memos {
  /** Stores it, and gives what is stored under its name. Dies with `Fenced` where the action is no longer this worker's. */
  readonly remember: (memo: NewMemo) => Effect.Effect<unknown, StorageError>
}

const nothing: Effect.Effect<ReadonlyMap<number, unknown>> = Effect.succeed(new Map())

/** Rows of one statement. */
const batchMax = 1000

interface Waiting {
  readonly memo: NewMemo
  readonly done: (exit: Exit.Exit<unknown, StorageError>) => void
}

export const make = (worker: WorkerContext): Memos => {
  const { failpoint, scope, store } = worker
  // invariant: each of them is told once, by the batch that it goes into; somebody stores as long as any of them waits
  const waiting: Array<Waiting> = []
  // invariant: true while a fiber empties `waiting`: it ends only when nothing is left there
  let isStoring = false

  /** What is stored by now, by the memos' numbers; nothing under a token that is lost. */
  const asked = (memos: ReadonlyArray<NewMemo>): Effect.Effect<ReadonlyMap<number, unknown>, StorageError> =>
    Effect.suspend((): Effect.Effect<ReadonlyMap<number, unknown>, StorageError> => {
      const token = worker.lease.token()
      if (token === undefined) return nothing
      const call = failpoint("remembered", worker.connections.ask(store.remember(token, memos)))
      return Effect.flatMap(
        retryReading(call, worker.committer.answers),
        (found): Effect.Effect<ReadonlyMap<number, unknown>, StorageError> =>
          found.lost
            // a body has blocked the thread
            ? Effect.flatMap(worker.lease.regain(token), (is) => is ? asked(memos) : nothing)
            : Effect.succeed(found.stored)
      )
    })

  const storeBatch = (batch: ReadonlyArray<Waiting>): Effect.Effect<void> =>
    Effect.gen(function*() {
      const exit = yield* Effect.exit(asked(batch.map(({ memo }) => memo)))
      if (Exit.isSuccess(exit)) {
        for (const [n, { done }] of batch.entries()) {
          done(exit.value.has(n) ? Exit.succeed(exit.value.get(n)) : Exit.die(new Fenced()))
        }
        return
      }
      // one that the database refuses must not take the others down
      if (batch.length > 1 && !exit.cause.reasons.some(Cause.isInterruptReason)) {
        for (const one of batch) yield* storeBatch([one])
        return
      }
      for (const { done } of batch) done(exit)
    })

  const storeAll: Effect.Effect<void> = Effect.gen(function*() {
    // with what other fibers are just about to ask for
    yield* Effect.yieldNow
    while (waiting.length > 0) {
      const count = countOf(waiting, ({ memo }) => weighMemo(memo), batchMax)
      yield* storeBatch(waiting.splice(0, count))
    }
    isStoring = false
  })

  return {
    remember: (memo) =>
      Effect.callback((resume) => {
        waiting.push({ memo, done: resume })
        if (isStoring) return
        isStoring = true
        Effect.runFork(Effect.forkIn(storeAll, scope))
      })
  }
}
