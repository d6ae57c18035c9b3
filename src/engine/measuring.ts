/** Gauges of what only the database knows: asked for when somebody reads them, and at no other time. */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { ownQueue } from "../domain/reserved.ts"
import { StorageError } from "../SteppedError.ts"
import { families, type Family, type Meter } from "../store/Meter.ts"
import { within } from "../store/RealClock.ts"
import type { Store } from "../store/Store.ts"
import type { Registry } from "./Registry.ts"

/** Whoever scrapes waits some ten seconds. */
const limit = Duration.seconds(5)

const late = () =>
  new StorageError({
    operation: "measure",
    isRetryable: true,
    cause: new Error(`no answer within ${Duration.format(limit)}`)
  })

export const measuring = (
  store: Pick<Store["Service"], "measure">,
  registry: Registry,
  meter: Meter,
  now: Effect.Effect<number>
): Effect.Effect<void, StorageError> => {
  // invariant: the queues of which the gauges say something
  const said = new Set<string>()

  // invariant: the gauges of schedules that say something
  const saidOfSchedules = new Set<Family>()

  const forgetSchedules = () => {
    for (const family of saidOfSchedules) meter.forget(family)
    saidOfSchedules.clear()
  }
  const sayOfSchedules = (family: Family, value: number) => {
    saidOfSchedules.add(family)
    meter.take(family, value)
  }
  const forget = (queue: string) => {
    said.delete(queue)
    meter.forget(families.depth, queue)
    meter.forget(families.oldest, queue)
  }
  const say = (queue: string, due: number, ageMs: number) => {
    said.add(queue)
    meter.take(families.depth, due, queue)
    meter.take(families.oldest, Math.max(0, ageMs) / 1000, queue)
  }

  return Effect.gen(function*() {
    const at = yield* now
    const { lanes, queues, schedules } = yield* within(store.measure(at), limit, late)
    const own = new Set(registry.all().map(({ definition }) => definition.queue))
    // what the engine has brought along is there where something is in it
    own.delete(ownQueue)
    const found = new Map(queues.map((one) => [one.queue, one]))
    for (const queue of said) if (!found.has(queue) && !own.has(queue)) forget(queue)
    for (const queue of own) if (!found.has(queue)) say(queue, 0, 0)
    for (const { due, queue, since } of queues) say(queue, due, at - since)
    meter.take(families.lanes, lanes)
    // where there are none, nothing is said of them
    if (schedules === undefined) return forgetSchedules()
    sayOfSchedules(families.schedulesBroken, schedules.broken)
    sayOfSchedules(families.schedulesOrphaned, schedules.orphaned)
    sayOfSchedules(families.schedulesOldest, Math.max(0, at - (schedules.since ?? at)) / 1000)
  }).pipe(Effect.onError(() =>
    // what was so the last time is not what is so now
    Effect.sync(() => {
      for (const queue of said) forget(queue)
      meter.forget(families.lanes)
      forgetSchedules()
    })
  ))
}
