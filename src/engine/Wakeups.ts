/**
 * Waking: workers of this process are told at once that there is something to do, those of others by NOTIFY, where the connection allows
 * it. What is not heard is found by polling.
 */
import type { PgClient } from "@effect/sql-pg/PgClient"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Latch from "effect/Latch"
import * as Option from "effect/Option"
import * as Queue from "effect/Queue"
import * as Scope from "effect/Scope"
import type { SqlError } from "effect/sql/SqlError"
import { abandonAfter, realClock } from "../store/RealClock.ts"
import type { Storage } from "../store/Storage.ts"
import { log } from "./log.ts"
import type { Settings } from "./Settings.ts"

/** Who is woken. */
export interface Sleeper {
  /** There may be something to claim. */
  readonly wake: () => void
  /** Another process has ended actions: are some of ours among them? */
  readonly check: () => void
}

export interface Wakeups {
  /** Something was queued here. */
  readonly queued: () => void
  /** An action was ended from outside: a body of another process may be running for it. */
  readonly ended: () => void
  /** Whether other processes are told and heard. */
  readonly listens: boolean
  /** Hears what other processes say. */
  readonly listening: Effect.Effect<never>
}

/** What is said within this time is said once: in every commit it would serialise them. */
const quietMs = 20

/** Says what there is to say, once for each moment, each time that it is woken: `next` gives it. */
export const notifying = (
  sql: PgClient,
  channel: string,
  deadline: Duration.Duration,
  latch: Latch.Latch,
  next: () => string
): Effect.Effect<never> =>
  Effect.gen(function*() {
    while (true) {
      yield* latch.await
      latch.closeUnsafe()
      const news = next()
      yield* Effect.ignore(Effect.timeout(sql.notify(channel, news), deadline))
      yield* Effect.sleep(quietMs)
    }
  }).pipe(Effect.provideService(Clock.Clock, realClock), Effect.withTracerEnabled(false))

export const make = (
  sql: PgClient,
  storage: Storage["Service"],
  settings: Settings["Service"],
  sleeper: Sleeper
): Effect.Effect<Wakeups, never, Scope.Scope> =>
  Effect.gen(function*() {
    const channel = `stepped_${storage.schema}`
    const listens = settings.notify && !storage.embedded
    const latch = Latch.makeUnsafe(false)
    // invariant: an end that no NOTIFY has told of yet
    let hasEnded = false
    const next = () => {
      const news = hasEnded ? "ended" : ""
      hasEnded = false
      return news
    }
    if (listens) yield* Effect.forkScoped(notifying(sql, channel, storage.deadline, latch, next))

    const queued = () => {
      sleeper.wake()
      if (listens) latch.openUnsafe()
    }
    return {
      queued,
      ended: () => {
        hasEnded = true
        queued()
      },
      listens,
      listening: listening(sql, channel, storage.deadline, {
        heard: (payload) => {
          sleeper.wake()
          if (payload === "ended") sleeper.check()
        },
        deaf: log.warning(deafText("this worker looks for work", settings.pollInterval))
      })
    }
  })

/** What is said where nothing can be heard. */
export const deafText = (who: string, pollInterval: Duration.Duration): string =>
  `no notification arrives, as behind PgBouncer in transaction mode: ${who} every ${Duration.format(pollInterval)}. ` +
  "Give Stepped.layer `notify: false` there, and the client `prepare: false`"

type Notifications = Queue.Dequeue<{ readonly payload: string }, SqlError>

interface Hearing {
  /** Called at once with what was said, and with nothing whenever something may have been missed. */
  readonly heard: (payload: string) => void
  /** Said once, where nothing can be heard. */
  readonly deaf: Effect.Effect<void>
}

/** Hears what is said, on a connection of its own that is taken anew whenever it is lost. */
export const listening = (
  sql: PgClient,
  channel: string,
  deadline: Duration.Duration,
  { deaf, heard }: Hearing
): Effect.Effect<never> => {
  /** Whether what is sent arrives: a pooler in transaction mode takes a LISTEN, and nothing ever comes. */
  const hears = (notifications: Notifications) =>
    Effect.gen(function*() {
      for (let attempt = 0; attempt < 3; attempt++) {
        yield* sql.notify(channel, "")
        if (Option.isSome(yield* Effect.timeoutOption(Queue.peek(notifications), "1 second"))) return true
      }
      return false
    })

  /**
   * UNLISTEN cannot be interrupted, and gets no answer where the connection has died in silence: then all that closing the scope does is
   * done at once, and giving back a connection that has something under way ends it.
   */
  const deafen = (
    connection: Scope.Closeable,
    notifications: Notifications | undefined,
    exit: Exit.Exit<unknown, unknown>
  ) =>
    Effect.gen(function*() {
      const answers = notifications === undefined ? Effect.void : Effect.andThen(
        Queue.clear(notifications),
        Effect.andThen(sql.notify(channel, ""), Queue.peek(notifications))
      )
      const alive = yield* Effect.exit(abandonAfter(answers, "1 second"))
      yield* Scope.close(Exit.isSuccess(alive) ? connection : { ...connection, strategy: "parallel" }, exit)
    })

  /** As long as the connection lasts; ends only where nothing can be heard. */
  const listen = Effect.suspend(() => {
    let notifications: Notifications | undefined
    return Effect.acquireUseRelease(
      Scope.make(),
      (connection) =>
        Effect.gen(function*() {
          notifications = yield* Effect.timeout(Scope.provide(sql.listen(channel), connection), deadline)
          heard("")
          if (!(yield* hears(notifications))) return
          while (true) heard((yield* Queue.take(notifications)).payload)
        }),
      (connection, exit) => deafen(connection, notifications, exit)
    )
  })

  return Effect.gen(function*() {
    // a connection that is lost: polling goes on meanwhile
    while (Exit.isFailure(yield* Effect.exit(listen))) yield* Effect.sleep("5 seconds")
    yield* deaf
    return yield* Effect.never
  }).pipe(Effect.provideService(Clock.Clock, realClock))
}
