/** The dashboard of the deployment, for whoever is on this machine. */
import { NodeHttpServer } from "@effect/platform-node"
import { Context, Effect, Layer } from "effect"
import { HttpRouter, HttpServer } from "effect/http"
import { createServer } from "node:http"
import * as Dashboard from "stepped/dashboard"
import * as Http from "stepped/http"

/** Where it is. */
export class DashboardUrl extends Context.Service<DashboardUrl, string>()("deploy/DashboardUrl") {}

export const DashboardLive = Layer.effect(
  DashboardUrl,
  Effect.map(HttpServer.HttpServer, ({ address }) => `${HttpServer.formatAddress(address)}/dashboard/`)
).pipe(
  Layer.merge(HttpRouter.serve(
    Layer.mergeAll(Http.layer({ authorization: Http.loopback({ mayReadPayloads: true }) }), Dashboard.layer()),
    { disableLogger: true, disableListenLog: true }
  )),
  Layer.provide(
    NodeHttpServer.layer(createServer, { host: "127.0.0.1", port: 0, gracefulShutdownTimeout: "500 millis" })
  )
)
