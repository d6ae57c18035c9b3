/**
 * Memory and rows. All that a worker has in hand is a copy: the rows under its token are the truth, and after an answer that was lost the
 * two are compared again.
 */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Semaphore from "effect/Semaphore"
import type { StorageError } from "../../SteppedError.ts"
import { nothingTaken } from "../../store/Answer.ts"
import { abandonAfter } from "../../store/RealClock.ts"
import { isWorthSaying } from "../log.ts"
import * as Retrying from "../retrying.ts"
import type { Work, WorkerContext } from "./context.ts"
import type { WorkQueue } from "./InHand.ts"

export interface Reconciler {
  /** Something under the token may be in nobody's hands: the rows say. */
  readonly doubt: Effect.Effect<void>
  /**
   * Keeps actions in hand, from the call on, while a transition puts them under the token, takes them from one list to another, or away.
   * Whether one that fails, or whose caller is interrupted, has happened is not known; what it was about is let go before anybody looks.
   * It may let go before its end, when everything has its place.
   */
  readonly keeping: <A, E>(
    ids: ReadonlyArray<string>,
    transition: (letGo: () => void) => Effect.Effect<A, E>
  ) => Effect.Effect<A, E>
  /** Gives actions and held invocations to others, from the call on. */
  readonly giveBack: (ids: ReadonlyArray<string>) => Effect.Effect<void>
  /** What is under a token that was lost before its answer came is for others by now. */
  readonly handTo: (token: bigint | undefined, queue: WorkQueue<Work>, work: ReadonlyArray<Work>) => void
  /**
   * For what must not be forgotten and has nobody to hear of its failure: tried again for some seconds. A database that has not answered
   * for that long is not asked for so long again: a process that ends must come to its end. Gives whether it has happened.
   */
  readonly retryBriefly: (effect: Effect.Effect<unknown, StorageError>) => Effect.Effect<boolean>
  /** Waits for an effect as long as the database deserves; gives whether it has ended. */
  readonly within: (effect: Effect.Effect<void>) => Effect.Effect<void>
}

export const make = (worker: WorkerContext): Reconciler => {
  const { failpoint, gate, inHand, log, now, scope, store } = worker
  const reconciling = Semaphore.makeUnsafe(1)
  /** The last time that the database was asked for something that must not be forgotten, it did not answer. */
  let answersNot = false
  const patienceMs = () => answersNot ? 500 : 3000

  const retryBriefly: Reconciler["retryBriefly"] = (effect) =>
    Effect.gen(function*() {
      const exit = yield* Effect.exit(Effect.suspend(() => Retrying.retryBriefly(effect, patienceMs())))
      answersNot = Exit.isFailure(exit)
      if (Exit.isFailure(exit)) {
        yield* log.trouble("the database does not answer", exit.cause, "others take over only when the lease ends")
      }
      return Exit.isSuccess(exit)
    })

  const doubt: Effect.Effect<void> = Effect.suspend(() => {
    const mine = worker.lease.token()
    return mine === undefined ? Effect.void : Effect.asVoid(Effect.forkIn(reconcile(mine), scope))
  })

  const keeping: Reconciler["keeping"] = (ids, transition) => {
    const letGo = inHand.keep(ids)
    return Effect.onExit(transition(letGo), (exit) => {
      letGo()
      return Exit.isSuccess(exit) ? Effect.void : doubt
    })
  }

  const giveBack: Reconciler["giveBack"] = (ids) => {
    const mine = worker.lease.token()
    if (mine === undefined || ids.length === 0) return Effect.void
    // what somebody looks at just now, as a sibling that is to wait for it, is let go in a moment
    let left = ids
    const asked = Effect.flatMap(now, (at) => worker.connections.ask(store.giveBack(mine, left, at)))
    const given = Retrying.retryWhileBusy(
      Effect.tap(asked, (held) => Effect.sync(() => left = held)),
      (held) => held.length > 0
    )
    return Effect.flatMap(
      keeping(ids, () => retryBriefly(given)),
      (isDone) => isDone && left.length === 0 ? Effect.sync(worker.peers.wakeOthers) : doubt
    )
  }

  const handTo: Reconciler["handTo"] = (mine, queue, work) => {
    if (worker.lease.token() === mine) queue.put(work)
  }

  /**
   * Compares memory with the rows under the token, all transitions at rest: what a lost answer handed over is taken up, what is no
   * longer ours is dropped. Between two tries the others go on.
   */
  const reconcile = (mine: bigint): Effect.Effect<void> =>
    reconciling.withPermit(Retrying.retryWhile(
      () => worker.lease.token() === mine,
      gate.exclusive(compare),
      (cause, attempt) =>
        attempt >= Retrying.triesInPlace && isWorthSaying(attempt)
          ? log.trouble("cannot compare with the rows what this process holds", cause, "trying again")
          : Effect.void
    )).pipe(Effect.andThen(Effect.suspend(() => worker.bodies.begin)))

  const compare = Effect.gen(function*() {
    const mine = worker.lease.token()
    if (mine === undefined) return
    // a transactional step commits beside the gate: what it let go while we looked was in hand before
    const before = inHand.ids()
    const rows = yield* failpoint("compared", worker.connections.ask(store.heldBy(mine, [...before])))
    const at = yield* now
    const after = inHand.ids()
    const inRows = new Set(rows.map((task) => task.action))
    const lost = rows.filter((task) => !before.has(task.action) && !after.has(task.action))
    const answer = yield* worker.answers.read({ work: lost, news: [], taken: nothingTaken }, at, true)
    handTo(mine, inHand.ready, answer.work)
    const gone = [...inHand.active.values()].filter(({ work }) =>
      (work._tag === "Perform" || work._tag === "Prepare") && before.has(work.id) && !inRows.has(work.id)
    )
    yield* worker.bodies.interruptAll(gone.map(({ work }) => work.id))
    yield* worker.bodies.close(
      rows.flatMap((row) =>
        row._tag === "Continued" && row.phase === "closing" && inHand.active.has(row.action) ? [row.action] : []
      )
    )
  })

  return {
    doubt,
    keeping,
    giveBack,
    handTo,
    retryBriefly,
    within: (effect) =>
      Effect.map(Effect.exit(abandonAfter(effect, patienceMs())), (exit) => {
        answersNot = Exit.isFailure(exit)
      })
  }
}
