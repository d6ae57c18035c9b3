/**
 * What a worker's program declares, stored (`declare_schedules.sql`): when the worker says what it can run, when that has changed, and when what
 * is in force is as nobody declares it any more that lives, as after a deploy was taken back.
 */
import * as Effect from "effect/Effect"
import type { StorageError } from "../../SteppedError.ts"
import type { ScheduleGiven } from "../../store/Scheduled.ts"
import type { Store } from "../../store/Store.ts"
import type { Log } from "../log.ts"
import { fromNow } from "./given.ts"

export const declare = (
  store: Store["Service"],
  log: Log,
  token: bigint | undefined,
  schedules: ReadonlyArray<ScheduleGiven>,
  now: number
): Effect.Effect<void, StorageError> =>
  Effect.gen(function*() {
    const became = yield* store.declareSchedules(token, now, schedules.map((given) => fromNow(given, now)))
    for (const [name, what] of became) {
      if (what === "taken") {
        yield* log.error(
          `the schedule ${name} of this program fires nothing: somebody has put a row of this name. Rename one of them`
        )
      }
    }
  })
