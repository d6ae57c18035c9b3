/** The verbs of `Schedules`: rows that programs put, what operators ask for, and what is shown. */
import * as Effect from "effect/Effect"
import { errorText } from "../../domain/Failure.ts"
import type { ActionStatus } from "../../domain/Phase.ts"
import { firesAt, firesNext, type Slots, slotsOf, slotsWithin } from "../../domain/ScheduleSlots.ts"
import type { AnyScheduleOptions } from "../../ScheduleOptions.ts"
import type { Backfilled, FiredSlot, ScheduleRecord, Schedules, ScheduleState } from "../../Schedules.ts"
import {
  InvalidQuery,
  ScheduleTaken,
  type StorageError,
  UnknownSchedule,
  type UnsuitableIsolation
} from "../../SteppedError.ts"
import {
  canBeStored,
  limitOf,
  operationIfNamed,
  operationOf,
  pauseOptionsOf,
  timeOf,
  wordsOf
} from "../../store/asked.ts"
import type { NewOperation } from "../../store/Records.ts"
import type { Fire, ScheduleStore, StoredSchedule, StoredSlot } from "../../store/Scheduled.ts"
import { ofSchedules, strictly } from "../../store/strictly.ts"
import { countOf } from "../../store/weight.ts"
import { invocationOf, slotKey, weighFire } from "../schedules/firing.ts"
import { fromNow, readSchedule } from "../schedules/given.ts"
import { allOf } from "./allSchedules.ts"
import type { ClientContext } from "./context.ts"

type Context = Pick<ClientContext, "store" | "settings" | "registry" | "now" | "newActionId" | "wakeups" | "workers">

const nextLimit = { otherwise: 5, most: 1000 }
const backfillMax = 1000

/** Behind the time of what was run by hand, in its key: a slot of that very moment has another one. */
const handMark = "/"

export const make = (context: Context): Schedules["Service"] =>
  strictly("Schedules", ofSchedules, {
    ...rowsOf(context),
    ...shownOf(context),
    ...operatedOf(context),
    ...allOf(context)
  })

const find = (store: ScheduleStore, name: string): Effect.Effect<StoredSchedule, UnknownSchedule | StorageError> =>
  Effect.flatMap(
    canBeStored(name) ? store.schedules({ name }, 1) : Effect.succeed([]),
    ([schedule]) =>
      schedule === undefined ? Effect.fail(new UnknownSchedule({ schedule: name })) : Effect.succeed(schedule)
  )

/** As it is recorded. */
const targetOf = (name: string): string => `schedule ${name}`

/** What a transaction of the program has put is looked at once that is committed. */
const after = ({ store }: Context, then: () => void): Effect.Effect<void> =>
  Effect.flatMap(
    store.inTransaction,
    (inside) => inside ? store.afterCommit(Effect.sync(then)) : Effect.sync(then)
  )

/** Of what a transaction of the program asks for, whose isolation level is its own. */
const inItsTransaction = <A>(
  { store }: Context,
  what: string,
  asked: Effect.Effect<A, StorageError>
): Effect.Effect<A, StorageError | UnsuitableIsolation> =>
  Effect.flatMap(
    store.inTransaction,
    (inside): Effect.Effect<A, StorageError | UnsuitableIsolation> =>
      inside ? Effect.mapError(asked, store.inOpenTransaction(what)) : asked
  )

/** Its slots, unless another version has stored what this one cannot read. */
const slotsIn = ({ name, spec, until, zone }: StoredSchedule): Effect.Effect<Slots, InvalidQuery> =>
  Effect.try({
    try: () => slotsOf(spec, zone, until),
    catch: (error) =>
      new InvalidQuery({ field: `the schedule ${name}`, value: JSON.stringify(spec), takes: errorText(error) })
  })

/** As `slotsWithin`, one after another: to find what comes rarely takes a while, in which others go on, and whoever asks may stop to wait. */
const slotsBetween = (slots: Slots, from: number, to: number, most: number): Effect.Effect<ReadonlyArray<number>> =>
  Effect.gen(function*() {
    const found: Array<number> = []
    for (let after = from - 1; found.length < most;) {
      const [slot] = slotsWithin(slots, after + 1, to, 1)
      if (slot === undefined) break
      found.push(slot)
      after = slot
      yield* Effect.yieldNow
    }
    return found
  })

const rowsOf = (context: Context): Pick<Schedules["Service"], "put" | "remove"> => {
  const { now, settings, store, workers } = context
  return {
    put: (name, options) =>
      Effect.gen(function*() {
        const at = yield* now
        const given = yield* readSchedule(name, options as unknown as AnyScheduleOptions, "row", settings, at)
        const schedule = fromNow(given, at)
        const became = yield* inItsTransaction(context, "putting a schedule", store.putSchedule(at, schedule))
        if (became === "taken" || became === "older") return yield* new ScheduleTaken({ schedule: name })
        const { nextAt } = schedule
        if (nextAt !== null) yield* after(context, () => workers.know(nextAt))
        return became
      }),
    remove: (name, options = {}) =>
      Effect.gen(function*() {
        const operation = yield* operationIfNamed(now, "Schedules.remove", targetOf(name), options)
        if (!canBeStored(name)) return "none"
        const asked = store.operateSchedule("remove", name, operation)
        return (yield* inItsTransaction(context, "removing a schedule", asked)) as "done"
      })
  }
}

// -------------------------------------------------------------------------------------------------------------------
// shown
// -------------------------------------------------------------------------------------------------------------------

const date = (millis: number | null | undefined) =>
  millis === null || millis === undefined ? undefined : new Date(millis)

const stateOf = ({ isServed, pause, slot, trouble }: StoredSchedule): ScheduleState =>
  trouble !== undefined
    ? "broken"
    : slot === null
    ? "over"
    : pause !== undefined
    ? "paused"
    : isServed
    ? "active"
    : "orphaned"

/** As readers have it. */
export const recordOf = (schedule: StoredSchedule): ScheduleRecord => {
  const { catchUp, definition, pause, spec, until, zone } = schedule
  const [actorType, action] = definition.split("/") as [string, string]
  return {
    name: schedule.name,
    state: stateOf(schedule),
    source: schedule.source,
    cron: "cron" in spec ? spec.cron : undefined,
    everyMs: "every" in spec ? spec.every : undefined,
    at: "at" in spec && Number.isFinite(spec.at) ? new Date(spec.at) : undefined,
    zone: zone ?? undefined,
    actorType,
    actorId: schedule.actorId,
    action,
    arguments: schedule.arguments,
    catchUp: catchUp.policy === "all" ? { max: catchUp.max, windowMs: catchUp.window } : catchUp.policy,
    jitterMs: schedule.jitter ?? undefined,
    until: date(until),
    slot: date(schedule.slot),
    firesAt: date(schedule.nextAt),
    lastSlot: date(schedule.lastSlot),
    pause: pause && { ...pause, since: new Date(pause.since) },
    trouble: schedule.trouble,
    hash: schedule.hash
  }
}

const shownOf = (
  { now, store }: Context
): Pick<Schedules["Service"], "find" | "list" | "next" | "history"> => ({
  find: (name) => Effect.map(find(store, name), recordOf),
  list: (filter = {}) =>
    Effect.gen(function*() {
      const { action, actorId, actorType, after, source } = filter
      const limit = yield* limitOf("limit of Schedules.list", filter.limit)
      yield* wordsOf("source of Schedules.list", source === undefined ? undefined : [source], ["code", "row"])
      if ((action === undefined) !== (actorType === undefined)) {
        return yield* new InvalidQuery({
          field: "action of Schedules.list",
          value: String(action),
          takes: "an action of an actor: give actorType and action together"
        })
      }
      if (![actorId, actorType, action, after].every((text) => text === undefined || canBeStored(text))) return []
      const definition = action === undefined ? undefined : `${actorType}/${action}`
      return (yield* store.schedules({ definition, actorId, after, source }, limit)).map(recordOf)
    }),
  next: (name, count) =>
    Effect.gen(function*() {
      const limit = yield* limitOf("count of Schedules.next", count, nextLimit)
      const schedule = yield* find(store, name)
      const { slot, spec } = schedule
      if (slot === null || schedule.trouble !== undefined) return []
      const slots = yield* slotsIn(schedule)
      // what is overdue fires, or does not, as soon as somebody looks
      const first = "at" in spec ? slot : firesNext({ ...schedule, slots }, slot, (yield* now) - 1)
      if (first === undefined) return []
      const found = yield* slotsBetween(slots, first, Infinity, limit)
      return found.map((one) => ({ slot: new Date(one), firesAt: new Date(firesAt({ ...schedule, slots }, one)) }))
    }),
  history: (name, options = {}) =>
    Effect.gen(function*() {
      const limit = yield* limitOf("limit of Schedules.history", options.limit)
      const before = options.before === undefined
        ? undefined
        : slotKey(yield* timeOf("before of Schedules.history", options.before))
      const slots = canBeStored(name) ? yield* store.slotsOfSchedule(name, limit, before) : []
      // what a removed one has fired is shown as long as it is there
      if (slots.length === 0) yield* find(store, name)
      return slots.map((one): FiredSlot => {
        const [slot, hand] = one.key.split(handMark)
        return {
          slot: new Date(slot!),
          byHand: hand !== undefined,
          at: new Date(one.at),
          action: one.action,
          status: one.status as "queued" | ActionStatus | undefined
        }
      })
    })
})

// -------------------------------------------------------------------------------------------------------------------
// operated
// -------------------------------------------------------------------------------------------------------------------

const operatedOf = (context: Context): Pick<Schedules["Service"], "pause" | "resume" | "run" | "backfill"> => {
  const { now, store, wakeups, workers } = context
  const unknown = (name: string) => new UnknownSchedule({ schedule: name })

  const enqueue = (name: string, operation: NewOperation, fires: ReadonlyArray<Fire>, at: number) =>
    Effect.gen(function*() {
      const enqueued = yield* store.enqueueForSchedule(at, name, operation, fires)
      if (enqueued === undefined) return yield* unknown(name)
      yield* after(context, wakeups.queued)
      return enqueued
    })

  /** Until it is at the slot that was read: somebody may fire it meanwhile. */
  const resume = (
    name: string,
    operation: NewOperation
  ): Effect.Effect<"done" | "notPaused", UnknownSchedule | InvalidQuery | StorageError> =>
    Effect.gen(function*() {
      const schedule = yield* find(store, name)
      const { slot } = schedule
      const slots = yield* slotsIn(schedule)
      const next = slot === null ? undefined : firesNext({ ...schedule, slots }, slot, yield* now)
      const to = next === undefined
        ? { slot: null, nextAt: null }
        : { slot: next, nextAt: firesAt({ ...schedule, slots }, next) }
      const became = yield* store.operateSchedule("resume", name, operation, { slot }, to)
      if (became === "moved") return yield* resume(name, operation)
      if (became === "none") return yield* unknown(name)
      if (to.nextAt !== null) workers.know(to.nextAt)
      return became as "done"
    })

  return {
    pause: (name, options) =>
      Effect.gen(function*() {
        const why = yield* pauseOptionsOf("Schedules.pause", options)
        const operation = yield* operationOf(now, "Schedules.pause", targetOf(name), why)
        const { name: known } = yield* find(store, name)
        const became = yield* store.operateSchedule("pause", known, operation)
        return became === "none" ? yield* unknown(name) : became as "done"
      }),
    resume: (name, options) =>
      Effect.flatMap(
        operationOf(now, "Schedules.resume", targetOf(name), options),
        (operation) => resume(name, operation)
      ),
    run: (name, options) =>
      Effect.gen(function*() {
        const operation = yield* operationOf(now, "Schedules.run", targetOf(name), options)
        const schedule = yield* find(store, name)
        const at = yield* now
        const invocation = yield* invocationOf(context, schedule, at)
        const key = `${slotKey(at)}${handMark}`
        const { first } = yield* enqueue(name, operation, [{ schedule: name, key, invocation }], at)
        return first ?? invocation.action
      }),
    backfill: (name, range, options) =>
      Effect.gen(function*() {
        const operation = yield* operationOf(now, "Schedules.backfill", targetOf(name), options)
        const at = yield* now
        const { schedule, slots } = yield* slotsToFill(store, name, range, at)
        const fires: Array<Fire> = []
        for (const slot of slots) {
          fires.push({ schedule: name, key: slotKey(slot), invocation: yield* invocationOf(context, schedule, at) })
        }
        const most = countOf(fires, weighFire, Infinity)
        if (most < fires.length) {
          return yield* refusedRange(
            "from",
            range.from,
            `a range of ${most} slots at most, as its arguments are large`
          )
        }
        if (options?.dryRun === true) {
          const known = yield* knownSlots(store, name, slots)
          return filledOf(fires.filter(({ key }) => !known.has(key)), slots.length, [])
        }
        const { enqueued } = yield* enqueue(name, operation, fires, at)
        const ids = new Set(enqueued)
        return filledOf(fires.filter(({ invocation }) => ids.has(invocation.action)), slots.length, enqueued)
      })
  }
}

// -------------------------------------------------------------------------------------------------------------------
// ranges
// -------------------------------------------------------------------------------------------------------------------

const refusedRange = (field: string, value: Date, takes: string) =>
  new InvalidQuery({ field: `${field} of Schedules.backfill`, value: value.toISOString(), takes })

/** The slots of a range that has passed. */
const slotsToFill = (
  store: ScheduleStore,
  name: string,
  range: { readonly from: Date; readonly to?: Date | undefined },
  at: number
) =>
  Effect.gen(function*() {
    const from = yield* timeOf("from of Schedules.backfill", range.from)
    const to = range.to === undefined ? at : yield* timeOf("to of Schedules.backfill", range.to)
    if (to > at) return yield* refusedRange("to", new Date(to), "a time that has passed: what comes fires by itself")
    if (from > to) {
      return yield* refusedRange(
        "from",
        range.from,
        range.to === undefined ? "a time that has passed" : "a time before to"
      )
    }
    const schedule = yield* find(store, name)
    const slots = yield* slotsBetween(yield* slotsIn(schedule), from, to, backfillMax + 1)
    if (slots.length > backfillMax) {
      return yield* refusedRange(
        "from",
        range.from,
        `a range of ${backfillMax} slots at most: ask for a part of it first`
      )
    }
    return { schedule, slots }
  })

const filledOf = (fires: ReadonlyArray<Fire>, all: number, enqueued: ReadonlyArray<string>): Backfilled => ({
  slots: fires.map(({ key }) => new Date(key)),
  enqueued,
  before: all - fires.length
})

/** The keys of what was enqueued from the first of these slots to the last. */
const knownSlots = (store: ScheduleStore, name: string, slots: ReadonlyArray<number>) =>
  Effect.gen(function*() {
    const known = new Set<string>()
    const first = slots[0]
    const last = slots.at(-1)
    if (first === undefined || last === undefined) return known
    let before: string | undefined = slotKey(last + 1)
    while (before !== undefined && before > slotKey(first)) {
      const page: ReadonlyArray<StoredSlot> = yield* store.slotsOfSchedule(name, backfillMax, before)
      for (const { key } of page) known.add(key)
      before = page.length < backfillMax ? undefined : page.at(-1)?.key
    }
    return known
  })
