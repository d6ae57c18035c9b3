/** The database, and the engine over it: the same for the worker and the migration. */
import { PgClient } from "@effect/sql-pg"
import { Config, Effect, Layer } from "effect"
import { Stepped } from "stepped"

// #region database
const isDirect = Config.map(Config.withDefault(Config.Boolean("PGBOUNCER"), false), (isPooled) => !isPooled)

export const DatabaseLive = PgClient.layerConfig({
  url: Config.Redacted("DATABASE_URL"),
  // what a worker keeps for itself, 5, and what its bodies have beside that
  maxConnections: Config.withDefault(Config.Int("POOL"), 10),
  prepare: isDirect
})

const settings = Config.all({
  // which image this is: in `stepped workers`, and in groups of failures
  build: Config.withDefault(Config.String("BUILD"), "unknown"),
  notify: isDirect
})

export const EngineLive = Layer.unwrap(Effect.map(
  settings,
  (settings) => Stepped.layer({ ...settings, historyRetention: { succeeded: "7 days", otherwise: "90 days" } })
)).pipe(Layer.provideMerge(DatabaseLive))
// #endregion
