/**
 * What becomes of an action, decided from what has happened to it: a pure function, without a clock, a fiber or a table.
 */
import { broken, type FailureCause, type NotUndone, timedOut } from "../../domain/Failure.ts"
import { Flag, type StepIdentity, Undo } from "../../domain/Phase.ts"
import { toTemplate } from "../../domain/ResultTemplate.ts"
import { type EndedBody, failsAt, type StoredOutcome } from "../../store/Conclusion.ts"
import { isGenerated } from "../Runnable.ts"
import {
  advance,
  beginsAgain,
  canBePassed,
  type Concluded,
  type Decided,
  end,
  endedAs,
  endedBody,
  endNow,
  isHeld,
  isPassed,
  isSuspended,
  openStep,
  passed,
  succeeded,
  waitsOutside
} from "./concluding.ts"
import { type Event, happens, type Received, type Starts } from "./events.ts"
import {
  actionOf,
  atStepToRun,
  fenceOf,
  findStep,
  isReplayed,
  type Performance,
  placeAt,
  stepOf
} from "./Performance.ts"
import { limitOf } from "./stepLimit.ts"
import {
  beginUndoing,
  beginUnwinding,
  givenUp,
  isMarked,
  isShielded,
  isUnwinding,
  outcomeAfter,
  planFor,
  undoneNow,
  unwindOn,
  withLeft
} from "./unwinding.ts"

const failed = (cause: FailureCause): StoredOutcome => ({ status: "failed", result: null, cause })

/**
 * What becomes of an action to which this has happened; whatever it is, after its time is over that is its end. Throws where it cannot
 * happen.
 */
export const decide = (performance: Performance, event: Event): Concluded => {
  if (!happens(performance, event._tag)) {
    throw new Error(`${event._tag} does not happen in the phase ${performance.phase}`)
  }
  // what a body has left counts where its end does, though the action's time was over before that
  const left = event._tag === "TimeIsOver" ? event.came ?? event : event
  const started = withStarts(concludeOrClose(performance, event), "starts" in left ? left.starts : undefined)
  const given = withReceived(started, "received" in left ? left.received : undefined)
  const { conclusion, ended, next } = withTrace(given, performance)
  const { actorId, outcome, runnable, timeoutAt, unwinds } = performance
  const shields = isShielded(performance)
  return {
    conclusion,
    next,
    ended,
    of: unwinds === undefined && outcome === undefined
      ? { definition: runnable.key, actorId }
      : { definition: runnable.key, actorId, unwinds, isDecided: outcome !== undefined },
    limit: timeoutAt === undefined || outcome !== undefined || event._tag === "TimeIsOver" ||
        (shields && event._tag === "Again")
      ? undefined
      : {
        at: timeoutAt,
        instead: () =>
          decide(performance, { _tag: "TimeIsOver", came: hasCompensations(performance) ? event : undefined })
      },
    closed: mayBeClosed(performance) && event._tag !== "Suspended"
      ? () => decide({ ...performance, phase: "closing", timeoutAt: undefined }, whenClosed(event))
      : undefined,
    refused: bodyEnded.includes(event._tag) && (isPassed(performance) || hasCompensations(performance))
      ? (message) => decide(performance, refusedAt(performance, message))
      : isUnwinding(performance)
      ? (message) => endsNotUndone(performance, broken(actionOf(performance), message))
      // an execution that cannot be stored is suspended, as whatever else goes wrong with one, until somebody resumes it
      : isReplayed(performance) && performance.phase === "step" && !(event._tag === "Suspended" && event.failure)
      ? (message) =>
        decide(performance, { _tag: "Suspended", failure: broken(placeAt(performance, stepOf(performance)), message) })
      : undefined
  }
}

/** It fails where it is, by what the engine found, or ends as was decided before: what is left to undo is not tried, as far as that is known here. */
export const endsNotUndone = (performance: Performance, cause: FailureCause): Concluded => {
  const decided = performance.outcome ?? failed(cause)
  // what has been undone by then is no longer asked, and of one that unwinds as a whole its parent is told
  const outcome = performance.phase === "callbacks" || performance.unwinds !== undefined
    ? failed(cause)
    : givenUp(performance, undefined, decided, `not tried: ${cause.message}`)
  return {
    conclusion: { ...failsAt(fenceOf(performance), cause), outcome },
    next: undefined,
    of: {
      definition: performance.runnable.key,
      actorId: performance.actorId,
      unwinds: performance.unwinds,
      isDecided: performance.outcome !== undefined
    }
  }
}

/** Whatever becomes of the action, what was started is stored with it. */
const withStarts = (decided: Decided, starts: Starts): Decided =>
  starts === undefined || starts.length === 0 ? decided : { ...decided, conclusion: { ...decided.conclusion, starts } }

/** What the body was given is read, if the step succeeds. */
const withReceived = (decided: Decided, received: Received): Decided =>
  received === undefined || received.length === 0
    ? decided
    : { ...decided, conclusion: { ...decided.conclusion, received } }

/** What goes on later, here or elsewhere, is linked to the body that has run. */
const withTrace = (decided: Decided, { tracing }: Performance): Decided =>
  tracing?.last === undefined || decided.next !== undefined || decided.conclusion._tag === "ActionEnds"
    ? decided
    : { ...decided, conclusion: { ...decided.conclusion, trace: tracing.last } }

const bodyEnded: ReadonlyArray<Event["_tag"]> = ["StepSucceeded", "StepSkipped", "StepWaits", "Compensated"]

/** What fails of it is undone, which a plain end would not be. */
const hasCompensations = (performance: Performance): boolean =>
  isUnwinding(performance) || (performance.runnable.flags & (Flag.compensates | Flag.shields)) !== 0

/** Whether somebody may decide how it ends while its body runs, and leave it to this worker until that has ended. */
const mayBeClosed = (performance: Performance): boolean =>
  // what its rows say counts, though a deploy has taken the compensations away since
  (hasCompensations(performance) || performance.isToUndo) &&
  (performance.phase === "step" || performance.phase === "job")

/** Whose end was decided before its time was over: what counts of it then is what its body has come to. */
const whenClosed = (event: Event): Event =>
  event._tag === "TimeIsOver" ? event.came ?? { _tag: "Closed", succeeded: false } : event

const refusedAt = (performance: Performance, message: string): Event => ({
  _tag: "Failed",
  cause: broken(placeAt(performance, stepOf(performance)), message)
})

/** In the place of what a body has given that is skipped afterwards. */
const nothing = { $undefined: true }

const skipped = (performance: Performance, step: StepIdentity): Decided =>
  canBePassed(performance, step)
    ? passed(
      performance,
      step,
      endedBody(performance, "skipped", performance.phase === "waiting" ? nothing : null),
      undefined
    )
    : end(
      performance,
      openStep(performance, "failed"),
      failed(broken(placeAt(performance, step), "it is skipped, and nothing else gives the action's success"))
    )

const concludeOrClose = (performance: Performance, event: Event): Decided => {
  // its end is decided: whatever its step has come to, it is undone next, and nothing of it begins again but what is shielded
  if (performance.phase === "closing" && (event._tag !== "Again" || !isShielded(performance))) {
    return beginUnwinding(
      performance,
      cameTo(performance, event),
      undefined,
      "replaced" in event ? event.replaced : undefined
    )
  }
  return conclude(performance, event)
}

const conclude = (performance: Performance, event: Event): Decided => {
  switch (event._tag) {
    case "StepSucceeded":
      return advance(performance, succeeded(performance, event))
    case "StepSkipped":
      return skipped(performance, event.step)
    case "StepWaits":
      return {
        conclusion: {
          _tag: "StepWaits",
          fence: fenceOf(performance),
          arguments: event.replaced,
          waiting: { ...endedBody(performance, "performing", event.stored), marked: event.marked },
          timeoutAt: limitOf(performance),
          slots: event.slots,
          children: event.children
        },
        next: undefined
      }
    case "Failed":
      return hasFailed(performance, event)
    case "JobEnded":
      return { conclusion: waitsOutside(performance, undefined, false), next: undefined }
    case "JobDropped":
      // it goes on with the steps of the definition, when it is claimed with what it has done so far
      return {
        conclusion: { _tag: "TryAgain", fence: fenceOf(performance), phase: "step", due: undefined, burns: false },
        next: undefined
      }
    case "CallbacksEnded": {
      const outcome = performance.outcome!
      return {
        conclusion: {
          _tag: "ActionEnds",
          fence: fenceOf(performance),
          ended: undefined,
          outcome,
          callbacksSucceeded: event.succeeded,
          callbacksFailed: event.failed
        },
        next: undefined,
        ended: endedAs(performance, outcome)
      }
    }
    case "Compensated":
    case "ChildrenUnwound":
    case "Closed":
    case "UndoingBegins":
    case "Kept":
    case "GivenUp":
    case "Unwound":
      return unwind(performance, event)
    case "Again": {
      const { attempt, burns, callbacks, due, failure } = event
      const fence = fenceOf(performance)
      return {
        conclusion: { _tag: "TryAgain", fence, phase: performance.phase, due, burns, attempt, callbacks, failure },
        next: undefined
      }
    }
    case "Suspended":
      return isSuspended(performance, event)
    case "TimeIsOver":
      return timeIsOver(performance, event.came)
  }
}

/** Its body, or what its step has waited for, has failed. */
const hasFailed = (performance: Performance, event: Event & { readonly _tag: "Failed" }): Decided => {
  // no step begins again then but what undoes one
  if (isUnwinding(performance) && (event.again === undefined || performance.stepKind !== "compensation")) {
    return notUndone(performance, event.cause)
  }
  if (event.again !== undefined) return beginsAgain(performance, event.cause, event.again, event.replaced)
  if (event.heldAt !== undefined) return isHeld(performance, event.cause, event.heldAt, event.replaced)
  if (isPassed(performance)) {
    const ended = endedBody(performance, "failed", { $failure: event.cause }, isMarked(event.cause))
    return passed(performance, stepOf(performance), ended, event.replaced)
  }
  return end(
    performance,
    openStep(performance, "failed", event.stored, isMarked(event.cause)),
    failed(event.cause),
    event.replaced
  )
}

/** With what its body has come to, where that is undone, or shielded. */
const timeIsOver = (performance: Performance, came: Event | undefined): Decided => {
  const at = atStepToRun(performance)
  const ended = came === undefined ? openStep(at, "cancelled") : cameTo(at, came)
  return end(
    at,
    ended,
    { status: "timed_out", result: null, cause: timedOut(actionOf(performance)) },
    came !== undefined && "replaced" in came ? came.replaced : undefined
  )
}

/** What a body has come to whose action has ended otherwise: known, but nothing goes on from there. What it was to wait for does not begin. */
const cameTo = (performance: Performance, event: Event): EndedBody | undefined => {
  if (performance.stepName === undefined) return undefined
  switch (event._tag) {
    case "StepSucceeded":
      return endedBody(performance, "succeeded", givenBy(performance, event))
    case "StepSkipped":
      return endedBody(performance, "skipped", null)
    case "Failed":
      return openStep(performance, "failed", { $failure: event.cause }, isMarked(event.cause))
    default:
      // a body that was to wait has ended well
      return openStep(performance, "cancelled", null, event._tag === "StepWaits")
  }
}

/** Of the last step the action's success is stored, which need not hold all that its body has given. */
const givenBy = (
  performance: Performance,
  { step, stored, value }: Event & { readonly _tag: "StepSucceeded" }
): unknown => {
  // of a method the action's success is what undoes it
  if (isGenerated(step) || findStep(performance, step)?.result !== undefined) return stored
  try {
    return toTemplate(value)
  } catch {
    return stored
  }
}

/** What has happened while its steps are undone. */
const unwind = (
  performance: Performance,
  event: Event & {
    readonly _tag: "Compensated" | "ChildrenUnwound" | "Closed" | "UndoingBegins" | "Kept" | "GivenUp" | "Unwound"
  }
): Decided => {
  switch (event._tag) {
    case "Compensated":
      return goOn(performance, endedBody(performance, "succeeded", null), { replaced: event.replaced })
    case "ChildrenUnwound": {
      const { cause, left } = event
      const ended = endedBody(performance, cause === undefined ? "succeeded" : "failed", cause && { $failure: cause })
      const outcome = withLeft(performance, performance.outcome!, left)
      return cause === undefined ? goOn(performance, ended, { outcome }) : afterFailed(performance, ended, outcome)
    }
    case "Closed":
      return goOn(performance, endedBody(performance, event.succeeded ? "succeeded" : "cancelled", null), {})
    case "UndoingBegins":
      return beginUndoing(performance, event.until)
    // what is uncertain is so, whether the others are undone or not
    case "Kept":
      return unwound(performance)
    case "GivenUp": {
      const { phase, stepKind } = performance
      // what undoes a step and has been tried before has its row with these attempts
      const isTried = stepKind === "compensation" && (phase === "waiting" || performance.attempted !== undefined)
      const open = isTried
        ? endedBody(performance, "failed", {
          $failure: broken(placeAt(performance, stepOf(performance)), event.message)
        })
        : phase === "waiting"
        ? endedBody(performance, "cancelled", null)
        : undefined
      // of children that are still unwound nobody hears any more
      const left = open?.undo === Undo.unwind ? { notUndone: [entryOf(performance, event.message)] } : {}
      const outcome = withLeft(performance, performance.outcome!, left)
      return endNow(performance, open, givenUp(performance, open, outcome, event.message))
    }
    case "Unwound":
      return unwound(performance)
  }
}

/** What undoes a step has failed for good, or the step that was open cannot be closed as it is: the others are undone all the same. */
const notUndone = (performance: Performance, cause: FailureCause): Decided => {
  const undone = undoneNow(performance)
  if (performance.phase === "waiting" && performance.stepKind !== "compensation") {
    return goOn(performance, endedBody(performance, "cancelled", null), {})
  }
  if (undone === undefined) return unwound(performance)
  const entry = entryOf(performance, cause.message)
  const outcome = withLeft(performance, performance.outcome!, { notUndone: [entry] })
  const at: Performance = { ...performance, stepName: entry.step, stepKind: "compensation" }
  return afterFailed(performance, endedBody(at, "failed", { $failure: cause }), outcome)
}

/** What is being undone, and why it is not. */
const entryOf = (performance: Performance, message: string): NotUndone => {
  const index = undoneNow(performance)?.undoes
  const step = performance.detail?.steps.find((row) => row.index === index)?.name ?? stepOf(performance).name
  return { step, ...index === undefined ? {} : { index }, message }
}

/** The others are undone all the same, if the action does not say otherwise. */
const afterFailed = (performance: Performance, ended: EndedBody, outcome: StoredOutcome): Decided =>
  performance.runnable.definition.undoing?.stops === true
    ? endNow(
      performance,
      ended,
      givenUp(performance, ended, outcome, `not tried, since what undoes ${ended.name} has failed`)
    )
    : goOn(performance, ended, { outcome })

/** Nothing is left to undo. */
const unwound = (performance: Performance): Decided =>
  endNow(performance, undefined, outcomeAfter(performance, performance.outcome!, planFor(performance)))

/** From what has ended while the action unwinds to what comes next, which may be its end. */
const goOn = (performance: Performance, ended: EndedBody, more: Parameters<typeof unwindOn>[2]): Decided => {
  const decided = unwindOn(performance, ended, more)
  return "over" in decided ? endNow(performance, ended, decided.over, more.replaced) : decided
}
