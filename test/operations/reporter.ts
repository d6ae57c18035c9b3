/** Reports from outside, in a process of its own, that dies when that is committed, and before it hears of it; see `Reported.test.ts`. */
import { NodeRuntime } from "@effect/platform-node"
import { PgClient } from "@effect/sql-pg"
import { Config, Duration, Effect, Layer } from "effect"
import { layerIntercepted } from "../harness/intercepting.ts"
import { Keys, report, type Reported, Shops } from "./Payments.ts"

/** Nothing runs in this process any more once it has been killed. */
const dying = Effect.promise(() => {
  process.kill(process.pid, "SIGKILL")
  return new Promise<never>(() => {})
})

const Main = Layer.effectDiscard(
  Effect.map(
    report(process.env.WHAT as Reported, process.env.TOKEN!),
    () => console.log(JSON.stringify({ event: "answered" }))
  )
).pipe(
  Layer.provide(Shops.layer),
  Layer.provide(Keys),
  Layer.provide(layerIntercepted((store) => ({
    complete: (options) => Effect.tap(store.complete(options), dying),
    send: (signal) => Effect.tap(store.send(signal), dying)
  }), { lease: Duration.seconds(1), pollInterval: Duration.millis(50) })),
  Layer.provide(PgClient.layerConfig({ url: Config.Redacted("DATABASE_URL") }))
)

NodeRuntime.runMain(Layer.launch(Main))
