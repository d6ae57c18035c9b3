/** Conclusions into columns: the only place that knows how one is stored. */
import * as PgTypes from "@effect/sql-pg/PgTypes"
import * as Effect from "effect/Effect"
import { phaseCodes, statusCodes, stepKindCodes, stepStatusCodes } from "../../domain/Phase.ts"
import {
  childrenOf,
  type Conclusion,
  type EndedBody,
  type NewSlot,
  slotsOf,
  type StoredOutcome
} from "../../store/Conclusion.ts"
import type { Store } from "../../store/Store.ts"
import { countOf, partsOf, weighInvocation, weighSlot } from "../../store/weight.ts"
import type { Calls } from "../call.ts"
import { askedBy, at, type Child, childColumns, columns, slotColumns } from "../columns.ts"
import { toAnswer } from "../rows.ts"
import { enqueueMax } from "./enqueue.ts"

const slotsMax = 20_000

/** One row for `finish`, by what its columns mean. */
interface Row {
  /** With the token, the fence. */
  readonly action: string
  readonly step: number
  readonly phase: number
  /** The step's row; `stepWaited`: it is there already. */
  readonly stepName?: string | undefined
  readonly stepKind?: number | undefined
  readonly stepStatus?: number | undefined
  readonly stepResult?: unknown
  readonly stepMarked?: boolean | undefined
  readonly stepStartedAt?: number | undefined
  readonly stepWaited?: boolean | undefined
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

const { bool, int2, int4, jsonb, text, timestamptz, uuid } = PgTypes.OID

const rowColumns: { readonly [Name in keyof Required<Row>]: number } = {
  action: uuid,
  step: int4,
  phase: int2,
  stepName: text,
  stepKind: int2,
  stepStatus: int2,
  stepResult: jsonb,
  stepMarked: bool,
  stepStartedAt: timestamptz,
  stepWaited: bool,
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
  stepName: step?.name,
  stepKind: step === undefined ? undefined : stepKindCodes[step.kind],
  stepStatus: step === undefined ? undefined : stepStatusCodes[step.status],
  stepResult: step?.result,
  stepMarked: step?.marked === true ? true : undefined,
  stepStartedAt: step?.startedAt,
  stepWaited: step?.waited === true ? true : undefined,
  arguments: conclusion.arguments?.encoded
})

const decided = ({ cause, result, status }: StoredOutcome) => ({ outcome: statusCodes[status], result, cause })

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
      return { ...fenced(conclusion, conclusion.waiting), nextPhase: phaseCodes.waiting }
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
    case "ActionEnds":
      return {
        ...fenced(conclusion, conclusion.ended),
        ...decided(conclusion.outcome),
        ends: true,
        callbacksSucceeded: conclusion.callbacksSucceeded === 0 ? undefined : conclusion.callbacksSucceeded,
        callbacksFailed: conclusion.callbacksFailed === 0 ? undefined : conclusion.callbacksFailed
      }
    case "TryAgain":
      return {
        ...fenced(conclusion, undefined),
        nextPhase: phaseCodes[conclusion.phase],
        nextStep: conclusion.phase === "step" && fence.phase === "job" ? fence.step : undefined,
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
    children: ReadonlyArray<Child> = o.conclusions.flatMap(childrenOf)
  ) =>
    Effect.map(
      run("finish", "finish", {
        ...askedBy(o.token, o.now, o.catalog),
        ...columns("conclusion", o.conclusions.map(toRow), rowColumns),
        ...columns("slot", slots, slotColumns),
        ...columns<Child>("child", children, childColumns)
      }, "*"),
      toAnswer
    )

  /** The conclusion with the first of its children, under whose locks the others are added; none of them where it is stale. */
  const inParts = (o: Finishing) =>
    Effect.gen(function*() {
      const slots = partsOf(o.conclusions.flatMap(slotsOf), weighSlot, slotsMax)
      const children = partsOf(o.conclusions.flatMap(childrenOf), weighInvocation, enqueueMax)
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
      return answer
    })

  return (o) => {
    // one of them may have more children than a statement takes; a batch is made so that it fits
    const [only] = o.conclusions
    if (o.conclusions.length !== 1 || only!._tag !== "StepWaits") return finish(o)
    const large = countOf(only!.children, weighInvocation, enqueueMax) < only!.children.length ||
      countOf(only!.slots, weighSlot, slotsMax) < only!.slots.length
    return large ? asOne(inParts(o)) : finish(o)
  }
}
