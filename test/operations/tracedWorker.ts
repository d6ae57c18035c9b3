/** A worker in a process of its own that exports its spans; see `Tracing.test.ts`. */
import { NodeRuntime } from "@effect/platform-node"
import { PgClient } from "@effect/sql-pg"
import { Config, Layer } from "effect"
import { Stepped } from "stepped"
import { Cars, exporting } from "./Traced.ts"

const Main = Stepped.worker().pipe(
  Layer.provide(Cars.layer),
  Layer.provide(Stepped.layer({ lease: "4 seconds", pollInterval: "50 millis" })),
  Layer.provide(PgClient.layerConfig({ url: Config.Redacted("DATABASE_URL") })),
  Layer.provide(exporting(process.env.OTLP_URL!, process.env.SERVICE!))
)

NodeRuntime.runMain(Layer.launch(Main))
