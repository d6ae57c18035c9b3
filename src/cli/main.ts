#!/usr/bin/env node
/** The program `stepped`. */
import { readFileSync } from "node:fs"

const main = async (): Promise<number> => {
  const platform = await import("@effect/platform-node/NodeServices").catch(() => undefined)
  if (platform === undefined) {
    process.stderr.write(
      "stepped: the command needs the package @effect/platform-node: npm install @effect/platform-node\n"
    )
    return 2
  }
  const [Effect, Exit, Fiber, { run }] = await Promise.all([
    import("effect/Effect"),
    import("effect/Exit"),
    import("effect/Fiber"),
    import("./index.ts")
  ])
  const { version } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as {
    readonly version: string
  }
  const fiber = Effect.runFork(Effect.provide(run(process.argv.slice(2), { version }), platform.layer))
  let code: number | undefined
  // who is told to stop ends what it has in hand; who is told so again, at once
  const stop = (signal: "SIGINT" | "SIGTERM") => {
    if (code !== undefined) process.exit(1)
    code = signal === "SIGTERM" ? 0 : 130
    fiber.interruptUnsafe()
  }
  process.on("SIGINT", stop)
  process.on("SIGTERM", stop)
  const exit = await Effect.runPromise(Fiber.await(fiber))
  return Exit.isSuccess(exit) ? exit.value : code ?? 1
}

process.exitCode = await main()
