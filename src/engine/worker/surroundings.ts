/** What performing one action has of its worker: what is stored, and transactions that commit a conclusion with the body's own SQL. */
import * as Effect from "effect/Effect"
import type { StorageError } from "../../SteppedError.ts"
import type { Conclusion } from "../../store/Conclusion.ts"
import { emptyCatalog } from "../../store/Store.ts"
import type { Concluded } from "../perform/concluding.ts"
import { Fenced, type Surroundings } from "../perform/Surroundings.ts"
import { retryReading } from "../retrying.ts"
import type { Work, WorkerContext } from "./context.ts"

export const surroundings = (worker: WorkerContext): {
  readonly env: Surroundings
  /** Conclusions that their own transaction has committed already, with the work that followed. */
  readonly committed: WeakMap<Concluded, ReadonlyArray<Work>>
} => {
  const { complete, registry, failpoint, newActionId, now, settings, store } = worker
  const committed = new WeakMap<Concluded, ReadonlyArray<Work>>()

  /** What an action needs to go on: a database that is away is waited for, and costs no attempt. */
  const waitingFor = <A>(read: Effect.Effect<A, StorageError>): Effect.Effect<A, StorageError> =>
    retryReading(worker.connections.ask(read), worker.committer.answers)

  /** The same; in a transaction of the program on its own connection. */
  const reading = <A>(read: Effect.Effect<A, StorageError>): Effect.Effect<A, StorageError> =>
    Effect.flatMap(store.inTransaction, (inside) => inside ? read : waitingFor(read))

  const transaction: Surroundings["transaction"] = (body) =>
    Effect.gen(function*() {
      const token = worker.lease.token()
      // the lease was lost before it began: whoever has the action by now runs it
      if (token === undefined) return yield* Effect.die(new Fenced())
      let at = 0
      const both = store.withTransaction(Effect.gen(function*() {
        let concluded = yield* body
        at = yield* now
        const finish = (conclusion: Conclusion) =>
          store.finish({
            token,
            now: at,
            // nothing is handed over in a transaction that may yet fail to commit: promoted and resumed actions get jobs
            catalog: emptyCatalog,
            conclusions: [conclusion],
            of: [concluded.of]
          }).pipe(Effect.mapError(store.inOpenTransaction("ending a transactional step")))
        let answer = yield* finish(concluded.conclusion)
        const isLost = () => answer.news.some(({ _tag }) => _tag === "LeaseLost")
        const staleness = () => answer.news.find((news) => news._tag === "Stale")
        // its body has blocked the thread: what it did so far is as good as it was
        if (isLost() && (yield* worker.lease.regain(token))) answer = yield* finish(concluded.conclusion)
        // how its action ends was decided meanwhile, here or elsewhere: what it did is as good, and is undone
        if (staleness()?.closing === true && concluded.closed !== undefined) {
          concluded = concluded.closed()
          answer = yield* finish(concluded.conclusion)
        }
        const stale = staleness()
        // what the body itself, in this very transaction, has ended commits with it, and this conclusion is dropped
        if (stale?.endedHere === true) return undefined
        if (stale !== undefined || isLost()) return yield* Effect.die(new Fenced())
        const committing = concluded
        yield* store.afterCommit(
          Effect.andThen(
            worker.answers.read(answer, at, true),
            Effect.suspend(() => worker.committer.tellEnded([committing], new Set()))
          )
        )
        return concluded
      }))
      const concluded = yield* failpoint("transacted", both)
      if (concluded !== undefined) committed.set(concluded, worker.committer.followUps([concluded], new Set(), at))
      return concluded
    })

  return {
    committed,
    env: {
      log: worker.log,
      settings,
      registry,
      now,
      newActionId,
      complete,
      remember: (memo) => worker.memos.remember(memo),
      rememberHere: (memo) =>
        Effect.gen(function*() {
          const token = worker.lease.token()
          if (token === undefined) return yield* Effect.die(new Fenced())
          let found = yield* store.remember(token, [memo])
          // a body has blocked the thread
          if (found.lost && (yield* worker.lease.regain(token))) found = yield* store.remember(token, [memo])
          return found.stored.has(0)
            ? { result: found.stored.get(0), isNew: found.isNew }
            : yield* Effect.die(new Fenced())
        }),
      withTransaction: store.withTransaction,
      listen: (action, listener) => worker.replays.listen(action, listener),
      note: (note) => worker.notes.note(note),
      inTransaction: store.inTransaction,
      stored: {
        whatOf: (action) =>
          reading(Effect.suspend(() => {
            const token = worker.lease.token()
            return token === undefined ? Effect.undefined : store.whatOf(token, action)
          })),
        resultsAfter: (action, from) => reading(store.resultsAfter(action, from)),
        slotsAfter: (action, step, slot) => reading(store.slotsAfter(action, step, slot)),
        memosAfter: (action, last) => reading(store.memosAfter(action, last)),
        sentAfter: (action, last) => reading(store.sentAfter(action, last)),
        awaitedAfter: (action, last) => reading(store.awaitedAfter(action, last)),
        earlierAfter: (action, step, slot) => reading(store.earlierAfter(action, step, slot)),
        unreadSignals: (action, name, last) => reading(store.unreadSignals(action, name, last))
      },
      transaction
    }
  }
}
