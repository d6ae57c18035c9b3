/** A worker's connections, taken from the program's pool and taken again when they are lost. */
import type { PgClient } from "@effect/sql-pg/PgClient"
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Predicate from "effect/Predicate"
import * as Scope from "effect/Scope"
import type { Connection } from "effect/sql/SqlConnection"
import { SqlError } from "effect/sql/SqlError"
import { PoolTooSmall, StorageError } from "../SteppedError.ts"
import { countFor, type Keeping, type OwnConnections } from "../store/OwnConnections.ts"
import { abandonAfter, monotonic, pauseAfter, realClock, within } from "../store/RealClock.ts"

interface Taken {
  readonly connection: Connection
  readonly scope: Scope.Closeable
  readonly since: number
}

type Restore = <A, E>(effect: Effect.Effect<A, E>) => Effect.Effect<A, E>

interface Waiter {
  readonly urgent: boolean
  /** Undefined where there are none any more. */
  readonly resume: (taken: Taken | undefined) => void
  taken: Taken | undefined
}

/** How long a client that does not say how many connections it has may take for two. */
const secondMs = 5000
const watchMs = 1000

/**
 * Whether a connection is good for the next call: it has answered this one, if need be once more, since with some errors the server ends
 * the session. One that was interrupted in the middle, or has kept silent, is not: what is given up may be cancelled late.
 */
const isGood = ({ connection }: Taken, exit: Exit.Failure<unknown, unknown>): Effect.Effect<boolean> => {
  const refused = exit.cause.reasons.every((reason) =>
    Cause.isFailReason(reason) && reason.error instanceof StorageError && reason.error.cause instanceof SqlError
  )
  if (!refused) return Effect.succeed(false)
  return Effect.map(Effect.exit(abandonAfter(connection.executeValues("select 1", []), "2 seconds")), Exit.isSuccess)
}

/** What a pool has; undefined where its configuration does not say. */
const sizeOf = ({ config }: PgClient): number | undefined =>
  Predicate.hasProperty(config, "maxConnections") && typeof config.maxConnections === "number"
    ? config.maxConnections
    : undefined

/** How long the pool's connections live; for ever if not given. */
const lifeOf = ({ config }: PgClient): number =>
  Predicate.hasProperty(config, "connectionTTL") && config.connectionTTL !== undefined
    ? Duration.toMillis(Duration.fromInputUnsafe(config.connectionTTL as Duration.Input))
    : Infinity

export const make = (
  sql: PgClient,
  deadline: Duration.Duration,
  options: Keeping
): Effect.Effect<OwnConnections, PoolTooSmall, Scope.Scope> =>
  Effect.gen(function*() {
    const { connections, listens, others } = options
    const count = countFor(connections)
    const lifeMs = lifeOf(sql)
    const tooSmall = (maxConnections: number) =>
      new PoolTooSmall({
        maxConnections,
        needed: count + others + (listens ? 1 : 0) + 1,
        connections,
        others,
        listens
      })
    const size = sizeOf(sql)
    if (size !== undefined && size < tooSmall(size).needed) return yield* tooSmall(size)

    const fibers = yield* Scope.fork(yield* Effect.scope, "parallel")
    const idle: Array<Taken> = []
    const waiters: Array<Waiter> = []
    let urgent = 0
    let held = 0
    let isOpen = true
    let changed = () => {}
    /** When the first try has failed since one has succeeded, and how long from then on nothing is to be said of the others. */
    let failingSince: number | undefined
    let quietMs = 0
    const isOver = ({ since }: Taken) => monotonic() - since >= lifeMs

    /** One that whoever comes now may have at once: one is always left for what is urgent. */
    const takeIdle = (isUrgent: boolean): Taken | undefined => {
      // what is urgent finds one, unless it has it already
      if (idle.length === 0 || (!isUrgent && idle.length + urgent < 2)) return undefined
      if (isUrgent) urgent++
      // the last one that came back: it has its plans, and the others need none as long as one is enough; those rest until their time is over
      return isOver(idle[0]!) ? idle.shift() : idle.pop()
    }

    const give = () => {
      while (waiters.length > 0) {
        const at = Math.max(0, waiters.findIndex((waiter) => waiter.urgent))
        const taken = takeIdle(waiters[at]!.urgent)
        if (taken === undefined) return
        const [waiter] = waiters.splice(at, 1)
        waiter!.taken = taken
        waiter!.resume(taken)
      }
    }

    const shut = Effect.suspend(() => {
      isOpen = false
      for (const waiter of waiters.splice(0)) waiter.resume(undefined)
      return Effect.forEach(idle.splice(0), drop, { discard: true })
    })

    const drop = ({ scope }: Taken): Effect.Effect<void> => {
      held--
      return Effect.andThen(
        Scope.close(scope, Exit.void),
        Effect.suspend(() => isOpen ? Effect.asVoid(Effect.forkIn(take, fibers)) : Effect.void)
      )
    }

    /** Waits for one of the pool, however long that takes. */
    const take: Effect.Effect<void> = Effect.uninterruptibleMask((restore) =>
      Effect.gen(function*() {
        for (let attempt = 0; isOpen; attempt++) {
          const scope = yield* Scope.make()
          const exit = yield* Effect.exit(restore(Scope.provide(sql.reserve, scope)))
          if (Exit.isSuccess(exit) && isOpen) {
            held++
            idle.push({ connection: exit.value, scope, since: monotonic() })
            give()
            changed()
            if (failingSince === undefined) return
            const forMs = monotonic() - failingSince
            failingSince = undefined
            return yield* options.onOpen(forMs)
          }
          yield* Scope.close(scope, exit)
          // a pool that is being closed interrupts who asks
          if (Exit.isFailure(exit) && Cause.hasInterrupts(exit.cause)) return yield* shut
          if (Exit.isFailure(exit)) {
            if (failingSince === undefined) quietMs = 0
            failingSince ??= monotonic()
            const forMs = monotonic() - failingSince
            if (forMs >= quietMs) {
              quietMs = Math.max(1000, 2 * forMs)
              yield* options.onTrouble(exit.cause)
            }
          }
          yield* restore(pauseAfter(attempt))
        }
      }).pipe(Effect.provideService(Clock.Clock, realClock))
    )

    const giveBack = (taken: Taken, wasUrgent: boolean, isKept: boolean): Effect.Effect<void> => {
      if (wasUrgent) urgent--
      const keeps = isOpen && isKept && !isOver(taken)
      if (keeps) idle.push(taken)
      give()
      return keeps ? Effect.void : drop(taken)
    }

    const waitFor = (waiter: (resume: Waiter["resume"]) => Waiter) =>
      Effect.callback<Taken | undefined>((resume) => {
        const mine = waiter((taken) => resume(Effect.succeed(taken)))
        waiters.push(mine)
        give()
        return Effect.sync(() => {
          const at = waiters.indexOf(mine)
          if (at >= 0) waiters.splice(at, 1)
        })
      })

    /** For who finds none that is free. */
    const waitForOne = (isUrgent: boolean, restore: Restore): Effect.Effect<Taken | undefined, StorageError> =>
      Effect.suspend(() => {
        let mine: Waiter | undefined
        const waiting = waitFor((resume) => mine = { urgent: isUrgent, resume, taken: undefined })
        const none = () =>
          new StorageError({
            operation: "connect",
            isRetryable: true,
            cause: new Error(`no connection within ${Duration.format(deadline)}`)
          })
        return Effect.onError(
          restore(within(waiting, deadline, none)),
          () => mine?.taken === undefined ? Effect.void : giveBack(mine.taken, isUrgent, true)
        )
      })

    /** Runs a call on a connection that is its own from now on. */
    const run = <A, E>(taken: Taken, isUrgent: boolean, call: Effect.Effect<A, E>, restore: Restore) =>
      Effect.contextWith((context: Context.Context<never>) => {
        // The client looks for the connection of a transaction before it asks its pool. This one is outside of every transaction: one
        // that begins here is none within another.
        const running = Effect.runForkWith(Context.add(context, sql.transactionService, [taken.connection, outside]))(
          call
        )
        return Effect.flatMap(Effect.exit(restore(Fiber.join(running))), (exit) => {
          if (Exit.isSuccess(exit)) return Effect.andThen(giveBack(taken, isUrgent, true), exit)
          return Effect.gen(function*() {
            if (running.pollUnsafe() === undefined) {
              running.interruptUnsafe()
              // giving up takes seconds where nothing is answered; giving back a connection that has something under way ends it
              yield* Effect.provideService(
                Effect.timeoutOption(Fiber.await(running), "1 second"),
                Clock.Clock,
                realClock
              )
            }
            const isKept = yield* isGood(taken, exit)
            yield* giveBack(taken, isUrgent, isKept)
            return yield* exit
          })
        })
      })

    const use: OwnConnections["use"] = (call, isUrgent = false) =>
      Effect.uninterruptibleMask((restore) => {
        if (!isOpen) return restore(call)
        const taken = takeIdle(isUrgent)
        return taken !== undefined
          ? run(taken, isUrgent, call, restore)
          : Effect.flatMap(
            waitForOne(isUrgent, restore),
            (given) => given === undefined ? restore(call) : run(given, isUrgent, call, restore)
          )
      })

    // a pool that is closed under its worker waits for what it has lent, and tells only who asks for more
    const whileOpen = Effect.gen(function*() {
      while (true) {
        yield* Effect.sleep(watchMs)
        const exit = yield* Effect.exit(Effect.scoped(sql.reserve))
        if (Exit.isSuccess(exit) || !Cause.hasInterrupts(exit.cause)) continue
        yield* shut
        return yield* Effect.interrupt
      }
    }).pipe(Effect.provideService(Clock.Clock, realClock))

    yield* Effect.addFinalizer(() => shut)
    for (let i = 0; i < count; i++) yield* Effect.forkIn(take, fibers)
    if (size === undefined) {
      // a client of one connection has none for anybody else, and lets us wait; one that does not answer yet is waited for elsewhere, and so
      // is a server that refuses
      const two = Effect.callback<void>((resume) => {
        changed = () => held > 1 ? resume(Effect.void) : undefined
        changed()
      })
      yield* Effect.provideService(Effect.timeoutOption(two, secondMs), Clock.Clock, realClock)
      if (held === 1 && failingSince === undefined) return yield* tooSmall(1)
    }
    return { use, whileOpen }
  })

/** The depth of a connection that is in no transaction; the client counts from the first one on. */
const outside = -1

/** Whether what the client finds is a transaction, and not one of these connections. */
export const isTransaction = ([, depth]: readonly [Connection, number]): boolean => depth > outside
