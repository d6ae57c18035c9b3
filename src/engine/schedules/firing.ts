/**
 * Firing: what is due is enqueued, and goes on to its next slot.
 *
 * A worker reads what is due, says here which slots of it fire and which one comes next, and has one statement enqueue and move that where it
 * is still at the slot that was read (`fire_schedules.sql`, where locks and crashes are written down). Between the two nothing is held: what
 * somebody else has fired, changed, paused or removed meanwhile is left as it is.
 */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Result from "effect/Result"
import { argumentsCodec } from "../../domain/Codec.ts"
import { errorText } from "../../domain/Failure.ts"
import { defaultKey } from "../../domain/Key.ts"
import { type CameDue, cameDue, slotsOf, storedFiresAt } from "../../domain/ScheduleSlots.ts"
import type { StorageError } from "../../SteppedError.ts"
import type { Invocation } from "../../store/Invocation.ts"
import type { Fire, Fireable, Mark, Move, ScheduleGiven, StoredSchedule } from "../../store/Scheduled.ts"
import type { Store } from "../../store/Store.ts"
import { statementBytes, weighInvocation } from "../../store/weight.ts"
import type { NewActionId } from "../ActionId.ts"
import { makeInvocation } from "../invoke/invocation.ts"
import type { Log } from "../log.ts"
import type { Registry } from "../Registry.ts"
import type { Settings } from "../Settings.ts"

export interface FiringContext {
  readonly store: Store["Service"]
  readonly registry: Registry
  readonly settings: Settings["Service"]
  readonly newActionId: NewActionId
  readonly log: Log
}

/** Schedules that one pass looks at, and slots that it enqueues. */
const rowsMax = 200
const firesMax = 500

/** How many that somebody else has locked are passed by. */
const skipMax = 50 * rowsMax

/** Slots of one schedule in a pass: what it has to catch up with keeps no other from firing. */
const slotsMax = 100

export const weighFire = ({ invocation }: Fire): number => weighInvocation(invocation)

/** Under which a slot is enqueued once. */
export const slotKey = (slot: number): string => new Date(slot).toISOString()

/** How long it takes until somebody tries again what could not be read: another version may. */
const againMs = 60_000

/** What this process fires: rows of the actions that it has, and what it declares, of whatever action. */
export const fireableOf = (registry: Registry): Fireable => {
  const declared = registry.schedules()
  const own = registry.all().map(({ key }) => key)
  return {
    definitions: declared.length === 0 ? own : [...new Set([...own, ...declared.map((one) => one.definition)])],
    hashes: declared.map(({ hash }) => hash)
  }
}

/**
 * What is enqueued for a slot: as its definition has it, where this process has that. Else as it is stored, for a worker to make its keys. What
 * cannot be read any more takes its actor's lane, and comes to perform, where it fails: what failed before that would be in no history.
 */
export const invocationOf = (
  { newActionId, registry, settings }: Pick<FiringContext, "registry" | "settings" | "newActionId">,
  schedule: ScheduleGiven,
  at: number
): Effect.Effect<Invocation> => {
  const runnable = registry.byKey(schedule.definition)
  const asStored: Invocation = {
    queue: runnable?.definition.queue ?? schedule.queue,
    action: newActionId(at),
    definition: schedule.definition,
    actorId: schedule.actorId,
    arguments: schedule.arguments,
    lane: null,
    checksumKey: null,
    checksum: null,
    timeout: null,
    parent: null,
    parentStep: null,
    depth: 0
  }
  if (runnable === undefined) return Effect.succeed(asStored)
  const { action, actor, definition } = runnable
  const made = Effect.flatMap(
    argumentsCodec(definition.arguments).decode(schedule.arguments),
    (args) =>
      makeInvocation({
        ref: actor.ref(schedule.actorId),
        actorId: schedule.actorId,
        action,
        args: args as ReadonlyArray<unknown>,
        id: asStored.action,
        parent: undefined,
        limit: settings.payload
      })
  )
  const lane = defaultKey(actor.type, schedule.actorId, action.name)
  return Effect.map(
    Effect.exit(made),
    (exit) => Exit.isSuccess(exit) ? exit.value : { ...asStored, lane, prepared: true }
  )
}

/** What one look at what is due comes to. */
interface Looked {
  /** How many of them were looked at. */
  seen: number
  readonly moves: Array<Move>
  readonly fires: Array<Fire>
  readonly marks: Array<Mark>
}

/**
 * Fires what is due at a time; gives how many have gone on, or cannot be read and are in nobody's way for a while, and how many actions were
 * enqueued. What somebody else has locked, as whoever changes many with one commit, stays due: it is passed by, and what comes after it fires.
 */
export const firePass = (
  context: FiringContext,
  of: Fireable,
  now: number
): Effect.Effect<{ readonly moved: number; readonly enqueued: number }, StorageError> => {
  const { store } = context
  return Effect.gen(function*() {
    for (let skip = 0; skip < skipMax;) {
      const due = yield* store.dueSchedules(now, of, rowsMax, skip)
      const { fires, marks, moves, seen } = yield* lookedAt(context, due, now)
      const marked = marks.length === 0 ? 0 : yield* marking(context, marks, now)
      const { enqueued, moved } = moves.length === 0
        ? { enqueued: [], moved: 0 }
        : yield* store.fireSchedules(now, moves, fires)
      const isAll = seen === due.length && due.length < rowsMax
      if (moved + marked > 0 || isAll) return { moved: moved + marked, enqueued: enqueued.length }
      skip += seen
    }
    return { moved: 0, enqueued: 0 }
  })
}

/** As much of what is due as one statement takes; the rest is for the next pass. */
const lookedAt = (
  context: FiringContext,
  due: ReadonlyArray<StoredSchedule>,
  now: number
): Effect.Effect<Looked> =>
  Effect.gen(function*() {
    const found: Looked = { seen: 0, moves: [], fires: [], marks: [] }
    const known = new Map<string, CameDue>()
    let bytes = 0
    for (const schedule of due) {
      if (found.fires.length >= firesMax) break
      const { hash, name, slot } = schedule
      if (slot === null || !Number.isFinite(slot)) {
        const trouble = "it is to fire, and is at no slot: its row was changed by hand"
        found.marks.push({ name, hash, slot: null, trouble })
        found.seen++
        continue
      }
      const came = yield* Effect.result(
        Effect.try({ try: () => dueOf(known, schedule, slot, now), catch: (error) => errorText(error) })
      )
      if (Result.isFailure(came)) {
        found.marks.push({ name, hash, slot, trouble: came.failure.slice(0, 1000) })
        found.seen++
        continue
      }
      const more = yield* Effect.forEach(came.success.slots, (one) =>
        Effect.map(
          invocationOf(context, schedule, now),
          (invocation): Fire => ({ schedule: name, key: slotKey(one), invocation })
        ))
      bytes += more.reduce((sum, one) => sum + weighFire(one), 0)
      if (found.fires.length > 0 && bytes > statementBytes) break
      found.fires.push(...more)
      found.moves.push(came.success.move)
      found.seen++
    }
    return found
  })

/** Says why they cannot be read, and has them in nobody's way for a while; gives how many. */
const marking = ({ log, store }: FiringContext, marks: ReadonlyArray<Mark>, now: number) =>
  Effect.gen(function*() {
    const marked = yield* store.markSchedules(now + againMs, marks)
    for (const { name, trouble } of marks) {
      if (marked.get(name) === true) {
        yield* log.error(`the schedule ${name} cannot be read, and fires only where it can be: ${trouble}`)
      }
    }
    return marked.size
  })

/** What a schedule comes to, unless it is known of another one in this pass: many have the same times, and without jitter it is the same then. */
const comeTo = (
  known: Map<string, CameDue>,
  { catchUp, jitter, name, spec, until, zone }: StoredSchedule,
  slot: number,
  now: number
): CameDue => {
  const key = JSON.stringify([spec, zone, until, catchUp, slot, jitter === null ? null : name])
  const found = known.get(key) ??
    cameDue({ name, jitter, catchUp, slots: slotsOf(spec, zone, until) }, slot, now, slotsMax)
  known.set(key, found)
  return found
}

/** Throws where this version cannot read what another one has stored. */
const dueOf = (known: Map<string, CameDue>, schedule: StoredSchedule, slot: number, now: number) => {
  const { fires, next } = comeTo(known, schedule, slot, now)
  const move: Move = {
    name: schedule.name,
    hash: schedule.hash,
    slot,
    nextSlot: next ?? null,
    nextAt: next === undefined ? null : storedFiresAt(schedule, next),
    last: fires.at(-1) ?? null
  }
  return { move, slots: fires }
}
