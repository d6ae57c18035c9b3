/**
 * An agent that answers a customer: a language model decides what comes next, tools look up and pay, and a person approves.
 *
 * Each question to the model is asked once and paid for once, whatever dies; tools are children, tried again where they are
 * busy; a refund waits for a signal; and a lane with a rate is the budget for questions. The agent (`agent.ts`) is a process
 * of its own, on an embedded database. It dies when it has the model's first answer, and goes on without asking again.
 *
 * Run with `npm run example examples/agent/main.ts`.
 */
import { spawn } from "node:child_process"
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"

const state = await mkdtemp(join(tmpdir(), "stepped-agent-"))

/** Runs the agent until it ends, or dies. */
const agent = (crashes: boolean) =>
  new Promise<number | null>((resolve, reject) => {
    const args = ["--disable-warning=ExperimentalWarning", fileURLToPath(new URL("agent.ts", import.meta.url))]
    const env = { ...process.env, STATE: state, CRASHES: String(crashes) }
    spawn(process.execPath, [...process.execArgv, ...args], { env, stdio: ["ignore", "inherit", "inherit"] })
      .once("error", reject)
      .once("exit", resolve)
  })

try {
  console.log("A customer: the kite of order 7 came broken")
  if ((await agent(true)) !== 0) console.log("The agent has died. It is started again:")
  process.exitCode = await agent(false) ?? 1
} finally {
  await rm(state, { recursive: true, force: true })
}
