/**
 * A worker: what one process holds under a fencing token, runs, and commits in batches.
 *
 * Work comes from claims, from finished batches (next steps, promoted and resumed actions) and from `…Now`; what becomes ready while a
 * commit is under way is committed together by the next one. Each of its parts owns its own state (see `context.ts`); this puts them
 * together, and is the loop and the drain.
 */
import * as Clock from "effect/Clock"
import type * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Latch from "effect/Latch"
import type * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import type { StorageError } from "../../SteppedError.ts"
import type { Answer, Completed } from "../../store/Answer.ts"
import type { Invocation, PreparedInvocation } from "../../store/Invocation.ts"
import type { OwnConnections } from "../../store/OwnConnections.ts"
import { abandonAfter, realClock, realSleep } from "../../store/RealClock.ts"
import type { Catalog } from "../../store/Store.ts"
import * as Log from "../log.ts"
import * as CancelAbandoned from "../maintenance/cancelAbandoned.ts"
import { upkeep } from "../maintenance/upkeep.ts"
import type { Concluded } from "../perform/concluding.ts"
import { retryAtStart } from "../retrying.ts"
import { performingAlone } from "./Alone.ts"
import * as Announcing from "./Announcing.ts"
import * as Answers from "./Answers.ts"
import * as Aside from "./Aside.ts"
import * as Bodies from "./Bodies.ts"
import * as Catalogs from "./Catalogs.ts"
import * as Claimer from "./Claimer.ts"
import * as Committer from "./Committer.ts"
import * as Connections from "./Connections.ts"
import type { Active, Work, WorkContext, WorkerContext, WorkerOptions } from "./context.ts"
import * as Gate from "./Gate.ts"
import * as InHand from "./InHand.ts"
import * as Lease from "./Lease.ts"
import * as Memos from "./Memos.ts"
import * as Notes from "./Notes.ts"
import * as Passes from "./Passes.ts"
import * as PerformNow from "./performNow.ts"
import * as Reconciler from "./Reconciler.ts"
import * as Replays from "./Replays.ts"
import { retire } from "./retire.ts"
import * as Timers from "./Timers.ts"

export interface WorkerConfig {
  readonly concurrency: number
  /** Transitions at a time. */
  readonly connections: number
  readonly grace: Duration.Duration
  readonly own: OwnConnections | undefined
}

export interface Worker extends PerformNow.PerformNow {
  readonly log: Log.Log
  /** See {@link Claimer.Claimer}. */
  readonly enqueueIdle: (items: ReadonlyArray<Invocation>) => Option.Option<Effect.Effect<boolean, StorageError>>
  readonly wake: () => void
  /** Another process has ended actions: are some of ours among them? */
  readonly check: () => void
  /**
   * Claims and performs until the scope closes; then lets running bodies end within the grace period, and releases the rest. `beside` runs
   * as long as the timers do. Gives what waits until somebody has drained it: to close the scope is the caller's.
   */
  readonly work: (
    config: WorkerConfig,
    beside: Effect.Effect<never>
  ) => Effect.Effect<Effect.Effect<void>, StorageError, Scope.Scope>
  /**
   * Runs a completion from outside, and reads its answer: what it hands over goes to this worker, bodies that it ends are interrupted
   * (`spare` is the one that asks).
   */
  readonly fromOutside: (
    complete: (token: bigint | null, catalog: Catalog) => Effect.Effect<Completed, StorageError>,
    spare: string | undefined
  ) => Effect.Effect<Completed, StorageError>
  /** Reads what a completion inside a user's transaction answered, after its commit. */
  readonly take: (answer: Answer, spare: string | undefined) => Effect.Effect<void>
  /** Ends what runs here for actions that are over. */
  readonly drop: (gone: ReadonlyArray<Answers.Gone>, spare?: string) => Effect.Effect<void>
  /** Whether it takes work: not before it has begun, nor while it stops. */
  readonly claims: () => boolean
  /** What it runs, by its actions. */
  readonly active: ReadonlyMap<string, unknown>
  /** Whether it takes jobs from a queue. */
  readonly takes: (queue: string) => boolean
  readonly timers: Timers.Timers
  readonly abandoned: CancelAbandoned.Abandoned
  /** Says for the first time what it is and can run. */
  readonly announce: Effect.Effect<void, StorageError>
  /** Gives up its token when nothing is under it any more; see `retire.ts`. */
  readonly retire: Effect.Effect<void>
  readonly hasToken: () => boolean
  readonly isIdle: () => boolean
  readonly giveBackReady: Effect.Effect<void>
  /** Gives up its token, and with it what is still held. */
  readonly close: Effect.Effect<void>
}

/** How long a worker that stops waits for what it has interrupted. */
const momentMs = 5000

export const make = (options: WorkerOptions): Worker => {
  // invariant: there from the beginning of `work` until its bodies are interrupted; the loops end without it
  let workContext: WorkContext | undefined
  // invariant: true only while the context is there
  let claiming = false
  const inHand = InHand.make<Work, Active, Concluded, PreparedInvocation>()
  const connections = Connections.make()
  // each part is asked for when something happens, and all of them are there by then
  const context: WorkerContext = {
    ...options,
    catalogs: Catalogs.make(options.registry, options.queues),
    log: Log.make({ worker: options.name, database: options.store.database }),
    gate: Gate.make(),
    inHand,
    connections,
    replays: Replays.make({ ...options, connections }),
    work: Latch.makeUnsafe(false),
    workContext: () => workContext,
    claims: () => claiming,
    get lease() {
      return lease
    },
    get reconciler() {
      return reconciler
    },
    get answers() {
      return answers
    },
    get committer() {
      return committer
    },
    get notes() {
      return notes
    },
    get memos() {
      return memos
    },
    get aside() {
      return aside
    },
    get claimer() {
      return claimer
    },
    get bodies() {
      return bodies
    },
    get timers() {
      return timers
    },
    get passes() {
      return passes
    },
    get abandoned() {
      return abandoned
    }
  }
  const lease = Lease.make(context)
  const reconciler = Reconciler.make(context)
  const answers = Answers.make(context)
  const committer = Committer.make(context)
  const memos = Memos.make(context)
  const notes = Notes.make(context)
  const aside = Aside.make(context)
  const claimer = Claimer.make(context)
  const bodies = Bodies.make(context)
  const timers = Timers.make(context)
  const passes = Passes.make(context)
  const abandoned = CancelAbandoned.make(context)
  const announcing = Announcing.make(context)

  const loop: Effect.Effect<void> = Effect.gen(function*() {
    while (workContext !== undefined) {
      bodies.pump()
      if (inHand.concluded() > 0) yield* committer.commitNext()
      else if (claimer.isDue()) yield* claimer.turn
      else {
        context.work.closeUnsafe()
        yield* context.work.await
        // whoever opens it is still at it: what the first body of many has come to is not committed alone
        yield* Effect.yieldNow
        continue
      }
      bodies.pump()
      // bodies that need no waiting end now, and their conclusions join the next batch
      if (inHand.concluded() === 0) yield* Effect.yieldNow
    }
  })

  const work: Worker["work"] = (config, beside) =>
    Effect.gen(function*() {
      const user = (yield* Effect.context<never>()) as Context.Context<never>
      connections.keep(config.own)
      // they are given up when nothing of the worker runs any more
      yield* Effect.addFinalizer(() => Effect.sync(() => connections.keep(undefined)))
      yield* retryAtStart(lease.register, context.log)
      workContext = { concurrency: config.concurrency, context: user }
      claiming = true
      claimer.more()
      // what each of them has under way takes seconds to give up where nothing is answered: all at once, not one after another
      const fibers = yield* Scope.fork(yield* Effect.scope, "parallel")
      const part = options.parts.begin(fibers)
      for (let i = 0; i < config.connections; i++) yield* part(loop)
      // a client that is closed under its worker waits for the connection that listens, too
      const open = config.own === undefined ? Effect.never : config.own.whileOpen
      yield* part(Effect.raceFirst(Effect.raceFirst(timers.loop, beside), open))
      yield* part(upkeep(context, announcing.again))
      yield* part(performingAlone(context))
      // added last, so that it comes first: a loop that is interrupted in the middle of a commit leaves it in doubt
      yield* Effect.addFinalizer(() => drain(config.grace))
      return lease.drained
    })

  /** Lets everything that has begun come to its end. */
  const settle = Effect.gen(function*() {
    while (!inHand.isIdle()) {
      if (inHand.concluded() > 0) yield* committer.commitNext(Committer.finishMax)
      else if (inHand.joining() > 0) yield* claimer.joinPrepared
      else if (inHand.ready.length() > 0) yield* bodies.giveBackReady
      else yield* realSleep(5)
    }
  })

  const drain = (grace: Duration.Duration): Effect.Effect<void> =>
    Effect.gen(function*() {
      claiming = false
      options.peers.inCharge().timers.know(timers.next())
      if (abandoned.isDue()) options.peers.inCharge().abandoned.due()
      const begun = inHand.active.size
      const waits = begun === 0
        ? ""
        : `, and waits up to ${Duration.format(grace)} for ${Log.counted(begun, "body", "bodies")}`
      yield* context.log.info(`the worker takes nothing new${waits}`)
      // what was claimed and not begun goes back at once
      yield* bodies.giveBackReady
      context.work.openUnsafe()
      aside.now()
      yield* Effect.exit(abandonAfter(settle, grace))
      const rest = [...inHand.active.values()]
      const ids = rest.map(({ work }) => work.id)
      // nobody else is to have them before their bodies have let go
      const letGo = inHand.keep(ids)
      workContext = undefined
      context.work.openUnsafe()
      const interrupting = Effect.forEach(rest, (entry) => Effect.timeoutOption(bodies.interrupt(entry), momentMs), {
        concurrency: "unbounded",
        discard: true
      })
      yield* Effect.provideService(interrupting, Clock.Clock, realClock)
      if (inHand.concluded() > 0) {
        yield* reconciler.within(Effect.gen(function*() {
          while (inHand.concluded() > 0) yield* committer.commitNext(Committer.finishMax)
        }))
      }
      const givingBack = reconciler.giveBack([...new Set([...ids, ...inHand.ready.takeAll().map(({ id }) => id)])])
      letGo()
      yield* givingBack
      const released = rest.length === 0
        ? ""
        : `; ${Log.counted(rest.length, "action is", "actions are")} released for others`
      yield* context.log.info(`the worker has stopped${released}`)
    })

  const fromOutside: Worker["fromOutside"] = (complete, spare) =>
    context.gate.shared(Effect.gen(function*() {
      const token = claiming ? lease.token() : undefined
      const at = yield* options.now
      const { failpoint, registry } = options
      const catalog = token === undefined ? registry.catalog() : context.catalogs.own()
      const completion = Effect.flatMap(
        failpoint("completed", complete(token ?? null, catalog)),
        (completed) =>
          Effect.flatMap(answers.read(completed.answer, at, false, spare), (read) => {
            reconciler.handTo(token, inHand.ready, read.work)
            return Effect.as(bodies.begin, completed)
          })
      )
      return yield* token === undefined ? completion : reconciler.keeping([], () => completion)
    }))

  return {
    log: context.log,
    ...PerformNow.make(context),
    enqueueIdle: claimer.enqueueIdle,
    wake: claimer.wake,
    check: () => {
      if (inHand.active.size > 0) lease.beatSoon()
    },
    work,
    fromOutside,
    take: (answer, spare) => Effect.flatMap(options.now, (at) => Effect.asVoid(answers.read(answer, at, false, spare))),
    drop: answers.drop,
    claims: () => claiming,
    active: inHand.active,
    takes: context.catalogs.takes,
    timers,
    abandoned,
    announce: announcing.first,
    retire: retire(context),
    hasToken: () => lease.token() !== undefined,
    isIdle: inHand.isIdle,
    giveBackReady: bodies.giveBackReady,
    close: lease.close
  }
}
