/**
 * The fencing token under which a worker holds what it performs, and the lease that keeps it: registered when it is first needed, renewed
 * three times in its length, given up when the database has not answered for too long or somebody has taken over.
 */
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Latch from "effect/Latch"
import * as Semaphore from "effect/Semaphore"
import type { StorageError } from "../../SteppedError.ts"
import { families } from "../../store/Meter.ts"
import { abandonAfter, monotonic, realClock } from "../../store/RealClock.ts"
import { layerClosed } from "../../store/Store.ts"
import { counted } from "../log.ts"
import { retryWhile } from "../retrying.ts"
import type { WorkerContext } from "./context.ts"

export interface Lease {
  /** The fencing token; undefined before it is registered, and from when it is lost. */
  readonly token: () => bigint | undefined
  /** Gives the token, and registers one first where there is none. */
  readonly register: Effect.Effect<bigint, StorageError>
  /**
   * Everything in hand belongs to somebody else from now on: bodies are interrupted, nothing of them is committed. What was blocked here or
   * taken over there has burnt an attempt, an outage burns none.
   */
  readonly lose: (token: bigint, why: string, burns: boolean) => Effect.Effect<void>
  /**
   * A transition was refused because the lease is over, as after a body that has blocked the thread. As long as nobody has taken over, a
   * late renewal succeeds: gives whether it did, and loses the lease otherwise.
   */
  readonly regainOrLose: (token: bigint) => Effect.Effect<boolean>
  /** The same, without losing it. */
  readonly regain: (token: bigint) => Effect.Effect<boolean>
  /** Until the row says that somebody has asked the worker to take nothing new, and to stop. */
  readonly drained: Effect.Effect<void>
  /** Renews soon: another process has ended actions, and some of ours may be among them. */
  readonly beatSoon: () => void
  /** Gives up the token for good: what is still held under it others have at once. */
  readonly close: Effect.Effect<void>
}

const shut = layerClosed("register")
const tookOver = "somebody took over"
const blocked = (late: number) => `a body has blocked the thread: the renewal came ${late} ms late`

export const make = (worker: WorkerContext): Lease => {
  const { embedded, failpoint, log, name, now, scope, settings, store } = worker
  const { answeredFor } = worker.peers
  const length = embedded ? Duration.days(36500) : settings.lease
  const leaseMs = Duration.toMillis(settings.lease)
  // invariant: what is in hand is held under this token, and under no other
  // invariant: what the worker's transitions are fenced by; `register` alone sets it, and whoever loses or closes the lease takes it away
  let token: bigint | undefined
  /** On the monotonic clock: the lease lasts at least its length from then on. */
  let renewedAt = 0
  /** Done with the next answer of the heartbeat, or with its end; undefined where none beats. */
  let heard: Deferred.Deferred<void> | undefined
  // invariant: the token before it was given up for good: what asks from then on is refused by the database, and changes nothing
  let closedWith: bigint | undefined
  // invariant: once true it stays so, and nothing is registered any more
  let isClosed = false
  const beat = Latch.makeUnsafe(false)
  const drained = Latch.makeUnsafe(false)
  const registering = Semaphore.makeUnsafe(1)
  /** A lease was lost, and that there is another one is not said yet. */
  let hasLost = false

  const register = registering.withPermit(Effect.suspend(() => {
    const known = token ?? closedWith
    if (known !== undefined) return Effect.succeed(known)
    if (isClosed) return Effect.fail(shut)
    const at = monotonic()
    return Effect.tap(store.register(name, length, settings.build), (fresh) => {
      // it has stopped meanwhile: nothing is held under this one, and it ends by itself
      if (isClosed) return Effect.fail(shut)
      token = fresh
      answeredFor.add(fresh)
      renewedAt = at
      if (embedded) return Effect.void
      heard = Deferred.makeUnsafe()
      const beating = Effect.forkIn(heartbeat(fresh, heard), scope)
      if (!hasLost) return beating
      hasLost = false
      return Effect.andThen(log.info("has a new lease, and goes on"), beating)
    })
  }))

  const lose: Lease["lose"] = (lost, why, burns) =>
    Effect.suspend(() => {
      if (token !== lost) return Effect.void
      token = undefined
      hasLost = true
      worker.meter.take(families.leasesLost, 1)
      const running = worker.bodies.dropAll()
      return Effect.andThen(
        log.warning(
          `the lease is lost, ${counted(running.length, "running body is", "running bodies are")} interrupted: ${why}`
        ),
        Effect.forkIn(
          Effect.andThen(
            // one that cannot be interrupted is waited for until others would take over anyway
            Effect.provideService(
              Effect.timeoutOption(
                Effect.forEach(running, worker.bodies.interrupt, { concurrency: "unbounded", discard: true }),
                length
              ),
              Clock.Clock,
              realClock
            ),
            letOthersHave(lost, burns)
          ),
          scope
        )
      )
    })

  /** Said by us, an outage burns no attempt: so until it is heard. If somebody has noticed before, there is nothing left to release. */
  const letOthersHave = (lost: bigint, burns: boolean): Effect.Effect<void> =>
    Effect.ensuring(
      Effect.asVoid(retryWhile(
        () => true,
        worker.connections.ask(Effect.flatMap(now, (at) => store.unregister(lost, at, burns)))
      )),
      Effect.sync(() => {
        answeredFor.delete(lost)
        worker.peers.wakeOthers()
      })
    )

  const regain: Lease["regain"] = (mine) =>
    Effect.suspend(() => {
      if (token !== mine || heard === undefined) return Effect.succeed(false)
      beat.openUnsafe()
      return Effect.map(Deferred.await(heard), () => token === mine)
    })

  const heartbeat = (mine: bigint, first: Deferred.Deferred<void>): Effect.Effect<void> => {
    let mineHeard = first
    return Effect.gen(function*() {
      let wasOdd: ReadonlySet<string> = new Set()
      let unanswered = false
      // The database has kept silent for as long as it was waited for. A wait that this process has overslept says nothing of that: the
      // answer may be there, and unread.
      let silent = false
      // By how much this process has woken too late since it renewed: where the database had answered until then, a body has let nothing
      // else run. If the lease may be over by then, it is asked for all the same, for a moment.
      let late = 0
      let overslept = false
      let askUntil = 0
      // before the lease ends: whoever takes over must not meet our bodies
      const safe = () => leaseMs * 0.8 - (monotonic() - renewedAt)
      const left = () => Math.max(safe(), askUntil - monotonic())
      const within = <A>(ms: number, effect: Effect.Effect<A>): Effect.Effect<A> =>
        Effect.suspend(() => {
          const by = monotonic() + ms
          return Effect.map(effect, (answer) => {
            const over = monotonic() - by
            overslept = over > leaseMs / 3
            if (overslept && !silent) {
              late = Math.max(late, Math.round(over))
              if (safe() <= 0) askUntil = monotonic() + leaseMs / 3
            }
            return answer
          })
        })
      while (token === mine) {
        const rest = unanswered ? Math.min(1000, leaseMs / 20) : leaseMs / 3
        yield* within(rest, Effect.raceFirst(Effect.sleep(rest), beat.await))
        beat.closeUnsafe()
        if (token !== mine) return
        const at = monotonic()
        const limit = Math.max(1, left())
        const asked = worker.connections.urgently(store.renew(mine, settings.lease, worker.bodies.running()))
        const answer = yield* within(limit, Effect.exit(abandonAfter(failpoint("renewed", asked), limit)))
        if (Exit.isFailure(answer)) {
          unanswered = true
          silent = silent || !overslept
          if (left() > 0) continue
          const since = `the database has not answered for ${Math.round(monotonic() - renewedAt)} ms`
          return yield* lose(mine, late === 0 ? since : `${blocked(late)}, and ${since}`, late > 0)
        }
        unanswered = false
        silent = false
        if (answer.value.lost) {
          // whoever has taken over has burnt it; what was locked just then is still here
          return yield* lose(mine, late === 0 ? tookOver : `${tookOver}, since ${blocked(late)}`, true)
        }
        if (late > 0 && at - renewedAt > leaseMs) yield* log.warning(`${blocked(late)}`)
        renewedAt = at
        late = 0
        if (answer.value.drained) drained.openUnsafe()
        Deferred.doneUnsafe(mineHeard, Exit.void)
        heard = mineHeard = Deferred.makeUnsafe()
        // Somebody ended what runs here; or what is under the token is in nobody's hands, seen twice, so that it is no transition under way.
        const mineNow = worker.inHand.ids()
        const odd = new Set(answer.value.held.filter((id) => !mineNow.has(id)))
        if (answer.value.gone > 0 || [...odd].some((id) => wasOdd.has(id))) yield* worker.reconciler.doubt
        wasOdd = odd
        yield* worker.replays.look
      }
    }).pipe(
      Effect.ensuring(Effect.sync(() => {
        if (heard === mineHeard) heard = undefined
        Deferred.doneUnsafe(mineHeard, Exit.void)
      })),
      Effect.provideService(Clock.Clock, realClock)
    )
  }

  return {
    token: () => token,
    register,
    drained: drained.await,
    lose,
    regain,
    regainOrLose: (mine) =>
      Effect.flatMap(regain(mine), (is) => is ? Effect.succeed(true) : Effect.as(lose(mine, tookOver, true), false)),
    beatSoon: () => {
      beat.openUnsafe()
    },
    close: Effect.suspend(() => {
      const mine = token
      isClosed = true
      closedWith = mine
      token = undefined
      beat.openUnsafe()
      return mine === undefined ? Effect.void : Effect.ensuring(
        Effect.flatMap(now, (at) => worker.reconciler.retryBriefly(store.unregister(mine, at))),
        Effect.sync(() => {
          answeredFor.delete(mine)
          worker.peers.wakeOthers()
        })
      )
    })
  }
}
