/**
 * The quick start: a worker and a client in one process, on an embedded Postgres in memory.
 *
 * Run with `npm run example examples/quickstart/main.ts`.
 */
// #region main
import { Console, Effect, Layer } from "effect"
import { Stepped } from "stepped"
import * as Embedded from "stepped/embedded"
import { Cars, CarsLive, Garage } from "./cars.ts"

const Main = Stepped.worker({ concurrency: 32 }).pipe(
  Layer.provide(CarsLive),
  Layer.provide(Garage.layer),
  Layer.provideMerge(Embedded.layer())
)

const program = Effect.gen(function*() {
  const car = (yield* Cars.client)(1)

  // perform in this fiber as far as it goes at once
  yield* car.driveNow(5)
  // enqueue, and wait for the result
  yield* car.drive(7)
  // enqueue: a handle at once, the work is a worker's
  const handle = yield* car.visitLater("London")
  yield* Console.log(`visited: ${yield* handle.await}`)

  // the same checksum: already achieved, nothing is done again
  yield* Console.log(`visited: ${yield* car.visit("London")}`)
  // a failure is typed, and says where it happened
  yield* Effect.catchTag(car.visit("Venice"), "ActionFailed", (failure) => Console.log(failure.message))
})

await Effect.runPromise(Effect.provide(program, Main))
// #endregion
