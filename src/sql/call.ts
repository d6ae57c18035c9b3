/**
 * One statement of the engine's: a deadline on the real clock, retries of what the server has refused, and the isolation level that
 * transitions need.
 */
import type { PgClient } from "@effect/sql-pg/PgClient"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import { SqlError } from "effect/sql/SqlError"
import type { StorageError } from "../SteppedError.ts"
import { families, type Meter } from "../store/Meter.ts"
import { monotonic, realClock } from "../store/RealClock.ts"
import type { Storage } from "../store/Storage.ts"
import { layerClosed, tookTooLong } from "../store/Store.ts"
import type { Arguments } from "./columns.ts"
import { isTransaction } from "./OwnConnections.ts"
import { answered, isUnsuitable } from "./storageError.ts"
import { transactionsOf } from "./transaction.ts"

export interface Calls {
  /** The schema's name as it goes into SQL. */
  readonly schema: string
  readonly embedded: boolean
  /** Runs a statement and gives its rows. */
  readonly call: (
    operation: string,
    text: string,
    params: ReadonlyArray<unknown>
  ) => Effect.Effect<ReadonlyArray<ReadonlyArray<unknown>>, StorageError>
  /**
   * The same of what reads whole tables: it is planned each time, for what they hold now. A session keeps a plan that it has made while they
   * were empty, with loops in loops, until somebody analyses them.
   */
  readonly callUnprepared: Calls["call"]
  /** Calls a function of the schema and gives its rows: `columns` of them, or what it returns, if it is no table. */
  readonly run: (
    operation: string,
    name: string,
    args: Arguments,
    columns?: string
  ) => Effect.Effect<ReadonlyArray<ReadonlyArray<unknown>>, StorageError>
  readonly inTransaction: Effect.Effect<boolean>
  readonly withTransaction: <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E | StorageError, R>
  /** Fails once the layer is closed, as everything here does. */
  readonly checkOpen: (operation: string) => Effect.Effect<void, StorageError>
  readonly close: Effect.Effect<void>
  /** Several statements as one transition: nobody sees the first ones before the last one has ended. */
  readonly asOne: <A>(statements: Effect.Effect<A, StorageError>) => Effect.Effect<A, StorageError>
}

/** Their callers ask for less where it takes too long; programs that delete by themselves say how much (`limit`). */
const batched: ReadonlySet<string> = new Set([
  "doctor",
  "enqueue",
  "enqueueKeyed",
  "claim",
  "finish",
  "tick",
  "cancelAbandoned",
  "freeKeys",
  "deleteEnded",
  "deleteOutcomes",
  "deleteOperations",
  "forgetAll",
  "startExecutions",
  "sendToExecutions"
])

/** Whether the server refused the statement, so that it has certainly not happened and may be sent again. */
const refused = (error: StorageError): boolean => {
  const reason = error.cause instanceof SqlError ? error.cause.reason : undefined
  return reason?._tag === "DeadlockError" || reason?._tag === "SerializationError" || tookTooLong(error)
}

// A statement in the user's transaction is the user's to retry: after an error that transaction is over.
const again = Schedule.exponential("10 millis", 2).pipe(Schedule.jittered, Schedule.upTo({ times: 8 }))

const onRealClock = Effect.provideService(Clock.Clock, realClock)
const untraced = Effect.withTracerEnabled(false)

export const make = (sql: PgClient, storage: Storage["Service"], meter: Meter): Calls => {
  const { deadline, embedded, quoted } = storage
  // what a program has kept of a layer is refused here, whatever it asks, and although its client may still be open
  let isOpen = true
  const checkOpen: Calls["checkOpen"] = (operation) =>
    Effect.suspend(() => isOpen ? Effect.void : Effect.fail(layerClosed(operation)))
  const transaction = transactionsOf(sql, deadline)
  const withTransaction: Calls["withTransaction"] = (effect) =>
    Effect.suspend(() => isOpen ? transaction(effect) : Effect.fail(layerClosed("transaction")))
  const inTransaction = Effect.contextWith((context: Context.Context<never>) => {
    const option = Context.getOption(context, sql.transactionService)
    return Effect.succeed(Option.isSome(option) && isTransaction(option.value))
  })

  // What the server refuses at the level that the database, the role or the session has by default. From then on it is run in a
  // transaction that states its level, which nothing of the session has to remember.
  const stating = new Set<string>()
  const atItsLevel = <A>(operation: string, statement: Effect.Effect<A, StorageError>) => {
    const stated = untraced(withTransaction(statement))
    return stating.has(operation) ? stated : Effect.catch(statement, (error) => {
      if (!isUnsuitable(error)) return Effect.fail(error)
      stating.add(operation)
      return stated
    })
  }

  /** Tries again what the server has refused, but for batches, which are the caller's to make smaller where they take too long. */
  const unlessRefused = <A>(operation: string, statement: Effect.Effect<A, StorageError>) => {
    const isAgain = (error: StorageError) =>
      refused(error) && operation !== "enqueueAndClaim" && !(batched.has(operation) && tookTooLong(error))
    return Effect.catch(statement, (error) => {
      // a schedule is set up for what has failed, and not for each statement
      let first: StorageError | undefined = error
      const tried = Effect.suspend(() => {
        const failed = first
        first = undefined
        return failed === undefined ? statement : Effect.fail(failed)
      })
      return isAgain(error) ? onRealClock(Effect.retry(tried, { schedule: again, while: isAgain })) : Effect.fail(error)
    })
  }

  const rows = (operation: string, text: string, params: ReadonlyArray<unknown>, isPrepared: boolean) =>
    Effect.suspend((): Effect.Effect<ReadonlyArray<ReadonlyArray<unknown>>, SqlError | StorageError> => {
      if (!isOpen) return Effect.fail(layerClosed(operation))
      const statement = sql.unsafe(text, params)
      return untraced(isPrepared ? statement.values : statement.valuesUnprepared)
    })

  /** Of each try, whatever comes of it. */
  const timed = <A, E>(operation: string, statement: Effect.Effect<A, E>): Effect.Effect<A, E> =>
    Effect.suspend(() => {
      const since = monotonic()
      return Effect.onExit(
        statement,
        () => Effect.sync(() => meter.take(families.statements, (monotonic() - since) / 1000, operation))
      )
    })

  const calling = (isPrepared: boolean): Calls["call"] => (operation, text, params) => {
    const statement = timed(operation, answered(operation, deadline)(rows(operation, text, params, isPrepared)))
    return Effect.flatMap(
      inTransaction,
      (inside) => inside ? statement : unlessRefused(operation, atItsLevel(operation, statement))
    )
  }

  const call = calling(true)

  // by what is read of a function and its name: each is called with the same parameters every time
  const texts = new Map<string, string>()
  const run: Calls["run"] = (operation, name, args, columns) => {
    const reads = columns === undefined ? name : `${columns} from ${name}`
    let text = texts.get(reads)
    if (text === undefined) {
      const named = `${quoted}.${name}(${Object.keys(args).map((key, i) => `${key} => $${i + 1}`).join(", ")})`
      texts.set(reads, text = columns === undefined ? `select ${named}` : `select ${columns} from ${named}`)
    }
    return call(operation, text, Object.values(args))
  }

  return {
    schema: quoted,
    embedded,
    call,
    callUnprepared: calling(false),
    run,
    inTransaction,
    withTransaction,
    checkOpen,
    close: Effect.sync(() => {
      isOpen = false
    }),
    asOne: (statements) => Effect.flatMap(inTransaction, (inside) => inside ? statements : withTransaction(statements))
  }
}
