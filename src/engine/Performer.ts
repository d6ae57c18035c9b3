/**
 * One process's hands: what it holds under its token, runs, and commits in batches.
 *
 * Work comes from claims, from finished batches (next steps, promoted and resumed actions) and from `…Now`; what becomes ready
 * while a commit is under way is committed together by the next one. All of it is in memory only as a copy: the rows under the
 * token are the truth, and after an answer that was lost the two are compared again (`reconcile`).
 */
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import type * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Latch from "effect/Latch"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import * as Semaphore from "effect/Semaphore"
import type { CompletionOutcome } from "../Outcome.ts"
import { stranded } from "../sql/Doctor.ts"
import type { OwnConnections } from "../sql/OwnConnections.ts"
import { impatiently, inOpenTransaction, patiently } from "../sql/storageError.ts"
import {
  type Invocation,
  type Known,
  monotonic,
  News,
  nothingKnown,
  Phase,
  realClock,
  Status,
  type Task,
  tookTooLong,
  type Transitions
} from "../sql/Transitions.ts"
import { countOf, weighInvocation, weighMember, weighPrepared, weighSlot } from "../sql/weight.ts"
import { type CompletionError, StorageError } from "../SteppedError.ts"
import * as BatchSize from "./BatchSize.ts"
import { actionText, errorText } from "./causes.ts"
import type { Definitions } from "./Definitions.ts"
import type { Reach } from "./Failpoint.ts"
import * as InHand from "./InHand.ts"
import { type HeldDetail, prepare } from "./invoke.ts"
import { logError, logInfo, logWarning } from "./log.ts"
import {
  answerOf,
  asUser,
  backoff,
  type Conclusion,
  type Ended,
  Fenced,
  type Held,
  limited,
  perform,
  refOf,
  reportFailure,
  reportTry,
  retryLater,
  type Surroundings,
  takeUp,
  Unhandled
} from "./perform.ts"
import type { Settings } from "./Settings.ts"

type Join = Effect.Success<ReturnType<typeof prepare>>

/** Something to run: an action in hand, an invocation to prepare, one that is prepared, or an end that is certain already. */
type Work =
  | { readonly _tag: "Held"; readonly id: string; readonly held: Held }
  | { readonly _tag: "Prepare"; readonly id: string; readonly task: Task }
  | { readonly _tag: "Broken"; readonly id: string; readonly conclusion: Conclusion }
  | { readonly _tag: "Joining"; readonly id: string; readonly join: Join }

/** What came of running it. */
type Ran =
  | { readonly _tag: "Conclude"; readonly conclusion: Conclusion }
  | { readonly _tag: "Join"; readonly join: Join }
  | { readonly _tag: "Follow"; readonly work: ReadonlyArray<Work> }
  | { readonly _tag: "Fenced" }

/** The detail of a stale member whose action was ended in the very transaction that its conclusion is in. */
const endedHere = "ended here"

interface Active {
  readonly work: Work
  /** When it began. */
  readonly since: number
  fiber: Fiber.Fiber<Ran | void> | undefined
  /** By the engine: whatever the body still says does not count. */
  interrupted: boolean
}

/** Makes an effect interruptible again. */
type Restore = <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>

/** A transition's answer, read. */
interface Answer {
  readonly work: Array<Work>
  readonly claimed: number
  /** Whether it took as many bytes as one claim takes: there may be more. */
  readonly full: boolean
  /** How many of them were put back, because somebody has locked their actions. */
  readonly again: number
  /** If it took as many as it had room for: the last invocation of each queue. */
  readonly last: Readonly<Record<string, number>>
  readonly ended: number
  readonly stale: ReadonlySet<string>
  /** Prepared invocations that somebody is just looking at. */
  readonly blocked: ReadonlySet<string>
  readonly lost: boolean
}

/** Conclusions that could not be stored in their place. */
interface Aside {
  readonly mine: bigint
  readonly batch: ReadonlyArray<Conclusion>
  /** What the database last said. */
  readonly error: StorageError
  /** How often it was tried alone. */
  readonly tries: number
  readonly delay: number
  readonly due: number
  readonly letGo: () => void
}

const weighConclusion = ({ children, member, slots }: Conclusion): number => {
  let bytes = weighMember(member)
  for (const slot of slots) bytes += weighSlot(slot)
  for (const child of children) bytes += weighInvocation(child)
  return bytes
}

/** What user code runs in when no caller lends its fiber. */
interface Home {
  readonly concurrency: number
  readonly context: Context.Context<never>
}

/** How long jobs wait before a worker that does not take them says so, and how often it does. */
const neglectedMs = 5 * 60_000
const repeatMs = 60 * 60_000

/** A worker that has found less than it has room for looks again after this time. */
const soonMs = 5
/** What an idle worker takes with the commit that stores it: more than that is not to wait for the claim. */
const idleMax = 32
const finishMax = 500
const claimMax = 500
const tickMax = 500
/** Pages of live actions that upkeep looks at in one pass, whether anything continues them: a thousand rows at most. */
const healPages = 16
/** How often what the database refuses is tried in its place, if the database answers others. */
const inPlace = 3
/** A statement that takes longer than this is not tried again in its place. */
const longMs = 1000
/** How long what cannot be stored waits for its next try, at first and at most. */
const firstDelayMs = 1000
const longestDelayMs = 60_000
/** What a worker takes beyond its concurrency is what it begins within this time. */
const aheadMs = 50

export interface PerformerOptions {
  readonly transitions: Transitions["Service"]
  readonly settings: Settings["Service"]
  readonly definitions: Definitions
  readonly now: Effect.Effect<number>
  readonly name: string
  readonly embedded: boolean
  readonly onEnded: (ids: ReadonlyArray<string>) => void
  /** Actions whose ends are known here, besides being stored. */
  readonly onKnown: (ended: ReadonlyArray<Ended>) => void
  readonly onQueued: () => void
  readonly complete: (
    held: Held,
    outcome: CompletionOutcome<unknown, unknown>,
    completed: () => void
  ) => Effect.Effect<boolean, CompletionError>
  readonly scope: Scope.Scope
  readonly reach: Reach
}

export type Performer = ReturnType<typeof make>

export const make = (options: PerformerOptions) => {
  const { definitions, now, reach, settings, transitions } = options
  const lease = options.embedded ? Duration.days(36500) : settings.lease

  let token: bigint | undefined
  let renewedAt = 0
  let home: Home | undefined
  let own: OwnConnections | undefined
  let claiming = false
  let more = true
  let pruning = false
  /** User time of the next wait, timeout or retry that this process knows of. */
  let nextTimer = Infinity
  const finishSize = BatchSize.make(finishMax)
  const claimSize = BatchSize.make(claimMax)
  const tickSize = BatchSize.make(tickMax)
  const latch = Latch.makeUnsafe(false)
  const timerLatch = Latch.makeUnsafe(false)
  const beat = Latch.makeUnsafe(false)
  const hand = InHand.make<Work, Active, Conclusion, Join>()
  const { active, conclusions, joins, places, ready } = hand
  // Transitions of this token run beside each other; comparing memory with the rows needs all of them at rest, and their answers taken
  // in: that is why a transition's work goes to its place before the permit is given back.
  const permits = 64
  const gate = Semaphore.makeUnsafe(permits)
  const gateOpen = Latch.makeUnsafe(true)
  const transit = <A, E>(effect: Effect.Effect<A, E>): Effect.Effect<A, E> =>
    Effect.andThen(gateOpen.await, gate.withPermit(effect))
  const registering = Semaphore.makeUnsafe(1)

  /** The next ones that go into one statement. */
  const conclusionsFor = (most: number) => conclusions.splice(0, countOf(conclusions, weighConclusion, most))
  const joinsFor = (most: number) => joins.splice(0, countOf(joins, weighPrepared, most))

  /** On a connection of the worker's own, where there is one. */
  const ask = <A, E>(call: Effect.Effect<A, E>): Effect.Effect<A, E | StorageError> =>
    Effect.suspend((): Effect.Effect<A, E | StorageError> => own === undefined ? call : own.use(call))
  /** Those of the worker itself: what a caller performs now takes its turn in the pool, with all that the program does. */
  const askFor = <A, E>(place: Array<Work>, call: Effect.Effect<A, E>): Effect.Effect<A, E | StorageError> =>
    place === ready ? ask(call) : call

  const wake = () => {
    more = true
    latch.openUnsafe()
  }
  const knowTimer = (due: number) => {
    if (due < nextTimer) {
      nextTimer = due
      timerLatch.openUnsafe()
    }
  }

  // -----------------------------------------------------------------------------------------------------------------
  // token and lease
  // -----------------------------------------------------------------------------------------------------------------

  const register = registering.withPermit(Effect.suspend(() => {
    if (token !== undefined) return Effect.succeed(token)
    const at = monotonic()
    return Effect.tap(transitions.register(options.name, lease), (fresh) => {
      token = fresh
      renewedAt = at
      if (options.embedded) return Effect.void
      heard = Deferred.makeUnsafe()
      return Effect.forkIn(heartbeat(fresh, heard), options.scope)
    })
  }))

  /**
   * Everything in hand belongs to somebody else from now on: bodies are interrupted, nothing of them is committed. What was blocked here or
   * taken over there has burnt an attempt, an outage burns none.
   */
  const lostLease = (lost: bigint, why: string, burns: boolean) =>
    Effect.suspend(() => {
      if (token !== lost) return Effect.void
      token = undefined
      leaving.add(lost)
      for (const place of places) place.length = 0
      conclusions.length = 0
      joins.length = 0
      // they are let go, and nothing more
      asideNow()
      const all = [...active.values()]
      wake()
      return Effect.andThen(
        logWarning(`stepped: the lease is lost, ${all.length} running bodies are interrupted: ${why}`),
        Effect.forkIn(
          Effect.andThen(
            // one that cannot be interrupted is waited for until others would take over anyway
            Effect.timeoutOption(Effect.forEach(all, interrupt, { concurrency: "unbounded", discard: true }), lease)
              .pipe(
                Effect.provideService(Clock.Clock, realClock)
              ),
            letOthersHave(lost, burns)
          ),
          options.scope
        )
      )
    })

  /** Tokens that are given up here, while the database does not hear it. */
  const leaving = new Set<bigint>()
  /** Said by us, an outage burns no attempt: so until it is heard. If somebody has noticed before, there is nothing left to release. */
  const letOthersHave = (lost: bigint, burns: boolean): Effect.Effect<void> =>
    Effect.gen(function*() {
      for (let attempt = 0;; attempt++) {
        const exit = yield* Effect.exit(ask(Effect.flatMap(now, (at) => transitions.unregister(lost, at, burns))))
        if (Exit.isSuccess(exit)) return
        yield* pause(attempt)
      }
    }).pipe(Effect.ensuring(Effect.sync(() => leaving.delete(lost))))

  /** Leases that this process answers for itself, however late. */
  const answeredFor = () => token === undefined ? [...leaving] : [token, ...leaving]

  const tookOver = "somebody took over"
  /** Done with the next answer of the heartbeat, or with its end; undefined where none beats. */
  let heard: Deferred.Deferred<void> | undefined

  /**
   * A transition was refused because the lease is over, as after a body that has blocked the thread. As long as nobody has taken over, a late
   * renewal succeeds: gives whether it did.
   */
  const regain = (mine: bigint): Effect.Effect<boolean> =>
    Effect.suspend(() => {
      if (token !== mine || heard === undefined) return Effect.succeed(false)
      beat.openUnsafe()
      return Effect.map(Deferred.await(heard), () => token === mine)
    })

  const urgently = <A, E>(call: Effect.Effect<A, E>): Effect.Effect<A, E | StorageError> =>
    Effect.suspend((): Effect.Effect<A, E | StorageError> => own === undefined ? call : own.use(call, true))

  const heartbeat = (mine: bigint, first: Deferred.Deferred<void>): Effect.Effect<void> => {
    let mineHeard = first
    return Effect.gen(function*() {
      const leaseMs = Duration.toMillis(settings.lease)
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
        const renewal = reach("renewed", urgently(transitions.renew(mine, settings.lease, heldIds())))
        const answer = yield* within(limit, Effect.exit(impatiently(renewal, limit)))
        if (Exit.isFailure(answer)) {
          unanswered = true
          silent = silent || !overslept
          if (left() > 0) continue
          const since = `the database has not answered for ${Math.round(monotonic() - renewedAt)} ms`
          return yield* lostLease(mine, late === 0 ? since : `${blocked(late)}, and ${since}`, late > 0)
        }
        unanswered = false
        silent = false
        if (answer.value.lost) {
          // whoever has taken over has burnt it; what was locked just then is still here
          return yield* lostLease(mine, late === 0 ? tookOver : `${tookOver}, since ${blocked(late)}`, true)
        }
        if (late > 0 && at - renewedAt > leaseMs) yield* logWarning(`stepped: ${blocked(late)}`)
        renewedAt = at
        late = 0
        Deferred.doneUnsafe(mineHeard, Exit.void)
        heard = mineHeard = Deferred.makeUnsafe()
        // Somebody ended what runs here; or what is under the token is in nobody's hands, seen twice, so that it is no transition under way.
        const mineNow = hand.ids()
        const odd = new Set(answer.value.held.filter((id) => !mineNow.has(id)))
        const isLost = [...odd].some((id) => wasOdd.has(id))
        if (answer.value.gone > 0 || isLost) yield* Effect.forkIn(reconcile(mine), options.scope)
        wasOdd = odd
      }
    }).pipe(
      Effect.ensuring(Effect.sync(() => {
        if (heard === mineHeard) heard = undefined
        Deferred.doneUnsafe(mineHeard, Exit.void)
      })),
      Effect.provideService(Clock.Clock, realClock)
    )
  }

  const blocked = (late: number) => `a body has blocked the thread: the renewal came ${late} ms late`

  /** Another process has ended actions: are some of ours among them? */
  const check = () => {
    if (active.size > 0) beat.openUnsafe()
  }

  const heldIds = () =>
    [...active.values()].flatMap(({ work }) => work._tag === "Held" || work._tag === "Prepare" ? [work.id] : [])

  const interrupt = (entry: Active): Effect.Effect<void> =>
    Effect.suspend(() => {
      entry.interrupted = true
      if (active.get(entry.work.id) === entry) active.delete(entry.work.id)
      latch.openUnsafe()
      return entry.fiber === undefined ? Effect.void : Fiber.interrupt(entry.fiber)
    })

  /** Has work in hand. If a body of the same action still runs here, somebody has decided over it meanwhile: it ends. */
  const hold = (work: Work): Active => {
    const before = active.get(work.id)
    const entry: Active = { work, since: monotonic(), fiber: undefined, interrupted: false }
    active.set(work.id, entry)
    if (before !== undefined) Effect.runFork(Effect.forkIn(interrupt(before), options.scope))
    return entry
  }

  /** Ends the bodies of actions that ended without them. Does not wait: a body may be the one that asks. */
  const interruptAll = (ids: ReadonlyArray<string>) =>
    Effect.suspend(() => {
      const found = ids.flatMap((id) => active.get(id) ?? [])
      for (const place of places) {
        for (let i = place.length - 1; i >= 0; i--) if (ids.includes(place[i]!.id)) place.splice(i, 1)
      }
      return Effect.forEach(found, (entry) => Effect.forkIn(interrupt(entry), options.scope), { discard: true })
    })

  // -----------------------------------------------------------------------------------------------------------------
  // answers of transitions
  // -----------------------------------------------------------------------------------------------------------------

  const toWork = (task: Task, at: number): Work | undefined => {
    if (task.kind === 2) return { _tag: "Prepare", id: task.action, task }
    const runnable = definitions.byKey(task.definition)
    if (runnable === undefined) return undefined
    try {
      return { _tag: "Held", id: task.action, held: takeUp(task, runnable, refOf(runnable.actor, task.actorId), at) }
    } catch (error) {
      return { _tag: "Broken", id: task.action, conclusion: unreadableActor(task, error) }
    }
  }

  const inCallbacks = (id: string): boolean => {
    const begun = active.get(id)?.work
    const works = [
      ...begun === undefined ? [] : [begun],
      ...[...places].flatMap((place) => place.filter((work) => work.id === id))
    ]
    return works.some((work) => work._tag === "Held" && work.held.phase === Phase.callbacks)
  }

  /** Reads a transition's answer: the work it hands over, and its news. */
  const read = (tasks: ReadonlyArray<Task>, at: number, own: boolean, spare?: string): Effect.Effect<Answer> =>
    Effect.suspend(() => {
      const work: Array<Work> = []
      const ended: Array<string> = []
      const gone: Array<string> = []
      const stale = new Set<string>()
      const blocked = new Set<string>()
      const undefinedHere: Array<string> = []
      let claimed = 0
      let full = false
      let again = 0
      let last: Answer["last"] = {}
      let lost = false
      for (const task of tasks) {
        switch (task.kind) {
          case News.claimed:
            claimed = task.step
            full = task.phase === 1
            again = task.attempts
            last = task.detail as Answer["last"] | null ?? last
            break
          case News.stale:
            stale.add(task.action)
            break
          case News.ended:
            ended.push(task.action)
            if (!own && task.action !== spare) gone.push(task.action)
            break
          case News.interrupt:
            // decided from outside: its body is to end, but not the callbacks that another claim may have begun already
            if (task.action !== spare && !inCallbacks(task.action)) gone.push(task.action)
            break
          case News.prune:
            pruning = true
            timerLatch.openUnsafe()
            break
          case News.lostLease:
            lost = true
            break
          case News.queued:
            options.onQueued()
            more = true
            break
          case News.blocked:
            blocked.add(task.action)
            break
          case News.verdict:
            break
          default: {
            const item = toWork(task, at)
            if (item === undefined) undefinedHere.push(task.action)
            else {
              work.push(item)
              // it may be due before the next look at all that is
              if (item._tag === "Held" && item.held.phase !== Phase.callbacks) {
                knowTimer(item.held.timeoutAt ?? Infinity)
              }
            }
          }
        }
      }
      if (ended.length > 0) options.onEnded(ended)
      latch.openUnsafe()
      return Effect.as(Effect.andThen(giveBack(undefinedHere), gone.length === 0 ? Effect.void : interruptAll(gone)), {
        work,
        claimed,
        full,
        again,
        last,
        ended: ended.length,
        stale,
        blocked,
        lost
      })
    })

  /** A stored actor id that its schema no longer reads: the action fails, the lane goes on. */
  const unreadableActor = (task: Task, error: unknown): Conclusion => ({
    member: {
      a: task.action,
      s: task.step,
      ph: task.phase,
      e: true,
      o: Status.failed,
      r: null,
      c: {
        kind: "defect",
        path: actionText(task.definition, task.actorId),
        message: `the actor's id cannot be read: ${errorText(error)}`
      }
    },
    slots: [],
    children: [],
    next: undefined
  })

  // -----------------------------------------------------------------------------------------------------------------
  // transitions
  // -----------------------------------------------------------------------------------------------------------------

  /**
   * For what must not be forgotten and has nobody to hear of its failure: tried again for some seconds. A database that has not answered
   * for that long is not asked so patiently again: a process that ends must come to its end. Gives whether it has happened.
   */
  const insist = (effect: Effect.Effect<unknown, StorageError>): Effect.Effect<boolean> =>
    Effect.provideService(
      Effect.gen(function*() {
        const until = monotonic() + patience()
        for (let attempt = 0;; attempt++) {
          const exit = yield* Effect.exit(impatiently(effect, Math.max(1, until - monotonic())))
          answersNot = Exit.isFailure(exit) && monotonic() >= until
          if (Exit.isSuccess(exit)) return true
          if (answersNot) {
            yield* logWarning("stepped: others take over only when the lease ends", exit.cause)
            return false
          }
          yield* pause(attempt)
        }
      }),
      Clock.Clock,
      realClock
    )

  let answersNot = false
  const patience = () => answersNot ? 500 : 3000

  const pause = (attempt: number) =>
    Effect.provideService(Effect.sleep(Math.min(1000, 20 * 2 ** attempt)), Clock.Clock, realClock)

  /** Something under the token may be in nobody's hands: the rows say. */
  const doubt = Effect.suspend(() =>
    token === undefined ? Effect.void : Effect.asVoid(Effect.forkIn(reconcile(token), options.scope))
  )

  /**
   * Keeps actions in hand, from the call on, while a transition puts them under the token, takes them from one list to another, or away.
   * Whether one that fails, or whose caller is interrupted, has happened is not known; what it was about is let go before anybody looks.
   * It may let go before its end, when everything has its place.
   */
  const keeping = <A, E>(
    ids: ReadonlyArray<string>,
    transition: (letGo: () => void) => Effect.Effect<A, E>
  ): Effect.Effect<A, E> => {
    const letGo = hand.keep(ids)
    return Effect.onExit(transition(letGo), (exit) => {
      letGo()
      return Exit.isSuccess(exit) ? Effect.void : doubt
    })
  }

  /** Gives actions and held invocations to others, from the call on. */
  const giveBack = (ids: ReadonlyArray<string>): Effect.Effect<void> => {
    const mine = token
    return mine === undefined || ids.length === 0 ? Effect.void : Effect.flatMap(
      keeping(ids, () => Effect.flatMap(now, (at) => insist(ask(transitions.release(mine, ids, at))))),
      (given) => given ? Effect.void : doubt
    )
  }

  const takenFrom = (place: Array<Work>): ReadonlyArray<string> => place.splice(0).map(({ id }) => id)

  /** What is under a token that was lost before its answer came is for others by now. */
  const handTo = (mine: bigint | undefined, place: Array<Work>, work: ReadonlyArray<Work>): void => {
    if (token === mine) place.push(...work)
  }

  /** Takes jobs, or the one of an action, and joins what was prepared; the work goes to `place`. What it is about is in hand from the call on. */
  const claim = (
    room: number,
    only: string | null,
    prepared: ReadonlyArray<Join>,
    place: Array<Work>,
    items: ReadonlyArray<Invocation> = []
  ): Effect.Effect<Answer, StorageError> =>
    keeping(
      [...only === null ? [] : [only], ...prepared.map(({ a }) => a)],
      () => claimInHand(room, only, prepared, place, items)
    )

  let claimedLast: Known = nothingKnown
  /**
   * Up to where this worker's last claims came in each queue. What is put back before that, or was stored with a lower id by a transaction
   * that took longer, is seen after a pollInterval, or at once when there is nothing behind.
   */
  const passed = new Map<string, number>()
  let passedSince = 0
  const progress = (room: number, answer: Answer) => {
    if (home === undefined || room === 0) return
    if (answer.claimed >= room || answer.full) {
      for (const [queue, id] of Object.entries(answer.last)) passed.set(queue, Math.max(id, passed.get(queue) ?? 0))
    } else if (passed.size > 0) {
      passed.clear()
      more = true
    }
  }

  const claimInHand = (
    room: number,
    only: string | null,
    prepared: ReadonlyArray<Join>,
    place: Array<Work>,
    items: ReadonlyArray<Invocation>
  ): Effect.Effect<Answer, StorageError> =>
    Effect.gen(function*() {
      const mine = yield* register
      const at = yield* now
      const known = only === null && prepared.every(({ q }) => definitions.takes(q))
        ? definitions.claiming()
        : definitions.every()
      claimedLast = known
      if (
        room > 0 &&
        (claimSize.get() < claimMax || monotonic() - passedSince >= Duration.toMillis(settings.pollInterval))
      ) {
        passed.clear()
        passedSince = monotonic()
      }
      const asked = transit(
        Effect.flatMap(
          reach(
            "claimed",
            items.length > 0
              ? transitions.enqueueAndClaim({ token: mine, now: at, room, known, after: passed, items })
              : askFor(
                place,
                transitions.claim({ token: mine, now: at, room, known, after: passed, joins: prepared, only })
              )
          ),
          (tasks) =>
            Effect.map(read(tasks, at, true), (answer) => {
              const blocked = prepared.filter((join) => answer.blocked.has(join.a))
              handTo(mine, place, [
                ...answer.work,
                ...blocked.map((join): Work => ({ _tag: "Joining", id: join.a, join }))
              ])
              return answer
            })
        )
      )
      let exit = yield* Effect.exit(asked)
      while (Exit.isSuccess(exit) && exit.value.lost) {
        if (!(yield* regain(mine))) yield* lostLease(mine, tookOver, true)
        // invocations are stored by then: whoever claims next takes them
        if (token !== mine || items.length > 0) break
        exit = yield* Effect.exit(asked)
      }
      if (Exit.isSuccess(exit)) {
        progress(room, exit.value)
        // looking again at once would only keep the database busy
        if (
          exit.value.blocked.size > 0 && exit.value.blocked.size === prepared.length && exit.value.claimed === 0
        ) yield* pause(0)
        return exit.value
      }
      passed.clear()
      return yield* exit
    })

  /**
   * Stores invocations and takes them with the same commit, for the worker of this process, if that has nothing else to do and takes them.
   * Gives whether it has taken them all. When it fails they may be stored or not.
   */
  const enqueueIdle = (
    items: ReadonlyArray<Invocation>
  ): Option.Option<Effect.Effect<boolean, StorageError>> => {
    const free = Math.min(claimSize.get(), room())
    const mine = (item: Invocation) =>
      item.tk === undefined && definitions.byKey(item.d) !== undefined && definitions.takes(item.q)
    return claiming && items.length <= Math.min(free, idleMax) && hand.isIdle() && items.every(mine) &&
        countOf(items, weighInvocation, idleMax) === items.length
      ? Option.some(Effect.gen(function*() {
        const answer = yield* claim(free, null, [], ready, items)
        const taken = new Set(answer.work.map(({ id }) => id))
        yield* begin
        yield* afterClaim(free, answer)
        return items.every(({ a }) => taken.has(a))
      }))
      : Option.none()
  }

  /** What to look for next. */
  const afterClaim = (room: number, { again, claimed, full }: Answer): Effect.Effect<void> => {
    if (full || (claimed >= room && room > again)) more = true
    // others may have queued more meanwhile: of what this process queues it hears, of theirs in some 20 ms or not at all
    return claimed > again && claimed < room ? lookSoon : Effect.void
  }

  /** Commits conclusions; the work that follows from them goes to `place`. They are in hand from the call on. */
  const commit = (batch: ReadonlyArray<Conclusion>, place: Array<Work>): Effect.Effect<void> => {
    const mine = token
    return mine === undefined || batch.length === 0 ? Effect.void : Effect.flatMap(
      keeping(batch.map(({ member }) => member.a), (letGo) => commitInHand(mine, batch, place, letGo)),
      // ended from outside; or an earlier try, whose answer was lost, had happened, and what came next is in the rows
      (isStale) => isStale ? doubt : Effect.void
    )
  }

  /** Tries to store them, once; `placed` is told when what follows has its place. */
  const finish = (
    mine: bigint,
    concluded: ReadonlyArray<Conclusion>,
    place: Array<Work>,
    placed: () => void
  ): Effect.Effect<Answer, StorageError> =>
    Effect.flatMap(now, (at) => {
      const batch = concluded.map((one) => one.limit !== undefined && one.limit.at <= at ? one.limit.instead : one)
      return Effect.flatMap(
        reach(
          "committed",
          askFor(
            place,
            transitions.finish({
              token: mine,
              now: at,
              known: definitions.known(),
              members: batch.map((conclusion) => conclusion.member),
              slots: batch.flatMap((conclusion) => conclusion.slots),
              children: batch.flatMap((conclusion) => conclusion.children)
            })
          )
        ),
        (tasks) =>
          Effect.map(read(tasks, at, true), (answer) => {
            if (token === mine && !answer.lost) {
              place.push(...answer.work, ...followUps(batch, answer.stale, at))
              // before anybody is told: whoever asks next finds this worker idle
              placed()
            }
            if (!answer.lost) tellEnded(batch, answer.stale)
            return answer
          })
      )
    })

  /** Gives whether some of them were stale. */
  const commitInHand = (
    mine: bigint,
    batch: ReadonlyArray<Conclusion>,
    place: Array<Work>,
    placed: () => void = () => undefined
  ): Effect.Effect<boolean> =>
    Effect.gen(function*() {
      for (let attempt = 0;; attempt++) {
        const since = monotonic()
        const exit = yield* Effect.exit(transit(finish(mine, batch, place, placed)))
        if (token !== mine) return false
        if (Exit.isSuccess(exit)) {
          finishSize.passed()
          if (exit.value.lost) {
            if (yield* regain(mine)) continue
            yield* lostLease(mine, tookOver, true)
          }
          return exit.value.stale.size > 0
        }
        const error = exit.cause.reasons.find(Cause.isFailReason)?.error
        if (!(error instanceof StorageError && error.isRetryable)) {
          return yield* commitApart(mine, batch, exit.cause, place)
        }
        const isLong = monotonic() - since > longMs
        yield* pause(attempt)
        if (batch.length > 1 && tookTooLong(error)) {
          finishSize.refused(batch.length)
          if (!isLong) return yield* commitHalves(mine, batch, place)
        }
        // one that only takes its time is not tried in the place of all the others
        if ((isLong || attempt + 1 >= inPlace) && (yield* answers)) {
          yield* putAside({ mine, batch, error, tries: 0, delay: 0 })
          return false
        }
      }
    })

  /**
   * What cannot be stored again and again, while the database answers others: tried beside the worker's loops, halved until the one that it
   * belongs to is alone. That one waits longer after each try, and fails its action in the end. It is in hand all the time.
   */
  const putAside = (one: Omit<Aside, "due" | "letGo">): Effect.Effect<void> =>
    Effect.suspend(() => {
      aside.push({
        ...one,
        due: monotonic() + one.delay,
        letGo: hand.keep(one.batch.map(({ member }) => member.a))
      })
      asideLatch.openUnsafe()
      if (isTrying) return Effect.void
      isTrying = true
      return Effect.asVoid(Effect.forkIn(tryAside, options.scope))
    })

  /** What waits for its next try has it now. */
  const asideNow = () => {
    for (const [i, one] of aside.entries()) aside[i] = { ...one, due: 0 }
    asideLatch.openUnsafe()
  }

  const aside: Array<Aside> = []
  const asideLatch = Latch.makeUnsafe(false)
  let isTrying = false

  const tryAside: Effect.Effect<void> = Effect.flatMap(
    Clock.Clock,
    (userClock) => Effect.provideService(trying(userClock), Clock.Clock, realClock)
  )

  const trying = (userClock: Clock.Clock): Effect.Effect<void> =>
    Effect.gen(function*() {
      while (aside.length > 0) {
        const next = aside.reduce((first, one) => one.due < first.due ? one : first)
        if (next.due > monotonic()) {
          asideLatch.closeUnsafe()
          yield* Effect.raceFirst(asideLatch.await, Effect.sleep(Math.ceil(next.due - monotonic())))
          continue
        }
        aside.splice(aside.indexOf(next), 1)
        const tried = token === next.mine
          ? Effect.provideService(tryOnce(next), Clock.Clock, userClock)
          : Effect.succeed(false)
        const isStale = yield* Effect.ensuring(tried, Effect.sync(next.letGo))
        if (isStale) yield* doubt
      }
      isTrying = false
    })

  /** Gives whether some of them were stale. */
  const tryOnce = ({ batch, delay, error: refusal, mine, tries }: Aside): Effect.Effect<boolean> =>
    Effect.gen(function*() {
      const exit = yield* Effect.exit(transit(finish(mine, batch, ready, () => undefined)))
      if (token !== mine) return false
      if (Exit.isSuccess(exit)) {
        if (!exit.value.lost) {
          yield* begin
          return exit.value.stale.size > 0
        }
        // as a commit does: a lease that is over may be renewed as long as nobody has taken over
        yield* (yield* regain(mine))
          ? putAside({ mine, batch, error: refusal, tries, delay: 0 })
          : lostLease(mine, tookOver, true)
        return false
      }
      const error = exit.cause.reasons.find(Cause.isFailReason)?.error
      if (!(error instanceof StorageError && error.isRetryable)) {
        return yield* commitApart(mine, batch, exit.cause, ready)
      }
      // a database that is away says nothing about what it was asked for
      if (!(yield* answers)) {
        yield* putAside({ mine, batch, error, tries, delay: Math.max(delay, firstDelayMs) })
        return false
      }
      if (batch.length > 1) {
        const half = batch.length >> 1
        yield* putAside({ mine, batch: batch.slice(0, half), error, tries, delay: 0 })
        yield* putAside({ mine, batch: batch.slice(half), error, tries, delay: 0 })
        return false
      }
      if (tries + 1 >= settings.attempts) return yield* commitApart(mine, batch, exit.cause, ready)
      const later = Math.min(longestDelayMs, Math.max(firstDelayMs, delay * 2))
      yield* logError(
        `stepped: what came of the action ${batch[0]!.member.a} cannot be stored, it is tried again in ${later} ms`,
        exit.cause
      )
      yield* putAside({ mine, batch, error, tries: tries + 1, delay: later })
      return false
    })

  const tellEnded = (batch: ReadonlyArray<Conclusion>, stale: ReadonlySet<string>): void => {
    const stored = batch.filter(({ member }) => member.e === true && !stale.has(member.a))
    if (stored.length === 0) return
    options.onKnown(stored.flatMap(({ ended }) => ended ?? []))
    options.onEnded(stored.map(({ member }) => member.a))
  }

  /** What this worker does next with the actions of a batch that it keeps. */
  const followUps = (batch: ReadonlyArray<Conclusion>, stale: ReadonlySet<string>, at: number): ReadonlyArray<Work> =>
    batch.flatMap(({ member, next, slots }): ReadonlyArray<Work> => {
      for (const slot of slots) if (slot.due !== null) knowTimer(slot.due)
      if (member.due !== undefined) knowTimer(member.due)
      if (next === undefined || stale.has(next.id)) return []
      const held = next.phase === Phase.step ? { ...next, stepStartedAt: at } : next
      return [{ _tag: "Held", id: next.id, held }]
    })

  const commitHalves = (mine: bigint, batch: ReadonlyArray<Conclusion>, place: Array<Work>): Effect.Effect<boolean> =>
    Effect.zipWith(
      commitInHand(mine, batch.slice(0, batch.length >> 1), place),
      commitInHand(mine, batch.slice(batch.length >> 1), place),
      (first, second) => first || second
    )

  /** An error that nobody expects sinks only the member that it belongs to: the batch is split until that one is alone. */
  const commitApart = (
    mine: bigint,
    batch: ReadonlyArray<Conclusion>,
    cause: Cause.Cause<unknown>,
    place: Array<Work>
  ): Effect.Effect<boolean> =>
    Effect.gen(function*() {
      if (batch.length > 1) return yield* commitHalves(mine, batch, place)
      const { member } = batch[0]!
      const fence = { a: member.a, s: member.s, ph: member.ph }
      yield* logError("stepped: a conclusion cannot be stored", cause)
      if (member.o === Status.failed && member.sn === undefined) {
        // not even the plain failure: the action goes back, with an attempt burnt
        const due = Math.ceil((yield* now) + 10_000)
        const back: Conclusion = {
          member: { ...fence, np: member.ph, inc: 1, jb: true, due },
          slots: [],
          children: [],
          next: undefined
        }
        const exit = yield* Effect.exit(transit(finish(mine, [back], place, () => undefined)))
        // if it does not, it is nobody's: the rows say that it is this worker's
        return Exit.isFailure(exit) || exit.value.lost || exit.value.stale.size > 0
      }
      const message = `its end could not be stored: ${errorText(cause.reasons.find(Cause.isFailReason)?.error)}`
      return yield* commitInHand(mine, [{
        member: { ...fence, e: true, o: Status.failed, r: null, c: { kind: "defect", path: member.a, message } },
        slots: [],
        children: [],
        next: undefined
      }], place)
    })

  /**
   * Compares memory with the rows under the token, all transitions at rest: what a lost answer handed over is taken up, what is no
   * longer ours is dropped. Between two tries the others go on.
   */
  const reconcile = (mine: bigint): Effect.Effect<void> =>
    reconciling.withPermit(Effect.gen(function*() {
      for (let attempt = 0; token === mine; attempt++) {
        gateOpen.closeUnsafe()
        const exit = yield* Effect.ensuring(Effect.exit(compare), Effect.sync(() => gateOpen.openUnsafe()))
        if (Exit.isSuccess(exit)) return
        // every time that it has taken twice as long
        if (attempt >= inPlace && Math.log2(attempt + 1) % 1 === 0) {
          yield* logWarning(
            "stepped: cannot compare with the rows what this process holds, trying again",
            exit.cause
          )
        }
        yield* pause(attempt)
      }
    })).pipe(Effect.andThen(Effect.suspend(() => begin)))

  const reconciling = Semaphore.makeUnsafe(1)

  /** What has come to the worker is begun; without one, or while it stops, it is for others. */
  const begin = Effect.suspend(() => claiming ? Effect.sync(pump) : giveBack(takenFrom(ready)))

  const compare = gate.withPermits(permits)(Effect.gen(function*() {
    const mine = token
    if (mine === undefined) return
    // a transactional step commits beside the gate: what it let go while we looked was in hand before
    const before = hand.ids()
    const rows = yield* reach("compared", ask(transitions.heldBy(mine, [...before])))
    const at = yield* now
    const after = hand.ids()
    const inRows = new Set([...rows.live, ...rows.held].map((task) => task.action))
    const answer = yield* read(
      [...rows.live, ...rows.held].filter((task) => !before.has(task.action) && !after.has(task.action)),
      at,
      true
    )
    handTo(mine, ready, answer.work)
    const gone = [...active.values()].filter((entry) =>
      (entry.work._tag === "Held" || entry.work._tag === "Prepare") && before.has(entry.work.id) &&
      !inRows.has(entry.work.id)
    )
    yield* interruptAll(gone.map((entry) => entry.work.id))
  }))

  /** Lets time and cleaning up have their effect: waits, timeouts, abandoned children; `deep` also looks for closed cycles of waiting. Gives how much there was. */
  const tick = (deep: boolean, place: Array<Work>): Effect.Effect<number, StorageError> =>
    Effect.gen(function*() {
      let count = 0
      const run = (pass: Transitions["Service"]["tick"]) =>
        Effect.gen(function*() {
          const mine = yield* register
          const at = yield* now
          return yield* transit(keeping(
            [],
            () =>
              Effect.flatMap(reach("ticked", ask(pass(mine, at, definitions.known(), tickSize.get()))), (tasks) =>
                Effect.map(read(tasks, at, false), (answer) => {
                  tickSize.passed()
                  handTo(mine, place, answer.work)
                  count += answer.claimed + answer.ended
                  return answer
                }))
          )).pipe(
            Effect.tapError((error) =>
              Effect.sync(() => tookTooLong(error) ? tickSize.refused(tickSize.get()) : undefined)
            )
          )
        })
      while ((yield* run(transitions.tick)).claimed > 0) {
        /* until nothing is due: one kind of end a call */
      }
      do {
        pruning = false
        // again at once for the next level, in a moment for what somebody is just claiming
        if ((yield* run(transitions.prune)).ended === 0 && pruning) {
          yield* pause(0)
        }
      } while (pruning)
      if (deep) {
        while ((yield* run(transitions.breakDeadlocks)).ended > 0) {
          /* one cycle a call */
        }
      }
      return count
    })

  // -----------------------------------------------------------------------------------------------------------------
  // running user code
  // -----------------------------------------------------------------------------------------------------------------

  const env: Surroundings = {
    settings,
    definitions,
    now,
    complete: options.complete,
    stored: {
      whatOf: (action) =>
        reading(Effect.suspend(() => token === undefined ? Effect.undefined : transitions.whatOf(token, action))),
      resultsAfter: (action, from) => reading(transitions.resultsAfter(action, from)),
      slotsAfter: (action, step, slot) => reading(transitions.slotsAfter(action, step, slot))
    },
    transaction: (body) => transaction(body)
  }

  /** Whether the database answers at all: what fails meanwhile fails by itself. */
  const answers = Effect.map(Effect.exit(ask(transitions.clockOffset)), Exit.isSuccess)

  /** What an action needs to go on: a database that is away is waited for, and costs no attempt. */
  const reading = <A>(read: Effect.Effect<A, StorageError>): Effect.Effect<A, StorageError> =>
    Effect.gen(function*() {
      for (let attempt = 0;; attempt++) {
        const exit = yield* Effect.exit(ask(read))
        if (Exit.isSuccess(exit)) return exit.value
        const error = exit.cause.reasons.find(Cause.isFailReason)?.error
        if (error?.isRetryable !== true || (attempt >= inPlace && (yield* answers))) return yield* exit
        yield* pause(attempt)
      }
    })

  /** Conclusions that their own transaction has committed already, with the work that followed. */
  const committed = new WeakMap<Conclusion, ReadonlyArray<Work>>()

  const transaction: Surroundings["transaction"] = (body) =>
    Effect.gen(function*() {
      const mine = token
      // the lease was lost before it began: whoever has the action by now runs it
      if (mine === undefined) return yield* Effect.die(new Fenced())
      let at = 0
      const both = transitions.withTransaction(Effect.gen(function*() {
        const conclusion = yield* body
        at = yield* now
        const finish = transitions.finish({
          token: mine,
          now: at,
          // nothing is handed over in a transaction that may yet fail to commit: promoted and resumed actions get jobs
          known: nothingKnown,
          members: [conclusion.member],
          slots: conclusion.slots,
          children: conclusion.children
        }).pipe(Effect.mapError(inOpenTransaction("ending a transactional step")))
        let tasks = yield* finish
        // its body has blocked the thread: what it did so far is as good as it was
        if (tasks.some((task) => task.kind === News.lostLease) && (yield* regain(mine))) tasks = yield* finish
        // what the body itself, in this very transaction, has ended commits with it, and this conclusion is dropped
        if (tasks.some((task) => task.kind === News.stale && task.detail === endedHere)) return undefined
        const fenced = tasks.some((task) => task.kind === News.stale || task.kind === News.lostLease)
        if (fenced) return yield* Effect.die(new Fenced())
        yield* transitions.afterCommit(
          Effect.andThen(read(tasks, at, true), Effect.sync(() => tellEnded([conclusion], new Set())))
        )
        return conclusion
      }))
      const conclusion = yield* reach("transacted", both)
      if (conclusion !== undefined) committed.set(conclusion, followUps([conclusion], new Set(), at))
      return conclusion
    })

  /** Runs one piece of work to what is to be committed. */
  const run = (work: Work): Effect.Effect<Ran | void> => {
    switch (work._tag) {
      case "Broken":
        return Effect.succeed({ _tag: "Conclude", conclusion: work.conclusion })
      case "Joining":
        return Effect.succeed({ _tag: "Join", join: work.join })
      case "Prepare":
        return reach("prepared", runPrepare(work.task))
      case "Held":
        return Effect.map(
          Effect.catchCause(
            reach("performed", perform(work.held, env)),
            (cause): Effect.Effect<Conclusion | Fenced | undefined> => {
              const fenced = cause.reasons.filter(Cause.isDieReason).find(({ defect }) => defect instanceof Fenced)
              if (fenced !== undefined) return Effect.succeed(fenced.defect as Fenced)
              const unhandled = cause.reasons.find(Cause.isFailReason)?.error
              return Effect.catchCause(
                retryLater(work.held, unhandled instanceof Unhandled ? unhandled : new Unhandled(cause, false), env),
                // `handle` or `retry` of the program failed: the action itself must go on, and end at its limit
                (broken) => Effect.andThen(logError("stepped: handle or retry failed", broken), tryAgain(work.held))
              )
            }
          ),
          (conclusion): Ran | void => {
            if (conclusion === undefined || conclusion instanceof Fenced) return conclusion
            const follow = committed.get(conclusion)
            return follow === undefined
              ? { _tag: "Conclude", conclusion: limited(work.held, conclusion) }
              : { _tag: "Follow", work: follow }
          }
        )
    }
  }

  const tryAgain = (held: Held): Effect.Effect<Conclusion> =>
    Effect.map(now, (at) => ({
      member: { a: held.id, s: held.step, ph: held.phase, np: held.phase, inc: 1, jb: true, due: at + 10_000 },
      slots: [],
      children: [],
      next: undefined
    }))

  /** Puts a held invocation back until a time. Not to be forgotten: nobody sees when it is in nobody's hands. */
  const postpone = (task: Task, due: number): Effect.Effect<void> =>
    Effect.gen(function*() {
      const { job, queue } = task.detail as HeldDetail
      const mine = token
      for (let attempt = 0; mine !== undefined && token === mine; attempt++) {
        if (Exit.isSuccess(yield* Effect.exit(ask(transitions.postpone(mine, queue, job, due))))) return knowTimer(due)
        yield* pause(attempt)
      }
    })

  /** For a body or hook that ended the very fiber that ran it: tried again, as what ends without an answer is. If not even that, the rows say. */
  const fallen = (work: Work): Effect.Effect<Ran | void> =>
    Effect.catchCause(again(work), () => Effect.succeed<Ran>({ _tag: "Fenced" }))

  const again = (work: Work): Effect.Effect<Ran | void> => {
    switch (work._tag) {
      case "Held":
        return Effect.map(
          tryAgain(work.held),
          (conclusion) => ({ _tag: "Conclude", conclusion: limited(work.held, conclusion) })
        )
      case "Prepare":
        return Effect.flatMap(now, (at) => postpone(work.task, at + 10_000))
      default:
        return giveBack([work.id])
    }
  }

  const runPrepare = (task: Task): Effect.Effect<Ran | void> =>
    Effect.gen(function*() {
      const runnable = definitions.byKey(task.definition)
      if (runnable === undefined) return yield* giveBack([task.action])
      const detail = task.detail as HeldDetail
      const spent = task.attempts >= settings.attempts
      const refExit = yield* Effect.exit(Effect.sync(() => refOf(runnable.actor, task.actorId)))
      const giveUp = (message: string): Join => ({
        a: task.action,
        j: detail.job,
        q: detail.queue,
        args: task.arguments,
        l: "",
        sk: "",
        cs: null,
        t: null,
        o: Status.failed,
        r: null,
        c: { kind: "exhausted", path: actionText(task.definition, task.actorId), message }
      })
      if (Exit.isFailure(refExit)) {
        return {
          _tag: "Join",
          join: giveUp(`the actor's id cannot be read: ${errorText(Cause.squash(refExit.cause))}`)
        }
      }
      if (spent) {
        return { _tag: "Join", join: giveUp(`gave up after ${task.attempts} attempts that ended without an answer`) }
      }
      const ref = refExit.value
      const place = actionText(task.definition, task.actorId)
      const of = { action: task.definition, actorId: task.actorId, actionId: task.action }
      let unhandled: Unhandled | undefined
      const join = yield* prepare(
        task,
        runnable,
        (effect) =>
          asUser(effect, {
            captured: runnable.context,
            kind: "before",
            runnable,
            ref,
            actorId: task.actorId,
            actionId: task.action
          }),
        settings,
        (effect) =>
          Effect.catchCause(effect, (cause) =>
            Effect.matchEffect(answerOf(cause, settings), {
              onSuccess: (answer) => Effect.andThen(reportFailure(answer, place, of), Effect.failCause(answer)),
              onFailure: (failure) => {
                unhandled = failure
                return Effect.failCause(cause)
              }
            }))
      ).pipe(Effect.catchCause((cause) => Effect.succeed(giveUp(Cause.pretty(cause)))))
      if (unhandled !== undefined) {
        const at = yield* now
        const delay = task.attempts + 1 >= settings.attempts
          ? undefined
          : yield* backoff(settings.retry, task.attempts, at)
        if (delay !== undefined && token !== undefined) {
          const due = Math.ceil(at + delay)
          yield* reportTry(unhandled, due, place, of)
          return yield* postpone(task, due)
        }
        yield* reportFailure(unhandled.cause, place, of)
      }
      return { _tag: "Join", join }
    })

  let pumping = false
  /** Starts what is ready, as far as the concurrency allows. A body that ends at once makes room for the next one. */
  const pump = () => {
    if (pumping) return
    pumping = true
    try {
      while (home !== undefined && claiming && ready.length > 0 && active.size < home.concurrency) {
        start(ready.shift()!, home)
      }
    } finally {
      pumping = false
    }
  }

  /** How long bodies take, in ms: a longer one counts at once, shorter ones little by little; nothing is known at first. */
  let bodyMs = Infinity
  let performed = 0

  const start = (work: Work, at: Home) => {
    const entry = hold(work)
    const put = (ran: Ran | void) => {
      if (active.get(work.id) === entry) active.delete(work.id)
      const took = monotonic() - entry.since
      bodyMs = took > bodyMs || bodyMs === Infinity ? took : bodyMs * 0.9 + took * 0.1
      performed++
      if (!entry.interrupted && ran !== undefined) {
        if (ran._tag === "Conclude") conclusions.push(ran.conclusion)
        else if (ran._tag === "Join") joins.push(ran.join)
        else if (ran._tag === "Follow") ready.push(...ran.work)
        // of whatever the action has come to, nobody here has heard
        else Effect.runFork(doubt)
        latch.openUnsafe()
      }
      pump()
    }
    entry.fiber = Effect.runForkWith(at.context)(
      Effect.onError(
        Effect.map(run(work), put),
        () => Effect.suspend(() => entry.interrupted ? Effect.void : Effect.map(fallen(work), put))
      )
    )
  }

  // -----------------------------------------------------------------------------------------------------------------
  // the worker's loops
  // -----------------------------------------------------------------------------------------------------------------

  // Beyond the concurrency, what is begun in a moment: with short bodies the batches of a small concurrency are as large as those
  // of a big one. What is claimed holds its lane, so with long ones it is nothing.
  const room = () => {
    if (home === undefined) return 0
    const ahead = Math.min(claimMax, Math.floor(home.concurrency * aheadMs / Math.max(bodyMs, 0.1)))
    return Math.min(claimMax, home.concurrency + ahead - active.size - ready.length)
  }

  /** Bodies have become long: what waits behind them goes back, for others. */
  const giveBackStalled = transit(Effect.suspend(() => {
    bodyMs = Infinity
    return giveBack(takenFrom(ready))
  }))

  const loop: Effect.Effect<void> = Effect.gen(function*() {
    let failures = 0
    while (home !== undefined) {
      pump()
      if (conclusions.length > 0) {
        yield* commit(conclusionsFor(finishSize.get()), ready)
      } else if (
        // while claims fail, one loop tries, and the others commit
        (underWay === 0 || !claimsFail) &&
        (joins.length > 0 || (claiming && more && room() > 0 && conclusions.length < finishMax))
      ) {
        // prepared ones go alone after an error that nobody expects: it may be theirs
        const free = claiming && !(isolating && joins.length > 0) ? Math.min(claimSize.get(), Math.max(0, room())) : 0
        if (free > 0) more = false
        const prepared = joinsFor(isolating ? 1 : claimSize.get())
        underWay++
        const exit = yield* Effect.exit(claim(free, null, prepared, ready))
        underWay--
        if (claimsFail) latch.openUnsafe()
        claimsFail = Exit.isFailure(exit)
        if (Exit.isSuccess(exit)) {
          failures = 0
          claimSize.passed()
          if (joins.length === 0) isolating = false
          yield* afterClaim(free, exit.value)
          // what somebody has locked is asked for in a moment: at once would only keep the database busy
          if (exit.value.again > 0 && exit.value.again === exit.value.claimed) {
            yield* Effect.forkIn(Effect.andThen(pause(2), Effect.sync(wake)), options.scope)
          }
        } else {
          more = true
          const error = exit.cause.reasons.find(Cause.isFailReason)?.error
          // nobody else prepares them while it is not known whose mistake it is
          const letGo = hand.keep(prepared.map(({ a }) => a))
          const isTheirs = error !== undefined &&
            (!error.isRetryable || (failures + 1 >= inPlace && (yield* answers)))
          if (isTheirs) yield* isolate(free, prepared, error)
          else if (tookTooLong(error)) claimSize.refused(Math.max(free, prepared.length))
          letGo()
          if (prepared.length > 0) yield* doubt
          yield* logWarning("stepped: cannot claim, trying again", exit.cause)
          yield* pause(isTheirs ? 0 : failures)
          failures++
        }
      } else {
        latch.closeUnsafe()
        yield* latch.await
        continue
      }
      pump()
      // bodies that need no waiting end now, and their conclusions join the next batch
      if (conclusions.length === 0) yield* Effect.yieldNow
    }
  })

  let isolating = false
  /** Claims of the loops that are not answered yet, and whether the last one has failed. */
  let underWay = 0
  let claimsFail = false

  /** When what others have queued is looked for, after the last claim that has found something. */
  let lookAt = 0
  let isLooking = false
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
      options.scope
    ))
  })

  /** After an error that nobody expects in a claim: its batch is halved until the one that it belongs to is alone, and that one set aside. */
  const isolate = (free: number, prepared: ReadonlyArray<Join>, error: StorageError): Effect.Effect<void> =>
    Effect.gen(function*() {
      if (prepared.length > 0) {
        // claimed work is not in it from now on; several prepared ones go one by one
        isolating = true
        const [only] = prepared
        if (prepared.length === 1 && free === 0 && only !== undefined && only.o !== Status.failed) {
          const message = `it could not join its lane: ${errorText(error)}`
          joins.push({
            ...only,
            l: "",
            sk: "",
            cs: null,
            t: null,
            o: Status.failed,
            r: null,
            c: { kind: "defect", path: only.a, message }
          })
        } else if (prepared.length > 1 || free > 0) joins.push(...prepared)
        else if (only !== undefined && token !== undefined) {
          // not even its failure: it is prepared again later, and costs an attempt
          yield* Effect.ignore(
            ask(transitions.postpone(token, only.q, only.j, Math.ceil((yield* now) + longestDelayMs)))
          )
        }
        return
      }
      if (free > 1) {
        claimSize.refused(free)
        return
      }
      const at = yield* now
      const aside = yield* Effect.exit(ask(transitions.setAside(at, at + 60_000, claimedLast)))
      if (Exit.isSuccess(aside) && aside.value !== null) {
        claimSize.reset()
        yield* logError(
          `stepped: the action ${aside.value} cannot be claimed, it is tried again in a minute`,
          error
        )
      }
    })

  const soonest = Effect.map(ask(transitions.nextDue), (due) => Math.min(due.wait ?? Infinity, due.timeout ?? Infinity))

  /** What comes again by itself: it says why it fails, unless the database is away. */
  const overlooked = (effect: Effect.Effect<void, StorageError>): Effect.Effect<void> =>
    Effect.catch(effect, (error) =>
      Effect.flatMap(
        answers,
        (isThere) => isThere ? logWarning("stepped: cannot look after what is due, trying again", error) : Effect.void
      ))

  const timers: Effect.Effect<void> = Effect.gen(function*() {
    const pollMs = Duration.toMillis(settings.pollInterval)
    let seen = performed
    let seenAt = monotonic()
    let lookedAt = monotonic()
    while (home !== undefined) {
      const at = yield* now
      const untilTimer = nextTimer - at
      const untilLook = lookedAt + pollMs - monotonic()
      timerLatch.closeUnsafe()
      if (!pruning && untilTimer > 0 && untilLook > 0) {
        yield* Effect.raceFirst(
          timerLatch.await,
          Effect.provideService(Effect.sleep(Math.ceil(Math.min(untilLook, untilTimer))), Clock.Clock, realClock)
        )
        // told of an earlier time, or awake: which of them it is says the clock
        continue
      }
      lookedAt = monotonic()
      nextTimer = Infinity
      const look = Effect.gen(function*() {
        let first = yield* soonest
        // the one after it may be due long before the next poll; what stays due is for another worker, or a job to be claimed
        for (let count = 1; pruning || (count > 0 && first <= (yield* now));) {
          count = yield* tick(false, ready)
          pump()
          first = yield* soonest
        }
        if (first > (yield* now)) knowTimer(first)
      })
      // what this process knew of is forgotten by then: after a failure it looks again in a moment
      yield* overlooked(Effect.tapError(look, () => Effect.map(now, (since) => knowTimer(since + 1000))))
      wake()
      pump()
      if (performed !== seen || ready.length === 0) {
        seen = performed
        seenAt = monotonic()
      } else if (monotonic() - seenAt >= pollMs) yield* giveBackStalled
    }
  })

  const warned = new Map<string, number>()

  /** What waits and is not for this worker: it may be for nobody. Of its own definitions it takes from queues that earlier deploys named. */
  const leftBehind: Effect.Effect<void, StorageError> = Effect.gen(function*() {
    const at = yield* now
    for (const { definition, queue, since } of yield* ask(transitions.unclaimed(at, definitions.known()))) {
      if (definitions.byKey(definition) !== undefined && definitions.adopt(queue)) continue
      const key = `${definition} in the queue ${queue}`
      const waiting = new Date(since).toISOString()
      if (at - since < neglectedMs || at - (warned.get(key) ?? -Infinity) < repeatMs) continue
      warned.set(key, at)
      yield* logWarning(
        `stepped: jobs of ${key} wait since ${waiting}, and this worker does not take them: does another one?`
      )
    }
  })

  /** With which page the next look at the live actions begins. */
  let healFrom = 0

  /** What no transition leaves behind, and nobody would come back to: it goes on, and it is said, since something is wrong. */
  const healing: Effect.Effect<void, StorageError> = Effect.gen(function*() {
    const { healed, next } = yield* ask(transitions.heal(yield* now, healFrom, healPages))
    healFrom = next ?? 0
    if (healed.length === 0) return
    yield* Effect.forEach(healed, ({ action, actorId, definition, phase }) =>
      logError(
        `stepped: invariant 2 is broken: ${actionText(definition, actorId)} (${action}) ${
          phase === Phase.waiting ? stranded.slots : stranded.job
        }; it has been given one`
      ))
    yield* reach("healed", Effect.sync(options.onQueued))
  })

  const upkeep: Effect.Effect<void> = Effect.gen(function*() {
    while (home !== undefined) {
      yield* overlooked(Effect.gen(function*() {
        if (!options.embedded) yield* ask(transitions.recover(yield* now, answeredFor()))
        yield* tick(true, ready)
        yield* healing
        yield* leftBehind
        if (Duration.isFinite(settings.outcomeRetention)) {
          yield* ask(transitions.forgetOutcomes((yield* now) - Duration.toMillis(settings.outcomeRetention)))
        }
        if (Duration.isFinite(settings.historyRetention)) {
          const before = (yield* now) - Duration.toMillis(settings.historyRetention)
          while ((yield* ask(transitions.deleteEnded(before, 5000))) === 5000 && home !== undefined) {
            yield* Effect.yieldNow
          }
        }
      }))
      wake()
      pump()
      yield* Effect.provideService(Effect.sleep(Duration.toMillis(settings.lease) / 2), Clock.Clock, realClock)
    }
  })

  /**
   * Claims and performs until the scope closes; then lets running bodies end within the grace period, and releases the rest. `beside` runs
   * as long as the timers do.
   */
  const work = (
    config: {
      readonly concurrency: number
      readonly connections: number
      readonly grace: Duration.Duration
      readonly own: OwnConnections | undefined
    },
    beside: Effect.Effect<never>
  ) =>
    Effect.gen(function*() {
      const context = (yield* Effect.context<never>()) as Context.Context<never>
      own = config.own
      // they are given up when nothing of the worker runs any more
      yield* Effect.addFinalizer(() => Effect.sync(() => void (own = undefined)))
      yield* patiently(register)
      home = { concurrency: config.concurrency, context }
      claiming = true
      more = true
      // what each of them has under way takes seconds to give up where nothing is answered: all at once, not one after another
      const fibers = yield* Scope.fork(yield* Effect.scope, "parallel")
      for (let i = 0; i < config.connections; i++) yield* Effect.forkIn(loop, fibers)
      // a client that is closed under its worker waits for the connection that listens, too
      const open = own === undefined ? Effect.never : own.whileOpen
      yield* Effect.forkIn(Effect.raceFirst(Effect.raceFirst(timers, beside), open), fibers)
      yield* Effect.forkIn(upkeep, fibers)
      // added last, so that it comes first: a loop that is interrupted in the middle of a commit leaves it in doubt
      yield* Effect.addFinalizer(() => drain(config.grace))
    })

  const drain = (grace: Duration.Duration): Effect.Effect<void> =>
    Effect.gen(function*() {
      claiming = false
      // what was claimed and not begun goes back at once
      yield* giveBack(takenFrom(ready))
      latch.openUnsafe()
      asideNow()
      const settle = Effect.gen(function*() {
        while (!hand.isIdle()) {
          if (conclusions.length > 0) yield* commit(conclusionsFor(finishMax), ready)
          else if (joins.length > 0) {
            yield* Effect.ignore(claim(0, null, joinsFor(claimMax), ready))
          } else if (ready.length > 0) yield* giveBack(takenFrom(ready))
          else yield* Effect.provideService(Effect.sleep(5), Clock.Clock, realClock)
        }
      })
      yield* Effect.exit(impatiently(settle, grace))
      const rest = [...active.values()]
      const ids = rest.map(({ work }) => work.id)
      // nobody else is to have them before their bodies have let go
      const letGo = hand.keep(ids)
      home = undefined
      latch.openUnsafe()
      const interrupting = Effect.forEach(rest, (entry) => Effect.timeoutOption(interrupt(entry), "5 seconds"), {
        concurrency: "unbounded",
        discard: true
      })
      yield* Effect.provideService(interrupting, Clock.Clock, realClock)
      const committing = Effect.gen(function*() {
        while (conclusions.length > 0) yield* commit(conclusionsFor(finishMax), ready)
      })
      if (conclusions.length > 0) {
        answersNot = Exit.isFailure(yield* Effect.exit(impatiently(committing, patience())))
      }
      const givingBack = giveBack([...new Set([...ids, ...takenFrom(ready)])])
      letGo()
      yield* givingBack
      if (rest.length > 0) {
        yield* logInfo(`stepped: ${rest.length} running actions are released for other workers`)
      }
    })

  // -----------------------------------------------------------------------------------------------------------------
  // performing in the caller's fiber
  // -----------------------------------------------------------------------------------------------------------------

  /**
   * Runs the work of a place in this fiber, in order, and what follows from it as long as `mine` says so; the rest goes to the worker or
   * back. Only bodies can be interrupted: whoever is interrupted in a transition would not know what this process holds.
   */
  const inline = (
    queue: Array<Work>,
    mine: (id: string) => boolean,
    restore: Restore
  ): Effect.Effect<number, StorageError> =>
    Effect.gen(function*() {
      let count = 0
      while (queue.length > 0) {
        yield* restore(Effect.void)
        const item = queue.shift()!
        if (!mine(item.id)) {
          ready.push(item)
          yield* begin
          continue
        }
        count++
        const entry = hold(item)
        const fiber = yield* Effect.forkChild(Effect.interruptible(run(item)))
        entry.fiber = fiber
        const awaited = yield* Effect.exit(restore(Fiber.await(fiber)))
        const ended = entry.interrupted
        const letGo = hand.keep(ended ? [] : [item.id])
        // the body first: it must have let go, also of its transaction, before others may take its action
        if (Exit.isFailure(awaited)) yield* interrupt(entry)
        const exit = yield* Fiber.await(fiber)
        const ran = Exit.isSuccess(exit)
          ? exit.value
          : ended || Exit.isFailure(awaited)
          ? undefined
          : yield* fallen(item)
        if (active.get(item.id) === entry) active.delete(item.id)
        if (ran !== undefined && !ended) {
          // what follows goes before what was there: an action is performed as far as it goes
          const rest = queue.splice(0)
          places.add(rest)
          if (ran._tag === "Follow") queue.push(...ran.work)
          const follow: Effect.Effect<unknown, StorageError> = ran._tag === "Conclude"
            ? commit([ran.conclusion], queue)
            : ran._tag === "Join"
            ? claim(0, null, [ran.join], queue)
            : Effect.void
          letGo()
          if (ran._tag === "Fenced") yield* doubt
          yield* Effect.ensuring(
            follow,
            Effect.sync(() => {
              // a younger sibling that may not join yet goes behind them: its elder may be among them
              const joining = queue.findIndex((work) => work._tag === "Joining")
              const younger = joining === -1 ? [] : queue.splice(joining, 1)
              queue.push(...rest, ...younger)
              places.delete(rest)
            })
          )
        } else if (Exit.isFailure(awaited) && !ended) queue.unshift(item)
        letGo()
        if (Exit.isFailure(awaited)) return yield* Effect.failCause(awaited.cause)
      }
      return count
    })

  /**
   * A place for work of the calling fiber, in which it is found when its action ends, or its answer was lost. What is left there goes
   * back.
   */
  const withPlace = <A, E>(use: (place: Array<Work>) => Effect.Effect<A, E>): Effect.Effect<A, E> =>
    Effect.suspend(() => {
      const place: Array<Work> = []
      places.add(place)
      return Effect.ensuring(
        use(place),
        Effect.andThen(
          Effect.suspend(() => giveBack(place.map(({ id }) => id))),
          Effect.sync(() => places.delete(place))
        )
      )
    })

  /**
   * Stores an action under this process's token, and performs it as far as it goes at once (rule 7.3), in a region that `restore` makes
   * interruptible.
   */
  const performNow = <E>(
    id: string,
    store: (token: bigint) => Effect.Effect<void, E>,
    restore: Restore
  ): Effect.Effect<void, E | StorageError> =>
    withPlace((place) =>
      Effect.gen(function*() {
        const mine = yield* register
        yield* keeping([id], () => Effect.andThen(store(mine), Effect.suspend(() => claim(0, id, [], place))))
        yield* inline(place, (other) => other === id, restore)
        if (pruning) {
          yield* tick(false, place)
          yield* inline(place, () => false, restore)
        }
      })
    )

  /** One pass over everything that is due: timers, then jobs, with what follows in memory. Gives how much there was. */
  const performDue: Effect.Effect<number, StorageError> = Effect.uninterruptibleMask((restore) =>
    withPlace((place) =>
      Effect.gen(function*() {
        let count = yield* tick(true, place)
        count += yield* inline(place, () => true, restore)
        count += (yield* claim(claimMax, null, [], place)).claimed
        return count + (yield* inline(place, () => true, restore))
      })
    )
  )

  const close = Effect.suspend(() => {
    const mine = token
    token = undefined
    return mine === undefined
      ? Effect.void
      : Effect.flatMap(now, (at) => insist(transitions.unregister(mine, at)))
  })

  /**
   * Runs a completion from outside, and reads its answer: what it hands over goes to this process's worker, bodies that it ends are
   * interrupted (`spare` is the one that asks).
   */
  const fromOutside = (
    complete: (token: bigint | null, known: Known) => Effect.Effect<ReadonlyArray<Task>, StorageError>,
    spare: string | undefined
  ): Effect.Effect<ReadonlyArray<Task>, StorageError> =>
    transit(Effect.gen(function*() {
      const mine = claiming ? token : undefined
      const at = yield* now
      const completion = Effect.flatMap(
        reach("completed", complete(mine ?? null, mine === undefined ? definitions.present() : definitions.known())),
        (tasks) =>
          Effect.flatMap(read(tasks, at, false, spare), (answer) => {
            handTo(mine, ready, answer.work)
            return Effect.as(begin, tasks)
          })
      )
      return yield* mine === undefined ? completion : keeping([], () => completion)
    }))

  /** Reads what a completion inside a user's transaction answered, after its commit. */
  const take = (tasks: ReadonlyArray<Task>, spare: string | undefined): Effect.Effect<void> =>
    Effect.flatMap(now, (at) => Effect.asVoid(read(tasks, at, false, spare)))

  return { enqueueIdle, wake, check, work, performNow, performDue, fromOutside, take, close }
}
