/** Many workers that have nothing to do, in a process of their own: what they look for is not what is queued. */
import { PgClient } from "@effect/sql-pg"
import { Config, Effect, Layer } from "effect"
import { Stepped } from "stepped"
import { quietQueues, Vans } from "./Cars.ts"

const worker = Layer.fresh(
  Stepped.worker({ queues: quietQueues }).pipe(
    Layer.provide(Vans.layer),
    Layer.provide(Stepped.layer),
    Layer.provide(PgClient.layerConfig({ url: Config.Redacted("DATABASE_URL") }))
  )
)

const Main = Effect.gen(function*() {
  yield* Effect.forEach(Array.from({ length: Number(process.env.WORKERS) }), () => Layer.build(worker), {
    discard: true
  })
  console.log(JSON.stringify({ event: "ready" }))
  return yield* Effect.never
})

await Effect.runPromise(Effect.scoped(Main))
