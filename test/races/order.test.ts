/**
 * The order in which children of one step join a lane, when two engines take them (rule 2.9).
 */
import { assert, it } from "@effect/vitest"
import { Deferred, Effect, Fiber, Layer, Schema } from "effect"
import { SqlClient } from "effect/sql"
import { Step, Stepped } from "stepped"
import { performDue } from "stepped/testing"
import { healthy, server } from "../harness/databases.ts"
import { deployed, layerDeploy } from "../harness/deploying.ts"
import { recordsOf } from "../harness/observing.ts"
import { performIdle } from "../harness/performing.ts"
import { blocked } from "../harness/racing.ts"
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
    // the other one takes the younger sibling, which has to wait for the elder one
    const other = yield* Effect.forkChild(deployed(Cars.layer)(performDue))
    const children = Effect.map(
      recordsOf("turn"),
      (records) => records.filter((record) => record.lane === "b" && record.parent !== undefined)
    )
    yield* until(
      "the other one has taken it",
      Effect.map(
        sql`select 1 from stepped.jobs where elder is not null and priority < 101`,
        (jobs) => jobs.length === 0
      )
    )
    for (let look = 0; look < 50; look++) assert.deepStrictEqual(yield* children, [])
    yield* Deferred.succeed(go, undefined)
    yield* Fiber.join(holder)
    yield* Fiber.join(other)
    yield* Fiber.interrupt(slow)
    yield* performIdle

    assert.deepStrictEqual(
      (yield* children).map((record) => [(record.arguments as ReadonlyArray<unknown>)[1], record.status]),
      [[1, "superseded"], [2, "pending"]]
    )
    yield* healthy
  }).pipe(Effect.provide(Layer.provideMerge(Cars.layer, server.layer()))))
