/**
 * Many children that end at once, in several engines: the parent goes on exactly once, no wake-up is lost, and the server finds no
 * deadlock (rule 4.4).
 */
import { assert, beforeEach, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import type { Layer } from "effect"
import { SqlClient } from "effect/sql"
import { Step, Stepped } from "stepped"
import { healthy } from "../harness/databases.ts"
import { slotsOf } from "../harness/observing.ts"
import { allEnded, layerWorkers, noDeadlock, until } from "../harness/workers.ts"

class Car extends Stepped.Actor<Car>()("Car", { id: Schema.Int }) {}

const seen: Array<string> = []
beforeEach(() => {
  seen.length = 0
})

const cars = (round: number, count: number) => Array.from({ length: count }, (_, n) => Car.ref(round * 1000 + n))
const honk = Stepped.action("honk", { arguments: [Schema.Int], success: Schema.Int }).step((n) => Effect.succeed(n))
const ask = Stepped.action("ask", { arguments: [Schema.Int], success: Schema.Int, outbound: true }).step(() =>
  Effect.void
)
const gather = Stepped.action("gather", { arguments: [Schema.Int, Schema.Int], success: Schema.Array(Schema.Int) })
  .step("all", (round, count) => Step.on(cars(round, count), honk, round))
  .step("again", (round, count) => Step.on(cars(round, count), honk, round))
  .step((round, _, { again }) =>
    Effect.sync(() => {
      seen.push(`gathered ${round}`)
      return again
    })
  )
const collect = Stepped.action("collect", { arguments: [Schema.Int, Schema.Int], success: Schema.Array(Schema.Int) })
  .step("all", (round, count) => Step.on(cars(round, count), ask, round))
  .step((round, _, { all }) =>
    Effect.sync(() => {
      seen.push(`collected ${round}`)
      return all
    })
  )
// one child that many parents wait for
const common = Stepped.action("common", {
  success: Schema.Int,
  outbound: true,
  checksum: () => "same",
  concurrencyKey: () => "common"
})
  .step(() => Effect.void)
const share = Stepped.action("share", { success: Schema.Int }).step(() =>
  Effect.map(Step.on(Car.ref(0), common), ([child]) => child!)
)
const Cars = Stepped.actions(Car, [honk, ask, gather, collect, common, share])

const live = Effect.flatMap(SqlClient.SqlClient, (sql) =>
  Effect.map(
    Effect.orDie(
      sql<{ n: number }>`select count(*)::int as n from stepped.live_actions where flags & 16 <> 0 and phase = 2`
    ),
    (rows) => rows[0]!.n
  ))

describe("fan-in", () => {
  const race = (
    name: string,
    scenario: Effect.Effect<unknown, unknown, Layer.Success<ReturnType<typeof layerWorkers>>>
  ) =>
    it.effect(name, () =>
      Effect.provide(
        Effect.andThen(scenario, Effect.andThen(allEnded, Effect.andThen(healthy, noDeadlock))),
        layerWorkers(Cars.layer)
      ))

  for (const [count, rounds] of [[2, 120], [8, 40], [64, 8]] as const) {
    race(
      `of ${count} children that workers perform, ${rounds} times`,
      Effect.gen(function*() {
        const client = yield* Cars.client
        const all = Array.from({ length: rounds }, (_, round) => round)
        const results = yield* Effect.forEach(all, (round) => client(round).gather(round, count), { concurrency: 16 })
        assert.deepStrictEqual(results, all.map((round) => Array.from({ length: count }, () => round)))
        assert.deepStrictEqual([...seen].sort(), all.map((round) => `gathered ${round}`).sort())
      })
    )

    race(
      `of ${count} children that are completed from outside at once, ${rounds} times`,
      Effect.gen(function*() {
        const client = yield* Cars.client
        const all = Array.from({ length: rounds }, (_, round) => round)
        for (let from = 0; from < rounds; from += 16) {
          const batch = all.slice(from, from + 16)
          const handles = yield* Effect.forEach(batch, (round) => client(round).collectLater(round, count))
          yield* until("all children wait", Effect.map(live, (n) => n === batch.length * count))
          yield* Effect.forEach(
            batch.flatMap((round) => cars(round, count)),
            (car) => Stepped.complete(car, ask, Stepped.Outcome.succeeded(Number(car.id) % 1000)),
            { concurrency: "unbounded" }
          )
          const results = yield* Effect.forEach(handles, (handle) => handle.await, { concurrency: "unbounded" })
          assert.deepStrictEqual(results, batch.map(() => Array.from({ length: count }, (_, n) => n)))
          for (const handle of handles) {
            assert.deepStrictEqual(new Set(yield* slotsOf(handle.id)), new Set(["succeeded"]))
          }
        }
        assert.deepStrictEqual([...seen].sort(), all.map((round) => `collected ${round}`).sort())
      })
    )
  }

  race(
    "of 200 parents at one child",
    Effect.gen(function*() {
      const client = yield* Cars.client
      const handles = yield* Effect.forEach(
        Array.from({ length: 200 }, (_, n) => n + 1),
        (n) => client(n).shareLater(),
        {
          concurrency: "unbounded"
        }
      )
      const sql = yield* SqlClient.SqlClient
      yield* until(
        "all parents wait for the one",
        Effect.map(
          Effect.orDie(
            sql<
              { n: number }
            >`select count(*)::int as n from stepped.slots o join stepped.live_actions l on l.id = o.child
          where o.status is null and l.phase = 2`
          ),
          (rows) => rows[0]!.n === 200
        )
      )
      yield* Stepped.complete(Car.ref(0), common, Stepped.Outcome.succeeded(7))
      const results = yield* Effect.forEach(handles, (handle) => handle.await, { concurrency: "unbounded" })
      assert.deepStrictEqual(results, handles.map(() => 7))
    })
  )
})
