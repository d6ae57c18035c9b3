/** The database of a run, by the short way that no fault is on: only the server itself may be down. */
import { PgClient } from "@effect/sql-pg"
import { Effect, Layer, type Redacted, Schedule } from "effect"
import { type SqlClient, SqlError } from "effect/sql"
import { Stepped, type StorageError } from "stepped"
import { storageError } from "../../src/sql/storageError.ts"
import * as Audit from "./Audit.ts"

/** Calls by this name are spared when sessions are ended. */
export const undisturbedName = "undisturbed"

/** Runs it, again where the server was down. */
export type Undisturbed = <A, E>(
  effect: Effect.Effect<A, E, PgClient.PgClient | SqlClient.SqlClient>
) => Effect.Effect<A>

/** The engine that looks and does nothing else. */
export const layerLooking = Stepped.layer({ databaseClock: false, notify: false, statementTimeout: "5 minutes" })

/** Makes the tables, and notes from then on what happens to them. */
export const prepareDatabase = (url: Redacted.Redacted) =>
  Effect.gen(function*() {
    const client = yield* Effect.orDie(
      Layer.build(Layer.fresh(PgClient.layer({ url, maxConnections: 3, applicationName: undisturbedName })))
    )
    const undisturbed: Undisturbed = (effect) =>
      Effect.orDie(
        Effect.retry(Effect.provide(effect, client), {
          schedule: Schedule.spaced("200 millis"),
          times: 150,
          while: (error) =>
            (SqlError.isSqlError(error) ? storageError("look")(error) : error as StorageError).isRetryable
        })
      )
    yield* undisturbed(Stepped.migrate())
    yield* undisturbed(Audit.install)
    return undisturbed
  })
