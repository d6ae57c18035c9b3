/**
 * Whole lives of actions, without a database: what bodies do is what plans say, what becomes of the action is what `decide` says, and what
 * a conclusion stores is kept in a row. What comes of it can be held against the model.
 */
import { assert } from "@effect/vitest"
import type { FailureCause } from "../../../src/domain/Failure.ts"
import type { StepIdentity } from "../../../src/domain/Phase.ts"
import type { Concluded } from "../../../src/engine/perform/concluding.ts"
import { decide } from "../../../src/engine/perform/decide.ts"
import type { Event } from "../../../src/engine/perform/events.ts"
import {
  fenceOf,
  nextAfter,
  type Performance,
  stepOf,
  stepToRun,
  takeUp
} from "../../../src/engine/perform/Performance.ts"
import type { Runnable } from "../../../src/engine/Runnable.ts"
import type { Detail, StoredStep } from "../../../src/store/Answer.ts"
import type { Conclusion, EndedBody, NewSlot, StoredAttempts, StoredOutcome } from "../../../src/store/Conclusion.ts"
import type { Invocation } from "../../../src/store/Invocation.ts"
import {
  actorNames,
  callbacksOf,
  childPlace,
  isAsked,
  isSkipped,
  keyOf,
  mayFail,
  nameOf,
  type Plan,
  replaced,
  stepNames,
  stepOf as planOfStep,
  type StoredAction
} from "../../model/Model.ts"
import { ref, runnable } from "./runnables.ts"

/** What the model leaves open, as answers to be generated. */
export interface Chances {
  /** Whether an action that is completed from outside has a job that ends without having done it. */
  readonly hasJob: () => boolean
  /** Whether the worker goes on with what the rows say, and not with what it has in memory. */
  readonly isTakenOver: () => boolean
  /** Whether a failure that is not handled comes before the event. */
  readonly failsFirst: () => boolean
  /** Whether another attempt has failed before this one, and whether somebody had to say that there is another one. */
  readonly beginsAgain: () => boolean
  readonly isHeld: () => boolean
}

export interface Lives {
  readonly actions: ReadonlyArray<StoredAction>
  /** User code as it ran, by action. */
  readonly log: ReadonlyMap<string, ReadonlyArray<string>>
}

const cause: FailureCause = { kind: "failure", path: "", message: "failed" }

const runnableOf = ({ shape }: Plan, chances: Chances): Runnable =>
  runnable({
    steps: shape.steps === 0 ? [] : stepNames(shape),
    policyOf: (index) => isAsked(shape, index) ? { when: () => true, mayFail: mayFail(shape, index) } : undefined,
    outbound: shape.outbound,
    job: shape.outbound && shape.steps === 0 && chances.hasJob(),
    callbacks: callbacksOf(shape)
  })

interface SettledSlot {
  readonly name: string
  readonly status: string
  readonly due: number
  readonly result: number | null
  readonly isVoid: boolean
}

interface RowOfStep extends StepIdentity {
  status: string
  readonly result: unknown
  readonly marked: boolean
  slots: ReadonlyArray<SettledSlot>
}

/** An action's rows, as the store keeps them. */
class Row {
  readonly #id: string
  readonly #runnable: Runnable
  readonly #timeoutAt: number | undefined
  #phase: Performance["phase"] = "step"
  #step = 0
  #next: StepIdentity | undefined
  #attempts = 0
  #attempt: number | undefined
  #attempted: StoredAttempts | undefined
  #arguments: unknown
  #outcome: StoredOutcome | undefined
  readonly steps: Array<RowOfStep> = []
  ended: (Conclusion & { readonly _tag: "ActionEnds" }) | undefined

  constructor(id: string, plan: Plan, runnable: Runnable, timeoutAt: number | undefined) {
    this.#id = id
    this.#arguments = plan
    this.#runnable = runnable
    this.#timeoutAt = timeoutAt
    this.#next = runnable.steps[0]
  }

  #put({ attempt, attempts, kind, marked, name, result, status, waited }: EndedBody): void {
    assert.strictEqual(waited, this.#phase === "waiting")
    assert.strictEqual(attempt, this.#attempt)
    assert.deepStrictEqual(attempts?.counts, this.#attempted?.counts)
    const row = waited ? this.steps[this.#step]! : undefined
    assert.strictEqual(this.steps.length, waited ? this.#step + 1 : this.#step)
    this.steps[this.#step] = {
      kind,
      name,
      status,
      marked: row?.marked ?? marked,
      // what has waited has its result already, and another one only if it has failed and is passed
      result: result ?? row?.result ?? null,
      slots: row?.slots ?? []
    }
  }

  /** What a commit changes. */
  commit(conclusion: Conclusion): void {
    assert.isUndefined(this.ended)
    assert.deepStrictEqual(conclusion.fence, {
      action: this.#id,
      step: this.#step,
      phase: this.#phase,
      epoch: undefined
    })
    if (conclusion.arguments !== undefined) this.#arguments = conclusion.arguments.encoded
    if ("ended" in conclusion && conclusion.ended !== undefined) this.#put(conclusion.ended)
    if ("freshAttempts" in conclusion && conclusion.freshAttempts) this.#attempts = 0
    switch (conclusion._tag) {
      case "StepEnded":
        this.#go("step", this.#step + 1, conclusion.next)
        return
      case "StepWaits":
        this.#put(conclusion.waiting)
        this.#go("waiting", this.#step, conclusion.waiting)
        return
      case "JobStarts":
        this.#go("job", this.#step + 1)
        return
      case "WaitsOutside":
        this.#go("outbound", conclusion.ended === undefined ? this.#step : this.#step + 1)
        return
      case "CallbacksDue":
        this.#outcome = conclusion.outcome
        this.#go("callbacks", this.#step)
        return
      case "ActionEnds":
        this.ended = conclusion
        return
      case "StepRetries":
      case "StepHeld":
        assert.strictEqual(conclusion.waited, false)
        this.#attempts = 0
        this.#go(conclusion._tag === "StepHeld" ? "held" : "step", this.#step, conclusion.step)
        this.#attempt = conclusion.attempt
        this.#attempted = conclusion.attempts
        return
      case "TryAgain":
        this.#attempts = conclusion.burns ? this.#attempts + 1 : 0
    }
  }

  #go(phase: Performance["phase"], step: number, next?: StepIdentity): void {
    this.#phase = phase
    // attempts are the step's, until another one is next
    if (step !== this.#step) {
      this.#attempt = undefined
      this.#attempted = undefined
    }
    this.#step = step
    this.#next = next
  }

  /** Somebody says that a step that is held begins again. */
  beginAgain(): void {
    if (this.#phase === "held") this.#phase = "step"
  }

  /** Somebody outside says how the action ends. */
  complete(outcome: StoredOutcome): void {
    const isHooked = this.#runnable.callbacks.some(({ statuses }) => statuses.some((name) => name === outcome.status))
    this.#outcome = outcome
    if (isHooked) return this.#go("callbacks", this.#step)
    const fence = { action: this.#id, step: this.#step, phase: this.#phase }
    this.ended = {
      _tag: "ActionEnds",
      fence,
      ended: undefined,
      outcome,
      callbacksSucceeded: 0,
      callbacksFailed: 0
    }
  }

  /** As a worker takes it that knows nothing of it. */
  load(now: number): Performance {
    const own = { action: this.#id, definition: this.#runnable.key, actorId: "1", attempts: this.#attempts, depth: 0 }
    const detail: Detail = {
      stepName: this.#next?.name,
      stepKind: this.#next?.kind,
      stepStartedAt: now,
      attempt: this.#attempt,
      attempts: this.#attempted,
      prepended: [],
      outcome: this.#outcome,
      callbacks: [],
      timeoutAt: this.#timeoutAt,
      steps: this.steps.map(({ kind, marked, name, result, status }, index): StoredStep => ({
        index,
        kind,
        name,
        status: status as StoredStep["status"],
        marked,
        result,
        undo: undefined,
        undoes: undefined
      })),
      slots: undefined
    }
    return takeUp(
      { _tag: "Continued", ...own, arguments: this.#arguments, step: this.#step, phase: this.#phase, detail },
      this.#runnable,
      ref,
      now
    )
  }
}

interface Ended {
  readonly at: number
  readonly status: string
  readonly result: number | null
}

/** Performs a plan and what comes of it. Nothing in it may meet: each of its actions has its lane for itself. */
export const live = (plan: Plan, chances: Chances): Lives => {
  const actions: Array<StoredAction> = []
  const log = new Map<string, Array<string>>()

  /** Actors by number; the action's definition is known by its plan. */
  const one = (key: string, actor: number, begun: Plan, from: number): Ended => {
    const runnable = runnableOf(begun, chances)
    const { shape } = begun
    const ran: Array<string> = []
    log.set(key, ran)
    const timeoutAt = begun.timeout === null ? undefined : from + begun.timeout
    const row = new Row(key, begun, runnable, timeoutAt)
    const planOf = ({ encoded }: Performance) => encoded as Plan
    let now = from
    let performance = row.load(now)

    const valueOf = (index: number): number | undefined => {
      const { result, slots, status } = row.steps[index]!
      if (status === "failed" || status === "skipped") return undefined
      if (result !== "child") return result as number
      const child = slots.find(({ name }) => name !== "wait")!
      return child.isVoid ? undefined : child.result!
    }

    const runBody = (performance: Performance): Event => {
      const step = stepToRun(performance)!
      if (isSkipped(planOf(performance), performance.step)) return { _tag: "StepSkipped", step }
      const earlier = shape.steps === 0 ? [] : row.steps.map((_, index) => valueOf(index) ?? "nothing")
      ran.push(
        `step ${key} ${step.name === "move" ? nameOf(shape) : step.name}${
          earlier.length === 0 ? "" : ` after ${earlier.join(", ")}`
        }`
      )
      const { deeds, end, gives } = planOfStep(planOf(performance), performance.step)
      if (end !== "well") return { _tag: "Failed", cause }
      const slots: Array<NewSlot> = []
      const children: Array<Invocation> = []
      let marked = false
      let arguments_: { readonly encoded: unknown } | undefined
      const put = (child: Invocation | undefined, due: number | null) => {
        slots.push({
          action: key,
          step: performance.step,
          slot: slots.length,
          child: child?.action ?? null,
          definition: child?.definition ?? null,
          actorId: child?.actorId ?? null,
          due,
          success: null,
          error: null
        })
        if (child !== undefined) children.push(child)
      }
      for (const deed of deeds) {
        switch (deed._tag) {
          case "Child": {
            const place = childPlace(key, performance.step, slots.length, deed)
            for (const on of deed.on ?? [actor]) {
              if (on >= 0) put(childOf(keyOf(place, actorNames[on]!), on, deed.plan, performance), null)
            }
            break
          }
          case "Wait":
            put(undefined, now + deed.seconds)
            break
          case "MarkFailed":
            marked = true
            break
          case "Replace":
            arguments_ = { encoded: replaced((arguments_?.encoded ?? planOf(performance)) as Plan) }
        }
      }
      const stored = gives === "child" && children.length > 0 ? "child" : planOf(performance).number
      if (slots.length > 0) {
        return { _tag: "StepWaits", stored, slots, children, marked, replaced: arguments_ }
      }
      return marked
        ? { _tag: "Failed", cause, stored, replaced: arguments_ }
        : { _tag: "StepSucceeded", step, value: stored, stored, encoded: resultOf(stored), replaced: arguments_ }
    }

    const resultOf = (value: unknown) => shape.success === "void" ? undefined : value

    /** Lets what a step waits for come, or the action's time. */
    const settle = (slots: ReadonlyArray<NewSlot>, children: ReadonlyArray<Invocation>): Event | undefined => {
      const byKey = new Map(children.map((child) => {
        const { on, plan } = child.arguments as { readonly on: number; readonly plan: Plan }
        return [child.action, { plan, ended: one(child.action, on, plan, now) }] as const
      }))
      const all = slots.map(({ child, due }): SettledSlot => {
        if (child === null) return { name: "wait", status: "succeeded", due: due!, result: null, isVoid: true }
        const { ended, plan } = byKey.get(child)!
        return {
          name: child,
          status: ended.status,
          due: ended.at,
          result: ended.result,
          isVoid: plan.shape.success === "void"
        }
      })
      const last = Math.max(...all.map(({ due }) => due))
      now = Math.min(last, timeoutAt ?? last)
      const step = row.steps.at(-1)!
      step.slots = all.map((slot) => slot.due <= now ? slot : { ...slot, status: "cancelled" })
      return now < last ? { _tag: "TimeIsOver" } : undefined
    }

    const afterWaiting = (performance: Performance): Event => {
      const { marked, slots } = row.steps[performance.step]!
      const step = stepOf(performance)
      if (marked || slots.some(({ status }) => status !== "succeeded")) return { _tag: "Failed", cause }
      const value = valueOf(performance.step)
      const isLast = nextAfter(performance, step) === undefined
      return isLast && !shape.outbound && shape.success === "number" && value === undefined
        ? { _tag: "Failed", cause }
        : { _tag: "StepSucceeded", step, value, stored: row.steps[performance.step]!.result, encoded: resultOf(value) }
    }

    const runCallbacks = (performance: Performance): Event => {
      const { status } = performance.outcome!
      const due = runnable.callbacks.filter(({ statuses }) => statuses.some((name) => name === status))
      assert.isAbove(due.length, 0)
      for (const { identity } of due) ran.push(`callback ${key} ${identity} ${status}`)
      const failed = due.filter(({ identity }) => (planOf(performance).failing & (1 << Number(identity))) !== 0).length
      return { _tag: "CallbacksEnded", succeeded: due.length - failed, failed }
    }

    const eventIn = (performance: Performance): Event => {
      switch (performance.phase) {
        case "step":
          return runBody(performance)
        case "waiting":
          return afterWaiting(performance)
        case "callbacks":
          return runCallbacks(performance)
        default:
          return { _tag: "JobEnded" }
      }
    }

    const commit = ({ conclusion, limit, ...rest }: Concluded): Concluded => {
      const late = limit !== undefined && limit.at <= now ? limit.instead() : undefined
      row.commit(late?.conclusion ?? conclusion)
      return late ?? { conclusion, ...rest }
    }

    const conclude = (performance: Performance, event: Event) => {
      const { conclusion, next } = commit(decide(performance, event))
      const timedOut = conclusion._tag === "StepWaits" ? settle(conclusion.slots, conclusion.children) : undefined
      if (conclusion._tag === "WaitsOutside") row.complete(outcomeOutside(begun))
      if (timedOut !== undefined) return conclude(row.load(now), timedOut)
      return next === undefined || chances.isTakenOver() ? undefined : next
    }

    while (row.ended === undefined) {
      if (performance.phase === "step" && chances.beginsAgain()) {
        const next = chances.isHeld() ? { heldAt: now } : { again: { at: now, due: now, counts: "" } }
        row.commit(decide(performance, { _tag: "Failed", cause, ...next }).conclusion)
        row.beginAgain()
        performance = row.load(now)
      }
      if (chances.failsFirst()) {
        // its time is not looked at: it is not over before this attempt is
        row.commit(decide(performance, { _tag: "Again", due: now, burns: true }).conclusion)
        performance = row.load(now)
      }
      const inMemory = conclude(performance, eventIn(performance))
      if (row.ended !== undefined) break
      performance = inMemory ?? row.load(now)
      if (inMemory !== undefined) assertSame(inMemory, row.load(now))
    }

    const { callbacksFailed, callbacksSucceeded, outcome } = row.ended
    actions.push({
      key,
      definition: `${actorNames[actor]} ${nameOf(shape)}`,
      status: outcome.status,
      supersededBy: null,
      callbacks: [callbacksSucceeded, callbacksFailed],
      result: outcome.result as number | null,
      steps: row.steps.map(({ name, slots, status }) => ({
        name: name === "move" ? nameOf(shape) : name,
        status,
        slots: slots.map(({ name, status }) => `${name} ${status}`)
      }))
    })
    const isGood = outcome.status === "succeeded" && callbacksFailed > 0 ? "failed" : outcome.status
    return { at: now, status: isGood, result: outcome.result as number | null }
  }

  one("0", 0, plan, 0)
  return { actions: actions.toSorted((a, b) => a.key < b.key ? -1 : 1), log }
}

/** Where a worker goes on in memory is where the rows are. */
const assertSame = (inMemory: Performance, loaded: Performance): void => {
  const known = (performance: Performance) => ({
    fence: fenceOf(performance),
    step: performance.phase === "step" ? stepOf(performance) : undefined,
    ran: performance.phase === "callbacks" ? undefined : performance.ran,
    attempts: performance.attempts,
    attempt: performance.phase === "step" ? performance.attempt : undefined,
    arguments: performance.encoded,
    outcome: performance.outcome,
    timeoutAt: performance.timeoutAt
  })
  assert.deepStrictEqual(known(inMemory), known(loaded))
}

const childOf = (key: string, on: number, plan: Plan, { depth, id, step }: Performance): Invocation => ({
  queue: "default",
  action: key,
  definition: "Car/move",
  actorId: "1",
  arguments: { on, plan },
  lane: key,
  checksumKey: key,
  checksum: null,
  timeout: plan.timeout,
  parent: id,
  parentStep: step,
  depth: depth + 1
})

const outcomeOutside = ({ number, outside, shape }: Plan): StoredOutcome => {
  const status = outside === "ignored" ? "succeeded" : outside
  return { status, result: status === "succeeded" && shape.success === "number" ? number : null, cause: null }
}
