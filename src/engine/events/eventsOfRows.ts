/** What has become of an action, as its rows say it: what each transition has left there. */
import type { ActionRecord, StepRecord } from "../../ActionRecord.ts"
import type { ActionEvent, EventOrigin, EventStep, FollowedEvent } from "../../Events.ts"
import { inOrder } from "./Hub.ts"

/** In the order in which it was. */
export const eventsOfRows = (
  action: ActionRecord,
  steps: ReadonlyArray<StepRecord>
): ReadonlyArray<ActionEvent<FollowedEvent>> => {
  const { actorId, actorType, endedAt, id, name, startedAt, status } = action
  const origin = (at: Date): EventOrigin => ({ id, actorType, actorId, name, at })
  const events: Array<ActionEvent<FollowedEvent>> = [{
    _tag: "ActionEnqueued",
    ...origin(action.enqueuedAt),
    parent: action.parent,
    startedBy: action.startedBy,
    dueAt: status === "queued" ? action.dueAt : undefined
  }]
  if (startedAt !== undefined) events.push({ _tag: "ActionStarted", ...origin(startedAt) })
  for (const step of steps) events.push(...eventsOfStep(step, origin))
  if (endedAt !== undefined && status !== "queued") {
    const successor = action.supersededBy
    events.push({ _tag: "ActionEnded", ...origin(endedAt), status, cause: action.cause, successor })
  }
  const ordered = inOrder(events)
  return [...ordered].sort((a, b) => a.at.getTime() - b.at.getTime())
}

const eventsOfStep = (
  step: StepRecord,
  origin: (at: Date) => EventOrigin
): ReadonlyArray<ActionEvent<FollowedEvent>> => {
  const { attemptNumber, attempts, endedAt, index, kind, name, startedAt, status } = step
  const at = (attempt: number): EventStep => ({ index, name, kind, attemptNumber: attempt })
  const begun = attempts.length === 0 ? [{ number: attemptNumber, startedAt }] : attempts
  const events: Array<ActionEvent<FollowedEvent>> = begun.map(({ number, startedAt }) => ({
    _tag: "StepStarted",
    ...origin(startedAt),
    step: at(number)
  }))
  for (const { endedAt, failure, nextAt, number } of attempts) {
    if (endedAt === undefined || nextAt === undefined) continue
    events.push({ _tag: "StepRetries", ...origin(endedAt), step: at(number), failure, nextAt })
  }
  if (status === "held") {
    const last = attempts.findLast((attempt) => attempt.endedAt !== undefined)
    const { failure } = step
    events.push({
      _tag: "StepHeld",
      ...origin(last?.endedAt ?? startedAt),
      step: at(last?.number ?? attemptNumber),
      failure: failure && { kind: failure.kind, path: failure.path, message: failure.message }
    })
  } else if (endedAt !== undefined && status !== "pending" && status !== "performing") {
    events.push({ _tag: "StepEnded", ...origin(endedAt), step: at(attemptNumber), status, undoes: step.undoes })
  }
  return events
}

/** What tells an event of an action from its others, whoever tells it. */
export const keyAt = (id: string, tag: ActionEvent["_tag"], step: number, attempt: number, status = ""): string =>
  `${id} ${tag} ${step} ${attempt} ${status}`

export const keyOf = (event: ActionEvent): string => {
  const { attemptNumber, index } = "step" in event ? event.step : { attemptNumber: 0, index: 0 }
  return keyAt(event.id, event._tag, index, attemptNumber, "status" in event ? event.status : "")
}
