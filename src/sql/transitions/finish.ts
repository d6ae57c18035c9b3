/** Conclusions into columns: the only place that knows how one is stored. */
import * as PgTypes from "@effect/sql-pg/PgTypes"
import * as Effect from "effect/Effect"
import { phaseCodes, statusCodes, stepKindCodes, stepStatusCodes } from "../../domain/Phase.ts"
import {
  type Conclusion,
  type EndedBody,
  invocationsOf,
  type NewSlot,
  receivedOf,
  slotsOf,
  type StepHeld,
  type StepRetries,
  type StoredOutcome
} from "../../store/Conclusion.ts"
import type { Store } from "../../store/Store.ts"
import { countOf, partsOf, weighInvocation, weighSlot } from "../../store/weight.ts"
import type { Calls } from "../call.ts"
import { array, askedBy, at, type Child, childColumns, columns, receivedColumns, slotColumns } from "../columns.ts"
import { toAnswer } from "../rows.ts"
import { enqueueMax } from "./enqueue.ts"

const slotsMax = 20_000

/** One row for `finish`, by what its columns mean. */
interface Row {
  /** With the token, the fence. */
  readonly action: string
  readonly step: number
  readonly phase: number
  readonly decisions?: number | undefined
  /** The step's row; `stepWaited`: it is there already. */
  readonly stepName?: string | undefined
  readonly stepKind?: number | undefined
  readonly stepStatus?: number | undefined
  readonly stepResult?: unknown
  readonly stepMarked?: boolean | undefined
  readonly stepStartedAt?: number | undefined
  readonly stepWaited?: boolean | undefined
  /** Of a step that has begun again, or does: which attempt it is, and what came of the earlier ones. */
  readonly stepAttempt?: number | undefined
  readonly stepAttempts?: unknown
  readonly stepMemos?: boolean | undefined
  readonly stepUnread?: boolean | undefined
  /** When the time of a step is over that waits, or that in which steps are undone. */
  readonly stepTimeoutAt?: number | undefined
  /** How long nothing may be heard of whoever completes it, of one that waits outside. */
  readonly heartbeat?: number | undefined
  readonly stepUndo?: number | undefined
  readonly stepUndoes?: number | undefined
  readonly trace?: string | undefined
  /** The action ends; this worker keeps it. */
  readonly ends?: boolean | undefined
  readonly keeps?: boolean | undefined
  readonly nextPhase?: number | undefined
  readonly nextStep?: number | undefined
  readonly nextName?: string | undefined
  readonly nextKind?: number | undefined
  readonly arguments?: unknown
  readonly outcome?: number | undefined
  readonly result?: unknown
  readonly cause?: unknown
  readonly callbacksSucceeded?: number | undefined
  readonly callbacksFailed?: number | undefined
  /** Callbacks that have ended while others are to be tried again. */
  readonly callbacks?: unknown
  /** Why it is tried again. */
  readonly failure?: unknown
  /** Attempts to add; -1: back to none. */
  readonly attempts?: number | undefined
  /** A job to continue with, and when. */
  readonly job?: boolean | undefined
  readonly due?: number | undefined
}

const { bool, float8, int2, int4, jsonb, text, timestamptz, uuid } = PgTypes.OID

const rowColumns: { readonly [Name in keyof Required<Row>]: number } = {
  action: uuid,
  step: int4,
  phase: int2,
  decisions: int2,
  stepName: text,
  stepKind: int2,
  stepStatus: int2,
  stepResult: jsonb,
  stepMarked: bool,
  stepStartedAt: timestamptz,
  stepWaited: bool,
  stepAttempt: int2,
  stepAttempts: jsonb,
  stepMemos: bool,
  stepUnread: bool,
  stepTimeoutAt: timestamptz,
  heartbeat: float8,
  stepUndo: int2,
  stepUndoes: int4,
  trace: text,
  ends: bool,
  keeps: bool,
  nextPhase: int2,
  nextStep: int4,
  nextName: text,
  nextKind: int2,
  arguments: jsonb,
  outcome: int2,
  result: jsonb,
  cause: jsonb,
  callbacksSucceeded: int2,
  callbacksFailed: int2,
  callbacks: jsonb,
  failure: jsonb,
  attempts: int2,
  job: bool,
  due: timestamptz
}

/** A conclusion's columns before it is known what becomes of the action. */
const fenced = (conclusion: Conclusion, step: EndedBody | undefined): Row => ({
  action: conclusion.fence.action,
  step: conclusion.fence.step,
  phase: phaseCodes[conclusion.fence.phase],
  decisions: conclusion.fence.decisions,
  stepName: step?.name,
  stepKind: step === undefined ? undefined : stepKindCodes[step.kind],
  stepStatus: step === undefined ? undefined : stepStatusCodes[step.status],
  stepResult: step?.result,
  stepMarked: step?.marked === true ? true : undefined,
  stepStartedAt: step?.startedAt,
  stepWaited: step?.waited === true ? true : undefined,
  stepAttempt: step?.attempt,
  stepAttempts: step?.attempts,
  stepUndo: step?.undo,
  stepUndoes: step?.undoes,
  stepMemos: step?.memos,
  stepUnread: step?.unread,
  trace: conclusion.trace,
  arguments: conclusion.arguments?.encoded
})

const decided = ({ cause, result, status }: StoredOutcome) => ({ outcome: statusCodes[status], result, cause })

const beginsAgain = (conclusion: StepRetries | StepHeld): Row => ({
  ...fenced(conclusion, undefined),
  stepWaited: conclusion.waited ? true : undefined,
  stepUnread: conclusion.unread,
  stepAttempt: conclusion.attempt,
  stepAttempts: conclusion.attempts,
  nextStep: conclusion.fence.step,
  nextName: conclusion.step.name,
  nextKind: stepKindCodes[conclusion.step.kind],
  failure: conclusion.failure,
  attempts: -1
})

const unwinds = (conclusion: Conclusion & { readonly _tag: "Unwinds" }): Row => ({
  ...fenced(conclusion, conclusion.ended),
  ...conclusion.outcome === undefined ? {} : decided(conclusion.outcome),
  keeps: true,
  stepTimeoutAt: conclusion.until,
  nextPhase: phaseCodes.unwinding,
  nextStep: conclusion.fence.step + (conclusion.ended === undefined ? 0 : 1),
  nextName: conclusion.next?.name,
  nextKind: conclusion.next === undefined ? undefined : stepKindCodes[conclusion.next.kind],
  attempts: conclusion.freshAttempts ? -1 : undefined
})

const toRow = (conclusion: Conclusion): Row => {
  const { fence } = conclusion
  switch (conclusion._tag) {
    case "StepEnded":
      return {
        ...fenced(conclusion, conclusion.ended),
        keeps: true,
        nextPhase: phaseCodes.step,
        nextStep: fence.step + 1,
        nextName: conclusion.next.name,
        nextKind: stepKindCodes[conclusion.next.kind],
        attempts: conclusion.freshAttempts ? -1 : undefined
      }
    case "StepWaits":
      return {
        ...fenced(conclusion, conclusion.waiting),
        stepTimeoutAt: conclusion.timeoutAt,
        nextPhase: phaseCodes.waiting
      }
    case "JobStarts":
      return {
        ...fenced(conclusion, conclusion.ended),
        keeps: true,
        nextPhase: phaseCodes.job,
        nextStep: fence.step + 1,
        attempts: conclusion.freshAttempts ? -1 : undefined
      }
    case "WaitsOutside":
      return {
        ...fenced(conclusion, conclusion.ended),
        nextPhase: phaseCodes.outbound,
        heartbeat: conclusion.heartbeat,
        nextStep: conclusion.ended === undefined ? undefined : fence.step + 1,
        attempts: conclusion.freshAttempts ? -1 : undefined
      }
    case "CallbacksDue":
      return {
        ...fenced(conclusion, conclusion.ended),
        ...decided(conclusion.outcome),
        keeps: true,
        nextPhase: phaseCodes.callbacks,
        attempts: conclusion.freshAttempts ? -1 : undefined
      }
    case "Unwinds":
      return unwinds(conclusion)
    case "ActionEnds":
      return {
        ...fenced(conclusion, conclusion.ended),
        ...decided(conclusion.outcome),
        ends: true,
        callbacksSucceeded: conclusion.callbacksSucceeded === 0 ? undefined : conclusion.callbacksSucceeded,
        callbacksFailed: conclusion.callbacksFailed === 0 ? undefined : conclusion.callbacksFailed
      }
    case "StepRetries":
      return {
        ...beginsAgain(conclusion),
        nextPhase: conclusion.step.kind === "compensation" ? phaseCodes.unwinding : phaseCodes.step,
        job: true,
        due: conclusion.due
      }
    case "StepHeld":
      return { ...beginsAgain(conclusion), nextPhase: phaseCodes.held }
    case "TryAgain":
      return {
        ...fenced(conclusion, undefined),
        nextPhase: phaseCodes[conclusion.phase],
        // a job begins again as a step does
        nextStep: (conclusion.phase === "step" && fence.phase === "job") || conclusion.attempt !== undefined
          ? fence.step
          : undefined,
        stepAttempt: conclusion.attempt,
        callbacks: conclusion.callbacks,
        failure: conclusion.failure,
        attempts: conclusion.burns ? 1 : -1,
        job: true,
        due: conclusion.due
      }
  }
}

type Finishing = Parameters<Store["Service"]["finish"]>[0]

export const finishOf = ({ asOne, run }: Calls): Store["Service"]["finish"] => {
  const finish = (
    o: Finishing,
    slots: ReadonlyArray<NewSlot> = o.conclusions.flatMap(slotsOf),
    children: ReadonlyArray<Child> = o.conclusions.flatMap(invocationsOf)
  ) =>
    Effect.map(
      run("finish", "finish", {
        ...askedBy(o.token, o.now, o.catalog),
        ...columns("conclusion", o.conclusions.map(toRow), rowColumns),
        ...columns("slot", slots, slotColumns),
        ...columns("received", o.conclusions.flatMap(receivedOf), receivedColumns),
        ...columns<Child>("child", children, childColumns)
      }, "*"),
      toAnswer
    )

  /** The conclusion with the first of what it enqueues, under whose locks the others are added; none of them where it is stale. */
  const inParts = (o: Finishing) =>
    Effect.gen(function*() {
      // those that wait for signals come last, and by themselves: what one of them has been sent must not settle a step before all of it is there
      const [signals, others] = [true, false].map((is) =>
        partsOf(
          o.conclusions.flatMap(slotsOf).filter(({ signal }) => (signal !== undefined) === is),
          weighSlot,
          slotsMax
        )
      ) as [ReadonlyArray<ReadonlyArray<NewSlot>>, ReadonlyArray<ReadonlyArray<NewSlot>>]
      const slots = signals.length === 0 ? others : [others[0] ?? [], ...others.slice(1), ...signals]
      const children = partsOf(o.conclusions.flatMap(invocationsOf), weighInvocation, enqueueMax)
      const answer = yield* finish(o, slots[0] ?? [], children[0] ?? [])
      if (answer.news.some(({ _tag }) => _tag === "Stale" || _tag === "LeaseLost")) return answer
      for (let i = 1; i < Math.max(slots.length, children.length); i++) {
        yield* run("addChildren", "add_children", {
          p_now: at(o.now),
          p_slots: null,
          p_children: null,
          ...columns("slot", slots[i] ?? [], slotColumns),
          ...columns<Child>("child", children[i] ?? [], childColumns)
        })
      }
      if (signals.length > 0) {
        yield* run("signalByJob", "signal_by_job", {
          p_now: at(o.now),
          p_actions: array([o.conclusions[0]!.fence.action], uuid)
        })
      }
      return answer
    })

  return (o) => {
    // one of them may have more children than a statement takes; a batch is made so that it fits
    const [only] = o.conclusions
    if (o.conclusions.length !== 1 || (only!._tag !== "StepWaits" && only!.starts === undefined)) return finish(o)
    const [slots, invocations] = [slotsOf(only!), invocationsOf(only!)]
    const large = countOf(invocations, weighInvocation, enqueueMax) < invocations.length ||
      countOf(slots, weighSlot, slotsMax) < slots.length
    return large ? asOne(inParts(o)) : finish(o)
  }
}
