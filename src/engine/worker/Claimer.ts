/**
 * Takes work out of the queue, as much as there is room for, and brings what was prepared into its lane. An error that nobody expects is
 * halved down to the one job that it belongs to, and that one is set aside.
 */
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import { actionText, broken, ownText } from "../../domain/Failure.ts"
import type { StorageError } from "../../SteppedError.ts"
import type { Invocation, PreparedInvocation } from "../../store/Invocation.ts"
import { monotonic, pauseAfter, realClock } from "../../store/RealClock.ts"
import { type Catalog, emptyCatalog, tookTooLong } from "../../store/Store.ts"
import { countOf, weighInvocation, weighPrepared } from "../../store/weight.ts"
import * as BatchSize from "../BatchSize.ts"
import { unjoinable } from "../invoke/prepare.ts"
import { counted, isWorthSaying } from "../log.ts"
import { triesInPlace } from "../retrying.ts"
import type { Read } from "./Answers.ts"
import { finishMax } from "./Committer.ts"
import type { Work, WorkerContext } from "./context.ts"
import type { WorkQueue } from "./InHand.ts"

export interface Claimer {
  /**
   * Takes jobs, or the one of an action, and joins what was prepared; the work goes to `queue`. What it is about is in hand from the call
   * on.
   */
  readonly claim: (
    room: number,
    only: string | null,
    prepared: ReadonlyArray<PreparedInvocation>,
    queue: WorkQueue<Work>
  ) => Effect.Effect<Read, StorageError>
  /** Everything that is due, as far as one claim goes. */
  readonly claimAll: (queue: WorkQueue<Work>) => Effect.Effect<number, StorageError>
  /** Brings what was prepared into its lane, as far as one claim goes. */
  readonly joinPrepared: Effect.Effect<void>
  /**
   * Stores invocations and takes them with the same commit, if the worker has nothing else to do and takes them. Gives whether it has
   * taken them all. When it fails they may be stored or not.
   */
  readonly enqueueIdle: (items: ReadonlyArray<Invocation>) => Option.Option<Effect.Effect<boolean, StorageError>>
  /** There may be more to claim. */
  readonly more: () => void
  /** The same, and the loops look at once. */
  readonly wake: () => void
  /** Whether a loop is to claim next. */
  readonly isDue: () => boolean
  /** One claim of a loop. */
  readonly turn: Effect.Effect<void>
}

/** A worker that has found less than it has room for looks again after this time. */
const soonMs = 5
/** What an idle worker takes with the commit that stores it: more than that is not to wait for the claim. */
const idleMax = 32
export const claimMax = 1000
const longestDelayMs = 60_000

export const make = (worker: WorkerContext): Claimer => {
  const { catalogs, connections, registry, failpoint, gate, inHand, log, now, scope, settings, store } = worker
  const { ready } = inHand
  const size = BatchSize.make(claimMax)
  /** There may be something in the queue that no claim has seen. */
  let isMore = true
  /** What the last claim looked for, whoever asked for it: what an error of it sets aside is among that. */
  let claimedLast: Catalog = emptyCatalog
  /**
   * Up to where the last claims came in each queue, for each priority. What is put back before that, or was stored with a lower id by a transaction that took
   * longer, is seen after a pollInterval, or at once when there is nothing behind.
   */
  const passed = new Map<string, Record<string, number>>()
  /** When `passed` was emptied last for its age, on the monotonic clock. */
  let passedSince = 0
  /** After an error that nobody expects: prepared invocations join one by one. */
  let isolating = false
  /** Claims of the loops that are not answered yet: `turn` alone counts. */
  let underWay = 0
  /** Whether the last of them that was answered has failed. */
  let claimsFail = false
  /** When what others have queued is looked for, after the last claim that has found something: on the monotonic clock. */
  let lookAt = 0
  // invariant: true while a fiber sleeps until `lookAt`, which may be put off meanwhile
  let isLooking = false

  const more = () => {
    isMore = true
  }
  const wake = () => {
    isMore = true
    worker.work.openUnsafe()
  }
  const preparedFor = (most: number) => inHand.takeJoining((all) => countOf(all, weighPrepared, most))

  const claim = (
    room: number,
    only: string | null,
    prepared: ReadonlyArray<PreparedInvocation>,
    queue: WorkQueue<Work>,
    items: ReadonlyArray<Invocation> = []
  ): Effect.Effect<Read, StorageError> =>
    worker.reconciler.keeping(
      [...only === null ? [] : [only], ...prepared.map(({ action }) => action)],
      () => claimInHand(room, only, prepared, queue, items)
    )

  const progress = (room: number, { taken }: Read) => {
    if (worker.workContext() === undefined || room === 0) return
    if (taken.count >= room || taken.full) {
      for (const [queue, last] of Object.entries(taken.last)) {
        const known = passed.get(queue) ?? {}
        for (const [priority, id] of Object.entries(last)) known[priority] = Math.max(id, known[priority] ?? 0)
        passed.set(queue, known)
      }
    } else if (passed.size > 0) {
      passed.clear()
      isMore = true
    }
  }

  const claimInHand = (
    room: number,
    only: string | null,
    prepared: ReadonlyArray<PreparedInvocation>,
    queue: WorkQueue<Work>,
    items: ReadonlyArray<Invocation>
  ): Effect.Effect<Read, StorageError> =>
    Effect.gen(function*() {
      const token = yield* worker.lease.register
      const at = yield* now
      const catalog = only === null && prepared.every((one) => catalogs.takes(one.queue))
        ? catalogs.claiming()
        : catalogs.every()
      claimedLast = catalog
      const pollMs = Duration.toMillis(settings.pollInterval)
      if (room > 0 && (size.get() < claimMax || monotonic() - passedSince >= pollMs)) {
        passed.clear()
        passedSince = monotonic()
      }
      const options = { token, now: at, room, catalog, after: passed }
      // what a caller performs now takes its turn in the pool, with all that the program does
      const call = items.length > 0
        ? store.enqueueAndClaim({ ...options, items })
        : queue === ready
        ? connections.ask(store.claim({ ...options, prepared, only }))
        : store.claim({ ...options, prepared, only })
      const asked = gate.shared(
        Effect.flatMap(
          failpoint("claimed", call),
          (answer) =>
            Effect.map(worker.answers.read(answer, at, true), (read) => {
              const blocked = prepared.filter(({ action }) => read.blocked.has(action))
              worker.reconciler.handTo(token, queue, [
                ...read.work,
                ...blocked.map((one): Work => ({ _tag: "Joining", id: one.action, prepared: one }))
              ])
              return read
            })
        )
      )
      let exit = yield* Effect.exit(asked)
      while (Exit.isSuccess(exit) && exit.value.lost) {
        const isMine = yield* worker.lease.regainOrLose(token)
        // invocations are stored by then: whoever claims next takes them
        if (!isMine || items.length > 0) break
        exit = yield* Effect.exit(asked)
      }
      if (Exit.isFailure(exit)) {
        passed.clear()
        return yield* exit
      }
      progress(room, exit.value)
      const { blocked, taken } = exit.value
      // looking again at once would only keep the database busy
      if (blocked.size > 0 && blocked.size === prepared.length && taken.count === 0) yield* pauseAfter(0)
      return exit.value
    })

  const enqueueIdle: Claimer["enqueueIdle"] = (items) => {
    const free = Math.min(size.get(), worker.bodies.room())
    const isMine = (item: Invocation) =>
      item.token === undefined && item.due === undefined && registry.byKey(item.definition) !== undefined &&
      catalogs.takes(item.queue)
    return worker.claims() && items.length <= Math.min(free, idleMax) && inHand.isIdle() && items.every(isMine) &&
        countOf(items, weighInvocation, idleMax) === items.length
      ? Option.some(Effect.gen(function*() {
        const read = yield* claim(free, null, [], ready, items)
        const taken = new Set(read.work.map(({ id }) => id))
        yield* worker.bodies.begin
        yield* afterClaim(free, read)
        return items.every(({ action }) => taken.has(action))
      }))
      : Option.none()
  }

  /** What to look for next. */
  const afterClaim = (room: number, { taken: { count, full, putBack } }: Read): Effect.Effect<void> => {
    if (full || (count >= room && room > putBack)) isMore = true
    // others may have queued more meanwhile: of what this process queues it hears, of theirs in some 20 ms or not at all
    return count > putBack && count < room ? lookSoon : Effect.void
  }

  const lookSoon = Effect.suspend(() => {
    lookAt = monotonic() + soonMs
    if (isLooking) return Effect.void
    isLooking = true
    return Effect.asVoid(Effect.forkIn(
      Effect.gen(function*() {
        while (lookAt > monotonic()) yield* Effect.sleep(Math.ceil(lookAt - monotonic()))
        isLooking = false
        wake()
      }).pipe(Effect.provideService(Clock.Clock, realClock)),
      scope
    ))
  })

  /** After an error that nobody expects in a claim: its batch is halved until the one that it belongs to is alone, and that one set aside. */
  const isolate = (
    free: number,
    prepared: ReadonlyArray<PreparedInvocation>,
    error: StorageError
  ): Effect.Effect<void> =>
    Effect.gen(function*() {
      if (prepared.length > 0) {
        // claimed work is not in it from now on; several prepared ones go one by one
        isolating = true
        const [only] = prepared
        if (prepared.length > 1 || free > 0) inHand.join(prepared)
        else if (only !== undefined) yield* isolateOnly(only, error)
        return
      }
      if (free > 1) {
        size.refused(free)
        return
      }
      const at = yield* now
      const aside = yield* Effect.exit(connections.ask(store.setAside(at, at + 60_000, claimedLast)))
      if (Exit.isSuccess(aside) && aside.value !== null) {
        size.reset()
        yield* log.trouble("an action cannot be claimed", error, "it is tried again in a minute", "error", {
          actionId: aside.value
        })
      }
    })

  const isolateOnly = (only: PreparedInvocation, error: StorageError): Effect.Effect<void> =>
    Effect.gen(function*() {
      if (only.ended?.status !== "failed") {
        const path = actionText(only.definition, only.actorId)
        const cause = broken(path, `it could not join its lane: ${ownText(error)}`)
        inHand.join([{ ...unjoinable(only), ended: { status: "failed", result: null, cause } }])
        return
      }
      const token = worker.lease.token()
      if (token === undefined) return
      // not even its failure: it is prepared again later, and costs an attempt
      const due = Math.ceil((yield* now) + longestDelayMs)
      yield* Effect.ignore(connections.ask(store.postpone(token, only.queue, only.job, due)))
    })

  const isDue = () =>
    // while claims fail, one loop tries, and the others commit
    (underWay === 0 || !claimsFail) &&
    (inHand.joining() > 0 || (worker.claims() && isMore && worker.bodies.room() > 0 && inHand.concluded() < finishMax))

  /** Of the loops' claims, one after another; nothing since one has come through. */
  let failures = 0
  /** When the first of them was, on the monotonic clock. */
  let failingSince = 0
  const turn = Effect.gen(function*() {
    // prepared ones go alone after an error that nobody expects: it may be theirs
    const isAlone = isolating && inHand.joining() > 0
    const free = worker.claims() && !isAlone ? Math.min(size.get(), Math.max(0, worker.bodies.room())) : 0
    if (free > 0) isMore = false
    const prepared = preparedFor(isolating ? 1 : size.get())
    underWay++
    const exit = yield* Effect.exit(claim(free, null, prepared, ready))
    underWay--
    if (claimsFail) worker.work.openUnsafe()
    claimsFail = Exit.isFailure(exit)
    if (Exit.isFailure(exit)) return yield* afterFailure(free, prepared, exit.cause)
    if (failures > 0) {
      const tries = counted(failures, "try", "tries")
      failures = 0
      yield* log.info(`claims again, after ${tries} and ${Math.round(monotonic() - failingSince)} ms`)
    }
    size.passed()
    if (inHand.joining() === 0) isolating = false
    yield* afterClaim(free, exit.value)
    const { count, putBack } = exit.value.taken
    // what somebody has locked is asked for in a moment: at once would only keep the database busy
    if (putBack > 0 && putBack === count) yield* Effect.forkIn(Effect.andThen(pauseAfter(2), Effect.sync(wake)), scope)
  })

  const afterFailure = (
    free: number,
    prepared: ReadonlyArray<PreparedInvocation>,
    cause: Cause.Cause<StorageError>
  ): Effect.Effect<void> =>
    Effect.gen(function*() {
      isMore = true
      const error = cause.reasons.find(Cause.isFailReason)?.error
      // nobody else prepares them while it is not known whose mistake it is
      const letGo = inHand.keep(prepared.map(({ action }) => action))
      const isTheirs = error !== undefined &&
        (!error.isRetryable || (failures + 1 >= triesInPlace && (yield* worker.committer.answers)))
      if (isTheirs) yield* isolate(free, prepared, error)
      else if (tookTooLong(error)) size.refused(Math.max(free, prepared.length))
      letGo()
      if (prepared.length > 0) yield* worker.reconciler.doubt
      if (failures === 0) failingSince = monotonic()
      if (isWorthSaying(failures)) yield* log.trouble("cannot claim", cause, "trying again")
      yield* pauseAfter(isTheirs ? 0 : failures)
      failures++
    })

  return {
    claim,
    claimAll: (queue) => Effect.map(claim(claimMax, null, [], queue), ({ taken }) => taken.count),
    joinPrepared: Effect.suspend(() => Effect.ignore(claim(0, null, preparedFor(claimMax), ready))),
    enqueueIdle,
    more,
    wake,
    isDue,
    turn
  }
}
