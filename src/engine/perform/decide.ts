/**
 * What becomes of an action, decided from what has happened to it: a pure function, without a clock, a fiber or a table.
 */
import { weigh } from "../../domain/Codec.ts"
import { broken, type FailureCause, timedOut } from "../../domain/Failure.ts"
import type { Phase, StepIdentity } from "../../domain/Phase.ts"
import type { Conclusion, EndedBody, NewSlot, StoredOutcome } from "../../store/Conclusion.ts"
import type { Invocation } from "../../store/Invocation.ts"
import { isGenerated } from "../Registry.ts"
import {
  actionOf,
  atStepToRun,
  fenceOf,
  findStep,
  nextAfter,
  type Performance,
  placeAt,
  stepOf
} from "./Performance.ts"

/** Arguments that a body has replaced, decoded and encoded. */
export interface Replaced {
  readonly encoded: unknown
}

/** What has happened to an action while it was performed. */
export type Event =
  /** Its step has ended well. */
  | {
    readonly _tag: "StepSucceeded"
    readonly step: StepIdentity
    /** The result as later steps receive it, as it is stored, and as the action's own, if it is the last one. */
    readonly value: unknown
    readonly stored: unknown
    readonly encoded: unknown
    readonly replaced?: Replaced | undefined
  }
  /** Its step is not to run. */
  | { readonly _tag: "StepSkipped"; readonly step: StepIdentity }
  /** Its step's body has ended, and waits for children and times. */
  | {
    readonly _tag: "StepWaits"
    readonly stored: unknown
    readonly slots: ReadonlyArray<NewSlot>
    readonly children: ReadonlyArray<Invocation>
    readonly marked: boolean
    readonly replaced?: Replaced | undefined
  }
  /** Its step, or its job, has failed; of a step that was only marked so the result is there. */
  | {
    readonly _tag: "Failed"
    readonly cause: FailureCause
    readonly stored?: unknown
    readonly replaced?: Replaced | undefined
  }
  /** Its job has ended, and somebody else completes it. */
  | { readonly _tag: "JobEnded" }
  /** A deploy has taken its job. */
  | { readonly _tag: "JobDropped" }
  | { readonly _tag: "CallbacksEnded"; readonly succeeded: number; readonly failed: number }
  /** The same once more, later; with the callbacks that need not run again. `burns`: it was a failure. */
  | {
    readonly _tag: "Again"
    readonly due: number
    readonly burns: boolean
    readonly callbacks?: ReadonlyArray<readonly [identity: string, succeeded: boolean]> | undefined
    readonly failure?: FailureCause | undefined
  }
  /** Its time was over before its body, step or job was. */
  | { readonly _tag: "TimeIsOver" }

/**
 * The phases in which an event can happen. An action that is `outbound` is in nobody's hands: what ends it comes from outside, and is the
 * store's.
 */
const happensIn: { readonly [Tag in Event["_tag"]]: ReadonlyArray<Phase> } = {
  StepSucceeded: ["step", "waiting"],
  StepSkipped: ["step"],
  StepWaits: ["step"],
  Failed: ["step", "waiting", "job"],
  JobEnded: ["job"],
  JobDropped: ["job"],
  CallbacksEnded: ["callbacks"],
  Again: ["step", "waiting", "callbacks", "job"],
  TimeIsOver: ["step", "waiting", "job"]
}

/** Every event's name. */
export const events = Object.keys(happensIn) as ReadonlyArray<Event["_tag"]>

/** What to commit for one action, and what this worker does next with it. */
export interface Concluded extends Decided {
  /** Whose it is. */
  readonly of: { readonly definition: string; readonly actorId: string }
  /** When the action's time is over, in ms of user time, and what is to be committed from then on. */
  readonly limit?: { readonly at: number; readonly instead: () => Concluded }
  /** What is to be committed if the database refuses it, with these words, where that is not simply the action's failure. */
  readonly refused?: (message: string) => Concluded
}

interface Decided {
  readonly conclusion: Conclusion
  /** The action stays in this worker's hands. */
  readonly next: Performance | undefined
  /** How the action ends with it, for those of this process who wait for it. */
  readonly ended?: Ended
}

/** An action's end, as it is stored. */
export interface Ended {
  readonly id: string
  readonly definition: string
  readonly actorId: string
  readonly isRoot: boolean
  readonly outcome: StoredOutcome
}

const failed = (cause: FailureCause): StoredOutcome => ({ status: "failed", result: null, cause })

/**
 * What becomes of an action to which this has happened; whatever it is, after its time is over that is its end. Throws where it cannot
 * happen.
 */
export const decide = (performance: Performance, event: Event): Concluded => {
  if (!happensIn[event._tag].includes(performance.phase)) {
    throw new Error(`${event._tag} does not happen in the phase ${performance.phase}`)
  }
  const decided = conclude(performance, event)
  const { actorId, phase, runnable, timeoutAt } = performance
  const of = { definition: runnable.key, actorId }
  const concluded: Concluded = timeoutAt === undefined || phase === "callbacks" || event._tag === "TimeIsOver"
    ? { ...decided, of }
    : { ...decided, of, limit: { at: timeoutAt, instead: () => decide(performance, { _tag: "TimeIsOver" }) } }
  return bodyEnded.includes(event._tag) && isPassed(performance)
    ? { ...concluded, refused: (message) => decide(performance, refusedAt(performance, message)) }
    : concluded
}

const bodyEnded: ReadonlyArray<Event["_tag"]> = ["StepSucceeded", "StepSkipped", "StepWaits"]

const refusedAt = (performance: Performance, message: string): Event => ({
  _tag: "Failed",
  cause: broken(placeAt(performance, stepOf(performance)), message)
})

const conclude = (performance: Performance, event: Event): Decided => {
  switch (event._tag) {
    case "StepSucceeded":
      return advance(performance, succeeded(performance, event))
    case "StepSkipped":
      return canBePassed(performance, event.step)
        ? passed(performance, event.step, endedBody(performance, "skipped", null), undefined)
        : end(
          performance,
          openStep(performance, "failed"),
          failed(broken(placeAt(performance, event.step), "it is skipped, and nothing else gives the action's success"))
        )
    case "StepWaits":
      return {
        conclusion: {
          _tag: "StepWaits",
          fence: fenceOf(performance),
          arguments: event.replaced,
          waiting: { ...endedBody(performance, "performing", event.stored), marked: event.marked },
          slots: event.slots,
          children: event.children
        },
        next: undefined
      }
    case "Failed":
      if (isPassed(performance)) {
        const ended = endedBody(performance, "failed", { $failure: event.cause })
        return passed(performance, stepOf(performance), ended, event.replaced)
      }
      return end(performance, openStep(performance, "failed", event.stored), failed(event.cause), event.replaced)
    case "JobEnded":
      return {
        conclusion: { _tag: "WaitsOutside", fence: fenceOf(performance), ended: undefined, freshAttempts: false },
        next: undefined
      }
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
    case "Again":
      return {
        conclusion: {
          _tag: "TryAgain",
          fence: fenceOf(performance),
          phase: performance.phase,
          due: event.due,
          burns: event.burns,
          callbacks: event.callbacks,
          failure: event.failure
        },
        next: undefined
      }
    case "TimeIsOver": {
      const at = atStepToRun(performance)
      return end(at, openStep(at, "cancelled"), {
        status: "timed_out",
        result: null,
        cause: timedOut(actionOf(performance))
      })
    }
  }
}

/** What is stored of the step that ends now. */
const endedBody = (performance: Performance, status: EndedBody["status"], result: unknown): EndedBody => ({
  name: performance.stepName ?? String(performance.step + 1),
  kind: performance.stepKind ?? "unnamed",
  status,
  result,
  marked: false,
  startedAt: performance.stepStartedAt,
  waited: performance.phase === "waiting"
})

/** The step that ends with its action; a job has none. */
const openStep = (
  performance: Performance,
  status: EndedBody["status"],
  result: unknown = null
): EndedBody | undefined =>
  performance.phase === "step" || performance.phase === "waiting" ? endedBody(performance, status, result) : undefined

const endedAs = ({ actorId, depth, id, runnable }: Performance, outcome: StoredOutcome): Ended => ({
  id,
  definition: runnable.key,
  actorId,
  isRoot: depth === 0,
  outcome
})

/** The action ends: through its callbacks where it has some, else at once. */
const end = (
  performance: Performance,
  ended: EndedBody | undefined,
  outcome: StoredOutcome,
  replaced: Replaced | undefined = undefined
): Decided => {
  const fence = fenceOf(performance)
  const { attempts, runnable } = performance
  const isHooked = runnable.callbacks.some(({ statuses }) => statuses.some((status) => status === outcome.status))
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
      ended: endedAs(performance, outcome)
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

const succeeded = (performance: Performance, event: Event & { readonly _tag: "StepSucceeded" }): Over => {
  const { encoded, replaced, step, stored, value } = event
  // of a generated step nobody can ask for the result, and the last one's is the action's; that of one that has waited is there
  const isKept = nextAfter(performance, step) !== undefined && !isGenerated(step) && performance.phase === "step"
  return {
    step,
    ended: endedBody(performance, "succeeded", isKept ? stored : null),
    given: { value },
    encoded,
    replaced
  }
}

/** The action goes on without what the step gives: it was skipped, or has failed and may. */
const passed = (
  performance: Performance,
  step: StepIdentity,
  ended: EndedBody,
  replaced: Replaced | undefined
): Decided => advance(performance, { step, ended, encoded: performance.runnable.nothing?.encoded, replaced })

/** Whether the action goes on without the step that has failed. */
const isPassed = (performance: Performance): boolean => {
  if (performance.phase === "job" || performance.stepName === undefined) return false
  const step = findStep(performance, stepOf(performance))
  return step?.policy?.mayFail === true && canBePassed(performance, step)
}

/** Not if it is the last one, since a deploy has changed their order, and has to give the action's success. */
const canBePassed = (performance: Performance, step: StepIdentity): boolean => {
  const { definition, nothing } = performance.runnable
  return nothing !== undefined || definition.outbound || nextAfter(performance, step) !== undefined
}

/** After a step that does not end its action: the next one, the job, the wait for somebody outside, or the end. */
const advance = (performance: Performance, over: Over): Decided => {
  const { encoded: success, ended, given, replaced, step } = over
  const { attempts, detail, phase, results, runnable } = performance
  const next = nextAfter(performance, step)
  const fence = fenceOf(performance)
  const freshAttempts = attempts > 0
  if (next === undefined && runnable.definition.job === undefined) {
    return runnable.definition.outbound
      ? {
        conclusion: { _tag: "WaitsOutside", fence, arguments: replaced, ended, freshAttempts },
        next: undefined
      }
      : end(performance, ended, { status: "succeeded", result: success ?? null, cause: null }, replaced)
  }
  const ran = [...performance.ran, { kind: step.kind, name: step.name }]
  const encoded = replaced === undefined ? performance.encoded : replaced.encoded
  if (next === undefined) {
    return {
      conclusion: { _tag: "JobStarts", fence, arguments: replaced, ended, freshAttempts },
      next: {
        ...performance,
        phase: "job",
        step: performance.step + 1,
        stepName: undefined,
        stepKind: undefined,
        attempts: 0,
        ran,
        encoded,
        detail: undefined,
        received: 0
      }
    }
  }
  const { kind, name } = next
  return {
    conclusion: { _tag: "StepEnded", fence, arguments: replaced, ended, next: { kind, name }, freshAttempts },
    next: {
      ...performance,
      phase: "step",
      step: performance.step + 1,
      stepName: name,
      stepKind: kind,
      attempts: 0,
      ran,
      encoded,
      detail: undefined,
      // what has failed or was skipped before earlier results were read leaves them to be loaded
      apart: given === undefined && detail !== undefined,
      results: step.kind === "own" && given !== undefined ? { ...results, [step.name]: given.value } : results,
      // of what a continued step waited for it counts already; else no more than four times as many bytes as its text has characters
      received: performance.received + (phase === "waiting" || given === undefined ? 0 : 4 * weigh(ended.result))
    }
  }
}
