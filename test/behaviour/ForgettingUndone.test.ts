/** Rules 18.5 and 10.4: of an actor that is forgotten something may still be to undo. */
import { assert, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { SqlClient } from "effect/sql"
import { ActionRepo, Stepped } from "stepped"
import { performSteppedActions } from "stepped/testing"
import { healthy, suite } from "../harness/databases.ts"
import { recordOf, recordsOf } from "../harness/observing.ts"
import { performIdle } from "../harness/performing.ts"
import { Customer, go, order, scene, secret, Shop, tablesWith } from "./fixtures/forgetting.ts"

const forget = Stepped.forget(Customer.ref("c1"))
const retry = (id: string) => Effect.flatMap(ActionRepo, (repo) => repo.retry(id))

suite("forgetting what may still be undone", (engine) => {
  const test = <A, E>(name: string, scenario: () => Effect.Effect<A, E, Stepped.Services | SqlClient.SqlClient>) =>
    it.effect(name, () => Effect.provide(Effect.andThen(scenario(), healthy), Layer.provideMerge(Shop, engine.layer())))
  /** It has reserved at the customer, through two others, and waits. */
  const travelling = Effect.gen(function*() {
    const handle = yield* (yield* order).travelLater("c1")
    yield* performIdle
    return { handle, reserved: (yield* recordsOf("reserve"))[0]! }
  })

  test("18.5: what is forgotten nonetheless is not undone: everybody above it is told so, and nobody waits", () =>
    Effect.gen(function*() {
      const { handle, reserved } = yield* travelling
      const sql = yield* SqlClient.SqlClient
      // as by somebody who has come between two of the locks
      yield* sql.withTransaction(Effect.andThen(
        sql`set local search_path to stepped, pg_catalog, pg_temp`,
        sql`select forget_whole(p_now => now(), p_ids => array[${reserved.id}::uuid])`
      ))
      yield* handle.send(go, "go")
      yield* performSteppedActions()
      assert.deepStrictEqual(scene.undone, [])
      const { cause, status } = yield* recordOf(handle.id)
      const [toured] = yield* recordsOf("tour")
      assert.strictEqual(status, "failed")
      assert.deepStrictEqual(cause?.notUndone, [{
        step: "tour",
        index: 0,
        child: toured!.id,
        message: "tour Order/97 › plan: plan Order/98 › reserve: reserve Customer/c1 › reserve: forgotten"
      }])
      assert.deepStrictEqual((yield* recordOf(reserved.id)).unwound, {
        notUndone: [{ step: "reserve", message: "forgotten" }]
      })
    }))

  test("18.5: what could not be undone, and why, is said nowhere above it any more", () =>
    Effect.gen(function*() {
      const { handle } = yield* travelling
      scene.isStuck = true
      yield* handle.send(go, "go")
      yield* performSteppedActions()
      const message = (yield* recordOf(handle.id)).cause?.notUndone?.[0]?.message
      assert.include(message, `plan Order/98 › reserve: reserve Customer/c1 › reserve: Declined why ${secret}`)
      assert.deepInclude(yield* forget, { actions: 1, others: 3, left: { count: 0, first: [] } })
      assert.deepStrictEqual(yield* tablesWith(secret), [])
      const { cause } = yield* recordOf(handle.id)
      assert.deepStrictEqual(cause?.message, "Declined why rain")
      assert.deepStrictEqual(cause?.notUndone?.map(({ message, step }) => [step, message]), [["tour", "forgotten"]])
      assert.deepInclude(yield* forget, { actions: 0, others: 0 })
    }))

  test("18.5: what an action that was retried has taken over stays as long as that may undo it, with all below", () =>
    Effect.gen(function*() {
      const { handle, reserved } = yield* travelling
      yield* handle.cancel({ compensate: false })
      yield* performSteppedActions()
      const verb = yield* retry(handle.id)
      assert(verb._tag === "Retried")
      yield* performIdle
      const { left, ...done } = yield* forget
      assert.deepInclude(done, { actions: 0, others: 0 })
      assert.deepInclude([...left.first], { id: reserved.id, because: "parent" })
      yield* Stepped.send(verb.id, go, "go")
      yield* performSteppedActions()
      assert.deepStrictEqual(scene.undone, [secret])
      assert.deepStrictEqual((yield* recordOf(verb.id)).cause?.notUndone, undefined)
      assert.deepInclude(yield* forget, { actions: 1, left: { count: 0, first: [] } })
    }))

  test("18.5: who would have to undo what is forgotten, however far below, is not retried", () =>
    Effect.gen(function*() {
      const { handle } = yield* travelling
      yield* handle.cancel({ compensate: false })
      yield* performSteppedActions()
      assert.deepInclude(yield* forget, { actions: 1, left: { count: 0, first: [] } })
      assert.deepInclude({ ...yield* retry(handle.id) }, { _tag: "NotRetryable", reason: "forgotten" })
    }))
})
