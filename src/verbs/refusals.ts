/** Why a verb has changed nothing, as a sentence that says what else to ask for. */
import type { NotCompensable, NotRetryable } from "../OperatorResult.ts"

interface Refused<Reason> {
  readonly reason: Reason
  /** Where it was found: the action that was asked for, or one below or above it. */
  readonly action: string
  readonly step: string | undefined
}

const ofStep = (step: string | undefined): string => step === undefined ? "" : `, step ${step}`

const notRetryable: { readonly [Reason in NotRetryable]: (action: string, step: string) => string } = {
  live: (action) => `${action} has not ended, or is being undone: ask once that is over`,
  status: (action) => `${action} has ended otherwise: what has failed, timed out or was cancelled is retried`,
  notStored: (action) => `${action} has never begun: enqueue another one`,
  notUndone: (action, step) =>
    `what ${action}${step} has done is not undone, and would be done twice: compensate-again`,
  ending: (action) => `${action}, below it, is about to end: ask once it has`,
  deleted: (action) => `what it would take over of ${action} is deleted`,
  noSuchStep: (action, step) =>
    `${action} has not run the step${step.slice(", step".length)}: \`show\` lists its steps`,
  otherFailed: (action, step) => `something else has failed in ${action}${step}: retry without --upwards`,
  forgotten: (action) => `what ${action} was given, and has come to, is forgotten`,
  execution: (action) => `${action} is an execution of a workflow, which ends once: execute it with another payload`,
  tooLarge: () => "more than 10,000 actions below it would be retried: retry those below it"
}

const notCompensable: { readonly [Reason in NotCompensable]: (action: string, step: string) => string } = {
  live: (action) => `${action} has not ended, or is being undone: ask once that is over`,
  retried: (action) => `${action} goes on for it, and does again what it has done`,
  nothing: (action) => `nothing of ${action} is left to be undone`,
  child: (action, step) => `what is left is that of ${action}, below it${step}: ask for that one`,
  forgotten: (action) => `what ${action} was given, and has come to, is forgotten`,
  deleted: (action, step) => `children of ${action}${step} are deleted that are still to be undone`
}

export const whyNotRetried = ({ action, reason, step }: Refused<NotRetryable>): string =>
  `nothing was changed: ${notRetryable[reason](action, ofStep(step))}`

export const whyNotCompensated = ({ action, reason, step }: Refused<NotCompensable>): string =>
  `nothing was changed: ${notCompensable[reason](action, ofStep(step))}`
