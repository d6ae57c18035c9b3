/**
 * Random workflows as data, what they come to, and what happens to them meanwhile: values come in any order, before and after somebody waits for
 * them, time goes on, and workers die.
 */
import { assert } from "@effect/vitest"
import { Effect, Exit, Layer, Option, Schema } from "effect"
import { SqlClient } from "effect/sql"
import { TestClock } from "effect/testing"
import { Activity, DurableClock, DurableDeferred, Workflow } from "effect/workflow"
import type { WorkflowEngine, WorkflowInstance } from "effect/workflow/WorkflowEngine"
import * as fc from "fast-check"
import { Stepped } from "stepped"
import { crashAfter } from "stepped/testing"
import { StepWorkflow } from "stepped/workflow"
import { performIdle } from "../harness/performing.ts"
import { clear } from "./Trees.ts"

/**
 * What a body does: an activity, a value that somebody sends, one of its own, one that another of its fibers awaits, a time, another execution, one
 * that all have, or several beside each other.
 */
export type Deed =
  | { readonly _tag: "Do" }
  | { readonly _tag: "Await"; readonly name: number }
  | { readonly _tag: "Own" }
  | { readonly _tag: "Handed" }
  | { readonly _tag: "Sleep"; readonly minutes: number }
  | { readonly _tag: "Child"; readonly plan: Plan }
  | { readonly _tag: "Shared" }
  | { readonly _tag: "All"; readonly deeds: ReadonlyArray<Deed> }
export type Plan = ReadonlyArray<Deed>

export type Op =
  | { readonly _tag: "Start"; readonly flow: number }
  /** To one of the executions that there are or will be. */
  | { readonly _tag: "Send"; readonly to: number; readonly name: number }
  | { readonly _tag: "Perform" }
  | { readonly _tag: "Advance"; readonly minutes: number }
  /** The worker dies once an execution is at its end, and before that is stored. */
  | { readonly _tag: "Crash" }

export interface Scenario {
  readonly plans: ReadonlyArray<Plan>
  readonly ops: ReadonlyArray<Op>
}

const names = 3
const shared: Plan = [{ _tag: "Do" }, { _tag: "Await", name: 0 }, { _tag: "Do" }]

const simple = fc.oneof(
  { weight: 2, arbitrary: fc.constant<Deed>({ _tag: "Do" }) },
  { weight: 3, arbitrary: fc.nat(names - 1).map((name): Deed => ({ _tag: "Await", name })) },
  { weight: 1, arbitrary: fc.constant<Deed>({ _tag: "Shared" }) }
)
const plansOf = (depth: number): fc.Arbitrary<Plan> =>
  fc.array(
    fc.oneof(
      { weight: 5, arbitrary: simple },
      { weight: 1, arbitrary: fc.constantFrom<Deed>({ _tag: "Own" }, { _tag: "Handed" }) },
      { weight: 2, arbitrary: fc.integer({ min: 2, max: 10 }).map((minutes): Deed => ({ _tag: "Sleep", minutes })) },
      ...depth === 0 ? [] : [
        { weight: 2, arbitrary: plansOf(depth - 1).map((plan): Deed => ({ _tag: "Child", plan })) },
        {
          weight: 2,
          arbitrary: fc.array(
            fc.oneof(simple, plansOf(depth - 1).map((plan): Deed => ({ _tag: "Child", plan }))),
            { minLength: 2, maxLength: 3 }
          ).map((deeds): Deed => ({ _tag: "All", deeds }))
        }
      ]
    ),
    { minLength: 1, maxLength: 4 }
  )
const ops: fc.Arbitrary<Op> = fc.oneof(
  { weight: 1, arbitrary: fc.nat(1).map((flow): Op => ({ _tag: "Start", flow })) },
  {
    weight: 4,
    arbitrary: fc.record({ to: fc.nat(20), name: fc.nat(names - 1) }).map((op): Op => ({ _tag: "Send", ...op }))
  },
  { weight: 3, arbitrary: fc.constant<Op>({ _tag: "Perform" }) },
  { weight: 1, arbitrary: fc.integer({ min: 1, max: 20 }).map((minutes): Op => ({ _tag: "Advance", minutes })) },
  { weight: 1, arbitrary: fc.constant<Op>({ _tag: "Crash" }) }
)
export const flowScenarios: fc.Arbitrary<Scenario> = fc.record({
  plans: fc.tuple(plansOf(2), plansOf(1)),
  ops: fc.array(ops, { minLength: 2, maxLength: 14 })
})

export const showFlow = ({ ops, plans }: Scenario): string =>
  [...plans, ...ops].map((one) => JSON.stringify(one)).join("\n")

/** What a plan comes to, whoever is when. */
const valueOf = (deed: Deed): number => {
  switch (deed._tag) {
    case "Do":
      return 1
    case "Await":
      return 100 + deed.name
    case "Own":
      return 7
    case "Handed":
      return 8
    case "Sleep":
      return 0
    case "Child":
      return sumOf(deed.plan)
    case "Shared":
      return sumOf(shared)
    case "All":
      return sumOf(deed.deeds)
  }
}
const sumOf = (plan: Plan): number => plan.reduce((sum, deed) => sum + valueOf(deed), 0)

/** The executions below a plan by their ids, each with what it does. */
const below = (id: string, plan: Plan): ReadonlyArray<readonly [id: string, plan: Plan]> =>
  plan.flatMap((deed, i): ReadonlyArray<readonly [string, Plan]> => {
    const place = `${id}.${i}`
    if (deed._tag === "Child") return [[place, deed.plan], ...below(place, deed.plan)]
    return deed._tag === "All" ? below(place, deed.deeds) : []
  })

// ---------------------------------------------------------------------------------------------------------------------
// real ones
// ---------------------------------------------------------------------------------------------------------------------

const Flow = Workflow.make("Flow", {
  payload: { id: Schema.String, plan: Schema.Json },
  success: Schema.Int,
  idempotencyKey: ({ id }) => id
})
const valueNamed = (name: number | string) => DurableDeferred.make(`value ${name}`, { success: Schema.Int })

/** What activities have done, as often as they did. */
const did: Array<string> = []

const performed = (id: string, plan: Plan) =>
  Effect.map(
    Effect.forEach(plan, (deed, i) => deedOf(`${id}.${i}`, deed)),
    (all) => all.reduce((sum, one) => sum + one, 0)
  )

const deedOf = (place: string, deed: Deed): Effect.Effect<number, never, WorkflowEngine | WorkflowInstance> => {
  const activity = (value: number, name = place) =>
    Activity.make({ name, success: Schema.Int, execute: Effect.sync(() => (did.push(name), value)) })
  switch (deed._tag) {
    case "Do":
      return activity(1)
    case "Await":
      return DurableDeferred.await(valueNamed(deed.name))
    case "Own": {
      const own = valueNamed(place)
      return Effect.andThen(DurableDeferred.into(activity(7), own), DurableDeferred.await(own))
    }
    case "Handed": {
      const own = valueNamed(place)
      const sent = DurableDeferred.into(activity(7), own)
      // both are stored at one moment, so that the one begins to await what the other is sending
      const had = Effect.zipWith(activity(1, `${place}/had`), DurableDeferred.await(own), (one, seven) => one + seven)
      return Effect.map(Effect.all([sent, had], { concurrency: "unbounded" }), ([, sum]) => sum)
    }
    case "Sleep":
      return Effect.as(DurableClock.sleep({ name: place, duration: `${deed.minutes} minutes` }), 0)
    case "Child":
      return Flow.execute({ id: place, plan: deed.plan as never })
    case "Shared":
      return Flow.execute({ id: "shared", plan: shared as never })
    case "All":
      return Effect.map(
        Effect.forEach(deed.deeds, (one, i) => deedOf(`${place}.${i}`, one), { concurrency: "unbounded" }),
        (all) => all.reduce((sum, one) => sum + one, 0)
      )
  }
}

export const FlowsLive = Flow.toLayer(({ id, plan }) => performed(id, plan as unknown as Plan)).pipe(
  Layer.provideMerge(StepWorkflow.layer)
)

const send = (id: string, name: number, value: number) =>
  Effect.flatMap(Flow.executionId({ id, plan: [] }), (executionId) =>
    DurableDeferred.succeed(valueNamed(name), {
      token: DurableDeferred.tokenFromExecutionId(valueNamed(name), { workflow: Flow, executionId }),
      value
    }))

/** All that is to be seen from outside: what was done, which executions there are, which have ended, and which clocks are to ring. */
const picture = Effect.gen(function*() {
  const sql = yield* SqlClient.SqlClient
  const rows = yield* sql<{ line: string }>`
    select 'live ' || id as line from stepped.live_actions union all select 'ended ' || id from stepped.ended_actions
      union all select concat_ws(' ', 'sent', action, name, sent_at) from stepped.signals order by 1`
  return [...did, ...rows.map(({ line }) => line)]
})

/** Nothing is slept over: whoever is resumed where nothing goes on is no further than before. */
const atRest = Effect.gen(function*() {
  const sql = yield* SqlClient.SqlClient
  assert.deepStrictEqual(yield* Stepped.doctor, [])
  const before = yield* picture
  const asleep = yield* sql<{ id: string }>`select actor_id as id from stepped.live_actions where phase = 8`
  yield* Effect.forEach(asleep, ({ id }) => Flow.resume(id))
  yield* performIdle
  assert.deepStrictEqual(yield* picture, before)
})

/** Plays a scenario to its end, in which everything that is waited for comes. */
export const flowsEnd = ({ ops, plans }: Scenario) =>
  Effect.gen(function*() {
    yield* clear
    did.length = 0
    const all = plans.flatMap((plan, i) => [[`${i}`, plan] as const, ...below(`${i}`, plan)])
    const ids = [...all.map(([id]) => id), "shared"]
    const start = (flow: number) => Flow.execute({ id: `${flow}`, plan: plans[flow]! as never }, { discard: true })
    for (const op of ops) {
      switch (op._tag) {
        case "Start":
          yield* start(op.flow)
          break
        case "Send":
          yield* send(ids[op.to % ids.length]!, op.name, 100 + op.name)
          break
        case "Perform":
          yield* performIdle
          yield* atRest
          break
        case "Advance":
          yield* TestClock.adjust(`${op.minutes} minutes`)
          break
        case "Crash":
          yield* performIdle.pipe(
            crashAfter("execute"),
            // where none has ended
            Effect.catchTag("SagaExpectation", () => Effect.void)
          )
          break
      }
    }
    for (const flow of plans.keys()) yield* start(flow)
    yield* performIdle
    yield* atRest
    // what came before counts
    for (const id of ids) for (let name = 0; name < names; name++) yield* send(id, name, 100 + name)
    const sql = yield* SqlClient.SqlClient
    const live = sql`select actor_id as id, phase from stepped.live_actions`
    // one after another of what is sequential, and all of it in less time than what is sent before is kept for
    for (let step = 0; step < 100 && (yield* live).length > 0; step++) {
      yield* TestClock.adjust("10 minutes")
      yield* performIdle
    }
    assert.deepStrictEqual(yield* live, [])
    for (const [flow, plan] of plans.entries()) {
      const result = yield* Flow.poll(yield* Flow.executionId({ id: `${flow}`, plan: [] }))
      const exit = Option.isSome(result) && result.value._tag === "Complete" ? result.value.exit : undefined
      assert.deepStrictEqual(exit, Exit.succeed(sumOf(plan)))
    }
    // what is stored once is not done again; who dies may have been at something else, too
    if (!ops.some(({ _tag }) => _tag === "Crash")) {
      assert.deepStrictEqual(did.filter((place, i) => did.indexOf(place) !== i), [])
    }
    assert.deepStrictEqual(yield* Stepped.doctor, [])
  })
