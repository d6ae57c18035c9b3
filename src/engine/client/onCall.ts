/** What whoever is on call asks: why an action is not finished, and whether the invariants hold. */
import type { Engine } from "../../Engine.ts"
import type { ClientContext } from "./context.ts"
import * as Why from "./why.ts"

type OnCall = Pick<Engine["Service"], "why" | "doctor">

export const make = (context: Pick<ClientContext, "now" | "store">): OnCall => ({
  why: Why.make(context),
  doctor: context.store.examine
})
