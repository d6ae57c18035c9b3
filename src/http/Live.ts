/**
 * What happens, for who looks on (rule 21.2): read from the rows once a second, by one fiber of the process, as long as somebody looks.
 *
 * An event's id is a cursor, its time and its action, so that whoever has lost its connection goes on with any process of the program. What is committed late is told late: each look
 * goes back some seconds, and tells nothing twice.
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as PubSub from "effect/PubSub"
import * as RcRef from "effect/RcRef"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { ChangedAction } from "../ActionRecord.ts"
import { ActionRepo } from "../ActionRepo.ts"
import { realClock } from "../store/RealClock.ts"
import type { EventView } from "./models/events.ts"

/** How often the rows are looked at. */
const everyMs = 1000
/** How far back a look goes behind what it knows: what was committed that late is told still. */
const lateMs = 10_000
/** How many events are kept for one that is slow; it loses the oldest. */
const kept = 4096

/** An event with its cursor. */
export interface Told {
  readonly cursor: string
  readonly event: EventView
}

/** Where somebody goes on: behind what became of this action at this time. */
export interface Cursor {
  readonly at: number
  readonly id: string
  readonly kind: EventView["kind"]
}

const kinds = ["enqueued", "started", "ended"] as const

const cursorText = ({ at, id, kind }: Cursor): string => `${at}-${id}-${kind}`

/** A cursor that somebody gives; nothing where it is none. */
export const readCursor = (text: string): Cursor | undefined => {
  const [, at, id, name] =
    /^(\d{1,15})-([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})-(enqueued|started|ended)$/.exec(text) ?? []
  const kind = kinds.find((kind) => kind === name)
  return at === undefined || id === undefined || kind === undefined ? undefined : { at: Number(at), id, kind }
}

/** What has become of an action since a time. */
const eventsOf = (changed: ChangedAction, since: number): ReadonlyArray<Told> => {
  const { endedAt, enqueuedAt, message, startedAt, ...action } = changed
  const event = (kind: EventView["kind"], at: Date | undefined, more: object = {}): ReadonlyArray<Told> =>
    at === undefined || at.getTime() <= since
      ? []
      : [{ cursor: cursorText({ at: at.getTime(), id: action.id, kind }), event: { ...action, ...more, kind, at } }]
  return [
    ...event("enqueued", enqueuedAt),
    ...event("started", startedAt),
    ...event("ended", endedAt, { message })
  ]
}

const cursorOf = ({ at, id, kind }: EventView): Cursor => ({ at: at.getTime(), id, kind })

/** By time, action, and what comes first of one action. */
const compare = (a: Cursor, b: Cursor): number =>
  a.at - b.at || (a.id < b.id ? -1 : a.id > b.id ? 1 : kinds.indexOf(a.kind) - kinds.indexOf(b.kind))

const inOrder = (events: ReadonlyArray<Told>): ReadonlyArray<Told> =>
  events.toSorted((a, b) => compare(cursorOf(a.event), cursorOf(b.event)))

/**
 * Who looks on.
 *
 * @internal
 */
export class Live extends Context.Service<Live, {
  /** What happens from now on, or behind a cursor. */
  readonly events: (after: Cursor | undefined) => Stream.Stream<Told>
}>()("stepped/http/Live") {
  static readonly layer: Layer.Layer<Live, never, ActionRepo> = Layer.effect(
    Live,
    Effect.gen(function*() {
      const repo = yield* ActionRepo
      const looking = yield* RcRef.make({ acquire: startLooking(repo) })
      return {
        events: (after) =>
          Stream.unwrap(Effect.gen(function*() {
            const pubsub = yield* RcRef.get(looking)
            const subscription = yield* PubSub.subscribe(pubsub)
            const missed = after === undefined ? [] : yield* behind(repo, after)
            const told = new Set(missed.map(({ cursor }) => cursor))
            return Stream.concat(
              Stream.fromIterable(missed),
              // what was looked for and is told by the next look, too
              Stream.filter(Stream.fromSubscription(subscription), ({ cursor }) => !told.has(cursor))
            )
          }))
      }
    })
  )
}

/** What a look finds; a database that is away is asked again with the next one. */
const look = (repo: ActionRepo["Service"], since: number) =>
  Effect.map(
    Effect.orElseSucceed(repo.changed(new Date(since)), (): ReadonlyArray<ChangedAction> => []),
    (changed) => inOrder(changed.flatMap((action) => eventsOf(action, since)))
  )

const behind = (repo: ActionRepo["Service"], after: Cursor) =>
  // a ms before, as there may be others of its ms
  Effect.map(look(repo, after.at - 1), (events) => events.filter(({ event }) => compare(cursorOf(event), after) > 0))

const startLooking = (
  repo: ActionRepo["Service"]
): Effect.Effect<PubSub.PubSub<Told>, never, Scope.Scope> =>
  Effect.gen(function*() {
    const pubsub = yield* Effect.acquireRelease(PubSub.sliding<Told>(kept), PubSub.shutdown)
    const begun = yield* Clock.currentTimeMillis
    // invariant: what was told of the last seconds, and up to when it was looked
    const told = new Map<string, number>()
    let latest = begun
    const next = Effect.gen(function*() {
      const since = Math.max(begun, latest - lateMs)
      const events = (yield* look(repo, since)).filter(({ cursor }) => !told.has(cursor))
      for (const { cursor, event } of events) {
        told.set(cursor, event.at.getTime())
        latest = Math.max(latest, event.at.getTime())
      }
      for (const [cursor, at] of told) if (at < latest - 2 * lateMs) told.delete(cursor)
      yield* PubSub.publishAll(pubsub, events)
    })
    yield* Effect.forkScoped(
      Effect.provideService(Effect.repeat(next, Schedule.spaced(everyMs)), Clock.Clock, realClock)
    )
    return pubsub
  })
