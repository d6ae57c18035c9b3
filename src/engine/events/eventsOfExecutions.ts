/** What has become of executions of workflows, as events: pure, from what was asked of the store and what it has answered. */
import { type Named, namedOf, nameStored } from "../../domain/executionNames.ts"
import { ExecutionName } from "../../domain/Phase.ts"
import type { ActionEvent, EventDeferred, EventOrigin } from "../../Events.ts"
import type { NewMemo, Suspends } from "../../store/Conclusion.ts"
import type { NewExecution, NewSent } from "../../store/Executing.ts"
import { originOf } from "./origin.ts"

/** An exit as it is stored: see `workflow/codecs.ts`. */
const statusOf = (exit: unknown): "succeeded" | "failed" =>
  typeof exit === "object" && exit !== null && "_tag" in exit && exit._tag === "Failure" ? "failed" : "succeeded"

const deferredOf = ({ kind, name }: Named): EventDeferred => ({
  kind: kind === "race" || kind === "queue" ? kind : "deferred",
  name
})

/** What was done once by any other body is not told. */
export const activityEnded = ({ action, at, attempt = 1, name, of, result }: NewMemo): ReadonlyArray<ActionEvent> =>
  of === undefined ? [] : [{
    _tag: "ActivityEnded",
    ...originOf(action, of.definition, of.actorId, at),
    activity: nameStored(name),
    attemptNumber: attempt,
    status: statusOf(result)
  }]

export const executionEnqueued = (
  action: string,
  now: number,
  { definition, execution, parent }: NewExecution
): ActionEvent => ({
  _tag: "ActionEnqueued",
  ...originOf(action, definition, execution, now),
  parent: undefined,
  startedBy: parent?.action,
  dueAt: undefined
})

export const interruptionAsked = (action: string, now: number, definition: string, execution: string): ActionEvent => ({
  _tag: "InterruptionAsked",
  ...originOf(action, definition, execution, now)
})

/** What was sent to one, or, with a time, will be. */
export const sentTo = (
  action: string,
  now: number,
  { definition, due, execution, name: stored, payload }: NewSent
): ActionEvent => {
  const origin = originOf(action, definition, execution, now)
  if (stored === ExecutionName.interrupt) return interruptionAsked(action, now, definition, execution)
  const named = namedOf(stored)
  return due === undefined
    ? { _tag: "DeferredDone", ...origin, deferred: deferredOf(named), status: statusOf(payload) }
    : { _tag: "ClockSet", ...origin, clock: named.name, ringsAt: new Date(due) }
}

export const suspended = ({ awaits, failure }: Suspends, origin: EventOrigin): ActionEvent => {
  const named = awaits.map(namedOf)
  return {
    _tag: "ExecutionSuspended",
    ...origin,
    deferreds: named.filter(({ kind }) => kind !== "clock").map(deferredOf),
    clocks: named.filter(({ kind }) => kind === "clock").map(({ name }) => name),
    failure
  }
}
