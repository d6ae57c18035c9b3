/**
 * Failures as data: what is stored when an action does not succeed, and how it reads. Every stored cause is built here, but for the few
 * that a transition finds out by itself; those are built in SQL, with the words of {@link words}.
 *
 * Nothing here fails on what it is given: texts are made storable, errors that cannot be read are described. What a schema redacts is in
 * no text: texts are made of errors as programs have them, never of their encoded form.
 */
import * as Cause from "effect/Cause"
import * as Predicate from "effect/Predicate"
import { innermostMessage } from "./innermostMessage.ts"
import type { ActionStatus } from "./Phase.ts"

/** All of {@link FailureKind}. */
export const failureKinds = [
  "failure",
  "defect",
  "child",
  "marked",
  "incompatible",
  "exhausted",
  "cancelled",
  "timed_out",
  "step_timed_out",
  "signal_timed_out",
  "heartbeat_timed_out",
  "deadlocked",
  "lane_busy",
  "lane_full",
  "superseded"
] as const

/**
 * How an action came not to succeed.
 *
 * **Details**
 *
 * `failure`: with a typed error, or completed as failed from outside. `defect`: with one that is not typed. `child`: an action that a step
 * waited for did not succeed. `marked`: a step was marked as failed. `incompatible`: a child's result, or what was sent as a signal, does not fit the schema that waits
 * for it. `exhausted`: every attempt ended without an answer. `step_timed_out`: a step took longer than its timeout. `signal_timed_out`: a signal
 * has not come in time. `heartbeat_timed_out`: nothing was heard for too long of whoever was to send a signal, or to complete the action. `cancelled`, `timed_out` and `deadlocked` are the statuses of these names.
 * `lane_busy`, `lane_full`: a lane did not take it. `superseded`: by a newer action, in a lane that tells its waiters so.
 *
 * @category models
 * @since 0.1.0
 */
export type FailureKind = typeof failureKinds[number]

/**
 * Why an action did not succeed, as it is stored.
 *
 * @category models
 * @since 0.1.0
 */
export interface FailureCause {
  readonly kind: FailureKind
  /** Where in the tree: `visit Car/1 › move › changeLocation Car/1`. */
  readonly path: string
  /** What: `NoParking at London`. Of a defect, and of an action's error that cannot be stored as data, what it says itself, without its fields, which `pretty` has. */
  readonly message: string
  /** The typed error as JSON, encoded with the schema of the action that declared it, in clear also where that schema redacts. */
  readonly error?: unknown
  /** Whether `error` is one of the action's own, declared ones. */
  readonly own?: boolean
  /** Whose declared error `error` is, where it is a descendant's: the action's name, and its actor as text. */
  readonly declaredBy?: { readonly action: string; readonly actor: string }
  /** The cause as Effect prints it. */
  readonly pretty?: string
  /** The named lane that it is about, as `bays:north`. */
  readonly lane?: string
  /** What whoever was not heard any more has said last, as JSON, if he has said something. */
  readonly details?: unknown
  /** Why it was cancelled, where whoever did so has said it. */
  readonly reason?: string
  /** What its steps have done and could not be undone, for good. */
  readonly notUndone?: ReadonlyArray<NotUndone>
  /** Children that were to be unwound and are left as they are: others count on them, too, or they are past their point of no return. */
  readonly kept?: ReadonlyArray<Kept>
  /** Names of steps that have begun and not succeeded, and have nothing to undo that with: what they have done nobody knows. */
  readonly uncertain?: ReadonlyArray<string>
  /** Of a deadlock, also a descendant's: who would have waited for whom. */
  readonly cycle?: ReadonlyArray<Waiting>
  /** Somebody has asked to forget whose failure it was (`ActionRepo.forget`): what was said of it is gone. */
  readonly forgotten?: true
}

/**
 * A step whose compensation has failed for good, or a child of it that could not be unwound.
 *
 * @category models
 * @since 0.1.0
 */
export interface NotUndone {
  /** The name of the step; of an action that is undone as a whole its own name. */
  readonly step: string
  /** Its place among the steps of the action, from 0; none of an action as a whole. */
  readonly index?: number
  /** The id of the child that could not be unwound, or below which something could not be undone. */
  readonly child?: string
  /** Why: what the last try has failed with. */
  readonly message: string
}

/**
 * A child that was to be unwound and is left as it is.
 *
 * @category models
 * @since 0.1.0
 */
export interface Kept {
  /** The name of the step that has asked for it, and its place among the steps of the action, from 0. */
  readonly step: string
  readonly index: number
  /** The child's id, and what it is: `reserve Shop/1`. */
  readonly child: string
  readonly action: string
}

/**
 * An action of a cycle of waiting: it waits for the next one, and the last one for the first (of a cycle of more than 100, the first 100 are
 * kept). With `lane`, behind the next one in that lane; otherwise for it as a child, or for one that it has joined. `step` is the step that
 * waits, if it has a name.
 *
 * @category models
 * @since 0.1.0
 */
export interface Waiting {
  /** The action's name. */
  readonly action: string
  /** The actor as text, such as `Car/1`. */
  readonly actor: string
  readonly lane?: string
  readonly step?: string
}

/** What is the same for every action that is ended from outside: the path is each one's own, and the store adds it. */
export type UnplacedCause = Omit<FailureCause, "path">

// -------------------------------------------------------------------------------------------------------------------
// texts
// -------------------------------------------------------------------------------------------------------------------

const arrow = " › "

/** Makes any text storable and short enough: for error messages, which must never fail the path that stores them. */
export const tidyText = (text: string, limit = 8000): string => {
  const tidy = text.replaceAll("\u0000", "\ufffd").toWellFormed()
  return tidy.length <= limit ? tidy : `${tidy.slice(0, limit).toWellFormed()}…`
}

/** `Car/1`. */
export const actorText = (definition: string, actorId: string): string => `${definition.split("/")[0]}/${actorId}`

/** `visit Car/1`. */
export const actionText = (definition: string, actorId: string): string => {
  const [type, name] = definition.split("/")
  return `${name} ${type}/${actorId}`
}

/** The place in an action's tree: the step shows unless it was generated. */
export const placeOf = (action: string, step: string | undefined): string =>
  step === undefined ? action : `${action}${arrow}${step}`

/** Anything can be thrown, also what cannot be looked at: a getter or a proxy that throws in its turn. */
const readable = (text: () => string): string => {
  try {
    return text()
  } catch {
    return "an error that cannot be read"
  }
}

/** An error in a few words: its message, or its tag and fields. */
export const errorText = (error: unknown): string => readable(() => textOf(error))

/**
 * What an error itself says, and nothing that is made of its fields: those are a payload, which not everybody may read who is told that something has failed. Of one that has nothing to say the tag.
 */
export const ownText = (error: unknown): string => readable(() => ownTextOf(error))

/** Of an error that is stored encrypted no more than its tag is in clear. */
export const encryptedText = (error: unknown): string =>
  readable(() =>
    `${
      Predicate.hasProperty(error, "_tag") && typeof error._tag === "string" ? tidyText(error._tag, 200) : "an error"
    }, encrypted`
  )

/** What is neither an error nor a text is all payload. */
export const noError = "a value that is no error"

const isTagged = (error: unknown): error is { readonly _tag: string } =>
  Predicate.hasProperty(error, "_tag") && typeof error._tag === "string"

/** A tagged error's own message. */
const messageOf = (error: { readonly _tag: string }): string =>
  error._tag === "SqlError" ? innermostMessage(error) : error instanceof Error ? error.message : ""

const ownTextOf = (error: unknown): string => {
  if (isTagged(error)) return messageOf(error) === "" ? tidyText(error._tag, 200) : textOf(error)
  const isSaid = error instanceof Error || typeof error === "string" || error === undefined || error === null
  return isSaid ? textOf(error) : noError
}

const textOf = (error: unknown): string => {
  if (isTagged(error)) {
    const message = messageOf(error)
    if (message !== "") return tidyText(`${error._tag}: ${message}`, 2000)
    const fields = Object.entries(error)
      .filter(([key]) => key !== "_tag" && key !== "name" && key !== "stack" && key !== "message" && key !== "cause")
      .map(([key, value]) => `${key} ${typeof value === "string" ? value : safeJson(value)}`)
    return tidyText([error._tag, ...fields.length === 0 ? [] : [fields.join(", ")]].join(" "), 2000)
  }
  if (error instanceof Error) return tidyText(error.message === "" ? error.name : error.message, 2000)
  return tidyText(typeof error === "string" ? error : safeJson(error), 2000)
}

const safeJson = (value: unknown): string => {
  try {
    return JSON.stringify(value, (_key, inner) => typeof inner === "bigint" ? inner.toString() : inner) ?? String(value)
  } catch {
    return String(value)
  }
}

/** A status in words: `timed out`. */
export const spoken = (status: string): string => status.replaceAll("_", " ")

/** The whole line: `visit Car/1 › move › changeLocation Car/1: NoParking at London`. */
export const line = ({ message, path }: Pick<FailureCause, "path" | "message">): string => `${path}: ${message}`

// -------------------------------------------------------------------------------------------------------------------
// causes
// -------------------------------------------------------------------------------------------------------------------

/** What causes say that SQL writes, too. */
export const words = {
  cancelled: "cancelled",
  parentIsOver: "its parent is over",
  timedOut: "timed out",
  silent: "no heartbeat in time",
  /** Before the cycle: who waits for whom. */
  deadlocked: "deadlocked: ",
  busy: "turned away by the busy lane ",
  full: "turned away by the full lane ",
  superseded: "superseded by a newer action in the lane ",
  cancelledFor: "cancelled for a newer action in the lane ",
  forgotten: "forgotten"
} as const

/** The typed error that a body, a hook or a key failed with. */
export const typedErrorIn = (cause: Cause.Cause<unknown>): { readonly error: unknown } | undefined =>
  cause.reasons.find(Cause.isFailReason)

/** What user code has failed with; a typed error comes as data, as far as it is there. What it is made of is in its message where it is data, too, or says what is left undone; of others it is in what is printed of them. */
export const fromBody = (
  cause: Cause.Cause<unknown>,
  path: string,
  data: Pick<FailureCause, "error" | "own" | "declaredBy" | "cycle">,
  { isEncrypted = false, isLeft = false }: { readonly isEncrypted?: boolean; readonly isLeft?: boolean } = {}
): FailureCause => {
  const failure = typedErrorIn(cause)
  if (failure !== undefined && isEncrypted) {
    return { kind: "failure", path, message: encryptedText(failure.error), ...data }
  }
  const defect = cause.reasons.find(Cause.isDieReason)
  const printed = readable(() => Cause.pretty(cause))
  const error = failure === undefined ? defect?.defect : failure.error
  const text = errorText(error)
  if (failure !== undefined && (data.error !== undefined || isLeft)) {
    return { kind: "failure", path, message: text, ...data, pretty: tidyText(printed) }
  }
  const isError = failure !== undefined || defect !== undefined
  const message = isError ? ownText(error) : "interrupted itself"
  // Effect prints no fields of what is tagged
  const pretty = tidyText(isError && message !== text ? `${text}\n${printed}` : printed)
  return { kind: failure === undefined ? "defect" : "failure", path, message, ...data, pretty }
}

/** An action that a step has waited for, and that did not succeed. */
export interface FailedChild {
  /** The action that has ended: another one than was asked for, where that one was superseded or joined it. */
  readonly definition: string
  readonly actorId: string
  readonly status: ActionStatus | undefined
  /** None where a callback of it has failed. */
  readonly cause: FailureCause | null
}

const callbackFailedWords = "a callback failed"

/** Of an action that has succeeded, and that does not count as a success for who waits for it. */
export const callbackFailed = (path: string): FailureCause => ({ kind: "failure", path, message: callbackFailedWords })

/** The cause of a parent that failed because of a child. */
export const fromChild = (place: string, { actorId, cause, definition, status }: FailedChild): FailureCause => {
  const declaredBy = cause?.own === true
    ? { action: definition.split("/")[1]!, actor: actorText(definition, actorId) }
    : cause?.declaredBy
  return {
    kind: "child",
    path: tidyText(`${place}${arrow}${cause?.path ?? actionText(definition, actorId)}`),
    message: cause?.message ?? (status === "failed" || status === undefined ? callbackFailedWords : spoken(status)),
    ...cause?.error === undefined ? {} : { error: cause.error },
    ...declaredBy === undefined ? {} : { declaredBy },
    ...cause?.cycle === undefined ? {} : { cycle: cause.cycle }
  }
}

/** A step's body has marked it as failed. */
export const marked = (path: string): FailureCause => ({ kind: "marked", path, message: "marked as failed" })

/** Something has ended without an answer too often. */
export const exhausted = (path: string, attempts: number): FailureCause => ({
  kind: "exhausted",
  path,
  message: `gave up after ${attempts} attempts that ended without an answer`
})

/** What the engine itself has found, and no try would change. */
export const broken = (path: string, message: string): FailureCause => ({ kind: "defect", path, message })

/** A stored actor id that its schema no longer reads. */
export const unreadableActor = (path: string, error: unknown): FailureCause =>
  broken(path, `the actor's id cannot be read: ${errorText(error)}`)

/** A child's result that cannot be read. */
export const incompatible = (path: string, message: string): FailureCause => ({ kind: "incompatible", path, message })

/** The action's time was over before it was. */
export const timedOut = (path: string): FailureCause => ({ kind: "timed_out", path, message: words.timedOut })

/** A step's time was over before it was. */
export const stepTimedOut = (path: string, timeoutMs: number): FailureCause => ({
  kind: "step_timed_out",
  path,
  message: `timed out after ${timeoutMs} ms`
})

/** A signal has not come in time. */
export const signalTimedOut = (path: string, signal: string): FailureCause => ({
  kind: "signal_timed_out",
  path,
  message: `the signal ${signal} has not come in time`
})

/** Nothing was heard for too long of whoever was to send a signal. */
export const heartbeatTimedOut = (path: string, signal: string, details: unknown): FailureCause => ({
  kind: "heartbeat_timed_out",
  path,
  message: `${words.silent} of the signal ${signal}`,
  ...details === undefined ? {} : { details }
})

/** Its `before` has cancelled it. */
export const cancelledByBefore = (path: string): FailureCause => ({
  kind: "cancelled",
  path,
  message: "cancelled by before"
})

/** Somebody has cancelled it, and may have said why: of that as much is kept as can be stored. Nobody is kept from cancelling by a text. */
export const cancelled = (given: string | undefined): UnplacedCause => {
  const reason = given === undefined ? "" : tidyText(String(given).trim(), 1000)
  return reason === ""
    ? { kind: "cancelled", message: words.cancelled }
    : { kind: "cancelled", message: `${words.cancelled}: ${reason}`, reason }
}

/** Somebody outside has said how it ends, and nothing more. */
export const completedAs = (status: "failed" | "cancelled" | "timed_out"): UnplacedCause => ({
  kind: status === "failed" ? "failure" : status,
  message: `completed as ${spoken(status)}`
})

/** Somebody outside has completed it with one of its declared errors. */
export const completedWith = (error: unknown, encoded: unknown, isEncrypted: boolean): UnplacedCause => ({
  kind: "failure",
  message: isEncrypted ? encryptedText(error) : errorText(error),
  error: encoded,
  own: true
})

/** What is said of a failure of which nothing is stored, as by an earlier version. */
export const unexplained = (path: string, status: ActionStatus): FailureCause => ({
  kind: "failure",
  path,
  message: spoken(status)
})
