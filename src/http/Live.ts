/**
 * What happens, for who looks on (rule 21.2): read from the rows once a second, by one fiber of the process, as long as somebody looks.
 *
 * An event's id is a cursor, its time and its action, or now, where its time is still to come by another machine's mistake, so that whoever has lost its connection goes on with any process of the program. What is committed late is told late: each look
 * goes back some seconds, and tells nothing twice. A cursor does not say what of these seconds has been told, and what was not there yet: who comes back with one is told all of them again, as
 * another process may not know what this one has told.
 *
 * A look has a bound, and so has what is kept for one that is slow. What falls out of either is not told any more; that something has is, as a gap: a time of which not all is told.
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
import type { InvalidQuery, StorageError } from "../SteppedError.ts"
import { realClock } from "../store/RealClock.ts"
import type { EventView } from "./models/events.ts"

/** How often the rows are looked at. */
const everyMs = 1000
/** How far back a look goes behind what is known: what was committed that late is told still. */
const lateMs = 10_000
/** How many actions a look finds at most: those of 500 a second, in the time that it goes back. */
const foundMost = 5000
/** How many actions that are live are watched: of these an end is told however many others have ended since they were enqueued. */
const watchedMost = 5000
/** After how many looks those that are watched are looked for anew, which a look that was cut asks for at once: of some that have ended the end is never learnt. */
const watchedAnewAfter = 60
/** How many events are kept for one that is slow, which loses the oldest: more than one look has. */
const kept = 16_384

/** An event with its cursor, and what it is known by: that has the time which the rows have, whatever that is. */
export interface Told {
  readonly cursor: string
  readonly key: string
  readonly event: EventView
}

/** A time of which not all is told. */
export interface Gap {
  readonly gap: { readonly since: Date; readonly before: Date }
}

/** What who looks on is told. */
export type News = Told | Gap

/** What a look tells, with its place in all that is told, and the time of that look: when it was, and from when on it was looked. */
interface Published {
  readonly place: number
  readonly news: News
  readonly since: number
  readonly until: number
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

/** What has become of an action after a time, as it is told now: who goes on behind a time that is still to come would miss all that happens until then. */
const eventsOf = (changed: ChangedAction, since: number, now: number): ReadonlyArray<Told> => {
  const { endedAt, enqueuedAt, message, startedAt, ...action } = changed
  const textAt = (at: number, kind: EventView["kind"]) => cursorText({ at, id: action.id, kind })
  const event = (kind: EventView["kind"], at: Date | undefined, more: object = {}): ReadonlyArray<Told> =>
    at === undefined || at.getTime() <= since
      ? []
      : [{
        cursor: textAt(Math.min(at.getTime(), now), kind),
        key: textAt(at.getTime(), kind),
        event: { ...action, ...more, kind, at }
      }]
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
  readonly events: (after: Cursor | undefined) => Effect.Effect<Stream.Stream<News>, never, Scope.Scope>
}>()("stepped/http/Live") {
  static readonly layer: Layer.Layer<Live, never, ActionRepo> = Layer.effect(
    Live,
    Effect.gen(function*() {
      const repo = yield* ActionRepo
      const looking = yield* RcRef.make({ acquire: startLooking(repo) })
      return {
        events: Effect.fnUntraced(function*(after: Cursor | undefined) {
          const { begin, pubsub } = yield* RcRef.get(looking)
          const subscription = yield* PubSub.subscribe(pubsub)
          const first = begin()
          const missed = after === undefined ? [] : yield* behind(repo, after)
          const told = new Set(missed.map((news) => "key" in news ? news.key : undefined))
          return Stream.concat(
            Stream.fromIterable(missed),
            // what was looked for and is told by the next look, too
            Stream.filter(
              withLosses(first, Stream.fromSubscription(subscription)),
              (news) => !("key" in news) || !told.has(news.key)
            )
          )
        })
      }
    })
  )
}

/** What comes next for somebody: its place, and from when on the look before it looked. */
type Expected = Pick<Published, "place" | "since">

/** Says where something was lost, as it came faster than somebody has taken it: of all the time that was looked at meanwhile. */
const withLosses = (begin: Expected, published: Stream.Stream<Published>): Stream.Stream<News> =>
  Stream.mapAccum(published, () => begin, ({ place, since }, next) => [
    { place: next.place + 1, since: next.since },
    next.place <= place ? [next.news] : [gapOf(since, next.until), next.news]
  ])

const gapOf = (since: number, before: number): Gap => ({ gap: { since: new Date(since), before: new Date(before) } })

interface Looked {
  readonly events: ReadonlyArray<Told>
  /** Whether there was more than a look finds. */
  readonly isCut: boolean
}

/** What has happened after a time, as the rows say. */
const look = (
  repo: ActionRepo["Service"],
  since: number,
  now: () => number,
  watched: Iterable<string> = []
): Effect.Effect<Looked, StorageError | InvalidQuery> =>
  Effect.map(repo.changed(new Date(since), { limit: foundMost, watched }), (changed) => {
    const at = now()
    return {
      events: inOrder(changed.flatMap((action) => eventsOf(action, since, at))),
      isCut: changed.length >= foundMost
    }
  })

const onRealClock = Effect.provideService(Clock.Clock, realClock)

/**
 * What somebody may have missed. A database that is away is asked again: whoever went on without would never be told. Where their time is still to come, by more than clocks of processes may be
 * apart, it says nothing of since when they have been away, and all before may be missing.
 */
const behind = (repo: ActionRepo["Service"], after: Cursor): Effect.Effect<ReadonlyArray<News>> =>
  Effect.gen(function*() {
    const clock = yield* Clock.Clock
    const now = () => clock.currentTimeMillisUnsafe()
    const begun = now()
    const since = Math.max(0, Math.min(after.at, begun) - lateMs)
    const isWrong = after.at > begun + lateMs
    const { events, isCut } = yield* Effect.orDie(
      onRealClock(Effect.retry(look(repo, since, now), Schedule.spaced(everyMs)))
    )
    const missed = events.filter(({ event }) => compare(cursorOf(event), after) !== 0)
    return isCut || isWrong ? [gapOf(isWrong ? 0 : since, now()), ...missed] : missed
  })

/** What is told from now on, and what comes next of it. */
interface Looking {
  readonly pubsub: PubSub.PubSub<Published>
  readonly begin: () => Expected
}

const startLooking = (repo: ActionRepo["Service"]): Effect.Effect<Looking, never, Scope.Scope> =>
  Effect.gen(function*() {
    const pubsub = yield* Effect.acquireRelease(PubSub.sliding<Published>(kept), PubSub.shutdown)
    const clock = yield* Clock.Clock
    const now = () => clock.currentTimeMillisUnsafe()
    // invariant: what is known of the last seconds before `latest`, and is told no more
    const told = new Map<string, number>()
    let latest = 0
    let place = 0
    // invariant: live as far as it is known, the oldest of those that are
    const open = new Set<string>()
    const watch = (id: string) => {
      if (open.size < watchedMost) open.add(id)
    }
    /** From when on it is looked. */
    const begun = () => Math.max(0, latest - lateMs)
    /** Of what it is given, what was not known. */
    const learn = (events: ReadonlyArray<Told>): ReadonlyArray<Told> => {
      const unknown = events.filter(({ key }) => !told.has(key))
      for (const { event, key } of unknown) {
        told.set(key, event.at.getTime())
        // a time that is still to come is another machine's mistake, and makes nothing that happens now an old thing
        latest = Math.max(latest, Math.min(event.at.getTime(), now()))
        if (event.kind === "ended") open.delete(event.id)
        else watch(event.id)
      }
      for (const [key, at] of told) if (at < latest - 2 * lateMs) told.delete(key)
      return unknown
    }
    /** Those that are live, the oldest first, and of those that are watched the ones that are still queued; what is said of them is as old as this. */
    const live = Effect.gen(function*() {
      const newest = (statuses: ReadonlyArray<"queued" | "pending" | "performing">) =>
        repo.list({ statuses, limit: watchedMost, brief: true })
      const begun = yield* newest(["pending", "performing"])
      const queued = open.size === 0 ? [] : yield* newest(["queued"])
      return [...begun.toReversed(), ...queued.toReversed().filter(({ id }) => open.has(id))].map(({ id }) => id)
    })
    // what is there already is known, so that what was begun before and is committed only now is news
    for (const id of yield* Effect.orElseSucceed(live, () => [])) watch(id)
    let looksLeft = watchedAnewAfter
    const before = yield* Effect.option(look(repo, 0, now))
    if (Option.isSome(before)) learn(before.value.events)
    else latest = now()
    const next = Effect.gen(function*() {
      // a database that is away is asked again with the next look
      const since = begun()
      // before the look, which finds the end of who has ended until then
      const anew = looksLeft > 0 ? Option.none() : yield* Effect.option(live)
      const found = yield* Effect.option(look(repo, since, now, open))
      if (Option.isNone(found)) return
      looksLeft = found.value.isCut ? 0 : Option.isSome(anew) ? watchedAnewAfter : Math.max(0, looksLeft - 1)
      if (Option.isSome(anew)) {
        open.clear()
        for (const id of anew.value) watch(id)
      }
      const until = now()
      const unknown = learn(found.value.events)
      // where nothing is new, it was said before that not all of this time is told
      const news = found.value.isCut && unknown.length > 0 ? [gapOf(since, until), ...unknown] : unknown
      yield* PubSub.publishAll(pubsub, news.map((news) => ({ place: place++, news, since, until })))
    })
    yield* Effect.forkScoped(onRealClock(Effect.repeat(next, Schedule.spaced(everyMs))))
    return { pubsub, begin: () => ({ place, since: begun() }) }
  })
