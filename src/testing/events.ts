/** Events in tests: all that was told, without a stream to be read beside what the test performs. */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { Engine } from "../Engine.ts"
import type { ActionEvent, ActionEvents, EventFilter } from "../Events.ts"
import type { InvalidActorId } from "../SteppedError.ts"

/**
 * What was told since the recording began.
 *
 * @category models
 * @since 0.1.0
 */
export interface EventRecorder<out Tag extends keyof ActionEvents = keyof ActionEvents> {
  /** All of it, in its order. */
  readonly all: Effect.Effect<ReadonlyArray<ActionEvent<Tag>>>
  /** What this has not given before. */
  readonly news: Effect.Effect<ReadonlyArray<ActionEvent<Tag>>>
}

/**
 * Records events, of which none is lost, until the scope closes.
 *
 * **Details**
 *
 * They are those of `Stepped.events`, with the same filter. What has been committed when it is asked is there.
 *
 * **Example** (What a retry looks like)
 *
 * ```ts
 * import { Effect } from "effect"
 * import { performSteppedActions, recordEvents } from "stepped/testing"
 *
 * const retries = Effect.scoped(Effect.gen(function*() {
 *   const recorder = yield* recordEvents({ tags: ["StepRetries"] })
 *   yield* performSteppedActions()
 *   return (yield* recorder.all).map(({ step }) => step.name)
 * }))
 * ```
 *
 * @category performing
 * @since 0.1.0
 */
export const recordEvents = <const Tag extends keyof ActionEvents = keyof ActionEvents>(
  filter: EventFilter<Tag> = {}
): Effect.Effect<EventRecorder<Tag>, InvalidActorId, Engine | Scope.Scope> =>
  Effect.gen(function*() {
    const engine = yield* Engine
    const all: Array<ActionEvent<Tag>> = []
    let given = 0
    yield* engine.listen(filter, { told: (event) => void all.push(event) })
    return {
      all: Effect.map(engine.told, () => [...all]),
      news: Effect.map(engine.told, () => {
        const news = all.slice(given)
        given = all.length
        return news
      })
    }
  })
