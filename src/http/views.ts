/** Records as they are sent: with payloads as far as whoever asks may read them. */
import * as Effect from "effect/Effect"
import type { ActionRecord, ActionTree, FailureCause, SlotRecord, StepRecord } from "../ActionRecord.ts"
import { quietly } from "../engine/client/quietly.ts"
import type { SignalRecord } from "../Signal.ts"
import type { StorageError } from "../SteppedError.ts"
import { type Reason, renderWhy, type Why, type WhyAction } from "../Why.ts"
import { openAttempt, openExecution, openMessage, openRecord, openWhy, otherwise } from "./messages.ts"
import type { ActionSummary, ActionView, SignalView, SlotView, StepView, TreeStep, TreeView } from "./models/actions.ts"
import type { ReasonView, WhyActionView, WhyView } from "./models/why.ts"
import type { Payloads, Shows } from "./payloads.ts"

type Sent<A> = Effect.Effect<A, StorageError>

const brief = (cause: FailureCause | undefined) => {
  if (cause === undefined) return undefined
  const { kind, message, path } = cause
  return { kind, path, message, ...otherwise(cause) }
}

/** Without what programs have stored, in messages too where whoever asks may not read that. */
export const summaryOf = (record: ActionRecord, mayRead: boolean): ActionSummary => {
  const {
    arguments: _arguments,
    cause,
    heartbeat: _heartbeat,
    lastFailure,
    progress: _progress,
    result: _result,
    ...rest
  } = mayRead ? record : openRecord(record)
  return { ...rest, cause: brief(cause), lastFailure: brief(lastFailure) }
}

/** With what whoever asks may read of it. */
export const actionView = (payloads: Payloads, record: ActionRecord, mayRead: boolean): Sent<ActionView> =>
  Effect.gen(function*() {
    const shows = yield* payloads.of(record, mayRead)
    const { arguments: args, cause, heartbeat, lastFailure, progress, result, ...rest } = mayRead
      ? record
      : openRecord(record)
    return {
      ...rest,
      cause: cause && (yield* payloads.failure(cause, record, mayRead)),
      lastFailure: lastFailure && (yield* payloads.failure(lastFailure, record, mayRead)),
      arguments: shows.arguments(args),
      result: result === undefined ? undefined : shows.result(result),
      progress: progress === undefined || progress === null ? undefined : shows.said(progress),
      heartbeat: heartbeat && shows.heartbeat(heartbeat)
    }
  })

const slotView = (slot: SlotRecord, shows: Shows): SlotView => ({
  ...slot,
  heartbeat: slot.heartbeat && shows.heartbeat(slot.heartbeat)
})

/** The steps of an action with what they wait for. */
export const stepViews = (
  payloads: Payloads,
  action: ActionRecord,
  steps: ReadonlyArray<StepRecord>,
  slots: ReadonlyArray<SlotRecord>,
  mayRead: boolean
): Sent<ReadonlyArray<StepView>> =>
  Effect.gen(function*() {
    const shows = yield* payloads.of(action, mayRead)
    return yield* Effect.forEach(steps, (step) =>
      Effect.gen(function*() {
        return {
          ...step,
          failure: step.failure && (yield* payloads.failure(step.failure, action, mayRead)),
          attempts: mayRead
            ? step.attempts
            : step.attempts.map((attempt) => ({
              ...attempt,
              failure: attempt.failure && openAttempt(attempt.failure)
            })),
          slots: slots.filter((slot) => slot.step === step.index).map((slot) => slotView(slot, shows))
        }
      }))
  })

/** A tree, each of whose actions is in it once: with the first slot that waits for it. */
export const treeView = (payloads: Payloads, tree: ActionTree, mayRead: boolean): Sent<TreeView> => {
  const shown = new Set<string>()
  const view = ({ action, execution, steps }: ActionTree): Sent<TreeView> =>
    Effect.gen(function*() {
      shown.add(action.id)
      const views = yield* stepViews(payloads, action, steps, [], mayRead)
      const shows = yield* payloads.of(action, mayRead)
      const withSlots = yield* Effect.forEach(steps, ({ slots }, i): Sent<TreeStep> =>
        Effect.map(
          Effect.forEach(slots, ({ tree: below, ...slot }) =>
            Effect.map(
              below === undefined || shown.has(below.action.id) ? Effect.undefined : view(below),
              (tree) => ({ ...slotView(slot, shows), tree })
            )),
          (slots) => ({ ...views[i]!, slots })
        ))
      if (execution === undefined) return { action: summaryOf(action, mayRead), steps: withSlots }
      const children = yield* Effect.forEach(execution.children, ({ tree: below, ...child }) =>
        Effect.map(
          below === undefined || shown.has(below.action.id) ? Effect.undefined : view(below),
          (tree) => ({ ...child, tree })
        ))
      const made = mayRead ? execution : openExecution(execution)
      return { action: summaryOf(action, mayRead), steps: withSlots, execution: { ...made, children } }
    })
  return view(tree)
}

export const signalView = (shows: Shows, record: SignalRecord, mayRead: boolean): SignalView => {
  const { failure, payload, ...rest } = record
  return {
    ...rest,
    payload: failure === undefined ? shows.signal(record.name, payload) : undefined,
    failure: failure && {
      kind: failure.kind,
      message: mayRead ? failure.message : openMessage(failure),
      error: failure.error === undefined ? undefined : shows.signalError(record.name, failure.error)
    }
  }
}

/** `visit Car/1`, as an answer names an action. */
const definitionOf = (action: string) => {
  const space = action.indexOf(" ")
  return { name: action.slice(0, Math.max(0, space)), actorType: action.slice(space + 1).split("/")[0]! }
}

/** Why an action is not finished. */
export const whyView = (payloads: Payloads, why: Why, mayRead: boolean): Sent<WhyView> =>
  Effect.gen(function*() {
    const { at, leftOut, usual } = why
    const quiet = mayRead ? quietly(why) : openWhy(quietly(why))
    return { ...yield* whyAction(payloads, quiet, mayRead), at, usual, leftOut, text: renderWhy(quiet) }
  })

const whyAction = (payloads: Payloads, action: WhyAction, mayRead: boolean): Sent<WhyActionView> =>
  Effect.gen(function*() {
    const { enqueuedAt, id, isAbove, since, status, timeoutAt } = action
    const reasons = yield* Effect.forEach(
      action.reasons,
      (reason) => reasonView(payloads, reason, definitionOf(action.action), mayRead)
    )
    return { id, action: action.action, since, status, enqueuedAt, timeoutAt, isAbove, reasons }
  })

const reasonView = (
  payloads: Payloads,
  reason: Reason,
  of: { readonly actorType: string; readonly name: string },
  mayRead: boolean
): Sent<ReasonView> =>
  Effect.gen(function*() {
    const others = (actions: ReadonlyArray<WhyAction>) =>
      Effect.forEach(actions, (action) => whyAction(payloads, action, mayRead))
    const failure = (cause: FailureCause | undefined) =>
      cause === undefined ? Effect.undefined : payloads.failure(cause, of, mayRead)
    const shows = yield* payloads.of(of, mayRead)
    switch (reason._tag) {
      case "Waits":
        return { ...reason, behind: yield* others(reason.behind) }
      case "Children":
        return { ...reason, children: yield* others(reason.children) }
      case "Sibling":
        return { ...reason, elder: yield* whyAction(payloads, reason.elder, mayRead) }
      case "Joins":
        return { ...reason, joined: yield* whyAction(payloads, reason.joined, mayRead) }
      case "Signal":
      case "Outbound":
        return { ...reason, heartbeat: shows.heartbeat(reason.heartbeat) }
      case "Suspended":
        return {
          ...reason,
          children: yield* others(reason.children),
          failure: yield* failure(reason.failure)
        }
      case "Held":
      case "Retries":
        return { ...reason, failure: yield* failure(reason.failure) }
      case "Unwinding":
      case "Ended":
        return { ...reason, cause: yield* failure(reason.cause) }
      case "Performs": {
        const { progress } = reason
        return { ...reason, progress: progress === undefined || progress === null ? undefined : shows.said(progress) }
      }
      default:
        return reason
    }
  })
