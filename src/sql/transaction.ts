/**
 * Transactions of the client, with an end: BEGIN, COMMIT and ROLLBACK have a deadline on the real clock.
 */
import type { PgClient } from "@effect/sql-pg/PgClient"
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Latch from "effect/Latch"
import * as Option from "effect/Option"
import { BeginTransaction } from "effect/sql/SqlClient"
import { SqlError } from "effect/sql/SqlError"
import { StorageError } from "../SteppedError.ts"
import { abandonAfter, realClock } from "../store/RealClock.ts"
import { storageError } from "./storageError.ts"

const lostTransaction = storageError("transaction")

/** An error of an effect inside a transaction. */
class Own<E> {
  readonly error: E
  constructor(error: E) {
    this.error = error
  }
}

/**
 * Runs a transaction whose own statements have a deadline. BEGIN, COMMIT and ROLLBACK cannot be interrupted: where one of them gets no
 * answer, the transaction is left to itself, in a fiber that nobody waits for. The body takes the time that it takes.
 */
const bounded = <A, E, R>(
  withTransaction: (body: Effect.Effect<A, E, R>) => Effect.Effect<A, E | SqlError, R>,
  body: Effect.Effect<A, E, R>,
  deadline: Duration.Duration
): Effect.Effect<A, E | SqlError | StorageError, R> =>
  Effect.uninterruptibleMask((restore) =>
    Effect.gen(function*() {
      let began = false
      const begun = Latch.makeUnsafe(false)
      const ended = Latch.makeUnsafe(false)
      const marked = Effect.suspend(() => {
        began = true
        begun.openUnsafe()
        return body
      })
      const fiber = yield* Effect.forkDetach(withTransaction(Effect.ensuring(marked, ended.open)))
      const exit = Fiber.await(fiber)
      const within = <X>(effect: Effect.Effect<X>) =>
        Effect.provideService(Effect.timeoutOption(Effect.interruptible(effect), deadline), Clock.Clock, realClock)
      const over = Effect.raceFirst(ended.await, exit)
      const answer = Effect.gen(function*() {
        const answered = yield* within(Effect.raceFirst(begun.await, exit))
        if (Option.isSome(answered)) {
          yield* over
          const exited = yield* within(exit)
          if (Option.isSome(exited)) return yield* exited.value
        }
        fiber.interruptUnsafe()
        const cause = new Error(`no answer within ${Duration.format(deadline)}`)
        return yield* new StorageError({ operation: "transaction", isRetryable: true, cause })
      })
      return yield* Effect.onInterrupt(restore(answer), () => {
        fiber.interruptUnsafe()
        return Effect.andThen(began ? over : Effect.void, within(exit))
      })
    })
  )

/**
 * The engine's own transactions see what is committed meanwhile, whatever the level is by default; a body's other transactions are begun
 * as the program says.
 */
export const readCommitted = <A, E, R>(
  sql: PgClient,
  body: Effect.Effect<A, E, R>
): Effect.Effect<A, E | SqlError, R> =>
  Effect.flatMap(BeginTransaction, (begin) =>
    Effect.provideService(
      sql.withTransaction(Effect.provideService(body, BeginTransaction, begin)),
      BeginTransaction,
      "begin isolation level read committed"
    ))

/** Runs effects in transactions of their own at read committed. */
export const transactionsOf = (sql: PgClient, deadline: Duration.Duration) => {
  // ROLLBACK cannot be interrupted, and would wait for ever on a connection that has died in silence; one whose statement is given up
  // without an answer is ended
  const answersStill = Effect.ignore(abandonAfter(sql.unsafe("select 1").values, "2 seconds"))

  return <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E | StorageError, R> =>
    bounded<A, Own<E>, R>(
      (body) => readCommitted(sql, Effect.onInterrupt(body, () => answersStill)),
      Effect.mapError(effect, (error) => new Own(error)),
      deadline
    ).pipe(
      // the effect's own SqlErrors are its own: only those of the transaction are ours
      Effect.mapError((error): E | StorageError =>
        error instanceof Own ? error.error : error instanceof StorageError ? error : lostTransaction(error)
      ),
      // a ROLLBACK on a connection that is gone is a defect there, beside what was to be rolled back; here it means the same as a
      // COMMIT whose answer is lost
      Effect.catchCause((cause) => {
        const lost = cause.reasons.filter(Cause.isDieReason).find(({ defect }) => defect instanceof SqlError)
        return lost === undefined
          ? Effect.failCause(cause)
          : Effect.fail(lostTransaction(lost.defect as SqlError))
      })
    )
}
