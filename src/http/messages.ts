/**
 * What of a failure's message whoever looks may see. Its own message an error has been given to be read, as a defect has, and the engine's words are nobody's secret. Where a declared error has none, its message is made
 * of its fields, and those are a payload: who may not read payloads is told the tag. Of what is not stored as data, as a defect, the message has no fields in the first place (`ownText` of `domain/Failure.ts`).
 */
import type { ActionRecord, ActionTree, FailureCause, NotUndone } from "../ActionRecord.ts"
import { ownMessage, ownOfTag } from "../domain/ownMessage.ts"
import { reasonsOf } from "../engine/client/quietly.ts"
import type { ExecutionRecord } from "../ExecutionRecord.ts"
import type { FailureGroup } from "../Failures.ts"
import type { Reason, WhyAction } from "../Why.ts"

/** In the place of a message that may be made of fields. */
export const withheld = "(withheld)"

/** As an error's fields are written, or what is neither an error nor a text: JSON, or a name with a capital and what follows it. A sentence may begin like that, too, and is withheld with them. */
const likeFields = /^([[{\d-]|[A-Z][\w$./-]* )/

/** Where nothing is stored beside a message that says what it is made of: it is told by how it begins, behind the path that may be before it. */
const bare = (message: string): string => {
  const said = message.replace(/^.* › [^:]*: /s, "")
  return likeFields.test(said) ? message.slice(0, message.length - said.length) + withheld : message
}

/** Of a cause as it was sent: it says itself what who may not read payloads is told, where that is another message. */
interface Sent {
  readonly openMessage?: string | undefined
}

/** Of a cause. */
export const openMessage = (cause: Pick<FailureCause, "error" | "kind" | "message" | "pretty"> & Sent): string =>
  cause.openMessage !== undefined
    ? cause.openMessage
    // of what undoes something, which declares no errors
    : cause.kind === "failure" && cause.error === undefined && cause.pretty !== undefined
    ? bare(cause.message)
    : ownMessage(cause, withheld)

/** What is sent beside the message to who may read it. */
export const otherwise = (cause: FailureCause): Sent => {
  const open = openMessage(cause)
  return open === cause.message ? {} : { openMessage: open }
}

/** Of an attempt, which has nothing of the error beside it. */
export const openAttempt = <A extends Pick<FailureCause, "kind" | "message">>(failure: A): A =>
  failure.kind === "failure" || failure.kind === "child" ? { ...failure, message: bare(failure.message) } : failure

/** Of a group: of what it is only the tag is known. */
export const openGroup = (group: FailureGroup): FailureGroup => ({
  ...group,
  message: group.tag !== undefined
    ? ownOfTag(group.tag, group.message)
    : group.kind !== "defect" && /^[[{\d-]/.test(group.message)
    ? withheld
    : group.message
})

const openLeft = <A extends { readonly notUndone?: ReadonlyArray<NotUndone> }>(left: A): A =>
  left.notUndone === undefined
    ? left
    : { ...left, notUndone: left.notUndone.map((one) => ({ ...one, message: bare(one.message) })) }

/** A cause with such messages, and without what Effect prints of it. */
export const openCause = (cause: FailureCause & Sent): FailureCause => {
  const { openMessage: _open, pretty: _pretty, ...rest } = cause
  return openLeft({ ...rest, message: openMessage(cause) })
}

/** Of a record, wherever it has one. */
export const openRecord = (record: ActionRecord): ActionRecord => ({
  ...record,
  cause: record.cause && openCause(record.cause),
  lastFailure: record.lastFailure && openCause(record.lastFailure),
  unwound: record.unwound && openLeft(record.unwound)
})

const openPart = <A extends { readonly message: string | undefined; readonly openMessage?: string | undefined }>(
  { openMessage, ...part }: A
) => ({ ...part, message: openMessage ?? part.message })

/** Of what an execution is made of, wherever something of it has failed. */
export const openExecution = <A extends Pick<ExecutionRecord, "activities" | "deferreds">>(execution: A): A => ({
  ...execution,
  activities: execution.activities.map(openPart),
  deferreds: execution.deferreds.map(openPart)
})

/** Of a tree, wherever something of it has one; an action that several wait for is one in the answer, too. */
export const openTree = (tree: ActionTree): ActionTree => {
  const opened = new Map<ActionTree, ActionTree>()
  const open = (one: ActionTree): ActionTree => {
    const known = opened.get(one)
    if (known !== undefined) return known
    const below = <A extends { readonly tree: ActionTree | undefined }>(waits: A): A => ({
      ...waits,
      tree: waits.tree && open(waits.tree)
    })
    const found: ActionTree = {
      ...one,
      action: openRecord(one.action),
      steps: one.steps.map((step) => ({
        ...step,
        failure: step.failure && openCause(step.failure),
        attempts: step.attempts.map((attempt) => ({
          ...attempt,
          failure: attempt.failure && openAttempt(attempt.failure)
        })),
        slots: step.slots.map(below)
      })),
      execution: one.execution && { ...openExecution(one.execution), children: one.execution.children.map(below) }
    }
    opened.set(one, found)
    return found
  }
  return open(tree)
}

/** Of why an action is not finished: in the texts, too. */
export const openWhy = <A extends WhyAction>(why: A): A => reasonsOf(why, openReason)

const openReason = (reason: Reason): Reason => {
  // by a function: `$` in a message is no pattern
  const textWith = (before: FailureCause, opened: FailureCause) =>
    reason.text.replace(`: ${before.message}`, () => `: ${opened.message}`)
  if ("failure" in reason && reason.failure !== undefined) {
    const failure = openCause(reason.failure)
    return { ...reason, failure, text: textWith(reason.failure, failure) }
  }
  if ("cause" in reason && reason.cause !== undefined) {
    const cause = openCause(reason.cause)
    return { ...reason, cause, text: textWith(reason.cause, cause) }
  }
  return reason
}
