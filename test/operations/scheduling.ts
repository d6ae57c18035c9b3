/** A worker in a process of its own, whose program declares a schedule for each second and fires rows of its action. */
import { PgClient } from "@effect/sql-pg"
import { Config, Effect, Layer } from "effect"
import { Stepped } from "stepped"
import { Clock, Clocks, each, tick } from "./fixtures/scheduling.ts"

const Main = Stepped.worker({ gracePeriod: 0 }).pipe(
  Layer.provide(Stepped.schedule("declared", { ...each, actions: Clocks, actor: 1, action: tick, args: ["declared"] })),
  Layer.provide(Clocks.layer),
  Layer.provide(Stepped.layer({ lease: "1 second", pollInterval: "100 millis", notify: false })),
  Layer.provide(PgClient.layerConfig({ url: Config.Redacted("DATABASE_URL") }))
)

await Effect.runPromise(Effect.scoped(Effect.gen(function*() {
  yield* Layer.build(Main)
  console.log(JSON.stringify({ event: "ready", of: Clock.type }))
  return yield* Effect.never
})))
