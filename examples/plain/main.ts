/**
 * A program without Effect: promises in, promises out. Effect stands in the definitions alone.
 *
 * Run with `npm run example examples/plain/main.ts`.
 */
import { Effect, Layer, ManagedRuntime } from "effect"
import { Stepped } from "stepped"
import * as Embedded from "stepped/embedded"
import { CardDeclined, Order, Orders, OrdersLive, pay } from "./orders.ts"

// #region runtime
// built by the first call, and closed by `dispose`: the worker runs for as long as this lives
const runtime = ManagedRuntime.make(
  Stepped.worker({ concurrency: 8 }).pipe(Layer.provide(OrdersLive), Layer.provideMerge(Embedded.layer))
)
const orders = await runtime.runPromise(Orders.client)
// #endregion

// #region calls
// enqueue, and wait for the result
console.log(await Effect.runPromise(orders(1).checkOut(1500)))

// enqueue only: keep the id wherever you keep such things
const { id } = await Effect.runPromise(orders(2).payLater(800))

// later, or in another process: a handle by the id
const handle = await runtime.runPromise(Stepped.handle(Order.ref(2), pay, id))
console.log(await Effect.runPromise(handle.await))
console.log((await Effect.runPromise(handle.status)).status)
// #endregion

// #region failures
// a promise rejects with the error itself: the action's own one, or what waiting fails with
try {
  await Effect.runPromise(orders(3).pay(99_000))
} catch (error) {
  if (!(error instanceof CardDeclined)) throw error
  console.log(`declined: ${error.reason}`)
}

// a result has it typed
const result = await Effect.runPromise(Effect.result(orders(4).checkOut(99_000)))
if (result._tag === "Failure") console.log(`${result.failure._tag}: ${result.failure.message}`)
// #endregion

// #region dispose
// lets running bodies end, and closes the database
await runtime.dispose()
// #endregion
