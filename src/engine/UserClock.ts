/**
 * The time that programs see: their clock, which tests move, corrected by the database's where workers on several machines share it.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { StorageError } from "../SteppedError.ts"
import { realClock } from "../store/RealClock.ts"
import type { Store } from "../store/Store.ts"
import { retryAtStart } from "./retrying.ts"

/** Less than this is no difference between two clocks, in ms. */
const leastOffset = 20

/** User time in whole ms; `follows`: as the database has it. */
export const make = (
  store: Pick<Store["Service"], "clockOffset">,
  follows: boolean
): Effect.Effect<Effect.Effect<number>, StorageError, Scope.Scope> =>
  Effect.gen(function*() {
    // invariant: 0 while the clocks agree; measuring alone changes it
    let offset = 0
    const measure = Effect.map(store.clockOffset, ({ millis, uncertainty }) => {
      // within the network's uncertainty the machine's own clock, or what was known of it, is the better one: an answer may be late, and
      // clocks that are read in whole ms are no nearer than that
      if (Math.abs(millis - offset) > uncertainty + leastOffset) {
        offset = Math.abs(millis) < leastOffset ? 0 : millis
      }
    })
    if (follows) {
      yield* retryAtStart(measure)
      yield* Effect.forkScoped(
        Effect.forever(Effect.andThen(Effect.sleep("1 minute"), Effect.ignore(measure))).pipe(
          Effect.provideService(Clock.Clock, realClock)
        )
      )
    }
    return Clock.clockWith((clock) => Effect.succeed(Math.round(clock.currentTimeMillisUnsafe() + offset)))
  })
