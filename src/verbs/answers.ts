/** What a verb has come to, in the words that the command line and HTTP share. */
import type { DeleteResult, Forgetting } from "../Operation.ts"
import type { CompensateAgainResult, RetryResult } from "../OperatorResult.ts"
import type { DeletionPlan } from "../Retention.ts"
import type { Backfilled, ResumedSchedules } from "../Schedules.ts"
import { whyNotCompensated, whyNotRetried } from "./refusals.ts"

/** What a verb has come to: by the name that it answers with, and in words. */
export interface Answer {
  readonly outcome: string
  readonly text?: string | undefined
  readonly more?: Readonly<Record<string, unknown>> | undefined
}

/** What has come of a verb, in few words: those of its documentation. */
const words: Readonly<Record<string, string>> = {
  done: "done",
  running: "nothing was changed: it runs just now",
  begun: "nothing was changed: it has begun",
  notStarted: "nothing was changed: it has not come to that",
  notSkippable:
    "nothing was changed: it cannot be skipped: nothing else gives the action's success. complete-step says what it is, fail gives it up",
  notUnwinding: "nothing was changed: nothing of it is being undone",
  notExecution: "nothing was changed: it is no execution of a workflow",
  over: "nothing was changed: that is over",
  none: "there is no such action",
  false: "nothing was changed"
}

/** An answer in words. */
export const textOf = ({ outcome, text }: Answer): string => text ?? words[outcome] ?? outcome

export const retried = (verb: RetryResult): Answer => {
  switch (verb._tag) {
    case "Retried": {
      const { id, retryOf } = verb
      return { outcome: "done", text: `done: ${id} goes on for ${retryOf}`, more: { id, retryOf } }
    }
    case "AlreadyRetried": {
      const text = `nothing was changed: ${verb.id} goes on for it already. If that has failed: retry ${verb.id}`
      return { outcome: "alreadyRetried", text, more: { id: verb.id } }
    }
    case "LaneBusy": {
      const { by, lane } = verb
      const text =
        `nothing was changed: ${by} is in lane ${lane}, and the new one would take its place, or be turned away`
      return { outcome: "laneBusy", text, more: { lane, by } }
    }
    case "NotRetryable": {
      const { action, reason, step } = verb
      return { outcome: reason, text: whyNotRetried(verb), more: { action, step } }
    }
    case "None":
      return { outcome: "none" }
  }
}

export const deleted = (verb: DeleteResult): Answer => {
  const kept = "kept" in verb ? verb.kept : []
  const stays = kept.map(({ because, id }) => `\n  ${id} stays: ${because}`).join("")
  switch (verb._tag) {
    case "Deleted": {
      const text = `${verb.deleted} deleted${verb.hasMore ? "; there are more: the same again" : ""}${stays}`
      return { outcome: "done", text, more: { deleted: verb.deleted, hasMore: verb.hasMore, kept } }
    }
    case "Kept":
      return { outcome: "kept", text: `nothing was deleted${stays}`, more: { kept } }
    case "NotEnded":
      return { outcome: "notEnded", text: "nothing was deleted: it has not ended" }
    case "None":
      return { outcome: "none" }
  }
}

export const compensated = (verb: CompensateAgainResult): Answer => {
  switch (verb._tag) {
    case "Compensating":
      return { outcome: "done", text: `done: ${verb.steps.join(", ")}`, more: { steps: verb.steps } }
    case "NotCompensable": {
      const { action, reason, step } = verb
      return { outcome: reason, text: whyNotCompensated(verb), more: { action, step } }
    }
    case "None":
      return { outcome: "none" }
  }
}

export const counted = (count: number) => `${count} action${count === 1 ? "" : "s"}`

/** What goes where an actor is forgotten, in the plan and in the answer. */
export const goes = ({ achievements, actions: own, answers, others }: Forgetting): string =>
  `${counted(own)}, ${achievements} achieved, ${answers} kept as answers; what ${counted(others)} of others had of them`

export const stays = ({ left }: Forgetting): string =>
  left.count === 0
    ? ""
    : `\n${left.count} stay, until that is over:${
      left.first.map(({ because, id }) => `\n  ${id}: ${because}`).join("")
    }${left.count > left.first.length ? "\n  …" : ""}`

/** How far a plan has looked. */
export const looked = ({ hasMore }: Forgetting): string =>
  hasMore
    ? "\ncounted among the newest 10,000 of the history: there is more, which was not looked at, and of which it is forgotten, too"
    : ""

export const forgotten = (done: Forgetting, isPlan: boolean): Answer => {
  const { left, ...counts } = done
  const found = done.actions + done.others + done.answers + done.achievements
  return {
    outcome: isPlan ? "planned" : found > 0 ? "done" : left.count > 0 ? "live" : "none",
    text: isPlan
      ? `would be forgotten: ${goes(done)}${stays(done)}${looked(done)}`
      : found > 0
      ? `forgotten: ${goes(done)}${stays(done)}`
      : left.count > 0
      ? `nothing was changed${stays(done)}`
      : done.before > 0
      ? `it is forgotten already, with ${counted(done.before)}`
      : "nothing is stored of it",
    more: { ...counts, left }
  }
}

export const drained = (outcome: "done" | "draining"): Answer => ({
  outcome,
  text: outcome === "done"
    ? "done: it takes nothing new when it renews its lease the next time, finishes what it has in hand, and stops; `workers` says how far it is"
    : "nothing was changed: it is draining already"
})

export const paused = (changed: boolean): Answer =>
  changed ? { outcome: "done" } : { outcome: "paused", text: "nothing was changed: it is paused already" }

export const resumed = (changed: boolean): Answer =>
  changed ? { outcome: "done" } : { outcome: "notPaused", text: "nothing was changed: it is not paused" }

export const unachieved = (done: boolean): Answer => ({
  outcome: done ? "done" : "none",
  text: done ? "done" : "nothing is achieved under this key"
})

export const unachievedAll = (forgotten: number): Answer => ({
  outcome: forgotten > 0 ? "done" : "none",
  text: forgotten > 0 ? `forgotten: ${forgotten}` : "nothing is achieved under such keys",
  more: { forgotten }
})

export const planned = ({ groups, next }: DeletionPlan): Answer => {
  const sum = (counted: typeof groups) => counted.reduce((all, { count }) => all + count, 0)
  const goes = sum(groups.filter(({ because }) => because === undefined))
  return {
    outcome: "planned",
    text: `would be deleted: ${goes}; stays: ${sum(groups) - goes}${
      next === undefined ? "" : `; there may be more: the same again from ${next}`
    }`,
    more: { groups, next }
  }
}

export const pruned = (deleted: number): Answer => ({ outcome: "done", text: `deleted: ${deleted}`, more: { deleted } })

const ofSchedules: Readonly<Record<string, string>> = {
  paused: "nothing was changed: it is paused already",
  notPaused: "nothing was changed: it is not paused",
  declared: "nothing was changed: a living worker declares it, and would again; deploy without it first",
  none: "there is no such schedule"
}

export const scheduled = (outcome: string): Answer => ({ outcome, text: ofSchedules[outcome] })

export const resumedAll = ({ outcome, passed }: ResumedSchedules): Answer => {
  if (outcome === "notPaused") return scheduled(outcome)
  const these = passed === 1 ? "1 was to fire meanwhile, and goes" : `${passed} were to fire meanwhile, and go`
  const text = passed === 0 ? "done: none was to fire meanwhile" : `done: ${these} on with the slot that comes next`
  return { outcome, text, more: { passed } }
}

export const ranNow = (id: string): Answer => ({
  outcome: "done",
  text: `done: it is enqueued as ${id}`,
  more: { id }
})

export const backfilled = ({ before, enqueued, slots }: Backfilled, isPlan: boolean): Answer => {
  const [first] = slots
  const last = slots.at(-1)
  const range = first === undefined || last === undefined
    ? ""
    : `${slots.length} slot${slots.length === 1 ? "" : "s"}, ${first.toISOString()}${
      slots.length === 1 ? "" : ` to ${last.toISOString()}`
    }`
  const none = before === 0 ? "there are no slots" : `all ${before} had been enqueued before`
  if (isPlan) {
    const text = range === ""
      ? `nothing would be enqueued: ${none}`
      : `would be enqueued: ${range}; ${before} had been before`
    return { outcome: "planned", text, more: { slots, before } }
  }
  const isNew = enqueued.length > 0
  const text = isNew
    ? `done: ${enqueued.length} enqueued, and ${before} had been before`
    : `nothing was changed: ${none}`
  return { outcome: isNew ? "done" : "before", text, more: { enqueued, slots, before } }
}
