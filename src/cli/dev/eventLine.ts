/** An event as a line: when, whose, and what has become of it. */
import { shown } from "../../domain/shown.ts"
import type { ActionEvent, EventDeferred, EventsLost, EventStep } from "../../Events.ts"

/** The time of day is enough beside what happens now. */
export const timeOfDay = (at: Date): string => at.toISOString().slice(11, 19)

const stepOf = ({ attemptNumber, kind, name }: EventStep): string =>
  `${kind === "compensation" ? "undo " : ""}${shown(name)}${attemptNumber > 1 ? `, attempt ${attemptNumber}` : ""}`

const because = (failure: { readonly message: string } | undefined): string =>
  failure === undefined ? "" : `: ${shown(failure.message)}`

const waitsFor = (children: ReadonlyArray<string>, signals: ReadonlyArray<string>): string =>
  [
    ...children.length === 0 ? [] : [children.length === 1 ? "a child" : `${children.length} children`],
    ...signals.map((signal) => `signal ${shown(signal)}`)
  ].join(", ") || "its time"

const awaited = (deferreds: ReadonlyArray<EventDeferred>, clocks: ReadonlyArray<string>): string =>
  [
    ...deferreds.map(({ kind, name }) => `${kind} ${shown(name)}`),
    ...clocks.map((name) => `clock ${shown(name)}`)
  ].join(", ") || "other executions"

const whatOf = (event: ActionEvent): string => {
  switch (event._tag) {
    case "ActionEnqueued":
      return `enqueued${event.dueAt === undefined ? "" : ` until ${event.dueAt.toISOString()}`}  ${event.id}`
    case "ActionStarted":
      return "started"
    case "StepStarted":
      return `${stepOf(event.step)} begins`
    case "StepWaits":
      return `${stepOf(event.step)} waits for ${waitsFor(event.children, event.signals)}`
    case "StepRetries":
      return `${stepOf(event.step)} failed, again at ${timeOfDay(event.nextAt)}${because(event.failure)}`
    case "StepHeld":
      return `${stepOf(event.step)} is held${because(event.failure)}  ${event.id}`
    case "StepEnded":
      return `${stepOf(event.step)} ${event.status}`
    case "ActionRetries":
      return `is tried again${event.nextAt === undefined ? "" : ` at ${timeOfDay(event.nextAt)}`}${
        because(event.failure)
      }`
    case "ActionWaitsOutside":
      return "waits to be completed from outside"
    case "SignalSent":
      return `signal ${shown(event.signal)} was sent`
    case "ExecutionSuspended":
      return event.failure === undefined
        ? `is suspended, and waits for ${awaited(event.deferreds, event.clocks)}`
        : `is suspended until somebody resumes it${because(event.failure)}  ${event.id}`
    case "ExecutionReplayed":
      return "runs again from its beginning"
    case "ActivityEnded":
      return `activity ${shown(event.activity)} ${event.status}${
        event.attemptNumber > 1 ? `, attempt ${event.attemptNumber}` : ""
      }`
    case "DeferredDone":
      return `${event.deferred.kind} ${shown(event.deferred.name)} is done: ${event.status}`
    case "ClockSet":
      return `clock ${shown(event.clock)} rings at ${event.ringsAt.toISOString()}`
    case "InterruptionAsked":
      return "is to be interrupted"
    case "OutcomeDecided":
      return `will be ${event.status}${because(event.cause)}`
    case "ActionJoined":
      return `joins ${event.successor}`
    case "ActionEnded":
      return `${event.status}${because(event.cause)}`
  }
}

export const eventLine = (event: ActionEvent | EventsLost): string =>
  event._tag === "EventsLost"
    ? `${event.count} events were too many to be told`
    : `${timeOfDay(event.at)} ${event.name} ${event.actorType}/${shown(event.actorId)}  ${whatOf(event)}`
