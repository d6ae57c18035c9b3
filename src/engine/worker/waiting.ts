/** How a worker waits and insists: on the real clock, whatever clock the program runs on. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import { realClock } from "../../sql/storageError.ts"

/** A moment that is longer with each attempt: 20 ms, then twice as long each time, a second at most. */
export const pause = (attempt: number): Effect.Effect<void> => realSleep(Math.min(1000, 20 * 2 ** attempt))

export const realSleep = (millis: number): Effect.Effect<void> =>
  Effect.provideService(Effect.sleep(millis), Clock.Clock, realClock)

/** How often what the database refuses is tried in its place, if the database answers others. */
export const inPlace = 3
