/** Creates or updates the tables, and ends: it runs before the workers of its version do. */
import { NodeRuntime } from "@effect/platform-node"
import { Console, Effect } from "effect"
import { Stepped } from "stepped"
import { DatabaseLive } from "./database.ts"

const program = Effect.gen(function*() {
  const ran = yield* Stepped.migrate()
  yield* Console.log(ran.length === 0 ? "nothing to migrate" : ran.map(([id, name]) => `${id} ${name}`).join("\n"))
})

NodeRuntime.runMain(Effect.provide(program, DatabaseLive))
