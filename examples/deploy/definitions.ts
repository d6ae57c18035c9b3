/**
 * What a deployment is: the actors, the actions and the order of their steps. How a site is built, booted or switched to
 * is nothing that this file knows; `methods.ts` does.
 *
 * ```
 * rollOut Fleet/local
 * ├─ hold Site/docs            a holding page, so that there is something to be replaced
 * │  ├─ boot Site/docs
 * │  └─ switchOver Site/docs
 * ├─ deploy Site/docs
 * │  ├─ build Site/docs        nothing is done for sources that are built already
 * │  ├─ boot Site/docs         ends when the new process calls back, or after four seconds without a call
 * │  ├─ checkHealth Site/docs
 * │  ├─ switchOver Site/docs
 * │  └─ stop Site/docs
 * └─ …                         the other sites, beside it
 * ```
 */
import { Config, Duration, Effect, Schema } from "effect"
import { Step, Stepped } from "stepped"
import { Builder } from "./Builder.ts"
import { Host } from "./Host.ts"
import { Manifest } from "./Manifest.ts"
import { Crashed, DeadLink, Deployed, holdingPage, NotServed, Release, Server, Unhealthy } from "./models.ts"
import { Proxy } from "./Proxy.ts"

// -------------------------------------------------------------------------------------------------------------------
// a site
// -------------------------------------------------------------------------------------------------------------------

export class Site extends Stepped.Actor<Site>()("Site", {
  id: Schema.String,
  load: (name) => Effect.map(Manifest, (manifest) => manifest.find(name))
}) {}

// A build depends on the sources and on the folder that it goes to: what another checkout has built, on the same
// database, is not here. With the checksum of the last success, nothing is done and its result counts.
const build = Stepped.action("build", {
  arguments: [Schema.String],
  success: Release,
  error: DeadLink,
  checksum: (fingerprint) => Effect.map(Builder, ({ workspace }) => [fingerprint, workspace])
})

// Outbound: it goes on after its method has started the process, until the process calls back.
export const boot = Stepped.action("boot", {
  arguments: [Schema.String],
  success: Server,
  error: Crashed,
  outbound: true,
  // a slower machine may have more
  timeout: () => Effect.orDie(Config.Duration("BOOT_TIMEOUT").pipe(Config.withDefault(Duration.seconds(4))))
})

// Gives the server that was replaced.
const switchOver = Stepped.action("switchOver", { arguments: [Server], success: Schema.NullOr(Server) })

const stop = Stepped.action("stop", { arguments: [Server] })

interface Health {
  readonly isHealthy: boolean
  readonly answer: string
}

// The wait is a row, not a fiber that sleeps: a worker that is restarted in between goes on with the next attempt.
const attempt = Effect.fn("attempt")(function*(server: Server, previous?: Health) {
  if (previous?.isHealthy === true) return previous
  const health: Health = yield* (yield* Host).health(server.port)
  if (!health.isHealthy) yield* Step.wait("400 millis")
  return health
})

const checkHealth = Stepped.action("checkHealth", { arguments: [Server], error: Unhealthy })
  .step("first", (server) => attempt(server))
  .step("second", (server, { first }) => attempt(server, first))
  .step("third", (server, { second }) => attempt(server, second))
  .step("fourth", (server, { third }) => attempt(server, third))
  .step("fifth", (server, { fourth }) => attempt(server, fourth))
  .step(
    "verdict",
    (_server, { fifth: { answer, isHealthy } }) => isHealthy ? Effect.void : Effect.fail(new Unhealthy({ answer }))
  )

const hold = Stepped.action("hold")
  .step("server", () => Step.do(boot, holdingPage))
  .step(({ server }) => Step.do(switchOver, server))

const deploy = Stepped.action("deploy", { success: Deployed, error: NotServed, timeout: "5 minutes" })
  .step("release", () =>
    Effect.gen(function*() {
      const fingerprint = yield* (yield* Builder).fingerprint(yield* Site.row)
      return yield* Step.do(build, fingerprint)
    }))
  .step("server", ({ release }) => Step.do(boot, release.id))
  .step("health", ({ server }) => Step.do(checkHealth, server))
  .step("replaced", ({ server }) => Step.do(switchOver, server))
  .step("drain", () => Step.wait("1 second")) // requests that are under way end on the old server
  .step("stop", ({ replaced }) => replaced === null ? Effect.void : Step.do(stop, replaced))
  .step("verify", ({ release, server }) =>
    Effect.gen(function*() {
      const { id } = yield* Site
      const found = yield* (yield* Proxy).releaseOf(id)
      if (found !== release.id) return yield* new NotServed({ release: release.id, found })
      return { site: id, release, server }
    }))
  // whatever was started and is not being served ends, and what was served before goes on
  .after(["failed", "cancelled", "timed_out"], () =>
    Effect.gen(function*() {
      const { id } = yield* Site
      const served = yield* (yield* Proxy).current(id)
      yield* (yield* Host).stopOthers(id, served?.id)
    }))

export const Sites = Stepped.actions(Site, [build, boot, switchOver, stop, checkHealth, hold, deploy])

// -------------------------------------------------------------------------------------------------------------------
// all of them
// -------------------------------------------------------------------------------------------------------------------

export class Fleet extends Stepped.Actor<Fleet>()("Fleet", { id: Schema.String }) {}

// A step waits for all of its children, also after one has failed: the sites do not hold each other up.
const rollOut = Stepped.action("rollOut", {
  arguments: [Schema.Array(Schema.String)],
  success: Schema.Array(Deployed)
})
  .step("hold", (names) => Step.on(names.map(Site.ref), hold))
  .step("sites", (names) => Step.on(names.map(Site.ref), deploy))

export const Fleets = Stepped.actions(Fleet, [rollOut])
