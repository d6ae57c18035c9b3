/** Makes the picture of the dashboard that the front page shows: `npm run picture`. */
import { NodeHttpServer } from "@effect/platform-node"
import { Context, Effect, Layer, References } from "effect"
import { HttpRouter, HttpServer } from "effect/http"
import { createServer } from "node:http"
import { resolve } from "node:path"
import { chromium } from "playwright-core"
import { Stepped } from "stepped"
import * as Dashboard from "stepped/dashboard"
import * as Embedded from "stepped/embedded"
import * as Http from "stepped/http"
import { Epiphany, Orders, Ovens } from "../../examples/dashboard/bakery.ts"

const file = resolve(import.meta.dirname, "../../examples/dashboard/dashboard.png")

/** Whoever looks is somebody, and not this machine. */
const authorization = Http.authorization(() =>
  Effect.succeed({ subject: "anna", roles: ["admin"], mayReadPayloads: true })
)

const Server = HttpRouter.serve(
  Layer.mergeAll(Http.layer({ authorization }), Dashboard.layer()),
  { disableLogger: true, disableListenLog: true }
).pipe(Layer.provideMerge(NodeHttpServer.layer(createServer, { port: 0, host: "127.0.0.1" })))

const Main = Layer.mergeAll(Server, Stepped.worker({ name: "oven 1" })).pipe(
  Layer.provide([Orders.layer, Ovens.layer, Epiphany]),
  Layer.provideMerge(Embedded.layer({ build: "bakery-1" }))
)

const taken = Effect.gen(function*() {
  const services = yield* Layer.build(Main)
  const { address } = Context.get(services, HttpServer.HttpServer)
  const [orders, ovens] = yield* Effect.provide(Effect.all([Orders.client, Ovens.client]), services)
  yield* ovens("north").heatLater()
  yield* orders(9).orderLater(["rye"])
  const order = yield* orders(2).orderLater(["spelt", "seed", "rye"])
  const isWaiting = Effect.map(Stepped.why(order.id), (why) => Stepped.renderWhy(why).includes("from outside"))
  yield* Effect.provide(Effect.repeat(Effect.delay(isWaiting, "200 millis"), { until: (is) => is }), services)
  yield* Effect.promise(async () => {
    const browser = await chromium.launch({
      executablePath: process.env.STEPPED_CHROMIUM ?? "/usr/bin/chromium",
      args: ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
    })
    const page = await browser.newPage({
      viewport: { width: 1100, height: 720 },
      extraHTTPHeaders: { authorization: "Bearer anna" }
    })
    await page.goto(`${HttpServer.formatAddress(address)}/dashboard/#/actions/${order.id}?view=waterfall`)
    await page.getByRole("list", { name: "Waterfall" }).waitFor()
    // a little more of it, so that one sees that it waits
    await page.waitForTimeout(1500)
    await page.screenshot({ path: file })
    await browser.close()
  })
})

await Effect.runPromise(
  Effect.scoped(taken).pipe(Effect.provideService(References.MinimumLogLevel, "None"))
)
