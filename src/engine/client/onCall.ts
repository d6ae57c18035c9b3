/** What whoever is on call asks, or makes a deploy: whether a program performs what is there, why an action is not finished, whether the invariants hold, how process and database are. */
import * as Effect from "effect/Effect"
import type { Engine } from "../../Engine.ts"
import * as Checking from "../check/Checking.ts"
import { healthOf } from "../healthNotes.ts"
import { readiness } from "../readiness.ts"
import type { ClientContext } from "./context.ts"
import * as Suspects from "./suspects.ts"
import * as Why from "./why.ts"

type OnCall = Pick<
  Engine["Service"],
  "check" | "why" | "suspects" | "replacedArguments" | "doctor" | "databaseHealth" | "live" | "ready"
>

export const make = (
  context: Pick<ClientContext, "now" | "registry" | "settings" | "store" | "workers">
): OnCall => ({
  check: Checking.make(context),
  why: Why.make(context),
  suspects: Suspects.make(context),
  replacedArguments: context.store.replacedArguments,
  doctor: Effect.flatMap(context.now, context.store.examine),
  databaseHealth: Effect.map(context.store.health, healthOf),
  ...readiness(context.store, context.workers)
})
