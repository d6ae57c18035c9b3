/**
 * The time that programs see: their clock, which tests move, corrected by the database's where workers on several machines share it.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { StorageError } from "../SteppedError.ts"
import { realClock } from "../store/RealClock.ts"
import { Storage } from "../store/Storage.ts"
import { Store } from "../store/Store.ts"
import { UserTime } from "../store/UserTime.ts"
import { retryAtStart } from "./retrying.ts"
import { Settings } from "./Settings.ts"

/** Less than this is no difference between two clocks, in ms. */
const leastOffset = 20

/** User time, which goes on following the database until the scope ends. */
export const followed = Effect.flatMap(UserTime, ({ following, now }) => Effect.as(following, now))

/** One for all of a process, the services beside the engine too, as the database has it where it is to be followed. */
export const layer: Layer.Layer<UserTime, StorageError, Store | Settings | Storage> = Layer.effect(
  UserTime,
  Effect.gen(function*() {
    const store = yield* Store
    const follows = (yield* Settings).databaseClock && !(yield* Storage).embedded
    // invariant: 0 while the clocks agree; measuring alone changes it
    let offset = 0
    const measure = Effect.map(store.clockOffset, ({ millis, uncertainty }) => {
      // within the network's uncertainty the machine's own clock, or what was known of it, is the better one: an answer may be late, and
      // clocks that are read in whole ms are no nearer than that
      if (Math.abs(millis - offset) > uncertainty + leastOffset) {
        offset = Math.abs(millis) < leastOffset ? 0 : millis
      }
    })
    if (follows) yield* retryAtStart(measure)
    const following = Effect.forkScoped(
      Effect.forever(Effect.andThen(Effect.sleep("1 minute"), Effect.ignore(measure))).pipe(
        Effect.provideService(Clock.Clock, realClock)
      )
    )
    return {
      now: Clock.clockWith((clock) => Effect.succeed(Math.round(clock.currentTimeMillisUnsafe() + offset))),
      following: follows ? Effect.asVoid(following) : Effect.void
    }
  })
)
