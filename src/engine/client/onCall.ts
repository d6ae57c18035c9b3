/** What whoever is on call asks: why an action is not finished, whether the invariants hold, how the database is. */
import * as Effect from "effect/Effect"
import type { Engine } from "../../Engine.ts"
import { healthOf } from "../healthNotes.ts"
import type { ClientContext } from "./context.ts"
import * as Why from "./why.ts"

type OnCall = Pick<Engine["Service"], "why" | "doctor" | "databaseHealth">

export const make = (context: Pick<ClientContext, "now" | "store">): OnCall => ({
  why: Why.make(context),
  doctor: context.store.examine,
  databaseHealth: Effect.map(context.store.health, healthOf)
})
