/**
 * Deploys: several engines, one after another or beside each other, on the database of one test.
 */
import { Effect, Layer } from "effect"
import { Stepped } from "stepped"
import type { Engine } from "stepped"
import { engineLayer } from "../../src/engine/engineLayer.ts"
import type { TestEngine } from "./databases.ts"
import { watched } from "./heals.ts"

/** An engine of its own with these definitions, on the client around it: fresh, since layers are built once and shared otherwise. */
export const layerDeploy = (live: Layer.Layer<never, never, Engine>, options: Stepped.EngineOptions = {}) =>
  live.pipe(
    Layer.provideMerge(Layer.orDie(Stepped.layer({ ...options, databaseClock: false, notify: false }))),
    Layer.provide(watched),
    Layer.fresh
  )

/** Runs a scenario against an engine of its own, which is gone afterwards. */
export const deployed =
  (live: Layer.Layer<never, never, Engine>, options?: Stepped.EngineOptions) =>
  <A, E, R>(scenario: Effect.Effect<A, E, R>) => Effect.provide(scenario, layerDeploy(live, options), { local: true })

/** The same for who asks beside the pool: of an embedded database there is one session, and the engine knows that. */
export const deployedOn = (engine: TestEngine, live: Layer.Layer<never, never, Engine>) => {
  const layer = engineLayer({ databaseClock: false, notify: false }, engine.name === "embedded", false).pipe(
    Layer.orDie,
    Layer.provide(watched)
  )
  return <A, E, R>(scenario: Effect.Effect<A, E, R>) =>
    Effect.provide(scenario, Layer.fresh(Layer.provideMerge(live, layer)), { local: true })
}
