/** What is shown of actions, by the readers and by the views that people read in SQL: the same of both. */
import { assert, it } from "@effect/vitest"
import { Clock, Effect, Layer, Option, Schedule, Schema } from "effect"
import { SqlClient } from "effect/sql"
import { TestClock } from "effect/testing"
import { type ActionRecord, ActionRepo, type ActionTree, JobQueue, Step, Stepped } from "stepped"
import { performDue, performSteppedActions } from "stepped/testing"
import { healthy, suite, type TestEngine } from "../harness/databases.ts"
import { note, seen } from "../harness/notes.ts"
import { recordOf } from "../harness/observing.ts"
import { performIdle } from "../harness/performing.ts"
import { Cars, shaky, Trucks } from "./RecordedCars.ts"

const options = { handledDefects: () => false, retry: Schedule.spaced("10 seconds"), attempts: 3 }
const layerOn = (engine: TestEngine) => Cars.layer.pipe(Layer.provideMerge(engine.layer(options)))

const viewed = (id: string) =>
  Effect.flatMap(SqlClient.SqlClient, (sql) =>
    Effect.map(
      sql<Record<string, unknown>>`select *, timeout_ms::int as timeout from stepped.actions where id = ${id}::uuid`,
      (rows) => rows[0]!
    ))

class Car extends Stepped.Actor<Car>()("Car", { id: Schema.Int }) {}
const plain = Stepped.action("plain").step(() => Effect.void)
const own = Stepped.action("own", { queue: "slow", concurrencyKey: () => "road", checksumKey: () => "sum" })
  .step(() => Effect.void)
const Keyed = Stepped.actions(Car, [plain, own])

/** What is said of the action while its step runs. */
const saying = (name: string) =>
  Effect.gen(function*() {
    const { lastFailure } = yield* recordOf((yield* Step).actionId)
    yield* note(lastFailure === undefined ? name : `${name} after ${lastFailure.message}`)
  })
const steady = Stepped.action("steady", { error: Schema.String })
  .step("try", () =>
    Effect.gen(function*() {
      yield* saying("tries")
      if ((yield* Step).attemptNumber === 1) return yield* Effect.fail("no")
    }), { retry: Schedule.spaced("1 second") })
  .step("goOn", () => saying("goes on"))
  .step("end", () => saying("comes to its end"))
const Unsteady = Stepped.actions(Car, [steady])

const treeOf = (id: string) => Effect.map(Effect.flatMap(ActionRepo, (repo) => repo.tree(id)), Option.getOrThrow)

suite("records", (engine) => {
  const test = (name: string, effect: Effect.Effect<void, unknown, Stepped.Services | SqlClient.SqlClient>) =>
    it.effect(name, () => Effect.andThen(effect, healthy).pipe(Effect.provide(layerOn(engine))))

  it.effect("what has ended is shown with its queue and its keys, whether they are the default ones or its own", () =>
    Effect.gen(function*() {
      const cars = yield* Keyed.client
      const plain = yield* cars(1).plainLater()
      const own = yield* cars(1).ownLater()
      yield* performSteppedActions()
      const shown = ({ checksumKey, lane, queue, status }: ActionRecord) => [status, queue, lane, checksumKey]
      assert.deepStrictEqual(shown(yield* recordOf(plain.id)), ["succeeded", "default", "Car/1/plain", "Car/1/plain"])
      assert.deepStrictEqual(shown(yield* recordOf(own.id)), ["succeeded", "slow", "road", "sum"])
      assert.deepInclude(yield* viewed(plain.id), {
        queue: "default",
        lane: "Car/1/plain",
        checksum_key: "Car/1/plain"
      })
      yield* healthy
    }).pipe(Effect.provide(Keyed.layer.pipe(Layer.provideMerge(engine.layer())))))

  test(
    "what is queued is there, with the status of that name and without one of its own",
    Effect.gen(function*() {
      const repo = yield* ActionRepo
      const truck = (yield* Trucks.client)(1)
      const { id } = yield* truck.loadLater("sand")
      const { id: other } = yield* truck.weighLater(5)
      const record = yield* recordOf(id)
      assert.deepInclude({ ...record }, {
        id,
        actorType: "Truck",
        actorId: "1",
        name: "load",
        arguments: ["sand"],
        status: "queued",
        outbound: false,
        queue: "default",
        lane: "Truck/1/load",
        lanes: undefined,
        checksumKey: "Truck/1/load",
        timeoutMs: 3_600_000,
        timeoutAt: undefined,
        attempts: 0,
        dueAt: undefined,
        lastFailure: undefined,
        startedAt: undefined,
        endedAt: undefined,
        enqueuedAt: new Date(0)
      })
      // nobody knows yet which lane it takes
      assert.deepInclude({ ...yield* recordOf(other) }, { status: "queued", lane: undefined, checksumKey: undefined })
      assert.deepStrictEqual((yield* repo.list()).map((one) => one.id), [other, id])
      assert.deepStrictEqual((yield* repo.list({ statuses: ["queued"], name: "load" })).map((one) => one.id), [id])
      assert.deepStrictEqual(yield* repo.list({ statuses: ["pending", "performing"] }), [])
      assert.deepStrictEqual(yield* repo.steps(id), [])
      const tree = yield* treeOf(id)
      assert.deepStrictEqual([tree.action.status, tree.steps], ["queued", []])
      const row = yield* viewed(id)
      assert.deepStrictEqual([row.status, row.name, row.lane, row.cancelled_at], [
        "queued",
        "load",
        "Truck/1/load",
        null
      ])
    })
  )

  test(
    "what is queued and was cancelled says since when, and one that waits for an elder sibling for whom",
    Effect.gen(function*() {
      const handle = yield* (yield* Trucks.client)(1).loadLater("sand")
      yield* handle.cancel()
      const row = yield* viewed(handle.id)
      assert.strictEqual(row.status, "queued")
      assert.instanceOf(row.cancelled_at, Date)
      yield* performSteppedActions().pipe(Effect.provide(Trucks.toLayer(Effect.succeed({
        load: () => Effect.void,
        weigh: () => Effect.void
      }))))
      assert.deepInclude({ ...yield* recordOf(handle.id) }, { status: "cancelled", timeoutMs: 3_600_000 })
    })
  )

  test(
    "a queued child is in its parent's tree",
    Effect.gen(function*() {
      const { id } = yield* (yield* Cars.client)(1).deliverLater()
      yield* performIdle
      const [queued] = yield* (yield* JobQueue).queued()
      const tree = yield* treeOf(id)
      assert.deepStrictEqual(shape(tree), ["deliver performing", ["load", ["load queued"]]])
      assert.strictEqual(tree.steps[0]!.slots[0]!.tree!.action.id, queued!.action)
    })
  )

  test(
    "an action has its timeout: how long it may perform, and until when while it does",
    Effect.gen(function*() {
      yield* TestClock.adjust("1 second")
      shaky.failing = 1
      const { id } = yield* (yield* Cars.client)(1).driveLater(3)
      yield* performDue
      const live = yield* recordOf(id)
      assert.deepStrictEqual([live.timeoutMs, live.timeoutAt], [120_000, new Date(121_000)])
      const row = yield* viewed(id)
      assert.deepStrictEqual([row.timeout, row.timeout_at], [120_000, new Date(121_000)])
      yield* performSteppedActions()
      const ended = yield* recordOf(id)
      assert.deepStrictEqual([ended.timeoutMs, ended.timeoutAt], [120_000, undefined])
    })
  )

  test(
    "what is tried again says why, and when it goes on; attempts are runs",
    Effect.gen(function*() {
      shaky.failing = 2
      const { id } = yield* (yield* Cars.client)(1).driveLater(3)
      yield* performIdle
      const first = yield* recordOf(id)
      assert.deepStrictEqual([first.status, first.attempts, first.dueAt], ["performing", 1, new Date(10_000)])
      assert.deepInclude({ ...first.lastFailure }, { kind: "defect", path: "drive Car/1 › go", message: "boom" })
      assert.isUndefined(first.cause)
      const row = yield* viewed(id)
      assert.deepStrictEqual([row.attempts, row.due_at], [1, new Date(10_000)])
      assert.deepStrictEqual(row.last_failure, first.lastFailure)
      yield* TestClock.adjust("10 seconds")
      yield* performIdle
      assert.deepInclude({ ...yield* recordOf(id) }, { attempts: 2, dueAt: new Date(20_000) })
      yield* performSteppedActions()
      const ended = yield* recordOf(id)
      assert.deepInclude({ ...ended }, {
        status: "succeeded",
        attempts: 3,
        dueAt: undefined,
        lastFailure: undefined,
        cause: undefined
      })
    })
  )

  test(
    "attempts are as many as the runs were, however it ends",
    Effect.gen(function*() {
      const car = (yield* Cars.client)(1)
      shaky.failing = 3
      const failed = yield* car.driveLater(3)
      yield* performSteppedActions()
      assert.deepInclude({ ...yield* recordOf(failed.id) }, { status: "failed", attempts: 3 })
      shaky.failing = 0
      const { id } = yield* car.driveLater(4)
      yield* performSteppedActions()
      assert.deepInclude({ ...yield* recordOf(id) }, { status: "succeeded", attempts: 1 })
      const resting = yield* car.restLater()
      yield* performIdle
      assert.strictEqual((yield* recordOf(resting.id)).attempts, 1)
      const behind = yield* car.restLater()
      yield* performIdle
      assert.deepInclude({ ...yield* recordOf(behind.id) }, { status: "pending", attempts: 0 })
      yield* behind.cancel()
      assert.strictEqual((yield* recordOf(behind.id)).attempts, 0)
      yield* resting.cancel()
      assert.strictEqual((yield* recordOf(resting.id)).attempts, 1)
    })
  )

  it.effect("what a step has failed with is not said of the steps after it", () =>
    Effect.gen(function*() {
      yield* (yield* Unsteady.client)(1).steadyLater()
      yield* performSteppedActions()
      assert.deepStrictEqual(seen, ["tries", "tries after no", "goes on", "comes to its end"])
      yield* healthy
    }).pipe(Effect.provide(Unsteady.layer.pipe(Layer.provideMerge(engine.layer())))))

  test(
    "once it waits for what it has started, it has not failed last",
    Effect.gen(function*() {
      shaky.failing = 1
      const { id } = yield* (yield* Cars.client)(1).retriesLater()
      yield* performDue
      assert.isDefined((yield* recordOf(id)).lastFailure)
      yield* TestClock.adjust("10 seconds")
      yield* performDue
      assert.deepInclude({ ...yield* recordOf(id) }, { status: "performing", attempts: 2, lastFailure: undefined })
      yield* performSteppedActions()
      assert.strictEqual((yield* recordOf(id)).status, "succeeded")
    })
  )

  test(
    "what a step has failed with is not the next one's, nor are its attempts",
    Effect.gen(function*() {
      shaky.failing = 1
      const handle = yield* (yield* Cars.client)(1).passLater()
      yield* performSteppedActions()
      assert.strictEqual(yield* handle.await, 1)
    })
  )

  test(
    "callbacks that are tried again say why, beside how the action ends",
    Effect.gen(function*() {
      shaky.failing = 1
      const { id } = yield* (yield* Cars.client)(1).parkLater()
      yield* performIdle
      const record = yield* recordOf(id)
      assert.deepInclude({ ...record }, { status: "performing", attempts: 1, dueAt: new Date(10_000) })
      assert.deepInclude({ ...record.lastFailure }, {
        kind: "defect",
        path: "park Car/1 › callback Car:succeeded:1",
        message: "boom"
      })
      yield* performSteppedActions()
      assert.deepInclude({ ...yield* recordOf(id) }, { status: "succeeded", lastFailure: undefined })
    })
  )

  test(
    "a key that is computed again says why",
    Effect.gen(function*() {
      shaky.failing = 2
      const { id } = yield* (yield* Cars.client)(1).measureLater()
      yield* performIdle
      const record = yield* recordOf(id)
      assert.deepInclude({ ...record }, { status: "queued", attempts: 1, dueAt: new Date(10_000), lane: undefined })
      assert.deepInclude({ ...record.lastFailure }, { kind: "defect", path: "measure Car/1", message: "boom" })
      yield* TestClock.adjust("10 seconds")
      yield* performIdle
      assert.deepInclude({ ...yield* recordOf(id) }, { status: "queued", attempts: 2, dueAt: new Date(20_000) })
      yield* performSteppedActions()
      assert.deepInclude({ ...yield* recordOf(id) }, { status: "succeeded", lane: "gauge", lastFailure: undefined })
    })
  )

  test(
    "what waits goes on with the last of its waits",
    Effect.gen(function*() {
      const { id } = yield* (yield* Cars.client)(1).restLater()
      yield* performIdle
      assert.deepStrictEqual((yield* recordOf(id)).dueAt, new Date(3_600_000))
      yield* TestClock.adjust("2 minutes")
      yield* performIdle
      assert.deepInclude({ ...yield* recordOf(id) }, { status: "performing", dueAt: new Date(3_600_000) })
      yield* performSteppedActions()
      assert.strictEqual(yield* Clock.currentTimeMillis, 3_600_000)
      assert.isUndefined((yield* recordOf(id)).dueAt)
    })
  )

  test(
    "a child that several slots wait for is in each of them",
    Effect.gen(function*() {
      const { id } = yield* (yield* Cars.client)(1).threeLater()
      yield* performSteppedActions()
      const tree = yield* treeOf(id)
      const twice = (car: string) => [`two ${car}`, ["both", ["wash"], ["wash"]]]
      assert.deepStrictEqual(names(tree), ["three 1", ["washed", twice("1"), twice("2")]])
      const washed = tree.steps[0]!.slots.flatMap(({ tree }) => tree!.steps[0]!.slots.map(({ child }) => child))
      assert.deepStrictEqual([washed.length, new Set(washed).size], [4, 2])
    })
  )

  test(
    "step results are shown as later steps receive them, without the engine's marks",
    Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      const { id } = yield* (yield* Cars.client)(1).resultsLater()
      yield* performDue
      const shown = Effect.map(
        sql<
          { name: string; result: unknown }
        >`select name, result from stepped.action_steps where action = ${id}::uuid order by idx`,
        (rows) => Object.fromEntries(rows.map(({ name, result }) => [name, result]))
      )
      const nested = (first: unknown, second: unknown) => ({
        list: [second, null, first],
        $slot: 0,
        $$deep: { "a\"$$b": "\"$$c\": {\"$slot\": 0}", "$": "$x" },
        text: "{\"$undefined\": true} \\",
        first
      })
      // none of its children is there yet
      assert.deepStrictEqual((yield* shown).nested, nested(null, null))
      yield* performSteppedActions()
      const { nested: all, ...others } = yield* shown
      assert.deepStrictEqual(all, nested(7, 8))
      assert.deepStrictEqual(others, { nothing: null, null: null, plain: { price: "5 $" }, "5": null })
    })
  )

  test(
    "what steps wait for, and lanes, are views of their own",
    Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      const resting = yield* (yield* Cars.client)(1).restLater()
      const delivering = yield* (yield* Cars.client)(1).deliverLater()
      yield* performIdle
      const slots =
        yield* sql`select actor_type, actor_id, name, due_at, status from stepped.action_slots where action = ${delivering.id}::uuid`
      assert.deepStrictEqual(slots, [{ actor_type: "Truck", actor_id: "1", name: "load", due_at: null, status: null }])
      yield* TestClock.adjust("1 minute")
      yield* performIdle
      const waits =
        yield* sql`select name, due_at, status from stepped.action_slots where action = ${resting.id}::uuid order by slot`
      assert.deepStrictEqual(waits, [
        { name: null, due_at: new Date(60_000), status: "succeeded" },
        { name: null, due_at: new Date(3_600_000), status: null }
      ])
      assert.deepStrictEqual(
        yield* sql`select name, key, "limit", performing, pending, waiting::int as waiting from stepped.lanes order by key`,
        [
          { name: null, key: "Car/1/deliver", limit: 1, performing: [delivering.id], pending: [], waiting: 0 },
          { name: null, key: "Car/1/rest", limit: 1, performing: [resting.id], pending: [], waiting: 0 }
        ]
      )
    })
  )
})

/** Actions with their statuses and steps, as deep as they go. */
const shape = ({ action, steps }: ActionTree): ReadonlyArray<unknown> => [
  `${action.name} ${action.status}`,
  ...steps.map(({ name, slots }) => [name, ...slots.map(({ tree }) => tree && shape(tree))])
]

const names = ({ action, steps }: ActionTree): ReadonlyArray<unknown> => [
  action.name === "wash" ? "wash" : `${action.name} ${action.actorId}`,
  ...steps.filter(({ name }) => name !== "soap").map(({ name, slots }) => [
    name,
    ...slots.map(({ tree }) => tree && names(tree))
  ])
]
