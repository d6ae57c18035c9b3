/**
 * Places of the engine where no statement runs, by name: a test lets the process end there, or pause. Free when nobody asks.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"

/** After an answer and before it is taken in; `performed` and `prepared` between user code's end and its commit; `healed` where upkeep had something to heal. */
export type Place =
  | "enqueued"
  | "executed"
  | "claimed"
  | "prepared"
  | "performed"
  | "committed"
  | "remembered"
  | "transacted"
  | "ticked"
  | "completed"
  | "compared"
  | "renewed"
  | "healed"
  | "fired"

/**
 * What happens at each place; nothing, if not given.
 *
 * @internal
 */
export const Failpoint = Context.Reference<((place: Place) => Effect.Effect<void>) | undefined>("stepped/Failpoint", {
  defaultValue: () => undefined
})

/** Has an effect reach a place when it has succeeded. */
export type ReachFailpoint = <A, E, R>(place: Place, effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>

export const reach: Effect.Effect<ReachFailpoint> = Effect.map(
  Failpoint,
  (stop): ReachFailpoint =>
    stop === undefined ? (_, effect) => effect : (place, effect) => Effect.tap(effect, stop(place))
)
