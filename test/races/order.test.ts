/**
 * The order in which children of one step join a lane, when two engines take them (rule 2.9).
 */
import { assert, it } from "@effect/vitest"
import { Deferred, Effect, Fiber, Layer, Schema, type Scope } from "effect"
import { SqlClient } from "effect/sql"
import { Step, Stepped } from "stepped"
import { performDue } from "stepped/testing"
import { healthy, server } from "../harness/databases.ts"
import { deployed, layerDeploy } from "../harness/deploying.ts"
import { recordsOf } from "../harness/observing.ts"
import { performIdle } from "../harness/performing.ts"
import { blocked, holding } from "../harness/racing.ts"
import { until } from "../harness/workers.ts"

class Car extends Stepped.Actor<Car>()("Car", { id: Schema.Int }) {}
const turn = Stepped.action("turn", {
  arguments: [Schema.String, Schema.Int],
  outbound: true,
  concurrencyKey: (lane) => lane
}).step(() => Effect.void)
const both = Stepped.action("both").step(() => Effect.all([Step.do(turn, "b", 1), Step.do(turn, "b", 2)]))
const Cars = Stepped.actions(Car, [turn, both])

it.effect("2.9: an engine that is held up by another lane does not let a younger sibling be superseded by an older one", () =>
  Effect.gen(function*() {
    const sql = yield* SqlClient.SqlClient
    const car = (yield* Cars.client)(1)
    // both lanes are occupied; in the queue are, in this order: one for lane a, and two children of one step for lane b
    const inA = yield* car.turnNow("a", 0)
    yield* car.turnNow("b", 0)
    yield* car.turnLater("a", 1)
    yield* car.bothNow()

    const locked = yield* Deferred.make<void>()
    const go = yield* Deferred.make<void>()
    const holder = yield* Effect.forkChild(sql.withTransaction(Effect.gen(function*() {
      yield* sql`select 1 from stepped.live_actions where id = ${inA.id} for update`
      yield* Deferred.succeed(locked, undefined)
      yield* Deferred.await(go)
    })))
    yield* Deferred.await(locked)
    // this engine takes two of the three, and waits for lane a
    const slow = yield* Effect.forkChild(Effect.scoped(Effect.andThen(
      Layer.build(Stepped.worker({ concurrency: 2, connections: 1 }).pipe(Layer.provide(layerDeploy(Cars.layer)))),
      Effect.never
    )))
    yield* blocked(1)
    // the other one takes the younger sibling, whose elder somebody has locked: it goes back
    const other = yield* Effect.forkChild(deployed(Cars.layer)(performDue))
    const children = Effect.map(
      recordsOf("turn"),
      (records) => records.filter((record) => record.lane === "b" && record.parent !== undefined)
    )
    yield* Fiber.join(other)
    for (let look = 0; look < 50; look++) assert.deepStrictEqual(yield* children, [])
    yield* Deferred.succeed(go, undefined)
    yield* Fiber.join(holder)
    yield* Fiber.interrupt(slow)
    yield* performIdle

    assert.deepStrictEqual(
      (yield* children).map((record) => [(record.arguments as ReadonlyArray<unknown>)[1], record.status]),
      [[1, "superseded"], [2, "pending"]]
    )
    yield* healthy
  }).pipe(Effect.provide(Layer.provideMerge(Cars.layer, server.layer()))))

let before: Effect.Effect<void> = Effect.void
const lane = { arguments: [Schema.String, Schema.Int] as const, concurrencyKey: (lane: string) => lane }
const slow = Stepped.action("slow", { ...lane, queue: "slow", outbound: true }).step(() => Effect.void)
const fast = Stepped.action("fast", { ...lane, queue: "fast", outbound: true }).step(() => Effect.void)
const careful = Stepped.action("careful", { ...lane, queue: "slow", outbound: true })
  .before(() => Effect.suspend(() => before)).step(() => Effect.void)
const two = Stepped.action("two").step(() => Effect.all([Step.do(slow, "lane", 1), Step.do(fast, "lane", 2)]))
const prepared = Stepped.action("prepared").step(() =>
  Effect.all([Step.do(careful, "lane", 1), Step.do(fast, "lane", 2)])
)
const quickly = { ...lane, concurrencyKey: (lane: string) => lane }
const seen: Array<readonly [string, number]> = []
const quickSlow = Stepped.action("quickSlow", { ...quickly, queue: "slow" }).step((lane, n) =>
  Effect.sync(() => void seen.push([lane, n]))
)
const quickFast = Stepped.action("quickFast", { ...quickly, queue: "fast" }).step((lane, n) =>
  Effect.sync(() => void seen.push([lane, n]))
)
const many = Stepped.action("many", { arguments: [Schema.String] }).step((lane) =>
  Effect.forEach([1, 2, 3, 4, 5, 6], (n) => Step.do(n % 3 === 1 ? quickSlow : quickFast, lane, n))
)
const Lanes = Stepped.actions(Car, [slow, fast, careful, two, prepared, quickSlow, quickFast, many])

const joined = Effect.gen(function*() {
  const all = [...yield* recordsOf("slow"), ...yield* recordsOf("careful"), ...yield* recordsOf("fast")]
  return all.map((one) => `${(one.arguments as ReadonlyArray<unknown>)[1]} ${one.status}`)
})
const job = (name: string, n: number) =>
  Effect.map(
    Effect.flatMap(SqlClient.SqlClient, (sql) =>
      sql<{ action: string; elder: string | null; priority: number }>`select action, elder, priority from stepped.jobs
        where definition = ${`Car/${name}`} and arguments->>1 = ${String(n)}`),
    (rows) =>
      rows[0]
  )
const layerLanes = Layer.provideMerge(Lanes.layer, server.layer())
const scenario = <E>(
  name: string,
  effect: Effect.Effect<void, E, Layer.Success<typeof layerLanes> | Scope.Scope>
) =>
  it.effect(name, () =>
    Effect.suspend(() => {
      before = Effect.void
      seen.length = 0
      return Effect.scoped(Effect.andThen(effect, healthy)).pipe(Effect.provide(layerLanes))
    }))

scenario(
  "2.9: a younger sibling whose elder somebody has just locked does not go to sleep: nobody would wake it",
  Effect.gen(function*() {
    const sql = yield* SqlClient.SqlClient
    yield* (yield* Lanes.client)(1).twoNow()
    const elder = yield* job("slow", 1)
    const release = yield* holding(sql`select 1 from stepped.jobs where action = ${elder!.action} for update`)
    yield* performDue
    assert.deepStrictEqual([(yield* job("fast", 2))!.elder, yield* joined], [null, []])
    yield* release
    yield* performIdle
    assert.deepStrictEqual(yield* joined, ["1 performing", "2 pending"])
  })
)

for (const [elder, start] of [["slow", "two"], ["careful", "prepared"]] as const) {
  scenario(
    `2.9: an elder (${elder}) that goes while a younger one is being put to sleep wakes it`,
    Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      const car = (yield* Lanes.client)(1)
      const current = yield* car.fastNow("other", 0)
      yield* car.fastLater("other", 9)
      const reached = yield* Deferred.make<void>()
      const go = yield* Deferred.make<void>()
      before = Effect.andThen(Deferred.succeed(reached, undefined), Deferred.await(go))
      yield* start === "two" ? car.twoNow() : car.preparedNow()
      // one worker puts the younger one to sleep, and waits for another lane
      const release = yield* holding(
        sql`select 1 from stepped.live_actions where id = ${current.id} for update`
      )
      const worker = (queue: string) =>
        Layer.build(
          Stepped.worker({ queues: [queue], concurrency: 8, connections: 1 }).pipe(
            Layer.provide(layerDeploy(Lanes.layer, { pollInterval: "20 millis", lease: "1 hour" }))
          )
        )
      if (elder === "careful") {
        yield* worker("slow")
        yield* Deferred.await(reached)
      }
      yield* worker("fast")
      yield* blocked(1)
      // another one would take the elder meanwhile, or has it prepared
      if (elder === "slow") yield* worker("slow")
      yield* Deferred.succeed(go, undefined)
      for (let look = 0; look < 50; look++) {
        assert.notInclude((yield* joined).join(), "2 ")
      }
      yield* release
      yield* until(
        "both have joined",
        Effect.map(joined, (all) => all.filter((one) => !/^[09]/.test(one)).length === 2)
      )
      assert.deepStrictEqual((yield* joined).filter((one) => /^[12]/.test(one)), ["1 performing", "2 pending"])
    })
  )
}

scenario(
  "2.9: one that somebody was cancelling when its elder joined, and did not in the end, is woken by upkeep",
  Effect.gen(function*() {
    const sql = yield* SqlClient.SqlClient
    yield* (yield* Lanes.client)(1).twoNow()
    const elder = (yield* job("slow", 1))!.action
    // the elder is not due yet
    yield* sql`update stepped.jobs set priority = 1000, due_at = '3000-01-01' where action = ${elder}`
    yield* performIdle
    const younger = (yield* job("fast", 2))!
    assert.deepStrictEqual([younger.elder, younger.priority], [elder, 1002])
    const handle = yield* Stepped.handle(Car.ref(1), fast, younger.action)
    const reached = yield* Deferred.make<void>()
    const go = yield* Deferred.make<void>()
    const cancelling = yield* Effect.forkScoped(Effect.exit(sql.withTransaction(Effect.gen(function*() {
      assert.isTrue(yield* handle.cancel())
      yield* Deferred.succeed(reached, undefined)
      yield* Deferred.await(go)
      return yield* Effect.fail("undo")
    }))))
    yield* Deferred.await(reached)
    yield* sql`update stepped.jobs set priority = 0, due_at = null where action = ${elder}`
    yield* performIdle
    assert.deepStrictEqual(yield* joined, ["1 performing"])
    yield* Deferred.succeed(go, undefined)
    yield* Fiber.join(cancelling)
    yield* sql`select taken from stepped.recover(now(), '{}', true)`
    yield* performIdle
    assert.deepStrictEqual(yield* joined, ["1 performing", "2 pending"])
  })
)

scenario(
  "2.9: two workers, each with a queue of its own, take the siblings of many parents in their order",
  Effect.gen(function*() {
    const cars = yield* Lanes.client
    const parents = 40
    yield* cars.enqueueMany(many, Array.from({ length: parents }, (_, i) => [i, `lane ${i}`]))
    for (const queues of [["default"], ["fast"], ["slow"]]) {
      yield* Layer.build(
        Stepped.worker({ queues, concurrency: 4 }).pipe(
          Layer.provide(layerDeploy(Lanes.layer, { pollInterval: "20 millis" }))
        )
      )
    }
    yield* until(
      "all parents have ended",
      Effect.map(recordsOf("many"), (all) => all.filter(({ endedAt }) => endedAt !== undefined).length === parents)
    )
    const order = new Map<string, Array<number>>()
    for (const [lane, n] of seen) order.set(lane, [...order.get(lane) ?? [], n])
    for (const [lane, numbers] of order) assert.deepStrictEqual([lane, ...numbers], [lane, ...numbers.toSorted()])
    assert.strictEqual(order.size, parents)
  })
)
