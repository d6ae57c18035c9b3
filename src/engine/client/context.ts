/** What clients have of their engine. */
import type * as Effect from "effect/Effect"
import type { Store } from "../../store/Store.ts"
import type { NewActionId } from "../ActionId.ts"
import type { Hub } from "../events/Hub.ts"
import type { ReachFailpoint } from "../Failpoint.ts"
import type { Registry } from "../Registry.ts"
import type { Settings } from "../Settings.ts"
import type { Wakeups } from "../Wakeups.ts"
import type { Workers } from "../worker/Workers.ts"
import type { OutcomeWatcher } from "./OutcomeWatcher.ts"

export interface ClientContext {
  readonly store: Store["Service"]
  readonly settings: Settings["Service"]
  readonly registry: Registry
  readonly now: Effect.Effect<number>
  readonly newActionId: NewActionId
  readonly watcher: OutcomeWatcher
  readonly wakeups: Wakeups
  readonly workers: Workers
  readonly failpoint: ReachFailpoint
  readonly hub: Hub
}
