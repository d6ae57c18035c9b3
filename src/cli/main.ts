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
  const [Effect, { run }] = await Promise.all([import("effect/Effect"), import("./index.ts")])
  const { version } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as {
    readonly version: string
  }
  return Effect.runPromise(Effect.provide(run(process.argv.slice(2), { version }), platform.layer))
}

process.exitCode = await main()
