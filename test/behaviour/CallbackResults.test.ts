/** Rule 10.6: callbacks are given the results of the steps that ran, where they ask for them. */
import { assert, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import type { SqlClient } from "effect/sql"
import { ActionRepo, Stepped } from "stepped"
import { performSteppedActions } from "stepped/testing"
import { healthy, suite } from "../harness/databases.ts"
import { deployed } from "../harness/deploying.ts"
import { seen } from "../harness/notes.ts"
import { recordOf } from "../harness/observing.ts"
import { performIdle } from "../harness/performing.ts"
import { fault, guide, large, Trips, TripsLive, Unasked } from "./fixtures/callbackResults.ts"

suite("results in callbacks", (engine) => {
  const test = <E>(
    name: string,
    scenario: Effect.Effect<unknown, E, Stepped.Services | SqlClient.SqlClient>,
    options: Stepped.EngineOptions = {}
  ) =>
    it.effect(
      name,
      () => Effect.provide(Effect.andThen(scenario, healthy), Layer.provideMerge(TripsLive, engine.layer(options)))
    )
  const trip = Effect.map(Trips.client, (trips) => trips(1))
  const hotels = ["inn in Rome", "spa in Rome"]

  test(
    "10.6: those of the named steps that have succeeded, with their children's and by their schemas, and the last one's",
    Effect.gen(function*() {
      const handle = yield* (yield* trip).bookLater("Rome", 0)
      yield* performSteppedActions()
      assert.strictEqual(yield* handle.await, 12)
      assert.deepStrictEqual(seen, [
        `succeeded ${JSON.stringify({ hotels, date: new Date(7), seat: 12 })} of actionId,status,result`,
        "in a transaction 2, Date true"
      ])
    })
  )

  test(
    "10.6: the last one's is what it has given, whatever the action's success holds, also where it has waited",
    Effect.gen(function*() {
      const client = yield* trip
      for (
        const [name, paid] of [
          ["withSchema", 5],
          ["without", 5],
          ["waitsWithSchema", 5],
          ["waitsWithout", 5],
          ["otherwise", 5],
          ["nothing", undefined]
        ] as const
      ) {
        const handle = yield* client[`${name}Later`]()
        yield* performSteppedActions()
        assert.deepStrictEqual(seen.splice(0), [`${name} ${paid} of `])
        assert.strictEqual(yield* handle.await, name === "otherwise" ? 5 : undefined)
        assert.strictEqual((yield* recordOf(handle.id)).callbacksFailed, 0)
      }
    })
  )

  test(
    "10.6: so it is where a deploy has brought the callbacks while the last step waited",
    Effect.gen(function*() {
      const id = yield* deployed(Unasked.layer)(
        Effect.gen(function*() {
          const { id } = yield* (yield* Unasked.client)(1).otherwiseLater()
          yield* performIdle
          return id
        })
      )
      yield* performSteppedActions()
      assert.deepStrictEqual(seen, ["otherwise 5 of "])
      assert.deepInclude(yield* recordOf(id), { status: "succeeded", result: 5, callbacksFailed: 0 })
    })
  )

  test(
    "10.6, 18.2: what somebody has given in the place of the last step's body counts, where that has waited",
    Effect.gen(function*() {
      const repo = yield* ActionRepo
      const client = yield* trip
      for (const name of ["asksLast", "asksWithout"] as const) {
        const { id } = yield* client[`${name}Later`]()
        yield* performIdle
        assert.strictEqual(yield* repo.completeStep({ action: id, index: 0, attemptNumber: 1 }, 7), "done")
        yield* performSteppedActions()
        assert.deepStrictEqual(seen.splice(0), [`${name} 7 of `])
        const given = (yield* repo.stepResults(id)).map(({ result }) => result)
        assert.deepStrictEqual(given, [name === "asksLast" ? { $encoded: 7 } : 7])
        assert.deepInclude(yield* recordOf(id), { result: name === "asksLast" ? 7 : null, callbacksFailed: 0 })
      }
    })
  )

  test(
    "10.6: of an action that fails, or is cancelled before it begins, those that there are",
    Effect.gen(function*() {
      const failed = yield* (yield* trip).bookLater("Oslo", 0)
      yield* performSteppedActions()
      assert.strictEqual((yield* recordOf(failed.id)).status, "failed")
      const there = { hotels: ["inn in Oslo", "spa in Oslo"], date: new Date(7), skipped: 1 }
      assert.deepStrictEqual(seen.slice(0, 1), [`failed ${JSON.stringify(there)} of actionId,status,cause`])
      seen.length = 0
      const cancelled = yield* (yield* trip).bookLater("Rome", 0)
      yield* cancelled.cancel()
      yield* performSteppedActions()
      assert.deepStrictEqual(seen, ["cancelled {} of actionId,status", "in a transaction 0, Date false"])
      seen.length = 0
      // a step whose children did not succeed has none
      yield* (yield* trip).bookLater("Rome", 1)
      yield* performSteppedActions()
      assert.deepStrictEqual(seen.slice(0, 1), ["failed {} of actionId,status,cause"])
    })
  )

  test(
    "10.6: whoever performs the callback, and as often as it is tried",
    Effect.gen(function*() {
      fault.dies = 2
      const handle = yield* (yield* trip).guideLater()
      yield* performIdle
      yield* Stepped.complete(handle.id, guide, Stepped.Outcome.succeededVoid)
      yield* performSteppedActions()
      assert.deepStrictEqual(seen, ["asks 3", "asks 3", "asks 3"])
      assert.strictEqual((yield* recordOf(handle.id)).callbacksFailed, 0)
    }),
    { handledDefects: () => false }
  )

  test(
    "10.6, 3.7: no more than the limit: who asks for more has failed, and nobody else",
    Effect.gen(function*() {
      const handle = yield* (yield* trip).carryLater("x".repeat(3000))
      yield* performIdle
      yield* Stepped.complete(handle.id, large, Stepped.Outcome.succeededVoid)
      yield* performSteppedActions()
      const { callbacksFailed, callbacksSucceeded, status } = yield* recordOf(handle.id)
      assert.deepStrictEqual([status, callbacksSucceeded, callbacksFailed, seen], ["succeeded", 1, 1, [
        "carry Trip/1 › callbacks, 1000",
        "asks for nothing"
      ]])
    }),
    { resultsLimit: 1000 }
  )
})
