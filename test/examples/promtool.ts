/**
 * Has `promtool` look at what the example about telemetry gives to Prometheus: `npm run promtool`. It checks the alerts and tries each of them on series
 * that are made for it, the settings, and every metric of the engine as Prometheus gets it.
 *
 * It needs `promtool`, which Debian has in `prometheus`, found in `PROMTOOL` or by its name.
 */
import { Effect } from "effect"
import { spawnSync } from "node:child_process"
import { exposition } from "./exposition.ts"

const program = process.env.PROMTOOL ?? "promtool"
const folder = new URL("../../examples/telemetry/", import.meta.url).pathname

const looks: ReadonlyArray<readonly [args: ReadonlyArray<string>, input?: string]> = [
  [["check", "rules", "alerts.yml"]],
  [["test", "rules", "alerts.test.yml"]],
  [["check", "config", "prometheus.yml"]],
  [["check", "metrics"], await Effect.runPromise(exposition)]
]

const failed = looks.filter(([args, input]) => {
  const { error, status, stderr, stdout } = spawnSync(program, args, { cwd: folder, input, encoding: "utf8" })
  const said = [error?.message, stdout, stderr].filter((text) => text !== undefined && text.trim() !== "").join("\n")
  // of metrics it says what it would name otherwise, and that is all
  const isWell = error === undefined && status === 0 && (args[1] !== "metrics" || said === "")
  if (!isWell) console.error(`promtool ${args.join(" ")}:\n${said}`)
  return !isWell
})

if (failed.length > 0) process.exit(1)
console.log("promtool finds nothing in the alerts, their tests, the settings and the metrics")
