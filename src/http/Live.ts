/**
 * What happens, for who looks on (rule 21.2): read from the rows once a second, by one fiber of the process, as long as somebody looks.
 *
 * An event's id is a cursor, its time and its action, so that whoever has lost its connection goes on with any process of the program. What is committed late is told late: each look
 * goes back some seconds, and tells nothing twice. A cursor does not say what of these seconds has been told, and what was not there yet: who comes back with one is told all of them again, as
 * another process may not know what this one has told.
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
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
/** How far back a look goes behind what is known: what was committed that late is told still. */
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

/** What has become of an action after a time. */
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
  /** What happens from now on, or behind a cursor: then what was committed late before it, too, with all that it may be among. */
  readonly events: (after: Cursor | undefined) => Effect.Effect<Stream.Stream<Told>, never, Scope.Scope>
}>()("stepped/http/Live") {
  static readonly layer: Layer.Layer<Live, never, ActionRepo> = Layer.effect(
    Live,
    Effect.gen(function*() {
      const repo = yield* ActionRepo
      const looking = yield* RcRef.make({ acquire: startLooking(repo) })
      return {
        events: Effect.fnUntraced(function*(after: Cursor | undefined) {
          const pubsub = yield* RcRef.get(looking)
          const subscription = yield* PubSub.subscribe(pubsub)
          const missed = after === undefined ? [] : yield* behind(repo, after)
          const told = new Set(missed.map(({ cursor }) => cursor))
          return Stream.concat(
            Stream.fromIterable(missed),
            // what was looked for and is told by the next look, too
            Stream.filter(Stream.fromSubscription(subscription), ({ cursor }) => !told.has(cursor))
          )
        })
      }
    })
  )
}

/** What has happened after a time, as the rows say. */
const look = (repo: ActionRepo["Service"], since: number) =>
  Effect.map(
    repo.changed(new Date(since)),
    (changed) => inOrder(changed.flatMap((action) => eventsOf(action, since)))
  )

const onRealClock = Effect.provideService(Clock.Clock, realClock)

/** What somebody may have missed. A database that is away is asked again: whoever went on without would never be told. */
const behind = (repo: ActionRepo["Service"], after: Cursor): Effect.Effect<ReadonlyArray<Told>> =>
  onRealClock(
    Effect.retry(look(repo, Math.max(0, after.at - lateMs)), Schedule.spaced(everyMs))
  ).pipe(
    Effect.orDie,
    Effect.map((events) => events.filter(({ event }) => compare(cursorOf(event), after) !== 0))
  )

const startLooking = (
  repo: ActionRepo["Service"]
): Effect.Effect<PubSub.PubSub<Told>, never, Scope.Scope> =>
  Effect.gen(function*() {
    const pubsub = yield* Effect.acquireRelease(PubSub.sliding<Told>(kept), PubSub.shutdown)
    const clock = yield* Clock.Clock
    // invariant: what is known of the last seconds before `latest`, and is told no more
    const told = new Map<string, number>()
    let latest = 0
    /** Of what it is given, what was not known. */
    const learn = (events: ReadonlyArray<Told>): ReadonlyArray<Told> => {
      const unknown = events.filter(({ cursor }) => !told.has(cursor))
      for (const { cursor, event } of unknown) {
        told.set(cursor, event.at.getTime())
        // a time that is still to come is another machine's mistake, and makes nothing that happens now an old thing
        latest = Math.max(latest, Math.min(event.at.getTime(), clock.currentTimeMillisUnsafe()))
      }
      for (const [cursor, at] of told) if (at < latest - 2 * lateMs) told.delete(cursor)
      return unknown
    }
    // what is there already is known, so that what was begun before and is committed only now is news
    const before = yield* Effect.option(look(repo, 0))
    if (Option.isSome(before)) learn(before.value)
    else latest = clock.currentTimeMillisUnsafe()
    const next = Effect.gen(function*() {
      // a database that is away is asked again with the next look
      const found = yield* Effect.option(look(repo, Math.max(0, latest - lateMs)))
      if (Option.isSome(found)) yield* PubSub.publishAll(pubsub, learn(found.value))
    })
    yield* Effect.forkScoped(onRealClock(Effect.repeat(next, Schedule.spaced(everyMs))))
    return pubsub
  })
