/** Engines and workers beside each other in this process, each with a client of its own, gone with their scope. */
import { Effect, Layer, type Redacted } from "effect"
import type { SqlClient } from "effect/sql"
import { type Engine, Stepped } from "stepped"
import { watched } from "../harness/heals.ts"
import { freshDatabase, isPooled, layerUrl } from "../harness/Server.ts"
import { layerCars } from "./Garage.ts"

export const database = Effect.map(
  freshDatabase({ template: { name: "migrated", migrate: Stepped.migrate() } }),
  ({ url }) => url
)

export const fast: Stepped.EngineOptions = { lease: "1 second", pollInterval: "50 millis", notify: !isPooled }

// what two engines have in common must not be shared between them
export const alone = <A, E>(layer: Layer.Layer<A, E>) =>
  Effect.flatMap(Effect.scope, (scope) => Layer.buildWithMemoMap(layer, Layer.makeMemoMapUnsafe(), scope))

export const startEngine = (url: Redacted.Redacted, options: Stepped.EngineOptions = {}) =>
  alone(Stepped.layer({ ...fast, ...options }).pipe(Layer.provideMerge(layerUrl(url))))

/** What works over one engine. */
export const startOver = <E>(
  url: Redacted.Redacted,
  working: Layer.Layer<never, E, Engine | SqlClient.SqlClient>,
  options: Stepped.EngineOptions = {}
) =>
  alone(
    working.pipe(
      Layer.provideMerge(Stepped.layer({ ...fast, ...options })),
      Layer.provide(watched),
      Layer.provideMerge(layerUrl(url))
    )
  )

export const startWorkerOf = (
  url: Redacted.Redacted,
  live: Layer.Layer<never, never, Engine | SqlClient.SqlClient>,
  options: Stepped.EngineOptions & Stepped.WorkerOptions = {}
) => startOver(url, Stepped.worker(options).pipe(Layer.provide(live)), options)

/** A worker of cars with bodies of its own. */
export const startWorker = (
  url: Redacted.Redacted,
  body: (what: string) => Effect.Effect<void>,
  options: Stepped.EngineOptions & Stepped.WorkerOptions = {}
) => startWorkerOf(url, layerCars(body), options)
