/** What somebody has locked is passed by, and keeps nothing waiting that is due beside it. */
import type { PgClient } from "@effect/sql-pg"
import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Layer, Schema, type Scope } from "effect"
import { SqlClient } from "effect/sql"
import { TestClock } from "effect/testing"
import { Step, Stepped } from "stepped"
import { performSteppedActions } from "stepped/testing"
import { healthy, server } from "../harness/databases.ts"
import { layerIntercepted } from "../harness/intercepting.ts"
import { recordOf, slotsOf } from "../harness/observing.ts"
import { performIdle } from "../harness/performing.ts"
import { holding } from "../harness/racing.ts"
import { until } from "../harness/workers.ts"

class Car extends Stepped.Actor<Car>()("Car", { id: Schema.Int }) {}
const metered = Stepped.lane("metered", { limit: 10, rate: { limit: 1, per: "1 second" } })
const answer = Stepped.signal("answer")
const call = Stepped.action("call", { concurrency: () => metered() }).step(() => Effect.void)
const rest = Stepped.action("rest").step(() => Step.wait("1 second"))
const ask = Stepped.action("ask", { signals: [answer] }).step(() => Step.waitFor(answer, { timeout: "1 second" }))
const nap = Stepped.action("nap").step(() => Step.wait("50 millis"))
const elsewhere = Stepped.action("elsewhere", { queue: "others" }).step(() => Effect.void)
const askOthers = Stepped.action("askOthers").step(() => Step.do(elsewhere))
const Cars = Stepped.actions(Car, [call, rest, ask, nap, elsewhere, askOthers])

const scenario = <A, E>(
  name: string,
  run: () => Effect.Effect<A, E, Stepped.Services | PgClient.PgClient | SqlClient.SqlClient | Scope.Scope>
) =>
  it.effect(
    name,
    () =>
      Effect.provide(
        Effect.scoped(run()).pipe(
          // what was passed by is over by then
          Effect.andThen(TestClock.adjust("2 seconds")),
          Effect.andThen(performSteppedActions()),
          Effect.andThen(healthy)
        ),
        Layer.provideMerge(Cars.layer, server.layer())
      )
  )

/** Keeps the rows of an action's steps, as whoever settles one of their slots does. */
const holdingSteps = (id: string) =>
  Effect.flatMap(
    SqlClient.SqlClient,
    (sql) => holding(sql`select 1 from stepped.steps where action = ${id} for update`)
  )

describe("beside a step that somebody has locked", () => {
  scenario("15.6: a start that a lane has put off begins when it is due", () =>
    Effect.gen(function*() {
      const client = yield* Cars.client
      const waiting = yield* client(1).restLater()
      yield* client(2).callLater()
      const next = yield* client(3).callLater()
      yield* performIdle
      assert.strictEqual((yield* recordOf(next.id)).status, "pending")
      const letGo = yield* holdingSteps(waiting.id)
      yield* TestClock.adjust("1 second")
      yield* performIdle
      assert.strictEqual((yield* recordOf(next.id)).status, "succeeded")
      assert.deepStrictEqual(yield* slotsOf(waiting.id), ["open"])
      yield* letGo
    }))

  for (const name of ["rest", "ask"] as const) {
    scenario(`what is due after it is settled by a call that takes one: ${name}`, () =>
      Effect.gen(function*() {
        const sql = yield* SqlClient.SqlClient
        const client = yield* Cars.client
        const first = yield* client(1)[`${name}Later`]()
        yield* performIdle
        yield* TestClock.adjust("10 millis")
        const second = yield* client(2)[`${name}Later`]()
        yield* performIdle
        const letGo = yield* holdingSteps(first.id)
        yield* sql`select * from stepped.tick(null, ${new Date(2000)}, '{}', '{}', '{}', 1)`
        const open = { first: yield* slotsOf(first.id), second: yield* slotsOf(second.id) }
        yield* letGo
        assert.deepStrictEqual(open.first, ["open"])
        assert.notDeepEqual(open.second, ["open"])
      }))
  }
})

describe("beside a child that a program's transaction holds", () => {
  let looks = 0
  const Engine = layerIntercepted((store) => ({
    cancelAbandoned: (...asked) => Effect.andThen(Effect.sync(() => looks++), store.cancelAbandoned(...asked))
  }), { lease: Duration.hours(1), pollInterval: Duration.hours(1) }).pipe(
    Layer.fresh,
    Layer.provideMerge(server.layer())
  )

  it.live("what times bring to others comes, although the child is to be cancelled", () =>
    Effect.gen(function*() {
      const client = yield* Cars.client
      const sql = yield* SqlClient.SqlClient
      yield* Layer.build(Stepped.worker({ queues: ["default"] }))
      const parent = yield* client(1).askOthersLater()
      const jobs = sql<{ action: string }>`select action from stepped.jobs where parent = ${parent.id}`
      yield* until("its child is queued", Effect.map(jobs, (rows) => rows.length === 1))
      const letGo = yield* holding(sql`select 1 from stepped.jobs where parent = ${parent.id} for update`)
      assert.isTrue(yield* parent.cancel())
      for (const n of [2, 3]) {
        yield* (yield* client(n).napLater()).await
        yield* client(n).napNow()
      }
      yield* Effect.sleep("1 second")
      assert.lengthOf(yield* jobs, 1)
      assert.isBelow(looks, 60)
      yield* letGo
      // nobody is to come and look: whoever found it locked does
      const cancelled = sql`select 1 from stepped.jobs where parent = ${parent.id} and cancelled_at is null`
      yield* until("the child is cancelled", Effect.map(cancelled, (rows) => rows.length === 0))
    }).pipe(
      Effect.scoped,
      Effect.provide(Layer.provideMerge(Cars.layer, Engine))
    ))
})
