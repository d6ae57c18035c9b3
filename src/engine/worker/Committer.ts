/**
 * Stores what bodies have come to, many actions at once; the work that follows goes to its queue. What cannot be stored in its place is
 * halved, put aside, and in the end fails its action.
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { actionText, broken, errorText, line } from "../../domain/Failure.ts"
import { StorageError } from "../../SteppedError.ts"
import { failsAt, invocationsOf, slotsOf } from "../../store/Conclusion.ts"
import { monotonic, pauseAfter } from "../../store/RealClock.ts"
import { tookTooLong } from "../../store/Store.ts"
import { countOf, weighConclusion } from "../../store/weight.ts"
import * as BatchSize from "../BatchSize.ts"
import type { Log } from "../log.ts"
import type { Concluded, Ended } from "../perform/concluding.ts"
import { triesInPlace } from "../retrying.ts"
import type { Read } from "./Answers.ts"
import type { Work, WorkerContext } from "./context.ts"
import type { WorkQueue } from "./InHand.ts"

/** What a try has come to. */
export interface Tried extends Read {
  /** What is to be stored in the place of what was stale, since somebody has decided meanwhile how these actions end. */
  readonly closed: ReadonlyArray<Concluded>
}

export interface Committer {
  /** Commits conclusions; the work that follows from them goes to `queue`. They are in hand from the call on. */
  readonly commit: (batch: ReadonlyArray<Concluded>, queue: WorkQueue<Work>) => Effect.Effect<void>
  /** The next batch of what bodies have come to; of the size that the database takes, or of `most`. */
  readonly commitNext: (most?: number) => Effect.Effect<void>
  /** Tries to store them, once. */
  readonly tryOnce: (
    token: bigint,
    batch: ReadonlyArray<Concluded>,
    queue: WorkQueue<Work>
  ) => Effect.Effect<Tried, StorageError>
  /** Splits a batch until the conclusion that the database refuses is alone, and that one fails. Gives whether some of them were stale. */
  readonly commitApart: (
    token: bigint,
    batch: ReadonlyArray<Concluded>,
    cause: Cause.Cause<unknown>,
    queue: WorkQueue<Work>
  ) => Effect.Effect<boolean>
  /** What this worker does next with the actions of a batch that it keeps. */
  readonly followUps: (
    batch: ReadonlyArray<Concluded>,
    stale: ReadonlySet<string>,
    at: number
  ) => ReadonlyArray<Work>
  /** Tells those who wait of the ends that are stored. */
  readonly tellEnded: (batch: ReadonlyArray<Concluded>, stale: ReadonlySet<string>) => Effect.Effect<void>
  /** Whether the database answers at all: what fails meanwhile fails by itself. */
  readonly answers: Effect.Effect<boolean>
}

export const finishMax = 1000
/** A statement that takes longer than this is not tried again in its place. */
const longMs = 1000

/** The action that a conclusion is about. */
export const actionIn = ({ conclusion }: Concluded): string => conclusion.fence.action

/**
 * Ends that nothing has been said of: a body's own failure is said where it fails, but not that its root fails with it, nor that time is
 * over, or that an action has taken its process with it each time.
 */
const sayEnds = (log: Log, all: ReadonlyArray<Ended>): Effect.Effect<void> => {
  const unsaid = all.filter(({ isRoot, outcome: { cause, status } }) =>
    status === "timed_out"
      ? isRoot
      : status === "failed" &&
        (cause?.kind === "exhausted" || (isRoot && cause?.kind !== "failure" && cause?.kind !== "defect"))
  )
  if (unsaid.length === 0) return Effect.void
  return Effect.forEach(unsaid, ({ actorId, definition, id, outcome: { cause, status } }) => {
    const text = actionText(definition, actorId)
    const what = status === "timed_out"
      ? `${text} has timed out`
      : `${text} has failed: ${cause === null ? text : line(cause)}`
    return log[cause?.kind === "exhausted" ? "error" : "warning"](what, { action: definition, actorId, actionId: id })
  }, { discard: true })
}

export const make = (worker: WorkerContext): Committer => {
  const { catalogs, connections, failpoint, gate, inHand, now, onEnded, onKnown, store } = worker
  const size = BatchSize.make(finishMax)

  const answers = Effect.map(Effect.exit(connections.ask(store.clockOffset)), Exit.isSuccess)

  const commit = (batch: ReadonlyArray<Concluded>, queue: WorkQueue<Work>): Effect.Effect<void> => {
    const token = worker.lease.token()
    return token === undefined || batch.length === 0 ? Effect.void : Effect.flatMap(
      worker.reconciler.keeping(batch.map(actionIn), (letGo) => commitInHand(token, batch, queue, letGo)),
      // ended from outside; or an earlier try, whose answer was lost, had happened, and what came next is in the rows
      (isStale) => isStale ? worker.reconciler.doubt : Effect.void
    )
  }

  const commitNext: Committer["commitNext"] = (most) =>
    Effect.suspend(() => {
      const weigh = ({ conclusion }: Concluded) => weighConclusion(conclusion)
      return commit(inHand.takeConcluded((all) => countOf(all, weigh, most ?? size.get())), inHand.ready)
    })

  /** `placed` is told when what follows has its place. */
  const finish = (
    token: bigint,
    concluded: ReadonlyArray<Concluded>,
    queue: WorkQueue<Work>,
    placed: () => void
  ): Effect.Effect<Read, StorageError> =>
    Effect.flatMap(now, (at) => {
      const batch = concluded.map((one) => one.limit !== undefined && one.limit.at <= at ? one.limit.instead() : one)
      const call = store.finish({
        token,
        now: at,
        catalog: catalogs.own(),
        conclusions: batch.map(({ conclusion }) => conclusion),
        of: batch.map(({ of }) => of)
      })
      return Effect.flatMap(
        failpoint("committed", queue === inHand.ready ? connections.ask(call) : call),
        (answer) =>
          Effect.flatMap(worker.answers.read(answer, at, true), (read) => {
            if (worker.lease.token() === token && !read.lost) {
              queue.put([...read.work, ...followUps(batch, read.stale, at)])
              // before anybody is told: whoever asks next finds this worker idle
              if (read.closing.size === 0) placed()
            }
            return read.lost ? Effect.succeed(read) : Effect.as(tellEnded(batch, read.stale), read)
          })
      )
    })

  const tryPlaced = (
    token: bigint,
    batch: ReadonlyArray<Concluded>,
    queue: WorkQueue<Work>,
    placed: () => void
  ): Effect.Effect<Tried, StorageError> =>
    Effect.map(gate.shared(finish(token, batch, queue, placed)), (read) => ({
      ...read,
      closed: read.closing.size === 0
        ? []
        : batch.flatMap((one) => read.closing.has(actionIn(one)) && one.closed !== undefined ? [one.closed()] : [])
    }))

  const tryOnce: Committer["tryOnce"] = (token, batch, queue) => tryPlaced(token, batch, queue, () => undefined)

  /** Gives whether some of them were stale. */
  const commitInHand = (
    token: bigint,
    batch: ReadonlyArray<Concluded>,
    queue: WorkQueue<Work>,
    placed: () => void = () => undefined
  ): Effect.Effect<boolean> =>
    Effect.gen(function*() {
      for (let attempt = 0;; attempt++) {
        const since = monotonic()
        const exit = yield* Effect.exit(tryPlaced(token, batch, queue, placed))
        if (worker.lease.token() !== token) return false
        if (Exit.isSuccess(exit)) {
          size.passed()
          if (exit.value.lost && (yield* worker.lease.regainOrLose(token))) continue
          const { closed, stale } = exit.value
          if (closed.length === 0) return stale.size > 0
          return (yield* commitInHand(token, closed, queue)) || stale.size > closed.length
        }
        const error = exit.cause.reasons.find(Cause.isFailReason)?.error
        if (!(error instanceof StorageError && error.isRetryable)) {
          return yield* commitApart(token, batch, exit.cause, queue)
        }
        const isLong = monotonic() - since > longMs
        yield* pauseAfter(attempt)
        if (batch.length > 1 && tookTooLong(error)) {
          size.refused(batch.length)
          if (!isLong) return yield* commitHalves(token, batch, queue)
        }
        // one that only takes its time is not tried in the place of all the others
        if ((isLong || attempt + 1 >= triesInPlace) && (yield* answers)) {
          yield* worker.aside.put({ token, batch, error, tries: 0, delay: 0 })
          return false
        }
      }
    })

  const commitHalves = (
    token: bigint,
    batch: ReadonlyArray<Concluded>,
    queue: WorkQueue<Work>
  ): Effect.Effect<boolean> =>
    Effect.zipWith(
      commitInHand(token, batch.slice(0, batch.length >> 1), queue),
      commitInHand(token, batch.slice(batch.length >> 1), queue),
      (first, second) => first || second
    )

  const commitApart: Committer["commitApart"] = (token, batch, cause, queue) =>
    Effect.gen(function*() {
      if (batch.length > 1) return yield* commitHalves(token, batch, queue)
      const { conclusion, of, refused } = batch[0]!
      const { fence } = conclusion
      yield* worker.log.trouble(
        "what has come of an action cannot be stored",
        cause,
        "it fails, or is tried again",
        "error",
        { actionId: fence.action }
      )
      const decided = conclusion._tag === "ActionEnds" || conclusion._tag === "CallbacksDue" ? conclusion : undefined
      if (decided?.outcome.status === "failed" && decided.ended === undefined) {
        // not even the plain failure: the action goes back, with an attempt burnt
        const due = Math.ceil((yield* now) + 10_000)
        const back: Concluded = {
          conclusion: { _tag: "TryAgain", fence, phase: fence.phase, due, burns: true },
          next: undefined,
          of
        }
        const exit = yield* Effect.exit(tryOnce(token, [back], queue))
        // if it does not, it is nobody's: the rows say that it is this worker's
        return Exit.isFailure(exit) || exit.value.lost || exit.value.stale.size > 0
      }
      const message = `its end could not be stored: ${errorText(cause.reasons.find(Cause.isFailReason)?.error)}`
      const fails = () => failsAt(fence, broken(actionText(of.definition, of.actorId), message))
      // without this step the action may go on
      return yield* commitInHand(token, [refused?.(message) ?? { conclusion: fails(), next: undefined, of }], queue)
    })

  const tellEnded: Committer["tellEnded"] = (batch, stale) => {
    const stored = batch.filter((one) => one.conclusion._tag === "ActionEnds" && !stale.has(actionIn(one)))
    if (stored.length === 0) return Effect.void
    const ended = stored.flatMap(({ ended }) => ended ?? [])
    onKnown(ended)
    onEnded(stored.map(actionIn))
    return sayEnds(worker.log, ended)
  }

  const followUps: Committer["followUps"] = (batch, stale, at) =>
    batch.flatMap(({ conclusion, next }): ReadonlyArray<Work> => {
      for (const child of invocationsOf(conclusion)) {
        if (child.due !== undefined) worker.peers.inCharge().timers.know(child.due)
      }
      for (const { due, heartbeat } of slotsOf(conclusion)) {
        if (due !== null) worker.peers.inCharge().timers.know(due)
        if (heartbeat !== undefined) worker.peers.inCharge().timers.know(at + heartbeat)
      }
      const due = conclusion._tag === "TryAgain" || conclusion._tag === "StepRetries"
        ? conclusion.due
        : conclusion._tag === "StepWaits"
        ? conclusion.timeoutAt
        : conclusion._tag === "WaitsOutside" && conclusion.heartbeat !== undefined
        ? at + conclusion.heartbeat
        : undefined
      if (due !== undefined) worker.peers.inCharge().timers.know(due)
      if (next === undefined || stale.has(next.id)) return []
      const performance = next.phase === "step" || next.phase === "unwinding" ? { ...next, stepStartedAt: at } : next
      return [{ _tag: "Perform", id: next.id, performance }]
    })

  return { commit, commitNext, tryOnce, commitApart, followUps, tellEnded, answers }
}
