/** The command that serves what operators look at and ask for over HTTP. */
import { Config, Console, Effect, Option } from "effect"
import { Command, Flag } from "effect/cli"
import { Payloads, withEngine } from "./connection.ts"
import { usage } from "./failures.ts"

const serve = Command.make("serve", {
  port: Flag.Int("port").pipe(
    Flag.withDescription("The port: 4400 if not given, 0 for one that is free"),
    Flag.withDefault(4400)
  ),
  host: Flag.String("host").pipe(
    Flag.withDescription("The address that it listens at: 127.0.0.1 if not given. Others take STEPPED_TOKEN"),
    Flag.withDefault("127.0.0.1")
  )
}, ({ host, port }) =>
  Effect.gen(function*() {
    const token = yield* Effect.orElseSucceed(Config.option(Config.Redacted("STEPPED_TOKEN")), Option.none)
    if (Option.isNone(token) && !["127.0.0.1", "localhost", "::1"].includes(host)) {
      return yield* usage(`--host ${host} lets others in: set STEPPED_TOKEN, which they have to show`)
    }
    if (port < 0 || port > 65_535) return yield* usage("--port: from 0 to 65535")
    const mayReadPayloads = yield* Payloads
    const { serving } = yield* Effect.promise(() => import("./serving.ts"))
    return yield* withEngine(
      Effect.catchTag(
        serving({
          host,
          port,
          token,
          mayReadPayloads,
          said: (origin) => Console.log(`serves ${origin}/dashboard/ and /api/docs`)
        }),
        "ServeError",
        ({ cause }) => usage(`${host}:${port} cannot be listened at: ${String(cause)}`)
      )
    )
  })).pipe(
    Command.withDescription("Serve the API and the dashboard over HTTP, without a worker, until it is told to stop")
  )

export const serveCommands = [serve] as const
