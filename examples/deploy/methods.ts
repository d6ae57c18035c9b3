/**
 * How the actions without steps are done: one method each, over the services, and the compiler knows which are missing.
 */
import { Effect, Layer } from "effect"
import { Engine, Step, Stepped } from "stepped"
import { Builder } from "./Builder.ts"
import { boot, Fleets, Site, Sites } from "./definitions.ts"
import { Host } from "./Host.ts"
import { Crashed } from "./models.ts"
import { Proxy } from "./Proxy.ts"

const SitesLive = Sites.toLayer(Effect.gen(function*() {
  const engine = yield* Engine
  const builder = yield* Builder
  const host = yield* Host
  const proxy = yield* Proxy
  return {
    build: (fingerprint) => Effect.flatMap(Site.row, (site) => builder.build(site, fingerprint)),

    // The process is told the id of this action, and calls back with it (see `Callbacks.ts`). One that ends before it
    // was ready will not call: that completes the action as well, and sooner than its timeout.
    boot: Effect.fn(function*(release) {
      const { actionId } = yield* Step
      const crashed = (output: string) =>
        Stepped.complete(actionId, boot, Stepped.Outcome.failed(new Crashed({ output })))
      yield* host.start(
        yield* Site.row,
        release,
        actionId,
        (output) => Effect.ignore(Effect.provideService(crashed(output), Engine, engine))
      )
    }),

    switchOver: (server) => Effect.flatMap(Site, ({ id }) => proxy.switchTo(id, server)),

    stop: (server) => host.stop(server.id)
  }
}))

export const ActionsLive = Layer.merge(SitesLive, Fleets.layer)
