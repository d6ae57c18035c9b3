/** What to commit for an action, and what comes next with it: how each of the ways goes on that `decide` chooses from. */
import { weigh } from "../../domain/Codec.ts"
import type { FailureCause } from "../../domain/Failure.ts"
import type { StepIdentity } from "../../domain/Phase.ts"
import { isUnchecked } from "../../domain/ResultTemplate.ts"
import type { Conclusion, EndedBody, StoredAttempts, StoredOutcome, Whose } from "../../store/Conclusion.ts"
import { isGenerated } from "../Runnable.ts"
import type { Again, Event, Replaced } from "./events.ts"
import {
  fenceOf,
  findStep,
  goingOn,
  isForCallbacks,
  isUndone,
  nextAfter,
  type Performance,
  stepOf
} from "./Performance.ts"
import { brief, withAttempt } from "./storedAttempts.ts"
import { beginUnwinding, isMarked, isTakenBack, isToUnwind, isTransactional, undoing } from "./unwinding.ts"

/** What to commit for one action, and what this worker does next with it. */
export interface Concluded extends Decided {
  /** Whose it is. */
  readonly of: Whose
  /** When the action's time is over, in ms of user time, and what is to be committed from then on. */
  readonly limit?: { readonly at: number; readonly instead: () => Concluded } | undefined
  /** What is to be committed if somebody has decided meanwhile how the action ends, and has left it to this worker until its body has ended. */
  readonly closed?: (() => Concluded) | undefined
  /** What is to be committed if the database refuses it, with these words, where that is not simply the action's failure. */
  readonly refused?: ((message: string) => Concluded) | undefined
}

export interface Decided {
  readonly conclusion: Conclusion
  /** The action stays in this worker's hands. */
  readonly next: Performance | undefined
  /** How the action ends with it, for those of this process who wait for it. */
  readonly ended?: Ended | undefined
}

/** An action's end, as it is stored. */
export interface Ended {
  readonly id: string
  readonly definition: string
  readonly actorId: string
  readonly isRoot: boolean
  readonly outcome: StoredOutcome
}

/** What is stored of the step that ends now. `stays`: what its body has done is committed, though it does not succeed. */
export const endedBody = (
  performance: Performance,
  status: EndedBody["status"],
  result: unknown,
  stays = false
): EndedBody => {
  const { attempt, attempts } = attemptsOf(performance)
  const isOver = status === "failed" || status === "cancelled"
  const { undo, undoes } = status === "skipped"
    ? nothing
    : undoing(performance, isOver && !stays && isTakenBack(performance))
  return {
    name: performance.stepName ?? String(performance.step + 1),
    kind: performance.stepKind ?? "unnamed",
    status,
    result,
    marked: false,
    startedAt: performance.attempted?.since ?? performance.stepStartedAt,
    waited: performance.phase === "waiting",
    // of an execution they stay with the history
    memos: performance.memos === undefined || performance.stepKind === "replayed" ? undefined : true,
    attempt,
    attempts,
    undo,
    undoes,
    unread: status === "succeeded" ? undefined : unreadAgain(performance)
  }
}

// of nearly all steps there is nothing more to say
const nothing: EndedAttempts & ReturnType<typeof undoing> = {}

type EndedAttempts = Pick<EndedBody, "attempt" | "attempts">

/** Signals that a step was given while it ran are kept for it until it ends. */
const unreadAgain = ({ phase, runnable }: Performance): true | undefined =>
  phase === "waiting" && runnable.definition.signals.length > 0 ? true : undefined

/** Of a step that has begun more than once, or of which somebody else has decided. */
const attemptsOf = (performance: Performance): EndedAttempts => {
  const { attempt, attempted, stepStartedAt } = performance
  if (attempted === undefined) return nothing
  return hasBegun(performance)
    ? { attempt, attempts: withAttempt(attempted, { number: attempt, startedAt: stepStartedAt }) }
    : { attempt: attempt - 1, attempts: attempted }
}

/** The step has failed, and begins again: nothing of it is kept but what came of it. */
export const beginsAgain = (
  performance: Performance,
  failure: FailureCause,
  { at, counts, due }: Again,
  replaced: Replaced | undefined
): Decided => {
  const attempts = failedAttempt(performance, failure, at, due)
  return {
    conclusion: {
      ...nextAttempt(performance, failure, replaced),
      _tag: "StepRetries",
      attempts: { ...attempts, counts: { ...attempts.counts, [counts]: (attempts.counts[counts] ?? 0) + 1 } },
      due
    },
    next: undefined
  }
}

/** The step has failed, and somebody is to decide of it. */
export const isHeld = (
  performance: Performance,
  failure: FailureCause,
  at: number,
  replaced: Replaced | undefined
): Decided => ({
  conclusion: {
    ...nextAttempt(performance, failure, replaced),
    _tag: "StepHeld",
    attempts: failedAttempt(performance, failure, at, undefined)
  },
  next: undefined
})

/** Names that are stored of what an execution awaits. */
const awaitsMax = 100

/** An execution's body is suspended. */
export const isSuspended = (
  performance: Performance,
  { awaits = [], failure, hasMissed = false }: {
    readonly failure: FailureCause | undefined
    readonly awaits?: ReadonlyArray<string>
    readonly hasMissed?: boolean
  }
): Decided => ({
  conclusion: {
    _tag: "Suspends",
    fence: fenceOf(performance),
    failure,
    awaits: awaits.slice(0, awaitsMax),
    looksAgain: hasMissed || performance.detail === undefined
  },
  next: undefined
})

const nextAttempt = (performance: Performance, failure: FailureCause, replaced: Replaced | undefined) => ({
  fence: fenceOf(performance),
  arguments: replaced,
  step: stepOf(performance),
  attempt: hasBegun(performance) ? performance.attempt + 1 : performance.attempt,
  failure,
  waited: performance.phase === "waiting",
  unread: unreadAgain(performance)
})

/** What came of the attempts, with the one that has failed, if one was under way. */
const failedAttempt = (
  performance: Performance,
  failure: FailureCause,
  endedAt: number,
  nextAt: number | undefined
): StoredAttempts => {
  const { attempt, attempted, isAsked, phase, stepStartedAt } = performance
  const before: StoredAttempts = attempted ?? { since: stepStartedAt, counts: {}, last: [] }
  if (!hasBegun(performance)) return before
  return {
    ...withAttempt(before, {
      number: attempt,
      startedAt: stepStartedAt,
      endedAt,
      failure: brief(failure),
      ...nextAt === undefined ? {} : { nextAt }
    }),
    ...isAsked || phase === "waiting" ? { isAsked: true } : {},
    ...isTransactional(performance) && (phase === "waiting" || isMarked(failure)) ? { stays: true } : {}
  }
}

/** Whether an attempt is under way, of a step of which somebody else decides, or of what undoes one and is abandoned. */
const hasBegun = ({ detail, phase, verdict }: Performance): boolean =>
  phase === "closing" || phase === "waiting" || (phase === "step" && verdict === undefined) ||
  (phase === "unwinding" && (verdict === undefined || detail?.stepStartedAt !== undefined))

/** The step that ends with its action; a job has none. */
export const openStep = (
  performance: Performance,
  status: EndedBody["status"],
  result: unknown = null,
  stays = false
): EndedBody | undefined => performance.phase === "job" ? undefined : endedBody(performance, status, result, stays)

export const endedAs = ({ actorId, depth, id, runnable }: Performance, outcome: StoredOutcome): Ended => ({
  id,
  definition: runnable.key,
  actorId,
  isRoot: depth === 0,
  outcome
})

/** The action ends: its steps are undone first, where there is something to undo and it does not succeed. */
export const end = (
  performance: Performance,
  ended: EndedBody | undefined,
  outcome: StoredOutcome,
  replaced: Replaced | undefined = undefined
): Decided =>
  isToUnwind(performance, ended, outcome)
    ? beginUnwinding(performance, ended, outcome, replaced)
    : endNow(performance, ended, outcome, replaced)

/** It ends through its callbacks where it has some, else at once. */
export const endNow = (
  performance: Performance,
  ended: EndedBody | undefined,
  outcome: StoredOutcome,
  replaced: Replaced | undefined = undefined
): Decided => {
  const fence = fenceOf(performance)
  const { attempts, runnable, unwinds } = performance
  // one that has ended has had its callbacks
  const isHooked = unwinds === undefined &&
    runnable.callbacks.some(({ statuses }) => statuses.some((status) => status === outcome.status))
  return isHooked
    ? {
      // what a step has used up of its attempts is not the callbacks'
      conclusion: { _tag: "CallbacksDue", fence, arguments: replaced, ended, outcome, freshAttempts: attempts > 0 },
      next: {
        ...performance,
        phase: "callbacks",
        attempts: 0,
        encoded: replaced === undefined ? performance.encoded : replaced.encoded,
        outcome,
        verdict: undefined,
        detail: undefined,
        received: 0
      }
    }
    : {
      conclusion: {
        _tag: "ActionEnds",
        fence,
        arguments: replaced,
        ended,
        outcome,
        callbacksSucceeded: 0,
        callbacksFailed: 0
      },
      next: undefined,
      ended: unwinds === undefined ? endedAs(performance, outcome) : undefined
    }
}

/** A step that is over, and does not end its action. */
interface Over {
  readonly step: StepIdentity
  readonly ended: EndedBody
  /** What later steps receive; none where it was skipped or has failed. */
  readonly given?: { readonly value: unknown } | undefined
  /** The action's success, if it is the last one. */
  readonly encoded: unknown
  readonly replaced?: Replaced | undefined
}

export const succeeded = (performance: Performance, event: Event & { readonly _tag: "StepSucceeded" }): Over => {
  const { encoded, replaced, step, stored, value } = event
  // of a generated step nobody can ask for the result, and the last one's is the action's; that of one that has waited is there
  const body = endedBody(performance, "succeeded", null)
  // an action that has ended well is undone as a whole
  const ended = isGenerated(step) && body.undo !== undefined ? { ...body, undo: undefined } : body
  const isKept = (nextAfter(performance, step) !== undefined && !isGenerated(step)) || isUndone(ended.undo) ||
    isUnchecked(stored) || isGivenInstead(performance) ||
    // what gives nothing needs no row for that
    (isForCallbacks(performance, step) && (value !== undefined || performance.runnable.definition.outbound))
  return {
    step,
    ended: isKept && !isStored(performance) ? { ...ended, result: stored } : ended,
    given: { value },
    encoded,
    replaced
  }
}

/** Whether its row has what its body has given, and somebody has given another result since. */
const isGivenInstead = ({ phase, verdict }: Performance): boolean => phase === "waiting" && verdict?._tag === "complete"

/** Whether what a step gives is there already: it has waited, and nobody has given it another result. */
const isStored = ({ phase, verdict }: Performance): boolean =>
  phase === "waiting" && (verdict === undefined || verdict._tag === "abandon")

/** The action goes on without what the step gives: it was skipped, or has failed and may. */
export const passed = (
  performance: Performance,
  step: StepIdentity,
  ended: EndedBody,
  replaced: Replaced | undefined
): Decided => advance(performance, { step, ended, encoded: performance.runnable.nothing?.encoded, replaced })

/** Whether the action goes on without the step that has failed. */
export const isPassed = (performance: Performance): boolean => {
  if (performance.phase === "job" || performance.stepName === undefined) return false
  const step = findStep(performance, stepOf(performance))
  return step?.policy?.mayFail === true && canBePassed(performance, step)
}

/** Not if it is the last one, since a deploy has changed their order, and has to give the action's success. */
export const canBePassed = (performance: Performance, step: StepIdentity): boolean => {
  const { definition, nothing } = performance.runnable
  return nothing !== undefined || definition.outbound || nextAfter(performance, step) !== undefined
}

/** Nothing is left to run: somebody outside completes it. */
export const waitsOutside = (
  performance: Performance,
  ended: EndedBody | undefined,
  freshAttempts: boolean,
  replaced?: Replaced
): Conclusion => ({
  _tag: "WaitsOutside",
  fence: fenceOf(performance),
  arguments: replaced,
  ended,
  freshAttempts,
  heartbeat: performance.runnable.definition.heartbeatTimeout
})

/** After a step that does not end its action: the next one, the job, the wait for somebody outside, or the end. */
export const advance = (performance: Performance, over: Over): Decided => {
  const { encoded: success, ended, given, replaced, step } = over
  const { attempts, detail, phase, results, runnable } = performance
  const next = nextAfter(performance, step)
  const fence = fenceOf(performance)
  const freshAttempts = attempts > 0
  if (next === undefined && runnable.definition.job === undefined) {
    return runnable.definition.outbound
      ? { conclusion: waitsOutside(performance, ended, freshAttempts, replaced), next: undefined }
      : end(performance, ended, { status: "succeeded", result: success ?? null, cause: null }, replaced)
  }
  const ran = [...performance.ran, { kind: step.kind, name: step.name }]
  const isToUndo = performance.isToUndo || isUndone(ended.undo)
  const encoded = replaced === undefined ? performance.encoded : replaced.encoded
  if (next === undefined) {
    return {
      conclusion: { _tag: "JobStarts", fence, arguments: replaced, ended, freshAttempts },
      next: goingOn(performance, {
        phase: "job",
        stepName: undefined,
        stepKind: undefined,
        ran,
        encoded,
        results,
        isToUndo,
        apart: performance.apart,
        received: 0
      })
    }
  }
  const { kind, name } = next
  return {
    conclusion: { _tag: "StepEnded", fence, arguments: replaced, ended, next: { kind, name }, freshAttempts },
    next: goingOn(performance, {
      phase: "step",
      stepName: name,
      stepKind: kind,
      ran,
      encoded,
      results: step.kind === "own" && given !== undefined ? { ...results, [step.name]: given.value } : results,
      isToUndo,
      // what has failed or was skipped before earlier results were read leaves them to be loaded; so is what was done once in an earlier action
      apart: (given === undefined && detail !== undefined) || performance.retries?.remembered?.includes(name) === true,
      // of what a continued step waited for it counts already; else no more than four times as many bytes as its text has characters
      received: performance.received + (phase === "waiting" || given === undefined ? 0 : 4 * weigh(ended.result))
    })
  }
}
