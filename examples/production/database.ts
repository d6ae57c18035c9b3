/** The database, and the engine over it: the same for the worker, the server and the migration. */
import { PgClient } from "@effect/sql-pg"
import { Config, Layer } from "effect"
import { Stepped } from "stepped"

// #region database
export const DatabaseLive = PgClient.layerConfig({
  url: Config.Redacted("DATABASE_URL"),
  maxConnections: Config.succeed(20)
})

export const EngineLive = Stepped.layer({ historyRetention: "90 days" }).pipe(Layer.provideMerge(DatabaseLive))
// #endregion
