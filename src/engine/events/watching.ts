/**
 * Tells who listens what transitions have committed. Of a call that has failed, or whose answer was lost, it is not known whether it has happened: what it was to
 * change is in doubt until the rows are compared, and told if it is in them.
 */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Scope from "effect/Scope"
import type { ActionEvent } from "../../Events.ts"
import { StorageError } from "../../SteppedError.ts"
import type { Found, Store } from "../../store/Store.ts"
import { eventsOfRows, keyAt, keyOf } from "./eventsOfRows.ts"
import type { Call, Hub } from "./Hub.ts"
import { originOf } from "./origin.ts"

/** What a transition has committed. */
export interface Committed {
  readonly events: ReadonlyArray<ActionEvent>
  /** Actions that have ended, or joined others: with what, the rows say. */
  readonly ended?: ReadonlyArray<string>
  /** Actions of which nothing is in doubt any more: what was has not happened. */
  readonly certain?: ReadonlyArray<string>
  /** Actions of which the rows say what has happened, where something is in doubt. */
  readonly doubted?: ReadonlyArray<string> | "all"
  /** In ms of user time. */
  readonly at: number
}

/** What a transition may have committed of an action, with all that goes with it: all of it, or nothing. */
export interface Change {
  readonly id: string
  readonly events: ReadonlyArray<ActionEvent>
}

/** A change of which it is not known whether it has happened. */
interface Doubt extends Change {
  readonly call: Call
}

export interface Transition<A> {
  /** The actions that it is known to be about. */
  readonly about: () => Iterable<string>
  readonly committed: (answer: A) => Committed
  /** What it may have committed, where it fails. */
  readonly maybe?: () => ReadonlyArray<Change>
}

/** Runs a transition, and tells what it has committed. */
export type Watch = <A>(
  call: Effect.Effect<A, StorageError>,
  transition: Transition<A>
) => Effect.Effect<A, StorageError>

/** Actions of which something is in doubt; of what is older nobody is told. */
const doubtsMax = 10_000

export const watching = (
  store: Pick<Store["Service"], "actionsOf" | "stepsOf" | "slotsOf" | "outcomes" | "inTransaction" | "afterCommit">,
  hub: Hub,
  scope: Scope.Scope
): Watch => {
  // invariant: what calls that have failed may have committed, by their actions, until the rows have been asked
  const doubts = new Map<string, Array<Doubt>>()
  const taken = (id: string): ReadonlyArray<Doubt> => {
    const taken = doubts.get(id) ?? []
    doubts.delete(id)
    return taken
  }
  const isCertain = (id: string) => {
    for (const { call } of taken(id)) hub.end(call, [])
  }
  const doubt = (failed: Call, changes: ReadonlyArray<Change>) => {
    for (const change of changes) {
      const one = { ...change, call: hub.doubt(failed, [change.id, ...change.events.map(({ id }) => id)]) }
      const others = doubts.get(change.id)
      if (others !== undefined) others.push(one)
      else doubts.set(change.id, [one])
      if (doubts.size > doubtsMax) isCertain(doubts.keys().next().value!)
    }
  }

  /** Asks the rows, beside everything. What a database that does not answer would have to say nobody is told. */
  const lookUp = <A>(
    ids: ReadonlyArray<string>,
    look: Effect.Effect<A, StorageError>,
    then: (call: Call, found: A | undefined) => void
  ) => {
    // a claim that is still to be read may have begun what has ended by now
    const before = hub.underWay()
    const call = hub.begin(ids)
    const asked = Effect.onExit(
      Effect.andThen(before, look),
      (exit) => Effect.sync(() => then(call, Exit.isSuccess(exit) ? exit.value : undefined))
    )
    Effect.runFork(Effect.forkIn(Effect.ignoreCause(asked), scope))
  }

  /** What rows of actions say has happened. */
  const found = (ids: ReadonlyArray<string>) =>
    Effect.gen(function*() {
      const actions = yield* store.actionsOf(ids)
      const steps = yield* store.stepsOf(ids)
      const slots = yield* store.slotsOf(ids)
      const own = (id: string) => steps.filter(({ action }) => action === id)
      return new Set([
        ...actions.flatMap((action) => eventsOfRows(action, own(action.id)).map(keyOf)),
        ...slots.map(({ action, attemptNumber, step }) => keyAt(action, "StepWaits", step, attemptNumber))
      ])
    })

  /** Tells of what is in doubt what is in the rows: where a change has left something there, all of it has happened. */
  const resolve = (ids: ReadonlyArray<string>) => {
    const changes = ids.flatMap(taken)
    if (changes.length === 0) return
    lookUp([], found([...new Set(changes.map(({ id }) => id))]), (call, keys) => {
      for (const { call, events, id } of changes) {
        const isThere = keys !== undefined && events.some((event) => event.id === id && keys.has(keyOf(event)))
        hub.end(call, isThere ? events : [])
      }
      hub.end(call, [])
    })
  }

  const tell = ({ at, certain = [], doubted = [], ended = [], events }: Committed) => {
    for (const id of certain) isCertain(id)
    if (doubts.size > 0) {
      resolve(
        doubted === "all" ? [...doubts.keys()] : [...new Set([...doubted, ...ended, ...events.map(({ id }) => id)])]
      )
    }
    if (ended.length > 0) {
      lookUp(
        ended,
        store.outcomes(ended),
        (call, found) => hub.end(call, found?.flatMap((one) => endOf(one, at)) ?? [])
      )
    }
  }

  /** In a transaction of the program: whether that commits, nobody says who does not hear of it. */
  const inside: Watch = (call, { committed, maybe }) =>
    Effect.tap(call, (answer) => {
      const changes = maybe?.() ?? []
      const asked = hub.begin([])
      doubt(asked, changes)
      hub.end(asked, [])
      return store.afterCommit(Effect.sync(() => {
        for (const { id } of changes) isCertain(id)
        const done = committed(answer)
        const begun = hub.begin([])
        tell(done)
        hub.end(begun, done.events)
      }))
    })

  const alone: Watch = (call, { about, committed, maybe }) => {
    const begun = hub.begin(about())
    return Effect.onExit(call, (exit) =>
      Effect.sync(() => {
        if (Exit.isSuccess(exit)) {
          const done = committed(exit.value)
          // before it is over: what is looked up waits for it
          tell(done)
          hub.end(begun, done.events)
          return
        }
        const error = exit.cause.reasons.find((reason) => reason._tag === "Fail")?.error
        if (!(error instanceof StorageError && !error.isRetryable)) doubt(begun, maybe?.() ?? [])
        hub.end(begun, [])
      }))
  }

  return (call, transition) =>
    Effect.suspend(() =>
      hub.isHeard()
        ? Effect.flatMap(store.inTransaction, (isInside) => (isInside ? inside : alone)(call, transition))
        : call
    )
}

/** An end that a transition has only named. */
export const endOf = (found: Found, at: number): ReadonlyArray<ActionEvent> => {
  const definition = found.ownDefinition ?? found.definition
  const actorId = found.ownActorId ?? found.actorId
  if (definition === null || actorId === null || found.state === "unknown") return []
  const origin = originOf(found.id, definition, actorId, at)
  const successor = found.final === found.id ? undefined : found.final
  if (found.own === undefined && successor !== undefined) return [{ _tag: "ActionJoined", ...origin, successor }]
  const status = found.own ?? found.status
  if (status === undefined || found.state === "queued") return []
  const cause = successor === undefined ? found.cause ?? undefined : undefined
  return [{ _tag: "ActionEnded", ...origin, status, cause, successor }]
}
