/** One tree, followed by its rows: whoever performs it leaves them behind. */
import { isReadonlyArrayNonEmpty, type NonEmptyReadonlyArray } from "effect/Array"
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Latch from "effect/Latch"
import type * as Pull from "effect/Pull"
import * as Stream from "effect/Stream"
import type { ActionRecord } from "../../ActionRecord.ts"
import type { ActionEvent, FollowedEvent } from "../../Events.ts"
import { type StorageError, UnknownAction } from "../../SteppedError.ts"
import { realClock } from "../../store/RealClock.ts"
import type { Found, Store } from "../../store/Store.ts"
import { eventsOfRows, keyOf } from "../events/eventsOfRows.ts"
import { endOf } from "../events/watching.ts"
import { retryForCaller } from "../retrying.ts"
import type { ClientContext } from "./context.ts"
import type { Check } from "./OutcomeWatcher.ts"

type Read = Pick<Store["Service"], "outcomes" | "actionsOf" | "stepsOf" | "slotsOf">
type Followed = ActionEvent<FollowedEvent>

/** An action that has not ended, or not been seen yet. */
interface Node {
  /** What was told of it. */
  readonly told: Set<string>
  /** The tree has ended only when it has; of one that others perform, too, not. */
  isOwn: boolean
}

/** Actions that one look asks for. */
const lookMax = 1000
/** How often it looks for one that is not there: a transaction that is still open may hold it. */
const missingMax = 5
const firstPauseMs = 20

export const follow = (
  id: string,
  check: Check,
  { hub, now, settings, store }: Pick<ClientContext, "hub" | "now" | "settings" | "store">
): Stream.Stream<Followed, UnknownAction | StorageError> =>
  Stream.unwrap(Effect.gen(function*() {
    const looking = looksAt(id, check, now, store)
    const latch = Latch.makeUnsafe(false)
    yield* hub.listen({ told: (event) => looking.isAbout(event) ? latch.openUnsafe() : undefined })
    const slowest = Duration.toMillis(settings.pollInterval)
    let pauseMs = 0
    let isOver = false
    const take: Pull.Pull<NonEmptyReadonlyArray<Followed>, UnknownAction | StorageError> = Effect.gen(function*() {
      while (!isOver) {
        if (pauseMs > 0) yield* Effect.timeoutOption(latch.await, Math.min(pauseMs, slowest))
        latch.closeUnsafe()
        const { events, hasEnded } = yield* retryForCaller(() => looking.next)
        isOver = hasEnded
        // what is there to be told at once may be followed by more
        pauseMs = events.length > 0 || pauseMs === 0 ? firstPauseMs : Math.min(pauseMs * 2, slowest)
        if (isReadonlyArrayNonEmpty(events)) return events
      }
      return yield* Cause.done()
    })
    return Stream.fromPull(Effect.succeed(Effect.provideService(take, Clock.Clock, realClock)))
  }))

const looksAt = (root: string, check: Check, now: Effect.Effect<number>, store: Read) => {
  // invariant: those to look at again; who is in `seen` and not here has been told to its end
  const nodes = new Map<string, Node>()
  const seen = new Set<string>()
  let missing = 0
  const add = (id: string, isOwn = false) => {
    if (seen.has(id)) return
    seen.add(id)
    nodes.set(id, { told: new Set(), isOwn })
  }

  /** Who has the outcome of what was asked for. */
  const find = Effect.gen(function*() {
    const [found] = yield* store.outcomes([root])
    const other = found === undefined ? undefined : check(found)
    if (other !== undefined) return yield* Effect.fail(other)
    if (found === undefined || found.state === "unknown") {
      if (++missing >= missingMax) return yield* Effect.fail(new UnknownAction({ actionId: root }))
      return undefined
    }
    add(root, true)
    add(found.final, true)
    return found
  })

  /** What is new of an action. */
  const newOf = (action: ActionRecord, steps: Parameters<typeof eventsOfRows>[1], { told }: Node) =>
    eventsOfRows(action, steps).filter((event) => {
      const key = keyOf(event)
      return !told.has(key) && told.add(key)
    })

  const look = (ids: ReadonlyArray<string>) =>
    Effect.gen(function*() {
      const actions = yield* store.actionsOf(ids)
      // after the actions: of one that has ended they are all of them by then
      const steps = yield* store.stepsOf(ids)
      const slots = yield* store.slotsOf(ids)
      const events: Array<Followed> = []
      for (const action of actions) {
        const node = nodes.get(action.id)!
        node.isOwn ||= action.parent !== undefined && seen.has(action.parent)
        // of one that had not started then, the start is told first
        const own = action.startedAt === undefined ? [] : steps.filter((step) => step.action === action.id)
        events.push(...newOf(action, own, node))
        if (action.supersededBy !== undefined) add(action.supersededBy, node.isOwn)
        if (action.endedAt !== undefined && !action.unwinding) nodes.delete(action.id)
      }
      for (const { child } of slots) if (child !== undefined) add(child)
      const there = new Set(actions.map(({ id }) => id))
      for (const id of ids) if (!there.has(id)) nodes.delete(id)
      // it has joined another one, or has ended without ever being stored
      if (ids.includes(root) && !there.has(root)) events.push(...endedAlone(yield* find, yield* now))
      return events
    })

  return {
    isAbout: (event: ActionEvent): boolean =>
      nodes.has(event.id) || (event._tag === "ActionEnqueued" && event.parent !== undefined && nodes.has(event.parent)),
    next: Effect.gen(function*() {
      if (seen.size === 0) yield* find
      const events: Array<Followed> = []
      const looked = new Set<string>()
      // level by level: what one look finds is looked at by the next
      for (;;) {
        const ids = [...nodes.keys()].filter((id) => !looked.has(id)).slice(0, lookMax)
        if (ids.length === 0) break
        for (const id of ids) looked.add(id)
        events.push(...yield* look(ids))
      }
      return {
        events: events.sort((a, b) => a.at.getTime() - b.at.getTime()),
        hasEnded: seen.size > 0 && ![...nodes.values()].some(({ isOwn }) => isOwn)
      }
    })
  }
}

/** Of one that has no rows but the answer for its handles. */
const endedAlone = (found: Found | undefined, at: number): ReadonlyArray<Followed> =>
  found === undefined || found.final !== found.id
    ? []
    : endOf(found, at).filter((event): event is Followed => event._tag === "ActionEnded")
