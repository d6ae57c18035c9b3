/**
 * A deployment, from beginning to end: `npm start`.
 *
 * The sites of `sites/manifest.json` are built, booted as real server processes, checked, put behind a real reverse proxy
 * in place of what was there, and the old servers are stopped, all as one tree of durable actions that is shown while it
 * performs. What it shows of `stepped`:
 *
 * - a tree of actions over actors, and results that travel typed from step to step (`definitions.ts`),
 * - checksums: in the second run, nothing is built,
 * - outbound actions: a booted process calls back over HTTP, within its timeout (`Callbacks.ts`),
 * - timed waits between health checks, and callbacks that clean up,
 * - failures that travel up the tree with their path, while everything else goes on:
 *   `npm start -- --break shop`, or `--break shop:crash`, `:sick`, `:build`,
 * - the dashboard, at the address that it prints, to look at all of it while it performs (`--keep` leaves it open),
 * - the engine on an embedded database in `.stepped/deploy`, or on the server of `DATABASE_URL`.
 *
 * What was built stays in `.stepped/deploy`. Servers end with the program, however it ends, so each run boots its own.
 */
import { NodeHttpClient, NodeRuntime, NodeServices } from "@effect/platform-node"
import { PgClient } from "@effect/sql-pg"
import { Config, Console, Effect, Layer, Option, References, Result } from "effect"
import { CliError, Command, Flag } from "effect/cli"
import type { SqlError } from "effect/sql/SqlError"
import { fileURLToPath } from "node:url"
import { Stepped } from "stepped"
import * as Embedded from "stepped/embedded"
import { Builder } from "./Builder.ts"
import { CallbacksLive } from "./Callbacks.ts"
import { DashboardLive } from "./Dashboard.ts"
import { type Fault, Faults, faults } from "./Faults.ts"
import { Host } from "./Host.ts"
import { Manifest } from "./Manifest.ts"
import { ActionsLive } from "./methods.ts"
import { Proxy } from "./Proxy.ts"
import { rollOut } from "./rollOut.ts"

// -------------------------------------------------------------------------------------------------------------------
// the command line
// -------------------------------------------------------------------------------------------------------------------

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url))

const isFault = (text: string): text is Fault => Object.hasOwn(faults, text)

const flags = {
  breakages: Flag.String("break").pipe(
    Flag.withMetavar("site[:how]"),
    Flag.withDescription(
      `Break a site. How: ${
        Object.entries(faults).map(([how, what]) => `${how} (${what})`).join(", ")
      }; silent if not given`
    ),
    Flag.filterMap((text) => {
      const [site = "", how = "silent"] = text.split(":")
      return isFault(how) ? Option.some([site, how] as const) : Option.none()
    }, () => `<site>, or <site>: and one of ${Object.keys(faults).join(", ")}`),
    Flag.atLeast(0)
  ),
  keep: Flag.Boolean("keep").pipe(
    Flag.withDescription("Go on serving after the deployment, until Ctrl-C"),
    Flag.withDefault(false)
  ),
  sites: Flag.Directory("sites", { mustExist: true }).pipe(
    Flag.withDescription("The folder of manifest.json"),
    Flag.withDefault(here("sites"))
  ),
  state: Flag.Directory("state").pipe(
    Flag.withDescription("The folder of releases and of the embedded database"),
    Flag.withDefault(here("../../.stepped/deploy"))
  )
}

// -------------------------------------------------------------------------------------------------------------------
// layers
// -------------------------------------------------------------------------------------------------------------------

const databaseUrl = Config.option(Config.Redacted("DATABASE_URL"))
const databaseOf = (state: string) => `${state}/database`

const EngineLive = (state: string) =>
  Layer.unwrap(Effect.gen(function*() {
    const url = Option.getOrUndefined(yield* databaseUrl)
    yield* Console.log(
      url === undefined
        ? `Database: embedded, in ${state} (the first start takes some seconds)`
        : "Database: the server of DATABASE_URL"
    )
    const onServer = Stepped.layer({ migrate: true, lease: "5 seconds" })
    const engine: Layer.Layer<Stepped.Services, EngineError> = url === undefined
      ? Embedded.layer({ dataDir: databaseOf(state) })
      : Layer.provide(onServer, PgClient.layer({ url }))
    return engine
  }))

type EngineError = Stepped.LayerError | Embedded.EmbeddedDatabaseError | SqlError

interface Settings {
  readonly breakages: ReadonlyArray<readonly [site: string, how: Fault]>
  readonly sites: string
  readonly state: string
}

const MainLive = ({ breakages, sites, state }: Settings) =>
  Stepped.worker({ gracePeriod: "1 second" }).pipe(
    Layer.provide(ActionsLive),
    Layer.provideMerge(Host.layer),
    Layer.provideMerge(CallbacksLive),
    Layer.provideMerge(DashboardLive),
    Layer.provideMerge(Layer.mergeAll(Proxy.layer, Builder.layer(`${state}/releases`))),
    Layer.provideMerge(EngineLive(state)),
    Layer.provideMerge(Faults.layer(new Map(breakages))),
    Layer.provideMerge(Layer.mergeAll(Manifest.layer(sites), NodeHttpClient.layerUndici))
  )

// -------------------------------------------------------------------------------------------------------------------
// the program
// -------------------------------------------------------------------------------------------------------------------

const deploy = Command.make("deploy", flags, (settings) =>
  Effect.gen(function*() {
    const folder = Option.isSome(yield* databaseUrl) ? undefined : databaseOf(settings.state)
    const outcome = yield* Effect.result(Effect.provide(rollOut({ ...settings, folder }), MainLive(settings)))
    if (Result.isFailure(outcome)) return yield* new CliError.UserError({ cause: outcome.failure })
    if (!outcome.success) process.exitCode = 1
  }))

deploy.pipe(
  Command.withDescription("Deploys the sites of a manifest, and shows how"),
  Command.run({ version: "0.1.0" }),
  Effect.provide(NodeServices.layer),
  Effect.provideService(References.MinimumLogLevel, "Warn"),
  NodeRuntime.runMain
)
