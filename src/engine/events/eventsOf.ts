/** What transitions have committed, as events: pure, from what was asked of the store and what it has answered. */
import type { FailureCause } from "../../domain/Failure.ts"
import type { StepIdentity } from "../../domain/Phase.ts"
import type { ActionEvent, ActionEvents, EventOrigin, EventStep } from "../../Events.ts"
import type { Work } from "../../store/Answer.ts"
import { type Conclusion, type EndedBody, invocationsOf, slotsOf, type Whose } from "../../store/Conclusion.ts"
import type { Invocation } from "../../store/Invocation.ts"
import type { Catalog } from "../../store/Store.ts"
import { suspended } from "./eventsOfExecutions.ts"
import { originOf } from "./origin.ts"

const dateOf = (millis: number | undefined) => millis === undefined ? undefined : new Date(millis)

export const enqueued = (one: Invocation, at: number): ActionEvent => ({
  _tag: "ActionEnqueued",
  ...originOf(one.action, one.definition, one.actorId, at),
  parent: one.parent ?? undefined,
  startedBy: one.startedBy,
  dueAt: dateOf(one.due)
})

const firstSteps = new WeakMap<Catalog, ReadonlyMap<string, StepIdentity | undefined>>()

/** With which step an action begins, by what its worker has. */
const firstStepOf = (catalog: Catalog, definition: string): StepIdentity | undefined => {
  let known = firstSteps.get(catalog)
  if (known === undefined) {
    known = new Map(catalog.definitions.map(({ key, steps }) => [key, steps[0]]))
    firstSteps.set(catalog, known)
  }
  return known.get(definition)
}

/** What is handed over to be performed. */
export const handedOver = (work: Work, catalog: Catalog, at: number): ReadonlyArray<ActionEvent> => {
  if (work._tag === "ToPrepare") return []
  const origin = originOf(work.action, work.definition, work.actorId, at)
  if (work._tag === "Started") {
    const first = firstStepOf(catalog, work.definition)
    const started: ActionEvent = { _tag: "ActionStarted", ...origin }
    return first === undefined ? [started] : [started, stepStarted(origin, 0, first, 1)]
  }
  const { detail, phase, step } = work
  if (phase === "step" && detail?.stepKind === "replayed" && detail.replay !== undefined) {
    return [{ _tag: "ExecutionReplayed", ...origin }]
  }
  // what is too large to travel is not looked up for this: its end is told
  return phase === "step" && detail?.stepName !== undefined
    ? [stepStarted(origin, step, { name: detail.stepName, kind: detail.stepKind ?? "unnamed" }, detail.attempt ?? 1)]
    : []
}

const stepStarted = (
  origin: EventOrigin,
  index: number,
  { kind, name }: StepIdentity,
  attemptNumber: number
): ActionEvent => ({ _tag: "StepStarted", ...origin, step: { index, name, kind, attemptNumber } })

/** What a conclusion has changed that was not stale. */
export const concluded = (
  conclusion: Conclusion,
  { actorId, definition, isDecided, unwinds }: Whose,
  at: number
): ReadonlyArray<ActionEvent> => {
  const { fence } = conclusion
  const origin = originOf(fence.action, definition, actorId, at)
  const stepOf = ({ attempt, kind, name }: EndedBody): EventStep => ({
    index: fence.step,
    name,
    kind,
    attemptNumber: attempt ?? 1
  })
  const ended = "ended" in conclusion ? conclusion.ended : undefined
  // which step is undone next is told with its end: the first one is not known yet
  const next = conclusion._tag === "StepEnded" ? conclusion.next : undefined
  const events: Array<ActionEvent> = ended === undefined || ended.status === "performing"
    ? []
    : [{ _tag: "StepEnded", ...origin, step: stepOf(ended), status: ended.status, undoes: ended.undoes }]
  switch (conclusion._tag) {
    case "StepWaits": {
      const slots = slotsOf(conclusion)
      events.push({
        _tag: "StepWaits",
        ...origin,
        step: stepOf(conclusion.waiting),
        children: slots.flatMap(({ child }) => child ?? []),
        signals: slots.flatMap(({ signal }) => signal ?? [])
      })
      break
    }
    case "Suspends":
      events.push(suspended(conclusion, origin))
      break
    case "WaitsOutside":
      events.push({ _tag: "ActionWaitsOutside", ...origin })
      break
    case "CallbacksDue":
    case "Unwinds": {
      const { outcome } = conclusion
      if (outcome !== undefined && unwinds === undefined && isDecided !== true) {
        events.push({ _tag: "OutcomeDecided", ...origin, status: outcome.status, cause: outcome.cause ?? undefined })
      }
      break
    }
    case "ActionEnds": {
      // what unwinds one that has ended does not end it again
      if (unwinds !== undefined) break
      const { cause, status } = conclusion.outcome
      events.push({ _tag: "ActionEnded", ...origin, status, cause: cause ?? undefined, successor: undefined })
      break
    }
    case "TryAgain":
      if (conclusion.burns || conclusion.failure !== undefined || conclusion.attempt !== undefined) {
        events.push({
          _tag: "ActionRetries",
          ...origin,
          failure: conclusion.failure,
          nextAt: dateOf(conclusion.due)
        })
      }
      break
    case "StepRetries":
    case "StepHeld": {
      const { kind, name } = conclusion.step
      const step = { index: fence.step, name, kind, attemptNumber: conclusion.attempt - 1 }
      const failure = shortOf(conclusion.failure)
      events.push(
        conclusion._tag === "StepHeld"
          ? { _tag: "StepHeld", ...origin, step, failure }
          : { _tag: "StepRetries", ...origin, step, failure, nextAt: new Date(conclusion.due) }
      )
      break
    }
  }
  if (next !== undefined) events.push(stepStarted(origin, fence.step + 1, next, 1))
  for (const one of invocationsOf(conclusion)) events.push(enqueued(one, at))
  return events
}

const shortOf = (
  { kind, message, path }: FailureCause
): NonNullable<ActionEvents["StepRetries"]["failure"]> => ({ kind, path, message })
