/** Takes elements in a process of its own, and says so, or writes it down; see `Stores.test.ts`. */
import { PgClient } from "@effect/sql-pg"
import { Config, Effect, Layer, Schema } from "effect"
import { PersistedQueue } from "effect/persistence"
import { Stepped } from "stepped"
import { layerPersistedQueueStore } from "stepped/stores"

const say = (event: string, what: object) => console.log(JSON.stringify({ event, ...what }))

const Main = PersistedQueue.layer.pipe(
  Layer.provide(layerPersistedQueueStore({ lease: "1 second" })),
  Layer.provide(Stepped.layer({ pollInterval: "50 millis", notify: !process.env.STEPPED_PGBOUNCER })),
  Layer.provideMerge(PgClient.layerConfig({
    url: Config.Redacted("DATABASE_URL"),
    ...process.env.STEPPED_PGBOUNCER ? { prepare: Config.succeed(false) } : {}
  }))
)

const program = Effect.gen(function*() {
  const sql = yield* PgClient.PgClient
  const queue = yield* PersistedQueue.make({ name: "mails", schema: Schema.String })
  say("ready", {})
  const taking = Effect.gen(function*() {
    yield* queue.take((mail, { attempts }) => {
      say("took", { mail, attempts })
      if (process.env.WRITES) return Effect.asVoid(Effect.orDie(sql`insert into took (mail) values (${mail})`))
      return process.env.HANGS ? Effect.never : Effect.void
    })
    say("done", {})
  })
  const takers = Number(process.env.TAKERS ?? "1")
  yield* Effect.all(Array(takers).fill(Effect.forever(taking)) as ReadonlyArray<typeof taking>, {
    concurrency: "unbounded"
  })
})

await Effect.runPromise(Effect.provide(program, Main))
