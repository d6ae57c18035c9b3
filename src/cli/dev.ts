/** The command for who writes a program: it runs, is shown, and is started again where a file of it has changed. */
import { Effect, Option, Redacted } from "effect"
import { Command, Flag } from "effect/cli"
import { existsSync } from "node:fs"
import { resolve } from "node:path"
import { folderAlone, Json, Local, Payloads, SchemaFlag, Url } from "./connection.ts"
import { freePort } from "./dev/dashboard.ts"
import { generation } from "./dev/generation.ts"
import { generations } from "./dev/generations.ts"
import { exitCodes, usage } from "./failures.ts"
import { module } from "./module.ts"

/** Where the data is that nobody has asked to be elsewhere. */
const usualFolder = ".stepped"

/** Being told to stop is how it ends, and no failure. */
const untilStopped = <E, R>(running: Effect.Effect<unknown, E, R>) =>
  Effect.onInterrupt(running, () => Effect.sync(() => void (process.exitCode = exitCodes.done)))

const dev = Command.make("dev", {
  module,
  once: Flag.Boolean("once").pipe(
    Flag.withDescription("One generation, in this process: no file is watched"),
    Flag.withDefault(false)
  ),
  skipWaits: Flag.Boolean("skip-waits").pipe(
    Flag.withDescription("While nothing performs, let time run on to the end of the next wait, retry or delay"),
    Flag.withDefault(false)
  ),
  skipTimeouts: Flag.Boolean("skip-timeouts").pipe(
    Flag.withDescription("The same, and to timeouts, too, where there is nothing else to wait for"),
    Flag.withDefault(false)
  ),
  migrate: Flag.Boolean("migrate").pipe(
    Flag.withDescription("With --url: create or update the tables first; those of a folder always are"),
    Flag.withDefault(false)
  ),
  port: Flag.Int("port").pipe(
    Flag.withDescription("The port of the dashboard: one that is free, if not given; with --once there is none then"),
    Flag.optional
  ),
  noOpen: Flag.Boolean("no-open").pipe(
    Flag.withDescription("Leave the dashboard for who opens its address, in place of opening it in a browser"),
    Flag.withDefault(false)
  )
}, (given) =>
  Effect.gen(function*() {
    const url = yield* Url
    const folder = yield* folderAlone
    const skips = given.skipTimeouts ? "waits and timeouts" : given.skipWaits ? "waits" : "nothing"
    if (Option.isSome(url) && skips !== "nothing") {
      return yield* usage(
        "--skip-waits and --skip-timeouts are for the database of a folder: on a server time is everybody's"
      )
    }
    if (!existsSync(resolve(given.module))) {
      return yield* usage(
        `${given.module} is not there: a module that exports \`stepped\`, as \`stepped init\` makes one`
      )
    }
    if (Option.exists(given.port, (port) => port < 1 || port > 65_535)) return yield* usage("--port: from 1 to 65535")
    const schema = yield* SchemaFlag
    const data = Option.isSome(url) ? undefined : resolve(Option.getOrElse(folder, () => usualFolder))
    const json = yield* Json
    const payloads = yield* Payloads
    const shown = [
      ...json ? ["--json"] : [],
      ...payloads ? ["--payloads"] : [],
      ...(yield* Local) ? ["--local"] : []
    ]
    const where = [
      ...Option.isSome(schema) ? ["--schema", schema.value] : [],
      ...data === undefined ? [] : ["--folder", data],
      ...Option.isSome(url) ? ["--url", Redacted.value(url.value)] : []
    ]
    if (given.once) {
      const { migrate, module } = given
      return yield* untilStopped(
        generation({
          module,
          folder: data,
          migrate,
          skips,
          json,
          port: Option.getOrUndefined(given.port),
          // a folder is of who writes the program; a server may be anybody's
          mayReadPayloads: payloads || data !== undefined,
          flags: shown
        })
      )
    }
    const port = Option.isSome(given.port) ? given.port.value : yield* freePort
    const args = [
      "dev",
      given.module,
      "--once",
      ...given.skipWaits ? ["--skip-waits"] : [],
      ...given.skipTimeouts ? ["--skip-timeouts"] : [],
      ...given.migrate ? ["--migrate"] : [],
      "--port",
      String(port),
      ...shown,
      ...where
    ]
    yield* untilStopped(generations({ args, root: process.cwd(), data, opens: !given.noOpen }))
  })).pipe(
    Command.withDescription(
      "Run a module while it is written: its files are watched, its trees shown, and commands may be typed; its dashboard is open"
    )
  )

export const devCommands = [dev] as const
