/** Takes elements in a process of its own, and says so; see `Stores.test.ts`. */
import { PgClient } from "@effect/sql-pg"
import { Config, Effect, Layer, Schema } from "effect"
import { PersistedQueue } from "effect/persistence"
import { Stepped } from "stepped"
import { layerPersistedQueueStore } from "stepped/stores"

const say = (event: string, what: object) => console.log(JSON.stringify({ event, ...what }))

const Main = PersistedQueue.layer.pipe(
  Layer.provide(layerPersistedQueueStore({ lease: "1 second" })),
  Layer.provide(Stepped.layer({ pollInterval: "50 millis", notify: !process.env.STEPPED_PGBOUNCER })),
  Layer.provide(PgClient.layerConfig({
    url: Config.Redacted("DATABASE_URL"),
    ...process.env.STEPPED_PGBOUNCER ? { prepare: Config.succeed(false) } : {}
  }))
)

const program = Effect.gen(function*() {
  const queue = yield* PersistedQueue.make({ name: "mails", schema: Schema.String })
  say("ready", {})
  while (true) {
    yield* queue.take((mail, { attempts }) => {
      say("took", { mail, attempts })
      return process.env.HANGS ? Effect.never : Effect.void
    })
    say("done", {})
  }
})

await Effect.runPromise(Effect.provide(program, Main))
