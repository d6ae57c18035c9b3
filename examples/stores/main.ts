/**
 * Effect's rate limits and queues, shared by all processes on one Postgres.
 *
 * An API that takes three calls a second is called by everybody together no more often than that; mails that one process hands over another one
 * sends. Both are Effect's own modules: what is Stepped's is where they are stored.
 *
 * Run with `npm run example examples/stores/main.ts`.
 */
import { Console, Effect, Layer, Schema } from "effect"
import { PersistedQueue, RateLimiter } from "effect/persistence"
import { SqlClient } from "effect/sql"
import * as Embedded from "stepped/embedded"
import * as Stores from "stepped/stores"

// #region layers
const Main = Layer.mergeAll(RateLimiter.layer, PersistedQueue.layer).pipe(
  Layer.provide([Stores.layerRateLimiterStore, Stores.layerPersistedQueueStore()]),
  // or Stepped.layer, on a server
  Layer.provideMerge(Embedded.layer())
)
// #endregion

// #region limit
const call = Effect.fn("call")(function*(n: number) {
  const limiter = yield* RateLimiter.RateLimiter
  const { delay } = yield* limiter.consume({
    key: "maps.example.com",
    limit: 3,
    window: "1 second",
    onExceeded: "delay"
  })
  yield* Effect.sleep(delay)
  yield* Console.log(`call ${n}`)
})
// #endregion

// #region queue
const Mail = Schema.Struct({ to: Schema.String, text: Schema.String })
const mails = PersistedQueue.make({ name: "mails", schema: Mail, maxAttempts: 3 })

/** The mail is handed over with the order, or neither is there. */
const order = Effect.fn("order")(function*(number: number) {
  const queue = yield* mails
  const sql = yield* SqlClient.SqlClient
  yield* sql.withTransaction(Effect.gen(function*() {
    yield* queue.offer({ to: "Ada", text: `order ${number} is on its way` })
    yield* sql`insert into orders values (${number})`
  }))
})

const send = Effect.gen(function*() {
  const queue = yield* mails
  yield* queue.take(({ text, to }) => Console.log(`to ${to}: ${text}`))
})
// #endregion

const program = Effect.gen(function*() {
  yield* Effect.forEach([1, 2, 3, 4], call, { concurrency: "unbounded" })
  const sql = yield* SqlClient.SqlClient
  yield* sql`create table orders (number int primary key)`
  yield* order(7)
  // it is there already: nothing is handed over
  yield* Effect.flip(order(7))
  yield* order(8)
  yield* send
  yield* send
})

await Effect.runPromise(program.pipe(Effect.provide(Main)))
