#!/usr/bin/env node
/** The program `stepped`. */
import { once } from "node:events"
import { readFileSync } from "node:fs"

const main = async (): Promise<number> => {
  const args = process.argv.slice(2)
  const platform = await import("@effect/platform-node/NodeServices").catch(() => import("./bare.ts"))
  if ("isEnough" in platform && !platform.isEnough(args)) {
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
  const fiber = Effect.runFork(Effect.provide(run(args, { version }), platform.layer))
  // who is told to stop ends what it has in hand; who is told so again, at once
  const signal = Promise.race(["SIGINT", "SIGTERM"].map((name) => once(process, name).then(() => name)))
  void signal.then(() => fiber.interruptUnsafe())
  const exit = await Effect.runPromise(Fiber.await(fiber))
  if (Exit.isSuccess(exit)) return exit.value
  // what runs until it is told to stop has said how that was
  if (typeof process.exitCode === "number") return process.exitCode
  // cut off; nobody but a person at a prompt interrupts it otherwise
  return await Promise.race([signal, Promise.resolve("SIGINT")]) === "SIGTERM" ? 143 : 130
}

process.exitCode = await main()
