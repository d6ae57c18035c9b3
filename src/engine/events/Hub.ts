/**
 * Who listens to what this process commits, and the order in which they hear of it.
 *
 * Answers come in another order than commits do: a claim may be read before the answer of the commit that gave the action back. So each call
 * says, while it is under way, which actions it is about, and what others have committed of these is told after it.
 */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Scope from "effect/Scope"
import type { Listener } from "../../Engine.ts"
import type { ActionEvent, EventStep } from "../../Events.ts"

/** A call that is under way. */
export interface Call {
  readonly ids: ReadonlySet<string>
  /** How many had begun or ended before it. */
  readonly since: number
  readonly over: Deferred.Deferred<void>
}

export interface Hub {
  /** Whether anybody listens: if not, there are no events. */
  readonly isHeard: () => boolean
  readonly listen: (listener: Listener) => Effect.Effect<void, never, Scope.Scope>
  /** A call begins that may commit something of these actions. */
  readonly begin: (ids: Iterable<string>) => Call
  /** What a call may have committed of these actions is not known: until this one is over, what is told of them waits, and nobody waits for it. */
  readonly doubt: (call: Call, ids: Iterable<string>) => Call
  /** It is over, and has committed this. */
  readonly end: (call: Call, events: ReadonlyArray<ActionEvent>) => void
  /** Waits for the calls that are under way when it is asked for, whatever they are about. */
  readonly underWay: () => Effect.Effect<void>
  /** Waits until all is told of what has begun by now. */
  readonly told: Effect.Effect<void>
  /** Nobody is told anything any more. */
  readonly close: Effect.Effect<void>
}

/** Where an event stands in the life of its action, as far as that is certain. */
const placeOf = (event: ActionEvent): number => {
  switch (event._tag) {
    case "ActionEnqueued":
      return 0
    case "ActionStarted":
      return 1
    case "OutcomeDecided":
      return 3
    case "ActionJoined":
    case "ActionEnded":
      return 5
    case "StepStarted":
    case "StepWaits":
    case "StepRetries":
    case "StepEnded":
      return event.step.kind === "compensation" ? 4 : 2
    default:
      return 2
  }
}

const attemptOf = ({ attemptNumber, index }: EventStep): string => `${index} ${attemptNumber}`

/** How far an action has come, by the last event that says so. */
const reachedWith = (event: ActionEvent, last: string | undefined): string | undefined => {
  switch (event._tag) {
    case "ActionEnqueued":
      return last ?? "enqueued"
    case "ActionStarted":
      return last === undefined || last === "enqueued" ? "started" : last
    case "StepStarted":
      return attemptOf(event.step)
    case "ExecutionSuspended":
      return "suspended"
    case "ExecutionReplayed":
      return "replayed"
    case "ActionEnded":
      return "ended"
    default:
      return last
  }
}

/** Actions of which it is remembered how far that has come. */
const reachedMax = 10_000

/** In the order of an action's life; what stands at one place, as it came. */
export const inOrder = <E extends ActionEvent>(events: ReadonlyArray<E>): ReadonlyArray<E> =>
  [...events].sort((a, b) => placeOf(a) - placeOf(b))

export const make = (): Hub => {
  const listeners = new Set<Listener>()
  // invariant: those that have begun and not ended; and by whom each action is named, those included that are in doubt
  const calls = new Set<Call>()
  const naming = new Map<string, Set<Call>>()
  // invariant: events of actions that a call under way names, in their order: each with when it was, as far as is known
  const waiting = new Map<string, ReadonlyArray<readonly [when: number, event: ActionEvent]>>()
  let count = 0

  // invariant: of the actions that were told of last, how far that has come: an attempt of a step, or what is before and after all of them
  const reached = new Map<string, string>()
  /** What is given back is handed over again, and what is enqueued again was enqueued before: it is told once. */
  const isTold = (event: ActionEvent): boolean => {
    const last = reached.get(event.id)
    return last !== undefined &&
      (event._tag === "ActionEnqueued" || (event._tag === "ActionStarted" && last !== "enqueued") ||
        (event._tag === "StepStarted" && (last === attemptOf(event.step) || last === "ended")) ||
        (event._tag === "ExecutionReplayed" && (last === "replayed" || last === "ended")))
  }
  const remember = (event: ActionEvent) => {
    const last = reached.get(event.id)
    const now = reachedWith(event, last)
    if (now === undefined || now === last) return
    reached.delete(event.id)
    reached.set(event.id, now)
    if (reached.size > reachedMax) reached.delete(reached.keys().next().value!)
  }
  const tell = (event: ActionEvent) => {
    if (isTold(event)) return
    remember(event)
    for (const listener of listeners) listener.told(event)
  }

  const name = (ids: Iterable<string>, since: number): Call => {
    const call: Call = { ids: new Set(ids), since, over: Deferred.makeUnsafe() }
    for (const id of call.ids) {
      const named = naming.get(id)
      if (named === undefined) naming.set(id, new Set([call]))
      else named.add(call)
    }
    return call
  }

  const end: Hub["end"] = (call, events) => {
    calls.delete(call)
    const own = new Map<string, Array<ActionEvent>>()
    for (const event of events) {
      const others = own.get(event.id)
      if (others === undefined) own.set(event.id, [event])
      else others.push(event)
    }
    const at = count++
    for (const id of new Set([...own.keys(), ...call.ids])) {
      const named = naming.get(id)
      named?.delete(call)
      const kept = waiting.get(id) ?? []
      // who names an action has it, and others come to it after what he commits: what a claim has been told of since he began
      const when = call.ids.has(id) ? call.since : at
      const all = [
        ...kept.filter(([other]) => other < when),
        ...(own.get(id) ?? []).map((event) => [when, event] as const),
        ...kept.filter(([other]) => other >= when)
      ]
      if (named !== undefined && named.size > 0) {
        if (all.length > 0) waiting.set(id, all)
        continue
      }
      naming.delete(id)
      waiting.delete(id)
      const events = all.map(([, event]) => event)
      for (const event of kept.length === 0 ? events : inOrder(events)) tell(event)
    }
    Deferred.doneUnsafe(call.over, Exit.void)
  }

  const underWay = () => Effect.forEach([...calls], ({ over }) => Deferred.await(over), { discard: true })

  return {
    isHeard: () => listeners.size > 0,
    listen: (listener) =>
      Effect.acquireRelease(
        Effect.sync(() => void listeners.add(listener)),
        () => Effect.sync(() => void listeners.delete(listener))
      ),
    begin: (ids) => {
      const call = name(ids, count++)
      calls.add(call)
      return call
    },
    doubt: ({ since }, ids) => name(ids, since),
    end,
    underWay,
    // first the transitions, and then what these have to look up
    told: Effect.andThen(Effect.suspend(underWay), Effect.suspend(underWay)),
    close: Effect.sync(() => {
      for (const listener of listeners) listener.closed?.()
      listeners.clear()
    })
  }
}
