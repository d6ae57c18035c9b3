/** Serves the API and the dashboard, without a worker. */
import { NodeHttpServer } from "@effect/platform-node"
import { type Duration, Effect, Layer, Option, Redacted } from "effect"
import { HttpRouter, HttpServer } from "effect/http"
import { createHash, timingSafeEqual } from "node:crypto"
import { createServer } from "node:http"
import { layer as dashboard } from "../dashboard/index.ts"
import { authorization, layer, loopback } from "../http/index.ts"

/** Who shows the token is an admin; the texts are compared by their digests, in constant time. */
const byToken = (token: Redacted.Redacted<string>, mayReadPayloads: boolean) => {
  const digest = (text: string) => createHash("sha256").update(text).digest()
  const known = digest(Redacted.value(token))
  return authorization((credential) =>
    Effect.succeed(
      timingSafeEqual(digest(Redacted.value(credential)), known)
        ? { subject: "token", roles: ["admin"] as const, mayReadPayloads }
        : undefined
    )
  )
}

/** Serves until it is told to stop. */
export const serving = (options: {
  readonly host: string
  readonly port: number
  readonly token: Option.Option<Redacted.Redacted<string>>
  /** Of browsers, beside its own address. */
  readonly origins?: ReadonlyArray<string>
  readonly mayReadPayloads: boolean
  /** Called once it listens, with its address. */
  readonly said: (origin: string) => Effect.Effect<void>
  /** How long requests under way may take to end when it stops, if not as long as they like. */
  readonly grace?: Duration.Input
}) => {
  const { grace, host, mayReadPayloads, origins = [], port, said, token } = options
  const api = layer({
    origins,
    authorization: Option.isSome(token) ? byToken(token.value, mayReadPayloads) : loopback({ mayReadPayloads })
  })
  const listening = Layer.effectDiscard(
    Effect.flatMap(HttpServer.HttpServer, ({ address }) =>
      said(
        address._tag === "UnixPathAddress"
          ? address.path
          : `http://${host.includes(":") ? `[${host}]` : host}:${address.port}`
      ))
  )
  const served = Layer.mergeAll(api, Layer.orDie(dashboard()))
  return Layer.launch(
    Layer.merge(HttpRouter.serve(served, { disableLogger: true, disableListenLog: true }), listening).pipe(
      Layer.provide(NodeHttpServer.layer(createServer, {
        host,
        port,
        ...grace === undefined ? {} : { gracefulShutdownTimeout: grace }
      }))
    )
  )
}
