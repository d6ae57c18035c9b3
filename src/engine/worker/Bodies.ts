/** Runs what is in hand: bodies, callbacks, jobs and hooks, each in a fiber of its own, as many as the concurrency allows. */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import { Flag } from "../../domain/Phase.ts"
import { families } from "../../store/Meter.ts"
import { monotonic } from "../../store/RealClock.ts"
import type { Concluded } from "../perform/concluding.ts"
import { decide } from "../perform/decide.ts"
import { surroundingsOf } from "../perform/own.ts"
import { perform } from "../perform/perform.ts"
import { atStepToRun, type Performance, traced } from "../perform/Performance.ts"
import { retryLater, Unhandled } from "../perform/retry.ts"
import { Fenced, type Surroundings } from "../perform/Surroundings.ts"
import { isShielded } from "../perform/unwinding.ts"
import { concurrencyOf } from "./Alone.ts"
import { claimMax } from "./Claimer.ts"
import type { Active, Ran, Work, WorkContext, WorkerContext } from "./context.ts"
import { postpone, prepareOf } from "./preparing.ts"
import { surroundings } from "./surroundings.ts"

export interface Bodies {
  /** Has work in hand. If a body of the same action still runs here, somebody has decided over it meanwhile: it ends. */
  readonly hold: (work: Work) => Active
  /** Lets go of work that has ended. */
  readonly letGo: (entry: Active) => void
  /** Runs one piece of work to what is to be committed. */
  readonly run: (work: Work) => Effect.Effect<Ran | void>
  /** For a body or hook that ended the very fiber that ran it: tried again, as what ends without an answer is. If not even that, the rows say. */
  readonly fallen: (work: Work) => Effect.Effect<Ran | void>
  readonly interrupt: (entry: Active) => Effect.Effect<void>
  /** Ends the bodies of actions that ended without them. Does not wait: a body may be the one that asks. */
  readonly interruptAll: (ids: ReadonlyArray<string>) => Effect.Effect<void>
  /**
   * Ends the bodies of actions whose end is decided, and which this worker goes on with when they have ended; not those that are shielded, and not
   * the one that asks (`spare`). Does not wait.
   */
  readonly close: (ids: ReadonlyArray<string>, spare?: string) => Effect.Effect<void>
  /** Drops everything that is in hand, and gives what runs: it is to be interrupted. */
  readonly dropAll: () => ReadonlyArray<Active>
  /** Actions and held invocations that have been begun, and are not known to be closing. */
  readonly running: () => ReadonlyArray<string>
  /** Starts what is ready, as far as the concurrency allows. A body that ends at once makes room for the next one. */
  readonly pump: () => void
  /** What has come to the worker is begun; without one, or while it stops, it is for others. */
  readonly begin: Effect.Effect<void>
  /** What is ready and has not begun is for others. */
  readonly giveBackReady: Effect.Effect<void>
  /** How much more the worker may claim. */
  readonly room: () => number
  /** How many have ended. */
  readonly performed: () => number
  /** Bodies have become long: what waits behind them goes back, for others. */
  readonly giveBackStalled: Effect.Effect<void>
}

/** Whether this runs a body that may be closed. */
const runsBody = (work: Work): boolean =>
  work._tag === "Perform" && (work.performance.phase === "step" || work.performance.phase === "job")

/** Of what is loaded by whoever performs it, it is not known here which step that is: its body is waited for. */
const mayBeShielded = (work: Work): boolean =>
  work._tag === "Perform" && (work.performance.apart
    ? (work.performance.runnable.flags & Flag.shields) !== 0
    : isShielded(atStepToRun(work.performance)))

/** Whose code runs, where some does. */
const definitionOf = (work: Work): string | undefined =>
  work._tag === "Perform" ? work.performance.runnable.key : work._tag === "Prepare" ? work.task.definition : undefined

/** What a worker takes beyond its concurrency is what it begins within this time. */
const aheadMs = 50

export const make = (worker: WorkerContext): Bodies => {
  const { failpoint, gate, inHand, meter, now, scope } = worker
  const { active, ready } = inHand
  const { committed, env: ofWorker } = surroundings(worker)
  const runPrepare = prepareOf(worker)
  /** How long bodies take, in ms: a longer one counts at once, shorter ones little by little; nothing is known at first. */
  let bodyMs = Infinity
  /** How many pieces of work the loops have ended; `start` alone counts. */
  let performed = 0
  // invariant: true while one `pump` starts what is ready: a body that ends within it does not begin another round
  let pumping = false

  const interrupt: Bodies["interrupt"] = (entry) =>
    Effect.suspend(() => {
      entry.interrupted = true
      letGo(entry)
      worker.work.openUnsafe()
      return entry.fiber === undefined ? Effect.void : Fiber.interrupt(entry.fiber)
    })

  const letGo = (entry: Active) => {
    const { since, work } = entry
    if (!inHand.end(work.id, entry)) return
    const definition = definitionOf(work)
    if (definition !== undefined) meter.take(families.bodies, (monotonic() - since) / 1000, definition)
  }

  const hold: Bodies["hold"] = (work) => {
    const entry: Active = { work, since: monotonic(), fiber: undefined, interrupted: false, closing: false }
    const before = inHand.begin(work.id, entry)
    if (before !== undefined) Effect.runFork(Effect.forkIn(interrupt(before), scope))
    return entry
  }

  const close: Bodies["close"] = (ids, spare) =>
    Effect.suspend(() => {
      if (ids.length === 0) return Effect.void
      inHand.drop((work) => ids.includes(work.id) && runsBody(work))
      return Effect.forEach(ids, (id) => {
        const entry = active.get(id)
        // what is not begun any more the rows hand over again, as they are by now
        if (entry === undefined) return worker.reconciler.doubt
        if (entry.closing || !runsBody(entry.work)) return Effect.void
        entry.closing = true
        return id === spare || mayBeShielded(entry.work) ? Effect.void : Effect.forkIn(closeOne(entry), scope)
      }, { discard: true })
    })

  /** In hand until it has ended: nobody undoes it before. */
  const closeOne = (entry: Active) =>
    Effect.suspend(() => {
      entry.interrupted = true
      return Effect.andThen(
        entry.fiber === undefined ? Effect.void : Fiber.interrupt(entry.fiber),
        Effect.suspend(() => {
          letGo(entry)
          worker.work.openUnsafe()
          return worker.reconciler.doubt
        })
      )
    })

  const interruptAll: Bodies["interruptAll"] = (ids) =>
    Effect.suspend(() => {
      const found = ids.flatMap((id) => active.get(id) ?? [])
      inHand.drop(({ id }) => ids.includes(id))
      return Effect.forEach(found, (entry) => Effect.forkIn(interrupt(entry), scope), { discard: true })
    })

  const dropAll = () => {
    inHand.dropAll()
    // they are let go, and nothing more
    worker.aside.now()
    worker.claimer.wake()
    return [...active.values()]
  }

  const run: Bodies["run"] = (work) => {
    switch (work._tag) {
      case "Broken":
        return Effect.succeed({ _tag: "Concluded", concluded: work.concluded })
      case "Joining":
        return Effect.succeed({ _tag: "Prepared", prepared: work.prepared })
      case "Prepare":
        return failpoint("prepared", runPrepare(work.task))
      case "Perform":
        return Effect.withFiber((fiber) => {
          const performance = traced(work.performance, fiber)
          const env = surroundingsOf(performance.runnable, ofWorker)
          return Effect.matchCauseEffect(failpoint("performed", perform(performance, env)), {
            onSuccess: (concluded) => Effect.succeed(ranTo(concluded)),
            onFailure: (cause) => Effect.map(afterFailure(performance, cause, env), ranTo)
          })
        })
    }
  }

  const ranTo = (concluded: Concluded | Fenced | undefined): Ran | void => {
    if (concluded === undefined || concluded instanceof Fenced) return concluded
    const follow = committed.get(concluded)
    return follow === undefined ? { _tag: "Concluded", concluded } : { _tag: "Follow", work: follow }
  }

  const afterFailure = (
    performance: Performance,
    cause: Cause.Cause<Unhandled>,
    env: Surroundings
  ): Effect.Effect<Concluded | Fenced | undefined> => {
    const fenced = cause.reasons.filter(Cause.isDieReason).find(({ defect }) => defect instanceof Fenced)
    if (fenced !== undefined) return Effect.succeed(fenced.defect as Fenced)
    const unhandled = cause.reasons.find(Cause.isFailReason)?.error
    return Effect.catchCause(
      retryLater(performance, unhandled instanceof Unhandled ? unhandled : new Unhandled(cause, false), env),
      // `handledDefects` or `retry` of the program failed: the action itself must go on, and end at its limit
      (broken) => Effect.andThen(worker.log.broken("handle or retry failed", broken), tryAgain(performance))
    )
  }

  const tryAgain = (performance: Performance): Effect.Effect<Concluded> =>
    Effect.map(now, (at) => decide(performance, { _tag: "Again", due: at + 10_000, burns: true }))

  const fallen: Bodies["fallen"] = (work) =>
    Effect.catchCause(again(work), () => Effect.succeed<Ran>({ _tag: "Fenced" }))

  const again = (work: Work): Effect.Effect<Ran | void> => {
    switch (work._tag) {
      case "Perform":
        return Effect.map(tryAgain(work.performance), (concluded) => ({ _tag: "Concluded", concluded }))
      case "Prepare":
        return Effect.flatMap(now, (at) => postpone(worker, work.task, at + 10_000))
      default:
        return worker.reconciler.giveBack([work.id])
    }
  }

  const pump = () => {
    if (pumping) return
    pumping = true
    try {
      for (
        let workContext = worker.workContext();
        workContext !== undefined && worker.claims();
        workContext = worker.workContext()
      ) {
        const next = active.size < concurrencyOf(worker, workContext.concurrency) ? ready.next() : undefined
        if (next === undefined) break
        start(next, workContext)
      }
    } finally {
      pumping = false
    }
  }

  const start = (work: Work, workContext: WorkContext) => {
    const entry = hold(work)
    const put = (ran: Ran | void) => {
      letGo(entry)
      const took = monotonic() - entry.since
      bodyMs = took > bodyMs || bodyMs === Infinity ? took : bodyMs * 0.9 + took * 0.1
      performed++
      if (!entry.interrupted && ran !== undefined) {
        if (ran._tag === "Concluded") inHand.conclude(ran.concluded)
        else if (ran._tag === "Prepared") inHand.join([ran.prepared])
        else if (ran._tag === "Follow") ready.put(ran.work)
        // of whatever the action has come to, nobody here has heard
        else Effect.runFork(worker.reconciler.doubt)
        worker.work.openUnsafe()
      } else if (!entry.interrupted && entry.closing) Effect.runFork(worker.reconciler.doubt)
      pump()
    }
    const fiber = Effect.runForkWith(workContext.context)(run(work))
    entry.fiber = fiber
    fiber.addObserver((exit) => {
      if (Exit.isSuccess(exit)) put(exit.value)
      else if (!entry.interrupted) Effect.runForkWith(workContext.context)(Effect.map(fallen(work), put))
    })
  }

  // Beyond the concurrency, what is begun in a moment: with short bodies the batches of a small concurrency are as large as those
  // of a big one. What is claimed holds its lane, so with long ones it is nothing.
  const room = () => {
    const workContext = worker.workContext()
    if (workContext === undefined || worker.peers.turn.holder !== undefined) return 0
    const ahead = Math.min(claimMax, Math.floor(workContext.concurrency * aheadMs / Math.max(bodyMs, 0.1)))
    return Math.min(claimMax, workContext.concurrency + ahead - active.size - ready.length())
  }

  const giveBackReady = Effect.suspend(() => worker.reconciler.giveBack(ready.takeAll().map(({ id }) => id)))

  return {
    hold,
    letGo,
    run,
    fallen,
    interrupt,
    interruptAll,
    close,
    dropAll,
    running: () =>
      [...active.values()].flatMap(({ closing, work }) =>
        (work._tag === "Perform" && !closing && work.performance.phase !== "closing") || work._tag === "Prepare"
          ? [work.id]
          : []
      ),
    pump,
    begin: Effect.suspend(() => worker.claims() ? Effect.sync(pump) : giveBackReady),
    giveBackReady,
    room,
    performed: () => performed,
    giveBackStalled: gate.shared(Effect.suspend(() => {
      bodyMs = Infinity
      return giveBackReady
    }))
  }
}
