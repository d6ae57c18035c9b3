/**
 * Deploys: several engines, one after another or beside each other, on the database of one test.
 */
import { Effect, Layer } from "effect"
import { Stepped } from "stepped"
import type { Engine } from "stepped"

/** An engine of its own with these definitions, on the client around it: fresh, since layers are built once and shared otherwise. */
export const layerDeploy = (live: Layer.Layer<never, never, Engine>, options: Stepped.EngineOptions = {}) =>
  live.pipe(
    Layer.provideMerge(Layer.orDie(Stepped.layer({ ...options, databaseClock: false, notify: false }))),
    Layer.fresh
  )

/** Runs a scenario against an engine of its own, which is gone afterwards. */
export const deployed =
  (live: Layer.Layer<never, never, Engine>, options?: Stepped.EngineOptions) =>
  <A, E, R>(scenario: Effect.Effect<A, E, R>) => Effect.provide(scenario, layerDeploy(live, options), { local: true })
