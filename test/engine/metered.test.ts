/** What of a transition's answer is counted, where a database would have to be brought to it. */
import { assert, it } from "@effect/vitest"
import { Context, Duration, Effect, Metric } from "effect"
import { metered } from "../../src/engine/metered.ts"
import { nothingTaken } from "../../src/store/Answer.ts"
import { type Conclusion, failsAt } from "../../src/store/Conclusion.ts"
import * as Meter from "../../src/store/Meter.ts"
import { emptyCatalog, type Store } from "../../src/store/Store.ts"
import { linesIn } from "../behaviour/fixtures/metered.ts"

/** A store of which only this is asked. */
const storeWith = (asked: Partial<Store["Service"]>) =>
  ({ inTransaction: Effect.succeed(false), ...asked }) as Store["Service"]

const counting = (asked: Partial<Store["Service"]>) => {
  const registry: Metric.MetricRegistry = new Map()
  const meter = Meter.make(Context.make(Metric.MetricRegistry, registry))
  return { store: metered(storeWith(asked), meter), lines: linesIn(registry) }
}

const cause = { kind: "failure", path: "visit Car/1", message: "no" } as const
const fence = { step: 0, phase: "step" } as const
const ends = (action: string, more: Partial<Extract<Conclusion, { _tag: "ActionEnds" }>> = {}): Conclusion => ({
  ...failsAt({ ...fence, action }, cause),
  ...more
})

const finishing = (conclusions: ReadonlyArray<Conclusion>, unwinds?: number) => ({
  token: 1n,
  now: 0,
  catalog: emptyCatalog,
  conclusions,
  of: conclusions.map(() => ({ definition: "Car/visit", actorId: "1", unwinds }))
})

const answering = (news: ReadonlyArray<Effect.Success<ReturnType<Store["Service"]["finish"]>>["news"][number]>) => ({
  finish: () => Effect.succeed({ work: [], news, taken: nothingTaken })
})

it.effect("17.2: a conclusion that has changed nothing counts nothing, and none does where the lease was lost", () =>
  Effect.gen(function*() {
    const stale = { _tag: "Stale", action: "b", endedHere: false, closing: false } as const
    const some = counting(answering([stale]))
    yield* some.store.finish(finishing([ends("a"), ends("b")]))
    assert.deepStrictEqual(some.lines("stepped_ended_total"), ["ended Car/visit failed 1"])
    const none = counting(answering([{ _tag: "LeaseLost" }]))
    yield* none.store.finish(finishing([ends("a")]))
    assert.deepStrictEqual(none.lines("stepped_ended_total", "stepped_batch_size"), [])
  }))

it.effect("17.2: what is not undone counts once, and what unwinds an action that has ended does not end it again", () =>
  Effect.gen(function*() {
    const { lines, store } = counting(answering([]))
    const left = { ...cause, notUndone: [{ step: "a", message: "no" }, { step: "b", child: "c", message: "no" }] }
    const outcome = { status: "failed", result: null, cause: left } as const
    const due: Conclusion = {
      _tag: "CallbacksDue",
      fence: { ...fence, action: "a", phase: "unwinding" },
      ended: undefined,
      outcome,
      freshAttempts: false
    }
    yield* store.finish(finishing([due]))
    yield* store.finish(finishing([ends("a", { fence: { ...fence, action: "a", phase: "callbacks" }, outcome })]))
    yield* store.finish(finishing([ends("b")], 1))
    assert.deepStrictEqual(lines("stepped_not_undone_total", "stepped_ended_total"), [
      "ended Car/visit failed 1",
      "not_undone Car/visit 1"
    ])
  }))

it.effect("17.2: what fails counts nothing, and what was healed counts", () =>
  Effect.gen(function*() {
    const healed = { action: "a", definition: "Car/visit", actorId: "1", phase: undefined }
    const { lines, store } = counting({
      heal: () => Effect.succeed({ healed: [healed], next: undefined }),
      enqueue: () => Effect.die("no answer")
    })
    yield* store.heal(0, 0, 1, "one")
    yield* Effect.exit(store.enqueue([], 0, undefined))
    assert.deepStrictEqual(lines("stepped_healed_total", "stepped_batch_size"), ["healed Car/visit 1"])
  }))

it.effect("17.2: an execution counts as enqueued with its first start alone", () =>
  Effect.gen(function*() {
    const { lines, store } = counting({
      startExecutions: () => Effect.succeed([{ action: "a", isNew: true }, { action: "b", isNew: false }])
    })
    const execution = {
      definition: "Workflow.Main/main",
      execution: "1",
      action: "a",
      queue: "default",
      lane: "1",
      arguments: [],
      trace: undefined,
      parent: undefined
    }
    yield* store.startExecutions([execution, execution], { now: 0, kept: Duration.zero, isPatient: true })
    assert.deepStrictEqual(lines("stepped_enqueued_total"), ["enqueued Workflow.Main/main 1"])
  }))
