/** Looking at the database beside the pool, which may be used up: on a connection of its own, by statements of two seconds at most that see one moment. */
import type { PgClient } from "@effect/sql-pg/PgClient"
import * as PgConnection from "@effect/sql-pg/PgConnection"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Scope from "effect/Scope"
import { isSqlError, type SqlError } from "effect/sql/SqlError"
import type { StorageError } from "../SteppedError.ts"
import { realClock } from "../store/RealClock.ts"
import type { Storage } from "../store/Storage.ts"
import type { Calls } from "./call.ts"
import { answered } from "./storageError.ts"

type Rows = ReadonlyArray<ReadonlyArray<unknown>>

/** Runs a statement of a session. */
export type Run = (text: string, params?: ReadonlyArray<unknown>) => Effect.Effect<Rows, SqlError>

/** What is asked of one moment. */
export interface Look {
  readonly query: Run
  /** The same for what may take too long, or what the server does not have or show: nothing then. */
  readonly maybe: (...args: Parameters<Run>) => Effect.Effect<Rows | undefined, SqlError>
}

/** A session, with whether what it runs is in a transaction of the program. */
export interface Session {
  readonly run: Run
  readonly isInside: boolean
}

export interface Beside {
  /** Has a session for as long as that takes. Of the embedded database it is the one that there is. */
  readonly session: <A>(
    operation: string,
    use: (session: Session) => Effect.Effect<A, SqlError | StorageError>
  ) => Effect.Effect<A, StorageError>
  /** Looks at one moment. */
  readonly look: <A, E>(
    session: Session,
    use: (look: Look) => Effect.Effect<A, SqlError | E>
  ) => Effect.Effect<A, SqlError | E>
}

/** Of a statement. */
const statementMs = 2000
/** Of connecting, waiting for one of the pool where there is none to be had, and a few statements. */
const most = Duration.seconds(8)

export const make = (
  sql: PgClient,
  { deadline, embedded }: Storage["Service"],
  { checkOpen, inTransaction }: Pick<Calls, "checkOpen" | "inTransaction">
): Beside => {
  const own = Effect.map(
    Effect.timeout(PgConnection.make(sql.config), statementMs),
    (connection): Run => (text, params = []) => connection.queryValues(text, params, false)
  ).pipe(Effect.provideService(Clock.Clock, realClock))
  const lent: Effect.Effect<Run, SqlError, Scope.Scope> = Effect.map(
    sql.reserve,
    (connection): Run => (text, params = []) => connection.executeValues(text, params)
  )
  const connected: Effect.Effect<Session, SqlError, Scope.Scope> = Effect.flatMap(inTransaction, (inside) =>
    // the one session is in the program's hands until that has ended
    embedded && inside
      ? Effect.succeed<Session>({ run: (text, params = []) => sql.unsafe(text, params).values, isInside: true })
      // a server that has none for anybody has lent some to the pool
      : Effect.map(
        embedded ? lent : Effect.catch(own, () => lent),
        (run) => ({ run, isInside: false })
      ))

  return {
    session: (operation, use) =>
      Effect.andThen(
        checkOpen(operation),
        answered(operation, embedded ? deadline : most)(
          Effect.withTracerEnabled(Effect.scoped(Effect.flatMap(connected, use)), false)
        )
      ),
    look: ({ isInside, run }, use) => {
      const looking = use({
        query: run,
        maybe: (text, params) =>
          Effect.andThen(
            run("savepoint maybe"),
            Effect.matchEffect(run(text, params), {
              onFailure: (error) =>
                isSqlError(error) ? Effect.as(run("rollback to savepoint maybe"), undefined) : Effect.fail(error),
              onSuccess: Effect.succeed
            })
          )
      })
      return isInside ? looking : inOwn(run, looking)
    }
  }
}

const inOwn = <A, E>(run: Run, looking: Effect.Effect<A, E>): Effect.Effect<A, SqlError | E> =>
  run("begin isolation level repeatable read read only").pipe(
    Effect.andThen(run(`set local statement_timeout = ${statementMs}`)),
    Effect.andThen(looking),
    Effect.onExit((exit) => Exit.isSuccess(exit) ? Effect.void : Effect.ignore(run("rollback"))),
    Effect.tap(() => run("commit"))
  )
