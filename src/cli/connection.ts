/** Where the command finds the engine's tables: the flags that say so, and the services over them. */
import * as PgClient from "@effect/sql-pg/PgClient"
import type * as PgTypes from "@effect/sql-pg/PgTypes"
import { Config, Context, Effect, Layer, Logger, Option } from "effect"
import { Flag, GlobalFlag } from "effect/cli"
import type { SqlClient } from "effect/sql/SqlClient"
import type { SqlError } from "effect/sql/SqlError"
import { existsSync } from "node:fs"
import { join } from "node:path"
import type { App } from "../App.ts"
import type { EmbeddedDatabaseError } from "../embedded/index.ts"
import { engineLayer, type EngineOptions, type LayerError, type Services } from "../engine/engineLayer.ts"
import { exactTypes } from "./exactJson.ts"
import { type LibraryError, stoppedBy, usage } from "./failures.ts"
import { Output } from "./Output.ts"

export const Url = GlobalFlag.Setting("url")({
  flag: Flag.Redacted("url").pipe(
    Flag.withDescription("The database: postgres://user:password@host:5432/database. DATABASE_URL, if not given"),
    Flag.optional
  )
})

export const SchemaFlag = GlobalFlag.Setting("schema")({
  flag: Flag.String("schema").pipe(
    Flag.withDescription("The Postgres schema of the tables. STEPPED_SCHEMA, or stepped, if not given"),
    Flag.optional
  )
})

export const Folder = GlobalFlag.Setting("folder")({
  flag: Flag.String("folder").pipe(
    Flag.withDescription("The folder of an embedded database that no process has just now, in place of a server"),
    Flag.optional
  )
})

export const Json = GlobalFlag.Setting("json")({
  flag: Flag.Boolean("json").pipe(Flag.withDescription("One JSON object a line"), Flag.withDefault(false))
})

export const Payloads = GlobalFlag.Setting("payloads")({
  flag: Flag.Boolean("payloads").pipe(
    Flag.withDescription("Print arguments, results and what else programs have stored: it may be secret"),
    Flag.withDefault(false)
  )
})

export const Local = GlobalFlag.Setting("local")({
  flag: Flag.Boolean("local").pipe(
    Flag.withDescription("Print times of this machine's zone, not UTC"),
    Flag.withDefault(false)
  )
})

/** What every command takes. */
export const globalFlags = [Url, SchemaFlag, Folder, Json, Payloads, Local] as const

/** What the environment says; nothing where it says nothing that can be read. */
const ofEnvironment = <A>(config: Config.Config<A>) =>
  Effect.orElseSucceed(Config.option(config), () => Option.none<A>())

/** The schema of the tables. */
export const SchemaName = Effect.gen(function*() {
  const given = yield* SchemaFlag
  return Option.isSome(given)
    ? given.value
    : Option.getOrElse(yield* ofEnvironment(Config.String("STEPPED_SCHEMA")), () => "stepped")
})

/** The schema of a program's tables: its own settings may name one, and then no flag names another one. */
export const schemaOf = ({ options }: App) =>
  Effect.gen(function*() {
    const given = yield* SchemaFlag
    const own = options?.schema
    if (own === undefined) return yield* SchemaName
    if (Option.isSome(given) && given.value !== own) {
      return yield* usage(`--schema is ${given.value}, and the module's own options say ${own}: leave the flag out`)
    }
    return own
  })

/** The folder that the flags name, and no server beside it. */
export const folderAlone = Effect.gen(function*() {
  const folder = yield* Folder
  if (Option.isSome(folder) && Option.isSome(yield* Url)) return yield* usage("--url and --folder exclude each other")
  return folder
})

/** What is said of a folder, to who looks or acts, and to who performs. */
const words = {
  looks: {
    missing: "which database? Set DATABASE_URL, give --url, or give the --folder of an embedded one",
    folder: "--folder is for what looks and acts: this needs a server. An embedded database migrates by itself"
  },
  performs: {
    missing: "which database? Set DATABASE_URL, or give --url. On an embedded one `stepped dev` performs",
    folder: "--folder is for what looks and acts: this needs a server. On an embedded database `stepped dev` performs"
  }
} as const

/** The server that the flags name; who asks for it has no use for a folder. */
const server = (forWhom: keyof typeof words) =>
  Effect.gen(function*() {
    if (Option.isSome(yield* Folder)) return yield* usage(words[forWhom].folder)
    const otherwise = yield* ofEnvironment(Config.Redacted("DATABASE_URL"))
    const url = Option.orElse(yield* Url, () => otherwise)
    if (Option.isNone(url)) return yield* usage(words[forWhom].missing)
    return { url: url.value, connectTimeout: "10 seconds", applicationName: "stepped" } as const
  })

/** A client of it for one command, which prints JSON as it is stored. */
const client = Effect.map(
  server("looks"),
  (config) => PgClient.layer({ ...config, maxConnections: 3, types: exactTypes() })
)

/** A client of it for a program that performs. */
export const workerClient = Effect.map(server("performs"), PgClient.layer)

/** The same of a program that may have a database of its own, which no flag replaces. */
export const databaseOf = ({ database }: App, forWhom: keyof typeof words) =>
  Effect.gen(function*() {
    if (database === undefined) return PgClient.layer(yield* server(forWhom))
    if (Option.isSome(yield* Url) || Option.isSome(yield* Folder)) {
      return yield* usage("the module has a database of its own: leave --url and --folder out")
    }
    return database
  })

/** The embedded database of a folder, which is not made where there is none; one that only looks reads JSON as it is stored. */
const embedded = (dataDir: string, options: EngineOptions, types: PgTypes.Registry | undefined) =>
  existsSync(join(dataDir, "pgdata"))
    ? Effect.map(
      Effect.promise(() => import("../embedded/embeddedLayer.ts")),
      ({ embeddedLayer }) => embeddedLayer(options, { dataDir, types })
    )
    : usage(`${dataDir} is no folder of an embedded database: pgdata is not in it`)

/** The services of a program that runs in this very process: who types a command into it needs no connection. */
export class RunningProgram extends Context.Service<
  RunningProgram,
  Context.Context<Services | PgClient.PgClient | SqlClient>
>()("stepped/cli/RunningProgram") {}

/** What the flags ask for, for who prints. */
export const output = Effect.gen(function*() {
  return Output.layer({ json: yield* Json, payloads: yield* Payloads, local: yield* Local })
})

/** What the engine logs meanwhile is no answer, and stands where errors do. */
const logsApart = Effect.provideService(Logger.LogToStderr, true)

/** Runs what needs a client alone. */
export const withClient = <A, E extends LibraryError, R>(use: Effect.Effect<A, E, R>) =>
  Effect.gen(function*() {
    const layer = Layer.merge(yield* client, yield* output)
    return yield* Effect.mapError(Effect.provide(use, layer), stoppedBy)
  }).pipe(logsApart)

/** The services of a program, as it is set: no worker, and nobody is listened to. */
const servicesOf = (app: App) =>
  Effect.gen(function*() {
    const folder = yield* folderAlone
    const settings = { ...app.options, schema: yield* schemaOf(app), notify: false }
    const services: Layer.Layer<
      Services | PgClient.PgClient | SqlClient,
      unknown
    > = Option.isSome(folder)
      ? yield* embedded(folder.value, settings, undefined)
      : Layer.provideMerge(engineLayer(settings, false, false), yield* databaseOf(app, "looks"))
    return services
  })

/** Runs what needs a program's definitions, which perform nothing. */
export const withProgram = <A, E, R>(app: App, use: Effect.Effect<A, E, R>) =>
  Effect.gen(function*() {
    const program = Layer.provideMerge(app.actions, yield* servicesOf(app))
    return yield* Effect.provide(use, Layer.merge(program, yield* output))
  }).pipe(logsApart)

/** The API that the command speaks to, where one is named and no database is: by `STEPPED_URL`, with `STEPPED_TOKEN`. */
const remote = Effect.gen(function*() {
  if (Option.isSome(yield* Folder) || Option.isSome(yield* Url)) return
  const url = yield* ofEnvironment(Config.String("STEPPED_URL"))
  if (Option.isNone(url)) return
  if (Option.isSome(yield* SchemaFlag)) {
    return yield* usage(
      "--schema is for a database, and STEPPED_URL names an API, whose schema is its own: leave the flag out, or give --url or --folder"
    )
  }
  if (!URL.canParse(url.value) || !/^https?:/.test(url.value)) {
    return yield* usage(
      `STEPPED_URL is ${JSON.stringify(url.value)}: it takes an address, such as https://ops.example.com`
    )
  }
  return { url: url.value.replace(/\/+$/, ""), token: yield* ofEnvironment(Config.Redacted("STEPPED_TOKEN")) }
})

/** Runs what needs the engine's services: no worker, and nobody is listened to. */
export const withEngine = <A, E extends LibraryError, R>(use: Effect.Effect<A, E, R>) =>
  Effect.gen(function*() {
    const running = yield* Effect.serviceOption(RunningProgram)
    const folder = yield* folderAlone
    const schema = yield* SchemaName
    const there = Option.isSome(running) ? undefined : yield* remote
    const services: Layer.Layer<Services, LayerError | SqlError | EmbeddedDatabaseError> = Option.isSome(running)
      ? Layer.succeedContext(running.value)
      : there !== undefined
      ? (yield* Effect.promise(() => import("./remote.ts"))).remoteServices(there.url, there.token)
      : Option.isSome(folder)
      ? yield* embedded(folder.value, { schema }, exactTypes())
      : Layer.provideMerge(engineLayer({ schema, notify: false }, false, false), yield* client)
    return yield* Effect.mapError(Effect.provide(use, Layer.merge(services, yield* output)), stoppedBy)
  }).pipe(logsApart)
