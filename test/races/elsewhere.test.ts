/**
 * What one process decides about an action whose body runs in another one: the body is interrupted, and nothing of it counts
 * (rule 4.6).
 */
import type { PgClient } from "@effect/sql-pg"
import { assert, beforeEach, describe, it } from "@effect/vitest"
import { Deferred, Effect, Layer, Schema } from "effect"
import { SqlClient } from "effect/sql"
import { Stepped } from "stepped"
import { performSteppedActions } from "stepped/testing"
import { healthy, server } from "../harness/databases.ts"
import { layerDeploy } from "../harness/deploying.ts"
import { recordOf, recordsOf, stepsOf } from "../harness/observing.ts"
import { until } from "../harness/workers.ts"

const seen: Array<string> = []
let body: Effect.Effect<void> = Effect.void
beforeEach(() => {
  seen.length = 0
  body = Effect.void
})
const note = (text: string) => Effect.sync(() => void seen.push(text))
const fragile = Effect.suspend(() => body)

class Car extends Stepped.Actor<Car>()("Car", { id: Schema.Int }) {}
const plain = Stepped.action("plain").step("work", () => fragile).step("next", () => note("next"))
const hooked = Stepped.action("hooked").step("work", () => fragile).step("next", () => note("next"))
  .after(({ status }) => note(status))
const Cars = Stepped.actions(Car, [plain, hooked])

// the engine around the test only asks; the worker is another engine, which hears of that with its renewals, three in each lease
const worker = Layer.build(
  Stepped.worker({ concurrency: 4 }).pipe(
    Layer.provide(layerDeploy(Cars.layer, { lease: "4 seconds", pollInterval: "20 millis" }))
  )
)

describe("a body in another process", () => {
  const race = <A, E>(
    name: string,
    scenario: () => Effect.Effect<A, E, Stepped.Services | PgClient.PgClient | SqlClient.SqlClient>
  ) =>
    it.effect(
      name,
      () => Effect.provide(Effect.andThen(scenario(), healthy), Layer.provideMerge(Cars.layer, server.layer()))
    )

  for (const name of ["plainLater", "hookedLater"] as const) {
    race(
      `4.6+: ends when its action is cancelled here (${name === "plainLater" ? "without" : "with"} callbacks)`,
      () =>
        Effect.scoped(Effect.gen(function*() {
          const reached = yield* Deferred.make<void>()
          const interrupted = yield* Deferred.make<void>()
          body = Effect.onInterrupt(
            Effect.andThen(Deferred.succeed(reached, undefined), Effect.never),
            () => Deferred.succeed(interrupted, undefined)
          )
          yield* worker
          const handle = yield* (yield* Cars.client)(1)[name]()
          yield* Deferred.await(reached)
          assert.isTrue(yield* handle.cancel())
          yield* Deferred.await(interrupted)
          yield* until("it ends", Effect.map(handle.status, ({ status }) => status === "cancelled"))
          assert.deepStrictEqual(seen, name === "plainLater" ? [] : ["cancelled"])
          assert.deepStrictEqual(yield* stepsOf(handle.id), ["work cancelled"])
        }))
    )
  }

  race("4.4+: a body that is deaf to it ends in vain", () =>
    Effect.scoped(Effect.gen(function*() {
      const reached = yield* Deferred.make<void>()
      const go = yield* Deferred.make<void>()
      body = Effect.uninterruptible(
        Effect.andThen(Deferred.succeed(reached, undefined), Effect.andThen(Deferred.await(go), note("deaf")))
      )
      yield* worker
      const handle = yield* (yield* Cars.client)(1).hookedLater()
      yield* Deferred.await(reached)
      assert.isTrue(yield* handle.cancel())
      yield* until("its callbacks end", Effect.map(handle.status, ({ status }) => status === "cancelled"))
      yield* Deferred.succeed(go, undefined)
      yield* until("the body ends", Effect.sync(() => seen.includes("deaf")))
      body = Effect.void
      const next = yield* (yield* Cars.client)(1).hookedLater()
      yield* next.await
      assert.deepStrictEqual(seen.filter((text) => text !== "next"), ["cancelled", "deaf", "succeeded"])
      assert.deepStrictEqual(yield* stepsOf(handle.id), ["work cancelled"])
    })))

  race("a worker whose lease has passed commits nothing: the one that took over does", () =>
    Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      const reached = yield* Deferred.make<void>()
      const go = yield* Deferred.make<void>()
      body = Effect.uninterruptible(
        Effect.andThen(Deferred.succeed(reached, undefined), Effect.andThen(Deferred.await(go), note("late")))
      )
      yield* Effect.scoped(Effect.gen(function*() {
        yield* Layer.build(
          Stepped.worker({ concurrency: 4 }).pipe(Layer.provide(layerDeploy(Cars.layer, { pollInterval: "20 millis" })))
        )
        const handle = yield* (yield* Cars.client)(1).hookedLater()
        yield* Deferred.await(reached)
        yield* sql`select taken from stepped.recover(${new Date(0)}, array(select token from stepped.workers), true)`
        body = note("in time")
        yield* until("it is taken over and ends", Effect.map(handle.status, ({ status }) => status === "succeeded"))
        yield* Deferred.succeed(go, undefined)
        yield* until("the late body ends", Effect.sync(() => seen.includes("late")))
      }))
      yield* performSteppedActions()
      assert.deepStrictEqual(seen, ["in time", "next", "succeeded", "late"])
      const [record] = yield* recordsOf("hooked")
      assert.deepStrictEqual(yield* stepsOf(record!.id), ["work succeeded", "next succeeded"])
      assert.strictEqual((yield* recordOf(record!.id)).callbacksSucceeded, 1)
    }))
})
