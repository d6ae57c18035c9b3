/** Conclusions into columns: the only place that knows how one is stored. */
import * as PgTypes from "@effect/sql-pg/PgTypes"
import * as Effect from "effect/Effect"
import {
  type Phase,
  phaseCodes,
  statusCodes,
  type StepIdentity,
  stepKindCodes,
  stepStatusCodes
} from "../../domain/Phase.ts"
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
import {
  array,
  askedBy,
  at,
  Batch,
  type Child,
  childColumns,
  columns,
  receivedColumns,
  slotColumns
} from "../columns.ts"
import { toAnswer } from "../rows.ts"
import { enqueueMax } from "./enqueue.ts"

const slotsMax = 20_000

/** One row for `finish`, by what its columns mean. */
interface Row {
  /** With the token, the fence. */
  readonly action: string
  readonly epoch?: number | undefined
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
  epoch: int4,
  step: int4,
  phase: int2,
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

/** A row of a batch, as it is written: values go into their columns at once, since making a row of them first costs as much again. */
class Written {
  readonly batch: Batch<Row>
  readonly n: number

  constructor(batch: Batch<Row>, n: number) {
    this.batch = batch
    this.n = n
  }

  put<Key extends keyof Row>(key: Key, value: Row[Key] | null): this {
    this.batch.put(this.n, key, value)
    return this
  }

  /** What a conclusion has before it is known what becomes of the action. */
  fenced({ arguments: replaced, fence, trace }: Conclusion, step?: EndedBody): this {
    return this.put("action", fence.action)
      .put("epoch", fence.epoch)
      .put("step", fence.step)
      .put("phase", phaseCodes[fence.phase])
      .put("trace", trace)
      .put("arguments", replaced?.encoded)
      .ended(step)
  }

  ended(step: EndedBody | undefined): this {
    return step === undefined ? this : this.put("stepName", step.name)
      .put("stepKind", stepKindCodes[step.kind])
      .put("stepStatus", stepStatusCodes[step.status])
      .put("stepResult", step.result)
      .put("stepMarked", step.marked === true ? true : undefined)
      .put("stepStartedAt", step.startedAt)
      .put("stepWaited", step.waited === true ? true : undefined)
      .put("stepAttempt", step.attempt)
      .put("stepAttempts", step.attempts)
      .put("stepUndo", step.undo)
      .put("stepUndoes", step.undoes)
      .put("stepMemos", step.memos)
      .put("stepUnread", step.unread)
  }

  decided({ cause, result, status }: StoredOutcome): this {
    return this.put("outcome", statusCodes[status]).put("result", result).put("cause", cause)
  }

  goesOn(phase: Phase, freshAttempts = false): this {
    return this.put("nextPhase", phaseCodes[phase]).put("attempts", freshAttempts ? -1 : undefined)
  }

  at(index: number | undefined, step?: StepIdentity): this {
    this.put("nextStep", index)
    return step === undefined ? this : this.put("nextName", step.name).put("nextKind", stepKindCodes[step.kind])
  }

  beginsAgain(conclusion: StepRetries | StepHeld, phase: Phase): this {
    return this.fenced(conclusion)
      .put("stepWaited", conclusion.waited ? true : undefined)
      .put("stepUnread", conclusion.unread)
      .put("stepAttempt", conclusion.attempt)
      .put("stepAttempts", conclusion.attempts)
      .put("failure", conclusion.failure)
      .at(conclusion.fence.step, conclusion.step)
      .goesOn(phase, true)
  }
}

const write = (row: Written, conclusion: Conclusion): Written => {
  const { fence } = conclusion
  switch (conclusion._tag) {
    case "StepEnded":
      return row.fenced(conclusion, conclusion.ended)
        .put("keeps", true)
        .at(fence.step + 1, conclusion.next)
        .goesOn("step", conclusion.freshAttempts)
    case "StepWaits":
      return row.fenced(conclusion, conclusion.waiting).put("stepTimeoutAt", conclusion.timeoutAt).goesOn("waiting")
    case "JobStarts":
      return row.fenced(conclusion, conclusion.ended)
        .put("keeps", true)
        .at(fence.step + 1)
        .goesOn("job", conclusion.freshAttempts)
    case "WaitsOutside":
      return row.fenced(conclusion, conclusion.ended)
        .put("heartbeat", conclusion.heartbeat)
        .at(conclusion.ended === undefined ? undefined : fence.step + 1)
        .goesOn("outbound", conclusion.freshAttempts)
    case "CallbacksDue":
      return row.fenced(conclusion, conclusion.ended)
        .decided(conclusion.outcome)
        .put("keeps", true)
        .goesOn("callbacks", conclusion.freshAttempts)
    case "Unwinds":
      if (conclusion.outcome !== undefined) row.decided(conclusion.outcome)
      return row.fenced(conclusion, conclusion.ended)
        .put("keeps", true)
        .put("stepTimeoutAt", conclusion.until)
        .at(fence.step + (conclusion.ended === undefined ? 0 : 1), conclusion.next)
        .goesOn("unwinding", conclusion.freshAttempts)
    case "ActionEnds":
      return row.fenced(conclusion, conclusion.ended)
        .decided(conclusion.outcome)
        .put("ends", true)
        .put("callbacksSucceeded", conclusion.callbacksSucceeded === 0 ? undefined : conclusion.callbacksSucceeded)
        .put("callbacksFailed", conclusion.callbacksFailed === 0 ? undefined : conclusion.callbacksFailed)
    case "StepRetries":
      return row.beginsAgain(conclusion, conclusion.step.kind === "compensation" ? "unwinding" : "step")
        .put("job", true)
        .put("due", conclusion.due)
    case "StepHeld":
      return row.beginsAgain(conclusion, "held")
    case "Suspends":
      return row.fenced(conclusion)
        .put("failure", conclusion.failure)
        .put("stepMarked", conclusion.looksAgain ? true : undefined)
        .put("stepResult", conclusion.awaits)
        .goesOn("suspended", true)
    case "TryAgain":
      return row.fenced(conclusion)
        .goesOn(conclusion.phase)
        // a job begins again as a step does
        .at(
          (conclusion.phase === "step" && fence.phase === "job") || conclusion.attempt !== undefined
            ? fence.step
            : undefined
        )
        .put("stepAttempt", conclusion.attempt)
        .put("callbacks", conclusion.callbacks)
        .put("failure", conclusion.failure)
        .put("attempts", conclusion.burns ? 1 : -1)
        .put("job", true)
        .put("due", conclusion.due)
  }
}

const concluding = (conclusions: ReadonlyArray<Conclusion>) => {
  const batch = new Batch<Row>(conclusions.length)
  for (let n = 0; n < conclusions.length; n++) write(new Written(batch, n), conclusions[n]!)
  return batch.columns("conclusion", rowColumns)
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
        ...concluding(o.conclusions),
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
