/**
 * A `PgClient` whose statements meet the faults of an injection. Below it is a real one, so that what was executed has happened.
 *
 * What fails or hangs takes its connection along: the server rolls back what was open there, and all that is asked of it afterwards
 * fails, the ROLLBACK too.
 */
import { PgClient } from "@effect/sql-pg"
import { Effect } from "effect"
import { SqlClient, type SqlConnection, SqlError } from "effect/sql"
import type { Meeting } from "./Injection.ts"

/** Hears of what was executed, whoever else does. */
export type Executed = (statement: string, answer: unknown) => void

export interface FaultyClientOptions {
  readonly real: PgClient.PgClient
  readonly meet: (statement: string) => Effect.Effect<Meeting>
  /** Whether transactions are those of a program without deadlines, for which a silent server is a dead one after a while. */
  readonly isPatient?: boolean
  /** Ends the process; nothing that comes after it runs. */
  readonly die: Effect.Effect<never>
  readonly executed: Executed
}

const gone = new SqlError.SqlError({
  reason: new SqlError.ConnectionError({ cause: new Error("the connection is gone"), operation: "execute" })
})

/** What a statement is called; nothing for those that are none of the engine's, and for savepoints: the transaction goes on after them. */
const nameOf = (text: string): string | undefined =>
  /^(begin|commit|rollback(?! to\b))\b/i.exec(text)?.[0].toLowerCase() ??
    (text.startsWith("insert into \"stepped\".workers ") ? "register" : undefined) ??
    /"stepped"\.(\w+)/.exec(text)?.[1] ?? (text.includes("clock_timestamp") ? "clockOffset" : undefined)

/** Whether a transition answers that there was nothing to do: no rows, or one that counts none. */
const isIdle = (answer: unknown): boolean =>
  Array.isArray(answer) && answer.every((row: unknown) => Array.isArray(row) && row[0] === -1 && row[5] === 0)

class FaultyConnection implements SqlConnection.Connection {
  readonly #real: SqlConnection.Connection
  readonly #options: FaultyClientOptions
  #broken = false
  #open = false

  constructor(real: SqlConnection.Connection, options: FaultyClientOptions) {
    this.#real = real
    this.#options = options
  }

  /** The connection goes: the server ends what was open there. */
  readonly #lose = Effect.suspend(() => {
    this.#broken = true
    if (!this.#open) return Effect.void
    this.#open = false
    return Effect.ignore(this.#real.executeRaw("ROLLBACK", []))
  })

  #run<A>(
    text: string,
    execute: Effect.Effect<A, SqlError.SqlError>
  ): Effect.Effect<A, SqlError.SqlError> {
    return Effect.suspend(() => {
      if (this.#broken) return Effect.fail(gone)
      const name = nameOf(text)
      const executed = Effect.tap(execute, (answer) =>
        Effect.sync(() => {
          if (name === "begin") this.#open = true
          else if (name === "commit" || name === "rollback") this.#open = false
          if (name !== undefined) this.#options.executed(name, answer)
        }))
      if (name === undefined) return executed
      const fail = Effect.andThen(this.#lose, Effect.fail(gone))
      const silence = this.#options.isPatient === true && /^(begin|commit|rollback)$/.test(name)
        ? "3 seconds"
        : "1 minute"
      return Effect.flatMap(this.#options.meet(name), ({ fault, passed }) => {
        switch (fault) {
          case "fail":
            return fail
          case "lost-answer":
            return Effect.andThen(executed, fail)
          case "hang":
            // a server that hears nothing more ends the session after a while, and with it the locks
            return Effect.andThen(Effect.onInterrupt(Effect.sleep("1 second"), () => this.#lose), fail)
          case "silence":
            return Effect.andThen(
              executed,
              Effect.andThen(Effect.onInterrupt(Effect.sleep(silence), () => this.#lose), fail)
            )
          case "kill":
            return this.#options.die
          case "kill-after":
            return Effect.andThen(executed, this.#options.die)
          default:
            return Effect.tap(executed, (answer) => passed(isIdle(answer)))
        }
      })
    })
  }

  readonly execute: SqlConnection.Connection["execute"] = (text, params, transformRows) =>
    this.#run(text, this.#real.execute(text, params, transformRows))
  readonly executeRaw: SqlConnection.Connection["executeRaw"] = (text, params) =>
    this.#run(text, this.#real.executeRaw(text, params))
  readonly executeValues: SqlConnection.Connection["executeValues"] = (text, params) =>
    this.#run(text, this.#real.executeValues(text, params))
  readonly executeValuesUnprepared: SqlConnection.Connection["executeValuesUnprepared"] = (text, params) =>
    this.#run(text, this.#real.executeValuesUnprepared(text, params))
  readonly executeUnprepared: SqlConnection.Connection["executeUnprepared"] = (text, params, transformRows) =>
    this.#run(text, this.#real.executeUnprepared(text, params, transformRows))
  readonly executeStream: SqlConnection.Connection["executeStream"] = (text, params, transformRows) =>
    this.#real.executeStream(text, params, transformRows)
}

/** As `PgClient` commits: an aborted transaction answers ROLLBACK. */
const commit = (connection: SqlConnection.Connection) =>
  Effect.flatMap(
    connection.executeRaw("COMMIT", []),
    (result) =>
      (result as { readonly command: string }).command === "ROLLBACK"
        ? Effect.fail(
          new SqlError.SqlError({ reason: new SqlError.UnknownError({ cause: new Error("COMMIT rolled back") }) })
        )
        : Effect.void
  )

/** One that stands for a statement, where the client has no text to show. */
const struck = <A, R>(
  name: string,
  options: FaultyClientOptions,
  effect: Effect.Effect<A, SqlError.SqlError, R>
): Effect.Effect<A, SqlError.SqlError, R> =>
  Effect.flatMap(options.meet(name), ({ fault, passed }) => {
    switch (fault) {
      case "fail":
        return Effect.fail(gone)
      case "lost-answer":
        return Effect.andThen(effect, Effect.fail(gone))
      case "hang":
        return Effect.never
      case "silence":
        return Effect.andThen(effect, Effect.never)
      case "kill":
        return options.die
      case "kill-after":
        return Effect.andThen(effect, options.die)
      default:
        return Effect.tap(effect, passed(false))
    }
  })

export const layerFaulty = (options: FaultyClientOptions) =>
  PgClient.layerFrom(Effect.gen(function*() {
    const { real } = options
    const acquirer = Effect.map(real.reserve, (connection) => new FaultyConnection(connection, options))
    const client = yield* SqlClient.make({
      acquirer,
      transactionAcquirer: acquirer,
      compiler: PgClient.makeCompiler(),
      commit,
      releaseSavepoint: (name) => `RELEASE SAVEPOINT ${name}`,
      driver: real.driver,
      spanAttributes: []
    })
    return Object.assign(client, {
      [PgClient.TypeId]: PgClient.TypeId,
      config: real.config,
      json: real.json,
      listen: (channel: string) => struck("listen", options, real.listen(channel)),
      notify: (channel: string, payload: string) => struck("notify", options, real.notify(channel, payload))
    })
  }))
