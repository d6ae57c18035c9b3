/** The dashboard of a program that is written just now: at one address, whichever generation serves it. */
import { Effect, Option } from "effect"
import { spawn } from "node:child_process"
import { createServer } from "node:net"
import { Output } from "../Output.ts"
import type { Starter } from "./starter.ts"

const host = "127.0.0.1"

/** A page that is open somewhere keeps no generation from stopping. */
const grace = "500 millis"

/** A port that is free just now: each generation has the dashboard there, so that a page that is open goes on with the next one. */
export const freePort: Effect.Effect<number> = Effect.callback<number>((resume) => {
  const server = createServer()
  server.once("error", (error) => resume(Effect.die(error)))
  server.listen(0, host, () => {
    const address = server.address()
    const port = typeof address === "object" && address !== null ? address.port : 0
    server.close(() => resume(Effect.succeed(port)))
  })
})

/** Serves it, and tells whoever has started this process where; that it cannot be served is said, and nothing else ends by it. */
export const dashboardAt = (port: number, mayReadPayloads: boolean, to: Starter) =>
  Effect.gen(function*() {
    const { remark, value } = yield* Output
    const { serving } = yield* Effect.promise(() => import("../serving.ts"))
    const said = (origin: string) => {
      const address = `${origin}/dashboard/`
      return to.isAlone
        ? value({ event: "dashboard", address }, `dashboard: ${address}`)
        : to.tell({ _tag: "Serving", address })
    }
    yield* Effect.catchTag(
      serving({ host, port, token: Option.none(), mayReadPayloads, grace, said }),
      "ServeError",
      ({ cause }) => remark(`the dashboard is not served: ${host}:${port} cannot be listened at: ${String(cause)}`)
    )
  })

/** The command that opens an address in a browser here; none where nobody would see it. */
export const opener = (
  platform: NodeJS.Platform,
  env: Readonly<Record<string, string | undefined>>
): readonly [command: string, ...args: ReadonlyArray<string>] | undefined => {
  if (env["CI"] !== undefined || env["SSH_CONNECTION"] !== undefined) return undefined
  if (platform === "darwin") return ["open"]
  if (platform === "win32") return ["cmd", "/c", "start", ""]
  return env["DISPLAY"] !== undefined || env["WAYLAND_DISPLAY"] !== undefined ? ["xdg-open"] : undefined
}

/** Opens it if there is a browser; whoever has none has the address. */
export const openInBrowser = (address: string): Effect.Effect<void> =>
  Effect.sync(() => {
    const [command, ...args] = opener(process.platform, process.env) ?? []
    if (command === undefined) return
    const child = spawn(command, [...args, address], { stdio: "ignore", detached: true })
    child.on("error", () => {})
    child.unref()
  })
