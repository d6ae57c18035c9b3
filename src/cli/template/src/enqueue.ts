/** Enqueues an order: `npm run enqueue -- 7 4200`. A worker performs it. */
import { Console, Effect } from "effect"
import { EngineLive } from "./database.ts"
import { Orders } from "./orders.ts"

const [number = "1", cents = "4200"] = process.argv.slice(2)

const program = Effect.gen(function*() {
  const order = (yield* Orders.client)(Number(number))
  const handle = yield* order.fulfilLater(Number(cents))
  yield* Console.log(`enqueued ${handle.id}`)
})

await Effect.runPromise(Effect.provide(program, EngineLive))
