/**
 * Waiting for actions to end: told at once by transitions of this process, and by looking, ever less often, for those of others.
 */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Latch from "effect/Latch"
import type * as Scope from "effect/Scope"
import { StorageError, UnknownAction } from "../../SteppedError.ts"
import { monotonic, realClock } from "../../store/RealClock.ts"
import { type Found, layerClosed, type Store } from "../../store/Store.ts"
import type { Ended } from "../perform/concluding.ts"

interface Waiter {
  readonly id: string
  /** What it follows at present: a superseding or joined action. */
  final: string
  /** Whether the id names what is waited for. */
  readonly check: Check
  /** How often the action was not found: a transaction that is still open may hold it. */
  missing: number
  /** How often the database did not answer. */
  failures: number
  /** When it looks again if nobody tells it before, and after which interval; none before the first look. */
  due: number
  level: number
  readonly done: (exit: Exit.Exit<Found, StorageError | UnknownAction>) => void
}

const firstLook = 20
const batchMax = 1000
const failuresMax = 20

/** Says of what was found under an id that it is something else. */
export type Check = (found: Pick<Found, "ownDefinition" | "ownActorId">) => UnknownAction | undefined

export interface OutcomeWatcher {
  readonly wait: (id: string, check: Check) => Effect.Effect<Found, StorageError | UnknownAction>
  /** For one that has just been stored, and is not worth a look yet. */
  readonly waitForNew: (id: string) => Effect.Effect<Found, StorageError | UnknownAction>
  /** Actions whose ends this process has stored, and knows. */
  readonly known: (ended: ReadonlyArray<Ended>) => void
  /** Actions that this process has seen ending. */
  readonly ended: (ids: ReadonlyArray<string>) => void
}

export const make = (
  store: Pick<Store["Service"], "outcomes">,
  pollInterval: Duration.Duration
): Effect.Effect<OutcomeWatcher, never, Scope.Scope> =>
  Effect.gen(function*() {
    // invariant: a waiter is in all of the indexes that it belongs to, or has been told and is in none; `remove` alone takes it out
    const waiters = new Set<Waiter>()
    const byId = new Map<string, Set<Waiter>>()
    const dirty = new Set<Waiter>()
    const latch = Latch.makeUnsafe(false)
    const slowest = Duration.toMillis(pollInterval)
    const intervals = [Math.min(firstLook, slowest)]
    while (intervals.at(-1)! < slowest) intervals.push(Math.min(slowest, intervals.at(-1)! * 2))
    // those of one interval, in the order in which they are due
    const levels = intervals.map(() => new Set<Waiter>())

    const index = (key: string, waiter: Waiter) => {
      const set = byId.get(key)
      if (set === undefined) byId.set(key, new Set([waiter]))
      else set.add(waiter)
    }
    const unindex = (key: string, waiter: Waiter) => {
      const set = byId.get(key)
      set?.delete(waiter)
      if (set?.size === 0) byId.delete(key)
    }
    const remove = (waiter: Waiter) => {
      waiters.delete(waiter)
      dirty.delete(waiter)
      levels[waiter.level]?.delete(waiter)
      unindex(waiter.id, waiter)
      unindex(waiter.final, waiter)
    }
    const settle = (waiter: Waiter, exit: Exit.Exit<Found, StorageError | UnknownAction>) => {
      remove(waiter)
      waiter.done(exit)
    }

    /** Each waits a little longer for every look, whoever comes and goes beside it. */
    const lookLater = (waiter: Waiter) => {
      levels[waiter.level]?.delete(waiter)
      waiter.level = Math.min(waiter.level + 1, levels.length - 1)
      waiter.due = monotonic() + intervals[waiter.level]!
      levels[waiter.level]!.add(waiter)
    }
    /** Marks those whose time has come; gives the ms until the next one's, or 0. */
    const untilDue = (): number => {
      const at = monotonic()
      let next = Infinity
      for (const level of levels) {
        for (const waiter of level) {
          if (waiter.due > at) {
            next = Math.min(next, waiter.due - at)
            break
          }
          dirty.add(waiter)
        }
      }
      return dirty.size > 0 ? 0 : next
    }

    const look = (batch: ReadonlyArray<Waiter>) =>
      Effect.gen(function*() {
        const exit = yield* Effect.exit(store.outcomes([...new Set(batch.map((waiter) => waiter.id))]))
        if (Exit.isFailure(exit)) {
          const error = exit.cause.reasons.find((reason) => reason._tag === "Fail")?.error
          const isFinal = !(error instanceof StorageError && error.isRetryable)
          for (const waiter of batch) {
            if (isFinal || ++waiter.failures > failuresMax) settle(waiter, Exit.failCause(exit.cause))
          }
          return
        }
        const found = new Map(exit.value.map((one) => [one.id, one]))
        for (const waiter of batch) {
          if (!waiters.has(waiter)) continue
          waiter.failures = 0
          const one = found.get(waiter.id)
          const other = one === undefined ? undefined : waiter.check(one)
          if (other !== undefined) settle(waiter, Exit.fail(other))
          else if (one?.state === "ended") settle(waiter, Exit.succeed(one))
          else if (one === undefined || one.state === "unknown") {
            if (++waiter.missing >= 5) settle(waiter, Exit.fail(new UnknownAction({ actionId: waiter.id })))
          } else if (one.final !== waiter.final) {
            unindex(waiter.final, waiter)
            waiter.final = one.final
            index(waiter.id, waiter)
            index(one.final, waiter)
          }
        }
      })

    yield* Effect.forkScoped(
      Effect.gen(function*() {
        while (true) {
          const pause = untilDue()
          if (pause > 0) {
            latch.closeUnsafe()
            yield* pause === Infinity ? latch.await : Effect.timeoutOption(latch.await, pause)
            continue
          }
          const batch = [...dirty].slice(0, batchMax)
          for (const waiter of batch) {
            dirty.delete(waiter)
            lookLater(waiter)
          }
          yield* look(batch)
        }
      }).pipe(Effect.provideService(Clock.Clock, realClock))
    )

    let closed = false
    const shut = Exit.fail(layerClosed("await"))
    yield* Effect.addFinalizer(() =>
      Effect.sync(() => {
        closed = true
        // settling takes a waiter out of the set, which an iteration allows
        for (const waiter of waiters) settle(waiter, shut)
      })
    )

    const wait = (id: string, check: Check, isNew: boolean) =>
      Effect.callback<Found, StorageError | UnknownAction>((resume) => {
        if (closed) return resume(shut)
        const waiter: Waiter = {
          id,
          final: id,
          check,
          missing: 0,
          failures: 0,
          due: 0,
          level: -1,
          done: (exit) => resume(exit)
        }
        waiters.add(waiter)
        index(id, waiter)
        if (isNew) lookLater(waiter)
        else dirty.add(waiter)
        latch.openUnsafe()
        return Effect.sync(() => remove(waiter))
      })

    return {
      wait: (id, check) => wait(id, check, false),
      waitForNew: (id) => wait(id, () => undefined, true),
      known: (ended) => {
        if (waiters.size === 0) return
        for (const { actorId, definition, id, outcome } of ended) {
          const { status } = outcome
          for (const waiter of byId.get(id) ?? []) {
            // one that has come here by joining or superseding looks
            if (waiter.id !== id) continue
            // as the database would give it back
            const [result, cause] = JSON.parse(JSON.stringify([outcome.result, outcome.cause])) as [
              unknown,
              Found["cause"]
            ]
            const found: Found = {
              id,
              final: id,
              own: status,
              state: "ended",
              status,
              unwinding: false,
              result,
              cause,
              definition,
              actorId,
              ownDefinition: definition,
              ownActorId: actorId,
              forgotten: false
            }
            const other = waiter.check(found)
            settle(waiter, other === undefined ? Exit.succeed(found) : Exit.fail(other))
          }
        }
      },
      ended: (ids) => {
        if (waiters.size === 0) return
        for (const id of ids) for (const waiter of byId.get(id) ?? []) dirty.add(waiter)
        if (dirty.size > 0) latch.openUnsafe()
      }
    }
  })
