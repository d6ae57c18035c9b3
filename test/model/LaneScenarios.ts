/** Random scenarios of lanes, and definitions whose arguments say which lanes they take. */
import { assert } from "@effect/vitest"
import { Clock, Effect, Exit, Schema } from "effect"
import { SqlClient } from "effect/sql"
import { TestClock } from "effect/testing"
import * as fc from "fast-check"
import {
  type ActionHandle,
  JobQueue,
  type LaneKeys,
  type NamedLane,
  type PauseTarget,
  PerformanceLane,
  Stepped,
  type StoredExplanation
} from "stepped"
import { cameTrue } from "../harness/explained.ts"
import { performIdle } from "../harness/performing.ts"
import {
  type LaneDeed,
  LaneModel,
  laneName,
  type LaneOp,
  type LanePlan,
  type LaneScenario,
  lanesOf,
  type PausePlan,
  type VisitPlan,
  type VisitState
} from "./LaneModel.ts"
import { brokenIn, type Look } from "./LaneRules.ts"
import { brokenRules, clear } from "./Trees.ts"

// ---------------------------------------------------------------------------------------------------------------------
// random scenarios
// ---------------------------------------------------------------------------------------------------------------------

/** The first value is the one to shrink to. */
const weighted = <A>(...values: ReadonlyArray<readonly [weight: number, value: A]>): fc.Arbitrary<A> =>
  fc.oneof({ withCrossShrink: true }, ...values.map(([weight, value]) => ({ weight, arbitrary: fc.constant(value) })))

const lanePlan: fc.Arbitrary<LanePlan> = fc.record({
  whenBusy: weighted<LanePlan["whenBusy"]>([7, "line"], [5, "supersede"], [1, "reject"], [2, "cancelRunning"], [
    2,
    "debounce"
  ]),
  limit: weighted([5, 1], [4, 2], [1, 3]),
  maxPending: weighted<number | null>([6, null], [1, 2], [1, 1], [1, 0]),
  tells: weighted([2, false], [1, true]),
  wait: fc.constant(3),
  maxWait: weighted<number | null>([1, null], [1, 5]),
  rate: weighted<LanePlan["rate"]>([5, null], [1, { limit: 1, seconds: 4 }], [2, { limit: 2, seconds: 6 }])
})

const visitPlan: fc.Arbitrary<VisitPlan> = fc.record({
  lanes: fc.uniqueArray(fc.nat(3), { minLength: 1, maxLength: 3, size: "max" }),
  priority: weighted([4, 0], [1, -1], [1, 1]),
  delay: weighted([9, 0], [1, 1], [1, 3]),
  checksum: weighted<number | null>([6, null], [2, 1], [1, 2]),
  hooked: weighted([3, false], [1, true])
})

const enqueue = visitPlan.map((visit): LaneOp => ({ _tag: "Enqueue", visit }))

const what = weighted<PausePlan>([3, 0], [3, 1], [1, 2], [1, "plain"], [1, "hooked"], [1, "queue"], [1, "everything"])

const some = (weight: number, arbitrary: fc.Arbitrary<LaneOp>) => ({ weight, arbitrary: arbitrary.map((op) => [op]) })

const ops: fc.Arbitrary<ReadonlyArray<LaneOp>> = fc.oneof(
  { weight: 6, arbitrary: enqueue.map((op): ReadonlyArray<LaneOp> => [op, { _tag: "Perform" }]) },
  some(3, enqueue),
  some(
    3,
    weighted<number | "due" | "almost due">([3, "due"], [2, "almost due"], [2, 1000], [1, 2500])
      .map((by) => ({ _tag: "Advance", by }))
  ),
  some(4, fc.nat(3).map((which) => ({ _tag: "End", which }))),
  some(2, fc.nat(5).map((which) => ({ _tag: "Cancel", which }))),
  some(1, what.map((what) => ({ _tag: "Pause", what }))),
  some(2, fc.nat(2).map((which) => ({ _tag: "Resume", which })))
)

export const laneScenarios: fc.Arbitrary<LaneScenario> = fc.record({
  lanes: fc.array(lanePlan, { minLength: 1, maxLength: 3, size: "max" }),
  ops: fc.tuple(
    fc.array(enqueue, { minLength: 1, maxLength: 4, size: "max" }),
    fc.array(ops, { minLength: 4, maxLength: 14, size: "max" })
  ).map(([first, rest]) => [...first, { _tag: "Perform" as const }, ...rest.flat()])
})

/** A scenario for people. */
export const showLanes = ({ lanes, ops }: LaneScenario): string =>
  [
    ...lanes.map((plan, n) => `lane ${n}: ${laneName(plan)}`),
    ...ops.map((op, i) => {
      if (op._tag !== "Enqueue") return Object.values(op).join(" ")
      const { visit } = op
      return [
        `visit ${ops.slice(0, i).filter(({ _tag }) => _tag === "Enqueue").length} to ${
          lanesOf(lanes, visit).join(" and ")
        }`,
        ...visit.priority === 0 ? [] : [`priority ${visit.priority}`],
        ...visit.delay === 0 ? [] : [`delay ${visit.delay} s`],
        ...visit.checksum === null ? [] : [`checksum ${visit.checksum}`],
        ...visit.hooked ? ["with a callback"] : []
      ].join(", ")
    })
  ].join("\n")

// ---------------------------------------------------------------------------------------------------------------------
// real definitions
// ---------------------------------------------------------------------------------------------------------------------

const shared = new Map<string, NamedLane<"shared">>()
const sole = new Map<string, NamedLane<"sole">>()

const defineLane = (plan: LanePlan): void => {
  const name = laneName(plan)
  const { limit, maxPending, maxWait, rate, tells, wait, whenBusy } = plan
  const base = { limit, ...rate === null ? {} : { rate: { limit: rate.limit, per: rate.seconds * 1000 } } }
  const waiters = tells ? "fail" : "inherit"
  switch (whenBusy) {
    case "line":
      shared.set(name, Stepped.lane(name, { ...base, whenBusy, ...maxPending === null ? {} : { maxPending } }))
      break
    case "supersede":
      shared.set(name, Stepped.lane(name, { ...base, whenBusy, waiters }))
      break
    case "reject":
      shared.set(name, Stepped.lane(name, { ...base, whenBusy }))
      break
    case "cancelRunning":
      sole.set(name, Stepped.lane(name, { ...base, whenBusy, waiters }))
      break
    case "debounce":
      sole.set(
        name,
        Stepped.lane(name, {
          ...base,
          waiters,
          debounce: { wait: wait * 1000, ...maxWait === null ? {} : { maxWait: maxWait * 1000 } }
        })
      )
  }
}

class Car extends Stepped.Actor<Car>()("Car", { id: Schema.Int }) {}

const VisitArguments = Schema.Struct({
  lanes: Schema.NonEmptyArray(Schema.Struct({ name: Schema.String, key: Schema.Int })),
  checksum: Schema.NullOr(Schema.Int)
})

const sharedKey = ({ key, name }: { readonly name: string; readonly key: number }) => shared.get(name)!(key)

const options = {
  arguments: [VisitArguments],
  outbound: true,
  concurrency: ({ lanes: [first, ...others] }: typeof VisitArguments.Type): LaneKeys =>
    sole.get(first.name)?.(first.key) ?? [sharedKey(first), ...others.map(sharedKey)],
  checksum: ({ checksum }: typeof VisitArguments.Type) => checksum,
  checksumKey: () => "visit"
} as const

const plain = Stepped.action("plain", options).step(() => Effect.void)
const hooked = Stepped.action("hooked", options).step(() => Effect.void).cancelled(() => Effect.void)
const Cars = Stepped.actions(Car, [plain, hooked])

export const CarsLive = Cars.toLayer(Effect.succeed({}))

// ---------------------------------------------------------------------------------------------------------------------
// performing and looking
// ---------------------------------------------------------------------------------------------------------------------

/** What is stored of visits, in the words of the model. */
const seenOf = (handles: ReadonlyArray<ActionHandle>) =>
  Effect.gen(function*() {
    const sql = yield* SqlClient.SqlClient
    const rows = yield* sql<
      { id: string; status: VisitState["status"]; startedAt: number | null; supersededBy: string | null }
    >`select id, status, (extract(epoch from started_at) * 1000)::float8 as "startedAt", superseded_by as "supersededBy" from stepped.actions`
    const byId = new Map(rows.map((row) => [row.id, row]))
    const numbers = new Map(handles.map(({ id }, n) => [id, n]))
    return handles.map(({ id }): VisitState => {
      const row = byId.get(id)
      return row === undefined ? { status: "unstored", startedAt: null, supersededBy: null } : {
        status: row.status,
        startedAt: row.startedAt,
        supersededBy: row.supersededBy === null ? null : numbers.get(row.supersededBy)!
      }
    })
  })

/** What awaiting a handle gives, in the words of the model. */
const answerOf = (handle: ActionHandle) =>
  Effect.map(
    Effect.exit(handle.await as Effect.Effect<unknown, { readonly _tag: string; readonly lane?: string }>),
    (exit) => {
      if (Exit.isSuccess(exit)) return "succeeded"
      const reason = exit.cause.reasons[0]
      if (reason?._tag !== "Fail") return String(exit.cause)
      const { _tag, lane } = reason.error
      return _tag === "Cancelled" ? "cancelled" : [_tag, ...lane === undefined ? [] : [lane]].join(" ")
    }
  )

/** Lanes of an action in which it is otherwise than in its others (rule 15.5). */
const partly = Effect.flatMap(
  SqlClient.SqlClient,
  (sql) =>
    sql`select l.id from stepped.live_actions l join stepped.seats s on s.action = l.id
    group by l.id, l.lanes, l.status having count(*) <> cardinality(l.lanes) or count(distinct s.seat is null) > 1
      or bool_or(s.seat is null) <> (l.status = 0)`
)

/** Does what an operation of the model comes to. */
const operator = (lanes: ReadonlyArray<LanePlan>, handles: Array<ActionHandle>) =>
  Effect.gen(function*() {
    const queue = yield* JobQueue
    const service = yield* PerformanceLane
    const cars = yield* Cars.client
    const laneKey = (n: number) => {
      const name = laneName(lanes[n]!)
      return (sole.get(name) ?? shared.get(name)!)(n)
    }
    const targets: Readonly<Record<Exclude<PausePlan, number>, PauseTarget>> = {
      plain: { actorType: "Car", name: "plain" },
      hooked: { actorType: "Car", name: "hooked" },
      queue: { queue: "default" },
      everything: "everything"
    }
    const why = { reason: "the scenario says so" }

    const callOf = (visit: VisitPlan) => {
      const car = cars(1).with({ priority: visit.priority, delay: visit.delay * 1000 })
      const taken = lanesOf(lanes, visit)
      // as the visit names them: in what order they are taken is the engine's
      const named = [...new Set(visit.lanes.map((n) => n % lanes.length))].filter((n) => taken.includes(n))
      const [first, ...others] = named.map((n) => ({ name: laneName(lanes[n]!), key: n }))
      return { car, given: { lanes: [first!, ...others] as const, checksum: visit.checksum } }
    }

    const explain = (visit: VisitPlan) => {
      const { car, given } = callOf(visit)
      return visit.hooked ? car.explain.hooked(given) : car.explain.plain(given)
    }

    const operate = (deed: LaneDeed) =>
      Effect.gen(function*() {
        switch (deed._tag) {
          case "Enqueue": {
            const { car, given } = callOf(deed.visit)
            handles.push(yield* deed.visit.hooked ? car.hookedLater(given) : car.plainLater(given))
            return
          }
          case "Perform":
            break
          case "Advance":
            yield* TestClock.adjust(deed.by)
            break
          case "End": {
            const { number, plan } = deed.visit
            yield* Stepped.complete(
              handles[number]!.id,
              plan.hooked ? hooked : plain,
              Stepped.Outcome.succeeded(undefined)
            )
            break
          }
          case "Cancel":
            assert.isTrue(yield* handles[deed.visit.number]!.cancel(), `visit ${deed.visit.number} can be cancelled`)
            break
          case "Pause":
            yield* typeof deed.what === "number"
              ? service.pause(laneKey(deed.what), why)
              : queue.pause(targets[deed.what], why)
            break
          case "Resume":
            yield* typeof deed.what === "number"
              ? service.resume(laneKey(deed.what))
              : queue.resume(targets[deed.what])
        }
        yield* performIdle
      })
    return { explain, operate }
  })

/** What is said of those that are stored, by what they are. */
const storedAs: Readonly<Record<string, ReadonlyArray<StoredExplanation["_tag"]>>> = {
  pending: ["Waits", "Limited", "Debounced", "Paused"],
  performing: ["Performs"],
  superseded: ["Superseded"],
  succeeded: ["Ended"],
  cancelled: ["Ended"]
}

/**
 * Goes through a scenario, and asks of each visit what would become of it, with nothing else in the queue: that has come true when it is
 * performed as far as it goes (rule 16.2). Counts the answers. Of those that are stored what is said fits what they are.
 */
export const explainedAsItGoes = (answers: Map<string, number>) => (scenario: LaneScenario) =>
  Effect.gen(function*() {
    yield* clear
    scenario.lanes.forEach(defineLane)
    const model = new LaneModel(scenario.lanes, yield* Clock.currentTimeMillis)
    const handles: Array<ActionHandle> = []
    const { explain, operate } = yield* operator(scenario.lanes, handles)
    for (const op of scenario.ops) {
      const deed = model.operate(op)
      if (deed === undefined) continue
      if (deed._tag !== "Enqueue") {
        yield* operate(deed)
        continue
      }
      const said = yield* explain(deed.visit)
      answers.set(said._tag, (answers.get(said._tag) ?? 0) + 1)
      yield* operate(deed)
      model.operate({ _tag: "Perform" })
      yield* operate({ _tag: "Perform" })
      yield* cameTrue(said, handles.at(-1)!)
      for (const handle of handles) {
        const { status } = yield* handle.status
        const allowed = storedAs[status]
        if (allowed === undefined) continue
        const { _tag, text } = yield* handle.explain
        assert.include(allowed, _tag, `${status}: ${text}`)
      }
    }
  })

/** Performs a scenario as the model does, and fails where they come apart, or what is seen breaks a rule. */
export const goesAsTheModelSays = (scenario: LaneScenario) =>
  Effect.gen(function*() {
    yield* clear
    scenario.lanes.forEach(defineLane)
    const model = new LaneModel(scenario.lanes, yield* Clock.currentTimeMillis)
    const handles: Array<ActionHandle> = []
    const looks: Array<Look> = []
    const { operate } = yield* operator(scenario.lanes, handles)
    const look = (when: string) =>
      Effect.gen(function*() {
        const seen = yield* seenOf(handles)
        assert.deepStrictEqual(seen, model.seen(), when)
        assert.deepStrictEqual(yield* partly, [], when)
        looks.push(seen)
      })
    for (const [i, op] of scenario.ops.entries()) {
      const deed = model.operate(op)
      if (deed === undefined) continue
      yield* operate(deed)
      if (deed._tag !== "Enqueue") yield* look(`after operation ${i}, ${Object.values(op).join(" ")}`)
    }
    for (let op = model.nextToEnd(); op !== undefined; op = model.nextToEnd()) yield* operate(model.operate(op)!)
    yield* look("in the end")
    assert.deepStrictEqual(
      yield* Effect.forEach(handles, answerOf, { concurrency: "unbounded" }),
      model.answers()
    )
    assert.deepStrictEqual(brokenIn(scenario, looks), [])
    assert.deepStrictEqual(yield* brokenRules({ oneClock: true }), [])
  })
