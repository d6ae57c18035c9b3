/** Rule 14.4: how far a running step is. */
import { assert, it } from "@effect/vitest"
import { Deferred, Effect, Fiber, Layer, Schema } from "effect"
import { SqlClient } from "effect/sql"
import { Step, Stepped } from "stepped"
import { performSteppedActions } from "stepped/testing"
import { healthy, suite } from "../harness/databases.ts"
import { recordOf } from "../harness/observing.ts"
import { performIdle } from "../harness/performing.ts"
import { until } from "../harness/workers.ts"

class Car extends Stepped.Actor<Car>()("Car", { id: Schema.Int }) {}
/** What the current test decides. */
const scene: { go: Deferred.Deferred<void>; says: ReadonlyArray<Schema.Json> } = { go: Deferred.makeUnsafe(), says: [] }
const begin = (...says: ReadonlyArray<Schema.Json>) => {
  scene.go = Deferred.makeUnsafe()
  scene.says = says
}
const go = Effect.suspend(() => Deferred.succeed(scene.go, undefined))
const say = Effect.suspend(() =>
  Effect.andThen(
    Effect.forEach(scene.says, (value) => Step.progress(value), { discard: true }),
    Deferred.await(scene.go)
  )
)
const hold = Stepped.action("hold", { outbound: true }).step(() => Effect.void)
const copy = Stepped.action("copy")
  .step("copy", () => say)
  .step("hold", () => Effect.asVoid(Step.do(hold)))
const ask = Stepped.action("ask").step("ask", () => Effect.andThen(say, Effect.asVoid(Step.do(hold))))
const Cars = Stepped.actions(Car, [copy, ask, hold])

suite("progress", (engine) => {
  const test = <A, E>(name: string, scenario: () => Effect.Effect<A, E, Stepped.Services | SqlClient.SqlClient>) =>
    it.effect(
      name,
      () => Effect.provide(Effect.andThen(scenario(), healthy), Layer.provideMerge(Cars.layer, engine.layer()))
    )
  const seen = (handle: { readonly status: Effect.Effect<{ readonly progress?: unknown }, unknown> }) =>
    until("it is seen", Effect.map(Effect.orDie(handle.status), ({ progress }) => progress !== undefined))

  test("14.4: what a step has said last is seen while it runs, and no longer", () =>
    Effect.gen(function*() {
      begin("begun", { done: 1, of: 3 })
      const handle = yield* (yield* Cars.client)(1).copyLater()
      assert.notProperty(yield* handle.status, "progress")
      const performing = yield* Effect.forkChild(performIdle)
      yield* seen(handle)
      assert.deepStrictEqual((yield* handle.status).progress, { done: 1, of: 3 })
      assert.deepStrictEqual((yield* recordOf(handle.id)).progress, { done: 1, of: 3 })
      yield* go
      yield* Fiber.join(performing)
      // the next step waits
      assert.strictEqual((yield* handle.status).status, "performing")
      assert.notProperty(yield* handle.status, "progress")
      yield* handle.cancel()
      yield* performSteppedActions()
      assert.notProperty(yield* handle.status, "progress")
    }))

  test("14.4: what a step has said is seen while it waits for its children", () =>
    Effect.gen(function*() {
      begin("asks")
      const handle = yield* (yield* Cars.client)(1).askLater()
      const performing = yield* Effect.forkChild(performIdle)
      yield* seen(handle)
      yield* go
      yield* Fiber.join(performing)
      assert.strictEqual((yield* handle.status).progress, "asks")
      yield* handle.cancel()
      yield* performSteppedActions()
    }))

  test("14.4: what cannot be stored fails the step, and says why", () =>
    Effect.gen(function*() {
      const car = (yield* Cars.client)(1)
      const refused: ReadonlyArray<readonly [Schema.Json, string]> = [
        ["x".repeat(1001), "the limit is 1000"],
        ["a\u0000b", "NUL"],
        [new Map() as unknown as Schema.Json, "Map"]
      ]
      for (const [value, words] of refused) {
        begin(value)
        yield* go
        const handle = yield* car.copyLater()
        yield* performSteppedActions()
        assert.include((yield* Effect.flip(handle.await)).message, words)
      }
    }))

  test("14.4: of an action that is somebody else's, or at another step, nothing is shown", () =>
    Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      begin("mine")
      const handle = yield* (yield* Cars.client)(1).copyLater()
      const performing = yield* Effect.forkChild(performIdle)
      yield* seen(handle)
      const note = (token: string, step: number) =>
        sql.unsafe(
          `select stepped.note_progress(${token}, array['${handle.id}'::uuid], array[${step}], array[1], array['"late"'::jsonb])`
        )
      const own = `(select token from stepped.live_actions where id = '${handle.id}')`
      yield* note("-1", 0)
      yield* note(own, 1)
      assert.strictEqual((yield* handle.status).progress, "mine")
      yield* note(own, 0)
      assert.strictEqual((yield* handle.status).progress, "late")
      yield* go
      yield* Fiber.join(performing)
      yield* handle.cancel()
      yield* performSteppedActions()
    }))

  test("14.4: of what is said within a second the last one is stored", () =>
    Effect.gen(function*() {
      begin(...Array.from({ length: 5000 }, (_, n) => n))
      const handle = yield* (yield* Cars.client)(1).copyLater()
      const performing = yield* Effect.forkChild(performIdle)
      yield* seen(handle)
      const first = (yield* handle.status).progress
      const at = performance.now()
      yield* until("the last one is seen", Effect.map(handle.status, ({ progress }) => progress === 4999))
      // an effect gives way to others now and then, so that the first one stored is not the last one said
      assert.notStrictEqual(first, 4999)
      assert.isAtLeast(performance.now() - at, 500)
      yield* go
      yield* Fiber.join(performing)
      yield* handle.cancel()
      yield* performSteppedActions()
    }))
})
