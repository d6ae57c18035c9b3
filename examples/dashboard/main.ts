/**
 * The dashboard over a bakery that never rests: `npm run example examples/dashboard/main.ts`, and open what it prints. It ends with Ctrl-C.
 */
// #region main
import { NodeHttpServer, NodeRuntime } from "@effect/platform-node"
import { Console, Effect, Layer } from "effect"
import { HttpRouter } from "effect/http"
import { createServer } from "node:http"
import { Stepped } from "stepped"
import * as Dashboard from "stepped/dashboard"
import * as Embedded from "stepped/embedded"
import * as Http from "stepped/http"
import { approved, deliver, Epiphany, Order, Orders, Ovens, wedding } from "./bakery.ts"

const port = 4600

/** Whoever asks on this machine may do everything, and read what is stored: it is an example. */
const Server = HttpRouter.serve(
  Layer.mergeAll(
    Http.layer({ authorization: Http.loopback({ mayReadPayloads: true }) }),
    Dashboard.layer({ path: "/dashboard" })
  )
).pipe(Layer.provide(NodeHttpServer.layer(createServer, { port, host: "127.0.0.1" })))

const Main = Layer.mergeAll(Server, Stepped.worker()).pipe(
  Layer.provide([Orders.layer, Ovens.layer, Epiphany]),
  Layer.provideMerge(Embedded.layer({ build: "bakery-1" }))
)
// #endregion

const breads = ["rye", "spelt", "white", "seed"]

/** An order every second; couriers arrive, but for every seventh. */
const day = Effect.gen(function*() {
  const orders = yield* Orders.client
  const ovens = yield* Ovens.client
  yield* ovens("north").heatLater()
  yield* orders(0).weddingLater(80)
  yield* orders(0).weddingLater(120)
  for (let id = 1;; id++) {
    yield* orders(id).with({ tags: [id % 2 === 0 ? "shop" : "phone"] }).orderLater(breads.slice(0, 1 + id % 3))
    if (id > 5 && (id - 5) % 7 !== 0) {
      yield* Effect.ignore(Stepped.complete(Order.ref(id - 5), deliver, Stepped.Outcome.succeededVoid))
    }
    if (id === 30) {
      yield* Effect.ignore(
        Stepped.send(Order.ref(0), wedding, approved, { by: "the master", loaves: 80, how: { _tag: "Now" } })
      )
    }
    yield* Effect.sleep("2 seconds")
  }
})

const program = Effect.gen(function*() {
  yield* Console.log(`http://127.0.0.1:${port}/dashboard/`)
  return yield* day
})

NodeRuntime.runMain(Effect.provide(program, Main))
