/** Takes of limits in a process of its own until nothing is left, and writes down each time; see `Stores.test.ts`. */
import { PgClient } from "@effect/sql-pg"
import { Config, Effect, Exit, Layer } from "effect"
import { RateLimiter } from "effect/persistence"
import { Stepped } from "stepped"
import { layerRateLimiterStore } from "stepped/stores"

const say = (event: string) => console.log(JSON.stringify({ event }))

const [keys, limit] = [Number(process.env.KEYS), Number(process.env.LIMIT)]

const Main = RateLimiter.layer.pipe(
  Layer.provide(layerRateLimiterStore),
  Layer.provide(Stepped.layer({ notify: false })),
  Layer.provideMerge(PgClient.layerConfig({
    url: Config.Redacted("DATABASE_URL"),
    ...process.env.STEPPED_PGBOUNCER ? { prepare: Config.succeed(false) } : {}
  }))
)

const program = Effect.gen(function*() {
  const sql = yield* PgClient.PgClient
  const limiter = yield* RateLimiter.RateLimiter
  const taker = (n: number) =>
    Effect.gen(function*() {
      for (let i = 0; i < keys; i++) {
        const key = (n + i) % keys
        const algorithm = key % 2 === 0 ? "fixed-window" : "token-bucket"
        const consume = limiter.consume({ algorithm, key: `${key}`, limit, window: "1 day", onExceeded: "fail" })
        while (true) {
          const exit = yield* Effect.exit(consume)
          if (Exit.isFailure(exit)) break
          yield* sql`insert into admitted (key) values (${key})`
        }
      }
    })
  say("ready")
  yield* Effect.forEach(Array.from({ length: 8 }, (_, n) => n), taker, { concurrency: "unbounded" })
  say("refused")
})

await Effect.runPromise(Effect.provide(program, Main))
