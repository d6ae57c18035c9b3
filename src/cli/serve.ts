/** The command that serves what operators look at and ask for over HTTP. */
import { Config, Effect, Option } from "effect"
import { Command, Flag } from "effect/cli"
import { Payloads, withEngine } from "./connection.ts"
import { usage } from "./failures.ts"
import { Output } from "./Output.ts"
import { RemoteVerbs } from "./RemoteVerbs.ts"
import { untilTerminated } from "./stopping.ts"

const serve = Command.make("serve", {
  port: Flag.Int("port").pipe(
    Flag.withDescription("The port: 4400 if not given, 0 for one that is free"),
    Flag.withDefault(4400)
  ),
  host: Flag.String("host").pipe(
    Flag.withDescription("The address that it listens at: 127.0.0.1 if not given. Others take STEPPED_TOKEN"),
    Flag.withDefault("127.0.0.1")
  ),
  origin: Flag.String("origin").pipe(
    Flag.withDescription(
      "Behind a proxy that changes Host: from where browsers ask, such as https://ops.example.com. Several, if need be"
    ),
    Flag.atLeast(0)
  )
}, ({ host, origin: origins, port }) =>
  Effect.gen(function*() {
    const token = yield* Effect.orElseSucceed(Config.option(Config.Redacted("STEPPED_TOKEN")), Option.none)
    if (Option.isNone(token) && !["127.0.0.1", "localhost", "::1"].includes(host)) {
      return yield* usage(`--host ${host} lets others in: set STEPPED_TOKEN, which they have to show`)
    }
    if (port < 0 || port > 65_535) return yield* usage("--port: from 0 to 65535")
    const { isOrigin } = yield* Effect.promise(() => import("../http/origin.ts"))
    const strange = origins.find((origin) => !isOrigin(origin))
    if (strange !== undefined) {
      return yield* usage(
        `--origin is ${JSON.stringify(strange)}: it takes a scheme and a host, such as https://ops.example.com`
      )
    }
    const mayReadPayloads = yield* Payloads
    const { serving } = yield* Effect.promise(() => import("./serving.ts"))
    return yield* withEngine(Effect.gen(function*() {
      if (Option.isSome(yield* Effect.serviceOption(RemoteVerbs))) {
        return yield* usage(
          "STEPPED_URL names an API, and this serves a database: leave it out, or give --url or --folder"
        )
      }
      const output = yield* Output
      return yield* Effect.catchTag(
        serving({
          host,
          port,
          token,
          origins,
          mayReadPayloads,
          said: (origin) =>
            output.value(
              { dashboard: `${origin}/dashboard/`, docs: `${origin}/api/docs` },
              `serves ${origin}/dashboard/ and /api/docs`
            )
        }),
        "ServeError",
        ({ cause }) => usage(`${host}:${port} cannot be listened at: ${String(cause)}`)
      )
    }))
  }).pipe(untilTerminated)).pipe(
    Command.withDescription("Serve the API and the dashboard over HTTP, without a worker, until it is told to stop")
  )

export const serveCommands = [serve] as const
