/** Why an action is not finished (rule 19.1): what the storage says of it and of what it waits for, put together and into words. */
import * as Effect from "effect/Effect"
import type { Heartbeat } from "../../ActionRecord.ts"
import { counted, timeFrom } from "../../domain/drawing.ts"
import { actionText, type FailureCause, line, spoken } from "../../domain/Failure.ts"
import { isActionId } from "../../domain/Phase.ts"
import { type StorageError, UnknownAction } from "../../SteppedError.ts"
import type { Other } from "../../store/Explained.ts"
import type { StoredReason, StoredReasons, StoredWhy } from "../../store/Reasons.ts"
import type { Doing, Reason, Why, WhyAction } from "../../Why.ts"
import type { ClientContext } from "./context.ts"
import { dateOf, pauseOf, pauseText, untilText } from "./explain.ts"
import { saidWith } from "./quietly.ts"
import { isSuspended } from "./whySuspended.ts"

export const make =
  ({ now, store }: Pick<ClientContext, "now" | "store">) =>
  (id: string): Effect.Effect<Why, UnknownAction | StorageError> =>
    Effect.gen(function*() {
      const at = yield* now
      const found = isActionId(id) ? yield* store.why(id, at) : undefined
      return found === undefined ? yield* new UnknownAction({ actionId: id }) : whyOf(found, new Date(at))
    })

const whyOf = ({ actions, usual }: StoredReasons, at: Date): Why => {
  const byId = new Map(actions.map((action) => [action.id, action]))
  const named = new Set<string>()
  const told = new Set<string>()
  let uncounted = 0
  const tell = ({ actorId, definition, id }: Other): WhyAction => {
    const found = byId.get(id)
    const isAbove = told.has(id)
    named.add(id)
    if (found !== undefined) told.add(id)
    return {
      id,
      action: found !== undefined
        ? actionText(found.definition, found.actorId)
        : definition === undefined
        ? id
        : actionText(definition, actorId!),
      since: dateOf(found?.since),
      status: found?.status,
      enqueuedAt: dateOf(found?.enqueuedAt),
      timeoutAt: dateOf(found?.timeoutAt),
      reasons: found === undefined || isAbove ? [] : reasonsOf(found),
      isAbove
    }
  }
  const reasonsOf = ({ reasons }: StoredWhy): ReadonlyArray<Reason> =>
    reasons.map((said) => {
      if (said.tag === "Children") uncounted += said.open - said.others.length
      return reasonOf(said, at, tell)
    })
  const root = tell(actions[0])
  return { ...root, at, usual, leftOut: uncounted + named.size - told.size }
}

const maybe = <A>(value: A | null | undefined): A | undefined => value ?? undefined

/** As of a failure's message, and where that is another action's, its path. */
const failureText = (failure: FailureCause | undefined): string =>
  failure === undefined ? "" : failure.kind === "child" ? line(failure) : failure.message

const after = (failure: FailureCause | undefined): string =>
  failure === undefined ? "" : `, after: ${failureText(failure)}`

const stepText = (step: string | undefined): string => step === undefined ? "its step" : `the step ${step}`

/** What a worker does, of which step, with the verb that follows. */
const doingText = (what: Doing, step: string | undefined, one: string, several: string): string => {
  switch (what) {
    case "preparing":
      return `its before, or what computes its keys, ${one}`
    case "concluding":
      return `what follows from what ${stepText(step)} has waited for ${one}`
    case "callbacks":
      return `its callbacks ${several}`
    case "job":
      return `its job ${one}`
    case "undoing":
      return `what undoes ${stepText(step)} ${one}`
    case "step":
      return `${stepText(step)} ${one}`
    case "closing":
      return `${stepText(step)}, which is to end before what the action has done is undone, ${one}`
  }
}

const heartbeatOf = (
  { details, heardAt, silentAt }: { readonly heardAt?: number | null; readonly silentAt?: number | null } & {
    readonly details: unknown
  }
): Heartbeat => ({ heardAt: dateOf(heardAt), silentAt: dateOf(silentAt), details: maybe(details) })

const heartbeatText = ({ details, heardAt, silentAt }: Heartbeat, at: Date): string =>
  [
    heardAt === undefined
      ? silentAt === undefined ? "" : "; not heard of yet"
      : `; heard of last at ${timeFrom(at, heardAt)}`,
    saidWith(details),
    silentAt === undefined ? "" : `; silent for too long at ${timeFrom(at, silentAt)}`
  ].join("")

/** Of what was sent to a wait that goes on: it is to be read, or came too late for that wait. */
const unreadText = (count: number, last: Date | undefined, until: Date | undefined, at: Date): string => {
  if (last === undefined) return ""
  const sent = count === 1 ? "1 was sent and is not read, at" : `${count} were sent and are not read, the last one at`
  const late = until !== undefined && last >= until ? ", after its time" : ""
  return `; ${sent} ${timeFrom(at, last)}${late}`
}

type Said<Tag extends StoredReason["tag"]> = Extract<StoredReason, { readonly tag: Tag }>
type Tell = (other: Other) => WhyAction

const reasonOf = (said: StoredReason, at: Date, tell: Tell): Reason => {
  switch (said.tag) {
    case "Waits":
    case "Sibling":
    case "Joins":
    case "Limited":
    case "Debounced":
    case "Delayed":
    case "Paused":
      return beginsLater(said, at, tell)
    case "Children":
    case "Timer":
    case "Signal":
      return stepWaits(said, at, tell)
    case "Suspended":
      return isSuspended(said, at, tell)
    case "Outbound":
    case "Held":
    case "Retries":
      return waitsOutside(said, at)
    case "Due":
    case "Performs":
      return atWorkers(said, at)
    case "Cancelled": {
      const since = new Date(said.since)
      return { _tag: "Cancelled", since, text: `is cancelled since ${timeFrom(at, since)}, and a worker is to end it` }
    }
    case "Unwinding": {
      const cause = maybe(said.cause)
      const step = maybe(said.step)
      const { hasEnded, status } = said
      const of = step === undefined ? "" : `, the step ${step} now`
      const why = cause === undefined ? "" : `: ${failureText(cause)}`
      const text = `${hasEnded ? "has ended" : "is to end"} as ${
        spoken(status)
      }, and what it has done is being undone${of}${why}`
      return { _tag: "Unwinding", status, hasEnded, cause, step, text }
    }
    case "Stranded":
      return { _tag: "Stranded", text: "nothing continues it, which must not be: workers mend that, and say so" }
    case "Ended": {
      const { status } = said
      const cause = maybe(said.cause)
      const supersededBy = maybe(said.supersededBy)
      const ended = new Date(said.at)
      const by = supersededBy === undefined ? "" : ` by ${supersededBy}`
      const why = cause !== undefined
        ? `: ${line(cause)}`
        : said.forgotten
        ? ", and what it has come to is forgotten"
        : ""
      const text = `has ended at ${timeFrom(at, ended)}: ${spoken(status)}${by}${why}`
      return { _tag: "Ended", status, at: ended, cause, supersededBy, forgotten: said.forgotten, text }
    }
  }
}

const beginsLater = (
  said: Said<"Waits" | "Sibling" | "Joins" | "Limited" | "Debounced" | "Delayed" | "Paused">,
  at: Date,
  tell: Tell
): Reason => {
  switch (said.tag) {
    case "Waits": {
      const { lane, limit, others, performing, place } = said
      const behind = others.map(tell)
      const first = performing < limit ? ", and does not begin before the first one in line" : ""
      const text = `waits: number ${place} in the lane ${lane}, where ${performing} of ${limit} ${
        performing === 1 ? "performs" : "perform"
      }${first}`
      return { _tag: "Waits", lane, place, performing, limit, behind, text }
    }
    case "Sibling":
      return {
        _tag: "Sibling",
        elder: tell(said.others[0]!),
        text: "waits until its elder sibling has joined its lane"
      }
    case "Joins": {
      const joined = tell(said.others[0]!)
      return { _tag: "Joins", joined, text: `has joined ${joined.action}, which does the same` }
    }
    case "Limited":
    case "Debounced": {
      const { lane, tag } = said
      const until = new Date(said.until)
      return { _tag: tag, lane, until, text: untilText(tag, lane, timeFrom(at, until)) }
    }
    case "Delayed": {
      const until = new Date(said.until)
      return { _tag: "Delayed", until, text: `is not to start before ${timeFrom(at, until)}` }
    }
    case "Paused": {
      const pause = pauseOf(said.pause)
      return { _tag: "Paused", pause, text: `${pauseText(pause)}, since ${timeFrom(at, pause.since)}` }
    }
  }
}

const stepWaits = (said: Said<"Children" | "Timer" | "Signal">, at: Date, tell: Tell): Reason => {
  const { open, step, undoes } = said
  const since = new Date(said.since)
  const timeoutAt = dateOf(said.timeoutAt)
  const limit = timeoutAt === undefined ? "" : `; the step times out ${timeFrom(at, timeoutAt)}`
  const waiting = { step, undoes, since, timeoutAt, open }
  const begins = `${undoes ? "what undoes " : ""}the step ${step} waits since ${timeFrom(at, since)}`
  switch (said.tag) {
    case "Children": {
      const { closing, undoing } = said
      const children = said.others.map(tell)
      const what = undoing ? " to be undone" : closing ? " to end, and does not go on" : ""
      const some = open > children.length ? `, ${children.length} of them here` : ""
      const text = `${begins} for ${counted(open, "child", "children")}${what}${some}${limit}`
      return { _tag: "Children", ...waiting, undoing, closing, children, text }
    }
    case "Timer": {
      const until = new Date(said.until)
      const times = open === 1 ? "" : `, the last of ${open} times`
      return { _tag: "Timer", ...waiting, until, text: `${begins} until ${timeFrom(at, until)}${times}${limit}` }
    }
    case "Signal": {
      const { optional, signal, unread } = said
      const unreadAt = dateOf(unread.lastAt)
      const until = dateOf(said.until)
      const heartbeat = heartbeatOf(said)
      const most = until === undefined ? "" : `, until ${timeFrom(at, until)}`
      const often = open === 1 ? "" : `, ${open} times`
      const text = `${begins} for the signal ${signal}${often}${most}${unreadText(unread.count, unreadAt, until, at)}${
        heartbeatText(heartbeat, at)
      }${limit}`
      return { _tag: "Signal", ...waiting, signal, optional, until, unread: unread.count, unreadAt, heartbeat, text }
    }
  }
}

const waitsOutside = (said: Said<"Outbound" | "Held" | "Retries">, at: Date): Reason => {
  switch (said.tag) {
    case "Outbound": {
      const since = new Date(said.since)
      const heartbeat = heartbeatOf(said)
      const text = `waits to be completed from outside since ${timeFrom(at, since)}${heartbeatText(heartbeat, at)}`
      return { _tag: "Outbound", since, heartbeat, text }
    }
    case "Held": {
      const step = maybe(said.step)
      const since = dateOf(said.since)
      const failure = maybe(said.failure)
      const decided = said.decided === null
        ? undefined
        : { ...said.decided, reason: maybe(said.decided.reason), at: new Date(said.decided.at) }
      const by = decided === undefined ?
        "" :
        `; ${decided.by} has asked for ${decided.verb} at ${timeFrom(at, decided.at)}${
          decided.reason === undefined ? "" : ` (${decided.reason})`
        }`
      const text = `${stepText(step)} is held until somebody decides of its attempt ${said.attempt}${
        since === undefined ? "" : `, since ${timeFrom(at, since)}`
      }${after(failure)}${by}`
      return { _tag: "Held", step, attempt: said.attempt, since, failure, decided, text }
    }
    case "Retries": {
      const { attempt, what } = said
      const step = maybe(said.step)
      const failure = maybe(said.failure)
      const due = new Date(said.at)
      const text = `${doingText(what, step, "is", "are")} tried again at ${timeFrom(at, due)}, as attempt ${attempt}${
        after(failure)
      }`
      return { _tag: "Retries", what, step, attempt, at: due, failure, text }
    }
  }
}

const atWorkers = (said: Said<"Due" | "Performs">, at: Date): Reason => {
  if (said.tag === "Performs") {
    const { attempt, what } = said
    const step = maybe(said.step)
    const since = dateOf(said.since)
    const worker = said.worker === null ? undefined : {
      name: said.worker.name,
      build: maybe(said.worker.build),
      startedAt: new Date(said.worker.startedAt),
      leaseUntil: new Date(said.worker.leaseUntil),
      isOver: said.worker.isOver
    }
    const by = worker === undefined
      ? "under a worker that is gone: others take over"
      : `under ${worker.name}${
        worker.build === undefined ? "" : ` (${worker.build})`
      }, which has started at ${worker.startedAt.toISOString()} and whose lease ${
        worker.isOver ? "is over since" : "lasts until"
      } ${worker.leaseUntil.toISOString()}`
    const begun = since === undefined ? "" : ` since ${timeFrom(at, since)}`
    const text = `${doingText(what, step, "runs", "run")}${begun}, attempt ${attempt}, ${by}`
    return { _tag: "Performs", what, step, attempt, since, worker, progress: maybe(said.progress), text }
  }
  const { queue, workers: { draining, having, living, serving } } = said
  const since = dateOf(said.since)
  const place = maybe(said.place)
  const due = `is due in the queue ${queue}${since === undefined ? "" : ` since ${timeFrom(at, since)}`}`
  if (serving > 0) {
    const number = place === undefined ? "" : `, number ${place} there`
    const text = `${due}${number}: ${counted(serving, "worker takes it", "workers take it")}`
    return { _tag: "Due", queue, since, place, workers: serving, text }
  }
  const missing = living === 0 ? "worker" : having === 0 ? "definition" : draining === 0 ? "queue" : "undrained"
  const none = missing === "worker"
    ? "and no worker lives"
    : missing === "definition"
    ? `and none of the ${counted(living, "living worker")} has its definition`
    : missing === "undrained"
    ? `and the ${draining === 1 ? "worker that takes it is" : `${draining} workers that take it are`} draining`
    : `and none of the ${counted(having, "living worker")} that ${
      having === 1 ? "has" : "have"
    } its definition takes from that`
  return { _tag: "Unserved", queue, since, missing, workers: living, text: `${due}, ${none}` }
}
