/** The reverse proxy: one address for all sites, `/docs/…` for the site `docs`, each switched on its own. */
import { NodeHttpServer } from "@effect/platform-node"
import { Context, Effect, Layer } from "effect"
import { HttpClient, HttpClientRequest, HttpServer, HttpServerRequest, HttpServerResponse } from "effect/http"
import { createServer } from "node:http"
import type { Server } from "./models.ts"

export class Proxy extends Context.Service<Proxy, {
  readonly url: string
  /** The server that a site's requests go to. */
  readonly current: (site: string) => Effect.Effect<Server | undefined>
  /** Sends a site's requests to this server from now on, and gives the one that it replaces. */
  readonly switchTo: (site: string, server: Server) => Effect.Effect<Server | null>
  /** Asks for a page as any visitor does, and gives the release that has answered. */
  readonly releaseOf: (site: string) => Effect.Effect<string>
}>()("deploy/Proxy") {
  static readonly layer = Layer.effect(Proxy, Effect.suspend(() => make))
}

interface Route {
  readonly server: Server
  readonly replaced: Server | null
}

const make = Effect.gen(function*() {
  const client = yield* HttpClient.HttpClient
  const http = yield* NodeHttpServer.make(() => createServer(), {
    host: "127.0.0.1",
    port: 0,
    gracefulShutdownTimeout: "500 millis"
  })
  const url = HttpServer.formatAddress(http.address)
  const routes = new Map<string, Route>()

  const forward = Effect.gen(function*() {
    const request = yield* HttpServerRequest.HttpServerRequest
    const [, site = "", path = ""] = /^\/([^/?]*)\/?(.*)$/.exec(request.url) ?? []
    const route = routes.get(site)
    if (route === undefined) return HttpServerResponse.text(`There is no site ${site}\n`, { status: 404 })
    const response = yield* client.execute(
      HttpServerRequest.toClientRequest(request).pipe(
        HttpClientRequest.setUrl(`http://127.0.0.1:${route.server.port}/${path}`),
        HttpClientRequest.removeHeader("connection")
      )
    )
    return HttpServerResponse.fromClientResponse(response).pipe(
      HttpServerResponse.removeHeader("connection"),
      HttpServerResponse.removeHeader("keep-alive"),
      HttpServerResponse.removeHeader("transfer-encoding")
    )
  }).pipe(
    Effect.catchTag(
      "HttpClientError",
      (error) =>
        Effect.succeed(HttpServerResponse.text(`The site does not answer: ${error.message}\n`, { status: 502 }))
    )
  )
  yield* http.serve(forward)

  return Proxy.of({
    url,
    current: (site) => Effect.sync(() => routes.get(site)?.server),
    switchTo: (site, server) =>
      Effect.sync(() => {
        const route = routes.get(site)
        // A step may run twice: the server that it has switched to already is not the one that it replaced.
        if (route?.server.id === server.id) return route.replaced
        const replaced = route?.server ?? null
        routes.set(site, { server, replaced })
        return replaced
      }),
    releaseOf: (site) =>
      client.get(`${url}/${site}/`).pipe(
        Effect.flatMap((response) => Effect.as(response.text, response.headers["x-release"] ?? "an error")),
        Effect.orElseSucceed(() => "nothing")
      )
  })
})
