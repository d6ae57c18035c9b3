/**
 * All schedules, paused and gone on with. Paused they are by one row, which whoever fires looks at. Who goes on has those that were to fire pass
 * that by first, page by page, while the pause still holds: so nothing that has passed in it fires, whoever dies in between, and what nobody can
 * fire just now does not catch up later.
 */
import * as Effect from "effect/Effect"
import { errorText } from "../../domain/Failure.ts"
import { firesNext, slotsOf, storedFiresAt } from "../../domain/ScheduleSlots.ts"
import type { Schedules } from "../../Schedules.ts"
import { InvalidQuery, type StorageError } from "../../SteppedError.ts"
import { operationOf, pauseOptionsOf } from "../../store/asked.ts"
import type { Move, ScheduleStore, StoredSchedule } from "../../store/Scheduled.ts"
import type { ClientContext } from "./context.ts"

const target = "schedules"

/** Schedules that one statement moves. */
const pageMax = 500

type Passed = Omit<Move, "last">

/** The slot that fires next after a time: without jitter, of many that have the same times by one look. */
const nextSlot = (
  known: Map<string, number | null>,
  { jitter, name, slot, spec, until, zone }: StoredSchedule,
  at: number
): Effect.Effect<number | null, InvalidQuery> => {
  const key = JSON.stringify([spec, zone, until])
  const found = jitter === null ? known.get(key) : undefined
  if (found !== undefined) return Effect.succeed(found)
  return Effect.try({
    try: () => {
      const slots = slotsOf(spec, zone, until)
      // what is at a slot is asked for
      if (jitter !== null) return firesNext({ name, jitter, slots }, slot as number, at) ?? null
      const next = slots.next(at) ?? null
      known.set(key, next)
      return next
    },
    catch: (error) =>
      new InvalidQuery({
        field: `the schedule ${name}`,
        value: JSON.stringify(spec),
        takes: `${errorText(error)}. Pause it by its name, or remove it, and go on with all schedules then`
      })
  })
}

/** Of a page what goes on where, one after another: others go on beside it. */
const movesOf = (
  known: Map<string, number | null>,
  page: ReadonlyArray<StoredSchedule>,
  at: number
): Effect.Effect<ReadonlyArray<Passed>, InvalidQuery> =>
  Effect.forEach(page, (schedule) =>
    Effect.gen(function*() {
      const { hash, name, slot } = schedule
      const next = yield* nextSlot(known, schedule, at)
      yield* Effect.yieldNow
      // what is at a slot is asked for
      const from = slot as number
      return { name, hash, slot: from, nextSlot: next, nextAt: next === null ? null : storedFiresAt(schedule, next) }
    }))

/** How often all of them are gone through for what somebody has changed meanwhile. What is left then was changed by hand, and fires nowhere. */
const walksMax = 10

/** Has all pass by what they were to fire by a time; gives how many. What somebody has changed meanwhile is looked at again. */
const passAll = (store: ScheduleStore, at: number): Effect.Effect<number, InvalidQuery | StorageError> =>
  Effect.gen(function*() {
    const known = new Map<string, number | null>()
    let passed = 0
    let isAgain = true
    for (let walk = 0; isAgain && walk < walksMax; walk++) {
      isAgain = false
      for (let after = "";;) {
        const page = yield* store.overdueSchedules(at, after, pageMax)
        const last = page.at(-1)
        if (last === undefined) break
        const count = yield* store.passSchedules(yield* movesOf(known, page, at))
        passed += count
        isAgain ||= count < page.length
        after = last.name
      }
    }
    return passed
  })

export const allOf = (
  { now, store, workers }: Pick<ClientContext, "now" | "store" | "workers">
): Pick<Schedules["Service"], "pauseAll" | "resumeAll"> => ({
  pauseAll: (options) =>
    Effect.gen(function*() {
      const why = yield* pauseOptionsOf("Schedules.pauseAll", options)
      const operation = yield* operationOf(now, "Schedules.pauseAll", target, why)
      return (yield* store.pause({ kind: "schedules", subject: "", ...why }, operation)) ? "done" : "paused"
    }),
  resumeAll: (options) =>
    Effect.gen(function*() {
      const operation = yield* operationOf(now, "Schedules.resumeAll", target, options)
      const at = yield* now
      const passed = yield* passAll(store, at)
      const isDone = yield* store.resumeSchedules(passed, operation)
      // they look when the next one fires
      workers.know(at)
      return { outcome: isDone ? "done" : "notPaused", passed }
    })
})
